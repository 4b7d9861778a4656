//! `SimpleRNN`: h' = act(x·K + b + h·R), from a zero state.
//!
//! Elman, *Finding Structure in Time*, 1990. <https://keras.io/api/layers/recurrent_layers/simple_rnn/>
//!
//! No difference to Keras on what is supported; `stateful` needs a fixed batch, as in Keras. `rnnc run` starts every
//! sample from zero; generated code keeps the states from call to call where it is given a place for them.

use ndarray::ArrayD;

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::Declaration;
use crate::layer::{Call, Layer, Recurrence};
use crate::layers::recurrent::arguments::{
    ACTIVATION, ACTIVITY_REGULARIZER, BIAS_CONSTRAINT, BIAS_INITIALIZER, BIAS_REGULARIZER, DROPOUT, GO_BACKWARDS,
    KERNEL_CONSTRAINT, KERNEL_INITIALIZER, KERNEL_REGULARIZER, RECURRENT_CONSTRAINT, RECURRENT_DROPOUT,
    RECURRENT_INITIALIZER, RECURRENT_REGULARIZER, RETURN_SEQUENCES, RETURN_STATE, SEED, STATEFUL, UNITS, UNROLL,
    USE_BIAS, ZERO_OUTPUT_FOR_MASK,
};
use crate::layers::recurrent::layer::Recurrent;
use crate::layers::recurrent::{CellWeights, TimeLoop, activated, activation_of, flags, matrix, vector};
use crate::packing::Cell;
use crate::plan::kernels::recurrent::CellKind;
use crate::reference::real::Real;

/// `SimpleRNN`.
pub(crate) const SIMPLE_RNN: Declaration = Declaration {
    class: "SimpleRNN",
    aliases: &[],
    base_name: "simple_rnn",
    summary: "The fully connected recurrent layer: each output is fed back with the next input.",
    details: "`h' = activation(x·kernel + h·recurrent_kernel + bias)`, step by step from `h = 0`.\n\n\
              Weights: `kernel` (features, units), `recurrent_kernel` (units, units), `bias` (units).",
    arguments: &[
        UNITS,
        ACTIVATION,
        USE_BIAS,
        KERNEL_INITIALIZER,
        RECURRENT_INITIALIZER,
        BIAS_INITIALIZER,
        KERNEL_REGULARIZER,
        RECURRENT_REGULARIZER,
        BIAS_REGULARIZER,
        ACTIVITY_REGULARIZER,
        KERNEL_CONSTRAINT,
        RECURRENT_CONSTRAINT,
        BIAS_CONSTRAINT,
        DROPOUT,
        RECURRENT_DROPOUT,
        RETURN_SEQUENCES,
        RETURN_STATE,
        GO_BACKWARDS,
        STATEFUL,
        UNROLL,
        SEED,
        ZERO_OUTPUT_FOR_MASK,
    ],
    takes_common: true,
    build,
};

/// A `SimpleRNN` with its arguments fixed.
#[derive(Clone, Debug)]
pub struct SimpleRnn {
    pub(crate) flags: Recurrence,
    pub(crate) activation: Activation,
    pub(crate) use_bias: bool,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let activation = activation_of(arguments, "activation")?;
    Some(Box::new(SimpleRnn { flags: flags(arguments, 1), activation, use_bias: arguments.boolean("use_bias") }))
}

impl Recurrent for SimpleRnn {
    const DECLARATION: &'static Declaration = &SIMPLE_RNN;

    fn flags(&self) -> Recurrence {
        self.flags
    }

    fn with_flags(&self, flags: Recurrence) -> Self {
        Self { flags, ..self.clone() }
    }

    fn cell_weights(&self) -> CellWeights<'static> {
        let bias = self.use_bias.then(|| vec![self.flags.units]);
        CellWeights { cell: "simple_rnn_cell", n_gates: 1, bias }
    }

    fn kind(&self) -> CellKind {
        CellKind {
            cell: Cell::SimpleRnn,
            activation: self.activation,
            recurrent_activation: Activation::Linear,
            use_bias: self.use_bias,
        }
    }

    fn run<R: Real>(&self, time_loop: TimeLoop, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let recurrent_kernel = matrix(&call.weights[1]);
        time_loop.run(call, |product, output| {
            let mut sums = output.dot(&recurrent_kernel) + product;
            if self.use_bias {
                sums += &vector(&call.weights[2]);
            }
            activated(self.activation, sums)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::StepMasking;
    use crate::layers::testing::{array, assert_near, params, shape};

    fn layer(units: u64, return_sequences: bool, go_backwards: bool) -> SimpleRnn {
        let flags = Recurrence {
            units,
            return_sequences,
            go_backwards,
            stateful: false,
            unroll: None,
            return_state: false,
            n_states: 1,
            masking: StepMasking::default(),
        };
        SimpleRnn { flags, activation: Activation::Tanh, use_bias: true }
    }

    #[test]
    fn counts_are_keras_s() {
        assert_eq!(params(&layer(3, false, false), &shape(&[None, Some(2), Some(10)])), 42);
        assert_eq!(params(&layer(8, false, false), &shape(&[None, Some(10), Some(4)])), 104);
    }

    #[test]
    fn shapes_follow_return_sequences() {
        let input = [shape(&[Some(8), Some(2), Some(10)])];
        assert_eq!(layer(3, false, false).output_shapes(&input).unwrap()[0].to_string(), "(8, 3)");
        assert_eq!(layer(3, true, false).output_shapes(&input).unwrap()[0].to_string(), "(8, 2, 3)");
    }

    #[test]
    fn one_unit_by_hand_forwards_and_backwards() {
        let inputs = [array(&[1, 2, 1], &[1.0, 2.0])];
        let weights = [array(&[1, 1], &[0.5]), array(&[1, 1], &[-1.0]), array(&[1], &[0.25])];
        let call = Call { inputs: &inputs, weights: &weights };
        let first = 0.75_f64.tanh();
        assert_near(&layer(1, true, false).evaluate(&call)[0], &[1, 2, 1], &[first, (1.25 - first).tanh()]);
        let first = 1.25_f64.tanh();
        assert_near(&layer(1, true, true).evaluate(&call)[0], &[1, 2, 1], &[first, (0.75 - first).tanh()]);
        assert_near(&layer(1, false, true).evaluate(&call)[0], &[1, 1], &[(0.75 - first).tanh()]);
    }

    #[test]
    fn a_vector_is_no_sequence() {
        let mismatch = layer(3, false, false).output_shapes(&[shape(&[None, Some(64)])]).unwrap_err();
        assert_eq!(mismatch.code, rnn_grammar::Code::E204);
        assert!(mismatch.wants_sequence);
        assert_eq!(
            mismatch.title,
            "`SimpleRNN` needs a sequence `(batch, timesteps, features)`, but gets `(None, 64)`"
        );
    }

    #[test]
    fn free_features_free_timesteps_unrolled_and_a_free_batch_stateful_are_refused() {
        let mut rnn = layer(3, false, false);
        let codes = |rnn: &SimpleRnn, input: &[Option<u64>]| rnn.output_shapes(&[shape(input)]).unwrap_err().code;
        assert_eq!(codes(&rnn, &[None, Some(2), None]), rnn_grammar::Code::E206);
        rnn.flags.unroll = Some(true);
        assert_eq!(codes(&rnn, &[None, None, Some(2)]), rnn_grammar::Code::E214);
        rnn.flags.unroll = None;
        rnn.flags.stateful = true;
        assert_eq!(codes(&rnn, &[None, Some(2), Some(2)]), rnn_grammar::Code::E215);
    }
}
