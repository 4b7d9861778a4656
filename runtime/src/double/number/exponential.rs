//! e to the x and its inverse, by their series: no table, and nothing that a processor could round otherwise.

use crate::double::activation::polynomial;
use crate::double::simd::Vector;

/// ln 2 in two parts: the first has few enough bits that its product with an exponent is exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
/// What [`LN_2_HIGH`] leaves of ln 2.
const LN_2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);

/// (eʳ − 1 − r)/r²: 1/2!, 1/3!, … 1/13!. For |r| ≤ ln 2 / 2 the next term is below 4e-18 of eʳ.
const EXPONENTIAL: [f64; 12] = {
    let (mut series, mut factorial, mut index) = ([0.0; 12], 1.0, 0);
    while index < 12 {
        factorial *= (index + 2) as f64;
        series[index] = 1.0 / factorial;
        index += 1;
    }
    series
};

/// (2·artanh(s)/s − 2)/s² in s²: 2/3, 2/5, 2/7 …
const fn artanh<const N: usize>() -> [f64; N] {
    let (mut series, mut index) = ([0.0; N], 0);
    while index < N {
        series[index] = 2.0 / (2 * index + 3) as f64;
        index += 1;
    }
    series
}

/// x = n·ln 2 + r: gives eʳ − 1 and n.
#[inline(always)]
fn reduce<V: Vector>(x: V) -> [V; 2] {
    let n = x.mul(x.splat(core::f64::consts::LOG2_E)).round();
    let r = x.sub(n.mul(x.splat(LN_2_HIGH))).sub(n.mul(x.splat(LN_2_LOW)));
    [polynomial(r, EXPONENTIAL).mul(r).mul_add(r, r), n]
}

/// eˣ: at most 2 ULP; infinity above 709.8, denormals and then 0 below −708.4.
#[inline(always)]
pub fn exp<V: Vector>(x: V) -> V {
    let bounded = x.splat(-746.0).max(x.splat(710.0).min(x));
    let [fraction, exponent] = reduce(bounded);
    // The power in two factors: neither overflows, and only the last product rounds to a denormal.
    let half = exponent.mul(x.splat(0.5)).round();
    let rest = exponent.sub(half);
    fraction.add(x.splat(1.0)).mul(half.two_to()).mul(rest.two_to()).nan_of(x)
}

/// eˣ − 1 for x ≤ 0: at most 3 ULP; −1 below −37.5.
#[inline(always)]
pub fn exp_m1<V: Vector>(x: V) -> V {
    let bounded = x.splat(-40.0).max(x.splat(0.0).min(x));
    let [fraction, exponent] = reduce(bounded);
    let power = exponent.two_to();
    fraction.mul_add(power, power.sub(x.splat(1.0))).nan_of(x)
}

/// ln(1 + x) for 0 ≤ x ≤ 1: at most 3 ULP. As 2·artanh(x / (2 + x)).
#[inline(always)]
pub fn ln_1p<V: Vector>(x: V) -> V {
    // s ≤ 1/3: the next term is below 4e-18.
    let s = x.div(x.add(x.splat(2.0)));
    let square = s.mul(s);
    let tail = polynomial(square, const { artanh::<17>() }).mul(square);
    s.mul_add(tail, s.add(s))
}

/// ln x for normal x > 0: at most 3 ULP.
#[inline(always)]
pub fn ln<V: Vector>(x: V) -> V {
    let [m, n] = x.split();
    let one = x.splat(1.0);
    // |s| ≤ 0.1716: the next term is below 1e-18.
    let s = m.sub(one).div(m.add(one));
    let square = s.mul(s);
    let fraction = s.mul_add(polynomial(square, const { artanh::<11>() }).mul(square), s.add(s));
    n.mul_add(x.splat(LN_2_HIGH), n.mul_add(x.splat(LN_2_LOW), fraction)).nan_of(x)
}
