//! What recurrent layers share: their flags, their shapes, the walk over time; [`layer`] makes a [`Layer`](crate::layer::Layer)
//! of a cell's formula.

pub(crate) mod arguments;
pub(crate) mod layer;
mod masked;
pub(crate) mod states;

use ndarray::{Array2, Array3, ArrayD, ArrayView1, ArrayView2, Axis, Ix1, Ix2, Ix3, s};
use rnn_grammar::{Code, Diagnostic};

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::layer::{Call, Mismatch, Recurrence, StepMasking, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::lowered::AtMasked;
use crate::reference::activation;
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

pub(crate) use masked::{at_masked, evaluate_masked};

/// The fix that makes a recurrent layer answer a sequence.
pub(crate) const SEQUENCE_FIX: &str = "return_sequences=True";
/// What a recurrent layer without it answers.
pub(crate) const LAST_STEP: &str = "returns only its last step";

/// Reads the flags of a recurrent layer's call.
pub(crate) fn flags(arguments: &Arguments<'_>, n_states: usize) -> Recurrence {
    flags_of(arguments, arguments.positive("units"), n_states)
}

/// The same where the width is not the call's own argument.
pub(crate) fn flags_of(arguments: &Arguments<'_>, units: u64, n_states: usize) -> Recurrence {
    Recurrence {
        units,
        return_sequences: arguments.boolean("return_sequences"),
        go_backwards: arguments.boolean("go_backwards"),
        stateful: arguments.boolean("stateful"),
        unroll: arguments.get("unroll").span.map(|_| arguments.boolean("unroll")),
        return_state: arguments.boolean("return_state"),
        n_states,
        masking: StepMasking { zeros: arguments.boolean("zero_output_for_mask"), ..StepMasking::default() },
    }
}

/// An activation of a layer's own output; those that change the width are reported and refused.
pub(crate) fn activation_of(arguments: &mut Arguments<'_>, name: &str) -> Option<Activation> {
    let activation = arguments.activation(name);
    if activation != Activation::Glu {
        return Some(activation);
    }
    let title = format!("the activation `glu` halves the width of `{}`", arguments.declaration.class);
    let diagnostic = Diagnostic::new(Code::E218, arguments.span(name), title)
        .at("changes the width")
        .note("Keras declares the full width here and then computes half of it")
        .help("choose an activation that keeps the width");
    arguments.report(diagnostic);
    None
}

/// A cell's weights: kernel, recurrent kernel, and a bias of this shape.
#[derive(Debug)]
pub(crate) struct CellWeights<'a> {
    /// The cell's name: `lstm_cell`.
    pub(crate) cell: &'a str,
    /// How many gates stand side by side in each matrix.
    pub(crate) n_gates: u64,
    /// The bias' shape, where there is one.
    pub(crate) bias: Option<Vec<u64>>,
}

/// The time loop of a recurrent layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeLoop {
    /// Keras's class name.
    pub(crate) class: &'static str,
    /// The flags.
    pub(crate) flags: Recurrence,
}

impl TimeLoop {
    /// `(batch, timesteps, units)` or `(batch, units)`, and where they are asked for the states, `(batch, units)` each.
    pub(crate) fn output_shapes(self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let (sequence, states) = self.split(inputs);
        let check = Check::single(self.class, sequence)?.sequence()?;
        check.features()?;
        let [batch, timesteps] = [check.shape.0[0], check.shape.0[1]];
        self.check_flags(check.shape)?;
        self.check_states(batch, states)?;
        let units = Dimension::Known(self.flags.units);
        let first = if self.flags.return_sequences { vec![batch, timesteps, units] } else { vec![batch, units] };
        let mut outputs = vec![Shape(first)];
        if self.flags.return_state {
            outputs.resize(1 + self.flags.n_states, Shape(vec![batch, units]));
        }
        Ok(outputs)
    }

    /// The sequence, and the states to begin with: what is read but for the mask.
    fn split<T>(self, inputs: &[T]) -> (&[T], &[T]) {
        let end = inputs.len() - usize::from(self.flags.masking.is_read && inputs.len() > 1);
        inputs[..end].split_at(end.min(1))
    }

    /// What becomes of the sequence's mask. Keras hands none to a layer that it calls with states too, unless the call
    /// gives it.
    pub(crate) fn mask(self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        let masked = Masked::with(call.first().filter(|_| self.flags.return_sequences));
        if call.first().is_none() {
            return Ok(Masked::ended());
        }
        if call.inputs.len() > 1 && !call.is_given {
            return Ok(masked.unused_for_states());
        }
        if self.flags.masking.is_turned {
            call.turn_first()?;
        }
        call.use_first()?;
        Ok(masked)
    }

    /// The flags of the same layer reading its mask.
    pub(crate) fn masked_flags(self, shapes: &MaskShapes<'_>) -> Result<Recurrence, Mismatch> {
        shapes.check_steps(self.class)?;
        Ok(Recurrence { masking: StepMasking { is_read: true, ..self.flags.masking }, ..self.flags })
    }

    /// What unrolling and keeping the state ask of the input.
    pub(crate) fn check_flags(self, shape: &Shape) -> Result<(), Mismatch> {
        let [batch, timesteps] = [shape.0[0], shape.0[1]];
        if self.flags.unroll == Some(true) && timesteps == Dimension::Free {
            let title = format!("`{}` can't be unrolled over `{}`", self.class, shape);
            return Err(Mismatch::new(Code::E214, title, "the number of timesteps is free")
                .help("fix the timesteps, e.g. `Input(shape=(10, 8))`, or drop `unroll=True`"));
        }
        if self.flags.stateful && batch == Dimension::Free {
            let title = format!("`{}` is stateful and needs a fixed batch, but gets `{}`", self.class, shape);
            return Err(Mismatch::new(Code::E215, title, "needs a fixed batch size")
                .help("fix it, e.g. `Input(batch_shape=(1, 10, 8))`"));
        }
        Ok(())
    }

    /// The states to begin with, if there are any.
    fn check_states(self, batch: Dimension, states: &[Shape]) -> Result<(), Mismatch> {
        if states.is_empty() {
            return Ok(());
        }
        states::check_count(self.class, self.flags.n_states, states.len())?;
        states::check_vectors(self.class, batch, self.flags.units, states)
    }

    /// Kernel, recurrent kernel and bias, below the cell's name.
    pub(crate) fn weights(self, inputs: &[Shape], cell: &CellWeights<'_>) -> Vec<WeightSpec> {
        let units = self.flags.units;
        let features = inputs.first().and_then(Shape::last).and_then(Dimension::known).unwrap_or(0);
        let width = cell.n_gates.saturating_mul(units);
        let path = |name: &str| format!("{}/{name}", cell.cell);
        let mut weights = vec![
            WeightSpec::new(path("kernel"), &[features, width]),
            WeightSpec::new(path("recurrent_kernel"), &[units, width]),
        ];
        weights.extend(cell.bias.as_ref().map(|shape| WeightSpec::new(path("bias"), shape)));
        weights
    }

    /// Frames in order, unless the layer starts at the end.
    pub(crate) fn streaming(self) -> Streaming {
        let answers_at_end = self.flags.masking.is_read && !self.flags.return_sequences;
        if self.flags.go_backwards {
            Streaming::Impossible("reads the sequence from its end".to_owned())
        } else if answers_at_end && at_masked(self.flags, true) != AtMasked::Repeat {
            Streaming::Impossible("answers zeros where its last step is masked".to_owned())
        } else {
            Streaming::Recurrent
        }
    }

    /// A state before the first step: the given one, or zero.
    pub(crate) fn first_state<R: Real>(call: &Call<'_, R>, index: usize) -> Array2<R> {
        match call.inputs.get(1 + index) {
            Some(state) => matrix(state).to_owned(),
            None => Array2::zeros((call.inputs[0].shape()[0], call.weights[1].shape()[0])),
        }
    }

    /// Runs `step` over time. It gets one step of every sample's input product (`x·K`, shape `[batch, gates ·
    /// units]`) and the previous output `[batch, units]`, the first state at first, and answers the next output. The
    /// answer is the layer's output, and behind it the last step's where states are asked for.
    pub(crate) fn run<R: Real>(
        self,
        call: &Call<'_, R>,
        mut step: impl FnMut(ArrayView2<'_, R>, &Array2<R>) -> Array2<R>,
    ) -> Vec<ArrayD<R>> {
        let input = rank_3(&call.inputs[0]);
        let kernel = matrix(&call.weights[0]);
        let (batch, timesteps, features) = input.dim();
        let units = call.weights[1].shape()[0];
        let frames = input.as_standard_layout().into_owned();
        let frames = frames
            .into_shape_with_order((batch * timesteps, features))
            .unwrap_or_else(|_| unreachable!("an array in standard layout takes any shape of the same size"));
        let products = frames.dot(&kernel);
        let products = products
            .into_shape_with_order((batch, timesteps, kernel.ncols()))
            .unwrap_or_else(|_| unreachable!("a product is in standard layout"));
        let mut output = Self::first_state(call, 0);
        let mut sequence = Array3::zeros((batch, if self.flags.return_sequences { timesteps } else { 0 }, units));
        for place in 0..timesteps {
            let time = if self.flags.go_backwards { timesteps - 1 - place } else { place };
            output = step(products.index_axis(Axis(1), time), &output);
            if self.flags.return_sequences {
                sequence.index_axis_mut(Axis(1), place).assign(&output);
            }
        }
        let last = output.clone().into_dyn();
        let mut answers = vec![if self.flags.return_sequences { sequence.into_dyn() } else { output.into_dyn() }];
        if self.flags.return_state {
            answers.push(last);
        }
        answers
    }
}

/// The columns of one gate.
pub(crate) fn block<'a, R: Real>(sums: &'a ArrayView2<'_, R>, gate: usize, units: usize) -> ArrayView2<'a, R> {
    sums.slice(s![.., gate * units..(gate + 1) * units])
}

/// An activation as a function of a matrix.
pub(crate) fn activated<R: Real>(activation: Activation, mut sums: Array2<R>) -> Array2<R> {
    activation::apply(activation, &mut sums);
    sums
}

/// An array that a checked shape makes a matrix.
pub(crate) fn matrix<R: Real>(array: &ArrayD<R>) -> ArrayView2<'_, R> {
    array.view().into_dimensionality::<Ix2>().unwrap_or_else(|_| unreachable!("the shape is checked: a matrix"))
}

/// An array that a checked shape makes a vector.
pub(crate) fn vector<R: Real>(array: &ArrayD<R>) -> ArrayView1<'_, R> {
    array.view().into_dimensionality::<Ix1>().unwrap_or_else(|_| unreachable!("the shape is checked: a vector"))
}

fn rank_3<R: Real>(array: &ArrayD<R>) -> ndarray::ArrayView3<'_, R> {
    array.view().into_dimensionality::<Ix3>().unwrap_or_else(|_| unreachable!("the shape is checked: a sequence"))
}
