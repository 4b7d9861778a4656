//! The inputs' part of many steps' gate sums at once: tiles of rows by columns in registers, each weight read once for
//! several steps. Each sum is its bias, then the inputs ascending, as if it had been computed step by step.

use super::simd::{Columns, Float, In, Inputs, Isa, Program, Vector, Weight, accumulate, load_tile, store_tile};

/// Inputs that are taken in one pass over a tile's columns, so that their weights stay in the first cache.
const DEPTH: usize = 128;

/// Columns of packed weights to be applied to every step.
#[derive(Clone, Copy)]
pub(super) struct Projection<'a, W> {
    /// The bias of every column.
    pub(super) bias: &'a [Float],
    /// The scale of every column, where there are scales.
    pub(super) scales: &'a [Float],
    /// The rows of the first input on.
    pub(super) weights: &'a [W],
    /// Weights from one input's row to the next.
    pub(super) row: usize,
    /// Floats that are to be computed, a multiple of sixteen.
    pub(super) width: usize,
    /// Inputs of a step.
    pub(super) features: usize,
}

/// Where the sums go.
pub(super) struct Target<'a> {
    /// The first step's first sum on.
    pub(super) values: &'a mut [Float],
    /// Floats from one step to the next.
    pub(super) stride: usize,
}

/// Applies the projection to all steps of `input`, in a function of its own that all layers share.
#[inline(always)]
pub(super) fn project<I: Isa, W: Weight>(
    isa: I,
    projection: Projection<'_, W>,
    input: &[Float],
    steps: usize,
    target: Target<'_>,
) {
    isa.enter(Project { projection, input, steps, target });
}

/// See [`project`].
struct Project<'a, W> {
    projection: Projection<'a, W>,
    input: &'a [Float],
    steps: usize,
    target: Target<'a>,
}

impl<W: Weight> Program for Project<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Project { projection, input, steps, mut target } = self;
        let count = projection.width / I::Tile::LANES;
        // Four columns at a time, and for the rest tiles of three or one: of those that this width has none of, no code is made.
        let (threes, ones) = match count % 4 {
            3 => (1, 0),
            2 if count > 2 => (2, 0),
            rest => (0, rest),
        };
        let mut first = 0;
        // Without inputs the sums are their biases.
        while first < projection.features || first == 0 {
            let depth = DEPTH.min(projection.features - first);
            let mut pass = Pass { projection, input, steps, first, depth, column: 0 };
            while pass.column + 3 * threes + ones < count {
                pass.columns::<I, 6, 2, 4>(isa, &mut target);
                pass.column += 4;
            }
            while pass.column + ones < count {
                pass.columns::<I, 8, 3, 3>(isa, &mut target);
                pass.column += 3;
            }
            while pass.column < count {
                pass.columns::<I, 8, 6, 1>(isa, &mut target);
                pass.column += 1;
            }
            first += depth.max(1);
        }
    }
}

/// Some columns and some inputs, over all steps.
#[derive(Clone, Copy)]
struct Pass<'a, W> {
    projection: Projection<'a, W>,
    input: &'a [Float],
    steps: usize,
    first: usize,
    depth: usize,
    column: usize,
}

impl<W: Weight> Pass<'_, W> {
    /// `N` columns of all steps, as many steps at once as there are registers for.
    #[inline(always)]
    fn columns<I: Isa, const MANY: usize, const FEW: usize, const N: usize>(self, isa: I, target: &mut Target<'_>) {
        if I::MANY_REGISTERS { self.run::<I, MANY, N>(isa, target) } else { self.run::<I, FEW, N>(isa, target) }
    }

    /// All steps, `ROWS` at a time; what lacks in the last tile is filled up with the last step.
    #[inline(always)]
    fn run<I: Isa, const ROWS: usize, const N: usize>(self, isa: I, target: &mut Target<'_>) {
        let mut step = 0;
        while step < self.steps {
            self.tile::<I, ROWS, N>(isa, target, step);
            step += ROWS;
        }
    }

    /// `ROWS` steps of `N` columns.
    #[inline(always)]
    fn tile<I: Isa, const ROWS: usize, const N: usize>(self, isa: I, target: &mut Target<'_>, step: usize) {
        let Pass { projection, input, first, depth, column, .. } = self;
        let lanes = I::Tile::LANES;
        let lane = column * lanes;
        let (mut starts, mut places) = ([0; ROWS], [0; ROWS]);
        for (row, (start, place)) in starts.iter_mut().zip(&mut places).enumerate() {
            let step = (step + row).min(self.steps - 1);
            *start = step * projection.features + first;
            *place = step * target.stride + lane;
        }
        let mut sums = if W::SCALED && first == 0 {
            [[[I::Tile::of(isa, 0.0); N]; ROWS]]
        } else if first == 0 {
            [load_tile::<I, I::Tile, ROWS, N>(isa, projection.bias, [lane; ROWS])]
        } else {
            [load_tile::<I, I::Tile, ROWS, N>(isa, target.values, places)]
        };
        let columns = Columns {
            first: lane,
            column_stride: lanes,
            per_stream: N,
            stream_stride: 0,
            row_stride: projection.row,
            skipped: 0,
        };
        let Some(weights) = projection.weights.get(first * projection.row..) else { return };
        accumulate(isa, &mut sums, weights, columns, Inputs { values: input, starts }, depth);
        if W::SCALED && first + depth == projection.features {
            let [bias] = load_tile::<I, I::Tile, 1, N>(isa, projection.bias, [lane]);
            let [scales] = load_tile::<I, I::Tile, 1, N>(isa, projection.scales, [lane]);
            for row in &mut sums[0] {
                for (sum, (scale, bias)) in row.iter_mut().zip(scales.into_iter().zip(bias)) {
                    *sum = sum.mul_add(scale, bias);
                }
            }
        }
        // Rows beyond the last step are the last one again, read before any is written.
        store_tile(&sums[0], target.values, places);
    }
}
