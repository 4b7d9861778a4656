//! Cells as values: the stack that a list of them becomes, and the groups of their states.

use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Bound;
use crate::arguments::bind::{CallSite, Given};
use crate::declaration::{Declaration, Kind};
use crate::evaluate::Evaluator;
use crate::evaluate::text::{kind_of, repr};
use crate::graph::TensorId;
use crate::layer::{LayerInstance, States};
use crate::layers::stacked_rnn_cells::STACKED_RNN_CELLS;
use crate::value::{Located, Value};

impl Evaluator<'_> {
    /// Makes a `StackedRNNCells` of a list of cells, where the argument wants one value.
    pub(super) fn stack_cells(
        &mut self,
        declaration: &'static Declaration,
        call: &CallSite,
        bound: &mut [Bound],
    ) -> Option<()> {
        for argument in declaration.arguments {
            let Kind::Cells { single } = argument.kind else { continue };
            let Some(given) = bound.iter_mut().find(|given| given.name == argument.name) else { continue };
            let span = given.span.unwrap_or(call.span);
            if single && !matches!(given.value, Value::Layer(_)) {
                let list = Given { name: None, value: Located { value: given.value.clone(), span }, span };
                let callee = STACKED_RNN_CELLS.class.to_owned();
                let site = CallSite { callee, callee_span: span, span, parentheses: span, given: vec![list] };
                given.value = Value::Layer(self.layer(&STACKED_RNN_CELLS, &site)?);
            }
        }
        Some(())
    }

    /// What a layer answers, its states grouped as Keras groups them.
    pub(super) fn grouped(&self, layer: &LayerInstance, tensors: &[TensorId], span: Span) -> Vec<Located> {
        let (first, states) = tensors.split_at(tensors.len().min(1));
        let mut answers: Vec<Located> = first.iter().map(|&tensor| tensor_at(tensor, span)).collect();
        let mut rest = states.iter().copied();
        match layer.layer.state_groups() {
            Some(groups) if !states.is_empty() => {
                answers.extend(groups.iter().map(|group| fill(group, &mut rest, span)));
            }
            _ => answers.extend(rest.map(|tensor| tensor_at(tensor, span))),
        }
        answers
    }

    /// The states that a layer with grouped ones begins with, one after the other.
    pub(super) fn grouped_states(
        &mut self,
        layer: &LayerInstance,
        groups: &[States],
        items: &[Located],
        span: Span,
        states: &mut Vec<TensorId>,
    ) -> Option<()> {
        if groups.len() != items.len() && !items.iter().any(|item| matches!(item.value, Value::Failed)) {
            let wanted = described(groups);
            let title =
                format!("the states of `{}` are grouped as `{wanted}`, not {} at once", layer.name, items.len());
            let mistake = Diagnostic::new(Code::E142, span, title).at("grouped otherwise");
            return self.fail(mistake.help("one entry a cell; an `LSTMCell` has a list of two"));
        }
        for (group, item) in groups.iter().zip(items) {
            match (group, &item.value) {
                (_, Value::Failed) => return None,
                (States::One, Value::Tensor(tensor)) => states.push(*tensor),
                (States::Several(inner), Value::Tuple(items) | Value::List(items)) => {
                    self.grouped_states(layer, inner, &Rc::clone(items), item.span, states)?;
                }
                (States::Several(inner), Value::Growing(items)) => {
                    let items = items.borrow().clone();
                    self.grouped_states(layer, inner, &items, item.span, states)?;
                }
                (States::One, Value::List(items) | Value::Tuple(items)) if items.len() == 1 => {
                    self.grouped_states(layer, &[States::One], &Rc::clone(items), item.span, states)?;
                }
                (group, other) => {
                    let wanted = described(groups);
                    let title = format!("the states of `{}` are grouped as `{wanted}`", layer.name);
                    let found = match other {
                        Value::Tensor(_) => "one tensor".to_owned(),
                        _ => format!("this is `{}`, {}", repr(other), kind_of(other)),
                    };
                    let mistake = Diagnostic::new(Code::E142, item.span, title).at(found);
                    return self.fail(match group {
                        States::One => mistake.help("give the cell's state as one tensor"),
                        States::Several(_) => mistake.help("give the cell's states as a list: `[h, c]`"),
                    });
                }
            }
        }
        Some(())
    }
}

fn tensor_at(tensor: TensorId, span: Span) -> Located {
    Located { value: Value::Tensor(tensor), span }
}

fn fill(group: &States, rest: &mut impl Iterator<Item = TensorId>, span: Span) -> Located {
    match group {
        States::One => rest.next().map_or(Located { value: Value::Failed, span }, |tensor| tensor_at(tensor, span)),
        States::Several(inner) => {
            let items = inner.iter().map(|group| fill(group, rest, span)).collect();
            Located { value: Value::List(items), span }
        }
    }
}

/// Groups as the text would write them: `[[h, c], h]`.
fn described(groups: &[States]) -> String {
    let parts: Vec<String> = groups
        .iter()
        .map(|group| match group {
            States::One => "state".to_owned(),
            States::Several(inner) => described(inner),
        })
        .collect();
    format!("[{}]", parts.join(", "))
}
