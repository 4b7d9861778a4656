//! The hyperbolic tangent.

use super::exp_m1;
use crate::double::activation::polynomial;
use crate::double::simd::Vector;

/// tanh(x), as −e/(2 + e) with e = e^(−2|x|) − 1: at most 5 ULP, never beyond ±1.
#[inline(always)]
pub fn tanh<V: Vector>(x: V) -> V {
    let e = exp_m1(x.abs().mul(x.splat(-2.0)));
    e.neg().div(e.add(x.splat(2.0))).with_sign_of(x)
}

/// tanh(x); float32 has a shorter chain of operations for where everything waits for it.
#[inline(always)]
pub fn tanh_soon<V: Vector>(x: V) -> V {
    tanh(x)
}

/// [`tanh`], but zero where that would be tiny, see [`Vector::quieted`].
#[inline(always)]
pub(crate) fn quiet_tanh<V: Vector>(x: V) -> V {
    tanh(x).quieted()
}

/// [`tanh_soon`], but zero where that would be tiny.
#[inline(always)]
pub(crate) fn quiet_tanh_soon<V: Vector>(x: V) -> V {
    quiet_tanh(x)
}

/// x − tanh x.
#[inline(always)]
pub(crate) fn tanh_shrink<V: Vector>(x: V) -> V {
    // The Taylor series of (x − tanh x)/x³ in x²: its next term is below 1e-16 up to ¼. Below that the difference
    // itself would cancel.
    const SERIES: [f64; 10] = [
        1.0 / 3.0,
        -2.0 / 15.0,
        17.0 / 315.0,
        -62.0 / 2835.0,
        1382.0 / 155_925.0,
        -21_844.0 / 6_081_075.0,
        929_569.0 / 638_512_875.0,
        -6_404_582.0 / 10_854_718_875.0,
        443_861_162.0 / 1_856_156_927_625.0,
        -18_888_466_084.0 / 194_896_477_400_625.0,
    ];
    let square = x.mul(x);
    let near = polynomial(square, SERIES).mul(square).mul(x);
    V::select(x.abs().less(x.splat(0.25)), near, x.sub(tanh(x)))
}
