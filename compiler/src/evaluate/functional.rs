//! Functional models: layers that are called with symbolic tensors, and `Model(inputs, outputs)`.
//!
//! So far a model is the path from one input to one output.

use std::collections::HashMap;
use std::rc::Rc;

use rnn_grammar::ast::Name;
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::{CallSite, Given, Signature};
use crate::declaration::{Argument, Kind};
use crate::evaluate::text::{kind_of, repr};
use crate::evaluate::{Entry, Evaluator, ModelState, Place};
use crate::graph::{ModelId, NodeKind, TensorId};
use crate::layer::LayerInstance;
use crate::value::{Located, Value};

/// What `Model(…)` was given, in its structure: a tensor, or a list of them.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) inputs: Value,
    pub(super) outputs: Value,
}

const MODEL: &[Argument] = &[
    Argument::required("inputs", Kind::Any, "The tensor that `Input` gave, or a list of it."),
    Argument::required("outputs", Kind::Any, "The tensor that the model answers, or a list of it."),
];

const MODEL_KEYWORDS: &[Argument] = &[
    Argument::optional("name", Kind::Any, "None", "The model's name."),
    Argument::optional("trainable", Kind::Boolean, "True", "Whether training changes the weights."),
];

const ATTRIBUTES: &[&str] = &[
    "compile",
    "count_params",
    "get_layer",
    "input",
    "input_shape",
    "inputs",
    "layers",
    "name",
    "output",
    "output_shape",
    "outputs",
    "summary",
    "trainable",
];

impl Evaluator<'_> {
    /// `layer(tensor)`
    pub(super) fn call_layer(&mut self, layer: &Rc<LayerInstance>, call: &CallSite) -> Option<TensorId> {
        if layer.layer.model_input().is_some() {
            let title = format!("the input `{}` can't be called", layer.name);
            return self.fail(
                Diagnostic::new(Code::E107, call.callee_span, title)
                    .at("an input reads nothing")
                    .help("write `Input(…)`, which gives a tensor"),
            );
        }
        let mut tensor = None;
        for given in &call.given {
            match given.name.as_ref().map(|name| name.text.as_str()) {
                None | Some("inputs" | "sequence") if tensor.is_none() => {
                    tensor = Some(self.called_with(layer, given)?)
                }
                Some("training") => self.check_training(given)?,
                Some(argument @ ("mask" | "initial_state")) => {
                    return self.functional_not_yet(given.span, &format!("`{argument}=` of a call is"));
                }
                Some(unknown) => {
                    let title = format!("a call of the layer `{}` takes no `{unknown}`", layer.name);
                    return self.fail(Diagnostic::new(Code::E112, given.span, title).at("not known here"));
                }
                None => {
                    let title = format!("the layer `{}` is called with several values", layer.name);
                    return self.fail(
                        Diagnostic::new(Code::E114, given.span, title)
                            .at("one too many")
                            .help("the layer's own arguments belong to where it is made"),
                    );
                }
            }
        }
        let Some(tensor) = tensor else {
            let title = format!("the layer `{}` is called without a tensor", layer.name);
            return self.fail(Diagnostic::new(Code::E107, call.callee_span, title));
        };
        if let Some(legacy) = self.legacy.get(&layer.id).cloned() {
            self.warn_legacy(&legacy, "the layer reads the tensor that it is called with", "leave it out");
        }
        self.apply(layer, tensor, call.span)
    }

    fn called_with(&mut self, layer: &LayerInstance, given: &Given) -> Option<TensorId> {
        match &given.value.value {
            Value::Tensor(tensor) => Some(*tensor),
            Value::Failed => None,
            Value::Growing(_) | Value::List(_) | Value::Tuple(_) => {
                let title = format!("the layer `{}` takes one tensor, not {}", layer.name, kind_of(&given.value.value));
                self.fail(Diagnostic::new(Code::E115, given.span, title).help("call it with the tensor itself"))
            }
            other => {
                let title = format!("the layer `{}` is called with {}", layer.name, kind_of(other));
                self.fail(Diagnostic::new(Code::E115, given.span, title).at(format!("this is `{}`", repr(other))))
            }
        }
    }

    /// Models run as in inference; what asks for training alone is refused.
    fn check_training(&mut self, given: &Given) -> Option<()> {
        match &given.value.value {
            Value::None | Value::Boolean(false) => Some(()),
            Value::Failed => None,
            _ => self.fail(
                Diagnostic::new(Code::E103, given.span, "a compiled model runs as in inference")
                    .at("asks for training")
                    .help("leave `training` out"),
            ),
        }
    }

    /// `Model(inputs, outputs)`
    pub(super) fn functional_model(&mut self, call: &CallSite) -> Option<ModelId> {
        let bound = self.bound(call, Signature { own: MODEL, keywords: MODEL_KEYWORDS });
        let name = match bound.as_ref().map(|bound| (bound[2].value.clone(), bound[2].span.unwrap_or(call.span))) {
            Some((Value::String(name), span)) => self.checked_name(&name, span),
            Some((Value::None, _)) | None => Some(self.automatic_name("functional")),
            Some((other, span)) => self.not_a_name(&other, span),
        };
        let mut model = ModelState {
            name: name.clone().unwrap_or_default(),
            ends: None,
            span: call.span,
            trainable: true,
            input: None,
            input_span: call.span,
            entries: Vec::new(),
            names: HashMap::new(),
            is_failed: true,
        };
        let mut ends = Ends { inputs: Value::Failed, outputs: Value::Failed };
        if let Some(bound) = bound {
            model.trainable = !matches!(bound[3].value, Value::Boolean(false));
            let located = |place: usize| Located {
                value: bound[place].value.clone(),
                span: bound[place].span.unwrap_or(call.span),
            };
            let (inputs, outputs) = (located(0), located(1));
            let (input, output) = (self.end("inputs", &inputs), self.end("outputs", &outputs));
            if let (Some(input), Some(output)) = (input, output) {
                model.input = Some(input);
                model.input_span = inputs.span;
                let entries = self.path(input, output, inputs.span, outputs.span);
                let are_named = entries.as_ref().is_some_and(|entries| self.check_names(entries, call.span));
                model.is_failed = !are_named || name.is_none();
                model.entries = entries.unwrap_or_default();
            }
            ends = Ends { inputs: inputs.value, outputs: outputs.value };
        }
        model.ends = Some(ends);
        let id = ModelId(self.models.len());
        self.models.push(model);
        Some(id)
    }

    /// The one tensor of `inputs` or `outputs`.
    fn end(&mut self, argument: &str, given: &Located) -> Option<TensorId> {
        let items = match &given.value {
            Value::Tensor(tensor) => return Some(*tensor),
            Value::Failed => return None,
            Value::Growing(items) => items.borrow().clone(),
            Value::Tuple(items) | Value::List(items) => items.to_vec(),
            Value::Dictionary(_) => {
                return self.functional_not_yet(given.span, &format!("a dictionary of `{argument}` is"));
            }
            other => return self.not_a_tensor(argument, other, given.span),
        };
        match items.as_slice() {
            [] => {
                let title = format!("`{argument}` is empty");
                self.fail(Diagnostic::new(Code::E115, given.span, title).help("a model needs a tensor there"))
            }
            [Located { value: Value::Tensor(tensor), .. }] => Some(*tensor),
            [only] => self.not_a_tensor(argument, &only.value, only.span),
            [_, second, ..] => self.functional_not_yet(second.span, &format!("a model with several {argument} is")),
        }
    }

    fn not_a_tensor<T>(&mut self, argument: &str, value: &Value, span: Span) -> Option<T> {
        if matches!(value, Value::Failed) {
            return None;
        }
        let title = format!("`{argument}` must be symbolic tensors, not {}", kind_of(value));
        let diagnostic = Diagnostic::new(Code::E115, span, title).at(format!("this is `{}`", repr(value)));
        self.fail(match value {
            Value::Layer(_) => diagnostic.help("call the layer: `layer(x)` is a tensor"),
            _ => diagnostic.help("a tensor is what `Input(…)` and called layers give"),
        })
    }

    /// The layers from the input to the output, the input's own first.
    fn path(&mut self, input: TensorId, output: TensorId, given: Span, asked: Span) -> Option<Vec<Entry>> {
        if !matches!(self.inference.node(input.node).node.kind, NodeKind::Input { .. }) {
            return self.functional_not_yet(given, "a model that begins behind another layer is");
        }
        let mut entries = Vec::new();
        let mut tensor = output;
        loop {
            let node = &self.inference.node(tensor.node).node;
            let place = Place { span: node.span, statement: node.span, receiver: None };
            match &node.kind {
                NodeKind::Layer { instance, inputs } => {
                    entries.push(Entry { instance: Rc::clone(instance), place, output: Some(tensor) });
                    tensor = inputs[0];
                }
                NodeKind::Input { .. } if tensor == input => {
                    if let Some(layer) = self.input_layers.get(&tensor.node) {
                        entries.push(Entry { instance: Rc::clone(layer), place, output: Some(tensor) });
                    }
                    entries.reverse();
                    return Some(entries);
                }
                NodeKind::Input { name, .. } => {
                    let title = format!("the output is computed from the input `{name}`, which the model is not given");
                    let diagnostic = Diagnostic::new(Code::E135, asked, title)
                        .at("not connected to `inputs`")
                        .label(node.span, "computed from this input")
                        .label(given, "the model's input");
                    return self.fail(diagnostic.help("give the model the input that its output is computed from"));
                }
            }
        }
    }

    /// Names are unique within a model; the same object may come again.
    fn check_names(&mut self, entries: &[Entry], model: Span) -> bool {
        let mut names: HashMap<&str, &LayerInstance> = HashMap::new();
        for entry in entries {
            let instance = &*entry.instance;
            let first = *names.entry(instance.name.as_str()).or_insert(instance);
            if first.id != instance.id {
                let title = format!("two layers are called `{}`", instance.name);
                let diagnostic = Diagnostic::new(Code::E120, instance.span, title).at("the second one");
                let diagnostic = match first.span == instance.span {
                    true => diagnostic.help("give each turn of the loop its own name, e.g. `name=\"layer_\" + str(i)`"),
                    false => diagnostic.label(first.span, "the first one").help("give one of them another `name=`"),
                };
                self.report(diagnostic.label(model, "in this model"));
                return false;
            }
        }
        true
    }

    /// A method of a Sequential that a functional model lacks.
    pub(super) fn not_of_functional(&mut self, id: ModelId, method: &Name) -> Option<Value> {
        if method.text == "build" {
            return Some(Value::None);
        }
        self.models[id.0].is_failed = true;
        self.no_attribute("a functional model", method, ATTRIBUTES)
    }

    /// Part of Keras's functional models that is not done yet: `what` begins the sentence, verb included.
    pub(super) fn functional_not_yet<T>(&mut self, span: Span, what: &str) -> Option<T> {
        let title = format!("{what} not supported yet");
        self.fail(
            Diagnostic::new(Code::E105, span, title)
                .at("not supported yet")
                .help("so far a functional model is one path of layers from one input to one output"),
        )
    }

    /// `a + b`, `x[:, -1]`, `relu(x)` of symbolic tensors.
    pub(super) fn tensor_operation<T>(&mut self, span: Span) -> Option<T> {
        self.functional_not_yet(span, "arithmetic with symbolic tensors is")
    }
}
