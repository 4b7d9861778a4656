//! `Flatten`: all axes of a sample in one.
//!
//! <https://keras.io/api/layers/reshaping_layers/flatten/>. No difference to Keras: with
//! `data_format="channels_first"` the first axis of a sample is moved behind the others before they are joined.

use ndarray::{ArrayD, IxDyn};

use rnn_grammar::{Code, Diagnostic};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::reshape::reshaped;
use crate::passes_numbers_on;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};
use crate::value::Value;

/// `Flatten`.
pub(crate) const FLATTEN: Declaration = Declaration {
    class: "Flatten",
    aliases: &[],
    base_name: "flatten",
    summary: "Joins all axes of a sample.",
    details: "`(batch, a, b, c)` becomes `(batch, a·b·c)`.",
    arguments: &[Argument::optional(
        "data_format",
        Kind::Any,
        "None",
        "`\"channels_last\"` (also `None`), or `\"channels_first\"`: moves axis 1 to the end before joining.",
    )],
    takes_common: true,
    build,
};

/// A `Flatten` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Flatten {
    pub(crate) channels_first: bool,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let channels_first = match &arguments.get("data_format").value {
        Value::None => Some(false),
        Value::String(text) if text.eq_ignore_ascii_case("channels_last") => Some(false),
        Value::String(text) if text.eq_ignore_ascii_case("channels_first") => Some(true),
        Value::Failed => return None,
        _ => None,
    };
    if channels_first.is_none() {
        let span = arguments.span("data_format");
        let diagnostic = Diagnostic::new(Code::E117, span, "`data_format` of `Flatten` names no order of axes");
        arguments.report(
            diagnostic.at("unknown").help("write `\"channels_last\"` or `\"channels_first\"`, or leave it out"),
        );
    }
    Some(Box::new(Flatten { channels_first: channels_first? }))
}

impl Flatten {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let rank = input.ndim();
        let mut order: Vec<usize> = (0..rank).collect();
        if self.channels_first && rank > 1 {
            order[1..].rotate_left(1);
        }
        let batch = input.shape()[0];
        let size = input.shape()[1..].iter().product();
        vec![reshaped(input.view().permuted_axes(IxDyn(&order)), &[batch, size])]
    }
}

impl Layer for Flatten {
    fn declaration(&self) -> &'static Declaration {
        &FLATTEN
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let shape = Check::single(FLATTEN.class, inputs)?.shape;
        let mut sizes = shape.sample().iter().map(|axis| axis.known());
        let size = sizes.try_fold(1_u64, |product, size| size.map(|size| product.saturating_mul(size)));
        Ok(vec![Shape(vec![shape.batch(), size.map_or(Dimension::Free, Dimension::Known)])])
    }

    passes_numbers_on!();

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn describes_output(&self) -> Option<&'static str> {
        Some("joins all axes")
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        if inputs.first().is_some_and(|shape| shape.rank() > 2) {
            return Streaming::Impossible("joins all timesteps".to_owned());
        }
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let rank = lowering.sample().len();
        if !self.channels_first || rank < 2 {
            return Ok(Vec::new());
        }
        let mut order: Vec<usize> = (0..rank).collect();
        order.rotate_left(1);
        kernels::permute(lowering.sample(), &order)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, shape};

    #[test]
    fn axes_are_joined_in_order_or_with_the_channels_last() {
        let inputs = [array(&[1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
        let call = Call { inputs: &inputs, weights: &[] };
        let values = Flatten { channels_first: false }.evaluate(&call);
        assert_near(&values[0], &[1, 6], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let values = Flatten { channels_first: true }.evaluate(&call);
        assert_near(&values[0], &[1, 6], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }

    #[test]
    fn free_axes_make_a_free_product_and_a_scalar_one_value() {
        let output = |input: &[Option<u64>]| {
            Flatten { channels_first: false }.output_shapes(&[shape(input)]).unwrap()[0].to_string()
        };
        assert_eq!(output(&[None, Some(3), Some(4)]), "(None, 12)");
        assert_eq!(output(&[Some(2), None, Some(4)]), "(2, None)");
        assert_eq!(output(&[None]), "(None, 1)");
    }

    #[test]
    fn the_data_format_is_read_in_any_case() {
        let text = "Input((2, 3)), Flatten('CHANNELS_FIRST')";
        assert_eq!(crate::layers::testing::output(text), "(None, 6)");
        assert_eq!(codes("Input((2, 3)), Flatten('x')"), [Code::E117]);
        assert_eq!(codes("Input((2, 3)), Flatten(1)"), [Code::E117]);
    }
}
