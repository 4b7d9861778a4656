//! The hyperbolic tangent, which most of a recurrent network's activations are made of.

use crate::activation::polynomial;
use crate::simd::Vector;

/// Numerator of tanh(x)/x in x², degree 4: with [`DENOMINATOR`] the best relative approximation up to [`BOUND`], 2e-8,
/// among those that give x itself for tiny x; the last bits chosen for the least error when evaluated in f32.
const NUMERATOR: [f32; 5] = [1.0, 0.134_406_97, 0.003_566_952_2, 2.181_138e-5, 1.509_719_3e-8];
/// Denominator of the same.
const DENOMINATOR: [f32; 5] = [1.0, 0.467_740_27, 0.026_147_123, 0.000_340_342_38, 8.472_023e-7];
/// From here on the value stays as it is, two or three units below 1: further out, roundings could lift it above 1.
const BOUND: f32 = 8.1;

/// 2⁻⁶⁰: with it in x⁴, x⁵ is a normal number for all x that [`Vector::quieted`] keeps.
const OFFSET: f32 = f32::from_bits((127 - 60) << 23);

/// x between −[`BOUND`] and [`BOUND`]; in this order of operands NaN passes.
#[inline(always)]
fn bounded<V: Vector>(x: V) -> V {
    x.splat(-BOUND).max(x.splat(BOUND).min(x))
}

/// tanh(x): at most 5.5 ULP, never beyond ±1; x itself below 1e-4. The fewest operations: for many vectors at once.
#[inline(always)]
pub fn tanh<V: Vector>(x: V) -> V {
    let x = bounded(x);
    fewest(x.mul(x), x)
}

/// tanh(x) by its polynomials, from x² and the factor x.
#[inline(always)]
fn fewest<V: Vector>(square: V, factor: V) -> V {
    let numerator = polynomial(square, NUMERATOR).mul(factor);
    numerator.div(polynomial(square, DENOMINATOR))
}

/// tanh(x), as accurate as [`tanh`], by two more operations and the shortest chain: where everything waits for it.
#[inline(always)]
pub fn tanh_soon<V: Vector>(x: V) -> V {
    let x = bounded(x);
    soonest(x, x)
}

/// As [`fewest`] of x and the factor x, by the shortest chain.
#[inline(always)]
fn soonest<V: Vector>(x: V, factor: V) -> V {
    let square = x.mul(x);
    // The offset changes no value, and keeps every product here normal.
    let fourth = square.mul_add(square, x.splat(OFFSET));
    let [a, b, c, d, e] = NUMERATOR;
    let low = x.splat(b).mul_add(square, x.splat(a));
    let high = x.splat(d).mul_add(square, x.splat(c));
    let high = x.splat(e).mul_add(fourth, high);
    let numerator = high.mul_add(fourth.mul(factor), low.mul(factor));
    let [a, b, c, d, e] = DENOMINATOR;
    let low = x.splat(b).mul_add(square, x.splat(a));
    let high = x.splat(d).mul_add(square, x.splat(c));
    let high = x.splat(e).mul_add(fourth, high);
    numerator.div(high.mul_add(fourth, low))
}

/// [`tanh`], but zero where that would be tiny, see [`Vector::quieted`].
#[inline(always)]
pub(crate) fn quiet_tanh<V: Vector>(x: V) -> V {
    // In the factor, which is needed last: nothing waits for the comparison.
    let bounded = bounded(x);
    fewest(bounded.mul(bounded), bounded.unless_quiet(x))
}

/// [`tanh_soon`], but zero where that would be tiny.
#[inline(always)]
pub(crate) fn quiet_tanh_soon<V: Vector>(x: V) -> V {
    let bounded = bounded(x);
    soonest(bounded, bounded.unless_quiet(x))
}

/// x − tanh x.
#[inline(always)]
pub(crate) fn tanh_shrink<V: Vector>(x: V) -> V {
    // (x − tanh x)/x³ in x² up to 1: 5.3e-9. Below 1 the difference itself would cancel.
    const SERIES: [f32; 8] = [
        0.333_333_34,
        -0.133_333_1,
        0.053_963_41,
        -0.021_829_547,
        0.008_697_856,
        -0.003_206_83,
        0.000_923_526_9,
        -0.000_142_802,
    ];
    let square = x.mul(x);
    let near = polynomial(square, SERIES).mul(square).mul(x);
    V::select(x.abs().less(x.splat(1.0)), near, x.sub(tanh(x)))
}
