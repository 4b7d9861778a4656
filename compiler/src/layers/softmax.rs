//! `Softmax`: eˣ / Σ eˣ over one axis or several.
//!
//! <https://keras.io/api/layers/activation_layers/softmax/>. Differences to Keras: the batch axis is refused, and an
//! axis that does not exist is an error at once, not at the first call.

use ndarray::ArrayD;
use rnn_grammar::Span;

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::axes::{map_groups, mixes_time, shape_of};
use crate::layers::checks::Check;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::activation;
use crate::reference::real::Real;
use crate::shape::Shape;

/// `Softmax`.
pub(crate) const SOFTMAX: Declaration = Declaration {
    class: "Softmax",
    aliases: &[],
    base_name: "softmax",
    summary: "Softmax over an axis.",
    details: "`exp(x) / sum(exp(x))`, the sum over `axis`.",
    arguments: &[Argument::optional(
        "axis",
        Kind::Axis { many: true },
        "-1",
        "The axis or axes that sum to 1; 0 is the batch.",
    )],
    takes_common: true,
    build,
};

/// A `Softmax` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Softmax {
    pub(crate) axes: Vec<i128>,
    pub(crate) span: Option<Span>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let axes = arguments.integers("axis");
    Some(Box::new(Softmax { axes, span: arguments.get("axis").span }))
}

impl Softmax {
    /// Places of the axes, in ascending order.
    pub(crate) fn places(&self, shape: &Shape) -> Result<Vec<usize>, Mismatch> {
        let mut places = Check { class: SOFTMAX.class, shape }.axes(&self.axes, self.span)?;
        places.sort_unstable();
        Ok(places)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let places = self.places(&shape_of(input)).unwrap_or_default();
        vec![map_groups(input, &places, |group| activation::softmax(&group))]
    }
}

impl Layer for Softmax {
    fn declaration(&self) -> &'static Declaration {
        &SOFTMAX
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(SOFTMAX.class, inputs)?;
        self.places(check.shape)?;
        Ok(vec![check.shape.clone()])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        mixes_time(inputs, |shape| self.places(shape), "normalizes over the timesteps")
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let places: Vec<usize> = self.places(shape).unwrap_or_default().iter().map(|place| place - 1).collect();
        kernels::over_axes(lowering.sample(), &places, |width| vec![kernels::softmax(width)])
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    fn layer(axes: &[i128]) -> Softmax {
        Softmax { axes: axes.to_vec(), span: None }
    }

    #[test]
    fn one_axis_or_several_sum_to_one() {
        let inputs = [array(&[1, 2, 2], &[0.0, 3.0, 0.0, 3.0])];
        let call = Call { inputs: &inputs, weights: &[] };
        assert_near(&layer(&[1]).evaluate(&call)[0], &[1, 2, 2], &[0.5; 4]);
        let [small, large] = [1.0 / (2.0 + 2.0 * 3.0_f64.exp()), 3.0_f64.exp() / (2.0 + 2.0 * 3.0_f64.exp())];
        assert_near(&layer(&[-1, 1]).evaluate(&call)[0], &[1, 2, 2], &[small, large, small, large]);
    }

    #[test]
    fn axes_that_are_not_there_or_the_batch_are_refused() {
        let codes = |axes: &[i128]| layer(axes).output_shapes(&[shape(&[None, Some(3), Some(4)])]).unwrap_err().code;
        assert_eq!(codes(&[3]), rnn_grammar::Code::E208);
        assert_eq!(codes(&[0]), rnn_grammar::Code::E209);
        assert_eq!(codes(&[-3]), rnn_grammar::Code::E209);
        assert_eq!(codes(&[1, -2]), rnn_grammar::Code::E210);
        assert_eq!(codes(&[]), rnn_grammar::Code::E210);
    }
}
