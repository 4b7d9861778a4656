//! Operators on symbolic tensors: `x + y`, `2.0 * x`, `-x`, `abs(x)`, `x ** 2`. Keras makes each a layer of its own in the
//! summary, named after the operation.
//!
//! <https://keras.io/api/ops/numpy/>. Differences to Keras: tensors have as many axes as each other, for the batch of one
//! would meet an axis of the other; the exponent of a power is a number.

use ndarray::{ArrayD, IxDyn};
use rnn_grammar::Code;

use crate::arguments::Arguments;
use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::merge::{ADD, MULTIPLY, SUBTRACT, batch};
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// Operations that are no layer class: nobody calls them by name.
const fn operation(class: &'static str, base_name: &'static str, summary: &'static str) -> Declaration {
    Declaration { class, aliases: &[], base_name, summary, details: "", arguments: &[], takes_common: false, build }
}

fn build(_arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    None
}

const TRUE_DIVIDE: Declaration = operation("TrueDivide", "true_divide", "Divides tensors value by value.");
const NEGATIVE: Declaration = operation("Negative", "negative", "Turns the sign.");
const ABSOLUTE: Declaration = operation("Absolute", "absolute", "The magnitude.");
const POWER: Declaration = operation("Power", "power", "A power.");

/// The exponent of a power that is computed by squaring: with more multiplications it would lose too many digits.
pub(crate) fn whole_power(exponent: f64) -> Option<u32> {
    const LARGEST: f64 = 64.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (exponent.fract() == 0.0 && (1.0..=LARGEST).contains(&exponent)).then_some(exponent as u32)
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Arithmetic {
    /// Of two tensors.
    Tensors(Operator),
    /// A tensor and a number behind the operator.
    WithConstant(Operator, f64),
    /// A number and a tensor behind the operator.
    ConstantWith(f64, Operator),
    /// `-x`
    Negative,
    /// `abs(x)`
    Absolute,
    /// `x ** y`
    Power(f64),
}

impl Operator {
    const fn declaration(self) -> &'static Declaration {
        match self {
            Self::Add => &ADD,
            Self::Subtract => &SUBTRACT,
            Self::Multiply => &MULTIPLY,
            Self::Divide => &TRUE_DIVIDE,
        }
    }

    const fn kernel(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Subtract => "Subtract",
            Self::Multiply => "Multiply",
            Self::Divide => "Divide",
        }
    }

    fn of<R: Real>(self, left: R, right: R) -> R {
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
        }
    }
}

impl Arithmetic {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        vec![match *self {
            Self::Tensors(operator) => of_tensors(operator, input, &call.inputs[1]),
            Self::WithConstant(operator, constant) => input.mapv(|x| operator.of(x, R::of(constant))),
            Self::ConstantWith(constant, operator) => input.mapv(|x| operator.of(R::of(constant), x)),
            Self::Negative => input.mapv(|x| -x),
            Self::Absolute => input.mapv(R::abs),
            Self::Power(exponent) => match whole_power(exponent) {
                Some(exponent) => input.mapv(|x| power(x, exponent)),
                None => input.mapv(|x| x.power(exponent)),
            },
        }]
    }
}

/// The power by squaring: the order of the multiplications is the kernel's.
fn power<R: Real>(x: R, mut exponent: u32) -> R {
    let (mut result, mut square) = (R::one(), x);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = result * square;
        }
        square = square * square;
        exponent /= 2;
    }
    result
}

fn of_tensors<R: Real>(operator: Operator, left: &ArrayD<R>, right: &ArrayD<R>) -> ArrayD<R> {
    let sizes = left.shape().iter().zip(right.shape()).map(|(&left, &right)| if left == 1 { right } else { left });
    let sizes = IxDyn(&sizes.collect::<Vec<_>>());
    let stretched = |array: &ArrayD<R>| {
        let view = array.broadcast(sizes.clone());
        view.unwrap_or_else(|| unreachable!("the shapes were checked")).to_owned()
    };
    let mut output = stretched(left);
    output.zip_mut_with(&stretched(right), |left, &right| *left = operator.of(*left, right));
    output
}

/// The axes of two tensors together: a free axis takes the other's size, one of size 1 is repeated.
fn broadcast(left: &Shape, right: &Shape) -> Option<Vec<Dimension>> {
    let pair = |(&left, &right): (&Dimension, &Dimension)| match (left, right) {
        (Dimension::Known(1), other) | (other, Dimension::Known(1)) => Some(other),
        (Dimension::Free, other) | (other, Dimension::Free) => Some(other),
        (left, right) => (left == right).then_some(left),
    };
    left.0.iter().zip(&right.0).map(pair).collect()
}

impl Layer for Arithmetic {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        match self {
            Self::Tensors(operator) | Self::WithConstant(operator, _) | Self::ConstantWith(_, operator) => {
                operator.declaration()
            }
            Self::Negative => &NEGATIVE,
            Self::Absolute => &ABSOLUTE,
            Self::Power(_) => &POWER,
        }
    }

    fn takes(&self) -> Takes {
        if matches!(self, Self::Tensors(_)) { Takes::List } else { Takes::One }
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let [left, right] = inputs else { return Ok(inputs.to_vec()) };
        let class = self.declaration().class;
        if left.rank() != right.rank() {
            let title = format!("`{class}` of `{left}` and `{right}` would mix the samples of a batch with each other");
            return Err(Mismatch::new(Code::E209, title, "axes are counted from the last one").help(format!(
                "use the layer `{class}()([x, y])`, which lines up the batches, or `Reshape` one of them"
            )));
        }
        batch(class, inputs)?;
        let axes = broadcast(left, right).ok_or_else(|| {
            let title = format!("`{class}` can't join `{left}` and `{right}`");
            Mismatch::new(Code::E220, title, "the sizes differ")
                .help("sizes must be equal, counted from the last axis; only a size of 1 is repeated")
        })?;
        Ok(vec![Shape(axes)])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        if inputs.windows(2).any(|pair| pair[0].sample().first() != pair[1].sample().first()) {
            return Streaming::Impossible("joins tensors with different timesteps".to_owned());
        }
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        match *self {
            Self::Tensors(operator) => kernels::merge(lowering, operator.kernel()),
            Self::WithConstant(operator, constant) => {
                Ok(vec![kernels::with_constant("with_constant", operator.kernel(), constant)])
            }
            Self::ConstantWith(constant, operator) => {
                Ok(vec![kernels::with_constant("constant_with", operator.kernel(), constant)])
            }
            Self::Negative => Ok(vec![kernels::values("negative")]),
            Self::Absolute => Ok(vec![kernels::values("absolute")]),
            Self::Power(exponent) => Ok(vec![kernels::power(exponent)]),
        }
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    #[test]
    fn operators_work_value_by_value() {
        let inputs = [array(&[1, 2], &[1.0, -2.0]), array(&[1, 1], &[4.0])];
        let both = Call { inputs: &inputs, weights: &[] };
        let one = Call { inputs: &inputs[..1], weights: &[] };
        assert_near(&Arithmetic::Tensors(Operator::Divide).evaluate(&both)[0], &[1, 2], &[0.25, -0.5]);
        assert_near(&Arithmetic::WithConstant(Operator::Subtract, 3.0).evaluate(&one)[0], &[1, 2], &[-2.0, -5.0]);
        assert_near(&Arithmetic::ConstantWith(3.0, Operator::Subtract).evaluate(&one)[0], &[1, 2], &[2.0, 5.0]);
        assert_near(&Arithmetic::Negative.evaluate(&one)[0], &[1, 2], &[-1.0, 2.0]);
        assert_near(&Arithmetic::Absolute.evaluate(&one)[0], &[1, 2], &[1.0, 2.0]);
        assert_near(&Arithmetic::Power(5.0).evaluate(&one)[0], &[1, 2], &[1.0, -32.0]);
        assert_near(&Arithmetic::Power(-1.0).evaluate(&one)[0], &[1, 2], &[1.0, -0.5]);
        assert_near(&Arithmetic::Power(0.0).evaluate(&one)[0], &[1, 2], &[1.0, 1.0]);
        let four = Call { inputs: &inputs[1..], weights: &[] };
        assert_near(&Arithmetic::Power(0.5).evaluate(&four)[0], &[1, 1], &[2.0]);
        assert_near(&Arithmetic::Power(-1.5).evaluate(&four)[0], &[1, 1], &[0.125]);
    }

    #[test]
    fn the_batches_stay_apart() {
        let both = |left: &[Option<u64>], right: &[Option<u64>]| {
            let shapes = [shape(left), shape(right)];
            let add = Arithmetic::Tensors(Operator::Add);
            add.output_shapes(&shapes).map(|shapes| shapes[0].to_string()).map_err(|mismatch| mismatch.code)
        };
        assert_eq!(both(&[None, Some(3), Some(1)], &[None, None, Some(4)]).unwrap(), "(None, 3, 4)");
        assert_eq!(both(&[None, Some(3), Some(4)], &[None, Some(4)]).unwrap_err(), Code::E209);
        assert_eq!(both(&[None, Some(3)], &[None, Some(4)]).unwrap_err(), Code::E220);
    }
}
