//! `Dense`: act(x·K + b) along the last axis, whatever the rank.
//!
//! <https://keras.io/api/layers/core_layers/dense/>. Differences to Keras: the activation `glu` is refused (Keras
//! declares another width than it computes); LoRA and quantization are not there yet.

use ndarray::{ArrayD, IxDyn};

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::recurrent::{activation_of, matrix, vector};
use crate::passes_masks;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::activation;
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `Dense`.
pub(crate) const DENSE: Declaration = Declaration {
    class: "Dense",
    aliases: &[],
    base_name: "dense",
    summary: "The fully connected layer, on the last axis of any shape.",
    details: "`activation(x·kernel + bias)`.\n\nWeights: `kernel` (features, units), `bias` (units).",
    arguments: &[
        Argument::required("units", Kind::PositiveInteger, "Width of the output."),
        Argument::optional("activation", Kind::Activation, "None", "Applied to the sums; `None` is linear."),
        Argument::optional("use_bias", Kind::Boolean, "True", "Whether a bias is added."),
        Argument::training("kernel_initializer", Kind::Initializer, "\"glorot_uniform\""),
        Argument::training("bias_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("kernel_regularizer", Kind::Regularizer, "None"),
        Argument::training("bias_regularizer", Kind::Regularizer, "None"),
        Argument::training("activity_regularizer", Kind::Regularizer, "None"),
        Argument::training("kernel_constraint", Kind::Constraint, "None"),
        Argument::training("bias_constraint", Kind::Constraint, "None"),
        Argument::not_yet("lora_rank", "None"),
        Argument::not_yet("lora_alpha", "None"),
        Argument::not_yet("quantization_config", "None"),
    ],
    takes_common: true,
    build,
};

/// A `Dense` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub(crate) units: u64,
    pub(crate) activation: Activation,
    pub(crate) use_bias: bool,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let activation = activation_of(arguments, "activation")?;
    Some(Box::new(Dense { units: arguments.positive("units"), activation, use_bias: arguments.boolean("use_bias") }))
}

impl Dense {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = call.inputs[0].as_standard_layout();
        let kernel = matrix(&call.weights[0]);
        let mut shape = input.shape().to_vec();
        let rows = shape.iter().rev().skip(1).product::<usize>();
        let frames = input
            .into_shape_with_order((rows, kernel.nrows()))
            .unwrap_or_else(|_| unreachable!("the last axis is the kernel's height"));
        let mut sums = frames.dot(&kernel);
        if self.use_bias {
            sums += &vector(&call.weights[1]);
        }
        activation::apply(self.activation, &mut sums);
        shape.pop();
        shape.push(kernel.ncols());
        let output = sums.into_shape_with_order(IxDyn(&shape));
        vec![output.unwrap_or_else(|_| unreachable!("rows and units multiply to the output's size"))]
    }
}

impl Layer for Dense {
    fn declaration(&self) -> &'static Declaration {
        &DENSE
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(DENSE.class, inputs)?.at_least(2)?;
        check.features()?;
        Ok(vec![check.shape.with_last(self.units)])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let features = inputs.first().and_then(Shape::last).and_then(|last| last.known()).unwrap_or(0);
        let mut weights = vec![WeightSpec::new("kernel", &[features, self.units])];
        weights.extend(self.use_bias.then(|| WeightSpec::new("bias", &[self.units])));
        weights
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn with_activation(&self, activation: Activation) -> Option<Box<dyn Layer>> {
        (self.activation == Activation::Linear).then(|| Box::new(Self { activation, ..self.clone() }) as Box<dyn Layer>)
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let units = fixed(Dimension::Known(self.units))?;
        Ok(kernels::stored::dense(lowering.storage, [lowering.features()?, units], self.use_bias, self.activation))
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, params, shape};

    fn layer(activation: Activation) -> Dense {
        Dense { units: 2, activation, use_bias: true }
    }

    #[test]
    fn rows_of_any_rank_go_through_one_by_one() {
        let inputs = [array(&[1, 2, 3], &[1.0, 2.0, 3.0, 0.0, 0.0, -1.0])];
        let weights = [array(&[3, 2], &[1.0, 0.0, 0.0, 1.0, 2.0, -1.0]), array(&[2], &[0.5, -0.5])];
        let call = Call { inputs: &inputs, weights: &weights };
        assert_near(&layer(Activation::Relu).evaluate(&call)[0], &[1, 2, 2], &[7.5, 0.0, 0.0, 0.5]);
        let output = layer(Activation::Linear).output_shapes(&[shape(&[None, Some(5), None, Some(3)])]).unwrap();
        assert_eq!(output[0].to_string(), "(None, 5, None, 2)");
        assert_eq!(params(&layer(Activation::Linear), &shape(&[None, Some(5), Some(3)])), 8);
    }

    #[test]
    fn a_batch_of_scalars_and_a_free_width_are_refused() {
        let codes = |input: &[Option<u64>]| layer(Activation::Relu).output_shapes(&[shape(input)]).unwrap_err().code;
        assert_eq!(codes(&[None]), rnn_grammar::Code::E202);
        assert_eq!(codes(&[None, Some(3), None]), rnn_grammar::Code::E206);
    }

    #[test]
    fn glu_is_refused_everywhere() {
        for layer in ["Dense(4, activation='glu')", "Activation('glu')"] {
            assert_eq!(codes(&format!("Input((4,)), {layer}")), [rnn_grammar::Code::E218]);
        }
        for layer in ["SimpleRNN(4, activation='glu')", "LSTM(4, recurrent_activation='glu')", "GRU(4, 'glu')"] {
            assert_eq!(codes(&format!("Input((3, 4)), {layer}")), [rnn_grammar::Code::E218]);
        }
    }
}
