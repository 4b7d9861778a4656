//! `keras.ops.repeat(x, 2, axis=1)` and `tile(x, (1, 2, 1))`: values more than once; and `one_hot`.
//!
//! <https://keras.io/api/ops/numpy/>. Difference to Keras: samples of the batch are not repeated.

use ndarray::{ArrayD, Axis};
use rnn_grammar::Span;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::axes::shape_of;
use crate::layers::checks::Check;
use crate::layers::operator::operation;
use crate::plan::kernels::{self, reduce};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

const REPEAT: Declaration = operation("Repeat", "repeat");
const TILE: Declaration = operation("Tile", "tile");
const ONE_HOT: Declaration = operation("OneHot", "one_hot");

/// Values along axes more than once.
#[derive(Clone, Debug)]
pub(crate) struct Repeat {
    /// Whether the axis as a whole comes again, and not each entry by itself.
    pub(crate) is_tile: bool,
    /// Axes with how often.
    pub(crate) times: Vec<(i128, u64)>,
    pub(crate) span: Option<Span>,
}

impl Repeat {
    fn places(&self, shape: &Shape) -> Result<Vec<(usize, u64)>, Mismatch> {
        let check = Check { class: self.declaration().class, shape };
        self.times.iter().map(|&(axis, times)| Ok((check.axis(axis, self.span)?, times))).collect()
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let mut array = call.inputs[0].clone();
        for (place, times) in self.places(&shape_of(&array)).unwrap_or_default() {
            let (size, times) = (array.len_of(Axis(place)), usize::try_from(times).unwrap_or(1));
            let from = |index: usize| if self.is_tile { index % size } else { index / times };
            array = array.select(Axis(place), &(0..size * times).map(from).collect::<Vec<_>>());
        }
        vec![array]
    }
}

impl Layer for Repeat {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        if self.is_tile { &TILE } else { &REPEAT }
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let mut shape = Check::single(self.declaration().class, inputs)?.shape.clone();
        for (place, times) in self.places(&inputs[0])? {
            if let Some(size) = shape.0[place].known() {
                shape.0[place] = Dimension::Known(size.saturating_mul(times));
            }
        }
        Ok(vec![shape])
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        inputs.first().copied().unwrap_or(InputType::Float32)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let is_time = |shape: &Shape| {
            let places = self.places(shape).unwrap_or_default();
            shape.rank() > 2 && places.iter().any(|&(place, times)| place == 1 && times != 1)
        };
        match inputs.first().is_some_and(is_time) {
            true => Streaming::Impossible("repeats timesteps".to_owned()),
            false => Streaming::PerFrame,
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(mut shape) = lowering.inputs.first().cloned() else { return Ok(Vec::new()) };
        let mut operations = Vec::new();
        for (place, times) in self.places(&shape).unwrap_or_default() {
            if times == 1 {
                continue;
            }
            let width = kernels::product_of(&shape.0[place + usize::from(!self.is_tile)..])?;
            operations.push(kernels::repeat(width, usize::try_from(times).unwrap_or(1)));
            if let Some(size) = shape.0[place].known() {
                shape.0[place] = Dimension::Known(size * times);
            }
        }
        Ok(operations)
    }

    evaluate_generically!();
}

/// For each id a row of 0s with a 1 at its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneHot {
    pub(crate) classes: u64,
}

impl OneHot {
    #[allow(clippy::cast_precision_loss)]
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let ids = call.inputs[0].view().insert_axis(Axis(call.inputs[0].ndim()));
        let parts: Vec<ArrayD<R>> = (0..self.classes)
            .map(|class| ids.mapv(|id| if id == R::of(class as f64) { R::one() } else { R::zero() }))
            .collect();
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        vec![ndarray::concatenate(Axis(ids.ndim() - 1), &views).unwrap_or_else(|_| unreachable!("one shape"))]
    }
}

impl Layer for OneHot {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        &ONE_HOT
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let mut shape = Check::single(ONE_HOT.class, inputs)?.shape.clone();
        shape.0.push(Dimension::Known(self.classes));
        Ok(vec![shape])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        let classes = usize::try_from(self.classes).unwrap_or(usize::MAX);
        Ok(vec![reduce::one_hot(classes)])
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near};

    #[test]
    fn values_come_again() {
        let inputs = [array(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0])];
        let run = |is_tile, axis| {
            let layer = Repeat { is_tile, times: vec![(axis, 2)], span: None };
            layer.evaluate(&Call { inputs: &inputs, weights: &[] }).remove(0)
        };
        assert_near(&run(false, 1), &[1, 4, 2], &[1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0]);
        assert_near(&run(true, 1), &[1, 4, 2], &[1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0]);
        assert_near(&run(true, -1), &[1, 2, 4], &[1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0]);
    }

    #[test]
    fn ids_name_a_place() {
        let inputs = [array(&[1, 2], &[2.0, 3.0])];
        let output = OneHot { classes: 3 }.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&output[0], &[1, 2, 3], &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    }
}
