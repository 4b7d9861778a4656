//! The number type that a model computes in: float32 as a rule, float64 where its text says so.

use crate::graph::InputType;

/// float32 or float64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    Single,
    /// 64-bit floats.
    Double,
}

impl Precision {
    /// The type of this name in Keras.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "float32" => Some(Self::Single),
            "float64" => Some(Self::Double),
            _ => None,
        }
    }

    /// Its name in Keras.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "float32",
            Self::Double => "float64",
        }
    }

    /// Inputs of this type.
    #[must_use]
    pub const fn input_type(self) -> InputType {
        match self {
            Self::Single => InputType::Float32,
            Self::Double => InputType::Float64,
        }
    }

    /// The nearest number of this type.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)]
    pub fn round(self, value: f64) -> f64 {
        match self {
            Self::Single => (value as f32).into(),
            Self::Double => value,
        }
    }

    /// Bytes of a number.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Single => 4,
            Self::Double => 8,
        }
    }
}
