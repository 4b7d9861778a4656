//! What is remembered between steps. Of a recurrent layer: whole cache lines, zero at the start of a sequence. Of windows
//! over time: rows of earlier frames. Of a whole stream: how many frames it has seen.

mod clock;
mod folded;
mod rows;
mod saved;

pub use crate::snapshot::{State, StateError};
pub use clock::{Clock, due_rows};
pub use folded::Folded;
pub use rows::Rows;
pub use saved::Saved;

// The module beside this one, which comes with each of the crate's number types.
use super::simd;
use super::simd::{Float, Line};

/// More lines than these are made zero in a function that all layers of this size share: in place it takes as many instructions
/// as the registers are narrower, for every layer.
const FEW: usize = 2;

/// Sixteen units a line; lanes beyond the layer's units hold what their zero weights make of them and are never read.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Lines<const LINES: usize>(pub(crate) [Line; LINES]);

impl<const LINES: usize> Lines<LINES> {
    const ZERO: Self = Lines([[0.0; 16]; LINES]);

    /// All zero.
    #[inline(always)]
    pub const fn zero() -> Self {
        if LINES > FEW { Self::many() } else { Self::ZERO }
    }

    /// As [`Lines::zero`], in a function of its own.
    #[inline(never)]
    const fn many() -> Self {
        Self::ZERO
    }

    /// The first `U` units; `LINES` must hold as many, which is checked when compiling.
    #[inline(always)]
    pub fn units<const U: usize>(&self) -> &[Float; U] {
        const { assert!(U <= 16 * LINES, "the state has fewer lines than the units need") };
        match self.0.as_flattened().first_chunk() {
            Some(units) => units,
            None => &[0.0; U],
        }
    }

    /// As [`Lines::units`], to be written: an initial state.
    #[inline(always)]
    pub fn set<const U: usize>(&mut self, values: &[Float; U]) {
        const { assert!(U <= 16 * LINES, "the state has fewer lines than the units need") };
        if let Some(units) = self.0.as_flattened_mut().first_chunk_mut() {
            *units = *values;
        }
    }
}

/// A state that a call begins with and answers.
pub(crate) trait Begun {
    /// The state whose parts are these rows of flat tensors.
    fn begin<const UNITS: usize>(states: &[&[Float]], row: usize) -> Self;
    /// Its parts side by side.
    fn end<const UNITS: usize>(&self, output: &mut [Float]);
}

/// States that consist of lines.
macro_rules! states {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident),* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name<const LINES: usize> {
            $($(#[$field_doc])* pub $field: Lines<LINES>,)*
        }

        impl<const LINES: usize> $name<LINES> {
            const ZERO: Self = $name { $($field: Lines::ZERO),* };

            /// The state before the first step.
            #[inline(always)]
            pub const fn zero() -> Self {
                if LINES > FEW { Self::many() } else { Self::ZERO }
            }

            /// As [`Self::zero`], in a function of its own.
            #[inline(never)]
            const fn many() -> Self {
                Self::ZERO
            }
        }

        impl<const LINES: usize> Begun for $name<LINES> {
            #[inline(always)]
            fn begin<const UNITS: usize>(states: &[&[Float]], row: usize) -> Self {
                let (mut state, rest) = (Self::zero(), states);
                $(
                    let Some((first, rest)) = rest.split_first() else { return state };
                    if let Some(units) = first.get(row * UNITS..).and_then(<[Float]>::first_chunk::<UNITS>) {
                        state.$field.set(units);
                    }
                )*
                let _ = rest;
                state
            }

            #[inline(always)]
            fn end<const UNITS: usize>(&self, output: &mut [Float]) {
                let rest = output;
                $(
                    let Some((units, rest)) = rest.split_first_chunk_mut::<UNITS>() else { return };
                    *units = *self.$field.units::<UNITS>();
                )*
                let _ = rest;
            }
        }

        impl<const LINES: usize> Saved for $name<LINES> {
            #[inline]
            fn save_to<'a, const UNITS: usize>(&self, floats: &'a mut [Float]) -> &'a mut [Float] {
                $(let floats = saved::put(self.$field.units::<UNITS>(), floats);)*
                floats
            }

            #[inline]
            fn load_from<const UNITS: usize>(floats: &[Float]) -> Result<(Self, &[Float]), StateError> {
                let mut state = Self::zero();
                $(
                    let mut units = [0.0; UNITS];
                    let floats = saved::take(&mut units, floats);
                    state.$field.set(&units);
                )*
                Ok((state, floats))
            }
        }

        impl<const LINES: usize> Default for $name<LINES> {
            fn default() -> Self {
                Self::zero()
            }
        }
    )*};
}

states! {
    /// State of a [`SimpleRnn`](super::kernels::SimpleRnn).
    SimpleRnnState {
        /// The last output.
        h
    }
    /// State of a [`Gru`](super::kernels::Gru) or a [`GruResetBefore`](super::kernels::GruResetBefore).
    GruState {
        /// The last output.
        h
    }
    /// State of an [`Lstm`](super::kernels::Lstm).
    LstmState {
        /// The last output.
        h,
        /// The carried cell.
        c
    }
}
