//! `Bidirectional`: a recurrent layer over the sequence and a second one over it backwards, their outputs merged.
//!
//! Schuster & Paliwal, *Bidirectional Recurrent Neural Networks*, 1997.
//! <https://keras.io/api/layers/recurrent_layers/bidirectional/>
//!
//! The backward layer's sequence is turned round before the merge, so that both outputs of a place saw it last.
//! Differences to Keras: `weights=` is not there yet; two directions of different
//! width (Keras declares a wrong shape) and a forward layer that runs backwards are refused.

use std::rc::Rc;

use ndarray::{ArrayD, Axis, Slice, concatenate};
use rnn_grammar::{Code, Diagnostic};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::graph::TypedGraph;
use crate::layer::{Call, Layer, LayerInstance, Mismatch, Recurrence, ShownMask, States, Streaming, Takes, WeightSpec};
use crate::layers::axes::shape_of;
use crate::layers::chain::{Aligned, Chain};
use crate::layers::checks::Check;
use crate::layers::concatenate::Concatenate;
use crate::layers::merge::{self, Operator};
use crate::layers::recurrent::{LAST_STEP, SEQUENCE_FIX};
use crate::layers::time_distributed::prefixed;
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};
use crate::value::Value;

/// `Bidirectional`.
pub const BIDIRECTIONAL: Declaration = Declaration {
    class: "Bidirectional",
    aliases: &[],
    base_name: "bidirectional",
    summary: "Runs a recurrent layer in both directions and merges the outputs.",
    details: "A copy of the layer reads the sequence forwards (`forward_<name>`), another one backwards \
              (`backward_<name>`), each with weights of its own.\n\n\
              Weights: the forward layer's, then the backward layer's, below their names.",
    arguments: &[
        Argument::required("layer", Kind::Layer { optional: false }, "A `SimpleRNN`, `LSTM`, `GRU` or `RNN`."),
        Argument::optional(
            "merge_mode",
            Kind::Any,
            "\"concat\"",
            "How the outputs are joined: `\"concat\"`, `\"sum\"`, `\"mul\"` or `\"ave\"`; with `None` they are two outputs.",
        ),
        Argument::not_yet("weights", "None"),
        Argument::optional(
            "backward_layer",
            Kind::Layer { optional: true },
            "None",
            "Another layer for the way back, with `go_backwards=True`.",
        ),
    ],
    takes_common: true,
    build,
};

/// How the two outputs are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Side by side on the last axis, the forward one first.
    Concat,
    /// Added.
    Sum,
    /// Multiplied.
    Multiply,
    /// Their mean.
    Average,
    /// Not at all: both are outputs.
    Apart,
}

impl Merge {
    /// The layer that does it, if any does.
    fn layer(self) -> Option<Box<dyn Layer>> {
        Some(match self {
            Self::Concat => Box::new(Concatenate { axis: -1, span: None }),
            Self::Sum => Box::new(merge::Merge::new(&merge::ADD, Operator::Add)),
            Self::Multiply => Box::new(merge::Merge::new(&merge::MULTIPLY, Operator::Multiply)),
            Self::Average => Box::new(merge::Merge::new(&merge::AVERAGE, Operator::Average)),
            Self::Apart => return None,
        })
    }
}

const MERGES: [(&str, Merge); 4] =
    [("concat", Merge::Concat), ("sum", Merge::Sum), ("mul", Merge::Multiply), ("ave", Merge::Average)];

/// A `Bidirectional` with its two layers.
#[derive(Debug)]
pub(crate) struct Bidirectional {
    pub(crate) forward: Rc<LayerInstance>,
    pub(crate) backward: Rc<LayerInstance>,
    pub(crate) merge: Merge,
    /// Whether the text gives the backward layer.
    pub(crate) has_own_backward: bool,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let Value::Layer(given) = arguments.get("layer").value.clone() else { return None };
    let merge = merge_mode(arguments);
    let Some(opposite) = given.layer.reversed() else {
        refuse_class(arguments, "layer", &given);
        return None;
    };
    let forward = opposite.reversed()?;
    let own_backward = match arguments.get("backward_layer").value.clone() {
        Value::Layer(layer) => Some(layer),
        Value::None => None,
        _ => return None,
    };
    let has_own_backward = own_backward.is_some();
    let backward = own_backward.unwrap_or_else(|| copy(&given, "backward_", opposite));
    let forward = copy(&given, "forward_", forward);
    if backward.layer.recurrence().is_none() {
        refuse_class(arguments, "backward_layer", &backward);
        return None;
    }
    verify(arguments, &forward, &backward, has_own_backward)?;
    let (forward, backward) = (with_zeros(forward), with_zeros(backward));
    Some(Box::new(Bidirectional { forward, backward, merge: merge?, has_own_backward }))
}

/// Keras forces `zero_output_for_mask` to be `return_sequences`.
fn with_zeros(direction: Rc<LayerInstance>) -> Rc<LayerInstance> {
    let zeros = direction.layer.recurrence().is_some_and(|flags| flags.return_sequences);
    match direction.layer.with_zeros(zeros) {
        Some(layer) => Rc::new(direction.with_layer(layer)),
        None => direction,
    }
}

fn merge_mode(arguments: &mut Arguments<'_>) -> Option<Merge> {
    let span = arguments.span("merge_mode");
    let diagnostic = match &arguments.get("merge_mode").value {
        Value::String(text) => {
            if let Some((_, merge)) = MERGES.iter().find(|(name, _)| **name == **text) {
                return Some(*merge);
            }
            let title = format!("`{text}` is no merge mode of `Bidirectional`");
            Diagnostic::new(Code::E117, span, title)
                .at("unknown")
                .help("write `\"concat\"`, `\"sum\"`, `\"mul\"` or `\"ave\"`")
        }
        Value::None => return Some(Merge::Apart),
        Value::Failed => return None,
        _ => Diagnostic::new(Code::E115, span, "`merge_mode` of `Bidirectional` must be a text").at("no text"),
    };
    arguments.report(diagnostic);
    None
}

/// The given layer under a prefixed name, which it may have already, around another behaviour.
fn copy(given: &LayerInstance, prefix: &str, layer: Box<dyn Layer>) -> Rc<LayerInstance> {
    let name = format!("{prefix}{}", given.name.strip_prefix(prefix).unwrap_or(&given.name));
    Rc::new(LayerInstance {
        id: given.id,
        name,
        is_named: given.is_named,
        trainable: given.trainable,
        span: given.span,
        class_span: given.class_span,
        legacy_input: None,
        insert: given.insert,
        has_arguments: given.has_arguments,
        arguments: given.arguments.clone(),
        layer,
    })
}

fn refuse_class(arguments: &mut Arguments<'_>, argument: &str, layer: &LayerInstance) {
    let class = layer.layer.declaration().class;
    let title = format!("`{class}` can't run backwards, so `Bidirectional` can't wrap it");
    arguments.report(
        Diagnostic::new(Code::E216, arguments.span(argument), title)
            .at("no recurrent layer")
            .help("wrap a `SimpleRNN`, `LSTM`, `GRU` or `RNN`"),
    );
}

/// Reports what keeps the two directions apart.
fn verify(
    arguments: &mut Arguments<'_>,
    forward: &LayerInstance,
    backward: &LayerInstance,
    has_own_backward: bool,
) -> Option<()> {
    let (Some(there), Some(back)) = (forward.layer.recurrence(), backward.layer.recurrence()) else { return None };
    let (title, help) = mistake(there, back, has_own_backward)?;
    if title.is_empty() {
        return Some(());
    }
    let argument = if has_own_backward && !there.go_backwards { "backward_layer" } else { "layer" };
    let mut diagnostic = Diagnostic::new(Code::E217, arguments.span(argument), title).at("does not fit");
    if argument == "backward_layer" {
        diagnostic = diagnostic.label(arguments.span("layer"), "the forward layer");
    }
    arguments.report(diagnostic.help(help));
    None
}

/// Title and help of the first thing that does not fit; an empty title where all does.
fn mistake(there: Recurrence, back: Recurrence, has_own_backward: bool) -> Option<(String, &'static str)> {
    let differing = |what: &str, there: String, back: String| {
        Some((
            format!("the two directions of `Bidirectional` need the same {what}, not {there} and {back}"),
            "give both layers the same value",
        ))
    };
    let flag = |value: bool| if value { "`True`".to_owned() } else { "`False`".to_owned() };
    if there.go_backwards {
        let help = if has_own_backward { "swap the two layers" } else { "drop `go_backwards=True`: the copy gets it" };
        return Some(("the forward layer of `Bidirectional` must not run backwards".to_owned(), help));
    }
    if !back.go_backwards {
        let title = "the backward layer of `Bidirectional` must run backwards".to_owned();
        return Some((title, "give it `go_backwards=True`"));
    }
    if there.return_sequences != back.return_sequences {
        return differing("`return_sequences`", flag(there.return_sequences), flag(back.return_sequences));
    }
    if there.return_state != back.return_state {
        return differing("`return_state`", flag(there.return_state), flag(back.return_state));
    }
    if there.stateful != back.stateful {
        return differing("`stateful`", flag(there.stateful), flag(back.stateful));
    }
    if there.units != back.units {
        return differing("`units`", there.units.to_string(), back.units.to_string());
    }
    Some((String::new(), ""))
}

/// The layers in a row that a direction is.
fn layers_of(direction: &LayerInstance, prefix: &str) -> Option<Vec<(String, Box<dyn Layer>)>> {
    let alone = || Some(vec![(direction.name.clone(), direction.layer.reversed()?.reversed()?)]);
    let layers = direction.layer.chain().or_else(alone)?;
    Some(layers.into_iter().map(|(name, layer)| (format!("{prefix}_{name}"), layer)).collect())
}

/// A layer of the way back, reading and answering frames at their places.
fn turned(layer: Box<dyn Layer>) -> Option<Box<dyn Layer>> {
    let is_backward = layer.recurrence().is_some_and(|flags| flags.go_backwards);
    let layer = if is_backward { layer } else { layer.reversed()? };
    Some(Box::new(Aligned { layer }))
}

/// What each direction reads: the sequence, its half of the states to begin with, and the mask.
fn halves<T: Clone>(inputs: &[T], has_mask: bool) -> (Vec<T>, Vec<T>) {
    let Some((sequence, states)) = inputs.split_first() else { return (Vec::new(), Vec::new()) };
    let (states, mask) = states.split_at(states.len() - usize::from(has_mask && !states.is_empty()));
    let (first, second) = states.split_at(states.len().div_ceil(2));
    let with = |states: &[T]| std::iter::once(sequence).chain(states).chain(mask).cloned().collect();
    (with(first), with(second))
}

impl Bidirectional {
    fn returns_sequences(&self) -> bool {
        self.forward.layer.recurrence().is_some_and(|flags| flags.return_sequences)
    }

    fn reads_mask(&self) -> bool {
        self.forward.layer.recurrence().is_some_and(|flags| flags.masking.is_read)
    }

    /// Outputs of several rows (`ConvLSTM1D`) stand one behind the other after the kernel: their rows go side by side.
    fn side_by_side(&self, lowering: &Lowering<'_>) -> Lowered {
        let outputs =
            self.forward.layer.output_shapes(&halves(lowering.inputs, self.reads_mask()).0).unwrap_or_default();
        let sample = outputs.first().map_or(&[][..], Shape::sample);
        let row = sample.get(usize::from(self.returns_sequences())..).unwrap_or(&[]);
        match row {
            [rows, width] => kernels::permute(&[Dimension::Known(2), *rows, *width], &[1, 0, 2]),
            _ => Ok(Vec::new()),
        }
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let shapes = [shape_of(&call.inputs[0])];
        let n_forward = self.forward.layer.weights(&shapes).len();
        let (there, back) = call.weights.split_at(n_forward);
        let (first, second) = halves(call.inputs, self.reads_mask());
        let run = |instance: &LayerInstance, weights: &[ArrayD<R>], inputs: &[ArrayD<R>]| {
            let mut outputs = R::evaluate(instance.layer.as_ref(), &Call { inputs, weights });
            let states = outputs.split_off(1);
            (outputs.remove(0), states)
        };
        let (there, mut states) = run(&self.forward, there, &first);
        let (mut back, other_states) = run(&self.backward, back, &second);
        states.extend(other_states);
        if self.returns_sequences() {
            back.slice_axis_inplace(Axis(1), Slice::new(0, None, -1));
        }
        let merged = match self.merge {
            Merge::Concat => concatenate(Axis(there.ndim() - 1), &[there.view(), back.view()])
                .unwrap_or_else(|_| unreachable!("both directions have the same shape")),
            Merge::Sum => there + back,
            Merge::Multiply => there * back,
            Merge::Average => (there + back).mapv(|sum| sum / R::of(2.0)),
            Merge::Apart => {
                states.insert(0, back);
                there
            }
        };
        states.insert(0, merged);
        states
    }
}

impl Layer for Bidirectional {
    fn declaration(&self) -> &'static Declaration {
        &BIDIRECTIONAL
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Check::single(BIDIRECTIONAL.class, &inputs[..inputs.len().min(1)])?;
        let (first, second) = halves(inputs, self.reads_mask());
        let rename = |mut mismatch: Mismatch, inner: &LayerInstance| {
            let class = format!("`{}`", inner.layer.declaration().class);
            mismatch.title =
                mismatch.title.replacen(&class, &format!("`Bidirectional({})`", class.trim_matches('`')), 1);
            mismatch
        };
        let outputs = self.forward.layer.output_shapes(&first).map_err(|mismatch| rename(mismatch, &self.forward))?;
        let others = self.backward.layer.output_shapes(&second);
        let others = others.map_err(|mismatch| rename(mismatch, &self.backward))?;
        let output = &outputs[0];
        let width = output.last().and_then(Dimension::known).unwrap_or(0);
        let width = if self.merge == Merge::Concat { width.saturating_mul(2) } else { width };
        let mut merged = vec![output.with_last(width)];
        merged.extend((self.merge == Merge::Apart).then(|| output.clone()));
        merged.extend(outputs.iter().skip(1).chain(others.iter().skip(1)).cloned());
        Ok(merged)
    }

    fn takes(&self) -> Takes {
        Takes::Sequence
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        // Copies share nothing with the layer that they are copies of.
        let copied = |copy: &LayerInstance| {
            let weights = prefixed(copy, inputs).into_iter();
            weights.map(|weight| WeightSpec { variable: None, ..weight }).collect::<Vec<_>>()
        };
        let mut weights = copied(&self.forward);
        weights.extend(if self.has_own_backward { prefixed(&self.backward, inputs) } else { copied(&self.backward) });
        weights
    }

    fn describes_output(&self) -> Option<&'static str> {
        (!self.returns_sequences()).then_some(LAST_STEP)
    }

    fn sequence_fix(&self) -> Option<&'static str> {
        (!self.returns_sequences() && !self.has_own_backward).then_some(SEQUENCE_FIX)
    }

    fn sublayers(&self) -> Vec<Rc<LayerInstance>> {
        vec![Rc::clone(&self.forward), Rc::clone(&self.backward)]
    }

    /// The backward output is what the kernel before the last makes.
    fn further_outputs(&self, n_operations: usize) -> Vec<usize> {
        if self.merge == Merge::Apart { vec![n_operations.saturating_sub(2)] } else { Vec::new() }
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::Impossible("reads the sequence from both ends".to_owned())
    }

    fn state_groups(&self) -> Option<Vec<States>> {
        let (there, back) = (self.forward.layer.as_ref(), self.backward.layer.as_ref());
        if there.state_groups().is_none() && back.state_groups().is_none() {
            return None;
        }
        let groups = |layer: &dyn Layer| {
            let n_states = layer.recurrence().map_or(0, |flags| flags.n_states);
            layer.state_groups().unwrap_or_else(|| vec![States::One; n_states])
        };
        Some(groups(there).into_iter().chain(groups(back)).collect())
    }

    fn expanded(&self, whole: &LayerInstance, inputs: &[Shape], id: &mut dyn FnMut() -> usize) -> Option<TypedGraph> {
        if self.forward.layer.chain().is_none() && self.backward.layer.chain().is_none() {
            return None;
        }
        let mut chain = Chain::over(whole, inputs, id);
        let (first, second) = halves(&chain.inputs(), false);
        let mut there = chain.run(layers_of(&self.forward, "forward")?, first[0], &first[1..]);
        let back = layers_of(&self.backward, "backward")?.into_iter().map(|(name, layer)| Some((name, turned(layer)?)));
        let mut back = chain.run(back.collect::<Option<_>>()?, second[0], &second[1..]);
        let outputs = vec![there.remove(0), back.remove(0)];
        let merged = match self.merge.layer() {
            Some(layer) => chain.apply("merge", layer, &outputs),
            None => outputs,
        };
        let outputs = merged.into_iter().chain(there).chain(back).collect();
        Some(chain.finish(outputs))
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let merge = match self.merge {
            Merge::Concat => kernels::recurrent::Merge::Concatenate,
            Merge::Sum => kernels::recurrent::Merge::Halves("sum"),
            Merge::Multiply => kernels::recurrent::Merge::Halves("multiply"),
            Merge::Average => kernels::recurrent::Merge::Halves("average"),
            Merge::Apart => kernels::recurrent::Merge::Apart,
        };
        let n_forward = self.forward.layer.weights(lowering.inputs).len();
        let directions = [self.forward.layer.lower(lowering)?, self.backward.layer.lower(lowering)?];
        let mut operations = kernels::recurrent::bidirectional(lowering, directions, n_forward, merge)?;
        if self.merge == Merge::Concat {
            operations.extend(self.side_by_side(lowering)?);
        }
        Ok(operations)
    }

    fn takes_mask(&self) -> bool {
        true
    }

    /// As that of a recurrent layer.
    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        match self.forward.layer.recurrence() {
            Some(_) => self.forward.layer.mask(call),
            None => Ok(Masked::lost()),
        }
    }

    fn with_mask(&self, shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        let masked = |inner: &Rc<LayerInstance>| -> Result<Rc<LayerInstance>, Mismatch> {
            let form = inner.layer.with_mask(shapes)?;
            Ok(form.map_or_else(|| Rc::clone(inner), |form| Rc::new(inner.with_layer(form))))
        };
        let (forward, backward) = (masked(&self.forward)?, masked(&self.backward)?);
        Ok(Some(Box::new(Self { forward, backward, merge: self.merge, has_own_backward: self.has_own_backward })))
    }

    fn masked_outputs(&self) -> usize {
        if self.merge == Merge::Apart { 2 } else { 1 }
    }

    fn shown_mask(&self) -> ShownMask {
        if self.returns_sequences() { ShownMask::First } else { ShownMask::None }
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::layer::StepMasking;
    use crate::layers::simple_rnn::SimpleRnn;
    use crate::layers::testing::{array, assert_near, codes, instance, params, shape};

    fn layer(units: u64, return_sequences: bool, merge: Merge) -> Bidirectional {
        let direction = |go_backwards| SimpleRnn {
            flags: Recurrence {
                units,
                return_sequences,
                go_backwards,
                stateful: false,
                unroll: None,
                return_state: false,
                n_states: 1,
                masking: StepMasking::default(),
            },
            activation: Activation::Linear,
            use_bias: true,
        };
        Bidirectional {
            forward: instance("forward_simple_rnn", direction(false)),
            backward: instance("backward_simple_rnn", direction(true)),
            merge,
            has_own_backward: false,
        }
    }

    fn values(return_sequences: bool, merge: Merge) -> ArrayD<f64> {
        let inputs = [array(&[1, 2, 1], &[1.0, 2.0])];
        let one_way = |kernel: f64| [array(&[1, 1], &[kernel]), array(&[1, 1], &[1.0]), array(&[1], &[0.0])];
        let weights: Vec<_> = one_way(1.0).into_iter().chain(one_way(10.0)).collect();
        layer(1, return_sequences, merge).evaluate(&Call { inputs: &inputs, weights: &weights }).remove(0)
    }

    #[test]
    fn each_place_merges_what_both_directions_saw_last() {
        // Forwards the sums are 1, 3; backwards they are 20, 30, the second one at the first place.
        assert_near(&values(true, Merge::Concat), &[1, 2, 2], &[1.0, 30.0, 3.0, 20.0]);
        assert_near(&values(true, Merge::Sum), &[1, 2, 1], &[31.0, 23.0]);
        assert_near(&values(true, Merge::Multiply), &[1, 2, 1], &[30.0, 60.0]);
        assert_near(&values(true, Merge::Average), &[1, 2, 1], &[15.5, 11.5]);
    }

    #[test]
    fn both_directions_may_be_outputs() {
        let inputs = [array(&[1, 2, 1], &[1.0, 2.0])];
        let one_way = |kernel: f64| [array(&[1, 1], &[kernel]), array(&[1, 1], &[1.0]), array(&[1], &[0.0])];
        let weights: Vec<_> = one_way(1.0).into_iter().chain(one_way(10.0)).collect();
        let layer = layer(1, true, Merge::Apart);
        let answers = layer.evaluate(&Call { inputs: &inputs, weights: &weights });
        assert_near(&answers[0], &[1, 2, 1], &[1.0, 3.0]);
        assert_near(&answers[1], &[1, 2, 1], &[30.0, 20.0]);
    }

    #[test]
    fn without_sequences_both_last_steps_are_merged() {
        assert_near(&values(false, Merge::Concat), &[1, 2], &[3.0, 30.0]);
    }

    #[test]
    fn counts_shapes_and_paths_are_keras_s() {
        let input = shape(&[None, None, Some(4)]);
        assert_eq!(params(&layer(8, true, Merge::Concat), &input), 208);
        assert_eq!(params(&layer(8, true, Merge::Concat), &shape(&[None, None, Some(16)])), 400);
        let bidirectional = layer(8, true, Merge::Concat);
        assert_eq!(
            bidirectional.output_shapes(std::slice::from_ref(&input)).unwrap()[0].to_string(),
            "(None, None, 16)"
        );
        let paths: Vec<_> = bidirectional.weights(&[input]).into_iter().map(|weight| weight.path).collect();
        assert_eq!(paths[0], "forward_simple_rnn/simple_rnn_cell/kernel");
        assert_eq!(paths[5], "backward_simple_rnn/simple_rnn_cell/bias");
    }

    #[test]
    fn directions_that_do_not_fit_are_told_apart() {
        let there = Recurrence {
            units: 2,
            return_sequences: true,
            go_backwards: false,
            stateful: false,
            unroll: None,
            return_state: false,
            n_states: 1,
            masking: StepMasking::default(),
        };
        let back = Recurrence { go_backwards: true, ..there };
        let title = |there, back| mistake(there, back, true).unwrap().0;
        assert_eq!(title(there, back), "");
        assert!(title(there, there).contains("must run backwards"));
        assert!(title(back, there).contains("must not run backwards"));
        assert!(title(there, Recurrence { units: 3, ..back }).contains("`units`"));
        assert!(title(there, Recurrence { return_sequences: false, ..back }).contains("`return_sequences`"));
        assert!(title(there, Recurrence { stateful: true, ..back }).contains("`stateful`"));
    }

    #[test]
    fn what_can_t_run_both_ways_is_refused() {
        let codes = |inner: &str| codes(&format!("Input((3, 4)), Bidirectional({inner})"));
        assert_eq!(codes("Dense(2)"), [Code::E216]);
        assert_eq!(codes("TimeDistributed(Dense(2))"), [Code::E216]);
        assert_eq!(codes("LSTM(2), backward_layer=Dense(2)"), [Code::E216]);
        assert_eq!(codes("LSTM(2, go_backwards=True)"), [Code::E217]);
        assert_eq!(codes("LSTM(2), backward_layer=LSTM(2)"), [Code::E217]);
        assert_eq!(codes("LSTM(2), merge_mode=None"), []);
        assert_eq!(codes("LSTM(2), merge_mode='average'"), [Code::E117]);
        assert_eq!(codes("LSTM(2), merge_mode=2"), [Code::E115]);
    }

    #[test]
    fn copies_are_named_after_the_layer_and_an_own_backward_layer_keeps_its_name() {
        let paths = |inner: &str| -> Vec<String> {
            let text = format!("model = Sequential([Input((3, 4)), Bidirectional({inner})])\n");
            let compiled = crate::compile(&rnn_grammar::Source::new("test.rnn", text));
            let nodes = compiled.models[0].graph.nodes().iter().flat_map(|node| node.weights.clone());
            nodes.map(|weight| weight.path.split('/').next().unwrap_or_default().to_owned()).step_by(3).collect()
        };
        assert_eq!(paths("LSTM(2)"), ["forward_lstm", "backward_lstm"]);
        assert_eq!(paths("LSTM(2, name='forward_a')"), ["forward_a", "backward_forward_a"]);
        assert_eq!(paths("LSTM(2), backward_layer=GRU(2, go_backwards=True)"), ["forward_lstm", "gru"]);
    }
}
