//! Kernels of the recurrent layers.

use proc_macro2::{Ident, Span};
use quote::quote;

use super::{elementwise, masks, number, stored};
use crate::activation::Activation;
use crate::layer::Recurrence;
use crate::layers::recurrent::at_masked;
use crate::packing::{self, Cell, Class};
use crate::plan::lowered::{
    Call, Direction, From, Join, Lowered, Lowering, NoCode, Operand, Operation, Recurrent, Samples, Together, Walk,
    Weights, fixed,
};
use crate::shape::Dimension;

/// What the code of a recurrent layer depends on.
#[derive(Clone, Copy, Debug)]
pub struct CellKind {
    /// The arithmetic.
    pub cell: Cell,
    /// Applied to candidates and outputs.
    pub activation: Activation,
    /// Applied to the gates' sums; of no matter for `SimpleRNN`.
    pub recurrent_activation: Activation,
    /// Whether there is a bias.
    pub use_bias: bool,
}

/// One recurrent layer in one direction.
///
/// # Errors
/// Where the features are free, or an activation needs whole rows.
pub fn recurrent(lowering: &Lowering<'_>, flags: Recurrence, kind: CellKind) -> Lowered {
    let features = lowering.features()?;
    let walk = if flags.go_backwards { Walk::Backward } else { Walk::Forward };
    let has_initial = lowering.inputs.len() > 1 + usize::from(flags.masking.is_read);
    let recurrent = Recurrent {
        features,
        timesteps: lowering.sample().first().and_then(|&axis| fixed(axis).ok()),
        return_sequences: flags.return_sequences,
        has_initial,
        mask: flags.masking.is_read.then(|| at_masked(flags, has_initial)),
        stateful: flags.stateful,
        unroll: flags.unroll,
        directions: vec![direction(lowering, flags, kind, walk)?],
        samples: Samples::One,
        leaves_states: false,
        prepare: Vec::new(),
    };
    with_last(recurrent, lowering)
}

/// The recurrent layer, and behind it what its last output takes where the last step may be masked.
pub(super) fn with_last(recurrent: Recurrent, lowering: &Lowering<'_>) -> Lowered {
    let after = masks::after_last(&recurrent, lowering.inputs.len() - 1)?;
    Ok(std::iter::once(Operation::Recurrent(recurrent)).chain(after).collect())
}

/// The cell in one direction.
pub(super) fn direction(
    lowering: &Lowering<'_>,
    flags: Recurrence,
    kind: CellKind,
    walk: Walk,
) -> Result<Direction, NoCode> {
    let (features, storage) = (lowering.features()?, lowering.storage);
    let number_type = stored::parameter(storage);
    let units = fixed(Dimension::Known(flags.units))?;
    let class = packing::class(kind.cell, features, units);
    let lines = units.div_ceil(16);
    let (class_type, class_name) = match class {
        Class::Small { vectors, sets } => {
            let (vectors, sets) = (number(vectors), number(sets));
            (quote!(kernels::Small<#vectors, #sets #number_type>), "small")
        }
        Class::Panels { splits } => {
            let splits = number(splits);
            (quote!(kernels::Panels<#splits #number_type>), "panels")
        }
    };
    let function = |activation: Activation| elementwise(activation).ok_or(NoCode::RowActivation(activation.name()));
    let (main, gate) = (function(kind.activation)?, function(kind.recurrent_activation)?);
    let (shape, is_sigmoid) = (
        {
            let (features, units, lines) = (number(features), number(units), number(lines));
            quote!(#features, #units, #lines)
        },
        kind.recurrent_activation == Activation::Sigmoid,
    );
    let literal = number(lines);
    let (cell, state, packing) = match kind.cell {
        Cell::SimpleRnn => (
            quote!(kernels::SimpleRnn::<#shape, #main, #class_type>),
            quote!(state::SimpleRnnState::<#literal>),
            packing::simple_rnn(features, units, kind.use_bias, class, storage),
        ),
        Cell::Lstm => (
            quote!(kernels::Lstm::<#shape, #main, #gate, #class_type>),
            quote!(state::LstmState::<#literal>),
            packing::lstm(features, units, kind.use_bias, is_sigmoid, class, storage),
        ),
        Cell::Gru => (
            quote!(kernels::Gru::<#shape, #main, #gate, #class_type>),
            quote!(state::GruState::<#literal>),
            packing::gru(features, units, kind.use_bias, is_sigmoid, class, storage),
        ),
        Cell::GruResetBefore => (
            quote!(kernels::GruResetBefore::<#shape, #main, #gate, #class_type>),
            quote!(state::GruState::<#literal>),
            packing::gru_reset_before(features, units, kind.use_bias, is_sigmoid, storage),
        ),
    };
    Ok(Direction {
        name: None,
        cell,
        state,
        state_floats: lines * 16 * flags.n_states,
        n_states: flags.n_states,
        units,
        walk,
        weights: Weights::new(packing),
        product: product(kind.cell, class, features, units),
        multiply_adds: (n_gates(kind.cell) * units * (features + units)) as u64,
        step_code: step_code(kind.cell, class, features, units),
        // Scales are applied to whole sums of products; samples that go together add to theirs stretch by stretch.
        together: together(kind.cell, class, lines).filter(|_| !storage.is_scaled()),
        class: class_name,
    })
}

/// How the samples of a batch share each walk over a large cell's weights: as many as keep their states (output, next
/// output, an LSTM's cell) within 48 KiB of stack, since more samples than a few tiles gain nothing.
fn together(cell: Cell, class: Class, lines: usize) -> Option<Together> {
    const MOST: usize = 32;
    const LINES: usize = 256;
    // Beyond 512 units too few samples are left to pay for weights that no cache holds: AVX2 is faster alone there.
    const WORTHWHILE: usize = 8;
    // A tile has at least two rows; with fewer than four of a GRU, one sample after the other is faster.
    let (kind, n_states, fewest) = match cell {
        Cell::Lstm => (quote!(LstmBatch), 3, 2),
        Cell::Gru => (quote!(GruBatch), 2, 4),
        Cell::SimpleRnn | Cell::GruResetBefore => return None,
    };
    let most = (LINES / lines.max(1)).min(MOST);
    let (literal, count) = (number(lines), number(most));
    (class == Class::Panels { splits: 1 } && most >= WORTHWHILE).then(|| Together {
        most,
        fewest,
        states: quote!(kernels::#kind::<#literal, #count>),
        floats: most * (n_states * lines + 4) * 16,
    })
}

/// Floats a step of the input product that is worth computing ahead. A small cell reads so few rows for so few features
/// that writing the sums down and reading them back would cost more.
fn product(cell: Cell, class: Class, features: usize, units: usize) -> usize {
    const FEWEST_FEATURES: usize = 5;
    match class {
        Class::Small { .. } if features < FEWEST_FEATURES => 0,
        Class::Small { .. } | Class::Panels { .. } => packing::product_row(cell, features, units),
    }
}

const fn n_gates(cell: Cell) -> usize {
    match cell {
        Cell::SimpleRnn => 1,
        Cell::Lstm => 4,
        Cell::Gru | Cell::GruResetBefore => 3,
    }
}

/// Machine code of one straight-line step in bytes, estimated: small cells stand in line, with a multiply-add of some
/// ten bytes for each line of each row and 160 bytes an activation of a line; of large ones each step is a call.
fn step_code(cell: Cell, class: Class, features: usize, units: usize) -> Option<usize> {
    match class {
        Class::Small { vectors, .. } => {
            let activations = vectors + if cell == Cell::Lstm { units.div_ceil(16) } else { 0 };
            Some(10 * vectors * (features + units) + 160 * activations)
        }
        Class::Panels { .. } => None,
    }
}

/// How the two directions of a bidirectional layer are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Side by side.
    Concatenate,
    /// Value by value: this function of the runtime's `kernels::halves`.
    Halves(&'static str),
    /// Not at all: the forward output, and the backward one as a further output made by the second kernel.
    Apart,
}

/// The two directions of a bidirectional layer, each lowered by itself over the same input.
///
/// # Errors
/// Where the number of timesteps is free and the last output depends on it.
pub fn bidirectional(
    lowering: &Lowering<'_>,
    [forward, backward]: [Vec<Operation>; 2],
    n_forward_tensors: usize,
    merge: Merge,
) -> Lowered {
    let (mut forward, mut backward) = (forward.into_iter(), backward.into_iter());
    let (Some(Operation::Recurrent(mut layer)), Some(mut other)) = (forward.next(), backward.next()) else {
        return Ok(Vec::new());
    };
    other.shift_tensors(n_forward_tensors);
    let Operation::Recurrent(other) = other else { return Ok(Vec::new()) };
    layer.directions.extend(other.directions);
    for (direction, name) in layer.directions.iter_mut().zip(["forward", "backward"]) {
        direction.name = Some(name);
        if layer.return_sequences && direction.walk == Walk::Backward {
            direction.walk = Walk::BackwardAligned;
        }
    }
    let width = layer.width();
    let mut operations = with_last(layer, lowering)?;
    let both = operations.len() - 1;
    match merge {
        Merge::Concatenate => {}
        Merge::Halves(function) => operations.push(half(function, width, both)),
        Merge::Apart => operations.extend(["second", "first"].map(|function| half(function, width, both))),
    }
    Ok(operations)
}

/// Rows of both directions, which the kernel of this place makes, as rows of half the width.
pub(super) fn half(function: &str, width: usize, both: usize) -> Operation {
    let (function, from, to) = (Ident::new(function, Span::call_site()), number(width), number(width / 2));
    let call = Call::plain(quote!(kernels::halves::#function::<_, #from, #to>));
    let operands = vec![Operand { from: From::Made(both), prepare: Vec::new(), width }];
    Operation::Join(Join { call, operands, output: width / 2, weights: None, multiply_adds: 0 })
}
