//! Several samples through a large cell together: each row of weights is read once for a tile of samples.
//!
//! A tile is four or six samples by as many neighbouring vectors of a block's row as the registers have room for, which
//! are whole cache lines: all gates of sixteen units with AVX-512, one of them with AVX2; two or three samples of an LSTM take more
//! vectors. Rows are taken in
//! stretches whose weights stay in the first cache while all samples pass. Each sample's sums run in the order of one
//! sample alone (bias, inputs ascending, state ascending), so the bits are the same.

use super::panel::{self, Cell, Kind};
use super::simd::{
    Columns, Float, Inputs, Isa, Line, Places, Program, Unscaled, Vector, accumulate, load_tile, store_tile,
};
use super::state::{GruState, LstmState};

/// A block's sums of one sample.
pub(super) type Sums = [Line; 4];

/// States of up to `SAMPLES` samples of a large [`Lstm`](super::Lstm).
#[derive(Clone, Debug)]
pub struct LstmBatch<const LINES: usize, const SAMPLES: usize> {
    pub(super) h: [[Line; LINES]; SAMPLES],
    pub(super) c: [[Line; LINES]; SAMPLES],
    pub(super) next: [[Line; LINES]; SAMPLES],
    pub(super) sums: [Sums; SAMPLES],
}

impl<const LINES: usize, const SAMPLES: usize> LstmBatch<LINES, SAMPLES> {
    /// The states before the first step.
    #[inline(always)]
    pub const fn zero() -> Self {
        let lines = [[[0.0; 16]; LINES]; SAMPLES];
        Self { h: lines, c: lines, next: lines, sums: [[[0.0; 16]; 4]; SAMPLES] }
    }

    /// One sample's state; zero beyond the last sample.
    #[inline(always)]
    pub fn state(&self, sample: usize) -> LstmState<LINES> {
        let mut state = LstmState::zero();
        if let (Some(h), Some(c)) = (self.h.get(sample), self.c.get(sample)) {
            (state.h.0, state.c.0) = (*h, *c);
        }
        state
    }
}

/// States of up to `SAMPLES` samples of a large [`Gru`](super::Gru).
#[derive(Clone, Debug)]
pub struct GruBatch<const LINES: usize, const SAMPLES: usize> {
    pub(super) h: [[Line; LINES]; SAMPLES],
    pub(super) next: [[Line; LINES]; SAMPLES],
    pub(super) sums: [Sums; SAMPLES],
}

impl<const LINES: usize, const SAMPLES: usize> GruBatch<LINES, SAMPLES> {
    /// The states before the first step.
    #[inline(always)]
    pub const fn zero() -> Self {
        let lines = [[[0.0; 16]; LINES]; SAMPLES];
        Self { h: lines, next: lines, sums: [[[0.0; 16]; 4]; SAMPLES] }
    }

    /// One sample's state; zero beyond the last sample.
    #[inline(always)]
    pub fn state(&self, sample: usize) -> GruState<LINES> {
        let mut state = GruState::zero();
        if let Some(h) = self.h.get(sample) {
            state.h.0 = *h;
        }
        state
    }
}

/// A cell whose samples can go together.
pub(super) trait Batched: Kind<Weight: Unscaled> {
    /// What happens to a block's sums over the inputs before the state is added to them; `bias` is what does not go with the
    /// inputs.
    #[inline(always)]
    fn turn(_bias: Option<&Line>, _sums: &mut Sums) {}
    /// A block's sums to the next output, and the next cell if there is one.
    fn finish<I: Isa>(isa: I, sums: &Sums, unit: Units<'_>);
}

/// Sixteen units of one sample.
pub(super) struct Units<'a> {
    /// The last output.
    pub(super) h: &'a Line,
    /// The carried cell.
    pub(super) c: Option<&'a mut Line>,
    /// Where the next output goes.
    pub(super) next: &'a mut Line,
}

/// Floats of a sample's sums.
const SUMS: usize = 64;

/// Rows of a stretch: 32 KiB of weights, a whole first cache where that is small. A pass over two vectors with AVX2 reads
/// a quarter of it.
const STRETCH: usize = 128;

/// All steps of several samples, first to last.
pub(super) struct Batch<'a, 'b, K> {
    pub(super) cell: Cell<'a, K>,
    /// All samples, one after the other.
    pub(super) input: &'a [Float],
    /// How many samples there are.
    pub(super) samples: usize,
    /// Steps of one sample.
    pub(super) steps: usize,
    /// Lines of one sample's state.
    pub(super) lines: usize,
    /// The samples' last outputs.
    pub(super) h: &'b mut [Line],
    /// Their carried cells; empty where there are none.
    pub(super) c: &'b mut [Line],
    /// Where a step's outputs are gathered, as all blocks read the last ones; then the two change places.
    pub(super) next: &'b mut [Line],
    /// One block's sums.
    pub(super) sums: &'b mut [Sums],
}

impl<K: Batched> Program for Batch<'_, '_, K> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self, isa: I) {
        let blocks = self.cell.blocks();
        for step in 0..self.steps {
            for index in 0..blocks {
                // Alternating, each step finds in the cache what the one before read last.
                let block = if step % 2 == 1 { blocks - 1 - index } else { index };
                self.add(isa, step, block);
                self.finish(isa, block);
            }
            core::mem::swap(&mut self.h, &mut self.next);
        }
        // After an odd number of steps the outputs stand where a step's are gathered.
        if self.steps % 2 == 1 {
            for (line, output) in self.next.iter_mut().zip(self.h.iter()) {
                *line = *output;
            }
        }
    }
}

impl<K: Batched> Batch<'_, '_, K> {
    /// A block's sums of all samples.
    #[inline(always)]
    fn add<I: Isa>(&mut self, isa: I, step: usize, block: usize) {
        let (cell, samples) = (self.cell, self.samples);
        let panel::Rows { weights, row, .. } = cell.inputs(block, 0, &[]);
        let inputs = Rows::<K> {
            bias: Some(cell.bias(block)),
            weights,
            row,
            values: self.input,
            start: step * cell.shape.features,
            stride: self.steps * cell.shape.features,
            count: cell.shape.features,
            samples,
        };
        let panel::Rows { weights, row, .. } = cell.of_state(block, &[]);
        let state = Rows {
            bias: None,
            weights,
            row,
            values: self.h.as_flattened(),
            start: 0,
            stride: 16 * self.lines,
            count: cell.shape.units,
            samples,
        };
        // One call in a loop: what is inlined twice takes twice the stack in a debug build.
        for rows in [inputs, state] {
            if rows.bias.is_none() {
                for sums in self.sums.iter_mut().take(samples) {
                    K::turn(cell.further_bias(block), sums);
                }
            }
            rows.add::<I>(isa, self.sums.as_flattened_mut().as_flattened_mut());
        }
    }

    /// The activations of a block's units, sample by sample.
    #[inline(always)]
    fn finish<I: Isa>(&mut self, isa: I, block: usize) {
        for (sample, sums) in self.sums.iter().enumerate().take(self.samples) {
            let line = sample * self.lines + block;
            if let (Some(h), Some(next)) = (self.h.get(line), self.next.get_mut(line)) {
                K::finish(isa, sums, Units { h, c: self.c.get_mut(line), next });
            }
        }
    }
}

/// A block's part of rows, and what each sample multiplies them by.
#[derive(Clone, Copy)]
struct Rows<'a, K: Kind> {
    /// What the sums start from; without it they go on.
    bias: Option<&'a [Float]>,
    /// The first row on.
    weights: &'a [K::Weight],
    /// From one row to the next.
    row: usize,
    /// All samples' values.
    values: &'a [Float],
    /// The first sample's first value.
    start: usize,
    /// From one sample's values to the next one's.
    stride: usize,
    /// How many rows there are, and values of one sample.
    count: usize,
    /// How many samples there are.
    samples: usize,
}

impl<K: Batched> Rows<'_, K> {
    /// Adds all rows to the sums, stretch by stretch.
    #[inline(always)]
    fn add<I: Isa>(mut self, isa: I, sums: &mut [Float]) {
        let count = self.count;
        let mut done = 0;
        // Without rows the sums are their biases.
        while done < count || self.bias.is_some() {
            self.count = (count - done).min(STRETCH);
            match self.samples {
                3 if const { K::INPUTS == 4 && I::MANY_REGISTERS } => self.sweep::<I, 3, 4>(isa, sums, 0),
                ..=3 if const { K::INPUTS == 4 } => {
                    self.sweep::<I, 2, 4>(isa, sums, 0);
                    if self.samples == 3 {
                        self.sweep::<I, 1, 8>(isa, sums, 2);
                    }
                }
                _ => self.many(isa, sums),
            }
            done += self.count;
            self.bias = None;
            self.start += self.count;
            self.weights = self.weights.get(self.row * self.count..).unwrap_or_default();
        }
    }

    /// `SAMPLES` samples from `first` on, `N` vectors of the rows at a time.
    #[inline(always)]
    fn sweep<I: Isa, const SAMPLES: usize, const N: usize>(self, isa: I, sums: &mut [Float], first: usize) {
        let mut lane = 0;
        while lane < 16 * K::INPUTS {
            self.tile::<I, SAMPLES, N>(isa, sums, lane, first);
            lane += N * I::Tile::LANES;
        }
    }

    /// Four samples or more.
    #[inline(always)]
    fn many<I: Isa>(self, isa: I, sums: &mut [Float]) {
        let mut lane = 0;
        while lane < 16 * K::INPUTS {
            lane += if const { !I::MANY_REGISTERS } {
                self.columns::<I, 2>(isa, sums, lane)
            } else if const { (16 * K::INPUTS).is_multiple_of(4 * I::Tile::LANES) } {
                self.columns::<I, 4>(isa, sums, lane)
            } else {
                self.columns::<I, 3>(isa, sums, lane)
            };
        }
    }

    /// `N` vectors from `lane` on, all samples: tiles of six while they fit, of four where these waste less. Answers how
    /// many floats of a row these are.
    #[inline(always)]
    fn columns<I: Isa, const N: usize>(self, isa: I, sums: &mut [Float], lane: usize) -> usize {
        let mut first = 0;
        while first < self.samples {
            let left = self.samples - first;
            if left <= 4 || left == 7 || left == 8 {
                self.tile::<I, 4, N>(isa, sums, lane, first);
                first += 4;
            } else {
                self.tile::<I, 6, N>(isa, sums, lane, first);
                first += 6;
            }
        }
        N * I::Tile::LANES
    }

    /// `SAMPLES` samples from `first` on; what lacks in the last tile is filled up with the last sample.
    #[inline(always)]
    fn tile<I: Isa, const SAMPLES: usize, const N: usize>(self, isa: I, sums: &mut [Float], lane: usize, first: usize) {
        let last = self.samples - 1 - first;
        let places = Places { first: first * SUMS + lane, step: SUMS, last };
        let (start, from) = match self.bias {
            Some(bias) => (bias, Places::all(lane)),
            None => (&*sums, places),
        };
        let Some(tile) = load_tile::<I, I::Tile, SAMPLES, N>(isa, start, from) else { return };
        let mut tile = [tile];
        let columns = Columns {
            first: lane,
            column_stride: I::Tile::LANES,
            per_stream: N,
            stream_stride: 0,
            row_stride: self.row,
            skipped: 0,
        };
        let rows = Places { first: self.start + first * self.stride, step: self.stride, last };
        accumulate(isa, &mut tile, self.weights, columns, Inputs { values: self.values, rows }, self.count);
        // Rows beyond the last sample are the last one again, read before any is written.
        store_tile(&tile[0], sums, places);
    }
}
