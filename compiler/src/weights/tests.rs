//! Reading and binding, and every way in which a file can be wrong.

use rnn_grammar::{Code, Diagnostic, Source};

use super::*;
use crate::model::CompiledModel;

const TEXT: &str = "model = Sequential([Input((2, 3)), LSTM(1), Dense(2)])\n";

fn model(text: &str) -> CompiledModel {
    let compiled = crate::compile(&Source::new("t.rnn", text));
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    compiled.select(None).unwrap().clone()
}

fn tensor(name: &str, shape: &[u64]) -> NamedTensor {
    let count = shape.iter().product::<u64>();
    NamedTensor { name: name.into(), shape: shape.to_vec(), values: Ok((0..count).map(|value| value as f32).collect()) }
}

fn all() -> Vec<NamedTensor> {
    vec![
        tensor("dense/bias", &[2]),
        tensor("dense/kernel", &[1, 2]),
        tensor("lstm/lstm_cell/bias", &[4]),
        tensor("lstm/lstm_cell/kernel", &[3, 4]),
        tensor("lstm/lstm_cell/recurrent_kernel", &[1, 4]),
    ]
}

fn mistakes(tensors: &[NamedTensor]) -> Vec<Diagnostic> {
    let model = model(TEXT);
    bind(&model, tensors).map(|_| ()).err().unwrap_or_default()
}

fn codes(tensors: &[NamedTensor]) -> Vec<Code> {
    mistakes(tensors).into_iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn weights_come_in_the_order_of_the_layer() {
    let model = model(TEXT);
    let bound = bind(&model, &all()).unwrap();
    let shapes: Vec<Vec<u64>> = bound.node(1).iter().map(|weight| weight.shape.clone()).collect();
    assert_eq!(shapes, [vec![3, 4], vec![1, 4], vec![4]]);
    assert_eq!(bound.node(0).len(), 0);
    assert_eq!(*bound.node(2)[1].values, [0.0, 1.0]);
}

#[test]
fn keys_may_start_with_a_models_name() {
    for prefix in ["sequential", "another_name"] {
        let mut tensors = all();
        tensors.iter_mut().for_each(|tensor| tensor.name = format!("{prefix}/{}", tensor.name));
        assert_eq!(codes(&tensors), [], "{prefix}");
    }
}

#[test]
fn a_shared_layer_is_bound_once() {
    let model = model("d = Dense(2)\nmodel = Sequential([Input((2,)), d, d])\n");
    let tensors = [tensor("dense/kernel", &[2, 2]), tensor("dense/bias", &[2])];
    let bound = bind(&model, &tensors).unwrap();
    assert_eq!(bound.node(1), bound.node(2));
}

#[test]
fn every_mistake_is_reported_in_one_run() {
    let mut tensors = all();
    tensors[0].values = Err("float64".into());
    tensors[1] = tensor("dense/kernel", &[2, 1]);
    tensors[2].values = Ok([0.0, f32::NAN, f32::INFINITY, 0.0].into());
    tensors[3].name = "lstm/lstm_cell/kernal".into();
    tensors.push(tensor("conv/kernel", &[1]));
    let expected = [Code::E306, Code::E304, Code::E305, Code::E302, Code::E303, Code::E303];
    assert_eq!(codes(&tensors), expected);
}

#[test]
fn a_missing_weight_names_its_layer_shape_and_a_near_name() {
    let mut tensors = all();
    tensors[3].name = "lstm/lstm_cell/kernal".into();
    let missing = &mistakes(&tensors)[0];
    assert_eq!(
        missing.title,
        "the weights lack `lstm/lstm_cell/kernel` of shape (3, 4), which the layer `lstm` (LSTM) needs"
    );
    assert!(missing.helps[0].text.contains("did you mean `lstm/lstm_cell/kernal`"), "{:?}", missing.helps);
}

#[test]
fn another_layer_name_is_found_by_shape() {
    let mut tensors = all();
    for tensor in &mut tensors[2..] {
        tensor.name = tensor.name.replace("lstm/", "the_recurrent_part_of_it/");
    }
    let missing = mistakes(&tensors);
    assert!(missing[0].helps[0].text.contains("`the_recurrent_part_of_it/lstm_cell/kernel`"), "{:?}", missing[0].helps);
}

#[test]
fn a_wrong_shape_names_both_and_sees_swapped_axes() {
    let mut tensors = all();
    tensors[1] = tensor("dense/kernel", &[2, 1]);
    let wrong = &mistakes(&tensors)[0];
    assert_eq!(wrong.title, "`dense/kernel` has shape (2, 1), but the layer `dense` (Dense) needs (1, 2)");
    assert!(wrong.helps[0].text.contains("swapped"));
}

#[test]
fn a_value_that_is_no_number_has_its_place() {
    let mut tensors = all();
    let mut values = vec![0.0; 12];
    values[6] = f32::NAN;
    tensors[3].values = Ok(values.into());
    assert_eq!(mistakes(&tensors)[0].title, "`lstm/lstm_cell/kernel` of the layer `lstm` (LSTM) holds NaN at [1, 2]");
}

#[test]
fn one_weight_under_two_keys_is_e307() {
    let mut tensors = all();
    tensors.push(tensor("sequential/dense/bias", &[2]));
    assert_eq!(codes(&tensors), [Code::E307]);
}

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

const ONE: &str = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;

#[test]
fn a_file_is_read_with_shapes_and_values() {
    let data: Vec<u8> = [1.5_f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let tensors = read(&file(ONE, &data)).unwrap();
    assert_eq!(tensors, [NamedTensor { name: "a".into(), shape: vec![2], values: Ok([1.5, -2.0].into()) }]);
}

#[test]
fn floats_of_16_bits_are_read_as_those_of_32() {
    for (dtype, numbers) in [("F16", [0x3e00_u16, 0xc000]), ("BF16", [0x3fc0, 0xc000])] {
        let header = format!(r#"{{"a":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,4]}}}}"#);
        let tensors = read(&file(&header, &numbers.map(u16::to_le_bytes).concat())).unwrap();
        assert_eq!(tensors[0].values, Ok([1.5, -2.0].into()), "{dtype}");
    }
}

#[test]
fn other_number_types_have_keras_names() {
    for (dtype, bytes, name) in [("I32", 4, "int32"), ("U8", 1, "uint8")] {
        let header = format!(r#"{{"a":{{"dtype":"{dtype}","shape":[1],"data_offsets":[0,{bytes}]}}}}"#);
        let tensors = read(&file(&header, &vec![0; bytes])).unwrap();
        assert_eq!(tensors[0].values, Err(name.into()));
    }
}

fn reason(bytes: &[u8]) -> String {
    let diagnostics = read(bytes).unwrap_err();
    assert_eq!((diagnostics.len(), diagnostics[0].code), (1, Code::E301));
    diagnostics[0].notes.join("; ")
}

#[test]
fn damaged_files_say_what_is_wrong() {
    assert_eq!(reason(b""), "the file is empty");
    assert_eq!(reason(b"abc"), "the file has only 3 bytes");
    assert!(reason(&file(ONE, &[0; 7])).contains("`a` ends at byte 8 of its data, which has 7 bytes"));
    assert!(reason(&9_u64.to_le_bytes()).contains("its header should have 9 bytes, but only 0 follow"));
    assert!(reason(&file("{", &[])).contains("no JSON object"));
    assert!(reason(&file("[]", &[])).contains("no JSON object"));
    assert!(reason(&u64::MAX.to_le_bytes()).contains("header"));
    assert!(reason(b"\x89HDF\r\n\x1a\n and more").contains("Keras saved"));
    let huge = r#"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,18446744073709551615]}}"#;
    assert!(reason(&file(huge, &[0; 8])).contains("cut off"));
}

#[test]
fn no_truncation_of_a_file_passes_or_panics() {
    let whole = file(ONE, &[0; 8]);
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err());
    }
}

#[test]
fn a_name_that_stands_twice_is_e307() {
    let twice = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
    let diagnostics = read(&file(twice, &[0; 8])).unwrap_err();
    assert_eq!(diagnostics[0].code, Code::E307);
    assert!(diagnostics[0].title.contains("`a` twice"));
}

#[test]
fn float64_weights_keep_all_bits_and_fit_float64_models_only() {
    let header = r#"{"dense/kernel":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]}}"#;
    let tensors = read(&file(header, &0.1_f64.to_le_bytes())).unwrap();
    let text = "model = Sequential([Input((1,)), Dense(1, use_bias=False)])\n";
    let refused = bind(&model(text), &tensors).unwrap_err();
    assert_eq!((refused.len(), refused[0].code), (1, Code::E305));
    let double = model(&format!("keras.config.set_floatx('float64')\n{text}"));
    let bound = bind(&double, &tensors).unwrap();
    assert_eq!(*bound.node(1)[0].values.wide(), [0.1]);
    let single = [tensor("dense/kernel", &[1, 1])];
    assert_eq!(*bind(&double, &single).unwrap().node(1)[0].values.wide(), [0.0]);
}
