//! The Gaussian error linear unit, with the exact error function.

use super::number::upper_tail;
use super::simd::Vector;
use super::{Activation, Sigmoid};

/// x·Φ(x) = x/2·(1 + erf(x/√2)): at most 8 ULP; without fused multiply-add, far below zero, 100.
#[derive(Clone, Copy, Debug)]
pub struct Gelu;

impl Activation for Gelu {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        let tail = upper_tail(x.abs());
        let negative = x.less(x.splat(0.0));
        let share = V::select(negative, tail, x.splat(1.0).sub(tail));
        share.mul(x)
    }
}

/// x·σ(2·√(2/π)·(x + 0.044715·x³)), which is x/2·(1 + tanh(…)) without its cancellation far below zero.
#[derive(Clone, Copy, Debug)]
pub struct GeluByTanh;

impl Activation for GeluByTanh {
    #[inline(always)]
    #[allow(clippy::excessive_precision, reason = "float64 has the digits")]
    fn apply<V: Vector>(x: V) -> V {
        // 2·√(2/π), and that times 0.044715.
        let factor = x.mul(x).mul_add(x.splat(0.071_354_816_272_600_25), x.splat(1.595_769_121_605_730_8));
        Sigmoid::apply(x.mul(factor)).mul(x)
    }
}
