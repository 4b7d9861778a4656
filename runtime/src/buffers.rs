//! Views of working memory for generated code: flat slices as rows and back, none of which can panic.
//!
//! The compiler knows every length, so nothing is ever cut short here; a length that didn't fit would give shorter
//! rows instead of a panicking path.

use super::simd::Float;

/// The flat slice as rows of `WIDTH` values.
#[inline(always)]
#[must_use]
pub fn rows<const WIDTH: usize>(flat: &[Float]) -> &[[Float; WIDTH]] {
    flat.as_chunks().0
}

/// The flat slice as rows of `WIDTH` values, to be written.
#[inline(always)]
pub fn rows_mut<const WIDTH: usize>(flat: &mut [Float]) -> &mut [[Float; WIDTH]] {
    flat.as_chunks_mut().0
}

/// The first `COUNT` rows of a buffer.
#[inline(always)]
pub fn first_rows_mut<const WIDTH: usize>(buffer: &mut [Float], count: usize) -> &mut [[Float; WIDTH]] {
    buffer.as_chunks_mut().0.get_mut(..count).unwrap_or_default()
}

/// The first `N` values as an array.
#[inline(always)]
#[must_use]
pub fn array<const N: usize>(flat: &[Float]) -> &[Float; N] {
    match flat.first_chunk() {
        Some(array) => array,
        None => &[0.0; N],
    }
}

/// The first `N` values as an array to be written; another place where there are fewer.
#[inline(always)]
pub fn array_mut<'a, const N: usize>(flat: &'a mut [Float], other: &'a mut [Float; N]) -> &'a mut [Float; N] {
    match flat.first_chunk_mut() {
        Some(array) => array,
        None => other,
    }
}

/// Cuts `length` values off the front; the rest is what is left.
#[inline(always)]
pub fn take(memory: &mut [Float], length: usize) -> (&mut [Float], &mut [Float]) {
    let length = length.min(memory.len());
    memory.split_at_mut_checked(length).unwrap_or_default()
}

/// A kernel's part of the packed weights.
#[inline(always)]
#[must_use]
pub fn segment<const START: usize, const LENGTH: usize>(packed: &[Float]) -> &[Float] {
    packed.get(START..START + LENGTH).unwrap_or_default()
}

/// Copies value by value, as many as both have.
#[inline(always)]
pub fn copy(from: &[Float], to: &mut [Float]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Puts `values` into a row, from `OFFSET` on.
#[inline(always)]
pub fn put<const OFFSET: usize, const N: usize>(values: &[Float; N], row: &mut [Float]) {
    if let Some(to) = row.get_mut(OFFSET..).and_then(|rest| rest.first_chunk_mut()) {
        *to = *values;
    }
}

/// An id that was computed as a float: cut towards zero, as Keras does.
#[inline(always)]
#[must_use]
pub fn id(value: Float) -> i32 {
    value as i32
}
