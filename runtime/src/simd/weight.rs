//! Weights as they lie in memory: floats, or smaller numbers (in float32 only) that become floats when they are read.
//!
//! A packed segment is one slice of floats, whatever it stores. Biases and scales in it are floats; the rows of a smaller
//! type stand behind them, [`Weight::PER_FLOAT`] in the room of a float, and are read through a view of the whole
//! segment ([`Weight::of`]). Expansion is exact, so every instruction set gets the same floats.

use super::{Float, Vector, sealed::Sealed};

/// A number that rows of weights are stored as.
pub trait Weight: Copy + Sealed + 'static {
    /// How many of them take the room of one float.
    const PER_FLOAT: usize;
    /// Whether a sum of products is multiplied by its column's scale before it is added to what it starts from.
    const SCALED: bool;

    /// The memory of the floats as such numbers.
    fn of(packed: &[Float]) -> &[Self];
    /// As many of them as the vector has lanes, as floats.
    ///
    /// # Safety
    /// The processor has the vector's instruction set, and `source` is readable for as many numbers.
    unsafe fn load<V: Vector>(source: *const Self) -> V;
}

/// Weights whose sums of products go on from the bias, so that several passes can add to them.
pub trait Unscaled: Weight {}

impl Sealed for Float {}
impl Weight for Float {
    const PER_FLOAT: usize = 1;
    const SCALED: bool = false;

    #[inline(always)]
    fn of(packed: &[Float]) -> &[Float] {
        packed
    }
    #[inline(always)]
    unsafe fn load<V: Vector>(source: *const Float) -> V {
        // SAFETY: the caller's promise is the same.
        unsafe { V::load_pointer(source) }
    }
}
impl Unscaled for Float {}
