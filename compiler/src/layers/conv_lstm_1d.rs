//! `ConvLSTM1D`: an LSTM over frames of several rows, whose products are convolutions over the rows.
//!
//! i, f, g, o = split(conv(x, K) + b + conv(h, R)); c' = rec(f)·c + rec(i)·act(g); h' = rec(o)·act(c').
//! Shi et al. 2015, arXiv:1506.04214. <https://keras.io/api/layers/recurrent_layers/conv_lstm1d/>
//!
//! The state's convolution has stride 1 and reaches over both ends. A step counts where any of its rows does. Differences to Keras:
//! on JAX and NumPy, Keras lays a mask's batch over the rows and so fails unless there is one sample or as many as rows, in which
//! case it mixes samples; here each sample has its own mask, as with one sample there; strides of 0 and states of another shape are
//! refused at once.

use ndarray::{Array3, Array4, ArrayD, ArrayView3, Axis, Ix3, Ix4, s};
use rnn_grammar::Code;

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Recurrence, ShownMask, StepMasking, Streaming, Takes, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::convolution::{Convolution, DILATION_RATE, PADDING, add_tap};
use crate::layers::data_format::{DATA_FORMAT, arranged};
use crate::layers::mask_of::MaskOf;
use crate::layers::recurrent::arguments::{
    ACTIVITY_REGULARIZER, BIAS_CONSTRAINT, BIAS_INITIALIZER, BIAS_REGULARIZER, DROPOUT, GO_BACKWARDS,
    KERNEL_CONSTRAINT, KERNEL_INITIALIZER, KERNEL_REGULARIZER, RECURRENT_ACTIVATION, RECURRENT_CONSTRAINT,
    RECURRENT_DROPOUT, RECURRENT_INITIALIZER, RECURRENT_REGULARIZER, RETURN_SEQUENCES, RETURN_STATE, SEED, STATEFUL,
    UNROLL, USE_BIAS, ZERO_OUTPUT_FOR_MASK,
};
use crate::layers::recurrent::states::{check_count, check_shapes};
use crate::layers::recurrent::{LAST_STEP, SEQUENCE_FIX, TimeLoop, activation_of, evaluate_masked, flags_of, vector};
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::kernels::conv_lstm::{ConvSizes, conv_lstm};
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::activation;
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `ConvLSTM1D`.
pub(crate) const CONV_LSTM_1D: Declaration = Declaration {
    class: "ConvLSTM1D",
    aliases: &[],
    base_name: "conv_lstm1d",
    summary: "An LSTM over frames of several rows: its products are convolutions over the rows.",
    details: "`(batch, timesteps, rows, channels)` becomes `(batch, places, filters)`, or `(batch, timesteps, places, filters)` with \
              `return_sequences`. `i, f, g, o = split(conv(x, kernel) + bias + conv(h, recurrent_kernel))`, \
              `c' = recurrent_activation(f)·c + recurrent_activation(i)·activation(g)`, \
              `h' = recurrent_activation(o)·activation(c')`, step by step from zero. The state's convolution has stride 1 and \
              zeros beyond both ends.\n\n\
              Weights: `kernel` (kernel_size, channels, 4·filters), `recurrent_kernel` (kernel_size, filters, 4·filters), `bias` \
              (4·filters); column blocks i, f, c, o.",
    arguments: &[
        Argument::required("filters", Kind::PositiveInteger, "Channels of the state and of each output."),
        Argument::required("kernel_size", Kind::Any, "Rows that a filter reads."),
        Argument::optional("strides", Kind::Any, "1", "Rows from one place of the filters to the next."),
        PADDING,
        DATA_FORMAT,
        DILATION_RATE,
        Argument::optional("activation", Kind::Activation, "\"tanh\"", "Applied to the candidate and to the cell."),
        RECURRENT_ACTIVATION,
        USE_BIAS,
        KERNEL_INITIALIZER,
        RECURRENT_INITIALIZER,
        BIAS_INITIALIZER,
        Argument::optional("unit_forget_bias", Kind::Boolean, "True", "Training only."),
        KERNEL_REGULARIZER,
        RECURRENT_REGULARIZER,
        BIAS_REGULARIZER,
        ACTIVITY_REGULARIZER,
        KERNEL_CONSTRAINT,
        RECURRENT_CONSTRAINT,
        BIAS_CONSTRAINT,
        DROPOUT,
        RECURRENT_DROPOUT,
        SEED,
        RETURN_SEQUENCES,
        RETURN_STATE,
        GO_BACKWARDS,
        STATEFUL,
        UNROLL,
        ZERO_OUTPUT_FOR_MASK,
    ],
    takes_common: true,
    build,
};

/// The cell's name, below which its weights are.
const CELL: &str = "conv_lstm_cell";

/// A `ConvLSTM1D` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct ConvLstm1D {
    /// The filters are its units.
    flags: Recurrence,
    convolution: Convolution,
    recurrent_activation: Activation,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let convolution = Convolution::read(arguments)?;
    convolution.refuses_strides_with_dilation(arguments)?;
    let recurrent_activation = activation_of(arguments, "recurrent_activation")?;
    let flags = flags_of(arguments, arguments.positive("filters"), 2);
    Some(arranged(arguments, ConvLstm1D { flags, convolution, recurrent_activation }))
}

impl ConvLstm1D {
    fn time_loop(&self) -> TimeLoop {
        TimeLoop { class: CONV_LSTM_1D.class, flags: self.flags }
    }

    /// Batch, timesteps and the places of the filters.
    fn check(&self, inputs: &[Shape]) -> Result<(Dimension, Dimension, u64), Mismatch> {
        let check = Check::single(CONV_LSTM_1D.class, &inputs[..inputs.len().min(1)])?;
        let check = check.exactly(
            4,
            "(batch, timesteps, rows, channels)",
            "give each timestep rows and channels, e.g. `Input(shape=(10, 8, 3))`",
        )?;
        check.features()?;
        let rows = check.known_axis(2)?;
        let (places, _) = self.convolution.windows.over(rows);
        if places > 0 {
            return Ok((check.shape.0[0], check.shape.0[1], places));
        }
        let span = self.convolution.windows.span();
        let title = format!("`ConvLSTM1D` has filters over {span} rows, but gets `{}`", check.shape);
        Err(Mismatch::new(Code::E221, title, "no filter fits")
            .within(self.convolution.span)
            .help("choose a smaller `kernel_size`, or let filters reach over the ends with `padding=\"same\"`"))
    }

    /// The states to begin with, if there are any.
    fn check_states(&self, state: &Shape, states: &[Shape]) -> Result<(), Mismatch> {
        if states.is_empty() {
            return Ok(());
        }
        check_count(CONV_LSTM_1D.class, self.flags.n_states, states.len())?;
        check_shapes(CONV_LSTM_1D.class, state, states, |given| {
            given.rank() == state.rank() && given.0.iter().zip(&state.0).all(|(given, wanted)| given.agrees(*wanted))
        })
    }

    /// i, f, g and o of all places.
    fn sums<R: Real>(&self, call: &Call<'_, R>, frame: &ArrayView3<'_, R>, hidden: &Array3<R>) -> Array3<R> {
        let (batch, places, filters) = hidden.dim();
        let mut sums = Array3::zeros((batch, places, 4 * filters));
        let [kernel, recurrent_kernel] = [0, 1].map(|index| cube(&call.weights[index]));
        let windows = self.convolution.windows;
        let (_, before) = windows.over(frame.len_of(Axis(1)) as u64);
        let reach = (windows.size - 1) / 2;
        for tap in 0..kernel.len_of(Axis(0)) {
            let first = tap as i128 * i128::from(windows.dilation) - i128::from(before);
            let stride = i128::from(windows.stride);
            add_tap(&mut sums.view_mut(), frame, &kernel.index_axis(Axis(0), tap), (stride, first));
            let first = tap as i128 - i128::from(reach);
            add_tap(&mut sums.view_mut(), &hidden.view(), &recurrent_kernel.index_axis(Axis(0), tap), (1, first));
        }
        if self.convolution.use_bias {
            sums += &vector(&call.weights[2]);
        }
        sums
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        if self.flags.masking.is_read {
            return evaluate_masked(call, self.flags, |flags, call| Self { flags, ..self.clone() }.evaluate(call));
        }
        let input = call.inputs[0].view().into_dimensionality::<Ix4>();
        let input = input.unwrap_or_else(|_| unreachable!("the shape is checked: frames of rows"));
        let (batch, timesteps, rows, _) = input.dim();
        let windows = self.convolution.windows;
        let (places, _) = windows.over(rows as u64);
        let filters = call.weights[1].shape()[1];
        let shape = (batch, usize::try_from(places).unwrap_or(0), filters);
        let first = |index: usize| {
            call.inputs.get(1 + index).map_or_else(|| Array3::zeros(shape), |state| cube(state).to_owned())
        };
        let [mut hidden, mut cell] = [first(0), first(1)];
        let steps = if self.flags.return_sequences { timesteps } else { 0 };
        let mut sequence = Array4::zeros((batch, steps, shape.1, filters));
        for step in 0..timesteps {
            let time = if self.flags.go_backwards { timesteps - 1 - step } else { step };
            let sums = self.sums(call, &input.index_axis(Axis(1), time), &hidden);
            let gate = |index: usize, function: Activation| {
                let mut gate = sums.slice(s![.., .., index * filters..(index + 1) * filters]).to_owned();
                activation::apply(function, &mut gate);
                gate
            };
            let main = self.convolution.activation;
            let [i, f, o] = [0, 1, 3].map(|index| gate(index, self.recurrent_activation));
            cell = f * &cell + i * gate(2, main);
            let mut active = cell.clone();
            activation::apply(main, &mut active);
            hidden = o * active;
            if self.flags.return_sequences {
                sequence.index_axis_mut(Axis(1), step).assign(&hidden);
            }
        }
        let mut answers =
            vec![if self.flags.return_sequences { sequence.into_dyn() } else { hidden.clone().into_dyn() }];
        if self.flags.return_state {
            answers.extend([hidden.into_dyn(), cell.into_dyn()]);
        }
        answers
    }
}

/// Whether a mask has the samples and timesteps of the input.
fn fits_steps(mask: &Shape, input: &Shape) -> bool {
    mask.0.iter().zip(&input.0).take(2).all(|(left, &right)| left.agrees(right))
}

fn cube<R: Real>(array: &ArrayD<R>) -> ArrayView3<'_, R> {
    array.view().into_dimensionality::<Ix3>().unwrap_or_else(|_| unreachable!("the shape is checked: three axes"))
}

impl Layer for ConvLstm1D {
    fn declaration(&self) -> &'static Declaration {
        &CONV_LSTM_1D
    }

    fn takes(&self) -> Takes {
        Takes::Sequence
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let (batch, timesteps, places) = self.check(inputs)?;
        self.time_loop().check_flags(&inputs[0])?;
        let state = Shape(vec![batch, Dimension::Known(places), Dimension::Known(self.flags.units)]);
        let given = inputs.get(1..).unwrap_or(&[]);
        self.check_states(
            &state,
            &given[..given.len() - usize::from(self.flags.masking.is_read && !given.is_empty())],
        )?;
        let mut output = state.clone();
        if self.flags.return_sequences {
            output.0.insert(1, timesteps);
        }
        let mut outputs = vec![output];
        if self.flags.return_state {
            outputs.resize(1 + self.flags.n_states, state);
        }
        Ok(outputs)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let channels = inputs.first().and_then(Shape::last).and_then(Dimension::known).unwrap_or(0);
        let (taps, filters) = (self.convolution.windows.size, self.flags.units);
        let width = filters.saturating_mul(4);
        let add = |name: &str, shape: &[u64]| WeightSpec::new(format!("{CELL}/{name}"), shape);
        let mut weights =
            vec![add("kernel", &[taps, channels, width]), add("recurrent_kernel", &[taps, filters, width])];
        weights.extend(self.convolution.use_bias.then(|| add("bias", &[width])));
        weights
    }

    fn describes_output(&self) -> Option<&'static str> {
        (!self.flags.return_sequences).then_some(LAST_STEP)
    }

    fn sequence_fix(&self) -> Option<&'static str> {
        (!self.flags.return_sequences).then_some(SEQUENCE_FIX)
    }

    /// Its cell is made before the layer is frozen.
    fn stays_trainable(&self) -> bool {
        true
    }

    fn recurrence(&self) -> Option<Recurrence> {
        Some(self.flags)
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        self.time_loop().streaming()
    }

    fn reversed(&self) -> Option<Box<dyn Layer>> {
        let mut layer = self.clone();
        layer.flags.go_backwards = !layer.flags.go_backwards;
        Some(Box::new(layer))
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let [timesteps, rows, channels] = match *lowering.sample() {
            [timesteps, rows, channels] => [timesteps, rows, channels],
            _ => return Ok(Vec::new()),
        };
        let rows = fixed(rows)?;
        let windows = self.convolution.windows;
        let (places, before) = windows.over(rows as u64);
        let size = |number: u64| fixed(Dimension::Known(number));
        let sizes = ConvSizes {
            rows,
            channels: fixed(channels)?,
            filters: size(self.flags.units)?,
            places: size(places)?,
            taps: size(windows.size)?,
            window: [size(windows.stride)?, size(windows.dilation)?, size(before)?],
            timesteps: fixed(timesteps).ok(),
            has_initial: lowering.inputs.len() > 1 + usize::from(self.flags.masking.is_read),
            use_bias: self.convolution.use_bias,
        };
        conv_lstm(lowering, sizes, self.flags, [self.convolution.activation, self.recurrent_activation])
    }

    fn takes_mask(&self) -> bool {
        true
    }

    fn with_zeros(&self, zeros: bool) -> Option<Box<dyn Layer>> {
        let masking = StepMasking { zeros, ..self.flags.masking };
        Some(Box::new(Self { flags: Recurrence { masking, ..self.flags }, ..self.clone() }))
    }

    /// As that of other recurrent layers, once a mask of rows is one of steps.
    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        let Some(mask) = call.first() else { return Ok(Masked::ended()) };
        let (input, shape) = (call.shape(call.inputs[0]), call.shape(mask));
        if shape.rank() == 3 {
            // Keras asks how many rows there are only where it has to lay the mask over them.
            let is_laid = self.flags.unroll == Some(true) && shape.last() != Some(Dimension::Known(1));
            if is_laid || !fits_steps(&shape, &input) {
                let mismatch = MaskShapes { input: &input, mask: &shape }.misfit(CONV_LSTM_1D.class);
                return Err(match is_laid {
                    true => mismatch.help("leave out `unroll=True`: Keras fails over a mask of several rows with it"),
                    false => mismatch,
                });
            }
            // A step counts where any of its rows does.
            let steps = call.add(MaskOf::Different(0.0), &[mask])?;
            call.masks[0] = Some(steps);
        }
        let masked = self.time_loop().mask(call)?;
        Ok(masked.passing(Some(mask).filter(|_| self.flags.return_sequences)))
    }

    fn with_mask(&self, shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        if shapes.mask.rank() != 2 || !fits_steps(shapes.mask, shapes.input) {
            return Err(shapes.misfit(CONV_LSTM_1D.class));
        }
        let masking = StepMasking { is_read: true, ..self.flags.masking };
        Ok(Some(Box::new(Self { flags: Recurrence { masking, ..self.flags }, ..self.clone() })))
    }

    fn shown_mask(&self) -> ShownMask {
        if self.flags.return_sequences { ShownMask::First } else { ShownMask::None }
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::convolution::tests::evaluated;
    use crate::layers::testing::{array, assert_near, codes, output, shape};
    use crate::reference::activation::sigmoid;

    #[test]
    fn one_filter_by_hand() {
        // Two rows, one tap: each row is an LSTM of one unit.
        let values = evaluated(
            "Input((1, 2, 1)), ConvLSTM1D(1, 1)",
            &[
                (&[1, 1, 2, 1], &[1.0, -1.0]),
                (&[1, 1, 4], &[0.1, 0.2, 0.3, 0.4]),
                (&[1, 1, 4], &[9.0, 9.0, 9.0, 9.0]),
                (&[4], &[0.01, 0.02, 0.03, 0.04]),
            ],
        );
        let unit = |x: f64| {
            let cell = sigmoid(0.01 + 0.1 * x) * (0.03 + 0.3 * x).tanh();
            sigmoid(0.04 + 0.4 * x) * cell.tanh()
        };
        assert_near(&values, &[1, 2, 1], &[unit(1.0), unit(-1.0)]);
    }

    #[test]
    fn the_state_is_read_over_both_ends() {
        // Linear and without gates' weights but for g and the biases: c = c/2 + act(g)/2, h = c/2.
        let layer = "ConvLSTM1D(1, 3, padding='same', activation=None, use_bias=False, return_sequences=True)";
        let values = evaluated(
            &format!("Input((2, 3, 1)), {layer}"),
            &[
                (&[1, 2, 3, 1], &[4.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
                (&[3, 1, 4], &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
                (&[3, 1, 4], &[0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
            ],
        );
        // First step: c = 2 at the first row, h = 1. Second: g = 8·h of the row before, c = (1, 4, 0).
        assert_near(&values, &[1, 2, 3, 1], &[1.0, 0.0, 0.0, 0.5, 2.0, 0.0]);
    }

    #[test]
    fn masked_steps_keep_the_state() {
        let weights = [array(&[1, 1, 4], &[0.1, 0.2, 0.3, 0.4]), array(&[1, 1, 4], &[0.5; 4]), array(&[4], &[0.1; 4])];
        let run = |more: &str, mask: &[f64], rows: &[f64]| {
            let text =
                format!("model = Sequential([Input((3, 1, 1)), ConvLSTM1D(1, 1, return_sequences=True{more})])\n");
            let compiled = crate::compile(&rnn_grammar::Source::new("test.rnn", text));
            let node = compiled.models[0].graph.nodes().last().unwrap();
            let crate::graph::NodeKind::Layer { instance, .. } = &node.node.kind else {
                panic!("the last node is no layer")
            };
            let (input, of_steps) = (shape(&[None, Some(3), Some(1), Some(1)]), shape(&[None, Some(3)]));
            let form = instance.layer.with_mask(&MaskShapes { input: &input, mask: &of_steps }).unwrap().unwrap();
            let inputs = [array(&[1, 3, 1, 1], rows), array(&[1, 3], mask)];
            form.evaluate_f64(&Call { inputs: &inputs, weights: &weights }).remove(0)
        };
        let all = run("", &[1.0; 3], &[1.0, 2.0, 7.0]);
        let [first, second] = [0, 1].map(|step| all[[0, step, 0, 0]]);
        assert_near(&run("", &[1.0, 0.0, 1.0], &[1.0, 9.0, 2.0]), &[1, 3, 1, 1], &[first, first, second]);
        let zeros = run(", zero_output_for_mask=True", &[1.0, 0.0, 1.0], &[1.0, 9.0, 2.0]);
        assert_near(&zeros, &[1, 3, 1, 1], &[first, 0.0, second]);
        assert_near(&run("", &[0.0; 3], &[1.0, 9.0, 2.0]), &[1, 3, 1, 1], &[0.0; 3]);
    }

    #[test]
    fn shapes_and_refusals() {
        assert_eq!(output("Input((4, 7, 2)), ConvLSTM1D(3, 3)"), "(None, 5, 3)");
        assert_eq!(
            output("Input((None, 7, 2)), ConvLSTM1D(3, 3, 2, 'same', return_sequences=True)"),
            "(None, None, 4, 3)"
        );
        assert_eq!(output("Input((4, 7, 2)), Bidirectional(ConvLSTM1D(3, 3))"), "(None, 5, 6)");
        assert_eq!(codes("Input((4, 7, 2)), Masking(), ConvLSTM1D(3, 3), GlobalMaxPooling1D()"), []);
        assert_eq!(codes("Input((4, 7, 2)), Masking(), ConvLSTM1D(3, 3, unroll=True)"), [Code::E226]);
        assert_eq!(codes("Input((4, 1, 2)), Masking(), ConvLSTM1D(3, 1, unroll=True)"), []);
        assert_eq!(codes("Input((4, 7)), ConvLSTM1D(3, 3)"), [Code::E203]);
        assert_eq!(codes("Input((4, None, 2)), ConvLSTM1D(3, 3)"), [Code::E206]);
        assert_eq!(codes("Input((4, 2, 2)), ConvLSTM1D(3, 3)"), [Code::E221]);
        assert_eq!(codes("Input((4, 7, 2)), ConvLSTM1D(3, 3, strides=2, dilation_rate=2)"), [Code::E223]);
        assert_eq!(codes("Input((4, 7, 2)), ConvLSTM1D(3, 3, stateful=True)"), [Code::E215]);
        assert_eq!(codes("Input((None, 7, 2)), ConvLSTM1D(3, 3, unroll=True)"), [Code::E214]);
    }
}
