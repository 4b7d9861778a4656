//! Small cells: all gate sums of a step in one pass over rows of packed weights.
//!
//! A row holds, for one input, the columns of all gates: whole blocks of sixteen units gate after gate, sixteen lanes
//! each, then the remaining units with their gates side by side, 4 or 8 lanes each (or 16: then it is a block of its
//! own). Row 0 is the bias; then come the features' rows, then the state's.

use super::drive::{Form, Recurrence, Start};
use super::project::{Projection, Target, project};
use super::simd::{Columns, Float, In, Inputs, Isa, Line, Vector, Weight, accumulate};
use core::marker::PhantomData;

/// How the units of a small cell lie in a row.
pub(super) struct Layout<const U: usize>;

impl<const U: usize> Layout<U> {
    /// Whole blocks of sixteen lanes a gate, also the last one when more than half of it is filled.
    pub(super) const BLOCKS: usize = U / 16 + (U % 16 > 8) as usize;
    /// Lanes a gate of what is left: 0, 4 or 8.
    pub(super) const TAIL: usize = match U % 16 {
        0 | 9.. => 0,
        1..=4 => 4,
        _ => 8,
    };
}

/// With more sums than this each step of a sequence is a call of its own.
const MOST_SUMS: usize = 16;
/// With fewer features than this the inputs' part is not worth computing beforehand: the packing decides alike.
const FEWEST_FEATURES: usize = 16;

/// What tells one kind of small cell from another.
pub(super) trait Kind: Copy {
    /// What the rows are stored as.
    type Weight: Weight;
    /// What the cell carries.
    type State;
    /// Lines of a row.
    const LINES_A_ROW: usize;
    /// Units of an output.
    const UNITS: usize;
    /// Vectors of sums, partial ones included.
    const SUMS: usize;
    /// The last output's lines.
    fn hidden(state: &Self::State) -> &[Float];
    /// One step, of which `step` names all but the state.
    fn advance<I: Isa>(isa: I, state: &mut Self::State, step: Step<'_>);
}

/// A small cell over its weights, `F` features an input.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a, const F: usize, K> {
    pub(super) weights: &'a [Float],
    pub(super) kind: PhantomData<K>,
}

impl<const F: usize, K: Kind> Recurrence for Cell<'_, F, K> {
    type State = K::State;

    #[inline(always)]
    fn is_apart<I: Isa>(form: Form) -> bool {
        match form {
            Form::Loop => K::SUMS > MOST_SUMS,
            Form::Single => false,
            Form::Unrolled => !I::UNROLLED,
        }
    }
    #[inline(always)]
    fn features(self) -> usize {
        F
    }
    #[inline(always)]
    fn units(self) -> usize {
        K::UNITS
    }
    #[inline(always)]
    fn product_row(self) -> usize {
        if F < FEWEST_FEATURES { 0 } else { 16 * K::LINES_A_ROW }
    }
    #[inline(always)]
    fn project<I: Isa>(self, isa: I, input: &[Float], steps: usize, product: &mut [Float]) {
        let row = 16 * K::LINES_A_ROW;
        let (bias, scales) = self.weights.split_at_checked(row).unwrap_or_default();
        let weights = K::Weight::of(self.weights).get(head::<K::Weight>(row)..).unwrap_or_default();
        let projection = Projection { bias, scales, weights, row, width: row, features: F };
        project(isa, projection, input, steps, Target { values: product, stride: row });
    }
    #[inline(always)]
    fn step<I: Isa>(self, isa: I, state: &mut Self::State, from: Start<'_>) {
        let start = from.product.unwrap_or(self.weights);
        K::advance(isa, state, Step { weights: self.weights, start, input: from.input, features: F });
    }
    #[inline(always)]
    fn hidden(state: &Self::State) -> &[Float] {
        K::hidden(state)
    }
}

/// The first row of weights: behind the bias, and two rows of scales where there are scales.
#[inline(always)]
const fn head<W: Weight>(row: usize) -> usize {
    W::PER_FLOAT * row * if W::SCALED { 3 } else { 1 }
}

/// One step's operands.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    /// All of the layer's floats.
    pub(super) weights: &'a [Float],
    /// What the sums start from: the bias row or the step's product.
    pub(super) start: &'a [Float],
    /// The inputs that are not in `start` yet: all features, or none.
    pub(super) input: &'a [Float],
    /// Features of an input.
    pub(super) features: usize,
}

/// Columns that are zero and left out, a bit each.
#[derive(Clone, Copy)]
pub(super) struct Without {
    /// In the inputs' rows.
    pub(super) input: u64,
    /// In the state's rows.
    pub(super) state: u64,
}

impl Without {
    /// Every column is there.
    pub(super) const NONE: Without = Without { input: 0, state: 0 };
}

/// Where the lines of a small cell's whole blocks end, if their sums are to be computed and used before those of the rest, which
/// then run beside the blocks' activations: that pays where a row does not stay in registers.
#[inline(always)]
pub(super) const fn first_lines<I: Isa, const U: usize, const VECTORS: usize>() -> Option<usize> {
    let whole = 4 * Layout::<U>::BLOCKS;
    if I::WHOLE_ROWS || !I::UNROLLED || whole == 0 || whole == VECTORS || VECTORS > 6 { None } else { Some(whole) }
}

/// The gate sums of a step, of the lines from `from` on and before `to`; they stay in registers where a whole row does.
#[inline(always)]
pub(super) fn sums<I: Isa, W: Weight, const VECTORS: usize, const SETS: usize>(
    isa: I,
    step: Step<'_>,
    hidden: &[Float],
    without: Without,
    lines: &mut [Line; VECTORS],
    [from, to]: [usize; 2],
) {
    // As many columns at once as there are registers for their partial sums.
    let (done, count) = (16 / I::Group::LANES * from, 16 / I::Group::LANES * to);
    if I::WHOLE_ROWS {
        let sums = columns::<I, I::V16, W, VECTORS, SETS>(isa, step, hidden, without, [0, VECTORS]);
        for (sum, line) in sums.into_iter().zip(lines) {
            sum.store(line, 0);
        }
    } else if SETS == 4 || VECTORS == 1 {
        in_groups::<I, W, 1, SETS, VECTORS>(isa, step, hidden, without, lines, done, count);
    } else if SETS == 2 || VECTORS < 4 {
        in_groups::<I, W, 2, SETS, VECTORS>(isa, step, hidden, without, lines, done, count);
    } else if I::UNROLLED && VECTORS <= 10 {
        // Half the row at a time: fewer sums than the latency of multiply-add hides would take as long as these.
        in_groups::<I, W, 5, SETS, VECTORS>(isa, step, hidden, without, lines, done, count);
    } else if I::UNROLLED {
        in_groups::<I, W, 6, SETS, VECTORS>(isa, step, hidden, without, lines, done, count);
    } else {
        in_groups::<I, W, 4, SETS, VECTORS>(isa, step, hidden, without, lines, done, count / 4 * 4);
        in_groups::<I, W, 2, SETS, VECTORS>(isa, step, hidden, without, lines, count / 4 * 4, count);
    }
}

/// Parts of `blocks` blocks of sixteen units, as vectors of [`Isa::Group`]: where unrolling would only make code, the
/// compiler is not told how many there are.
#[inline(always)]
pub(super) fn parts<I: Isa>(_isa: I, blocks: usize) -> usize {
    let count = blocks * (16 / I::Group::LANES);
    if I::UNROLLED { count } else { core::hint::black_box(count) }
}

/// The place of a part: its block, and which part of the block's lines it is.
#[inline(always)]
pub(super) fn place<I: Isa>(_isa: I, part: usize) -> (usize, usize) {
    (part / (16 / I::Group::LANES), part % (16 / I::Group::LANES))
}

/// The four gates of a part.
#[inline(always)]
pub(super) fn gates<I: Isa, const V: usize>(isa: I, sums: &[Line; V], block: usize, part: usize) -> [I::Group; 4] {
    let first = 4 * block;
    [
        I::Group::load(isa, &sums[first % V], part),
        I::Group::load(isa, &sums[(first + 1) % V], part),
        I::Group::load(isa, &sums[(first + 2) % V], part),
        I::Group::load(isa, &sums[(first + 3) % V], part),
    ]
}

/// The gate sums from column `done` to column `count`, `N` at a time, into lines.
#[inline(always)]
fn in_groups<I: Isa, W: Weight, const N: usize, const SETS: usize, const VECTORS: usize>(
    isa: I,
    step: Step<'_>,
    hidden: &[Float],
    without: Without,
    lines: &mut [Line; VECTORS],
    mut done: usize,
    count: usize,
) {
    // Where unrolled groups would only make code, the compiler is not told how many there are; then it can't know either
    // which columns are zero.
    let (count, without) = if I::UNROLLED { (count, without) } else { (core::hint::black_box(count), Without::NONE) };
    if I::UNROLLED && N > 4 {
        // Of a loop's rounds the compiler might make no texts of their own, and then asks of every column whether it is zero.
        one_group::<I, W, N, SETS, VECTORS>(isa, step, hidden, without, lines, done, count);
        one_group::<I, W, N, SETS, VECTORS>(isa, step, hidden, without, lines, done + N, count);
        one_group::<I, W, N, SETS, VECTORS>(isa, step, hidden, without, lines, done + 2 * N, count);
        one_group::<I, W, N, SETS, VECTORS>(isa, step, hidden, without, lines, done + 3 * N, count);
        done += 4 * N;
    }
    while done < count {
        one_group::<I, W, N, SETS, VECTORS>(isa, step, hidden, without, lines, done, count);
        done += N;
    }
}

/// The group that begins with column `done`, if there is one.
#[inline(always)]
fn one_group<I: Isa, W: Weight, const N: usize, const SETS: usize, const VECTORS: usize>(
    isa: I,
    step: Step<'_>,
    hidden: &[Float],
    without: Without,
    lines: &mut [Line; VECTORS],
    done: usize,
    count: usize,
) {
    if done >= count {
        return;
    }
    let width = I::Group::LANES;
    // An odd column is left for the last group, which then computes one again.
    let first = done.min(count.saturating_sub(N));
    let group = columns::<I, I::Group, W, N, SETS>(isa, step, hidden, without, [first * width, VECTORS]);
    for (index, vector) in group.into_iter().enumerate() {
        let lane = (first + index) * width;
        vector.store(&mut lines[lane / 16 % VECTORS], lane % 16 / width);
    }
}

/// The sums of `N` neighbouring columns of `V` lanes each.
#[inline(always)]
pub(super) fn columns<I: Isa, V: In<I>, W: Weight, const N: usize, const SETS: usize>(
    isa: I,
    step: Step<'_>,
    hidden: &[Float],
    without: Without,
    [first, lines_a_row]: [usize; 2],
) -> [V; N] {
    let row = 16 * lines_a_row;
    let mut skipped = Without::NONE;
    for column in 0..N {
        let line = (first + column * V::LANES) / 16;
        skipped.input |= (without.input >> line & 1) << column;
        skipped.state |= (without.state >> line & 1) << column;
    }
    let neighbours =
        Columns { first, column_stride: V::LANES, per_stream: N, stream_stride: 0, row_stride: row, skipped: 0 };
    let mut from = [[[V::of(isa, 0.0); N]; 1]; 1];
    for (column, sum) in from[0][0].iter_mut().enumerate() {
        let lane = first + column * V::LANES;
        if let Some((line, _)) = step.start.get(lane / 16 * 16..).and_then(<[Float]>::split_first_chunk) {
            *sum = V::load(isa, line, lane % 16 / V::LANES);
        }
    }
    let weights = W::of(step.weights);
    let input = Inputs::row(step.input);
    let columns = Columns { first: first + head::<W>(row), skipped: skipped.input, ..neighbours };
    if !W::SCALED {
        accumulate(isa, &mut from, weights, columns, input, step.input.len());
    } else if !step.input.is_empty() {
        let mut products = [[[V::of(isa, 0.0); N]; 1]; 1];
        accumulate(isa, &mut products, weights, columns, input, step.input.len());
        from[0][0] = scaled(isa, products[0][0], step.weights.get(row..).unwrap_or_default(), first, from[0][0]);
    }
    let mut sets = [[[V::of(isa, 0.0); N]; 1]; SETS];
    if !W::SCALED {
        sets[0] = from[0];
    }
    let depth = hidden.len();
    let hidden = Inputs::row(hidden);
    let columns = Columns { first: first + head::<W>(row) + row * step.features, skipped: skipped.state, ..neighbours };
    accumulate(isa, &mut sets, weights, columns, hidden, depth);
    if W::SCALED {
        scaled(isa, combine(sets), step.weights.get(2 * row..).unwrap_or_default(), first, from[0][0])
    } else {
        combine(sets)
    }
}

/// Neighbouring sums of products, from the lane `first` on, times their scales, added to what the columns start from.
#[inline(always)]
fn scaled<I: Isa, V: In<I>, const N: usize>(
    isa: I,
    products: [V; N],
    scales: &[Float],
    first: usize,
    mut from: [V; N],
) -> [V; N] {
    for (column, (sum, product)) in from.iter_mut().zip(products).enumerate() {
        let scale = V::read(isa, scales.get(first + column * V::LANES..).unwrap_or_default());
        *sum = product.mul_add(scale, *sum);
    }
    from
}

/// The sum of the partial sums: neighbours first.
#[inline(always)]
fn combine<V: Vector, const N: usize, const SETS: usize>(sets: [[[V; N]; 1]; SETS]) -> [V; N] {
    let mut result = sets[0][0];
    for (column, sum) in result.iter_mut().enumerate() {
        let (first, second) = (sets[0][0][column % N], sets[1 % SETS][0][column % N]);
        *sum = match SETS {
            1 => first,
            2 => first.add(second),
            _ => first.add(second).add(sets[2 % SETS][0][column % N].add(sets[3 % SETS][0][column % N])),
        };
    }
    result
}
