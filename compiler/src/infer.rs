//! Shapes: every node's shapes and weights, as soon as the node is there.
//!
//! [`Inference`] grows node by node, each behind its producers, so one walk in topological order types the whole
//! text; a model is a part of it, cut out by [`Inference::extract`]. It is the only maker of [`TypedGraph`].

use std::collections::HashMap;
use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::graph::{Graph, InputType, Node, NodeId, NodeKind, TensorId, TypedGraph, TypedNode};
use crate::layer::{LayerInstance, Mismatch, Variable, WeightSpec};
use crate::model::node_counts;
use crate::order::{Ordered, order};
use crate::shape::{Dimension, Shape};
use crate::weights::key;

/// All nodes of a text so far, typed.
#[derive(Debug, Default)]
pub struct Inference {
    nodes: Vec<TypedNode>,
    first_nodes: HashMap<usize, NodeId>,
    n_uses: HashMap<usize, usize>,
    variables: HashMap<Variable, Built>,
    /// What stands in front of the paths of variables that are made now: the names of models that build themselves.
    scope: String,
}

/// How a variable was made.
#[derive(Debug)]
struct Built {
    /// Keras's path.
    path: String,
    shape: Vec<u64>,
    node: NodeId,
}

/// Types a whole graph.
///
/// # Errors
/// The first node whose layer refuses its inputs.
pub fn infer(graph: &Graph) -> Result<TypedGraph, Box<Diagnostic>> {
    let mut inference = Inference::default();
    for node in &graph.nodes {
        match &node.kind {
            NodeKind::Input { name, shape, dtype } => {
                inference.input(name.clone(), shape.clone(), *dtype, node.span);
            }
            NodeKind::Layer { instance, inputs } => {
                inference.apply(instance, inputs, node.span)?;
            }
        }
    }
    Ok(inference.extract(&graph.inputs, &graph.outputs))
}

impl Inference {
    /// Adds an input.
    pub fn input(&mut self, name: String, shape: Shape, dtype: InputType, span: Span) -> TensorId {
        let kind = NodeKind::Input { name, shape: shape.clone(), dtype };
        self.nodes.push(TypedNode {
            node: Node { kind, span },
            inputs: Vec::new(),
            outputs: vec![shape],
            types: vec![dtype],
            weights: Vec::new(),
            is_first_use: true,
            use_index: 0,
            given_masks: Vec::new(),
            n_shown: 0,
            is_given: false,
            is_handed: false,
            listing: Vec::new(),
            origin: None,
        });
        TensorId { node: NodeId(self.nodes.len() - 1), output: 0 }
    }

    /// Adds a layer that reads earlier tensors; `span` is where it is added or called.
    ///
    /// # Errors
    /// Where the layer refuses these shapes, or its result is too large.
    pub fn apply(
        &mut self,
        instance: &Rc<LayerInstance>,
        inputs: &[TensorId],
        span: Span,
    ) -> Result<NodeId, Box<Diagnostic>> {
        self.apply_masked(instance, inputs, &[], span)
    }

    /// As [`Self::apply`], with masks that the call gives for the tensors that it reads.
    ///
    /// # Errors
    /// Where the layer refuses these shapes, or its result is too large.
    pub fn apply_masked(
        &mut self,
        instance: &Rc<LayerInstance>,
        inputs: &[TensorId],
        masks: &[Option<TensorId>],
        span: Span,
    ) -> Result<NodeId, Box<Diagnostic>> {
        let shapes: Vec<Shape> = inputs.iter().map(|&input| self.shape(input).clone()).collect();
        let outputs = instance
            .layer
            .output_shapes(&shapes)
            .map_err(|mismatch| Box::new(self.refusal(instance, inputs, span, mismatch)))?;
        let types: Vec<InputType> = inputs.iter().map(|&input| self.type_of(input)).collect();
        let read = inputs.iter().copied().chain(masks.iter().copied().flatten()).collect();
        let weights = instance.layer.weights(&shapes).into_iter().enumerate();
        let mut node = TypedNode {
            node: Node { kind: NodeKind::Layer { instance: Rc::clone(instance), inputs: read }, span },
            weights: weights.map(|(place, weight)| weight.of(instance.id, place)).collect(),
            types: (0..outputs.len()).map(|output| instance.layer.output_type(output, &types)).collect(),
            inputs: shapes,
            outputs,
            is_first_use: !self.first_nodes.contains_key(&instance.id),
            use_index: self.n_uses.get(&instance.id).copied().unwrap_or(0),
            given_masks: masks.iter().map(Option::is_some).collect(),
            n_shown: 0,
            is_given: false,
            is_handed: false,
            listing: Vec::new(),
            origin: None,
        };
        self.check_limits(instance, &node)?;
        self.check_shared(instance, &node)?;
        let id = NodeId(self.nodes.len());
        node.weights.iter_mut().for_each(|weight| self.make(instance, weight, id));
        self.first_nodes.entry(instance.id).or_insert(id);
        *self.n_uses.entry(instance.id).or_insert(0) += 1;
        self.nodes.push(node);
        Ok(id)
    }

    /// Makes a variable, or finds how it was made.
    fn make(&mut self, instance: &LayerInstance, weight: &mut WeightSpec, node: NodeId) {
        let Some(variable) = weight.variable.filter(|_| weight.built_as.is_none()) else { return };
        let path = format!("{}{}", self.scope, key(instance, weight));
        let built = self.variables.entry(variable);
        let built = built.or_insert_with(|| Built { path: path.clone(), shape: weight.shape.clone(), node });
        if built.path != path {
            weight.built_as = Some(built.path.clone());
        }
    }

    /// Puts a name in front of the paths of variables that are made from now on; answers what stood there.
    pub(crate) fn enter(&mut self, name: &str) -> String {
        let within = format!("{}{name}/", self.scope);
        std::mem::replace(&mut self.scope, within)
    }

    /// Goes back to what [`Self::enter`] answered.
    pub(crate) fn leave(&mut self, scope: String) {
        self.scope = scope;
    }

    /// Lets the summary show masks among what a node reads.
    pub(crate) fn show(&mut self, id: NodeId, masks: &[TensorId]) {
        let node = &mut self.nodes[id.0];
        if let NodeKind::Layer { inputs, .. } = &mut node.node.kind {
            inputs.extend_from_slice(masks);
            node.n_shown = masks.len();
            node.is_handed = !masks.is_empty();
        }
    }

    /// Counts one more call of an input.
    pub(crate) fn call_again(&mut self, id: NodeId) {
        self.nodes[id.0].use_index += 1;
    }

    /// Says that the call of the layer which the node is a part of gives a mask.
    pub(crate) fn give(&mut self, id: NodeId) {
        self.nodes[id.0].is_given = true;
    }

    /// Says that the node's layer is handed a mask.
    pub(crate) fn hand(&mut self, id: NodeId) {
        self.nodes[id.0].is_handed = true;
    }

    /// Lets a node's inputs be listed in another order, the places of all of them.
    pub(crate) fn list(&mut self, id: NodeId, listing: Vec<usize>) {
        self.nodes[id.0].listing = listing;
    }

    /// All nodes, each before its readers.
    #[must_use]
    pub fn into_nodes(self) -> Vec<TypedNode> {
        self.nodes
    }

    /// The shape of a tensor.
    #[must_use]
    pub fn shape(&self, tensor: TensorId) -> &Shape {
        &self.nodes[tensor.node.0].outputs[tensor.output]
    }

    /// The type of a tensor's numbers.
    #[must_use]
    pub fn type_of(&self, tensor: TensorId) -> InputType {
        self.nodes[tensor.node.0].types[tensor.output]
    }

    /// One node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &TypedNode {
        &self.nodes[id.0]
    }

    /// The name of the layer that a node stands for.
    #[must_use]
    pub fn name_of(&self, id: NodeId) -> &str {
        match &self.node(id).node.kind {
            NodeKind::Input { name, .. } => name,
            NodeKind::Layer { instance, .. } => &instance.name,
        }
    }

    /// What each layer object gave at its last use so far, by its number.
    #[must_use]
    pub fn last_shapes(&self) -> HashMap<usize, &[Shape]> {
        let layers = self.nodes.iter().filter_map(|node| match &node.node.kind {
            NodeKind::Layer { instance, .. } => Some((instance.id, node.outputs.as_slice())),
            NodeKind::Input { .. } => None,
        });
        layers.collect()
    }

    /// The node of a layer object's first use, if it has been used.
    #[must_use]
    pub fn first_node(&self, layer_id: usize) -> Option<&TypedNode> {
        self.first_node_id(layer_id).map(|id| self.node(id))
    }

    /// The place of that node.
    #[must_use]
    pub fn first_node_id(&self, layer_id: usize) -> Option<NodeId> {
        self.first_nodes.get(&layer_id).copied()
    }

    /// The nodes between these inputs and outputs, in the order in which Keras lists them.
    #[must_use]
    pub fn ordered(&self, inputs: &[NodeId], outputs: &[TensorId]) -> Vec<Ordered> {
        order(&self.nodes, inputs, outputs)
    }

    /// Cuts out the part between these inputs and outputs, in the order in which Keras lists it.
    #[must_use]
    pub fn extract(&self, inputs: &[NodeId], outputs: &[TensorId]) -> TypedGraph {
        let mut places = vec![NodeId(0); self.nodes.len()];
        let mut graph = TypedGraph { nodes: Vec::new(), inputs: Vec::new(), outputs: Vec::new() };
        let mut seen = std::collections::HashSet::new();
        for ordered in self.ordered(inputs, outputs) {
            places[ordered.node.0] = NodeId(graph.nodes.len());
            graph.nodes.push(renumbered(self.node(ordered.node), &places, &mut seen));
        }
        graph.inputs = inputs.iter().map(|id| places[id.0]).collect();
        graph.outputs = outputs.iter().map(|output| moved(*output, &places)).collect();
        graph
    }

    fn check_limits(&self, instance: &LayerInstance, node: &TypedNode) -> Result<(), Box<Diagnostic>> {
        let sizes = node.outputs.iter().flat_map(|shape| shape.0.iter());
        let largest = sizes.filter_map(|dimension| dimension.known()).max().unwrap_or(0);
        let class = instance.layer.declaration().class;
        if largest > Dimension::MAX {
            let title = format!("`{class}` gives an axis of {largest} values");
            return Err(Box::new(
                Diagnostic::new(Code::E207, instance.span, title)
                    .at(format!("more than {}", Dimension::MAX))
                    .label_unless_same(node.node.span, "used here"),
            ));
        }
        if node_counts(node).is_none() {
            let title = format!("`{class}` has more parameters than 64 bits can count");
            return Err(Box::new(Diagnostic::new(Code::E291, instance.span, title).at("too large")));
        }
        Ok(())
    }

    /// A layer that is used again, or is inside another one too, keeps the weights of its first use, so their shapes
    /// must fit.
    fn check_shared(&self, instance: &LayerInstance, node: &TypedNode) -> Result<(), Box<Diagnostic>> {
        let differs = |weight: &&WeightSpec| self.built(weight).is_some_and(|built| built.shape != weight.shape);
        let Some(built) = node.weights.iter().find(differs).and_then(|weight| self.built(weight)) else {
            return Ok(());
        };
        let first = self.node(built.node);
        let title = format!(
            "`{}` has weights for input `{}`, but is used on `{}` too",
            instance.name, first.inputs[0], node.inputs[0]
        );
        Err(Box::new(
            Diagnostic::new(Code::E292, node.node.span, title)
                .at("the same layer object, and so the same weights")
                .label_unless_same(first.node.span, format!("first used on `{}`", first.inputs[0]))
                .help("make a second layer for the second place"),
        ))
    }

    fn built(&self, weight: &WeightSpec) -> Option<&Built> {
        self.variables.get(&weight.variable?)
    }

    /// What is said where a layer refuses what it reads.
    pub(crate) fn refusal(
        &self,
        instance: &LayerInstance,
        inputs: &[TensorId],
        span: Span,
        mismatch: Mismatch,
    ) -> Diagnostic {
        let is_inside = mismatch.span.is_some_and(|inner| span.start <= inner.start && inner.end <= span.end);
        let primary = mismatch.span.filter(|_| is_inside).unwrap_or(span);
        let mut diagnostic = Diagnostic::new(mismatch.code, primary, mismatch.title).at(mismatch.at);
        if instance.span.start < span.start || instance.span.end > span.end {
            diagnostic = diagnostic.label_unless_same(instance.span, format!("`{}` is made here", instance.name));
        }
        for (place, &input) in inputs.iter().enumerate() {
            if !inputs[..place].contains(&input) {
                diagnostic = self.show_producer(diagnostic, input);
            }
        }
        let fix = inputs.first().filter(|_| mismatch.wants_sequence).and_then(|&input| self.sequence_fix(input));
        match fix {
            Some((place, text)) => diagnostic.fix("let the layer before return every step", place, text),
            None => match mismatch.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            },
        }
    }

    fn show_producer(&self, diagnostic: Diagnostic, tensor: TensorId) -> Diagnostic {
        let node = self.node(self.origin(tensor).node);
        let shape = self.shape(tensor);
        match &node.node.kind {
            NodeKind::Input { .. } => diagnostic.label_unless_same(node.node.span, format!("the input is `{shape}`")),
            NodeKind::Layer { instance, .. } => {
                let does = instance.layer.describes_output().unwrap_or("gives");
                let separator = if does == "gives" { "" } else { ":" };
                diagnostic.label_unless_same(instance.span, format!("{does}{separator} `{shape}`"))
            }
        }
    }

    /// The tensor whose maker settled this shape: layers that pass their input's shape on are stepped over.
    fn origin(&self, tensor: TensorId) -> TensorId {
        let mut tensor = tensor;
        loop {
            let node = self.node(tensor.node);
            let NodeKind::Layer { instance, inputs } = &node.node.kind else { return tensor };
            let passes_on = node.inputs.len() == 1 && node.inputs == node.outputs;
            if !passes_on || instance.layer.sequence_fix().is_some() || !instance.layer.weights(&node.inputs).is_empty()
            {
                return tensor;
            }
            tensor = inputs[0];
        }
    }

    /// Where and what to write so that the maker of this tensor gives a whole sequence.
    fn sequence_fix(&self, tensor: TensorId) -> Option<(Span, String)> {
        let NodeKind::Layer { instance, .. } = &self.node(self.origin(tensor).node).node.kind else { return None };
        let argument = instance.layer.sequence_fix()?;
        let mut instance = Rc::clone(instance);
        while let Some(inner) =
            instance.layer.sublayers().into_iter().find(|inner| inner.layer.sequence_fix().is_some())
        {
            instance = inner;
        }
        let (name, value) = argument.split_once('=')?;
        if let Some(&(_, given)) = instance.arguments.iter().find(|(given, _)| *given == name) {
            return Some((given, value.to_owned()));
        }
        let separator = if instance.has_arguments { ", " } else { "" };
        Some((instance.insert, format!("{separator}{argument}")))
    }
}

/// Adds a label, unless the place is underlined already: then the text becomes a note.
pub(crate) trait LabelUnlessSame {
    fn label_unless_same(self, span: Span, text: impl Into<String>) -> Self;
}

impl LabelUnlessSame for Diagnostic {
    fn label_unless_same(self, span: Span, text: impl Into<String>) -> Self {
        if self.primary.span == span { self } else { self.label(span, text) }
    }
}

fn moved(tensor: TensorId, places: &[NodeId]) -> TensorId {
    TensorId { node: places[tensor.node.0], output: tensor.output }
}

fn renumbered(node: &TypedNode, places: &[NodeId], seen: &mut std::collections::HashSet<usize>) -> TypedNode {
    let mut node = node.clone();
    if let NodeKind::Layer { instance, inputs } = &mut node.node.kind {
        inputs.iter_mut().for_each(|input| *input = moved(*input, places));
        node.is_first_use = seen.insert(instance.id);
    }
    node
}
