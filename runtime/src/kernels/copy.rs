//! Layers that only move values.

use super::simd::Float;

/// A table of `D` values for each of `V` ids.
#[derive(Clone, Copy, Debug)]
pub struct Embedding<const V: usize, const D: usize>;

impl<const V: usize, const D: usize> Embedding<V, D> {
    /// Each id's row; NaN for an id outside the table.
    ///
    /// - `weights`: the table, row after row
    #[inline(always)]
    pub fn rows(weights: &[Float], ids: &[i32], output: &mut [[Float; D]]) {
        for (id, output) in ids.iter().zip(output) {
            let known = usize::try_from(*id).ok().filter(|id| *id < V);
            let row = known.and_then(|id| weights.get(id * D..)?.first_chunk());
            *output = *row.unwrap_or(&[Float::NAN; D]);
        }
    }
}

/// The same row into every row of `output`: `RepeatVector`.
#[inline(always)]
pub fn repeat<const N: usize>(row: &[Float; N], output: &mut [[Float; N]]) {
    for output in output {
        *output = *row;
    }
}

/// Entries of a row: from `offset` on, along nested loops of so many places so far apart, the outermost first.
#[inline(always)]
pub fn pick<const RANK: usize>(offset: usize, loops: [(usize, isize); RANK], input: &[Float], output: &mut [Float]) {
    let mut place = [0; RANK];
    for value in output {
        let mut index = offset;
        for (place, (_, stride)) in place.iter().zip(loops) {
            index = index.wrapping_add_signed(stride.wrapping_mul(*place));
        }
        *value = input.get(index).copied().unwrap_or_default();
        for axis in (0..RANK).rev() {
            place[axis] += 1;
            if place[axis].unsigned_abs() < loops[axis].0 {
                break;
            }
            place[axis] = 0;
        }
    }
}

/// The input from place `first` on, zeros around it.
#[inline(always)]
pub fn pad(first: usize, input: &[Float], output: &mut [Float]) {
    output.fill(0.0);
    if let Some(place) = output.get_mut(first..first + input.len()) {
        place.copy_from_slice(input);
    }
}

/// Axes in another order: axis `a` of the output is axis `order[a]` of the input, whose shape is `shape`.
#[inline(always)]
pub fn permute<const RANK: usize>(shape: [usize; RANK], order: [usize; RANK], input: &[Float], output: &mut [Float]) {
    // The input's stride of each axis of the output.
    let mut strides = [0; RANK];
    let mut sizes = [0; RANK];
    for axis in 0..RANK {
        let from = order[axis] % RANK.max(1);
        sizes[axis] = shape[from];
        strides[axis] = shape.iter().skip(from + 1).product();
    }
    let mut place = [0; RANK];
    for value in output {
        let mut index = 0;
        for axis in 0..RANK {
            index += place[axis] * strides[axis];
        }
        *value = input.get(index).copied().unwrap_or_default();
        for axis in (0..RANK).rev() {
            place[axis] += 1;
            if place[axis] < sizes[axis] {
                break;
            }
            place[axis] = 0;
        }
    }
}
