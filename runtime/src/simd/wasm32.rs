//! WebAssembly with 128-bit vectors. There is no fused multiply-add: each multiply-add rounds twice, as on SSE2.

use super::{In, Isa, Pair, Program, Vector, sealed::Sealed};
use core::arch::wasm32::*;

/// Four lanes.
#[derive(Clone, Copy, Debug)]
pub struct Four(v128);

impl Sealed for Four {}

impl Four {
    #[inline(always)]
    fn lanes(self) -> [f32; 4] {
        [
            f32x4_extract_lane::<0>(self.0),
            f32x4_extract_lane::<1>(self.0),
            f32x4_extract_lane::<2>(self.0),
            f32x4_extract_lane::<3>(self.0),
        ]
    }
}

impl Vector for Four {
    const LANES: usize = 4;
    type Mask = v128;
    type Int = v128;

    #[inline(always)]
    unsafe fn splat_unproven(value: f32) -> Self {
        Four(f32x4_splat(value))
    }
    #[inline(always)]
    unsafe fn load_pointer(source: *const f32) -> Self {
        // SAFETY: the caller proves the set and the floats.
        unsafe { Four(v128_load(source.cast())) }
    }
    #[inline(always)]
    unsafe fn store_pointer(self, destination: *mut f32) {
        // SAFETY: `self` proves the set, the caller the floats.
        unsafe { v128_store(destination.cast(), self.0) }
    }
    #[inline(always)]
    unsafe fn load_upper(source: *const u16) -> v128 {
        // SAFETY: the caller proves four words.
        i32x4_shl(unsafe { u32x4_load_extend_u16x4(source) }, 16)
    }
    #[inline(always)]
    unsafe fn load_bytes(source: *const i8) -> v128 {
        // SAFETY: the caller proves four bytes; the load needs no alignment.
        let bytes = unsafe { v128_load32_zero(source.cast()) };
        i32x4_extend_low_i16x8(i16x8_extend_low_i8x16(bytes))
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Four(f32x4_add(self.0, other.0))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Four(f32x4_sub(self.0, other.0))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Four(f32x4_mul(self.0, other.0))
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Four(f32x4_div(self.0, other.0))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Four(f32x4_sqrt(self.0))
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
        self.mul(factor).add(addend)
    }
    #[inline(always)]
    fn less(self, other: Self) -> v128 {
        f32x4_lt(self.0, other.0)
    }
    #[inline(always)]
    fn select(mask: v128, yes: Self, no: Self) -> Self {
        Four(v128_bitselect(yes.0, no.0, mask))
    }
    #[inline(always)]
    fn round_to_int(self) -> v128 {
        i32x4_trunc_sat_f32x4(f32x4_nearest(self.0))
    }
    #[inline(always)]
    fn from_int(self, int: v128) -> Self {
        Four(f32x4_convert_i32x4(int))
    }
    #[inline(always)]
    fn to_bits(self) -> v128 {
        self.0
    }
    #[inline(always)]
    fn from_bits(self, bits: v128) -> Self {
        Four(bits)
    }
    #[inline(always)]
    fn splat_int(self, value: i32) -> v128 {
        i32x4_splat(value)
    }
    #[inline(always)]
    fn int_add(left: v128, right: v128) -> v128 {
        i32x4_add(left, right)
    }
    #[inline(always)]
    fn int_sub(left: v128, right: v128) -> v128 {
        i32x4_sub(left, right)
    }
    #[inline(always)]
    fn int_and(left: v128, right: v128) -> v128 {
        v128_and(left, right)
    }
    #[inline(always)]
    fn int_or(left: v128, right: v128) -> v128 {
        v128_or(left, right)
    }
    #[inline(always)]
    fn int_shift_left<const BITS: i32>(int: v128) -> v128 {
        i32x4_shl(int, BITS as u32)
    }
    #[inline(always)]
    fn int_shift_right<const BITS: i32>(int: v128) -> v128 {
        i32x4_shr(int, BITS as u32)
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

impl In<Simd128> for Four {}

/// Registers of four lanes, as many as the engine gives (16 are assumed).
#[derive(Clone, Copy, Debug)]
pub struct Simd128(());

impl Simd128 {
    /// The token; every processor of this target has the set.
    pub const fn new() -> Self {
        Simd128(())
    }
}
impl Default for Simd128 {
    fn default() -> Self {
        Self::new()
    }
}
impl Sealed for Simd128 {}

impl Isa for Simd128 {
    type V4 = Four;
    type V8 = Pair<Four>;
    type V16 = Pair<Pair<Four>>;
    type Block = Pair<Four>;
    type Tile = Four;
    const STREAMS: usize = 1;
    const MANY_REGISTERS: bool = false;
    const WHOLE_ROWS: bool = false;
    const UNROLLED: bool = false;
    const NAME: &'static str = "simd128";

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
    #[inline(never)]
    fn outline<P: Program>(self, program: P) -> P::Output {
        program.run(self)
    }
}
