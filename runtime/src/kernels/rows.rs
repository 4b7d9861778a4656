//! Activations and normalizations that look at a whole row: the last axis.
//!
//! A row's sums run over sixteen lanes, value k in lane k mod 16, folded in halves.

use super::activation::{Activation, Sigmoid, exp, ln};
use super::elementwise::{padded, unpad};
use super::simd::{Float, In, Isa, Line, Vector};

/// The row as lines, the last one filled up with `filler`.
#[inline(always)]
pub(super) fn lines<const N: usize>(row: &[Float; N], filler: Float) -> impl Iterator<Item = Line> + '_ {
    LinesOf { rest: row, filler }
}

/// See [`lines`].
struct LinesOf<'a> {
    rest: &'a [Float],
    filler: Float,
}

impl Iterator for LinesOf<'_> {
    type Item = Line;

    #[inline(always)]
    fn next(&mut self) -> Option<Line> {
        if let Some((line, rest)) = self.rest.split_first_chunk() {
            self.rest = rest;
            return Some(*line);
        }
        if self.rest.is_empty() {
            return None;
        }
        let line = padded(self.rest, self.filler);
        self.rest = &[];
        Some(line)
    }
}

/// The greatest value of a row.
#[inline(always)]
fn largest<I: Isa, const N: usize>(isa: I, row: &[Float; N]) -> Float {
    let mut largest = I::V16::of(isa, Float::NEG_INFINITY);
    for line in lines(row, Float::NEG_INFINITY) {
        largest = largest.max(I::V16::load(isa, &line, 0));
    }
    largest.largest()
}

/// Replaces every row by e^(x − max), gives its sum: what both softmaxes start from.
#[inline(always)]
fn exponentials<I: Isa, const N: usize>(isa: I, row: &mut [Float; N], largest: Float) -> Float {
    let mut sum = I::V16::of(isa, 0.0);
    let largest = I::V16::of(isa, largest);
    for chunk in row.chunks_mut(16) {
        let mut line = padded(chunk, Float::NEG_INFINITY);
        let value = exp(I::V16::load(isa, &line, 0).sub(largest));
        sum = sum.add(value);
        value.store(&mut line, 0);
        unpad(&line, chunk);
    }
    sum.sum()
}

/// eˣ divided by the row's sum of it, in place.
#[inline(always)]
pub fn softmax<I: Isa, const N: usize>(isa: I, rows: &mut [[Float; N]]) {
    for row in rows {
        let largest = largest(isa, row);
        let sum = I::V16::of(isa, exponentials(isa, row, largest));
        for chunk in row.chunks_mut(16) {
            let mut line = padded(chunk, 0.0);
            I::V16::load(isa, &line, 0).div(sum).store(&mut line, 0);
            unpad(&line, chunk);
        }
    }
}

/// The logarithm of [`softmax`], in place: x − max − ln Σ e^(x − max).
#[inline(always)]
pub fn log_softmax<I: Isa, const N: usize>(isa: I, rows: &mut [[Float; N]]) {
    for row in rows {
        let largest = largest(isa, row);
        let mut exponents = *row;
        let logarithm = ln(I::V16::of(isa, exponentials(isa, &mut exponents, largest)));
        let largest = I::V16::of(isa, largest);
        for chunk in row.chunks_mut(16) {
            let mut line = padded(chunk, 0.0);
            I::V16::load(isa, &line, 0).sub(largest).sub(logarithm).store(&mut line, 0);
            unpad(&line, chunk);
        }
    }
}

/// Each row divided by its length: x · min(1/√Σx², `largest`).
#[inline(always)]
pub fn unit<I: Isa, const N: usize>(isa: I, largest: Float, rows: &mut [[Float; N]]) {
    for row in rows {
        let mut sum = I::V16::of(isa, 0.0);
        for line in lines(row, 0.0) {
            let value = I::V16::load(isa, &line, 0);
            sum = value.mul_add(value, sum);
        }
        let one = I::V16::of(isa, 1.0);
        let factor = one.div(I::V16::of(isa, sum.sum()).sqrt()).min(I::V16::of(isa, largest));
        for chunk in row.chunks_mut(16) {
            let mut line = padded(chunk, 0.0);
            I::V16::load(isa, &line, 0).mul(factor).store(&mut line, 0);
            unpad(&line, chunk);
        }
    }
}

/// Keras's `sparsemax`, in place: max(x − τ, 0). Its threshold sums the cumulative sums of all supporting values, so a
/// row need not sum to 1; that is what Keras computes.
#[inline(always)]
pub fn sparsemax<I: Isa, const N: usize>(_isa: I, rows: &mut [[Float; N]]) {
    for row in rows {
        let mut sorted = *row;
        sorted.sort_unstable_by(|left, right| right.total_cmp(left));
        let (mut cumulative, mut total, mut support) = (0.0, 0.0, 0.0);
        let mut rank = 0.0;
        for value in sorted {
            cumulative += value;
            rank += 1.0;
            if value - (cumulative - 1.0) / rank > 0.0 {
                total += cumulative;
                support += 1.0;
            }
        }
        let threshold = (total - 1.0) / support;
        for value in row {
            let above = *value - threshold;
            *value = if above < 0.0 { 0.0 } else { above };
        }
    }
}

/// The gated linear unit: the first half of each row times the sigmoid of the second; `HALF` is half of `N`.
#[inline(always)]
pub fn glu<I: Isa, const N: usize, const HALF: usize>(isa: I, input: &[[Float; N]], output: &mut [[Float; HALF]]) {
    for (input, output) in input.iter().zip(output) {
        let (values, gates) = input.split_at_checked(HALF).unwrap_or_default();
        for ((value, gate), output) in values.chunks(16).zip(gates.chunks(16)).zip(output.chunks_mut(16)) {
            let mut line = padded(value, 0.0);
            let gate = Sigmoid::apply(I::V16::load(isa, &padded(gate, 0.0), 0));
            I::V16::load(isa, &line, 0).mul(gate).store(&mut line, 0);
            unpad(&line, output);
        }
    }
}

/// Layer normalization over the last axis, `N` values a row.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm<const N: usize>;

impl<const N: usize> LayerNorm<N> {
    /// (x − mean)/√(variance + `epsilon`)·gamma + beta, the variance biased.
    ///
    /// - `weights`: gamma, then at the next line beta
    #[inline(always)]
    pub fn rows<I: Isa>(isa: I, weights: &[Float], epsilon: Float, input: &[[Float; N]], output: &mut [[Float; N]]) {
        for (input, output) in input.iter().zip(output) {
            *output = *input;
            Self::row(isa, weights, epsilon, output);
        }
    }

    /// As [`LayerNorm::rows`], in place.
    #[inline(always)]
    pub fn in_place<I: Isa>(isa: I, weights: &[Float], epsilon: Float, rows: &mut [[Float; N]]) {
        for row in rows {
            Self::row(isa, weights, epsilon, row);
        }
    }

    /// One row.
    #[inline(always)]
    fn row<I: Isa>(isa: I, weights: &[Float], epsilon: Float, row: &mut [Float; N]) {
        let mut sum = I::V16::of(isa, 0.0);
        for line in lines(row, 0.0) {
            sum = sum.add(I::V16::load(isa, &line, 0));
        }
        let size = N as Float;
        let mean = sum.sum() / size;
        let center = I::V16::of(isa, mean);
        let mut squares = I::V16::of(isa, 0.0);
        // The padding holds the mean itself, so that it adds nothing.
        for line in lines(row, mean) {
            let distance = I::V16::load(isa, &line, 0).sub(center);
            squares = distance.mul_add(distance, squares);
        }
        let variance = squares.sum() / size;
        let deviation = I::V16::of(isa, variance + epsilon).sqrt();
        let (gamma, beta) = weights.split_at_checked(N.next_multiple_of(16)).unwrap_or_default();
        let weights = gamma.as_chunks::<16>().0.iter().zip(beta.as_chunks::<16>().0);
        for (chunk, (gamma, beta)) in row.chunks_mut(16).zip(weights) {
            let mut line = padded(chunk, 0.0);
            let normal = I::V16::load(isa, &line, 0).sub(center).div(deviation);
            normal.mul_add(I::V16::load(isa, gamma, 0), I::V16::load(isa, beta, 0)).store(&mut line, 0);
            unpad(&line, chunk);
        }
    }
}
