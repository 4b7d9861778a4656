//! What goes along an axis: values up to each one added or multiplied, put in order, picked by their places, left out.
//!
//! Running sums and products go from the first value to the last; equal values keep their order when sorted.

use super::buffers;
use super::simd::Float;

/// Joins each value with the one `stride` places before it, in each block of so many values.
#[inline(always)]
fn running(block: usize, stride: usize, values: &mut [Float], join: impl Fn(Float, Float) -> Float) {
    for block in values.chunks_mut(block.max(1)) {
        for place in stride..block.len() {
            let before = block.get(place - stride).copied().unwrap_or_default();
            if let Some(value) = block.get_mut(place) {
                *value = join(*value, before);
            }
        }
    }
}

/// Sums up to each value along an axis of blocks of so many values, neighbours of which are `stride` apart.
#[inline(always)]
pub fn running_sum(block: usize, stride: usize, values: &mut [Float]) {
    running(block, stride, values, |value, before| value + before);
}

/// The same with products.
#[inline(always)]
pub fn running_product(block: usize, stride: usize, values: &mut [Float]) {
    running(block, stride, values, |value, before| value * before);
}

/// Which of two entries of a row comes first.
trait Order: Copy {
    fn comes_first(self, left: Float, right: Float) -> bool;
}

/// By value, NaN last.
#[derive(Clone, Copy)]
struct ByValue;

impl Order for ByValue {
    #[inline(always)]
    fn comes_first(self, left: Float, right: Float) -> bool {
        left < right || (right.is_nan() && !left.is_nan())
    }
}

/// Places by the values there, then by themselves.
#[derive(Clone, Copy)]
struct ByPlace<'a>(&'a [Float]);

impl Order for ByPlace<'_> {
    #[inline(always)]
    fn comes_first(self, left: Float, right: Float) -> bool {
        let value = |place: Float| self.0.get(place as usize).copied().unwrap_or(Float::NAN);
        let (one, other) = (value(left), value(right));
        ByValue.comes_first(one, other) || (!ByValue.comes_first(other, one) && left < right)
    }
}

/// Sorts a row in place by a heap: no working memory, and at most 2·n·log₂ n comparisons.
#[inline(always)]
fn sort_by<O: Order>(order: O, row: &mut [Float]) {
    for first in (0..row.len() / 2).rev() {
        sink(order, row, first);
    }
    for end in (1..row.len()).rev() {
        swap(row, 0, end);
        if let Some(heap) = row.get_mut(..end) {
            sink(order, heap, 0);
        }
    }
}

/// Lets an entry sink until none below it comes later.
#[inline(always)]
fn sink<O: Order>(order: O, heap: &mut [Float], mut place: usize) {
    loop {
        let (left, right) = (2 * place + 1, 2 * place + 2);
        let (Some(&own), Some(&first)) = (heap.get(place), heap.get(left)) else { return };
        let (mut later, mut value) = (left, first);
        if let Some(&second) = heap.get(right)
            && order.comes_first(first, second)
        {
            (later, value) = (right, second);
        }
        if !order.comes_first(own, value) {
            return;
        }
        swap(heap, place, later);
        place = later;
    }
}

#[inline(always)]
fn swap(row: &mut [Float], one: usize, other: usize) {
    if let Ok([one, other]) = row.get_disjoint_mut([one, other]) {
        core::mem::swap(one, other);
    }
}

/// The values of each row in ascending order, NaN last, in place.
#[inline(always)]
pub fn sort<const N: usize>(rows: &mut [[Float; N]]) {
    for row in rows {
        sort_by(ByValue, row);
    }
}

/// The places of each row's values in their ascending order.
#[inline(always)]
#[allow(clippy::cast_precision_loss)]
pub fn places_in_order<const N: usize>(input: &[[Float; N]], output: &mut [[Float; N]]) {
    for (input, output) in input.iter().zip(output) {
        for (place, output) in output.iter_mut().enumerate() {
            *output = place as Float;
        }
        sort_by(ByPlace(input), output);
    }
}

/// The place of the largest value of a row behind the one at `last`, in descending order; NaN is the largest.
#[inline(always)]
fn next_largest<const N: usize>(row: &[Float; N], last: Option<usize>) -> usize {
    let mut best: Option<(usize, Float)> = None;
    let bound = last.and_then(|place| row.get(place).copied());
    for (place, &value) in row.iter().enumerate() {
        let is_left = match (bound, last) {
            (Some(bound), Some(last)) => {
                ByValue.comes_first(value, bound) || (!ByValue.comes_first(bound, value) && place > last)
            }
            _ => true,
        };
        let is_better = match best {
            Some((_, best)) => ByValue.comes_first(best, value),
            None => true,
        };
        if is_left && is_better {
            best = Some((place, value));
        }
    }
    match best {
        Some((place, _)) => place,
        None => 0,
    }
}

/// Something of the `K` largest values of each row, in descending order: of the row and the value's place.
#[inline(always)]
fn descending<const N: usize, const K: usize>(
    input: &[Float],
    output: &mut [Float],
    of: impl Fn(&[Float; N], usize) -> Float,
) {
    for (row, output) in buffers::rows::<N>(input).iter().zip(buffers::rows_mut::<K>(output)) {
        let mut last = None;
        for output in output {
            let place = next_largest(row, last);
            *output = of(row, place);
            last = Some(place);
        }
    }
}

/// The `K` largest values of each row, in descending order.
#[inline(always)]
pub fn largest<const N: usize, const K: usize>([input]: [&[Float]; 1], output: &mut [Float]) {
    descending::<N, K>(input, output, |row, place| row.get(place).copied().unwrap_or_default());
}

/// Their places.
#[inline(always)]
#[allow(clippy::cast_precision_loss)]
pub fn places_of_largest<const N: usize, const K: usize>([input]: [&[Float]; 1], output: &mut [Float]) {
    descending::<N, K>(input, output, |_row, place| place as Float);
}

/// What stands for a place that is none: the constant goes there.
pub const NOWHERE: usize = usize::MAX;

/// Entries of `inner` values each, picked by their places; the constant where there is no such place.
#[inline(always)]
pub fn select<const N: usize>(
    places: [usize; N],
    inner: usize,
    constant: Float,
    input: &[Float],
    output: &mut [Float],
) {
    for (output, place) in output.chunks_mut(inner.max(1)).zip(places) {
        let entry = place.checked_mul(inner).and_then(|first| input.get(first..)?.get(..inner));
        match entry {
            Some(entry) if entry.len() == output.len() => output.copy_from_slice(entry),
            _ => output.fill(constant),
        }
    }
}

/// The values of an axis of `size` entries, `inner` values each, at the places that a tensor names: `count` for each of the
/// `inner`. Places count from the end where they are negative; NaN stands for those that are none.
#[inline(always)]
pub fn take_along([size, count, inner]: [usize; 3], [values, places]: [&[Float]; 2], output: &mut [Float]) {
    let blocks = values.chunks((size * inner).max(1)).zip(places.chunks((count * inner).max(1)));
    for ((values, places), output) in blocks.zip(output.chunks_mut((count * inner).max(1))) {
        for (index, (place, output)) in places.iter().zip(output).enumerate() {
            let place = *place as isize;
            let place = if place < 0 { place.wrapping_add_unsigned(size) } else { place };
            let place = usize::try_from(place).ok().filter(|place| *place < size);
            let value = place.and_then(|place| values.get(place * inner + index % inner.max(1)));
            *output = value.copied().unwrap_or(Float::NAN);
        }
    }
}

/// Puts zeros above a diagonal of matrices with `rows` rows of `columns`, which lies so far right of the main one.
#[inline(always)]
pub fn keep_lower([rows, columns]: [usize; 2], diagonal: isize, values: &mut [Float]) {
    for matrix in values.chunks_mut((rows * columns).max(1)) {
        for (row, values) in matrix.chunks_mut(columns.max(1)).enumerate() {
            let first = diagonal.saturating_add_unsigned(row).saturating_add(1).max(0).unsigned_abs();
            values.get_mut(first..).unwrap_or_default().fill(0.0);
        }
    }
}

/// The same below it.
#[inline(always)]
pub fn keep_upper([rows, columns]: [usize; 2], diagonal: isize, values: &mut [Float]) {
    for matrix in values.chunks_mut((rows * columns).max(1)) {
        for (row, values) in matrix.chunks_mut(columns.max(1)).enumerate() {
            let end = diagonal.saturating_add_unsigned(row).max(0).unsigned_abs();
            let end = if end < values.len() { end } else { values.len() };
            values.get_mut(..end).unwrap_or_default().fill(0.0);
        }
    }
}
