//! The graph as one chain of kernels, and how far it goes along with the time axis.

use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use super::lowered::{Lowering, NoCode, Operation, Samples};
use super::names::Names;
use super::{Endpoint, NoStream, PlannedLayer};
use crate::graph::{NodeKind, TypedGraph, TypedNode};
use crate::layer::{LayerInstance, Streaming};
use crate::shape::Shape;

/// The kernels of a model in order.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) input: Endpoint,
    pub(super) output: Endpoint,
    pub(super) layers: Vec<PlannedLayer>,
    pub(super) links: Vec<Link>,
    /// How many of the links go along with the time axis, or why the model can't be a stream.
    pub(super) causal: Result<Causal, NoStream>,
}

/// One kernel of the chain.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) layer: usize,
    pub(super) node: usize,
    pub(super) span: Span,
    pub(super) operation: Operation,
}

/// Where the time axis ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Causal {
    /// So many links take the frames in order.
    pub(super) n_links: usize,
    /// Whether the last of them answers once a sequence; otherwise every frame has an output.
    pub(super) swallows_time: bool,
}

/// Walks the graph from its input to its output.
pub(super) fn chain(graph: &TypedGraph) -> Result<Chain, Diagnostic> {
    let nodes = walk(graph)?;
    let (input_shape, output_shape) = (graph.shape(nodes[0].1), graph.shape(graph.outputs()[0]));
    let mut chain = Chain {
        input: Endpoint { axes: input_shape.sample().to_vec(), integers: reads_integers(graph, &nodes) },
        output: Endpoint { axes: output_shape.sample().to_vec(), integers: false },
        layers: Vec::new(),
        links: Vec::new(),
        causal: Ok(Causal { n_links: 0, swallows_time: false }),
    };
    check_axes(&graph.nodes()[nodes[0].0], input_shape)?;
    let mut time = Time::new(&chain.input);
    let mut names = Names::default();
    for &(index, _) in nodes.get(1..).unwrap_or(&[]) {
        let node = &graph.nodes()[index];
        let NodeKind::Layer { instance, .. } = &node.node.kind else { continue };
        let operations = lower(node, instance)?;
        time.pass(node, instance, &operations, chain.links.len());
        if operations.is_empty() {
            continue;
        }
        let layer = chain.layers.len();
        chain.layers.push(planned_layer(node, instance, &mut names));
        let links =
            operations.into_iter().map(|operation| Link { layer, node: index, span: node.node.span, operation });
        chain.links.extend(links);
    }
    chain.causal = time.result(chain.links.len());
    Ok(chain)
}

type Visited = (usize, crate::graph::TensorId);

/// The nodes from the input to the output, each with the tensor that the next one reads.
fn walk(graph: &TypedGraph) -> Result<Vec<Visited>, Diagnostic> {
    let not_a_chain = |span| {
        Diagnostic::new(Code::E404, span, "generated code runs a chain of layers, one behind the other")
            .help("`rnnc run` evaluates this model")
    };
    let ([_], &[mut tensor]) = (graph.inputs(), graph.outputs()) else {
        return Err(not_a_chain(graph.nodes().last().map_or(Span::default(), |node| node.node.span)));
    };
    let mut nodes = Vec::new();
    loop {
        nodes.push((tensor.node.0, tensor));
        let node = &graph.nodes()[tensor.node.0];
        match &node.node.kind {
            NodeKind::Input { .. } => break,
            NodeKind::Layer { inputs, .. } => match inputs.as_slice() {
                &[input] if node.outputs.len() == 1 => tensor = input,
                _ => return Err(not_a_chain(node.node.span)),
            },
        }
    }
    nodes.reverse();
    Ok(nodes)
}

/// Whether the first layer that computes anything looks up ids.
fn reads_integers(graph: &TypedGraph, nodes: &[Visited]) -> bool {
    let mut layers = nodes.iter().filter_map(|&(index, _)| match &graph.nodes()[index].node.kind {
        NodeKind::Input { .. } => None,
        NodeKind::Layer { instance, .. } => Some((&graph.nodes()[index], instance)),
    });
    let computes = |node, instance| lower(node, instance).is_ok_and(|operations| !operations.is_empty());
    layers
        .find(|(node, instance)| computes(node, instance))
        .is_some_and(|(_, instance)| instance.layer.takes_integers())
}

fn lower(node: &TypedNode, instance: &Rc<LayerInstance>) -> Result<Vec<Operation>, Diagnostic> {
    check_axes(node, &node.outputs[0])?;
    instance.layer.lower(&Lowering { inputs: &node.inputs }).map_err(|reason| no_code(node, instance, reason))
}

fn no_code(node: &TypedNode, instance: &LayerInstance, reason: NoCode) -> Diagnostic {
    let class = instance.layer.declaration().class;
    match reason {
        NoCode::FreeAxis => {
            let title = format!("code for `{class}` needs a fixed input shape, but gets `{}`", node.inputs[0]);
            Diagnostic::new(Code::E402, instance.class_span, title)
                .at("works along a free axis")
                .help("give `Input` a fixed number of timesteps; `rnnc run` evaluates the model as it is")
        }
        NoCode::RowActivation(activation) => {
            let title = format!("there is no code for the activation `{activation}` inside `{class}`");
            Diagnostic::new(Code::E403, instance.class_span, title)
                .at(format!("`{activation}` looks at all units at once"))
                .help("choose an activation that works value by value; `rnnc run` evaluates the model as it is")
        }
    }
}

/// Only the first axis of a sample may be free.
fn check_axes(node: &TypedNode, shape: &Shape) -> Result<(), Diagnostic> {
    let sample = shape.sample();
    if sample.iter().skip(1).any(|axis| axis.known().is_none()) {
        let title = format!("only the first axis of a sample may be free in code, not as in `{shape}`");
        return Err(Diagnostic::new(Code::E402, node.node.span, title)
            .at(format!("`{shape}`"))
            .help("give `Input` a size for every axis but the timesteps; `rnnc run` evaluates the model as it is"));
    }
    Ok(())
}

fn planned_layer(node: &TypedNode, instance: &LayerInstance, names: &mut Names) -> PlannedLayer {
    PlannedLayer {
        name: instance.name.clone(),
        class: instance.layer.declaration().class,
        ident: names.ident(&instance.name),
        shapes: format!("{} -> {}", tuple(&node.inputs[0]), tuple(&node.outputs[0])),
        params: node.weights.iter().map(|weight| weight.shape.iter().product::<u64>()).sum(),
    }
}

fn tuple(shape: &Shape) -> String {
    let axes: Vec<String> = shape.sample().iter().map(ToString::to_string).collect();
    format!("({})", axes.join(", "))
}

/// Follows the time axis through the layers.
struct Time {
    state: TimeState,
}

enum TimeState {
    /// Every frame still goes its own way.
    Alive,
    /// A layer answered once a sequence; so many links lie before.
    Swallowed(usize),
    Lost(NoStream),
}

impl Time {
    fn new(input: &Endpoint) -> Self {
        let has_time = input.axes.len() >= 2 || (input.integers && input.axes.len() == 1);
        let reason = "its input has no time axis".to_owned();
        Self { state: if has_time { TimeState::Alive } else { TimeState::Lost(NoStream { layer: None, reason }) } }
    }

    fn pass(&mut self, node: &TypedNode, instance: &LayerInstance, operations: &[Operation], n_links: usize) {
        let TimeState::Alive = self.state else { return };
        let swallows = |operation: &Operation| {
            matches!(operation, Operation::Recurrent(recurrent)
                if recurrent.samples == Samples::One && !recurrent.return_sequences)
        };
        let keeps_time = node.inputs[0].sample().first() == node.outputs[0].sample().first();
        let lost = |reason: String| {
            let layer = Some((instance.name.clone(), instance.layer.declaration().class));
            TimeState::Lost(NoStream { layer, reason })
        };
        if let Streaming::Impossible(reason) = instance.layer.streaming(&node.inputs) {
            self.state = lost(reason);
        } else if let Some(place) = operations.iter().position(swallows) {
            self.state = TimeState::Swallowed(n_links + place + 1);
        } else if !keeps_time {
            self.state = lost("changes the number of timesteps".to_owned());
        }
    }

    fn result(self, n_links: usize) -> Result<Causal, NoStream> {
        match self.state {
            TimeState::Alive => Ok(Causal { n_links, swallows_time: false }),
            TimeState::Swallowed(n_links) => Ok(Causal { n_links, swallows_time: true }),
            TimeState::Lost(reason) => Err(reason),
        }
    }
}
