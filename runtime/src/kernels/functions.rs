//! Functions of single values, in place: what Keras's `ops` have beside the activations.

use super::elementwise::{padded, unpad};
use super::number::{self, floor, nearest};
use super::pairs::truth;
use super::simd::{Float, In, Isa, Vector};

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident($value:ident) => $result:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name(values: &mut [Float]) {
            for value in values {
                let $value = *value;
                *value = $result;
            }
        }
    )*};
}
functions! {
    /// −1, 0 or 1.
    sign(x) => if x == 0.0 || x.is_nan() { x } else { (1.0 as Float).copysign(x) };
    /// The square.
    square(x) => x * x;
    /// One divided by each.
    reciprocal(x) => 1.0 / x;
    /// The largest whole number that is not above.
    floor_of(x) => floor(x);
    /// The smallest whole number that is not below.
    ceiling(x) => -floor(-x);
    /// The whole number towards zero.
    truncate(x) => floor(x.abs()).copysign(x);
    /// The nearest whole number, the even one of two.
    round(x) => nearest(x);
    /// The natural logarithm.
    logarithm(x) => number::natural_logarithm(x);
    /// The logarithm to base 2.
    logarithm_two(x) => number::logarithm_two(x);
    /// The logarithm to base 10.
    logarithm_ten(x) => number::logarithm_ten(x);
    /// `ln(1 + x)`, exact near 0.
    logarithm_one_more(x) => number::logarithm_one_more(x);
    /// `exp(x) − 1`, exact near 0.
    exponential_less_one(x) => number::exponential_less_one(x);
    /// The sine; beyond 10⁶ it loses digits.
    sine(x) => number::sine(x);
    /// The cosine; beyond 10⁶ it loses digits.
    cosine(x) => number::cosine(x);
    /// The tangent; beyond 10⁶ it loses digits.
    tangent(x) => number::sine(x) / number::cosine(x);
    /// The hyperbolic sine.
    hyperbolic_sine(x) => hyperbolic(x, false).copysign(x);
    /// The hyperbolic cosine.
    hyperbolic_cosine(x) => hyperbolic(x, true);
    /// Two to this power.
    exponential_two(x) => number::power_of(2.0, x);
    /// Whether it is no number.
    is_nan(x) => truth(x.is_nan());
    /// Whether it is infinite.
    is_infinite(x) => truth(x.is_infinite());
    /// Whether it is a finite number.
    is_finite(x) => truth(x.is_finite());
    /// Whether it is 0.
    is_zero(x) => truth(x == 0.0);
    /// Whether it is not 0.
    is_not_zero(x) => truth(x != 0.0);
}

/// sinh |x| or cosh x by the exponential; where that is too large, by the square of its root.
#[inline(always)]
fn hyperbolic(x: Float, is_cosine: bool) -> Float {
    let less_one = number::exponential_less_one(x.abs());
    if less_one == Float::INFINITY {
        let root = number::exponential_less_one(x.abs() / 2.0);
        return root / 2.0 * root;
    }
    let power = less_one + 1.0;
    if is_cosine { (power + 1.0 / power) / 2.0 } else { (less_one + less_one / power) / 2.0 }
}

/// Every value is this one.
#[inline(always)]
pub fn fill(constant: Float, values: &mut [Float]) {
    values.fill(constant);
}

/// The square root.
#[inline(always)]
pub fn square_root<I: Isa>(isa: I, values: &mut [Float]) {
    for chunk in values.chunks_mut(16) {
        let mut line = padded(chunk, 0.0);
        I::V16::load(isa, &line, 0).sqrt().store(&mut line, 0);
        unpad(&line, chunk);
    }
}

/// One divided by the square root.
#[inline(always)]
pub fn reciprocal_root<I: Isa>(isa: I, values: &mut [Float]) {
    for chunk in values.chunks_mut(16) {
        let mut line = padded(chunk, 1.0);
        let root = I::V16::load(isa, &line, 0).sqrt();
        root.splat(1.0).div(root).store(&mut line, 0);
        unpad(&line, chunk);
    }
}
