//! The graph as kernels in order, each with what it reads, and how far they go along with the time axis.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use super::lowered::{From, Lowering, NoCode, Operation};
use super::names::Names;
use super::time::{Causal, Read, Walk};
use super::{Endpoint, NoStream, PlannedLayer};
use crate::graph::{InputType, NodeId, NodeKind, TensorId, TypedGraph, TypedNode};
use crate::layer::LayerInstance;
use crate::model::{CompiledModel, node_counts};
use crate::shape::Shape;
use crate::storage::Storage;

/// The kernels of a model in order.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) inputs: Vec<Endpoint>,
    pub(super) outputs: Vec<Endpoint>,
    pub(super) layers: Vec<PlannedLayer>,
    pub(super) links: Vec<Link>,
    /// What each output is.
    pub(super) results: Vec<Source>,
    /// How it runs as a stream; or why it can't.
    pub(super) causal: Result<Causal, NoStream>,
    /// Where the model's layers begin in the text.
    pub(super) span: Span,
}

/// One kernel.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) layer: usize,
    pub(super) node: usize,
    /// The layer object, and which of its kernels this is.
    pub(super) object: (usize, usize),
    pub(super) span: Span,
    pub(super) operation: Operation,
    pub(super) reads: Vec<Source>,
    /// Whether it takes the frames of a stream in order; the others wait for the end.
    pub(super) in_frames: bool,
    /// How a stream's step reads each tensor.
    pub(super) ways: Vec<Read>,
}

/// Who makes a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Source {
    /// The caller: an input by its place.
    Input(usize),
    /// A link by its place.
    Link(usize),
    /// A state that a recurrent link leaves behind, counted over its directions.
    State(usize, usize),
}

/// Lowers every layer that an output needs.
pub(super) fn network(
    graph: &TypedGraph,
    names: (&[String], &[String]),
    storage: Storage,
) -> Result<Network, Diagnostic> {
    let needed = needed(graph);
    let nodes = graph.nodes();
    let mut draft = Draft { storage, ..Draft::default() };
    for (place, &NodeId(index)) in graph.inputs().iter().enumerate() {
        check_axes(&nodes[index], &nodes[index].outputs[0])?;
        draft.sources.insert(TensorId { node: NodeId(index), output: 0 }, Source::Input(place));
    }
    for (index, node) in nodes.iter().enumerate().filter(|(index, _)| needed[*index]) {
        if let NodeKind::Layer { instance, inputs } = &node.node.kind {
            draft.add(index, node, instance, inputs)?;
        }
    }
    let results: Vec<Source> = graph.outputs().iter().map(|output| draft.sources[output]).collect();
    let endpoint = |shape: &Shape, name: &String, fields: &mut Names, (integers, is_mask)| Endpoint {
        axes: shape.sample().to_vec(),
        integers,
        is_mask,
        name: name.clone(),
        field: fields.field(name),
    };
    let mut fields = Names::default();
    let inputs: Vec<Endpoint> = (graph.inputs().iter().zip(names.0).enumerate())
        .map(|(place, (input, name))| {
            let is_mask = matches!(nodes[input.0].node.kind, NodeKind::Input { dtype: InputType::Boolean, .. });
            let integers = draft.reads_integers(place, &results);
            endpoint(&nodes[input.0].outputs[0], name, &mut fields, (integers, is_mask))
        })
        .collect();
    let mut fields = Names::default();
    let outputs = (graph.outputs().iter().zip(names.1))
        .map(|(&output, name)| endpoint(graph.shape(output), name, &mut fields, (false, false)))
        .collect();
    let (layers, links, sources) = (&draft.layers, &mut draft.links, &draft.sources);
    let walk = Walk { graph, inputs: &inputs, layers, links, sources, causal: Causal::default() };
    let causal = walk.run(&draft.ranges, &results);
    let span = nodes.first().map_or(Span::default(), |node| node.node.span);
    Ok(Network { inputs, outputs, layers: draft.layers, links: draft.links, results, causal, span })
}

/// Names of a model's inputs and outputs.
pub(super) fn names_of(model: &CompiledModel) -> (&[String], &[String]) {
    (&model.input_names, &model.output_names)
}

/// Which nodes an output is computed from.
fn needed(graph: &TypedGraph) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes().len()];
    graph.outputs().iter().for_each(|output| needed[output.node.0] = true);
    for index in (0..needed.len()).rev().collect::<Vec<_>>() {
        if let (true, NodeKind::Layer { inputs, .. }) = (needed[index], &graph.nodes()[index].node.kind) {
            inputs.iter().for_each(|input| needed[input.node.0] = true);
        }
    }
    needed
}

#[derive(Default)]
struct Draft {
    storage: Storage,
    layers: Vec<PlannedLayer>,
    links: Vec<Link>,
    sources: HashMap<TensorId, Source>,
    /// The links of each node, in the nodes' order.
    ranges: Vec<(usize, Range<usize>)>,
    names: Names,
}

impl Draft {
    fn add(
        &mut self,
        index: usize,
        node: &TypedNode,
        instance: &Rc<LayerInstance>,
        inputs: &[TensorId],
    ) -> Result<(), Diagnostic> {
        let operations = lower(node, instance, self.storage)?;
        let mut current: Vec<Source> = inputs.iter().map(|input| self.sources[input]).collect();
        let first = self.links.len();
        if !operations.is_empty() {
            self.layers.push(planned_layer(node, instance, &mut self.names));
        }
        let given = current.clone();
        let further = instance.layer.further_outputs(operations.len());
        let mut made: Vec<Source> = Vec::with_capacity(operations.len());
        let mut recurrent = first;
        for operation in operations {
            let reads = match &operation {
                Operation::Join(join) | Operation::Attend(join) => join
                    .operands
                    .iter()
                    .map(|operand| match operand.from {
                        From::Input(input) => given[input],
                        From::Before => current[0],
                        From::Made(place) => made[place],
                        From::State(place) => Source::State(recurrent, place),
                    })
                    .collect(),
                // Its frames may be prepared; states and mask are the layer's own inputs.
                Operation::Recurrent(recurrent) if recurrent.has_initial || recurrent.mask.is_some() => {
                    current.into_iter().take(1).chain(given.iter().skip(1).copied()).collect()
                }
                Operation::Rows(_)
                | Operation::InPlace(_)
                | Operation::Recurrent(_)
                | Operation::Window(_)
                | Operation::Fold(_) => current,
            };
            let is_recurrent = matches!(operation, Operation::Recurrent(_));
            current = vec![self.link(index, node, instance, operation, reads, first)];
            if let (true, Source::Link(link)) = (is_recurrent, current[0]) {
                recurrent = link;
            }
            made.push(current[0]);
        }
        self.ranges.push((index, first..self.links.len()));
        for output in 0..node.outputs.len() {
            let inner = output.checked_sub(1).and_then(|place| made.get(*further.get(place)?).copied());
            let source = match (output, inner) {
                (0, _) => current[0],
                (_, Some(inner)) => inner,
                (_, None) => Source::State(recurrent, output - 1 - further.len()),
            };
            self.sources.insert(TensorId { node: NodeId(index), output }, source);
        }
        Ok(())
    }

    /// Appends a kernel, behind those that make its inputs fit.
    fn link(
        &mut self,
        node: usize,
        typed: &TypedNode,
        instance: &LayerInstance,
        mut operation: Operation,
        mut reads: Vec<Source>,
        first: usize,
    ) -> Source {
        if let Operation::Join(join) | Operation::Attend(join) = &mut operation {
            for (operand, read) in join.operands.iter_mut().zip(&mut reads) {
                for prepare in std::mem::take(&mut operand.prepare) {
                    *read = self.link(node, typed, instance, prepare, vec![*read], first);
                }
            }
        }
        if let Operation::Recurrent(recurrent) = &mut operation {
            for (prepare, read) in recurrent.prepare.iter_mut().zip(reads.iter_mut().skip(1)) {
                for prepare in std::mem::take(prepare) {
                    *read = self.link(node, typed, instance, prepare, vec![*read], first);
                }
            }
        }
        let (node, first_tensor) = typed.origin.unwrap_or((node, 0));
        operation.shift_tensors(first_tensor);
        let object = (instance.id, self.links.len() - first);
        let (layer, span) = (self.layers.len() - 1, typed.node.span);
        self.links.push(Link { layer, node, object, span, operation, reads, in_frames: false, ways: Vec::new() });
        Source::Link(self.links.len() - 1)
    }

    /// Whether an input holds ids: everyone who reads it looks them up.
    fn reads_integers(&self, input: usize, results: &[Source]) -> bool {
        let source = Source::Input(input);
        let mut readers = self.links.iter().filter(|link| link.reads.contains(&source)).peekable();
        let looks_up = |link: &Link| matches!(&link.operation, Operation::Rows(rows) if rows.reads_ids);
        readers.peek().is_some() && readers.all(looks_up) && !results.contains(&source)
    }
}

fn lower(node: &TypedNode, instance: &Rc<LayerInstance>, storage: Storage) -> Result<Vec<Operation>, Diagnostic> {
    check_axes(node, &node.outputs[0])?;
    let lowering = Lowering { inputs: &node.inputs, storage };
    instance.layer.lower(&lowering).map_err(|reason| no_code(node, instance, reason))
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
    let inputs: Vec<String> = node.inputs.iter().map(tuple).collect();
    PlannedLayer {
        name: instance.name.clone(),
        class: instance.layer.declaration().class,
        ident: names.ident(&instance.name),
        shapes: format!("{} -> {}", inputs.join(", "), tuple(&node.outputs[0])),
        params: node_counts(node).unwrap_or_default().total,
    }
}

fn tuple(shape: &Shape) -> String {
    let axes: Vec<String> = shape.sample().iter().map(ToString::to_string).collect();
    format!("({})", axes.join(", "))
}
