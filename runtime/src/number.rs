//! What a number type needs of its own: the functions whose approximations are made for its precision.
//!
//! All else, the kernels, activations and states, is one text over [`simd::Float`](crate::simd::Float), which the crate
//! has once in float32 and, with the feature `double`, once more in float64.

mod exponential;
mod functions;
mod gaussian;
mod power;
pub(crate) mod store;
mod tanh;

pub use exponential::{exp, exp_m1, ln, ln_1p};
pub(crate) use functions::{
    cosine, exponential_less_one, floor, logarithm_one_more, logarithm_ten, logarithm_two, natural_logarithm, nearest,
    sine,
};
pub(crate) use gaussian::upper_tail;
pub(crate) use power::power_of;
pub(crate) use store::Step;
pub(crate) use tanh::{quiet_tanh, quiet_tanh_soon, tanh_shrink};
pub use tanh::{tanh, tanh_soon};

/// Whether weights of this type in a file, which are floats, fit a model: of float64 they would lose digits.
pub(crate) fn reads(dtype: &str) -> bool {
    dtype != "F64"
}
