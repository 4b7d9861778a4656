//! Attention over any number of queries and keys that masks, windows and the order of time leave some of out, as
//! `MultiHeadAttention` has it.
//!
//! The scores are computed twice, for their maximum and for the mean, as [`attend`](super::attention::attend) does; what a query
//! that may look at nothing then answers is Keras's, see [`Blind`].

use super::attention::{Fit, Product, Scored, mean};
use super::attention_mask::{Blind, is_far};
use super::buffers;
use super::simd::{Float, Isa};

/// What a query may look at, beside what masks say.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// Scores are multiplied by this.
    pub scale: Float,
    /// How many keys before its own place it sees.
    pub before: usize,
    /// How many behind it.
    pub behind: usize,
    /// What becomes of a query that sees none.
    pub blind: Blind,
}

/// A mask in the query's own row: where it begins there, and how far apart its values are from one key to the next; 0 where one
/// value holds for all.
#[derive(Clone, Copy, Debug)]
pub struct OfRow {
    /// The first value's place.
    pub first: usize,
    /// From one key to the next.
    pub key: usize,
}

/// A mask that is a tensor of its own: how far apart its values are from one head, query and key to the next; 0 where one value
/// holds for all.
#[derive(Clone, Copy, Debug)]
pub struct OfTensor {
    /// From one head to the next.
    pub head: usize,
    /// From one query to the next.
    pub query: usize,
    /// From one key to the next.
    pub key: usize,
}

/// The means of the values weighted by the softmax of the scores over the keys that each query sees. `inputs` are queries, keys,
/// values, and masks as tensors, which `tensors` describe; a query's row of `ROW` values begins with its `N` features, and the
/// masks behind them are those that `rows` describe. The heads of a row are `HEADS` parts of it, side by side.
#[inline(always)]
pub fn attend<I: Isa, const HEADS: usize, const N: usize, const ROW: usize, const V: usize, const T: usize>(
    isa: I,
    sight: Sight,
    (rows, tensors): (&[OfRow], &[OfTensor]),
    inputs: [&[Float]; T],
    output: &mut [[Float; V]],
) {
    let [queries, keys, values, masks @ ..] = &inputs[..] else { return };
    let (queries, keys, values) = (buffers::rows::<ROW>(queries), buffers::rows::<N>(keys), buffers::rows::<V>(values));
    let (width, value_width) = (N / HEADS, V / HEADS);
    for (place, (row, output)) in queries.iter().zip(output).enumerate() {
        for (head, output) in (0..HEADS).zip(output.chunks_mut(value_width.max(1))) {
            let query = row.get(head * width..(head + 1) * width).unwrap_or_default();
            let places = [head, place];
            let looking = Looking { sight, rows, tensors, masks, row, query, places, keys, first: head * width };
            if sight.blind == Blind::Zeros && !looking.sees_any() {
                output.fill(0.0);
            } else {
                mean(isa, &looking, (values, head * value_width), output);
            }
        }
    }
}

/// One head of one query, and what it looks at.
struct Looking<'a, const N: usize> {
    sight: Sight,
    rows: &'a [OfRow],
    tensors: &'a [OfTensor],
    masks: &'a [&'a [Float]],
    /// The query's whole row.
    row: &'a [Float],
    query: &'a [Float],
    /// Which head it is, and which query.
    places: [usize; 2],
    keys: &'a [[Float; N]],
    /// Where the head begins in rows of keys.
    first: usize,
}

impl<const N: usize> Looking<'_, N> {
    #[inline(always)]
    fn sees(&self, key: usize) -> bool {
        let [head, query] = self.places;
        let mut sees = !is_far([self.sight.before, self.sight.behind], query, key);
        for mask in self.rows {
            sees &= self.row.get(mask.first + key * mask.key).is_some_and(|kept| *kept != 0.0);
        }
        for (mask, over) in self.masks.iter().zip(self.tensors) {
            let place = head * over.head + query * over.query + key * over.key;
            sees &= mask.get(place).is_some_and(|kept| *kept != 0.0);
        }
        sees
    }

    #[inline(always)]
    fn sees_any(&self) -> bool {
        (0..self.keys.len()).any(|key| self.sees(key))
    }
}

impl<const N: usize> Scored<N> for Looking<'_, N> {
    #[inline(always)]
    fn keys(&self) -> &[[Float; N]] {
        self.keys
    }

    #[inline(always)]
    fn score<I: Isa>(&self, isa: I, index: usize, key: &[Float; N]) -> Float {
        if !self.sees(index) {
            return self.sight.blind.score();
        }
        let key = key.get(self.first..self.first + self.query.len()).unwrap_or_default();
        Product::fit(isa, &[], self.query, key) * self.sight.scale
    }
}
