//! GRU, reset gate after the product (`reset_after=True`).
//!
//! z = rec(x·Kz + bz + h·Rz + cz);  r = rec(x·Kr + br + h·Rr + cr);
//! h' = z ⊙ h + (1 − z) ⊙ act(x·Kh + bh + r ⊙ (h·Rh + ch))
//!
//! Small: `small.rs` with four columns, r, z, the state's part of h and the inputs' part of h. `panel.rs`
//! with three columns z, r, h, and a fourth one of the bias, ch.
//! Source: Keras `GRU`; Cho et al. 2014, arXiv:1406.1078v1.

use super::activation::{Activation, tanh_soon};
use super::batch::{Batch, Batched, GruBatch, Sums, Units};
use super::drive::{Drive, Journey, Kept, Layer, recurrent_layer};
use super::panel::{self, Groups, add_rows, rolled};
use super::simd::{Float, In, Isa, Line, Program, Unscaled, Vector, Weight};
use super::small::{self, Kind, Layout, Step, Without, first_lines, gates, parts, place, sums};
use super::state::{GruState, Lines};
use super::{Panels, Small};
use core::marker::PhantomData;

/// A GRU layer of `U` units over `F` features: activation `A`, recurrent activation `R`, size class `C`.
#[derive(Clone, Copy, Debug)]
pub struct Gru<const F: usize, const U: usize, const LINES: usize, A, R, C>(PhantomData<(A, R, C)>);

/// From z, activated, and the candidate's sum to the next output: (1 − z) ⊙ act(sum) + z ⊙ h.
#[inline(always)]
fn renew<V: Vector, A: Activation>(z: V, sum: V, h: V) -> V {
    // Only one step follows the candidate.
    let (rest, kept) = (z.splat(1.0).sub(z), z.mul(h.quieted()));
    A::quiet_soon(sum).mul_add(rest, kept)
}

/// Gate sums to the next output.
#[inline(always)]
fn finish<V: Vector, A: Activation, R: Activation>([r, z, state, input]: [V; 4], h: V) -> V {
    renew::<V, A>(R::gate_soon(z), R::blend_soon(r, state, input), h)
}

/// The small class.
#[derive(Clone, Copy)]
struct SmallGru<const U: usize, const LINES: usize, const V: usize, const S: usize, A, R, W>(PhantomData<(A, R, W)>);

impl<const U: usize, const LINES: usize, const V: usize, const S: usize, A: Activation, R: Activation, W: Weight>
    SmallGru<U, LINES, V, S, A, R, W>
{
    /// In whole blocks the state's column has no inputs, and the inputs' column no state; in the tail they share vectors
    /// with others.
    const WITHOUT: Without = {
        let mut without = Without::NONE;
        let mut block = 0;
        while block < Layout::<U>::BLOCKS {
            without.input |= 4 << (4 * block);
            without.state |= 8 << (4 * block);
            block += 1;
        }
        without
    };
}

impl<const U: usize, const LINES: usize, const V: usize, const S: usize, A: Activation, R: Activation, W: Weight> Kind
    for SmallGru<U, LINES, V, S, A, R, W>
{
    type Weight = W;
    type State = GruState<LINES>;
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
        sums::<I, W, V, S>(isa, step, state.h.units::<U>(), Self::WITHOUT, &mut lines, [0, whole.unwrap_or(V)]);
        let h = &mut state.h.0;
        for part in 0..parts(isa, Layout::<U>::BLOCKS) {
            let (block, part) = place(isa, part);
            let gates = gates(isa, &lines, block, part);
            let line = &mut h[block % LINES];
            let old = I::Group::load(isa, line, part);
            finish::<I::Group, A, R>(gates, old).store(line, part);
        }
        if let Some(whole) = whole {
            // Few sums, which nobody waits for: a loop is faster here than the text of all its rounds.
            let old = old.0.as_flattened().get(..rolled(U)).unwrap_or_default();
            sums::<I, W, V, S>(isa, step, old, Self::WITHOUT, &mut lines, [whole, V]);
        }
        let first = 4 * Layout::<U>::BLOCKS;
        let (gates, line) = (I::V16::load(isa, &lines[first % V], 0), &mut h[U / 16 % LINES]);
        if Layout::<U>::TAIL == 4 {
            tail_of_four::<I, A, R>(isa, gates, line);
        } else if Layout::<U>::TAIL == 8 {
            tail_of_eight::<I, A, R>(isa, gates, I::V16::load(isa, &lines[(first + 1) % V], 0), line);
        }
    }
}

/// Up to four units whose gates lie side by side in one vector.
#[inline(always)]
fn tail_of_four<I: Isa, A: Activation, R: Activation>(isa: I, gates: I::V16, line: &mut Line) {
    let h = I::V4::load(isa, line, 0);
    let [_, _, state, input] = isa.quarters(gates);
    let [gates, _] = isa.halves(gates);
    let output = if R::GATE_IS_OF_TANH {
        let [r, z] = isa.split_eight(tanh_soon(gates));
        renew::<I::V4, A>(R::gate_of_tanh(z), R::blend_of_tanh(r, state, input), h)
    } else {
        let [r, z] = isa.split_eight(gates);
        finish::<I::V4, A, R>([r, z, state, input], h)
    };
    output.store(line, 0);
}

/// Five to eight units: two gates in each of two vectors.
#[inline(always)]
fn tail_of_eight<I: Isa, A: Activation, R: Activation>(isa: I, gates: I::V16, behind: I::V16, line: &mut Line) {
    let h = I::V8::load(isa, line, 0);
    let [state, input] = isa.halves(behind);
    let output = if R::GATE_IS_OF_TANH {
        let [r, z] = isa.halves(tanh_soon(gates));
        renew::<I::V8, A>(R::gate_of_tanh(z), R::blend_of_tanh(r, state, input), h)
    } else {
        let [r, z] = isa.halves(gates);
        finish::<I::V8, A, R>([r, z, state, input], h)
    };
    output.store(line, 0);
}

/// The panels class.
#[derive(Clone, Copy)]
struct LargeGru<const SPLITS: usize, const RAGGED: bool, A, R, W>(PhantomData<(A, R, W)>);

impl<const SPLITS: usize, const RAGGED: bool, A: Activation, R: Activation, W: Weight> panel::Kind
    for LargeGru<SPLITS, RAGGED, A, R, W>
{
    type Weight = W;
    const BLOCKS: usize = 2;
    const IS_RAGGED: bool = RAGGED;
    const BIAS: usize = 4;
    const INPUTS: usize = 3;
    const STATE: usize = 3;

    #[inline(always)]
    fn advance<I: Isa>(isa: I, cell: panel::Cell<'_, Self>, state: &mut panel::State<'_>, step: panel::Step<'_>) {
        let groups = Groups::of::<Self>(cell.blocks(), Self::BLOCKS);
        for index in 0..groups.count() {
            match groups.get(index, step.turned) {
                (first, 2..) => Self::group::<I, 6>(isa, cell, state, step, first),
                (first, _) => Self::group::<I, 3>(isa, cell, state, step, first),
            }
        }
    }
}

/// A block's sums z, r, the state's part of h and the inputs' part of h to the next output.
#[inline(always)]
fn finish_line<I: Isa, A: Activation, R: Activation>(isa: I, sums: [&Line; 4], h: &Line, next: &mut Line) {
    for part in 0..panel::parts(isa) {
        let [z, r, state, input] = sums;
        let gates = [
            I::Block::load(isa, r, part),
            I::Block::load(isa, z, part),
            I::Block::load(isa, state, part),
            I::Block::load(isa, input, part),
        ];
        finish::<I::Block, A, R>(gates, I::Block::load(isa, h, part)).store(next, part);
    }
}

impl<const SPLITS: usize, const RAGGED: bool, A: Activation, R: Activation, W: Weight>
    LargeGru<SPLITS, RAGGED, A, R, W>
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
        let mut sums: [Line; N] = cell.start(step, first, 3, 0);
        add_rows::<I, W, N, 1>(isa, &mut sums, inputs, 3, false);
        let from_inputs = sums;
        // The candidate's sum over the state starts from its own bias.
        for (index, gates) in sums.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            if let Some(bias) = cell.further_bias(first + index) {
                gates[2] = *bias;
            }
        }
        add_rows::<I, W, N, SPLITS>(isa, &mut sums, units, 3, step.turned);
        for index in 0..rolled(N / 3) {
            let (gates, input) = (&sums.as_chunks::<3>().0[index % (N / 3)], &from_inputs[(3 * index + 2) % N]);
            if let (Some(h), Some(next)) = (state.h.get(first + index), state.next.get_mut(first + index)) {
                let [z, r, state] = gates;
                finish_line::<I, A, R>(isa, [z, r, state, input], h, next);
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
> Layer for Gru<F, U, LINES, A, R, Small<V, S, W>>
{
    type State = GruState<LINES>;

    #[inline(always)]
    fn drive<I: Isa, K: Kept>(isa: I, weights: &[Float], state: &mut Self::State, journey: Journey<'_, K>) {
        let cell = small::Cell::<F, SmallGru<U, LINES, V, S, A, R, W>> { weights, kind: PhantomData };
        Drive { cell, state, journey }.run(isa);
    }
}

impl<const F: usize, const U: usize, const LINES: usize, const SPLITS: usize, A: Activation, R: Activation, W: Weight>
    Layer for Gru<F, U, LINES, A, R, Panels<SPLITS, W>>
{
    type State = GruState<LINES>;

    #[inline(always)]
    fn drive<I: Isa, K: Kept>(isa: I, weights: &[Float], state: &mut Self::State, journey: Journey<'_, K>) {
        let mut next = Lines::<LINES>::zero();
        let state = panel::State { h: &mut state.h.0, c: &mut [], next: &mut next.0 };
        if LINES.is_multiple_of(2) {
            panel::drive::<I, LargeGru<SPLITS, false, A, R, W>, K, F, U>(isa, weights, state, journey);
        } else {
            panel::drive::<I, LargeGru<SPLITS, true, A, R, W>, K, F, U>(isa, weights, state, journey);
        }
    }
}

impl<const SPLITS: usize, const RAGGED: bool, A: Activation, R: Activation, W: Unscaled> Batched
    for LargeGru<SPLITS, RAGGED, A, R, W>
{
    /// The candidate's sum over the state starts from its own bias; that over the inputs is kept behind it.
    #[inline(always)]
    fn turn(bias: Option<&Line>, sums: &mut Sums) {
        sums[3] = sums[2];
        if let Some(bias) = bias {
            sums[2] = *bias;
        }
    }

    #[inline(always)]
    fn finish<I: Isa>(isa: I, [z, r, state, input]: &Sums, Units { h, next, .. }: Units<'_>) {
        finish_line::<I, A, R>(isa, [z, r, state, input], h, next);
    }
}

impl<const F: usize, const U: usize, const LINES: usize, A: Activation, R: Activation, W: Unscaled>
    Gru<F, U, LINES, A, R, Panels<1, W>>
{
    /// All steps of up to `SAMPLES` samples, first to last, from the zero states in `batch`.
    ///
    /// - `weights`: the layer's packed segment
    /// - `inputs`: the samples, shape `[samples, STEPS, F]`
    #[inline(always)]
    pub fn last_batch<I: Isa, const STEPS: usize, const SAMPLES: usize>(
        isa: I,
        weights: &[Float],
        batch: &mut GruBatch<LINES, SAMPLES>,
        inputs: &[[[Float; F]; STEPS]],
    ) {
        isa.enter(Batch {
            cell: panel::Cell::<LargeGru<1, true, A, R, W>>::of::<F, U>(weights),
            input: inputs.as_flattened().as_flattened(),
            samples: inputs.len().min(SAMPLES),
            steps: STEPS,
            lines: LINES,
            h: batch.h.as_flattened_mut(),
            c: &mut [],
            next: batch.next.as_flattened_mut(),
            sums: &mut batch.sums,
        });
    }
}

recurrent_layer! { Gru<A, R>, GruState }
