//! What a query of an attention may not look at: keys that are too far from it, and what masks leave out.
//!
//! `Attention` takes a number off such scores before their softmax; `MultiHeadAttention` puts a number in their place. Where a
//! query may look at nothing at all, what then comes out is Keras's, down to the numbers: see [`Blind`].

use super::buffers;
use super::rows::softmax;
use super::simd::{Float, Isa};

/// What Keras takes off the scores of keys that a query does not see.
pub(super) const UNSEEN: Float = 1e9;

/// Whether a key is further from a query than so many places before its own, or behind it.
#[inline(always)]
pub(super) const fn is_far([before, behind]: [usize; 2], query: usize, key: usize) -> bool {
    key.saturating_add(before) < query || key > query.saturating_add(behind)
}

/// Which keys are near a query: from so many before its own place to so many behind it. Row i of the scores belongs to query
/// i mod `queries`.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    /// Keys before.
    pub before: usize,
    /// Keys behind.
    pub behind: usize,
    /// Queries of a sample, or of a head.
    pub queries: usize,
}

impl Near {
    /// The query whose scores a row holds.
    #[inline(always)]
    fn query(self, row: usize) -> usize {
        if self.queries == 0 { 0 } else { row % self.queries }
    }

    /// Whether a query may not look at this key.
    #[inline(always)]
    const fn is_far(self, query: usize, key: usize) -> bool {
        is_far([self.before, self.behind], query, key)
    }
}

/// What becomes of a query that may look at nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blind {
    /// It looks at every key alike: what Keras's fused attention gives.
    Alike,
    /// All its shares are 0: what Keras's softmax with a mask gives.
    Zeros,
}

impl Blind {
    /// What stands for the score of a key that the query may not look at.
    #[inline(always)]
    pub(super) const fn score(self) -> Float {
        match self {
            // A finite number: equal scores have equal shares, whatever they are.
            Self::Alike => -0.7 * Float::MAX,
            Self::Zeros => -UNSEEN,
        }
    }
}

/// Takes a billion (1e9) off the scores of keys that are far.
#[inline(always)]
pub fn lower_far<const KEYS: usize>(near: Near, rows: &mut [[Float; KEYS]]) {
    for (index, row) in rows.iter_mut().enumerate() {
        let query = near.query(index);
        for (key, score) in row.iter_mut().enumerate() {
            if near.is_far(query, key) {
                *score -= UNSEEN;
            }
        }
    }
}

/// Scores of `KEYS` keys a row, those of keys that are far or whose mask is 0 lowered by a billion (1e9), once where both hold.
/// Each sample has a mask for its keys.
#[inline(always)]
pub fn lower_scores<const KEYS: usize>(near: Near, [scores, mask]: [&[Float]; 2], output: &mut [Float]) {
    let rows = buffers::rows::<KEYS>(scores).iter().zip(buffers::rows_mut::<KEYS>(output));
    for (index, (row, output)) in rows.enumerate() {
        let query = near.query(index);
        let first = index / near.queries.max(1) * KEYS;
        let mask = mask.get(first..).unwrap_or_default();
        for (key, ((score, mask), output)) in row.iter().zip(mask).zip(output).enumerate() {
            *output = if *mask == 0.0 || near.is_far(query, key) { *score - UNSEEN } else { *score };
        }
    }
}

/// The softmax of every row over the keys near its query, all others becoming 0.
#[inline(always)]
pub fn softmax_near<I: Isa, const KEYS: usize>(isa: I, near: Near, blind: Blind, rows: &mut [[Float; KEYS]]) {
    for (index, row) in rows.iter_mut().enumerate() {
        let query = near.query(index);
        let mut sees = [false; KEYS];
        for (key, sees) in sees.iter_mut().enumerate() {
            *sees = !near.is_far(query, key);
        }
        soften(isa, blind, &sees, row);
    }
}

/// The softmax of a row over what is seen.
#[inline(always)]
fn soften<I: Isa, const KEYS: usize>(isa: I, blind: Blind, sees: &[bool; KEYS], row: &mut [Float; KEYS]) {
    for (score, sees) in row.iter_mut().zip(sees) {
        if !sees {
            *score = blind.score();
        }
    }
    softmax(isa, core::slice::from_mut(row));
    if blind == Blind::Zeros {
        for (share, sees) in row.iter_mut().zip(sees) {
            if !sees {
                *share = 0.0;
            }
        }
    }
}

/// How a mask lies over the scores: how far apart its values are from one frame, sample, head, query and key to the next; 0 where
/// one value holds for all.
#[derive(Clone, Copy, Debug)]
pub struct Strides {
    /// From one frame, which holds so many samples, to the next.
    pub frame: usize,
    /// From one sample to the next.
    pub sample: usize,
    /// From one head to the next.
    pub head: usize,
    /// From one query to the next.
    pub query: usize,
    /// From one key to the next.
    pub key: usize,
}

/// The softmax of every row of scores over the keys that are near its query and that no mask leaves out. `inputs` are the scores,
/// for each sample the heads one behind the other, each with a row for every query, and behind them the masks, which lie over
/// the scores as `strides` say.
#[inline(always)]
pub fn softmax_masked<I: Isa, const KEYS: usize, const N: usize>(
    isa: I,
    (samples, heads, near, blind): (usize, usize, Near, Blind),
    strides: &[Strides],
    inputs: [&[Float]; N],
    output: &mut [Float],
) {
    let [scores, masks @ ..] = &inputs[..] else { return };
    let rows = buffers::rows::<KEYS>(scores).iter().zip(buffers::rows_mut::<KEYS>(output));
    for (index, (scores, row)) in rows.enumerate() {
        let query = near.query(index);
        let head = index / near.queries.max(1);
        let (sample, head) = (head / heads.max(1), head % heads.max(1));
        let (frame, sample) = (sample / samples.max(1), sample % samples.max(1));
        let mut sees = [false; KEYS];
        for (key, sees) in sees.iter_mut().enumerate() {
            *sees = !near.is_far(query, key);
        }
        for (mask, strides) in masks.iter().zip(strides) {
            let first = frame * strides.frame + sample * strides.sample + head * strides.head + query * strides.query;
            for (key, sees) in sees.iter_mut().enumerate() {
                *sees &= mask.get(first + key * strides.key).is_some_and(|kept| *kept != 0.0);
            }
        }
        *row = *scores;
        soften(isa, blind, &sees, row);
    }
}
