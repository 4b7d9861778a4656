//! Parts of states as numbers.

use super::simd::Float;
use crate::snapshot::StateError;
/// A part of a state.
pub trait Saved: Sized {
    /// Writes itself at the front; answers what is left behind it.
    fn save_to<'a, const UNITS: usize>(&self, floats: &'a mut [Float]) -> &'a mut [Float];

    /// Reads itself at the front; answers what is left behind it, too.
    ///
    /// # Errors
    /// Where a count is none.
    fn load_from<const UNITS: usize>(floats: &[Float]) -> Result<(Self, &[Float]), StateError>;
}

/// Puts values at the front; answers what is left behind them.
#[inline]
pub(super) fn put<'a>(values: &[Float], floats: &'a mut [Float]) -> &'a mut [Float] {
    let (place, rest) = floats.split_at_mut_checked(values.len()).unwrap_or_default();
    place.iter_mut().zip(values).for_each(|(place, value)| *place = *value);
    rest
}

/// Fills `values` from the front; answers what is left behind them.
#[inline]
pub(super) fn take<'a>(values: &mut [Float], floats: &'a [Float]) -> &'a [Float] {
    let (given, rest) = floats.split_at_checked(values.len()).unwrap_or_default();
    values.iter_mut().zip(given).for_each(|(place, value)| *place = *value);
    rest
}

/// Floats that [`put_count`] writes: each holds 16 bits, which a float of any format that travels well has exactly.
const DIGITS: usize = 4;

/// Puts a count at the front.
#[inline]
pub(super) fn put_count(count: u64, floats: &mut [Float]) -> &mut [Float] {
    let mut digits = [0.0; DIGITS];
    let mut rest = count;
    for digit in &mut digits {
        *digit = Float::from((rest & 0xffff) as u16);
        rest >>= 16;
    }
    put(&digits, floats)
}

/// Reads a count at the front.
#[inline]
pub(super) fn take_count(floats: &[Float]) -> Result<(u64, &[Float]), StateError> {
    let mut digits = [0.0; DIGITS];
    let rest = take(&mut digits, floats);
    let mut count = 0;
    for digit in digits.iter().rev() {
        let value = *digit as u16;
        if Float::from(value).to_bits() != digit.to_bits() {
            return Err(StateError::Count);
        }
        count = count << 16 | u64::from(value);
    }
    Ok((count, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_back_exactly() {
        for count in [0, 1, 65_535, 65_536, 1 << 33, u64::MAX] {
            let mut floats = [9.0; 5];
            assert_eq!(put_count(count, &mut floats), [9.0]);
            assert_eq!(take_count(&floats), Ok((count, &[9.0][..])));
        }
        for wrong in [0.5, -1.0, -0.0, 65_536.0, Float::NAN, Float::INFINITY] {
            assert_eq!(take_count(&[wrong, 0.0, 0.0, 0.0]), Err(StateError::Count), "{wrong}");
        }
    }
}
