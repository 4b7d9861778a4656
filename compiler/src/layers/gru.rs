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
        Argument::required("units", Kind::PositiveInteger, "Width of the state and of each output."),
        Argument::optional("activation", Kind::Activation, "\"tanh\"", "Applied to the candidate."),
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
        Argument::optional("reset_after", Kind::Boolean, "True", "Whether the reset gate follows the state's product."),
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
    fn time_loop(&self) -> TimeLoop {
        TimeLoop { class: GRU.class, flags: self.flags }
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        if self.flags.masking.is_read {
            return evaluate_masked(call, self.flags, |flags, call| Self { flags, ..self.clone() }.evaluate(call));
        }
        let recurrent_kernel = matrix(&call.weights[1]);
        self.time_loop().run(call, |product, output| {
            if self.reset_after {
                self.step_reset_after(call, product, output)
            } else {
                self.step_reset_before(call, product, output, &recurrent_kernel)
            }
        })
    }

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

impl Layer for Gru {
    fn declaration(&self) -> &'static Declaration {
        &GRU
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        self.time_loop().output_shapes(inputs)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let width = self.flags.units.saturating_mul(3);
        let bias = self.use_bias.then(|| if self.reset_after { vec![2, width] } else { vec![width] });
        self.time_loop().weights(inputs, &CellWeights { cell: "gru_cell", n_gates: 3, bias })
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
                cell: if self.reset_after { Cell::Gru } else { Cell::GruResetBefore },
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
