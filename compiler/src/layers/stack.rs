//! `keras.ops.stack([x, y], axis=1)`, `split` and `unstack`: tensors along a new axis, and a tensor as several.
//!
//! <https://keras.io/api/ops/numpy/>. Difference to Keras: the axis is not the batch.

use ndarray::{ArrayD, Axis, Slice};
use rnn_grammar::{Code, Span};

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::merge::batch;
use crate::layers::operator::operation;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

const STACK: Declaration = operation("Stack", "stack");
const SPLIT: Declaration = operation("Split", "split");
const UNSTACK: Declaration = operation("Unstack", "unstack");

/// Tensors of one shape along a new axis.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) axis: i128,
    pub(crate) span: Option<Span>,
}

/// The place of a new axis among `rank` others; the batch is no place for it.
pub(crate) fn new_place(class: &'static str, shape: &Shape, axis: i128, span: Option<Span>) -> Result<usize, Mismatch> {
    let mut wider = shape.clone();
    wider.0.push(Dimension::Known(1));
    Check { class, shape: &wider }.axis(axis, span)
}

impl Stack {
    fn place(&self, shape: &Shape) -> Result<usize, Mismatch> {
        new_place(STACK.class, shape, self.axis, self.span)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let place = self.place(&crate::layers::axes::shape_of(&call.inputs[0])).unwrap_or(1);
        let views: Vec<_> = call.inputs.iter().map(|input| input.view()).collect();
        vec![ndarray::stack(Axis(place), &views).unwrap_or_else(|_| unreachable!("the shapes were checked"))]
    }
}

impl Layer for Stack {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        &STACK
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let Some(first) = inputs.first() else {
            return Err(Mismatch::new(Code::E219, "`Stack` gets no tensor", "needs a list of tensors"));
        };
        let first_size = batch(STACK.class, inputs)?;
        let fits = |shape: &&Shape| {
            shape.rank() == first.rank() && shape.0.iter().zip(&first.0).all(|(axis, &of)| axis.agrees(of))
        };
        if let Some(other) = inputs.iter().find(|shape| !fits(shape)) {
            let title = format!("`Stack` can't join `{first}` and `{other}`");
            return Err(Mismatch::new(Code::E220, title, "the sizes differ").help("all tensors have one shape"));
        }
        let place = self.place(first)?;
        let mut shape = first.clone();
        shape.0[0] = first_size;
        shape.0.insert(place, Dimension::Known(inputs.len() as u64));
        Ok(vec![shape])
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        inputs.iter().copied().reduce(InputType::joined).unwrap_or(InputType::Float32)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let is_first = |shape: &Shape| shape.rank() > 2 && self.place(shape).is_ok_and(|place| place == 1);
        match inputs.first().is_some_and(is_first) {
            true => Streaming::Impossible("puts a new axis before the timesteps".to_owned()),
            false => crate::layers::arithmetic::of_one_length(inputs),
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let place = lowering.inputs.first().and_then(|shape| self.place(shape).ok()).unwrap_or(1);
        kernels::concatenate(lowering, place - 1)
    }

    evaluate_generically!();
}

/// Where a tensor is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cuts {
    /// Into so many equal parts.
    Equal(u64),
    /// Before these places.
    At(Vec<i128>),
    /// Into its entries, without the axis.
    Entries,
}

/// A tensor as several along an axis.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) axis: i128,
    pub(crate) cuts: Cuts,
    pub(crate) span: Option<Span>,
}

impl Split {
    /// The place of the axis, and the bounds of each part.
    fn parts(&self, shape: &Shape) -> Result<(usize, Vec<[u64; 2]>), Mismatch> {
        let class = self.declaration().class;
        let place = Check { class, shape }.axis(self.axis, self.span)?;
        let Some(size) = shape.0[place].known() else {
            let title = format!("`{class}` needs a known axis {place}, but gets `{shape}`");
            return Err(Mismatch::new(Code::E206, title, "how many parts there are must be known").within(self.span));
        };
        let bounds: Vec<u64> = match &self.cuts {
            Cuts::Entries => (0..=size).collect(),
            Cuts::Equal(count) if *count > 0 && size.is_multiple_of(*count) => {
                (0..=*count).map(|part| part * (size / count)).collect()
            }
            Cuts::Equal(count) => {
                let title = format!("`{class}` can't cut an axis of {size} into {count} equal parts");
                return Err(Mismatch::new(Code::E220, title, format!("`{shape}`")).within(self.span));
            }
            Cuts::At(places) => {
                let within = |&place: &i128| u64::try_from(place).ok().filter(|place| *place < size);
                let inner: Vec<u64> = places.iter().filter_map(within).collect();
                let bounds: Vec<u64> = std::iter::once(0).chain(inner).chain([size]).collect();
                if bounds.len() != places.len() + 2 || bounds.windows(2).any(|pair| pair[0] >= pair[1]) {
                    let title = format!("`{class}` can't cut an axis of {size} before {places:?}");
                    return Err(
                        Mismatch::new(Code::E220, title, "places ascend, and no part is empty").within(self.span)
                    );
                }
                bounds
            }
        };
        Ok((place, bounds.windows(2).map(|pair| [pair[0], pair[1]]).collect()))
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let (place, parts) = self.parts(&crate::layers::axes::shape_of(input)).unwrap_or_default();
        let part = |[from, to]: [u64; 2]| {
            let slice = Slice::from(usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0));
            let mut part = input.slice_axis(Axis(place), slice);
            if self.cuts == Cuts::Entries {
                part = part.index_axis_move(Axis(place), 0);
            }
            part.as_standard_layout().into_owned()
        };
        parts.into_iter().map(part).collect()
    }
}

impl Layer for Split {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        if self.cuts == Cuts::Entries { &UNSTACK } else { &SPLIT }
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(self.declaration().class, inputs)?;
        let (place, parts) = self.parts(check.shape)?;
        let part = |[from, to]: [u64; 2]| {
            let mut shape = check.shape.clone();
            match self.cuts {
                Cuts::Entries => drop(shape.0.remove(place)),
                Cuts::Equal(_) | Cuts::At(_) => shape.0[place] = Dimension::Known(to - from),
            }
            shape
        };
        Ok(parts.into_iter().map(part).collect())
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        inputs.first().copied().unwrap_or(InputType::Float32)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    /// The first part comes last: what a layer's kernels make in the end is its first output.
    fn further_outputs(&self, n_operations: usize) -> Vec<usize> {
        (0..n_operations.saturating_sub(1)).collect()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let is_time = |shape: &Shape| shape.rank() > 2 && self.parts(shape).is_ok_and(|(place, _)| place == 1);
        match inputs.first().is_some_and(is_time) {
            true => Streaming::Impossible("cuts the sequence into parts".to_owned()),
            false => Streaming::PerFrame,
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let (place, mut parts) = self.parts(shape).unwrap_or_default();
        let n_first = parts.len().min(1);
        parts.rotate_left(n_first);
        kernels::split(lowering.sample(), place - 1, &parts)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    #[test]
    fn tensors_stand_along_a_new_axis() {
        let inputs = [array(&[1, 2], &[1.0, 2.0]), array(&[1, 2], &[3.0, 4.0])];
        let stack = |axis| Stack { axis, span: None }.evaluate(&Call { inputs: &inputs, weights: &[] }).remove(0);
        assert_near(&stack(1), &[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
        assert_near(&stack(-1), &[1, 2, 2], &[1.0, 3.0, 2.0, 4.0]);
        let shapes = [shape(&[None, Some(2)]), shape(&[None, Some(3)])];
        assert_eq!(Stack { axis: 1, span: None }.output_shapes(&shapes).unwrap_err().code, Code::E220);
        assert_eq!(Stack { axis: 0, span: None }.output_shapes(&shapes[..1]).unwrap_err().code, Code::E209);
    }

    #[test]
    fn a_tensor_is_cut() {
        let inputs = [array(&[1, 3], &[1.0, 2.0, 3.0])];
        let run = |cuts| Split { axis: -1, cuts, span: None }.evaluate(&Call { inputs: &inputs, weights: &[] });
        let parts = run(Cuts::At(vec![1]));
        assert_near(&parts[0], &[1, 1], &[1.0]);
        assert_near(&parts[1], &[1, 2], &[2.0, 3.0]);
        assert_near(&run(Cuts::Entries)[2], &[1], &[3.0]);
        let refused =
            |cuts| Split { axis: 1, cuts, span: None }.output_shapes(&[shape(&[None, Some(3)])]).unwrap_err().code;
        assert_eq!([refused(Cuts::Equal(2)), refused(Cuts::At(vec![2, 1]))], [Code::E220; 2]);
    }
}
