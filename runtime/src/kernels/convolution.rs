//! Convolutions over the rows of a sample: each row of the output is a dense product with some rows of the input, its taps.
//!
//! Weights of [`Convolution`] and [`Transpose`], for each group of channels by itself: blocks of up to 64 filters,
//! `[block][bias, taps × inputs][width]`, the last as wide as its filters need in steps of 16. A filter's sum is its
//! bias, then the taps upward and in each tap the inputs upward, number k of all these in partial sum k mod 4 (blocks of
//! 16 or 32 filters) or k mod 2 (48 or 64). [`Channels`] has its own order. A tap outside the sample is left out, which is
//! what zeros would add.
//!
//! Every kernel has two forms with the same bits: a whole sample, and one output row from its taps alone. Rows
//! that read all their taps are computed several at a time, as many as have sums in the registers while a row of weights
//! is there; where the taps are neighbours, they are one product over all their values.
//! Source: Keras `Conv1D`, `DepthwiseConv1D`, `Conv1DTranspose`.

mod channels;
mod family;

pub use channels::Channels;

use self::family::Family;
use super::activation::Activation;
use super::dense::{GROUP, LARGE};
use super::simd::{Columns, Float, In, Inputs, Isa, Places, Program, Vector, accumulate_behind, load_tile};
use super::tile::finish;
use core::marker::PhantomData;

/// `FILTERS` sums over `TAPS` rows of `FEATURES` values each, with activation `A`; channels and filters fall into
/// `GROUPS` groups, each of which reads its own channels only.
#[derive(Clone, Copy, Debug)]
pub struct Convolution<const FEATURES: usize, const FILTERS: usize, const TAPS: usize, const GROUPS: usize, A>(
    PhantomData<A>,
);

impl<const FEATURES: usize, const FILTERS: usize, const TAPS: usize, const GROUPS: usize, A: Activation>
    Convolution<FEATURES, FILTERS, TAPS, GROUPS, A>
{
    /// As many rows of `FILTERS` values as `output` takes, over the rows of `FEATURES` values of `input`.
    ///
    /// - `window`: rows from one output's first tap to the next output's, rows from one tap to the next, and rows that the
    ///   first output's first tap lies before the sample. So row i of the output reads rows
    ///   i·stride + tap·dilation − before.
    #[inline(always)]
    pub fn sample<I: Isa>(
        isa: I,
        weights: &[Float],
        [stride, dilation, before]: [usize; 3],
        input: &[Float],
        output: &mut [Float],
    ) {
        let family = Family {
            first: 0,
            step: 1,
            count: output.len().checked_div(FILTERS).unwrap_or(0),
            place: -before.cast_signed(),
            advance: stride,
            taps: [0, 1, TAPS],
            reach: dilation.cast_signed(),
        };
        Self::run(isa, Flat { values: input, width: FEATURES }, (family, weights), output);
    }

    /// One output row from its taps, the earliest first.
    #[inline(always)]
    pub fn step<I: Isa>(isa: I, weights: &[Float], taps: [&[Float; FEATURES]; TAPS], output: &mut [Float; FILTERS]) {
        let mut rows: [&[Float]; TAPS] = [&[]; TAPS];
        for (row, tap) in rows.iter_mut().zip(taps) {
            *row = tap;
        }
        Self::run(isa, Apart(&rows), (Family::single(TAPS), weights), output);
    }

    #[inline(always)]
    fn run<I: Isa, R: Rows>(isa: I, rows: R, (family, weights): (Family, &[Float]), output: &mut [Float]) {
        let (inputs, filters) = (FEATURES / GROUPS.max(1), FILTERS / GROUPS.max(1));
        let stride = packed(TAPS * inputs, filters);
        for group in 0..GROUPS {
            let weights = weights.get(group * stride..).unwrap_or_default();
            let program = Filters {
                weights,
                rows,
                output: &mut *output,
                family,
                inputs,
                channel: group * inputs,
                filters,
                place: [group * filters, FILTERS],
                depth: TAPS * inputs,
                activation: PhantomData::<A>,
            };
            if TAPS * inputs * filters >= LARGE { isa.enter(program) } else { program.run(isa) }
        }
    }
}

/// The transpose of a convolution: each input row adds to `TAPS` rows of the output.
#[derive(Clone, Copy, Debug)]
pub struct Transpose<const FEATURES: usize, const FILTERS: usize, const TAPS: usize, A>(PhantomData<A>);

impl<const FEATURES: usize, const FILTERS: usize, const TAPS: usize, A: Activation>
    Transpose<FEATURES, FILTERS, TAPS, A>
{
    /// As many rows of `FILTERS` values as `output` takes, over the rows of `FEATURES` values of `input`.
    ///
    /// - `window`: rows from one input's first addend to the next input's, rows from one addend to the next, and how many
    ///   rows are cut off before the first output. So tap j of row i adds to row i·stride + j·dilation − cut. One
    ///   of the first two is 1.
    #[inline(always)]
    pub fn sample<I: Isa>(
        isa: I,
        weights: &[Float],
        [stride, dilation, cut]: [usize; 3],
        input: &[Float],
        output: &mut [Float],
    ) {
        let rows = output.len().checked_div(FILTERS).unwrap_or(0);
        for first in 0..stride.min(rows) {
            let Some(family) = Family::transposed([stride, dilation, cut], first, rows, TAPS) else { return };
            let program = Filters {
                weights,
                rows: Flat { values: input, width: FEATURES },
                output: &mut *output,
                family,
                inputs: FEATURES,
                channel: 0,
                filters: FILTERS,
                place: [0, FILTERS],
                depth: TAPS * FEATURES,
                activation: PhantomData::<A>,
            };
            if TAPS * FEATURES * FILTERS >= LARGE { isa.enter(program) } else { program.run(isa) }
        }
    }
}

/// Floats of the packed weights of `filters` sums over `depth` inputs.
const fn packed(depth: usize, filters: usize) -> usize {
    filters.next_multiple_of(16) * (1 + depth)
}

/// Where the rows are that taps read.
trait Rows: Copy {
    /// How many there are.
    fn count(self) -> usize;
    /// Their width, if they stand one behind the other.
    fn width(self) -> Option<usize>;
    /// Channel `channel` of these rows.
    fn at(&self, rows: Places, channel: usize) -> Inputs<'_>;
}

/// One behind the other.
#[derive(Clone, Copy)]
struct Flat<'a> {
    values: &'a [Float],
    width: usize,
}

impl Rows for Flat<'_> {
    #[inline(always)]
    fn count(self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }
    #[inline(always)]
    fn width(self) -> Option<usize> {
        Some(self.width)
    }
    #[inline(always)]
    fn at(&self, Places { first, step, last }: Places, channel: usize) -> Inputs<'_> {
        let rows = Places { first: first * self.width + channel, step: step * self.width, last };
        Inputs { values: self.values, rows }
    }
}

/// Each by itself; read one at a time.
#[derive(Clone, Copy)]
struct Apart<'a>(&'a [&'a [Float]]);

impl Rows for Apart<'_> {
    #[inline(always)]
    fn count(self) -> usize {
        self.0.len()
    }
    #[inline(always)]
    fn width(self) -> Option<usize> {
        None
    }
    #[inline(always)]
    fn at(&self, rows: Places, channel: usize) -> Inputs<'_> {
        Inputs { values: self.0.get(rows.first).copied().unwrap_or_default(), rows: Places::all(channel) }
    }
}

/// The filters of one group of channels over a family of output rows. The shape is not in the type, so that layers can
/// share the code.
struct Filters<'a, R, A> {
    weights: &'a [Float],
    rows: R,
    output: &'a mut [Float],
    family: Family,
    /// Channels that a tap reads, and the first of them.
    inputs: usize,
    channel: usize,
    filters: usize,
    /// The first filter's place in an output row, and the width of that row.
    place: [usize; 2],
    /// Inputs of all taps together.
    depth: usize,
    activation: PhantomData<A>,
}

impl<R: Rows, A: Activation> Program for Filters<'_, R, A> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self, isa: I) {
        for block in 0..self.filters.div_ceil(GROUP) {
            let width = (self.filters - block * GROUP).div_ceil(16).min(4);
            // Tiles of 24 registers, or 12: rows times columns times partial sums. A row by itself has sums enough.
            match (I::MANY_REGISTERS, width) {
                (true, 1) => self.block::<I, 6, 1, 4>(isa, block, width),
                (true, 2) => self.block::<I, 3, 2, 4>(isa, block, width),
                (true, 3) => self.block::<I, 4, 3, 2>(isa, block, width),
                (true, _) => self.block::<I, 3, 4, 2>(isa, block, width),
                (false, 1 | 2) => self.block::<I, 3, 1, 4>(isa, block, width),
                (false, _) => self.block::<I, 3, 2, 2>(isa, block, width),
            }
        }
    }
}

impl<R: Rows, A: Activation> Filters<'_, R, A> {
    /// One block of filters for all rows, in tiles of `ROWS` rows by `N` columns with `SETS` partial sums.
    #[inline(always)]
    fn block<I: Isa, const ROWS: usize, const N: usize, const SETS: usize>(
        &mut self,
        isa: I,
        block: usize,
        width: usize,
    ) {
        let whole = self.family.whole(self.rows.count());
        let mut column = 0;
        while column < 16 * width / I::Tile::LANES {
            let tile = Tile { block, width, column, member: 0, last: self.family.count };
            let mut member = 0;
            while member < self.family.count {
                if self.rows.width().is_some() && member >= whole.start && member + 1 < whole.end {
                    // What lacks in the last tile is filled up with the last row.
                    self.tile::<I, ROWS, N, SETS>(isa, Tile { member, last: whole.end, ..tile });
                    member = (member + ROWS).min(whole.end);
                } else {
                    self.tile::<I, 1, N, SETS>(isa, Tile { member, last: member + 1, ..tile });
                    member += 1;
                }
            }
            column += N;
        }
    }

    /// One tile.
    #[inline(always)]
    fn tile<I: Isa, const ROWS: usize, const N: usize, const SETS: usize>(&mut self, isa: I, tile: Tile) {
        let Tile { block, width, column, member, last } = tile;
        let lanes = I::Tile::LANES;
        let first = column * lanes;
        let weights = self.weights.get(block * GROUP * (1 + self.depth)..).unwrap_or_default();
        let mut sums = [[[I::Tile::of(isa, 0.0); N]; ROWS]; SETS];
        let Some(biases) = load_tile(isa, weights, Places::all(first)) else { return };
        sums[0] = biases;
        let columns = Columns {
            first,
            column_stride: lanes,
            per_stream: N,
            stream_stride: 0,
            row_stride: 16 * width,
            skipped: 0,
        };
        let last = last - 1 - member;
        let taps = self.family.taps_of(member, self.rows.count());
        let at_once = if self.rows.width() == Some(self.inputs) && self.family.is_row() { taps.len() } else { 1 };
        let mut tap = taps.start;
        while tap < taps.end {
            let behind = self.family.tap(tap) * self.inputs;
            let rows = Places { first: self.family.row(member, tap), step: self.family.advance, last };
            let inputs = self.rows.at(rows, self.channel);
            let below = weights.get(16 * width * (1 + behind)..).unwrap_or_default();
            accumulate_behind(isa, &mut sums, below, columns, inputs, (behind, at_once * self.inputs));
            tap += at_once;
        }
        let row = self.family.first + member * self.family.step;
        let start = row * self.place[1] + self.place[0] + block * GROUP + first;
        let places = Places { first: start, step: self.family.step * self.place[1], last };
        let left = (self.filters - block * GROUP).saturating_sub(first).min(N * lanes);
        finish::<I, A, ROWS, N, SETS>(isa, sums, self.output, places, left);
    }
}

/// A tile's place: some columns of a block for the members of the family from `member` on, all before `last`.
#[derive(Clone, Copy)]
struct Tile {
    block: usize,
    width: usize,
    column: usize,
    member: usize,
    last: usize,
}
