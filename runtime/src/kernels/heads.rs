//! The heads of multi-head attention: scores of every query and key, and the values' means weighted by them.
//!
//! Rows hold the heads side by side. A score's sum runs over sixteen lanes, feature k of the head in lane k mod 16, folded
//! in halves; a mean's sum runs over the keys upward.

use super::attention::{Fit, Product};
use super::buffers;
use super::elementwise::unpad;
use super::join::line;
use super::simd::{Float, In, Isa, Vector};

/// How many heads there are, how many queries, and how many values of a row a head has.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Heads of a row.
    pub heads: usize,
    /// Queries of a sample.
    pub queries: usize,
    /// Values of a head in a row.
    pub width: usize,
}

/// query·key·`scale` of every head: `queries` and `keys` are rows of `WIDTH` values; for each sample the output has the heads one
/// behind the other, each with a row of `KEYS` scores for every query.
#[inline(always)]
pub fn scores<I: Isa, const WIDTH: usize, const KEYS: usize>(
    isa: I,
    sizes: Sizes,
    scale: Float,
    [queries, keys]: [&[Float]; 2],
    output: &mut [Float],
) {
    let Sizes { heads, queries: n_queries, width } = sizes;
    let (queries, keys) = (buffers::rows::<WIDTH>(queries), buffers::rows::<WIDTH>(keys));
    let samples = queries.chunks(n_queries.max(1)).zip(keys.chunks(KEYS.max(1)));
    let rows = buffers::rows_mut::<KEYS>(output).chunks_mut((heads * n_queries).max(1));
    for ((queries, keys), rows) in samples.zip(rows) {
        for (head, rows) in rows.chunks_mut(n_queries.max(1)).enumerate() {
            let first = head * width;
            for (query, row) in queries.iter().zip(rows) {
                let query = query.get(first..first + width).unwrap_or_default();
                for (key, score) in keys.iter().zip(row) {
                    let key = key.get(first..first + width).unwrap_or_default();
                    *score = Product::fit(isa, &[], query, key) * scale;
                }
            }
        }
    }
}

/// Σ score·value of every head: `scores` as [`scores`] leaves them, `values` rows of `WIDTH` values, one a key; the output is a row
/// of `WIDTH` values for every query.
#[inline(always)]
pub fn mix<I: Isa, const WIDTH: usize, const KEYS: usize>(
    isa: I,
    sizes: Sizes,
    [scores, values]: [&[Float]; 2],
    output: &mut [Float],
) {
    let Sizes { heads, queries: n_queries, width } = sizes;
    let (scores, values) = (buffers::rows::<KEYS>(scores), buffers::rows::<WIDTH>(values));
    let samples = scores.chunks((heads * n_queries).max(1)).zip(values.chunks(KEYS.max(1)));
    let outputs = buffers::rows_mut::<WIDTH>(output).chunks_mut(n_queries.max(1));
    for ((scores, values), outputs) in samples.zip(outputs) {
        for (head, scores) in scores.chunks(n_queries.max(1)).enumerate() {
            for (scores, output) in scores.iter().zip(outputs.iter_mut()) {
                let first = head * width;
                let Some(output) = output.get_mut(first..first + width) else { continue };
                for (index, chunk) in output.chunks_mut(16).enumerate() {
                    let mut sum = I::V16::of(isa, 0.0);
                    for (score, value) in scores.iter().zip(values) {
                        let value = I::V16::load(isa, &line(value, first + index * 16), 0);
                        sum = I::V16::of(isa, *score).mul_add(value, sum);
                    }
                    let mut result = [0.0; 16];
                    sum.store(&mut result, 0);
                    unpad(&result, chunk);
                }
            }
        }
    }
}
