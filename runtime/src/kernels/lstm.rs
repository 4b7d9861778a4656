//! LSTM.
//!
//! i, f, g, o = x·K + h·R + b;  c' = rec(f) ⊙ c + rec(i) ⊙ act(g);  h' = rec(o) ⊙ act(c')
//!
//! Gates are packed in Keras's order i, f, c, o. Layouts: `small.rs` and `panel.rs` with four columns. Source: Keras `LSTM`; Hochreiter and Schmidhuber 1997.

use super::activation::{Activation, tanh};
use super::batch::{Batch, Batched, LstmBatch, Sums, Units};
use super::drive::{Drive, Journey, Kept, Layer, recurrent_layer};
use super::panel::{self, Groups, add_rows, part_of, rolled};
use super::simd::{Float, In, Isa, Line, Program, Unscaled, Weight};
use super::small::{self, Kind, Layout, Step, Without, first_lines, gates, parts, place, sums};
use super::state::{Lines, LstmState};
use super::{Panels, Small};
use core::marker::PhantomData;

/// An LSTM layer of `U` units over `F` features: activation `A`, recurrent activation `R`, size class `C`.
#[derive(Clone, Copy, Debug)]
pub struct Lstm<const F: usize, const U: usize, const LINES: usize, A, R, C>(PhantomData<(A, R, C)>);

/// Gate sums to the next cell and output, written to their lines.
#[inline(always)]
fn finish<I: Isa, V: In<I>, A: Activation, R: Activation>(
    isa: I,
    [i, f, g, o]: [V; 4],
    c: &mut Line,
    h: &mut Line,
    part: usize,
) {
    let kept = R::gate_product(f, V::load(isa, c, part));
    renew::<I, V, A>([R::gate(i), kept, A::apply(g), R::gate(o)], c, h, part);
}

/// From the input gate, what is kept of the cell, the candidate and the output gate to the next cell and output.
#[inline(always)]
fn renew<I: Isa, V: In<I>, A: Activation>([i, kept, g, o]: [V; 4], c: &mut Line, h: &mut Line, part: usize) {
    let cell = i.mul_add(g, kept);
    cell.quieted().store(c, part);
    o.mul(A::quiet_soon(cell)).store(h, part);
}

/// The small class: `U` units in `V` lines a row, `S` partial sums.
#[derive(Clone, Copy)]
pub(super) struct SmallLstm<const U: usize, const LINES: usize, const V: usize, const S: usize, A, R, W>(
    PhantomData<(A, R, W)>,
);

impl<const U: usize, const LINES: usize, const V: usize, const S: usize, A: Activation, R: Activation, W: Weight> Kind
    for SmallLstm<U, LINES, V, S, A, R, W>
{
    type Weight = W;
    type State = LstmState<LINES>;
    const LINES_A_ROW: usize = V;
    const UNITS: usize = U;
    const SUMS: usize = V * S;

    #[inline(always)]
    fn hidden(state: &Self::State) -> &[Float] {
        state.h.0.as_flattened()
    }

    #[inline(always)]
    fn advance<I: Isa>(isa: I, state: &mut Self::State, step: Step<'_>) {
        // The rest's sums read it when the blocks' outputs are new already.
        let (old, mut lines) = (state.h, [[0.0; 16]; V]);
        let whole = const { first_lines::<I, U, V>() };
        sums::<I, W, V, S>(isa, step, state.h.units::<U>(), Without::NONE, &mut lines, [0, whole.unwrap_or(V)]);
        let (c, h) = (&mut state.c.0, &mut state.h.0);
        for part in 0..parts(isa, Layout::<U>::BLOCKS) {
            let (block, part) = place(isa, part);
            let gates = gates(isa, &lines, block, part);
            finish::<I, I::Group, A, R>(isa, gates, &mut c[block % LINES], &mut h[block % LINES], part);
        }
        if let Some(whole) = whole {
            // Few sums, which nobody waits for: a loop is faster here than the text of all its rounds.
            let old = old.0.as_flattened().get(..rolled(U)).unwrap_or_default();
            sums::<I, W, V, S>(isa, step, old, Without::NONE, &mut lines, [whole, V]);
        }
        let first = 4 * Layout::<U>::BLOCKS;
        let (c, h) = (&mut c[U / 16 % LINES], &mut h[U / 16 % LINES]);
        let gates = I::V16::load(isa, &lines[first % V], 0);
        if Layout::<U>::TAIL == 4 {
            tail_of_four::<I, A, R>(isa, gates, c, h);
        } else if Layout::<U>::TAIL == 8 {
            tail_of_eight::<I, A, R>(isa, gates, I::V16::load(isa, &lines[(first + 1) % V], 0), c, h);
        }
    }
}

/// Up to four units whose gates lie side by side in one vector.
#[inline(always)]
fn tail_of_four<I: Isa, A: Activation, R: Activation>(isa: I, gates: I::V16, c: &mut Line, h: &mut Line) {
    if A::IS_TANH && R::GATE_IS_OF_TANH {
        // One tangent for all four gates.
        let [i, f, g, o] = isa.quarters(tanh(gates));
        let kept = R::product_of_tanh(f, I::V4::load(isa, c, 0));
        renew::<I, I::V4, A>([R::gate_of_tanh(i), kept, g, R::gate_of_tanh(o)], c, h, 0);
    } else {
        finish::<I, I::V4, A, R>(isa, isa.quarters(gates), c, h, 0);
    }
}

/// Five to eight units: two gates in each of two vectors.
#[inline(always)]
fn tail_of_eight<I: Isa, A: Activation, R: Activation>(
    isa: I,
    first: I::V16,
    second: I::V16,
    c: &mut Line,
    h: &mut Line,
) {
    if A::IS_TANH && R::GATE_IS_OF_TANH {
        let [i, f] = isa.halves(tanh(first));
        let [g, o] = isa.halves(tanh(second));
        let kept = R::product_of_tanh(f, I::V8::load(isa, c, 0));
        renew::<I, I::V8, A>([R::gate_of_tanh(i), kept, g, R::gate_of_tanh(o)], c, h, 0);
    } else {
        let ([i, f], [g, o]) = (isa.halves(first), isa.halves(second));
        finish::<I, I::V8, A, R>(isa, [i, f, g, o], c, h, 0);
    }
}

/// The panels class.
#[derive(Clone, Copy)]
pub(super) struct LargeLstm<const SPLITS: usize, const RAGGED: bool, A, R, W>(PhantomData<(A, R, W)>);

impl<const SPLITS: usize, const RAGGED: bool, A: Activation, R: Activation, W: Weight> panel::Kind
    for LargeLstm<SPLITS, RAGGED, A, R, W>
{
    type Weight = W;
    // The sums of one block fill the sixteen registers of AVX2; more blocks to a row would be read in passes over parts of it.
    const BLOCKS: usize = 1;
    const SIDE_BY_SIDE: bool = true;
    const IS_RAGGED: bool = RAGGED;
    const BIAS: usize = 4;
    const INPUTS: usize = 4;
    const STATE: usize = 4;

    #[inline(always)]
    fn advance<I: Isa>(isa: I, cell: panel::Cell<'_, Self>, state: &mut panel::State<'_>, step: panel::Step<'_>) {
        let groups = Groups::of::<Self>(cell.blocks(), I::BLOCKS);
        for index in 0..groups.count() {
            match groups.get(index, step.turned) {
                (first, 2..) if I::BLOCKS > 1 => Self::group::<I, 8>(isa, cell, state, step, first),
                (first, _) => Self::group::<I, 4>(isa, cell, state, step, first),
            }
        }
    }
}

/// A block's gate sums to the next cell and output.
#[inline(always)]
fn finish_line<I: Isa, A: Activation, R: Activation>(isa: I, gates: &[Line; 4], c: &mut Line, h: &mut Line) {
    for part in 0..panel::parts(isa) {
        finish::<I, I::Block, A, R>(isa, part_of(isa, gates, part), c, h, part);
    }
}

impl<const SPLITS: usize, const RAGGED: bool, A: Activation, R: Activation, W: Weight>
    LargeLstm<SPLITS, RAGGED, A, R, W>
{
    /// The blocks from `first` on, `N` columns.
    #[inline(always)]
    fn group<I: Isa, const N: usize>(
        isa: I,
        cell: panel::Cell<'_, Self>,
        state: &mut panel::State<'_>,
        step: panel::Step<'_>,
        first: usize,
    ) {
        let (inputs, units) = (cell.inputs(first, 0, step.input), cell.of_state(first, state.h.as_flattened()));
        let mut sums: [Line; N] = cell.start(step, first, 4, 0);
        add_rows::<I, W, N, 1>(isa, &mut sums, inputs, 4, false);
        add_rows::<I, W, N, SPLITS>(isa, &mut sums, units, 4, step.turned);
        for (index, gates) in sums.as_chunks::<4>().0.iter().enumerate() {
            if let (Some(c), Some(h)) = (state.c.get_mut(first + index), state.next.get_mut(first + index)) {
                finish_line::<I, A, R>(isa, gates, c, h);
            }
        }
    }
}

impl<
    const F: usize,
    const U: usize,
    const LINES: usize,
    const V: usize,
    const S: usize,
    A: Activation,
    R: Activation,
    W: Weight,
> Layer for Lstm<F, U, LINES, A, R, Small<V, S, W>>
{
    type State = LstmState<LINES>;

    #[inline(always)]
    fn drive<I: Isa, K: Kept>(isa: I, weights: &[Float], state: &mut Self::State, journey: Journey<'_, K>) {
        let cell = small::Cell::<F, SmallLstm<U, LINES, V, S, A, R, W>> { weights, kind: PhantomData };
        Drive { cell, state, journey }.run(isa);
    }
}

impl<const F: usize, const U: usize, const LINES: usize, const SPLITS: usize, A: Activation, R: Activation, W: Weight>
    Layer for Lstm<F, U, LINES, A, R, Panels<SPLITS, W>>
{
    type State = LstmState<LINES>;

    #[inline(always)]
    fn drive<I: Isa, K: Kept>(isa: I, weights: &[Float], state: &mut Self::State, journey: Journey<'_, K>) {
        let mut next = Lines::<LINES>::zero();
        let state = panel::State { h: &mut state.h.0, c: &mut state.c.0, next: &mut next.0 };
        if LINES.is_multiple_of(2) {
            panel::drive::<I, LargeLstm<SPLITS, false, A, R, W>, K, F, U>(isa, weights, state, journey);
        } else {
            panel::drive::<I, LargeLstm<SPLITS, true, A, R, W>, K, F, U>(isa, weights, state, journey);
        }
    }
}

impl<const SPLITS: usize, const RAGGED: bool, A: Activation, R: Activation, W: Unscaled> Batched
    for LargeLstm<SPLITS, RAGGED, A, R, W>
{
    #[inline(always)]
    fn finish<I: Isa>(isa: I, sums: &Sums, Units { c, next, .. }: Units<'_>) {
        if let Some(c) = c {
            finish_line::<I, A, R>(isa, sums, c, next);
        }
    }
}

impl<const F: usize, const U: usize, const LINES: usize, A: Activation, R: Activation, W: Unscaled>
    Lstm<F, U, LINES, A, R, Panels<1, W>>
{
    /// All steps of up to `SAMPLES` samples, first to last, from the zero states in `batch`.
    ///
    /// - `weights`: the layer's packed segment
    /// - `inputs`: the samples, shape `[samples, STEPS, F]`
    #[inline(always)]
    pub fn last_batch<I: Isa, const STEPS: usize, const SAMPLES: usize>(
        isa: I,
        weights: &[Float],
        batch: &mut LstmBatch<LINES, SAMPLES>,
        inputs: &[[[Float; F]; STEPS]],
    ) {
        isa.enter(Batch {
            cell: panel::Cell::<LargeLstm<1, true, A, R, W>>::of::<F, U>(weights),
            input: inputs.as_flattened().as_flattened(),
            samples: inputs.len().min(SAMPLES),
            steps: STEPS,
            lines: LINES,
            h: batch.h.as_flattened_mut(),
            c: batch.c.as_flattened_mut(),
            next: batch.next.as_flattened_mut(),
            sums: &mut batch.sums,
        });
    }
}

recurrent_layer! { Lstm<A, R>, LstmState }
