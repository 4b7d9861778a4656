//! Functions of single values, in place: what Keras's `ops` have beside the activations. Logarithms and waves are computed in
//! f64 with additions, multiplications and divisions only and rounded once: the same bits on every machine.

use super::elementwise::{padded, unpad};
use super::pairs::{floor, truth};
use super::power::{log_two, two_to};
use crate::simd::{In, Isa, Vector};

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident($value:ident) => $result:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name(values: &mut [f32]) {
            for value in values {
                let $value = *value;
                *value = $result;
            }
        }
    )*};
}
functions! {
    /// −1, 0 or 1.
    sign(x) => if x == 0.0 || x.is_nan() { x } else { (1.0_f32).copysign(x) };
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
    logarithm(x) => natural(f64::from(x), f64::from(x)) as f32;
    /// The logarithm to base 2.
    logarithm_two(x) => (natural(f64::from(x), f64::from(x)) * core::f64::consts::LOG2_E) as f32;
    /// The logarithm to base 10.
    logarithm_ten(x) => (natural(f64::from(x), f64::from(x)) * core::f64::consts::LOG10_E) as f32;
    /// `ln(1 + x)`, exact near 0.
    logarithm_one_more(x) => one_more(f64::from(x)) as f32;
    /// `exp(x) − 1`, exact near 0.
    exponential_less_one(x) => one_less(f64::from(x)) as f32;
    /// The sine; beyond 10⁶ it loses digits.
    sine(x) => wave(f64::from(x), 0) as f32;
    /// The cosine; beyond 10⁶ it loses digits.
    cosine(x) => wave(f64::from(x), 1) as f32;
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

/// Every value is this one.
#[inline(always)]
pub fn fill(constant: f32, values: &mut [f32]) {
    values.fill(constant);
}

/// The square root.
#[inline(always)]
pub fn square_root<I: Isa>(isa: I, values: &mut [f32]) {
    for chunk in values.chunks_mut(16) {
        let mut line = padded(chunk, 0.0);
        I::V16::load(isa, &line, 0).sqrt().store(&mut line, 0);
        unpad(&line, chunk);
    }
}

/// One divided by the square root.
#[inline(always)]
pub fn reciprocal_root<I: Isa>(isa: I, values: &mut [f32]) {
    for chunk in values.chunks_mut(16) {
        let mut line = padded(chunk, 1.0);
        let root = I::V16::load(isa, &line, 0).sqrt();
        root.splat(1.0).div(root).store(&mut line, 0);
        unpad(&line, chunk);
    }
}

/// To the nearest whole number, ties to even.
#[inline(always)]
fn nearest(x: f32) -> f32 {
    // Beside 2²³ floats are whole numbers; from there on `x` is one.
    const MAGIC: f32 = 8_388_608.0;
    let magnitude = x.abs();
    if magnitude < MAGIC { ((magnitude + MAGIC) - MAGIC).copysign(x) } else { x }
}

/// ln x; `edge` is x as given, for what has no logarithm.
fn natural(x: f64, edge: f64) -> f64 {
    if edge > 0.0 && edge < f64::INFINITY {
        log_two(x) * core::f64::consts::LN_2
    } else if edge == 0.0 {
        f64::NEG_INFINITY
    } else if edge == f64::INFINITY {
        edge
    } else {
        f64::NAN
    }
}

fn one_more(x: f64) -> f64 {
    // Below 10⁻⁴ the next term of the series is beyond a float's digits.
    if x.abs() < 1e-4 { x - x * x * (0.5 - x / 3.0) } else { natural(1.0 + x, 1.0 + x) }
}

fn one_less(x: f64) -> f64 {
    if x.abs() < 1e-4 {
        return x + x * x * (0.5 + x / 6.0);
    }
    two_to(x * core::f64::consts::LOG2_E) - 1.0
}

/// The sine of x plus `quarters` quarter turns.
#[allow(clippy::cast_possible_truncation)]
fn wave(x: f64, quarters: i64) -> f64 {
    // Adding and taking away 1.5 · 2⁵² rounds to a whole number.
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    // π/2 in three parts, the first two of 33 bits, so that their products with a whole number are exact.
    const PARTS: [f64; 3] = [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_7e-21];
    if !x.is_finite() {
        return f64::NAN;
    }
    let turns = (x * core::f64::consts::FRAC_2_PI + MAGIC) - MAGIC;
    let rest = ((x - turns * PARTS[0]) - turns * PARTS[1]) - turns * PARTS[2];
    let square = rest * rest;
    let quarter = (turns as i64).wrapping_add(quarters) & 3;
    let mut sum = 0.0;
    let value = if quarter & 1 == 0 {
        for divisor in [210.0, 156.0, 110.0, 72.0, 42.0, 20.0, 6.0] {
            sum = -(1.0 + sum) * square / divisor;
        }
        rest + rest * sum
    } else {
        for divisor in [240.0, 182.0, 132.0, 90.0, 56.0, 30.0, 12.0, 2.0] {
            sum = -(1.0 + sum) * square / divisor;
        }
        1.0 + sum
    };
    if quarter & 2 == 0 { value } else { -value }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    fn near(name: &str, x: f32, value: f32, exact: f64) {
        #[allow(clippy::cast_possible_truncation)]
        let rounded = exact as f32;
        let is_same = value.to_bits() == rounded.to_bits() || (value.is_nan() && rounded.is_nan());
        assert!(is_same || (f64::from(value) - exact).abs() <= exact.abs() * 1.3e-7, "{name}({x}): {value}, not {exact}");
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the oracle")]
    fn functions_are_those_of_the_standard_library() {
        type Function = (&'static str, fn(f64) -> f64, fn(&mut [f32]));
        let functions: [Function; 11] = [
            ("log", f64::ln, logarithm),
            ("log2", f64::log2, logarithm_two),
            ("log10", f64::log10, logarithm_ten),
            ("log1p", f64::ln_1p, logarithm_one_more),
            ("expm1", f64::exp_m1, exponential_less_one),
            ("sin", f64::sin, sine),
            ("cos", f64::cos, cosine),
            ("floor", f64::floor, floor_of),
            ("ceil", f64::ceil, ceiling),
            ("trunc", f64::trunc, truncate),
            ("round", f64::round_ties_even, round),
        ];
        let edges = [0.0, 1.0, 0.5, 1.5, 2.5, 1e-6, 1e-4, 1e-30, 3.0e5, 8_388_609.0, 1e-45, f32::MAX, f32::INFINITY, f32::NAN];
        let many = (1..4000_u16).map(|step| f32::from(step) * 0.0237);
        for (name, exact, function) in functions {
            for x in edges.into_iter().chain(many.clone()).flat_map(|x| [x, -x]) {
                if name.len() == 3 && x.is_finite() && x.abs() > 1e6 && name != "log" {
                    continue;
                }
                let mut value = [x];
                function(&mut value);
                near(name, x, value[0], exact(f64::from(x)));
            }
        }
    }
}
