//! `Attention` and `AdditiveAttention`: a weighted mean of values, the weights from how queries and keys fit.
//!
//! Luong et al. 2015, arXiv:1508.04025; Bahdanau et al. 2014, arXiv:1409.0473.
//! <https://keras.io/api/layers/attention_layers/>. Difference to Keras: the widths of queries and keys are compared when
//! the layer is called, not when it computes.

use ndarray::{Array2, ArrayD, ArrayView2, Axis, Ix2, stack};
use rnn_grammar::Code;

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, CallOptions, Layer, Mismatch, ShownMask, Streaming, Takes, WeightSpec};
use crate::layers::merge::batch;
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::kernels;
use crate::plan::kernels::attention::{AnyAttention, AttentionSizes};
use crate::plan::kernels::attention_mask::Near;
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `Attention`.
pub(crate) const ATTENTION: Declaration = Declaration {
    class: "Attention",
    aliases: &[],
    base_name: "attention",
    summary: "Dot-product attention: a mean of values, weighted by how well query and key fit.",
    details: "Called with a list `[query, value]` or `[query, value, key]` of sequences; the key is the value where it is \
              left out. `softmax(query·keyᵀ)·value`; with `score_mode=\"concat\"` the scores are the sums of \
              `tanh(query + key)`, times `concat_score_weight`. The call takes `use_causal_mask=True`, with which a query sees \
              only the keys up to its own place, and `return_attention_scores=True`: then the weights of the means are a \
              second output.\n\n\
              Weights: `scale` () with `use_scale`, then `concat_score_weight` () with `score_mode=\"concat\"`.",
    arguments: &[
        Argument::optional("use_scale", Kind::Boolean, "False", "Whether the scores are scaled by a trained number."),
        Argument::optional(
            "score_mode",
            Kind::Choice(&["dot", "concat"]),
            "\"dot\"",
            "How query and key are compared.",
        ),
        Argument::training("dropout", Kind::Rate, "0.0"),
        Argument::training("seed", Kind::Seed, "None"),
    ],
    takes_common: true,
    build: build_attention,
};

/// `AdditiveAttention`.
pub(crate) const ADDITIVE_ATTENTION: Declaration = Declaration {
    class: "AdditiveAttention",
    aliases: &[],
    base_name: "additive_attention",
    summary: "Additive attention: a mean of values, weighted by how well query and key fit.",
    details: "Called with a list `[query, value]` or `[query, value, key]` of sequences; the key is the value where it is \
              left out. The scores are the sums of `scale·tanh(query + key)` over the features. The call takes `use_causal_mask` and \
              `return_attention_scores` as that of `Attention`.\n\n\
              Weights: `scale` (features) with `use_scale`.",
    arguments: &[
        Argument::optional("use_scale", Kind::Boolean, "True", "Whether each feature has a trained factor."),
        Argument::training("dropout", Kind::Rate, "0.0"),
        Argument::optional("score_mode", Kind::Choice(&["dot", "concat"]), "\"dot\"", "No effect here, as in Keras."),
        Argument::training("seed", Kind::Seed, "None"),
    ],
    takes_common: true,
    build: build_additive,
};

/// What Keras takes off the scores of values that are masked or far, once where both hold, so that their share of the mean is 0.
/// A query that sees no value at all then looks at each of them, as far as the numbers still tell their scores apart.
const MASKED: f64 = 1e9;

/// How queries and keys are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// The product.
    Dot,
    /// The sum of tanh of the sum, times one number.
    Concat,
    /// The sum of tanh of the sum, times a number for each feature.
    Additive,
}

/// An attention with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Attention {
    score: Score,
    use_scale: bool,
    /// Whether it reads the values' mask, behind all else.
    reads_mask: bool,
    /// What the call asks for.
    options: CallOptions,
}

fn build_attention(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let score = if arguments.choice("score_mode") == Some("concat") { Score::Concat } else { Score::Dot };
    Some(Box::new(Attention {
        score,
        use_scale: arguments.boolean("use_scale"),
        options: CallOptions::default(),
        reads_mask: false,
    }))
}

fn build_additive(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let use_scale = arguments.boolean("use_scale");
    Some(Box::new(Attention { score: Score::Additive, use_scale, options: CallOptions::default(), reads_mask: false }))
}

impl Attention {
    fn class(&self) -> &'static str {
        self.declaration().class
    }

    /// The tensors that it joins, and the values' mask.
    fn split<'a, T>(&self, inputs: &'a [T]) -> (&'a [T], Option<&'a T>) {
        match inputs.split_last() {
            Some((mask, own)) if self.reads_mask => (own, Some(mask)),
            _ => (inputs, None),
        }
    }

    /// The score of one query and one key.
    fn fit<R: Real>(
        &self,
        query: &ndarray::ArrayView1<'_, R>,
        key: &ndarray::ArrayView1<'_, R>,
        weights: &[ArrayD<R>],
    ) -> R {
        let number = |index: usize| weights[index].iter().next().copied().unwrap_or_else(R::one);
        let scale = if self.use_scale && self.score != Score::Additive { number(0) } else { R::one() };
        let pairs = query.iter().zip(key);
        match self.score {
            Score::Dot => pairs.fold(R::zero(), |sum, (&q, &k)| sum + q * k) * scale,
            Score::Concat => {
                let sum = pairs.fold(R::zero(), |sum, (&q, &k)| sum + (scale * (q + k)).tanh());
                number(usize::from(self.use_scale)) * sum
            }
            Score::Additive => pairs.enumerate().fold(R::zero(), |sum, (feature, (&q, &k))| {
                let factor = if self.use_scale { weights[0][[feature]] } else { R::one() };
                sum + factor * (q + k).tanh()
            }),
        }
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let samples = call.inputs[0].len_of(Axis(0));
        let (inputs, mask) = self.split(call.inputs);
        let answers: Vec<_> = (0..samples)
            .map(|sample| {
                let of = |input: usize| -> ArrayView2<'_, R> {
                    let view = inputs[input].index_axis(Axis(0), sample).into_dimensionality::<Ix2>();
                    view.unwrap_or_else(|_| unreachable!("the shapes were checked: sequences"))
                };
                let (query, value, key) = (of(0), of(1), of(if inputs.len() > 2 { 2 } else { 1 }));
                let mut scores = Array2::from_shape_fn((query.nrows(), key.nrows()), |(row, column)| {
                    self.fit(&query.row(row), &key.row(column), call.weights)
                });
                let kept = mask.map(|mask| mask.index_axis(Axis(0), sample));
                scores.indexed_iter_mut().for_each(|((query, key), score)| {
                    let is_far = self.near().is_some_and(|near| near.is_far(query, key));
                    if is_far || kept.as_ref().is_some_and(|kept| kept[[key]] == R::zero()) {
                        *score = *score - R::of(MASKED);
                    }
                });
                soften(&mut scores);
                [scores.dot(&value), scores]
            })
            .collect();
        let all = |output: usize| {
            let views: Vec<_> = answers.iter().map(|answer| answer[output].view()).collect();
            stack(Axis(0), &views).unwrap_or_else(|_| unreachable!("all samples have one shape")).into_dyn()
        };
        (0..self.n_outputs()).map(all).collect()
    }

    fn n_outputs(&self) -> usize {
        1 + usize::from(self.options.return_attention_scores)
    }

    /// Which keys a query looks at.
    fn near(&self) -> Option<Near> {
        self.options.use_causal_mask.then_some(Near { before: usize::MAX, behind: 0 })
    }
}

/// The softmax of every row of scores.
pub(crate) fn soften<R: Real>(scores: &mut Array2<R>) {
    for mut row in scores.rows_mut() {
        let largest = row.iter().fold(R::of(f64::NEG_INFINITY), |largest, &x| largest.maximum(x));
        row.mapv_inplace(|x| (x - largest).exp());
        let sum = row.sum();
        row.mapv_inplace(|x| x / sum);
    }
}

impl Layer for Attention {
    fn declaration(&self) -> &'static Declaration {
        if self.score == Score::Additive { &ADDITIVE_ATTENTION } else { &ATTENTION }
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn called_with(&self, options: CallOptions) -> Option<Box<dyn Layer>> {
        Some(Box::new(Self { options, ..self.clone() }))
    }

    fn further_outputs(&self, n_operations: usize) -> Vec<usize> {
        vec![n_operations.saturating_sub(2)]
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let class = self.class();
        let (inputs, _) = self.split(inputs);
        if !(2..=3).contains(&inputs.len()) {
            let title = format!("`{class}` takes two or three tensors, but gets {}", inputs.len());
            return Err(Mismatch::new(Code::E219, title, "needs `[query, value]` or `[query, value, key]`"));
        }
        if let Some(shape) = inputs.iter().find(|shape| shape.rank() != 3) {
            let title = format!("`{class}` needs sequences `(batch, timesteps, features)`, but gets `{shape}`");
            return Err(Mismatch::new(Code::E204, title, "needs 3 dimensions"));
        }
        let batch = batch(class, inputs)?;
        let [query, value] = [&inputs[0], &inputs[1]];
        let key = inputs.get(2).unwrap_or(value);
        let refuse = |what: &str, left: &Shape, right: &Shape| {
            let title = format!("`{class}` needs {what}, but gets `{left}` and `{right}`");
            Err(Mismatch::new(Code::E220, title, "the sizes differ"))
        };
        if !query.0[2].agrees(key.0[2]) {
            return refuse("queries and keys of one width", query, key);
        }
        if !value.0[1].agrees(key.0[1]) {
            return refuse("a value for each key", value, key);
        }
        if self.score == Score::Additive && self.use_scale && query.0[2] == Dimension::Free {
            let title = format!("`{class}` needs a known last axis, but gets `{query}`");
            return Err(Mismatch::new(Code::E206, title, "its weights are sized by the last axis"));
        }
        let mut outputs = vec![Shape(vec![batch, query.0[1], value.0[2]])];
        if self.options.return_attention_scores {
            outputs.push(Shape(vec![batch, query.0[1], key.0[1]]));
        }
        Ok(outputs)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let mut weights = Vec::new();
        if self.use_scale {
            let width = inputs.first().and_then(Shape::last).and_then(Dimension::known).unwrap_or(0);
            let shape = if self.score == Score::Additive { vec![width] } else { Vec::new() };
            weights.push(WeightSpec::new("scale", &shape));
        }
        if self.score == Score::Concat {
            weights.push(WeightSpec::new("concat_score_weight", &[]));
        }
        weights
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::Impossible("looks at the whole sequence".to_owned())
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let axis = |input: usize, axis: usize| fixed(lowering.inputs[input].sample()[axis]);
        let (inputs, mask) = self.split(lowering.inputs);
        let key = if inputs.len() > 2 { 2 } else { 1 };
        let is_free = inputs.iter().any(|input| fixed(input.sample()[0]).is_err());
        if is_free && !self.options.return_attention_scores {
            let any = AnyAttention {
                features: axis(0, 1)?,
                values: axis(1, 1)?,
                key,
                mask: mask.map(|_| inputs.len()),
                is_causal: self.options.use_causal_mask,
            };
            return Ok(vec![kernels::attention::attention_of_any(&any, self.score, self.use_scale)]);
        }
        let sizes = AttentionSizes {
            queries: axis(0, 0)?,
            keys: axis(key, 0)?,
            features: axis(0, 1)?,
            values: axis(1, 1)?,
            key,
            near: self.near(),
        };
        Ok(kernels::attention::attention(sizes, self.score, self.use_scale, mask.map(|_| inputs.len())))
    }

    fn takes_mask(&self) -> bool {
        true
    }

    /// Masked values get no share; the rows of masked queries become zeros, and the output has the queries' mask.
    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        for (&input, mask) in call.inputs.iter().zip(&call.masks).take(2) {
            if let Some(mask) = *mask {
                let (input, mask) = (call.shape(input), call.shape(mask));
                MaskShapes { input: &input, mask: &mask }.check_steps(self.class())?;
            }
        }
        if let Some(mask) = call.masks[1] {
            call.compute_as(Box::new(Self { reads_mask: true, ..self.clone() }), &[mask]);
        }
        Ok(Masked::with(call.first()).zeroed_by(call.first()))
    }

    fn shown_mask(&self) -> ShownMask {
        ShownMask::Converted
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    #[test]
    fn values_are_mixed_by_fit() {
        let inputs = [array(&[1, 1, 2], &[1.0, 0.0]), array(&[1, 2, 2], &[2.0, 5.0, 0.0, -3.0])];
        let call = Call { inputs: &inputs, weights: &[] };
        let dot = Attention { score: Score::Dot, use_scale: false, options: CallOptions::default(), reads_mask: false };
        let first = 1.0 / (1.0 + (-2.0_f64).exp());
        assert_near(&dot.evaluate(&call)[0], &[1, 1, 2], &[2.0 * first, 5.0 * first - 3.0 * (1.0 - first)]);
        let additive =
            Attention { score: Score::Additive, use_scale: false, options: CallOptions::default(), reads_mask: false };
        let fits = [3.0_f64.tanh() + 5.0_f64.tanh(), 1.0_f64.tanh() + (-3.0_f64).tanh()];
        let first = fits[0].exp() / (fits[0].exp() + fits[1].exp());
        assert_near(&additive.evaluate(&call)[0], &[1, 1, 2], &[2.0 * first, 5.0 * first - 3.0 * (1.0 - first)]);
    }

    #[test]
    fn a_query_may_see_its_own_past_only() {
        let inputs = [array(&[1, 2, 1], &[1.0, 2.0]), array(&[1, 3, 1], &[0.0, 1.0, 7.0])];
        let options = CallOptions { use_causal_mask: true, return_attention_scores: true };
        let layer = Attention { score: Score::Dot, use_scale: false, options, reads_mask: false };
        let answers = layer.evaluate(&Call { inputs: &inputs, weights: &[] });
        let second = 1.0 / (1.0 + (-2.0_f64).exp());
        assert_near(&answers[0], &[1, 2, 1], &[0.0, second]);
        assert_near(&answers[1], &[1, 2, 3], &[1.0, 0.0, 0.0, 1.0 - second, second, 0.0]);
    }

    #[test]
    fn a_value_that_is_far_and_masked_is_lowered_once() {
        let inputs =
            [array(&[1, 2, 1], &[1.0, 1.0]), array(&[1, 3, 1], &[1.0, 2.0, 3.0]), array(&[1, 3], &[0.0, 1.0, 0.0])];
        let options = CallOptions { use_causal_mask: true, return_attention_scores: true };
        let layer = Attention { score: Score::Dot, use_scale: false, options, reads_mask: true };
        let answers = layer.evaluate(&Call { inputs: &inputs, weights: &[] });
        // The first query sees nothing: all scores are as much lower, and their softmax is as if none were.
        let sum = 1.0_f64.exp() + 2.0_f64.exp() + 3.0_f64.exp();
        let shares = [1.0_f64, 2.0, 3.0].map(|score| score.exp() / sum);
        let mean = shares[0] + 2.0 * shares[1] + 3.0 * shares[2];
        let near = |left: f64, right: f64| assert!((left - right).abs() < 1e-6, "{left} {right}");
        near(answers[0][[0, 0, 0]], mean);
        near(answers[1][[0, 0, 2]], shares[2]);
        near(answers[0][[0, 1, 0]], 2.0);
    }

    #[test]
    fn sequences_fit_each_other() {
        let of = |inputs: &[&[Option<u64>]]| {
            let shapes: Vec<_> = inputs.iter().map(|axes| shape(axes)).collect();
            let dot =
                Attention { score: Score::Dot, use_scale: false, options: CallOptions::default(), reads_mask: false };
            dot.output_shapes(&shapes).map(|shapes| shapes[0].to_string()).map_err(|mismatch| mismatch.code)
        };
        let query = &[None, Some(3), Some(4)][..];
        assert_eq!(of(&[query, &[None, Some(5), Some(4)]]).unwrap(), "(None, 3, 4)");
        assert_eq!(of(&[query, &[None, Some(5), Some(7)], &[None, Some(5), Some(4)]]).unwrap(), "(None, 3, 7)");
        assert_eq!(of(&[query, &[None, Some(5), Some(7)]]).unwrap_err(), Code::E220);
        assert_eq!(of(&[query, &[None, Some(5), Some(7)], &[None, Some(6), Some(4)]]).unwrap_err(), Code::E220);
        assert_eq!(of(&[query]).unwrap_err(), Code::E219);
        assert_eq!(of(&[query, &[None, Some(4)]]).unwrap_err(), Code::E204);
    }
}
