//! Models as layers of other models.

use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::CallSite;
use crate::evaluate::Evaluator;
use crate::graph::{ModelId, NodeId, TensorId};
use crate::layer::LayerInstance;
use crate::layers::nested::Nested;
use crate::value::Value;

impl Evaluator<'_> {
    /// `model(tensor)`
    pub(super) fn call_model(&mut self, id: ModelId, call: &CallSite) -> Option<Value> {
        let given = call.given.first().map(|given| given.value.value.clone());
        if let Some(Value::Tensor(tensor)) = given {
            self.build_for(id, tensor, call.span);
        }
        let layer = self.nested_layer(id, call.callee_span)?;
        self.call_layer(&layer, call)
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
        let nested =
            Nested { name: model.name.clone(), is_sequential: model.ends.is_none(), graph, trainable: model.trainable };
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
