//! Operators on symbolic tensors: `x + y`, `2.0 * x`, `x ** 2`, `x > 0`, and the functions of `keras.ops` that compute the same.
//! Keras makes each a layer of its own in the summary, named after the operation.
//!
//! <https://keras.io/api/ops/numpy/>. Differences to Keras: tensors have as many axes as each other, for the batch of one
//! would meet an axis of the other.

use ndarray::{ArrayD, IxDyn};
use rnn_grammar::Code;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::merge::batch;
use crate::layers::operator::Operator;
use crate::plan::kernels::{self, pairs};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// The exponent of a power that is computed by squaring: with more multiplications it would lose too many digits.
pub(crate) fn whole_power(exponent: f64) -> Option<u32> {
    const LARGEST: f64 = 64.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (exponent.fract() == 0.0 && (1.0..=LARGEST).contains(&exponent)).then_some(exponent as u32)
}

/// A number of the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    pub(crate) value: f64,
    pub(crate) kind: InputType,
}

/// What an operator stands between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operands {
    /// Two tensors.
    Tensors,
    /// A tensor, and a number behind the operator.
    WithConstant(Number),
    /// A number, and a tensor behind the operator.
    ConstantWith(Number),
}

/// An operator between its operands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Arithmetic {
    /// What the text says.
    operator: Operator,
    /// What is done to the numbers that stand for the values: of truth values a sum is whether either holds.
    computed: Operator,
    operands: Operands,
}

impl Arithmetic {
    /// The operator on values of these types; `None` where Keras fails at them.
    pub(crate) fn new(operator: Operator, operands: Operands, types: [InputType; 2]) -> Option<Self> {
        let are_truths = types == [InputType::Boolean; 2];
        let computed = if are_truths { operator.of_truths()? } else { operator };
        Some(Self { operator, computed, operands })
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let (operator, input) = (self.computed, &call.inputs[0]);
        vec![match self.operands {
            Operands::Tensors => of_tensors(operator, input, &call.inputs[1]),
            Operands::WithConstant(Number { value, .. }) => match whole_power(value) {
                Some(exponent) if operator == Operator::Power => input.mapv(|x| power(x, exponent)),
                _ => input.mapv(|x| operator.of(x, R::of(value))),
            },
            Operands::ConstantWith(Number { value, .. }) => input.mapv(|x| operator.of(R::of(value), x)),
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

/// The shape of what is made of two tensors value by value, sizes of 1 repeated.
pub(crate) fn joined(class: &str, left: &Shape, right: &Shape) -> Result<Shape, Mismatch> {
    if left.rank() != right.rank() {
        let title = format!("`{class}` of `{left}` and `{right}` would mix the samples of a batch with each other");
        return Err(Mismatch::new(Code::E209, title, "axes are counted from the last one")
            .help(format!("use the layer `{class}()([x, y])`, which lines up the batches, or `Reshape` one of them")));
    }
    batch(class, &[left.clone(), right.clone()])?;
    let axes = broadcast(left, right).ok_or_else(|| {
        let title = format!("`{class}` can't join `{left}` and `{right}`");
        Mismatch::new(Code::E220, title, "the sizes differ")
            .help("sizes must be equal, counted from the last axis; only a size of 1 is repeated")
    })?;
    Ok(Shape(axes))
}

/// Frame by frame, unless the tensors have other timesteps than each other.
pub(crate) fn of_one_length(inputs: &[Shape]) -> Streaming {
    if inputs.windows(2).any(|pair| pair[0].sample().first() != pair[1].sample().first()) {
        return Streaming::Impossible("joins tensors with different timesteps".to_owned());
    }
    Streaming::PerFrame
}

impl Layer for Arithmetic {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        self.operator.declaration()
    }

    fn takes(&self) -> Takes {
        if self.operands == Operands::Tensors { Takes::List } else { Takes::One }
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let [left, right] = inputs else { return Ok(inputs.to_vec()) };
        Ok(vec![joined(self.declaration().class, left, right)?])
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        let first = inputs.first().copied().unwrap_or(InputType::Float32);
        match self.operands {
            Operands::Tensors => self.operator.result(first, inputs.get(1).copied().unwrap_or(first)),
            Operands::WithConstant(number) => self.operator.result(first, number.kind),
            Operands::ConstantWith(number) => self.operator.result(number.kind, first),
        }
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        of_one_length(inputs)
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let operator = self.computed;
        match self.operands {
            Operands::Tensors => pairs::of_tensors(lowering, operator.kernel()),
            Operands::WithConstant(Number { value, .. }) if operator == Operator::Power => {
                Ok(vec![kernels::power(value)])
            }
            Operands::WithConstant(Number { value, .. }) => {
                Ok(vec![pairs::with_constant("with_constant", operator.kernel(), value)])
            }
            Operands::ConstantWith(Number { value, .. }) => {
                Ok(vec![pairs::with_constant("constant_with", operator.kernel(), value)])
            }
        }
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    fn layer(operator: Operator, operands: Operands) -> Arithmetic {
        Arithmetic::new(operator, operands, [InputType::Float32; 2]).unwrap()
    }

    #[test]
    fn operators_work_value_by_value() {
        let inputs = [array(&[1, 2], &[1.0, -2.0]), array(&[1, 1], &[4.0])];
        let both = Call { inputs: &inputs, weights: &[] };
        let one = Call { inputs: &inputs[..1], weights: &[] };
        let number = |value| Number { value, kind: InputType::Float32 };
        let with = |operator, value| layer(operator, Operands::WithConstant(number(value)));
        let before = |value, operator| layer(operator, Operands::ConstantWith(number(value)));
        assert_near(&layer(Operator::TrueDivide, Operands::Tensors).evaluate(&both)[0], &[1, 2], &[0.25, -0.5]);
        assert_near(&layer(Operator::Greater, Operands::Tensors).evaluate(&both)[0], &[1, 2], &[0.0, 0.0]);
        assert_near(&with(Operator::Subtract, 3.0).evaluate(&one)[0], &[1, 2], &[-2.0, -5.0]);
        assert_near(&before(3.0, Operator::Subtract).evaluate(&one)[0], &[1, 2], &[2.0, 5.0]);
        assert_near(&before(2.0, Operator::Power).evaluate(&one)[0], &[1, 2], &[2.0, 0.25]);
        assert_near(&with(Operator::Power, 5.0).evaluate(&one)[0], &[1, 2], &[1.0, -32.0]);
        assert_near(&with(Operator::Power, -1.0).evaluate(&one)[0], &[1, 2], &[1.0, -0.5]);
        assert_near(&with(Operator::Power, 0.0).evaluate(&one)[0], &[1, 2], &[1.0, 1.0]);
        let four = Call { inputs: &inputs[1..], weights: &[] };
        assert_near(&with(Operator::Power, 0.5).evaluate(&four)[0], &[1, 1], &[2.0]);
        assert_near(&with(Operator::Power, -1.5).evaluate(&four)[0], &[1, 1], &[0.125]);
    }

    #[test]
    fn of_truth_values_a_sum_is_whether_either_holds() {
        let types = [InputType::Boolean; 2];
        let inputs = [array(&[1, 3], &[1.0, 1.0, 0.0]), array(&[1, 3], &[1.0, 0.0, 0.0])];
        let add = Arithmetic::new(Operator::Add, Operands::Tensors, types).unwrap();
        assert_near(&add.evaluate(&Call { inputs: &inputs, weights: &[] })[0], &[1, 3], &[1.0, 1.0, 0.0]);
        assert_eq!(add.declaration().class, "Add");
        assert!(Arithmetic::new(Operator::Subtract, Operands::Tensors, types).is_none());
    }

    #[test]
    fn the_batches_stay_apart() {
        let both = |left: &[Option<u64>], right: &[Option<u64>]| {
            let shapes = [shape(left), shape(right)];
            let add = layer(Operator::Add, Operands::Tensors);
            add.output_shapes(&shapes).map(|shapes| shapes[0].to_string()).map_err(|mismatch| mismatch.code)
        };
        assert_eq!(both(&[None, Some(3), Some(1)], &[None, None, Some(4)]).unwrap(), "(None, 3, 4)");
        assert_eq!(both(&[None, Some(3), Some(4)], &[None, Some(4)]).unwrap_err(), Code::E209);
        assert_eq!(both(&[None, Some(3)], &[None, Some(4)]).unwrap_err(), Code::E220);
    }
}
