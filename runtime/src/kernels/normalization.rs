//! Normalizations: rows by their own mean and variance, values by stored ones.
//!
//! A row's sums run over sixteen lanes, value k in lane k mod 16, folded in halves.

use super::elementwise::{feature, padded, unpad};
use super::rows::lines;
use super::simd::{Float, In, Isa, Vector};

/// The least standard deviation that Keras divides by: `keras.config.epsilon()`.
const LEAST_DEVIATION: Float = 1e-7;

/// What becomes of a value: it is shifted, divided by the deviation, or both.
#[inline(always)]
fn rewrite<I: Isa, const N: usize>(isa: I, row: &mut [Float; N], center: Float, deviation: Float) {
    let (center, deviation) = (I::V16::of(isa, center), I::V16::of(isa, deviation).sqrt());
    for chunk in row.chunks_mut(16) {
        let mut line = padded(chunk, 0.0);
        I::V16::load(isa, &line, 0).sub(center).div(deviation).store(&mut line, 0);
        unpad(&line, chunk);
    }
}

/// The mean of a row.
#[inline(always)]
fn mean<I: Isa, const N: usize>(isa: I, row: &[Float; N]) -> Float {
    let mut sum = I::V16::of(isa, 0.0);
    for line in lines(row, 0.0) {
        sum = sum.add(I::V16::load(isa, &line, 0));
    }
    sum.sum() / N as Float
}

/// The mean of the squares of a row's distances from `center`.
#[inline(always)]
fn spread<I: Isa, const N: usize>(isa: I, row: &[Float; N], center: Float) -> Float {
    let mut squares = I::V16::of(isa, 0.0);
    let middle = I::V16::of(isa, center);
    // The padding holds the center itself, so that it adds nothing.
    for line in lines(row, center) {
        let distance = I::V16::load(isa, &line, 0).sub(middle);
        squares = distance.mul_add(distance, squares);
    }
    squares.sum() / N as Float
}

/// (x − mean)/√(variance + `epsilon`) of every row, the variance biased.
#[inline(always)]
pub fn standardize<I: Isa, const N: usize>(isa: I, epsilon: Float, rows: &mut [[Float; N]]) {
    for row in rows {
        let center = mean(isa, row);
        let variance = spread(isa, row, center);
        rewrite(isa, row, center, variance + epsilon);
    }
}

/// x/√(variance + `epsilon`) of every row: `LayerNormalization(rms_scaling=True)`, which leaves the mean where it is.
#[inline(always)]
pub fn by_deviation<I: Isa, const N: usize>(isa: I, epsilon: Float, rows: &mut [[Float; N]]) {
    for row in rows {
        let center = mean(isa, row);
        let variance = spread(isa, row, center);
        rewrite(isa, row, 0.0, variance + epsilon);
    }
}

/// x/√(mean of squares + `epsilon`) of every row.
#[inline(always)]
pub fn by_root_mean_square<I: Isa, const N: usize>(isa: I, epsilon: Float, rows: &mut [[Float; N]]) {
    for row in rows {
        let square = spread(isa, row, 0.0);
        rewrite(isa, row, 0.0, square + epsilon);
    }
}

/// Sixteen means and standard deviations, from value `first` on; both as [`by_statistics`] counts them.
#[inline(always)]
fn statistics<I: Isa>(isa: I, weights: &[Float], [period, inner]: [usize; 2], first: usize) -> [I::V16; 2] {
    let (means, variances) = weights.split_at_checked(period.next_multiple_of(16)).unwrap_or_default();
    let (mut mean, mut variance) = ([0.0; 16], [0.0; 16]);
    for (lane, (mean, variance)) in mean.iter_mut().zip(&mut variance).enumerate() {
        let feature = feature(first + lane, period, inner);
        *mean = means.get(feature).copied().unwrap_or_default();
        *variance = variances.get(feature).copied().unwrap_or_default();
    }
    let deviation = I::V16::load(isa, &variance, 0).sqrt().max(I::V16::of(isa, LEAST_DEVIATION));
    [I::V16::load(isa, &mean, 0), deviation]
}

/// (x − mean)/max(√variance, 10⁻⁷). Value `i` belongs to feature `(i / INNER) % PERIOD`; `weights` are the means, then at
/// the next line the variances.
#[inline(always)]
pub fn by_statistics<I: Isa, const PERIOD: usize, const INNER: usize>(isa: I, weights: &[Float], values: &mut [Float]) {
    for (index, chunk) in values.chunks_mut(16).enumerate() {
        let [mean, deviation] = statistics(isa, weights, [PERIOD, INNER], index * 16);
        let mut line = padded(chunk, 0.0);
        I::V16::load(isa, &line, 0).sub(mean).div(deviation).store(&mut line, 0);
        unpad(&line, chunk);
    }
}

/// What [`by_statistics`] undoes: mean + x·max(√variance, 10⁻⁷).
#[inline(always)]
pub fn to_statistics<I: Isa, const PERIOD: usize, const INNER: usize>(isa: I, weights: &[Float], values: &mut [Float]) {
    for (index, chunk) in values.chunks_mut(16).enumerate() {
        let [mean, deviation] = statistics(isa, weights, [PERIOD, INNER], index * 16);
        let mut line = padded(chunk, 0.0);
        mean.add(I::V16::load(isa, &line, 0).mul(deviation)).store(&mut line, 0);
        unpad(&line, chunk);
    }
}
