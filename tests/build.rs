//! Writes the code of many models into the output folder: of every golden case of Keras, and of random models. The tests
//! `generated_keras_*.rs` and `generated_random_*.rs` include it and compare what it computes.
//!
//! Each model is compiled for one instruction set, in turn those that this machine has (see `src/lib.rs`), and the cases
//! are split into [`KERAS_PARTS`] and [`RANDOM_PARTS`] tests: rustc's memory grows with a crate.

#[path = "build/golden.rs"]
mod golden;
#[path = "build/random.rs"]
mod random;
#[path = "build/random_causal.rs"]
mod random_causal;
#[path = "build/random_graph.rs"]
mod random_graph;
#[path = "build/random_text.rs"]
mod random_text;
#[path = "build/write.rs"]
mod write;

use std::path::PathBuf;

/// Tests that the golden cases are split into.
const KERAS_PARTS: usize = 3;
/// Tests that the random models are split into.
const RANDOM_PARTS: usize = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let output = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=goldens/layers");
    println!("cargo::rerun-if-changed=goldens/double");
    for part in 0..KERAS_PARTS {
        let cases = golden::cases(&folder.join("goldens/layers"), part, KERAS_PARTS)?;
        write::write(&output, &format!("keras_{part}"), &cases)?;
    }
    let double = [golden::double_cases(&folder.join("goldens/double"))?, random::double_cases()?].concat();
    write::write(&output, "double", &double)?;
    for part in 0..RANDOM_PARTS {
        write::write(&output, &format!("random_{part}"), &random::cases(part)?)?;
    }
    Ok(())
}
