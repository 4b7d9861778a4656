//! `Rescaling`: a factor and a summand.
//!
//! <https://keras.io/api/layers/preprocessing_layers/numerical/rescaling/>. Difference to Keras: factor and summand are single numbers.

use ndarray::ArrayD;

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::passes_masks;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

const ANY: Kind = Kind::Float { minimum: f64::NEG_INFINITY, optional: false };

/// `Rescaling`.
pub(crate) const RESCALING: Declaration = Declaration {
    class: "Rescaling",
    aliases: &[],
    base_name: "rescaling",
    summary: "Multiplies by a number and adds another.",
    details: "`x·scale + offset`.",
    arguments: &[
        Argument::required("scale", ANY, "The factor."),
        Argument::optional("offset", ANY, "0.0", "What is added."),
    ],
    takes_common: true,
    build,
};

/// A `Rescaling` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Rescaling {
    scale: f64,
    offset: f64,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(Rescaling { scale: arguments.float("scale")?, offset: arguments.float("offset")? }))
}

impl Rescaling {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        vec![call.inputs[0].mapv(|x| x * R::of(self.scale) + R::of(self.offset))]
    }
}

impl Layer for Rescaling {
    fn declaration(&self) -> &'static Declaration {
        &RESCALING
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Ok(vec![Check::single(RESCALING.class, inputs)?.shape.clone()])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        let mut operations = vec![kernels::with_constant("with_constant", "Multiply", self.scale)];
        if self.offset != 0.0 {
            operations.push(kernels::with_constant("with_constant", "Add", self.offset));
        }
        Ok(operations)
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes};
    use rnn_grammar::Code;

    #[test]
    fn values_are_scaled_and_moved() {
        let inputs = [array(&[1, 2], &[1.0, -2.0])];
        let values = Rescaling { scale: 0.5, offset: 3.0 }.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 2], &[3.5, 2.0]);
        assert_eq!(codes("Input((4,)), Rescaling(1 / 255, offset=-1)"), []);
        assert_eq!(codes("Input((4,)), Rescaling()"), [Code::E111]);
        assert_eq!(codes("Input((4,)), Rescaling('a')"), [Code::E115]);
    }
}
