//! GRU, reset gate before the product (`reset_after=False`).
//!
//! z = rec(x·Kz + bz + h·Rz);  r = rec(x·Kr + br + h·Rr);  h' = z ⊙ h + (1 − z) ⊙ act(x·Kh + bh + (r ⊙ h)·Rh)
//!
//! One layout for all sizes, that of `panel.rs`: three columns z, r, h of the bias and the features, two of the state, z, r. Behind all
//! panels stand the candidate's weights, `[panel][units][block][16]`. Source: Keras `GRU`; Cho et al.
//! 2014, arXiv:1406.1078v3.

use super::Panels;
use super::activation::Activation;
use super::drive::{Journey, Kept, Layer, recurrent_layer};
use super::panel::{self, Groups, add_rows, part_of};
use super::simd::{Float, In, Isa, Line, Vector, Weight};
use super::state::{GruState, Lines};
use core::marker::PhantomData;

/// A GRU layer of `U` units over `F` features: activation `A`, recurrent activation `R`; the class is always [`Panels`].
#[derive(Clone, Copy, Debug)]
pub struct GruResetBefore<const F: usize, const U: usize, const LINES: usize, A, R, C>(PhantomData<(A, R, C)>);

/// All sizes.
#[derive(Clone, Copy)]
struct Large<const SPLITS: usize, const RAGGED: bool, A, R, W>(PhantomData<(A, R, W)>);

impl<const SPLITS: usize, const RAGGED: bool, A: Activation, R: Activation, W: Weight> panel::Kind
    for Large<SPLITS, RAGGED, A, R, W>
{
    type Weight = W;
    const BLOCKS: usize = 2;
    const IS_RAGGED: bool = RAGGED;
    const BIAS: usize = 3;
    const INPUTS: usize = 3;
    const STATE: usize = 2;

    #[inline(always)]
    fn advance<I: Isa>(isa: I, cell: panel::Cell<'_, Self>, state: &mut panel::State<'_>, step: panel::Step<'_>) {
        let groups = Groups::of::<Self>(cell.blocks(), Self::BLOCKS);
        // First every reset gate, as the candidate's sums need r ⊙ h of all units; z waits in `c`.
        for index in 0..groups.count() {
            match groups.get(index, step.turned) {
                (first, 2..) => Self::gates::<I, 4>(isa, cell, state, step, first),
                (first, _) => Self::gates::<I, 2>(isa, cell, state, step, first),
            }
        }
        for index in 0..groups.count() {
            match groups.get(index, step.turned) {
                (first, 2..) => Self::candidate::<I, 2>(isa, cell, state, step, first),
                (first, _) => Self::candidate::<I, 1>(isa, cell, state, step, first),
            }
        }
        // The candidate's sums read `next`, so the outputs were gathered in `c`.
        for (next, output) in state.next.iter_mut().zip(state.c.iter()) {
            *next = *output;
        }
    }
}

impl<const SPLITS: usize, const RAGGED: bool, A: Activation, R: Activation, W: Weight> Large<SPLITS, RAGGED, A, R, W> {
    /// z into `c` and r ⊙ h into `next`, for the blocks from `first` on; `N` columns, two in each block.
    #[inline(always)]
    fn gates<I: Isa, const N: usize>(
        isa: I,
        cell: panel::Cell<'_, Self>,
        state: &mut panel::State<'_>,
        step: panel::Step<'_>,
        first: usize,
    ) {
        let (inputs, units) = (cell.inputs(first, 0, step.input), cell.of_state(first, state.h.as_flattened()));
        let mut sums: [Line; N] = cell.start(step, first, 2, 0);
        add_rows::<I, W, N, 1>(isa, &mut sums, inputs, 2, false);
        add_rows::<I, W, N, SPLITS>(isa, &mut sums, units, 2, step.turned);
        for (index, gates) in sums.as_chunks::<2>().0.iter().enumerate() {
            let index = first + index;
            if let (Some(h), Some(c), Some(next)) =
                (state.h.get(index), state.c.get_mut(index), state.next.get_mut(index))
            {
                for part in 0..panel::parts(isa) {
                    let [z, r] = part_of(isa, gates, part);
                    R::gate(z).store(c, part);
                    R::gate(r).mul(I::Block::load(isa, h, part)).store(next, part);
                }
            }
        }
    }

    /// The output into `c`, for `N` blocks from `first` on.
    #[inline(always)]
    fn candidate<I: Isa, const N: usize>(
        isa: I,
        cell: panel::Cell<'_, Self>,
        state: &mut panel::State<'_>,
        step: panel::Step<'_>,
        first: usize,
    ) {
        // The candidate's column is the third of an input's row.
        let (inputs, units) = (cell.inputs(first, 2, step.input), cell.behind(first, 2, state.next.as_flattened()));
        let mut sums: [Line; N] = cell.start(step, first, 1, 2);
        add_rows::<I, W, N, 1>(isa, &mut sums, inputs, 1, false);
        add_rows::<I, W, N, SPLITS>(isa, &mut sums, units, 1, step.turned);
        for (index, sum) in sums.iter().enumerate() {
            if let (Some(h), Some(c)) = (state.h.get(first + index), state.c.get_mut(first + index)) {
                for part in 0..panel::parts(isa) {
                    blend::<I, A>(isa, I::Block::load(isa, sum, part), h, c, part);
                }
            }
        }
    }
}

/// From z, which is replaced, and the candidate's sum to the output.
#[inline(always)]
fn blend<I: Isa, A: Activation>(isa: I, sum: I::Block, h: &Line, z_then_output: &mut Line, part: usize) {
    let z = I::Block::load(isa, z_then_output, part);
    let (rest, kept) = (z.splat(1.0).sub(z), z.mul(I::Block::load(isa, h, part).quieted()));
    A::quiet(sum).mul_add(rest, kept).store(z_then_output, part);
}

impl<const F: usize, const U: usize, const LINES: usize, const SPLITS: usize, A: Activation, R: Activation, W: Weight>
    Layer for GruResetBefore<F, U, LINES, A, R, Panels<SPLITS, W>>
{
    type State = GruState<LINES>;

    #[inline(always)]
    fn drive<I: Isa, K: Kept>(isa: I, weights: &[Float], state: &mut Self::State, journey: Journey<'_, K>) {
        let (mut next, mut gate) = (Lines::<LINES>::zero(), Lines::<LINES>::zero());
        let state = panel::State { h: &mut state.h.0, c: &mut gate.0, next: &mut next.0 };
        if LINES.is_multiple_of(2) {
            panel::drive::<I, Large<SPLITS, false, A, R, W>, K, F, U>(isa, weights, state, journey);
        } else {
            panel::drive::<I, Large<SPLITS, true, A, R, W>, K, F, U>(isa, weights, state, journey);
        }
    }
}

recurrent_layer! { GruResetBefore<A, R>, GruState }
