//! What the models in float64 share.

use crate::case::Tolerance;

/// What the models compute in.
pub type Float = f64;

/// Sums of up to some hundred products in f64, through up to five layers.
pub const TOLERANCE: Tolerance = Tolerance { absolute: 1e-13, relative: 1e-12 };

#[test]
fn every_model_has_code() {
    assert!(super::WITHOUT_CODE.is_empty(), "{:?}", super::WITHOUT_CODE);
}
