//! States as numbers: to keep them elsewhere and to go on from them.

use super::simd::Float;
use core::fmt;

/// What a stream carries from frame to frame; a plain value, which may be copied and given back.
///
/// [`save`](State::save) writes it as floats, [`load`](State::load) reads them. Their meaning hangs on the model's layers, so
/// [`LAYOUT`](State::LAYOUT) goes with them: a number that names of layers, kinds of states and sizes decide.
pub trait State: Copy + 'static {
    /// How many floats it is saved as.
    const FLOATS: usize;
    /// What these floats mean.
    const LAYOUT: u64;

    /// Before the first frame.
    fn new() -> Self;

    #[doc(hidden)]
    fn write(&self, floats: &mut [Float]);

    #[doc(hidden)]
    fn read(floats: &[Float]) -> Result<Self, StateError>;

    /// Writes the state into `floats`, of which there are [`FLOATS`](State::FLOATS).
    ///
    /// # Errors
    /// Where `floats` has another length.
    #[inline]
    fn save(&self, floats: &mut [Float]) -> Result<(), StateError> {
        StateError::check_length(Self::FLOATS, floats.len())?;
        self.write(floats);
        Ok(())
    }

    /// Reads what [`save`](State::save) wrote for a state with this `layout`.
    ///
    /// # Errors
    /// Where it is that of another state, where `floats` has another length, or where numbers among them are none that
    /// `save` writes.
    #[inline]
    fn load(floats: &[Float], layout: u64) -> Result<Self, StateError> {
        if layout != Self::LAYOUT {
            return Err(StateError::Layout { expected: Self::LAYOUT, got: layout });
        }
        StateError::check_length(Self::FLOATS, floats.len())?;
        Self::read(floats)
    }
}

/// The state of a stream that has none.
impl State for () {
    const FLOATS: usize = 0;
    const LAYOUT: u64 = 0;

    #[inline]
    fn new() -> Self {}

    #[inline]
    fn write(&self, _floats: &mut [Float]) {}

    #[inline]
    fn read(_floats: &[Float]) -> Result<Self, StateError> {
        Ok(())
    }
}

/// Why floats are no state of this model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateError {
    /// They are the state of other layers.
    Layout {
        /// The layout of the state that was asked for.
        expected: u64,
        /// That of what was given.
        got: u64,
    },
    /// There are more or fewer than the state has.
    Length {
        /// So many there must be.
        expected: usize,
        /// So many there are.
        got: usize,
    },
    /// A count among them is none.
    Count,
}

impl StateError {
    const fn check_length(expected: usize, got: usize) -> Result<(), Self> {
        if expected == got { Ok(()) } else { Err(Self::Length { expected, got }) }
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout { expected, got } => {
                write!(formatter, "the state is one of other layers: its layout is {got:#018x}, not {expected:#018x}")
            }
            Self::Length { expected, got } => write!(formatter, "a state of {expected} floats expected, {got} given"),
            Self::Count => formatter.write_str("the state is damaged: a count of frames or rows is none"),
        }
    }
}

impl core::error::Error for StateError {}

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
