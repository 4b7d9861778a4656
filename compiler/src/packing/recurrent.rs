//! Packings of the recurrent cells; the layouts are described in the runtime's `kernels`.

use super::{Axis, Class, LINE, PackOp, Packing};

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

impl Packing {
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

/// Where a gate's columns go in the small layout, from row `row` on.
fn small_place(gates: usize, gate: usize, units: usize, row: usize) -> Place {
    let stride = LINE * vectors(gates, units);
    let first = row * stride;
    Place {
        first: first + gate * LINE,
        block: LINE,
        block_stride: gates * LINE,
        row_stride: stride,
        rest: first + units / LINE * gates * LINE + gate * tail(units),
        rest_row_stride: stride,
    }
}

/// Where a gate's columns go in panels `panel` floats long, `offset` floats from a panel's start.
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
pub fn simple_rnn(features: usize, units: usize, use_bias: bool, class: Class) -> Packing {
    let rows = 1 + features + units;
    let [kernel, recurrent, bias] = sources(features, units, 1, 0, 1.0);
    let place = |row: usize| match class {
        Class::Small { .. } => small_place(1, 0, units, row),
        Class::Panels { .. } => {
            let rest_row_stride = (units % 64).next_multiple_of(LINE);
            Place {
                first: row * 64,
                block: 64,
                block_stride: 64 * rows,
                row_stride: 64,
                rest: units / 64 * 64 * rows + row * rest_row_stride,
                rest_row_stride,
            }
        }
    };
    let mut packing = Packing::of(units.next_multiple_of(LINE) * rows);
    if use_bias {
        packing.gate(units, bias, place(0));
    }
    packing.gate(units, kernel, place(1));
    packing.gate(units, recurrent, place(1 + features));
    packing
}

/// What a gate's weights are multiplied by.
fn gate_scale(is_gate: bool, recurrent_is_sigmoid: bool) -> f32 {
    if is_gate && recurrent_is_sigmoid { 0.5 } else { 1.0 }
}

/// `kernels::Lstm`: tensors kernel (features, 4·units), recurrent kernel (units, 4·units), bias (4·units), blocks
/// i, f, c, o.
pub fn lstm(features: usize, units: usize, use_bias: bool, recurrent_is_sigmoid: bool, class: Class) -> Packing {
    let rows = 1 + features + units;
    let length = match class {
        Class::Small { vectors, .. } => LINE * vectors * rows,
        Class::Panels { .. } => units.div_ceil(LINE) * 64 * rows,
    };
    let mut packing = Packing::of(length);
    for gate in 0..4 {
        let [kernel, recurrent, bias] = sources(features, units, 4, gate, gate_scale(gate != 2, recurrent_is_sigmoid));
        let place = |row: usize| match class {
            Class::Small { .. } => small_place(4, gate, units, row),
            Class::Panels { .. } => panel_place(64 * rows, 64 * row + LINE * gate, 64, units),
        };
        if use_bias {
            packing.gate(units, bias, place(0));
        }
        packing.gate(units, kernel, place(1));
        packing.gate(units, recurrent, place(1 + features));
    }
    packing
}

/// `kernels::Gru`: tensors kernel (features, 3·units), recurrent kernel (units, 3·units), bias (2, 3·units), blocks z, r, h.
pub fn gru(features: usize, units: usize, use_bias: bool, recurrent_is_sigmoid: bool, class: Class) -> Packing {
    let panel = 64 + 48 * (features + units);
    let length = match class {
        Class::Small { vectors, .. } => LINE * vectors * (1 + features + units),
        Class::Panels { .. } => units.div_ceil(LINE) * panel,
    };
    let mut packing = Packing::of(length);
    for gate in 0..3 {
        let [kernel, recurrent, bias] = sources(features, units, 3, gate, gate_scale(gate != 2, recurrent_is_sigmoid));
        let state_bias = Source { first: bias.first + 3 * units, ..bias };
        // In the small layout r comes before z, as everything waits for it, and the candidate's two parts are columns of
        // their own: 2 the state's, 3 the inputs'.
        let (of_inputs, of_state) = if gate == 2 { (3, 2) } else { (1 - gate, 1 - gate) };
        let (bias_place, state_bias_place, kernel_place, recurrent_place) = match class {
            Class::Small { .. } => (
                small_place(4, of_inputs, units, 0),
                small_place(4, of_state, units, 0),
                small_place(4, of_inputs, units, 1),
                small_place(4, of_state, units, 1 + features),
            ),
            Class::Panels { .. } => (
                panel_place(panel, LINE * gate, 48, units),
                panel_place(panel, LINE * if gate == 2 { 3 } else { gate }, 48, units),
                panel_place(panel, 64 + LINE * gate, 48, units),
                panel_place(panel, 64 + 48 * features + LINE * gate, 48, units),
            ),
        };
        if use_bias {
            packing.gate(units, bias, bias_place);
            packing.gate(units, state_bias, state_bias_place);
        }
        packing.gate(units, kernel, kernel_place);
        packing.gate(units, recurrent, recurrent_place);
    }
    packing
}

/// `kernels::GruResetBefore`: tensors kernel (features, 3·units), recurrent kernel (units, 3·units), bias (3·units),
/// blocks z, r, h.
pub fn gru_reset_before(features: usize, units: usize, use_bias: bool, recurrent_is_sigmoid: bool) -> Packing {
    let panel = 48 * (1 + features) + 32 * units;
    let panels = units.div_ceil(LINE);
    let mut packing = Packing::of(panels * panel + panels * LINE * units);
    for gate in 0..3 {
        let [kernel, recurrent, bias] = sources(features, units, 3, gate, gate_scale(gate != 2, recurrent_is_sigmoid));
        if use_bias {
            packing.gate(units, bias, panel_place(panel, LINE * gate, 48, units));
        }
        packing.gate(units, kernel, panel_place(panel, 48 + LINE * gate, 48, units));
        let place = if gate < 2 {
            panel_place(panel, 48 * (1 + features) + LINE * gate, 32, units)
        } else {
            let behind = panel_place(LINE * units, 0, LINE, units);
            Place { first: panels * panel, rest: panels * panel + behind.rest, ..behind }
        };
        packing.gate(units, recurrent, place);
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
