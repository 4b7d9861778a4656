//! `SeparableConv1D`: filters over some timesteps of one feature each, then a mixture of all of them at every place.
//!
//! `DepthwiseConv1D` without a bias, then `Conv1D` over one timestep.
//! <https://keras.io/api/layers/convolution_layers/separable_convolution1d/>. Difference to Keras: the activation `glu` is
//! refused, as in `Dense`.

use ndarray::{Array3, ArrayD, Ix3, s};

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::convolution::{
    ACTIVATION, Convolution, DATA_FORMAT, DEPTH_MULTIPLIER, DILATION_RATE, KERNEL_SIZE, PADDING, STRIDES, USE_BIAS,
    add_tap,
};
use crate::layers::depthwise_conv_1d::depthwise;
use crate::plan::kernels::{self, convolution::Filters};
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `SeparableConv1D`.
pub(crate) const SEPARABLE_CONV_1D: Declaration = Declaration {
    class: "SeparableConv1D",
    aliases: &["SeparableConvolution1D"],
    base_name: "separable_conv1d",
    summary: "Filters over some timesteps of one feature each, then a mixture of them at every place.",
    details: "`(batch, timesteps, features)` becomes `(batch, places, filters)`: `DepthwiseConv1D` without a bias, then a \
              `Dense` of `filters` units at every place.\n\n\
              Weights: `depthwise_kernel` (kernel_size, features, depth_multiplier), `pointwise_kernel` (1, \
              features·depth_multiplier, filters), `bias` (filters).",
    arguments: &[
        Argument::required("filters", Kind::PositiveInteger, "Width of the output."),
        KERNEL_SIZE,
        STRIDES,
        PADDING,
        DATA_FORMAT,
        DILATION_RATE,
        DEPTH_MULTIPLIER,
        ACTIVATION,
        USE_BIAS,
        Argument::training("depthwise_initializer", Kind::Initializer, "\"glorot_uniform\""),
        Argument::training("pointwise_initializer", Kind::Initializer, "\"glorot_uniform\""),
        Argument::training("bias_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("depthwise_regularizer", Kind::Regularizer, "None"),
        Argument::training("pointwise_regularizer", Kind::Regularizer, "None"),
        Argument::training("bias_regularizer", Kind::Regularizer, "None"),
        Argument::training("activity_regularizer", Kind::Regularizer, "None"),
        Argument::training("depthwise_constraint", Kind::Constraint, "None"),
        Argument::training("pointwise_constraint", Kind::Constraint, "None"),
        Argument::training("bias_constraint", Kind::Constraint, "None"),
    ],
    takes_common: true,
    build,
};

/// A `SeparableConv1D` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct SeparableConv1D {
    filters: u64,
    multiplier: u64,
    convolution: Convolution,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let convolution = Convolution::read(arguments)?;
    let (filters, multiplier) = (arguments.positive("filters"), arguments.positive("depth_multiplier"));
    Some(Box::new(SeparableConv1D { filters, multiplier, convolution }))
}

impl SeparableConv1D {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = self.convolution.layout.sequence(&call.inputs[0]);
        let channels = depthwise(self.convolution.windows, &input.view(), &call.weights[0]);
        let kernel = call.weights[1].view().into_dimensionality::<Ix3>();
        let kernel = kernel.unwrap_or_else(|_| unreachable!("the shape is checked: one matrix"));
        let (batch, places, _) = channels.dim();
        let mut sums = Array3::zeros((batch, places, kernel.dim().2));
        add_tap(&mut sums.view_mut(), &channels.view(), &kernel.slice(s![0, .., ..]), (1, 0));
        self.convolution.finish(sums, call.weights.get(2))
    }

    /// Filters of single features.
    fn channels(&self, inputs: &[Shape]) -> u64 {
        self.convolution.layout.features(inputs).saturating_mul(self.multiplier)
    }
}

impl Layer for SeparableConv1D {
    fn declaration(&self) -> &'static Declaration {
        &SEPARABLE_CONV_1D
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let (check, _) = self.convolution.layout.check(SEPARABLE_CONV_1D.class, inputs)?;
        Ok(vec![self.convolution.output_shape(check, self.filters)?])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let (features, size) = (self.convolution.layout.features(inputs), self.convolution.windows.size);
        let mut weights = vec![
            WeightSpec::new("depthwise_kernel", &[size, features, self.multiplier]),
            WeightSpec::new("pointwise_kernel", &[1, self.channels(inputs), self.filters]),
        ];
        weights.extend(self.convolution.use_bias.then(|| WeightSpec::new("bias", &[self.filters])));
        weights
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        self.convolution.streaming()
    }

    fn with_activation(&self, activation: Activation) -> Option<Box<dyn Layer>> {
        let convolution = self.convolution.with_activation(activation)?;
        Some(Box::new(Self { convolution, ..self.clone() }))
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let channels = fixed(Dimension::Known(self.channels(lowering.inputs)))?;
        let windows = self.convolution.windows;
        self.convolution.lower(lowering, (self.filters, |timesteps| windows.over(timesteps).0), |places, activation| {
            let (features, window) = (places.features, places.window());
            let filters = Filters {
                features,
                filters: channels,
                taps: fixed(Dimension::Known(self.convolution.windows.size))?,
                groups: features,
                window,
                rows: places.rows,
                reach: places.reach,
                use_bias: false,
                activation: Activation::Linear,
            };
            let units = fixed(Dimension::Known(self.filters))?;
            let mut mixture = kernels::dense(channels, units, self.convolution.use_bias, activation);
            mixture.iter_mut().for_each(|operation| operation.shift_tensors(1));
            Ok([filters.channels()].into_iter().chain(mixture).collect())
        })
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use crate::layers::convolution::tests::evaluated;
    use crate::layers::testing::{assert_near, codes, output};
    use rnn_grammar::Code;

    #[test]
    fn features_are_filtered_then_mixed() {
        let values = evaluated(
            "Input((2, 2)), SeparableConv1D(1, 2)",
            &[
                (&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]),
                (&[2, 2, 1], &[1.0, 1.0, 10.0, 100.0]),
                (&[1, 2, 1], &[1.0, -1.0]),
                (&[1], &[0.5]),
            ],
        );
        assert_near(&values, &[1, 1, 1], &[31.0 - 402.0 + 0.5]);
    }

    #[test]
    fn shapes_and_refusals_are_keras_s() {
        assert_eq!(output("Input((9, 3)), SeparableConv1D(4, 3, strides=2, dilation_rate=2)"), "(None, 3, 4)");
        assert_eq!(output("Input((None, 3)), SeparableConvolution1D(4, 3, padding='Same')"), "(None, None, 4)");
        assert_eq!(codes("Input((9, 3)), SeparableConv1D(4, 3, padding='causal')"), [Code::E117]);
        assert_eq!(codes("Input((2, 3)), SeparableConv1D(4, 3)"), [Code::E221]);
    }
}
