//! `GRU`, with the reset gate behind the recurrent product (`reset_after=True`, the default) or before it.
//!
//! After: z = rec(x·Kz + bz + h·Rz + cz); r = rec(x·Kr + br + h·Rr + cr); g = act(x·Kh + bh + r·(h·Rh + ch)).
//! Before: z and r with one bias; g = act(x·Kh + bh + (r·h)·Rh). Both: h' = z·h + (1 - z)·g.
//!
//! Cho et al. 2014, arXiv:1406.1078 (after: its first version). <https://keras.io/api/layers/recurrent_layers/gru/>
//!
//! No difference to Keras on what is supported; `stateful` needs a fixed batch, as in Keras. `rnnc run` starts every
//! sample from zero; generated code keeps the states from call to call where it is given a place for them.

use ndarray::{Array2, ArrayD, ArrayView2};

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::layer::{Call, Layer, Recurrence};
use crate::layers::recurrent::arguments::{
    ACTIVITY_REGULARIZER, BIAS_CONSTRAINT, BIAS_INITIALIZER, BIAS_REGULARIZER, DROPOUT, GO_BACKWARDS, IMPLEMENTATION,
    KERNEL_CONSTRAINT, KERNEL_INITIALIZER, KERNEL_REGULARIZER, RECURRENT_ACTIVATION, RECURRENT_CONSTRAINT,
    RECURRENT_DROPOUT, RECURRENT_INITIALIZER, RECURRENT_REGULARIZER, RESET_AFTER, RETURN_SEQUENCES, RETURN_STATE, SEED,
    STATEFUL, UNITS, UNROLL, USE_BIAS, USE_CUDNN, ZERO_OUTPUT_FOR_MASK,
};
use crate::layers::recurrent::layer::Recurrent;
use crate::layers::recurrent::{CellWeights, TimeLoop, activated, activation_of, block, flags, matrix, vector};
use crate::packing::Cell;
use crate::plan::kernels::recurrent::CellKind;
use crate::reference::real::Real;

/// `GRU`.
pub(crate) const GRU: Declaration = Declaration {
    class: "GRU",
    aliases: &[],
    base_name: "gru",
    summary: "The gated recurrent unit: two gates decide how much of the state is kept.",
    details: "With `xz, xr, xh = split(x·kernel + bias[0])` and `hz, hr, hh = split(h·recurrent_kernel + bias[1])`: \
              `z = recurrent_activation(xz + hz)`, `r = recurrent_activation(xr + hr)`, \
              `h' = z·h + (1 - z)·activation(xh + r·hh)`, step by step from zero. With `reset_after=False` the state \
              is multiplied by `r` before its product, and there is one bias.\n\n\
              Weights: `kernel` (features, 3·units), `recurrent_kernel` (units, 3·units), `bias` (2, 3·units), or \
              (3·units) with `reset_after=False`; column blocks z, r, h.",
    arguments: &[
        UNITS,
        Argument::optional("activation", Kind::Activation, "\"tanh\"", "Applied to the candidate."),
        RECURRENT_ACTIVATION,
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
        SEED,
        RETURN_SEQUENCES,
        RETURN_STATE,
        GO_BACKWARDS,
        STATEFUL,
        UNROLL,
        RESET_AFTER,
        USE_CUDNN,
        IMPLEMENTATION,
        ZERO_OUTPUT_FOR_MASK,
    ],
    takes_common: true,
    build,
};

/// A `GRU` with its arguments fixed.
#[derive(Clone, Debug)]
pub struct Gru {
    pub(crate) flags: Recurrence,
    pub(crate) activation: Activation,
    pub(crate) recurrent_activation: Activation,
    pub(crate) use_bias: bool,
    pub(crate) reset_after: bool,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(Gru {
        activation: activation_of(arguments, "activation")?,
        recurrent_activation: activation_of(arguments, "recurrent_activation")?,
        flags: flags(arguments, 1),
        use_bias: arguments.boolean("use_bias"),
        reset_after: arguments.boolean("reset_after"),
    }))
}

impl Gru {
    fn step_reset_after<R: Real>(
        &self,
        call: &Call<'_, R>,
        product: ArrayView2<'_, R>,
        output: &Array2<R>,
    ) -> Array2<R> {
        let units = output.ncols();
        let mut from_input = product.to_owned();
        let mut from_state = output.dot(&matrix(&call.weights[1]));
        if self.use_bias {
            let bias = matrix(&call.weights[2]);
            from_input += &bias.row(0);
            from_state += &bias.row(1);
        }
        let (x, h) = (from_input.view(), from_state.view());
        let update = activated(self.recurrent_activation, &block(&x, 0, units) + &block(&h, 0, units));
        let reset = activated(self.recurrent_activation, &block(&x, 1, units) + &block(&h, 1, units));
        let candidate = activated(self.activation, &block(&x, 2, units) + &(reset * block(&h, 2, units)));
        mix(&update, output, candidate)
    }

    fn step_reset_before<R: Real>(
        &self,
        call: &Call<'_, R>,
        product: ArrayView2<'_, R>,
        output: &Array2<R>,
        recurrent_kernel: &ArrayView2<'_, R>,
    ) -> Array2<R> {
        let units = output.ncols();
        let mut from_input = product.to_owned();
        if self.use_bias {
            from_input += &vector(&call.weights[2]);
        }
        let x = from_input.view();
        let gate = |index| &block(&x, index, units) + &output.dot(&block(recurrent_kernel, index, units));
        let update = activated(self.recurrent_activation, gate(0));
        let reset = activated(self.recurrent_activation, gate(1));
        let kept = reset * output;
        let candidate =
            activated(self.activation, &block(&x, 2, units) + &kept.dot(&block(recurrent_kernel, 2, units)));
        mix(&update, output, candidate)
    }
}

/// z·h + (1 - z)·g.
fn mix<R: Real>(update: &Array2<R>, output: &Array2<R>, candidate: Array2<R>) -> Array2<R> {
    update * output + update.mapv(|z| R::one() - z) * candidate
}

impl Recurrent for Gru {
    const DECLARATION: &'static Declaration = &GRU;

    fn flags(&self) -> Recurrence {
        self.flags
    }

    fn with_flags(&self, flags: Recurrence) -> Self {
        Self { flags, ..self.clone() }
    }

    fn cell_weights(&self) -> CellWeights<'static> {
        let width = self.flags.units.saturating_mul(3);
        let bias = self.use_bias.then(|| if self.reset_after { vec![2, width] } else { vec![width] });
        CellWeights { cell: "gru_cell", n_gates: 3, bias }
    }

    fn kind(&self) -> CellKind {
        CellKind {
            cell: if self.reset_after { Cell::Gru } else { Cell::GruResetBefore },
            activation: self.activation,
            recurrent_activation: self.recurrent_activation,
            use_bias: self.use_bias,
        }
    }

    fn run<R: Real>(&self, time_loop: TimeLoop, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let recurrent_kernel = matrix(&call.weights[1]);
        time_loop.run(call, |product, output| {
            if self.reset_after {
                self.step_reset_after(call, product, output)
            } else {
                self.step_reset_before(call, product, output, &recurrent_kernel)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::StepMasking;
    use crate::layers::testing::{array, assert_near, params, shape};
    use crate::reference::activation::sigmoid;

    fn layer(units: u64, reset_after: bool) -> Gru {
        Gru {
            flags: Recurrence {
                units,
                return_sequences: true,
                go_backwards: false,
                stateful: false,
                unroll: None,
                return_state: false,
                n_states: 1,
                masking: StepMasking::default(),
            },
            activation: Activation::Tanh,
            recurrent_activation: Activation::Sigmoid,
            use_bias: true,
            reset_after,
        }
    }

    #[test]
    fn counts_are_keras_s() {
        let input = shape(&[None, Some(10), Some(4)]);
        assert_eq!(params(&layer(8, true), &input), 336);
        assert_eq!(params(&layer(8, false), &input), 312);
        assert_eq!(params(&Gru { use_bias: false, ..layer(8, true) }, &input), 288);
    }

    #[test]
    fn reset_after_the_product_by_hand() {
        let inputs = [array(&[1, 2, 1], &[1.0, -1.0])];
        let weights = [
            array(&[1, 3], &[0.1, 0.2, 0.3]),
            array(&[1, 3], &[0.4, -0.5, 0.6]),
            array(&[2, 3], &[0.01, 0.02, 0.03, 0.04, 0.05, 0.06]),
        ];
        let h1 = (1.0 - sigmoid(0.15_f64)) * (0.33 + sigmoid(0.27) * 0.06).tanh();
        let z = sigmoid(-0.05 + 0.4 * h1);
        let r = sigmoid(-0.13 - 0.5 * h1);
        let h2 = z * h1 + (1.0 - z) * (-0.27 + r * (0.6 * h1 + 0.06)).tanh();
        let call = Call { inputs: &inputs, weights: &weights };
        assert_near(&layer(1, true).evaluate(&call)[0], &[1, 2, 1], &[h1, h2]);
    }

    #[test]
    fn reset_before_the_product_by_hand() {
        let inputs = [array(&[1, 2, 1], &[1.0, -1.0])];
        let weights =
            [array(&[1, 3], &[0.1, 0.2, 0.3]), array(&[1, 3], &[0.4, -0.5, 0.6]), array(&[3], &[0.01, 0.02, 0.03])];
        let h1 = (1.0 - sigmoid(0.11_f64)) * 0.33_f64.tanh();
        let z = sigmoid(-0.09 + 0.4 * h1);
        let r = sigmoid(-0.18 - 0.5 * h1);
        let h2 = z * h1 + (1.0 - z) * (-0.27 + r * h1 * 0.6).tanh();
        let call = Call { inputs: &inputs, weights: &weights };
        assert_near(&layer(1, false).evaluate(&call)[0], &[1, 2, 1], &[h1, h2]);
    }
}
