//! Vectors of `f64` in plain Rust, of the three logical widths that kernels are written over.
//!
//! They are arrays, and the instruction sets differ only in what the compiler may make of them: no operation rounds
//! otherwise with one than with another, and none is unsafe to run. So the bits are the same on every machine.

#[path = "../simd/panel.rs"]
mod panel;
#[path = "../simd/token.rs"]
mod token;
#[path = "../simd/weight.rs"]
mod weight;

pub use panel::{Columns, Inputs, Places, Product, accumulate, accumulate_behind, load_lines, load_tile, store_tile};
pub use token::{In, Isa, Program};
pub use weight::{Unscaled, Weight};

use sealed::Sealed;

/// The number type of this module and those beside it.
pub type Float = f64;

/// What holds the bits of a [`Float`].
pub type Bits = u64;

/// Sixteen floats, the unit of every packed layout.
pub type Line = [Float; 16];

/// 2⁻⁵¹¹: a state below it becomes zero, as in float32. Its square is the least normal number.
const QUIET: f64 = f64::from_bits((1023 - 511) << 52);

/// 1.5 · 2⁵²: adding and taking it away rounds to a whole number, ties to even; added, the number stands in the lowest bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;

/// Keeps the traits of this module to this module.
pub(crate) mod sealed {
    /// Implemented by this module's vectors and tokens only.
    pub trait Sealed {}
}

/// Several `f64` in one value.
pub trait Vector: Copy + Sealed {
    /// How many `f64` it holds.
    const LANES: usize;
    /// A truth value per lane.
    type Mask: Copy;

    /// `value` in every lane.
    ///
    /// # Safety
    /// None is needed here; the vectors of float32 need their instruction set.
    unsafe fn splat_unproven(value: f64) -> Self;
    /// Reads `LANES` floats.
    ///
    /// # Safety
    /// `source` is readable for `LANES` floats.
    unsafe fn load_pointer(source: *const f64) -> Self;
    /// Writes `LANES` floats.
    ///
    /// # Safety
    /// `destination` is writable for `LANES` floats.
    unsafe fn store_pointer(self, destination: *mut f64);

    /// `self + other`.
    fn add(self, other: Self) -> Self;
    /// `self - other`.
    fn sub(self, other: Self) -> Self;
    /// `self * other`.
    fn mul(self, other: Self) -> Self;
    /// `self / other`.
    fn div(self, other: Self) -> Self;
    /// The lesser; `other` where either is NaN.
    fn min(self, other: Self) -> Self;
    /// The greater; `other` where either is NaN.
    fn max(self, other: Self) -> Self;
    /// The magnitude of `self` with the sign of `other`, where `self` is not negative.
    fn with_sign_of(self, other: Self) -> Self;
    /// The function of every lane, one after the other.
    fn map(self, function: fn(f64) -> f64) -> Self;
    /// 2 to this power, for whole numbers from −1022 to 1023.
    fn two_to(self) -> Self;
    /// m and n of m·2ⁿ with m between √½ and √2, of normal numbers above 0.
    fn split(self) -> [Self; 2];
    /// Where `self < other`; false on NaN.
    fn less(self, other: Self) -> Self::Mask;
    /// `yes` where the mask holds, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// The lanes' sum: halves are added to each other until one lane is left.
    fn sum(self) -> f64;
    /// The lanes' maximum, taken as [`Vector::sum`] is; any NaN may or may not show.
    fn largest(self) -> f64;

    /// `value` in every lane of another vector like this one.
    #[inline(always)]
    fn splat(self, value: f64) -> Self {
        // SAFETY: nothing is needed.
        unsafe { Self::splat_unproven(value) }
    }
    /// `self * factor + addend`, rounded twice.
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self.mul(factor).add(addend)
    }
    /// The square root, correctly rounded.
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(libm::sqrt)
    }
    /// Rounded to the nearest whole number, ties to even; for |self| < 2⁵¹.
    #[inline(always)]
    fn round(self) -> Self {
        let magic = self.splat(MAGIC);
        self.add(magic).sub(magic)
    }
    /// The magnitudes.
    #[inline(always)]
    fn abs(self) -> Self {
        self.map(f64::abs)
    }
    /// Zero where the magnitude is below 2⁻⁵¹¹.
    #[inline(always)]
    fn quieted(self) -> Self {
        Self::select(self.abs().less(self.splat(QUIET)), self.splat(0.0), self)
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
        Self::select(magnitude.less(self.splat(f64::INFINITY)), self, Self::select(zero.less(magnitude), self, number))
    }
}

/// `N` floats.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<const N: usize>([f64; N]);

impl<const N: usize> Sealed for Lanes<N> {}
impl<const N: usize, I: Isa> In<I> for Lanes<N> {}

/// Lane-wise definitions of two vectors.
macro_rules! pairwise {
    ($($name:ident($left:ident, $right:ident) => $value:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            let mut result = self;
            for (lane, $right) in result.0.iter_mut().zip(other.0) {
                let $left = *lane;
                *lane = $value;
            }
            result
        }
    )*};
}

impl<const N: usize> Vector for Lanes<N> {
    const LANES: usize = N;
    type Mask = [bool; N];

    pairwise! {
        add(a, b) => a + b;
        sub(a, b) => a - b;
        mul(a, b) => a * b;
        div(a, b) => a / b;
        min(a, b) => if a < b { a } else { b };
        max(a, b) => if a > b { a } else { b };
        with_sign_of(a, b) => f64::from_bits(a.to_bits() | (b.to_bits() & (1 << 63)));
    }

    #[inline(always)]
    unsafe fn splat_unproven(value: f64) -> Self {
        Self([value; N])
    }
    #[inline(always)]
    unsafe fn load_pointer(source: *const f64) -> Self {
        // SAFETY: the caller promises the floats; arrays of f64 need no more alignment than f64.
        Self(unsafe { *source.cast::<[f64; N]>() })
    }
    #[inline(always)]
    unsafe fn store_pointer(self, destination: *mut f64) {
        // SAFETY: the caller promises the floats.
        unsafe { *destination.cast::<[f64; N]>() = self.0 }
    }
    #[inline(always)]
    fn map(self, function: fn(f64) -> f64) -> Self {
        let mut result = self;
        for lane in &mut result.0 {
            *lane = function(*lane);
        }
        result
    }
    #[inline(always)]
    fn two_to(self) -> Self {
        let mut result = self;
        for lane in &mut result.0 {
            // All bits above the lowest twelve are shifted out.
            *lane = f64::from_bits((*lane + (MAGIC + 1023.0)).to_bits() << 52);
        }
        result
    }
    #[inline(always)]
    fn split(self) -> [Self; 2] {
        const ROOT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;
        let (mut fraction, mut exponent) = (self, self);
        for (fraction, exponent) in fraction.0.iter_mut().zip(&mut exponent.0) {
            // Taking away the bits of √½ first brings the fraction between √½ and √2.
            let offset = fraction.to_bits().wrapping_sub(ROOT_HALF_BITS);
            *exponent = (offset.cast_signed() >> 52) as f64;
            *fraction = f64::from_bits((offset & ((1 << 52) - 1)).wrapping_add(ROOT_HALF_BITS));
        }
        [fraction, exponent]
    }
    #[inline(always)]
    fn less(self, other: Self) -> [bool; N] {
        let mut mask = [false; N];
        for ((mask, left), right) in mask.iter_mut().zip(self.0).zip(other.0) {
            *mask = left < right;
        }
        mask
    }
    #[inline(always)]
    fn select(mask: [bool; N], yes: Self, no: Self) -> Self {
        let mut result = no;
        for ((result, yes), mask) in result.0.iter_mut().zip(yes.0).zip(mask) {
            *result = if mask { yes } else { *result };
        }
        result
    }
    #[inline(always)]
    fn sum(self) -> f64 {
        let mut lanes = self.0;
        let mut half = N / 2;
        while half > 0 {
            for lane in 0..half {
                lanes[lane % N] += lanes[(lane + half) % N];
            }
            half /= 2;
        }
        lanes[0]
    }
    #[inline(always)]
    fn largest(self) -> f64 {
        let mut lanes = self.0;
        let mut half = N / 2;
        while half > 0 {
            for lane in 0..half {
                let (low, high) = (lanes[lane % N], lanes[(lane + half) % N]);
                lanes[lane % N] = if low > high { low } else { high };
            }
            half /= 2;
        }
        lanes[0]
    }
}

impl Plain {
    /// The token; every processor has it.
    #[must_use]
    pub const fn detect() -> Option<Self> {
        Some(Self(()))
    }
}

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    /// The token, where this processor has AVX2.
    #[must_use]
    pub fn detect() -> Option<Self> {
        crate::simd::Level::Avx2.is_available().then_some(Self(()))
    }
}

/// Runs `program` with the widest vectors that the compiler may use on this processor.
#[inline(always)]
pub fn dispatch<P: Program>(program: P) -> P::Output {
    #[cfg(target_arch = "x86_64")]
    if matches!(crate::simd::level(), crate::simd::Level::Avx2 | crate::simd::Level::Avx512) {
        return Avx2(()).outline(program);
    }
    Plain(()).outline(program)
}

/// A token of plain Rust and how its programs are compiled.
macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $label:literal, |$token:ident, $program:ident| $run:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(());

        impl Sealed for $name {}

        impl Isa for $name {
            type V4 = Lanes<4>;
            type V8 = Lanes<8>;
            type V16 = Lanes<16>;
            type Block = Lanes<4>;
            type Group = Lanes<4>;
            type Tile = Lanes<4>;
            const BLOCKS: usize = 1;
            const MANY_REGISTERS: bool = false;
            const WHOLE_ROWS: bool = false;
            const UNROLLED: bool = false;
            const NAME: &'static str = $label;

            #[inline(always)]
            fn halves(self, Lanes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]): Lanes<16>) -> [Lanes<8>; 2] {
                [Lanes([a, b, c, d, e, f, g, h]), Lanes([i, j, k, l, m, n, o, p])]
            }
            #[inline(always)]
            fn split_eight(self, Lanes([a, b, c, d, e, f, g, h]): Lanes<8>) -> [Lanes<4>; 2] {
                [Lanes([a, b, c, d]), Lanes([e, f, g, h])]
            }
            #[inline(always)]
            fn quarters(self, vector: Lanes<16>) -> [Lanes<4>; 4] {
                let [low, high] = self.halves(vector);
                let ([a, b], [c, d]) = (self.split_eight(low), self.split_eight(high));
                [a, b, c, d]
            }
            #[inline(always)]
            fn enter<P: Program>(self, $program: P) -> P::Output {
                let $token = self;
                $run
            }
            #[inline(never)]
            fn outline<P: Program>(self, program: P) -> P::Output {
                self.enter(program)
            }
        }
    };
}
token! {
    /// What every processor of the target has.
    Plain, "plain", |isa, program| program.run(isa)
}
#[cfg(target_arch = "x86_64")]
token! {
    /// x86-64 with AVX2.
    Avx2, "avx2", |isa, program| {
        #[target_feature(enable = "avx2")]
        fn run<P: Program>(isa: Avx2, program: P) -> P::Output {
            program.run(isa)
        }
        // SAFETY: the token proves that the processor has AVX2.
        unsafe { run(isa, program) }
    }
}
