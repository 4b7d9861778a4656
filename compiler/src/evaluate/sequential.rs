//! `Sequential` and its methods.

use std::collections::HashMap;
use std::rc::Rc;

use rnn_grammar::ast::Name;
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Bound;
use crate::arguments::bind::{CallSite, Signature};
use crate::declaration::{Argument, Kind};
use crate::evaluate::text::{kind_of, repr};
use crate::evaluate::{Entry, Evaluator, ModelState, Place, shapes};
use crate::graph::{ModelId, NodeKind, TensorId};
use crate::layer::{LayerInstance, Takes};
use crate::model::node_counts;
use crate::names::{Public, closest};
use crate::value::{Located, Value};

/// Methods of a model that the language has.
pub(super) const METHODS: &[&str] = &["add", "build", "compile", "count_params", "get_layer", "pop", "summary"];

const ATTRIBUTES: &[&str] = &[
    "add",
    "build",
    "built",
    "compile",
    "count_params",
    "get_layer",
    "input_shape",
    "inputs",
    "layers",
    "name",
    "output_shape",
    "outputs",
    "pop",
    "summary",
    "trainable",
];

const SEQUENTIAL: &[Argument] = &[
    Argument::optional("layers", Kind::Any, "None", "The layers, in order."),
    Argument::optional("trainable", Kind::Boolean, "True", "Whether training changes the weights."),
    Argument::optional("name", Kind::Any, "None", "The model's name."),
];

const ADD: &[Argument] = &[
    Argument::required("layer", Kind::Any, "The layer."),
    Argument::optional("rebuild", Kind::NotYet, "True", "Keras's own affair."),
];

const BUILD: &[Argument] = &[Argument::required("input_shape", Kind::Any, "The shape, batch first.")];

const POP: &[Argument] = &[Argument::optional("rebuild", Kind::NotYet, "True", "Keras's own affair.")];

const GET_LAYER: &[Argument] = &[
    Argument::optional("name", Kind::Any, "None", "The layer's name."),
    Argument::optional("index", Kind::Integer, "None", "The layer's place."),
];

const SUMMARY: &[Argument] = &[
    Argument::optional("line_length", Kind::Ignored, "None", "Width of the table."),
    Argument::optional("positions", Kind::Ignored, "None", "Where columns end."),
    Argument::optional("print_fn", Kind::Ignored, "None", "Who prints."),
    Argument::optional("expand_nested", Kind::Ignored, "False", "Whether nested models are shown."),
    Argument::optional("show_trainable", Kind::Ignored, "False", "Whether a column tells what is trainable."),
    Argument::optional("layer_range", Kind::Ignored, "None", "Which layers to show."),
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

    /// A method of a model.
    pub(super) fn model_method(
        &mut self,
        id: ModelId,
        receiver: Span,
        method: &Name,
        call: &CallSite,
    ) -> Option<Value> {
        let signature = |own| Signature { own, keywords: &[] };
        match method.text.as_str() {
            "add" | "build" | "pop" if self.models[id.0].ends.is_some() => self.not_of_functional(id, method),
            "add" => {
                let Some(bound) = self.bound(call, signature(ADD)) else {
                    self.models[id.0].is_failed = true;
                    return None;
                };
                let span = bound[0].span.unwrap_or(call.span);
                let place = Place { span, statement: self.statement, receiver: Some(receiver) };
                self.add(id, &Located { value: bound[0].value.clone(), span }, place);
                Some(Value::None)
            }
            "build" => {
                let Some(bound) = self.bound(call, signature(BUILD)) else {
                    self.models[id.0].is_failed = true;
                    return None;
                };
                let given = Located { value: bound[0].value.clone(), span: bound[0].span.unwrap_or(call.span) };
                self.build_model(id, &given, call);
                Some(Value::None)
            }
            "pop" => {
                self.bound(call, signature(POP))?;
                self.pop(id, call.span)
            }
            "summary" => {
                self.bound(call, signature(SUMMARY))?;
                self.summaries.push(id);
                Some(Value::None)
            }
            "count_params" => {
                self.no_arguments(call)?;
                self.count_params(id, receiver, method)
            }
            "get_layer" => {
                let bound = self.bound(call, signature(GET_LAYER))?;
                let layer = self.get_layer(id, &bound, call)?;
                Some(self.layer_value(&layer))
            }
            _ => {
                self.models[id.0].is_failed = true;
                self.unknown_of_model(method)
            }
        }
    }

    /// An attribute or method of a model that the language lacks.
    pub(super) fn unknown_of_model<T>(&mut self, attribute: &Name) -> Option<T> {
        if !is_training(&attribute.text) {
            return self.no_attribute("a model", attribute, ATTRIBUTES);
        }
        let title = format!("`{}` is not part of the language", attribute.text);
        let advice = match attribute.text.as_str() {
            "predict" | "predict_on_batch" | "call" => "run the compiled model, or `rnnc run` on the file",
            "load_weights"
            | "save_weights"
            | "set_weights"
            | "get_weights"
            | "weights"
            | "variables"
            | "trainable_weights"
            | "non_trainable_weights"
            | "trainable_variables"
            | "non_trainable_variables" => "weights come from a file that is named where the model is compiled",
            _ => "a `.rnn` file holds the model alone; training and saving stay in the Python script",
        };
        self.fail(Diagnostic::new(Code::E103, attribute.span, title).at("belongs to a Python program").help(advice))
    }

    /// `model.compile(…)`
    pub(super) fn ignore_compile(&mut self, _id: ModelId, span: Span) {
        let note = Diagnostic::new(Code::N102, span, "`compile` belongs to training and is ignored");
        self.report(note.at("no effect here"));
    }

    /// Appends a layer, or gives the model its input.
    pub(super) fn add(&mut self, id: ModelId, item: &Located, place: Place) {
        match &item.value {
            Value::Layer(layer) if layer.layer.model_input().is_some() => {
                if let Some(tensor) = self.input_tensor(layer, layer.span) {
                    self.set_input(id, tensor, item.span);
                }
            }
            Value::Layer(layer) => match self.check_no_cell(layer, item.span) {
                Some(()) => self.push(id, layer, place),
                None => self.models[id.0].is_failed = true,
            },
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
            self.build_for(inner, tensor, span);
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
        let Some(mut tensor) = model.input else { return };
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
                    return;
                }
            }
        }
        if self.listing != Some(id) {
            self.count_build(id);
        }
    }

    fn apply_in_sequential(&mut self, instance: &Rc<LayerInstance>, tensor: TensorId, span: Span) -> Option<TensorId> {
        if instance.layer.takes().several() {
            let title =
                format!("`{}` joins several tensors, but a Sequential has one", instance.layer.declaration().class);
            let diagnostic = Diagnostic::new(Code::E136, span, title).at("gets one tensor");
            return self.fail(diagnostic.help(match instance.layer.takes() {
                Takes::Named(names) => {
                    format!(
                        "call it in a functional model: `{}(…)({})`",
                        instance.layer.declaration().class,
                        names.join(", ")
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
        let wrapper = self.wrapped.get(&instance.id);
        if wrapper.is_some_and(|&wrapper| self.inference.first_node(wrapper).is_some()) {
            let title = format!("the layer `{}` is used inside a wrapper too", instance.name);
            return self.fail(
                Diagnostic::new(Code::E104, span, title).at("sharing weights with a wrapper is not supported yet"),
            );
        }
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

    /// `model.build(shape)`
    fn build_model(&mut self, id: ModelId, given: &Located, call: &CallSite) {
        let shape = match shapes::read("input_shape", given) {
            Ok(shape) => shape,
            Err(mut mistake) => {
                self.models[id.0].is_failed = true;
                mistake.helps.clear();
                return self.report(mistake.note("the batch comes first: `(None, timesteps, features)`"));
            }
        };
        let model = &self.models[id.0];
        if let Some(input) = model.input {
            let known = self.inference.shape(input);
            if *known != shape {
                let title = format!("the model has input `{known}` and is built for `{shape}`");
                let mistake = Diagnostic::new(Code::E119, given.span, title)
                    .at("another shape")
                    .label(model.input_span, format!("gives `{known}`"));
                self.report(mistake);
            }
            return;
        }
        if model.is_failed {
            return;
        }
        if model.entries.is_empty() {
            let title = format!("the model `{}` has no layers to build", model.name);
            self.models[id.0].is_failed = true;
            return self.report(Diagnostic::new(Code::E125, call.span, title).help("add the layers first"));
        }
        let name = self.automatic_name("input_layer");
        let Some(tensor) = self.unwritten_input(name, shape, given.span) else { return };
        self.name_tensors(&[tensor]);
        let model = &mut self.models[id.0];
        model.input = Some(tensor);
        model.input_span = given.span;
        self.connect(id);
    }

    fn pop(&mut self, id: ModelId, span: Span) -> Option<Value> {
        let model = &mut self.models[id.0];
        if model.is_failed {
            return None;
        }
        match model.entries.pop() {
            Some(entry) => {
                if model.entries.iter().all(|other| other.instance.id != entry.instance.id) {
                    model.names.remove(&entry.instance.name);
                }
                Some(Value::Layer(entry.instance))
            }
            None => {
                let title = format!("the model `{}` has no layer to remove", model.name);
                self.fail(Diagnostic::new(Code::E110, span, title).at("no layers at this place"))
            }
        }
    }

    fn count_params(&mut self, id: ModelId, receiver: Span, method: &Name) -> Option<Value> {
        self.built_ends(id, receiver, method)?;
        let mut seen = std::collections::HashSet::new();
        let mut total: i128 = 0;
        for entry in &self.models[id.0].entries {
            if let Some(output) = entry.output.filter(|_| seen.insert(entry.instance.id)) {
                total += i128::from(node_counts(self.inference.node(output.node))?.total);
            }
        }
        Some(Value::Integer(total))
    }

    fn get_layer(&mut self, id: ModelId, bound: &[Bound], call: &CallSite) -> Option<Rc<LayerInstance>> {
        let model = &self.models[id.0];
        if model.is_failed {
            return None;
        }
        let span = |argument: &Bound| argument.span.unwrap_or(call.span);
        let instances = model.entries.iter().map(|entry| &entry.instance);
        let layers: Vec<_> = instances.filter(|instance| !instance.layer.is_operation()).collect();
        match (&bound[0].value, &bound[1].value) {
            (Value::None, Value::Integer(index)) => {
                let length = layers.len() as i128;
                let place = if *index < 0 { index.saturating_add(length) } else { *index };
                match usize::try_from(place).ok().and_then(|place| layers.get(place)) {
                    Some(layer) => Some(Rc::clone(layer)),
                    None => self.out_of_range(*index, length, span(&bound[1])),
                }
            }
            (Value::String(name), Value::None) => {
                if let Some(layer) = layers.iter().find(|layer| *layer.name == **name) {
                    return Some(Rc::clone(layer));
                }
                let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
                let title = format!("the model `{}` has no layer `{name}`", model.name);
                let diagnostic = Diagnostic::new(Code::E110, span(&bound[0]), title);
                let diagnostic = match closest(name, names.iter().copied()) {
                    Some(near) => {
                        diagnostic.fix(format!("did you mean `{near}`?"), span(&bound[0]), format!("\"{near}\""))
                    }
                    None => diagnostic.help(format!("its layers are {}", shown(&names))),
                };
                self.fail(diagnostic)
            }
            (Value::None, _) => {
                self.fail(Diagnostic::new(Code::E111, call.callee_span, "`get_layer` needs a name or an index"))
            }
            (Value::String(_), _) => self.fail(Diagnostic::new(
                Code::E119,
                span(&bound[1]),
                "`get_layer` takes a name or an index, not both",
            )),
            (other, _) => {
                let title = format!("a layer's name is a text, not {}", kind_of(other));
                self.fail(Diagnostic::new(Code::E115, span(&bound[0]), title).help("by place: `get_layer(index=…)`"))
            }
        }
    }
}

fn shown(names: &[&str]) -> String {
    let listed: Vec<String> = names.iter().take(20).map(|name| format!("`{name}`")).collect();
    if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }
}

/// Whether a model's method or attribute belongs to training, saving or running.
pub(super) fn is_training(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "call",
        "evaluate",
        "export",
        "fit",
        "from_config",
        "get_config",
        "get_weights",
        "history",
        "load_weights",
        "loss",
        "metrics",
        "non_trainable_variables",
        "non_trainable_weights",
        "optimizer",
        "predict",
        "predict_on_batch",
        "quantize",
        "reset_states",
        "reset_state",
        "save",
        "save_weights",
        "set_weights",
        "stop_training",
        "test_on_batch",
        "test_step",
        "to_json",
        "train_on_batch",
        "train_step",
        "trainable_variables",
        "trainable_weights",
        "variables",
        "weights",
    ];
    NAMES.contains(&name)
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
