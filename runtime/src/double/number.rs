//! What float64 needs of its own: the functions whose approximations are made for its precision.

mod exponential;
pub(crate) mod store;
mod tanh;

pub use exponential::{exp, exp_m1, ln, ln_1p};
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

/// The largest whole number that is not above `x`.
pub(crate) fn floor(x: f64) -> f64 {
    libm::floor(x)
}

/// To the nearest whole number, ties to even.
pub(crate) fn nearest(x: f64) -> f64 {
    libm::rint(x)
}

/// ln x.
pub(crate) fn natural_logarithm(x: f64) -> f64 {
    libm::log(x)
}

/// log₂ x.
pub(crate) fn logarithm_two(x: f64) -> f64 {
    libm::log2(x)
}

/// log₁₀ x.
pub(crate) fn logarithm_ten(x: f64) -> f64 {
    libm::log10(x)
}

/// `ln(1 + x)`, exact near 0.
pub(crate) fn logarithm_one_more(x: f64) -> f64 {
    libm::log1p(x)
}

/// `exp(x) − 1`, exact near 0.
pub(crate) fn exponential_less_one(x: f64) -> f64 {
    libm::expm1(x)
}

/// sin x.
pub(crate) fn sine(x: f64) -> f64 {
    libm::sin(x)
}

/// cos x.
pub(crate) fn cosine(x: f64) -> f64 {
    libm::cos(x)
}

/// Whether weights of this type in a file, which are floats, fit a model: all of them do.
pub(crate) const fn reads(_dtype: &str) -> bool {
    true
}
