//! WebAssembly with 128-bit vectors, and how it multiplies and adds.
//!
//! There is no instruction that must round once. By default doubles give the bits of one ([`super::fused`]), so that a
//! page shows what a server computes. The feature `wasm-unfused` rounds twice instead, which is quicker. Where the
//! target has `relaxed-simd`, engines on processors with fused multiply-add have an instruction after all; whether
//! this one does is tried when the program runs.

use super::{In, Isa, Pair, Vector, sealed::Sealed};
use core::arch::wasm32::*;
use core::marker::PhantomData;

#[cfg(not(feature = "wasm-unfused"))]
mod once;

/// A way to multiply and add.
pub trait MultiplyAdd: Copy + core::fmt::Debug + Sealed {
    /// `left * right + addend`.
    fn multiply_add(left: v128, right: v128, addend: v128) -> v128;
}

/// Rounded twice.
#[cfg(feature = "wasm-unfused")]
#[derive(Clone, Copy, Debug)]
pub struct Twice;
/// As the engine likes best.
#[cfg(target_feature = "relaxed-simd")]
#[derive(Clone, Copy, Debug)]
pub struct Relaxed;

#[cfg(feature = "wasm-unfused")]
impl Sealed for Twice {}
#[cfg(target_feature = "relaxed-simd")]
impl Sealed for Relaxed {}

#[cfg(feature = "wasm-unfused")]
impl MultiplyAdd for Twice {
    #[inline(always)]
    fn multiply_add(left: v128, right: v128, addend: v128) -> v128 {
        f32x4_add(f32x4_mul(left, right), addend)
    }
}

#[cfg(target_feature = "relaxed-simd")]
impl MultiplyAdd for Relaxed {
    #[inline(always)]
    fn multiply_add(left: v128, right: v128, addend: v128) -> v128 {
        f32x4_relaxed_madd(left, right, addend)
    }
}

/// Four lanes; `M` says how they multiply and add.
#[derive(Clone, Copy, Debug)]
pub struct Four<M>(v128, PhantomData<M>);

/// A register's four lanes.
#[inline(always)]
const fn four<M>(register: v128) -> Four<M> {
    Four(register, PhantomData)
}

impl<M> Sealed for Four<M> {}

impl<M> Four<M> {
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

impl<M: MultiplyAdd> Vector for Four<M> {
    const LANES: usize = 4;
    type Mask = v128;
    type Int = v128;

    #[inline(always)]
    unsafe fn splat_unproven(value: f32) -> Self {
        four(f32x4_splat(value))
    }
    #[inline(always)]
    unsafe fn load_pointer(source: *const f32) -> Self {
        // SAFETY: the caller proves the set and the floats.
        unsafe { four(v128_load(source.cast())) }
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
        four(f32x4_add(self.0, other.0))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        four(f32x4_sub(self.0, other.0))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        four(f32x4_mul(self.0, other.0))
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        four(f32x4_div(self.0, other.0))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        four(f32x4_sqrt(self.0))
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
        four(M::multiply_add(self.0, factor.0, addend.0))
    }
    #[inline(always)]
    fn less(self, other: Self) -> v128 {
        f32x4_lt(self.0, other.0)
    }
    #[inline(always)]
    fn select(mask: v128, yes: Self, no: Self) -> Self {
        four(v128_bitselect(yes.0, no.0, mask))
    }
    #[inline(always)]
    fn round_to_int(self) -> v128 {
        i32x4_trunc_sat_f32x4(f32x4_nearest(self.0))
    }
    #[inline(always)]
    fn from_int(self, int: v128) -> Self {
        four(f32x4_convert_i32x4(int))
    }
    #[inline(always)]
    fn to_bits(self) -> v128 {
        self.0
    }
    #[inline(always)]
    fn from_bits(self, bits: v128) -> Self {
        four(bits)
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

/// A token of this target.
macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $label:literal, $multiply_add:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(());

        impl $name {
            /// The token.
            ///
            /// # Safety
            /// The processor has the instruction set.
            #[allow(dead_code, reason = "the baseline's token is made safely")]
            pub(crate) const unsafe fn new_unchecked() -> Self {
                $name(())
            }
        }
        impl Sealed for $name {}
        impl In<$name> for Four<$multiply_add> {}

        impl Isa for $name {
            type V4 = Four<$multiply_add>;
            type V8 = Pair<Self::V4>;
            type V16 = Pair<Self::V8>;
            type Block = Self::V8;
            type Group = Self::V8;
            type Tile = Self::V4;
            const BLOCKS: usize = 1;
            const MANY_REGISTERS: bool = false;
            const WHOLE_ROWS: bool = false;
            const UNROLLED: bool = false;
            const NAME: &'static str = $label;

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
    };
}

/// How [`Simd128`] multiplies and adds.
#[cfg(not(feature = "wasm-unfused"))]
type Chosen = once::Once;
/// How [`Simd128`] multiplies and adds.
#[cfg(feature = "wasm-unfused")]
type Chosen = Twice;

token! {
    /// Registers of four lanes, as many as the engine gives (16 are assumed).
    Simd128, "simd128", Chosen
}
#[cfg(target_feature = "relaxed-simd")]
token! {
    /// The same with relaxed multiply-add, on an engine that rounds it once (any, with the feature `wasm-unfused`).
    RelaxedSimd, "relaxed-simd", Relaxed
}

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

/// Whether this engine's relaxed multiply-add rounds once; one engine never does it both ways.
#[cfg(target_feature = "relaxed-simd")]
pub(super) fn relaxed_is_fused() -> bool {
    // (1 + 2⁻¹²)² - 1 - 2⁻¹¹ is 2⁻²⁴, which rounding the product first loses. The compiler must not know the numbers.
    let factor = f32x4_splat(core::hint::black_box(1.0 + 1.0 / 4096.0));
    let sum = f32x4_relaxed_madd(factor, factor, f32x4_splat(-1.0 - 1.0 / 2048.0));
    f32x4_extract_lane::<0>(sum) != 0.0
}
