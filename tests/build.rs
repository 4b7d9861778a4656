//! Writes the code of many models into the output folder: of every golden case of Keras, and of random models. The tests
//! `generated_keras.rs` and `generated_random.rs` include it and compare what it computes.

#[path = "build/golden.rs"]
mod golden;
#[path = "build/random.rs"]
mod random;
#[path = "build/random_text.rs"]
mod random_text;
#[path = "build/write.rs"]
mod write;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let output = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=goldens/layers");
    write::write(&output, "keras", &golden::cases(&folder.join("goldens/layers"))?)?;
    write::write(&output, "random", &random::cases()?)?;
    Ok(())
}
