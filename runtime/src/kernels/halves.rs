//! Rows whose two halves become one: how `Bidirectional` joins its directions other than side by side.
//!
//! `N` is twice `HALF`; the forward direction's output stands in the first half.

use super::merge;
use crate::simd::Isa;

macro_rules! halves {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<I: Isa, const N: usize, const HALF: usize>(
            isa: I,
            input: &[[f32; N]],
            output: &mut [[f32; HALF]],
        ) {
            for (input, output) in input.iter().zip(output) {
                let (first, second) = input.split_at_checked(HALF).unwrap_or_default();
                if let Some(first) = first.first_chunk() {
                    *output = *first;
                }
                merge::$name(isa, output, second);
            }
        }
    )*};
}
halves! {
    /// first + second.
    sum
    /// (first + second)/2.
    average
    /// first · second.
    multiply
}
