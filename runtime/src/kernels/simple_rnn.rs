//! SimpleRNN.
//!
//! h' = act(x·K + b + h·R)
//!
//! Layouts: `small.rs` and `panel.rs` with one column, panels of up to four blocks. Source: Keras `SimpleRNN`; Elman 1990.

use super::activation::Activation;
use super::drive::{Drive, Journey, Kept, Layer, recurrent_layer};
use super::panel::{self, Groups, add_rows};
use super::simd::{Float, In, Isa, Line, Program, Weight};
use super::small::{self, Kind, Step, Without, columns, parts, place, sums};
use super::state::{Lines, SimpleRnnState};
use super::{Panels, Small};
use core::marker::PhantomData;

/// A SimpleRNN layer of `U` units over `F` features: activation `A`, size class `C`.
#[derive(Clone, Copy, Debug)]
pub struct SimpleRnn<const F: usize, const U: usize, const LINES: usize, A, C>(PhantomData<(A, C)>);

/// The small class.
#[derive(Clone, Copy)]
struct SmallRnn<const U: usize, const LINES: usize, const V: usize, const S: usize, A, W>(PhantomData<(A, W)>);

impl<const U: usize, const LINES: usize, const V: usize, const S: usize, A: Activation, W: Weight>
    SmallRnn<U, LINES, V, S, A, W>
{
    /// A cell of no more units than `N` has lanes.
    #[inline(always)]
    fn narrow<I: Isa, N: In<I>>(isa: I, h: &mut Lines<LINES>, step: Step<'_>) {
        let [sum] = columns::<I, N, W, 1, S>(isa, step, h.units::<U>(), Without::NONE, [0, V]);
        A::quiet_soon(sum).store(&mut h.0[0], 0);
    }
}

impl<const U: usize, const LINES: usize, const V: usize, const S: usize, A: Activation, W: Weight> Kind
    for SmallRnn<U, LINES, V, S, A, W>
{
    type Weight = W;
    type State = SimpleRnnState<LINES>;
    const LINES_A_ROW: usize = V;
    const UNITS: usize = U;
    const SUMS: usize = V * S;

    #[inline(always)]
    fn hidden(state: &Self::State) -> &[Float] {
        state.h.0.as_flattened()
    }

    #[inline(always)]
    fn advance<I: Isa>(isa: I, state: &mut Self::State, step: Step<'_>) {
        if U <= 4 {
            Self::narrow::<I, I::V4>(isa, &mut state.h, step);
        } else if U <= 8 {
            Self::narrow::<I, I::V8>(isa, &mut state.h, step);
        } else {
            let mut lines = [[0.0; 16]; V];
            sums::<I, W, V, S>(isa, step, state.h.units::<U>(), Without::NONE, &mut lines, [0, V]);
            for part in 0..parts(isa, V) {
                let (block, part) = place(isa, part);
                let sum = I::Group::load(isa, &lines[block % V], part);
                A::quiet(sum).store(&mut state.h.0[block % LINES], part);
            }
        }
    }
}

/// The panels class.
#[derive(Clone, Copy)]
struct LargeRnn<const SPLITS: usize, A, W>(PhantomData<(A, W)>);

impl<const SPLITS: usize, A: Activation, W: Weight> panel::Kind for LargeRnn<SPLITS, A, W> {
    type Weight = W;
    const BLOCKS: usize = 4;
    const SIDE_BY_SIDE: bool = true;
    const BIAS: usize = 1;
    const INPUTS: usize = 1;
    const STATE: usize = 1;

    #[inline(always)]
    fn advance<I: Isa>(isa: I, cell: panel::Cell<'_, Self>, state: &mut panel::State<'_>, step: panel::Step<'_>) {
        let (full, rest) = (cell.blocks() / 4, cell.blocks() % 4);
        let groups = Groups::of::<Self>(full, I::BLOCKS);
        for index in 0..groups.count() + 1 {
            // The narrower last panel comes after the groups, or before them on the way back.
            let place = if step.turned { groups.count() - index } else { index };
            if place == groups.count() {
                match rest {
                    0 => {}
                    1 => Self::group::<I, 1>(isa, cell, state, step, 4 * full, 1),
                    2 => Self::group::<I, 2>(isa, cell, state, step, 4 * full, 2),
                    _ => Self::group::<I, 3>(isa, cell, state, step, 4 * full, 3),
                }
                continue;
            }
            match groups.get(place, false) {
                (first, 2..) if I::BLOCKS > 1 => Self::group::<I, 8>(isa, cell, state, step, 4 * first, 4),
                (first, _) => Self::group::<I, 4>(isa, cell, state, step, 4 * first, 4),
            }
        }
    }
}

impl<const SPLITS: usize, A: Activation, W: Weight> LargeRnn<SPLITS, A, W> {
    /// `N` blocks from `first` on, `width` of them in each panel.
    #[inline(always)]
    fn group<I: Isa, const N: usize>(
        isa: I,
        cell: panel::Cell<'_, Self>,
        state: &mut panel::State<'_>,
        step: panel::Step<'_>,
        first: usize,
        width: usize,
    ) {
        let (inputs, units) = (cell.inputs(first, 0, step.input), cell.of_state(first, state.h.as_flattened()));
        let mut sums: [Line; N] = cell.start(step, first, width, 0);
        add_rows::<I, W, N, 1>(isa, &mut sums, inputs, width, false);
        add_rows::<I, W, N, SPLITS>(isa, &mut sums, units, width, step.turned);
        for (sum, line) in sums.iter().zip(state.next.iter_mut().skip(first)) {
            for part in 0..panel::parts(isa) {
                A::quiet(I::Block::load(isa, sum, part)).store(line, part);
            }
        }
    }
}

impl<const F: usize, const U: usize, const LINES: usize, const V: usize, const S: usize, A: Activation, W: Weight> Layer
    for SimpleRnn<F, U, LINES, A, Small<V, S, W>>
{
    type State = SimpleRnnState<LINES>;

    #[inline(always)]
    fn drive<I: Isa, K: Kept>(isa: I, weights: &[Float], state: &mut Self::State, journey: Journey<'_, K>) {
        let cell = small::Cell::<F, SmallRnn<U, LINES, V, S, A, W>> { weights, kind: PhantomData };
        Drive { cell, state, journey }.run(isa);
    }
}

impl<const F: usize, const U: usize, const LINES: usize, const SPLITS: usize, A: Activation, W: Weight> Layer
    for SimpleRnn<F, U, LINES, A, Panels<SPLITS, W>>
{
    type State = SimpleRnnState<LINES>;

    #[inline(always)]
    fn drive<I: Isa, K: Kept>(isa: I, weights: &[Float], state: &mut Self::State, journey: Journey<'_, K>) {
        let mut next = Lines::<LINES>::zero();
        let state = panel::State { h: &mut state.h.0, c: &mut [], next: &mut next.0 };
        panel::drive::<I, LargeRnn<SPLITS, A, W>, K, F, U>(isa, weights, state, journey);
    }
}

recurrent_layer! { SimpleRnn<A>, SimpleRnnState }
