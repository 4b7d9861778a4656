//! 64-bit ARM: NEON, which every such processor has, with fused multiply-add.

use super::{In, Isa, Pair, Vector, sealed::Sealed};
use core::arch::aarch64::*;

/// Four lanes.
#[derive(Clone, Copy, Debug)]
pub struct Four(float32x4_t);

impl Sealed for Four {}

impl Four {
    #[inline(always)]
    fn lanes(self) -> [f32; 4] {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe {
            [
                vgetq_lane_f32::<0>(self.0),
                vgetq_lane_f32::<1>(self.0),
                vgetq_lane_f32::<2>(self.0),
                vgetq_lane_f32::<3>(self.0),
            ]
        }
    }
}

impl Vector for Four {
    const LANES: usize = 4;
    type Mask = uint32x4_t;
    type Int = int32x4_t;

    #[inline(always)]
    unsafe fn splat_unproven(value: f32) -> Self {
        // SAFETY: the caller proves the set.
        unsafe { Four(vdupq_n_f32(value)) }
    }
    #[inline(always)]
    unsafe fn load_pointer(source: *const f32) -> Self {
        // SAFETY: the caller proves the set and the floats.
        unsafe { Four(vld1q_f32(source)) }
    }
    #[inline(always)]
    unsafe fn store_pointer(self, destination: *mut f32) {
        // SAFETY: `self` proves the set, the caller the floats.
        unsafe { vst1q_f32(destination, self.0) }
    }
    #[inline(always)]
    unsafe fn load_upper(source: *const u16) -> int32x4_t {
        // SAFETY: the caller proves the set and the numbers.
        unsafe { vshlq_n_s32::<16>(vreinterpretq_s32_u32(vmovl_u16(vld1_u16(source)))) }
    }
    #[inline(always)]
    unsafe fn load_bytes(source: *const i8) -> int32x4_t {
        // SAFETY: the caller proves the set and four bytes, which need no alignment.
        unsafe {
            let bytes = source.cast::<u32>().read_unaligned().to_le();
            vmovl_s16(vget_low_s16(vmovl_s8(vcreate_s8(bytes.into()))))
        }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { Four(vaddq_f32(self.0, other.0)) }
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { Four(vsubq_f32(self.0, other.0)) }
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { Four(vmulq_f32(self.0, other.0)) }
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { Four(vdivq_f32(self.0, other.0)) }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { Four(vsqrtq_f32(self.0)) }
    }
    // The instructions of these names pass NaN on from either side; the trait wants `other` then.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::select(self.less(other), self, other)
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::select(other.less(self), self, other)
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: `self` proves NEON.
        unsafe { Four(vfmaq_f32(addend.0, self.0, factor.0)) }
    }
    #[inline(always)]
    fn less(self, other: Self) -> uint32x4_t {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { vcltq_f32(self.0, other.0) }
    }
    #[inline(always)]
    fn select(mask: uint32x4_t, yes: Self, no: Self) -> Self {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { Four(vbslq_f32(mask, yes.0, no.0)) }
    }
    #[inline(always)]
    fn round_to_int(self) -> int32x4_t {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { vcvtnq_s32_f32(self.0) }
    }
    #[inline(always)]
    fn from_int(self, int: int32x4_t) -> Self {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { Four(vcvtq_f32_s32(int)) }
    }
    #[inline(always)]
    fn to_bits(self) -> int32x4_t {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { vreinterpretq_s32_f32(self.0) }
    }
    #[inline(always)]
    fn from_bits(self, bits: int32x4_t) -> Self {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { Four(vreinterpretq_f32_s32(bits)) }
    }
    #[inline(always)]
    fn splat_int(self, value: i32) -> int32x4_t {
        // SAFETY: a value of this type proves that the processor has the set.
        unsafe { vdupq_n_s32(value) }
    }
    #[inline(always)]
    fn int_add(left: int32x4_t, right: int32x4_t) -> int32x4_t {
        // SAFETY: integer vectors are made from float vectors only, whose existence proves the set.
        unsafe { vaddq_s32(left, right) }
    }
    #[inline(always)]
    fn int_sub(left: int32x4_t, right: int32x4_t) -> int32x4_t {
        // SAFETY: integer vectors are made from float vectors only, whose existence proves the set.
        unsafe { vsubq_s32(left, right) }
    }
    #[inline(always)]
    fn int_and(left: int32x4_t, right: int32x4_t) -> int32x4_t {
        // SAFETY: integer vectors are made from float vectors only, whose existence proves the set.
        unsafe { vandq_s32(left, right) }
    }
    #[inline(always)]
    fn int_or(left: int32x4_t, right: int32x4_t) -> int32x4_t {
        // SAFETY: integer vectors are made from float vectors only, whose existence proves the set.
        unsafe { vorrq_s32(left, right) }
    }
    #[inline(always)]
    fn int_shift_left<const BITS: i32>(int: int32x4_t) -> int32x4_t {
        // SAFETY: integer vectors are made from float vectors only, whose existence proves the set.
        unsafe { vshlq_s32(int, vdupq_n_s32(BITS)) }
    }
    #[inline(always)]
    fn int_shift_right<const BITS: i32>(int: int32x4_t) -> int32x4_t {
        // SAFETY: integer vectors are made from float vectors only, whose existence proves the set.
        unsafe { vshlq_s32(int, vdupq_n_s32(-BITS)) }
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        let [a, b, c, d] = self.lanes();
        (a + c) + (b + d)
    }
    #[inline(always)]
    fn largest(self) -> f32 {
        let [a, b, c, d] = self.lanes();
        let (low, high) = (if a > c { a } else { c }, if b > d { b } else { d });
        if low > high { low } else { high }
    }
}

impl In<Neon> for Four {}

/// NEON: 32 registers of four lanes.
#[derive(Clone, Copy, Debug)]
pub struct Neon(());

impl Neon {
    /// The token; every processor of this target has the set.
    pub const fn new() -> Self {
        Neon(())
    }
}
impl Default for Neon {
    fn default() -> Self {
        Self::new()
    }
}
impl Sealed for Neon {}

impl Isa for Neon {
    type V4 = Four;
    type V8 = Pair<Four>;
    type V16 = Pair<Pair<Four>>;
    type Block = Pair<Pair<Four>>;
    type Group = Pair<Pair<Four>>;
    type Tile = Four;
    const BLOCKS: usize = 1;
    const MANY_REGISTERS: bool = true;
    const WHOLE_ROWS: bool = false;
    const UNROLLED: bool = true;
    const NAME: &'static str = "neon";

    #[inline(always)]
    fn halves(self, vector: Self::V16) -> [Self::V8; 2] {
        [vector.0, vector.1]
    }
    #[inline(always)]
    fn split_eight(self, vector: Self::V8) -> [Self::V4; 2] {
        [vector.0, vector.1]
    }
    #[inline(always)]
    fn quarters(self, vector: Self::V16) -> [Self::V4; 4] {
        [vector.0.0, vector.0.1, vector.1.0, vector.1.1]
    }
}
