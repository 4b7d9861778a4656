//! Functional models: layers that are called with symbolic tensors, and `Model(inputs, outputs)`.

use std::collections::HashMap;
use std::rc::Rc;

use rnn_grammar::ast::Name;
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::{CallSite, Given, Signature};
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate::named_calls::Slots;
use crate::evaluate::text::{kind_of, repr};
use crate::evaluate::{Entry, Evaluator, ModelState, Place};
use crate::graph::{ModelId, NodeId, NodeKind, TensorId};
use crate::layer::{CallOptions, LayerInstance, Takes};
use crate::value::{Located, Value};

/// What `Model(…)` was given.
#[derive(Debug)]
pub(super) struct Ends {
    /// In its structure: a tensor, or a list, tuple or dictionary of such.
    pub(super) inputs: Value,
    pub(super) outputs: Value,
    /// One after the other.
    flat: (Vec<End>, Vec<End>),
}

/// One input or output of a model.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) tensor: TensorId,
    /// Its key, where it stands in a dictionary.
    key: Option<String>,
    /// Where it was given.
    span: Span,
}

/// What a call's node reads beside the layer's tensors.
#[derive(Debug, Default)]
struct Read<'a> {
    /// The masks that the call gives, one for each tensor, or for each of the layer's names of masks.
    masks: &'a [Option<TensorId>],
    /// The masks that the summary shows among what the node reads.
    handed: &'a [TensorId],
    /// The order in which Keras lists all that.
    listing: Vec<usize>,
}

impl End {
    /// Where it was given.
    pub(super) fn span(&self) -> Span {
        self.span
    }
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
    /// `layer(tensor)`: what the layer answers, one tensor or a list of them.
    pub(super) fn call_layer(&mut self, layer: &Rc<LayerInstance>, call: &CallSite) -> Option<Value> {
        if layer.layer.model_input().is_some() {
            let title = format!("the input `{}` can't be called", layer.name);
            return self.fail(
                Diagnostic::new(Code::E107, call.callee_span, title)
                    .at("an input reads nothing")
                    .help("write `Input(…)`, which gives a tensor"),
            );
        }
        if layer.layer.step().is_some() {
            return self.call_cell(layer, call);
        }
        let mut tensors = None;
        let mut states = None;
        let mut options = CallOptions::default();
        let takes = layer.layer.takes();
        let has_states = takes == Takes::Sequence;
        let mut slots = Slots::of(layer.layer.as_ref());
        let (mut masks, mut has_mask) = (Vec::new(), false);
        for given in &call.given {
            let keyword = given.name.as_ref().map(|name| name.text.as_str());
            if let Some(slots) = &mut slots
                && let Some(place) = slots.place(keyword)
            {
                self.fill_slot(layer, given, slots, place)?;
                continue;
            }
            match keyword {
                None | Some("inputs" | "sequence" | "sequences") if slots.is_none() && tensors.is_none() => {
                    tensors = Some(self.called_with(layer, given)?);
                }
                None | Some("initial_state") if has_states && states.is_none() => {
                    states = Some(self.initial_states(layer, given)?);
                }
                // Behind the states, `None` perhaps, stands the mask.
                None if has_states && layer.layer.takes_mask() && !has_mask => {
                    masks = self.given_masks(layer, given)?;
                    has_mask = true;
                }
                Some("training") => self.check_training(given)?,
                Some("mask") if layer.layer.takes_mask() => masks = self.given_masks(layer, given)?,
                Some(option @ ("use_causal_mask" | "return_attention_scores"))
                    if layer.layer.called_with(options).is_some() =>
                {
                    let Value::Boolean(value) = given.value.value else {
                        return self.not_a_truth_value(option, given);
                    };
                    match option {
                        "use_causal_mask" => options.use_causal_mask = value,
                        _ => options.return_attention_scores = value,
                    }
                }
                Some(unknown) => {
                    let title = format!("a call of the layer `{}` takes no `{unknown}`", layer.name);
                    return self.fail(Diagnostic::new(Code::E112, given.span, title).at("not known here"));
                }
                None => {
                    let title = format!("the layer `{}` is called with several values", layer.name);
                    return self.fail(match layer.layer.takes() {
                        Takes::One | Takes::Sequence | Takes::Step => Diagnostic::new(Code::E114, given.span, title)
                            .at("one too many")
                            .help("the layer's own arguments belong to where it is made"),
                        Takes::Named(names) => Diagnostic::new(Code::E114, given.span, title)
                            .at("one too many")
                            .help(format!("in this order: {}; what comes behind has keywords", names.join(", "))),
                        Takes::List => Diagnostic::new(Code::E114, given.span, title)
                            .at("belongs into the list")
                            .help("call it with one list: `layer([x, y])`"),
                    });
                }
            }
        }
        if let Some(slots) = &slots {
            tensors = Some(self.named_tensors(layer, slots, call)?);
            masks = slots.masks();
        }
        let Some(mut tensors) = tensors else {
            let title = format!("the layer `{}` is called without a tensor", layer.name);
            return self.fail(Diagnostic::new(Code::E107, call.callee_span, title));
        };
        if slots.is_none() {
            masks.truncate(tensors.len());
        }
        tensors.extend(states.unwrap_or_default());
        if let Some(legacy) = self.legacy.get(&layer.id).cloned() {
            self.warn_legacy(&legacy, "the layer reads the tensor that it is called with", "leave it out");
        }
        let is_bare = matches!(call.given.as_slice(), [Given { name: None, .. }]);
        let handed = if masks.is_empty() { self.handed_masks(layer, &tensors, is_bare) } else { Vec::new() };
        let listing = slots.map(|slots| slots.listing()).unwrap_or_default();
        let shown = Read { masks: &masks, handed: &handed, listing };
        match layer.layer.called_with(options) {
            Some(called) if options != CallOptions::default() => {
                self.called(&Rc::new(layer.with_layer(called)), &tensors, shown, call.span)
            }
            _ => self.called(layer, &tensors, shown, call.span),
        }
    }

    /// What a layer answers, with its mask followed.
    fn called(
        &mut self,
        layer: &Rc<LayerInstance>,
        tensors: &[TensorId],
        Read { masks, handed, listing }: Read<'_>,
        span: Span,
    ) -> Option<Value> {
        let outputs = self.apply_masked(layer, tensors, masks, span)?;
        let first = outputs.first().copied()?;
        self.inference.show(first.node, handed);
        self.inference.list(first.node, listing);
        self.count_steps(layer);
        self.name_tensors(&outputs);
        for &output in outputs.iter().take(layer.layer.masked_outputs()) {
            self.follow_mask(layer, (tensors, masks), output, span);
        }
        Some(match outputs.as_slice() {
            [only] => Value::Tensor(*only),
            several => Value::Tuple(self.grouped(layer, several, span).into()),
        })
    }

    fn not_a_truth_value<T>(&mut self, option: &str, given: &Given) -> Option<T> {
        if matches!(given.value.value, Value::Failed) {
            return None;
        }
        let title = format!("`{option}` of a call must be `True` or `False`");
        let at = format!("this is `{}`", repr(&given.value.value));
        self.fail(Diagnostic::new(Code::E115, given.span, title).at(at))
    }

    /// What a layer answers to these tensors: one, or a tuple of several.
    pub(super) fn applied(&mut self, layer: &Rc<LayerInstance>, tensors: &[TensorId], span: Span) -> Option<Value> {
        self.called(layer, tensors, Read::default(), span)
    }

    /// `concatenate([x, y], axis=-1)`: a layer made and called at once.
    pub(super) fn call_layer_function(&mut self, declaration: &'static Declaration, call: &CallSite) -> Option<Value> {
        let is_inputs = |given: &Given| given.name.as_ref().is_none_or(|name| name.text == "inputs");
        let Some(place) = call.given.iter().position(is_inputs) else {
            let title = format!("`{}` is called without tensors", call.callee);
            return self.fail(Diagnostic::new(Code::E107, call.callee_span, title).help("give it a list of tensors"));
        };
        let mut making = call.clone();
        let inputs = making.given.remove(place);
        let layer = self.layer(declaration, &making)?;
        let tensors = self.called_with(&layer, &inputs)?;
        self.applied(&layer, &tensors, call.span)
    }

    /// The states that a recurrent layer begins with.
    fn initial_states(&mut self, layer: &LayerInstance, given: &Given) -> Option<Vec<TensorId>> {
        let items = match &given.value.value {
            Value::None => return Some(Vec::new()),
            Value::Growing(items) => items.borrow().clone(),
            Value::List(items) | Value::Tuple(items) => items.to_vec(),
            _ => vec![given.value.clone()],
        };
        let mut states = Vec::with_capacity(items.len());
        if let Some(groups) = layer.layer.state_groups() {
            self.grouped_states(layer, &groups, &items, given.value.span, &mut states)?;
            return Some(states);
        }
        for item in &items {
            match &item.value {
                Value::Tensor(tensor) => states.push(*tensor),
                Value::Failed => return None,
                other => {
                    let title = format!("the layer `{}` begins with tensors, not with {}", layer.name, kind_of(other));
                    return self
                        .fail(Diagnostic::new(Code::E115, item.span, title).at(format!("this is `{}`", repr(other))));
                }
            }
        }
        Some(states)
    }

    fn called_with(&mut self, layer: &LayerInstance, given: &Given) -> Option<Vec<TensorId>> {
        let items = match &given.value.value {
            Value::Tensor(tensor) if layer.layer.takes() != Takes::List => return Some(vec![*tensor]),
            Value::Tensor(_) => {
                let class = layer.layer.declaration().class;
                let title = format!("`{class}` is called with a list of tensors, not with a single one");
                return self.fail(
                    Diagnostic::new(Code::E136, given.span, title)
                        .at("one tensor")
                        .help("write the tensors that it joins as a list: `[x, y]`"),
                );
            }
            Value::Failed => return None,
            Value::Growing(items) => items.borrow().clone(),
            Value::List(items) | Value::Tuple(items) => items.to_vec(),
            other => {
                let title = format!("the layer `{}` is called with {}", layer.name, kind_of(other));
                return self
                    .fail(Diagnostic::new(Code::E115, given.span, title).at(format!("this is `{}`", repr(other))));
            }
        };
        if layer.layer.takes() != Takes::List {
            let title = format!("the layer `{}` takes one tensor, not {}", layer.name, kind_of(&given.value.value));
            return self.fail(Diagnostic::new(Code::E115, given.span, title).help("call it with the tensor itself"));
        }
        let mut tensors = Vec::with_capacity(items.len());
        for item in &items {
            match &item.value {
                Value::Tensor(tensor) => tensors.push(*tensor),
                Value::Failed => return None,
                other => {
                    let title = format!("the layer `{}` joins tensors, not {}", layer.name, kind_of(other));
                    return self
                        .fail(Diagnostic::new(Code::E115, item.span, title).at(format!("this is `{}`", repr(other))));
                }
            }
        }
        Some(tensors)
    }

    /// Models run as in inference; what asks for training alone is refused.
    pub(super) fn check_training(&mut self, given: &Given) -> Option<()> {
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
        self.number_types.policy();
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
        let mut ends = Ends { inputs: Value::Failed, outputs: Value::Failed, flat: Default::default() };
        if let Some(bound) = bound {
            model.trainable = !matches!(bound[3].value, Value::Boolean(false));
            let located = |place: usize| Located {
                value: bound[place].value.clone(),
                span: bound[place].span.unwrap_or(call.span),
            };
            let (mut inputs, mut outputs) = (located(0), located(1));
            let flat = (self.ends_of("inputs", &inputs), self.ends_of("outputs", &outputs));
            let flat = match flat {
                (Some(mut first), Some(mut last)) => self
                    .begin_with_inputs((&mut first, &mut inputs.value), (&mut last, &mut outputs.value), call.span)
                    .map(|()| (first, last)),
                _ => None,
            };
            if let Some((inputs, outputs)) = flat {
                model.input = inputs.first().map(|input| input.tensor);
                let entries = self.between(&inputs, &outputs, call.span);
                let are_named = entries.as_ref().is_some_and(|entries| self.check_names(entries, call.span));
                model.is_failed = !are_named || name.is_none();
                model.entries = entries.unwrap_or_default();
                ends.flat = (inputs, outputs);
            }
            (ends.inputs, ends.outputs) = (inputs.value, outputs.value);
        }
        model.ends = Some(ends);
        let id = ModelId(self.models.len());
        self.models.push(model);
        Some(id)
    }

    /// Inputs and outputs of a model; `None` before it has any.
    pub(super) fn tensors(&self, id: ModelId) -> Option<(Vec<End>, Vec<End>)> {
        let model = &self.models[id.0];
        if let Some(ends) = &model.ends {
            return Some(ends.flat.clone());
        }
        let output = model.entries.last().and_then(|entry| entry.output)?;
        let end = |tensor| End { tensor, key: None, span: model.span };
        let n_outputs = self.inference.node(output.node).outputs.len();
        let outputs = (0..n_outputs).map(|index| end(TensorId { node: output.node, output: index }));
        Some((vec![end(model.input?)], outputs.collect()))
    }

    /// What programs call these inputs or outputs: their keys, or the names of the layers that give them. A name that
    /// comes again gets a number.
    pub(super) fn end_names(&self, ends: &[End]) -> Vec<String> {
        let name_of = |end: &End| end.key.clone().unwrap_or_else(|| self.inference.name_of(end.tensor.node).to_owned());
        let own: Vec<String> = ends.iter().map(name_of).collect();
        let mut names: Vec<String> = Vec::with_capacity(own.len());
        for name in &own {
            let numbered = (1..).map(|number| format!("{name}_{number}"));
            let mut free = numbered.filter(|candidate| !own.contains(candidate) && !names.contains(candidate));
            let is_taken = names.contains(name);
            names.push(if is_taken { free.next().unwrap_or_default() } else { name.clone() });
        }
        names
    }

    /// The tensors of `inputs` or `outputs`, one after the other.
    fn ends_of(&mut self, argument: &str, given: &Located) -> Option<Vec<End>> {
        let mut ends = Vec::new();
        self.flatten(argument, given, None, &mut ends)?;
        if ends.is_empty() {
            let title = format!("`{argument}` is empty");
            return self.fail(Diagnostic::new(Code::E115, given.span, title).help("a model needs a tensor there"));
        }
        Some(ends)
    }

    fn flatten(&mut self, argument: &str, given: &Located, key: Option<&str>, ends: &mut Vec<End>) -> Option<()> {
        let items = match &given.value {
            Value::Tensor(tensor) => {
                ends.push(End { tensor: *tensor, key: key.map(str::to_owned), span: given.span });
                return Some(());
            }
            Value::Growing(items) => items.borrow().clone(),
            Value::Tuple(items) | Value::List(items) => items.to_vec(),
            Value::Dictionary(entries) => {
                // Keras walks a dictionary in the order of its keys.
                let mut sorted = Vec::with_capacity(entries.len());
                for (key, value) in entries.iter() {
                    let Value::String(name) = &key.value else {
                        let title = format!("`{argument}` is a dictionary whose keys are texts");
                        let mistake = Diagnostic::new(Code::E115, key.span, title);
                        return self.fail(mistake.at(format!("this is `{}`", repr(&key.value))));
                    };
                    sorted.push((name, value));
                }
                sorted.sort_by_key(|(name, _)| *name);
                for (name, value) in sorted {
                    self.flatten(argument, value, Some(name), ends)?;
                }
                return Some(());
            }
            other => return self.not_a_tensor(argument, other, given.span),
        };
        items.iter().try_for_each(|item| self.flatten(argument, item, None, ends))
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

    /// The layers between inputs and outputs as Keras lists them, the inputs' own among them.
    fn between(&mut self, inputs: &[End], outputs: &[End], model: Span) -> Option<Vec<Entry>> {
        let nodes: Vec<_> = inputs.iter().map(|end| end.tensor.node).collect();
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for output in outputs {
            self.check_connected(inputs, output)?;
        }
        self.warn_unused(inputs, outputs, model);
        let tensors: Vec<_> = outputs.iter().map(|end| end.tensor).collect();
        for ordered in self.inference.ordered(&nodes, &tensors) {
            let node = &self.inference.node(ordered.node).node;
            let instance = match &node.kind {
                NodeKind::Layer { instance, .. } => Some(instance),
                NodeKind::Input { .. } => self.input_layers.get(&ordered.node),
            };
            let Some(instance) = instance.filter(|instance| seen.insert(instance.id)) else { continue };
            let place = Place { span: node.span, statement: node.span, receiver: None };
            let output = Some(TensorId { node: ordered.node, output: 0 });
            entries.push(Entry { instance: Rc::clone(instance), place, output });
        }
        Some(entries)
    }

    /// Every `Input` that the output is computed from must be among the model's.
    fn check_connected(&mut self, inputs: &[End], output: &End) -> Option<()> {
        let sources = self.inference.ordered(&[], &[output.tensor]);
        let missing = sources.iter().find(|ordered| {
            let is_given = inputs.iter().any(|input| input.tensor.node == ordered.node);
            matches!(self.inference.node(ordered.node).node.kind, NodeKind::Input { .. }) && !is_given
        });
        match missing.map(|ordered| ordered.node) {
            Some(missing) => self.not_connected(inputs, output, missing),
            None => Some(()),
        }
    }

    /// An output is computed from an input that the model is not given.
    pub(super) fn not_connected<T>(&mut self, inputs: &[End], output: &End, missing: NodeId) -> Option<T> {
        let (name, span) = (self.inference.name_of(missing), self.inference.node(missing).node.span);
        let title = format!("the output is computed from the input `{name}`, which the model is not given");
        let diagnostic = Diagnostic::new(Code::E135, output.span, title)
            .at("not connected to `inputs`")
            .label(span, "computed from this input")
            .label(
                inputs[0].span,
                if inputs.len() == 1 { "the model's input" } else { "the first of the model's inputs" },
            );
        self.fail(diagnostic.help("give the model the input that its output is computed from"))
    }

    /// Keras takes an input that no output needs; it is most likely a slip.
    fn warn_unused(&mut self, inputs: &[End], outputs: &[End], model: Span) {
        let tensors: Vec<_> = outputs.iter().map(|end| end.tensor).collect();
        let used = self.inference.ordered(&[], &tensors);
        for input in inputs {
            let node = input.tensor.node;
            if used.iter().any(|ordered| ordered.node == node) {
                continue;
            }
            let title = format!("no output of the model needs the input `{}`", self.inference.name_of(node));
            let diagnostic = Diagnostic::new(Code::W105, input.span, title).at("not used");
            let made = self.inference.node(node).node.span;
            self.report(diagnostic.label(made, "made here").label(model, "in this model").help("leave it out"));
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
}
