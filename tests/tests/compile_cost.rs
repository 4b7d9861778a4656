//! What generated code costs rustc: time steps must not show in it. Unrolled over time, a model of these sizes took
//! minutes and gigabytes.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rnn_tests::compile;

/// Beyond an empty crate.
const MOST_TIME: Duration = Duration::from_secs(2);
const MOST_MEGABYTES: u64 = 300;

fn program(timesteps: usize) -> String {
    let text = format!(
        "model = Sequential([Input(shape=({timesteps}, 1)), LSTM(20, return_sequences=True), Dense(1)])\n\
         assert model.count_params() == 1781\n"
    );
    let module = compile::module("model", "Subject", &text);
    format!(
        "#![allow(dead_code)]\n{module}\
         fn main() {{\n\
             use rnn_runtime::Model;\n\
             let weights = vec![0.1; model::Subject::WEIGHTS];\n\
             let model = model::Subject::from_packed(&weights).unwrap();\n\
             println!(\"{{:?}}\", model.forward(&[[0.5]; {timesteps}])[0]);\n\
             println!(\"{{:?}}\", model.stream().step(&[0.5]));\n\
         }}\n"
    )
}

/// The least time of three runs, and the most memory of any.
fn cost(folder: &Path, name: &str, text: &str) -> (Duration, u64) {
    let file = format!("{name}.rs");
    std::fs::write(folder.join(&file), text).unwrap();
    let (mut least, mut most) = (Duration::MAX, 0);
    for _ in 0..3 {
        let start = Instant::now();
        let mut command = compile::rustc(folder, &[&file, "--extern=rnn_runtime=librnn_runtime.rlib"]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let status = loop {
            most = most.max(peak_megabytes(child.id()));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(status.success());
        least = least.min(start.elapsed());
    }
    (least, most)
}

/// The most memory that a process had so far; 0 where the system doesn't say.
fn peak_megabytes(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[test]
fn timesteps_cost_rustc_nothing() {
    let folder = compile::folder(env!("CARGO_TARGET_TMPDIR"), "compile_cost");
    assert!(compile::runtime(&folder, &["--cfg=feature=\"std\""]).status().unwrap().success());
    let (empty_time, empty_memory) = cost(&folder, "empty", "fn main() {}");
    for timesteps in [64, 1000] {
        let (time, memory) = cost(&folder, &format!("steps_{timesteps}"), &program(timesteps));
        let (time, memory) = (time.saturating_sub(empty_time), memory.saturating_sub(empty_memory));
        println!("{timesteps} steps: {time:?} and {memory} MB beyond an empty crate");
        assert!(time < MOST_TIME, "{timesteps} steps cost rustc {time:?}");
        assert!(memory < MOST_MEGABYTES, "{timesteps} steps cost rustc {memory} MB");
    }
}
