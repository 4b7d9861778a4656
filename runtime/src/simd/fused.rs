//! Multiply-add that rounds once: RISC-V's instruction, to which plain Rust has no way without a standard library, or
//! the same bits out of doubles.
//!
//! In doubles the product of two `f32` is exact, and so is the error of a sum (Knuth's two-sum). Rounding the sum to a
//! double and that to an `f32` differs from rounding once only where the double lies midway between two neighbouring
//! `f32` and is not exact. Such a double has at most 25 significant bits, so its 28 lowest bits are 0; only then the
//! sum is rounded to odd (towards zero, the last bit set where something was lost), which decides the second rounding
//! as the exact sum would. Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using
//! rounding to odd", IEEE Transactions on Computers 57(4), 2008: right for subnormal results too.

/// The bits of a double that are 0 in everything midway between two neighbouring `f32`.
pub(super) const BELOW_MIDWAY: u32 = 0x0fff_ffff;

/// `left * right + addend`, rounded once, by doubles. Where these are functions of a library, it is one too: inlined, a
/// kernel's many would make the code tens of times as large.
#[cfg_attr(target_arch = "wasm32", inline(always))]
#[cfg_attr(not(target_arch = "wasm32"), inline(never))]
#[allow(dead_code, reason = "targets with the instruction need it in tests only")]
pub(super) fn emulated(left: f32, right: f32, addend: f32) -> f32 {
    let product = f64::from(left) * f64::from(right);
    let addend = f64::from(addend);
    let sum = product + addend;
    if sum.to_bits() as u32 & BELOW_MIDWAY != 0 {
        return sum as f32;
    }
    rounded_to_odd(product, addend, sum) as f32
}

/// `product + addend` rounded to odd, from the same `sum` rounded to nearest.
#[allow(dead_code, reason = "as above")]
#[cold]
#[inline(never)]
fn rounded_to_odd(product: f64, addend: f64, sum: f64) -> f64 {
    let taken = sum - product;
    let error = (product - (sum - taken)) + (addend - taken);
    // Not where the error is 0, nor where it is NaN because the sum is not finite.
    if error.abs() > 0.0 {
        let away_from_zero = (error < 0.0) != (sum < 0.0);
        return f64::from_bits((sum.to_bits() - u64::from(away_from_zero)) | 1);
    }
    sum
}

/// `left * right + addend`, rounded once, by RISC-V's instruction.
#[cfg(riscv_f)]
#[inline(always)]
pub(super) fn native(left: f32, right: f32, addend: f32) -> f32 {
    let sum: f32;
    // SAFETY: the target has the F extension; the instruction touches registers only.
    unsafe {
        core::arch::asm!(
            "fmadd.s {sum}, {left}, {right}, {addend}",
            sum = out(freg) sum, left = in(freg) left, right = in(freg) right, addend = in(freg) addend,
            options(pure, nomem, nostack)
        );
    }
    sum
}

#[cfg(all(test, feature = "std"))]
#[allow(clippy::disallowed_methods, reason = "the standard library's multiply-add is the oracle")]
mod tests {
    use super::emulated;

    /// The same bits, or NaN on both sides.
    fn check(left: f32, right: f32, addend: f32) {
        let (got, expected) = (emulated(left, right, addend), left.mul_add(right, addend));
        let same = got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan();
        assert!(same, "{left:e} * {right:e} + {addend:e} is {expected:e}, not {got:e}");
    }

    #[test]
    fn midway_sums_go_where_the_exact_sum_lies() {
        // (1 + 2⁻¹²)² = 1 + 2⁻¹¹ + 2⁻²⁴: midway; an addend far below its last bit decides.
        let factor = 1.0 + f32::from_bits((127 - 12) << 23);
        assert_eq!(emulated(factor, factor, 1e-30), 1.0 + 2f32.powi(-11) + 2f32.powi(-23));
        assert_eq!(emulated(factor, factor, -1e-30), 1.0 + 2f32.powi(-11));
        assert_eq!(emulated(factor, factor, 0.0), 1.0 + 2f32.powi(-11));
        for addend in [1e-30, -1e-30, 0.0, 1e-45, -1e-45] {
            for sign in [1.0, -1.0] {
                check(factor, sign * factor, addend);
            }
        }
    }

    #[test]
    fn hard_values_agree_with_the_standard_library() {
        let hard: Vec<f32> =
            [0u32, 1, 2, 3, 0x007f_ffff, 0x0080_0000, 0x0080_0001, 0x3f7f_ffff, 0x3f80_0000, 0x3f80_0001]
                .into_iter()
                .chain([
                    0x0010_0000,
                    0x1a00_0000,
                    0x1a00_0001,
                    0x25ff_ffff,
                    0x3380_0000,
                    0x33ff_ffff,
                    0x3f80_0800,
                    0x4b80_0001,
                ])
                .chain([0x7f7f_ffff, 0x7f00_0000, 0x7f80_0000, 0x7fc0_0000, 0x5f80_0000, 0x5f7f_ffff])
                .flat_map(|bits| [f32::from_bits(bits), f32::from_bits(bits | 1 << 31)])
                .collect();
        for &left in &hard {
            for &right in &hard {
                for &addend in &hard {
                    check(left, right, addend);
                }
            }
        }
    }

    #[test]
    fn few_bits_agree_with_the_standard_library() {
        // Few significant bits and near exponents make many sums midway; small exponents make them subnormal.
        let mut state = 1u64;
        let mut draw = |scale: i32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let bits = (state >> 33) as u32;
            let mantissa = [bits & 0x0000_0fff, bits & 0x007f_f000, bits & 0x0078_0001, bits & 0x007f_ffff]
                [bits as usize >> 29 & 3];
            let exponent = (127 + scale + (bits >> 23 & 31) as i32 - 16).clamp(0, 254) as u32;
            f32::from_bits(bits << 31 | exponent << 23 | mantissa)
        };
        for round in 0..2_000_000 {
            let scale = [0, -20, -70][round % 3];
            let (left, right) = (draw(scale), draw(scale));
            check(left, right, draw(2 * scale + round as i32 % 40 - 20));
        }
    }
}
