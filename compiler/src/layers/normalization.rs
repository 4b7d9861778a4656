//! `Normalization`: (x - mean) / max(√variance, 10⁻⁷) by statistics that were gathered before, or are given as numbers.
//!
//! <https://keras.io/api/layers/preprocessing_layers/numerical/normalization/>. The layer keeps three weights that no training
//! changes, `mean`, `variance` and the integer `count`, unless the text gives `mean` and `variance`: then it has none.
//! Differences to Keras: the batch is refused as a kept axis, and so is a negative variance.

use ndarray::{ArrayD, IxDyn};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::axes::shape_of;
use crate::layers::checks::Check;
use crate::passes_masks;
use crate::plan::kernels;
use crate::plan::kernels::normalization::Statistics;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};
use crate::value::Value;

/// `Normalization`.
pub(crate) const NORMALIZATION: Declaration = Declaration {
    class: "Normalization",
    aliases: &[],
    base_name: "normalization",
    summary: "Shifts and scales the input by stored means and variances.",
    details: "`(x - mean) / max(sqrt(variance), 1e-7)`, one mean and variance for every entry of the kept axes; \
              `invert=True` undoes it.\n\n\
              Weights: `mean`, `variance` (sizes of the kept axes) and the integer `count` (), all of them non-trainable; \
              none where `mean` and `variance` are given.",
    arguments: &[
        Argument::optional(
            "axis",
            Kind::Any,
            "-1",
            "The axis or axes with statistics of their own; `None`: one for all.",
        ),
        Argument::optional("mean", Kind::Any, "None", "The means as numbers, where no weights hold them."),
        Argument::optional("variance", Kind::Any, "None", "The variances as numbers, of the shape of `mean`."),
        Argument::optional("invert", Kind::Boolean, "False", "Whether normalized values become the original ones."),
    ],
    takes_common: true,
    build,
};

/// The least standard deviation that Keras divides by: `keras.config.epsilon()`.
const LEAST_DEVIATION: f64 = 1e-7;

/// A `Normalization` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Normalization {
    axes: Vec<i128>,
    span: Option<Span>,
    given: Option<Given>,
    invert: bool,
}

/// Statistics that the text gives.
#[derive(Clone, Debug)]
struct Given {
    shape: Vec<usize>,
    mean: Vec<f64>,
    variance: Vec<f64>,
    span: Option<Span>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let axes = axes(arguments)?;
    let given = given(arguments, axes.len())?;
    let span = arguments.get("axis").span;
    Some(Box::new(Normalization { axes, span, given, invert: arguments.boolean("invert") }))
}

/// The kept axes as written; `None` keeps none.
fn axes(arguments: &mut Arguments<'_>) -> Option<Vec<i128>> {
    let (elements, axes) = (arguments.elements("axis"), arguments.integers("axis"));
    if axes.len() == elements.len() && elements.iter().all(|axis| matches!(axis.value, Value::Integer(_))) {
        return Some(axes);
    }
    let title = "`axis` of `Normalization` is an integer, a tuple of them, or `None`";
    let diagnostic = Diagnostic::new(Code::E115, arguments.span("axis"), title).at("no such axis");
    arguments.report(diagnostic);
    None
}

/// The statistics that the call gives; `Some(None)` where it gives none.
#[allow(clippy::option_option)]
fn given(arguments: &mut Arguments<'_>, n_axes: usize) -> Option<Option<Given>> {
    let is_there = |name: &str| !matches!(arguments.get(name).value, Value::None);
    match (is_there("mean"), is_there("variance")) {
        (false, false) => return Some(None),
        (true, true) => {}
        (has_mean, _) => {
            let (there, missing) = if has_mean { ("mean", "variance") } else { ("variance", "mean") };
            let title = format!("`Normalization` has `{there}` but no `{missing}`");
            let diagnostic = Diagnostic::new(Code::E119, arguments.span(there), title).at("one without the other");
            arguments.report(diagnostic.help(format!("give `{missing}` too, or none: then both are weights")));
            return None;
        }
    }
    let (mean, variance) = (numbers(arguments, "mean"), numbers(arguments, "variance"));
    let ((shape, mean), (other, variance)) = (mean?, variance?);
    let span = arguments.get("mean").span;
    let refuse = |arguments: &mut Arguments<'_>, code, name: &str, title: String, at: &str| {
        let diagnostic = Diagnostic::new(code, arguments.span(name), title).at(at);
        arguments.report(diagnostic);
        None
    };
    if shape != other {
        let title = format!("`mean` has shape {shape:?}, but `variance` has {other:?}");
        return refuse(arguments, Code::E119, "variance", title, "another shape");
    }
    if shape.len() > n_axes {
        let title = format!("`mean` has {} axes, but `axis` keeps {n_axes}", shape.len());
        return refuse(arguments, Code::E119, "mean", title, "too deep");
    }
    if variance.iter().any(|&variance| variance < 0.0) {
        return refuse(arguments, Code::E116, "variance", "a variance is negative".to_owned(), "must be at least 0");
    }
    Some(Some(Given { shape, mean, variance, span }))
}

/// A number, or an array of them as nested lists: its shape and its values.
fn numbers(arguments: &mut Arguments<'_>, name: &str) -> Option<(Vec<usize>, Vec<f64>)> {
    let mut values = Vec::new();
    let shape = array(&arguments.get(name).value, &mut values);
    if shape.is_none() {
        let title = format!("`{name}` of `Normalization` is a number, or an array of numbers as lists of one length");
        let diagnostic = Diagnostic::new(Code::E115, arguments.span(name), title).at("no such array");
        arguments.report(diagnostic.help("or leave `mean` and `variance` out: then both are weights"));
    }
    Some((shape?, values))
}

/// Appends the values of nested lists; answers their shape, if they have one.
fn array(value: &Value, values: &mut Vec<f64>) -> Option<Vec<usize>> {
    match value {
        Value::Float(number) if number.is_finite() => values.push(*number),
        #[allow(clippy::cast_precision_loss)]
        Value::Integer(number) => values.push(*number as f64),
        Value::List(items) | Value::Tuple(items) => {
            let shapes: Option<Vec<_>> = items.iter().map(|item| array(&item.value, values)).collect();
            let shapes = shapes?;
            let first = shapes.first()?;
            let mut shape = vec![shapes.len()];
            shape.extend(first);
            return shapes.iter().all(|other| other == first).then_some(shape);
        }
        _ => return None,
    }
    Some(Vec::new())
}

impl Given {
    /// Values repeated to an array of these sizes.
    fn spread(&self, values: &[f64], sizes: &[usize]) -> Vec<f64> {
        let array = ArrayD::from_shape_vec(IxDyn(&self.shape), values.to_vec())
            .unwrap_or_else(|_| unreachable!("as many values as the shape says"));
        array.broadcast(IxDyn(sizes)).map(|spread| spread.iter().copied().collect()).unwrap_or_default()
    }
}

impl Normalization {
    /// Places of the kept axes, ascending.
    fn places(&self, shape: &Shape) -> Result<Vec<usize>, Mismatch> {
        if self.axes.is_empty() {
            return Ok(Vec::new());
        }
        let mut places = Check { class: NORMALIZATION.class, shape }.axes(&self.axes, self.span)?;
        places.sort_unstable();
        Ok(places)
    }

    /// Sizes of the kept axes.
    fn sizes(&self, shape: &Shape) -> Vec<u64> {
        self.places(shape).unwrap_or_default().iter().filter_map(|&place| shape.0[place].known()).collect()
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let places = self.places(&shape_of(input)).unwrap_or_default();
        let size = |axis: usize| if places.contains(&axis) { input.shape()[axis] } else { 1 };
        let shape: Vec<usize> = (0..input.ndim()).map(size).collect();
        let kept: Vec<usize> = places.iter().map(|&place| input.shape()[place]).collect();
        let statistic = |index: usize| -> ArrayD<R> {
            let values: Vec<R> = match &self.given {
                None => call.weights[index].iter().copied().collect(),
                Some(given) => {
                    let values = if index == 0 { &given.mean } else { &given.variance };
                    given.spread(values, &kept).into_iter().map(R::of).collect()
                }
            };
            ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap_or_else(|_| unreachable!("one for each kept entry"))
        };
        let mean = statistic(0);
        let deviation = statistic(1).mapv(|variance| variance.sqrt().maximum(R::of(LEAST_DEVIATION)));
        vec![if self.invert { input * &deviation + mean } else { (input - &mean) / deviation }]
    }
}

impl Layer for Normalization {
    fn declaration(&self) -> &'static Declaration {
        &NORMALIZATION
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(NORMALIZATION.class, inputs)?;
        let places = self.places(check.shape)?;
        places.iter().try_for_each(|&place| check.known_axis(place).map(drop))?;
        let sizes = self.sizes(check.shape);
        if let Some(given) = &self.given {
            let mut pairs = given.shape.iter().rev().zip(sizes.iter().rev());
            if !pairs.all(|(&given, &size)| given == 1 || given as u64 == size) {
                let kept = Shape(sizes.iter().map(|&size| Dimension::Known(size)).collect());
                let title = format!("`Normalization` keeps axes of `{}`, but `mean` has another shape", check.shape);
                let at = format!("shape {:?}; the kept axes are `{kept}`", given.shape);
                return Err(Mismatch::new(Code::E229, title, at)
                    .within(given.span)
                    .help("give a number for every entry of the kept axes, or one for all"));
            }
        }
        Ok(vec![check.shape.clone()])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let Some(shape) = inputs.first().filter(|_| self.given.is_none()) else { return Vec::new() };
        let sizes = self.sizes(shape);
        let gathered = |name: &str| WeightSpec { trainable: false, ..WeightSpec::new(name, &sizes) };
        let count = WeightSpec { trainable: false, is_integer: true, ..WeightSpec::new("count", &[]) };
        vec![gathered("mean"), gathered("variance"), count]
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let keeps_time = |shape: &Shape| shape.rank() > 2 && self.places(shape).is_ok_and(|kept| kept.contains(&1));
        if inputs.first().is_some_and(keeps_time) {
            return Streaming::Impossible("has statistics of its own for every timestep".to_owned());
        }
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let kept: Vec<usize> = self.places(shape).unwrap_or_default().iter().map(|place| place - 1).collect();
        let sizes: Vec<usize> = self.sizes(shape).iter().filter_map(|&size| usize::try_from(size).ok()).collect();
        let spread =
            self.given.as_ref().map(|given| [given.spread(&given.mean, &sizes), given.spread(&given.variance, &sizes)]);
        let from = match &spread {
            None => Statistics::Weights,
            Some([mean, variance]) => Statistics::Numbers(mean, variance),
        };
        Ok(vec![kernels::normalization::by_statistics(lowering.sample(), &kept, from, self.invert)?])
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, params, shape};

    #[test]
    fn statistics_of_weights_and_of_the_text() {
        let inputs = [array(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0])];
        let mut layer = Normalization { axes: vec![-1], span: None, given: None, invert: false };
        let weights = [array(&[2], &[1.0, 2.0]), array(&[2], &[4.0, 0.0]), array(&[], &[0.0])];
        let call = Call { inputs: &inputs, weights: &weights };
        assert_near(&layer.evaluate(&call)[0], &[1, 2, 2], &[0.0, 0.0, 1.0, 2.0 / 1e-7]);
        layer.invert = true;
        assert_near(&layer.evaluate(&call)[0], &[1, 2, 2], &[3.0, 2.0 + 2.0 * 1e-7, 7.0, 2.0 + 4.0 * 1e-7]);
        layer.invert = false;
        layer.given = Some(Given { shape: vec![], mean: vec![1.0], variance: vec![0.25], span: None });
        assert_near(&layer.evaluate(&call)[0], &[1, 2, 2], &[0.0, 2.0, 4.0, 6.0]);
    }

    #[test]
    fn the_count_is_a_parameter_that_no_training_changes() {
        let layer = Normalization { axes: vec![1, -1], span: None, given: None, invert: false };
        let input = shape(&[None, Some(3), Some(4)]);
        assert_eq!(params(&layer, &input), 25);
        assert!(layer.weights(&[input]).iter().all(|weight| !weight.trainable));
    }

    #[test]
    fn what_it_refuses() {
        assert_eq!(codes("Input((3, 4)), Normalization(axis=None)"), []);
        assert_eq!(codes("Input((3, 4)), Normalization(mean=[1, 2, 3, 4], variance=[1.0, 1, 1, 1])"), []);
        assert_eq!(codes("Input((3, 4)), Normalization(axis=(1, 2), mean=[1, 2, 3, 4], variance=[1.0, 1, 1, 1])"), []);
        assert_eq!(codes("Input((3, 4)), Normalization(mean=1.0)"), [Code::E119]);
        assert_eq!(codes("Input((3, 4)), Normalization(mean=1.0, variance=[1.0])"), [Code::E119]);
        assert_eq!(codes("Input((3, 4)), Normalization(mean=[[1.0]], variance=[[1.0]])"), [Code::E119]);
        assert_eq!(codes("Input((3, 4)), Normalization(mean=[[1.0], 2], variance=1)"), [Code::E115]);
        assert_eq!(codes("Input((3, 4)), Normalization(mean=1.0, variance=-1)"), [Code::E116]);
        assert_eq!(codes("Input((3, 4)), Normalization(mean=[1, 2], variance=[1, 2])"), [Code::E229]);
        assert_eq!(codes("Input((None, 4)), Normalization(axis=1)"), [Code::E206]);
        assert_eq!(codes("Input((3, 4)), Normalization(axis=0)"), [Code::E209]);
        assert_eq!(codes("Input((3, 4)), Normalization(axis=4)"), [Code::E208]);
        assert_eq!(codes("Input((3, 4)), Normalization(axis='a')"), [Code::E115]);
    }
}
