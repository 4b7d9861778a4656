//! `Dot`: the sum of the products along one axis of each of two tensors.
//!
//! <https://keras.io/api/layers/merging_layers/dot/>. Difference to Keras: the batch is refused as an axis at once.

use ndarray::{ArrayD, Axis, IxDyn};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::merge::batch;
use crate::masks::{MaskCall, Masked};
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `Dot`.
pub(crate) const DOT: Declaration = Declaration {
    class: "Dot",
    aliases: &[],
    base_name: "dot",
    summary: "The sum of the products along one axis of each of two tensors.",
    details: "Called with a list of two: `Dot(axes=1)([x, y])`. The result has the other axes of `x`, then those of \
              `y`; of two vectors it has one value.",
    arguments: &[
        Argument::required("axes", Kind::Any, "The axis of both, or a pair: the batch is 0."),
        Argument::optional("normalize", Kind::Boolean, "False", "Whether each is divided by its length first."),
    ],
    takes_common: true,
    build,
};

/// A `Dot` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Dot {
    axes: [i128; 2],
    normalize: bool,
    span: Option<Span>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let given = arguments.integers("axes");
    let is_all = given.len() == arguments.elements("axes").len();
    let axes = match *given.as_slice() {
        [axis] if is_all => [axis, axis],
        [left, right] if is_all => [left, right],
        _ => {
            let span = arguments.span("axes");
            let diagnostic = Diagnostic::new(Code::E115, span, "`axes` of `Dot` is an integer or a pair of integers");
            arguments.report(diagnostic.at("neither of them").help("write e.g. `axes=-1`, or `axes=(2, 1)`"));
            return None;
        }
    };
    Some(Box::new(Dot { axes, normalize: arguments.boolean("normalize"), span: arguments.get("axes").span }))
}

impl Dot {
    /// The axes that are summed over, counted from the batch.
    fn places(&self, inputs: &[Shape]) -> Result<[usize; 2], Mismatch> {
        let place = |index: usize| Check { class: DOT.class, shape: &inputs[index] }.axis(self.axes[index], self.span);
        Ok([place(0)?, place(1)?])
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let place = |index: usize| {
            let rank = call.inputs[index].ndim() as i128;
            let axis = self.axes[index];
            Axis(usize::try_from(if axis < 0 { axis + rank } else { axis }).unwrap_or(1))
        };
        let sides = [0, 1].map(|index| {
            let mut side = call.inputs[index].clone();
            if self.normalize {
                side.lanes_mut(place(index)).into_iter().for_each(|mut lane| {
                    let square = lane.iter().fold(R::zero(), |sum, &x| sum + x * x);
                    let factor = (R::one() / square.sqrt()).minimum(R::of(1e7));
                    lane.mapv_inplace(|x| x * factor);
                });
            }
            side
        });
        let mut shape = vec![sides[0].len_of(Axis(0))];
        for (index, side) in sides.iter().enumerate() {
            shape.extend(
                (1..side.ndim()).filter(|&axis| Axis(axis) != place(index)).map(|axis| side.len_of(Axis(axis))),
            );
        }
        if shape.len() == 1 {
            shape.push(1);
        }
        let mut values = Vec::with_capacity(shape.iter().product());
        for (left, right) in sides[0].outer_iter().zip(sides[1].outer_iter()) {
            let inner = |index: usize| Axis(place(index).0 - 1);
            for left in left.lanes(inner(0)) {
                for right in right.lanes(inner(1)) {
                    values.push(left.iter().zip(right).fold(R::zero(), |sum, (&x, &y)| sum + x * y));
                }
            }
        }
        let output = ArrayD::from_shape_vec(IxDyn(&shape), values);
        vec![output.unwrap_or_else(|_| unreachable!("a value for every pair of lanes"))]
    }
}

impl Layer for Dot {
    fn declaration(&self) -> &'static Declaration {
        &DOT
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let [left, right] = inputs else {
            let title = format!("`Dot` takes two tensors, but gets {}", inputs.len());
            return Err(Mismatch::new(Code::E219, title, "needs a list of two"));
        };
        let batch = batch(DOT.class, inputs)?;
        let [of_left, of_right] = self.places(inputs)?;
        if left.0[of_left] != right.0[of_right] {
            let title = format!(
                "`Dot` sums over axis {of_left} of `{left}` and axis {of_right} of `{right}`: {} and {} values",
                left.0[of_left], right.0[of_right]
            );
            return Err(Mismatch::new(Code::E220, title, "the sizes differ").within(self.span));
        }
        let others = |shape: &Shape, place: usize| {
            let axes = shape.0.iter().enumerate().skip(1).filter(move |(axis, _)| *axis != place);
            axes.map(|(_, &size)| size).collect::<Vec<_>>()
        };
        let mut axes = others(left, of_left);
        axes.extend(others(right, of_right));
        if axes.is_empty() {
            axes.push(Dimension::Known(1));
        }
        axes.insert(0, batch);
        Ok(vec![Shape(axes)])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        if inputs.iter().any(|shape| shape.rank() > 2) {
            return Streaming::Impossible("multiplies every timestep with every other".to_owned());
        }
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let [left, right] = self.places(lowering.inputs).unwrap_or([1, 1]);
        kernels::dot(lowering, [left - 1, right - 1], self.normalize)
    }

    /// As in Keras: none, without a word.
    fn mask(&self, _call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        Ok(Masked::ended())
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    fn layer(axes: [i128; 2], normalize: bool) -> Dot {
        Dot { axes, normalize, span: None }
    }

    #[test]
    fn products_are_summed_along_the_axes() {
        let inputs = [array(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]), array(&[1, 2, 1], &[5.0, 6.0])];
        let values = layer([2, 1], false).evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 2, 1], &[17.0, 39.0]);
        let vectors = [array(&[1, 2], &[3.0, 4.0]), array(&[1, 2], &[0.0, 2.0])];
        let cosine = layer([1, 1], true).evaluate(&Call { inputs: &vectors, weights: &[] });
        assert_near(&cosine[0], &[1, 1], &[0.8]);
    }

    #[test]
    fn the_axes_have_one_size() {
        let both = |axes, left: &[Option<u64>], right: &[Option<u64>]| {
            let shapes = [shape(left), shape(right)];
            layer(axes, false).output_shapes(&shapes).map(|shapes| shapes[0].to_string()).map_err(|m| m.code)
        };
        assert_eq!(both([2, 2], &[None, Some(2), Some(3)], &[None, Some(4), Some(3)]).unwrap(), "(None, 2, 4)");
        assert_eq!(both([-1, -1], &[None, Some(3)], &[None, Some(3)]).unwrap(), "(None, 1)");
        assert_eq!(both([1, 1], &[None, Some(3)], &[None, Some(4)]).unwrap_err(), Code::E220);
        assert_eq!(both([0, 0], &[None, Some(3)], &[None, Some(3)]).unwrap_err(), Code::E209);
        assert_eq!(both([2, 2], &[None, Some(3)], &[None, Some(3)]).unwrap_err(), Code::E208);
    }
}
