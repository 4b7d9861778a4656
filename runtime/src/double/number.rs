//! What float64 needs of its own: the functions whose approximations are made for its precision.

mod exponential;
mod functions;
pub(crate) mod store;
mod tanh;

pub use exponential::{exp, exp_m1, ln, ln_1p};
pub(crate) use functions::{
    cosine, exponential_less_one, floor, logarithm_one_more, logarithm_ten, logarithm_two, natural_logarithm, nearest,
    sine,
};
pub(crate) use store::Step;
pub(crate) use tanh::{quiet_tanh, quiet_tanh_soon, tanh_shrink};
pub use tanh::{tanh, tanh_soon};

use super::simd::Vector;

/// The standard normal distribution's upper tail for x ≥ 0, ½·erfc(x/√2): at most 2 + x² ULP.
#[inline(always)]
pub(crate) fn upper_tail<V: Vector>(x: V) -> V {
    x.mul(x.splat(core::f64::consts::FRAC_1_SQRT_2)).map(libm::erfc).mul(x.splat(0.5))
}

/// x to the power of y, as C's `pow` has it.
pub(crate) fn power_of(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// Whether weights of this type in a file, which are floats, fit a model: all of them do.
pub(crate) const fn reads(_dtype: &str) -> bool {
    true
}
