//! A tensor with the mask of another one: what a model inside `TimeDistributed` answers has the mask of what it reads, whatever
//! the model does with masks. No text names it. See [`crate::masks`].

use crate::declaration::Declaration;
use crate::layer::{Layer, Mismatch};
use crate::layers::mask_of::{hidden, passes_first_on};
use crate::masks::{MaskCall, Masked};

/// Its declaration.
pub(crate) const MASK_KEPT: Declaration = hidden("KeptMask", "A tensor with the mask of another one.");

/// Reads the tensor, and the one whose mask it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaskKept;

impl Layer for MaskKept {
    fn declaration(&self) -> &'static Declaration {
        &MASK_KEPT
    }

    passes_first_on!();

    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        Ok(Masked::with(call.masks.get(1).copied().flatten()))
    }
}
