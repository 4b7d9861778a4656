//! `Sequential` and its methods.

use std::collections::HashMap;
use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Bound;
use crate::arguments::bind::{CallSite, Signature};
use crate::declaration::{Argument, Kind};
use crate::evaluate::text::{kind_of, repr};
use crate::evaluate::{Entry, Evaluator, ModelState, Place};
use crate::graph::{ModelId, NodeKind, TensorId};
use crate::layer::{LayerInstance, Takes};
use crate::names::Public;
use crate::value::{Located, Value};

const SEQUENTIAL: &[Argument] = &[
    Argument::optional("layers", Kind::Any, "None", "The layers, in order."),
    Argument::optional("trainable", Kind::Boolean, "True", "Whether training changes the weights."),
    Argument::optional("name", Kind::Any, "None", "The model's name."),
];

impl Evaluator<'_> {
    /// `Sequential(…)`
    pub(super) fn sequential(&mut self, call: &CallSite) -> Option<ModelId> {
        self.number_types.policy();
        // A failed item in the list of layers leaves a failed model, not a failed call.
        let bound = self.bound(call, Signature { own: SEQUENTIAL, keywords: &[] });
        let name = match bound.as_ref().map(|bound| (bound[2].value.clone(), bound[2].span.unwrap_or(call.span))) {
            Some((Value::String(name), span)) => self.checked_name(&name, span),
            Some((Value::None, _)) | None => Some(self.automatic_name("sequential")),
            Some((other, span)) => self.not_a_name(&other, span),
        };
        let trainable = !matches!(bound.as_ref().map(|bound| &bound[1].value), Some(Value::Boolean(false)));
        let is_failed = bound.is_none() || name.is_none();
        let id = ModelId(self.models.len());
        self.models.push(ModelState {
            name: name.unwrap_or_default(),
            ends: None,
            span: call.span,
            trainable,
            input: None,
            input_span: call.span,
            entries: Vec::new(),
            names: HashMap::new(),
            is_failed,
        });
        if let Some(bound) = bound {
            self.add_list(id, &bound[0]);
        }
        Some(id)
    }

    fn add_list(&mut self, id: ModelId, layers: &Bound) {
        let Some(span) = layers.span.filter(|_| !matches!(layers.value, Value::None)) else { return };
        let given = Located { value: layers.value.clone(), span };
        if let Value::Layer(layer) = &given.value {
            self.models[id.0].is_failed = true;
            let title = format!("`Sequential` takes a list of layers, not the layer `{}`", layer.name);
            let diagnostic = Diagnostic::new(Code::E122, span, title).at("a single layer");
            let text = format!("[{}]", self.slice(span));
            return self.report(diagnostic.fix("put it into a list", span, text));
        }
        let Some(items) = self.items_of(&given) else {
            self.models[id.0].is_failed = true;
            return;
        };
        self.listing = Some(id);
        for item in items {
            let place = Place { span: item.span, statement: self.statement, receiver: None };
            self.add(id, &item, place);
        }
        self.listing = None;
        self.count_build(id);
    }

    /// Appends a layer, or gives the model its input.
    pub(super) fn add(&mut self, id: ModelId, item: &Located, place: Place) {
        match &item.value {
            Value::Layer(layer) if layer.layer.model_input().is_some() => {
                if let Some(tensor) = self.input_tensor(layer, layer.span) {
                    self.set_input(id, tensor, item.span);
                }
            }
            Value::Layer(layer) => self.push(id, layer, place),
            Value::Model(inner) => self.push_model(id, *inner, item.span, place),
            Value::Tensor(tensor) if matches!(self.inference.node(tensor.node).node.kind, NodeKind::Input { .. }) => {
                self.set_input(id, *tensor, item.span);
            }
            other => {
                self.models[id.0].is_failed = true;
                if let Some(mistake) = not_a_layer(other, item.span) {
                    self.report(mistake);
                }
            }
        }
    }

    /// The model begins with this input.
    fn set_input(&mut self, id: ModelId, tensor: TensorId, span: Span) {
        let model = &self.models[id.0];
        let mistake = if model.input.is_some() {
            let title = format!("the model `{}` has an input already", model.name);
            Diagnostic::new(Code::E123, span, title).at("a second input").label(model.input_span, "the first one")
        } else if let Some(first) = model.entries.first() {
            Diagnostic::new(Code::E123, span, "the input must come before the layers")
                .at("too late")
                .label(first.place.span, "the first layer")
        } else {
            let model = &mut self.models[id.0];
            model.input = Some(tensor);
            model.input_span = span;
            return;
        };
        self.models[id.0].is_failed = true;
        self.report(mistake);
    }

    /// Appends a model.
    fn push_model(&mut self, id: ModelId, inner: ModelId, span: Span, place: Place) {
        if inner == id {
            self.models[id.0].is_failed = true;
            return self.report(Diagnostic::new(Code::E122, span, "a model can't be a layer of itself"));
        }
        let model = &self.models[id.0];
        let before = model.entries.last().map_or(model.input, |entry| entry.output);
        if let Some(tensor) = before {
            let scope = self.inference.enter(&self.models[id.0].name);
            self.build_for(inner, tensor, span);
            self.inference.leave(scope);
        }
        match self.nested_layer(inner, span) {
            Some(layer) => self.push(id, &layer, place),
            None => self.models[id.0].is_failed = true,
        }
    }

    /// Appends a layer.
    fn push(&mut self, id: ModelId, layer: &Rc<LayerInstance>, place: Place) {
        self.check_name(id, layer, place.span);
        self.settle_legacy(id, layer, place);
        self.models[id.0].names.entry(layer.name.clone()).or_insert((layer.id, layer.span));
        self.models[id.0].entries.push(Entry { instance: Rc::clone(layer), place, output: None });
        self.begin_as_nested(id, place.span);
        self.connect(id);
    }

    /// Names are unique within a model; the same object may come again.
    fn check_name(&mut self, id: ModelId, layer: &LayerInstance, span: Span) {
        let model = &self.models[id.0];
        let first = match model.input.map(|input| &self.inference.node(input.node).node) {
            Some(node) if matches!(&node.kind, NodeKind::Input { name, .. } if *name == layer.name) => Some(node.span),
            _ => model.names.get(&layer.name).filter(|(other, _)| *other != layer.id).map(|(_, span)| *span),
        };
        let Some(first) = first else { return };
        let title = format!("two layers are called `{}`", layer.name);
        let diagnostic = Diagnostic::new(Code::E120, span, title).at("the second one");
        let diagnostic = if first == span {
            diagnostic.help("give each turn of the loop its own name, e.g. `name=\"layer_\" + str(i)`")
        } else {
            diagnostic.label(first, "the first one").help("give one of them another `name=`")
        };
        self.report(diagnostic);
    }

    /// Keras 2's input shape on a layer: taken from a first layer, without effect on others.
    fn settle_legacy(&mut self, id: ModelId, layer: &LayerInstance, place: Place) {
        let Some(legacy) = self.legacy.get(&layer.id).cloned() else { return };
        let model = &self.models[id.0];
        if let (None, [], Some(shape)) = (model.input, model.entries.as_slice(), &legacy.shape) {
            self.note_legacy(&legacy, layer, place);
            let name = self.automatic_name("input_layer");
            let Some(tensor) = self.unwritten_input(name, shape.clone(), legacy.span) else { return };
            self.name_tensors(&[tensor]);
            let model = &mut self.models[id.0];
            model.input = Some(tensor);
            model.input_span = legacy.span;
        } else if model.entries.iter().all(|entry| entry.instance.id != layer.id) {
            let (reason, advice) = if legacy.shape.is_none() {
                ("a batch size without a shape", "begin the model with `Input(batch_shape=…)`")
            } else if model.input.is_some() && model.entries.is_empty() {
                ("the model has an `Input` already", "leave it out")
            } else {
                ("only a first layer is told its input shape", "leave it out; the layer before gives the shape")
            };
            self.warn_legacy(&legacy, reason, advice);
        }
    }

    /// Runs the layers that have no output yet, once the model has an input.
    pub(super) fn connect(&mut self, id: ModelId) {
        let model = &self.models[id.0];
        if model.is_failed {
            return;
        }
        let Some(tensor) = model.input else { return };
        // Keras's paths name the model that makes the variables.
        let scope = self.inference.enter(&model.name);
        let is_connected = self.connect_behind(id, tensor);
        self.inference.leave(scope);
        if is_connected.is_some() && self.listing != Some(id) {
            self.count_build(id);
        }
    }

    fn connect_behind(&mut self, id: ModelId, mut tensor: TensorId) -> Option<()> {
        let entries = &self.models[id.0].entries;
        let n_connected = entries.iter().rposition(|entry| entry.output.is_some()).map_or(0, |index| index + 1);
        if let Some(output) = n_connected.checked_sub(1).and_then(|index| entries[index].output) {
            tensor = output;
        }
        for index in n_connected..self.models[id.0].entries.len() {
            let entry = &self.models[id.0].entries[index];
            let (instance, span) = (Rc::clone(&entry.instance), entry.place.span);
            match self.apply_in_sequential(&instance, tensor, span) {
                Some(output) => {
                    self.models[id.0].entries[index].output = Some(output);
                    tensor = output;
                }
                None => {
                    self.models[id.0].is_failed = true;
                    return None;
                }
            }
        }
        Some(())
    }

    fn apply_in_sequential(&mut self, instance: &Rc<LayerInstance>, tensor: TensorId, span: Span) -> Option<TensorId> {
        if instance.layer.takes().several() {
            let does = match instance.layer.takes() {
                Takes::Step => "reads its states too, but a Sequential has one tensor",
                Takes::One | Takes::List | Takes::Sequence | Takes::Named(_) => {
                    "joins several tensors, but a Sequential has one"
                }
            };
            let title = format!("`{}` {does}", instance.layer.declaration().class);
            let diagnostic = Diagnostic::new(Code::E136, span, title).at("gets one tensor");
            return self.fail(diagnostic.help(match instance.layer.takes() {
                Takes::Named(names) => {
                    format!(
                        "call it in a functional model: `{}(…)({})`",
                        instance.layer.declaration().class,
                        names.join(", ")
                    )
                }
                Takes::Step => {
                    format!(
                        "let `RNN` walk over time with it, `RNN({})`, or call it with its states in a functional model",
                        self.slice(instance.span)
                    )
                }
                Takes::One | Takes::List | Takes::Sequence => {
                    "call it with a list in a functional model: `Add()([x, y])`".to_owned()
                }
            }));
        }
        let before = self.inference.node(tensor.node);
        if before.outputs.len() > 1 {
            let title = format!("`{}` takes one tensor, but gets {}", instance.name, before.outputs.len());
            let diagnostic = Diagnostic::new(Code::E201, span, title).at("takes one tensor");
            let diagnostic = diagnostic.label(before.node.span, format!("answers {} tensors", before.outputs.len()));
            return self.fail(
                diagnostic.help("in a Sequential only the last layer may answer several: drop `return_state=True`"),
            );
        }
        self.apply(instance, &[tensor], span)?.first().copied()
    }

    /// Calls a layer with tensors.
    pub(super) fn apply(
        &mut self,
        instance: &Rc<LayerInstance>,
        tensors: &[TensorId],
        span: Span,
    ) -> Option<Vec<TensorId>> {
        self.apply_masked(instance, tensors, &[], span)
    }

    /// Calls a layer with tensors and masks for them.
    pub(super) fn apply_masked(
        &mut self,
        instance: &Rc<LayerInstance>,
        tensors: &[TensorId],
        masks: &[Option<TensorId>],
        span: Span,
    ) -> Option<Vec<TensorId>> {
        self.check_numbers(instance, tensors, span)?;
        let is_first = self.inference.first_node(instance.id).is_none();
        match self.inference.apply_masked(instance, tensors, masks, span) {
            Ok(node) => {
                if is_first {
                    instance.layer.parts_named_when_built().iter().for_each(|base| drop(self.automatic_name(base)));
                }
                let n_outputs = self.inference.node(node).outputs.len();
                Some((0..n_outputs).map(|output| TensorId { node, output }).collect())
            }
            Err(mistake) => self.fail(*mistake),
        }
    }
}

/// Why a value can't be added to a model; `None` where its mistake is reported already.
fn not_a_layer(value: &Value, span: Span) -> Option<Diagnostic> {
    let error = |title: String| Diagnostic::new(Code::E122, span, title);
    Some(match value {
        Value::Failed => return None,
        Value::Public(Public::Layer(declaration)) => error(format!("`{}` is a class, not a layer", declaration.class))
            .at("not called")
            .help(format!("make a layer of it: `{}(…)`", declaration.class)),
        Value::Public(Public::Input) => {
            error("`Input` is a function, not a layer".to_owned()).help("call it: `Input(shape=…)`")
        }
        Value::Tuple(_) | Value::List(_) | Value::Growing(_) => {
            error(format!("{} can't be added to a model", kind_of(value))).help("add its layers one by one")
        }
        Value::Activation(activation) => error("an activation function is not a layer".to_owned())
            .help(format!("write `Activation(\"{}\")`", activation.name())),
        Value::String(_) => error("a text can't be added to a model".to_owned()).at(format!("this is {}", repr(value))),
        Value::Tensor(_) => error("a symbolic tensor can't be added to a model".to_owned())
            .help("add the layers, or write `Model(inputs, outputs)`"),
        other => {
            error(format!("{} can't be added to a model", kind_of(other))).at(format!("this is `{}`", repr(other)))
        }
    })
}
