//! Models that begin behind a layer of another: Keras makes an input of the tensor, and calls the layers behind it again.
//!
//! The input is called after the tensor, whose name counts all symbolic tensors of the text; so each gets its number here.

use std::collections::HashMap;
use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::evaluate::Evaluator;
use crate::evaluate::functional::End;
use crate::graph::{InputType, ModelId, NodeId, NodeKind, TensorId};
use crate::infer::LabelUnlessSame as _;
use crate::layer::{Layer as _, LayerInstance, ShownMask};
use crate::layers::input::InputLayer;
use crate::layers::mask_shown::ShownOperation;
use crate::shape::Shape;
use crate::value::{Located, Value};

/// What each tensor is in the copy.
type Copies = HashMap<TensorId, TensorId>;

impl Evaluator<'_> {
    /// Gives tensors their names, as Keras counts them.
    pub(super) fn name_tensors(&mut self, tensors: &[TensorId]) {
        for &tensor in tensors {
            let name = self.automatic_name("keras_tensor");
            self.tensor_names.entry(tensor).or_insert(name);
        }
    }

    /// Keras asks a model inside `TimeDistributed` for one step's shape with two tensors of their own.
    pub(super) fn count_steps(&mut self, layer: &LayerInstance) {
        for inner in layer.layer.sublayers() {
            if inner.layer.nested().is_some() {
                (0..2).for_each(|_| drop(self.automatic_name("keras_tensor")));
            }
        }
    }

    /// The input of a Sequential that was told none, or that a copy begins with.
    pub(super) fn unwritten_input(&mut self, name: String, shape: Shape, span: Span) -> Option<TensorId> {
        self.typed_input(name, shape, self.number_types.input_type(), span)
    }

    fn typed_input(&mut self, name: String, shape: Shape, dtype: InputType, span: Span) -> Option<TensorId> {
        let layer = InputLayer::new(shape.clone(), dtype);
        let id = self.next_layer(span)?;
        let instance = LayerInstance {
            id,
            name: name.clone(),
            is_named: false,
            trainable: true,
            span,
            class_span: span,
            legacy_input: None,
            insert: span.after(),
            has_arguments: true,
            arguments: Vec::new(),
            layer: Box::new(layer),
        };
        let tensor = self.inference.input(name, shape, dtype, span);
        self.input_layers.insert(tensor.node, Rc::new(instance));
        Some(tensor)
    }

    /// A `Sequential` runs through all its layers whenever it is built: each gives new tensors, and a model inside is made.
    pub(super) fn count_build(&mut self, id: ModelId) {
        let outputs: Vec<TensorId> = self.models[id.0].entries.iter().filter_map(|entry| entry.output).collect();
        if outputs.is_empty() {
            return;
        }
        self.automatic_name("functional");
        for output in outputs {
            let n_outputs = self.inference.node(output.node).outputs.len();
            let tensors: Vec<_> = (0..n_outputs).map(|index| TensorId { node: output.node, output: index }).collect();
            self.name_tensors(&tensors);
        }
        self.count_masks(id);
    }

    /// What makes the masks is named anew with each build, too.
    fn count_masks(&mut self, id: ModelId) {
        let entries = self.models[id.0].entries.iter().filter(|entry| entry.output.is_some());
        let masks: Vec<ShownMask> = entries.map(|entry| entry.instance.layer.shown_mask()).collect();
        let mut is_masked = false;
        for mask in masks {
            let (operations, answers): (&[ShownOperation], bool) = match mask {
                ShownMask::OfIds => (&[ShownOperation::NotEqual], true),
                ShownMask::OfSteps => (&[ShownOperation::NotEqual, ShownOperation::Any], true),
                ShownMask::Converted if is_masked => (&[ShownOperation::Convert], true),
                ShownMask::First => (&[], is_masked),
                ShownMask::None | ShownMask::Converted | ShownMask::Either | ShownMask::Along(_) => (&[], false),
            };
            is_masked = answers;
            for operation in operations {
                self.automatic_name(operation.declaration().base_name);
                self.automatic_name("keras_tensor");
            }
        }
    }

    /// Whether a tensor is what an `Input` gives.
    fn is_input(&self, tensor: TensorId) -> bool {
        matches!(self.inference.node(tensor.node).node.kind, NodeKind::Input { .. })
    }

    /// Lets a model begin with inputs: where it begins behind layers, those between are called again, on new inputs.
    pub(super) fn begin_with_inputs(
        &mut self,
        inputs: (&mut Vec<End>, &mut Value),
        outputs: (&mut Vec<End>, &mut Value),
        span: Span,
    ) -> Option<()> {
        if inputs.0.iter().all(|input| self.is_input(input.tensor)) {
            return Some(());
        }
        let needed = self.needed(inputs.0, outputs.0)?;
        self.check_shared_begin(inputs.0, &needed)?;
        self.count_calls(inputs.0, outputs.0, &needed);
        let mut copies = Copies::new();
        for input in inputs.0.iter() {
            if copies.contains_key(&input.tensor) {
                continue;
            }
            let copy = if self.is_input(input.tensor) {
                input.tensor
            } else {
                let name = format!("{}CLONE", self.tensor_name(input.tensor));
                let shape = self.inference.shape(input.tensor).clone();
                let dtype = self.type_of(input.tensor);
                self.typed_input(name, shape, dtype, input.span())?
            };
            copies.insert(input.tensor, copy);
        }
        for node in needed {
            self.copy_node(node, &mut copies, span)?;
        }
        for (ends, structure) in [inputs, outputs] {
            ends.iter_mut().for_each(|end| end.tensor = copies.get(&end.tensor).copied().unwrap_or(end.tensor));
            *structure = replaced(structure, &copies);
        }
        Some(())
    }

    /// Keras takes all calls of the layer that makes a tensor which the model begins with for calls of the new input.
    fn check_shared_begin(&mut self, inputs: &[End], needed: &[NodeId]) -> Option<()> {
        let layer_of = |node: NodeId| match &self.inference.node(node).node.kind {
            NodeKind::Layer { instance, .. } => Some(instance),
            NodeKind::Input { .. } => None,
        };
        for input in inputs {
            let Some(begin) = layer_of(input.tensor.node) else { continue };
            let again = needed.iter().find(|&&node| layer_of(node).is_some_and(|layer| layer.id == begin.id));
            if let Some(&again) = again {
                let title = format!("the model begins behind a call of `{}`, and needs another call of it", begin.name);
                let mistake = Diagnostic::new(Code::E152, input.span(), title).at("begins here");
                let place = self.inference.node(again).node.span;
                let mistake = mistake.label_unless_same(place, "called here too");
                return self.fail(mistake.help("begin before that layer, or make another one for the second place"));
            }
        }
        Some(())
    }

    /// Keras calls the inputs that both models have once more; tables show the last call.
    fn count_calls(&mut self, inputs: &[End], outputs: &[End], needed: &[NodeId]) {
        let mut called = std::collections::BTreeSet::new();
        for &node in needed {
            if let NodeKind::Layer { inputs, .. } = &self.inference.node(node).node.kind {
                called.extend(inputs.iter().map(|input| input.node));
            }
        }
        called.extend(outputs.iter().map(|output| output.tensor.node));
        for node in called {
            let is_given = inputs.iter().any(|input| input.tensor.node == node);
            if is_given && matches!(self.inference.node(node).node.kind, NodeKind::Input { .. }) {
                self.inference.call_again(node);
            }
        }
    }

    fn tensor_name(&self, tensor: TensorId) -> String {
        self.tensor_names.get(&tensor).cloned().unwrap_or_else(|| "keras_tensor".to_owned())
    }

    /// The nodes between inputs and outputs, each behind those that it reads.
    fn needed(&mut self, inputs: &[End], outputs: &[End]) -> Option<Vec<NodeId>> {
        let mut needed = std::collections::BTreeSet::new();
        for output in outputs {
            let is_given = |tensor: TensorId| inputs.iter().any(|input| input.tensor == tensor);
            if is_given(output.tensor) && !self.is_input(output.tensor) {
                let title = "an output of the model is the tensor that it begins with";
                let mistake = Diagnostic::new(Code::E144, output.span(), title).at("no layer between");
                let given =
                    inputs.iter().find(|input| input.tensor == output.tensor).map_or(Span::default(), End::span);
                return self.fail(mistake.label(given, "the same tensor").help("give the model a layer to compute"));
            }
            let mut pending = vec![output.tensor];
            while let Some(tensor) = pending.pop() {
                if is_given(tensor) {
                    continue;
                }
                match &self.inference.node(tensor.node).node.kind {
                    NodeKind::Input { .. } => {
                        let node = tensor.node;
                        return self.not_connected(inputs, output, node);
                    }
                    NodeKind::Layer { inputs, .. } => {
                        if needed.insert(tensor.node) {
                            pending.extend(inputs.iter().copied());
                        }
                    }
                }
            }
        }
        Some(needed.into_iter().collect())
    }

    fn copy_node(&mut self, node: NodeId, copies: &mut Copies, span: Span) -> Option<()> {
        let NodeKind::Layer { instance, inputs } = &self.inference.node(node).node.kind else { return Some(()) };
        let (instance, place) = (Rc::clone(instance), self.inference.node(node).node.span);
        let read: Vec<TensorId> = inputs.iter().map(|input| copies.get(input).copied().unwrap_or(*input)).collect();
        self.step(1, span)?;
        let outputs = match self.inference.apply(&instance, &read, place) {
            Ok(copy) => (0..self.inference.node(copy).outputs.len()).map(move |output| TensorId { node: copy, output }),
            Err(mistake) => return self.fail(*mistake),
        };
        for (output, copy) in outputs.enumerate() {
            let original = TensorId { node, output };
            let name = format!("{}_clone", self.tensor_name(original));
            self.tensor_names.insert(copy, name);
            copies.entry(original).or_insert(copy);
        }
        Some(())
    }
}

/// A structure of tensors with copies in their places.
fn replaced(structure: &Value, copies: &Copies) -> Value {
    let one = |item: &Located| Located { value: replaced(&item.value, copies), span: item.span };
    match structure {
        Value::Tensor(tensor) => Value::Tensor(copies.get(tensor).copied().unwrap_or(*tensor)),
        Value::Growing(items) => Value::List(items.borrow().iter().map(one).collect()),
        Value::List(items) => Value::List(items.iter().map(one).collect()),
        Value::Tuple(items) => Value::Tuple(items.iter().map(one).collect()),
        Value::Dictionary(entries) => {
            Value::Dictionary(entries.iter().map(|(key, value)| (key.clone(), one(value))).collect())
        }
        other => other.clone(),
    }
}
