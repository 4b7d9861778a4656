//! What a stack of cells answers at masked steps where it begins with states; no text names it. See [`crate::masks`].
//!
//! Keras takes the first of the given states for the output before, which is that of the first cell where this cell has one
//! state. Without a mask the layer passes its first input on.

use rnn_grammar::Code;

use crate::declaration::Declaration;
use crate::layer::{Layer, Mismatch};
use crate::layers::get_item::{GetItem, Key};
use crate::layers::mask_of::{hidden, passes_first_on};
use crate::layers::mask_select::Select;
use crate::layers::recurrent::at_masked;
use crate::masks::{MaskCall, Masked};
use crate::plan::lowered::AtMasked;

const REPEATED: Declaration = hidden("Repeated", "The first cell's output where a step is masked.");

/// Reads what the last cell answers, and the first cell's outputs of all steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repeated {
    return_sequences: bool,
    /// Whether the first cell meets the frames from the last one on.
    is_backward: bool,
    /// Whether outputs stand in the order of the frames even so.
    is_aligned: bool,
    /// The units of the first cell and of the last one, where they differ: Keras then lays the one's state over the other's
    /// output.
    differing: Option<[u64; 2]>,
}

impl Repeated {
    /// What comes behind these layers in a row, if the first one's state can stand for the last one's output.
    pub(crate) fn of(layers: &[(String, Box<dyn Layer>)]) -> Option<Self> {
        let [(_, first), .., (_, last)] = layers else { return None };
        let (first, last) = (first.recurrence()?, last.recurrence()?);
        let is_read = first.n_states == 1 && at_masked(last, true) == AtMasked::Repeat;
        is_read.then_some(Self {
            differing: (first.units != last.units).then_some([first.units, last.units]),
            return_sequences: last.return_sequences,
            is_backward: first.go_backwards,
            is_aligned: last.go_backwards,
        })
    }
}

impl Layer for Repeated {
    fn declaration(&self) -> &'static Declaration {
        &REPEATED
    }

    passes_first_on!();

    /// The mask stands in the order of the frames, and outputs in that of processing. A mask that the call does not give is not
    /// used where there are states.
    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        let Some(mask) = call.masks[1].filter(|_| call.is_given) else { return Ok(Masked::with(call.first())) };
        if let Some([first, last]) = self.differing {
            let title = format!("a mask and states of cells with {first} and {last} units don't go together");
            return Err(Mismatch::new(Code::E226, title, "can't use this mask").help(
                "Keras puts the first cell's state in the place of the last one's output: give both as many units, or begin \
                 without states",
            ));
        }
        let (last, first) = (call.inputs[0], call.inputs[1]);
        let steps = |key: Key| vec![Key::Slice([None; 3]), key];
        let (read, other) = if self.return_sequences {
            let turned = Key::Slice([None, None, Some(-1)]);
            let is_turned = self.is_backward && !self.is_aligned;
            let read = if is_turned { call.add(GetItem { keys: steps(turned) }, &[mask])? } else { mask };
            (read, first)
        } else {
            let end = if self.is_backward { 0 } else { -1 };
            let end_of_outputs = if self.is_aligned { 0 } else { -1 };
            let read = call.add(GetItem { keys: steps(Key::At(end)) }, &[mask])?;
            (read, call.add(GetItem { keys: steps(Key::At(end_of_outputs)) }, &[first])?)
        };
        call.inputs = vec![last, read, other];
        call.compute_as(Box::new(Select), &[]);
        Ok(Masked::with(Some(mask).filter(|_| self.return_sequences)))
    }
}
