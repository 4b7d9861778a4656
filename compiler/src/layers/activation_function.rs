//! An activation that is called with a symbolic tensor: `keras.activations.tanh(x)`. Keras makes it a layer of the
//! operation's name in the summary. <https://keras.io/api/layers/activations/>.
//!
//! Keras refuses symbolic tensors for those that it computes by other means (`mish`, `hard_silu`, `sparsemax`).

use crate::activation::Activation;
use crate::declaration::Declaration;
use crate::layers::activation::ActivationLayer;
use crate::layers::renamed::Renamed;

const fn operation(class: &'static str, base_name: &'static str) -> Declaration {
    Declaration::operation(class, base_name, "An activation.")
}

static OPERATIONS: &[(Activation, Declaration)] = &[
    (Activation::Relu, operation("ReLU", "re_lu")),
    (Activation::Relu6, operation("Relu6", "relu6")),
    (Activation::LeakyRelu, operation("LeakyRelu", "leaky_relu")),
    (Activation::Elu, operation("Elu", "elu")),
    (Activation::Selu, operation("Selu", "selu")),
    (Activation::Celu, operation("Celu", "celu")),
    (Activation::Tanh, operation("Tanh", "tanh")),
    (Activation::Sigmoid, operation("Sigmoid", "sigmoid")),
    (Activation::Softmax, operation("Softmax", "softmax")),
    (Activation::LogSoftmax, operation("LogSoftmax", "log_softmax")),
    (Activation::Softplus, operation("Softplus", "softplus")),
    (Activation::Softsign, operation("Softsign", "softsign")),
    (Activation::Silu, operation("Silu", "silu")),
    (Activation::Gelu, operation("Gelu", "gelu")),
    (Activation::Exponential, operation("Exp", "exp")),
    (Activation::LogSigmoid, operation("LogSigmoid", "log_sigmoid")),
    (Activation::HardSigmoid, operation("HardSigmoid", "hard_sigmoid")),
    (Activation::HardTanh, operation("HardTanh", "hard_tanh")),
    (Activation::HardShrink, operation("HardShrink", "hard_shrink")),
    (Activation::SoftShrink, operation("SoftShrink", "soft_shrink")),
    (Activation::TanhShrink, operation("TanhShrink", "tanh_shrink")),
    (Activation::Squareplus, operation("Squareplus", "squareplus")),
    (Activation::SparsePlus, operation("SparsePlus", "sparse_plus")),
    (Activation::SparseSigmoid, operation("SparseSigmoid", "sparse_sigmoid")),
];

/// The operation of this activation; `None` where Keras has none for symbolic tensors.
pub(crate) fn of(activation: Activation) -> Option<Renamed> {
    let (_, declaration) = OPERATIONS.iter().find(|(known, _)| *known == activation)?;
    Some(Renamed { declaration, layer: Box::new(ActivationLayer { activation }), keeps_type: false })
}
