//! `data_format`: which axis of a sequence holds the features.
//!
//! Layers are written for features that come last. [`arranged`] puts the turning of the last two axes round such a layer where
//! the text says `data_format="channels_first"`.

use ndarray::ArrayD;
use rnn_grammar::Code;

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Recurrence, ShownMask, Streaming, Takes, WeightSpec};
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

/// The argument.
pub(crate) const DATA_FORMAT: Argument = Argument::optional(
    "data_format",
    Kind::Choice(&["channels_last", "channels_first"]),
    "None",
    "Which axis holds the features: the last one, or the one before it.",
);

/// The layer as `data_format` wants it.
pub(crate) fn arranged(arguments: &Arguments<'_>, layer: impl Layer + 'static) -> Box<dyn Layer> {
    if arguments.choice("data_format") == Some("channels_first") {
        Box::new(ChannelsFirst { inner: Box::new(layer) })
    } else {
        Box::new(layer)
    }
}

/// A layer whose tensors have their last two axes exchanged.
#[derive(Debug)]
struct ChannelsFirst {
    inner: Box<dyn Layer>,
}

/// The shape with its last two axes exchanged; vectors stay.
fn turned(shape: &Shape) -> Shape {
    let mut shape = shape.clone();
    let rank = shape.rank();
    if rank > 2 {
        shape.0.swap(rank - 2, rank - 1);
    }
    shape
}

fn turned_all(shapes: &[Shape]) -> Vec<Shape> {
    shapes.iter().map(turned).collect()
}

fn turned_array<R: Real>(array: &ArrayD<R>) -> ArrayD<R> {
    let rank = array.ndim();
    let mut view = array.view();
    if rank > 2 {
        view.swap_axes(rank - 2, rank - 1);
    }
    view.as_standard_layout().into_owned()
}

/// The kernels that exchange the last two axes of a sample.
fn turning(shape: &Shape) -> Lowered {
    let axes = shape.sample();
    let mut order: Vec<usize> = (0..axes.len()).collect();
    if axes.len() > 1 {
        order.swap(axes.len() - 2, axes.len() - 1);
    }
    kernels::permute(axes, &order)
}

impl ChannelsFirst {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let inputs: Vec<ArrayD<R>> = call.inputs.iter().map(turned_array).collect();
        let outputs = R::evaluate(self.inner.as_ref(), &Call { inputs: &inputs, weights: call.weights });
        outputs.iter().map(turned_array).collect()
    }
}

impl Layer for ChannelsFirst {
    fn declaration(&self) -> &'static Declaration {
        self.inner.declaration()
    }

    fn takes(&self) -> Takes {
        self.inner.takes()
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let has_states =
            |flags: Recurrence| flags.return_state || inputs.len() > 1 + usize::from(flags.masking.is_read);
        if self.inner.recurrence().is_some_and(has_states) {
            let class = self.declaration().class;
            let title = format!("states of `{class}` with `data_format=\"channels_first\"` are not supported yet");
            return Err(Mismatch::new(Code::E104, title, "features come before the rows")
                .help("turn the axes with `Permute` before and behind the layer"));
        }
        let outputs = self.inner.output_shapes(&turned_all(inputs)).map_err(|mut mismatch| {
            // What the layer says names the shape as it sees it.
            for shape in inputs {
                mismatch.title = mismatch.title.replace(&turned(shape).to_string(), &shape.to_string());
            }
            mismatch
        })?;
        Ok(turned_all(&outputs))
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        self.inner.weights(&turned_all(inputs))
    }

    fn stays_trainable(&self) -> bool {
        self.inner.stays_trainable()
    }

    fn describes_output(&self) -> Option<&'static str> {
        self.inner.describes_output()
    }

    fn sequence_fix(&self) -> Option<&'static str> {
        self.inner.sequence_fix()
    }

    fn recurrence(&self) -> Option<Recurrence> {
        self.inner.recurrence()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        match self.inner.streaming(&turned_all(inputs)) {
            // The first axis of a sample is the features, unless more than two axes follow the batch.
            Streaming::PerFrame | Streaming::Recurrent | Streaming::Windows
                if inputs.first().is_none_or(|shape| shape.rank() < 4) =>
            {
                Streaming::Impossible("reads the features before the timesteps".to_owned())
            }
            other => other,
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let inputs = turned_all(lowering.inputs);
        let outputs = self.inner.output_shapes(&inputs).unwrap_or_default();
        let mut operations = lowering.inputs.first().map_or(Ok(Vec::new()), turning)?;
        operations.extend(self.inner.lower(&Lowering { inputs: &inputs, ..*lowering })?);
        operations.extend(outputs.first().map_or(Ok(Vec::new()), turning)?);
        Ok(operations)
    }

    fn takes_mask(&self) -> bool {
        self.inner.takes_mask()
    }

    /// A mask tells which features count here, where the layer asks which timesteps do; a recurrent layer's is of timesteps
    /// wherever the features are.
    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        if self.inner.recurrence().is_some() {
            return self.inner.mask(call);
        }
        match (self.inner.takes_mask(), call.first()) {
            (true, Some(mask)) => {
                let (input, mask) = (call.shape(call.inputs[0]), call.shape(mask));
                Err(MaskShapes { input: &input, mask: &mask }.misfit(self.declaration().class))
            }
            _ => Ok(Masked::lost()),
        }
    }

    fn with_mask(&self, shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        let form = self.inner.with_mask(&MaskShapes { input: &turned(shapes.input), mask: shapes.mask })?;
        Ok(form.map(|inner| -> Box<dyn Layer> { Box::new(Self { inner }) }))
    }

    fn shown_mask(&self) -> ShownMask {
        if self.inner.recurrence().is_some() { self.inner.shown_mask() } else { ShownMask::None }
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use rnn_grammar::Code;

    use crate::layers::testing::{codes, output};

    #[test]
    fn the_last_two_axes_change_places() {
        let first = "data_format='channels_first'";
        assert_eq!(output(&format!("Input((2, 7)), MaxPooling1D(2, {first})")), "(None, 2, 3)");
        assert_eq!(output(&format!("Input((2, 7)), GlobalMaxPooling1D({first})")), "(None, 2)");
        assert_eq!(output(&format!("Input((2, 7)), GlobalAveragePooling1D({first}, keepdims=True)")), "(None, 2, 1)");
        assert_eq!(output(&format!("Input((2, None)), ZeroPadding1D(1, {first})")), "(None, 2, None)");
        assert_eq!(output(&format!("Input((3, 2, 7)), ConvLSTM1D(4, 2, {first})")), "(None, 4, 6)");
        assert_eq!(codes(&format!("Input((2, 3)), MaxPooling1D(4, {first})")), [Code::E221]);
        assert_eq!(codes(&format!("Input((3, 2, 7)), ConvLSTM1D(4, 2, {first}, return_state=True)")), [Code::E104]);
    }
}
