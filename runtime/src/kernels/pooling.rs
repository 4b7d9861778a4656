//! All frames of a sequence as one, feature by feature, from the first frame to the last.

use super::elementwise::{padded, unpad};
use super::join::{Add, Maximum, Operator};
use crate::buffers;
use crate::simd::{In, Isa, Vector};

/// Frames joined two by two, then divided.
#[inline(always)]
fn pooled<I: Isa, O: Operator, const F: usize>(isa: I, input: &[f32], output: &mut [f32; F], divisor: Option<f32>) {
    let frames = buffers::rows::<F>(input);
    let Some((first, others)) = frames.split_first() else { return };
    for (index, chunk) in output.chunks_mut(16).enumerate() {
        let line = |frame: &[f32; F]| padded(frame.get(index * 16..).unwrap_or_default(), 0.0);
        let mut value = I::V16::load(isa, &line(first), 0);
        for frame in others {
            value = O::of(value, I::V16::load(isa, &line(frame), 0));
        }
        if let Some(divisor) = divisor {
            value = value.div(value.splat(divisor));
        }
        let mut result = [0.0; 16];
        value.store(&mut result, 0);
        unpad(&result, chunk);
    }
}

/// The mean of every feature.
#[inline(always)]
pub fn global_average<I: Isa, const F: usize>(isa: I, input: &[f32], output: &mut [f32; F]) {
    #[allow(clippy::cast_precision_loss)]
    let count = buffers::rows::<F>(input).len() as f32;
    pooled::<I, Add, F>(isa, input, output, Some(count));
}

/// The largest value of every feature; NaN where one is.
#[inline(always)]
pub fn global_maximum<I: Isa, const F: usize>(isa: I, input: &[f32], output: &mut [f32; F]) {
    pooled::<I, Maximum, F>(isa, input, output, None);
}
