//! Smaller numbers in place of weights: in float64 there are none.

use crate::safetensors::Floats;

/// What rows of weights are stored as, where not as floats: nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {}

/// One `Store` of a packing; none exists.
#[allow(dead_code, reason = "the fields are those of the steps in float32")]
pub(crate) struct Step {
    pub(crate) source: usize,
    pub(crate) destination: usize,
    pub(crate) loops: [(usize, usize, usize); 4],
    pub(crate) scale: f64,
    pub(crate) storage: Storage,
    pub(crate) scales: Option<(usize, [usize; 4])>,
}

impl Step {
    /// Never runs.
    pub(crate) const fn run(&self, _tensor: Floats<'_>, _packed: &mut [f64]) -> Option<usize> {
        match self.storage {}
    }
}
