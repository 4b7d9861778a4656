//! `keras.ops.take_along_axis(x, indices, axis=1)`: values at the places that a tensor of whole numbers names.
//!
//! <https://keras.io/api/ops/numpy/#take_along_axis-function>. The other axes line up, sizes of 1 are repeated. A place that is none
//! gives NaN, as Keras does on JAX.

use ndarray::{ArrayD, Axis, IxDyn};
use rnn_grammar::Span;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::arithmetic::{joined, of_one_length};
use crate::layers::axes::shape_of;
use crate::layers::checks::Check;
use crate::layers::operator::operation;
use crate::plan::kernels::along;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

const TAKE_ALONG_AXIS: Declaration = operation("TakeAlongAxis", "take_along_axis");

/// Reads the values, then the places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TakeAlongAxis {
    pub(crate) axis: i128,
    pub(crate) span: Option<Span>,
}

impl TakeAlongAxis {
    fn place(&self, shape: &Shape) -> Result<usize, Mismatch> {
        Check { class: TAKE_ALONG_AXIS.class, shape }.axis(self.axis, self.span)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let [values, places] = call.inputs else { return Vec::new() };
        let axis = self.place(&shape_of(values)).unwrap_or(1);
        let stretched = |array: &ArrayD<R>| {
            let mut sizes: Vec<usize> = values
                .shape()
                .iter()
                .zip(places.shape())
                .map(|(&one, &other)| if one == 1 { other } else { one })
                .collect();
            sizes[axis] = array.len_of(Axis(axis));
            array.broadcast(IxDyn(&sizes)).unwrap_or_else(|| unreachable!("the shapes were checked")).to_owned()
        };
        let (values, mut output) = (stretched(values), stretched(places));
        #[allow(clippy::cast_possible_truncation)]
        for (mut output, values) in output.lanes_mut(Axis(axis)).into_iter().zip(values.lanes(Axis(axis))) {
            output.mapv_inplace(|place| {
                let (place, size) = (place.to_f64() as i64, values.len() as i64);
                let place = usize::try_from(if place < 0 { place + size } else { place }).ok();
                place.and_then(|place| values.get(place)).copied().unwrap_or_else(|| R::of(f64::NAN))
            });
        }
        vec![output]
    }
}

impl Layer for TakeAlongAxis {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        &TAKE_ALONG_AXIS
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let [values, places] = inputs else { return Ok(Vec::new()) };
        let axis = self.place(values)?;
        let (mut one, mut other) = (values.clone(), places.clone());
        if other.rank() == one.rank() {
            (one.0[axis], other.0[axis]) = (Dimension::Known(1), Dimension::Known(1));
        }
        let mut shape = joined(TAKE_ALONG_AXIS.class, &one, &other)?;
        shape.0[axis] = places.0[axis];
        Ok(vec![shape])
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        inputs.first().copied().unwrap_or(InputType::Float32)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let is_time = |shape: &Shape| shape.rank() > 2 && self.place(shape).is_ok_and(|axis| axis == 1);
        match inputs.first().is_some_and(is_time) {
            true => Streaming::Impossible("picks timesteps".to_owned()),
            false => of_one_length(inputs),
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let [values, places] = lowering.inputs else { return Ok(Vec::new()) };
        let axis = self.place(values).unwrap_or(1) - 1;
        along::take_along([values.sample(), places.sample()], axis)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, shape};

    #[test]
    fn places_are_named_by_a_tensor() {
        let inputs = [array(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]), array(&[1, 1, 1], &[-1.0])];
        let layer = TakeAlongAxis { axis: 1, span: None };
        let output = layer.evaluate(&Call { inputs: &inputs, weights: &[] }).remove(0);
        assert_eq!((output.shape(), output.iter().copied().collect::<Vec<_>>()), (&[1, 1, 2][..], vec![3.0, 4.0]));
        let outside = [inputs[0].clone(), array(&[1, 1, 1], &[2.0])];
        assert!(layer.evaluate(&Call { inputs: &outside, weights: &[] })[0].iter().all(|value| value.is_nan()));
        let shapes =
            layer.output_shapes(&[shape(&[None, Some(5), Some(3)]), shape(&[None, Some(2), Some(1)])]).unwrap();
        assert_eq!(shapes[0].to_string(), "(None, 2, 3)");
    }
}
