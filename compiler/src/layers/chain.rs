//! Layers in a row that stand for one layer when code is made: the cells of a stack, in one direction or in two.

use std::collections::HashMap;
use std::rc::Rc;

use ndarray::{ArrayD, Axis, Slice};

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::{InputType, NodeId, NodeKind, TensorId, TypedGraph, TypedNode};
use crate::infer::Inference;
use crate::layer::{Call, Layer, LayerInstance, Mismatch, Recurrence, StepMasking, Streaming, Takes, WeightSpec};
use crate::layers::each_step::EachStep;
use crate::layers::mask_kept::MaskKept;
use crate::layers::recurrent::TimeLoop;
use crate::layers::repeated::Repeated;
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::lowered::{Lowered, Lowering, Operation, Walk};
use crate::reference::real::Real;
use crate::shape::Shape;

/// A graph that stands for one layer, while it grows.
pub(crate) struct Chain<'a> {
    whole: &'a LayerInstance,
    inference: Inference,
    inputs: Vec<TensorId>,
    id: &'a mut dyn FnMut() -> usize,
    /// The layers on every timestep, by the layers inside: one that comes again keeps its weights.
    wrappers: HashMap<usize, Rc<LayerInstance>>,
}

impl<'a> Chain<'a> {
    /// Begins with inputs of these shapes.
    pub(crate) fn over(whole: &'a LayerInstance, shapes: &[Shape], id: &'a mut dyn FnMut() -> usize) -> Self {
        let mut inference = Inference::default();
        let mut input = |shape: &Shape| inference.input(String::new(), shape.clone(), InputType::Float32, whole.span);
        let inputs = shapes.iter().map(&mut input).collect();
        Self { whole, inference, inputs, id, wrappers: HashMap::new() }
    }

    /// The inputs.
    pub(crate) fn inputs(&self) -> Vec<TensorId> {
        self.inputs.clone()
    }

    /// Adds one layer, and gives what it answers.
    pub(crate) fn apply(&mut self, name: &str, layer: Box<dyn Layer>, read: &[TensorId]) -> Vec<TensorId> {
        let part = self.part(name, layer);
        self.add(&part, read)
    }

    fn part(&mut self, name: &str, layer: Box<dyn Layer>) -> Rc<LayerInstance> {
        let whole = self.whole;
        Rc::new(LayerInstance {
            id: (self.id)(),
            name: format!("{}_{name}", whole.name),
            is_named: whole.is_named,
            trainable: whole.trainable,
            span: whole.span,
            class_span: whole.class_span,
            legacy_input: None,
            insert: whole.insert,
            has_arguments: whole.has_arguments,
            arguments: whole.arguments.clone(),
            layer,
        })
    }

    fn add(&mut self, part: &Rc<LayerInstance>, read: &[TensorId]) -> Vec<TensorId> {
        self.add_masked(part, read, &[])
    }

    fn add_masked(&mut self, part: &Rc<LayerInstance>, read: &[TensorId], masks: &[Option<TensorId>]) -> Vec<TensorId> {
        let node = self.inference.apply_masked(part, read, masks, self.whole.span);
        let node = node.unwrap_or_else(|_| unreachable!("the whole layer took these shapes"));
        (0..self.inference.node(node).outputs.len()).map(|output| TensorId { node, output }).collect()
    }

    /// Adds a model's layers, each on every timestep, and ends there. What it answers has the mask of what it reads.
    pub(crate) fn model(mut self, model: &TypedGraph) -> TypedGraph {
        let mut tensors: Vec<Vec<TensorId>> = Vec::with_capacity(model.nodes().len());
        for (index, node) in model.nodes().iter().enumerate() {
            let outputs = match &node.node.kind {
                NodeKind::Input { .. } => {
                    let place = model.inputs().iter().position(|input| input.0 == index);
                    vec![self.inputs[place.unwrap_or(0)]]
                }
                NodeKind::Layer { instance, .. } if instance.layer.is_only_shown() => Vec::new(),
                NodeKind::Layer { instance, inputs } => self.on_steps(instance, node, inputs, &tensors),
            };
            tensors.push(outputs);
        }
        let outputs = model.outputs().iter().map(|output| tensors[output.node.0][output.output]);
        let outputs: Vec<TensorId> = outputs.collect();
        let mut kept = Vec::with_capacity(outputs.len());
        for output in outputs {
            let input = self.inputs[0];
            kept.extend(self.apply("masked", Box::new(MaskKept), &[output, input]));
        }
        self.finish(kept)
    }

    /// Adds a layer that applies the inner one to every timestep. Of several calls of one layer each may compute in a form of
    /// its own; all of them are one object with the same weights.
    fn on_steps(
        &mut self,
        inner: &Rc<LayerInstance>,
        node: &TypedNode,
        inputs: &[TensorId],
        tensors: &[Vec<TensorId>],
    ) -> Vec<TensorId> {
        let wrapper = Box::new(EachStep { inner: Rc::clone(inner) });
        let part = match self.wrappers.get(&inner.id) {
            Some(known) => Rc::new(known.with_layer(wrapper)),
            None => {
                let name = inner.name.strip_prefix(&self.whole.name).unwrap_or(&inner.name);
                self.part(name.trim_start_matches('_'), wrapper)
            }
        };
        self.wrappers.insert(inner.id, Rc::clone(&part));
        let (own, masks) = node.split(inputs);
        let moved = |tensor: &TensorId| tensors[tensor.node.0][tensor.output];
        let read: Vec<TensorId> = own.iter().map(moved).collect();
        let masks: Vec<Option<TensorId>> = masks.iter().map(|mask| mask.as_ref().map(moved)).collect();
        let outputs = self.add_masked(&part, &read, &masks);
        if let (true, Some(output)) = (node.is_handed, outputs.first()) {
            self.inference.hand(output.node);
        }
        outputs
    }

    /// Adds layers in a row, each with the states that it begins with; answers the last one's output, then all states.
    pub(crate) fn run(
        &mut self,
        layers: Vec<(String, Box<dyn Layer>)>,
        sequence: TensorId,
        states: &[TensorId],
    ) -> Vec<TensorId> {
        let repeated = Repeated::of(&layers).filter(|_| !states.is_empty());
        let (mut sequence, mut rest, mut left, mut first) = (sequence, states, Vec::new(), None);
        for (name, layer) in layers {
            let n_states = layer.recurrence().map_or(0, |flags| flags.n_states).min(rest.len());
            let (own, others) = rest.split_at(n_states);
            rest = others;
            let read: Vec<_> = std::iter::once(sequence).chain(own.iter().copied()).collect();
            let outputs = self.apply(&name, layer, &read);
            sequence = outputs[0];
            first = first.or(Some(sequence));
            left.extend_from_slice(&outputs[1..]);
        }
        if let (Some(repeated), Some(first)) = (repeated, first) {
            sequence = self.apply("repeated", Box::new(repeated), &[sequence, first])[0];
        }
        left.insert(0, sequence);
        left
    }

    /// The graph, which answers these tensors.
    pub(crate) fn finish(self, outputs: Vec<TensorId>) -> TypedGraph {
        let inputs: Vec<NodeId> = self.inputs.iter().map(|input| input.node).collect();
        TypedGraph { nodes: self.inference.into_nodes(), inputs, outputs }
    }
}

/// A recurrent layer that runs backwards and puts each output at its frame's place: a step on `Bidirectional`'s way back.
#[derive(Debug)]
pub(crate) struct Aligned {
    pub(crate) layer: Box<dyn Layer>,
}

impl Aligned {
    fn returns_sequences(&self) -> bool {
        self.layer.recurrence().is_some_and(|flags| flags.return_sequences)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let mut outputs = R::evaluate(self.layer.as_ref(), call);
        if self.returns_sequences() {
            outputs[0].slice_axis_inplace(Axis(1), Slice::new(0, None, -1));
        }
        outputs
    }
}

impl Layer for Aligned {
    fn declaration(&self) -> &'static Declaration {
        self.layer.declaration()
    }

    fn takes(&self) -> Takes {
        self.layer.takes()
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        self.layer.output_shapes(inputs)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        self.layer.weights(inputs)
    }

    fn recurrence(&self) -> Option<Recurrence> {
        self.layer.recurrence()
    }

    fn further_outputs(&self, n_operations: usize) -> Vec<usize> {
        self.layer.further_outputs(n_operations)
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        self.layer.streaming(inputs)
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let mut operations = self.layer.lower(lowering)?;
        for operation in &mut operations {
            let Operation::Recurrent(recurrent) = operation else { continue };
            for direction in recurrent.directions.iter_mut().filter(|_| recurrent.return_sequences) {
                direction.walk = Walk::BackwardAligned;
            }
        }
        Ok(operations)
    }

    fn takes_mask(&self) -> bool {
        true
    }

    /// Its frames stand in their order, and so does their mask.
    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        let Some(flags) = self.layer.recurrence() else { return Ok(Masked::lost()) };
        let masking = StepMasking { is_turned: false, ..flags.masking };
        TimeLoop { class: self.declaration().class, flags: Recurrence { masking, ..flags } }.mask(call)
    }

    fn with_mask(&self, shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        let form = self.layer.with_mask(shapes)?;
        Ok(form.map(|layer| -> Box<dyn Layer> { Box::new(Self { layer }) }))
    }

    evaluate_generically!();
}
