//! Puts the layers of a model inside a model in its place, over the tensors that it is called with.

use std::collections::HashMap;
use std::rc::Rc;

use rnn_grammar::Span;

use crate::graph::{NodeKind, TensorId, TypedGraph};
use crate::infer::Inference;
use crate::layer::LayerInstance;
use crate::layers::mask_of::GIVEN;
use crate::layers::nested::Nested;
use crate::layers::pass_through::PassThrough;

/// Whose weights a node has: a node of the graph before, and its first tensor among that one's.
type Origin = (usize, usize);

pub(super) fn run(graph: &mut TypedGraph) {
    let is_nested =
        |kind: &NodeKind| matches!(kind, NodeKind::Layer { instance, .. } if instance.layer.nested().is_some());
    if !graph.nodes.iter().any(|node| is_nested(&node.node.kind)) {
        return;
    }
    let mut draft = Draft { inference: Inference::default(), origins: Vec::new() };
    let tensors = draft.embed(graph, None, &|node| (node, 0));
    let inputs = graph.inputs.iter().map(|&node| tensors[&TensorId { node, output: 0 }].node).collect();
    let outputs = graph.outputs.iter().map(|output| tensors[output]).collect();
    let mut nodes = draft.inference.into_nodes();
    for (node, origin) in nodes.iter_mut().zip(draft.origins) {
        node.origin = Some(origin);
    }
    *graph = TypedGraph { nodes, inputs, outputs };
}

struct Draft {
    inference: Inference,
    origins: Vec<Origin>,
}

impl Draft {
    /// Adds a graph's nodes, its inputs being the given tensors or inputs of their own; answers what each tensor is now.
    fn embed(
        &mut self,
        graph: &TypedGraph,
        given: Option<&[TensorId]>,
        origin: &dyn Fn(usize) -> Origin,
    ) -> HashMap<TensorId, TensorId> {
        let mut tensors = HashMap::new();
        for (index, node) in graph.nodes.iter().enumerate() {
            let outputs = match &node.node.kind {
                NodeKind::Layer { instance, .. } if instance.layer.is_only_shown() => continue,
                NodeKind::Input { name, shape, dtype } => {
                    let place = graph.inputs.iter().position(|input| input.0 == index);
                    vec![match (given, place) {
                        (Some(given), Some(place)) => given[place],
                        _ => {
                            self.origins.push(origin(index));
                            self.inference.input(name.clone(), shape.clone(), *dtype, node.node.span)
                        }
                    }]
                }
                NodeKind::Layer { instance, inputs } => {
                    let (own, masks) = node.split(inputs);
                    let own: Vec<TensorId> = own.iter().map(|input| tensors[input]).collect();
                    let moved = |mask: Option<TensorId>| mask.map(|mask| tensors[&mask]);
                    let masks: Vec<Option<TensorId>> = masks.into_iter().map(moved).collect();
                    match instance.layer.nested() {
                        Some(nested) => {
                            let own = self.masked(&own, &masks, instance, node.node.span);
                            self.model(nested, &own, origin(index))
                        }
                        None => {
                            let applied = self.inference.apply_masked(instance, &own, &masks, node.node.span);
                            let node = applied.unwrap_or_else(|_| unreachable!("the layer took these shapes before"));
                            self.origins.push(origin(index));
                            let n_outputs = self.inference.node(node).outputs.len();
                            (0..n_outputs).map(|output| TensorId { node, output }).collect()
                        }
                    }
                }
            };
            for (output, tensor) in outputs.into_iter().enumerate() {
                tensors.insert(TensorId { node: crate::graph::NodeId(index), output }, tensor);
            }
        }
        tensors
    }

    /// The tensors that a model is called with, those that the call gives a mask for with this mask.
    fn masked(
        &mut self,
        own: &[TensorId],
        masks: &[Option<TensorId>],
        instance: &LayerInstance,
        span: Span,
    ) -> Vec<TensorId> {
        let mut tensors = own.to_vec();
        for (tensor, &mask) in tensors.iter_mut().zip(masks).filter(|(_, mask)| mask.is_some()) {
            let mut given = instance.with_layer(PassThrough::boxed(&GIVEN));
            // No other layer has this number, and the node has no weights.
            given.id = usize::MAX / 2 - self.origins.len();
            let applied = self.inference.apply_masked(&Rc::new(given), &[*tensor], &[mask], span);
            let node = applied.unwrap_or_else(|_| unreachable!("an identity takes every shape"));
            self.origins.push((0, 0));
            *tensor = TensorId { node, output: 0 };
        }
        tensors
    }

    fn model(&mut self, nested: &Nested, read: &[TensorId], (node, first): Origin) -> Vec<TensorId> {
        let offsets = nested.offsets();
        let tensors = self.embed(&nested.graph, Some(read), &|inner| (node, first + offsets[inner]));
        nested.graph.outputs.iter().map(|output| tensors[output]).collect()
    }
}
