//! `Cropping1D`: leaves out timesteps at both ends.
//!
//! <https://keras.io/api/layers/reshaping_layers/cropping1d/>. No difference to Keras.

use ndarray::{ArrayD, Axis, Slice};
use rnn_grammar::{Code, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::margins::Margins;
use crate::passes_numbers_on;
use crate::plan::kernels::{self, windows};
use crate::plan::lowered::{Lowered, Lowering, Reach, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `Cropping1D`.
pub(crate) const CROPPING_1D: Declaration = Declaration {
    class: "Cropping1D",
    aliases: &[],
    base_name: "cropping1d",
    summary: "Leaves out timesteps at both ends.",
    details: "`(batch, timesteps, features)` becomes `(batch, timesteps - first - last, features)`.",
    arguments: &[Argument::optional(
        "cropping",
        Kind::Any,
        "(1, 1)",
        "How many timesteps at each end, or a pair for the first and the last ones.",
    )],
    takes_common: true,
    build,
};

/// A `Cropping1D` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Cropping {
    margins: Margins,
    span: Option<Span>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let margins = Margins::read(arguments, "cropping")?;
    Some(Box::new(Cropping { margins, span: arguments.get("cropping").span }))
}

impl Cropping {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let place = |number: u64| isize::try_from(number).unwrap_or(isize::MAX);
        let end = input.shape()[1] as isize - place(self.margins.last);
        let kept = input.slice_axis(Axis(1), Slice::new(place(self.margins.first), Some(end), 1));
        vec![kept.to_owned()]
    }
}

impl Layer for Cropping {
    fn declaration(&self) -> &'static Declaration {
        &CROPPING_1D
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(CROPPING_1D.class, inputs)?.sequence()?;
        let mut output = check.shape.clone();
        if let Dimension::Known(timesteps) = output.0[1] {
            let Some(left) = timesteps.checked_sub(self.margins.total()).filter(|&left| left > 0) else {
                let title = format!("`Cropping1D` leaves out {} timesteps of `{}`", self.margins.total(), check.shape);
                return Err(Mismatch::new(Code::E221, title, "nothing would be left").within(self.span));
            };
            output.0[1] = Dimension::Known(left);
        }
        Ok(vec![output])
    }

    passes_numbers_on!();

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::Windows
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        if self.margins.total() == 0 {
            return Ok(Vec::new());
        }
        let whole = match lowering.sample().first().and_then(|axis| axis.known()) {
            Some(timesteps) => {
                let picked = (i128::from(self.margins.first), 1, timesteps.saturating_sub(self.margins.total()));
                kernels::pick(lowering.sample(), &[Some(picked), None], false)?.pop()
            }
            None => None,
        };
        let timesteps = |number: u64| fixed(Dimension::Known(number));
        let first = isize::try_from(self.margins.first).unwrap_or(isize::MAX);
        let reach = Reach { first, after: timesteps(self.margins.last)?, ..Reach::ROWS };
        Ok(vec![windows::moved(reach, false, whole, lowering.elements_from(1)?)])
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, output};

    #[test]
    fn both_ends_are_left_out() {
        let layer = Cropping { margins: Margins { first: 1, last: 0 }, span: None };
        let inputs = [array(&[1, 3, 1], &[1.0, 2.0, 3.0])];
        assert_near(&layer.evaluate(&Call { inputs: &inputs, weights: &[] })[0], &[1, 2, 1], &[2.0, 3.0]);
        assert_eq!(output("Input((7, 2)), Cropping1D((2, 1))"), "(None, 4, 2)");
        assert_eq!(output("Input((None, 2)), Cropping1D()"), "(None, None, 2)");
        assert_eq!(codes("Input((4, 2)), Cropping1D(2)"), [Code::E221]);
        assert_eq!(codes("Input((4,)), Cropping1D(2)"), [Code::E204]);
        assert_eq!(codes("Input((4, 2)), Cropping1D(-1)"), [Code::E115]);
        assert_eq!(codes("Input((4, 2)), Cropping1D((1, 1, 1))"), [Code::E115]);
    }
}
