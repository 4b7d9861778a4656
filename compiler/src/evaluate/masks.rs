//! Masks that a call gives: `layer(x, mask=counts)`.

use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::Given;
use crate::evaluate::Evaluator;
use crate::evaluate::text::{kind_of, repr};
use crate::graph::{InputType, NodeKind, TensorId};
use crate::layer::{LayerInstance, Takes};
use crate::value::Value;

impl Evaluator<'_> {
    /// The masks of `mask=`, one for each tensor that the layer reads.
    pub(super) fn given_masks(&mut self, layer: &LayerInstance, given: &Given) -> Option<Vec<Option<TensorId>>> {
        let items = match &given.value.value {
            Value::None => return Some(Vec::new()),
            Value::Growing(items) => items.borrow().clone(),
            Value::List(items) => items.to_vec(),
            _ if layer.layer.takes() == Takes::List => {
                let title = format!("`{}` takes a list of masks", layer.layer.declaration().class);
                let mistake = Diagnostic::new(Code::E145, given.value.span, title).at("no list");
                return self.fail(mistake.help("write one for each tensor, `None` where it has none: `[mask, None]`"));
            }
            _ => vec![given.value.clone()],
        };
        if layer.layer.takes() != Takes::List && items.len() != 1 {
            let title = format!("the layer `{}` takes one mask, not {}", layer.name, items.len());
            return self.fail(Diagnostic::new(Code::E145, given.value.span, title).at("one mask is needed"));
        }
        items.iter().map(|item| self.mask(layer, &item.value, item.span)).collect()
    }

    fn mask(&mut self, layer: &LayerInstance, value: &Value, span: Span) -> Option<Option<TensorId>> {
        match value {
            Value::None => Some(None),
            Value::Failed => None,
            Value::Tensor(tensor) if self.is_boolean(*tensor) => Some(Some(*tensor)),
            other => {
                let title = match other {
                    Value::Tensor(_) => format!("the mask of `{}` is a tensor of numbers", layer.name),
                    other => format!("the mask of `{}` is {}", layer.name, kind_of(other)),
                };
                let at = if matches!(other, Value::Tensor(_)) { "numbers".to_owned() } else { repr(other) };
                let mistake = Diagnostic::new(Code::E145, span, title).at(at);
                self.fail(mistake.help("give it a boolean input: `Input(shape=(timesteps,), dtype=\"bool\")`"))
            }
        }
    }

    /// Whether a tensor holds truth values.
    pub(super) fn is_boolean(&self, tensor: TensorId) -> bool {
        matches!(self.inference.node(tensor.node).node.kind, NodeKind::Input { dtype: InputType::Boolean, .. })
    }

    /// Truth values are masks; layers read numbers.
    pub(super) fn check_numbers(&mut self, layer: &LayerInstance, tensors: &[TensorId], span: Span) -> Option<()> {
        // A model inside may hand it to a layer as its mask.
        if layer.layer.nested().is_some() {
            return Some(());
        }
        let Some(input) = tensors.iter().find(|&&tensor| self.is_boolean(tensor)) else { return Some(()) };
        let made = self.inference.node(input.node).node.span;
        let title = format!("`{}` reads numbers, but gets a boolean input", layer.layer.declaration().class);
        let mistake = Diagnostic::new(Code::E146, span, title).at("reads truth values");
        let mistake = if made == span { mistake } else { mistake.label(made, "the input is made here") };
        self.fail(mistake.help("give it as a mask, `mask=`, or drop `dtype=\"bool\"` where it is made"))
    }
}
