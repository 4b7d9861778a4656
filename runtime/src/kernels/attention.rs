//! How well a query and a key fit, scores of all of them, and attention over any number of both.
//!
//! A sum over features runs over sixteen lanes, feature k in lane k mod 16, folded in halves.

use super::activation::{Activation, Tanh, exp};
use super::attention_mask::{UNSEEN, is_far};
use super::buffers;
use super::elementwise::{padded, unpad};
use super::join::line;
use super::simd::{Float, In, Isa, Line, Vector};
use core::marker::PhantomData;

/// A score of a query and a key. `weights` are the layer's, as its own documentation says.
pub trait Fit {
    /// The score.
    fn fit<I: Isa>(isa: I, weights: &[Float], query: &[Float], key: &[Float]) -> Float;
}

/// query·key.
#[derive(Clone, Copy, Debug)]
pub struct Product;

impl Fit for Product {
    #[inline(always)]
    fn fit<I: Isa>(isa: I, _weights: &[Float], query: &[Float], key: &[Float]) -> Float {
        let mut sum = I::V16::of(isa, 0.0);
        for (query, key) in query.chunks(16).zip(key.chunks(16)) {
            let query = I::V16::load(isa, &padded(query, 0.0), 0);
            sum = query.mul_add(I::V16::load(isa, &padded(key, 0.0), 0), sum);
        }
        sum.sum()
    }
}

/// The first weight times query·key.
#[derive(Clone, Copy, Debug)]
pub struct ScaledProduct;

impl Fit for ScaledProduct {
    #[inline(always)]
    fn fit<I: Isa>(isa: I, weights: &[Float], query: &[Float], key: &[Float]) -> Float {
        Product::fit(isa, &[], query, key) * weights.first().copied().unwrap_or_default()
    }
}

/// Σ factor·tanh(scale·(query + key)); `factors` of fewer features than there are is one factor for all of them.
#[inline(always)]
fn additive<I: Isa>(isa: I, scale: Float, factors: &[Float], query: &[Float], key: &[Float]) -> Float {
    let scale = I::V16::of(isa, scale);
    let mut sum = I::V16::of(isa, 0.0);
    for (index, (query, key)) in query.chunks(16).zip(key.chunks(16)).enumerate() {
        let both = I::V16::load(isa, &padded(query, 0.0), 0).add(I::V16::load(isa, &padded(key, 0.0), 0));
        let factors = match factors {
            [one] => [*one; 16],
            several => padded(several.get(index * 16..).unwrap_or_default(), 0.0),
        };
        sum = Tanh::apply(both.mul(scale)).mul_add(I::V16::load(isa, &factors, 0), sum);
    }
    sum.sum()
}

macro_rules! additive_fits {
    ($($(#[$doc:meta])* $name:ident($weights:ident) => $scale:expr, $factors:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Fit for $name {
            #[inline(always)]
            fn fit<I: Isa>(isa: I, $weights: &[Float], query: &[Float], key: &[Float]) -> Float {
                additive(isa, $scale, $factors, query, key)
            }
        }
    )*};
}
additive_fits! {
    /// Σ factor·tanh(scale·(query + key)); weights: the scale, then one factor for all features.
    ScaledSum(weights) => weights.first().copied().unwrap_or_default(), weights.get(1..2).unwrap_or_default();
    /// Σ factor·tanh(query + key); weights: one factor for all features.
    WeightedSum(weights) => 1.0, weights.get(..1).unwrap_or_default();
    /// Σ factor·tanh(query + key); weights: a factor for each feature.
    FeaturedSum(weights) => 1.0, weights;
    /// Σ tanh(query + key); no weights.
    PlainSum(_weights) => 1.0, &[1.0];
}

/// The scores of rows of `N` features, sample by sample: for each of `n_queries` queries a row of its score with every one of
/// `KEYS` keys.
#[inline(always)]
pub fn scores<I: Isa, F: Fit, const N: usize, const KEYS: usize>(
    isa: I,
    weights: &[Float],
    n_queries: usize,
    [queries, keys]: [&[Float]; 2],
    output: &mut [Float],
) {
    let (queries, keys) = (buffers::rows::<N>(queries), buffers::rows::<N>(keys));
    let samples = queries.chunks(n_queries.max(1)).zip(keys.chunks(KEYS.max(1)));
    let outputs = buffers::rows_mut::<KEYS>(output).chunks_mut(n_queries.max(1));
    for ((queries, keys), outputs) in samples.zip(outputs) {
        for (query, output) in queries.iter().zip(outputs) {
            for (key, score) in keys.iter().zip(output) {
                *score = F::fit(isa, weights, query, key);
            }
        }
    }
}

/// How a query of [`attend`] looks.
#[derive(Clone, Copy, Debug)]
pub struct Looks {
    /// Scores are multiplied by this.
    pub scale: Float,
    /// How many keys before its own place it sees.
    pub before: usize,
    /// How many behind it.
    pub behind: usize,
}

impl Looks {
    /// At all keys.
    pub const ALL: Self = Self { scale: 1.0, before: usize::MAX, behind: usize::MAX };
    /// At those up to its own place.
    pub const BACK: Self = Self { behind: 0, ..Self::ALL };

    /// With this scale.
    #[must_use]
    #[inline(always)]
    pub const fn scaled(self, scale: Float) -> Self {
        Self { scale, ..self }
    }

    #[inline(always)]
    const fn is_far(self, query: usize, key: usize) -> bool {
        is_far([self.before, self.behind], query, key)
    }
}

/// The means of the values weighted by the softmax of the scores, for any number of queries and of keys; the heads of a row are
/// `HEADS` parts of it, side by side.
///
/// The scores are computed twice, for their maximum and for the mean, so that no working memory grows with the keys.
#[inline(always)]
pub fn attend<I: Isa, F: Fit, const HEADS: usize, const N: usize, const V: usize>(
    isa: I,
    weights: &[Float],
    looks: Looks,
    [queries, keys, values]: [&[Float]; 3],
    output: &mut [[Float; V]],
) {
    attend_masked::<I, F, HEADS, N, V>(isa, weights, looks, [queries, keys, values, &[]], output);
}

/// The same with a mask behind the values: a number for each key, 0 where it is not seen.
#[inline(always)]
pub fn attend_masked<I: Isa, F: Fit, const HEADS: usize, const N: usize, const V: usize>(
    isa: I,
    weights: &[Float],
    looks: Looks,
    [queries, keys, values, mask]: [&[Float]; 4],
    output: &mut [[Float; V]],
) {
    let (queries, keys, values) = (buffers::rows::<N>(queries), buffers::rows::<N>(keys), buffers::rows::<V>(values));
    let (width, value_width) = (N / HEADS, V / HEADS);
    for (place, (query, output)) in queries.iter().zip(output).enumerate() {
        for (head, output) in (0..HEADS).zip(output.chunks_mut(value_width.max(1))) {
            let query = query.get(head * width..(head + 1) * width).unwrap_or_default();
            let fit = PhantomData::<F>;
            let looking = Looking { weights, looks, query, place, keys, mask, first: head * width, fit };
            mean(isa, &looking, (values, head * value_width), output);
        }
    }
}

/// The keys that a query looks at, and what it thinks of each.
pub(super) trait Scored<const N: usize> {
    /// All of them.
    fn keys(&self) -> &[[Float; N]];
    /// The score of the key of this number.
    fn score<I: Isa>(&self, isa: I, index: usize, key: &[Float; N]) -> Float;
}

/// The mean of the values from their part `first` on, weighted by the softmax of the scores; zeros where there are no keys.
#[inline(always)]
pub(super) fn mean<I: Isa, S: Scored<N>, const N: usize, const V: usize>(
    isa: I,
    scored: &S,
    (values, first): (&[[Float; V]], usize),
    output: &mut [Float],
) {
    let keys = scored.keys();
    let mut largest = Float::NEG_INFINITY;
    for (index, key) in keys.iter().enumerate() {
        largest = largest.max(scored.score(isa, index, key));
    }
    output.fill(0.0);
    let mut total = I::V16::of(isa, 0.0);
    let blocks = keys.chunks(16).zip(values.chunks(16));
    for (block, (keys, values)) in blocks.enumerate() {
        let mut shares: Line = [Float::NEG_INFINITY; 16];
        for (index, (key, share)) in keys.iter().zip(&mut shares).enumerate() {
            *share = scored.score(isa, block * 16 + index, key);
        }
        let exponentials = exp(I::V16::load(isa, &shares, 0).sub(I::V16::of(isa, largest)));
        total = total.add(exponentials);
        exponentials.store(&mut shares, 0);
        for (share, value) in shares.iter().zip(values) {
            add::<I>(isa, *share, value.get(first..).unwrap_or_default(), output);
        }
    }
    if !keys.is_empty() {
        divide::<I>(isa, total.sum(), output);
    }
}

/// One head of one query, and what it looks at.
struct Looking<'a, F, const N: usize> {
    weights: &'a [Float],
    looks: Looks,
    query: &'a [Float],
    /// Which query it is.
    place: usize,
    keys: &'a [[Float; N]],
    mask: &'a [Float],
    /// Where the head begins in rows of keys.
    first: usize,
    fit: PhantomData<F>,
}

impl<F: Fit, const N: usize> Scored<N> for Looking<'_, F, N> {
    #[inline(always)]
    fn keys(&self) -> &[[Float; N]] {
        self.keys
    }

    #[inline(always)]
    fn score<I: Isa>(&self, isa: I, index: usize, key: &[Float; N]) -> Float {
        let key = key.get(self.first..self.first + self.query.len()).unwrap_or_default();
        let score = F::fit(isa, self.weights, self.query, key) * self.looks.scale;
        let is_masked = self.mask.get(index).is_some_and(|mask| *mask == 0.0);
        if is_masked || self.looks.is_far(self.place, index) { score - UNSEEN } else { score }
    }
}

/// Adds `share`·`value` to the sums.
#[inline(always)]
fn add<I: Isa>(isa: I, share: Float, value: &[Float], sums: &mut [Float]) {
    let share = I::V16::of(isa, share);
    for (index, sums) in sums.chunks_mut(16).enumerate() {
        let mut sum = padded(sums, 0.0);
        let value = I::V16::load(isa, &line(value, index * 16), 0);
        share.mul_add(value, I::V16::load(isa, &sum, 0)).store(&mut sum, 0);
        unpad(&sum, sums);
    }
}

#[inline(always)]
fn divide<I: Isa>(isa: I, divisor: Float, values: &mut [Float]) {
    let divisor = I::V16::of(isa, divisor);
    for chunk in values.chunks_mut(16) {
        let mut line = padded(chunk, 0.0);
        I::V16::load(isa, &line, 0).div(divisor).store(&mut line, 0);
        unpad(&line, chunk);
    }
}
