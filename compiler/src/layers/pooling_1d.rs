//! `MaxPooling1D` and `AveragePooling1D`: one timestep of each window of several.
//!
//! <https://keras.io/api/layers/pooling_layers/>. Difference to Keras: strides of 0 are refused at
//! once.

use ndarray::{ArrayD, Axis, Slice, stack};
use rnn_grammar::{Code, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::data_format::{DATA_FORMAT, arranged};
use crate::layers::windows::{Padding, Windows, timesteps};
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};
use crate::value::Value;

const ARGUMENTS: &[Argument] = &[
    Argument::optional("pool_size", Kind::Any, "2", "Timesteps of a window."),
    Argument::optional(
        "strides",
        Kind::Any,
        "None",
        "Timesteps from one window to the next; the window's size by default.",
    ),
    Argument::optional(
        "padding",
        Kind::Choice(&["valid", "same"]),
        "\"valid\"",
        "Whether windows lie within the sequence, or may reach over its ends.",
    ),
    DATA_FORMAT,
];

/// `MaxPooling1D`.
pub(crate) const MAX_POOLING_1D: Declaration = Declaration {
    class: "MaxPooling1D",
    aliases: &["MaxPool1D"],
    base_name: "max_pooling1d",
    summary: "The largest value of each window of timesteps.",
    details: "`(batch, timesteps, features)` becomes `(batch, windows, features)`.",
    arguments: ARGUMENTS,
    takes_common: true,
    build: build_maximum,
};

/// `AveragePooling1D`.
pub(crate) const AVERAGE_POOLING_1D: Declaration = Declaration {
    class: "AveragePooling1D",
    aliases: &["AvgPool1D"],
    base_name: "average_pooling1d",
    summary: "The mean of each window of timesteps.",
    details: "`(batch, timesteps, features)` becomes `(batch, windows, features)`; a window that reaches over an end is the \
              mean of the timesteps that there are.",
    arguments: ARGUMENTS,
    takes_common: true,
    build: build_average,
};

/// A pooling with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Pooling {
    is_average: bool,
    windows: Windows,
    span: Option<Span>,
}

fn build_maximum(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    build(arguments, false)
}

fn build_average(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    build(arguments, true)
}

fn build(arguments: &mut Arguments<'_>, is_average: bool) -> Option<Box<dyn Layer>> {
    let size = timesteps(arguments, "pool_size");
    let is_default = matches!(arguments.get("strides").value, Value::None);
    let stride = if is_default { size } else { timesteps(arguments, "strides") };
    let padding = Padding::read(arguments);
    let windows = Windows { size: size?, stride: stride?, dilation: 1, padding };
    let span = arguments.get("pool_size").span;
    Some(arranged(arguments, Pooling { is_average, windows, span }))
}

impl Pooling {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let timesteps = input.shape()[1];
        let Windows { size, stride, .. } = self.windows;
        let (count, before) = self.windows.over(timesteps as u64);
        let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let pooled: Vec<ArrayD<R>> = (0..place(count))
            .map(|window| {
                let first = window * place(stride);
                let end = (first + place(size)).saturating_sub(place(before)).min(timesteps);
                let first = first.saturating_sub(place(before));
                let frames = input.slice_axis(Axis(1), Slice::from(first..end));
                if self.is_average {
                    #[allow(clippy::cast_precision_loss)]
                    let length = R::of((end - first) as f64);
                    frames.fold_axis(Axis(1), R::zero(), |&sum, &x| sum + x).mapv(|sum| sum / length)
                } else {
                    frames.fold_axis(Axis(1), R::of(f64::NEG_INFINITY), |&largest, &x| largest.maximum(x))
                }
            })
            .collect();
        let views: Vec<_> = pooled.iter().map(|window| window.view()).collect();
        vec![stack(Axis(1), &views).unwrap_or_else(|_| unreachable!("every window has one shape"))]
    }
}

impl Layer for Pooling {
    fn declaration(&self) -> &'static Declaration {
        if self.is_average { &AVERAGE_POOLING_1D } else { &MAX_POOLING_1D }
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let class = self.declaration().class;
        let mut output = Check::single(class, inputs)?.sequence()?.shape.clone();
        if let Dimension::Known(timesteps) = output.0[1] {
            let (count, _) = self.windows.over(timesteps);
            if count == 0 {
                let title = format!("`{class}` has windows of {} timesteps, but gets `{output}`", self.windows.size);
                return Err(Mismatch::new(Code::E221, title, "no window fits").within(self.span));
            }
            output.0[1] = Dimension::Known(count);
        }
        Ok(vec![output])
    }

    fn computed_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        let joined = inputs.iter().copied().reduce(InputType::joined);
        joined.filter(|_| !self.is_average).unwrap_or(InputType::Float32)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::Windows
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let timesteps = lowering.sample().first().and_then(|axis| axis.known());
        let size = |number: u64| fixed(Dimension::Known(number));
        let rows = match timesteps {
            Some(timesteps) => Some([size(timesteps)?, size(self.windows.over(timesteps).0)?]),
            None => None,
        };
        let reach = self.windows.reach(timesteps)?;
        let function = if self.is_average { "average" } else { "maximum" };
        Ok(vec![kernels::windows::pooling(function, reach, rows, lowering.features()?)])
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, output};

    #[test]
    fn windows_become_timesteps() {
        let inputs = [array(&[1, 5, 1], &[1.0, 5.0, 2.0, 4.0, 3.0])];
        let call = Call { inputs: &inputs, weights: &[] };
        let of = |is_average, size, stride, is_same| {
            let padding = if is_same { Padding::Same } else { Padding::Valid };
            let windows = Windows { size, stride, dilation: 1, padding };
            Pooling { is_average, windows, span: None }.evaluate(&call).remove(0)
        };
        assert_near(&of(false, 2, 2, false), &[1, 2, 1], &[5.0, 4.0]);
        assert_near(&of(false, 2, 2, true), &[1, 3, 1], &[5.0, 4.0, 3.0]);
        assert_near(&of(true, 3, 1, true), &[1, 5, 1], &[3.0, 8.0 / 3.0, 11.0 / 3.0, 3.0, 3.5]);
    }

    #[test]
    fn shapes_are_keras_s() {
        assert_eq!(output("Input((7, 2)), MaxPooling1D()"), "(None, 3, 2)");
        assert_eq!(output("Input((7, 2)), MaxPool1D(3, strides=2, padding='same')"), "(None, 4, 2)");
        assert_eq!(output("Input((None, 2)), AveragePooling1D((2,))"), "(None, None, 2)");
        assert_eq!(codes("Input((1, 2)), MaxPooling1D()"), [Code::E221]);
        assert_eq!(codes("Input((4, 2)), MaxPooling1D(0)"), [Code::E115]);
        assert_eq!(codes("Input((4, 2)), MaxPooling1D(2, strides=(1, 1))"), [Code::E115]);
        assert_eq!(codes("Input((4, 2)), MaxPooling1D(padding='SAME')"), [Code::E117]);
    }
}
