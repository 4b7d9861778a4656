//! Vectors of `f32` and the instruction sets that have them.
//!
//! Every kernel is written once over three *logical* widths, 4, 8 and 16 lanes. An instruction set whose registers
//! are narrower builds the wider ones out of pairs ([`Pair`]), so the layout of the weights and the order of every sum
//! are the same everywhere, and so are the bits of the results wherever multiply-add is fused.
//!
//! A value of an [`Isa`] type is a proof that the processor has that set: only `dispatch` makes one.
//! A value of a [`Vector`] type is the same proof, as it can only be made from such a token.

mod dispatch;
mod fused;
mod pair;
mod panel;
mod scalar;
mod stored;
mod token;
mod weight;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm32;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub use aarch64::Neon;
pub use dispatch::{Level, dispatch, dispatch_at, isa_name, level};
pub use pair::Pair;
pub use panel::{Columns, Inputs, Places, Product, accumulate, accumulate_behind, load_lines, load_tile, store_tile};
pub use scalar::{Scalar, ScalarFma};
pub use stored::{Bf16, F16, I8};
pub use token::{In, Isa, Program};
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
pub use wasm32::RelaxedSimd;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use wasm32::Simd128;
pub use weight::{Unscaled, Weight};
#[cfg(target_arch = "x86_64")]
pub use x86_64::{Avx2, Avx512, Sse2};

/// The number type of this module and those beside it.
pub type Float = f32;

/// What holds the bits of a [`Float`].
pub type Bits = u32;

/// Sixteen floats: one cache line, the unit of every packed layout.
pub type Line = [Float; 16];

/// 2⁻⁶³: a state below it becomes zero, so that after a signal has died away no products get denormal, which many
/// processors compute a hundred times as slowly. Its square is the least normal number.
pub(crate) const QUIET: f32 = f32::from_bits((127 - 63) << 23);

/// Keeps the traits of this module to this module.
pub(crate) mod sealed {
    /// Implemented by this crate's vectors and tokens only.
    pub trait Sealed {}
}

/// Several `f32` in one value; see the module's text for what having one proves.
pub trait Vector: Copy + sealed::Sealed {
    /// How many `f32` it holds.
    const LANES: usize;
    /// A truth value per lane.
    type Mask: Copy;
    /// As many `i32`.
    type Int: Copy;

    /// `value` in every lane.
    ///
    /// # Safety
    /// The processor has this vector's instruction set.
    unsafe fn splat_unproven(value: f32) -> Self;
    /// Reads `LANES` floats.
    ///
    /// # Safety
    /// The processor has this vector's instruction set, and `source` is readable for `LANES` floats.
    unsafe fn load_pointer(source: *const f32) -> Self;
    /// Writes `LANES` floats.
    ///
    /// # Safety
    /// `destination` is writable for `LANES` floats.
    unsafe fn store_pointer(self, destination: *mut f32);

    /// Reads `LANES` 16-bit words into the upper halves of as many integers; the lower halves are zero.
    ///
    /// # Safety
    /// The processor has this vector's instruction set, and `source` is readable for `LANES` numbers.
    unsafe fn load_upper(source: *const u16) -> Self::Int;
    /// Reads `LANES` signed bytes.
    ///
    /// # Safety
    /// The processor has this vector's instruction set, and `source` is readable for `LANES` bytes.
    unsafe fn load_bytes(source: *const i8) -> Self::Int;
    /// Reads `LANES` finite IEEE halves; infinities and NaN give no particular floats.
    ///
    /// # Safety
    /// The processor has this vector's instruction set, and `source` is readable for `LANES` halves.
    #[inline(always)]
    unsafe fn load_halves(source: *const u16) -> Self {
        // SAFETY: the caller's promise is the same.
        let (words, any) = unsafe { (Self::load_upper(source), Self::splat_unproven(0.0)) };
        // The sign stays where it is; exponent and fraction move to a float's places. That makes a number that is 2^112
        // too small, as the biases of the exponents differ by 112; the product is exact, for subnormal halves too.
        let moved = Self::int_and(Self::int_shift_right::<3>(words), any.splat_int(0x8fff_ffff_u32.cast_signed()));
        any.from_bits(moved).mul(any.splat(f32::from_bits((127 + 112) << 23)))
    }

    /// `self + other`.
    fn add(self, other: Self) -> Self;
    /// `self - other`.
    fn sub(self, other: Self) -> Self;
    /// `self * other`.
    fn mul(self, other: Self) -> Self;
    /// `self / other`, correctly rounded.
    fn div(self, other: Self) -> Self;
    /// The square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// The lesser; `other` where either is NaN.
    fn min(self, other: Self) -> Self;
    /// The greater; `other` where either is NaN.
    fn max(self, other: Self) -> Self;
    /// `self * factor + addend`, rounded once where the instruction set can, else twice.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// Where `self < other`; false on NaN.
    fn less(self, other: Self) -> Self::Mask;
    /// `yes` where the mask holds, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Rounded to the nearest integer, ties to even; for |self| < 2³¹.
    fn round_to_int(self) -> Self::Int;
    /// The integers as floats.
    fn from_int(self, int: Self::Int) -> Self;
    /// The bit patterns.
    fn to_bits(self) -> Self::Int;
    /// The floats with these bit patterns.
    fn from_bits(self, bits: Self::Int) -> Self;
    /// `value` in every lane of an integer vector.
    fn splat_int(self, value: i32) -> Self::Int;
    /// The wrapping sum.
    fn int_add(left: Self::Int, right: Self::Int) -> Self::Int;
    /// The wrapping difference.
    fn int_sub(left: Self::Int, right: Self::Int) -> Self::Int;
    /// Bitwise and.
    fn int_and(left: Self::Int, right: Self::Int) -> Self::Int;
    /// Bitwise or.
    fn int_or(left: Self::Int, right: Self::Int) -> Self::Int;
    /// Shifted left by `BITS`.
    fn int_shift_left<const BITS: i32>(int: Self::Int) -> Self::Int;
    /// Shifted right by `BITS`, the sign bit kept.
    fn int_shift_right<const BITS: i32>(int: Self::Int) -> Self::Int;
    /// The lanes' sum: halves are added to each other until one lane is left, at every width alike.
    fn sum(self) -> f32;
    /// The lanes' maximum, taken as [`Vector::sum`] is; any NaN may or may not show.
    fn largest(self) -> f32;

    /// `value` in every lane of another vector like this one.
    #[inline(always)]
    fn splat(self, value: f32) -> Self {
        // SAFETY: `self` exists, so the processor has its instruction set.
        unsafe { Self::splat_unproven(value) }
    }
    /// The magnitudes.
    #[inline(always)]
    fn abs(self) -> Self {
        self.from_bits(Self::int_and(self.to_bits(), self.splat_int(0x7fff_ffff)))
    }
    /// The magnitude of `self` with the sign of `other`, where `self` is not negative.
    #[inline(always)]
    fn with_sign_of(self, other: Self) -> Self {
        let sign = Self::int_and(other.to_bits(), self.splat_int(i32::MIN));
        self.from_bits(Self::int_or(self.to_bits(), sign))
    }
    /// Zero where the magnitude is below 2⁻⁶³.
    #[inline(always)]
    fn quieted(self) -> Self {
        self.unless_quiet(self)
    }
    /// `self`, but zero where the magnitude of `other` is below 2⁻⁶³.
    #[inline(always)]
    fn unless_quiet(self, other: Self) -> Self {
        Self::select(other.abs().less(self.splat(QUIET)), self.splat(0.0), self)
    }
    /// `self` with the sign turned.
    #[inline(always)]
    fn neg(self) -> Self {
        self.splat(-0.0).sub(self)
    }
    /// `self`, but NaN wherever `other` is.
    #[inline(always)]
    fn nan_of(self, other: Self) -> Self {
        // Of the two comparisons at least one holds for every number, and neither does for NaN.
        let zero = self.splat(0.0);
        let number = Self::select(other.less(zero), self, other);
        let magnitude = other.abs();
        Self::select(magnitude.less(self.splat(f32::INFINITY)), self, Self::select(zero.less(magnitude), self, number))
    }
}
