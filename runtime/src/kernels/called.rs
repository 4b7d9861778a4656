//! A cell that is called by itself: one step of each row, from the states that the row gives.
//!
//! The step is that of the layer over time, so a call has the bits of a sequence of one step that begins with these states.
//! Cells that are called are mostly called again: where that takes less code, each call shares one copy of the step.

use super::drive::{Journey, Layer, Way};
use super::simd::{Float, Isa};
use super::state::Begun;

/// One step of every row.
///
/// - `weights`: the cell's packed segment
/// - `inputs`: the rows `[F]`, then each state's rows `[U]`, all flat
/// - `output`: rows of all states side by side, the cell's output first: `[(N - 1) · U]`, flat
#[inline(always)]
pub(super) fn rows<I: Isa, L, const F: usize, const U: usize, const N: usize>(
    isa: I,
    weights: &[Float],
    inputs: [&[Float]; N],
    output: &mut [Float],
) where
    L: Layer,
    L::State: Begun,
{
    let Some((input, states)) = inputs.split_first() else { return };
    let n_floats = states.len() * U;
    if n_floats == 0 {
        return;
    }
    for (row, output) in output.chunks_exact_mut(n_floats).enumerate() {
        let Some(input) = input.get(row * F..(row + 1) * F) else { return };
        let mut state = L::State::begin::<U>(states, row);
        L::drive(isa, weights, &mut state, Journey::of_one(input, Way::UNROLLED));
        state.end::<U>(output);
    }
}
