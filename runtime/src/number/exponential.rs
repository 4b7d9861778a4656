//! e to the x and its inverse.

use crate::activation::polynomial;
use crate::simd::Vector;

/// ln 2 in two parts: the first has few enough bits that its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
/// What [`LN_2_HIGH`] leaves of ln 2.
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// (eʳ − 1 − r)/r² for |r| ≤ ln 2 / 2, degree 4, best for the relative error of eʳ − 1: 1.3e-8.
const EXPONENTIAL: [f32; 5] = [0.499_999_97, 0.166_665_43, 0.041_667_2, 0.008_366_520_5, 0.001_388_252];

/// x = n·ln 2 + r: gives eʳ − 1 and n.
#[inline(always)]
fn reduce<V: Vector>(x: V) -> (V, V::Int) {
    let exponent = x.mul(x.splat(core::f32::consts::LOG2_E)).round_to_int();
    let n = x.from_int(exponent);
    let r = n.mul_add(x.splat(-LN_2_HIGH), x);
    let r = n.mul_add(x.splat(-LN_2_LOW), r);
    let fraction = polynomial(r, EXPONENTIAL).mul(r).mul_add(r, r);
    (fraction, exponent)
}

/// 2ⁿ for −126 ≤ n ≤ 127.
#[inline(always)]
fn power_of_two<V: Vector>(like: V, n: V::Int) -> V {
    like.from_bits(V::int_shift_left::<23>(V::int_add(n, like.splat_int(127))))
}

/// eˣ: at most 2 ULP; infinity above 88.73, denormals and then 0 below −87.33.
#[inline(always)]
pub fn exp<V: Vector>(x: V) -> V {
    let bounded = x.splat(-104.0).max(x.splat(89.0).min(x));
    let (fraction, exponent) = reduce(bounded);
    // The power in two factors: neither overflows, and only the last product rounds to a denormal.
    let half = V::int_shift_right::<1>(exponent);
    let rest = V::int_sub(exponent, half);
    let mantissa = fraction.add(x.splat(1.0));
    mantissa.mul(power_of_two(x, half)).mul(power_of_two(x, rest)).nan_of(x)
}

/// eˣ − 1 for x ≤ 0: at most 3 ULP; −1 below −17.4.
#[inline(always)]
pub fn exp_m1<V: Vector>(x: V) -> V {
    let bounded = x.splat(-18.0).max(x.splat(0.0).min(x));
    let (fraction, exponent) = reduce(bounded);
    let power = power_of_two(x, exponent);
    fraction.mul_add(power, power.sub(x.splat(1.0))).nan_of(x)
}

/// ln(1 + x) for 0 ≤ x ≤ 1: at most 2 ULP. As 2·artanh(x / (2 + x)).
#[inline(always)]
pub fn ln_1p<V: Vector>(x: V) -> V {
    // (2·artanh(s)/s − 2)/s² in s², s ≤ 1/3: 1.1e-10.
    const SERIES: [f32; 5] = [0.666_666_75, 0.399_988_83, 0.286_167_44, 0.214_290_32, 0.242_962_26];
    let s = x.div(x.add(x.splat(2.0)));
    let square = s.mul(s);
    let tail = polynomial(square, SERIES).mul(square);
    s.mul_add(tail, s.add(s))
}

/// ln x for normal x > 0: at most 3 ULP.
#[inline(always)]
pub fn ln<V: Vector>(x: V) -> V {
    // (2·artanh(s)/s − 2)/s² in s², |s| ≤ 0.1716: 5e-12.
    const SERIES: [f32; 4] = [0.666_666_6, 0.400_003_46, 0.285_366_6, 0.235_931_52];
    // Taking away the bits of √½ first brings the mantissa between √½ and √2.
    const ROOT_HALF_BITS: i32 = 0x3f35_04f3;
    let offset = V::int_add(x.to_bits(), x.splat_int(ROOT_HALF_BITS.wrapping_neg()));
    let n = x.from_int(V::int_shift_right::<23>(offset));
    let mantissa = V::int_and(offset, x.splat_int(0x007f_ffff));
    let m = x.from_bits(V::int_add(mantissa, x.splat_int(ROOT_HALF_BITS)));
    let one = x.splat(1.0);
    let s = m.sub(one).div(m.add(one));
    let square = s.mul(s);
    let fraction = s.mul_add(polynomial(square, SERIES).mul(square), s.add(s));
    n.mul_add(x.splat(LN_2_HIGH), n.mul_add(x.splat(LN_2_LOW), fraction)).nan_of(x)
}
