//! What becomes of the masks of merged tensors.
//!
//! Where all of them are masked, a step of the result counts where it counts in any. `Multiply` takes masked steps for ones
//! and answers zeros where no tensor counts; `Maximum` and `Minimum` take the other tensor's value for a masked one; the
//! others merge what is there.

use super::merge::{Merge, Operator};
use crate::graph::TensorId;
use crate::layer::Mismatch;
use crate::layers::mask_select::{Either, Fill, Select};
use crate::masks::{MaskCall, Masked};

pub(super) fn mask(call: &mut MaskCall<'_>, operator: Operator) -> Result<Masked, Mismatch> {
    let masks = call.masks.clone();
    let all = masks.iter().copied().collect::<Option<Vec<_>>>();
    let output = all.map(|all| any_of(call, &all)).transpose()?;
    match operator {
        Operator::Add | Operator::Subtract | Operator::Average => Ok(Masked::with(output)),
        Operator::Multiply => {
            for place in 0..call.inputs.len() {
                if let Some(mask) = used(call, place) {
                    let input = call.inputs[place];
                    call.inputs[place] = call.add(Fill { constant: 1.0 }, &[input, mask])?;
                }
            }
            Ok(Masked::with(output).zeroed_by(output))
        }
        Operator::Maximum | Operator::Minimum => {
            choose(call, operator)?;
            Ok(Masked::with(output))
        }
    }
}

/// Whether a step counts in any of them.
pub(super) fn any_of(call: &mut MaskCall<'_>, masks: &[TensorId]) -> Result<TensorId, Mismatch> {
    let mut different: Vec<TensorId> = Vec::new();
    masks.iter().for_each(|mask| {
        if !different.contains(mask) {
            different.push(*mask);
        }
    });
    match different.as_slice() {
        [only] => Ok(*only),
        several => call.add(Either::new(), several),
    }
}

/// The mask of a tensor that Keras looks at: that of one with fewer axes than others is gone once it has got more.
fn used(call: &MaskCall<'_>, place: usize) -> Option<TensorId> {
    let rank = |tensor: TensorId| call.shape(tensor).rank();
    let most = call.inputs.iter().map(|&input| rank(input)).max();
    call.masks[place].filter(|_| Some(rank(call.inputs[place])) == most)
}

/// Pair by pair: where one of both is masked, the other one stands for it.
fn choose(call: &mut MaskCall<'_>, operator: Operator) -> Result<(), Mismatch> {
    let count = call.inputs.len();
    let masks: Vec<Option<TensorId>> = (0..count).map(|place| used(call, place)).collect();
    if masks.iter().all(Option::is_none) {
        return Ok(());
    }
    let (mut best, mut best_mask) = (call.inputs[0], masks[0]);
    for place in 1..count {
        let mut input = call.inputs[place];
        if let Some(mask) = masks[place] {
            input = call.add(Select, &[input, mask, best])?;
        }
        if let Some(mask) = best_mask {
            best = call.add(Select, &[best, mask, input])?;
        }
        best_mask = match (best_mask, masks[place]) {
            (Some(left), Some(right)) => Some(any_of(call, &[left, right])?),
            _ => None,
        };
        if place + 1 < count {
            best = call.add(Merge::extreme(operator), &[best, input])?;
        } else {
            call.inputs = vec![best, input];
        }
    }
    Ok(())
}
