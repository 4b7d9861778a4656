//! The normal distribution.

use crate::activation::polynomial;
use crate::number::exp;
use crate::simd::Vector;

/// The standard normal distribution's upper tail for x ≥ 0: e^(−x²/2) times a polynomial in 1/(1 + 0.3·x), 5.8e-8.
#[inline(always)]
pub(crate) fn upper_tail<V: Vector>(x: V) -> V {
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
