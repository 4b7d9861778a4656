//! `keras.ops.normalize(x, axis=-1)`: values divided by their length along an axis.
//!
//! <https://keras.io/api/ops/nn/#normalize-function>. `x · min(1/√Σx², 1/epsilon)`. Difference to Keras: orders other than 2 are not
//! there yet.

use ndarray::ArrayD;
use rnn_grammar::Span;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::axes::{map_groups, mixes_time, shape_of};
use crate::layers::checks::Check;
use crate::layers::operator::operation;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

const NORMALIZE: Declaration = operation("Normalize", "normalize");

/// Along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Normalized {
    pub(crate) axis: i128,
    pub(crate) epsilon: f64,
    pub(crate) span: Option<Span>,
}

impl Normalized {
    fn place(&self, shape: &Shape) -> Result<usize, Mismatch> {
        Check { class: NORMALIZE.class, shape }.axis(self.axis, self.span)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let place = self.place(&shape_of(input)).unwrap_or(1);
        let largest = R::of(1.0 / self.epsilon);
        vec![map_groups(input, &[place], |group| {
            let squares = group.iter().fold(R::zero(), |sum, &x| sum + x * x);
            let factor = (R::one() / squares.sqrt()).minimum(largest);
            group.into_iter().map(|x| x * factor).collect()
        })]
    }
}

impl Layer for Normalized {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        &NORMALIZE
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(NORMALIZE.class, inputs)?;
        self.place(check.shape)?;
        Ok(vec![check.shape.clone()])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        mixes_time(inputs, |shape| Ok(vec![self.place(shape)?]), "normalizes over the timesteps")
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let place = self.place(shape).unwrap_or(1) - 1;
        let unit = |width| vec![kernels::unit(width, 1.0 / self.epsilon)];
        kernels::over_axes(lowering.sample(), &[place], unit)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near};

    #[test]
    fn lengths_become_one() {
        let inputs = [array(&[1, 2, 2], &[3.0, 4.0, 0.0, 0.0])];
        let layer = Normalized { axis: -1, epsilon: 1e-7, span: None };
        let output = layer.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&output[0], &[1, 2, 2], &[0.6, 0.8, 0.0, 0.0]);
    }
}
