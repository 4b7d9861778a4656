//! Value by value: activations, factors and summands. Flat slices, any length.

use super::activation::Activation;
use super::simd::{Float, In, Isa, Line, Vector};
use core::marker::PhantomData;

/// An activation as a layer of its own.
#[derive(Clone, Copy, Debug)]
pub struct Elementwise<A>(PhantomData<A>);

impl<A: Activation> Elementwise<A> {
    /// The activation of every value of `input`, as many as `output` takes.
    #[inline(always)]
    pub fn apply<I: Isa>(isa: I, input: &[Float], output: &mut [Float]) {
        let length = input.len().min(output.len());
        let (Some(input), Some(output)) = (input.get(..length), output.get_mut(..length)) else { return };
        output.copy_from_slice(input);
        Self::in_place(isa, output);
    }

    /// Replaces every value by its activation.
    #[inline(always)]
    pub fn in_place<I: Isa>(isa: I, values: &mut [Float]) {
        let (lines, rest) = values.as_chunks_mut::<16>();
        for line in lines {
            A::apply(I::V16::load(isa, line, 0)).store(line, 0);
        }
        if !rest.is_empty() {
            let mut line = padded(rest, 0.0);
            A::apply(I::V16::load(isa, &line, 0)).store(&mut line, 0);
            unpad(&line, rest);
        }
    }
}

/// Up to sixteen values and `filler` behind them.
#[inline(always)]
pub(super) fn padded(values: &[Float], filler: Float) -> Line {
    let mut line = [filler; 16];
    for (to, from) in line.iter_mut().zip(values) {
        *to = *from;
    }
    line
}

/// The first values of a line, as many as `values` takes.
#[inline(always)]
pub(super) fn unpad(line: &Line, values: &mut [Float]) {
    for (to, from) in values.iter_mut().zip(line) {
        *to = *from;
    }
}

/// The feature of value `index`, where `inner` values in a row belong to one feature and `period` features repeat.
#[inline(always)]
pub(super) const fn feature(index: usize, period: usize, inner: usize) -> usize {
    if period == 0 || inner == 0 { 0 } else { index / inner % period }
}

/// A factor and a summand for every feature: BatchNormalization as it infers. Value `i` belongs to feature
/// `(i / INNER) % PERIOD`; factors, then at the next line summands, as the packing lays them out.
#[inline(always)]
pub fn affine<I: Isa, const PERIOD: usize, const INNER: usize>(isa: I, weights: &[Float], values: &mut [Float]) {
    let (factors, summands) = weights.split_at_checked(PERIOD.next_multiple_of(16)).unwrap_or_default();
    let mut first = 0;
    for chunk in values.chunks_mut(16) {
        let (mut factor, mut summand) = ([0.0; 16], [0.0; 16]);
        for (lane, (factor, summand)) in factor.iter_mut().zip(&mut summand).enumerate() {
            let feature = feature(first + lane, PERIOD, INNER);
            *factor = factors.get(feature).copied().unwrap_or_default();
            *summand = summands.get(feature).copied().unwrap_or_default();
        }
        let mut line = padded(chunk, 0.0);
        let value = I::V16::load(isa, &line, 0);
        value.mul_add(I::V16::load(isa, &factor, 0), I::V16::load(isa, &summand, 0)).store(&mut line, 0);
        unpad(&line, chunk);
        first += 16;
    }
}

/// Keras's layer `PReLU`: max(x, 0) − alpha·max(−x, 0); alpha's place as in [`affine`].
#[inline(always)]
pub fn prelu<I: Isa, const PERIOD: usize, const INNER: usize>(isa: I, weights: &[Float], values: &mut [Float]) {
    let mut first = 0;
    for chunk in values.chunks_mut(16) {
        let mut alpha = [0.0; 16];
        for (lane, alpha) in alpha.iter_mut().enumerate() {
            *alpha = weights.get(feature(first + lane, PERIOD, INNER)).copied().unwrap_or_default();
        }
        let mut line = padded(chunk, 0.0);
        let x = I::V16::load(isa, &line, 0);
        let negative = x.less(x.splat(0.0));
        I::V16::select(negative, x.mul(I::V16::load(isa, &alpha, 0)), x).store(&mut line, 0);
        unpad(&line, chunk);
        first += 16;
    }
}

/// Replaces every value by how many of the ascending `boundaries` are not greater; NaN lies behind all.
#[inline(always)]
pub fn discretize(boundaries: &[Float], values: &mut [Float]) {
    for value in values {
        let mut place = 0.0;
        for boundary in boundaries {
            if *boundary <= *value || value.is_nan() {
                place += 1.0;
            }
        }
        *value = place;
    }
}
