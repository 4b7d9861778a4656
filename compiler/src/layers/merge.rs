//! The merges of several tensors value by value: `Add`, `Subtract`, `Multiply`, `Average`, `Maximum`, `Minimum`.
//!
//! <https://keras.io/api/layers/merging_layers/>. Shapes are broadcast from the right; a tensor with fewer axes gets
//! axes of size 1 behind its batch. Masks: see [`merge_masks`]. No difference to Keras but for masks of
//! different shapes, which are refused where Keras would broadcast them.

use ndarray::{ArrayD, Axis, IxDyn};
use rnn_grammar::Code;

use crate::arguments::Arguments;
use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, ShownMask, Streaming, Takes, WeightSpec};
use crate::layers::merge_masks;
use crate::masks::{MaskCall, Masked};
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

macro_rules! declare {
    ($($constant:ident $class:literal $base:literal $summary:literal $details:literal $merge:ident)*) => {$(
        #[doc = concat!("`", $class, "`.")]
        pub(crate) const $constant: Declaration = Declaration {
            class: $class,
            aliases: &[],
            base_name: $base,
            summary: $summary,
            details: $details,
            arguments: &[],
            takes_common: true,
            build: {
                fn build(_arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
                    Some(Box::new(Merge { operator: Operator::$merge, declaration: &$constant }))
                }
                build
            },
        };
    )*};
}

declare! {
    ADD "Add" "add" "Adds tensors value by value."
        "`x + y + …`. Called with a list: `Add()([x, y])`. Sizes of 1 are repeated to fit the others." Add
    SUBTRACT "Subtract" "subtract" "Subtracts one tensor from another."
        "`x - y`. Called with a list of two: `Subtract()([x, y])`. Sizes of 1 are repeated to fit the other." Subtract
    MULTIPLY "Multiply" "multiply" "Multiplies tensors value by value."
        "`x·y·…`. Called with a list: `Multiply()([x, y])`. Sizes of 1 are repeated to fit the others." Multiply
    AVERAGE "Average" "average" "The mean of tensors, value by value."
        "`(x + y + …)/n`. Called with a list: `Average()([x, y])`. Sizes of 1 are repeated to fit the others." Average
    MAXIMUM "Maximum" "maximum" "The largest of several tensors, value by value."
        "`max(x, y, …)`. Called with a list: `Maximum()([x, y])`. Sizes of 1 are repeated to fit the others." Maximum
    MINIMUM "Minimum" "minimum" "The smallest of several tensors, value by value."
        "`min(x, y, …)`. Called with a list: `Minimum()([x, y])`. Sizes of 1 are repeated to fit the others." Minimum
}

/// What is done to a pair of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// The sum.
    Add,
    /// The difference.
    Subtract,
    /// The product.
    Multiply,
    /// The sum, divided by the number of tensors in the end.
    Average,
    /// The larger one.
    Maximum,
    /// The smaller one.
    Minimum,
}

/// A merge value by value.
#[derive(Clone, Debug)]
pub(crate) struct Merge {
    operator: Operator,
    declaration: &'static Declaration,
}

impl Operator {
    /// The runtime's type for it.
    pub(crate) const fn kernel(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Subtract => "Subtract",
            Self::Multiply => "Multiply",
            Self::Average => "Average",
            Self::Maximum => "Maximum",
            Self::Minimum => "Minimum",
        }
    }

    fn of<R: Real>(self, left: R, right: R) -> R {
        match self {
            Self::Add | Self::Average => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Maximum => left.maximum(right),
            Self::Minimum => left.minimum(right),
        }
    }
}

impl Merge {
    /// The larger or smaller one of each pair.
    pub(crate) const fn extreme(operator: Operator) -> Self {
        Self { operator, declaration: if matches!(operator, Operator::Minimum) { &MINIMUM } else { &MAXIMUM } }
    }

    /// The layer of this class.
    pub(crate) const fn new(declaration: &'static Declaration, operator: Operator) -> Self {
        Self { operator, declaration }
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let rank = call.inputs.iter().map(|input| input.ndim()).max().unwrap_or(0);
        let aligned = call.inputs.iter().map(|input| {
            let mut view = input.view();
            while view.ndim() < rank {
                view = view.insert_axis(Axis(1));
            }
            view
        });
        let aligned: Vec<_> = aligned.collect();
        let sizes = (0..rank).map(|axis| {
            let sizes = aligned.iter().map(|view| view.len_of(Axis(axis)));
            if sizes.clone().any(|size| size == 0) { 0 } else { sizes.max().unwrap_or(1) }
        });
        let sizes = IxDyn(&sizes.collect::<Vec<_>>());
        let stretched = |index: usize| {
            let view = aligned[index].broadcast(sizes.clone());
            view.unwrap_or_else(|| unreachable!("the shapes were checked"))
        };
        let mut output = stretched(0).to_owned();
        for index in 1..aligned.len() {
            output.zip_mut_with(&stretched(index), |left, &right| *left = self.operator.of(*left, right));
        }
        if self.operator == Operator::Average {
            #[allow(clippy::cast_precision_loss)]
            let count = R::of(aligned.len() as f64);
            output.mapv_inplace(|sum| sum / count);
        }
        vec![output]
    }

    fn check_count(&self, inputs: &[Shape]) -> Result<(), Mismatch> {
        let class = self.declaration.class;
        if self.operator == Operator::Subtract && inputs.len() != 2 {
            let title = format!("`{class}` takes two tensors, but gets {}", inputs.len());
            return Err(Mismatch::new(Code::E219, title, "needs a list of two"));
        }
        if inputs.is_empty() {
            return Err(Mismatch::new(Code::E219, format!("`{class}` gets no tensor"), "needs a list of tensors"));
        }
        Ok(())
    }
}

/// The batch of several tensors, which must be the same where it is known.
pub(crate) fn batch(class: &str, inputs: &[Shape]) -> Result<Dimension, Mismatch> {
    let mut batch = Dimension::Free;
    for shape in inputs {
        if !batch.agrees(shape.batch()) {
            let title = format!("`{class}` gets batches of {batch} and {} samples", shape.batch());
            return Err(Mismatch::new(Code::E220, title, "the batches differ"));
        }
        if batch == Dimension::Free {
            batch = shape.batch();
        }
    }
    Ok(batch)
}

/// The sample axes of two tensors together, sizes of 1 repeated; the axes counted from the right.
fn broadcast(left: &[Dimension], right: &[Dimension]) -> Option<Vec<Dimension>> {
    let (long, short) = if left.len() >= right.len() { (left, right) } else { (right, left) };
    let (outer, inner) = long.split_at(long.len() - short.len());
    let mut axes = outer.to_vec();
    for (&left, &right) in inner.iter().zip(short) {
        axes.push(match (left, right) {
            (Dimension::Free, _) | (_, Dimension::Free) => Dimension::Free,
            (Dimension::Known(1), size) | (size, Dimension::Known(1)) => size,
            (left, right) if left == right => left,
            _ => return None,
        });
    }
    Some(axes)
}

impl Layer for Merge {
    fn declaration(&self) -> &'static Declaration {
        self.declaration
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        self.check_count(inputs)?;
        let batch = batch(self.declaration.class, inputs)?;
        let mut axes = inputs[0].sample().to_vec();
        for (index, shape) in inputs.iter().enumerate().skip(1) {
            axes = broadcast(&axes, shape.sample()).ok_or_else(|| {
                let first = &inputs[..index];
                let other = first.iter().find(|other| broadcast(other.sample(), shape.sample()).is_none());
                let other = other.unwrap_or(&inputs[0]);
                let title = format!("`{}` can't join `{other}` and `{shape}`", self.declaration.class);
                Mismatch::new(Code::E220, title, "the sizes differ")
                    .help("sizes must be equal, counted from the last axis; only a size of 1 is repeated")
            })?;
        }
        let mut output = vec![batch];
        output.extend(axes);
        Ok(vec![Shape(output)])
    }

    fn computed_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        let joined = inputs.iter().copied().reduce(InputType::joined);
        joined.filter(|_| self.operator != Operator::Average).unwrap_or(InputType::Float32)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let first = |shape: &Shape| (shape.rank(), shape.sample().first().copied());
        if inputs.windows(2).any(|pair| first(&pair[0]) != first(&pair[1])) {
            return Streaming::Impossible("joins tensors with different timesteps".to_owned());
        }
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        kernels::merge(lowering, self.operator.kernel())
    }

    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        merge_masks::mask(call, self.operator)
    }

    fn shown_mask(&self) -> ShownMask {
        ShownMask::Either
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    fn merge(operator: Operator) -> Merge {
        Merge { operator, declaration: &ADD }
    }

    #[test]
    fn values_are_merged_in_pairs() {
        let inputs = [array(&[1, 2], &[1.0, -2.0]), array(&[1, 2], &[3.0, 4.0]), array(&[1, 2], &[5.0, 0.5])];
        let call = Call { inputs: &inputs, weights: &[] };
        assert_near(&merge(Operator::Add).evaluate(&call)[0], &[1, 2], &[9.0, 2.5]);
        assert_near(&merge(Operator::Multiply).evaluate(&call)[0], &[1, 2], &[15.0, -4.0]);
        assert_near(&merge(Operator::Average).evaluate(&call)[0], &[1, 2], &[3.0, 2.5 / 3.0]);
        assert_near(&merge(Operator::Maximum).evaluate(&call)[0], &[1, 2], &[5.0, 4.0]);
        assert_near(&merge(Operator::Minimum).evaluate(&call)[0], &[1, 2], &[1.0, -2.0]);
        let two = Call { inputs: &inputs[..2], weights: &[] };
        assert_near(&merge(Operator::Subtract).evaluate(&two)[0], &[1, 2], &[-2.0, -6.0]);
    }

    #[test]
    fn shapes_are_broadcast_from_the_right() {
        let add = merge(Operator::Add);
        let both = |left: &[Option<u64>], right: &[Option<u64>]| {
            add.output_shapes(&[shape(left), shape(right)]).map(|shapes| shapes[0].to_string()).map_err(|m| m.code)
        };
        assert_eq!(both(&[None, Some(5), Some(3)], &[None, Some(3)]).unwrap(), "(None, 5, 3)");
        assert_eq!(both(&[None, Some(5), Some(1)], &[Some(2), Some(1), Some(3)]).unwrap(), "(2, 5, 3)");
        assert_eq!(both(&[None, None, Some(3)], &[None, Some(5), Some(3)]).unwrap(), "(None, None, 3)");
        assert_eq!(both(&[None, Some(5), Some(3)], &[None, Some(5)]).unwrap_err(), Code::E220);
        assert_eq!(both(&[Some(2), Some(3)], &[Some(4), Some(3)]).unwrap_err(), Code::E220);
        let inputs = [array(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]), array(&[1, 2], &[10.0, 20.0])];
        let values = add.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 2, 2], &[11.0, 22.0, 13.0, 24.0]);
    }

    #[test]
    fn a_difference_has_two_sides() {
        let one = [shape(&[None, Some(3)])];
        assert_eq!(merge(Operator::Subtract).output_shapes(&one).unwrap_err().code, Code::E219);
        assert!(merge(Operator::Add).output_shapes(&one).is_ok());
        assert_eq!(merge(Operator::Add).output_shapes(&[]).unwrap_err().code, Code::E219);
    }
}
