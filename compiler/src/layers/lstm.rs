//! `LSTM`: i, f, g, o = split(x·K + h·R + b); c' = rec(f)·c + rec(i)·act(g); h' = rec(o)·act(c').
//!
//! Hochreiter & Schmidhuber, *Long Short-Term Memory*, 1997, with forget gates (Gers et al. 2000).
//! <https://keras.io/api/layers/recurrent_layers/lstm/>
//!
//! No difference to Keras on what is supported; `stateful` needs a fixed batch, as in Keras. `rnnc run` starts every
//! sample from zero; generated code keeps the states from call to call where it is given a place for them.

use ndarray::ArrayD;

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::layer::{Call, Layer, Recurrence};
use crate::layers::recurrent::arguments::{
    ACTIVITY_REGULARIZER, BIAS_CONSTRAINT, BIAS_INITIALIZER, BIAS_REGULARIZER, DROPOUT, GO_BACKWARDS, IMPLEMENTATION,
    KERNEL_CONSTRAINT, KERNEL_INITIALIZER, KERNEL_REGULARIZER, RECURRENT_ACTIVATION, RECURRENT_CONSTRAINT,
    RECURRENT_DROPOUT, RECURRENT_INITIALIZER, RECURRENT_REGULARIZER, RETURN_SEQUENCES, RETURN_STATE, SEED, STATEFUL,
    UNIT_FORGET_BIAS, UNITS, UNROLL, USE_BIAS, USE_CUDNN, ZERO_OUTPUT_FOR_MASK,
};
use crate::layers::recurrent::layer::Recurrent;
use crate::layers::recurrent::{CellWeights, TimeLoop, activated, activation_of, block, flags, matrix, vector};
use crate::packing::Cell;
use crate::plan::kernels::recurrent::CellKind;
use crate::reference::real::Real;

/// `LSTM`.
pub(crate) const LSTM: Declaration = Declaration {
    class: "LSTM",
    aliases: &[],
    base_name: "lstm",
    summary: "The long short-term memory: a gated cell that keeps a second, protected state.",
    details: "`i, f, g, o = split(x·kernel + h·recurrent_kernel + bias)`, then \
              `c' = recurrent_activation(f)·c + recurrent_activation(i)·activation(g)` and \
              `h' = recurrent_activation(o)·activation(c')`, step by step from zero.\n\n\
              Weights: `kernel` (features, 4·units), `recurrent_kernel` (units, 4·units), `bias` (4·units); column \
              blocks i, f, g, o.",
    arguments: &[
        UNITS,
        Argument::optional(
            "activation",
            Kind::Activation,
            "\"tanh\"",
            "Applied to the candidate and to the cell state.",
        ),
        RECURRENT_ACTIVATION,
        USE_BIAS,
        KERNEL_INITIALIZER,
        RECURRENT_INITIALIZER,
        BIAS_INITIALIZER,
        UNIT_FORGET_BIAS,
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
        USE_CUDNN,
        IMPLEMENTATION,
        ZERO_OUTPUT_FOR_MASK,
    ],
    takes_common: true,
    build,
};

/// An `LSTM` with its arguments fixed.
#[derive(Clone, Debug)]
pub struct Lstm {
    pub(crate) flags: Recurrence,
    pub(crate) activation: Activation,
    pub(crate) recurrent_activation: Activation,
    pub(crate) use_bias: bool,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(Lstm {
        activation: activation_of(arguments, "activation")?,
        recurrent_activation: activation_of(arguments, "recurrent_activation")?,
        flags: flags(arguments, 2),
        use_bias: arguments.boolean("use_bias"),
    }))
}

impl Recurrent for Lstm {
    const DECLARATION: &'static Declaration = &LSTM;

    fn flags(&self) -> Recurrence {
        self.flags
    }

    fn with_flags(&self, flags: Recurrence) -> Self {
        Self { flags, ..self.clone() }
    }

    fn cell_weights(&self) -> CellWeights<'static> {
        let bias = self.use_bias.then(|| vec![self.flags.units.saturating_mul(4)]);
        CellWeights { cell: "lstm_cell", n_gates: 4, bias }
    }

    fn kind(&self) -> CellKind {
        CellKind {
            cell: Cell::Lstm,
            activation: self.activation,
            recurrent_activation: self.recurrent_activation,
            use_bias: self.use_bias,
        }
    }

    fn run<R: Real>(&self, time_loop: TimeLoop, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let recurrent_kernel = matrix(&call.weights[1]);
        let units = recurrent_kernel.nrows();
        let mut cell = TimeLoop::first_state(call, 1);
        let mut answers = time_loop.run(call, |product, output| {
            let mut sums = output.dot(&recurrent_kernel) + product;
            if self.use_bias {
                sums += &vector(&call.weights[2]);
            }
            let gate = |index, activation| activated(activation, block(&sums.view(), index, units).to_owned());
            let input_gate = gate(0, self.recurrent_activation);
            let forget_gate = gate(1, self.recurrent_activation);
            let candidate = gate(2, self.activation);
            let output_gate = gate(3, self.recurrent_activation);
            cell = forget_gate * &cell + input_gate * candidate;
            output_gate * activated(self.activation, cell.clone())
        });
        if self.flags.return_state {
            answers.push(cell.into_dyn());
        }
        answers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::StepMasking;
    use crate::layers::testing::{array, assert_near, params, shape};
    use crate::reference::activation::sigmoid;

    fn layer(units: u64) -> Lstm {
        Lstm {
            flags: Recurrence {
                units,
                return_sequences: true,
                go_backwards: false,
                stateful: false,
                unroll: None,
                return_state: false,
                n_states: 2,
                masking: StepMasking::default(),
            },
            activation: Activation::Tanh,
            recurrent_activation: Activation::Sigmoid,
            use_bias: true,
        }
    }

    #[test]
    fn counts_are_keras_s() {
        let input = shape(&[None, None, Some(4)]);
        assert_eq!(params(&layer(8), &input), 416);
        assert_eq!(params(&Lstm { use_bias: false, ..layer(8) }, &input), 384);
    }

    #[test]
    fn gates_are_i_f_g_o() {
        let inputs = [array(&[1, 2, 1], &[1.0, -1.0])];
        let kernel = array(&[1, 4], &[0.1, 0.2, 0.3, 0.4]);
        let recurrent = array(&[1, 4], &[-0.5, 0.6, 0.7, -0.8]);
        let bias = array(&[4], &[0.01, 0.02, 0.03, 0.04]);
        let weights = [kernel, recurrent, bias];
        let c1 = sigmoid(0.11_f64) * 0.33_f64.tanh();
        let h1 = sigmoid(0.44) * c1.tanh();
        let c2 = sigmoid(-0.18 + 0.6 * h1) * c1 + sigmoid(-0.09 - 0.5 * h1) * (-0.27 + 0.7 * h1).tanh();
        let h2 = sigmoid(-0.36 - 0.8 * h1) * c2.tanh();
        let call = Call { inputs: &inputs, weights: &weights };
        assert_near(&layer(1).evaluate(&call)[0], &[1, 2, 1], &[h1, h2]);
    }
}
