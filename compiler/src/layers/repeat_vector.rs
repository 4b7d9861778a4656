//! `RepeatVector`: a vector n times, one below the other.
//!
//! <https://keras.io/api/layers/reshaping_layers/repeat_vector/>. No difference to Keras.

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

/// `RepeatVector`.
pub(crate) const REPEAT_VECTOR: Declaration = Declaration {
    class: "RepeatVector",
    aliases: &[],
    base_name: "repeat_vector",
    summary: "Makes a sequence of n copies of a vector.",
    details: "`(batch, features)` becomes `(batch, n, features)`.",
    arguments: &[Argument::required("n", Kind::PositiveInteger, "How many copies.")],
    takes_common: true,
    build,
};

/// A `RepeatVector` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct RepeatVector {
    pub(crate) n: u64,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(RepeatVector { n: arguments.positive("n") }))
}

impl RepeatVector {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = call.inputs[0].view().insert_axis(Axis(1));
        let mut shape = input.raw_dim();
        shape[1] = usize::try_from(self.n).unwrap_or(usize::MAX);
        let copies = input.broadcast(shape);
        vec![copies.unwrap_or_else(|| unreachable!("an axis of size 1 can be repeated")).to_owned()]
    }
}

impl Layer for RepeatVector {
    fn declaration(&self) -> &'static Declaration {
        &REPEAT_VECTOR
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let help = "it repeats one vector: let the layer before answer its last step only, or use `Flatten`";
        let check = Check::single(REPEAT_VECTOR.class, inputs)?.exactly(2, "(batch, features)", help)?;
        Ok(vec![Shape(vec![check.shape.0[0], Dimension::Known(self.n), check.shape.0[1]])])
    }

    passes_numbers_on!();

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        Ok(vec![kernels::repeat(lowering.features()?, fixed(Dimension::Known(self.n))?)])
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    #[test]
    fn a_vector_becomes_a_sequence() {
        let layer = RepeatVector { n: 2 };
        let inputs = [array(&[2, 2], &[1.0, 2.0, 3.0, 4.0])];
        let values = layer.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[2, 2, 2], &[1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0]);
        assert_eq!(layer.output_shapes(&[shape(&[None, None])]).unwrap()[0].to_string(), "(None, 2, None)");
        let mismatch = layer.output_shapes(&[shape(&[None, Some(2), Some(3)])]).unwrap_err();
        assert_eq!(mismatch.code, rnn_grammar::Code::E203);
    }
}
