//! Random models with random weights, computed by the reference in f64.

use std::error::Error;

use ndarray::{ArrayD, IxDyn};
use rnn_compiler::graph::{NodeId, NodeKind};
use rnn_compiler::masks::has_masks;
use rnn_compiler::precision::Precision;
use rnn_compiler::storage::{self, Storage};
use rnn_compiler::weights::{BoundWeights, NamedTensor, Numbers, bind, key};
use rnn_compiler::{CompiledModel, plan, reference};
use rnn_grammar::Source;

use crate::random_text::Random;
use crate::write::{Case, Sample};
use crate::{random_causal, random_graph, random_text};

/// How many models a part has.
const N_MODELS: usize = 100;

/// How many models in float64 there are.
const N_DOUBLE: usize = 24;

/// What the parts are made of.
const KINDS: [Kind; 4] = [Kind::Sequential, Kind::Sequential, Kind::Graphs, Kind::Causal];

/// What a part is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sequential,
    Graphs,
    /// Graphs that run as streams and look at several timesteps.
    Causal,
}

/// Timesteps of the samples where the model leaves them free.
const FREE_TIMESTEPS: [usize; 3] = [1, 5, 40];

/// Models that the compiler accepts, of a seed that the part alone decides.
pub(crate) fn cases(part: usize) -> Result<Vec<Case>, Box<dyn Error>> {
    let mut random = Random::new(20_261_123 + 2 * part as u64);
    let mut cases = Vec::new();
    for _ in 0..100 * N_MODELS {
        if cases.len() == N_MODELS {
            return Ok(cases);
        }
        let text = text(KINDS[part], &mut random);
        // One in two is of floats; the others take the smaller numbers in turn.
        let storage = match cases.len() % 6 {
            1 => Storage::F16,
            3 => Storage::Bf16,
            5 => Storage::Int8,
            _ => Storage::F32,
        };
        let name = format!("random_{part}_{}", cases.len());
        cases.extend(case(name, text, (KINDS[part], storage), &mut random)?);
    }
    Err("too few random texts are models".into())
}

/// Models in float64, of every kind.
pub(crate) fn double_cases() -> Result<Vec<Case>, Box<dyn Error>> {
    let mut random = Random::new(64);
    let mut cases = Vec::new();
    for _ in 0..100 * N_DOUBLE {
        if cases.len() == N_DOUBLE {
            return Ok(cases);
        }
        let kind = KINDS[cases.len() % KINDS.len()];
        let text = format!("keras.config.set_floatx('float64')\n{}", text(kind, &mut random));
        let name = format!("double_{}", cases.len());
        cases.extend(case(name, text, (kind, Storage::F32), &mut random)?);
    }
    Err("too few random texts are models".into())
}

fn text(kind: Kind, random: &mut Random) -> String {
    match kind {
        Kind::Sequential => random_text::text(random),
        Kind::Graphs => random_graph::text(random),
        Kind::Causal => random_causal::text(random),
    }
}

fn case(
    name: String,
    text: String,
    (kind, storage): (Kind, Storage),
    random: &mut Random,
) -> Result<Option<Case>, Box<dyn Error>> {
    let compiled = rnn_compiler::compile(&Source::new(name.clone(), text));
    let Ok(model) = compiled.select(None).cloned() else { return Ok(None) };
    if compiled.has_errors() {
        return Ok(None);
    }
    let Ok(plan) = plan::plan_stored(&model, storage) else { return Ok(None) };
    let is_by_clock = plan.streaming().is_ok_and(|streams| streams.chunk.is_none());
    if kind == Kind::Causal && !is_by_clock {
        return Ok(None);
    }
    let tensors = tensors(&model, random);
    let weights = bind(&model, &tensors).map_err(|_| "the weights don't fit")?;
    let file = file(&tensors)?;
    // What the numbers stand for is what the code must compute with.
    let stored = storage::stored(&model, &plan, &weights).map_err(|_| "the weights can't be stored")?;
    // Windows need so many timesteps.
    let timesteps = if is_by_clock { [random_causal::TIMESTEPS; 3] } else { FREE_TIMESTEPS };
    let samples = timesteps.into_iter().map(|timesteps| sample(&model, &stored.weights, timesteps, random));
    let samples = samples.collect::<Result<Vec<_>, _>>()?;
    let is_tame = samples.iter().flat_map(|sample| &sample.output).all(|value| value.abs() < 100.0);
    Ok(is_tame.then_some(Case { name, model, weights, file, storage, samples }))
}

/// Weights of a size that keeps sums near 1; variances above 0.
fn tensors(model: &CompiledModel, random: &mut Random) -> Vec<NamedTensor> {
    let mut tensors: Vec<NamedTensor> = Vec::new();
    for node in model.graph.nodes() {
        let NodeKind::Layer { instance, .. } = &node.node.kind else { continue };
        for weight in node.weights.iter().filter(|_| node.is_first_use) {
            let name = key(instance, weight);
            if tensors.iter().any(|tensor| tensor.name == name) {
                continue;
            }
            let length: u64 = weight.shape.iter().product();
            let rows = if weight.shape.len() > 1 { weight.shape[0] as f64 } else { 4.0 };
            let is_variance = weight.path.ends_with("variance");
            let values = (0..length)
                .map(|_| if is_variance { 0.5 + random.unit() } else { (2.0 * random.unit() - 1.0) / rows.sqrt() });
            let values: Numbers = match model.precision {
                Precision::Single => values.map(|value| value as f32).collect(),
                Precision::Double => values.collect(),
            };
            tensors.push(NamedTensor { name, shape: weight.shape.clone(), values: Ok(values) });
        }
    }
    tensors
}

fn file(tensors: &[NamedTensor]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut bytes: Vec<(String, Vec<usize>, safetensors::Dtype, Vec<u8>)> = Vec::new();
    for tensor in tensors {
        let values = tensor.values.clone()?;
        let shape = tensor.shape.iter().map(|&axis| axis as usize).collect();
        let (dtype, values) = match values.is_double() {
            true => (safetensors::Dtype::F64, values.wide().iter().flat_map(|value| value.to_le_bytes()).collect()),
            false => (safetensors::Dtype::F32, values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        };
        bytes.push((tensor.name.clone(), shape, dtype, values));
    }
    let views = bytes.iter().map(|(name, shape, dtype, bytes)| {
        Ok((name, safetensors::tensor::TensorView::new(*dtype, shape.clone(), bytes)?))
    });
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    Ok(safetensors::serialize(views, None)?)
}

fn sample(
    model: &CompiledModel,
    weights: &BoundWeights,
    timesteps: usize,
    random: &mut Random,
) -> Result<Sample, Box<dyn Error>> {
    let takes_ids = model.graph.nodes().iter().find_map(|node| match &node.node.kind {
        NodeKind::Layer { instance, .. } => instance.layer.vocabulary(),
        NodeKind::Input { .. } => None,
    });
    let value = |random: &mut Random| match takes_ids {
        Some(vocabulary) => (random.below(vocabulary as usize)) as f64,
        // As its type has it: the code can be given nothing finer.
        None => model.precision.round(4.0 * random.unit() - 2.0),
    };
    let is_masked = has_masks(&model.graph);
    let mut input: Vec<f64> = Vec::new();
    let mut arrays = Vec::new();
    for read in model.input_shapes() {
        let mut shape = vec![1];
        shape.extend(read.sample().iter().map(|axis| axis.known().map_or(timesteps, |size| size as usize)));
        let length: usize = shape.iter().product();
        let mut values: Vec<f64> = (0..length).map(|_| value(random)).collect();
        if is_masked && shape.len() > 1 {
            mask_some(&mut values, length / shape[1].max(1), random);
        }
        input.extend_from_slice(&values);
        arrays.push(ArrayD::from_shape_vec(IxDyn(&shape), values)?);
    }
    Ok(Sample { input, output: exact(model, weights, &arrays)?, slack: 0.0 })
}

/// The outputs of the reference in f64, one behind the other.
pub(crate) fn exact(
    model: &CompiledModel,
    weights: &BoundWeights,
    inputs: &[ArrayD<f64>],
) -> Result<Vec<f64>, Box<dyn Error>> {
    let of_node = |node: NodeId| -> Vec<ArrayD<f64>> {
        let arrays = weights.node(node.0).iter().map(|weight| {
            let shape: Vec<usize> = weight.shape.iter().map(|&axis| axis as usize).collect();
            ArrayD::from_shape_vec(IxDyn(&shape), weight.values.wide().to_vec())
        });
        arrays.collect::<Result<_, _>>().unwrap_or_default()
    };
    let outputs = reference::evaluate(&model.graph, of_node, inputs).map_err(|error| error.to_string())?;
    Ok(outputs.iter().flatten().copied().collect())
}

/// Some steps become zeros, which `Masking()`, an `Embedding` and a mask skip: the first ones, the last ones, or any.
fn mask_some(values: &mut [f64], step: usize, random: &mut Random) {
    let steps = values.chunks_mut(step.max(1));
    let (count, kind) = (steps.len(), random.below(4));
    let bound = random.below(count + 1);
    for (index, values) in steps.enumerate() {
        let is_masked = match kind {
            0 => index < bound,
            1 => index >= bound,
            2 => random.below(3) == 0,
            _ => false,
        };
        if is_masked {
            values.fill(0.0);
        }
    }
}
