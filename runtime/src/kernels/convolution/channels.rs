//! Convolutions of each channel by itself: no sum mixes channels.

use super::super::activation::Activation;
use super::super::elementwise::{padded, unpad};
use super::super::simd::{Float, In, Isa, Line, Places, Vector};
use super::family::Family;
use super::{Apart, Flat, Rows};
use core::marker::PhantomData;

/// `FILTERS` sums over `TAPS` rows of `FEATURES` values each, with activation `A`: filter f reads channel
/// f / (`FILTERS` / `FEATURES`) only.
///
/// Weights: the biases, then each tap's factors, every row padded to sixteen. A sum is its bias, then the taps upward.
#[derive(Clone, Copy, Debug)]
pub struct Channels<const FEATURES: usize, const FILTERS: usize, const TAPS: usize, A>(PhantomData<A>);

impl<const FEATURES: usize, const FILTERS: usize, const TAPS: usize, A: Activation>
    Channels<FEATURES, FILTERS, TAPS, A>
{
    /// A whole sample; as [`Convolution::sample`](super::Convolution::sample).
    #[inline(always)]
    pub fn sample<I: Isa>(
        isa: I,
        weights: &[Float],
        [stride, dilation, before]: [usize; 3],
        input: &[Float],
        output: &mut [Float],
    ) {
        let family = Family {
            first: 0,
            step: 1,
            count: output.len().checked_div(FILTERS).unwrap_or(0),
            place: -before.cast_signed(),
            advance: stride,
            taps: [0, 1, TAPS],
            reach: dilation.cast_signed(),
        };
        let rows = Flat { values: input, width: FEATURES };
        for (member, output) in output.chunks_mut(FILTERS.max(1)).enumerate() {
            Self::row(isa, weights, rows, (family, member), output);
        }
    }

    /// One output row from its taps, the earliest first.
    #[inline(always)]
    pub fn step<I: Isa>(isa: I, weights: &[Float], taps: [&[Float; FEATURES]; TAPS], output: &mut [Float; FILTERS]) {
        let mut rows: [&[Float]; TAPS] = [&[]; TAPS];
        for (row, tap) in rows.iter_mut().zip(taps) {
            *row = tap;
        }
        Self::row(isa, weights, Apart(&rows), (Family::single(TAPS), 0), output);
    }

    #[inline(always)]
    fn row<I: Isa, R: Rows>(
        isa: I,
        weights: &[Float],
        rows: R,
        (family, member): (Family, usize),
        output: &mut [Float],
    ) {
        let taps = family.taps_of(member, rows.count());
        let width = FILTERS.div_ceil(16);
        let weights = weights.as_chunks::<16>().0;
        for (index, output) in output.chunks_mut(16).enumerate() {
            let mut sum = I::V16::load(isa, weights.get(index).unwrap_or(&[0.0; 16]), 0);
            for tap in taps.clone() {
                let inputs = rows.at(Places::all(family.row(member, tap)), 0);
                let row = inputs.values.get(inputs.rows.first..).unwrap_or_default();
                let factors = weights.get((1 + tap) * width + index).unwrap_or(&[0.0; 16]);
                sum = Self::spread(isa, row, index).mul_add(I::V16::load(isa, factors, 0), sum);
            }
            let mut line = [0.0; 16];
            A::apply(sum).store(&mut line, 0);
            unpad(&line, output);
        }
    }

    /// The inputs of line `index` of the filters.
    #[inline(always)]
    fn spread<I: Isa>(isa: I, row: &[Float], index: usize) -> I::V16 {
        if FILTERS == FEATURES {
            return match row.get(16 * index..).and_then(<[Float]>::first_chunk) {
                Some(line) if 16 * index + 16 <= FEATURES => I::V16::load(isa, line, 0),
                _ => I::V16::load(isa, &padded(row.get(16 * index..FEATURES).unwrap_or_default(), 0.0), 0),
            };
        }
        let mut line: Line = [0.0; 16];
        for (lane, value) in line.iter_mut().enumerate() {
            let filter = (16 * index + lane).min(FILTERS.saturating_sub(1));
            let channel = (filter * FEATURES).checked_div(FILTERS).unwrap_or(0);
            *value = row.get(channel).copied().unwrap_or_default();
        }
        I::V16::load(isa, &line, 0)
    }
}
