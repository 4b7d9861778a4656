//! Every golden case of real Keras against the reference: acceptance, shapes, counts, and the numbers in f32 and f64.

// A test's helpers may panic.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, IxDyn};
use rnn_compiler::graph::TypedGraph;
use rnn_compiler::reference::{self, Real};
use rnn_compiler::weights::{self, BoundWeights, NamedTensor};
use rnn_compiler::{Compiled, Source, compile};
use safetensors::{Dtype, SafeTensors};

/// What Keras's f32 may be off by: absolutely, and relative to the largest output of the case, because the roundings
/// of large sums stay where they cancel.
const ABSOLUTE: f64 = 1e-6;
const RELATIVE: f64 = 1e-5;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens/layers");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "rnn")).collect();
    cases.sort();
    cases
}

fn compiled(path: &Path) -> Result<Compiled, String> {
    let compiled = compile(&Source::new(path.to_string_lossy(), fs::read_to_string(path).unwrap()));
    if compiled.has_errors() {
        let titles = compiled.diagnostics.iter().map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.title));
        return Err(titles.collect::<Vec<_>>().join("; "));
    }
    Ok(compiled)
}

fn tensors(path: &Path) -> Vec<NamedTensor> {
    weights::read(&fs::read(path).unwrap()).unwrap()
}

/// A tensor of the inputs and outputs: its shape and values, ids as f32 too, which holds small ones exactly.
fn recorded(file: &SafeTensors<'_>, name: &str) -> (Vec<u64>, Vec<f32>) {
    let tensor = file.tensor(name).unwrap();
    let words = tensor.data().chunks_exact(4).map(|bytes| <[u8; 4]>::try_from(bytes).unwrap());
    let values = match tensor.dtype() {
        Dtype::F32 => words.map(f32::from_le_bytes).collect(),
        Dtype::I32 => words.map(|bytes| i16::try_from(i32::from_le_bytes(bytes)).unwrap().into()).collect(),
        Dtype::BOOL => tensor.data().iter().map(|&byte| byte.into()).collect(),
        other => panic!("{name} is {other:?}"),
    };
    (tensor.shape().iter().map(|&size| size as u64).collect(), values)
}

fn array<R: Real>(shape: &[u64], values: &[f32]) -> ArrayD<R> {
    let shape: Vec<usize> = shape.iter().map(|&size| usize::try_from(size).unwrap()).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), values.iter().map(|&value| R::of(value.into())).collect()).unwrap()
}

/// `KIND`, or `KIND:NAME` of each name where there are several.
fn keys(kind: &str, names: &[String]) -> Vec<String> {
    match names {
        [_] => vec![kind.to_owned()],
        _ => names.iter().map(|name| format!("{kind}:{name}")).collect(),
    }
}

fn evaluated<R: Real>(
    graph: &TypedGraph,
    bound: &BoundWeights,
    inputs: &[(Vec<u64>, Vec<f32>)],
) -> Result<Vec<ArrayD<R>>, String> {
    let arrays = |node: rnn_compiler::graph::NodeId| {
        bound.node(node.0).iter().map(|weight| array(&weight.shape, &weight.values)).collect()
    };
    let inputs: Vec<_> = inputs.iter().map(|(shape, values)| array::<R>(shape, values)).collect();
    reference::evaluate(graph, arrays, &inputs).map_err(|error| error.to_string())
}

fn difference<R: Real>(case: &Path) -> Result<f64, String> {
    let compiled = compiled(case)?;
    let model = compiled.select(None).map_err(|error| error.title.clone())?;
    let bound = weights::bind(model, &tensors(&case.with_extension("safetensors")));
    let bound = bound.map_err(|mistakes| format!("{mistakes:?}"))?;
    let bytes = fs::read(case.with_extension("io.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let inputs: Vec<_> = keys("input", &model.input_names).iter().map(|key| recorded(&file, key)).collect();
    let outputs = evaluated::<R>(&model.graph, &bound, &inputs)?;
    let mut furthest: f64 = 0.0;
    for (actual, key) in outputs.iter().zip(keys("output", &model.output_names)) {
        let (expected_shape, expected) = recorded(&file, &key);
        let shape: Vec<u64> = actual.shape().iter().map(|&size| size as u64).collect();
        if shape != expected_shape {
            return Err(format!("{key} is {shape:?}, Keras's is {expected_shape:?}"));
        }
        let largest = expected.iter().fold(0.0, |largest, &value| f64::from(value).abs().max(largest));
        let limit = ABSOLUTE.max(RELATIVE * largest);
        let share = |(actual, expected): (&R, f32)| {
            let share = (actual.to_f64() - f64::from(expected)).abs() / limit;
            if share.is_nan() { f64::INFINITY } else { share }
        };
        furthest = actual.iter().zip(expected).map(share).fold(furthest, f64::max);
    }
    Ok(furthest)
}

fn check<R: Real>() {
    let cases = cases();
    assert!(!cases.is_empty());
    let mut mistakes = Vec::new();
    for case in &cases {
        let name = case.file_stem().unwrap().to_string_lossy();
        match difference::<R>(case) {
            Ok(share) if share <= 1.0 => {}
            Ok(share) => mistakes.push(format!("{name}: {share:.2} times the tolerance")),
            Err(reason) => mistakes.push(format!("{name}: {reason}")),
        }
    }
    assert!(mistakes.is_empty(), "{} of {} cases:\n{}", mistakes.len(), cases.len(), mistakes.join("\n"));
}

#[test]
fn the_reference_in_f64_gives_keras_s_numbers() {
    check::<f64>();
}

#[test]
fn the_reference_in_f32_gives_keras_s_numbers() {
    check::<f32>();
}
