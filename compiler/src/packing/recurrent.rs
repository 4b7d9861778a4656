//! Packings of the recurrent cells; the layouts are described in the runtime's `kernels`.

use super::{Axis, Class, LINE, PackOp, Packing, Storage};

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

/// Where a gate's columns go: blocks of `block` units, then what is left of them.
#[derive(Clone, Copy)]
struct Place {
    /// The first unit of the first row.
    first: usize,
    /// Units of a block.
    block: usize,
    /// From one block to the next.
    block_stride: usize,
    /// From one row to the next within a block.
    row_stride: usize,
    /// The first unit of what is left.
    rest: usize,
    /// From one row to the next of what is left.
    rest_row_stride: usize,
}

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

    /// The room of the header and so many numbers, in numbers.
    fn room(self, numbers: usize) -> usize {
        self.first() + numbers
    }

    /// The same in floats.
    fn floats(self, numbers: usize) -> usize {
        self.header + numbers / self.storage.per_float()
    }
}

impl Packing {
    /// Copies one gate's columns of all rows, as they are stored; `scales` is where the columns' scales go.
    fn stored(&mut self, storage: Storage, units: usize, source: Source, place: Place, scales: Place) {
        let first = self.ops.len();
        self.gate(units, source, place);
        for op in self.ops.split_off(first) {
            let PackOp::Add { tensor, source, destination, axes, scale } = op else { continue };
            let is_rest = destination == place.rest;
            let scales =
                if is_rest { (scales.rest, [0, 0, 1, 0]) } else { (scales.first, [scales.block_stride, 0, 1, 0]) };
            self.store(storage, super::Source { tensor, source, destination, axes, scale }, scales);
        }
    }

    /// Copies one gate's columns of all rows.
    fn gate(&mut self, units: usize, source: Source, place: Place) {
        let blocks = units / place.block;
        let rest = units % place.block;
        let rows = |stride: usize| -> Axis { (source.rows, source.row_stride, stride) };
        let mut add = |first: usize, destination: usize, axes: [Axis; 4]| {
            let Source { tensor, scale, .. } = source;
            self.ops.push(PackOp::Add { tensor, source: source.first + first, destination, axes, scale });
        };
        if blocks > 0 && source.rows > 0 {
            let axes =
                [(blocks, place.block, place.block_stride), rows(place.row_stride), (place.block, 1, 1), (1, 0, 0)];
            add(0, place.first, axes);
        }
        if rest > 0 && source.rows > 0 {
            add(blocks * place.block, place.rest, [(1, 0, 0), rows(place.rest_row_stride), (rest, 1, 1), (1, 0, 0)]);
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
    let stride = LINE * vectors(gates, units);
    Place {
        first: first + gate * LINE,
        block: LINE,
        block_stride: gates * LINE,
        row_stride: stride,
        rest: first + units / LINE * gates * LINE + gate * tail(units),
        rest_row_stride: stride,
    }
}

/// Where a gate's columns go in panels `panel` numbers long, `offset` numbers from a panel's start.
fn panel_place(panel: usize, offset: usize, row_stride: usize, units: usize) -> Place {
    Place {
        first: offset,
        block: LINE,
        block_stride: panel,
        row_stride,
        rest: units / LINE * panel + offset,
        rest_row_stride: row_stride,
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

/// `kernels::SimpleRnn`: tensors kernel (features, units), recurrent kernel (units, units), bias (units).
pub fn simple_rnn(features: usize, units: usize, use_bias: bool, class: Class, storage: Storage) -> Packing {
    const PANEL: usize = 64;
    let numbers = features + units;
    let (row, rest_row) = match class {
        Class::Small { .. } => (units.next_multiple_of(LINE), 0),
        Class::Panels { .. } => (PANEL, (units % PANEL).next_multiple_of(LINE)),
    };
    let (rows, rest_rows) = (Rows::behind(storage, row, row), Rows::behind(storage, rest_row, rest_row));
    let full = match class {
        Class::Small { .. } => 0,
        Class::Panels { .. } => units / PANEL,
    };
    // Row `row` of what begins `first` or `rest` places from a panel's start, in panels `panel` long.
    let panel_place = |panel: usize, first: usize, rest: usize, place: usize| Place {
        first: first + place * row,
        block: PANEL,
        block_stride: panel,
        row_stride: row,
        rest: full * panel + rest + place * rest_row,
        rest_row_stride: rest_row,
    };
    let in_floats = |place: usize| match class {
        Class::Small { .. } => small_place(1, 0, units, place * row),
        Class::Panels { .. } => panel_place(rows.floats(row * numbers), 0, 0, place),
    };
    let in_rows = |place: usize| match class {
        Class::Small { .. } => small_place(1, 0, units, rows.first() + place * row),
        Class::Panels { .. } => panel_place(rows.room(row * numbers), rows.first(), rest_rows.first(), place),
    };
    let length = match class {
        Class::Small { .. } => rows.floats(row * numbers),
        Class::Panels { .. } => full * rows.floats(row * numbers) + rest_rows.floats(rest_row * numbers),
    };
    let [kernel, recurrent, bias] = sources(features, units, 1, 0, 1.0);
    let mut packing = Packing::of(length);
    if use_bias {
        packing.gate(units, bias, in_floats(0));
    }
    packing.stored(storage, units, kernel, in_rows(0), in_floats(1));
    packing.stored(storage, units, recurrent, in_rows(features), in_floats(2));
    packing
}

/// What a gate's weights are multiplied by.
fn gate_scale(is_gate: bool, recurrent_is_sigmoid: bool) -> f32 {
    if is_gate && recurrent_is_sigmoid { 0.5 } else { 1.0 }
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
    let row = match class {
        Class::Small { vectors, .. } => LINE * vectors,
        Class::Panels { .. } => 64,
    };
    let (rows, numbers) = (Rows::behind(storage, row, row), row * (features + units));
    let length = match class {
        Class::Small { .. } => rows.floats(numbers),
        Class::Panels { .. } => units.div_ceil(LINE) * rows.floats(numbers),
    };
    let mut packing = Packing::of(length);
    for gate in 0..4 {
        let [kernel, recurrent, bias] = sources(features, units, 4, gate, gate_scale(gate != 2, recurrent_is_sigmoid));
        let in_floats = |place: usize| match class {
            Class::Small { .. } => small_place(4, gate, units, place * row),
            Class::Panels { .. } => panel_place(rows.floats(numbers), place * row + LINE * gate, row, units),
        };
        let in_rows = |place: usize| match class {
            Class::Small { .. } => small_place(4, gate, units, rows.first() + place * row),
            Class::Panels { .. } => {
                panel_place(rows.room(numbers), rows.first() + place * row + LINE * gate, row, units)
            }
        };
        if use_bias {
            packing.gate(units, bias, in_floats(0));
        }
        packing.stored(storage, units, kernel, in_rows(0), in_floats(1));
        packing.stored(storage, units, recurrent, in_rows(features), in_floats(2));
    }
    packing
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
    let (bias_length, row) = match class {
        Class::Small { vectors, .. } => (LINE * vectors, LINE * vectors),
        Class::Panels { .. } => (64, 48),
    };
    let (rows, numbers) = (Rows::behind(storage, bias_length, row), row * (features + units));
    let length = match class {
        Class::Small { .. } => rows.floats(numbers),
        Class::Panels { .. } => units.div_ceil(LINE) * rows.floats(numbers),
    };
    let mut packing = Packing::of(length);
    for gate in 0..3 {
        let [kernel, recurrent, bias] = sources(features, units, 3, gate, gate_scale(gate != 2, recurrent_is_sigmoid));
        let state_bias = Source { first: bias.first + 3 * units, ..bias };
        // In the small layout r comes before z, as everything waits for it, and the candidate's two parts are columns of
        // their own: 2 the state's, 3 the inputs'. In panels only their biases are apart.
        let (of_inputs, of_state) = match (class, gate) {
            (Class::Small { .. }, 2) => (3, 2),
            (Class::Small { .. }, _) => (1 - gate, 1 - gate),
            (Class::Panels { .. }, _) => (gate, gate),
        };
        let in_floats = |first: usize, column: usize| match class {
            Class::Small { .. } => small_place(4, column, units, first),
            Class::Panels { .. } => panel_place(rows.floats(numbers), first + LINE * column, row, units),
        };
        let in_rows = |place: usize, column: usize| match class {
            Class::Small { .. } => small_place(4, column, units, rows.first() + place * row),
            Class::Panels { .. } => {
                panel_place(rows.room(numbers), rows.first() + place * row + LINE * column, row, units)
            }
        };
        if use_bias {
            let of_state = if matches!(class, Class::Panels { .. }) && gate == 2 { 3 } else { of_state };
            packing.gate(units, bias, in_floats(0, of_inputs));
            packing.gate(units, state_bias, in_floats(0, of_state));
        }
        packing.stored(storage, units, kernel, in_rows(0, of_inputs), in_floats(bias_length, of_inputs));
        packing.stored(storage, units, recurrent, in_rows(features, of_state), in_floats(bias_length + row, of_state));
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
    const ROW: usize = 48;
    let rows = Rows::behind(storage, ROW, ROW);
    let numbers = ROW * features + 32 * units;
    let (panel, floats, panels) = (rows.room(numbers), rows.floats(numbers), units.div_ceil(LINE));
    let mut packing = Packing::of(panels * floats + panels * LINE * units / storage.per_float());
    for gate in 0..3 {
        let [kernel, recurrent, bias] = sources(features, units, 3, gate, gate_scale(gate != 2, recurrent_is_sigmoid));
        let in_floats = |place: usize| panel_place(floats, place * ROW + LINE * gate, ROW, units);
        if use_bias {
            packing.gate(units, bias, in_floats(0));
        }
        packing.stored(
            storage,
            units,
            kernel,
            panel_place(panel, rows.first() + LINE * gate, ROW, units),
            in_floats(1),
        );
        let place = if gate < 2 {
            panel_place(panel, rows.first() + ROW * features + LINE * gate, 32, units)
        } else {
            let behind = panel_place(LINE * units, 0, LINE, units);
            Place { first: panels * panel, rest: panels * panel + behind.rest, ..behind }
        };
        packing.stored(storage, units, recurrent, place, in_floats(2));
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
        let place = |row: usize| panel_place(panel, 64 * row + LINE * gate, 64, filters);
        if use_bias {
            packing.gate(filters, source(2, 1), place(0));
        }
        packing.gate(filters, source(0, inputs), place(1));
        packing.gate(filters, source(1, of_state), place(1 + inputs));
    }
    packing
}
