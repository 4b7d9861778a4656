//! A recurrent layer out of a cell's weights and formula.

use std::fmt::Debug;

use ndarray::ArrayD;

use super::{CellWeights, LAST_STEP, SEQUENCE_FIX, TimeLoop, evaluate_masked};
use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Recurrence, ShownMask, StepMasking, Streaming, Takes, WeightSpec};
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::kernels::recurrent::{self, CellKind};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

/// What tells one recurrent layer from another.
pub(crate) trait Recurrent: Clone + Debug + 'static {
    /// The declaration.
    const DECLARATION: &'static Declaration;

    /// The flags.
    fn flags(&self) -> Recurrence;

    /// The same layer with other flags.
    fn with_flags(&self, flags: Recurrence) -> Self;

    /// The cell's weights.
    fn cell_weights(&self) -> CellWeights<'static>;

    /// The cell's kernel.
    fn kind(&self) -> CellKind;

    /// The formula, over time and without a mask.
    fn run<R: Real>(&self, time_loop: TimeLoop, call: &Call<'_, R>) -> Vec<ArrayD<R>>;

    /// The walk over time.
    fn time_loop(&self) -> TimeLoop {
        TimeLoop { class: Self::DECLARATION.class, flags: self.flags() }
    }

    /// All outputs, masked or not.
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let flags = self.flags();
        if flags.masking.is_read {
            return evaluate_masked(call, flags, |flags, call| self.with_flags(flags).evaluate(call));
        }
        self.run(self.time_loop(), call)
    }
}

impl<L: Recurrent> Layer for L {
    fn declaration(&self) -> &'static Declaration {
        Self::DECLARATION
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        self.time_loop().output_shapes(inputs)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        self.time_loop().weights(inputs, &self.cell_weights())
    }

    fn describes_output(&self) -> Option<&'static str> {
        (!self.flags().return_sequences).then_some(LAST_STEP)
    }

    fn sequence_fix(&self) -> Option<&'static str> {
        (!self.flags().return_sequences).then_some(SEQUENCE_FIX)
    }

    fn takes(&self) -> Takes {
        Takes::Sequence
    }

    fn recurrence(&self) -> Option<Recurrence> {
        Some(self.flags())
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        self.time_loop().streaming()
    }

    fn reversed(&self) -> Option<Box<dyn Layer>> {
        let flags = self.flags();
        Some(Box::new(self.with_flags(Recurrence { go_backwards: !flags.go_backwards, ..flags })))
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        recurrent::recurrent(lowering, self.flags(), self.kind())
    }

    fn with_zeros(&self, zeros: bool) -> Option<Box<dyn Layer>> {
        let flags = self.flags();
        let masking = StepMasking { zeros, ..flags.masking };
        Some(Box::new(self.with_flags(Recurrence { masking, ..flags })))
    }

    fn takes_mask(&self) -> bool {
        true
    }

    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        self.time_loop().mask(call)
    }

    fn with_mask(&self, shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        Ok(Some(Box::new(self.with_flags(self.time_loop().masked_flags(shapes)?))))
    }

    fn shown_mask(&self) -> ShownMask {
        if self.flags().return_sequences { ShownMask::First } else { ShownMask::None }
    }

    evaluate_generically!();
}
