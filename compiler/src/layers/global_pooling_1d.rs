//! `GlobalAveragePooling1D` and `GlobalMaxPooling1D`: one timestep of all.
//!
//! <https://keras.io/api/layers/pooling_layers/>. No difference to Keras.

use ndarray::{ArrayD, Axis};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::data_format::{DATA_FORMAT, arranged};
use crate::layers::mask_select::{select, spread};
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::kernels::{masks, windows};
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

const ARGUMENTS: &[Argument] =
    &[DATA_FORMAT, Argument::optional("keepdims", Kind::Boolean, "False", "Whether the time axis stays, with size 1.")];

/// `GlobalAveragePooling1D`.
pub(crate) const GLOBAL_AVERAGE_POOLING_1D: Declaration = Declaration {
    class: "GlobalAveragePooling1D",
    aliases: &["GlobalAvgPool1D"],
    base_name: "global_average_pooling1d",
    summary: "The mean over all timesteps.",
    details: "`(batch, timesteps, features)` becomes `(batch, features)`.",
    arguments: ARGUMENTS,
    takes_common: true,
    build: build_average,
};

/// `GlobalMaxPooling1D`.
pub(crate) const GLOBAL_MAX_POOLING_1D: Declaration = Declaration {
    class: "GlobalMaxPooling1D",
    aliases: &["GlobalMaxPool1D"],
    base_name: "global_max_pooling1d",
    summary: "The largest value of all timesteps.",
    details: "`(batch, timesteps, features)` becomes `(batch, features)`.",
    arguments: ARGUMENTS,
    takes_common: true,
    build: build_maximum,
};

/// A global pooling with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct GlobalPooling {
    is_average: bool,
    keepdims: bool,
    /// Whether it reads a mask, behind the tensor.
    reads_mask: bool,
}

fn build_average(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    build(arguments, true)
}

fn build_maximum(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    build(arguments, false)
}

fn build(arguments: &mut Arguments<'_>, is_average: bool) -> Option<Box<dyn Layer>> {
    let keepdims = arguments.boolean("keepdims");
    Some(arranged(arguments, GlobalPooling { is_average, keepdims, reads_mask: false }))
}

impl GlobalPooling {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let mut pooled = if self.reads_mask {
            let mask = &call.inputs[1];
            let zeros = ArrayD::zeros(input.raw_dim());
            let kept = select(&spread(mask, input.shape()), input, &zeros);
            let sum = kept.fold_axis(Axis(1), R::zero(), |&sum, &x| sum + x);
            let count = mask.map_axis(Axis(1), |steps| {
                steps.iter().fold(R::zero(), |count, &step| if step == R::zero() { count } else { count + R::one() })
            });
            sum / spread(&count, &[input.shape()[0], input.shape()[2]])
        } else if self.is_average {
            #[allow(clippy::cast_precision_loss)]
            let timesteps = R::of(input.shape()[1] as f64);
            input.fold_axis(Axis(1), R::zero(), |&sum, &x| sum + x).mapv(|sum| sum / timesteps)
        } else {
            input.fold_axis(Axis(1), R::of(f64::NEG_INFINITY), |&largest, &x| largest.maximum(x))
        };
        if self.keepdims {
            pooled.insert_axis_inplace(Axis(1));
        }
        vec![pooled]
    }
}

impl Layer for GlobalPooling {
    fn declaration(&self) -> &'static Declaration {
        if self.is_average { &GLOBAL_AVERAGE_POOLING_1D } else { &GLOBAL_MAX_POOLING_1D }
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let own = &inputs[..inputs.len() - usize::from(self.reads_mask && inputs.len() > 1)];
        let shape = Check::single(self.declaration().class, own)?.sequence()?.shape;
        let [batch, features] = [shape.0[0], shape.0[2]];
        let kept = vec![batch, Dimension::Known(1), features];
        Ok(vec![Shape(if self.keepdims { kept } else { vec![batch, features] })])
    }

    fn computed_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        let joined = inputs.iter().copied().reduce(InputType::joined);
        joined.filter(|_| !self.is_average).unwrap_or(InputType::Float32)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        match self.reads_mask {
            true => Streaming::Impossible("takes the mean over the steps of the whole sequence that count".to_owned()),
            false => Streaming::Windows,
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        if self.reads_mask {
            let timesteps = fixed(lowering.sample()[0])?;
            return Ok(vec![masks::global_average(timesteps, lowering.features()?)]);
        }
        let function = if self.is_average { "average" } else { "maximum" };
        Ok(vec![windows::global_pooling(function, lowering.elements_from(0).ok(), lowering.features()?)])
    }

    fn takes_mask(&self) -> bool {
        self.is_average
    }

    /// The mean is over the steps that count; the maximum knows no masks.
    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        if !self.is_average {
            return Ok(Masked::lost());
        }
        call.use_first()?;
        Ok(Masked::ended())
    }

    fn with_mask(&self, shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        shapes.check_steps(self.declaration().class)?;
        Ok(Some(Box::new(Self { reads_mask: true, ..self.clone() })))
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, output};
    use rnn_grammar::Code;

    #[test]
    fn timesteps_become_one() {
        let inputs = [array(&[1, 2, 2], &[1.0, -2.0, 3.0, -4.0])];
        let call = Call { inputs: &inputs, weights: &[] };
        let of =
            |is_average, keepdims| GlobalPooling { is_average, keepdims, reads_mask: false }.evaluate(&call).remove(0);
        assert_near(&of(true, false), &[1, 2], &[2.0, -3.0]);
        assert_near(&of(false, true), &[1, 1, 2], &[3.0, -2.0]);
        assert_eq!(output("Input((7, 2)), GlobalMaxPool1D()"), "(None, 2)");
        assert_eq!(output("Input((None, 2)), GlobalAveragePooling1D(keepdims=True)"), "(None, 1, 2)");
        assert_eq!(codes("Input((4,)), GlobalMaxPooling1D()"), [Code::E204]);
    }
}
