//! `keras.ops.where(condition, x1, x2)`: values of one tensor or another.
//!
//! <https://keras.io/api/ops/numpy/#where-function>. Each of the three may be a number. Difference to Keras: all tensors have as
//! many axes as each other.

use ndarray::{ArrayD, IxDyn};

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::arithmetic::{Number, joined, of_one_length};
use crate::layers::operator::operation;
use crate::plan::kernels::pairs;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

const WHERE: Declaration = operation("Where", "where");

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Choice {
    /// The input of this number.
    Of(usize),
    /// A number.
    Constant(Number),
}

/// The second where the first is not 0, the third where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choose {
    pub(crate) choices: [Choice; 3],
}

impl Choose {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let rank = call.inputs.first().map_or(0, ArrayD::ndim);
        let longest = |axis: usize| {
            let sizes = call.inputs.iter().map(|input| input.shape()[axis]);
            if sizes.clone().any(|size| size == 0) { 0 } else { sizes.max().unwrap_or(1) }
        };
        let sizes = IxDyn(&(0..rank).map(longest).collect::<Vec<_>>());
        let values = self.choices.map(|choice| match choice {
            Choice::Of(place) => {
                let view = call.inputs[place].broadcast(sizes.clone());
                view.unwrap_or_else(|| unreachable!("the shapes were checked")).to_owned()
            }
            Choice::Constant(number) => ArrayD::from_elem(sizes.clone(), R::of(number.value)),
        });
        let [condition, mut output, no] = values;
        ndarray::Zip::from(&mut output).and(&condition).and(&no).for_each(|output, &condition, &no| {
            if condition == R::zero() {
                *output = no;
            }
        });
        vec![output]
    }
}

impl Layer for Choose {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        &WHERE
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let Some((first, others)) = inputs.split_first() else { return Ok(Vec::new()) };
        let shape = others.iter().try_fold(first.clone(), |shape, other| joined(WHERE.class, &shape, other))?;
        Ok(vec![shape])
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        let kind = |choice: Choice| match choice {
            Choice::Of(place) => inputs.get(place).copied().unwrap_or(InputType::Float32),
            Choice::Constant(number) => number.kind,
        };
        kind(self.choices[1]).joined(kind(self.choices[2]))
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        of_one_length(inputs)
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let choices = self.choices.map(|choice| match choice {
            Choice::Of(place) => pairs::Choice::Of(place),
            Choice::Constant(number) => pairs::Choice::Constant(number.value),
        });
        pairs::choose(lowering, choices)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near};

    #[test]
    fn values_are_chosen() {
        let inputs = [array(&[1, 2, 1], &[1.0, 0.0]), array(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0])];
        let nine = Choice::Constant(Number { value: 9.0, kind: InputType::Int32 });
        let layer = Choose { choices: [Choice::Of(0), Choice::Of(1), nine] };
        let output = layer.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&output[0], &[1, 2, 2], &[1.0, 2.0, 9.0, 9.0]);
        assert_eq!(layer.output_type(0, &[InputType::Boolean, InputType::Int32]), InputType::Int32);
    }
}
