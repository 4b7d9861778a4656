//! What a model asks of a weight file, and why one does not fit.

use core::fmt;

use crate::safetensors::{Entry, SafeTensors};

/// A weight that a model needs, as Keras stores it.
#[derive(Clone, Copy, Debug)]
pub struct TensorSpec {
    /// Its key: `lstm/lstm_cell/kernel`.
    pub name: &'static str,
    /// The layer it belongs to, for messages: `LSTM`.
    pub class: &'static str,
    /// Its shape.
    pub shape: &'static [u64],
}

/// Why weights could not be loaded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeightsError {
    /// The bytes are no whole safetensors file.
    Malformed,
    /// The caller's buffer is too short.
    Buffer {
        /// Floats needed.
        expected: usize,
        /// Floats given.
        got: usize,
    },
    /// The file lacks a weight.
    Missing {
        /// The weight's key.
        name: &'static str,
        /// The layer's class.
        class: &'static str,
        /// Its shape.
        shape: &'static [u64],
    },
    /// A weight has another shape.
    Shape {
        /// The weight's key.
        name: &'static str,
        /// The layer's class.
        class: &'static str,
        /// The shape needed.
        expected: &'static [u64],
        /// The shape found: its first four axes.
        got: [u64; 4],
        /// How many axes were found.
        rank: usize,
    },
    /// A weight's numbers are no floats of 32 or 16 bits.
    Type {
        /// The weight's key.
        name: &'static str,
        /// The layer's class.
        class: &'static str,
    },
    /// A weight is NaN or infinite.
    NotFinite {
        /// The weight's key.
        name: &'static str,
        /// The layer's class.
        class: &'static str,
        /// Which of its values, row-major.
        position: usize,
    },
    /// A weight is too large for the numbers that it is stored as.
    TooLarge {
        /// The weight's key.
        name: &'static str,
        /// The layer's class.
        class: &'static str,
        /// Which of its values, row-major.
        position: usize,
    },
    /// The file holds tensors that the model does not have.
    Superfluous {
        /// How many.
        count: usize,
    },
}

impl fmt::Display for WeightsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Malformed => write!(formatter, "the bytes are no whole safetensors file"),
            Self::Buffer { expected, got } => {
                write!(formatter, "the buffer holds {got} floats, the packed weights need {expected}")
            }
            Self::Missing { name, class, shape } => {
                write!(formatter, "`{name}` of shape {} is missing ({class})", Tuple(shape))
            }
            Self::Shape { name, class, expected, got, rank } => {
                let found = got.get(..rank.min(4)).unwrap_or(&[]);
                let more = if rank > 4 { " and more axes" } else { "" };
                write!(formatter, "`{name}` has shape {}{more}, {class} needs {}", Tuple(found), Tuple(expected))
            }
            Self::Type { name, class } => write!(formatter, "`{name}` holds no floats that the model reads ({class})"),
            Self::NotFinite { name, class, position } => {
                write!(formatter, "`{name}` is not finite at position {position} ({class})")
            }
            Self::TooLarge { name, class, position } => {
                write!(formatter, "`{name}` is too large at position {position} for what it is stored as ({class})")
            }
            Self::Superfluous { count } => {
                write!(formatter, "the file holds {count} tensors that the model does not have")
            }
        }
    }
}

impl core::error::Error for WeightsError {}

/// Displays a shape as Python does.
struct Tuple<'a>(&'a [u64]);

impl fmt::Display for Tuple<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(")?;
        for (index, size) in self.0.iter().enumerate() {
            formatter.write_str(if index > 0 { ", " } else { "" })?;
            write!(formatter, "{size}")?;
        }
        formatter.write_str(if self.0.len() == 1 { ",)" } else { ")" })
    }
}

/// The tensor of a weight.
pub(crate) fn find<'a>(file: SafeTensors<'a>, model: &str, spec: &TensorSpec) -> Result<Entry<'a>, WeightsError> {
    named(file, model, spec.name).ok_or(WeightsError::Missing { name: spec.name, class: spec.class, shape: spec.shape })
}

/// The tensor of this key, below the model's name or not.
pub(crate) fn named<'a>(file: SafeTensors<'a>, model: &str, name: &str) -> Option<Entry<'a>> {
    file.entries().find(|entry| entry.is_named("", name) || entry.is_named_below(model, name))
}

/// Whether the tensor has the weight's shape.
pub(crate) fn has_shape(entry: &Entry<'_>, spec: &TensorSpec) -> Result<(), WeightsError> {
    if entry.has_shape(spec.shape) {
        return Ok(());
    }
    let mut got = [0; 4];
    got.iter_mut().zip(entry.shape()).for_each(|(place, size)| *place = size);
    let (name, class) = (spec.name, spec.class);
    Err(WeightsError::Shape { name, class, expected: spec.shape, got, rank: entry.shape().count() })
}
