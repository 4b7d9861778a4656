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
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Recurrence, ShownMask, StepMasking, Streaming, Takes, WeightSpec};
use crate::layers::recurrent::{
    CellWeights, LAST_STEP, SEQUENCE_FIX, TimeLoop, activated, activation_of, block, evaluate_masked, flags, matrix,
    vector,
};
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::packing::Cell;
use crate::plan::kernels::{self, CellKind};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

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
        Argument::required("units", Kind::PositiveInteger, "Width of the state and of each output."),
        Argument::optional(
            "activation",
            Kind::Activation,
            "\"tanh\"",
            "Applied to the candidate and to the cell state.",
        ),
        Argument::optional(
            "recurrent_activation",
            Kind::Activation,
            "\"sigmoid\"",
            "Applied to the sums of the gates.",
        ),
        Argument::optional("use_bias", Kind::Boolean, "True", "Whether a bias is added."),
        Argument::training("kernel_initializer", Kind::Initializer, "\"glorot_uniform\""),
        Argument::training("recurrent_initializer", Kind::Initializer, "\"orthogonal\""),
        Argument::training("bias_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("unit_forget_bias", Kind::Boolean, "True"),
        Argument::training("kernel_regularizer", Kind::Regularizer, "None"),
        Argument::training("recurrent_regularizer", Kind::Regularizer, "None"),
        Argument::training("bias_regularizer", Kind::Regularizer, "None"),
        Argument::training("activity_regularizer", Kind::Regularizer, "None"),
        Argument::training("kernel_constraint", Kind::Constraint, "None"),
        Argument::training("recurrent_constraint", Kind::Constraint, "None"),
        Argument::training("bias_constraint", Kind::Constraint, "None"),
        Argument::training("dropout", Kind::Rate, "0.0"),
        Argument::training("recurrent_dropout", Kind::Rate, "0.0"),
        Argument::training("seed", Kind::Seed, "None"),
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
        Argument::optional("use_cudnn", Kind::Ignored, "\"auto\"", "No effect here."),
        Argument::optional("implementation", Kind::Ignored, "2", "Keras 2's; no effect, as in Keras 3."),
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

impl Lstm {
    fn time_loop(&self) -> TimeLoop {
        TimeLoop { class: LSTM.class, flags: self.flags }
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        if self.flags.masking.is_read {
            return evaluate_masked(call, self.flags, |flags, call| Self { flags, ..self.clone() }.evaluate(call));
        }
        let recurrent_kernel = matrix(&call.weights[1]);
        let units = recurrent_kernel.nrows();
        let mut cell = TimeLoop::first_state(call, 1);
        let mut answers = self.time_loop().run(call, |product, output| {
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

impl Layer for Lstm {
    fn declaration(&self) -> &'static Declaration {
        &LSTM
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        self.time_loop().output_shapes(inputs)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let bias = self.use_bias.then(|| vec![self.flags.units.saturating_mul(4)]);
        self.time_loop().weights(inputs, &CellWeights { cell: "lstm_cell", n_gates: 4, bias })
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
                cell: Cell::Lstm,
                activation: self.activation,
                recurrent_activation: self.recurrent_activation,
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
