//! Models whose weights are stored as smaller numbers: embedded and loaded alike, as a stream, as a batch, and against
//! floats of the values that the compiler says the numbers stand for.

#![allow(clippy::unwrap_used)]

use rnn_compiler::plan::plan_stored;
use rnn_compiler::storage::{Storage, stored};
use rnn_compiler::weights::{self, BoundWeights};
use rnn_compiler::{CompiledModel, Source};
use rnn_runtime::weights::WeightsError;
use rnn_runtime::{Model, rnn_model};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

macro_rules! digits {
    ($($storage:literal $embedded:ident $loaded:ident;)*) => {$(
        rnn_model! {
            #[source = "../../examples/digits/digits.rnn"]
            #[weights = "../../examples/digits/digits.safetensors"]
            #[storage = $storage]
            struct $embedded;
        }
        rnn_model! {
            #[source = "../../examples/digits/digits.rnn"]
            #[storage = $storage]
            struct $loaded;
        }
    )*};
}
digits! {
    "f16" Halves LoadedHalves;
    "bf16" UpperHalves LoadedUpperHalves;
    "int8" Bytes LoadedBytes;
    "f32" Floats LoadedFloats;
}

const TEXT: &str = include_str!("../../examples/digits/digits.rnn");
const FILE: &[u8] = include_bytes!("../../examples/digits/digits.safetensors");

type Scan = [[f32; 8]; 8];

fn scans() -> Vec<Scan> {
    let value = |place: usize| (place.wrapping_mul(2_654_435_761) % 1000) as f32 / 1000.0;
    (0..6).map(|scan| std::array::from_fn(|row| std::array::from_fn(|at| value(64 * scan + 8 * row + at)))).collect()
}

fn bits<const N: usize>(outputs: &[[f32; N]]) -> Vec<u32> {
    outputs.as_flattened().iter().map(|value| value.to_bits()).collect()
}

/// A safetensors file of the model's weights.
fn file(model: &CompiledModel, bound: &BoundWeights, dtype: Dtype, bytes: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    let mut keys = weights::keys(&model.graph).into_iter();
    for node in 0..model.graph.nodes().len() {
        for weight in bound.node(node) {
            let shape = weight.shape.iter().map(|&axis| usize::try_from(axis).unwrap()).collect();
            let bytes = weight.values.iter().flat_map(|&value| bytes(value)).collect();
            tensors.push((keys.next().unwrap(), shape, bytes));
        }
    }
    let views = tensors.iter().map(|(key, shape, bytes)| (key, TensorView::new(dtype, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

/// The digits' weights as this storage rounds them.
fn rounded(storage: Storage) -> Vec<u8> {
    let compiled = rnn_compiler::compile(&Source::new("digits.rnn", TEXT));
    let model = compiled.select(None).unwrap();
    let bound = weights::bind(model, &weights::read(FILE).unwrap()).unwrap();
    let stored = stored(model, &plan_stored(model, storage).unwrap(), &bound).unwrap();
    assert_eq!(stored.losses.len(), if storage == Storage::F32 { 0 } else { 3 });
    file(model, &stored.weights, Dtype::F32, |value| value.to_le_bytes().to_vec())
}

macro_rules! check {
    ($embedded:ident, $loaded:ident, $storage:expr) => {{
        let scans = scans();
        let mut buffer = vec![0.0; $loaded::WEIGHTS];
        let loaded = $loaded::load(FILE, &mut buffer).unwrap();
        let outputs: Vec<[f32; 10]> = scans.iter().map(|scan| $embedded::new().forward(scan)).collect();
        let of_loaded: Vec<[f32; 10]> = scans.iter().map(|scan| loaded.forward(scan)).collect();
        assert_eq!(bits(&outputs), bits(&of_loaded), "embedded and loaded");
        let streamed: Vec<[f32; 10]> = scans
            .iter()
            .map(|scan| {
                let mut stream = loaded.stream();
                scan.iter().map(|frame| stream.step(frame)).last().unwrap()
            })
            .collect();
        assert_eq!(bits(&outputs), bits(&streamed), "streamed");
        let mut together = vec![[0.0; 10]; scans.len()];
        loaded.forward_batch(&scans, &mut together).unwrap();
        assert_eq!(bits(&outputs), bits(&together), "in a batch");
        // Packed weights are plain data: a copy of them is the same model.
        let copy = buffer.clone();
        let again = $loaded::from_packed(&copy).unwrap().forward(&scans[0]);
        assert_eq!(bits(&[again]), bits(&outputs[..1]), "from packed");
        // The values that the numbers stand for, as floats.
        let mut floats = vec![0.0; LoadedFloats::WEIGHTS];
        let floats = LoadedFloats::load(&rounded($storage), &mut floats).unwrap();
        let exact: Vec<[f32; 10]> = scans.iter().map(|scan| floats.forward(scan)).collect();
        (outputs, exact)
    }};
}

fn distance(left: &[[f32; 10]], right: &[[f32; 10]]) -> f32 {
    let pairs = left.as_flattened().iter().zip(right.as_flattened());
    pairs.map(|(left, right)| (left - right).abs()).fold(0.0, f32::max)
}

#[test]
fn halves_are_floats_of_their_values() {
    let (outputs, exact) = check!(Halves, LoadedHalves, Storage::F16);
    assert_eq!(bits(&outputs), bits(&exact));
    let (outputs, exact) = check!(UpperHalves, LoadedUpperHalves, Storage::Bf16);
    assert_eq!(bits(&outputs), bits(&exact));
}

#[test]
fn bytes_are_floats_of_their_values_but_for_rounding() {
    let (outputs, exact) = check!(Bytes, LoadedBytes, Storage::Int8);
    assert!(distance(&outputs, &exact) < 1e-5, "{}", distance(&outputs, &exact));
}

#[test]
fn floats_stay_what_they_are() {
    let (outputs, exact) = check!(Floats, LoadedFloats, Storage::F32);
    assert_eq!(bits(&outputs), bits(&exact));
    let outputs = |model: fn(&Scan) -> [f32; 10]| scans().iter().map(model).collect::<Vec<_>>();
    let exact = outputs(|scan| Floats::new().forward(scan));
    for (storage, outputs, most) in [
        ("f16", outputs(|scan| Halves::new().forward(scan)), 2e-3),
        ("bf16", outputs(|scan| UpperHalves::new().forward(scan)), 2e-2),
        ("int8", outputs(|scan| Bytes::new().forward(scan)), 5e-2),
    ] {
        let distance = distance(&outputs, &exact);
        assert!(distance > 0.0 && distance < most, "{storage}: {distance}");
    }
}

#[test]
fn smaller_numbers_take_less_room() {
    let share = |floats: usize| floats as f64 / LoadedFloats::WEIGHTS as f64;
    assert!(share(LoadedHalves::WEIGHTS) < 0.52, "{}", share(LoadedHalves::WEIGHTS));
    assert_eq!(LoadedHalves::WEIGHTS, LoadedUpperHalves::WEIGHTS);
    assert!(share(LoadedBytes::WEIGHTS) < 0.31, "{}", share(LoadedBytes::WEIGHTS));
}

#[test]
fn files_of_halves_are_read() {
    let compiled = rnn_compiler::compile(&Source::new("digits.rnn", TEXT));
    let model = compiled.select(None).unwrap();
    let bound = weights::bind(model, &weights::read(&rounded(Storage::F16)).unwrap()).unwrap();
    // Biases are no halves: they are rounded here, and nothing else is.
    let halves = |value: f32| rnn_compiler::storage::half(value).to_le_bytes().to_vec();
    let halves = file(model, &bound, Dtype::F16, halves);
    let floats = |value: f32| rnn_compiler::storage::of_half(rnn_compiler::storage::half(value)).to_le_bytes().to_vec();
    let floats = file(model, &bound, Dtype::F32, floats);
    assert!(halves.len() < floats.len());
    let (mut left, mut right) = (vec![0.0; LoadedHalves::WEIGHTS], vec![0.0; LoadedHalves::WEIGHTS]);
    LoadedHalves::load(&halves, &mut left).unwrap();
    LoadedHalves::load(&floats, &mut right).unwrap();
    assert!(left.iter().zip(&right).all(|(left, right)| left.to_bits() == right.to_bits()));
}

#[test]
fn what_a_half_cannot_hold_is_refused() {
    let compiled = rnn_compiler::compile(&Source::new("digits.rnn", TEXT));
    let model = compiled.select(None).unwrap();
    let bound = weights::bind(model, &weights::read(FILE).unwrap()).unwrap();
    let large = file(model, &bound, Dtype::F32, |value| (value * 1e5).to_le_bytes().to_vec());
    let mut buffer = vec![0.0; LoadedHalves::WEIGHTS];
    let error = LoadedHalves::load(&large, &mut buffer).unwrap_err();
    assert!(matches!(error, WeightsError::TooLarge { class: "GRU", .. }), "{error}");
    assert!(error.to_string().contains("is too large at position"), "{error}");
    let mut buffer = vec![0.0; LoadedUpperHalves::WEIGHTS];
    assert!(LoadedUpperHalves::load(&large, &mut buffer).is_ok());
    let bound = weights::bind(model, &weights::read(&large).unwrap()).unwrap();
    let plan = plan_stored(model, Storage::F16).unwrap();
    let refused = stored(model, &plan, &bound).unwrap_err();
    assert!(refused.iter().all(|diagnostic| diagnostic.code.as_str() == "E308"), "{refused:?}");
    // Kernels and recurrent kernels of two layers, and the last kernel: one message each.
    assert_eq!(refused.len(), 5, "{refused:?}");
}
