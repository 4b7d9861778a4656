//! Weights as they lie in memory: floats, or smaller numbers that become floats when they are read.
//!
//! A packed segment is one slice of floats, whatever it stores. Biases and scales in it are floats; the rows of a smaller
//! type stand behind them, [`Weight::PER_FLOAT`] in the room of a float, and are read through a view of the whole
//! segment ([`Weight::of`]). Expansion is exact, so every instruction set gets the same floats.

use super::{Vector, sealed::Sealed};

/// A number that rows of weights are stored as.
pub trait Weight: Copy + Sealed + 'static {
    /// How many of them take the room of one float.
    const PER_FLOAT: usize;
    /// Whether a sum of products is multiplied by its column's scale before it is added to what it starts from.
    const SCALED: bool;

    /// The memory of the floats as such numbers.
    fn of(packed: &[f32]) -> &[Self];
    /// As many of them as the vector has lanes, as floats.
    ///
    /// # Safety
    /// The processor has the vector's instruction set, and `source` is readable for as many numbers.
    unsafe fn load<V: Vector>(source: *const Self) -> V;
}

/// Weights whose sums of products go on from the bias, so that several passes can add to them.
pub trait Unscaled: Weight {}

impl Sealed for f32 {}
impl Weight for f32 {
    const PER_FLOAT: usize = 1;
    const SCALED: bool = false;

    #[inline(always)]
    fn of(packed: &[f32]) -> &[f32] {
        packed
    }
    #[inline(always)]
    unsafe fn load<V: Vector>(source: *const f32) -> V {
        // SAFETY: the caller's promise is the same.
        unsafe { V::load_pointer(source) }
    }
}
impl Unscaled for f32 {}

/// A smaller number: its type, how many take a float's room, whether it is scaled, and how a vector reads it.
macro_rules! weight {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $per_float:literal, scaled $scaled:literal, |$source:ident, $vector:ident| $load:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(transparent)]
        pub struct $name(pub $inner);

        impl Sealed for $name {}
        impl Weight for $name {
            const PER_FLOAT: usize = $per_float;
            const SCALED: bool = $scaled;

            #[inline(always)]
            fn of(packed: &[f32]) -> &[$name] {
                // SAFETY: the floats are initialised and aligned to more than the smaller number needs, so many of them
                // have exactly the floats' size, and every bit pattern is one.
                unsafe { core::slice::from_raw_parts(packed.as_ptr().cast(), packed.len() * $per_float) }
            }
            #[inline(always)]
            unsafe fn load<$vector: Vector>($source: *const $name) -> $vector {
                // SAFETY: the caller's promise is the same.
                unsafe { $load }
            }
        }
    };
}

weight! {
    /// An IEEE half: 5 bits of exponent, 10 of fraction. Only finite ones are packed; others expand to no particular
    /// float.
    F16, u16, 2, scaled false, |source, V| V::load_halves(source.cast())
}
weight! {
    /// The upper half of a float: 8 bits of exponent, 7 of fraction.
    Bf16, u16, 2, scaled false, |source, V| {
        let words = V::load_upper(source.cast());
        V::splat_unproven(0.0).from_bits(words)
    }
}
weight! {
    /// A whole number from −127 to 127, times the scale of its column.
    I8, i8, 4, scaled true, |source, V| {
        let bytes = V::load_bytes(source.cast());
        V::splat_unproven(0.0).from_int(bytes)
    }
}
impl Unscaled for F16 {}
impl Unscaled for Bf16 {}
