//! Functions of single values that are made for floats: rounding, logarithms, waves. The latter two are computed in f64 with
//! additions, multiplications and divisions only and rounded once: the same bits on every machine.

use super::power::{log_two, two_to};

/// The largest whole number that is not above `x`.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
pub(crate) fn floor(x: f32) -> f32 {
    // From 2²³ on every float is whole; NaN stays NaN.
    if x.abs() < 8_388_608.0 {
        let whole = (x as i32) as f32;
        if whole > x { whole - 1.0 } else { whole.abs().copysign(x) }
    } else {
        x
    }
}

/// ln x.
pub(crate) fn natural_logarithm(x: f32) -> f32 {
    natural(f64::from(x)) as f32
}

/// log₂ x.
pub(crate) fn logarithm_two(x: f32) -> f32 {
    (natural(f64::from(x)) * core::f64::consts::LOG2_E) as f32
}

/// log₁₀ x.
pub(crate) fn logarithm_ten(x: f32) -> f32 {
    (natural(f64::from(x)) * core::f64::consts::LOG10_E) as f32
}

/// `ln(1 + x)`, exact near 0.
pub(crate) fn logarithm_one_more(x: f32) -> f32 {
    let x = f64::from(x);
    // Below 10⁻⁴ the next term of the series is beyond a float's digits.
    (if x.abs() < 1e-4 { x - x * x * (0.5 - x / 3.0) } else { natural(1.0 + x) }) as f32
}

/// `exp(x) − 1`, exact near 0.
pub(crate) fn exponential_less_one(x: f32) -> f32 {
    let x = f64::from(x);
    (if x.abs() < 1e-4 { x + x * x * (0.5 + x / 6.0) } else { two_to(x * core::f64::consts::LOG2_E) - 1.0 }) as f32
}

/// sin x; beyond 10⁶ it loses digits.
pub(crate) fn sine(x: f32) -> f32 {
    wave(f64::from(x), 0) as f32
}

/// cos x; beyond 10⁶ it loses digits.
pub(crate) fn cosine(x: f32) -> f32 {
    wave(f64::from(x), 1) as f32
}

/// ln x, −∞ of 0, NaN of what is negative.
fn natural(x: f64) -> f64 {
    if x > 0.0 && x < f64::INFINITY {
        log_two(x) * core::f64::consts::LN_2
    } else if x == 0.0 {
        f64::NEG_INFINITY
    } else if x == f64::INFINITY {
        x
    } else {
        f64::NAN
    }
}

/// To the nearest whole number, ties to even.
#[inline(always)]
pub(crate) fn nearest(x: f32) -> f32 {
    // Beside 2²³ floats are whole numbers; from there on `x` is one.
    const MAGIC: f32 = 8_388_608.0;
    let magnitude = x.abs();
    if magnitude < MAGIC { ((magnitude + MAGIC) - MAGIC).copysign(x) } else { x }
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
        assert!(
            is_same || (f64::from(value) - exact).abs() <= exact.abs() * 1.3e-7,
            "{name}({x}): {value}, not {exact}"
        );
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the oracle")]
    fn functions_are_those_of_the_standard_library() {
        type Function = (&'static str, fn(f64) -> f64, fn(f32) -> f32);
        let functions: [Function; 9] = [
            ("log", f64::ln, natural_logarithm),
            ("log2", f64::log2, logarithm_two),
            ("log10", f64::log10, logarithm_ten),
            ("log1p", f64::ln_1p, logarithm_one_more),
            ("expm1", f64::exp_m1, exponential_less_one),
            ("sin", f64::sin, sine),
            ("cos", f64::cos, cosine),
            ("floor", f64::floor, floor),
            ("round", f64::round_ties_even, nearest),
        ];
        let edges =
            [0.0, 1.0, 0.5, 1.5, 2.5, 1e-6, 1e-4, 1e-30, 3.0e5, 8_388_609.0, 1e-45, f32::MAX, f32::INFINITY, f32::NAN];
        let many = (1..4000_u16).map(|step| f32::from(step) * 0.0237);
        for (name, exact, function) in functions {
            for x in edges.into_iter().chain(many.clone()).flat_map(|x| [x, -x]) {
                if name.len() == 3 && x.is_finite() && x.abs() > 1e6 && name != "log" {
                    continue;
                }
                near(name, x, function(x), exact(f64::from(x)));
            }
        }
    }
}
