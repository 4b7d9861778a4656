//! Masks that a call gives: `layer(x, mask=counts)`.

use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::Given;
use crate::evaluate::Evaluator;
use crate::evaluate::text::{kind_of, repr};
use crate::graph::{InputType, NodeKind, TensorId};
use crate::layer::{Layer, LayerInstance, ShownMask, Takes};
use crate::layers::mask_shown::ShownOperation;
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

    /// One mask: a boolean tensor, or none.
    #[allow(clippy::option_option)]
    pub(super) fn mask(&mut self, layer: &LayerInstance, value: &Value, span: Span) -> Option<Option<TensorId>> {
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
                self.fail(mistake.help(
                    "give it a boolean input, `Input(shape=(timesteps,), dtype=\"bool\")`, or a comparison, `x[:, :, 0] != 0`",
                ))
            }
        }
    }

    /// The masks that Keras hands a layer of its own accord and keeps among the node's inputs: of a layer that is called with
    /// one tensor and nothing else, and of any call of a model.
    pub(super) fn handed_masks(&self, layer: &LayerInstance, tensors: &[TensorId], is_bare: bool) -> Vec<TensorId> {
        let is_kept = layer.layer.nested().is_some() || (is_bare && layer.layer.takes() != Takes::List);
        if !is_kept || !layer.layer.takes_mask() {
            return Vec::new();
        }
        tensors.iter().filter_map(|tensor| self.shown_masks.get(tensor).copied()).collect()
    }

    /// Follows the mask of what a layer answers, as Keras has it in a functional model. What its operations can't make of
    /// these masks is left out: the model is refused at its end.
    pub(super) fn follow_mask(
        &mut self,
        layer: &LayerInstance,
        (tensors, given): (&[TensorId], &[Option<TensorId>]),
        output: TensorId,
        span: Span,
    ) {
        // Masks with names of their own do not stand for what the output takes on.
        let masks: Vec<Option<TensorId>> = match given.is_empty() || !layer.layer.mask_names().is_empty() {
            true => tensors.iter().map(|tensor| self.shown_masks.get(tensor).copied()).collect(),
            false => given.to_vec(),
        };
        let first = masks.first().copied().flatten();
        let mask = match layer.layer.shown_mask() {
            ShownMask::None => None,
            ShownMask::First => first,
            ShownMask::Converted => first.and_then(|mask| self.shown(ShownOperation::Convert, &[mask], span)),
            ShownMask::OfIds => self.shown(ShownOperation::NotEqual, &[tensors[0]], span),
            ShownMask::OfSteps => {
                let different = self.shown(ShownOperation::NotEqual, &[tensors[0]], span);
                different.and_then(|different| self.shown(ShownOperation::Any, &[different], span))
            }
            ShownMask::Either => self.either(&masks, span),
            ShownMask::Along(axis) => self.along(axis, tensors, &masks, span),
        };
        if let Some(mask) = mask {
            self.shown_masks.insert(output, mask);
        }
    }

    fn either(&mut self, masks: &[Option<TensorId>], span: Span) -> Option<TensorId> {
        let all = masks.iter().copied().collect::<Option<Vec<_>>>()?;
        let (first, others) = all.split_first()?;
        others.iter().try_fold(*first, |either, mask| self.shown(ShownOperation::LogicalOr, &[either, *mask], span))
    }

    fn along(&mut self, axis: i128, tensors: &[TensorId], masks: &[Option<TensorId>], span: Span) -> Option<TensorId> {
        if masks.iter().all(Option::is_none) {
            return None;
        }
        let mut parts = Vec::with_capacity(tensors.len());
        for (&tensor, &mask) in tensors.iter().zip(masks) {
            parts.push(match mask {
                None => self.shown(ShownOperation::OnesLike, &[tensor], span)?,
                Some(mask) => {
                    let wide = self.shown(ShownOperation::ExpandDims, &[mask], span)?;
                    let zeros = self.shown(ShownOperation::ZerosLike, &[tensor], span)?;
                    self.shown(ShownOperation::LogicalOr, &[wide, zeros], span)?
                }
            });
        }
        let joined = self.shown(ShownOperation::Concatenate(axis), &parts, span)?;
        self.shown(ShownOperation::Any, &[joined], span)
    }

    /// Adds an operation that the summary shows where a layer uses what it gives.
    fn shown(&mut self, operation: ShownOperation, tensors: &[TensorId], span: Span) -> Option<TensorId> {
        let name = self.automatic_name(operation.declaration().base_name);
        let id = self.next_layer(span)?;
        let instance = LayerInstance {
            id,
            name,
            is_named: false,
            trainable: true,
            span,
            class_span: span,
            legacy_input: None,
            insert: span.after(),
            has_arguments: false,
            arguments: Vec::new(),
            layer: Box::new(operation),
        };
        let node = self.inference.apply(&Rc::new(instance), tensors, span).ok()?;
        let tensor = TensorId { node, output: 0 };
        self.name_tensors(&[tensor]);
        Some(tensor)
    }

    /// Whether a tensor holds truth values.
    pub(super) fn is_boolean(&self, tensor: TensorId) -> bool {
        self.inference.type_of(tensor) == InputType::Boolean
    }

    /// Truth values are masks; layers read numbers.
    pub(super) fn check_numbers(&mut self, layer: &LayerInstance, tensors: &[TensorId], span: Span) -> Option<()> {
        // A model inside may hand it to a layer as its mask; operations compute with them.
        if layer.layer.nested().is_some() || layer.layer.is_operation() {
            return Some(());
        }
        let Some(input) = tensors.iter().find(|&&tensor| self.is_boolean(tensor)) else { return Some(()) };
        let made = self.inference.node(input.node).node.span;
        let is_input = matches!(self.inference.node(input.node).node.kind, NodeKind::Input { .. });
        let (what, help) = match is_input {
            true => ("a boolean input", "give it as a mask, `mask=`, or drop `dtype=\"bool\"` where it is made"),
            false => (
                "truth values",
                "give them as a mask, `mask=`, or make numbers of them: `keras.ops.cast(x, \"float32\")`",
            ),
        };
        let title = format!("`{}` reads numbers, but gets {what}", layer.layer.declaration().class);
        let mistake = Diagnostic::new(Code::E146, span, title).at("reads truth values");
        let label = if is_input { "the input is made here" } else { "made here" };
        let mistake = if made == span { mistake } else { mistake.label(made, label) };
        self.fail(mistake.help(help))
    }
}
