//! Cells that are called by themselves: `y, [h, c] = cell(x, [h, c])`.

use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::{CallSite, Given};
use crate::arguments::frozen;
use crate::evaluate::Evaluator;
use crate::evaluate::text::{kind_of, repr};
use crate::graph::TensorId;
use crate::layer::LayerInstance;
use crate::layers::cells::StepOf;
use crate::layers::rnn::groups;
use crate::value::{Located, Value};

impl Evaluator<'_> {
    /// `cell(inputs, states)`: the output, and the states in the form in which they are given.
    pub(super) fn call_cell(&mut self, cell: &Rc<LayerInstance>, call: &CallSite) -> Option<Value> {
        let names = parameters(cell);
        let mut found: [Option<&Given>; 2] = [None, None];
        for given in &call.given {
            let place = match given.name.as_ref().map(|name| name.text.as_str()) {
                None => found.iter().position(Option::is_none),
                Some("training") => {
                    self.check_training(given)?;
                    continue;
                }
                Some(name) => match names.iter().position(|known| *known == name) {
                    Some(place) if found[place].is_some() => {
                        let title = format!("`{name}` is given twice");
                        return self.fail(Diagnostic::new(Code::E113, given.span, title).at("again here"));
                    }
                    Some(place) => Some(place),
                    None => {
                        let title = format!("a call of the cell `{}` takes no `{name}`", cell.name);
                        return self.fail(Diagnostic::new(Code::E112, given.span, title).at("not known here"));
                    }
                },
            };
            let Some(place) = place else {
                let title = format!("the cell `{}` is called with {} values", cell.name, call.given.len());
                let mistake = Diagnostic::new(Code::E114, given.span, title).at("one too many");
                return self.fail(mistake.help("a cell reads one tensor and its states: `cell(x, [h, c])`"));
            };
            found[place] = Some(given);
        }
        let [Some(input), Some(states)] = found else {
            let missing = names[usize::from(found[0].is_some())];
            let title = format!("the cell `{}` is called without `{missing}`", cell.name);
            let mistake = Diagnostic::new(Code::E111, call.callee_span, title).at(format!("`{missing}` is missing"));
            let walk = format!("`RNN({})` walks over time with it, from zero", self.slice(cell.span));
            return self.fail(mistake.help(format!("give it the states that it begins with; {walk}")));
        };
        let mut tensors = vec![self.cell_input(cell, input)?];
        let value = frozen(&states.value.value);
        self.cell_states(cell, &value, states.value.span, &mut tensors)?;
        let outputs = match self.applied(cell, &tensors, call.span)? {
            Value::Tuple(outputs) => outputs.to_vec(),
            only => return Some(only),
        };
        let (output, mut states) = (outputs.first()?.clone(), outputs.into_iter().skip(1));
        let states = answered(cell, &value, &mut states, call.span);
        Some(Value::Tuple([output, states].into()))
    }

    fn cell_input(&mut self, cell: &LayerInstance, given: &Given) -> Option<TensorId> {
        match &given.value.value {
            Value::Tensor(tensor) => Some(*tensor),
            Value::Failed => None,
            other => {
                let title = format!("the cell `{}` reads one tensor, not {}", cell.name, kind_of(other));
                let mistake = Diagnostic::new(Code::E115, given.span, title).at(format!("this is `{}`", repr(other)));
                self.fail(mistake.help("write `cell(x, [h, c])`"))
            }
        }
    }

    /// The states one after the other. One alone may stand without a list, unless the cell has several.
    fn cell_states(
        &mut self,
        cell: &LayerInstance,
        value: &Value,
        span: Span,
        tensors: &mut Vec<TensorId>,
    ) -> Option<()> {
        let items = match value {
            Value::Failed => return None,
            Value::List(items) | Value::Tuple(items) => items.to_vec(),
            other => vec![Located { value: other.clone(), span }],
        };
        let is_list = matches!(value, Value::List(_) | Value::Tuple(_));
        if !is_list && matches!(cell.layer.step(), Some(StepOf::Several(_))) {
            let title = format!("the states of `{}` are a list with an entry for each cell", cell.name);
            let mistake = Diagnostic::new(Code::E142, span, title).at(format!("this is {}", kind_of(value)));
            return self.fail(mistake.help("write `[[h, c], g]`: an `LSTMCell` has a list of two"));
        }
        self.grouped_states(cell, &groups(cell), &items, span, tensors)
    }
}

/// What a call takes, in Keras's order.
fn parameters(cell: &LayerInstance) -> [&'static str; 2] {
    [if cell.layer.declaration().class == "SimpleRNNCell" { "sequence" } else { "inputs" }, "states"]
}

fn items_of(value: &Value) -> Option<&[Located]> {
    match value {
        Value::List(items) | Value::Tuple(items) => Some(items),
        _ => None,
    }
}

/// The states after a step in the form in which Keras answers them: a state that was given in a list comes in one, and the
/// only cell of a stack answers without the stack's list.
fn answered(cell: &LayerInstance, given: &Value, states: &mut impl Iterator<Item = Located>, span: Span) -> Located {
    let Some(StepOf::Several(cells)) = cell.layer.step() else {
        let n_states = match cell.layer.step() {
            Some(StepOf::One(step)) => step.flags().n_states,
            Some(StepOf::Several(_)) | None => 0,
        };
        let mut own: Vec<Located> = states.take(n_states).collect();
        let is_bare = items_of(given).is_none() && own.len() == 1;
        let value = if is_bare { own.remove(0).value } else { Value::List(own.into()) };
        return Located { value, span };
    };
    let mut all: Vec<Located> = Vec::with_capacity(cells.len());
    for (cell, given) in cells.iter().zip(items_of(given).unwrap_or_default()) {
        all.push(answered(cell, &given.value, states, span));
    }
    if all.len() == 1 { all.remove(0) } else { Located { value: Value::List(all.into()), span } }
}
