//! `Activation`: an activation as a layer of its own.
//!
//! <https://keras.io/api/layers/core_layers/activation/>. Differences to Keras: `glu` is refused, because Keras
//! declares another shape than it computes; softmax and its kin are refused where their axis would be the batch.

use ndarray::ArrayD;

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::recurrent::activation_of;
use crate::passes_masks;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::activation;
use crate::reference::real::Real;
use crate::shape::Shape;

/// `Activation`.
pub(crate) const ACTIVATION: Declaration = Declaration {
    class: "Activation",
    aliases: &[],
    base_name: "activation",
    summary: "An activation as a layer.",
    details: "See `rnnc explain activations` for the formulas.",
    arguments: &[Argument::required(
        "activation",
        Kind::Activation,
        "An activation's name, or a function of `keras.activations`.",
    )],
    takes_common: true,
    build,
};

/// A `Activation` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct ActivationLayer {
    pub(crate) activation: Activation,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(ActivationLayer { activation: activation_of(arguments, "activation")? }))
}

impl ActivationLayer {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let mut values = call.inputs[0].clone();
        activation::apply(self.activation, &mut values);
        vec![values]
    }
}

impl Layer for ActivationLayer {
    fn declaration(&self) -> &'static Declaration {
        &ACTIVATION
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(ACTIVATION.class, inputs)?;
        if !self.activation.is_elementwise() && check.shape.rank() < 2 {
            return Err(check.mixes_batch("the only axis is the batch", None));
        }
        Ok(vec![check.shape.clone()])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn as_activation(&self) -> Option<Activation> {
        Some(self.activation)
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        kernels::activation_layer(lowering, self.activation)
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    #[test]
    fn softmax_works_along_the_last_axis_and_not_across_samples() {
        let layer = ActivationLayer { activation: Activation::Softmax };
        let inputs = [array(&[2, 2], &[0.0, 0.0, 3.0, 3.0])];
        assert_near(&layer.evaluate(&Call { inputs: &inputs, weights: &[] })[0], &[2, 2], &[0.5; 4]);
        assert_eq!(layer.output_shapes(&[shape(&[None])]).unwrap_err().code, rnn_grammar::Code::E209);
    }
}
