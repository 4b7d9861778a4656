//! Packings of the recurrent cells; the layouts are described in the runtime's `kernels`.

use super::{Axis, Class, LINE, Packing, Storage};

/// A matrix as Keras stores it, of which a gate takes `units` neighbouring columns.
#[derive(Clone, Copy)]
struct Source {
    tensor: usize,
    /// The gate's first column, or the first float of a bias.
    first: usize,
    rows: usize,
    row_stride: usize,
    scale: f32,
}

/// Units of a gate and where their columns go: neighbours, as often as the two axes say.
#[derive(Clone, Copy)]
struct Run {
    /// The first unit.
    first: usize,
    /// Panels, and blocks in each of them.
    axes: [Axis; 2],
    /// Neighbouring units.
    units: usize,
    /// The place of the first unit's first row.
    place: usize,
    /// From one row to the next.
    row_stride: usize,
}

/// Where all of a gate's columns go.
type Place = Vec<Run>;

/// Rows of weights in a segment, stored like this.
#[derive(Clone, Copy)]
struct Rows {
    storage: Storage,
    /// Floats before the rows: the bias, and two rows of scales where there are scales.
    header: usize,
}

impl Rows {
    /// Behind a bias of `bias` floats; `width` numbers a row.
    fn behind(storage: Storage, bias: usize, width: usize) -> Self {
        Rows { storage, header: bias + if storage.is_scaled() { 2 * width } else { 0 } }
    }

    /// The first row's place, in numbers.
    fn first(self) -> usize {
        self.header * self.storage.per_float()
    }

    /// The room of the header and so many numbers, in floats.
    fn floats(self, numbers: usize) -> usize {
        self.header + numbers / self.storage.per_float()
    }
}

impl Packing {
    /// Copies one gate's columns of all rows, as they are stored; `scales` is where the columns' scales go, a run for each of `place`.
    fn stored(&mut self, storage: Storage, source: Source, place: &[Run], scales: &[Run]) {
        for (run, scales) in place.iter().zip(scales).filter(|_| source.rows > 0) {
            let [(_, _, of_panels), (_, _, of_blocks)] = scales.axes;
            self.store(storage, run.of(source), (scales.place, [of_panels, of_blocks, 0, 1]));
        }
    }

    /// Copies one gate's columns of all rows.
    fn gate(&mut self, source: Source, place: &[Run]) {
        for run in place {
            self.store(Storage::F32, run.of(source), (0, [0; 4]));
        }
    }
}

impl Run {
    /// The copy of these columns.
    fn of(self, source: Source) -> super::Source {
        let [panels, blocks] = self.axes;
        super::Source {
            tensor: source.tensor,
            source: source.first + self.first,
            destination: self.place,
            axes: [panels, blocks, (source.rows, source.row_stride, self.row_stride), (self.units, 1, 1)],
            scale: source.scale,
        }
    }
}

/// Lanes of a gate in what is left of a small cell's units behind its whole blocks; 16 where that is a block itself.
fn tail(units: usize) -> usize {
    match units % LINE {
        0 => 0,
        1..=4 => 4,
        5..=8 => 8,
        _ => 16,
    }
}

/// Lines of a small cell's row.
pub(super) fn vectors(gates: usize, units: usize) -> usize {
    units / LINE * gates + (gates * tail(units)).div_ceil(LINE)
}

/// Where a gate's columns go in the small layout, in rows that begin at `first`.
fn small_place(gates: usize, gate: usize, units: usize, first: usize) -> Place {
    let row_stride = LINE * vectors(gates, units);
    let (blocks, rest) = (units / LINE, units % LINE);
    let whole = Run {
        first: 0,
        axes: [(1, 0, 0), (blocks, LINE, gates * LINE)],
        units: LINE,
        place: first + gate * LINE,
        row_stride,
    };
    let place = first + blocks * gates * LINE + gate * tail(units);
    let rest = Run { first: blocks * LINE, axes: [(1, 0, 0); 2], units: rest, place, row_stride };
    vec![whole, rest].into_iter().filter(|run| run.units > 0 && run.axes[1].0 > 0).collect()
}

/// Columns of a block of sixteen units in the rows of a panel.
#[derive(Clone, Copy)]
struct Columns {
    /// All of them.
    each: usize,
    /// The gate's.
    gate: usize,
}

/// Where a gate's columns go in panels of so many `blocks` of sixteen units, `panel` numbers from one to the next, of which the last is as
/// wide as its units need. `first` answers where the first row begins in a panel of so many blocks.
fn panel_place(blocks: usize, units: usize, panel: usize, columns: Columns, first: impl Fn(usize) -> usize) -> Place {
    let full = units / (LINE * blocks);
    let rest = units % (LINE * blocks);
    // So many units as the axes and `units` say, in a panel of `width` blocks, from the block `block` of all on.
    let run = |axes: [Axis; 2], units: usize, width: usize, block: usize| Run {
        first: LINE * block,
        axes,
        units,
        place: block / blocks * panel + first(width) + LINE * (block % blocks * columns.each + columns.gate),
        row_stride: LINE * width * columns.each,
    };
    let in_row = |blocks: usize| (blocks, LINE, LINE * columns.each);
    let once = (1, 0, 0);
    let mut place = Vec::new();
    if full > 0 {
        place.push(run([(full, LINE * blocks, panel), in_row(blocks)], LINE, blocks, 0));
    }
    let width = rest.div_ceil(LINE);
    if rest >= LINE {
        place.push(run([once, in_row(rest / LINE)], LINE, width, full * blocks));
    }
    if !rest.is_multiple_of(LINE) {
        place.push(run([once; 2], rest % LINE, width, units / LINE));
    }
    place
}

/// A cell in panels: `[panel][bias][scales of the inputs' rows, of the state's rows][features]`, then `[panel][units]`, each row
/// `[block][column][16]`.
#[derive(Clone, Copy)]
struct Panels {
    storage: Storage,
    features: usize,
    units: usize,
    /// Blocks of a full panel.
    blocks: usize,
    /// Columns of a block's bias; those that do not go with the inputs stand behind the others' of all blocks.
    bias: usize,
    /// Columns of a block in the rows of the inputs and of scales.
    inputs: usize,
    /// Columns of a block in the rows of the state.
    state: usize,
}

impl Panels {
    /// Floats before the rows of a panel of so many blocks.
    fn header(self, blocks: usize) -> usize {
        LINE * blocks * (self.bias + if self.storage.is_scaled() { 2 * self.inputs } else { 0 })
    }

    /// Numbers that a panel of so many blocks has the room of, in front of all rows of the state.
    fn room(self, blocks: usize) -> usize {
        self.header(blocks) * self.storage.per_float() + LINE * blocks * self.inputs * self.features
    }

    /// Numbers in front of rows for each unit that stand behind `columns` others of all blocks.
    fn front(self, columns: usize) -> usize {
        let all = self.units.div_ceil(LINE);
        let (full, rest) = (all / self.blocks, all % self.blocks);
        full * self.room(self.blocks) + self.room(rest) + LINE * columns * all * self.units
    }

    /// Floats of the segment, with so many columns behind those of the state.
    fn floats(self, behind: usize) -> usize {
        self.front(self.state + behind) / self.storage.per_float()
    }

    /// Floats in front of the rows, behind `before` columns of every block of the panel.
    fn in_floats(self, before: usize, each: usize, gate: usize) -> Place {
        let panel = self.room(self.blocks) / self.storage.per_float();
        panel_place(self.blocks, self.units, panel, Columns { each, gate }, |blocks| LINE * blocks * before)
    }

    /// A gate's bias.
    fn bias(self, gate: usize) -> Place {
        self.in_floats(0, self.inputs, gate)
    }

    /// A bias that does not go with the inputs.
    fn further_bias(self) -> Place {
        self.in_floats(self.inputs, self.bias - self.inputs, 0)
    }

    /// The scales of a gate's columns: of the inputs' rows, then of the state's.
    fn scales(self, gate: usize) -> [Place; 2] {
        [self.bias, self.bias + self.inputs].map(|before| self.in_floats(before, self.inputs, gate))
    }

    /// A gate's columns in the inputs' rows.
    fn of_inputs(self, gate: usize) -> Place {
        let columns = Columns { each: self.inputs, gate };
        let first = |blocks| self.header(blocks) * self.storage.per_float();
        panel_place(self.blocks, self.units, self.room(self.blocks), columns, first)
    }

    /// A gate's columns in the state's rows.
    fn of_state(self, gate: usize) -> Place {
        self.in_units(0, Columns { each: self.state, gate })
    }

    /// One column a block in rows behind all others, one for each unit.
    fn behind(self) -> Place {
        self.in_units(self.state, Columns { each: 1, gate: 0 })
    }

    /// Columns of rows for each unit, behind so many columns of all blocks.
    fn in_units(self, behind: usize, columns: Columns) -> Place {
        let panel = LINE * self.blocks * columns.each * self.units;
        panel_place(self.blocks, self.units, panel, columns, |_| self.front(behind))
    }
}

/// The kernel, the recurrent kernel and the bias of a gate whose columns begin at `gate · units`.
fn sources(features: usize, units: usize, gates: usize, gate: usize, scale: f32) -> [Source; 3] {
    let (first, row_stride) = (gate * units, gates * units);
    [
        Source { tensor: 0, first, rows: features, row_stride, scale },
        Source { tensor: 1, first, rows: units, row_stride, scale },
        Source { tensor: 2, first, rows: 1, row_stride, scale },
    ]
}

/// A small cell: a bias, scales if there are any, the rows of features and units, all `row` numbers wide.
#[derive(Clone, Copy)]
struct Small {
    rows: Rows,
    row: usize,
    features: usize,
    units: usize,
    gates: usize,
}

impl Small {
    fn new(storage: Storage, features: usize, units: usize, gates: usize, vectors: usize) -> Self {
        let row = LINE * vectors;
        Small { rows: Rows::behind(storage, row, row), row, features, units, gates }
    }

    /// Floats of the segment.
    fn floats(self) -> usize {
        self.rows.floats(self.row * (self.features + self.units))
    }

    /// A gate's floats in front of the rows: those of the bias, of the inputs' scales, of the state's.
    fn in_floats(self, row: usize, gate: usize) -> Place {
        small_place(self.gates, gate, self.units, row * self.row)
    }

    /// A gate's columns from the row `row` on.
    fn in_rows(self, row: usize, gate: usize) -> Place {
        small_place(self.gates, gate, self.units, self.rows.first() + row * self.row)
    }
}

/// What a gate's weights are multiplied by.
fn gate_scale(is_gate: bool, recurrent_is_sigmoid: bool) -> f32 {
    if is_gate && recurrent_is_sigmoid { 0.5 } else { 1.0 }
}

/// A cell of `gates` gates in the same columns of all rows. `scale` answers what a gate's weights are multiplied by.
fn plain_cell(
    [features, units]: [usize; 2],
    use_bias: bool,
    [gates, blocks]: [usize; 2],
    scale: impl Fn(usize) -> f32,
    class: Class,
    storage: Storage,
) -> Packing {
    let panels = Panels { storage, features, units, blocks, bias: gates, inputs: gates, state: gates };
    let small = |vectors| Small::new(storage, features, units, gates, vectors);
    let mut packing = Packing::of(match class {
        Class::Small { vectors, .. } => small(vectors).floats(),
        Class::Panels { .. } => panels.floats(0),
    });
    for gate in 0..gates {
        let [kernel, recurrent, bias] = sources(features, units, gates, gate, scale(gate));
        let (in_bias, scales, of_inputs, of_state) = match class {
            Class::Small { vectors, .. } => {
                let small = small(vectors);
                let scales = [1, 2].map(|row| small.in_floats(row, gate));
                (small.in_floats(0, gate), scales, small.in_rows(0, gate), small.in_rows(features, gate))
            }
            Class::Panels { .. } => {
                (panels.bias(gate), panels.scales(gate), panels.of_inputs(gate), panels.of_state(gate))
            }
        };
        if use_bias {
            packing.gate(bias, &in_bias);
        }
        packing.stored(storage, kernel, &of_inputs, &scales[0]);
        packing.stored(storage, recurrent, &of_state, &scales[1]);
    }
    packing
}

/// `kernels::SimpleRnn`: tensors kernel (features, units), recurrent kernel (units, units), bias (units).
pub fn simple_rnn(features: usize, units: usize, use_bias: bool, class: Class, storage: Storage) -> Packing {
    plain_cell([features, units], use_bias, [1, 4], |_| 1.0, class, storage)
}

/// `kernels::Lstm`: tensors kernel (features, 4·units), recurrent kernel (units, 4·units), bias (4·units), blocks
/// i, f, c, o.
pub fn lstm(
    features: usize,
    units: usize,
    use_bias: bool,
    recurrent_is_sigmoid: bool,
    class: Class,
    storage: Storage,
) -> Packing {
    let scale = |gate| gate_scale(gate != 2, recurrent_is_sigmoid);
    plain_cell([features, units], use_bias, [4, 1], scale, class, storage)
}

/// `kernels::Gru`: tensors kernel (features, 3·units), recurrent kernel (units, 3·units), bias (2, 3·units), blocks z, r, h.
pub fn gru(
    features: usize,
    units: usize,
    use_bias: bool,
    recurrent_is_sigmoid: bool,
    class: Class,
    storage: Storage,
) -> Packing {
    match class {
        Class::Small { vectors, .. } => {
            gru_small(Small::new(storage, features, units, 4, vectors), use_bias, recurrent_is_sigmoid, storage)
        }
        Class::Panels { .. } => {
            let panels = Panels { storage, features, units, blocks: 2, bias: 4, inputs: 3, state: 3 };
            gru_panels(panels, use_bias, recurrent_is_sigmoid)
        }
    }
}

/// In the small layout r comes before z, as everything waits for it, and the candidate's two parts are columns of their own:
/// 2 the state's, 3 the inputs'.
fn gru_small(small: Small, use_bias: bool, recurrent_is_sigmoid: bool, storage: Storage) -> Packing {
    let Small { features, units, .. } = small;
    let mut packing = Packing::of(small.floats());
    for gate in 0..3 {
        let [kernel, recurrent, bias] = sources(features, units, 3, gate, gate_scale(gate != 2, recurrent_is_sigmoid));
        let (of_inputs, of_state) = if gate == 2 { (3, 2) } else { (1 - gate, 1 - gate) };
        if use_bias {
            packing.gate(bias, &small.in_floats(0, of_inputs));
            packing.gate(Source { first: bias.first + 3 * units, ..bias }, &small.in_floats(0, of_state));
        }
        packing.stored(storage, kernel, &small.in_rows(0, of_inputs), &small.in_floats(1, of_inputs));
        packing.stored(storage, recurrent, &small.in_rows(features, of_state), &small.in_floats(2, of_state));
    }
    packing
}

/// In panels only the biases of the candidate's two parts are apart.
fn gru_panels(panels: Panels, use_bias: bool, recurrent_is_sigmoid: bool) -> Packing {
    let Panels { storage, features, units, .. } = panels;
    let mut packing = Packing::of(panels.floats(0));
    for gate in 0..3 {
        let [kernel, recurrent, bias] = sources(features, units, 3, gate, gate_scale(gate != 2, recurrent_is_sigmoid));
        let [of_inputs, of_state] = panels.scales(gate);
        if use_bias {
            packing.gate(bias, &panels.bias(gate));
            let place = if gate == 2 { panels.further_bias() } else { panels.bias(gate) };
            packing.gate(Source { first: bias.first + 3 * units, ..bias }, &place);
        }
        packing.stored(storage, kernel, &panels.of_inputs(gate), &of_inputs);
        packing.stored(storage, recurrent, &panels.of_state(gate), &of_state);
    }
    packing
}

/// `kernels::GruResetBefore`: tensors kernel (features, 3·units), recurrent kernel (units, 3·units), bias (3·units),
/// blocks z, r, h.
pub fn gru_reset_before(
    features: usize,
    units: usize,
    use_bias: bool,
    recurrent_is_sigmoid: bool,
    storage: Storage,
) -> Packing {
    let panels = Panels { storage, features, units, blocks: 2, bias: 3, inputs: 3, state: 2 };
    let mut packing = Packing::of(panels.floats(1));
    for gate in 0..3 {
        let [kernel, recurrent, bias] = sources(features, units, 3, gate, gate_scale(gate != 2, recurrent_is_sigmoid));
        let [of_inputs, of_state] = panels.scales(gate);
        if use_bias {
            packing.gate(bias, &panels.bias(gate));
        }
        packing.stored(storage, kernel, &panels.of_inputs(gate), &of_inputs);
        let place = if gate < 2 { panels.of_state(gate) } else { panels.behind() };
        packing.stored(storage, recurrent, &place, &of_state);
    }
    packing
}

/// `kernels::ConvLstm`: tensors kernel (taps, channels, 4·filters), recurrent kernel (taps, filters, 4·filters), bias
/// (4·filters), blocks i, f, c, o. `rows` are taps times channels, and taps times filters.
pub fn conv_lstm(rows: [usize; 2], filters: usize, use_bias: bool, recurrent_is_sigmoid: bool) -> Packing {
    let [inputs, of_state] = rows;
    let panel = 64 * (1 + inputs + of_state);
    let mut packing = Packing::of(filters.div_ceil(LINE) * panel);
    for gate in 0..4 {
        let scale = gate_scale(gate != 2, recurrent_is_sigmoid);
        let source =
            |tensor: usize, rows: usize| Source { tensor, first: gate * filters, rows, row_stride: 4 * filters, scale };
        let place = |row: usize| panel_place(1, filters, panel, Columns { each: 4, gate }, |_| 64 * row);
        if use_bias {
            packing.gate(source(2, 1), &place(0));
        }
        packing.gate(source(0, inputs), &place(1));
        packing.gate(source(1, of_state), &place(1 + inputs));
    }
    packing
}
