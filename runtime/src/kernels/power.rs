//! Powers whose exponent is a constant. Whole powers of small exponents are [`join::power`](super::join::power).

use super::number::power_of;
use super::simd::{Float, In, Isa, Vector};

/// Replaces every value by its square root; that of −∞ is ∞, as a power of ½ has it.
#[inline(always)]
pub fn square_root<I: Isa>(isa: I, values: &mut [Float]) {
    for chunk in values.chunks_mut(16) {
        let mut line = super::elementwise::padded(chunk, 0.0);
        let x = I::V16::load(isa, &line, 0);
        // Adding 0 turns −0 into 0.
        let root = x.sqrt().add(x.splat(0.0));
        I::V16::select(x.less(x.splat(Float::MIN)), x.splat(Float::INFINITY), root).store(&mut line, 0);
        super::elementwise::unpad(&line, chunk);
    }
}

/// Replaces every value by its power of this exponent.
#[inline(always)]
pub fn power<I: Isa>(_isa: I, exponent: Float, values: &mut [Float]) {
    for value in values {
        *value = power_of(*value, exponent);
    }
}
