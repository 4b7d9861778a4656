//! Frames of a sequence as one, all of them or window by window: feature by feature, from the first frame to the last.

use super::buffers;
use super::elementwise::{padded, unpad};
use super::join::{Add, Maximum, Minimum, Multiply, Operator};
use super::simd::{Float, In, Isa, Vector};
use super::state::Folded;

/// Frames joined two by two, then divided.
#[inline(always)]
fn pooled<I: Isa, O: Operator, const F: usize>(
    isa: I,
    frames: &[[Float; F]],
    output: &mut [Float; F],
    divisor: Option<Float>,
) {
    let Some((first, others)) = frames.split_first() else { return };
    for (index, chunk) in output.chunks_mut(16).enumerate() {
        let line = |frame: &[Float; F]| padded(frame.get(index * 16..).unwrap_or_default(), 0.0);
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
pub fn global_average<I: Isa, const F: usize>(isa: I, input: &[Float], output: &mut [Float; F]) {
    #[allow(clippy::cast_precision_loss)]
    let (frames, count) = (buffers::rows::<F>(input), buffers::rows::<F>(input).len() as Float);
    pooled::<I, Add, F>(isa, frames, output, Some(count));
}

/// The largest value of every feature; NaN where one is.
#[inline(always)]
pub fn global_maximum<I: Isa, const F: usize>(isa: I, input: &[Float], output: &mut [Float; F]) {
    pooled::<I, Maximum, F>(isa, buffers::rows::<F>(input), output, None);
}

/// One more frame joined to those before.
#[inline(always)]
fn one_more<I: Isa, O: Operator, const F: usize>(isa: I, state: &mut Folded<F>, frame: &[Float; F]) {
    let is_first = state.count == 0;
    state.count = state.count.saturating_add(1);
    if is_first {
        state.values = *frame;
        return;
    }
    for (values, frame) in state.values.chunks_mut(16).zip(frame.chunks(16)) {
        let value = O::of(I::V16::load(isa, &padded(values, 0.0), 0), I::V16::load(isa, &padded(frame, 0.0), 0));
        let mut result = [0.0; 16];
        value.store(&mut result, 0);
        unpad(&result, values);
    }
}

/// The mean of every feature over the frames so far, this one among them: the bits of [`global_average`] over them all.
#[inline(always)]
pub fn running_average<I: Isa, const F: usize>(
    isa: I,
    state: &mut Folded<F>,
    frame: &[Float; F],
    output: &mut [Float; F],
) {
    one_more::<I, Add, F>(isa, state, frame);
    #[allow(clippy::cast_precision_loss)]
    let count = state.count as Float;
    for (values, output) in state.values.chunks(16).zip(output.chunks_mut(16)) {
        let value = I::V16::load(isa, &padded(values, 0.0), 0);
        let mut result = [0.0; 16];
        value.div(value.splat(count)).store(&mut result, 0);
        unpad(&result, output);
    }
}

/// The largest value of every feature over the frames so far, this one among them.
#[inline(always)]
pub fn running_maximum<I: Isa, const F: usize>(
    isa: I,
    state: &mut Folded<F>,
    frame: &[Float; F],
    output: &mut [Float; F],
) {
    one_more::<I, Maximum, F>(isa, state, frame);
    *output = state.values;
}

/// Makes a form for whole samples and one for streams of an operator over all frames.
macro_rules! folds {
    ($($(#[$doc:meta])* $operator:ident $global:ident $running:ident;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $global<I: Isa, const F: usize>(isa: I, input: &[Float], output: &mut [Float; F]) {
            pooled::<I, $operator, F>(isa, buffers::rows::<F>(input), output, None);
        }

        $(#[$doc])*
        #[inline(always)]
        pub fn $running<I: Isa, const F: usize>(isa: I, state: &mut Folded<F>, frame: &[Float; F], output: &mut [Float; F]) {
            one_more::<I, $operator, F>(isa, state, frame);
            *output = state.values;
        }
    )*};
}
folds! {
    /// The sum of all frames.
    Add global_sum running_sum;
    /// The product of all frames.
    Multiply global_product running_product;
    /// The smallest value of all frames.
    Minimum global_minimum running_minimum;
}

/// The frames of each window, of which there are as many as `output` takes: `window` is its size, how far it moves, and how
/// far the first one reaches over the beginning. What lies beyond an end is left out.
#[inline(always)]
fn windows<const F: usize>(
    [size, stride, before]: [usize; 3],
    input: &[Float],
    output: &mut [Float],
    mut pool: impl FnMut(&[[Float; F]], &mut [Float; F]),
) {
    let frames = buffers::rows::<F>(input);
    for (index, output) in buffers::rows_mut::<F>(output).iter_mut().enumerate() {
        let first = index.wrapping_mul(stride);
        let end = first.wrapping_add(size).saturating_sub(before).min(frames.len());
        pool(frames.get(first.saturating_sub(before)..end).unwrap_or_default(), output);
    }
}

/// The mean of every feature in each window.
#[inline(always)]
pub fn average<I: Isa, const F: usize>(isa: I, window: [usize; 3], input: &[Float], output: &mut [Float]) {
    #[allow(clippy::cast_precision_loss)]
    windows::<F>(window, input, output, |frames, output| {
        pooled::<I, Add, F>(isa, frames, output, Some(frames.len() as Float));
    });
}

/// The largest value of every feature in each window; NaN where one is.
#[inline(always)]
pub fn maximum<I: Isa, const F: usize>(isa: I, window: [usize; 3], input: &[Float], output: &mut [Float]) {
    windows::<F>(window, input, output, |frames, output| pooled::<I, Maximum, F>(isa, frames, output, None));
}

/// So many windows of frames as `output` takes: window i of n begins with frame ⌊i·frames/n⌋ and ends before
/// ⌈(i + 1)·frames/n⌉.
#[inline(always)]
fn adaptive<I: Isa, O: Operator, const F: usize>(isa: I, is_average: bool, input: &[Float], output: &mut [Float]) {
    let frames = buffers::rows::<F>(input);
    let output = buffers::rows_mut::<F>(output);
    let count = output.len().max(1);
    for (index, output) in output.iter_mut().enumerate() {
        let window = index * frames.len() / count..((index + 1) * frames.len()).div_ceil(count);
        #[allow(clippy::cast_precision_loss)]
        let length = is_average.then_some(window.len() as Float);
        pooled::<I, O, F>(isa, frames.get(window).unwrap_or_default(), output, length);
    }
}

/// The mean of every feature in each of so many windows.
#[inline(always)]
pub fn adaptive_average<I: Isa, const F: usize>(isa: I, input: &[Float], output: &mut [Float]) {
    adaptive::<I, Add, F>(isa, true, input, output);
}

/// The largest value of every feature in each of so many windows; NaN where one is.
#[inline(always)]
pub fn adaptive_maximum<I: Isa, const F: usize>(isa: I, input: &[Float], output: &mut [Float]) {
    adaptive::<I, Maximum, F>(isa, false, input, output);
}
