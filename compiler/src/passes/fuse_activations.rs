//! Gives an activation of its own to the layer before it, where that layer can apply one to its sums: `Dense(8)`
//! behind which stands `Activation("relu")` becomes `Dense(8, activation="relu")`.

use std::rc::Rc;

use super::redirect;
use crate::graph::{NodeId, NodeKind, TensorId, TypedGraph};
use crate::layer::Layer;

pub(super) fn run(graph: &mut TypedGraph) {
    for index in 0..graph.nodes.len() {
        if let Some((producer, fused)) = fusion(graph, index) {
            if let NodeKind::Layer { instance, .. } = &mut graph.nodes[producer.node.0].node.kind {
                *instance = Rc::new(instance.with_layer(fused));
            }
            redirect(graph, TensorId { node: NodeId(index), output: 0 }, producer);
        }
    }
}

/// The tensor that the node's activation is applied to, and the layer that can do it itself.
fn fusion(graph: &TypedGraph, index: usize) -> Option<(TensorId, Box<dyn Layer>)> {
    let NodeKind::Layer { instance, inputs } = &graph.nodes[index].node.kind else { return None };
    let activation = instance.layer.as_activation().filter(|activation| activation.is_elementwise())?;
    let &[producer] = inputs.as_slice() else { return None };
    if count_readers(graph, producer) != 1 {
        return None;
    }
    let NodeKind::Layer { instance, .. } = &graph.nodes[producer.node.0].node.kind else { return None };
    Some((producer, instance.layer.with_activation(activation)?))
}

fn count_readers(graph: &TypedGraph, tensor: TensorId) -> usize {
    let reads = |kind: &NodeKind| match kind {
        NodeKind::Layer { inputs, .. } => inputs.iter().filter(|&&input| input == tensor).count(),
        NodeKind::Input { .. } => 0,
    };
    let readers: usize = graph.nodes.iter().map(|node| reads(&node.node.kind)).sum();
    readers + graph.outputs.iter().filter(|&&output| output == tensor).count()
}
