//! `ConvLSTM1D`: an LSTM whose products are convolutions over the rows of a frame.
//!
//! i, f, g, o = conv(x, K) + b + conv(h, R);  c' = rec(f) ⊙ c + rec(i) ⊙ act(g);  h' = rec(o) ⊙ act(c'). The inputs' windows lie as
//! `Windows` says; those of the state have stride 1 and reach over both ends, where zeros are.
//!
//! Layout: `[block of 16 filters]` of a bias, a row for every tap and channel, and a row for every tap and filter; a row is
//! i, f, g, o of the sixteen. A sum starts from the bias, then runs over the inputs' taps upward, channels upward within a
//! tap, then over the state's. Source: Keras `ConvLSTM1D`; Shi et al. 2015, arXiv:1506.04214.

use super::activation::Activation;
use super::drive::{Drive, Form, Journey, Kept, Layer, Recurrence, Start, recurrent_layer};
use super::elementwise::{padded, unpad};
use super::simd::{Float, In, Isa, Line, Vector};
use super::state::{Lines, LstmState};
use core::marker::PhantomData;

/// Floats of a row of weights: i, f, g, o of sixteen filters.
const ROW: usize = 64;

/// How the filters lie over the rows of a frame: so many `CHANNELS` a row, `FILTERS`, rows that a filter reads, rows from one place
/// to the next, from one tap to the next, and before the beginning.
#[derive(Clone, Copy, Debug)]
pub struct Windows<
    const CHANNELS: usize,
    const FILTERS: usize,
    const TAPS: usize,
    const STRIDE: usize,
    const DILATION: usize,
    const BEFORE: usize,
>;

/// A `ConvLSTM1D` whose frames have `F` values and whose outputs have `U`: activation `A`, recurrent activation `R`; `C` are
/// the [`Windows`].
#[derive(Clone, Copy, Debug)]
pub struct ConvLstm<const F: usize, const U: usize, const LINES: usize, A, R, C>(PhantomData<(A, R, C)>);

/// Sizes of a layer.
#[derive(Clone, Copy)]
struct Sizes {
    features: usize,
    units: usize,
    channels: usize,
    filters: usize,
    taps: usize,
    /// Stride, dilation, rows before the beginning.
    window: [usize; 3],
}

/// A layer with its weights.
struct Cell<'a, A, R> {
    weights: &'a [Float],
    sizes: Sizes,
    kind: PhantomData<(A, R)>,
}

impl<A, R> Clone for Cell<'_, A, R> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, R> Copy for Cell<'_, A, R> {}

/// The last output, the cell, and what the next output is gathered in.
struct State<'a> {
    h: &'a mut [Line],
    c: &'a mut [Line],
    next: &'a mut [Line],
}

/// Rows of one convolution: its values, how many of them a row has, and the first row of its weights.
#[derive(Clone, Copy)]
struct Rows<'a> {
    values: &'a [Float],
    width: usize,
    weights: usize,
    window: [usize; 3],
}

/// Adds one convolution's products for one place.
#[inline(always)]
fn add_taps<I: Isa>(isa: I, sums: &mut [I::V16; 4], panel: &[Line], rows: Rows<'_>, taps: usize, place: usize) {
    let [stride, dilation, before] = rows.window;
    for tap in 0..taps {
        let Some(row) = (place * stride + tap * dilation).checked_sub(before) else { continue };
        let Some(values) = rows.values.get(row * rows.width..(row + 1) * rows.width) else { continue };
        let first = 4 * (rows.weights + tap * rows.width);
        let weights = panel.get(first..).unwrap_or_default().as_chunks::<4>().0;
        for (value, weights) in values.iter().zip(weights) {
            let value = I::V16::of(isa, *value);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = value.mul_add(I::V16::load(isa, weights, 0), *sum);
            }
        }
    }
}

impl<A: Activation, R: Activation> Cell<'_, A, R> {
    /// The lines of a block's weights.
    #[inline(always)]
    fn panel(&self, block: usize) -> &[Line] {
        let Sizes { channels, filters, taps, .. } = self.sizes;
        let length = ROW * (1 + taps * (channels + filters));
        self.weights.get(block * length..(block + 1) * length).unwrap_or_default().as_chunks::<16>().0
    }

    /// The outputs of one block of filters at one place.
    #[inline(always)]
    fn block<I: Isa>(&self, isa: I, state: &mut State<'_>, input: &[Float], place: usize, block: usize) {
        let Sizes { channels, filters, taps, window, units, .. } = self.sizes;
        let panel = self.panel(block);
        let Some(bias) = panel.first_chunk::<4>() else { return };
        let mut sums = bias.each_ref().map(|line| I::V16::load(isa, line, 0));
        let inputs = Rows { values: input, width: channels, weights: 1, window };
        add_taps(isa, &mut sums, panel, inputs, taps, place);
        let hidden = state.h.as_flattened().get(..units).unwrap_or_default();
        let window = [1, 1, taps.saturating_sub(1) / 2];
        let of_state = Rows { values: hidden, width: filters, weights: 1 + taps * channels, window };
        add_taps(isa, &mut sums, panel, of_state, taps, place);
        let first = place * filters + block * 16;
        let range = first..first + (filters - block * 16).min(16);
        let (Some(cells), Some(next)) =
            (state.c.as_flattened_mut().get_mut(range.clone()), state.next.as_flattened_mut().get_mut(range))
        else {
            return;
        };
        let [i, f, g, o] = sums;
        let old = I::V16::load(isa, &padded(cells, 0.0), 0);
        let cell = R::gate(f).mul(old).add(R::gate(i).mul(A::apply(g)));
        let mut line = [0.0; 16];
        cell.store(&mut line, 0);
        unpad(&line, cells);
        R::gate(o).mul(A::apply(cell)).store(&mut line, 0);
        unpad(&line, next);
    }
}

impl<'a, A: Activation, R: Activation> Recurrence for &'a Cell<'a, A, R> {
    type State = State<'a>;

    #[inline(always)]
    fn is_apart<I: Isa>(_form: Form) -> bool {
        false
    }

    #[inline(always)]
    fn features(self) -> usize {
        self.sizes.features
    }
    #[inline(always)]
    fn units(self) -> usize {
        self.sizes.units
    }
    #[inline(always)]
    fn product_row(self) -> usize {
        0
    }
    #[inline(always)]
    fn project<I: Isa>(self, _isa: I, _input: &[Float], _steps: usize, _product: &mut [Float]) {}
    #[inline(always)]
    fn step<I: Isa>(self, isa: I, state: &mut Self::State, from: Start<'_>) {
        let filters = self.sizes.filters.max(1);
        for place in 0..self.sizes.units / filters {
            for block in 0..filters.div_ceil(16) {
                self.block(isa, state, from.input, place, block);
            }
        }
        // Every place reads the outputs before, so the new ones replace them together.
        state.h.copy_from_slice(state.next);
    }
    #[inline(always)]
    fn hidden(state: &Self::State) -> &[Float] {
        state.h.as_flattened()
    }
}

impl<
    const F: usize,
    const U: usize,
    const LINES: usize,
    A: Activation,
    R: Activation,
    const CHANNELS: usize,
    const FILTERS: usize,
    const TAPS: usize,
    const STRIDE: usize,
    const DILATION: usize,
    const BEFORE: usize,
> Layer for ConvLstm<F, U, LINES, A, R, Windows<CHANNELS, FILTERS, TAPS, STRIDE, DILATION, BEFORE>>
{
    type State = LstmState<LINES>;

    #[inline(always)]
    fn drive<I: Isa, K: Kept>(isa: I, weights: &[Float], state: &mut Self::State, journey: Journey<'_, K>) {
        let window = [STRIDE, DILATION, BEFORE];
        let sizes = Sizes { features: F, units: U, channels: CHANNELS, filters: FILTERS, taps: TAPS, window };
        let cell = Cell { weights, sizes, kind: PhantomData::<(A, R)> };
        let mut next = Lines::<LINES>::zero();
        let mut state = State { h: &mut state.h.0, c: &mut state.c.0, next: &mut next.0 };
        isa.enter(Drive { cell: &cell, state: &mut state, journey });
    }
}

recurrent_layer! { ConvLstm<A, R>, LstmState }
