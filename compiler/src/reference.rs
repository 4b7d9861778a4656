//! The reference: slow, obvious evaluation of a whole graph on ndarray, in f64 (the oracle of every test) or f32 (what
//! `rnnc run` shows). Layers evaluate themselves; here they are walked in order.

pub mod activation;
pub mod real;
pub mod special;

use std::fmt;

use ndarray::ArrayD;

use crate::graph::{NodeId, NodeKind, TensorId, TypedGraph, TypedNode};
use crate::layer::{Call, LayerInstance};
use crate::shape::{Dimension, Shape};

pub use real::Real;

/// Why a graph can't be evaluated on these arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluateError {
    /// Another number of inputs than the model has.
    InputCount {
        /// How many it has.
        expected: usize,
        /// How many were given.
        got: usize,
    },
    /// An input of another shape than the model's.
    InputShape {
        /// The input's place among the model's.
        input: usize,
        /// The model's.
        expected: Shape,
        /// The array's.
        got: Shape,
    },
    /// Another number of weights, or one of another shape, than the layer has.
    Weights {
        /// The layer's name.
        layer: String,
        /// What is wrong.
        reason: String,
    },
    /// A layer refuses the sizes at hand where the model leaves them free.
    Shape {
        /// The layer's name.
        layer: String,
        /// The diagnostic's title.
        reason: String,
    },
    /// An id outside the table of an `Embedding`.
    Id {
        /// The layer's name.
        layer: String,
        /// The id, as it was given.
        id: String,
        /// How many ids the table holds.
        vocabulary: u64,
        /// Where it stands in the layer's input, batch first.
        place: Vec<usize>,
    },
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InputCount { expected, got } => write!(formatter, "the model has {expected} inputs, not {got}"),
            Self::InputShape { input, expected, got } => {
                write!(formatter, "input {input} of the model is `{expected}`, but the array is `{got}`")
            }
            Self::Weights { layer, reason } | Self::Shape { layer, reason } => {
                write!(formatter, "layer `{layer}`: {reason}")
            }
            Self::Id { layer, id, vocabulary, place } => {
                write!(formatter, "layer `{layer}` knows the ids 0 to {}, not {id}, at {place:?}", vocabulary - 1)
            }
        }
    }
}

impl std::error::Error for EvaluateError {}

/// What becomes of an id outside the table of an `Embedding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownIds {
    /// Its vector is all NaN, as in compiled code.
    GiveNan,
    /// The evaluation ends with [`EvaluateError::Id`].
    Refuse,
}

/// The outputs of the graph for these inputs, which carry the batch axis; sizes that the graph leaves free may be any.
///
/// `weights` gives a node's arrays in the order and with the shapes of [`crate::layer::Layer::weights`].
///
/// # Errors
/// Where inputs or weights do not fit the graph. Ids outside an `Embedding` give NaN.
pub fn evaluate<R: Real>(
    graph: &TypedGraph,
    weights: impl Fn(NodeId) -> Vec<ArrayD<R>>,
    inputs: &[ArrayD<R>],
) -> Result<Vec<ArrayD<R>>, EvaluateError> {
    evaluate_with(graph, weights, inputs, UnknownIds::GiveNan)
}

/// [`evaluate`], with a choice for ids outside an `Embedding`.
///
/// # Errors
/// Where inputs or weights do not fit the graph, or an id is refused.
pub fn evaluate_with<R: Real>(
    graph: &TypedGraph,
    weights: impl Fn(NodeId) -> Vec<ArrayD<R>>,
    inputs: &[ArrayD<R>],
    unknown_ids: UnknownIds,
) -> Result<Vec<ArrayD<R>>, EvaluateError> {
    let graph = &*crate::masks::explicit(graph);
    let weights = |node: NodeId| {
        let typed = &graph.nodes()[node.0];
        match typed.origin {
            None => weights(node),
            Some((origin, first)) => {
                weights(NodeId(origin)).into_iter().skip(first).take(typed.weights.len()).collect()
            }
        }
    };
    let n_readers = readers(graph);
    let mut values: Vec<Vec<ArrayD<R>>> = Vec::with_capacity(graph.nodes().len());
    let mut left = n_readers.clone();
    check_inputs(graph, inputs)?;
    for (index, node) in graph.nodes().iter().enumerate() {
        let id = NodeId(index);
        let NodeKind::Layer { instance, inputs: read } = &node.node.kind else {
            let place = graph.inputs().iter().position(|&input| input == id);
            values.push(place.map(|place| inputs[place].clone()).into_iter().collect());
            continue;
        };
        let arguments: Vec<ArrayD<R>> = read.iter().map(|&tensor| value(&values, tensor)).collect();
        if unknown_ids == UnknownIds::Refuse {
            check_ids(instance, &arguments)?;
        }
        values.push(run(node, instance, &weights(id), &arguments)?);
        release(&mut values, &mut left, read);
    }
    Ok(graph.outputs().iter().map(|&output| value(&values, output)).collect())
}

/// Checks the ids that a layer with a table would look up.
///
/// # Errors
/// The first id outside the table.
pub fn check_ids<R: Real>(instance: &LayerInstance, inputs: &[ArrayD<R>]) -> Result<(), EvaluateError> {
    let (Some(vocabulary), Some(ids)) = (instance.layer.vocabulary(), inputs.first()) else { return Ok(()) };
    #[allow(clippy::cast_precision_loss)]
    let is_known = |id: R| (0.0..vocabulary as f64).contains(&id.to_f64().trunc());
    match ids.indexed_iter().find(|&(_, &id)| !is_known(id)) {
        None => Ok(()),
        Some((place, id)) => Err(EvaluateError::Id {
            layer: instance.name.clone(),
            id: id.to_string(),
            vocabulary,
            place: ndarray::Dimension::slice(&place).to_vec(),
        }),
    }
}

/// The shape of an array.
fn shape_of<R>(array: &ArrayD<R>) -> Shape {
    Shape(array.shape().iter().map(|&size| Dimension::Known(size as u64)).collect())
}

fn check_inputs<R>(graph: &TypedGraph, inputs: &[ArrayD<R>]) -> Result<(), EvaluateError> {
    if inputs.len() != graph.inputs().len() {
        return Err(EvaluateError::InputCount { expected: graph.inputs().len(), got: inputs.len() });
    }
    for (input, (array, &node)) in inputs.iter().zip(graph.inputs()).enumerate() {
        let expected = graph.shape(TensorId { node, output: 0 });
        let got = shape_of(array);
        let agrees = expected.0.iter().zip(&got.0).all(|(expected, &got)| expected.agrees(got));
        if expected.rank() != got.rank() || !agrees {
            return Err(EvaluateError::InputShape { input, expected: expected.clone(), got });
        }
    }
    Ok(())
}

fn run<R: Real>(
    node: &TypedNode,
    instance: &LayerInstance,
    weights: &[ArrayD<R>],
    inputs: &[ArrayD<R>],
) -> Result<Vec<ArrayD<R>>, EvaluateError> {
    check_weights(node, instance, weights)?;
    let shapes: Vec<Shape> = inputs.iter().map(shape_of).collect();
    instance
        .layer
        .output_shapes(&shapes)
        .map_err(|mismatch| EvaluateError::Shape { layer: instance.name.clone(), reason: mismatch.title })?;
    Ok(R::evaluate(instance.layer.as_ref(), &Call { inputs, weights }))
}

fn check_weights<R>(node: &TypedNode, instance: &LayerInstance, weights: &[ArrayD<R>]) -> Result<(), EvaluateError> {
    let wrong = |reason| Err(EvaluateError::Weights { layer: instance.name.clone(), reason });
    if weights.len() != node.weights.len() {
        return wrong(format!("{} weights were given, not {}", weights.len(), node.weights.len()));
    }
    for (spec, array) in node.weights.iter().zip(weights) {
        let shape: Vec<u64> = array.shape().iter().map(|&size| size as u64).collect();
        if shape != spec.shape {
            return wrong(format!("`{}` has shape {:?}, not {shape:?}", spec.path, spec.shape));
        }
    }
    Ok(())
}

fn value<R: Clone>(values: &[Vec<ArrayD<R>>], tensor: TensorId) -> ArrayD<R> {
    values[tensor.node.0][tensor.output].clone()
}

/// How often each node is read, the model's outputs included.
fn readers(graph: &TypedGraph) -> Vec<usize> {
    let mut counts = vec![0; graph.nodes().len()];
    for node in graph.nodes() {
        if let NodeKind::Layer { inputs, .. } = &node.node.kind {
            inputs.iter().for_each(|input| counts[input.node.0] += 1);
        }
    }
    graph.outputs().iter().for_each(|output| counts[output.node.0] += 1);
    counts
}

/// Frees what nobody reads any more.
fn release<R>(values: &mut [Vec<ArrayD<R>>], left: &mut [usize], read: &[TensorId]) {
    for tensor in read {
        left[tensor.node.0] -= 1;
        if left[tensor.node.0] == 0 {
            values[tensor.node.0].clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use rnn_grammar::Source;

    use super::*;
    use crate::layers::testing::{array, assert_near};

    fn graph(layers: &str) -> TypedGraph {
        let compiled = crate::compile(&Source::new("test.rnn", format!("model = Sequential([{layers}])\n")));
        assert_eq!(compiled.diagnostics, [], "{layers}");
        compiled.models[0].graph.clone()
    }

    /// Every weight is 0.5.
    fn halves(graph: &TypedGraph) -> impl Fn(NodeId) -> Vec<ArrayD<f64>> {
        |node| {
            let shapes = graph.nodes()[node.0].weights.iter().map(|weight| weight.shape.iter());
            let shapes = shapes.map(|shape| shape.map(|&size| usize::try_from(size).unwrap()).collect::<Vec<_>>());
            shapes.map(|shape| ArrayD::from_elem(shape, 0.5)).collect()
        }
    }

    #[test]
    fn layers_run_in_order_and_free_sizes_may_be_any() {
        let graph = graph("Input((None, 2)), Dense(1), Dropout(0.5), Flatten(), ReLU()");
        let input = array(&[1, 3, 2], &[1.0, 2.0, 3.0, 4.0, -5.0, -6.0]);
        let outputs = evaluate(&graph, halves(&graph), &[input]).unwrap();
        assert_near(&outputs[0], &[1, 3], &[2.0, 4.0, 0.0]);
    }

    #[test]
    fn inputs_that_do_not_fit_are_refused() {
        let graph = graph("Input((3, 2)), Dense(1)");
        let wrong = array(&[1, 2, 2], &[0.0; 4]);
        let refused = evaluate(&graph, halves(&graph), &[wrong]).unwrap_err();
        assert_eq!(refused.to_string(), "input 0 of the model is `(None, 3, 2)`, but the array is `(1, 2, 2)`");
        let none = evaluate(&graph, halves(&graph), &[]).unwrap_err();
        assert_eq!(none, EvaluateError::InputCount { expected: 1, got: 0 });
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        let graph = graph("Input((2,)), Dense(1, name='top')");
        let input = [array(&[1, 2], &[0.0; 2])];
        let few = evaluate(&graph, |_| Vec::new(), &input).unwrap_err();
        assert_eq!(few.to_string(), "layer `top`: 0 weights were given, not 2");
        let swapped = |_| vec![array(&[1, 2], &[0.0; 2]), array(&[1], &[0.0])];
        let misshaped = evaluate(&graph, swapped, &input).unwrap_err();
        assert_eq!(misshaped.to_string(), "layer `top`: `kernel` has shape [2, 1], not [1, 2]");
    }

    #[test]
    fn a_reshape_that_does_not_come_out_at_run_time_is_an_error() {
        let graph = graph("Input((None, 4)), Reshape((6, 2))");
        let fitting = array(&[1, 3, 4], &[1.0; 12]);
        assert_near(&evaluate(&graph, halves(&graph), &[fitting]).unwrap()[0], &[1, 6, 2], &[1.0; 12]);
        let refused = evaluate(&graph, halves(&graph), &[array(&[1, 2, 4], &[0.0; 8])]).unwrap_err();
        assert!(refused.to_string().contains("`Reshape` can't make `(6, 2)` of a sample `(2, 4)`"), "{refused}");
    }

    #[test]
    fn unknown_ids_give_nan_or_are_refused() {
        let graph = graph("Input((2,)), Embedding(3, 1, name='words')");
        let input = [array(&[1, 2], &[2.0, 3.0])];
        let values = evaluate(&graph, halves(&graph), &input).unwrap();
        assert!(values[0][[0, 1, 0]].is_nan() && !values[0][[0, 0, 0]].is_nan());
        let refused = evaluate_with(&graph, halves(&graph), &input, UnknownIds::Refuse).unwrap_err();
        assert_eq!(refused.to_string(), "layer `words` knows the ids 0 to 2, not 3, at [0, 1]");
    }
}
