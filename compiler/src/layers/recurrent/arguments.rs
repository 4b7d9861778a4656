//! Arguments that recurrent layers and cells share.

use crate::declaration::{Argument, Kind};

pub(crate) const UNITS: Argument =
    Argument::required("units", Kind::PositiveInteger, "Width of the state and of each output.");
pub(crate) const ACTIVATION: Argument =
    Argument::optional("activation", Kind::Activation, "\"tanh\"", "Applied to each step's sums.");
pub(crate) const RECURRENT_ACTIVATION: Argument =
    Argument::optional("recurrent_activation", Kind::Activation, "\"sigmoid\"", "Applied to the sums of the gates.");
pub(crate) const USE_BIAS: Argument = Argument::optional("use_bias", Kind::Boolean, "True", "Whether a bias is added.");
pub(crate) const KERNEL_INITIALIZER: Argument =
    Argument::training("kernel_initializer", Kind::Initializer, "\"glorot_uniform\"");
pub(crate) const RECURRENT_INITIALIZER: Argument =
    Argument::training("recurrent_initializer", Kind::Initializer, "\"orthogonal\"");
pub(crate) const BIAS_INITIALIZER: Argument = Argument::training("bias_initializer", Kind::Initializer, "\"zeros\"");
pub(crate) const KERNEL_REGULARIZER: Argument = Argument::training("kernel_regularizer", Kind::Regularizer, "None");
pub(crate) const RECURRENT_REGULARIZER: Argument =
    Argument::training("recurrent_regularizer", Kind::Regularizer, "None");
pub(crate) const BIAS_REGULARIZER: Argument = Argument::training("bias_regularizer", Kind::Regularizer, "None");
pub(crate) const KERNEL_CONSTRAINT: Argument = Argument::training("kernel_constraint", Kind::Constraint, "None");
pub(crate) const RECURRENT_CONSTRAINT: Argument = Argument::training("recurrent_constraint", Kind::Constraint, "None");
pub(crate) const BIAS_CONSTRAINT: Argument = Argument::training("bias_constraint", Kind::Constraint, "None");
pub(crate) const DROPOUT: Argument = Argument::training("dropout", Kind::Rate, "0.0");
pub(crate) const RECURRENT_DROPOUT: Argument = Argument::training("recurrent_dropout", Kind::Rate, "0.0");
pub(crate) const SEED: Argument = Argument::training("seed", Kind::Seed, "None");
pub(crate) const IMPLEMENTATION: Argument =
    Argument::optional("implementation", Kind::Ignored, "2", "Keras 2's; no effect, as in Keras 3.");
pub(crate) const ACTIVITY_REGULARIZER: Argument = Argument::training("activity_regularizer", Kind::Regularizer, "None");
pub(crate) const UNIT_FORGET_BIAS: Argument = Argument::training("unit_forget_bias", Kind::Boolean, "True");
pub(crate) const RESET_AFTER: Argument =
    Argument::optional("reset_after", Kind::Boolean, "True", "Whether the reset gate follows the state's product.");
pub(crate) const RETURN_SEQUENCES: Argument =
    Argument::optional("return_sequences", Kind::Boolean, "False", "Every step's output, not only the last.");
pub(crate) const RETURN_STATE: Argument =
    Argument::optional("return_state", Kind::Boolean, "False", "The states after the last step as further outputs.");
pub(crate) const GO_BACKWARDS: Argument =
    Argument::optional("go_backwards", Kind::Boolean, "False", "From the last step to the first.");
pub(crate) const STATEFUL: Argument =
    Argument::optional("stateful", Kind::Boolean, "False", "Keep the state between calls; needs a fixed batch.");
pub(crate) const UNROLL: Argument =
    Argument::optional("unroll", Kind::Boolean, "False", "Straight-line code instead of a loop over time.");
pub(crate) const USE_CUDNN: Argument = Argument::optional("use_cudnn", Kind::Ignored, "\"auto\"", "No effect here.");
pub(crate) const ZERO_OUTPUT_FOR_MASK: Argument = Argument::optional(
    "zero_output_for_mask",
    Kind::Boolean,
    "False",
    "Zeros at masked steps instead of the output before; of no effect with `unroll=True`.",
);
