//! `Discretization`: the number of the interval that each value lies in.
//!
//! <https://keras.io/api/layers/preprocessing_layers/numerical/discretization/>. Value x becomes how many boundaries are ≤ x; NaN lies
//! behind all. Differences to Keras: boundaries are numbers of the text, in ascending order; the other output modes are not
//! there yet; the numbers are integers as floats.

use ndarray::ArrayD;
use rnn_grammar::{Code, Diagnostic};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;
use crate::value::Value;

/// `Discretization`.
pub(crate) const DISCRETIZATION: Declaration = Declaration {
    class: "Discretization",
    aliases: &[],
    base_name: "discretization",
    summary: "The number of the interval that each value lies in.",
    details: "With boundaries `a, b, c` a value below `a` becomes 0, one from `a` to below `b` becomes 1, one from `c` on \
              becomes 3.",
    arguments: &[
        Argument::optional("bin_boundaries", Kind::Any, "None", "The boundaries, in ascending order."),
        Argument::not_yet("num_bins", "None"),
        Argument::optional("epsilon", Kind::Ignored, "0.01", "Only `adapt` reads it."),
        Argument::not_yet("output_mode", "\"int\""),
        Argument::not_yet("sparse", "False"),
        Argument::optional(
            "dtype",
            Kind::Any,
            "None",
            "Number type, `\"float32\"` or `\"float64\"`; one for all layers of a model.",
        ),
        Argument::optional("name", Kind::Any, "None", "The layer's name; automatic where it is left out."),
    ],
    takes_common: false,
    build,
};

/// A `Discretization` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Discretization {
    boundaries: Vec<f64>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    if arguments.get("bin_boundaries").span.is_none() {
        let diagnostic = Diagnostic::new(Code::E111, arguments.call, "`Discretization` needs `bin_boundaries`");
        arguments.report(diagnostic.at("`bin_boundaries` is missing").help("write `Discretization([0.0, 1.0])`"));
        return None;
    }
    let elements = arguments.elements("bin_boundaries");
    let is_list = matches!(arguments.get("bin_boundaries").value, Value::List(_) | Value::Tuple(_));
    let number = |value: &Value| match value {
        Value::Float(number) if number.is_finite() => Some(*number),
        #[allow(clippy::cast_precision_loss)]
        Value::Integer(number) => Some(*number as f64),
        _ => None,
    };
    let boundaries: Option<Vec<f64>> = elements.iter().map(|element| number(&element.value)).collect();
    let (code, title, at) = match boundaries {
        Some(boundaries) if is_list && !boundaries.is_empty() => {
            if boundaries.is_sorted() {
                return Some(Box::new(Discretization { boundaries }));
            }
            (Code::E116, "the boundaries of `Discretization` must ascend", "not in order")
        }
        _ => (Code::E115, "`bin_boundaries` of `Discretization` is a list of numbers", "no such list"),
    };
    let diagnostic = Diagnostic::new(code, arguments.span("bin_boundaries"), title).at(at);
    arguments.report(diagnostic);
    None
}

impl Discretization {
    #[allow(clippy::cast_precision_loss, clippy::eq_op)]
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let boundaries: Vec<R> = self.boundaries.iter().map(|&boundary| R::of(boundary)).collect();
        let place =
            |x: R| if x != x { boundaries.len() } else { boundaries.iter().filter(|&&other| other <= x).count() };
        vec![call.inputs[0].mapv(|x| R::of(place(x) as f64))]
    }
}

impl Layer for Discretization {
    fn declaration(&self) -> &'static Declaration {
        &DISCRETIZATION
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Ok(vec![Check::single(DISCRETIZATION.class, inputs)?.shape.clone()])
    }

    fn computed_type(&self, _output: usize, _inputs: &[InputType]) -> InputType {
        InputType::Int32
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        Ok(vec![kernels::discretize(&self.boundaries)])
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes};

    #[test]
    fn values_become_places() {
        let inputs = [array(&[1, 5], &[-1.5, 0.0, 1.0, 3.4, f64::NAN])];
        let layer = Discretization { boundaries: vec![0.0, 1.0, 2.0] };
        assert_near(&layer.evaluate(&Call { inputs: &inputs, weights: &[] })[0], &[1, 5], &[0.0, 1.0, 2.0, 3.0, 3.0]);
        assert_eq!(codes("Input((4,)), Discretization([0, 1.5])"), []);
        assert_eq!(codes("Input((4,)), Discretization()"), [Code::E111]);
        assert_eq!(codes("Input((4,)), Discretization([1, 0])"), [Code::E116]);
        assert_eq!(codes("Input((4,)), Discretization(['a'])"), [Code::E115]);
        assert_eq!(codes("Input((4,)), Discretization(num_bins=3)"), [Code::E104]);
    }
}
