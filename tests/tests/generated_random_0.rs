//! Generated code of random models against the reference in f64: part 1 of 2.

#![allow(unreachable_pub, unused_variables, clippy::all, reason = "generated code, included as text")]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "not every model is used in every way")]

#[path = "generated/case.rs"]
mod case;

use case::Case;

static DATA: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/random_0.bin"));

include!(concat!(env!("OUT_DIR"), "/random_0.rs"));

/// Sums of up to some hundred f32 products, through up to five layers.
const TOLERANCE: case::Tolerance = case::Tolerance { absolute: 2e-6, relative: 2e-5 };

#[test]
fn every_random_model_has_code() {
    assert!(WITHOUT_CODE.is_empty());
}
