//! Dense: act(x·K + b), row by row.
//!
//! Up to [`MOST_DOTS`] outputs: `[biases, padded to 16][output][inputs, padded to 16]`; an output's sum runs over sixteen
//! lanes, input k in lane k mod 16, folded in halves, the bias last. More: groups of up to 64 outputs,
//! `[group][bias, inputs][width]`, the last group as wide as its outputs need in steps of 16; an output's sum is its bias,
//! then the inputs ascending, input k in partial sum k mod 4 (groups of 16 or 32 outputs) or k mod 2 (48 or 64).
//! Source: Keras `Dense`.

use super::activation::Activation;
use super::simd::{Columns, Float, In, Inputs, Isa, Line, Places, Program, Vector, Weight, accumulate, load_tile};
use super::tile::{combine, finish, scale};
use core::marker::PhantomData;

/// Up to this many outputs a dense layer is a dot product for each: the packing decides alike.
const MOST_DOTS: usize = 4;
/// From this many weights on the code stands in a function of its own, which layers share.
pub(super) const LARGE: usize = 2048;
/// Outputs of a full group.
pub(super) const GROUP: usize = 64;

/// A dense layer of `OUT` outputs over `IN` inputs with activation `A`, its rows of weights stored as `W`.
#[derive(Clone, Copy, Debug)]
pub struct Dense<const IN: usize, const OUT: usize, A, W = Float>(PhantomData<(A, W)>);

impl<const IN: usize, const OUT: usize, A: Activation, W: Weight> Dense<IN, OUT, A, W> {
    /// Every row of `input` into its row of `output`.
    ///
    /// - `weights`: the layer's packed segment
    #[inline(always)]
    pub fn rows<I: Isa>(isa: I, weights: &[Float], input: &[[Float; IN]], output: &mut [[Float; OUT]]) {
        if OUT <= MOST_DOTS {
            for (input, output) in input.iter().zip(output) {
                dots::<I, IN, OUT, A, W>(isa, weights, input, output);
            }
            return;
        }
        let rows = input.len().min(output.len());
        let program = Groups {
            weights,
            input: input.as_flattened(),
            output: output.as_flattened_mut(),
            rows,
            inputs: IN,
            outputs: OUT,
            kind: PhantomData::<(A, W)>,
        };
        if IN * OUT >= LARGE { isa.enter(program) } else { program.run(isa) }
    }
}

/// A few outputs of one row.
#[inline(always)]
fn dots<I: Isa, const IN: usize, const OUT: usize, A: Activation, W: Weight>(
    isa: I,
    weights: &[Float],
    input: &[Float; IN],
    output: &mut [Float; OUT],
) {
    let (lines, tail) = input.as_chunks::<16>();
    let (biases, scales) = weights.split_at_checked(16).unwrap_or_default();
    let weights = W::of(weights).get(head::<W>(16)..).unwrap_or_default();
    let mut sums: Line = [0.0; 16];
    for (index, sum) in sums.iter_mut().take(OUT).enumerate() {
        let (row, _) = weights.get(index * IN.next_multiple_of(16)..).unwrap_or_default().as_chunks::<16>();
        let mut sixteen = I::V16::of(isa, 0.0);
        for (x, w) in lines.iter().zip(row) {
            sixteen = I::V16::load(isa, x, 0).mul_add(I::V16::expand(isa, w, 0), sixteen);
        }
        let [low, high] = isa.halves(sixteen);
        let [low, high] = isa.split_eight(low.add(high));
        let mut four = low.add(high);
        if let Some(w) = row.get(IN / 16) {
            four = four.add(tail_products::<I, W, IN>(isa, tail, w));
        }
        let bias = biases.get(index).copied().unwrap_or_default();
        *sum = if W::SCALED {
            four.sum() * scales.get(index).copied().unwrap_or_default() + bias
        } else {
            four.sum() + bias
        };
    }
    A::apply(I::V4::load(isa, &sums, 0)).store(&mut sums, 0);
    output.copy_from_slice(&sums[..OUT]);
}

/// The products of the inputs behind the last whole line, folded to four lanes.
#[inline(always)]
fn tail_products<I: Isa, W: Weight, const IN: usize>(isa: I, tail: &[Float], weights: &[W; 16]) -> I::V4 {
    if IN % 16 == 4 {
        return I::V4::read(isa, tail).mul(I::V4::expand(isa, weights, 0));
    }
    if IN % 16 == 8 {
        let [low, high] = isa.split_eight(I::V8::read(isa, tail).mul(I::V8::expand(isa, weights, 0)));
        return low.add(high);
    }
    let mut padded: Line = [0.0; 16];
    for (to, from) in padded.iter_mut().zip(tail) {
        *to = *from;
    }
    if IN % 16 < 4 {
        return I::V4::load(isa, &padded, 0).mul(I::V4::expand(isa, weights, 0));
    }
    if IN % 16 < 8 {
        let [low, high] = isa.split_eight(I::V8::load(isa, &padded, 0).mul(I::V8::expand(isa, weights, 0)));
        return low.add(high);
    }
    let [low, high] = isa.halves(I::V16::load(isa, &padded, 0).mul(I::V16::expand(isa, weights, 0)));
    let [low, high] = isa.split_eight(low.add(high));
    low.add(high)
}

/// The first row of weights: behind `width` biases, and as many scales where there are scales.
#[inline(always)]
const fn head<W: Weight>(width: usize) -> usize {
    W::PER_FLOAT * width * if W::SCALED { 2 } else { 1 }
}

/// Many outputs; the shape is not in the type, so that layers can share the code.
struct Groups<'a, A, W> {
    weights: &'a [Float],
    input: &'a [Float],
    output: &'a mut [Float],
    rows: usize,
    inputs: usize,
    outputs: usize,
    kind: PhantomData<(A, W)>,
}

impl<A: Activation, W: Weight> Program for Groups<'_, A, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self, isa: I) {
        for group in 0..self.outputs.div_ceil(GROUP) {
            let width = (self.outputs - group * GROUP).div_ceil(16).min(4);
            // Tiles of 24 registers, or 12: rows times columns times partial sums.
            match (I::MANY_REGISTERS, width) {
                (true, 1) => self.group::<I, 6, 1, 4>(isa, group, width),
                (true, 2) => self.group::<I, 3, 2, 4>(isa, group, width),
                (true, 3) => self.group::<I, 4, 3, 2>(isa, group, width),
                (true, _) => self.group::<I, 3, 4, 2>(isa, group, width),
                (false, 1 | 2) => self.group::<I, 3, 1, 4>(isa, group, width),
                (false, _) => self.group::<I, 3, 2, 2>(isa, group, width),
            }
        }
    }
}

impl<A: Activation, W: Weight> Groups<'_, A, W> {
    /// One group of outputs for all rows, in tiles of `ROWS` rows by `N` columns with `SETS` partial sums.
    #[inline(always)]
    fn group<I: Isa, const ROWS: usize, const N: usize, const SETS: usize>(
        &mut self,
        isa: I,
        group: usize,
        width: usize,
    ) {
        let mut column = 0;
        while column < 16 * width / I::Tile::LANES {
            if self.rows == 1 {
                self.tile::<I, 1, N, SETS>(isa, group, width, 0, column);
            } else {
                let mut row = 0;
                // What lacks in the last tile is filled up with the last row.
                while row < self.rows {
                    self.tile::<I, ROWS, N, SETS>(isa, group, width, row, column);
                    row += ROWS;
                }
            }
            column += N;
        }
    }

    /// One tile.
    #[inline(always)]
    fn tile<I: Isa, const ROWS: usize, const N: usize, const SETS: usize>(
        &mut self,
        isa: I,
        group: usize,
        width: usize,
        row: usize,
        column: usize,
    ) {
        let lanes = I::Tile::LANES;
        let first = column * lanes;
        let start = group * (head::<W>(GROUP) + GROUP * self.inputs);
        let floats = self.weights.get(start / W::PER_FLOAT..).unwrap_or_default();
        let weights = W::of(floats);
        let mut sums = [[[I::Tile::of(isa, 0.0); N]; ROWS]; SETS];
        if !W::SCALED {
            let Some(biases) = load_tile(isa, floats, Places::all(first)) else { return };
            sums[0] = biases;
        }
        let columns = Columns {
            first: head::<W>(16 * width) + first,
            column_stride: lanes,
            per_stream: N,
            stream_stride: 0,
            row_stride: 16 * width,
            skipped: 0,
        };
        let (last, inputs) = (self.rows - 1 - row, self.inputs);
        let rows = Places { first: row * inputs, step: inputs, last };
        accumulate(isa, &mut sums, weights, columns, Inputs { values: self.input, rows }, inputs);
        let left = (self.outputs - group * GROUP).saturating_sub(first).min(N * lanes);
        let places = Places { first: row * self.outputs + group * GROUP + first, step: self.outputs, last };
        if W::SCALED {
            let mut scaled = combine::<I, ROWS, N, SETS>(sums);
            let scales = floats.get(16 * width..).unwrap_or_default();
            scale::<I, ROWS, N>(isa, &mut scaled, [scales, floats], first);
            finish::<I, A, ROWS, N, 1>(isa, [scaled], self.output, places, left);
        } else {
            finish::<I, A, ROWS, N, SETS>(isa, sums, self.output, places, left);
        }
    }
}
