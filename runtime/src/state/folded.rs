//! All rows of a tensor so far as one, for pooling over time.

/// `WIDTH` values that hold all rows so far, and how many rows those were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Folded<const WIDTH: usize> {
    /// The sums, or whatever the rows were folded to; of no meaning before the first row.
    pub values: [f32; WIDTH],
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

impl<const WIDTH: usize> Default for Folded<WIDTH> {
    fn default() -> Self {
        Self::zero()
    }
}
