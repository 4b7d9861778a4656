//! `Concatenate`: tensors side by side along an axis.
//!
//! <https://keras.io/api/layers/merging_layers/concatenate/>. Difference to Keras: the batch is no axis to join along.

use ndarray::{ArrayD, Axis};
use rnn_grammar::{Code, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, ShownMask, Streaming, Takes, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::mask_of::MaskOf;
use crate::layers::merge::batch;
use crate::layers::merge_masks::any_of;
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::passes_numbers_on;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `Concatenate`.
pub(crate) const CONCATENATE: Declaration = Declaration {
    class: "Concatenate",
    aliases: &[],
    base_name: "concatenate",
    summary: "Puts tensors side by side along an axis.",
    details: "Called with a list: `Concatenate()([x, y])`. All other axes have the same sizes.",
    arguments: &[Argument::optional(
        "axis",
        Kind::Axis { many: false },
        "-1",
        "The axis that grows, counted with the batch as 0.",
    )],
    takes_common: true,
    build,
};

/// A `Concatenate` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Concatenate {
    pub(crate) axis: i128,
    pub(crate) span: Option<Span>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let axis = arguments.integer("axis").unwrap_or(-1);
    Some(Box::new(Concatenate { axis, span: arguments.get("axis").span }))
}

impl Concatenate {
    fn place(&self, shape: &Shape) -> Result<usize, Mismatch> {
        Check { class: CONCATENATE.class, shape }.axis(self.axis, self.span)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let rank = call.inputs[0].ndim() as i128;
        let axis = if self.axis < 0 { self.axis + rank } else { self.axis };
        let views: Vec<_> = call.inputs.iter().map(|input| input.view()).collect();
        let joined = ndarray::concatenate(Axis(usize::try_from(axis).unwrap_or(0)), &views);
        vec![joined.unwrap_or_else(|_| unreachable!("the shapes were checked"))]
    }
}

impl Layer for Concatenate {
    fn declaration(&self) -> &'static Declaration {
        &CONCATENATE
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let Some(first) = inputs.first() else {
            return Err(Mismatch::new(Code::E219, "`Concatenate` gets no tensor", "needs a list of tensors"));
        };
        batch(CONCATENATE.class, inputs)?;
        let place = self.place(first)?;
        let mut output = first.clone();
        for shape in &inputs[1..] {
            let fits = |axis: usize| axis == place || first.0[axis].agrees(shape.0[axis]);
            if shape.rank() != first.rank() || !(0..first.rank()).all(fits) {
                let title = format!("`Concatenate` can't join `{first}` and `{shape}` along axis {place}");
                return Err(Mismatch::new(Code::E220, title, "the other sizes differ")
                    .help("only the axis that grows may differ"));
            }
            output.0[place] = match (output.0[place], shape.0[place]) {
                (Dimension::Known(left), Dimension::Known(right)) => Dimension::Known(left.saturating_add(right)),
                _ => Dimension::Free,
            };
        }
        Ok(vec![output])
    }

    passes_numbers_on!();

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let is_time =
            inputs.first().is_some_and(|shape| shape.rank() > 2 && self.place(shape).is_ok_and(|axis| axis == 1));
        if is_time {
            return Streaming::Impossible("puts one sequence behind another".to_owned());
        }
        if inputs.windows(2).any(|pair| pair[0].sample().first() != pair[1].sample().first()) && inputs[0].rank() > 2 {
            return Streaming::Impossible("joins tensors with different timesteps".to_owned());
        }
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let place = lowering.inputs.first().and_then(|shape| self.place(shape).ok()).unwrap_or(1);
        kernels::concatenate(lowering, place - 1)
    }

    /// Side by side a step counts where any part of it does; along another axis the masks are joined as the tensors are.
    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        let first = call.shape(call.inputs[0]);
        let place = self.place(&first)?;
        for (&input, mask) in call.inputs.iter().zip(&call.masks) {
            if let Some(mask) = *mask {
                let (input, mask) = (call.shape(input), call.shape(mask));
                MaskShapes { input: &input, mask: &mask }.check_steps(CONCATENATE.class)?;
            }
        }
        if place + 1 == first.rank() {
            // Parts without a mask count everywhere, so the whole does.
            let all = call.masks.iter().copied().collect::<Option<Vec<_>>>();
            return Ok(Masked::with(all.map(|all| any_of(call, &all)).transpose()?));
        }
        let mut masks = Vec::with_capacity(call.inputs.len());
        for (input, mask) in call.inputs.clone().into_iter().zip(call.masks.clone()) {
            masks.push(match mask {
                Some(mask) => mask,
                None => call.add(MaskOf::All, &[input])?,
            });
        }
        let joined = Self { axis: i128::try_from(place).unwrap_or(1), span: None };
        Ok(Masked::with(Some(call.add(joined, &masks)?)))
    }

    fn shown_mask(&self) -> ShownMask {
        ShownMask::Along(self.axis)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    fn layer(axis: i128) -> Concatenate {
        Concatenate { axis, span: None }
    }

    #[test]
    fn tensors_stand_side_by_side() {
        let inputs = [array(&[1, 2, 1], &[1.0, 2.0]), array(&[1, 2, 2], &[3.0, 4.0, 5.0, 6.0])];
        let values = layer(-1).evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 2, 3], &[1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
    }

    #[test]
    fn only_the_axis_that_grows_may_differ() {
        let both = |axis, left: &[Option<u64>], right: &[Option<u64>]| {
            let shapes = [shape(left), shape(right)];
            layer(axis).output_shapes(&shapes).map(|shapes| shapes[0].to_string()).map_err(|m| m.code)
        };
        assert_eq!(both(-1, &[None, Some(2), Some(3)], &[None, Some(2), Some(4)]).unwrap(), "(None, 2, 7)");
        assert_eq!(both(1, &[None, Some(2), Some(3)], &[None, None, Some(3)]).unwrap(), "(None, None, 3)");
        assert_eq!(both(-1, &[None, Some(2)], &[None, Some(2), Some(4)]).unwrap_err(), Code::E220);
        assert_eq!(both(-1, &[None, Some(2), Some(3)], &[None, Some(1), Some(3)]).unwrap_err(), Code::E220);
        assert_eq!(both(0, &[None, Some(2)], &[None, Some(2)]).unwrap_err(), Code::E209);
        assert_eq!(both(3, &[None, Some(2)], &[None, Some(2)]).unwrap_err(), Code::E208);
        assert_eq!(layer(-1).output_shapes(&[]).unwrap_err().code, Code::E219);
    }
}
