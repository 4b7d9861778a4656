//! Several tensors become one: value by value, side by side, as a product of matrices. Flat slices of equal rows.

use super::buffers;
use super::elementwise::{padded, unpad};
use super::simd::{Bits, Float, In, Isa, Line, Vector};

/// What a merge does to a pair of values.
pub trait Operator {
    /// Of one pair.
    fn of<V: Vector>(left: V, right: V) -> V;

    /// What becomes of the result of `count` values in the end.
    #[inline(always)]
    fn finish<V: Vector>(value: V, _count: Float) -> V {
        value
    }
}

macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident($left:ident, $right:ident) => $value:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Operator for $name {
            #[inline(always)]
            fn of<V: Vector>($left: V, $right: V) -> V {
                $value
            }
        }
    )*};
}
operators! {
    /// The sum.
    Add(left, right) => left.add(right);
    /// The difference.
    Subtract(left, right) => left.sub(right);
    /// The product.
    Multiply(left, right) => left.mul(right);
    /// The quotient.
    Divide(left, right) => left.div(right);
    /// The larger one, NaN where either is.
    Maximum(left, right) => left.max(right).nan_of(left);
    /// The smaller one, NaN where either is.
    Minimum(left, right) => left.min(right).nan_of(left);
}

/// The mean.
#[derive(Clone, Copy, Debug)]
pub struct Average;

impl Operator for Average {
    #[inline(always)]
    fn of<V: Vector>(left: V, right: V) -> V {
        left.add(right)
    }

    #[inline(always)]
    fn finish<V: Vector>(value: V, count: Float) -> V {
        value.div(value.splat(count))
    }
}

/// Sixteen values from `first` on, fewer at the end.
#[inline(always)]
pub(super) fn line(values: &[Float], first: usize) -> Line {
    let rest = values.get(first..).unwrap_or_default();
    match rest.first_chunk() {
        Some(line) => *line,
        None => padded(rest, 0.0),
    }
}

/// Tensors of one shape value by value, from the first to the last: ((a ∘ b) ∘ c) ∘ …
#[inline(always)]
pub fn merge<I: Isa, O: Operator, const N: usize>(isa: I, inputs: [&[Float]; N], output: &mut [Float]) {
    let Some((first, others)) = inputs.split_first() else { return };
    #[allow(clippy::cast_precision_loss)]
    let count = N as Float;
    for (index, chunk) in output.chunks_mut(16).enumerate() {
        let start = index * 16;
        let mut value = I::V16::load(isa, &line(first, start), 0);
        for other in others {
            value = O::of(value, I::V16::load(isa, &line(other, start), 0));
        }
        let mut result = [0.0; 16];
        O::finish(value, count).store(&mut result, 0);
        unpad(&result, chunk);
    }
}

/// Every value with a constant at its right: `x ∘ c`.
#[inline(always)]
pub fn with_constant<I: Isa, O: Operator>(isa: I, constant: Float, values: &mut [Float]) {
    for chunk in values.chunks_mut(16) {
        let mut line = padded(chunk, 0.0);
        let value = I::V16::load(isa, &line, 0);
        O::of(value, value.splat(constant)).store(&mut line, 0);
        unpad(&line, chunk);
    }
}

/// Every value times the only weight.
#[inline(always)]
pub fn scale<I: Isa>(isa: I, weights: &[Float], values: &mut [Float]) {
    with_constant::<I, Multiply>(isa, weights.first().copied().unwrap_or_default(), values);
}

/// Every value with a constant at its left: `c ∘ x`.
#[inline(always)]
pub fn constant_with<I: Isa, O: Operator>(isa: I, constant: Float, values: &mut [Float]) {
    for chunk in values.chunks_mut(16) {
        let mut line = padded(chunk, 0.0);
        let value = I::V16::load(isa, &line, 0);
        O::of(value.splat(constant), value).store(&mut line, 0);
        unpad(&line, chunk);
    }
}

/// Turns every sign.
#[inline(always)]
pub fn negative<I: Isa>(_isa: I, values: &mut [Float]) {
    for value in values {
        *value = -*value;
    }
}

/// Replaces every value by its magnitude.
#[inline(always)]
pub fn absolute<I: Isa>(_isa: I, values: &mut [Float]) {
    for value in values {
        *value = Float::from_bits(value.to_bits() & (Bits::MAX >> 1));
    }
}

/// Replaces every value by this power of it, by squaring.
#[inline(always)]
pub fn power<I: Isa>(_isa: I, exponent: u32, values: &mut [Float]) {
    for value in values {
        let (mut result, mut square, mut rest) = (1.0, *value, exponent);
        while rest > 0 {
            if rest % 2 == 1 {
                result *= square;
            }
            square *= square;
            rest /= 2;
        }
        *value = result;
    }
}

/// Rows side by side: row i of the output is row i of each input, whose rows have these widths.
#[inline(always)]
pub fn concatenate<const N: usize>(inputs: [&[Float]; N], widths: [usize; N], output: &mut [Float]) {
    let width: usize = widths.iter().sum();
    for (row, output) in output.chunks_mut(width.max(1)).enumerate() {
        let mut rest = output;
        for (input, width) in inputs.iter().zip(widths) {
            let Some((to, others)) = rest.split_at_mut_checked(width) else { return };
            if let Some(from) = input.get(row * width..row * width + width) {
                to.copy_from_slice(from);
            }
            rest = others;
        }
    }
}

/// One such [`product`] after the other: of matrices with `rows` rows.
#[inline(always)]
pub fn products<I: Isa, const N: usize, const C: usize>(
    isa: I,
    rows: usize,
    inputs: [&[Float]; 2],
    output: &mut [Float],
) {
    let [left, right] = inputs;
    let lefts = left.chunks((rows * N).max(1)).zip(right.chunks((N * C).max(1)));
    for ((left, right), output) in lefts.zip(output.chunks_mut((rows * C).max(1))) {
        product::<I, N, C>(isa, [left, right], output);
    }
}

/// The product of a matrix with rows of `N` values and one with `N` rows of `C`; sums run over ascending indices.
#[inline(always)]
pub fn product<I: Isa, const N: usize, const C: usize>(isa: I, inputs: [&[Float]; 2], output: &mut [Float]) {
    let [left, right] = inputs;
    let right = buffers::rows::<C>(right);
    for (row, output) in buffers::rows::<N>(left).iter().zip(buffers::rows_mut::<C>(output)) {
        for (index, chunk) in output.chunks_mut(16).enumerate() {
            let mut sum = I::V16::of(isa, 0.0);
            for (factor, right) in row.iter().zip(right) {
                sum = I::V16::of(isa, *factor).mul_add(I::V16::load(isa, &line(right, index * 16), 0), sum);
            }
            let mut result = [0.0; 16];
            sum.store(&mut result, 0);
            unpad(&result, chunk);
        }
    }
}
