//! The inputs' part of many steps' gate sums at once: tiles of rows by columns in registers, each weight read once for
//! several steps. Each sum is its bias, then the inputs ascending, as if it had been computed step by step.

use super::panel::rolled;
use super::simd::{Float, Isa, Places, Product, Program, Vector, Weight, load_tile, store_tile};
use super::tile::scale;

/// What sums of scaled products start from; no block and no small cell's row is wider.
static ZEROS: [Float; 256] = [0.0; 256];

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
    fn run<I: Isa>(mut self, isa: I) {
        let count = self.projection.width / I::Tile::LANES;
        // Four columns at a time, and for the rest tiles of three or one: of those that this width has none of, no code is made.
        let (threes, ones) = match count % 4 {
            3 => (1, 0),
            2 if count > 2 => (2, 0),
            rest => (0, rest),
        };
        let fours = (count - 3 * threes - ones) / 4;
        self.columns::<I, 3, 6, 2, 4>(isa, 0, fours);
        self.columns::<I, 4, 8, 3, 3>(isa, 4 * fours, threes);
        self.columns::<I, 8, 8, 6, 1>(isa, count - ones, ones);
    }
}

impl<W: Weight> Project<'_, W> {
    /// `groups` times `N` columns from `column` on. Twelve sums hide the latency of two multiply-adds a cycle, which is what
    /// processors with wide registers start (`WIDE` steps); others with many registers start up to four (`MANY`).
    #[inline(always)]
    fn columns<I: Isa, const WIDE: usize, const MANY: usize, const FEW: usize, const N: usize>(
        &mut self,
        isa: I,
        column: usize,
        groups: usize,
    ) {
        if groups == 0 {
            return;
        }
        let Projection { bias, scales, weights, row, features, .. } = self.projection;
        let lane = column * I::Tile::LANES;
        let (Some(weights), Some(sums), Some(bias)) =
            (weights.get(lane..), self.target.values.get_mut(lane..), bias.get(lane..))
        else {
            return;
        };
        let product = Product {
            start: if W::SCALED { &ZEROS } else { bias },
            weights,
            row_stride: row,
            inputs: self.input,
            features,
            rows: self.steps,
        };
        let stride = self.target.stride;
        if I::MANY_REGISTERS && I::Tile::LANES == 16 {
            product.compute::<I, I::Tile, WIDE, N>(isa, rolled(groups), sums, stride);
        } else if I::MANY_REGISTERS {
            product.compute::<I, I::Tile, MANY, N>(isa, rolled(groups), sums, stride);
        } else {
            product.compute::<I, I::Tile, FEW, N>(isa, rolled(groups), sums, stride);
        }
        if W::SCALED {
            let scales = scales.get(lane..).unwrap_or_default();
            for vectors in 0..self.steps * groups {
                let lane = vectors % groups * N * I::Tile::LANES;
                let at = Places::all(vectors / groups * stride + lane);
                if let Some(mut tile) = load_tile::<I, I::Tile, 1, N>(isa, sums, at) {
                    scale::<I, 1, N>(isa, &mut tile, [scales, bias], lane);
                    store_tile(&tile, sums, at);
                }
            }
        }
    }
}
