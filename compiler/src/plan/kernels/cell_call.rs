//! The kernel of a cell that is called by itself: each row of the input with a row of each state.

use quote::quote;

use super::recurrent::{CellKind, direction, half};
use crate::layer::Recurrence;
use crate::plan::lowered::{Argument, Call, From, Join, Lowered, Lowering, Operand, Operation, Walk, fixed};
use crate::shape::Dimension;

/// One step of a cell over what the layer reads: the input, then the states. Its kernels make the states, and the output,
/// which is the first of them, last of all; an LSTM's carried cell is made by the kernel before.
///
/// # Errors
/// Where the features are free, or an activation needs whole rows.
pub fn cell_call(lowering: &Lowering<'_>, flags: Recurrence, kind: CellKind) -> Lowered {
    let direction = direction(lowering, flags, kind, Walk::Forward)?;
    let (features, units) = (lowering.features()?, fixed(Dimension::Known(flags.units))?);
    let operand = |place: usize| {
        let width = if place == 0 { features } else { units };
        Operand { from: From::Input(place), prepare: Vec::new(), width }
    };
    let cell = direction.cell;
    let arguments = vec![Argument::Isa, Argument::Weights, Argument::FlatInputs, Argument::FlatOutput];
    let output = units * flags.n_states;
    let step = Operation::Join(Join {
        call: Call::with(quote!(#cell::call), arguments),
        operands: (0..=flags.n_states).map(operand).collect(),
        output,
        weights: Some(direction.weights),
        multiply_adds: direction.multiply_adds,
    });
    Ok(match flags.n_states {
        2 => vec![step, half("second", output, 0), half("first", output, 0)],
        _ => vec![step],
    })
}

/// How many kernels a call of a cell with so many states has.
#[must_use]
pub const fn n_kernels(n_states: usize) -> usize {
    if n_states == 2 { 3 } else { 1 }
}

/// Lets kernels of a layer stand behind `before` others of a larger one, whose input `input` they read in the place of the
/// first, and whose states from `first_state` on.
pub fn move_behind(operations: &mut [Operation], before: usize, input: From, first_state: usize) {
    for operation in operations {
        let Operation::Join(join) = operation else { continue };
        for operand in &mut join.operands {
            operand.from = match operand.from {
                From::Input(0) => input,
                From::Input(state) => From::Input(first_state + state),
                From::Made(place) => From::Made(before + place),
                from @ (From::Before | From::State(_)) => from,
            };
        }
    }
}
