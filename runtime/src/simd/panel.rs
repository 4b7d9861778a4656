//! The one loop in which nearly all time goes: rows of packed weights, times inputs, into sums held in registers.

use super::{Float, In, Isa, Weight};

/// Where the columns of a block of packed weights lie, in weights from the start of the slice.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// The first column's first lane.
    pub first: usize,
    /// From one column to the next in a stream.
    pub column_stride: usize,
    /// How many columns follow each other before the next stream starts.
    pub per_stream: usize,
    /// From one stream to the next.
    pub stream_stride: usize,
    /// From one input's row to the next input's.
    pub row_stride: usize,
    /// A set bit leaves that column out.
    pub skipped: u64,
}

impl Columns {
    /// The offset of a column in its first row.
    #[inline(always)]
    const fn offset(self, column: usize) -> usize {
        self.first + column / self.per_stream * self.stream_stride + column % self.per_stream * self.column_stride
    }
}

/// Rows of inputs that share the weights.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a, const ROWS: usize> {
    /// All rows' inputs.
    pub values: &'a [Float],
    /// Each row's first input.
    pub starts: [usize; ROWS],
}

impl<'a> Inputs<'a, 1> {
    /// One row.
    #[inline(always)]
    pub fn row(values: &'a [Float]) -> Self {
        Inputs { values, starts: [0] }
    }
}

/// Adds `inputs[row][k] * weights[k][column]` to `sums[k mod SETS][row][column]`, for k from 0 to `depth`, ascending.
///
/// Does nothing if any of it would lie outside the slices; callers' shapes never let that happen, and with constant
/// shapes the check vanishes.
#[inline(always)]
pub fn accumulate<I: Isa, V: In<I>, W: Weight, const ROWS: usize, const COLUMNS: usize, const SETS: usize>(
    isa: I,
    sums: &mut [[[V; COLUMNS]; ROWS]; SETS],
    weights: &[W],
    columns: Columns,
    inputs: Inputs<'_, ROWS>,
    depth: usize,
) {
    accumulate_behind(isa, sums, weights, columns, inputs, (0, depth));
}

/// As [`accumulate`], for `depth` inputs that have `behind` others before them: input k goes to the sum of number
/// (`behind` + k) mod `SETS`, as if all had been added at once.
#[inline(always)]
pub fn accumulate_behind<I: Isa, V: In<I>, W: Weight, const ROWS: usize, const COLUMNS: usize, const SETS: usize>(
    _isa: I,
    sums: &mut [[[V; COLUMNS]; ROWS]; SETS],
    weights: &[W],
    columns: Columns,
    inputs: Inputs<'_, ROWS>,
    (behind, depth): (usize, usize),
) {
    let last_weight = columns.offset(COLUMNS - 1) + (depth.max(1) - 1) * columns.row_stride + V::LANES;
    if depth == 0 || last_weight > weights.len() {
        return;
    }
    if furthest(&inputs.starts).saturating_add(depth) > inputs.values.len() {
        return;
    }
    // A copy of its own, read and written with constant indices only, stays in registers.
    let mut local = *sums;
    let mut k = 0;
    if behind % SETS > 0 {
        for (set, sums) in local.iter_mut().enumerate() {
            if set >= behind % SETS && k < depth {
                // SAFETY: k < depth; the furthest weight and the furthest input were found to lie in the slices, and the
                // token proves the instruction set.
                unsafe { add_one::<V, W, ROWS, COLUMNS>(sums, weights.as_ptr(), columns, inputs, k) }
                k += 1;
            }
        }
    }
    while k + SETS <= depth {
        for (set, sums) in local.iter_mut().enumerate() {
            // SAFETY: k + set < depth; else as above.
            unsafe { add_one::<V, W, ROWS, COLUMNS>(sums, weights.as_ptr(), columns, inputs, k + set) }
        }
        k += SETS;
    }
    for (set, sums) in local.iter_mut().enumerate() {
        // The compiler does not see by itself that nothing is left for a single set, and writes its code down once more.
        if SETS > 1 && k + set < depth {
            // SAFETY: as above.
            unsafe { add_one::<V, W, ROWS, COLUMNS>(sums, weights.as_ptr(), columns, inputs, k + set) }
        }
    }
    *sums = local;
}

/// One input of each row into all columns.
///
/// # Safety
/// The processor has the instruction set of `V`; row `k` of every column and input `k` of every row are readable.
#[inline(always)]
unsafe fn add_one<V: super::Vector, W: Weight, const ROWS: usize, const COLUMNS: usize>(
    sums: &mut [[V; COLUMNS]; ROWS],
    weights: *const W,
    columns: Columns,
    inputs: Inputs<'_, ROWS>,
    k: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut row = [V::splat_unproven(0.0); COLUMNS];
        for (column, weight) in row.iter_mut().enumerate() {
            *weight = W::load(weights.add(columns.offset(column) + k * columns.row_stride));
        }
        for (index, sums) in sums.iter_mut().enumerate() {
            let input = V::splat_unproven(*inputs.values.as_ptr().add(inputs.starts[index % ROWS] + k));
            for (column, sum) in sums.iter_mut().enumerate() {
                if columns.skipped >> (column % 64) & 1 == 0 {
                    *sum = input.mul_add(row[column], *sum);
                }
            }
        }
    }
}

/// The largest of some places: one comparison with a slice's length in place of one a row, in every tile.
#[inline(always)]
fn furthest<const ROWS: usize>(places: &[usize; ROWS]) -> usize {
    let mut furthest = 0;
    for place in places {
        furthest = furthest.max(*place);
    }
    furthest
}

/// Neighbouring vectors of several rows: row after row from the places in `starts`; zeros if any lies outside.
///
/// The loops do nothing else, so that they unroll and the vectors stay in registers.
#[inline(always)]
pub fn load_tile<I: Isa, V: In<I>, const ROWS: usize, const COLUMNS: usize>(
    isa: I,
    values: &[Float],
    starts: [usize; ROWS],
) -> [[V; COLUMNS]; ROWS] {
    let mut tile = [[V::of(isa, 0.0); COLUMNS]; ROWS];
    if furthest(&starts).saturating_add(COLUMNS * V::LANES) > values.len() {
        return tile;
    }
    for (row, start) in tile.iter_mut().zip(starts) {
        for (column, vector) in row.iter_mut().enumerate() {
            // SAFETY: every row's last vector was found to lie in the slice, and the token proves the instruction set.
            *vector = unsafe { V::load_pointer(values.as_ptr().add(start + column * V::LANES)) };
        }
    }
    tile
}

/// Writes the rows of a tile as [`load_tile`] reads them, one after the other; nothing if any lies outside.
#[inline(always)]
pub fn store_tile<V: super::Vector, const ROWS: usize, const COLUMNS: usize>(
    tile: &[[V; COLUMNS]; ROWS],
    values: &mut [Float],
    starts: [usize; ROWS],
) {
    if furthest(&starts).saturating_add(COLUMNS * V::LANES) > values.len() {
        return;
    }
    for (row, start) in tile.iter().zip(starts) {
        for (column, vector) in row.iter().enumerate() {
            // SAFETY: the last vector of the furthest row was found to lie in the slice.
            unsafe { vector.store_pointer(values.as_mut_ptr().add(start + column * V::LANES)) }
        }
    }
}
