//! All rows of a tensor so far as one, for pooling over time.

use super::StateError;
use super::saved::{Saved, put, put_count, take, take_count};
use super::simd::Float;

/// `WIDTH` values that hold all rows so far, and how many rows those were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Folded<const WIDTH: usize> {
    /// The sums, or whatever the rows were folded to; of no meaning before the first row.
    pub values: [Float; WIDTH],
    /// Rows so far.
    pub count: u64,
}

impl<const WIDTH: usize> Folded<WIDTH> {
    /// Before the first row.
    #[must_use]
    pub const fn zero() -> Self {
        Self { values: [0.0; WIDTH], count: 0 }
    }
}

impl<const WIDTH: usize> Saved for Folded<WIDTH> {
    #[inline]
    fn save_to<'a, const UNITS: usize>(&self, floats: &'a mut [Float]) -> &'a mut [Float] {
        put(&self.values, put_count(self.count, floats))
    }

    #[inline]
    fn load_from<const UNITS: usize>(floats: &[Float]) -> Result<(Self, &[Float]), StateError> {
        let (count, floats) = take_count(floats)?;
        let mut state = Self { count, ..Self::zero() };
        let rest = take(&mut state.values, floats);
        Ok((state, rest))
    }
}

impl<const WIDTH: usize> Default for Folded<WIDTH> {
    fn default() -> Self {
        Self::zero()
    }
}
