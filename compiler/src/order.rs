//! The order in which Keras lists the layers of a functional model: by depth, the longest way to an output, and
//! within a depth as a walk from the outputs meets them first.

use std::collections::HashMap;

use crate::graph::{NodeId, NodeKind, TensorId, TypedNode};

/// A node of a model and its depth: how many nodes lie behind it on the longest way to an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// The node.
    pub node: NodeId,
    /// Its depth; nodes that read nothing of each other may have the same one.
    pub depth: usize,
}

/// The nodes between these inputs and outputs, each behind those that it reads. Inputs that no output needs are among
/// them, at depth 0.
#[must_use]
pub fn order(nodes: &[TypedNode], inputs: &[NodeId], outputs: &[TensorId]) -> Vec<Ordered> {
    let mut walk = Walk { nodes, seen: vec![false; nodes.len()], finished: Vec::new(), layers: HashMap::new() };
    outputs.iter().for_each(|output| walk.from(output.node));
    let depths = depths(nodes, &walk.finished);
    let place = |node: NodeId| walk.layers.get(&identity(nodes, node)).map_or(0, |place| place + 1);
    let mut ordered: Vec<Ordered> = walk
        .finished
        .iter()
        .map(|&node| Ordered { node, depth: depths.get(&node).map_or(0, |(depth, _)| *depth) })
        .collect();
    let unused = inputs.iter().filter(|input| !walk.seen[input.0]);
    ordered.extend(unused.map(|&node| Ordered { node, depth: 0 }));
    ordered.sort_by_key(|ordered| (usize::MAX - ordered.depth, place(ordered.node), ordered.node));
    ordered
}

/// The order in which Keras computes the nodes that these outputs need: by depth, and within a depth as depths were settled.
#[must_use]
pub fn run_order(nodes: &[TypedNode], outputs: &[TensorId]) -> Vec<NodeId> {
    let mut walk = Walk { nodes, seen: vec![false; nodes.len()], finished: Vec::new(), layers: HashMap::new() };
    outputs.iter().for_each(|output| walk.from(output.node));
    let depths = depths(nodes, &walk.finished);
    let mut order = walk.finished;
    order.sort_by_key(|node| depths.get(node).map(|&(depth, turn)| (usize::MAX - depth, turn)));
    order
}

/// The depth of each node, and the turn in which it was met; `finished` are nodes behind all that they read.
fn depths(nodes: &[TypedNode], finished: &[NodeId]) -> HashMap<NodeId, (usize, usize)> {
    let mut depths: HashMap<NodeId, (usize, usize)> = HashMap::new();
    let mut layer_depths: HashMap<Identity, usize> = HashMap::new();
    for &node in finished.iter().rev() {
        let turn = depths.len();
        let (known, _) = depths.entry(node).or_insert((0, turn));
        let layer_depth = layer_depths.entry(identity(nodes, node)).or_insert(0);
        *known = (*known).max(*layer_depth);
        let depth = *known;
        *layer_depth = depth;
        for producer in producers(nodes, node) {
            let turn = depths.len();
            let (known, _) = depths.entry(producer).or_insert((0, turn));
            *known = (*known).max(depth + 1);
        }
    }
    depths
}

/// Whether Keras takes the graph for a chain: never two nodes at one depth, none with several inputs, no layer twice.
#[must_use]
pub fn is_chain(nodes: &[TypedNode], ordered: &[Ordered]) -> bool {
    let mut seen = std::collections::HashSet::new();
    let is_single = |node: NodeId| producers(nodes, node).count() <= 1;
    ordered.windows(2).all(|pair| pair[0].depth != pair[1].depth)
        && ordered.iter().all(|ordered| is_single(ordered.node) && seen.insert(identity(nodes, ordered.node)))
}

/// What stands for the layer of a node: nodes of one layer object share it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Identity {
    Layer(usize),
    Input(NodeId),
}

fn identity(nodes: &[TypedNode], node: NodeId) -> Identity {
    match &nodes[node.0].node.kind {
        NodeKind::Input { .. } => Identity::Input(node),
        NodeKind::Layer { instance, .. } => Identity::Layer(instance.id),
    }
}

fn producers(nodes: &[TypedNode], node: NodeId) -> impl Iterator<Item = NodeId> {
    nodes[node.0].listed().map(|input| input.node)
}

/// A walk from the outputs to the inputs, as deep as the graph is: without recursion.
struct Walk<'a> {
    nodes: &'a [TypedNode],
    seen: Vec<bool>,
    finished: Vec<NodeId>,
    /// Layers by the turn in which they were met.
    layers: HashMap<Identity, usize>,
}

impl Walk<'_> {
    fn from(&mut self, output: NodeId) {
        let mut open: Vec<(NodeId, Vec<NodeId>)> = Vec::new();
        self.open(output, &mut open);
        while let Some((node, waiting)) = open.last_mut() {
            match waiting.pop() {
                Some(producer) => self.open(producer, &mut open),
                None => {
                    self.finished.push(*node);
                    open.pop();
                }
            }
        }
    }

    fn open(&mut self, node: NodeId, open: &mut Vec<(NodeId, Vec<NodeId>)>) {
        if std::mem::replace(&mut self.seen[node.0], true) {
            return;
        }
        let turn = self.layers.len();
        self.layers.entry(identity(self.nodes, node)).or_insert(turn);
        let mut waiting: Vec<NodeId> = producers(self.nodes, node).collect();
        waiting.reverse();
        open.push((node, waiting));
    }
}
