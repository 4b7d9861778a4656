//! Panels: the weights of sixteen units, all gates of one input side by side, input after input.
//!
//! A panel's sums stay in registers while the inputs run; then its activations follow at once. Instruction sets with
//! registers to spare take two or three panels as parallel streams.

use super::drive::{Recurrence, Start};
use super::project::{Projection, Target, project};
use super::simd::{Columns, Float, In, Inputs, Isa, Line, Vector, Weight, accumulate};
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
    /// Floats of a panel's bias; the first `width` of them go with the inputs.
    const BIAS: usize;
    /// Weights of an input's row in a full panel, and of the panel's product.
    const WIDTH: usize;
    /// Weights of a panel's rows.
    fn rows(features: usize, units: usize) -> usize;
    /// How many panels `units` need.
    fn panels(units: usize) -> usize;
    /// Weights of an input's row in the given panel.
    fn width(_units: usize, _panel: usize) -> usize {
        Self::WIDTH
    }
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

impl Step<'_> {
    /// The first sums of `N` columns, `per_panel` from each panel from `first` on.
    #[inline(always)]
    pub(super) fn load<const N: usize>(self, first: usize, per_panel: usize) -> [Line; N] {
        let mut lines = [[0.0; 16]; N];
        for (column, line) in lines.iter_mut().enumerate() {
            let start = (first + column / per_panel) * self.stride + column % per_panel * 16;
            if let Some((from, _)) = self.start.get(start..).and_then(<[Float]>::split_first_chunk) {
                *line = *from;
            }
        }
        lines
    }
}

/// A large cell over its weights. Its shape is not in its type, so that layers share the code.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a, K> {
    pub(super) weights: &'a [Float],
    pub(super) features: usize,
    pub(super) units: usize,
    pub(super) kind: PhantomData<K>,
}

impl<'a, K: Kind> Cell<'a, K> {
    /// Weights that a panel takes the room of.
    #[inline(always)]
    pub(super) fn stride(self) -> usize {
        header::<K>(K::WIDTH) * K::Weight::PER_FLOAT + K::rows(self.features, self.units)
    }
    /// Floats of a panel.
    #[inline(always)]
    pub(super) fn floats(self) -> usize {
        self.stride() / K::Weight::PER_FLOAT
    }
    /// The floats before the given panel's rows, from `offset` on: the bias, then the scales if there are any.
    #[inline(always)]
    pub(super) fn head(self, panel: usize, offset: usize) -> &'a [Float] {
        self.weights.get(panel * self.floats() + offset..).unwrap_or(&[])
    }
    /// The given panel's rows, from the weight `offset` on.
    #[inline(always)]
    pub(super) fn rows(self, panel: usize, offset: usize) -> &'a [K::Weight] {
        let header = header::<K>(K::width(self.units, panel)) * K::Weight::PER_FLOAT;
        K::Weight::of(self.weights).get(panel * self.stride() + header + offset..).unwrap_or(&[])
    }
    /// What stands behind all panels, from the weight `offset` on.
    #[inline(always)]
    pub(super) fn behind(self, offset: usize) -> &'a [K::Weight] {
        K::Weight::of(self.weights).get(K::panels(self.units) * self.stride() + offset..).unwrap_or(&[])
    }
    /// The scales of the panels from `first` on, from their column `column` on: of the inputs' rows, or of the state's.
    #[inline(always)]
    pub(super) fn scales(self, first: usize, of: Scaled, column: usize) -> Scales<'a> {
        if !K::Weight::SCALED {
            return Scales { values: &[], stride: 0 };
        }
        let width = K::width(self.units, first);
        let before = bias_length::<K>(width) + if of == Scaled::State { width } else { 0 };
        Scales { values: self.head(first, before + column), stride: self.floats() }
    }
}

impl<'a, K: Kind> Recurrence for Cell<'a, K> {
    type State = State<'a>;
    const APART: bool = false;

    #[inline(always)]
    fn features(self) -> usize {
        self.features
    }
    #[inline(always)]
    fn units(self) -> usize {
        self.units
    }
    #[inline(always)]
    fn product_row(self) -> usize {
        K::panels(self.units) * K::WIDTH
    }
    #[inline(always)]
    fn project<I: Isa>(self, isa: I, input: &[Float], product: &mut [Float]) {
        let stride = self.product_row();
        let steps = product.len().checked_div(stride).unwrap_or(0);
        for panel in 0..K::panels(self.units) {
            let width = K::width(self.units, panel);
            let (bias, scales) = self.head(panel, 0).split_at_checked(bias_length::<K>(width)).unwrap_or_default();
            let weights = self.rows(panel, 0);
            let projection = Projection { bias, scales, weights, row: width, width, features: self.features };
            let values = product.get_mut(panel * K::WIDTH..).unwrap_or_default();
            project(isa, projection, input, steps, Target { values, stride });
        }
    }
    #[inline(always)]
    fn step<I: Isa>(self, isa: I, state: &mut State<'a>, from: Start<'_>) {
        let (start, stride) = match from.product {
            Some(product) => (product, K::WIDTH),
            None => (self.weights, self.floats()),
        };
        K::advance(isa, self, state, Step { start, stride, input: from.input, turned: from.turned });
        state.settle();
    }
    #[inline(always)]
    fn hidden<'b>(state: &'b State<'a>) -> &'b [Float] {
        state.h.as_flattened()
    }
}

/// Floats of the bias of a panel whose rows have `width`.
#[inline(always)]
fn bias_length<K: Kind>(width: usize) -> usize {
    if K::BIAS == K::WIDTH { width } else { K::BIAS }
}

/// Floats before the rows of a panel whose rows have `width`: the bias, and two rows of scales where there are scales.
#[inline(always)]
fn header<K: Kind>(width: usize) -> usize {
    bias_length::<K>(width) + if K::Weight::SCALED { 2 * width } else { 0 }
}

impl State<'_> {
    /// Makes the step's output the last one.
    #[inline(always)]
    fn settle(&mut self) {
        for (line, next) in self.h.iter_mut().zip(self.next.iter()) {
            *line = *next;
        }
    }
}

/// Rows of panels to be added to sums.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, W> {
    /// From the first panel's first row on.
    pub(super) weights: &'a [W],
    /// Weights from one panel to the next.
    pub(super) panel_stride: usize,
    /// Weights of a row: sixteen for each column.
    pub(super) row: usize,
    /// What the rows are multiplied by.
    pub(super) input: &'a [Float],
    /// What their products are multiplied by, where weights are scaled.
    pub(super) scales: Scales<'a>,
}

/// Which rows of a panel scales belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scaled {
    /// The inputs' rows.
    Inputs,
    /// The state's rows.
    State,
}

/// Scales of the columns of several panels; none where weights are not scaled.
#[derive(Clone, Copy)]
pub(super) struct Scales<'a> {
    /// Those of the first panel's first column on.
    pub(super) values: &'a [Float],
    /// Floats from one panel's to the next panel's.
    pub(super) stride: usize,
}

impl Scales<'_> {
    /// Those of a column, counted over panels of `per_panel` columns.
    #[inline(always)]
    fn line(self, column: usize, per_panel: usize) -> Line {
        let start = column / per_panel * self.stride + column % per_panel * 16;
        let found = self.values.get(start..).and_then(<[Float]>::split_first_chunk);
        found.map_or([0.0; 16], |(line, _)| *line)
    }
}

/// Adds `rows` to the sums of `N` columns, `per_panel` of them in each panel, as `SPLITS` partial sums over equal ranges
/// of the inputs, of which the first goes on from `lines` and the others start from zero. `turned` computes the ranges
/// last to first, which changes no bits.
#[inline(always)]
pub(super) fn add_rows<I: Isa, W: Weight, const N: usize, const SPLITS: usize>(
    isa: I,
    lines: &mut [Line; N],
    rows: Rows<'_, W>,
    per_panel: usize,
    turned: bool,
) {
    if I::Block::LANES == 16 {
        return pass::<I, W, N, N, SPLITS>(isa, lines, rows, 0, per_panel, turned);
    }
    // Few registers: two columns at a time, of all sixteen lanes, so that each cache line is read once.
    let mut first = 0;
    while first + 2 <= N {
        pass::<I, W, 2, N, SPLITS>(isa, lines, rows, first, per_panel, turned);
        first += 2;
    }
    if first < N {
        pass::<I, W, 1, N, SPLITS>(isa, lines, rows, first, per_panel, turned);
    }
}

/// `M` of the columns, from `first` on.
#[inline(always)]
fn pass<I: Isa, W: Weight, const M: usize, const N: usize, const SPLITS: usize>(
    isa: I,
    lines: &mut [Line; N],
    rows: Rows<'_, W>,
    first: usize,
    per_panel: usize,
    turned: bool,
) {
    if W::SCALED && rows.input.is_empty() {
        return;
    }
    let columns = Columns {
        first: 16 * first,
        column_stride: 16,
        per_stream: per_panel,
        stream_stride: rows.panel_stride,
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
            let scale = rows.scales.line(first + column, per_panel);
            sum.mul_add(I::V16::load(isa, &scale, 0), I::V16::load(isa, line, 0)).store(line, 0);
        } else {
            sum.store(line, 0);
        }
    }
}

/// How panels are taken in groups of [`Isa::STREAMS`]; an odd one is the last group.
#[derive(Clone, Copy)]
pub(super) struct Groups {
    panels: usize,
    streams: usize,
}

impl Groups {
    /// All groups of `panels`.
    #[inline(always)]
    pub(super) fn new<I: Isa>(_isa: I, panels: usize) -> Self {
        Groups { panels, streams: I::STREAMS }
    }
    /// How many groups there are.
    #[inline(always)]
    pub(super) fn count(self) -> usize {
        self.panels.div_ceil(self.streams)
    }
    /// First panel and number of panels of the group that comes as number `index`.
    #[inline(always)]
    pub(super) fn get(self, index: usize, turned: bool) -> (usize, usize) {
        let index = if turned { self.count() - 1 - index } else { index };
        let first = self.streams * index;
        (first, self.streams.min(self.panels - first))
    }
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
