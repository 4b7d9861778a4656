//! Models as layers of other models.

use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::{CallSite, Given};
use crate::arguments::frozen;
use crate::declaration::Declaration;
use crate::evaluate::Evaluator;
use crate::evaluate::text::repr;
use crate::graph::{ModelId, NodeId, TensorId};
use crate::layer::LayerInstance;
use crate::layers::nested::Nested;
use crate::layers::time_distributed::TIME_DISTRIBUTED;
use crate::value::{Located, Value};

impl Evaluator<'_> {
    /// `model(tensor)`, `model([x, y])`, `model({"x": x, "y": y})`: the answer has the structure of the model's outputs.
    pub(super) fn call_model(&mut self, id: ModelId, call: &CallSite) -> Option<Value> {
        let mut call = call.clone();
        if let Some(given) = call.given.iter_mut().find(|given| given.name.is_none()) {
            given.value.value = self.inputs_of_call(id, &given.value)?;
        }
        let given = call.given.first().map(|given| given.value.value.clone());
        if let Some(Value::Tensor(tensor)) = given {
            self.build_for(id, tensor, call.span);
        }
        let layer = self.nested_layer(id, call.callee_span)?;
        let answer = self.call_layer(&layer, &call)?;
        let Some(ends) = &self.models[id.0].ends else { return Some(answer) };
        let mut tensors = match &answer {
            Value::Tuple(items) => items.iter().map(|item| item.value.clone()).collect::<Vec<_>>(),
            only => vec![only.clone()],
        }
        .into_iter();
        Some(filled(&ends.outputs.clone(), &mut tensors))
    }

    /// The tensors that a functional model is called with, one after the other: a tensor, or a list of several.
    fn inputs_of_call(&mut self, id: ModelId, given: &Located) -> Option<Value> {
        let Some(wanted) = self.models[id.0].ends.as_ref().map(|ends| frozen(&ends.inputs)) else {
            return Some(given.value.clone());
        };
        let value = frozen(&given.value);
        match (&wanted, &value) {
            (_, Value::Tensor(_)) => return Some(value),
            (Value::Dictionary(wanted), Value::Dictionary(found)) => {
                let names = |entries: &[(Located, Located)]| -> Vec<String> {
                    let mut names: Vec<_> = entries.iter().map(|(key, _)| repr(&key.value)).collect();
                    names.sort();
                    names
                };
                let (wanted, found) = (names(wanted), names(found));
                if wanted != found {
                    let name = &self.models[id.0].name;
                    let title =
                        format!("the inputs of the model `{name}` are {}, not {}", wanted.join(", "), found.join(", "));
                    let mistake = Diagnostic::new(Code::E115, given.span, title).at("other keys");
                    return self.fail(mistake.help("give it a dictionary with its own keys"));
                }
            }
            (_, Value::Dictionary(_)) => {
                let title = format!("the inputs of the model `{}` have no keys", self.models[id.0].name);
                let mistake = Diagnostic::new(Code::E115, given.span, title).at("a dictionary");
                return self.fail(mistake.help("call it with a list in the order of its inputs"));
            }
            _ => {}
        }
        let mut tensors = Vec::new();
        flat(&value, given.span, &mut tensors);
        match tensors.as_slice() {
            [only] => Some(only.value.clone()),
            _ => Some(Value::List(tensors.into())),
        }
    }

    /// The call with layers in the place of models, where a wrapper takes models.
    pub(super) fn models_as_layers(&mut self, declaration: &Declaration, call: &CallSite) -> Option<CallSite> {
        let is_model = |given: &Given| matches!(given.value.value, Value::Model(_));
        if declaration.class != TIME_DISTRIBUTED.class || !call.given.iter().any(is_model) {
            return None;
        }
        let mut call = call.clone();
        for given in &mut call.given {
            if let Value::Model(id) = given.value.value {
                given.value.value = self.nested_layer(id, given.span).map_or(Value::Failed, Value::Layer);
            }
        }
        Some(call)
    }

    /// Gives a `Sequential` without an input the shape that it is called with, as Keras does.
    pub(super) fn build_for(&mut self, id: ModelId, tensor: TensorId, span: Span) {
        let model = &self.models[id.0];
        if model.ends.is_some() || model.input.is_some() || model.entries.is_empty() || model.is_failed {
            return;
        }
        let name = self.automatic_name("input_layer");
        let shape = self.inference.shape(tensor).clone();
        let Some(input) = self.unwritten_input(name, shape, span) else { return };
        self.name_tensors(&[input]);
        let model = &mut self.models[id.0];
        model.input = Some(input);
        model.input_span = span;
        self.connect(id);
    }

    /// A `Sequential` without an input whose first layer is a model has that one's, from its second layer on, as in Keras.
    pub(super) fn begin_as_nested(&mut self, id: ModelId, span: Span) {
        let model = &self.models[id.0];
        let (None, [first, _]) = (model.input, model.entries.as_slice()) else { return };
        let Some(shape) = first.instance.layer.nested().map(|nested| nested.input_shape().clone()) else { return };
        let name = self.automatic_name("input_layer");
        let Some(input) = self.unwritten_input(name, shape, span) else { return };
        self.name_tensors(&[input]);
        let model = &mut self.models[id.0];
        model.input = Some(input);
        model.input_span = span;
    }

    /// The layer object that a model is inside others.
    pub(super) fn nested_layer(&mut self, id: ModelId, span: Span) -> Option<Rc<LayerInstance>> {
        if let Some(layer) = self.nested.get(&id) {
            return Some(Rc::clone(layer));
        }
        if self.models[id.0].is_failed {
            return None;
        }
        let Some((inputs, outputs)) = self.tensors(id) else {
            let title = format!("the model `{}` has no input shape yet", self.models[id.0].name);
            return self.fail(
                Diagnostic::new(Code::E134, span, title)
                    .at("not built at this place")
                    .help("begin the inner model with `Input(shape=…)`, or give the outer one its input first"),
            );
        };
        let nodes: Vec<NodeId> = inputs.iter().map(|input| input.tensor.node).collect();
        let tensors: Vec<TensorId> = outputs.iter().map(|output| output.tensor).collect();
        let graph = self.inference.extract(&nodes, &tensors);
        let layer_id = self.next_layer(span)?;
        let model = &self.models[id.0];
        let nested = Nested { name: model.name.clone(), is_sequential: model.ends.is_none(), graph };
        let layer = Rc::new(LayerInstance {
            id: layer_id,
            name: model.name.clone(),
            is_named: true,
            trainable: model.trainable,
            span: model.span,
            class_span: model.span,
            legacy_input: None,
            insert: model.span.after(),
            has_arguments: false,
            arguments: Vec::new(),
            layer: Box::new(nested),
        });
        self.nested.insert(id, Rc::clone(&layer));
        Some(layer)
    }
}

/// What a structure holds, one after the other; Keras walks a dictionary in the order of its keys.
fn flat(value: &Value, span: Span, items: &mut Vec<Located>) {
    match value {
        Value::List(inner) | Value::Tuple(inner) => inner.iter().for_each(|item| flat(&item.value, item.span, items)),
        Value::Dictionary(entries) => {
            sorted(entries).into_iter().for_each(|(_, (_, item))| flat(&item.value, item.span, items));
        }
        other => items.push(Located { value: other.clone(), span }),
    }
}

/// The structure with other tensors in it.
fn filled(structure: &Value, tensors: &mut impl Iterator<Item = Value>) -> Value {
    let mut one = |item: &Located| Located { value: filled(&item.value, tensors), span: item.span };
    match structure {
        Value::Growing(items) => Value::List(items.borrow().iter().map(one).collect()),
        Value::List(items) => Value::List(items.iter().map(one).collect()),
        Value::Tuple(items) => Value::Tuple(items.iter().map(one).collect()),
        Value::Dictionary(entries) => {
            let mut filled: Vec<_> = entries.to_vec();
            for (place, (_, item)) in sorted(entries) {
                filled[place].1 = one(item);
            }
            Value::Dictionary(filled.into())
        }
        _ => tensors.next().unwrap_or(Value::Failed),
    }
}

/// Entries in the order of their keys, each with its place.
fn sorted(entries: &[(Located, Located)]) -> Vec<(usize, &(Located, Located))> {
    let mut entries: Vec<_> = entries.iter().enumerate().collect();
    entries.sort_by_key(|(_, (key, _))| match &key.value {
        Value::String(text) => text.to_string(),
        other => repr(other),
    });
    entries
}
