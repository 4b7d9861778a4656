//! Files that real Keras saved, whole and damaged.

use std::path::PathBuf;

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/keras").join(name)).unwrap()
}

fn expected() -> Vec<NamedTensor> {
    weights::read(&fixture("every_layer.safetensors")).unwrap()
}

fn sorted(mut tensors: Vec<NamedTensor>) -> Vec<NamedTensor> {
    tensors.sort_by(|left, right| left.name.cmp(&right.name));
    tensors
}

#[test]
fn an_archive_gives_keras_own_paths_and_values() {
    assert_eq!(sorted(read(fixture("every_layer.keras"), None).unwrap()), expected());
}

#[test]
fn weights_alone_take_their_names_from_the_model() {
    let text = String::from_utf8(fixture("every_layer.rnn")).unwrap();
    let compiled = rnn_compiler::compile(&rnn_compiler::Source::new("every_layer.rnn", text));
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let model = compiled.select(None).unwrap();
    assert_eq!(sorted(read(fixture("every_layer.weights.h5"), Some(model)).unwrap()), expected());
    assert!(read(fixture("every_layer.weights.h5"), None).unwrap_err().help.unwrap().contains("--model"));
}

#[test]
fn layers_of_several_inputs_and_with_layers_inside_are_read() {
    let expected = weights::read(&fixture("further_layers.safetensors")).unwrap();
    let text = String::from_utf8(fixture("further_layers.rnn")).unwrap();
    let compiled = rnn_compiler::compile(&rnn_compiler::Source::new("further_layers.rnn", text));
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let model = compiled.select(None).unwrap();
    for tensors in [
        read(fixture("further_layers.keras"), None),
        read(fixture("further_layers.keras"), Some(model)),
        read(fixture("further_layers.weights.h5"), Some(model)),
    ] {
        let mut tensors = sorted(tensors.unwrap());
        // The integer that `Normalization` counts with is read as a zero; nothing computes with it.
        tensors.retain(|tensor| !tensor.name.ends_with("/count"));
        assert_eq!(tensors, expected);
    }
    weights::bind(model, &read(fixture("further_layers.keras"), None).unwrap()).unwrap();
}

#[test]
fn what_layers_share_is_read_where_it_came_first() {
    let expected = weights::read(&fixture("shared_layers.safetensors")).unwrap();
    let text = String::from_utf8(fixture("shared_layers.rnn")).unwrap();
    let compiled = rnn_compiler::compile(&rnn_compiler::Source::new("shared_layers.rnn", text));
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let model = compiled.select(None).unwrap();
    for name in ["shared_layers.keras", "shared_layers.weights.h5"] {
        assert_eq!(sorted(read(fixture(name), Some(model)).unwrap()), expected, "{name}");
    }
    // The archive's configuration does not tell which of them made the weights: the first that holds them names them.
    let named = read(fixture("shared_layers.keras"), None).unwrap();
    assert_eq!(named.len(), expected.len());
    let (one, other) = (weights::bind(model, &named).unwrap(), weights::bind(model, &expected).unwrap());
    for node in 0..model.graph.nodes().len() {
        assert_eq!(one.node(node), other.node(node), "{node}");
    }
}

#[test]
fn another_model_is_refused_with_the_layer() {
    let text = "model = Sequential([Input((5, 6)), LSTM(3)])\n";
    let compiled = rnn_compiler::compile(&rnn_compiler::Source::new("other.rnn", text));
    let mistake = read(fixture("every_layer.weights.h5"), Some(compiled.select(None).unwrap())).unwrap_err();
    assert!(mistake.title.contains("lstm"), "{mistake:?}");
}

#[test]
fn damaged_files_are_errors() {
    std::panic::set_hook(Box::new(|_| {}));
    for name in ["every_layer.keras", "every_layer.weights.h5"] {
        let bytes = fixture(name);
        let text = String::from_utf8(fixture("every_layer.rnn")).unwrap();
        let compiled = rnn_compiler::compile(&rnn_compiler::Source::new("every_layer.rnn", text));
        let model = compiled.select(None).unwrap();
        for index in 0..200 {
            let cut = bytes.len() * index / 200;
            assert!(read(bytes[..cut].to_vec(), Some(model)).is_err(), "{name} cut to {cut}");
            let mut flipped = bytes.clone();
            flipped[cut] ^= 0x5a;
            let _ = read(flipped, Some(model));
        }
    }
    assert!(read(b"not at all".to_vec(), None).is_err());
    assert!(read(Vec::new(), None).is_err());
}
