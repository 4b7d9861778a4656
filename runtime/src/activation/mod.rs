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

pub use super::number::{exp, exp_m1, ln, ln_1p, tanh, tanh_soon};
pub use exponential::{Celu, Elu, Exponential, Selu};
pub use gaussian::{Gelu, GeluByTanh};
pub use parameterised::{EluWith, LeakyReluWith, ReluWith};
pub use piecewise::{
    HardShrink, HardSigmoid, HardSilu, HardTanh, LeakyRelu, Linear, Relu, Relu6, SoftShrink, SparsePlus, SparseSigmoid,
};
pub use sigmoid::{LogSigmoid, Sigmoid, Silu, Softplus};
pub use smooth::{Mish, Softsign, Squareplus, TanhShrink};
pub use tanh::Tanh;

// The modules beside this one, which come with each of the crate's number types.
use super::simd::{Float, Vector};
use super::{number, simd};

/// A function of one value.
pub trait Activation: Copy + 'static {
    /// What the packed weights of a gate with this activation are multiplied by; [`Activation::gate`] knows.
    const GATE_SCALE: Float = 1.0;
    /// Whether this is the hyperbolic tangent.
    const IS_TANH: bool = false;
    /// Whether [`Activation::gate_of_tanh`] is to be used: the gate is a line through the tangent of its scaled sum.
    const GATE_IS_OF_TANH: bool = false;

    /// The activation of every lane.
    fn apply<V: Vector>(x: V) -> V;

    /// The activation by the shortest chain of operations; its last bits may differ.
    #[inline(always)]
    fn soon<V: Vector>(x: V) -> V {
        Self::apply(x)
    }

    /// The activation, where it becomes a state: zero where it would be tiny, see [`Vector::quieted`].
    #[inline(always)]
    fn quiet<V: Vector>(x: V) -> V {
        Self::apply(x).quieted()
    }

    /// [`Activation::quiet`] by the shortest chain of operations.
    #[inline(always)]
    fn quiet_soon<V: Vector>(x: V) -> V {
        Self::soon(x).quieted()
    }

    /// The activation of `x / GATE_SCALE`.
    #[inline(always)]
    fn gate<V: Vector>(x: V) -> V {
        if Self::GATE_IS_OF_TANH { Self::gate_of_tanh(tanh(x)) } else { Self::apply(x) }
    }

    /// [`Activation::gate`] by the shortest chain of operations.
    #[inline(always)]
    fn gate_soon<V: Vector>(x: V) -> V {
        if Self::GATE_IS_OF_TANH { Self::gate_of_tanh(tanh_soon(x)) } else { Self::soon(x) }
    }

    /// The gate from the tangent of its scaled sum, for activations that have [`Activation::GATE_IS_OF_TANH`].
    #[inline(always)]
    fn gate_of_tanh<V: Vector>(tangent: V) -> V {
        tangent
    }

    /// `gate_of_tanh(tangent) · factor`, in whatever form has the shortest chain behind `tangent`.
    #[inline(always)]
    fn product_of_tanh<V: Vector>(tangent: V, factor: V) -> V {
        Self::gate_of_tanh(tangent).mul(factor)
    }

    /// `gate(x) · factor`, in whatever form has the shortest chain behind the activation.
    #[inline(always)]
    fn gate_product<V: Vector>(x: V, factor: V) -> V {
        if Self::GATE_IS_OF_TANH { Self::product_of_tanh(tanh(x), factor) } else { Self::apply(x).mul(factor) }
    }

    /// `gate_of_tanh(tangent) · factor + addend`, in whatever form has the shortest chain behind `tangent`.
    #[inline(always)]
    fn blend_of_tanh<V: Vector>(tangent: V, factor: V, addend: V) -> V {
        Self::gate_of_tanh(tangent).mul_add(factor, addend)
    }

    /// `gate_soon(x) · factor + addend`, in whatever form has the shortest chain behind `x`.
    #[inline(always)]
    fn blend_soon<V: Vector>(x: V, factor: V, addend: V) -> V {
        if Self::GATE_IS_OF_TANH {
            Self::blend_of_tanh(tanh_soon(x), factor, addend)
        } else {
            Self::soon(x).mul_add(factor, addend)
        }
    }
}

/// `coefficients[0] + coefficients[1]·x + …`, by Horner's rule.
#[inline(always)]
pub(crate) fn polynomial<V: Vector, const N: usize>(x: V, coefficients: [Float; N]) -> V {
    let mut value = x.splat(0.0);
    for (index, coefficient) in coefficients.iter().rev().enumerate() {
        value = if index == 0 { x.splat(*coefficient) } else { value.mul_add(x, x.splat(*coefficient)) };
    }
    value
}
