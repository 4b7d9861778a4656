//! Weights that are stored as smaller numbers than floats.

use super::{Unscaled, Vector, Weight, sealed::Sealed};

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
