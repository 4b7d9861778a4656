//! The kernels of a layer over every frame of a sequence, each frame a sample of its own.

use super::{copied, pick, windows};
use crate::plan::lowered::{From, Join, Lowered, NoCode, Operand, Operation, Recurrent, Samples};
use crate::shape::Dimension;

/// The same kernels for every frame of a sequence. With `leaves_states` the first recurrent one writes its states behind its
/// output, and kernels right behind it take them apart: the states in their order, then the output.
///
/// # Errors
/// Where a kernel over windows of it, or one that leaves states, has a free number of rows.
pub fn time_distributed(operations: Vec<Operation>, leaves_states: bool) -> Lowered {
    let mut result: Vec<Operation> = Vec::with_capacity(operations.len());
    let (mut n_added, mut first_state) = (0, 0);
    for mut operation in operations {
        match &mut operation {
            Operation::Recurrent(recurrent) if recurrent.samples == Samples::One => {
                recurrent.samples = Samples::Many;
                recurrent.leaves_states = leaves_states;
                if leaves_states {
                    let parts = apart(recurrent, result.len())?;
                    n_added += parts.len();
                    result.push(operation);
                    first_state = result.len();
                    result.extend(parts);
                    continue;
                }
            }
            Operation::Join(Join { operands, .. }) | Operation::Attend(Join { operands, .. }) => {
                for operand in operands {
                    match operand.from {
                        From::Made(place) => operand.from = From::Made(place + n_added),
                        From::State(place) => operand.from = From::Made(first_state + place),
                        From::Input(_) | From::Before => {}
                    }
                }
            }
            Operation::Recurrent(_)
            | Operation::Rows(_)
            | Operation::InPlace(_)
            | Operation::Window(_)
            | Operation::Fold(_) => {}
        }
        result.push(operation);
    }
    windows::whole(result)
}

/// What takes the rows apart that a recurrent kernel, the operation of this place, leaves: each state, then the output.
fn apart(recurrent: &Recurrent, place: usize) -> Lowered {
    let output = recurrent.sample_output().ok_or(NoCode::FreeAxis)?;
    let total = output + recurrent.state_width();
    let mut first = output;
    let widths = recurrent.directions.iter().flat_map(|direction| vec![direction.units; direction.n_states]);
    let mut parts = Vec::new();
    for width in widths {
        parts.push(part(place, total, (first, width))?);
        first += width;
    }
    parts.push(part(place, total, (0, output))?);
    Ok(parts)
}

/// So many values of each row, from `first` on.
fn part(place: usize, total: usize, (first, width): (usize, usize)) -> Result<Operation, NoCode> {
    let loops = [Some((first as i128, 1, width as u64))];
    let prepare = pick(&[Dimension::Known(total as u64)], &loops, false)?;
    Ok(copied(Operand { from: From::Made(place), prepare, width }))
}
