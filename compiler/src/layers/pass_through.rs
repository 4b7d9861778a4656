//! Layers that inference passes its input through unchanged: `Dropout` and its kin, `Identity`.

use ndarray::ArrayD;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::passes_masks;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

/// A layer that acts in training only.
#[derive(Clone, Debug)]
pub(crate) struct PassThrough {
    /// Its class.
    pub(crate) declaration: &'static Declaration,
    /// Whether it insists on a sequence.
    pub(crate) needs_sequence: bool,
}

impl PassThrough {
    /// One that takes any shape.
    pub(crate) fn boxed(declaration: &'static Declaration) -> Box<dyn Layer> {
        Box::new(Self { declaration, needs_sequence: false })
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        call.inputs.to_vec()
    }
}

impl Layer for PassThrough {
    fn declaration(&self) -> &'static Declaration {
        self.declaration
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(self.declaration.class, inputs)?;
        let check = if self.needs_sequence { check.sequence()? } else { check };
        Ok(vec![check.shape.clone()])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn is_identity(&self) -> bool {
        true
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        Ok(Vec::new())
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};
    use crate::layers::{dropout, spatial_dropout_1d};

    #[test]
    fn values_and_shape_stay() {
        let layer = PassThrough { declaration: &dropout::DROPOUT, needs_sequence: false };
        assert!(layer.is_identity());
        assert_eq!(layer.output_shapes(&[shape(&[None, None])]).unwrap()[0].to_string(), "(None, None)");
        let inputs = [array(&[1, 2], &[1.0, -2.0])];
        assert_near(&layer.evaluate(&Call { inputs: &inputs, weights: &[] })[0], &[1, 2], &[1.0, -2.0]);
    }

    #[test]
    fn spatial_dropout_insists_on_a_sequence() {
        let layer = PassThrough { declaration: &spatial_dropout_1d::SPATIAL_DROPOUT_1D, needs_sequence: true };
        assert!(layer.output_shapes(&[shape(&[None, Some(2)])]).is_err());
        assert!(layer.output_shapes(&[shape(&[None, None, Some(2)])]).is_ok());
    }
}
