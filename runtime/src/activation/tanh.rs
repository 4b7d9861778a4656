//! The hyperbolic tangent, which most of a recurrent network's activations are made of.

use super::{Activation, polynomial};
use crate::simd::Vector;

/// Numerator of tanh(x)/x in x², degree 4: with [`DENOMINATOR`] the best relative approximation up to [`BOUND`], 2.2e-8,
/// among those that give x itself for tiny x.
const NUMERATOR: [f32; 5] = [1.0, 0.133_826_78, 0.003_497_446_4, 2.063_562_7e-5, 1.338_400_9e-8];
/// Denominator of the same.
const DENOMINATOR: [f32; 5] = [1.0, 0.467_16, 0.025_884_32, 0.000_328_849_86, 7.790_136e-7];
/// Beyond it tanh rounds to 1 in f32.
const BOUND: f32 = 9.02;

/// x between −[`BOUND`] and [`BOUND`]; in this order of operands NaN passes.
#[inline(always)]
fn bounded<V: Vector>(x: V) -> V {
    x.splat(-BOUND).max(x.splat(BOUND).min(x))
}

/// tanh(x): at most 4 ULP; ±1 beyond 9.02, x itself below 1e-4. The fewest operations: for many vectors at once.
#[inline(always)]
pub fn tanh<V: Vector>(x: V) -> V {
    let x = bounded(x);
    let square = x.mul(x);
    let numerator = polynomial(square, NUMERATOR).mul(x);
    numerator.div(polynomial(square, DENOMINATOR))
}

/// tanh(x), as accurate as [`tanh`], by two more operations and the shortest chain: where everything waits for it.
#[inline(always)]
pub fn tanh_soon<V: Vector>(x: V) -> V {
    let x = bounded(x);
    let square = x.mul(x);
    let fourth = square.mul(square);
    let [a, b, c, d, e] = NUMERATOR;
    let low = x.splat(b).mul_add(square, x.splat(a));
    let high = x.splat(d).mul_add(square, x.splat(c));
    let high = x.splat(e).mul_add(fourth, high);
    let numerator = high.mul_add(fourth.mul(x), low.mul(x));
    let [a, b, c, d, e] = DENOMINATOR;
    let low = x.splat(b).mul_add(square, x.splat(a));
    let high = x.splat(d).mul_add(square, x.splat(c));
    let high = x.splat(e).mul_add(fourth, high);
    numerator.div(high.mul_add(fourth, low))
}

/// tanh(x).
#[derive(Clone, Copy, Debug)]
pub struct Tanh;

impl Activation for Tanh {
    const IS_TANH: bool = true;
    const GATE_IS_OF_TANH: bool = true;

    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        tanh(x)
    }
    #[inline(always)]
    fn soon<V: Vector>(x: V) -> V {
        tanh_soon(x)
    }
}
