//! `Conv1DTranspose`: the transpose of a convolution, which makes sequences longer.
//!
//! Every timestep t adds `x[t]·kernel[j]ᵀ` to place `t·strides + j·dilation_rate − cut`; then come bias and activation.
//! <https://keras.io/api/layers/convolution_layers/convolution1d_transpose/>. Differences to Keras: the activation `glu` is
//! refused, as in `Dense`; an output without timesteps is refused at once. How much is cut off is what Keras does on JAX and
//! TensorFlow.

use ndarray::{Array3, ArrayD, Ix3, s};
use rnn_grammar::{Code, Diagnostic};

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::convolution::{
    ACTIVATION, Convolution, DATA_FORMAT, DILATION_RATE, KERNEL_SIZE, PADDING, STRIDES, USE_BIAS,
};
use crate::layers::windows::{Padding, timesteps_from};
use crate::plan::kernels::convolution::Filters;
use crate::plan::lowered::{Lowered, Lowering, NoCode, Reach, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};
use crate::value::Value;

/// `Conv1DTranspose`.
pub(crate) const CONV_1D_TRANSPOSE: Declaration = Declaration {
    class: "Conv1DTranspose",
    aliases: &["Convolution1DTranspose"],
    base_name: "conv1d_transpose",
    summary: "The transpose of a convolution, which makes sequences longer.",
    details: "`(batch, timesteps, features)` becomes `(batch, places, filters)`: every timestep t adds `x[t]·kernel[j]ᵀ` to \
              place `t·strides + j·dilation_rate`. With `padding=\"same\"` there are `timesteps·strides` places.\n\n\
              Weights: `kernel` (kernel_size, filters, features), `bias` (filters).",
    arguments: &[
        Argument::required("filters", Kind::PositiveInteger, "Width of the output."),
        KERNEL_SIZE,
        STRIDES,
        PADDING,
        Argument::optional(
            "output_padding",
            Kind::Any,
            "None",
            "Further places at the end, fewer than `strides`; what `padding` says by default.",
        ),
        DATA_FORMAT,
        DILATION_RATE,
        ACTIVATION,
        USE_BIAS,
        Argument::training("kernel_initializer", Kind::Initializer, "\"glorot_uniform\""),
        Argument::training("bias_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("kernel_regularizer", Kind::Regularizer, "None"),
        Argument::training("bias_regularizer", Kind::Regularizer, "None"),
        Argument::training("activity_regularizer", Kind::Regularizer, "None"),
        Argument::training("kernel_constraint", Kind::Constraint, "None"),
        Argument::training("bias_constraint", Kind::Constraint, "None"),
    ],
    takes_common: true,
    build,
};

/// A `Conv1DTranspose` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Conv1DTranspose {
    filters: u64,
    output_padding: Option<u64>,
    convolution: Convolution,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let convolution = Convolution::read(arguments)?;
    let output_padding = match arguments.get("output_padding").value {
        Value::None => None,
        _ => Some(timesteps_from(arguments, "output_padding", 0)?),
    };
    if let Some(padding) = output_padding.filter(|padding| *padding >= convolution.windows.stride) {
        let stride = convolution.windows.stride;
        let title = format!("`output_padding` of `Conv1DTranspose` must be less than `strides`, {stride}");
        let diagnostic = Diagnostic::new(Code::E224, arguments.span("output_padding"), title);
        let diagnostic = diagnostic.at(format!("this is {padding}"));
        arguments.report(diagnostic.help("further places are those that `strides` leave open at the end"));
        return None;
    }
    convolution.refuses_strides_with_dilation(arguments)?;
    Some(Box::new(Conv1DTranspose { filters: arguments.positive("filters"), output_padding, convolution }))
}

impl Conv1DTranspose {
    /// How many places there are, and how many before the first one are cut off.
    fn places(&self, timesteps: u64) -> (u64, u64) {
        let windows = self.convolution.windows;
        let (span, stride) = (windows.span(), windows.stride);
        let apart = timesteps.saturating_sub(1).saturating_mul(stride);
        if windows.padding == Padding::Valid {
            let further = self.output_padding.unwrap_or_else(|| stride.saturating_sub(span));
            return (apart.saturating_add(span).saturating_add(further), 0);
        }
        // Zeros around a convolution with the turned kernel, as Keras counts them on JAX.
        let (count, zeros) = match self.output_padding {
            None => (timesteps.saturating_mul(stride), stride + span - 2),
            Some(further) => (apart.saturating_add(span % 2 + further), (span + span % 2 + further).saturating_sub(2)),
        };
        (count, span - 1 - zeros.div_ceil(2).min(span - 1))
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = self.convolution.layout.sequence(&call.inputs[0]);
        let kernel = call.weights[0].view().into_dimensionality::<Ix3>();
        let kernel = kernel.unwrap_or_else(|_| unreachable!("the shape is checked: one matrix a tap"));
        let (batch, timesteps, _) = input.dim();
        let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let (places, cut) = self.places(timesteps as u64);
        let (stride, dilation) = (place(self.convolution.windows.stride), place(self.convolution.windows.dilation));
        let mut sums = Array3::zeros((batch, place(places), kernel.dim().1));
        for (tap, matrix) in kernel.outer_iter().enumerate() {
            for step in 0..timesteps {
                let to = (step * stride + tap * dilation).checked_sub(place(cut)).filter(|to| *to < place(places));
                if let Some(to) = to {
                    let addends = input.slice(s![.., step, ..]).dot(&matrix.t());
                    let mut row = sums.slice_mut(s![.., to, ..]);
                    row += &addends;
                }
            }
        }
        self.convolution.finish(sums, call.weights.get(1))
    }
}

impl Layer for Conv1DTranspose {
    fn declaration(&self) -> &'static Declaration {
        &CONV_1D_TRANSPOSE
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let layout = self.convolution.layout;
        let (check, _) = layout.check(CONV_1D_TRANSPOSE.class, inputs)?;
        let places = match layout.timesteps(check.shape) {
            Dimension::Free => Dimension::Free,
            Dimension::Known(timesteps) => Dimension::Known(self.places(timesteps).0),
        };
        if places == Dimension::Known(0) {
            let title = format!("`Conv1DTranspose` would answer no timesteps for `{}`", check.shape);
            let mismatch = Mismatch::new(Code::E221, title, "nothing is left").within(self.convolution.span);
            return Err(mismatch.help("leave `output_padding` out, or choose an odd `kernel_size`"));
        }
        Ok(vec![layout.shape(check.shape, places, self.filters)])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let features = self.convolution.layout.features(inputs);
        let mut weights = vec![WeightSpec::new("kernel", &[self.convolution.windows.size, self.filters, features])];
        weights.extend(self.convolution.use_bias.then(|| WeightSpec::new("bias", &[self.filters])));
        weights
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        match self.convolution.streaming() {
            Streaming::Windows => Streaming::Impossible("adds each timestep to several others".to_owned()),
            other => other,
        }
    }

    fn with_activation(&self, activation: Activation) -> Option<Box<dyn Layer>> {
        let convolution = self.convolution.with_activation(activation)?;
        Some(Box::new(Self { convolution, ..self.clone() }))
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let places = |timesteps| self.places(timesteps).0;
        self.convolution.lower(lowering, (self.filters, places), |places, activation| {
            let size = |number: u64| fixed(Dimension::Known(number));
            let windows = self.convolution.windows;
            let [timesteps, _] = places.rows.ok_or(NoCode::FreeAxis)?;
            let (_, cut) = self.places(timesteps as u64);
            let filters = Filters {
                features: places.features,
                filters: size(self.filters)?,
                taps: size(windows.size)?,
                groups: 1,
                window: [size(windows.stride)?, size(windows.dilation)?, size(cut)?],
                rows: places.rows,
                reach: Reach::ROWS,
                use_bias: self.convolution.use_bias,
                activation,
            };
            Ok(vec![filters.transpose()?])
        })
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::convolution::tests::evaluated;
    use crate::layers::testing::{assert_near, codes, output};

    #[test]
    fn every_timestep_adds_to_its_places() {
        let kernel: (&[usize], &[f64]) = (&[3, 1, 1], &[100.0, 10.0, 1.0]);
        let of = |arguments: &str| {
            let text = format!("Input((2, 1)), Conv1DTranspose(1, 3{arguments})");
            evaluated(&text, &[(&[1, 2, 1], &[1.0, 2.0]), kernel, (&[1], &[0.5])])
        };
        assert_near(&of(""), &[1, 4, 1], &[100.5, 210.5, 21.5, 2.5]);
        assert_near(&of(", strides=2"), &[1, 5, 1], &[100.5, 10.5, 201.5, 20.5, 2.5]);
        assert_near(&of(", strides=4"), &[1, 8, 1], &[100.5, 10.5, 1.5, 0.5, 200.5, 20.5, 2.5, 0.5]);
        assert_near(&of(", padding='same'"), &[1, 2, 1], &[210.5, 21.5]);
        assert_near(&of(", dilation_rate=2"), &[1, 6, 1], &[100.5, 200.5, 10.5, 20.5, 1.5, 2.5]);
    }

    #[test]
    fn shapes_and_refusals_are_keras_s() {
        assert_eq!(output("Input((5, 2)), Conv1DTranspose(3, 2, strides=3)"), "(None, 15, 3)");
        assert_eq!(output("Input((5, 2)), Conv1DTranspose(3, 4, 3, 'same', output_padding=1)"), "(None, 13, 3)");
        assert_eq!(output("Input((2, 5)), Conv1DTranspose(3, 4, data_format='channels_first')"), "(None, 3, 8)");
        assert_eq!(output("Input((None, 2)), Convolution1DTranspose(3, 4)"), "(None, None, 3)");
        let refused = |arguments: &str| codes(&format!("Input((1, 2)), Conv1DTranspose(3, {arguments})"));
        assert_eq!(refused("4, strides=2, output_padding=2"), [Code::E224]);
        assert_eq!(refused("4, strides=2, dilation_rate=2"), [Code::E223]);
        assert_eq!(refused("4, padding='causal'"), [Code::E117]);
        assert_eq!(refused("4, padding='same', output_padding=0"), [Code::E221]);
        assert_eq!(refused("4, output_padding=-1"), [Code::E115]);
    }
}
