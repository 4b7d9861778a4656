//! The formula, sample by sample and head by head.

use ndarray::{Array2, ArrayD, Axis, IxDyn, s};

use super::{MultiHeadAttention, Steps};
use crate::layer::Call;
use crate::layers::attention::soften;
use crate::layers::attention_masks::{MaskOf, Values};
use crate::layers::axes::shape_of;
use crate::plan::kernels::attention_mask::Blind;
use crate::reference::activation::sigmoid;
use crate::reference::real::Real;
use crate::shape::Shape;

impl MultiHeadAttention {
    /// The masks' values over the scores.
    fn values<R: Real>(&self, query: &Shape, steps: &Steps, masks: &[ArrayD<R>]) -> Vec<Values<R>> {
        let attended = self.attended(query, steps);
        let over = |(&place, mask): (&usize, &ArrayD<R>)| Values {
            values: mask.iter().copied().collect(),
            over: attended.lie(MaskOf::place(place), &mask.shape()[1..], 0),
        };
        self.masks.iter().zip(masks).map(over).collect()
    }

    fn project<R: Real>(weights: &mut std::slice::Iter<'_, ArrayD<R>>, use_bias: bool, input: &ArrayD<R>) -> Array2<R> {
        let features = input.shape().last().copied().unwrap_or(1);
        let rows = rows(input, features);
        let Some(kernel) = weights.next() else { unreachable!("the weights were checked") };
        let mut output = rows.dot(&matrix(kernel, features));
        if let Some(bias) = if use_bias { weights.next() } else { None } {
            let width = output.ncols();
            output =
                output + matrix(bias, 1).into_shape_with_order((1, width)).unwrap_or_else(|_| unreachable!("a row"));
        }
        output
    }

    /// The output, and the scores where they are asked for.
    pub(super) fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let order = self.order(&shape_of(&call.inputs[0])).map(|(_, order)| order).unwrap_or_default();
        if order.iter().enumerate().all(|(place, &axis)| place == axis) {
            return self.evaluate_in_order(call);
        }
        self.evaluate_turned(call, &order)
    }

    /// The same with the axes of query, value and key in this order, and back again.
    fn evaluate_turned<R: Real>(&self, call: &Call<'_, R>, order: &[usize]) -> Vec<ArrayD<R>> {
        let n_attended = self.axes.as_ref().map_or(0, Vec::len);
        let first = order.len() - 1 - n_attended;
        let axes = (first..order.len() - 1).map(|axis| axis as i128).collect();
        let n_tensors = self.split(call.inputs).0.len();
        let turned = |(place, input): (usize, &ArrayD<R>)| match place < n_tensors {
            true => input.view().permuted_axes(IxDyn(order)).as_standard_layout().into_owned(),
            false => input.clone(),
        };
        let inputs: Vec<ArrayD<R>> = call.inputs.iter().enumerate().map(turned).collect();
        let layer = Self { axes: Some(axes), ..self.clone() };
        let answers = layer.evaluate_in_order(&Call { inputs: &inputs, weights: call.weights });
        let mut back: Vec<usize> = (0..answers[0].ndim()).collect();
        order.iter().enumerate().take(order.len() - 1).for_each(|(place, &axis)| back[axis] = place);
        vec![answers[0].view().permuted_axes(IxDyn(&back)).as_standard_layout().into_owned()]
    }

    fn evaluate_in_order<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let (inputs, masks) = self.split(call.inputs);
        let [query, value] = [&inputs[0], &inputs[1]];
        let key = inputs.get(2).unwrap_or(value);
        let steps = self.steps(&shape_of(query), &shape_of(value));
        let masks = self.values(&shape_of(query), &steps, masks);
        let blind = self.blind(&shape_of(query));
        let samples = steps.samples * query.len_of(Axis(0));
        let mut weights = call.weights.iter();
        let mut project = |input: &ArrayD<R>| Self::project(&mut weights, self.use_bias, input);
        let (queries, keys) = (project(query), project(key));
        let gate = self.use_gate.then(|| project(query).mapv(sigmoid));
        let values = project(value);
        let (heads, width) = (queries.ncols() / (self.key_dim as usize).max(1), self.value_dim as usize);
        #[allow(clippy::cast_precision_loss)]
        let scale = R::of(1.0 / (self.key_dim as f64).sqrt());
        let mut mixed = Array2::zeros((samples * steps.queries, heads * width));
        let mut all_scores: Vec<R> = Vec::new();
        for sample in 0..samples {
            let (rows, others) =
                (sample * steps.queries..(sample + 1) * steps.queries, sample * steps.keys..(sample + 1) * steps.keys);
            for head in 0..heads {
                let of = |array: &Array2<R>, rows: &std::ops::Range<usize>, width: usize| {
                    array.slice(s![rows.clone(), head * width..(head + 1) * width]).to_owned()
                };
                let query = of(&queries, &rows, self.key_dim as usize);
                let key = of(&keys, &others, self.key_dim as usize);
                let mut scores = query.dot(&key.t()).mapv(|score| score * scale);
                let place = [sample / steps.samples.max(1), sample % steps.samples.max(1)];
                let sees = |query: usize, key: usize| {
                    let is_far = self.near().is_some_and(|near| near.is_far(query, key));
                    !is_far && masks.iter().all(|mask| mask.keeps(place, [head, query, key]))
                };
                soften_seen(&mut scores, blind, sees);
                let value = of(&values, &others, width);
                mixed.slice_mut(s![rows.clone(), head * width..(head + 1) * width]).assign(&scores.dot(&value));
                all_scores.extend(scores.iter().copied());
            }
        }
        if let Some(gate) = gate {
            mixed = mixed * gate;
        }
        let mut shape = query.shape().to_vec();
        let features = shape.pop().unwrap_or(1);
        shape.extend(if self.output.is_empty() {
            vec![features]
        } else {
            self.output.iter().map(|&size| size as usize).collect()
        });
        let output = Self::project(&mut weights, self.use_bias, &mixed.into_dyn());
        let mut answers = vec![reshaped(output.iter().copied().collect(), &shape)];
        if self.options.return_attention_scores {
            answers.push(reshaped(all_scores, &[samples, heads, steps.queries, steps.keys]));
        }
        answers
    }
}

/// The softmax of every row over what its query sees.
fn soften_seen<R: Real>(scores: &mut Array2<R>, blind: Blind, sees: impl Fn(usize, usize) -> bool) {
    let unseen = match blind {
        Blind::Alike => -0.7 * f64::from(f32::MAX),
        Blind::Zeros => -1e9,
    };
    let put = |value: f64, scores: &mut Array2<R>| {
        let all = scores.indexed_iter_mut();
        all.filter(|((query, key), _)| !sees(*query, *key)).for_each(|(_, score)| *score = R::of(value));
    };
    put(unseen, scores);
    soften(scores);
    if blind == Blind::Zeros {
        put(0.0, scores);
    }
}

fn reshaped<R: Real>(values: Vec<R>, shape: &[usize]) -> ArrayD<R> {
    ArrayD::from_shape_vec(IxDyn(shape), values).unwrap_or_else(|_| unreachable!("as many values as the shape says"))
}

/// An array as rows of its last axis.
fn rows<R: Real>(array: &ArrayD<R>, width: usize) -> Array2<R> {
    let values: Vec<R> = array.iter().copied().collect();
    let count = values.len() / width.max(1);
    Array2::from_shape_vec((count, width), values).unwrap_or_else(|_| unreachable!("rows of the last axis"))
}

/// A kernel as a matrix with `inputs` rows.
fn matrix<R: Real>(kernel: &ArrayD<R>, inputs: usize) -> Array2<R> {
    let values: Vec<R> = kernel.iter().copied().collect();
    let width = values.len() / inputs.max(1);
    Array2::from_shape_vec((inputs, width), values).unwrap_or_else(|_| unreachable!("a row for every input"))
}
