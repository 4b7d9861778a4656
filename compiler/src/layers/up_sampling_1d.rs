//! `UpSampling1D`: each timestep several times in a row.
//!
//! <https://keras.io/api/layers/reshaping_layers/up_sampling1d/>. No difference to Keras.

use ndarray::{ArrayD, Axis};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::passes_numbers_on;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `UpSampling1D`.
pub(crate) const UP_SAMPLING_1D: Declaration = Declaration {
    class: "UpSampling1D",
    aliases: &[],
    base_name: "up_sampling1d",
    summary: "Repeats each timestep several times in a row.",
    details: "`(batch, timesteps, features)` becomes `(batch, size·timesteps, features)`.",
    arguments: &[Argument::optional("size", Kind::PositiveInteger, "2", "How often each timestep stands there.")],
    takes_common: true,
    build,
};

/// An `UpSampling1D` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct UpSampling {
    size: u64,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(UpSampling { size: arguments.positive("size") }))
}

impl UpSampling {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let places: Vec<usize> = (0..call.inputs[0].shape()[1] * size).map(|place| place / size).collect();
        vec![call.inputs[0].select(Axis(1), &places)]
    }
}

impl Layer for UpSampling {
    fn declaration(&self) -> &'static Declaration {
        &UP_SAMPLING_1D
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let mut output = Check::single(UP_SAMPLING_1D.class, inputs)?.sequence()?.shape.clone();
        if let Dimension::Known(timesteps) = output.0[1] {
            output.0[1] = Dimension::Known(timesteps.saturating_mul(self.size));
        }
        Ok(vec![output])
    }

    passes_numbers_on!();

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::Impossible("repeats timesteps".to_owned())
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        Ok(vec![kernels::repeat(lowering.features()?, fixed(Dimension::Known(self.size))?)])
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, output};
    use rnn_grammar::Code;

    #[test]
    fn timesteps_are_repeated() {
        let inputs = [array(&[1, 2, 1], &[1.0, 2.0])];
        let values = UpSampling { size: 3 }.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 6, 1], &[1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
        assert_eq!(output("Input((7, 2)), UpSampling1D()"), "(None, 14, 2)");
        assert_eq!(codes("Input((4, 2)), UpSampling1D(0)"), [Code::E116]);
    }
}
