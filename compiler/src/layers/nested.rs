//! A model inside a model: `encoder(x)`, or a model in the list of a `Sequential`. Its layers keep their weights.
//!
//! <https://keras.io/guides/functional_api/>. Difference to Keras: a model of several inputs is called with a list.

use std::collections::HashMap;

use ndarray::ArrayD;
use rnn_grammar::Code;

use crate::arguments::Arguments;
use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::{InputType, NodeId, NodeKind, TypedGraph, TypedNode};
use crate::infer::Inference;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::{self, real::Real};
use crate::shape::Shape;
use crate::weights::key;

const fn model(class: &'static str) -> Declaration {
    let (summary, details, arguments) = ("A model inside a model.", "", &[]);
    Declaration { class, aliases: &[], base_name: "", summary, details, arguments, takes_common: false, build }
}

fn build(_arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    None
}

/// The class of functional models: their layers were built before them, so their weights' paths do not name them.
pub(crate) const FUNCTIONAL: Declaration = model("Functional");
const SEQUENTIAL: Declaration = model("Sequential");

/// A model as a layer.
#[derive(Debug)]
pub struct Nested {
    /// The model's name.
    pub name: String,
    /// Whether it is a `Sequential`.
    pub is_sequential: bool,
    /// What it computes.
    pub graph: TypedGraph,
}

impl Nested {
    /// The shape of its (first) input, batch first.
    pub(crate) fn input_shape(&self) -> &Shape {
        &self.graph.nodes()[self.graph.inputs()[0].0].outputs[0]
    }

    /// The same layers over inputs of these shapes.
    fn over(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let mut inference = Inference::default();
        let mut tensors = Vec::with_capacity(self.graph.nodes().len());
        for (index, node) in self.graph.nodes().iter().enumerate() {
            match &node.node.kind {
                NodeKind::Input { name, dtype, .. } => {
                    let place = self.graph.inputs().iter().position(|input| input.0 == index);
                    let shape = place.and_then(|place| inputs.get(place)).unwrap_or(&node.outputs[0]).clone();
                    tensors.push(inference.input(name.clone(), shape, *dtype, node.node.span).node);
                }
                NodeKind::Layer { instance, inputs } => {
                    let read: Vec<_> = inputs.iter().map(|input| moved(*input, &tensors)).collect();
                    let (own, masks) = node.split(&read);
                    let node = inference.apply_masked(instance, own, &masks, node.node.span).map_err(|mistake| {
                        let at = format!("on the way through `{}`", instance.name);
                        Mismatch::new(mistake.code, mistake.title, at)
                    })?;
                    tensors.push(node);
                }
            }
        }
        let outputs = self.graph.outputs().iter().map(|output| inference.shape(moved(*output, &tensors)).clone());
        Ok(outputs.collect())
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let offsets = offsets(&self.graph);
        let of_node = |NodeId(node): NodeId| {
            let count = self.graph.nodes()[node].weights.len();
            call.weights[offsets[node]..offsets[node] + count].to_vec()
        };
        let outputs = reference::evaluate(&self.graph, of_node, call.inputs);
        outputs.unwrap_or_else(|error| unreachable!("the shapes were checked: {error}"))
    }
}

/// Where each node's weights begin among the graph's: a layer that is used again has those of its first use.
#[must_use]
pub fn offsets(graph: &TypedGraph) -> Vec<usize> {
    let (mut n_weights, mut first) = (0, HashMap::new());
    let mut offset = |node: &TypedNode| {
        let NodeKind::Layer { instance, .. } = &node.node.kind else { return 0 };
        *first.entry(instance.id).or_insert_with(|| {
            n_weights += node.weights.len();
            n_weights - node.weights.len()
        })
    };
    graph.nodes().iter().map(&mut offset).collect()
}

fn moved(tensor: crate::graph::TensorId, nodes: &[NodeId]) -> crate::graph::TensorId {
    crate::graph::TensorId { node: nodes[tensor.node.0], output: tensor.output }
}

impl Layer for Nested {
    fn declaration(&self) -> &'static Declaration {
        if self.is_sequential { &SEQUENTIAL } else { &FUNCTIONAL }
    }

    fn takes(&self) -> Takes {
        if self.graph.inputs().len() == 1 { Takes::One } else { Takes::List }
    }

    fn nested(&self) -> Option<&Nested> {
        Some(self)
    }

    /// Keras tells a model that it is frozen before it knows its layers: their weights stay as they are.
    fn stays_trainable(&self) -> bool {
        true
    }

    /// A functional model's layers were there before it.
    fn is_in_paths(&self) -> bool {
        self.is_sequential
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let own = self.graph.inputs();
        if inputs.len() != own.len() {
            let title = format!("the model `{}` reads {} tensors, but gets {}", self.name, own.len(), inputs.len());
            return Err(Mismatch::new(Code::E219, title, "another number of tensors"));
        }
        for (input, given) in own.iter().zip(inputs) {
            let wanted = &self.graph.nodes()[input.0].outputs[0];
            let fits =
                wanted.rank() == given.rank() && wanted.0.iter().zip(&given.0).all(|(own, &given)| own.agrees(given));
            if !fits {
                let title = format!("the model `{}` reads `{wanted}`, but gets `{given}`", self.name);
                return Err(Mismatch::new(Code::E220, title, "another shape than its `Input` has"));
            }
        }
        self.over(inputs)
    }

    fn output_type(&self, output: usize, _inputs: &[InputType]) -> InputType {
        self.graph.outputs().get(output).map_or(InputType::Float32, |&output| self.graph.type_of(output))
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        let mut seen = std::collections::HashSet::new();
        let mut weights = Vec::new();
        for node in self.graph.nodes() {
            let NodeKind::Layer { instance, .. } = &node.node.kind else { continue };
            if seen.insert(instance.id) {
                weights.extend(node.weights.iter().map(|weight| WeightSpec {
                    path: key(instance, weight),
                    trainable: weight.trainable && (instance.trainable || instance.layer.stays_trainable()),
                    ..weight.clone()
                }));
            }
        }
        weights
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    /// Its layers take its place before code is made: see `passes::inline`.
    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        Ok(Vec::new())
    }

    fn takes_mask(&self) -> bool {
        true
    }

    evaluate_generically!();
}
