//! Rewrites of a typed graph into an equal, cheaper one, in an order that the comments justify.
//!
//! Node ids stay what they are, or nodes say whose weights they have, so weights bound to the graph fit the rewritten one;
//! nodes that nobody reads any more stay behind and cost nothing, because the plan walks from the outputs.

mod drop_identities;
mod fuse_activations;
mod inline;

use crate::graph::{NodeKind, TensorId, TypedGraph};

/// All passes.
#[must_use]
pub fn run(graph: &TypedGraph) -> TypedGraph {
    // First, since masks decide which layers are there; it puts the layers of models inside in their place too.
    let mut graph = crate::masks::explicit(graph).into_owned();
    // Before all others, which then see the layers inside.
    inline::run(&mut graph, false);
    // First, so that an activation behind a `Dropout` is seen right behind its `Dense`.
    drop_identities::run(&mut graph);
    fuse_activations::run(&mut graph);
    graph
}

/// Puts the layers of models inside in their place; `in_turn`: in the order in which Keras computes them.
pub(crate) fn inline(graph: &mut TypedGraph, in_turn: bool) {
    inline::run(graph, in_turn);
}

/// Lets every reader of a tensor, and the model's outputs, read another one.
fn redirect(graph: &mut TypedGraph, from: TensorId, to: TensorId) {
    let replace = |tensor: &mut TensorId| {
        if *tensor == from {
            *tensor = to;
        }
    };
    graph.outputs.iter_mut().for_each(replace);
    for node in &mut graph.nodes {
        if let NodeKind::Layer { inputs, .. } = &mut node.node.kind {
            inputs.iter_mut().for_each(replace);
        }
    }
}
