//! Writes the code of many models into the output folder: of every golden case of Keras, and of random models. The tests
//! `generated_keras.rs` and `generated_random.rs` include it and compare what it computes.
//!
//! Compiling all of it takes rustc minutes and gigabytes, so one run has one of [`PARTS`] parts: the first, or the one
//! that the environment's `RNN_GENERATED_PART` numbers. All parts are all golden cases.

#[path = "build/golden.rs"]
mod golden;
#[path = "build/random.rs"]
mod random;
#[path = "build/random_text.rs"]
mod random_text;
#[path = "build/write.rs"]
mod write;

use std::path::PathBuf;

/// Parts that the cases are split into.
const PARTS: usize = 9;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let output = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=goldens/layers");
    println!("cargo::rerun-if-env-changed=RNN_GENERATED_PART");
    let part: usize = std::env::var("RNN_GENERATED_PART").map_or(Ok(0), |part| part.parse())?;
    write::write(&output, "keras", &golden::cases(&folder.join("goldens/layers"), part % PARTS, PARTS)?)?;
    write::write(&output, "random", &random::cases(part)?)?;
    Ok(())
}
