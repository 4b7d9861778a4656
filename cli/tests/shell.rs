//! `rnnc` from outside: arguments, exit codes, and what goes to which output.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{folder, repository, rnnc, with_input};

const GOOD: &str = "model = Sequential([Input((10, 4)), LSTM(8), Dense(2)])\n";
const BAD: &str = "model = Sequential([Input((10, 4)), LSTM(8), LSTM(2)])\nassert 1 == 2\n";

#[test]
fn a_good_file_ends_with_0() {
    let here = folder("good");
    fs::write(here.join("a.rnn"), GOOD).unwrap();
    let ran = rnnc(&here, &["check", "a.rnn"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", "1 file checked: no errors\n"));
}

#[test]
fn errors_of_all_files_end_with_1() {
    let here = folder("bad");
    fs::create_dir_all(here.join("below/.hidden")).unwrap();
    fs::write(here.join("a.rnn"), BAD).unwrap();
    fs::write(here.join("below/b.rnn"), BAD).unwrap();
    fs::write(here.join("below/.hidden/c.rnn"), BAD).unwrap();
    let ran = rnnc(&here, &["check"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    for place in [" --> a.rnn:1:46", " --> a.rnn:2:8", " --> below/b.rnn:1:46", " --> below/b.rnn:2:8"] {
        assert!(ran.err.contains(place), "{place}\n{}", ran.err);
    }
    assert!(ran.err.ends_with("2 files checked: 4 errors\n"), "{}", ran.err);
    assert_eq!(ran.out, "");
}

#[test]
fn files_that_cannot_be_read_end_with_2_after_the_others() {
    let here = folder("missing");
    fs::write(here.join("a.rnn"), BAD).unwrap();
    fs::write(here.join("binary.rnn"), [0, 1, 2, 255, 0, 7]).unwrap();
    let ran = rnnc(&here, &["check", "missing.rnn", "binary.rnn", "a.rnn", "--format", "short"]);
    assert_eq!(ran.code, 2);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 4, "{}", ran.out);
    assert!(
        lines[0].starts_with("missing.rnn: error[E501]: `missing.rnn` can't be read: no such file"),
        "{}",
        lines[0]
    );
    assert!(lines[1].starts_with("binary.rnn: error[E022]"), "{}", lines[1]);
    assert!(lines[2].starts_with("a.rnn:1:46: error[E204]"), "{}", lines[2]);
}

#[test]
fn a_folder_without_models_is_a_mistake() {
    assert_eq!(rnnc(&folder("empty"), &["check"]).code, 2);
}

#[test]
fn json_is_one_object_a_line() {
    let here = folder("json");
    fs::write(here.join("a.rnn"), BAD).unwrap();
    let ran = rnnc(&here, &["check", "a.rnn", "--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    let objects: Vec<serde_json::Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[0]["code"], "E204");
    assert_eq!(objects[0]["severity"], "error");
    assert_eq!(objects[0]["file"], "a.rnn");
    assert_eq!((&objects[0]["line"], &objects[0]["column"]), (&1.into(), &46.into()));
    assert!(objects[0]["labels"].as_array().unwrap().iter().all(|label| label["line"] == 1));
}

#[test]
fn github_commands_name_file_and_line() {
    let ran = with_input(&folder("github"), &["check", "-", "--format", "github"], BAD.as_bytes());
    assert!(ran.out.starts_with("::error file=<stdin>,line=1,"), "{}", ran.out);
}

#[test]
fn summaries_that_a_text_asks_for_are_printed() {
    let text = format!("{GOOD}model.summary()\n");
    let ran = with_input(&folder("asked"), &["check", "-"], text.as_bytes());
    assert!(ran.out.starts_with("Model: \"sequential\"\n┏━"), "{}", ran.out);
    assert_eq!(with_input(&folder("asked"), &["check", "-", "--format", "json"], text.as_bytes()).out, "");
}

#[test]
fn colours_only_where_they_are_asked_for() {
    let here = folder("colour");
    assert!(!with_input(&here, &["check", "-"], BAD.as_bytes()).err.contains('\u{1b}'));
    assert!(with_input(&here, &["check", "-", "--color", "always"], BAD.as_bytes()).err.contains('\u{1b}'));
}

#[test]
fn a_thousand_files_are_checked_at_once() {
    let here = folder("thousand");
    for index in 0..1000 {
        fs::write(here.join(format!("{index}.rnn")), GOOD).unwrap();
    }
    let start = std::time::Instant::now();
    let ran = rnnc(&here, &["check"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, "1000 files checked: no errors\n"));
    // Optimised it takes a tenth of a second; the bound holds for slow machines and debug builds.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn summary_is_a_table_or_json() {
    let here = folder("summary");
    fs::write(here.join("two.rnn"), format!("{GOOD}other = Sequential([Input((3,)), Dense(1)])\n")).unwrap();
    let text = rnnc(&here, &["summary", "two.rnn"]);
    assert_eq!((text.code, text.out.matches("Model: ").count()), (0, 2), "{}", text.err);
    let one = rnnc(&here, &["summary", "two.rnn", "--model", "other", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&one.out).unwrap();
    assert_eq!(value["models"][0]["variable"], "other");
    assert_eq!(value["models"][0]["output_shape"], serde_json::json!([null, 1]));
    let none = rnnc(&here, &["summary", "two.rnn", "--model", "othre"]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("E128") && none.err.contains("did you mean `other`?"), "{}", none.err);
}

#[test]
fn summary_shows_the_plan_and_why() {
    let ran = with_input(&folder("plan"), &["summary", "-", "--plan"], GOOD.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("lstm") && ran.out.contains("packed weights"), "{}", ran.out);
}

#[test]
fn summary_shows_what_a_model_costs() {
    let text = "model = Sequential([Input((10, 3)), LSTM(5), Dense(2)])";
    let ran = with_input(&folder("cost"), &["summary", "-", "--cost"], text.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("multiply-adds of forward: 1610\n"), "{}", ran.out);
    assert!(ran.out.contains("multiply-adds of a stream's step: 170\n"), "{}", ran.out);
}

#[test]
fn summary_of_a_wrong_text_prints_its_errors_only() {
    let ran = with_input(&folder("wrong"), &["summary", "-"], BAD.as_bytes());
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("error[E204]"));
}

#[test]
fn expand_prints_rust() {
    let here = folder("expand");
    let ran = with_input(&here, &["expand", "-", "--name", "Tagger"], GOOD.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("pub struct Tagger"), "{}", ran.out);
    assert_eq!(with_input(&here, &["expand", "-", "--name", "2 x"], GOOD.as_bytes()).code, 2);
    let example = repository("examples/digits/digits.rnn");
    let weights = repository("examples/digits/digits.safetensors");
    let embedded = rnnc(&here, &["expand", &example, "--weights", &weights]);
    assert_eq!(embedded.code, 0, "{}", embedded.err);
}

#[test]
fn explain_knows_codes_layers_and_near_names() {
    let here = folder("explain");
    assert!(rnnc(&here, &["explain", "E204"]).out.starts_with("# E204"));
    assert!(rnnc(&here, &["explain", "LSTM"]).out.contains("return_sequences=False"));
    assert!(rnnc(&here, &["explain", "activations"]).out.contains("softmax"));
    let unknown = rnnc(&here, &["explain", "LTSM"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (2, ""));
    assert!(unknown.err.contains("did you mean `LSTM`?"), "{}", unknown.err);
}

#[test]
fn every_command_has_examples_and_every_shell_a_script() {
    let here = folder("help");
    for command in ["check", "summary", "expand", "run", "explain", "convert", "completions"] {
        let help = rnnc(&here, &[command, "--help"]);
        assert!(help.code == 0 && help.out.contains("Examples:"), "{command}: {}", help.out);
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = rnnc(&here, &["completions", shell]);
        assert!(script.code == 0 && script.out.contains("rnnc"), "{shell}");
    }
    assert!(rnnc(&here, &["--help"]).out.contains("Exit codes:"));
    assert_eq!(rnnc(&here, &["chekc"]).code, 2);
    assert_eq!(rnnc(&here, &[]).code, 2);
}

#[cfg(feature = "keras")]
#[test]
fn convert_writes_beside_its_input() {
    let here = folder("convert");
    fs::copy(repository("cli/tests/keras/every_layer.keras"), here.join("m.keras")).unwrap();
    fs::copy(repository("cli/tests/keras/every_layer.weights.h5"), here.join("m.weights.h5")).unwrap();
    fs::copy(repository("cli/tests/keras/every_layer.rnn"), here.join("m.rnn")).unwrap();
    let ran = rnnc(&here, &["convert", "m.keras"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, "m.safetensors: 40 tensors\n"));
    let ran = rnnc(&here, &["convert", "m.weights.h5", "--model", "m.rnn", "-o", "n.safetensors"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(fs::read(here.join("m.safetensors")).unwrap(), fs::read(here.join("n.safetensors")).unwrap());
    let ran = rnnc(&here, &["convert", "m.weights.h5"]);
    assert!(ran.code == 2 && ran.err.contains("--model"), "{}", ran.err);
    fs::write(here.join("garbage.keras"), "PK\u{3}\u{4} and nothing more").unwrap();
    let ran = rnnc(&here, &["convert", "garbage.keras"]);
    assert!(ran.code == 2 && ran.err.contains("E506"), "{}", ran.err);
}
