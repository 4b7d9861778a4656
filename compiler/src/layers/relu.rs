//! `ReLU`: the rectifier with a ceiling, a slope below its threshold, and the threshold.
//!
//! y = x above the threshold, else 0; y = min(y, max_value); y - negative_slope·max(threshold - x, 0).
//!
//! <https://keras.io/api/layers/activation_layers/relu/>. No difference to Keras.

use ndarray::ArrayD;

use crate::activation::{Activation, Number};
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::passes_masks;
use crate::passes_numbers_on;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::activation;
use crate::reference::real::Real;
use crate::shape::Shape;

/// `ReLU`.
pub(crate) const RELU: Declaration = Declaration {
    class: "ReLU",
    aliases: &[],
    base_name: "re_lu",
    summary: "The rectified linear unit, with a ceiling, a slope and a threshold.",
    details: "`min(x, max_value)` above the threshold, else `negative_slope·(x - threshold)`.",
    arguments: &[
        Argument::optional(
            "max_value",
            Kind::Float { minimum: 0.0, optional: true },
            "None",
            "Largest output; `None`: no limit.",
        ),
        Argument::optional(
            "negative_slope",
            Kind::Float { minimum: 0.0, optional: false },
            "0.0",
            "Slope below the threshold.",
        ),
        Argument::optional(
            "threshold",
            Kind::Float { minimum: 0.0, optional: false },
            "0.0",
            "Where the rectifier begins.",
        ),
    ],
    takes_common: true,
    build,
};

/// A `ReLU` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Relu {
    pub(crate) max_value: Option<f64>,
    pub(crate) negative_slope: f64,
    pub(crate) threshold: f64,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(Relu {
        max_value: arguments.float("max_value"),
        negative_slope: arguments.float("negative_slope")?,
        threshold: arguments.float("threshold")?,
    }))
}

impl Relu {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        vec![call.inputs[0].mapv(|x| activation::element(self.function(), x))]
    }

    fn function(&self) -> Activation {
        Activation::ReluWith {
            maximum: Number::of(self.max_value.unwrap_or(f64::INFINITY)),
            slope: Number::of(self.negative_slope),
            threshold: Number::of(self.threshold),
        }
    }
}

impl Layer for Relu {
    fn declaration(&self) -> &'static Declaration {
        &RELU
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Ok(vec![Check::single(RELU.class, inputs)?.shape.clone()])
    }

    passes_numbers_on!();

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn as_activation(&self) -> Option<Activation> {
        let is_plain = self.max_value.is_none() && self.negative_slope == 0.0 && self.threshold == 0.0;
        is_plain.then_some(Activation::Relu)
    }

    fn as_function(&self) -> Option<Activation> {
        self.as_activation().or(Some(self.function()))
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        kernels::activation_layer(lowering, self.as_activation().unwrap_or(self.function()))
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near};

    #[test]
    fn every_argument_acts() {
        let inputs = [array(&[1, 5], &[-1.0, 0.5, 1.0, 1.5, 9.0])];
        let layer = Relu { max_value: Some(6.0), negative_slope: 0.1, threshold: 1.0 };
        let values = layer.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 5], &[-0.2, -0.05, 0.0, 1.5, 6.0]);
        let plain = Relu { max_value: None, negative_slope: 0.0, threshold: 0.0 };
        let values = plain.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 5], &[0.0, 0.5, 1.0, 1.5, 9.0]);
    }
}
