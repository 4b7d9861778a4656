//! `AdaptiveAveragePooling1D` and `AdaptiveMaxPooling1D`: a sequence as so many windows, whatever its length.
//!
//! Window i of n over T timesteps begins with ⌊i·T/n⌋ and ends before ⌈(i+1)·T/n⌉, so that neighbours may share timesteps.
//! <https://keras.io/api/layers/pooling_layers/>. Difference to Keras: a size of 0 or less is refused.

use ndarray::{ArrayD, Axis, Slice, stack};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::data_format::{DATA_FORMAT, arranged};
use crate::layers::windows::timesteps;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

const ARGUMENTS: &[Argument] =
    &[Argument::required("output_size", Kind::Any, "How many windows, the timesteps of the output."), DATA_FORMAT];

/// `AdaptiveAveragePooling1D`.
pub(crate) const ADAPTIVE_AVERAGE_POOLING_1D: Declaration = Declaration {
    class: "AdaptiveAveragePooling1D",
    aliases: &[],
    base_name: "adaptive_average_pooling1d",
    summary: "The means of so many windows, whatever the sequence's length.",
    details: "`(batch, timesteps, features)` becomes `(batch, output_size, features)`: window `i` begins with timestep \
              `⌊i·timesteps/output_size⌋` and ends before `⌈(i+1)·timesteps/output_size⌉`.",
    arguments: ARGUMENTS,
    takes_common: true,
    build: build_average,
};

/// `AdaptiveMaxPooling1D`.
pub(crate) const ADAPTIVE_MAX_POOLING_1D: Declaration = Declaration {
    class: "AdaptiveMaxPooling1D",
    aliases: &[],
    base_name: "adaptive_max_pooling1d",
    summary: "The largest values of so many windows, whatever the sequence's length.",
    details: "`(batch, timesteps, features)` becomes `(batch, output_size, features)`: window `i` begins with timestep \
              `⌊i·timesteps/output_size⌋` and ends before `⌈(i+1)·timesteps/output_size⌉`.",
    arguments: ARGUMENTS,
    takes_common: true,
    build: build_maximum,
};

/// An adaptive pooling with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct AdaptivePooling {
    is_average: bool,
    count: u64,
}

fn build_average(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let count = timesteps(arguments, "output_size")?;
    Some(arranged(arguments, AdaptivePooling { is_average: true, count }))
}

fn build_maximum(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let count = timesteps(arguments, "output_size")?;
    Some(arranged(arguments, AdaptivePooling { is_average: false, count }))
}

impl AdaptivePooling {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let (timesteps, count) = (input.shape()[1], usize::try_from(self.count).unwrap_or(1));
        let window = |index: usize| {
            let range = index * timesteps / count..((index + 1) * timesteps).div_ceil(count);
            #[allow(clippy::cast_precision_loss)]
            let length = R::of(range.len() as f64);
            let frames = input.slice_axis(Axis(1), Slice::from(range));
            if self.is_average {
                frames.fold_axis(Axis(1), R::zero(), |&sum, &x| sum + x).mapv(|sum| sum / length)
            } else {
                frames.fold_axis(Axis(1), R::of(f64::NEG_INFINITY), |&largest, &x| largest.maximum(x))
            }
        };
        let pooled: Vec<ArrayD<R>> = (0..count).map(window).collect();
        let views: Vec<_> = pooled.iter().map(|window| window.view()).collect();
        vec![stack(Axis(1), &views).unwrap_or_else(|_| unreachable!("every window has one shape"))]
    }
}

impl Layer for AdaptivePooling {
    fn declaration(&self) -> &'static Declaration {
        if self.is_average { &ADAPTIVE_AVERAGE_POOLING_1D } else { &ADAPTIVE_MAX_POOLING_1D }
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let mut output = Check::single(self.declaration().class, inputs)?.sequence()?.shape.clone();
        output.0[1] = Dimension::Known(self.count);
        Ok(vec![output])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::Impossible("divides the whole sequence".to_owned())
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let function = if self.is_average { "adaptive_average" } else { "adaptive_maximum" };
        let count = fixed(Dimension::Known(self.count))?;
        Ok(vec![kernels::adaptive_pooling(function, count, lowering.elements_from(0)?, lowering.features()?)])
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, output};
    use rnn_grammar::Code;

    #[test]
    fn windows_divide_the_sequence() {
        let inputs = [array(&[1, 5, 1], &[1.0, 5.0, 2.0, 4.0, 3.0])];
        let call = Call { inputs: &inputs, weights: &[] };
        let of = |is_average, count| AdaptivePooling { is_average, count }.evaluate(&call).remove(0);
        assert_near(&of(true, 2), &[1, 2, 1], &[8.0 / 3.0, 3.0]);
        assert_near(&of(false, 3), &[1, 3, 1], &[5.0, 5.0, 4.0]);
        assert_near(&of(false, 10), &[1, 10, 1], &[1.0, 1.0, 5.0, 5.0, 2.0, 2.0, 4.0, 4.0, 3.0, 3.0]);
        assert_eq!(output("Input((None, 2)), AdaptiveMaxPooling1D((3,))"), "(None, 3, 2)");
        assert_eq!(output("Input((2, 7)), AdaptiveAveragePooling1D(3, data_format='channels_first')"), "(None, 2, 3)");
        assert_eq!(codes("Input((4, 2)), AdaptiveAveragePooling1D(0)"), [Code::E115]);
        assert_eq!(codes("Input((4,)), AdaptiveAveragePooling1D(2)"), [Code::E204]);
    }
}
