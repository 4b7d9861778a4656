//! Puts the layers of a model inside a model in its place, over the tensors that it is called with; and likewise the
//! parts of a layer that is several in a row, such as an `RNN` of several cells.

use std::collections::HashMap;
use std::rc::Rc;

use rnn_grammar::Span;

use crate::graph::{NodeId, NodeKind, TensorId, TypedGraph, TypedNode};
use crate::infer::Inference;
use crate::layer::LayerInstance;
use crate::layers::mask_of::{GIVEN, HANDED};
use crate::layers::nested::offsets;
use crate::layers::pass_through::PassThrough;
use crate::order::run_order;
use crate::shape::Shape;

/// Whose weights a node has: a node of the graph before, and its first tensor among that one's.
type Origin = (usize, usize);

/// `in_turn`: in the order in which Keras computes the nodes, with a node of its own where a model inside is handed a mask.
pub(super) fn run(graph: &mut TypedGraph, in_turn: bool) {
    if !in_turn && !graph.nodes.iter().any(has_parts) {
        return;
    }
    let mut draft = Draft { inference: Inference::default(), origins: Vec::new(), ids: HashMap::new(), in_turn };
    let tensors = draft.embed(graph, None, &|node| (node, 0));
    let inputs = graph.inputs.iter().map(|&node| tensors[&TensorId { node, output: 0 }].node).collect();
    let outputs = graph.outputs.iter().map(|output| tensors[output]).collect();
    let mut nodes = draft.inference.into_nodes();
    for (node, origin) in nodes.iter_mut().zip(draft.origins) {
        node.origin = Some(origin);
    }
    *graph = TypedGraph { nodes, inputs, outputs };
}

fn has_parts(node: &TypedNode) -> bool {
    let NodeKind::Layer { instance, .. } = &node.node.kind else { return false };
    let mut n_parts = 0;
    let mut id = || {
        n_parts += 1;
        n_parts
    };
    instance.layer.nested().is_some() || instance.layer.expanded(instance, &node.inputs, &mut id).is_some()
}

struct Draft {
    inference: Inference,
    origins: Vec<Origin>,
    /// The numbers of parts, by the whole layer's and their place in it: a layer that is used again has the same parts.
    ids: HashMap<(usize, usize), usize>,
    in_turn: bool,
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
        for index in self.turns(graph) {
            let node = &graph.nodes[index];
            let is_handed = node.is_handed;
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
                    let parts = self.parts(instance, &node.inputs);
                    match instance.layer.nested().map(|nested| &nested.graph).or(parts.as_ref()) {
                        Some(inner) => {
                            let own = self.masked(&own, &masks, instance, node.node.span);
                            let own =
                                if self.in_turn && node.is_handed { self.handed(&own, instance, node) } else { own };
                            let first = self.origins.len();
                            let outputs = self.model(inner, &own, origin(index));
                            if instance.layer.nested().is_none() && masks.iter().any(Option::is_some) {
                                (first..self.origins.len()).for_each(|node| self.inference.give(NodeId(node)));
                            }
                            outputs
                        }
                        None => {
                            let applied = self.inference.apply_masked(instance, &own, &masks, node.node.span);
                            let node = applied.unwrap_or_else(|_| unreachable!("the layer took these shapes before"));
                            self.origins.push(origin(index));
                            if is_handed {
                                self.inference.hand(node);
                            }
                            let n_outputs = self.inference.node(node).outputs.len();
                            (0..n_outputs).map(|output| TensorId { node, output }).collect()
                        }
                    }
                }
            };
            for (output, tensor) in outputs.into_iter().enumerate() {
                tensors.insert(TensorId { node: NodeId(index), output }, tensor);
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

    /// The places of the nodes, each behind those that it reads.
    fn turns(&self, graph: &TypedGraph) -> Vec<usize> {
        if !self.in_turn {
            return (0..graph.nodes.len()).collect();
        }
        let turns: Vec<usize> = run_order(&graph.nodes, &graph.outputs).into_iter().map(|node| node.0).collect();
        let inputs = graph.inputs.iter().map(|input| input.0).filter(|input| !turns.contains(input));
        inputs.chain(turns.iter().copied()).collect()
    }

    /// The tensors that a model is called with, at the moment when Keras puts the masks on them that it hands over.
    fn handed(&mut self, own: &[TensorId], instance: &LayerInstance, node: &TypedNode) -> Vec<TensorId> {
        let tensors = own.iter().map(|tensor| {
            let mut handed = instance.with_layer(PassThrough::boxed(&HANDED));
            handed.id = usize::MAX / 2 - self.origins.len();
            let applied = self.inference.apply(&Rc::new(handed), &[*tensor], node.node.span);
            let node = applied.unwrap_or_else(|_| unreachable!("an identity takes every shape"));
            self.inference.hand(node);
            self.origins.push((0, 0));
            TensorId { node, output: 0 }
        });
        tensors.collect()
    }

    /// The parts of a layer that is several.
    fn parts(&mut self, whole: &LayerInstance, inputs: &[Shape]) -> Option<TypedGraph> {
        let mut place = 0;
        let ids = &mut self.ids;
        let mut id = || {
            // Counted from above, where no layer of the text is.
            let next = usize::MAX - ids.len();
            place += 1;
            *ids.entry((whole.id, place)).or_insert(next)
        };
        whole.layer.expanded(whole, inputs, &mut id)
    }

    fn model(&mut self, graph: &TypedGraph, read: &[TensorId], (node, first): Origin) -> Vec<TensorId> {
        let offsets = offsets(graph);
        let tensors = self.embed(graph, Some(read), &|inner| (node, first + offsets[inner]));
        graph.outputs.iter().map(|output| tensors[output]).collect()
    }
}
