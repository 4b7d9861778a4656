//! Rows whose two halves become one, or are taken apart: what `Bidirectional` does to its directions other than leave them
//! side by side.
//!
//! `N` is twice `HALF`; the forward direction's output stands in the first half.

use super::join::{self, merge};
use super::simd::{Float, Isa};

macro_rules! halves {
    ($($(#[$doc:meta])* $name:ident $operator:ident)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<I: Isa, const N: usize, const HALF: usize>(
            isa: I,
            input: &[[Float; N]],
            output: &mut [[Float; HALF]],
        ) {
            for (input, output) in input.iter().zip(output) {
                let (first, second) = input.split_at_checked(HALF).unwrap_or_default();
                merge::<I, join::$operator, 2>(isa, [first, second], output);
            }
        }
    )*};
}
halves! {
    /// first + second.
    sum Add
    /// (first + second)/2.
    average Average
    /// first · second.
    multiply Multiply
}

/// The first half of every row.
#[inline(always)]
pub fn first<I: Isa, const N: usize, const HALF: usize>(_isa: I, input: &[[Float; N]], output: &mut [[Float; HALF]]) {
    for (input, output) in input.iter().zip(output) {
        if let Some(half) = input.first_chunk() {
            *output = *half;
        }
    }
}

/// The second half of every row.
#[inline(always)]
pub fn second<I: Isa, const N: usize, const HALF: usize>(_isa: I, input: &[[Float; N]], output: &mut [[Float; HALF]]) {
    for (input, output) in input.iter().zip(output) {
        if let Some(half) = input.get(HALF..).and_then(<[Float]>::first_chunk) {
            *output = *half;
        }
    }
}
