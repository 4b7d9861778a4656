//! States as numbers: to keep them elsewhere and to go on from them.

use core::fmt;

/// What a stream carries from frame to frame; a plain value, which may be copied and given back.
///
/// [`save`](State::save) writes it as floats, [`load`](State::load) reads them. Their meaning hangs on the model's layers, so
/// [`LAYOUT`](State::LAYOUT) goes with them: a number that names of layers, kinds of states and sizes decide.
pub trait State: Copy + 'static {
    /// What it is saved as: `f32`, or `f64` for models that compute in float64.
    type Number: Copy + 'static;
    /// How many floats it is saved as.
    const FLOATS: usize;
    /// What these floats mean.
    const LAYOUT: u64;

    /// Before the first frame.
    fn new() -> Self;

    #[doc(hidden)]
    fn write(&self, floats: &mut [Self::Number]);

    #[doc(hidden)]
    fn read(floats: &[Self::Number]) -> Result<Self, StateError>;

    /// Writes the state into `floats`, of which there are [`FLOATS`](State::FLOATS).
    ///
    /// # Errors
    /// Where `floats` has another length.
    #[inline]
    fn save(&self, floats: &mut [Self::Number]) -> Result<(), StateError> {
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
    fn load(floats: &[Self::Number], layout: u64) -> Result<Self, StateError> {
        if layout != Self::LAYOUT {
            return Err(StateError::Layout { expected: Self::LAYOUT, got: layout });
        }
        StateError::check_length(Self::FLOATS, floats.len())?;
        Self::read(floats)
    }
}

/// The state of a stream that has none.
impl State for () {
    type Number = f32;
    const FLOATS: usize = 0;
    const LAYOUT: u64 = 0;

    #[inline]
    fn new() -> Self {}

    #[inline]
    fn write(&self, _floats: &mut [Self::Number]) {}

    #[inline]
    fn read(_floats: &[Self::Number]) -> Result<Self, StateError> {
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
