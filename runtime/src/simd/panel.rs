//! The one loop in which nearly all time goes: rows of packed weights, times inputs, into sums held in registers.

use super::{Float, In, Isa, Line, Weight};

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

/// Where rows begin in a slice: at even distances; what lies behind the last row is the last one again.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// The first row's place.
    pub first: usize,
    /// From one row to the next.
    pub step: usize,
    /// The number of the last row.
    pub last: usize,
}

impl Places {
    /// All rows at one place.
    #[inline(always)]
    pub const fn all(first: usize) -> Self {
        Places { first, step: 0, last: 0 }
    }
    /// The places of the first rows.
    #[inline(always)]
    fn each<const ROWS: usize>(self) -> [usize; ROWS] {
        let mut places = [self.first; ROWS];
        for (row, place) in places.iter_mut().enumerate() {
            *place += row.min(self.last) * self.step;
        }
        places
    }
    /// How long a slice must be that holds `width` values at each of `ROWS` places.
    #[inline(always)]
    fn end<const ROWS: usize>(self, width: usize) -> usize {
        let behind = (ROWS - 1).min(self.last).saturating_mul(self.step);
        self.first.saturating_add(behind).saturating_add(width)
    }
}

/// Rows of inputs that share the weights.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// All rows' inputs.
    pub values: &'a [Float],
    /// Where each row's first input is.
    pub rows: Places,
}

impl<'a> Inputs<'a> {
    /// One row.
    #[inline(always)]
    pub fn row(values: &'a [Float]) -> Self {
        Inputs { values, rows: Places::all(0) }
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
    inputs: Inputs<'_>,
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
    inputs: Inputs<'_>,
    (behind, depth): (usize, usize),
) {
    let last_weight = columns.offset(COLUMNS - 1) + (depth.max(1) - 1) * columns.row_stride + V::LANES;
    if depth == 0 || last_weight > weights.len() {
        return;
    }
    if inputs.rows.end::<ROWS>(depth) > inputs.values.len() {
        return;
    }
    let (values, places) = (inputs.values.as_ptr(), inputs.rows.each());
    // A copy of its own, read and written with constant indices only, stays in registers.
    let mut local = *sums;
    let mut k = 0;
    if behind % SETS > 0 {
        for (set, sums) in local.iter_mut().enumerate() {
            if set >= behind % SETS && k < depth {
                // SAFETY: k < depth; the furthest weight and the furthest input were found to lie in the slices, and the
                // token proves the instruction set.
                unsafe { add_one(sums, weights.as_ptr(), columns, (values, &places), k) }
                k += 1;
            }
        }
    }
    while k + SETS <= depth {
        for (set, sums) in local.iter_mut().enumerate() {
            // SAFETY: k + set < depth; else as above.
            unsafe { add_one(sums, weights.as_ptr(), columns, (values, &places), k + set) }
        }
        k += SETS;
    }
    for (set, sums) in local.iter_mut().enumerate() {
        // The compiler does not see by itself that nothing is left for a single set, and writes its code down once more.
        if SETS > 1 && k + set < depth {
            // SAFETY: as above.
            unsafe { add_one(sums, weights.as_ptr(), columns, (values, &places), k + set) }
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
    (values, places): (*const Float, &[usize; ROWS]),
    k: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut row = [V::splat_unproven(0.0); COLUMNS];
        for (column, weight) in row.iter_mut().enumerate() {
            *weight = W::load(weights.add(columns.offset(column) + k * columns.row_stride));
        }
        for (index, sums) in sums.iter_mut().enumerate() {
            let input = V::splat_unproven(*values.add(places[index % ROWS] + k));
            for (column, sum) in sums.iter_mut().enumerate() {
                if columns.skipped >> (column % 64) & 1 == 0 {
                    *sum = input.mul_add(row[column], *sum);
                }
            }
        }
    }
}

/// Neighbouring vectors of several rows, row after row from their places; nothing if any lies outside.
///
/// The loops do nothing else, so that they unroll and the vectors stay in registers.
#[inline(always)]
pub fn load_tile<I: Isa, V: In<I>, const ROWS: usize, const COLUMNS: usize>(
    _isa: I,
    values: &[Float],
    rows: Places,
) -> Option<[[V; COLUMNS]; ROWS]> {
    if rows.end::<ROWS>(COLUMNS * V::LANES) > values.len() {
        return None;
    }
    // SAFETY: every row's last vector was found to lie in the slice, and the token proves the instruction set.
    Some(unsafe { read_tile(values.as_ptr(), &rows.each()) })
}

/// The vectors of a tile whose rows begin at `places`.
///
/// # Safety
/// The processor has the instruction set of `V`, and all vectors are readable.
#[inline(always)]
unsafe fn read_tile<V: super::Vector, const ROWS: usize, const COLUMNS: usize>(
    values: *const Float,
    places: &[usize; ROWS],
) -> [[V; COLUMNS]; ROWS] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut tile = [[V::splat_unproven(0.0); COLUMNS]; ROWS];
        for (vectors, place) in tile.iter_mut().zip(places) {
            for (column, vector) in vectors.iter_mut().enumerate() {
                *vector = V::load_pointer(values.add(place + column * V::LANES));
            }
        }
        tile
    }
}

/// The first row of some columns, as lines; zeros if any lies outside.
#[inline(always)]
pub fn load_lines<const N: usize>(values: &[Float], columns: Columns) -> [Line; N] {
    let mut lines = [[0.0; 16]; N];
    if columns.offset(N - 1) + 16 <= values.len() {
        for (column, line) in lines.iter_mut().enumerate() {
            // SAFETY: the last column was found to lie in the slice.
            *line = unsafe { values.as_ptr().add(columns.offset(column)).cast::<Line>().read() };
        }
    }
    lines
}

/// Writes the rows of a tile as [`load_tile`] reads them, one after the other; nothing if any lies outside.
#[inline(always)]
pub fn store_tile<V: super::Vector, const ROWS: usize, const COLUMNS: usize>(
    tile: &[[V; COLUMNS]; ROWS],
    values: &mut [Float],
    rows: Places,
) {
    if rows.end::<ROWS>(COLUMNS * V::LANES) > values.len() {
        return;
    }
    // SAFETY: the last vector of the furthest row was found to lie in the slice.
    unsafe { write_tile(tile, values.as_mut_ptr(), &rows.each()) }
}

/// Writes the vectors of a tile, row after row.
///
/// # Safety
/// All vectors are writable at `places`.
#[inline(always)]
unsafe fn write_tile<V: super::Vector, const ROWS: usize, const COLUMNS: usize>(
    tile: &[[V; COLUMNS]; ROWS],
    values: *mut Float,
    places: &[usize; ROWS],
) {
    for (vectors, place) in tile.iter().zip(places) {
        for (column, vector) in vectors.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { vector.store_pointer(values.add(place + column * V::LANES)) }
        }
    }
}

/// Sums of neighbouring columns for many rows of inputs.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a, W> {
    /// What every row's sums start from, from the first column on.
    pub start: &'a [Float],
    /// The weights of the first input, from the first column on.
    pub weights: &'a [W],
    /// From one input's row of weights to the next input's.
    pub row_stride: usize,
    /// The inputs, row after row.
    pub inputs: &'a [Float],
    /// Inputs of a row.
    pub features: usize,
    /// How many rows there are.
    pub rows: usize,
}

/// Inputs that are taken in one pass over all rows, so that their weights stay in the first cache.
const DEPTH: usize = 128;

impl<W: Weight> Product<'_, W> {
    /// Computes `groups` times `COLUMNS` vectors of every row, `ROWS` rows at a time, into `sums`, whose rows are `stride`
    /// apart; nothing if any of it would lie outside the slices.
    ///
    /// All is compared with the slices' lengths once: in a tile, comparisons are more code than the products.
    #[inline(always)]
    pub fn compute<I: Isa, V: In<I>, const ROWS: usize, const COLUMNS: usize>(
        self,
        _isa: I,
        groups: usize,
        sums: &mut [Float],
        stride: usize,
    ) {
        let Product { start, weights, row_stride, inputs, features, rows } = self;
        let width = groups * COLUMNS * V::LANES;
        let Some(last) = rows.checked_sub(1) else { return };
        if width > start.len()
            || last * stride + width > sums.len()
            || rows * features > inputs.len()
            || features > 0 && (features - 1) * row_stride + width > weights.len()
        {
            return;
        }
        let columns = Columns {
            first: 0,
            column_stride: V::LANES,
            per_stream: COLUMNS,
            stream_stride: 0,
            row_stride,
            skipped: 0,
        };
        // The compiler is not told how many passes there are, so that it does not write them all down.
        let end = if features > DEPTH { core::hint::black_box(features) } else { features };
        for group in 0..groups {
            let lane = group * COLUMNS * V::LANES;
            let mut first = 0;
            // Without inputs the sums are their start.
            while first < end || first == 0 {
                let depth = DEPTH.min(features - first);
                let mut row = 0;
                while row < rows {
                    // SAFETY: the last row's last sum and input, the last input's last weight and the start of the last
                    // column were found to lie in the slices, and no row is beyond the last; the token proves the
                    // instruction set.
                    unsafe {
                        let values = inputs.as_ptr().add(first);
                        let weights = weights.as_ptr().add(first * row_stride + lane);
                        let target = sums.as_mut_ptr().add(lane);
                        let from = if first == 0 { start.as_ptr().add(lane) } else { target.cast_const() };
                        // Rows beyond the last are the last one again, read before any is written.
                        let last = last - row;
                        let places = Places { first: row * features, step: features, last }.each::<ROWS>();
                        let targets = Places { first: row * stride, step: stride, last }.each::<ROWS>();
                        let starts = if first == 0 { [0; ROWS] } else { targets };
                        let mut tile = read_tile::<V, ROWS, COLUMNS>(from, &starts);
                        for k in 0..depth {
                            add_one(&mut tile, weights, columns, (values, &places), k);
                        }
                        write_tile(&tile, target, &targets);
                    }
                    row += ROWS;
                }
                first += depth.max(1);
            }
        }
    }
}
