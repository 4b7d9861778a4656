//! The graph of layers: a DAG from the first day; a Sequential is one chain in it.
//!
//! [`Graph`] is what the text says; [`TypedGraph`], made only by `infer`, knows every shape and weight.

use std::rc::Rc;

use rnn_grammar::Span;

use crate::layer::{LayerInstance, WeightSpec};
use crate::shape::Shape;

/// A model of the file, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub usize);

/// A node of a graph, by its place in `nodes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// One output of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId {
    /// Who makes it.
    pub node: NodeId,
    /// Which of its outputs.
    pub output: usize,
}

/// Number types of a tensor. All are floats here; the type says what Keras makes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputType {
    /// 32-bit floats.
    Float32,
    /// 64-bit floats.
    Float64,
    /// 32-bit integers.
    Int32,
    /// Truth values: a mask.
    Boolean,
}

impl InputType {
    /// The type of what is made of both.
    #[must_use]
    pub const fn joined(self, other: Self) -> Self {
        match (self, other) {
            (Self::Float64, _) | (_, Self::Float64) => Self::Float64,
            (Self::Float32, _) | (_, Self::Float32) => Self::Float32,
            (Self::Int32, _) | (_, Self::Int32) => Self::Int32,
            (Self::Boolean, Self::Boolean) => Self::Boolean,
        }
    }

    /// Keras's name of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Int32 => "int32",
            Self::Boolean => "bool",
        }
    }
}

/// Where a node's values come from.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// A model input.
    Input {
        /// Its name (`input_layer`).
        name: String,
        /// Its shape, batch first.
        shape: Shape,
        /// The type asked for, if any.
        dtype: InputType,
    },
    /// A layer applied to earlier tensors.
    Layer {
        /// The layer object; two nodes with the same one share its weights.
        instance: Rc<LayerInstance>,
        /// What it reads.
        inputs: Vec<TensorId>,
    },
}

/// One node.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where it was added or called.
    pub span: Span,
}

/// What the text says of one model, in topological order.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Every node before its readers.
    pub nodes: Vec<Node>,
    /// The inputs.
    pub inputs: Vec<NodeId>,
    /// The outputs.
    pub outputs: Vec<TensorId>,
}

/// A node with everything known.
#[derive(Clone, Debug)]
pub struct TypedNode {
    /// The node.
    pub node: Node,
    /// Shapes it reads, batch first.
    pub inputs: Vec<Shape>,
    /// Shapes it makes, batch first.
    pub outputs: Vec<Shape>,
    /// The types of their numbers.
    pub types: Vec<InputType>,
    /// Its weights as Keras lists them, also on a later use of a shared layer.
    pub weights: Vec<WeightSpec>,
    /// Whether this is the layer object's first node in the graph: weights are counted here only.
    pub is_first_use: bool,
    /// How often the layer object was used before, in the whole text.
    pub use_index: usize,
    /// For each tensor that the layer reads whether `mask=` of the call gives a mask for it; empty where there is no `mask=`.
    /// These masks stand behind all else that the node reads.
    pub given_masks: Vec<bool>,
    /// How many of the last tensors that it reads are only shown: masks that Keras lists among what the layer reads.
    pub n_shown: usize,
    /// Whether it is part of a layer that is several whose call gives a mask: it uses it where it begins with states, too.
    pub is_given: bool,
    /// Whether Keras hands the layer the mask that it followed while the model was made, instead of the one that its tensor
    /// carries when it is computed.
    pub is_handed: bool,
    /// The order in which Keras lists what the node reads, where that is another one: arguments of a call stand by their
    /// keywords.
    pub listing: Vec<usize>,
    /// Whose weights it has, where a pass put it into another node's place: that node's index before, and its first
    /// tensor among that one's.
    pub origin: Option<(usize, usize)>,
}

impl TypedNode {
    /// What a node reads, in the order in which Keras lists it.
    pub fn listed(&self) -> impl DoubleEndedIterator<Item = TensorId> {
        let inputs = match &self.node.kind {
            NodeKind::Input { .. } => &[][..],
            NodeKind::Layer { inputs, .. } => inputs,
        };
        (0..inputs.len()).map(|place| inputs[self.listing.get(place).copied().unwrap_or(place)])
    }

    /// What a node reads, apart: the layer's own tensors, and the masks that its call gives for them.
    #[must_use]
    pub fn split<'a>(&self, inputs: &'a [TensorId]) -> (&'a [TensorId], Vec<Option<TensorId>>) {
        let inputs = &inputs[..inputs.len().saturating_sub(self.n_shown)];
        let n_masks = self.given_masks.iter().filter(|&&is_given| is_given).count();
        let (own, masks) = inputs.split_at(inputs.len().saturating_sub(n_masks));
        let mut masks = masks.iter().copied();
        (own, self.given_masks.iter().map(|&is_given| if is_given { masks.next() } else { None }).collect())
    }
}

/// A graph in which every shape is known and agrees. Made by `infer` alone.
#[derive(Clone, Debug)]
pub struct TypedGraph {
    pub(crate) nodes: Vec<TypedNode>,
    pub(crate) inputs: Vec<NodeId>,
    pub(crate) outputs: Vec<TensorId>,
}

impl TypedGraph {
    /// Nodes, each before its readers.
    #[must_use]
    pub fn nodes(&self) -> &[TypedNode] {
        &self.nodes
    }

    /// The inputs.
    #[must_use]
    pub fn inputs(&self) -> &[NodeId] {
        &self.inputs
    }

    /// The outputs.
    #[must_use]
    pub fn outputs(&self) -> &[TensorId] {
        &self.outputs
    }

    /// The type of a tensor's numbers.
    #[must_use]
    pub fn type_of(&self, tensor: TensorId) -> InputType {
        self.nodes[tensor.node.0].types[tensor.output]
    }

    /// The shape of a tensor.
    #[must_use]
    pub fn shape(&self, tensor: TensorId) -> &Shape {
        &self.nodes[tensor.node.0].outputs[tensor.output]
    }
}
