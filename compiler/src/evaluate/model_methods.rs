//! Methods of a model.

use std::rc::Rc;

use rnn_grammar::ast::Name;
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Bound;
use crate::arguments::bind::{CallSite, Signature};
use crate::declaration::{Argument, Kind};
use crate::evaluate::text::kind_of;
use crate::evaluate::{Evaluator, Place, shapes};
use crate::graph::ModelId;
use crate::layer::LayerInstance;
use crate::model::{Counts, add_unseen};
use crate::names::closest;
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
        let (mut seen, mut counts) = (std::collections::HashSet::new(), Counts::default());
        for output in self.models[id.0].entries.iter().filter_map(|entry| entry.output) {
            add_unseen(self.inference.node(output.node), &mut seen, true, &mut counts)?;
        }
        Some(Value::Integer(i128::from(counts.total)))
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
