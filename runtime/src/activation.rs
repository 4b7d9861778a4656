//! Activations: functions of one value, a vector at a time, without tables.
//!
//! Every function is a fixed sequence of additions, multiplications, fused multiply-adds and divisions, so all
//! instruction sets with fused multiply-add give the same bits. The stated errors hold for those; without fused
//! multiply-add they are at most twice as large. NaN comes out as NaN.

mod exponential;
mod gaussian;
mod parameterised;
mod piecewise;
mod sigmoid;
mod smooth;
mod tanh;

pub use exponential::{Celu, Elu, Exponential, Selu, exp, exp_m1, ln, ln_1p};
pub use gaussian::Gelu;
pub use parameterised::{EluWith, LeakyReluWith, ReluWith};
pub use piecewise::{
    HardShrink, HardSigmoid, HardSilu, HardTanh, LeakyRelu, Linear, Relu, Relu6, SoftShrink, SparsePlus, SparseSigmoid,
};
pub use sigmoid::{LogSigmoid, Sigmoid, Silu, Softplus};
pub use smooth::{Mish, Softsign, Squareplus, TanhShrink};
pub use tanh::{Tanh, tanh};

use crate::simd::Vector;

/// A function of one value.
pub trait Activation: Copy + 'static {
    /// What the packed weights of a gate with this activation are multiplied by; [`Activation::gate`] knows.
    const GATE_SCALE: f32 = 1.0;
    /// Whether this is the hyperbolic tangent.
    const IS_TANH: bool = false;
    /// Whether [`Activation::gate_of_tanh`] is to be used: the gate is a line through the tangent of its scaled sum.
    const GATE_IS_OF_TANH: bool = false;

    /// The activation of every lane.
    fn apply<V: Vector>(x: V) -> V;

    /// The activation of `x / GATE_SCALE`.
    #[inline(always)]
    fn gate<V: Vector>(x: V) -> V {
        if Self::GATE_IS_OF_TANH { Self::gate_of_tanh(tanh(x)) } else { Self::apply(x) }
    }

    /// The gate from the tangent of its scaled sum, for activations that have [`Activation::GATE_IS_OF_TANH`].
    #[inline(always)]
    fn gate_of_tanh<V: Vector>(tangent: V) -> V {
        tangent
    }
}

/// `coefficients[0] + coefficients[1]·x + …`, by Horner's rule.
#[inline(always)]
fn polynomial<V: Vector, const N: usize>(x: V, coefficients: [f32; N]) -> V {
    let mut value = x.splat(0.0);
    for (index, coefficient) in coefficients.iter().rev().enumerate() {
        value = if index == 0 { x.splat(*coefficient) } else { value.mul_add(x, x.splat(*coefficient)) };
    }
    value
}
