//! Scores of additive attention: how well each query and each key fit, as a sum over their features.
//!
//! A sum runs over sixteen lanes, feature k in lane k mod 16, folded in halves.

use super::activation::{Activation, Tanh};
use super::buffers;
use super::elementwise::padded;
use super::simd::{Float, In, Isa, Vector};

/// Σ factor·tanh(scale·(query + key)): row i of the output is query i with every key. `factors` of fewer features than
/// there are is one factor for all of them.
#[inline(always)]
fn scores<I: Isa, const N: usize, const KEYS: usize>(
    isa: I,
    scale: Float,
    factors: &[Float],
    [queries, keys]: [&[Float]; 2],
    output: &mut [Float],
) {
    let scale = I::V16::of(isa, scale);
    let (queries, keys) = (buffers::rows::<N>(queries), buffers::rows::<N>(keys));
    for (query, output) in queries.iter().zip(buffers::rows_mut::<KEYS>(output)) {
        for (key, score) in keys.iter().zip(output) {
            let mut sum = I::V16::of(isa, 0.0);
            for (index, (query, key)) in query.chunks(16).zip(key.chunks(16)).enumerate() {
                let both = I::V16::load(isa, &padded(query, 0.0), 0).add(I::V16::load(isa, &padded(key, 0.0), 0));
                let factors = match factors {
                    [one] => [*one; 16],
                    several => padded(several.get(index * 16..).unwrap_or_default(), 0.0),
                };
                sum = Tanh::apply(both.mul(scale)).mul_add(I::V16::load(isa, &factors, 0), sum);
            }
            *score = sum.sum();
        }
    }
}

macro_rules! forms {
    ($($(#[$doc:meta])* $name:ident($weights:ident) => $scale:expr, $factors:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<I: Isa, const N: usize, const KEYS: usize>(
            isa: I,
            $weights: &[Float],
            inputs: [&[Float]; 2],
            output: &mut [Float],
        ) {
            scores::<I, N, KEYS>(isa, $scale, $factors, inputs, output);
        }
    )*};
}
forms! {
    /// Weights: the scale, then one factor for all features.
    scaled_scores(weights) => weights.first().copied().unwrap_or_default(), weights.get(1..2).unwrap_or_default();
    /// Weights: one factor for all features.
    weighted_scores(weights) => 1.0, weights.get(..1).unwrap_or_default();
    /// Weights: a factor for each feature.
    featured_scores(weights) => 1.0, weights;
    /// No weights.
    plain_scores(_weights) => 1.0, &[1.0];
}
