//! `ZeroPadding1D`: puts zeros before and behind a sequence.
//!
//! <https://keras.io/api/layers/reshaping_layers/zero_padding1d/>. No difference to Keras.

use ndarray::{ArrayD, Axis, IxDyn, Slice};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::data_format::{DATA_FORMAT, arranged};
use crate::layers::margins::Margins;
use crate::passes_numbers_on;
use crate::plan::kernels::windows;
use crate::plan::lowered::{Lowered, Lowering, Reach, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `ZeroPadding1D`.
pub(crate) const ZERO_PADDING_1D: Declaration = Declaration {
    class: "ZeroPadding1D",
    aliases: &[],
    base_name: "zero_padding1d",
    summary: "Puts zeros before and behind a sequence.",
    details: "`(batch, timesteps, features)` becomes `(batch, first + timesteps + last, features)`.",
    arguments: &[
        Argument::optional(
            "padding",
            Kind::Any,
            "1",
            "How many timesteps at each end, or a pair for those before and behind.",
        ),
        DATA_FORMAT,
    ],
    takes_common: true,
    build,
};

/// A `ZeroPadding1D` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct ZeroPadding {
    margins: Margins,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let margins = Margins::read(arguments, "padding");
    Some(arranged(arguments, ZeroPadding { margins: margins? }))
}

impl ZeroPadding {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let mut shape = input.shape().to_vec();
        shape[1] += size(self.margins.total());
        let mut output = ArrayD::zeros(IxDyn(&shape));
        let first = size(self.margins.first);
        output.slice_axis_mut(Axis(1), Slice::from(first..first + input.shape()[1])).assign(input);
        vec![output]
    }
}

impl Layer for ZeroPadding {
    fn declaration(&self) -> &'static Declaration {
        &ZERO_PADDING_1D
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let mut output = Check::single(ZERO_PADDING_1D.class, inputs)?.sequence()?.shape.clone();
        if let Dimension::Known(timesteps) = output.0[1] {
            output.0[1] = Dimension::Known(timesteps.saturating_add(self.margins.total()));
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
        let (elements, features) = (lowering.elements_from(0).ok(), lowering.elements_from(1)?);
        let timesteps = |number: u64| fixed(Dimension::Known(number));
        let (before, behind) = (timesteps(self.margins.first)?, timesteps(self.margins.last)?);
        let first = -isize::try_from(before).unwrap_or(isize::MAX);
        let reach = Reach { first, missing: behind, ..Reach::ROWS };
        let whole = elements.map(|elements| windows::pad(elements, before * features, behind * features));
        Ok(if before + behind == 0 { Vec::new() } else { vec![windows::moved(reach, false, whole, features)] })
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, output};
    use rnn_grammar::Code;

    #[test]
    fn zeros_stand_at_both_ends() {
        let layer = ZeroPadding { margins: Margins { first: 1, last: 2 } };
        let inputs = [array(&[1, 2, 1], &[1.0, 2.0])];
        let values = layer.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 5, 1], &[0.0, 1.0, 2.0, 0.0, 0.0]);
        assert_eq!(output("Input((7, 2)), ZeroPadding1D((2, 1))"), "(None, 10, 2)");
        assert_eq!(output("Input((None, 2)), ZeroPadding1D(data_format='channels_last')"), "(None, None, 2)");
        assert_eq!(codes("Input((4, 2)), ZeroPadding1D('a')"), [Code::E115]);
        assert_eq!(codes("Input((4, 2)), ZeroPadding1D(data_format='last')"), [Code::E117]);
    }
}
