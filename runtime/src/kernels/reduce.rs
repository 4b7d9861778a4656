//! Rows that become one value: sums and their kin over axes of a sample. Sums run over sixteen lanes, which are added up as
//! [`Vector::sum`] says; the rest goes from the first value to the last.

use super::along::sort;
use super::number::{exp, ln};
use super::pairs::truth;
use super::rows::lines;
use super::simd::{Float, In, Isa, Vector};

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident($isa:ident, $row:ident) => $value:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<I: Isa, const N: usize>($isa: I, input: &[[Float; N]], output: &mut [[Float; 1]]) {
            for ($row, [output]) in input.iter().zip(output) {
                *output = $value;
            }
        }
    )*};
}
reductions! {
    /// The sum.
    sum(isa, row) => total(isa, row);
    /// The mean.
    mean(isa, row) => total(isa, row) / N as Float;
    /// The largest value, NaN where any is.
    maximum(_isa, row) => extreme(row, 1.0);
    /// The smallest value, NaN where any is.
    minimum(_isa, row) => -extreme(row, -1.0);
    /// The product.
    product(_isa, row) => multiplied(row);
    /// The variance around the mean.
    variance(isa, row) => spread(isa, row);
    /// The square root of the variance.
    deviation(isa, row) => root(isa, spread(isa, row));
    /// The place of the largest value, the first of several; of NaN where any is.
    place_of_maximum(_isa, row) => place(row, 1.0);
    /// The place of the smallest value, the first of several; of NaN where any is.
    place_of_minimum(_isa, row) => place(row, -1.0);
    /// The logarithm of the sum of the exponentials.
    log_sum_exp(isa, row) => logarithm_of_sum(isa, row);
    /// The value in the middle of the order, or the mean of the two there; NaN where any is.
    median(_isa, row) => middle(row);
}

#[inline(always)]
fn total<I: Isa, const N: usize>(isa: I, row: &[Float; N]) -> Float {
    let mut sum = I::V16::of(isa, 0.0);
    for line in lines(row, 0.0) {
        sum = sum.add(I::V16::load(isa, &line, 0));
    }
    sum.sum()
}

/// The largest of the values times `sign`.
#[inline(always)]
fn extreme<const N: usize>(row: &[Float; N], sign: Float) -> Float {
    let mut largest = Float::NEG_INFINITY;
    for value in row {
        let value = value * sign;
        if value > largest || value.is_nan() {
            largest = value;
        }
    }
    largest
}

#[inline(always)]
fn multiplied<const N: usize>(row: &[Float; N]) -> Float {
    let mut product = 1.0;
    for value in row {
        product *= value;
    }
    product
}

#[inline(always)]
#[allow(clippy::cast_precision_loss)]
fn place<const N: usize>(row: &[Float; N], sign: Float) -> Float {
    let (mut largest, mut place) = (Float::NEG_INFINITY, 0);
    for (index, value) in row.iter().enumerate() {
        let value = value * sign;
        if value > largest || (value.is_nan() && !largest.is_nan()) {
            (largest, place) = (value, index);
        }
    }
    place as Float
}

#[inline(always)]
#[allow(clippy::cast_precision_loss)]
fn spread<I: Isa, const N: usize>(isa: I, row: &[Float; N]) -> Float {
    let mean = total(isa, row) / N as Float;
    let center = I::V16::of(isa, mean);
    let mut squares = I::V16::of(isa, 0.0);
    for line in lines(row, mean) {
        let distance = I::V16::load(isa, &line, 0).sub(center);
        squares = distance.mul_add(distance, squares);
    }
    squares.sum() / N as Float
}

#[inline(always)]
fn root<I: Isa>(isa: I, value: Float) -> Float {
    let mut line = [0.0; 16];
    I::V16::of(isa, value).sqrt().store(&mut line, 0);
    let [root, ..] = line;
    root
}

#[inline(always)]
fn middle<const N: usize>(row: &[Float; N]) -> Float {
    let mut ordered = [*row];
    sort(&mut ordered);
    let [ordered] = ordered;
    let at = |place: usize| ordered.get(place).copied().unwrap_or(Float::NAN);
    let (upper, last) = (at(N / 2), at(N.saturating_sub(1)));
    // NaN stands last.
    if last.is_nan() {
        last
    } else if N % 2 == 0 {
        (at((N / 2).saturating_sub(1)) + upper) / 2.0
    } else {
        upper
    }
}

/// The largest value goes first, so that no exponential is too large.
#[inline(always)]
fn logarithm_of_sum<I: Isa, const N: usize>(isa: I, row: &[Float; N]) -> Float {
    let largest = extreme(row, 1.0);
    let shift = if largest.is_finite() { largest } else { 0.0 };
    let center = I::V16::of(isa, shift);
    let mut sum = I::V16::of(isa, 0.0);
    for line in lines(row, Float::NEG_INFINITY) {
        sum = sum.add(exp(I::V16::load(isa, &line, 0).sub(center)));
    }
    let mut line = [0.0; 16];
    ln(I::V16::of(isa, sum.sum())).store(&mut line, 0);
    let [logarithm, ..] = line;
    if largest == Float::NEG_INFINITY { largest } else { logarithm + shift }
}

/// A row of 0s with a 1 at the place that each value names; none where there is no such place.
#[inline(always)]
#[allow(clippy::cast_precision_loss)]
pub fn one_hot<const N: usize>(input: &[Float], output: &mut [[Float; N]]) {
    for (value, row) in input.iter().zip(output) {
        for (index, output) in row.iter_mut().enumerate() {
            *output = truth(*value == index as Float);
        }
    }
}
