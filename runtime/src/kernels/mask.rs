//! Masks: how one is computed, and what reads one. A mask holds a value for each row, 0 where the row does not count.

use super::buffers;
use super::elementwise::{padded, unpad};
use super::join::{Add, Operator};
use super::simd::{Float, In, Isa, Vector};

/// 1 for true, 0 for false.
#[inline(always)]
const fn truth(holds: bool) -> Float {
    if holds { 1.0 } else { 0.0 }
}

/// Whether the only step of this mask counts.
#[inline(always)]
#[must_use]
pub fn keeps(mask: &[Float]) -> bool {
    mask.first().is_some_and(|kept| *kept != 0.0)
}

/// Zeros in place of the output of a masked step.
#[inline(always)]
pub fn zero(output: &mut [Float]) {
    output.fill(0.0);
}

/// Whether any value of each row differs from `value`.
#[inline(always)]
pub fn different<const F: usize>(value: Float, input: &[[Float; F]], output: &mut [[Float; 1]]) {
    for (row, [mask]) in input.iter().zip(output) {
        *mask = truth(differs(value, row));
    }
}

/// Whether any value of the row differs from `value`.
#[inline(always)]
fn differs<const F: usize>(value: Float, row: &[Float; F]) -> bool {
    let mut found = false;
    for x in row {
        found |= *x != value;
    }
    found
}

/// Every row counts.
#[inline(always)]
pub fn all<const F: usize>(input: &[[Float; F]], output: &mut [[Float; 1]]) {
    for (_, [mask]) in input.iter().zip(output) {
        *mask = 1.0;
    }
}

/// A number that stands for a row of a table.
pub trait Id: Copy {
    /// Whether it is 0.
    fn is_zero(self) -> bool;
}

impl Id for i32 {
    #[inline(always)]
    fn is_zero(self) -> bool {
        self == 0
    }
}

impl Id for Float {
    #[inline(always)]
    fn is_zero(self) -> bool {
        self == 0.0
    }
}

/// Whether each id is another than 0.
#[inline(always)]
pub fn of_ids<T: Id>(input: &[T], output: &mut [[Float; 1]]) {
    for (id, [mask]) in input.iter().zip(output) {
        *mask = truth(!id.is_zero());
    }
}

/// Replaces each row of nothing but `value` by zeros.
#[inline(always)]
pub fn clear<const F: usize>(value: Float, rows: &mut [[Float; F]]) {
    for row in rows {
        if !differs(value, row) {
            *row = [0.0; F];
        }
    }
}

/// Groups of `EACH` values, or the constant where the group's mask is 0.
#[inline(always)]
pub fn fill<const EACH: usize>(constant: Float, [values, mask]: [&[Float]; 2], output: &mut [Float]) {
    let rows = buffers::rows::<EACH>(values).iter().zip(mask);
    for ((row, mask), output) in rows.zip(buffers::rows_mut::<EACH>(output)) {
        *output = if *mask == 0.0 { [constant; EACH] } else { *row };
    }
}

/// Rows of the first tensor, or those of the last where the mask between them is 0.
#[inline(always)]
pub fn select<const F: usize>([values, mask, others]: [&[Float]; 3], output: &mut [Float]) {
    let rows = buffers::rows::<F>(values).iter().zip(mask).zip(buffers::rows::<F>(others));
    for (((row, mask), other), output) in rows.zip(buffers::rows_mut::<F>(output)) {
        *output = if *mask == 0.0 { *other } else { *row };
    }
}

/// The mean of every feature over the frames that count, from the first to the last; NaN where none does.
#[inline(always)]
pub fn global_average<I: Isa, const T: usize, const F: usize>(
    isa: I,
    [input, masks]: [&[Float]; 2],
    output: &mut [Float],
) {
    let samples = buffers::rows::<F>(input).chunks(T).zip(buffers::rows::<T>(masks));
    for ((frames, mask), output) in samples.zip(buffers::rows_mut::<F>(output)) {
        let mut count = 0.0;
        for kept in mask {
            count += truth(*kept != 0.0);
        }
        for (index, chunk) in output.chunks_mut(16).enumerate() {
            let mut sum = I::V16::of(isa, 0.0);
            for (frame, kept) in frames.iter().zip(mask) {
                if *kept != 0.0 {
                    let line = padded(frame.get(index * 16..).unwrap_or_default(), 0.0);
                    sum = Add::of(sum, I::V16::load(isa, &line, 0));
                }
            }
            let mut result = [0.0; 16];
            sum.div(sum.splat(count)).store(&mut result, 0);
            unpad(&result, chunk);
        }
    }
}

macro_rules! last_outputs {
    ($($(#[$doc:meta])* $name:ident($mask:ident) => $keeps:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<const U: usize, const T: usize>([last, masks]: [&[Float]; 2], output: &mut [Float]) {
            let rows = buffers::rows::<U>(last).iter().zip(buffers::rows::<T>(masks));
            for ((row, $mask), output) in rows.zip(buffers::rows_mut::<U>(output)) {
                *output = if $keeps { *row } else { [0.0; U] };
            }
        }
    )*};
}
last_outputs! {
    /// A sequence's last output, zeros where its last step is masked.
    zero_unless_last(mask) => mask.last().is_some_and(|kept| *kept != 0.0);
    /// The same of a sequence that is met from its end: zeros where its first step is masked.
    zero_unless_first(mask) => mask.first().is_some_and(|kept| *kept != 0.0);
    /// A sequence's last output, zeros where all steps are masked.
    zero_unless_any(mask) => mask.iter().any(|kept| *kept != 0.0);
}
