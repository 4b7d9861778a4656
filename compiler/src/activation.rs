//! Keras's activations by name.

/// An activation that a layer applies to its sums. Formulas: `rnnc explain activations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Activation {
    Linear,
    Relu,
    Relu6,
    LeakyRelu,
    Elu,
    Selu,
    Celu,
    Tanh,
    Sigmoid,
    Softmax,
    LogSoftmax,
    Softplus,
    Softsign,
    Silu,
    Gelu,
    Mish,
    Exponential,
    LogSigmoid,
    HardSigmoid,
    HardSilu,
    HardTanh,
    HardShrink,
    SoftShrink,
    TanhShrink,
    Squareplus,
    SparsePlus,
    SparseSigmoid,
    Sparsemax,
    Glu,
    /// What the layer `ReLU` does.
    ReluWith {
        maximum: Number,
        slope: Number,
        threshold: Number,
    },
    /// What the layer `LeakyReLU` does.
    LeakyReluWith {
        slope: Number,
    },
    /// What the layer `ELU` does.
    EluWith {
        alpha: Number,
    },
}

/// A number of a function: its bits, which can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number(u64);

impl Number {
    /// This number.
    #[must_use]
    pub const fn of(value: f64) -> Self {
        Self(value.to_bits())
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl Activation {
    /// Every activation under its Keras name; aliases (`swish`, `hard_swish`) follow the main names.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("linear", Self::Linear),
        ("relu", Self::Relu),
        ("relu6", Self::Relu6),
        ("leaky_relu", Self::LeakyRelu),
        ("elu", Self::Elu),
        ("selu", Self::Selu),
        ("celu", Self::Celu),
        ("tanh", Self::Tanh),
        ("sigmoid", Self::Sigmoid),
        ("softmax", Self::Softmax),
        ("log_softmax", Self::LogSoftmax),
        ("softplus", Self::Softplus),
        ("softsign", Self::Softsign),
        ("silu", Self::Silu),
        ("gelu", Self::Gelu),
        ("mish", Self::Mish),
        ("exponential", Self::Exponential),
        ("log_sigmoid", Self::LogSigmoid),
        ("hard_sigmoid", Self::HardSigmoid),
        ("hard_silu", Self::HardSilu),
        ("hard_tanh", Self::HardTanh),
        ("hard_shrink", Self::HardShrink),
        ("soft_shrink", Self::SoftShrink),
        ("tanh_shrink", Self::TanhShrink),
        ("squareplus", Self::Squareplus),
        ("sparse_plus", Self::SparsePlus),
        ("sparse_sigmoid", Self::SparseSigmoid),
        ("sparsemax", Self::Sparsemax),
        ("glu", Self::Glu),
        ("swish", Self::Silu),
        ("hard_swish", Self::HardSilu),
    ];

    /// The activation with this Keras name; names are case-sensitive.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|&(_, activation)| activation)
    }

    /// Its Keras name; of what a layer does that of the layer's function.
    #[must_use]
    pub fn name(self) -> &'static str {
        let plain = match self {
            Self::ReluWith { .. } => Self::Relu,
            Self::LeakyReluWith { .. } => Self::LeakyRelu,
            Self::EluWith { .. } => Self::Elu,
            other => other,
        };
        Self::NAMES.iter().find(|(_, activation)| *activation == plain).map_or("linear", |&(name, _)| name)
    }

    /// Whether each value is computed from itself alone; the others need the whole last axis.
    #[must_use]
    pub const fn is_elementwise(self) -> bool {
        !matches!(self, Self::Softmax | Self::LogSoftmax | Self::Sparsemax | Self::Glu)
    }
}
