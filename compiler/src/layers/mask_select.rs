//! The layers that put other values where a mask is 0; no text names them. See [`crate::masks`].

use ndarray::{ArrayD, Axis, IxDyn};
use rnn_grammar::Code;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::mask_of::hidden;
use crate::layers::merge::{Merge, Operator};
use crate::masks::MaskShapes;
use crate::plan::kernels::masks;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

const FILL: Declaration = hidden("MaskFill", "A constant where a mask is 0.");
const SELECT: Declaration = hidden("MaskSelect", "One tensor where a mask is 1, another one where it is 0.");

const EITHER: Declaration = hidden("MaskEither", "Whether any of several masks is 1.");

/// `where(mask, x, constant)`; reads x and its mask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    pub(crate) constant: f64,
}

/// `where(mask, x, other)`; reads x, its mask and the other tensor of the same shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Select;

/// 1 where any of several masks is not 0.
#[derive(Clone, Debug)]
pub(crate) struct Either {
    largest: Merge,
}

/// The mask as an array of the tensor's shape.
pub(crate) fn spread<R: Real>(mask: &ArrayD<R>, shape: &[usize]) -> ArrayD<R> {
    let mask = mask.view().insert_axis(Axis(mask.ndim()));
    mask.broadcast(IxDyn(shape)).unwrap_or_else(|| unreachable!("the shapes were checked")).to_owned()
}

/// The values where the mask is not 0, the others where it is.
pub(crate) fn select<R: Real>(mask: &ArrayD<R>, values: &ArrayD<R>, other: &ArrayD<R>) -> ArrayD<R> {
    let mut output = other.clone();
    ndarray::Zip::from(&mut output).and(mask).and(values).for_each(|output, &mask, &value| {
        if mask != R::zero() {
            *output = value;
        }
    });
    output
}

impl Fill {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let values = &call.inputs[0];
        let other = ArrayD::from_elem(values.raw_dim(), R::of(self.constant));
        vec![select(&spread(&call.inputs[1], values.shape()), values, &other)]
    }
}

impl Layer for Fill {
    fn declaration(&self) -> &'static Declaration {
        &FILL
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        MaskShapes { input: &inputs[0], mask: &inputs[1] }.check_steps(FILL.class)?;
        Ok(vec![inputs[0].clone()])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn is_operation(&self) -> bool {
        true
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        Ok(vec![masks::fill(lowering.features()?, self.constant)])
    }

    evaluate_generically!();
}

impl Either {
    pub(crate) fn new() -> Self {
        Self { largest: Merge::extreme(Operator::Maximum) }
    }

    /// Masks are not negative, and whatever is not 0 counts.
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        R::evaluate(&self.largest, call)
    }
}

impl Layer for Either {
    fn declaration(&self) -> &'static Declaration {
        &EITHER
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        self.largest.output_shapes(inputs)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn is_operation(&self) -> bool {
        true
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        self.largest.streaming(inputs)
    }

    /// Masks of one shape are joined step by step, however many there are in a frame.
    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        if lowering.inputs.windows(2).all(|pair| pair[0].sample() == pair[1].sample()) {
            return Ok(vec![masks::either(lowering.inputs.len())]);
        }
        self.largest.lower(lowering)
    }

    evaluate_generically!();
}

impl Select {
    #[allow(clippy::unused_self)]
    fn evaluate<R: Real>(self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let values = &call.inputs[0];
        vec![select(&spread(&call.inputs[1], values.shape()), values, &call.inputs[2])]
    }
}

impl Layer for Select {
    fn declaration(&self) -> &'static Declaration {
        &SELECT
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        MaskShapes { input: &inputs[0], mask: &inputs[1] }.check_steps(SELECT.class)?;
        let agree = inputs[0].rank() == inputs[2].rank()
            && inputs[0].0.iter().zip(&inputs[2].0).all(|(left, &right)| left.agrees(right));
        if agree {
            return Ok(vec![inputs[0].clone()]);
        }
        let title = format!("masked tensors of different shapes, `{}` and `{}`, are not joined", inputs[0], inputs[2]);
        Err(Mismatch::new(Code::E226, title, "the sizes differ"))
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn is_operation(&self) -> bool {
        true
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        Ok(vec![masks::select(lowering.features()?)])
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near};

    #[test]
    fn masked_steps_hold_something_else() {
        let inputs = [
            array(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]),
            array(&[1, 2], &[0.0, 1.0]),
            array(&[1, 2, 2], &[5.0, 6.0, 7.0, 8.0]),
        ];
        let filled = Fill { constant: 9.0 }.evaluate(&Call { inputs: &inputs[..2], weights: &[] });
        assert_near(&filled[0], &[1, 2, 2], &[9.0, 9.0, 3.0, 4.0]);
        let selected = Select.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&selected[0], &[1, 2, 2], &[5.0, 6.0, 3.0, 4.0]);
    }
}
