//! A tensor with the mask of another one: what a model inside `TimeDistributed` answers has the mask of what it reads, whatever
//! the model does with masks. No text names it. See [`crate::masks`].

use ndarray::ArrayD;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::mask_of::hidden;
use crate::masks::{MaskCall, Masked};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

/// Its declaration.
pub(crate) const MASK_KEPT: Declaration = hidden("KeptMask", "A tensor with the mask of another one.");

/// Reads the tensor, and the one whose mask it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaskKept;

impl MaskKept {
    #[allow(clippy::unused_self)]
    fn evaluate<R: Real>(self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        call.inputs[..1].to_vec()
    }
}

impl Layer for MaskKept {
    fn declaration(&self) -> &'static Declaration {
        &MASK_KEPT
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Ok(inputs[..1].to_vec())
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn is_operation(&self) -> bool {
        true
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

    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        Ok(Masked::with(call.masks.get(1).copied().flatten()))
    }

    evaluate_generically!();
}
