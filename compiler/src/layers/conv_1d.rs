//! `Conv1D`: filters over some timesteps each, moved along the sequence.
//!
//! `y[t] = activation(bias + Σ_j x[t·strides + j·dilation_rate − before] · kernel[j])`, zeros beyond the ends.
//! <https://keras.io/api/layers/convolution_layers/convolution1d/>. Differences to Keras: the activation `glu` is refused, as
//! in `Dense`; LoRA is not there yet.

use ndarray::{Array3, ArrayD, Ix3, s};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::convolution::{
    ACTIVATION, Convolution, DATA_FORMAT, DILATION_RATE, KERNEL_SIZE, STRIDES, USE_BIAS, add_tap,
};
use crate::plan::kernels::{self, convolution::Filters};
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `Conv1D`.
pub(crate) const CONV_1D: Declaration = Declaration {
    class: "Conv1D",
    aliases: &["Convolution1D"],
    base_name: "conv1d",
    summary: "Filters over some timesteps each, moved along the sequence.",
    details: "`(batch, timesteps, features)` becomes `(batch, places, filters)`:\n\
              `y[t] = activation(bias + Σ_j x[t·strides + j·dilation_rate − before]·kernel[j])`. With `padding=\"valid\"` \
              nothing is before the sequence; with `\"causal\"` a filter ends with its own timestep; with `\"same\"` half \
              of what it reaches over the ends lies before.\n\n\
              Weights: `kernel` (kernel_size, features / groups, filters), `bias` (filters).",
    arguments: &[
        Argument::required("filters", Kind::PositiveInteger, "Width of the output."),
        KERNEL_SIZE,
        STRIDES,
        Argument::optional(
            "padding",
            Kind::AnyCase(&["valid", "same", "causal"]),
            "\"valid\"",
            "Whether filters stay within the sequence, reach over its ends, or over its beginning only.",
        ),
        DATA_FORMAT,
        DILATION_RATE,
        Argument::optional(
            "groups",
            Kind::PositiveInteger,
            "1",
            "Into how many groups features and filters fall; filters read the features of their own group.",
        ),
        ACTIVATION,
        USE_BIAS,
        Argument::training("kernel_initializer", Kind::Initializer, "\"glorot_uniform\""),
        Argument::training("bias_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("kernel_regularizer", Kind::Regularizer, "None"),
        Argument::training("bias_regularizer", Kind::Regularizer, "None"),
        Argument::training("activity_regularizer", Kind::Regularizer, "None"),
        Argument::training("kernel_constraint", Kind::Constraint, "None"),
        Argument::training("bias_constraint", Kind::Constraint, "None"),
        Argument::not_yet("lora_rank", "None"),
        Argument::not_yet("lora_alpha", "None"),
    ],
    takes_common: true,
    build,
};

/// A `Conv1D` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Conv1D {
    pub(crate) filters: u64,
    pub(crate) groups: u64,
    pub(crate) convolution: Convolution,
    /// Where `groups` stands.
    groups_span: Option<Span>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let convolution = Convolution::read(arguments)?;
    convolution.refuses_strides_with_dilation(arguments)?;
    let (filters, groups) = (arguments.positive("filters"), arguments.positive("groups"));
    if !filters.is_multiple_of(groups) {
        let title = format!("`filters` of `Conv1D`, {filters}, don't fall into {groups} groups");
        let diagnostic = Diagnostic::new(Code::E222, arguments.span("groups"), title).at("no whole groups");
        let diagnostic = diagnostic.label(arguments.span("filters"), format!("{filters} filters"));
        let more = filters.div_ceil(groups).saturating_mul(groups);
        arguments.report(diagnostic.help(format!("choose a multiple of {groups} for `filters`, e.g. {more}")));
        return None;
    }
    let groups_span = arguments.get("groups").span;
    Some(Box::new(Conv1D { filters, groups, convolution, groups_span }))
}

impl Conv1D {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = self.convolution.layout.sequence(&call.inputs[0]);
        let kernel = call.weights[0].view().into_dimensionality::<Ix3>();
        let kernel = kernel.unwrap_or_else(|_| unreachable!("the shape is checked: one matrix a tap"));
        let (batch, timesteps, _) = input.dim();
        let (taps, depth, filters) = kernel.dim();
        let (places, before) = self.convolution.windows.over(timesteps as u64);
        let mut sums = Array3::zeros((batch, usize::try_from(places).unwrap_or(0), filters));
        let n_groups = usize::try_from(self.groups).unwrap_or(1);
        let width = filters / n_groups;
        for group in 0..n_groups {
            let channels = input.slice(s![.., .., group * depth..(group + 1) * depth]);
            let columns = group * width..(group + 1) * width;
            for tap in 0..taps {
                let first = tap as i128 * i128::from(self.convolution.windows.dilation) - i128::from(before);
                add_tap(
                    &mut sums.slice_mut(s![.., .., columns.clone()]),
                    &channels,
                    &kernel.slice(s![tap, .., columns.clone()]),
                    (i128::from(self.convolution.windows.stride), first),
                );
            }
        }
        self.convolution.finish(sums, call.weights.get(1))
    }
}

impl Layer for Conv1D {
    fn declaration(&self) -> &'static Declaration {
        &CONV_1D
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let (check, features) = self.convolution.layout.check(CONV_1D.class, inputs)?;
        if !features.is_multiple_of(self.groups) {
            let title = format!("{features} features don't fall into the {} groups of `Conv1D`", self.groups);
            let mismatch = Mismatch::new(Code::E222, title, "no whole groups").within(self.groups_span);
            return Err(mismatch.help(format!("choose `groups` so that it divides {features}")));
        }
        Ok(vec![self.convolution.output_shape(check, self.filters)?])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let features = self.convolution.layout.features(inputs) / self.groups;
        let mut weights = vec![WeightSpec::new("kernel", &[self.convolution.windows.size, features, self.filters])];
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
        let filters = fixed(Dimension::Known(self.filters))?;
        let use_bias = self.convolution.use_bias;
        if self.convolution.is_by_timestep() && self.groups == 1 {
            return Ok(kernels::dense(lowering.features()?, filters, use_bias, self.convolution.activation));
        }
        let windows = self.convolution.windows;
        self.convolution.lower(lowering, (self.filters, |timesteps| windows.over(timesteps).0), |places, activation| {
            let (features, window) = (places.features, places.window());
            let filters = Filters {
                features,
                filters,
                taps: fixed(Dimension::Known(self.convolution.windows.size))?,
                groups: fixed(Dimension::Known(self.groups))?,
                window,
                rows: places.rows,
                reach: places.reach,
                use_bias,
                activation,
            };
            Ok(vec![filters.convolution()])
        })
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{assert_near, codes, output};

    fn evaluated(text: &str, input: &[f64], kernel: (&[usize], &[f64]), bias: &[f64]) -> ArrayD<f64> {
        crate::layers::convolution::tests::evaluated(
            text,
            &[(&[1, input.len(), 1], input), kernel, (&[bias.len()], bias)],
        )
    }

    #[test]
    fn filters_move_along_the_sequence() {
        let input = [1.0, 2.0, 3.0, 4.0, 5.0];
        let kernel: (&[usize], &[f64]) = (&[2, 1, 1], &[10.0, 1.0]);
        let of =
            |arguments: &str| evaluated(&format!("Input((5, 1)), Conv1D(1, 2{arguments})"), &input, kernel, &[0.5]);
        assert_near(&of(""), &[1, 4, 1], &[12.5, 23.5, 34.5, 45.5]);
        assert_near(&of(", strides=2"), &[1, 2, 1], &[12.5, 34.5]);
        assert_near(&of(", padding='same'"), &[1, 5, 1], &[12.5, 23.5, 34.5, 45.5, 50.5]);
        assert_near(&of(", padding='CAUSAL'"), &[1, 5, 1], &[1.5, 12.5, 23.5, 34.5, 45.5]);
        assert_near(&of(", padding='causal', dilation_rate=3"), &[1, 5, 1], &[1.5, 2.5, 3.5, 14.5, 25.5]);
    }

    #[test]
    fn groups_read_their_own_features() {
        let text = "Input((1, 4)), Conv1D(2, 1, groups=2, use_bias=False)";
        let values = crate::layers::convolution::tests::evaluated(
            text,
            &[(&[1, 1, 4], &[1.0, 2.0, 3.0, 4.0]), (&[1, 2, 2], &[1.0, 100.0, 10.0, 1000.0])],
        );
        assert_near(&values, &[1, 1, 2], &[21.0, 4300.0]);
    }

    #[test]
    fn shapes_are_keras_s() {
        assert_eq!(output("Input((10, 3)), Conv1D(4, 3)"), "(None, 8, 4)");
        assert_eq!(output("Input((None, 3)), Conv1D(4, (3,), padding='same')"), "(None, None, 4)");
        assert_eq!(output("Input((10, 3)), Convolution1D(4, 3, 2, 'same')"), "(None, 5, 4)");
        assert_eq!(output("Input((4, 10)), Conv1D(6, 3, data_format='channels_first', groups=2)"), "(None, 6, 8)");
    }

    #[test]
    fn what_keras_refuses_is_refused() {
        let refused = |input: &str, arguments: &str| codes(&format!("Input({input}), Conv1D({arguments})"));
        assert_eq!(refused("(4, 2)", "3, 5"), [Code::E221]);
        assert_eq!(refused("(4, 2)", "3, 2, groups=3"), [Code::E222]);
        assert_eq!(refused("(4, 2)", "4, 2, groups=4"), [Code::E222]);
        assert_eq!(refused("(4, 2)", "3, 2, groups=2"), [Code::E222]);
        assert_eq!(refused("(9, 2)", "3, 2, strides=2, dilation_rate=2"), [Code::E223]);
        assert_eq!(refused("(4, 2)", "3, 0"), [Code::E115]);
        assert_eq!(refused("(4, 2)", "3, (2, 2)"), [Code::E115]);
        assert_eq!(refused("(4, 2)", "0, 2"), [Code::E116]);
        assert_eq!(refused("(4, 2)", "3, 2, padding='full'"), [Code::E117]);
        assert_eq!(refused("(4, None)", "3, 2"), [Code::E206]);
        assert_eq!(refused("(4,)", "3, 2"), [Code::E204]);
        assert_eq!(refused("(4, 2, 2)", "3, 2"), [Code::E204]);
        assert_eq!(refused("(4, 2)", "3, 2, activation='glu'"), [Code::E218]);
    }
}
