//! `rnnc bench`: a program is built and measured, and what is in the way is said.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::process::Command;

use common::{folder, repository, rnnc};

const MIXER: &str = "a = Input((4, 2), name='a')\nb = Input((4, 3), name='b')\n\
                     x = GRU(3, return_sequences=True)(Concatenate()([a, b]))\nmodel = Model([a, b], [x, Dense(1)(x)])\n";

#[test]
fn a_model_is_built_and_measured() {
    let here = folder("bench");
    fs::write(here.join("mixer.rnn"), MIXER).unwrap();
    let arguments = ["bench", "mixer.rnn", "--work", "program", "--format", "json", "--rate", "1000"];
    let ran = Command::new(env!("CARGO_BIN_EXE_rnnc"))
        .args(arguments)
        .env("CARGO_NET_OFFLINE", "true")
        .current_dir(&here)
        .output();
    let ran = ran.unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    for time in ["forward_ns", "forward_step_ns", "step_ns", "real_time", "floor_work_ns", "floor_weights_ns"] {
        assert!(report[time].as_f64().is_some_and(|time| time > 0.0 && time < 1e9), "{time}: {report}");
    }
    // Three gates over 5 features and 3 units, then 3 values to one.
    assert_eq!(report["multiply_adds_a_step"], 3.0 * 3.0 * (5.0 + 3.0) + 3.0);
    assert!(here.join("program/src/model.rs").exists());
    if cfg!(target_os = "linux") {
        let bytes = report["code_bytes"].as_object().unwrap();
        assert!(
            !bytes.is_empty() && bytes.values().all(|bytes| bytes.as_u64().is_some_and(|bytes| bytes > 500)),
            "{report}"
        );
    }
}

#[test]
fn what_is_in_the_way_is_said() {
    let here = folder("bench-refused");
    fs::write(here.join("free.rnn"), "model = Sequential([Input((None, 2)), GRU(3)])\n").unwrap();
    fs::write(here.join("wrong.rnn"), "model = Sequential([Input((2,)), GRU(3)])\n").unwrap();
    let free = rnnc(&here, &["bench", "free.rnn"]);
    assert_eq!(free.code, 2);
    assert!(free.err.contains("--timesteps") && free.out.is_empty(), "{}", free.err);
    let wrong = rnnc(&here, &["bench", "wrong.rnn"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("E204"), "{}", wrong.err);
    assert_eq!(rnnc(&here, &["bench", "missing.rnn"]).code, 2);
    let digits = repository("examples/digits/digits.safetensors");
    assert!(rnnc(&here, &["bench", "free.rnn", "--timesteps", "3", "--weights", &digits]).err.contains("E303"));
    assert_eq!(rnnc(&here, &["bench", "free.rnn", "--timesteps", "0"]).code, 2);
    assert_eq!(rnnc(&here, &["bench", "free.rnn", "--timesteps", "3", "--rate", "-1"]).code, 2);
    let rnnc = env!("CARGO_BIN_EXE_rnnc");
    let without_cargo = Command::new(rnnc)
        .args(["bench", "free.rnn", "--timesteps", "3"])
        .env("CARGO", here.join("no-cargo"))
        .current_dir(&here)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&without_cargo.stderr).into_owned();
    assert_eq!(without_cargo.status.code(), Some(1));
    assert!(error.contains("E507") && error.contains("install Rust"), "{error}");
}
