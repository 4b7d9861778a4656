//! Lets nobody read what passes its input on unchanged: `Dropout` and its kin.

use super::redirect;
use crate::graph::{NodeId, NodeKind, TensorId, TypedGraph};

pub(super) fn run(graph: &mut TypedGraph) {
    for index in 0..graph.nodes.len() {
        let NodeKind::Layer { instance, inputs } = &graph.nodes[index].node.kind else { continue };
        if let (true, &[input, ..]) = (instance.layer.is_identity(), inputs.as_slice()) {
            redirect(graph, TensorId { node: NodeId(index), output: 0 }, input);
        }
    }
}
