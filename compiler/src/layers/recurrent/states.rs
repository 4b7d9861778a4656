//! The states that a recurrent layer, or a cell that is called, begins with: how many, and of which shapes.

use rnn_grammar::Code;

use crate::layer::Mismatch;
use crate::shape::{Dimension, Shape};

/// # Errors
/// Where there are fewer or more than the class has.
pub(crate) fn check_count(class: &str, wanted: usize, given: usize) -> Result<(), Mismatch> {
    if given == wanted {
        return Ok(());
    }
    let title = format!("`{class}` has {wanted} states, but begins with {given}");
    Err(Mismatch::new(Code::E219, title, "another number of states"))
}

/// # Errors
/// Where one of them does not fit the shape that is wanted.
pub(crate) fn check_shapes(
    class: &str,
    wanted: &Shape,
    states: &[Shape],
    fits: impl Fn(&Shape) -> bool,
) -> Result<(), Mismatch> {
    match states.iter().find(|state| !fits(state)) {
        None => Ok(()),
        Some(state) => {
            let title = format!("`{class}` begins with states of shape `{wanted}`, not `{state}`");
            Err(Mismatch::new(Code::E220, title, "another shape than its states have"))
        }
    }
}

/// [`check_shapes`] of states that are one vector for each sample.
///
/// # Errors
/// As there.
pub(crate) fn check_vectors(class: &str, batch: Dimension, units: u64, states: &[Shape]) -> Result<(), Mismatch> {
    let units = Dimension::Known(units);
    let fits = |state: &Shape| state.rank() == 2 && state.batch().agrees(batch) && state.last() == Some(units);
    check_shapes(class, &Shape(vec![batch, units]), states, fits)
}
