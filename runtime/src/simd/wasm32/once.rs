//! Multiply-add that rounds once, four lanes as two pairs of doubles: [`super::super::fused`], vector by vector.

use super::super::{fused::BELOW_MIDWAY, sealed::Sealed};
use super::MultiplyAdd;
use core::arch::wasm32::*;

/// Rounded once.
#[derive(Clone, Copy, Debug)]
pub struct Once;

impl Sealed for Once {}

impl MultiplyAdd for Once {
    #[inline(always)]
    fn multiply_add(left: v128, right: v128, addend: v128) -> v128 {
        let low = f64x2_mul(f64x2_promote_low_f32x4(left), f64x2_promote_low_f32x4(right));
        let high = f64x2_mul(promote_high(left), promote_high(right));
        let low_sum = f64x2_add(low, f64x2_promote_low_f32x4(addend));
        let high_sum = f64x2_add(high, promote_high(addend));
        let words = i32x4_shuffle::<0, 2, 4, 6>(low_sum, high_sum);
        let midway = i32x4_eq(v128_and(words, u32x4_splat(BELOW_MIDWAY)), u32x4_splat(0));
        if v128_any_true(midway) {
            return odd(low, high, addend);
        }
        demote(low_sum, high_sum)
    }
}

/// The upper two lanes as doubles.
#[inline(always)]
fn promote_high(vector: v128) -> v128 {
    f64x2_promote_low_f32x4(i64x2_shuffle::<1, 1>(vector, vector))
}

/// Four doubles rounded to `f32`.
#[inline(always)]
fn demote(low: v128, high: v128) -> v128 {
    i64x2_shuffle::<0, 2>(f32x4_demote_f64x2_zero(low), f32x4_demote_f64x2_zero(high))
}

/// The exact products plus the addends, rounded to odd and then to `f32`.
#[cold]
#[inline(never)]
fn odd(low: v128, high: v128, addend: v128) -> v128 {
    demote(odd_half(low, f64x2_promote_low_f32x4(addend)), odd_half(high, promote_high(addend)))
}

/// `product + addend` rounded to odd, as `fused::rounded_to_odd` does it.
#[inline(always)]
fn odd_half(product: v128, addend: v128) -> v128 {
    let sum = f64x2_add(product, addend);
    let taken = f64x2_sub(sum, product);
    let error = f64x2_add(f64x2_sub(product, f64x2_sub(sum, taken)), f64x2_sub(addend, taken));
    let inexact = f64x2_gt(f64x2_abs(error), f64x2_splat(0.0));
    // All ones, which is -1, where the sum lies further from zero than the exact one.
    let away_from_zero = i64x2_shr(v128_xor(error, sum), 63);
    let towards_zero = i64x2_add(sum, v128_and(away_from_zero, inexact));
    v128_or(towards_zero, v128_and(inexact, i64x2_splat(1)))
}
