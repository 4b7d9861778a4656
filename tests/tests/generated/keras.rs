//! What all parts of the golden cases share.

use crate::case::Tolerance;

/// What the models compute in.
pub type Float = f32;

/// Or twice as far as Keras in f32 is itself from what it computes in f64.
pub const TOLERANCE: Tolerance = Tolerance { absolute: 1e-6, relative: 1e-5 };

#[test]
fn only_row_activations_in_cells_have_no_code() {
    for (name, code) in super::WITHOUT_CODE {
        assert_eq!(*code, "E403", "{name}");
    }
}
