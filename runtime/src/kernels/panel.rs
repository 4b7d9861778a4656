//! Panels: the weights of a few blocks of sixteen units, all gates of one input side by side, input after input.
//!
//! A row is `[block][column][16]`, a column being a gate; the last panel is as wide as its blocks need. The blocks that are taken
//! at once are of one panel, so that its rows are one stream from memory, or of neighbouring panels, as streams side by side.
//! Their sums stay in registers while the inputs run; then their activations follow.
//!
//! In front stand the panels' `[bias][scales of the inputs' rows, of the state's rows][inputs' rows]`, the scales only where weights
//! have them, then the panels' rows of the state: where the inputs' part is computed beforehand, a step reads one stretch of memory.

use super::drive::{Drive, Form, Journey, Kept, Recurrence, Start};
use super::project::{Projection, Target, project};
use super::simd::{Columns, Float, In, Inputs, Isa, Line, Vector, Weight, accumulate, load_lines};
use core::marker::PhantomData;

/// The state of a cell of any size.
pub(super) struct State<'a> {
    /// The last output.
    pub(super) h: &'a mut [Line],
    /// The carried cell; empty where there is none.
    pub(super) c: &'a mut [Line],
    /// Where a step's output is gathered, as all panels read the last one.
    pub(super) next: &'a mut [Line],
}

/// What tells one kind of panels from another.
pub(super) trait Kind: Copy {
    /// What the rows are stored as.
    type Weight: Weight;
    /// Blocks of a full panel.
    const BLOCKS: usize;
    /// Whether the blocks that are taken at once are of neighbouring panels, as streams side by side.
    const SIDE_BY_SIDE: bool = false;
    /// Whether the last group of blocks may be narrower than the others; else no code is made for such a group.
    const IS_RAGGED: bool = true;
    /// Columns of a block's bias; those that do not go with the inputs stand behind the others' of all blocks.
    const BIAS: usize;
    /// Columns of a block in an input's row, in the panel's product and in a row of scales.
    const INPUTS: usize;
    /// Columns of a block in a row of the state.
    const STATE: usize;
    /// One step, all panels: `start` holds each panel's first sums, `stride` apart, and `input` what is not in them yet.
    /// Leaves the output in `next`.
    fn advance<I: Isa>(isa: I, cell: Cell<'_, Self>, state: &mut State<'_>, step: Step<'_>);
}

/// What a step starts from.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    /// Each panel's first sums: the weights themselves, whose panels begin with the bias, or a step's product.
    pub(super) start: &'a [Float],
    /// Floats from one panel's first sums to the next panel's.
    pub(super) stride: usize,
    /// The inputs that are not in the sums yet: all features, or none.
    pub(super) input: &'a [Float],
    /// Whether to go through the panels in descending order.
    pub(super) turned: bool,
}

/// The sizes of a large cell, as numbers that its code reads: computing them there would take more code than reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Features of an input.
    pub(super) features: usize,
    /// Units of an output.
    pub(super) units: usize,
    /// Blocks of all units.
    blocks: usize,
    /// Floats of the inputs' part of a step's sums.
    product: usize,
    /// Weights that a full panel takes the room of, in front of all rows of the state.
    room: usize,
    /// The same in floats.
    floats: usize,
    /// Weights in front of all rows of the state.
    front: usize,
}

impl Shape {
    /// The sizes of a cell of the kind `K`.
    const fn of<K: Kind>(features: usize, units: usize) -> Self {
        let blocks = units.div_ceil(16);
        let room = room::<K>(K::BLOCKS, features);
        Shape {
            features,
            units,
            blocks,
            product: 16 * K::INPUTS * blocks,
            room,
            floats: room / K::Weight::PER_FLOAT,
            front: blocks / K::BLOCKS * room + self::room::<K>(blocks % K::BLOCKS, features),
        }
    }
}

/// Floats of the bias and scales of a panel of so many blocks.
const fn header<K: Kind>(blocks: usize) -> usize {
    16 * blocks * (K::BIAS + if K::Weight::SCALED { 2 * K::INPUTS } else { 0 })
}

/// Weights that a panel of so many blocks takes the room of, in front of all rows of the state.
const fn room<K: Kind>(blocks: usize, features: usize) -> usize {
    header::<K>(blocks) * K::Weight::PER_FLOAT + 16 * blocks * K::INPUTS * features
}

/// A large cell over its weights. Its shape is not in its type, so that layers share the code.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a, K> {
    weights: &'a [Float],
    pub(super) shape: &'static Shape,
    kind: PhantomData<K>,
}

impl<'a, K: Kind> Cell<'a, K> {
    /// A cell of `U` units over `F` features.
    #[inline(always)]
    pub(super) fn of<const F: usize, const U: usize>(weights: &'a [Float]) -> Self {
        Cell { weights, shape: const { &Shape::of::<K>(F, U) }, kind: PhantomData }
    }
    /// Blocks of all units.
    #[inline(always)]
    pub(super) fn blocks(self) -> usize {
        self.shape.blocks
    }
    /// Blocks of the panel that the given block is in.
    #[inline(always)]
    fn neighbours(self, block: usize) -> usize {
        if K::BLOCKS == 1 || !K::IS_RAGGED {
            K::BLOCKS
        } else {
            K::BLOCKS.min(self.blocks() - block / K::BLOCKS * K::BLOCKS)
        }
    }
    /// The floats before the rows of a block's panel, from column `column` of that block on, if the columns before the block's
    /// are `behind` for each of the panel's blocks and a block has `each`.
    #[inline(always)]
    fn head(self, block: usize, behind: usize, each: usize, column: usize) -> &'a [Float] {
        let columns = behind * self.neighbours(block) + block % K::BLOCKS * each + column;
        self.weights.get(block / K::BLOCKS * self.shape.floats + 16 * columns..).unwrap_or_default()
    }
    /// A block's bias, as far as it goes with the inputs.
    #[inline(always)]
    pub(super) fn bias(self, block: usize) -> &'a [Float] {
        self.head(block, 0, K::INPUTS, 0)
    }
    /// A block's bias that does not go with the inputs.
    #[inline(always)]
    pub(super) fn further_bias(self, block: usize) -> Option<&'a Line> {
        self.head(block, K::INPUTS, K::BIAS - K::INPUTS, 0).first_chunk()
    }
    /// The scales of the blocks from `block` on, from their column `column` on: of the inputs' rows, or of the state's.
    #[inline(always)]
    fn scales(self, block: usize, of: Scaled, column: usize) -> Scales<'a> {
        if !K::Weight::SCALED {
            return Scales { values: &[], stride: 0 };
        }
        let before = K::BIAS + if of == Scaled::State { K::INPUTS } else { 0 };
        let stride = if K::SIDE_BY_SIDE { self.shape.floats } else { 16 * K::INPUTS };
        Scales { values: self.head(block, before, K::INPUTS, column), stride }
    }
    /// The inputs' rows of the blocks from `block` on, from their column `column` on.
    #[inline(always)]
    pub(super) fn inputs<'b>(self, block: usize, column: usize, input: &'b [Float]) -> Rows<'b, K::Weight>
    where
        'a: 'b,
    {
        let neighbours = self.neighbours(block);
        let before = block / K::BLOCKS * self.shape.room + header::<K>(neighbours) * K::Weight::PER_FLOAT;
        let within = 16 * (block % K::BLOCKS * K::INPUTS + column);
        Rows {
            weights: K::Weight::of(self.weights).get(before + within..).unwrap_or_default(),
            block_stride: if K::SIDE_BY_SIDE { self.shape.room } else { 16 * K::INPUTS },
            row: 16 * K::INPUTS * neighbours,
            input,
            scales: self.scales(block, Scaled::Inputs, column),
        }
    }
    /// The state's rows of the blocks from `block` on.
    #[inline(always)]
    pub(super) fn of_state<'b>(self, block: usize, hidden: &'b [Float]) -> Rows<'b, K::Weight>
    where
        'a: 'b,
    {
        self.units_rows(block, 0, K::STATE, 0, hidden)
    }
    /// Rows of one column a block that stand behind all others, one for each unit: those of the blocks from `block` on. Their
    /// scales are the state's of column `column`.
    #[inline(always)]
    pub(super) fn behind<'b>(self, block: usize, column: usize, hidden: &'b [Float]) -> Rows<'b, K::Weight>
    where
        'a: 'b,
    {
        self.units_rows(block, K::STATE, 1, column, hidden)
    }
    /// Rows of `each` columns a block, one for each unit, behind so many columns of all blocks.
    #[inline(always)]
    fn units_rows<'b>(
        self,
        block: usize,
        behind: usize,
        each: usize,
        column: usize,
        hidden: &'b [Float],
    ) -> Rows<'b, K::Weight>
    where
        'a: 'b,
    {
        let Shape { units, front, .. } = *self.shape;
        let front = front + 16 * behind * self.blocks() * units;
        let within = 16 * each * (block / K::BLOCKS * K::BLOCKS * units + block % K::BLOCKS);
        Rows {
            weights: K::Weight::of(self.weights).get(front + within..).unwrap_or_default(),
            block_stride: 16 * each * if K::SIDE_BY_SIDE { K::BLOCKS * units } else { 1 },
            row: 16 * each * self.neighbours(block),
            input: hidden.get(..units).unwrap_or_default(),
            scales: self.scales(block, Scaled::State, column),
        }
    }
    /// The first sums of `N` columns, `per_block` from each block from `block` on, from its column `column` on.
    #[inline(always)]
    pub(super) fn start<const N: usize>(
        self,
        step: Step<'_>,
        block: usize,
        per_block: usize,
        column: usize,
    ) -> [Line; N] {
        let columns = Columns {
            first: block / K::BLOCKS * step.stride + 16 * (block % K::BLOCKS * K::INPUTS + column),
            column_stride: 16,
            per_stream: per_block,
            stream_stride: if K::SIDE_BY_SIDE { step.stride } else { 16 * K::INPUTS },
            row_stride: 0,
            skipped: 0,
        };
        load_lines(step.start, columns)
    }
}

impl<'a, K: Kind> Recurrence for Cell<'a, K> {
    type State = State<'a>;

    #[inline(always)]
    fn is_apart<I: Isa>(_form: Form) -> bool {
        false
    }
    #[inline(always)]
    fn features(self) -> usize {
        self.shape.features
    }
    #[inline(always)]
    fn units(self) -> usize {
        self.shape.units
    }
    #[inline(always)]
    fn product_row(self) -> usize {
        self.shape.product
    }
    #[inline(always)]
    fn project<I: Isa>(self, isa: I, input: &[Float], steps: usize, product: &mut [Float]) {
        let stride = self.product_row();
        for block in (0..self.blocks()).step_by(K::BLOCKS) {
            let Rows { weights, row, scales, .. } = self.inputs(block, 0, &[]);
            let (bias, scales) = (self.bias(block), scales.values);
            let projection = Projection { bias, scales, weights, row, width: row, features: self.shape.features };
            let values = product.get_mut(16 * K::INPUTS * block..).unwrap_or_default();
            project(isa, projection, input, steps, Target { values, stride });
        }
    }
    #[inline(always)]
    fn step<I: Isa>(self, isa: I, state: &mut State<'a>, from: Start<'_>) {
        let (start, stride) = match from.product {
            Some(product) => (product, 16 * K::INPUTS * K::BLOCKS),
            None => (self.weights, self.shape.floats),
        };
        K::advance(isa, self, state, Step { start, stride, input: from.input, turned: from.turned });
        state.settle();
    }
    #[inline(always)]
    fn hidden<'b>(state: &'b State<'a>) -> &'b [Float] {
        state.h.as_flattened()
    }
}

/// Takes a journey through a cell of the kind `K`, of `U` units over `F` features.
#[inline(always)]
pub(super) fn drive<'a, I: Isa, K: Kind, M: Kept, const F: usize, const U: usize>(
    isa: I,
    weights: &'a [Float],
    mut state: State<'a>,
    journey: Journey<'_, M>,
) {
    isa.enter(Drive { cell: Cell::<K>::of::<F, U>(weights), state: &mut state, journey });
}

impl State<'_> {
    /// Makes the step's output the last one.
    #[inline(always)]
    fn settle(&mut self) {
        let count = self.h.len().min(self.next.len());
        if let (Some(lines), Some(next)) = (self.h.get_mut(..count), self.next.get(..count)) {
            lines.copy_from_slice(next);
        }
    }
}

/// Rows of a panel to be added to the sums of some of its blocks.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, W> {
    /// From the first block's first row on.
    pub(super) weights: &'a [W],
    /// Weights from one block to the next in a row, or from one panel to the next.
    block_stride: usize,
    /// Weights of a row: sixteen for each column of each block.
    pub(super) row: usize,
    /// What the rows are multiplied by.
    pub(super) input: &'a [Float],
    /// What their products are multiplied by, where weights are scaled.
    pub(super) scales: Scales<'a>,
}

/// Which rows of a panel scales belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scaled {
    /// The inputs' rows.
    Inputs,
    /// The state's rows.
    State,
}

/// Scales of the columns of several blocks; none where weights are not scaled.
#[derive(Clone, Copy)]
pub(super) struct Scales<'a> {
    /// Those of the first block's first column on.
    values: &'a [Float],
    /// Floats from one block's to the next block's, or from one panel's to the next panel's.
    stride: usize,
}

impl Scales<'_> {
    /// Those of a column, counted over blocks of `per_block` columns.
    #[inline(always)]
    fn line(self, column: usize, per_block: usize) -> Line {
        let start = column / per_block * self.stride + column % per_block * 16;
        let found = self.values.get(start..).and_then(<[Float]>::split_first_chunk);
        found.map_or([0.0; 16], |(line, _)| *line)
    }
}

/// Adds `rows` to the sums of `N` columns, `per_block` of them in each block, as `SPLITS` partial sums over equal ranges
/// of the inputs, of which the first goes on from `lines` and the others start from zero. `turned` computes the ranges
/// last to first, which changes no bits.
#[inline(always)]
pub(super) fn add_rows<I: Isa, W: Weight, const N: usize, const SPLITS: usize>(
    isa: I,
    lines: &mut [Line; N],
    rows: Rows<'_, W>,
    per_block: usize,
    turned: bool,
) {
    if I::Block::LANES == 16 {
        return pass::<I, W, N, N, SPLITS>(isa, lines, rows, 0, per_block, turned);
    }
    // Few registers: two columns at a time, of all sixteen lanes, so that each cache line is read once.
    let mut first = 0;
    while first + 2 <= N {
        pass::<I, W, 2, N, SPLITS>(isa, lines, rows, first, per_block, turned);
        first += 2;
    }
    if N % 2 == 1 {
        pass::<I, W, 1, N, SPLITS>(isa, lines, rows, N - 1, per_block, turned);
    }
}

/// `M` of the columns, from `first` on.
#[inline(always)]
fn pass<I: Isa, W: Weight, const M: usize, const N: usize, const SPLITS: usize>(
    isa: I,
    lines: &mut [Line; N],
    rows: Rows<'_, W>,
    first: usize,
    per_block: usize,
    turned: bool,
) {
    if W::SCALED && rows.input.is_empty() {
        return;
    }
    let columns = Columns {
        first: first / per_block * rows.block_stride + 16 * (first % per_block),
        column_stride: 16,
        per_stream: per_block,
        stream_stride: rows.block_stride,
        row_stride: rows.row,
        skipped: 0,
    };
    let range = rows.input.len().div_ceil(SPLITS).max(1);
    let mut partial = [[I::V16::of(isa, 0.0); M]; SPLITS];
    if !W::SCALED {
        for (column, sum) in partial[0].iter_mut().enumerate() {
            *sum = I::V16::load(isa, &lines[(first + column) % N], 0);
        }
    }
    for index in 0..SPLITS {
        let split = if turned { SPLITS - 1 - index } else { index };
        let start = (split * range).min(rows.input.len());
        let end = (start + range).min(rows.input.len());
        let (Some(weights), Some(input)) = (rows.weights.get(start * rows.row..), rows.input.get(start..end)) else {
            continue;
        };
        let mut sums = [[partial[split % SPLITS]; 1]; 1];
        accumulate(isa, &mut sums, weights, columns, Inputs::row(input), input.len());
        partial[split % SPLITS] = sums[0][0];
    }
    for column in 0..M {
        let (first_part, second) = (partial[0][column], partial[1 % SPLITS][column]);
        let sum = match SPLITS {
            1 => first_part,
            2 => first_part.add(second),
            _ => first_part.add(second).add(partial[2 % SPLITS][column].add(partial[3 % SPLITS][column])),
        };
        let line = &mut lines[(first + column) % N];
        if W::SCALED {
            let scale = rows.scales.line(first + column, per_block);
            sum.mul_add(I::V16::load(isa, &scale, 0), I::V16::load(isa, line, 0)).store(line, 0);
        } else {
            sum.store(line, 0);
        }
    }
}

/// How blocks are taken in groups; the last one is what is left.
#[derive(Clone, Copy)]
pub(super) struct Groups {
    blocks: usize,
    most: usize,
    is_ragged: bool,
}

impl Groups {
    /// All groups of `blocks`, each of `most`, for panels of the kind `K`.
    #[inline(always)]
    pub(super) fn of<K: Kind>(blocks: usize, most: usize) -> Self {
        Groups { blocks, most, is_ragged: K::IS_RAGGED }
    }
    /// How many groups there are.
    #[inline(always)]
    pub(super) fn count(self) -> usize {
        self.blocks.div_ceil(self.most)
    }
    /// First block and number of blocks of the group that comes as number `index`.
    #[inline(always)]
    pub(super) fn get(self, index: usize, turned: bool) -> (usize, usize) {
        let index = if turned { self.count() - 1 - index } else { index };
        let first = self.most * index;
        (first, if self.is_ragged { self.most.min(self.blocks - first) } else { self.most })
    }
}

/// A count that the compiler is not told, so that it does not write a loop's body down as often.
#[inline(always)]
pub(super) fn rolled(count: usize) -> usize {
    if count > 1 { core::hint::black_box(count) } else { count }
}

/// Parts of a block of sixteen units, as vectors of [`Isa::Block`]: where unrolling would only make code, the compiler is
/// not told how many there are.
#[inline(always)]
pub(super) fn parts<I: Isa>(_isa: I) -> usize {
    let count = 16 / I::Block::LANES;
    if I::UNROLLED { count } else { core::hint::black_box(count) }
}

/// A part of each line.
#[inline(always)]
pub(super) fn part_of<I: Isa, const N: usize>(isa: I, lines: &[Line; N], part: usize) -> [I::Block; N] {
    let mut vectors = [I::Block::of(isa, 0.0); N];
    for (vector, line) in vectors.iter_mut().zip(lines) {
        *vector = I::Block::load(isa, line, part);
    }
    vectors
}
