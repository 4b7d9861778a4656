//! `data_format`: which axis of a sequence holds the features.
//!
//! Layers are written for features that come last. [`arranged`] puts the turning of the last two axes round such a layer where
//! the text says `data_format="channels_first"`.

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Recurrence, ShownMask, Streaming, Takes, WeightSpec};
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::kernels;
use crate::plan::lowered::{From, Lowered, Lowering, NoCode, Operand, Operation};
use crate::reference::real::Real;
use crate::shape::Shape;
use ndarray::ArrayD;

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

/// What is read from there, of this shape, with its last two axes exchanged.
fn turned_from(from: From, shape: &Shape) -> Result<Operation, NoCode> {
    let width = kernels::product_of(&shape.sample()[shape.rank() - 3..])?;
    Ok(kernels::copied(Operand { from, prepare: turning(shape)?, width }))
}

fn around(inner: Box<dyn Layer>) -> Box<dyn Layer> {
    Box::new(ChannelsFirst { inner })
}

impl ChannelsFirst {
    /// How many states are outputs.
    fn n_states(&self) -> usize {
        self.inner.recurrence().filter(|flags| flags.return_state).map_or(0, |flags| flags.n_states)
    }

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

    fn reversed(&self) -> Option<Box<dyn Layer>> {
        Some(around(self.inner.reversed()?))
    }

    fn with_zeros(&self, zeros: bool) -> Option<Box<dyn Layer>> {
        Some(around(self.inner.with_zeros(zeros)?))
    }

    /// As a layer in a row `Bidirectional` puts each direction's axes back before it joins them.
    fn chain(&self) -> Option<Vec<(String, Box<dyn Layer>)>> {
        let copy = self.reversed()?.reversed()?;
        Some(vec![(self.declaration().base_name.to_owned(), copy)])
    }

    /// States stand right before the output.
    fn further_outputs(&self, n_operations: usize) -> Vec<usize> {
        match self.n_states() {
            0 => Vec::new(),
            n_states => (n_operations - 1 - n_states..n_operations - 1).collect(),
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let inputs = turned_all(lowering.inputs);
        let outputs = self.inner.output_shapes(&inputs).unwrap_or_default();
        let mut operations = lowering.inputs.first().map_or(Ok(Vec::new()), turning)?;
        operations.extend(self.inner.lower(&Lowering { inputs: &inputs, ..*lowering })?);
        for operation in &mut operations {
            if let Operation::Recurrent(recurrent) = operation {
                let states = lowering.inputs.get(1..).unwrap_or(&[]).iter().filter(|shape| shape.rank() > 2);
                recurrent.prepare = states.map(turning).collect::<Result<_, _>>()?;
            }
        }
        if self.n_states() == 0 {
            operations.extend(outputs.first().map_or(Ok(Vec::new()), turning)?);
            return Ok(operations);
        }
        let output = From::Made(operations.len().saturating_sub(1));
        for (place, state) in outputs.iter().skip(1).enumerate() {
            operations.push(turned_from(From::State(place), state)?);
        }
        operations.push(turned_from(output, &outputs[0])?);
        Ok(operations)
    }

    fn computed_type(&self, output: usize, inputs: &[InputType]) -> InputType {
        self.inner.computed_type(output, inputs)
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
        Ok(form.map(around))
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
        assert_eq!(output(&format!("Input((3, 2, 7)), Bidirectional(ConvLSTM1D(4, 2, {first}))")), "(None, 4, 12)");
    }
}
