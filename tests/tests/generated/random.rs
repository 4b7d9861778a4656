//! What all parts of the random models share.

use crate::case::Tolerance;

/// What the models compute in.
pub type Float = f32;

/// Sums of up to some hundred f32 products, through up to five layers.
pub const TOLERANCE: Tolerance = Tolerance { absolute: 2e-6, relative: 2e-5 };

#[test]
fn every_random_model_has_code() {
    assert!(super::WITHOUT_CODE.is_empty());
}
