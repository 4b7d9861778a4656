//! The Gaussian error linear unit, with the exact error function.

use super::{Activation, Sigmoid, exp, polynomial};
use crate::simd::Vector;

/// The standard normal distribution's upper tail for x ≥ 0: e^(−x²/2) times a polynomial in 1/(1 + 0.3·x), 5.8e-8.
#[inline(always)]
fn upper_tail<V: Vector>(x: V) -> V {
    const TAIL: [f32; 9] = [
        7.494_887e-6,
        0.119_482_1,
        0.121_960_38,
        0.094_526_455,
        0.142_905_37,
        -0.077_043_23,
        0.229_130_3,
        -0.169_394_09,
        0.038_425_248,
    ];
    // The square in two parts: one rounding of a large exponent would spoil the result's last eight bits.
    let x = x.splat(16.0).min(x);
    let square = x.mul(x);
    let rest = x.mul_add(x, square.neg());
    let half = x.splat(-0.5);
    let bell = exp(square.mul(half));
    let bell = bell.mul_add(rest.mul(half), bell);
    let t = x.splat(1.0).div(x.mul_add(x.splat(0.3), x.splat(1.0)));
    polynomial(t, TAIL).mul(bell)
}

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
    fn apply<V: Vector>(x: V) -> V {
        // 2·√(2/π), and that times 0.044715.
        let factor = x.mul(x).mul_add(x.splat(0.071_354_81), x.splat(1.595_769_1));
        Sigmoid::apply(x.mul(factor)).mul(x)
    }
}
