//! `Masking`: timesteps of nothing but one value do not count, in this layer's output and behind it.
//!
//! <https://keras.io/api/layers/core_layers/masking/>. A step counts where any feature differs from `mask_value`; the
//! others become zeros. Difference to Keras: `mask_value` must be a finite number.

use ndarray::{ArrayD, Axis};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, ShownMask, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::mask_of::MaskOf;
use crate::masks::{MaskCall, Masked};
use crate::passes_numbers_on;
use crate::plan::kernels::masks;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

/// `Masking`.
pub(crate) const MASKING: Declaration = Declaration {
    class: "Masking",
    aliases: &[],
    base_name: "masking",
    summary: "Skips timesteps all of whose features are one value.",
    details: "A step counts where any feature differs from `mask_value`; the others become zeros. Layers behind it that know \
              masks (recurrent ones, `GlobalAveragePooling1D`, attention, merges) skip the steps that do not count.",
    arguments: &[Argument::optional(
        "mask_value",
        Kind::Float { minimum: f64::NEG_INFINITY, optional: false },
        "0.0",
        "The value that all features of a step have where it does not count.",
    )],
    takes_common: true,
    build,
};

/// A `Masking` with its argument fixed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Masking {
    value: f64,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(Masking { value: arguments.float("mask_value")? }))
}

impl Masking {
    fn evaluate<R: Real>(self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let mut output = call.inputs[0].clone();
        let (last, value) = (Axis(output.ndim() - 1), R::of(self.value));
        for mut features in output.lanes_mut(last) {
            if features.iter().all(|&x| x == value) {
                features.fill(R::zero());
            }
        }
        vec![output]
    }
}

impl Layer for Masking {
    fn declaration(&self) -> &'static Declaration {
        &MASKING
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Ok(vec![Check::single(MASKING.class, inputs)?.at_least(2)?.shape.clone()])
    }

    passes_numbers_on!();

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn makes_mask(&self) -> bool {
        true
    }

    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        let input = call.inputs[0];
        Ok(Masked::with(Some(call.add(MaskOf::Different(self.value), &[input])?)))
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        Ok(vec![masks::clear(lowering.features()?, self.value)])
    }

    fn shown_mask(&self) -> ShownMask {
        ShownMask::OfSteps
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, output};

    #[test]
    fn steps_of_the_value_become_zeros() {
        let inputs = [array(&[1, 3, 2], &[2.0, 2.0, 2.0, 1.0, 0.0, 0.0])];
        let call = Call { inputs: &inputs, weights: &[] };
        assert_near(&Masking { value: 2.0 }.evaluate(&call)[0], &[1, 3, 2], &[0.0, 0.0, 2.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn any_shape_with_features_is_taken() {
        assert_eq!(output("Input((3,)), Masking()"), "(None, 3)");
        assert_eq!(output("Input((None, 3)), Masking(mask_value=-1.0)"), "(None, None, 3)");
        assert_eq!(codes("Input(()), Masking()"), [rnn_grammar::Code::E202]);
        assert_eq!(codes("Input((3,)), Masking('a')"), [rnn_grammar::Code::E115]);
        assert_eq!(codes("Input((3,)), Masking(float('nan'))"), [rnn_grammar::Code::E116]);
    }
}
