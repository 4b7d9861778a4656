//! `UnitNormalization`: divides by the length.
//!
//! <https://keras.io/api/layers/normalization_layers/unit_normalization/>. Difference to Keras: the batch is refused as an axis.

use ndarray::ArrayD;
use rnn_grammar::Span;

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::axes::{map_groups, mixes_time, shape_of};
use crate::layers::checks::Check;
use crate::passes_masks;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

/// `UnitNormalization`.
pub(crate) const UNIT_NORMALIZATION: Declaration = Declaration {
    class: "UnitNormalization",
    aliases: &[],
    base_name: "unit_normalization",
    summary: "Divides by the length over an axis, so that it is 1.",
    details: "`x·min(1/√Σx², 10¹²)`, the sum over `axis`.",
    arguments: &[Argument::optional(
        "axis",
        Kind::Axis { many: true },
        "-1",
        "The axis or axes of one length; 0 is the batch.",
    )],
    takes_common: true,
    build,
};

/// Keeps a length of 0 from becoming NaN.
const LARGEST_FACTOR: f64 = 1e12;

/// A `UnitNormalization` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct UnitNormalization {
    axes: Vec<i128>,
    span: Option<Span>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(UnitNormalization { axes: arguments.integers("axis"), span: arguments.get("axis").span }))
}

impl UnitNormalization {
    fn places(&self, shape: &Shape) -> Result<Vec<usize>, Mismatch> {
        let mut places = Check { class: UNIT_NORMALIZATION.class, shape }.axes(&self.axes, self.span)?;
        places.sort_unstable();
        Ok(places)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let places = self.places(&shape_of(input)).unwrap_or_default();
        vec![map_groups(input, &places, |group| {
            let square = group.iter().fold(R::zero(), |sum, &x| sum + x * x);
            let factor = (R::one() / square.sqrt()).minimum(R::of(LARGEST_FACTOR));
            group.into_iter().map(|x| x * factor).collect()
        })]
    }
}

impl Layer for UnitNormalization {
    fn declaration(&self) -> &'static Declaration {
        &UNIT_NORMALIZATION
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(UNIT_NORMALIZATION.class, inputs)?;
        self.places(check.shape)?;
        Ok(vec![check.shape.clone()])
    }

    fn needs_floats(&self) -> bool {
        true
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
        kernels::over_axes(lowering.sample(), &places, |width| vec![kernels::unit(width, LARGEST_FACTOR)])
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes};
    use rnn_grammar::Code;

    #[test]
    fn lengths_become_1() {
        let inputs = [array(&[1, 2, 2], &[3.0, 4.0, 0.0, 0.0])];
        let layer = UnitNormalization { axes: vec![-1], span: None };
        let values = layer.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 2, 2], &[0.6, 0.8, 0.0, 0.0]);
        assert_eq!(codes("Input((4, 2)), UnitNormalization(axis=[1, 2])"), []);
        assert_eq!(codes("Input((4, 2)), UnitNormalization(axis=0)"), [Code::E209]);
        assert_eq!(codes("Input((4, 2)), UnitNormalization(axis=3)"), [Code::E208]);
    }
}
