//! Functions of single values: `-x`, `abs(x)`, `round(x)` and those of `keras.ops`, from `sign` to `cast`.
//!
//! <https://keras.io/api/ops/numpy/>. Truth values are 0 and 1. Difference to Keras: numbers are floats here, so whole numbers
//! are exact up to 2²⁴ in code.

use ndarray::ArrayD;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::operator::{Home, operation};
use crate::plan::kernels::{self, pairs};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Function {
    Negative,
    Absolute,
    Sign,
    Square,
    SquareRoot,
    ReciprocalRoot,
    Reciprocal,
    ExponentialLessOne,
    Logarithm,
    LogarithmOneMore,
    LogarithmTwo,
    LogarithmTen,
    Sine,
    Cosine,
    Tangent,
    HyperbolicSine,
    HyperbolicCosine,
    ExponentialTwo,
    Floor,
    Ceiling,
    Truncate,
    IsNan,
    IsInfinite,
    IsFinite,
    LogicalNot,
    /// With tanh in the place of the error function.
    GeluByTanh,
    /// To so many decimal places.
    Round(i32),
    /// Between these.
    Clip(Option<f64>, Option<f64>),
    /// Of another type.
    Cast(InputType),
    /// The same value everywhere.
    Ones,
    Zeros,
    /// The value as it is: `stop_gradient`.
    StopGradient,
    Copy,
    ConvertToTensor,
}

const NEGATIVE: Declaration = operation("Negative", "negative");
const ABSOLUTE: Declaration = operation("Absolute", "absolute");
const SIGN: Declaration = operation("Sign", "sign");
const SQUARE: Declaration = operation("Square", "square");
const SQRT: Declaration = operation("Sqrt", "sqrt");
const RSQRT: Declaration = operation("Rsqrt", "rsqrt");
const RECIPROCAL: Declaration = operation("Reciprocal", "reciprocal");
const EXPM1: Declaration = operation("Expm1", "expm1");
const LOG: Declaration = operation("Log", "log");
const LOG1P: Declaration = operation("Log1p", "log1p");
const LOG2: Declaration = operation("Log2", "log2");
const LOG10: Declaration = operation("Log10", "log10");
const SIN: Declaration = operation("Sin", "sin");
const COS: Declaration = operation("Cos", "cos");
const TAN: Declaration = operation("Tan", "tan");
const SINH: Declaration = operation("Sinh", "sinh");
const COSH: Declaration = operation("Cosh", "cosh");
const EXP2: Declaration = operation("Exp2", "exp2");
const FLOOR: Declaration = operation("Floor", "floor");
const CEIL: Declaration = operation("Ceil", "ceil");
const TRUNC: Declaration = operation("Trunc", "trunc");
const IS_NAN: Declaration = operation("Isnan", "isnan");
const IS_INF: Declaration = operation("Isinf", "isinf");
const IS_FINITE: Declaration = operation("Isfinite", "isfinite");
const LOGICAL_NOT: Declaration = operation("LogicalNot", "logical_not");
const GELU: Declaration = operation("Gelu", "gelu");
const ROUND: Declaration = operation("Round", "round");
const CLIP: Declaration = operation("Clip", "clip");
const CAST: Declaration = operation("Cast", "cast");
const ONES_LIKE: Declaration = operation("OnesLike", "ones_like");
const ZEROS_LIKE: Declaration = operation("ZerosLike", "zeros_like");
const STOP_GRADIENT: Declaration = operation("StopGradient", "stop_gradient");
const COPY: Declaration = operation("Copy", "copy");
const CONVERT: Declaration = operation("ConvertToTensor", "convert_to_tensor");

/// What the runtime calls a function, and what it computes.
type Form = (&'static str, fn(f64) -> f64);

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// As NumPy has it: 0 and NaN stay as they are.
fn sign(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() { x } else { x.signum() }
}

fn gelu_by_tanh(x: f64) -> f64 {
    let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
    0.5 * x * (1.0 + inner.tanh())
}

impl Function {
    /// Kernel and formula of a function that is one of both.
    fn form(self) -> Option<Form> {
        Some(match self {
            Self::Sign => ("sign", sign),
            Self::Square => ("square", |x| x * x),
            Self::SquareRoot => ("square_root", f64::sqrt),
            Self::ReciprocalRoot => ("reciprocal_root", |x| 1.0 / x.sqrt()),
            Self::Reciprocal => ("reciprocal", f64::recip),
            Self::ExponentialLessOne => ("exponential_less_one", f64::exp_m1),
            Self::Logarithm => ("logarithm", f64::ln),
            Self::LogarithmOneMore => ("logarithm_one_more", f64::ln_1p),
            Self::LogarithmTwo => ("logarithm_two", f64::log2),
            Self::LogarithmTen => ("logarithm_ten", f64::log10),
            Self::Sine => ("sine", f64::sin),
            Self::Cosine => ("cosine", f64::cos),
            Self::Tangent => ("tangent", f64::tan),
            Self::HyperbolicSine => ("hyperbolic_sine", f64::sinh),
            Self::HyperbolicCosine => ("hyperbolic_cosine", f64::cosh),
            Self::ExponentialTwo => ("exponential_two", f64::exp2),
            Self::Floor => ("floor_of", f64::floor),
            Self::Ceiling => ("ceiling", f64::ceil),
            Self::Truncate => ("truncate", f64::trunc),
            Self::IsNan => ("is_nan", |x| truth(x.is_nan())),
            Self::IsInfinite => ("is_infinite", |x| truth(x.is_infinite())),
            Self::IsFinite => ("is_finite", |x| truth(x.is_finite())),
            Self::LogicalNot => ("is_zero", |x| truth(x == 0.0)),
            Self::Round(0) => ("round", f64::round_ties_even),
            Self::Cast(InputType::Int32) => ("truncate", f64::trunc),
            Self::Cast(InputType::Boolean) => ("is_not_zero", |x| truth(x != 0.0)),
            Self::Negative
            | Self::Absolute
            | Self::GeluByTanh
            | Self::Round(_)
            | Self::Clip(..)
            | Self::Cast(InputType::Float32 | InputType::Float64)
            | Self::Ones
            | Self::Zeros
            | Self::StopGradient
            | Self::Copy
            | Self::ConvertToTensor => return None,
        })
    }

    /// Whether Keras fails at truth values.
    pub(crate) const fn refuses_truths(self) -> bool {
        matches!(self, Self::Negative | Self::Sign)
    }

    fn of<R: Real>(self, x: R) -> R {
        match self {
            Self::Negative => -x,
            Self::Absolute => x.abs(),
            Self::GeluByTanh => R::of(gelu_by_tanh(x.to_f64())),
            Self::Round(decimals) => {
                let factor = R::of(10_f64.powi(decimals));
                R::of((x * factor).to_f64().round_ties_even()) / factor
            }
            Self::Clip(low, high) => {
                let x = low.map_or(x, |low| x.maximum(R::of(low)));
                high.map_or(x, |high| x.minimum(R::of(high)))
            }
            Self::Ones => R::one(),
            Self::Zeros => R::zero(),
            other => other.form().map_or(x, |(_, formula)| R::of(formula(x.to_f64()))),
        }
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        vec![call.inputs[0].mapv(|x| self.of(x))]
    }
}

impl Layer for Function {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        match self {
            Self::Negative => &NEGATIVE,
            Self::Absolute => &ABSOLUTE,
            Self::Sign => &SIGN,
            Self::Square => &SQUARE,
            Self::SquareRoot => &SQRT,
            Self::ReciprocalRoot => &RSQRT,
            Self::Reciprocal => &RECIPROCAL,
            Self::ExponentialLessOne => &EXPM1,
            Self::Logarithm => &LOG,
            Self::LogarithmOneMore => &LOG1P,
            Self::LogarithmTwo => &LOG2,
            Self::LogarithmTen => &LOG10,
            Self::Sine => &SIN,
            Self::Cosine => &COS,
            Self::Tangent => &TAN,
            Self::HyperbolicSine => &SINH,
            Self::HyperbolicCosine => &COSH,
            Self::ExponentialTwo => &EXP2,
            Self::Floor => &FLOOR,
            Self::Ceiling => &CEIL,
            Self::Truncate => &TRUNC,
            Self::IsNan => &IS_NAN,
            Self::IsInfinite => &IS_INF,
            Self::IsFinite => &IS_FINITE,
            Self::LogicalNot => &LOGICAL_NOT,
            Self::GeluByTanh => &GELU,
            Self::Round(_) => &ROUND,
            Self::Clip(..) => &CLIP,
            Self::Cast(_) => &CAST,
            Self::Ones => &ONES_LIKE,
            Self::Zeros => &ZEROS_LIKE,
            Self::StopGradient => &STOP_GRADIENT,
            Self::Copy => &COPY,
            Self::ConvertToTensor => &CONVERT,
        }
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Ok(inputs.to_vec())
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        let given = inputs.first().copied().unwrap_or(InputType::Float32);
        match self {
            Self::Cast(kind) => *kind,
            Self::IsNan | Self::IsInfinite | Self::IsFinite | Self::LogicalNot => InputType::Boolean,
            Self::Square | Self::Clip(..) => given.joined(InputType::Int32),
            Self::Negative
            | Self::Absolute
            | Self::Sign
            | Self::Truncate
            | Self::Round(_)
            | Self::Ones
            | Self::Zeros
            | Self::StopGradient
            | Self::Copy
            | Self::ConvertToTensor => given,
            _ => InputType::Float32,
        }
    }

    fn casts_to(&self) -> Option<InputType> {
        match self {
            Self::Cast(kind @ (InputType::Float32 | InputType::Float64)) => Some(*kind),
            _ => None,
        }
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn is_identity(&self) -> bool {
        matches!(
            self,
            Self::Cast(InputType::Float32 | InputType::Float64)
                | Self::StopGradient
                | Self::Copy
                | Self::ConvertToTensor
        )
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        if let Some((kernel, _)) = self.form() {
            return Ok(vec![pairs::function(kernel)]);
        }
        let with = |operator: &'static str, value| pairs::with_constant("with_constant", Home::Join(operator), value);
        Ok(match *self {
            Self::Negative => vec![kernels::values("negative")],
            Self::Absolute => vec![kernels::values("absolute")],
            Self::GeluByTanh => vec![kernels::in_place(quote::quote!(activation::GeluByTanh))],
            Self::Round(decimals) => {
                let factor = 10_f64.powi(decimals);
                vec![with("Multiply", factor), pairs::function("round"), with("Divide", factor)]
            }
            Self::Clip(low, high) => {
                let low = low.map(|low| with("Maximum", low));
                low.into_iter().chain(high.map(|high| with("Minimum", high))).collect()
            }
            Self::Ones => vec![pairs::fill(1.0)],
            Self::Zeros => vec![pairs::fill(0.0)],
            _ => Vec::new(),
        })
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near};

    fn of(function: Function, x: f64) -> f64 {
        function.of(x)
    }

    #[test]
    fn values_are_numpys() {
        let inputs = [array(&[1, 3], &[-1.5, 0.0, 2.5])];
        let call = Call { inputs: &inputs, weights: &[] };
        let run = |function: Function| function.evaluate(&call).remove(0);
        assert_near(&run(Function::Sign), &[1, 3], &[-1.0, 0.0, 1.0]);
        assert_near(&run(Function::Round(0)), &[1, 3], &[-2.0, 0.0, 2.0]);
        assert_near(&run(Function::Cast(InputType::Int32)), &[1, 3], &[-1.0, 0.0, 2.0]);
        assert_near(&run(Function::Cast(InputType::Boolean)), &[1, 3], &[1.0, 0.0, 1.0]);
        assert_near(&run(Function::LogicalNot), &[1, 3], &[0.0, 1.0, 0.0]);
        assert_near(&run(Function::Clip(Some(-1.0), Some(1.0))), &[1, 3], &[-1.0, 0.0, 1.0]);
        assert_near(&run(Function::Clip(None, Some(1.0))), &[1, 3], &[-1.5, 0.0, 1.0]);
        assert!((of(Function::Round(1), 0.26) - 0.3).abs() < 1e-12);
        assert!((of(Function::GeluByTanh, 1.0) - 0.841_191_990_607_477_3).abs() < 1e-9);
    }

    #[test]
    fn types_follow_keras() {
        use InputType::{Boolean, Float32, Int32};
        assert_eq!(Function::Negative.output_type(0, &[Int32]), Int32);
        assert_eq!(Function::Square.output_type(0, &[Boolean]), Int32);
        assert_eq!(Function::Floor.output_type(0, &[Int32]), Float32);
        assert_eq!(Function::IsNan.output_type(0, &[Float32]), Boolean);
    }
}
