//! Attributes: of modules, models, layers and symbolic tensors.

use std::rc::Rc;

use rnn_grammar::ast::{Expression, Name};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::{CallSite, Signature, bind};
use crate::evaluate::functional::End;
use crate::evaluate::imports::{missing_member, not_yet, outside};
use crate::evaluate::operators::growing;
use crate::evaluate::text::kind_of;
use crate::evaluate::{Evaluator, ModelState};
use crate::graph::{ModelId, NodeId, NodeKind, TensorId};
use crate::layer::LayerInstance;
use crate::model::node_counts;
use crate::names::{self, Member, Public, closest};
use crate::shape::{Dimension, Shape};
use crate::value::{Located, Value};

const LAYER_ATTRIBUTES: &[&str] = &["built", "count_params", "input", "name", "output", "trainable"];
const TENSOR_ATTRIBUTES: &[&str] = &["dtype", "ndim", "shape"];

impl Evaluator<'_> {
    /// `value.attribute`, not called.
    pub(super) fn attribute(&mut self, value: &Expression, attribute: &Name, _span: Span) -> Option<Value> {
        let receiver = self.expression(value)?;
        self.attribute_of(receiver, value, attribute)
    }

    /// The attribute of a value that is known already.
    pub(super) fn attribute_of(&mut self, receiver: Value, value: &Expression, attribute: &Name) -> Option<Value> {
        match receiver {
            Value::Public(Public::Module(path)) => self.module_member(path, attribute),
            Value::Model(id) => self.model_attribute(id, value.span, attribute),
            Value::Layer(layer) => self.layer_attribute(&layer, attribute),
            Value::Tensor(tensor) => self.tensor_attribute(tensor, attribute),
            other => {
                let title = format!("{} has no attribute `{}`", kind_of(&other), attribute.text);
                self.fail(Diagnostic::new(Code::E106, attribute.span, title).at("not known here"))
            }
        }
    }

    fn module_member(&mut self, path: &str, attribute: &Name) -> Option<Value> {
        match names::member(path, &attribute.text) {
            Member::Known(value) => Some(value),
            Member::NotYet(class) => self.fail(not_yet(class, attribute.span)),
            Member::Outside => self.fail(outside(&format!("{path}.{}", attribute.text), attribute.span)),
            Member::Missing => self.fail(missing_member(path, attribute)),
        }
    }

    /// An unknown attribute, with the one that was probably meant.
    pub(super) fn no_attribute<T>(&mut self, owner: &str, attribute: &Name, known: &[&str]) -> Option<T> {
        let title = format!("{owner} has no attribute `{}`", attribute.text);
        let diagnostic = Diagnostic::new(Code::E106, attribute.span, title).at("not known here");
        self.fail(match closest(&attribute.text, known.iter().copied()) {
            Some(near) => diagnostic.fix(format!("did you mean `{near}`?"), attribute.span, near),
            None => diagnostic.help(format!("the language knows {}", known.join(", "))),
        })
    }

    /// A method's name without its call.
    pub(super) fn uncalled<T>(&mut self, attribute: &Name) -> Option<T> {
        let title = format!("`{}` is a method", attribute.text);
        self.fail(Diagnostic::new(Code::E106, attribute.span, title).fix("call it", attribute.span.after(), "()"))
    }

    fn layer_attribute(&mut self, layer: &Rc<LayerInstance>, attribute: &Name) -> Option<Value> {
        match attribute.text.as_str() {
            "name" => Some(Value::String(layer.name.as_str().into())),
            "trainable" => Some(Value::Boolean(layer.trainable)),
            "built" => Some(Value::Boolean(self.inference.first_node(layer.id).is_some())),
            "count_params" => self.uncalled(attribute),
            "output" if layer.layer.model_input().is_some() => {
                let found = self.input_layers.iter().find(|(_, input)| input.id == layer.id);
                found.map(|(&node, _)| Value::Tensor(TensorId { node, output: 0 }))
            }
            "output" => {
                let (node, n_outputs) = self.built_node(layer, attribute)?;
                let tensors = (0..n_outputs).map(|output| TensorId { node, output });
                Some(one_or_list(tensors.collect(), attribute.span))
            }
            "input" => {
                let (node, _) = self.built_node(layer, attribute)?;
                let NodeKind::Layer { inputs, .. } = &self.inference.node(node).node.kind else { return None };
                Some(one_or_list(inputs.clone(), attribute.span))
            }
            "output_shape" | "input_shape" => {
                let today = attribute.text.replace('_', ".");
                let title = format!("Keras 3's layers have no `{}`", attribute.text);
                self.fail(Diagnostic::new(Code::E106, attribute.span, title).at("Keras 2's spelling").fix(
                    format!("write `{today}`"),
                    attribute.span,
                    today.clone(),
                ))
            }
            _ => {
                let owner = format!("the layer `{}`", layer.name);
                self.no_attribute(&owner, attribute, LAYER_ATTRIBUTES)
            }
        }
    }

    /// The node of a layer's first use and its number of outputs; an error where it is in no built model.
    fn built_node(&mut self, layer: &LayerInstance, attribute: &Name) -> Option<(NodeId, usize)> {
        if let Some(id) = self.inference.first_node_id(layer.id) {
            return Some((id, self.inference.node(id).outputs.len()));
        }
        if self.models.iter().any(|model| model.is_failed) {
            return None;
        }
        let title = format!("the layer `{}` has no `{}` yet", layer.name, attribute.text);
        self.fail(
            Diagnostic::new(Code::E134, attribute.span, title)
                .at("not built at this place")
                .help("add it to a model that has an `Input` first"),
        )
    }

    pub(super) fn layer_method(&mut self, layer: &Rc<LayerInstance>, method: &Name, call: &CallSite) -> Option<Value> {
        match method.text.as_str() {
            "count_params" => {
                self.no_arguments(call)?;
                let (node, _) = self.built_node(layer, method)?;
                let counts = node_counts(self.inference.node(node))?;
                Some(Value::Integer(i128::from(counts.total)))
            }
            "build" | "call" | "get_weights" | "set_weights" | "get_config" | "quantize" => {
                let title = format!("a layer's `{}` is not part of the language", method.text);
                self.fail(
                    Diagnostic::new(Code::E103, method.span, title)
                        .at("belongs to a Python program")
                        .help("a layer is built by the model that it is added to"),
                )
            }
            _ => {
                let owner = format!("the layer `{}`", layer.name);
                self.no_attribute(&owner, method, LAYER_ATTRIBUTES)
            }
        }
    }

    /// A call that takes nothing.
    pub(super) fn no_arguments(&mut self, call: &CallSite) -> Option<()> {
        let mut mistakes = Vec::new();
        let bound = bind(call, Signature { own: &[], keywords: &[] }, &mut mistakes);
        self.report_all(mistakes);
        bound.map(|_| ())
    }

    fn tensor_attribute(&mut self, tensor: TensorId, attribute: &Name) -> Option<Value> {
        match attribute.text.as_str() {
            "shape" => Some(shape_value(self.inference.shape(tensor), attribute.span)),
            "ndim" => Some(Value::Integer(self.inference.shape(tensor).rank() as i128)),
            "dtype" => Some(Value::String(self.type_of(tensor).name().into())),
            _ => self.no_attribute("a symbolic tensor", attribute, TENSOR_ATTRIBUTES),
        }
    }

    /// A model's attribute, not called.
    fn model_attribute(&mut self, id: ModelId, place: Span, attribute: &Name) -> Option<Value> {
        let model = &self.models[id.0];
        match attribute.text.as_str() {
            "name" => Some(Value::String(model.name.as_str().into())),
            "trainable" => Some(Value::Boolean(model.trainable)),
            "layers" => {
                let layers = model
                    .entries
                    .iter()
                    .filter(|entry| !entry.instance.layer.is_operation())
                    .map(|entry| Located { value: self.layer_value(&entry.instance), span: attribute.span });
                let is_failed = model.is_failed;
                let layers = growing(layers.collect());
                (!is_failed).then_some(layers)
            }
            "built" => Some(Value::Boolean(model.input.is_some() && !model.entries.is_empty())),
            "input_shape" => {
                let (inputs, _) = self.built_ends(id, place, attribute)?;
                let structure = model_end(&self.models[id.0], true).unwrap_or(Value::Tensor(inputs[0].tensor));
                Some(self.shapes_of(&structure, attribute.span))
            }
            "output_shape" => {
                let (_, outputs) = self.built_ends(id, place, attribute)?;
                let structure = match (model_end(&self.models[id.0], false), outputs.as_slice()) {
                    (Some(structure), _) => structure,
                    (None, [only]) => Value::Tensor(only.tensor),
                    (None, several) => list_of(several, attribute.span),
                };
                Some(self.shapes_of(&structure, attribute.span))
            }
            "inputs" => {
                let (inputs, _) = self.built_ends(id, place, attribute)?;
                Some(list_of(&inputs, attribute.span))
            }
            "outputs" => {
                let (_, outputs) = self.built_ends(id, place, attribute)?;
                Some(list_of(&outputs, attribute.span))
            }
            "input" | "output" if model.ends.is_some() => {
                let is_failed = model.is_failed;
                model_end(model, attribute.text == "input").filter(|_| !is_failed)
            }
            "input" | "output" if self.called_node(id).is_some() => {
                let layer = Rc::clone(self.nested.get(&id)?);
                self.layer_attribute(&layer, attribute)
            }
            "input" | "output" => {
                let title = format!("a Sequential has no `{}`", attribute.text);
                self.fail(
                    Diagnostic::new(Code::E106, attribute.span, title)
                        .help(format!("write `{0}_shape`, or `{0}s[0]` for the tensor", attribute.text)),
                )
            }
            method if super::model_methods::METHODS.contains(&method) => self.uncalled(attribute),
            _ => self.unknown_of_model(attribute),
        }
    }

    /// A layer of a model as a value: a model is one again.
    pub(super) fn layer_value(&self, layer: &Rc<LayerInstance>) -> Value {
        let model = self.nested.iter().find(|(_, nested)| nested.id == layer.id).map(|(model, _)| *model);
        model.map_or_else(|| Value::Layer(Rc::clone(layer)), Value::Model)
    }

    /// Where a model was called as a layer first.
    fn called_node(&self, id: ModelId) -> Option<NodeId> {
        self.inference.first_node_id(self.nested.get(&id)?.id)
    }

    /// The shapes of tensors, in their structure.
    fn shapes_of(&self, structure: &Value, span: Span) -> Value {
        let located = |value| Located { value, span };
        let all = |items: &[Located]| items.iter().map(|item| located(self.shapes_of(&item.value, span))).collect();
        match structure {
            Value::Tensor(tensor) => shape_value(self.inference.shape(*tensor), span),
            Value::Growing(items) => growing(all(&items.borrow())),
            Value::List(items) => growing(all(items)),
            Value::Tuple(items) => Value::Tuple(all(items).into()),
            Value::Dictionary(entries) => {
                let shapes =
                    entries.iter().map(|(key, value)| (key.clone(), located(self.shapes_of(&value.value, span))));
                Value::Dictionary(shapes.collect())
            }
            _ => Value::Failed,
        }
    }

    /// Inputs and outputs of a model; an error where it has no input or no layers yet.
    pub(super) fn built_ends(&mut self, id: ModelId, place: Span, asked: &Name) -> Option<(Vec<End>, Vec<End>)> {
        let model = &self.models[id.0];
        if model.is_failed {
            return None;
        }
        if let Some(ends) = self.tensors(id) {
            return Some(ends);
        }
        let shown = self.slice(place);
        let title = format!("the model has no `{}` yet", asked.text);
        let diagnostic = Diagnostic::new(Code::E134, asked.span, title);
        self.fail(if model.entries.is_empty() {
            diagnostic.at("no layers at this place").help("ask after the layers are added")
        } else {
            diagnostic
                .at("no input shape at this place")
                .help(format!("give it one: `{shown}.build((None, …))`, or begin it with `Input(shape=…)`"))
        })
    }
}

/// What a functional model was given as its inputs or outputs, in its structure.
fn model_end(model: &ModelState, is_input: bool) -> Option<Value> {
    model.ends.as_ref().map(|ends| if is_input { ends.inputs.clone() } else { ends.outputs.clone() })
}

fn list_of(ends: &[End], span: Span) -> Value {
    growing(ends.iter().map(|end| Located { value: Value::Tensor(end.tensor), span }).collect())
}

/// One tensor, or a list of several.
fn one_or_list(tensors: Vec<TensorId>, span: Span) -> Value {
    match tensors.as_slice() {
        [only] => Value::Tensor(*only),
        several => Value::List(several.iter().map(|&tensor| Located { value: Value::Tensor(tensor), span }).collect()),
    }
}

/// A shape as the tuple that Python sees.
pub(super) fn shape_value(shape: &Shape, span: Span) -> Value {
    let axis = |dimension: &Dimension| match dimension {
        Dimension::Free => Value::None,
        Dimension::Known(size) => Value::Integer(i128::from(*size)),
    };
    Value::Tuple(shape.0.iter().map(|dimension| Located { value: axis(dimension), span }).collect())
}
