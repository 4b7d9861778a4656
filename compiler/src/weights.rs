//! Weights by name: the tensors of a file against the weights of a graph.
//!
//! A weight's key is Keras 3's path without the model's name: the layer's name, then the path below it
//! (`lstm/lstm_cell/kernel`). Keys may also start with a model's name, as Keras's own paths do. Shapes and gate
//! order stay as Keras stores them; packing permutes them once, later. Every mistake of a file is reported in
//! one run.
//!
//! [`read`] knows the file alone, so its diagnostics belong to the file's name; those of [`bind`] point into
//! the model's text.

mod check;
mod numbers;
mod safetensors;

use std::rc::Rc;

pub(crate) use check::indices;
pub use check::{bind, key, keys};
pub use numbers::Numbers;
pub use safetensors::read;

/// A tensor of a weight file as it was read: nothing of it is checked against a model yet.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its key in the file.
    pub name: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its values, row-major, or the name of a number type that is no float of 64, 32 or 16 bits.
    pub values: Result<Numbers, String>,
}

/// One weight of a layer with its values: row-major, as Keras stores them.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its values, one a parameter.
    pub values: Numbers,
}

/// Every weight of a graph. Made by [`bind`] alone, so names and shapes fit.
#[derive(Clone, Debug)]
pub struct BoundWeights {
    nodes: Vec<Rc<[Weight]>>,
}

impl BoundWeights {
    /// How many nodes the graph has.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The weights of a node, in the order of its layer's `weights()`; all uses of a shared layer get the same.
    #[must_use]
    pub fn node(&self, index: usize) -> &[Weight] {
        self.nodes.get(index).map_or(&[], |weights| weights)
    }

    /// The same with other values in some nodes; all uses of a shared layer change with it.
    pub(crate) fn map(&self, changed: impl Fn(usize) -> Option<Vec<Weight>>) -> Self {
        let changed: Vec<(usize, Rc<[Weight]>)> =
            (0..self.nodes.len()).filter_map(|node| Some((node, changed(node)?.into()))).collect();
        let is_shared = |node: usize, with: usize| Rc::ptr_eq(&self.nodes[node], &self.nodes[with]);
        let nodes = (0..self.nodes.len()).map(|node| {
            let found = changed.iter().find(|(with, _)| is_shared(node, *with));
            Rc::clone(found.map_or(&self.nodes[node], |(_, weights)| weights))
        });
        Self { nodes: nodes.collect() }
    }
}

/// A shape as a Python tuple.
fn tuple(shape: &[u64]) -> String {
    let sizes: Vec<String> = shape.iter().map(u64::to_string).collect();
    if sizes.len() == 1 { format!("({},)", sizes[0]) } else { format!("({})", sizes.join(", ")) }
}

#[cfg(test)]
mod tests;
