//! `Softmax`: eˣ / Σ eˣ over one axis or several.
//!
//! <https://keras.io/api/layers/activation_layers/softmax/>. Differences to Keras: the batch axis is refused, and an
//! axis that does not exist is an error at once, not at the first call.

use ndarray::ArrayD;
use rnn_grammar::Span;

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, ShownMask, Streaming, WeightSpec};
use crate::layers::axes::{map_groups, mixes_time, shape_of};
use crate::layers::checks::Check;
use crate::layers::mask_select::select;
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::kernels;
use crate::plan::lowered::{From, Lowered, Lowering};
use crate::reference::activation;
use crate::reference::real::Real;
use crate::shape::Shape;

/// `Softmax`.
pub(crate) const SOFTMAX: Declaration = Declaration {
    class: "Softmax",
    aliases: &[],
    base_name: "softmax",
    summary: "Softmax over an axis.",
    details: "`exp(x) / sum(exp(x))`, the sum over `axis`.",
    arguments: &[Argument::optional(
        "axis",
        Kind::Axis { many: true },
        "-1",
        "The axis or axes that sum to 1; 0 is the batch.",
    )],
    takes_common: true,
    build,
};

/// A `Softmax` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Softmax {
    pub(crate) axes: Vec<i128>,
    pub(crate) span: Option<Span>,
    /// Whether it reads a mask of its values, behind the tensor.
    pub(crate) reads_mask: bool,
}

/// What Keras takes a masked value for.
const MASKED: f64 = -1e9;

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let axes = arguments.integers("axis");
    Some(Box::new(Softmax { axes, span: arguments.get("axis").span, reads_mask: false }))
}

impl Softmax {
    /// Places of the axes, in ascending order.
    pub(crate) fn places(&self, shape: &Shape) -> Result<Vec<usize>, Mismatch> {
        let mut places = Check { class: SOFTMAX.class, shape }.axes(&self.axes, self.span)?;
        places.sort_unstable();
        Ok(places)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let places = self.places(&shape_of(input)).unwrap_or_default();
        let run = |input: &ArrayD<R>| map_groups(input, &places, |group| activation::softmax(&group));
        if !self.reads_mask {
            return vec![run(input)];
        }
        let mask = call.inputs[1].broadcast(input.raw_dim()).unwrap_or_else(|| unreachable!("the shapes were checked"));
        let fill = |values: &ArrayD<R>, constant| {
            select(&mask.to_owned(), values, &ArrayD::from_elem(values.raw_dim(), R::of(constant)))
        };
        vec![fill(&run(&fill(input, MASKED)), 0.0)]
    }
}

impl Layer for Softmax {
    fn declaration(&self) -> &'static Declaration {
        &SOFTMAX
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let own = &inputs[..inputs.len() - usize::from(self.reads_mask && inputs.len() > 1)];
        let check = Check::single(SOFTMAX.class, own)?;
        self.places(check.shape)?;
        Ok(vec![check.shape.clone()])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        mixes_time(inputs, |shape| self.places(shape), "normalizes over the timesteps")
    }

    fn as_function(&self) -> Option<Activation> {
        (self.axes == [-1]).then_some(Activation::Softmax)
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let places: Vec<usize> = self.places(shape).unwrap_or_default().iter().map(|place| place - 1).collect();
        let run = kernels::over_axes(lowering.sample(), &places, |width| vec![kernels::softmax(width)])?;
        if !self.reads_mask {
            return Ok(run);
        }
        let width = lowering.elements_from(1)?;
        let width = if lowering.sample().len() == 1 { lowering.features()? } else { width };
        let first = kernels::masks::fill_from(From::Input(0), From::Input(1), (width, width), MASKED);
        let last = kernels::masks::fill_from(From::Before, From::Input(1), (width, width), 0.0);
        Ok(std::iter::once(first).chain(run).chain([last]).collect())
    }

    fn takes_mask(&self) -> bool {
        true
    }

    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        call.use_first()?;
        Ok(Masked::with(call.first()))
    }

    /// The mask is one of values, not of steps: Keras lines its axes up with the last ones.
    fn with_mask(&self, shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        if shapes.mask.rank() == shapes.input.rank()
            && shapes.mask.0.iter().zip(&shapes.input.0).all(|(axis, &of)| axis.agrees(of))
        {
            return Ok(Some(Box::new(Self { reads_mask: true, ..self.clone() })));
        }
        let mismatch = shapes.misfit(SOFTMAX.class);
        Err(mismatch.help("this layer needs a mask of the values themselves; for a softmax of each step write `Activation(\"softmax\")`"))
    }

    fn shown_mask(&self) -> ShownMask {
        ShownMask::First
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    fn layer(axes: &[i128]) -> Softmax {
        Softmax { axes: axes.to_vec(), span: None, reads_mask: false }
    }

    #[test]
    fn one_axis_or_several_sum_to_one() {
        let inputs = [array(&[1, 2, 2], &[0.0, 3.0, 0.0, 3.0])];
        let call = Call { inputs: &inputs, weights: &[] };
        assert_near(&layer(&[1]).evaluate(&call)[0], &[1, 2, 2], &[0.5; 4]);
        let [small, large] = [1.0 / (2.0 + 2.0 * 3.0_f64.exp()), 3.0_f64.exp() / (2.0 + 2.0 * 3.0_f64.exp())];
        assert_near(&layer(&[-1, 1]).evaluate(&call)[0], &[1, 2, 2], &[small, large, small, large]);
    }

    #[test]
    fn axes_that_are_not_there_or_the_batch_are_refused() {
        let codes = |axes: &[i128]| layer(axes).output_shapes(&[shape(&[None, Some(3), Some(4)])]).unwrap_err().code;
        assert_eq!(codes(&[3]), rnn_grammar::Code::E208);
        assert_eq!(codes(&[0]), rnn_grammar::Code::E209);
        assert_eq!(codes(&[-3]), rnn_grammar::Code::E209);
        assert_eq!(codes(&[1, -2]), rnn_grammar::Code::E210);
        assert_eq!(codes(&[]), rnn_grammar::Code::E210);
    }
}
