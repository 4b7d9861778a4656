//! `MultiHeadAttention`: several attentions side by side, each over its own projections of query, key and value.
//!
//! Vaswani et al. 2017, arXiv:1706.03762. <https://keras.io/api/layers/attention_layers/multi_head_attention/>
//!
//! Per head softmax(Q·Kᵀ/√key_dim)·V with Q, K, V = inputs·kernel + bias; the heads side by side go through `attention_output`.
//! It attends along all axes between batch and features, or along those that `attention_axes` names; the others count samples of
//! their own. Masks of query, value and key and an `attention_mask` leave keys out; a query without any key left looks at all of them
//! alike, or where Keras computes the scores by themselves (with dropout, with scores asked for, with more than 3 axes) at none.
//! Differences to Keras: the batch and the features are no axes to attend along; the scores have their real shape, where Keras declares
//! `(batch, num_heads, T, T)` of the query's T; `flash_attention=True`, which changes no numbers, is refused; on JAX, Keras itself
//! fails where `value_dim` is not `key_dim`.

mod reference;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{CallOptions, Layer, Mismatch, ShownMask, Streaming, Takes, WeightSpec};
use crate::layers::attention_masks::{self, Attended, Fit, MaskOf};
use crate::layers::checks::Check;
use crate::layers::merge::batch;
use crate::masks::{MaskCall, Masked};
use crate::plan::kernels;
use crate::plan::kernels::attention::HeadSizes;
use crate::plan::kernels::attention_mask::{Blind, MaskOver, Near};
use crate::plan::kernels::attention_sight::multi_head_seeing;
use crate::plan::lowered::{Lowered, Lowering, NoCode, Operation, fixed};
use crate::shape::{Dimension, Shape};
use crate::value::Value;

/// `MultiHeadAttention`.
pub(crate) const MULTI_HEAD_ATTENTION: Declaration = Declaration {
    class: "MultiHeadAttention",
    aliases: &[],
    base_name: "multi_head_attention",
    summary: "Several attentions over projections of query, key and value, side by side.",
    details: "Called with `layer(query, value, key)`; the key is the value where it is left out. Each head computes \
              `softmax(Q·Kᵀ / sqrt(key_dim))·V` of its own projections, and the heads together are projected to the output. \
              The call takes `use_causal_mask=True`, with which a query sees only the keys up to its own place, and \
              `return_attention_scores=True`: then the softmax of every head is a second output. Masks of query, value and key \
              leave steps out; the call may give them, `value_mask=` and `key_mask=`, and an `attention_mask=` of shape \
              `(batch, queries, keys)` or `(batch, heads, queries, keys)`: `Input(shape=(5, 5), dtype=\"bool\")`.\n\n\
              Weights: `query/kernel` (features, heads, key_dim), `query/bias` (heads, key_dim), `key/kernel`, `key/bias`, \
              with `use_gate` `gate/kernel` (features, heads, value_dim), `gate/bias`, then `value/kernel` (features, heads, \
              value_dim), `value/bias`, `attention_output/kernel` (heads, value_dim, output), `attention_output/bias`.",
    arguments: &[
        Argument::required("num_heads", Kind::PositiveInteger, "How many attentions there are."),
        Argument::required("key_dim", Kind::PositiveInteger, "Width of each head's queries and keys."),
        Argument::optional("value_dim", Kind::Any, "None", "Width of each head's values; `key_dim` by default."),
        Argument::training("dropout", Kind::Rate, "0.0"),
        Argument::optional("use_bias", Kind::Boolean, "True", "Whether the projections have biases."),
        Argument::optional("output_shape", Kind::Any, "None", "Features of the output; the query's by default."),
        Argument::optional(
            "attention_axes",
            Kind::Any,
            "None",
            "Axes to attend along; all but batch and features by default.",
        ),
        Argument::optional(
            "sliding_window",
            Kind::Any,
            "None",
            "How near a key must be: fewer than so many steps away.",
        ),
        Argument::optional(
            "flash_attention",
            Kind::Any,
            "None",
            "Another kernel of some machines: only `None` or `False`.",
        ),
        Argument::training("kernel_initializer", Kind::Initializer, "\"glorot_uniform\""),
        Argument::training("bias_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("kernel_regularizer", Kind::Regularizer, "None"),
        Argument::training("bias_regularizer", Kind::Regularizer, "None"),
        Argument::training("activity_regularizer", Kind::Regularizer, "None"),
        Argument::training("kernel_constraint", Kind::Constraint, "None"),
        Argument::training("bias_constraint", Kind::Constraint, "None"),
        Argument::optional(
            "use_gate",
            Kind::Boolean,
            "False",
            "Whether a sigmoid of the query multiplies the heads' values.",
        ),
        Argument::training("seed", Kind::Seed, "None"),
    ],
    takes_common: true,
    build,
};

/// A `MultiHeadAttention` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct MultiHeadAttention {
    heads: u64,
    key_dim: u64,
    value_dim: u64,
    use_bias: bool,
    use_gate: bool,
    /// The output's axes in the features' place; none: as many features as the query has.
    output: Vec<u64>,
    /// Axes as written, where they are.
    axes: Option<Vec<i128>>,
    axes_span: Option<Span>,
    window: Option<u64>,
    options: CallOptions,
    /// Whether training drops scores: Keras then computes them by themselves also at inference.
    has_dropout: bool,
    /// The masks that it reads behind all else, by their places among [`attention_masks::NAMES`].
    masks: Vec<usize>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    if !matches!(arguments.get("flash_attention").value, Value::None | Value::Boolean(false)) {
        let title = "`flash_attention` of `MultiHeadAttention` is not supported";
        let diagnostic =
            Diagnostic::new(Code::E104, arguments.span("flash_attention"), title).at("only `None` or `False`");
        arguments.report(diagnostic.help("leave it out: it changes no number"));
        return None;
    }
    let value_dim = optional(arguments, "value_dim");
    let window = optional(arguments, "sliding_window");
    let output = output_shape(arguments);
    let axes = attention_axes(arguments);
    Some(Box::new(MultiHeadAttention {
        heads: arguments.positive("num_heads"),
        key_dim: arguments.positive("key_dim"),
        value_dim: value_dim?.unwrap_or_else(|| arguments.positive("key_dim")),
        use_bias: arguments.boolean("use_bias"),
        use_gate: arguments.boolean("use_gate"),
        output: output?,
        axes: axes?,
        axes_span: arguments.get("attention_axes").span,
        window: window?,
        options: CallOptions::default(),
        has_dropout: arguments.float("dropout").is_some_and(|rate| rate > 0.0),
        masks: Vec::new(),
    }))
}

/// A positive integer or `None`.
#[allow(clippy::option_option)]
fn optional(arguments: &mut Arguments<'_>, name: &str) -> Option<Option<u64>> {
    match arguments.get(name).value {
        Value::None => Some(None),
        Value::Integer(value) if (1..=i128::from(Dimension::MAX)).contains(&value) => {
            Some(Some(arguments.positive(name)))
        }
        _ => refuse(arguments, name, "a positive integer, or `None`"),
    }
}

fn refuse<T>(arguments: &mut Arguments<'_>, name: &str, wanted: &str) -> Option<T> {
    let is_integer = matches!(arguments.get(name).value, Value::Integer(_));
    let code = if is_integer { Code::E116 } else { Code::E115 };
    let title = format!("`{name}` of `MultiHeadAttention` must be {wanted}");
    let diagnostic = Diagnostic::new(code, arguments.span(name), title).at("this is something else");
    arguments.report(diagnostic);
    None
}

/// The output's features, one number or several.
fn output_shape(arguments: &mut Arguments<'_>) -> Option<Vec<u64>> {
    let (elements, sizes) = (arguments.elements("output_shape"), arguments.integers("output_shape"));
    let size = |size: &i128| u64::try_from(*size).ok().filter(|size| (1..=Dimension::MAX).contains(size));
    let sizes: Option<Vec<u64>> = sizes.iter().map(size).collect();
    match sizes {
        Some(sizes) if sizes.len() == elements.len() => Some(sizes),
        _ => refuse(arguments, "output_shape", "a positive integer, or a tuple of such"),
    }
}

#[allow(clippy::option_option)]
fn attention_axes(arguments: &mut Arguments<'_>) -> Option<Option<Vec<i128>>> {
    let (elements, axes) = (arguments.elements("attention_axes"), arguments.integers("attention_axes"));
    if axes.len() != elements.len() {
        return refuse(arguments, "attention_axes", "an integer, or a tuple of such");
    }
    Some((!axes.is_empty()).then_some(axes))
}

/// The sizes of one call: samples that attend by themselves, steps of queries and keys.
#[derive(Clone, Copy, Debug)]
struct Steps {
    samples: usize,
    queries: usize,
    keys: usize,
}

impl MultiHeadAttention {
    fn check<'a>(shape: &'a Shape) -> Check<'a> {
        Check { class: MULTI_HEAD_ATTENTION.class, shape }
    }

    /// The axes in the order in which they are worked on: those that count samples, those attended along, the features; as many of
    /// them as the first number count samples, the batch among them.
    fn order(&self, query: &Shape) -> Result<(usize, Vec<usize>), Mismatch> {
        let last = query.rank() - 1;
        let Some(axes) = &self.axes else { return Ok((1, (0..=last).collect())) };
        let places = Self::check(query).axes(axes, self.axes_span)?;
        if places.contains(&last) {
            let title = format!("`MultiHeadAttention` along the features of `{query}` is not supported");
            let mismatch = Mismatch::new(Code::E104, title, format!("axis {last} holds the features"));
            return Err(mismatch
                .within(self.axes_span)
                .help("name axes between the batch and the features; `Permute` moves others there"));
        }
        let mut order: Vec<usize> = (0..last).filter(|axis| !places.contains(axis)).collect();
        let n_samples = order.len();
        order.extend(places);
        order.push(last);
        Ok((n_samples, order))
    }

    /// How many axes count samples, the batch among them.
    fn first_axis(&self, query: &Shape) -> Result<usize, Mismatch> {
        Ok(self.order(query)?.0)
    }

    /// A tensor's shape with its axes in the order in which they are worked on.
    fn turned(&self, shape: &Shape) -> Shape {
        let order = self.order(shape).map(|(_, order)| order).unwrap_or_default();
        Shape(order.iter().map(|&axis| shape.0[axis]).collect())
    }

    /// The kernels that put a tensor's axes into that order, and those that put them back, with so many axes for the features.
    fn turning(&self, shape: &Shape, n_features: usize) -> Result<[Vec<Operation>; 2], NoCode> {
        let order = self.order(shape).map(|(_, order)| order).unwrap_or_default();
        let order: Vec<usize> = order.iter().skip(1).map(|axis| axis - 1).collect();
        let turned = self.turned(shape);
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, &axis)| back[axis] = place);
        let mut answered = turned.sample().to_vec();
        answered.pop();
        back.pop();
        let outer = back.len();
        if back.iter().enumerate().all(|(place, &axis)| place == axis) {
            return Ok([Vec::new(), Vec::new()]);
        }
        // The features are moved along as one axis, whatever they are.
        back.push(outer);
        answered.push(Dimension::Known(n_features as u64));
        Ok([kernels::permute(shape.sample(), &order)?, kernels::permute(&answered, &back)?])
    }

    /// How the axes of a call are grouped; free ones count as 1.
    fn steps(&self, query: &Shape, value: &Shape) -> Steps {
        let first = self.first_axis(query).unwrap_or(1);
        let product = |axes: &[Dimension]| {
            axes.iter().map(|axis| axis.known().and_then(|size| usize::try_from(size).ok()).unwrap_or(1)).product()
        };
        let inner = |shape: &Shape| product(&shape.0[first..shape.rank() - 1]);
        Steps { samples: product(&query.0[1..first]), queries: inner(query), keys: inner(value) }
    }

    /// The tensors that it joins, and the masks that it reads.
    fn split<'a, T>(&self, inputs: &'a [T]) -> (&'a [T], &'a [T]) {
        inputs.split_at(inputs.len() - self.masks.len().min(inputs.len()))
    }

    /// What is attended, for the axes of a sample.
    fn attended(&self, query: &Shape, steps: &Steps) -> Attended {
        let first = self.first_axis(query).unwrap_or(1);
        Attended {
            samples: steps.samples,
            heads: usize::try_from(self.heads).unwrap_or(usize::MAX),
            queries: steps.queries,
            keys: steps.keys,
            outer_axes: first - 1,
            axes: query.rank() - 1 - first,
        }
    }

    /// What becomes of a query that may look at nothing: Keras's fused attention is for sequences, and gives no scores.
    fn blind(&self, query: &Shape) -> Blind {
        let is_fused = !self.has_dropout && !self.options.return_attention_scores && query.rank() == 3;
        if is_fused { Blind::Alike } else { Blind::Zeros }
    }

    /// Which keys a query looks at.
    fn near(&self) -> Option<Near> {
        let window = self.window.map(|window| usize::try_from(window - 1).unwrap_or(usize::MAX));
        match (window, self.options.use_causal_mask) {
            (None, false) => None,
            (window, true) => Some(Near { before: window.unwrap_or(usize::MAX), behind: 0 }),
            (Some(window), false) => Some(Near { before: window, behind: window }),
        }
    }

    /// How the masks lie over the scores; the first one is the input of this number.
    fn masks_over(&self, query: &Shape, steps: &Steps, masks: &[Shape], first: usize) -> Result<Vec<MaskOver>, NoCode> {
        let attended = self.attended(query, steps);
        let over = |(index, (&place, mask)): (usize, (&usize, &Shape))| {
            let sizes = mask.sample().iter().map(|&axis| fixed(axis)).collect::<Result<Vec<_>, _>>()?;
            Ok(attended.lie(MaskOf::place(place), &sizes, first + index))
        };
        self.masks.iter().zip(masks).enumerate().map(over).collect()
    }

    /// Sizes of query, value and key, checked against each other.
    fn check_shapes(&self, inputs: &[Shape]) -> Result<(), Mismatch> {
        let [query, value] = [&inputs[0], &inputs[1]];
        let key = inputs.get(2).unwrap_or(value);
        for shape in inputs {
            if shape.rank() < 3 || shape.rank() != query.rank() {
                let title =
                    format!("`MultiHeadAttention` needs sequences `(batch, timesteps, features)`, but gets `{shape}`");
                return Err(Mismatch::new(Code::E204, title, "needs 3 dimensions, all inputs as many"));
            }
            Self::check(shape).features()?;
        }
        let first = self.first_axis(query)?;
        let [query, value, key] = [query, value, key].map(|shape| self.turned(shape));
        let [query, value, key] = [&query, &value, &key];
        let refuse = |what: &str, left: &Shape, right: &Shape| {
            let title = format!("`MultiHeadAttention` needs {what}, but gets `{left}` and `{right}`");
            Err(Mismatch::new(Code::E220, title, "the sizes differ"))
        };
        let fit =
            |left: &[Dimension], right: &[Dimension]| left.iter().zip(right).all(|(left, right)| left.agrees(*right));
        let last = query.rank() - 1;
        if !fit(&value.0[1..last], &key.0[1..last]) {
            return refuse("a value for each key", value, key);
        }
        if !fit(&query.0[1..first], &value.0[1..first]) {
            return refuse("as many samples of queries as of values", query, value);
        }
        self.check_near(query)
    }

    /// What is near is counted in sequences.
    fn check_near(&self, query: &Shape) -> Result<(), Mismatch> {
        let is_masked = self.window.is_some() || self.options != CallOptions::default();
        if is_masked && query.rank() != 3 {
            let title = format!(
                "`MultiHeadAttention` with a mask, or with its scores, needs sequences `(batch, timesteps, features)`, not `{query}`"
            );
            return Err(Mismatch::new(Code::E203, title, "needs 3 dimensions"));
        }
        Ok(())
    }
}

impl Layer for MultiHeadAttention {
    fn declaration(&self) -> &'static Declaration {
        &MULTI_HEAD_ATTENTION
    }

    fn takes(&self) -> Takes {
        Takes::Named(&["query", "value", "key"])
    }

    fn parts_named_when_built(&self) -> &[&'static str] {
        &["softmax", "dropout"]
    }

    fn called_with(&self, options: CallOptions) -> Option<Box<dyn Layer>> {
        Some(Box::new(Self { options, ..self.clone() }))
    }

    /// The scores are what the softmax leaves, the second operation.
    fn further_outputs(&self, _n_operations: usize) -> Vec<usize> {
        vec![1]
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let (inputs, _) = self.split(inputs);
        self.check_shapes(inputs)?;
        let batch = batch(MULTI_HEAD_ATTENTION.class, inputs)?;
        let mut output = inputs[0].clone();
        output.0[0] = batch;
        if !self.output.is_empty() {
            output.0.pop();
            output.0.extend(self.output.iter().map(|&size| Dimension::Known(size)));
        }
        let mut outputs = vec![output];
        if self.options.return_attention_scores {
            let heads = Dimension::Known(self.heads);
            outputs.push(Shape(vec![batch, heads, inputs[0].0[1], inputs[1].0[1]]));
        }
        Ok(outputs)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let (inputs, _) = self.split(inputs);
        let features = |index: usize| inputs.get(index).and_then(Shape::last).and_then(Dimension::known).unwrap_or(0);
        let key = if inputs.len() > 2 { 2 } else { 1 };
        let output = if self.output.is_empty() { vec![features(0)] } else { self.output.clone() };
        let mut weights = Vec::new();
        let mut add = |name: &str, from: &[u64], to: &[u64]| {
            weights.push(WeightSpec::new(format!("{name}/kernel"), &[from, to].concat()));
            if self.use_bias {
                weights.push(WeightSpec::new(format!("{name}/bias"), to));
            }
        };
        add("query", &[features(0)], &[self.heads, self.key_dim]);
        add("key", &[features(key)], &[self.heads, self.key_dim]);
        if self.use_gate {
            add("gate", &[features(0)], &[self.heads, self.value_dim]);
        }
        add("value", &[features(1)], &[self.heads, self.value_dim]);
        add("attention_output", &[self.heads, self.value_dim], &output);
        weights
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::Impossible("looks at the whole sequence".to_owned())
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let (inputs, masks) = self.split(lowering.inputs);
        let key = if inputs.len() > 2 { 2 } else { 1 };
        let [query, value] = [0, 1].map(|input| self.turned(&inputs[input]));
        let [query, value] = [&query, &value];
        let is_free = inputs[0].0[1].known().is_none() || inputs[1].0[1].known().is_none();
        // Of sequences alone, and without the scores, whose rows would have any length.
        let takes_any = query.rank() == 3 && !self.options.return_attention_scores;
        if !(is_free && takes_any) {
            for shape in lowering.inputs {
                shape.sample().iter().try_for_each(|&axis| fixed(axis).map(drop))?;
            }
        }
        let steps = if is_free { Steps { samples: 1, queries: 1, keys: 1 } } else { self.steps(query, value) };
        let features = |index: usize| fixed(lowering.inputs[index].last().unwrap_or(Dimension::Known(1)));
        let size = |size: u64| fixed(Dimension::Known(size));
        let output = self.output.iter().try_fold(1, |product, &axis| Ok(product * size(axis)?))?;
        let width = if self.output.is_empty() { features(0)? } else { output };
        let [of_query, back] = self.turning(&inputs[0], width)?;
        let turn = |input: usize| Ok(self.turning(&inputs[input], 1)?.into_iter().next().unwrap_or_default());
        let sizes = HeadSizes {
            turn: [of_query, turn(1)?, turn(key)?],
            back,
            samples: steps.samples,
            heads: size(self.heads)?,
            queries: steps.queries,
            keys: steps.keys,
            key_width: size(self.key_dim)?,
            value_width: size(self.value_dim)?,
            inputs: [features(0)?, features(1)?, features(key)?],
            output: width,
            key,
            near: self.near(),
            blind: self.blind(query),
            masks: if is_free { Vec::new() } else { self.masks_over(query, &steps, masks, inputs.len())? },
            use_bias: self.use_bias,
            use_gate: self.use_gate,
        };
        if !is_free {
            return Ok(kernels::attention::multi_head(&sizes));
        }
        if masks.is_empty() && self.window.is_none() {
            return Ok(kernels::attention::multi_head_of_any(&sizes));
        }
        let lie = |(index, (&place, mask)): (usize, (&usize, &Shape))| {
            attention_masks::lie_free(MaskOf::place(place), mask.sample(), inputs.len() + index)
        };
        let masks = self.masks.iter().zip(masks).enumerate().map(lie).collect::<Result<Vec<_>, _>>()?;
        Ok(multi_head_seeing(&sizes, &masks))
    }

    fn takes_masks_off(&self) -> bool {
        true
    }

    fn mask_names(&self) -> &'static [&'static str] {
        attention_masks::NAMES
    }

    fn ignores_mask(&self, name: &str) -> bool {
        name == attention_masks::IGNORED
    }

    /// Masked steps are looked at by none and look at none; the output has the query's mask.
    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        let shapes = [0, 1].map(|input| call.shape(call.inputs[input]));
        let first = self.first_axis(&shapes[0])?;
        let [query, value] = shapes.map(|shape| self.turned(&shape));
        let fit = Fit {
            query: &query,
            value: &value,
            heads: self.heads,
            first,
            has_steps: call.masks[..3].iter().any(Option::is_some),
        };
        let (mut masks, mut read) = (Vec::new(), Vec::new());
        for (place, name) in attention_masks::NAMES.iter().enumerate() {
            let Some(mask) = call.masks[place] else { continue };
            fit.check(MaskOf::place(place), &call.shape(mask), name)?;
            masks.push(place);
            read.push(mask);
        }
        if !read.is_empty() {
            call.compute_as(Box::new(Self { masks, ..self.clone() }), &read);
        }
        Ok(Masked::with(call.first()))
    }

    fn shown_mask(&self) -> ShownMask {
        ShownMask::First
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Call;
    use crate::layers::testing::{array, assert_near, shape};

    fn layer(heads: u64, key_dim: u64) -> MultiHeadAttention {
        MultiHeadAttention {
            heads,
            key_dim,
            value_dim: key_dim,
            use_bias: false,
            use_gate: false,
            output: Vec::new(),
            axes: None,
            axes_span: None,
            window: None,
            options: CallOptions::default(),
            has_dropout: false,
            masks: Vec::new(),
        }
    }

    #[test]
    fn one_head_by_hand() {
        let inputs = [array(&[1, 1, 1], &[2.0]), array(&[1, 2, 1], &[1.0, 3.0])];
        let one = |value: f64| array(&[1, 1, 1], &[value]);
        let weights = [one(0.5), one(1.0), one(2.0), one(10.0)];
        let layer = layer(1, 1);
        let values = layer.evaluate(&Call { inputs: &inputs, weights: &weights });
        let second = 1.0 / (1.0 + (-2.0_f64).exp());
        assert_near(&values[0], &[1, 1, 1], &[20.0 * (1.0 - second) + 60.0 * second]);
    }

    #[test]
    fn masked_keys_have_no_share_and_a_blind_query_is_keras_s() {
        let inputs = [
            array(&[1, 2, 1], &[1.0, 2.0]),
            array(&[1, 3, 1], &[1.0, 5.0, 9.0]),
            array(&[1, 2], &[1.0, 0.0]),
            array(&[1, 3], &[1.0, 0.0, 1.0]),
        ];
        let one = array(&[1, 1, 1], &[1.0]);
        let weights = [one.clone(), one.clone(), one.clone(), one];
        let evaluate =
            |layer: MultiHeadAttention| layer.evaluate(&Call { inputs: &inputs, weights: &weights }).remove(0);
        let masked = MultiHeadAttention { masks: vec![0, 1], ..layer(1, 1) };
        // Of the first query the scores are 1 and 9; the second one looks at nothing, and so at every value alike.
        let share = 1.0 / (1.0 + (-8.0_f64).exp());
        assert_near(&evaluate(masked.clone()), &[1, 2, 1], &[1.0 - share + 9.0 * share, 5.0]);
        // With dropout Keras computes the scores by themselves, and leaves it nothing.
        let dropped = MultiHeadAttention { has_dropout: true, ..masked };
        assert_near(&evaluate(dropped), &[1, 2, 1], &[1.0 - share + 9.0 * share, 0.0]);
    }

    #[test]
    fn weights_are_keras_s() {
        let shapes = [shape(&[None, Some(5), Some(6)]), shape(&[None, Some(4), Some(3)])];
        let layer = MultiHeadAttention { use_bias: true, value_dim: 7, use_gate: true, ..layer(2, 3) };
        let weights = layer.weights(&shapes);
        let shown: Vec<String> = weights.iter().map(|weight| format!("{} {:?}", weight.path, weight.shape)).collect();
        assert_eq!(
            shown,
            [
                "query/kernel [6, 2, 3]",
                "query/bias [2, 3]",
                "key/kernel [3, 2, 3]",
                "key/bias [2, 3]",
                "gate/kernel [6, 2, 7]",
                "gate/bias [2, 7]",
                "value/kernel [3, 2, 7]",
                "value/bias [2, 7]",
                "attention_output/kernel [2, 7, 6]",
                "attention_output/bias [6]",
            ]
        );
    }

    #[test]
    fn what_it_refuses() {
        let of = |layer: &MultiHeadAttention, inputs: &[&[Option<u64>]]| {
            let shapes: Vec<_> = inputs.iter().map(|axes| shape(axes)).collect();
            layer.output_shapes(&shapes).map(|shapes| shapes[0].to_string()).map_err(|mismatch| mismatch.code)
        };
        let (query, value) = (&[None, Some(5), Some(6)][..], &[None, Some(4), Some(3)][..]);
        assert_eq!(of(&layer(2, 3), &[query, value]).unwrap(), "(None, 5, 6)");
        assert_eq!(of(&layer(2, 3), &[query, value, query]).unwrap_err(), Code::E220);
        assert_eq!(of(&layer(2, 3), &[&[None, Some(6)], value]).unwrap_err(), Code::E204);
        assert_eq!(of(&layer(2, 3), &[&[None, Some(5), None], value]).unwrap_err(), Code::E206);
        let inner = MultiHeadAttention { axes: Some(vec![-2]), ..layer(2, 3) };
        let deep = &[None, Some(2), Some(5), Some(6)][..];
        assert_eq!(of(&inner, &[deep, deep]).unwrap(), "(None, 2, 5, 6)");
        let outer = MultiHeadAttention { axes: Some(vec![1]), ..layer(2, 3) };
        assert_eq!(of(&outer, &[deep, &[None, Some(7), Some(5), Some(3)]]).unwrap(), "(None, 2, 5, 6)");
        assert_eq!(of(&outer, &[deep, &[None, Some(2), Some(4), Some(3)]]).unwrap_err(), Code::E220);
        let along =
            |axis| of(&MultiHeadAttention { axes: Some(vec![axis]), ..layer(2, 3) }, &[deep, deep]).unwrap_err();
        assert_eq!([along(3), along(0), along(4)], [Code::E104, Code::E209, Code::E208]);
        let near = MultiHeadAttention { window: Some(1), ..layer(2, 3) };
        assert_eq!(of(&near, &[query, value]).unwrap(), "(None, 5, 6)");
        assert_eq!(of(&near, &[deep, deep]).unwrap_err(), Code::E203);
    }
}
