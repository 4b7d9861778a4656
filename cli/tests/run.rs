//! `rnnc run` on files: every golden case of real Keras, each format, and every refusal.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use common::{Ran, folder, repository, rnnc, with_input};
use safetensors::SafeTensors;

const SUM: &str = "model = Sequential([Input((2, 3)), Flatten()])\n";
const WORDS: &str = "model = Sequential([Input((3,)), Embedding(4, 1)])\n";

fn floats(path: &Path, name: &str) -> (Vec<usize>, Vec<f32>) {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor(name).unwrap();
    let values = tensor.data().as_chunks::<4>().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect();
    (tensor.shape().to_vec(), values)
}

/// The recorded inputs as a file of their own, in which each has its plain name.
fn inputs_of(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let inputs = file.tensors().into_iter().filter(|(name, _)| name.starts_with("input"));
    let inputs = inputs.map(|(name, view)| (name.strip_prefix("input:").unwrap_or(&name).to_owned(), view));
    safetensors::serialize(inputs.collect::<Vec<_>>(), None).unwrap()
}

fn outputs_of(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let names = file.names().into_iter().filter(|name| *name == "output" || name.starts_with("output:"));
    names.map(str::to_owned).collect()
}

fn is_near(ours: f32, keras: f32) -> bool {
    (ours.is_nan() && keras.is_nan()) || ours == keras || (ours - keras).abs() <= 1e-6 + 1e-5 * keras.abs()
}

#[test]
fn every_golden_case_gives_the_numbers_of_keras() {
    let here = folder("goldens");
    let cases = fs::read_dir(repository("tests/goldens/layers")).unwrap().map(|entry| entry.unwrap().path());
    let mut count = 0;
    for text in cases.filter(|path| path.extension().is_some_and(|ending| ending == "rnn")) {
        let (weights, data) = (text.with_extension("safetensors"), text.with_extension("io.safetensors"));
        let inputs = here.join("x.safetensors");
        fs::write(&inputs, inputs_of(&data)).unwrap();
        let mut arguments =
            vec!["run", text.to_str().unwrap(), "--input", inputs.to_str().unwrap(), "--output", "y.safetensors"];
        if weights.exists() {
            arguments.extend(["--weights", weights.to_str().unwrap()]);
        }
        let ran = rnnc(&here, &arguments);
        assert_eq!(ran.code, 0, "{}: {}", text.display(), ran.err);
        for name in outputs_of(&data) {
            let own = name.strip_prefix("output:").unwrap_or(&name);
            let ((shape, ours), (expected, keras)) = (floats(&here.join("y.safetensors"), own), floats(&data, &name));
            assert_eq!(shape, expected, "{}", text.display());
            assert!(ours.iter().zip(&keras).all(|(&ours, &keras)| is_near(ours, keras)), "{}", text.display());
        }
        count += 1;
    }
    assert!(count > 100, "only {count} cases");
}

fn run(name: &str, text: &str, data: &[(&str, &[u8])], arguments: &[&str]) -> Ran {
    let here = folder(name);
    for (file, content) in data {
        fs::write(here.join(file), content).unwrap();
    }
    with_input(&here, &[&["run", "-"], arguments].concat(), text.as_bytes())
}

#[test]
fn a_table_is_one_sample_or_many() {
    let one = run("csv-one", SUM, &[("x.csv", b"a,b,c\n1,2,3\n4,5,6\n")], &["--input", "x.csv"]);
    assert_eq!((one.code, one.out.as_str()), (0, "1,2,3,4,5,6\n"), "{}", one.err);
    let many = run("csv-many", SUM, &[("x.csv", b"1,2,3,4,5,6\n7,8,9,10,11,12\n")], &["--input", "x.csv"]);
    assert_eq!(many.out, "1,2,3,4,5,6\n7,8,9,10,11,12\n", "{}", many.err);
}

#[test]
fn a_single_sample_gives_an_output_without_batch() {
    let here = folder("single");
    fs::write(here.join("m.rnn"), SUM).unwrap();
    fs::write(here.join("x.csv"), "1,2,3\n4,5,6\n").unwrap();
    let ran = rnnc(&here, &["run", "m.rnn", "--input", "x.csv", "--output", "y.safetensors"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(floats(&here.join("y.safetensors"), "output").0, [6]);
    let ran = rnnc(&here, &["run", "m.rnn", "--input", "x.csv", "--output", "y.npz", "--dtype", "f64"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let again = "model = Sequential([Input((6,)), Activation('linear')])\n";
    fs::write(here.join("n.rnn"), again).unwrap();
    let ran = rnnc(&here, &["run", "n.rnn", "--input", "y.npz"]);
    assert_eq!(ran.out, "1,2,3,4,5,6\n", "{}", ran.err);
}

#[test]
fn more_samples_than_one_step_takes_are_all_there() {
    let rows: String = (0..200).map(|row| format!("{row},0,0,0,0,1\n")).collect();
    let ran = run("many", SUM, &[("x.csv", rows.as_bytes())], &["--input", "x.csv"]);
    assert_eq!(ran.out, rows, "{}", ran.err);
}

#[test]
fn a_fixed_batch_takes_any_number_of_samples() {
    let text = "model = Sequential([Input(batch_shape=(8, 2, 3)), Flatten()])\n";
    let rows: String = (0..11).map(|row| format!("{row},0,0,0,0,1\n")).collect();
    let ran = run("fixed", text, &[("x.csv", rows.as_bytes())], &["--input", "x.csv"]);
    assert_eq!(ran.out, rows, "{}", ran.err);
}

#[test]
fn other_shapes_are_refused_with_both() {
    let ran = run("shape", SUM, &[("x.csv", b"1,2\n3,4\n")], &["--input", "x.csv"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("E504") && ran.err.contains("`(None, 2, 3)`") && ran.err.contains("`(2, 2)`"),
        "{}",
        ran.err
    );
}

#[test]
fn ids_outside_the_table_are_refused() {
    let header = r#"{"embedding/embeddings":{"dtype":"F32","shape":[4,1],"data_offsets":[0,16]}}"#;
    let mut weights = (header.len() as u64).to_le_bytes().to_vec();
    weights.extend(header.as_bytes());
    weights.extend([10.0_f32, 11.0, 12.0, 13.0].iter().flat_map(|value| value.to_le_bytes()));
    let files: [(&str, &[u8]); 3] = [("w.safetensors", &weights), ("good.csv", b"0,3,1\n"), ("bad.csv", b"0,4,1\n")];
    let good = run("ids", WORDS, &files, &["--weights", "w.safetensors", "--input", "good.csv"]);
    assert_eq!((good.code, good.out.as_str()), (0, "10\n13\n11\n"), "{}", good.err);
    let bad = run("ids", WORDS, &files, &["--weights", "w.safetensors", "--input", "bad.csv"]);
    assert_eq!(bad.code, 1);
    assert!(bad.err.contains("E505") && bad.err.contains("not 4"), "{}", bad.err);
}

#[test]
fn gaps_are_allowed_but_warned_of() {
    let ran = run("nan", SUM, &[("x.csv", b"1,,3,4,5,inf\n")], &["--input", "x.csv"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "1,NaN,3,4,5,inf\n"));
    assert!(ran.err.contains("warning[W501]: the input holds 2 values"), "{}", ran.err);
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let text = "model = Sequential([Input((2, 3)), LSTM(2)])\n";
    let ran = run("unbound", text, &[("x.csv", b"1,2,3,4,5,6\n")], &["--input", "x.csv"]);
    assert!(ran.code == 1 && ran.err.contains("E302") && ran.err.contains("--weights"), "{}", ran.err);
    let files: [(&str, &[u8]); 2] = [("x.csv", b"1,2,3,4,5,6\n"), ("w.safetensors", b"garbage")];
    let ran = run("garbage", text, &files, &["--input", "x.csv", "--weights", "w.safetensors"]);
    assert!(ran.code == 2 && ran.err.contains("E301") && ran.err.contains("w.safetensors"), "{}", ran.err);
}

/// A file of one tensor, `dense/kernel` of shape (2, 1).
fn kernel(dtype: &str, values: &[&[u8]]) -> Vec<u8> {
    let values = values.concat();
    let end = values.len();
    let header = format!(r#"{{"dense/kernel":{{"dtype":"{dtype}","shape":[2,1],"data_offsets":[0,{end}]}}}}"#);
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &values].concat()
}

#[test]
fn what_smaller_weights_change_is_told() {
    let text = "model = Sequential([Input((2,)), Dense(1, use_bias=False)])\n";
    let weights = kernel("F32", &[&0.1_f32.to_le_bytes(), &1.0_f32.to_le_bytes()]);
    let files: [(&str, &[u8]); 2] = [("w.safetensors", &weights), ("x.csv", b"1,0\n")];
    let arguments = |storage| ["--input", "x.csv", "--weights", "w.safetensors", "--storage", storage];
    let ran = run("halves", text, &files, &arguments("f16"));
    assert_eq!((ran.code, ran.out.as_str()), (0, "0.099975586\n"), "{}", ran.err);
    assert!(ran.err.contains("`dense` (Dense): 2 weights as f16, off by 2.4e-5 at most"), "{}", ran.err);
    assert!(ran.err.contains("output `dense`: off by 2.4e-5 at most"), "{}", ran.err);
    let ran = run("bytes", text, &files, &arguments("int8"));
    assert_eq!((ran.code, ran.out.as_str()), (0, "0.1023622\n"), "{}", ran.err);
    let ran = run("floats", text, &files, &arguments("f32"));
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "0.1\n", ""));
    let none = run("no-rows", SUM, &[("x.csv", b"1,2,3,4,5,6\n")], &["--input", "x.csv", "--storage", "bf16"]);
    assert!(none.code == 0 && none.err.starts_with("no layer of the model"), "{}", none.err);
}

#[test]
fn weights_that_halves_cannot_hold_are_refused() {
    let text = "model = Sequential([Input((2,)), Dense(1, use_bias=False)])\n";
    let weights = kernel("F32", &[&0.1_f32.to_le_bytes(), &7e4_f32.to_le_bytes()]);
    let files: [(&str, &[u8]); 2] = [("w.safetensors", &weights), ("x.csv", b"1,0\n")];
    let ran = run("large", text, &files, &["--input", "x.csv", "--weights", "w.safetensors", "--storage", "f16"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("E308") && ran.err.contains("holds 70000 at [1, 0]"), "{}", ran.err);
    assert!(ran.err.contains("bf16"), "{}", ran.err);
}

#[test]
fn floats_of_16_bits_are_read() {
    let text = "model = Sequential([Input((2,)), Dense(1, use_bias=False)])\n";
    for (dtype, half) in [("F16", 0x3e00_u16), ("BF16", 0x3fc0)] {
        let weights = kernel(dtype, &[&half.to_le_bytes(), &half.to_le_bytes()]);
        let files: [(&str, &[u8]); 2] = [("w.safetensors", &weights), ("x.csv", b"1,1\n")];
        let ran = run("half-file", text, &files, &["--input", "x.csv", "--weights", "w.safetensors"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, "3\n"), "{dtype}: {}", ran.err);
    }
    let weights = kernel("F64", &[&1.5_f64.to_le_bytes(), &1.5_f64.to_le_bytes()]);
    let files: [(&str, &[u8]); 2] = [("w.safetensors", &weights), ("x.csv", b"1,1\n")];
    let ran = run("double-file", text, &files, &["--input", "x.csv", "--weights", "w.safetensors"]);
    assert!(ran.code == 1 && ran.err.contains("E305") && ran.err.contains("float64"), "{}", ran.err);
}

#[test]
fn files_that_are_no_arrays_end_with_2() {
    let ran = run("pickle", SUM, &[("x.pickle", b"")], &["--input", "x.pickle"]);
    assert!(ran.code == 2 && ran.err.contains("E503"), "{}", ran.err);
    let ran = run("cut", SUM, &[("x.npy", b"\x93NUMPY\x01\x00v")], &["--input", "x.npy"]);
    assert!(ran.code == 2 && ran.err.contains("E503"), "{}", ran.err);
    let ran = run("gone", SUM, &[], &["--input", "x.npy"]);
    assert!(ran.code == 2 && ran.err.contains("E501"), "{}", ran.err);
    let ran = run("there", SUM, &[("x.csv", b"1,2,3,4,5,6\n")], &["--input", "x.csv", "--output", "no/y.npy"]);
    assert!(ran.code == 2 && ran.err.contains("E502"), "{}", ran.err);
}
