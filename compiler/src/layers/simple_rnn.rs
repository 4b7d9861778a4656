//! `SimpleRNN`: h' = act(x·K + b + h·R), from a zero state.
//!
//! Elman, *Finding Structure in Time*, 1990. <https://keras.io/api/layers/recurrent_layers/simple_rnn/>
//!
//! No difference to Keras on what is supported; `stateful` needs a fixed batch, as in Keras. `rnnc run` starts every
//! sample from zero; generated code keeps the states from call to call where it is given a place for them.

use ndarray::ArrayD;

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Recurrence, ShownMask, StepMasking, Streaming, Takes, WeightSpec};
use crate::layers::recurrent::{
    CellWeights, LAST_STEP, SEQUENCE_FIX, TimeLoop, activated, activation_of, evaluate_masked, flags, matrix, vector,
};
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::packing::Cell;
use crate::plan::kernels::{self, CellKind};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

/// `SimpleRNN`.
pub(crate) const SIMPLE_RNN: Declaration = Declaration {
    class: "SimpleRNN",
    aliases: &[],
    base_name: "simple_rnn",
    summary: "The fully connected recurrent layer: each output is fed back with the next input.",
    details: "`h' = activation(x·kernel + h·recurrent_kernel + bias)`, step by step from `h = 0`.\n\n\
              Weights: `kernel` (features, units), `recurrent_kernel` (units, units), `bias` (units).",
    arguments: &[
        Argument::required("units", Kind::PositiveInteger, "Width of the state and of each output."),
        Argument::optional("activation", Kind::Activation, "\"tanh\"", "Applied to each step's sums."),
        Argument::optional("use_bias", Kind::Boolean, "True", "Whether a bias is added."),
        Argument::training("kernel_initializer", Kind::Initializer, "\"glorot_uniform\""),
        Argument::training("recurrent_initializer", Kind::Initializer, "\"orthogonal\""),
        Argument::training("bias_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("kernel_regularizer", Kind::Regularizer, "None"),
        Argument::training("recurrent_regularizer", Kind::Regularizer, "None"),
        Argument::training("bias_regularizer", Kind::Regularizer, "None"),
        Argument::training("activity_regularizer", Kind::Regularizer, "None"),
        Argument::training("kernel_constraint", Kind::Constraint, "None"),
        Argument::training("recurrent_constraint", Kind::Constraint, "None"),
        Argument::training("bias_constraint", Kind::Constraint, "None"),
        Argument::training("dropout", Kind::Rate, "0.0"),
        Argument::training("recurrent_dropout", Kind::Rate, "0.0"),
        Argument::optional("return_sequences", Kind::Boolean, "False", "Every step's output, not only the last."),
        Argument::optional(
            "return_state",
            Kind::Boolean,
            "False",
            "The states after the last step as further outputs.",
        ),
        Argument::optional("go_backwards", Kind::Boolean, "False", "From the last step to the first."),
        Argument::optional("stateful", Kind::Boolean, "False", "Keep the state between calls; needs a fixed batch."),
        Argument::optional("unroll", Kind::Boolean, "False", "Straight-line code instead of a loop over time."),
        Argument::training("seed", Kind::Seed, "None"),
        Argument::optional(
            "zero_output_for_mask",
            Kind::Boolean,
            "False",
            "Zeros at masked steps instead of the output before; of no effect with `unroll=True`.",
        ),
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

impl SimpleRnn {
    fn time_loop(&self) -> TimeLoop {
        TimeLoop { class: SIMPLE_RNN.class, flags: self.flags }
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        if self.flags.masking.is_read {
            return evaluate_masked(call, self.flags, |flags, call| Self { flags, ..self.clone() }.evaluate(call));
        }
        let recurrent_kernel = matrix(&call.weights[1]);
        self.time_loop().run(call, |product, output| {
            let mut sums = output.dot(&recurrent_kernel) + product;
            if self.use_bias {
                sums += &vector(&call.weights[2]);
            }
            activated(self.activation, sums)
        })
    }
}

impl Layer for SimpleRnn {
    fn declaration(&self) -> &'static Declaration {
        &SIMPLE_RNN
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        self.time_loop().output_shapes(inputs)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let bias = self.use_bias.then(|| vec![self.flags.units]);
        self.time_loop().weights(inputs, &CellWeights { cell: "simple_rnn_cell", n_gates: 1, bias })
    }

    fn describes_output(&self) -> Option<&'static str> {
        (!self.flags.return_sequences).then_some(LAST_STEP)
    }

    fn sequence_fix(&self) -> Option<&'static str> {
        (!self.flags.return_sequences).then_some(SEQUENCE_FIX)
    }

    fn takes(&self) -> Takes {
        Takes::Sequence
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
        kernels::recurrent(
            lowering,
            self.flags,
            CellKind {
                cell: Cell::SimpleRnn,
                activation: self.activation,
                recurrent_activation: Activation::Linear,
                use_bias: self.use_bias,
            },
        )
    }

    fn with_zeros(&self, zeros: bool) -> Option<Box<dyn Layer>> {
        let masking = StepMasking { zeros, ..self.flags.masking };
        Some(Box::new(Self { flags: Recurrence { masking, ..self.flags }, ..self.clone() }))
    }

    fn takes_mask(&self) -> bool {
        true
    }

    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        self.time_loop().mask(call)
    }

    fn with_mask(&self, shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        Ok(Some(Box::new(Self { flags: self.time_loop().masked_flags(shapes)?, ..self.clone() })))
    }

    fn shown_mask(&self) -> ShownMask {
        if self.flags.return_sequences { ShownMask::First } else { ShownMask::None }
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
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
