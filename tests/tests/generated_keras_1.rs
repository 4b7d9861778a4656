//! Generated code of golden cases against what real Keras computed: part 2 of 3.

#![allow(unreachable_pub, unused_variables, clippy::all, reason = "generated code, included as text")]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "not every model is used in every way")]

#[path = "generated/case.rs"]
mod case;

use case::Case;

static DATA: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/keras_1.bin"));

include!(concat!(env!("OUT_DIR"), "/keras_1.rs"));

/// Or twice as far as Keras in f32 is itself from what it computes in f64.
const TOLERANCE: case::Tolerance = case::Tolerance { absolute: 1e-6, relative: 1e-5 };

#[test]
fn only_row_activations_in_cells_have_no_code() {
    for (name, code) in WITHOUT_CODE {
        assert_eq!(*code, "E403", "{name}");
    }
}
