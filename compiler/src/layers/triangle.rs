//! `keras.ops.tril(x, k)` and `triu(x, k)`: zeros above or below a diagonal of the matrices in the last two axes.
//!
//! <https://keras.io/api/ops/numpy/#tril-function>.

use ndarray::ArrayD;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::operator::operation;
use crate::plan::kernels::along;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

const TRIL: Declaration = operation("Tril", "tril");
const TRIU: Declaration = operation("Triu", "triu");

/// One side of a diagonal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Triangle {
    /// Whether what is below stays; else what is above.
    pub(crate) is_lower: bool,
    /// How far right of the main one the diagonal lies.
    pub(crate) diagonal: i64,
}

impl Triangle {
    fn evaluate<R: Real>(self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let mut output = call.inputs[0].clone();
        let rank = output.ndim();
        for (index, value) in output.indexed_iter_mut() {
            let distance = index[rank - 1] as i64 - index[rank - 2] as i64;
            let stays = if self.is_lower { distance <= self.diagonal } else { distance >= self.diagonal };
            if !stays {
                *value = R::zero();
            }
        }
        vec![output]
    }
}

impl Layer for Triangle {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        if self.is_lower { &TRIL } else { &TRIU }
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(self.declaration().class, inputs)?;
        if check.shape.rank() < 3 {
            return Err(check.mixes_batch("the batch would be an axis of the matrix", None));
        }
        Ok(vec![check.shape.clone()])
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        inputs.first().copied().unwrap_or(InputType::Float32)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        match inputs.first().is_some_and(|shape| shape.rank() < 4) {
            true => Streaming::Impossible("counts timesteps".to_owned()),
            false => Streaming::PerFrame,
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        along::triangle(lowering.sample(), if self.is_lower { "keep_lower" } else { "keep_upper" }, self.diagonal)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near};

    #[test]
    fn one_side_stays() {
        let inputs = [array(&[1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
        let run = |is_lower, diagonal| {
            Triangle { is_lower, diagonal }.evaluate(&Call { inputs: &inputs, weights: &[] }).remove(0)
        };
        assert_near(&run(true, 0), &[1, 2, 3], &[1.0, 0.0, 0.0, 4.0, 5.0, 0.0]);
        assert_near(&run(false, 1), &[1, 2, 3], &[0.0, 2.0, 3.0, 0.0, 0.0, 6.0]);
    }
}
