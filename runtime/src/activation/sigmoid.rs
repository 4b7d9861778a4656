//! The logistic function and its kin.

use super::Activation;
use super::number::{exp, ln_1p};
use super::simd::{Float, Vector};

/// 1/(1 + e⁻ˣ): at most 4 ULP everywhere, also where it is tiny.
#[inline(always)]
fn sigmoid<V: Vector>(x: V) -> V {
    let one = x.splat(1.0);
    // e^−|x| never overflows; where x is negative it is the numerator too.
    let decay = exp(x.abs().neg());
    let numerator = V::select(x.less(x.splat(0.0)), decay, one);
    numerator.div(decay.add(one))
}

/// 1/(1 + e⁻ˣ): at most 4 ULP. As a gate it is ½ + ½·tanh(x/2), the half folded into the weights, with an absolute error
/// of 1e-7.
#[derive(Clone, Copy, Debug)]
pub struct Sigmoid;

impl Activation for Sigmoid {
    const GATE_SCALE: Float = 0.5;
    const GATE_IS_OF_TANH: bool = true;

    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        sigmoid(x)
    }
    #[inline(always)]
    fn gate_of_tanh<V: Vector>(tangent: V) -> V {
        let half = tangent.splat(0.5);
        tangent.mul_add(half, half)
    }
    #[inline(always)]
    fn product_of_tanh<V: Vector>(tangent: V, factor: V) -> V {
        // ½·factor is there long before the tangent is.
        let half = factor.mul(factor.splat(0.5));
        tangent.mul_add(half, half)
    }
    #[inline(always)]
    fn blend_of_tanh<V: Vector>(tangent: V, factor: V, addend: V) -> V {
        let half = factor.mul(factor.splat(0.5));
        tangent.mul_add(half, half.add(addend))
    }
}

/// x·sigmoid(x): at most 5 ULP.
#[derive(Clone, Copy, Debug)]
pub struct Silu;

impl Activation for Silu {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        x.mul(sigmoid(x))
    }
}

/// ln(1 + eˣ), as max(x, 0) + ln(1 + e^−|x|): at most 4 ULP.
#[inline(always)]
fn softplus<V: Vector>(x: V) -> V {
    ln_1p(exp(x.abs().neg())).add(x.splat(0.0).max(x))
}

/// ln(1 + eˣ): at most 4 ULP.
#[derive(Clone, Copy, Debug)]
pub struct Softplus;

impl Activation for Softplus {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        softplus(x)
    }
}

/// ln(sigmoid(x)) = −softplus(−x): at most 4 ULP.
#[derive(Clone, Copy, Debug)]
pub struct LogSigmoid;

impl Activation for LogSigmoid {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        softplus(x.neg()).neg()
    }
}
