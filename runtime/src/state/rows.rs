//! The last rows of a tensor, for windows over time and for what is joined later.

use super::StateError;
use super::saved::{Saved, put, take};
use super::simd::Float;

/// The last `ROWS` rows of `WIDTH` values; zero where there were none yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rows<const WIDTH: usize, const ROWS: usize> {
    rows: [[Float; WIDTH]; ROWS],
    /// Where the oldest row is, which the next one replaces.
    oldest: usize,
}

impl<const WIDTH: usize, const ROWS: usize> Rows<WIDTH, ROWS> {
    /// Before the first row.
    #[must_use]
    pub const fn zero() -> Self {
        Self { rows: [[0.0; WIDTH]; ROWS], oldest: 0 }
    }

    /// Puts a row to the others; the oldest goes.
    #[inline(always)]
    pub fn put(&mut self, row: &[Float; WIDTH]) {
        if let Some(oldest) = self.rows.get_mut(self.oldest) {
            *oldest = *row;
        }
        let next = self.oldest.wrapping_add(1);
        self.oldest = if next < ROWS { next } else { 0 };
    }

    /// The row that was the last one `back` rows ago; 0 is the last one.
    #[inline(always)]
    #[must_use]
    pub fn row(&self, back: usize) -> &[Float; WIDTH] {
        let place = self.oldest.wrapping_add(ROWS).wrapping_sub(back.wrapping_add(1));
        let place = if place >= ROWS { place.wrapping_sub(ROWS) } else { place };
        match self.rows.get(place) {
            Some(row) => row,
            None => &[0.0; WIDTH],
        }
    }

    /// As [`Rows::window`], where they are.
    #[inline(always)]
    #[must_use]
    pub fn taps<const TAPS: usize, const DILATION: usize>(&self, back: usize) -> [&[Float; WIDTH]; TAPS] {
        let mut taps = [self.row(back); TAPS];
        let mut at = back;
        for tap in &mut taps {
            *tap = self.row(at);
            at = at.wrapping_sub(DILATION);
        }
        taps
    }

    /// `TAPS` rows, `DILATION` apart, in the order in which they came; the first was the last one `back` rows ago.
    #[inline(always)]
    #[must_use]
    pub fn window<const TAPS: usize, const DILATION: usize>(&self, back: usize) -> [[Float; WIDTH]; TAPS] {
        let mut window = [[0.0; WIDTH]; TAPS];
        let mut at = back;
        for row in &mut window {
            *row = *self.row(at);
            at = at.wrapping_sub(DILATION);
        }
        window
    }
}

/// The oldest row first.
impl<const WIDTH: usize, const ROWS: usize> Saved for Rows<WIDTH, ROWS> {
    #[inline]
    fn save_to<'a, const UNITS: usize>(&self, floats: &'a mut [Float]) -> &'a mut [Float] {
        let mut floats = floats;
        for back in (0..ROWS).rev() {
            floats = put(self.row(back), floats);
        }
        floats
    }

    #[inline]
    fn load_from<const UNITS: usize>(floats: &[Float]) -> Result<(Self, &[Float]), StateError> {
        let mut state = Self::zero();
        let rest = take(state.rows.as_flattened_mut(), floats);
        Ok((state, rest))
    }
}

impl<const WIDTH: usize, const ROWS: usize> Default for Rows<WIDTH, ROWS> {
    fn default() -> Self {
        Self::zero()
    }
}

#[cfg(test)]
mod tests {
    use super::{Float, Rows, Saved};

    #[test]
    fn rows_come_back_in_their_order() {
        let mut rows = Rows::<2, 3>::zero();
        (1..=4).for_each(|value| rows.put(&[value as Float, -1.0]));
        let mut floats = [9.0; 7];
        assert_eq!(Saved::save_to::<0>(&rows, &mut floats), [9.0]);
        assert_eq!(floats[..6], [2.0, -1.0, 3.0, -1.0, 4.0, -1.0]);
        let (again, rest) = Rows::<2, 3>::load_from::<0>(&floats).unwrap();
        assert_eq!((again.row(0), again.row(2), rest), (&[4.0, -1.0], &[2.0, -1.0], &[9.0][..]));
    }

    #[test]
    fn windows_are_in_order_and_zero_before_the_beginning() {
        let mut rows = Rows::<1, 5>::zero();
        assert_eq!(rows.window::<3, 2>(4), [[0.0]; 3]);
        for value in 1..=7 {
            rows.put(&[value as Float]);
            let at = |back: i32| if value > back { (value - back) as Float } else { 0.0 };
            assert_eq!(rows.window::<3, 2>(4), [[at(4)], [at(2)], [at(0)]]);
            assert_eq!(rows.row(3), &[at(3)]);
            assert_eq!(rows.taps::<2, 1>(1), [&[at(1)], &[at(0)]]);
        }
    }
}
