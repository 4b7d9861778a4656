//! `DepthwiseConv1D`: filters over some timesteps of one feature each.
//!
//! `y[t, c·m + q] = activation(bias + Σ_j x[t·strides + j·dilation_rate − before, c] · kernel[j, c, q])` for m =
//! `depth_multiplier`. <https://keras.io/api/layers/convolution_layers/depthwise_convolution1d/>. Difference to Keras: the
//! activation `glu` is refused, as in `Dense`.

use ndarray::{Array3, ArrayD, ArrayView3, Ix3};

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::convolution::{
    ACTIVATION, Convolution, DATA_FORMAT, DEPTH_MULTIPLIER, DILATION_RATE, KERNEL_SIZE, PADDING, STRIDES, USE_BIAS,
};
use crate::layers::windows::Windows;
use crate::plan::kernels::convolution::Filters;
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `DepthwiseConv1D`.
pub(crate) const DEPTHWISE_CONV_1D: Declaration = Declaration {
    class: "DepthwiseConv1D",
    aliases: &[],
    base_name: "depthwise_conv1d",
    summary: "Filters over some timesteps of one feature each.",
    details: "`(batch, timesteps, features)` becomes `(batch, places, features·depth_multiplier)`; the filters of a feature \
              stand side by side.\n\n\
              Weights: `kernel` (kernel_size, features, depth_multiplier), `bias` (features·depth_multiplier).",
    arguments: &[
        KERNEL_SIZE,
        STRIDES,
        PADDING,
        DEPTH_MULTIPLIER,
        DATA_FORMAT,
        DILATION_RATE,
        ACTIVATION,
        USE_BIAS,
        Argument::training("depthwise_initializer", Kind::Initializer, "\"glorot_uniform\""),
        Argument::training("bias_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("depthwise_regularizer", Kind::Regularizer, "None"),
        Argument::training("bias_regularizer", Kind::Regularizer, "None"),
        Argument::training("activity_regularizer", Kind::Regularizer, "None"),
        Argument::training("depthwise_constraint", Kind::Constraint, "None"),
        Argument::training("bias_constraint", Kind::Constraint, "None"),
    ],
    takes_common: true,
    build,
};

/// A `DepthwiseConv1D` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct DepthwiseConv1D {
    multiplier: u64,
    convolution: Convolution,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let convolution = Convolution::read(arguments)?;
    Some(Box::new(DepthwiseConv1D { multiplier: arguments.positive("depth_multiplier"), convolution }))
}

/// The sums of every feature's filters, side by side: `kernel` is (taps, features, multiplier).
pub(crate) fn depthwise<R: Real>(windows: Windows, input: &ArrayView3<'_, R>, kernel: &ArrayD<R>) -> Array3<R> {
    let kernel = kernel.view().into_dimensionality::<Ix3>();
    let kernel = kernel.unwrap_or_else(|_| unreachable!("the shape is checked: taps, features, filters of a feature"));
    let (batch, timesteps, features) = input.dim();
    let multiplier = kernel.dim().2;
    let (places, before) = windows.over(timesteps as u64);
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let (stride, dilation, before) = (place(windows.stride), place(windows.dilation), place(before));
    Array3::from_shape_fn((batch, place(places), features * multiplier), |(sample, row, filter)| {
        let mut sum = R::zero();
        for (tap, factors) in kernel.outer_iter().enumerate() {
            let step = (row * stride + tap * dilation).checked_sub(before).filter(|step| *step < timesteps);
            if let Some(step) = step {
                let feature = filter / multiplier;
                sum += input[[sample, step, feature]] * factors[[feature, filter % multiplier]];
            }
        }
        sum
    })
}

impl DepthwiseConv1D {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = self.convolution.layout.sequence(&call.inputs[0]);
        let sums = depthwise(self.convolution.windows, &input.view(), &call.weights[0]);
        self.convolution.finish(sums, call.weights.get(1))
    }

    fn filters(&self, inputs: &[Shape]) -> u64 {
        self.convolution.layout.features(inputs).saturating_mul(self.multiplier)
    }
}

impl Layer for DepthwiseConv1D {
    fn declaration(&self) -> &'static Declaration {
        &DEPTHWISE_CONV_1D
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let (check, _) = self.convolution.layout.check(DEPTHWISE_CONV_1D.class, inputs)?;
        Ok(vec![self.convolution.output_shape(check, self.filters(inputs))?])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let features = self.convolution.layout.features(inputs);
        let mut weights = vec![WeightSpec::new("kernel", &[self.convolution.windows.size, features, self.multiplier])];
        weights.extend(self.convolution.use_bias.then(|| WeightSpec::new("bias", &[self.filters(inputs)])));
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
        let n_filters = self.filters(lowering.inputs);
        let windows = self.convolution.windows;
        self.convolution.lower(lowering, (n_filters, |timesteps| windows.over(timesteps).0), |places, activation| {
            let (features, window) = (places.features, places.window());
            let filters = Filters {
                features,
                filters: fixed(Dimension::Known(n_filters))?,
                taps: fixed(Dimension::Known(self.convolution.windows.size))?,
                groups: features,
                window,
                rows: places.rows,
                reach: places.reach,
                use_bias: self.convolution.use_bias,
                activation,
            };
            Ok(vec![filters.channels()])
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
    fn features_stay_apart() {
        let values = evaluated(
            "Input((3, 2)), DepthwiseConv1D(2, depth_multiplier=2)",
            &[
                (&[1, 3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
                (&[2, 2, 2], &[1.0, 10.0, 2.0, 20.0, 100.0, 0.0, 0.0, 1.0]),
                (&[4], &[0.0, 0.0, 0.0, 0.5]),
            ],
        );
        assert_near(&values, &[1, 2, 4], &[301.0, 10.0, 4.0, 44.5, 503.0, 30.0, 8.0, 86.5]);
    }

    #[test]
    fn shapes_and_refusals_are_keras_s() {
        assert_eq!(output("Input((9, 3)), DepthwiseConv1D(3, 2, 'same', 2, dilation_rate=2)"), "(None, 5, 6)");
        assert_eq!(output("Input((3, 9)), DepthwiseConv1D(3, data_format='channels_first')"), "(None, 3, 7)");
        assert_eq!(codes("Input((9, 3)), DepthwiseConv1D(3, padding='causal')"), [Code::E117]);
        assert_eq!(codes("Input((9, 3)), DepthwiseConv1D(3, depth_multiplier=0)"), [Code::E116]);
        assert_eq!(codes("Input((2, 3)), DepthwiseConv1D(3)"), [Code::E221]);
    }
}
