//! Powers: what C's `pow` gives for a float and a float, rounded once.
//!
//! A power is computed in f64 as 2^(y·log₂|x|), to some 12 digits, with additions, multiplications and divisions only: the
//! same bits on every machine.

/// x to the power of y.
pub(crate) fn power_of(x: f32, y: f32) -> f32 {
    if y == 0.0 {
        return 1.0;
    }
    // From 2²³ on every float is whole, from 2²⁴ on even.
    let is_whole = y.abs() >= 8_388_608.0 || (y as i32) as f32 == y;
    let is_odd = is_whole && y.abs() < 16_777_216.0 && (y as i32) & 1 == 1;
    let magnitude = x.abs();
    if x.is_nan() || (x < 0.0 && magnitude < f32::INFINITY && !is_whole) {
        return f32::NAN;
    }
    let result = if magnitude == 1.0 {
        1.0
    } else if magnitude == 0.0 || magnitude == f32::INFINITY {
        if (magnitude == 0.0) == (y > 0.0) { 0.0 } else { f32::INFINITY }
    } else {
        two_to(f64::from(y) * log_two(f64::from(magnitude))) as f32
    };
    if is_odd && x.is_sign_negative() { -result } else { result }
}

/// log₂ x of a normal number.
pub(super) fn log_two(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    // The mantissa between √½ and √2, so that the series is short.
    let shifted = x.to_bits().wrapping_sub(0x3fe6_a09e_667f_3bcd);
    let exponent = (shifted.cast_signed() >> 52) as f64;
    let mantissa = f64::from_bits((shifted & MANTISSA).wrapping_add(0x3fe6_a09e_667f_3bcd));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    // ln m = 2·(s + s³/3 + s⁵/5 + …) with s² < 0.03.
    let mut sum = 0.0;
    for divisor in [17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        sum = sum * square + 1.0 / divisor;
    }
    exponent + 2.0 * s * sum * core::f64::consts::LOG2_E
}

/// 2 to the power of t; what f32 can't hold comes out as 0 or beyond its largest number.
pub(super) fn two_to(t: f64) -> f64 {
    // Adding and taking away 1.5 · 2⁵² rounds to a whole number.
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    let t = t.clamp(-1000.0, 1000.0);
    let whole = (t + MAGIC) - MAGIC;
    let z = (t - whole) * core::f64::consts::LN_2;
    let mut sum = 1.0;
    for index in [11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0] {
        sum = 1.0 + sum * z / index;
    }
    sum * f64::from_bits(((whole as i64 + 1023) << 52).cast_unsigned())
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::power_of as of;

    #[test]
    fn powers_are_those_of_the_standard_library() {
        let edges = [0.0, 1.0, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE, 1e-45, 0.5, 2.0, 10.0, 0.999_999_9];
        let more = (1..2000_u16).map(|step| f32::from(step) * 0.013);
        for x in edges.into_iter().chain(more).flat_map(|x| [x, -x]) {
            for y in [
                0.5,
                -0.5,
                0.3,
                -0.3,
                1.5,
                2.5,
                0.1,
                7.3,
                65.0,
                66.0,
                -1.0,
                -2.0,
                -3.0,
                0.0,
                1e9,
                16_777_217.0,
                f32::INFINITY,
            ] {
                #[allow(clippy::disallowed_methods, reason = "the oracle")]
                let (exact, power) = (f64::from(x).powf(f64::from(y)) as f32, of(x, y));
                let is_same = exact.to_bits() == power.to_bits() || (exact.is_nan() && power.is_nan());
                let is_near = (exact - power).abs() <= exact.abs() * f32::EPSILON;
                assert!(is_same || is_near, "{x} ** {y}: {power} is not {exact}");
            }
        }
        assert!(of(f32::NAN, 2.5).is_nan());
    }
}
