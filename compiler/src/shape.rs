//! Shapes as Keras shows them: the batch first, `None` where a size is free.

use std::fmt;

/// One axis: a size, or free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Any size (`None`).
    Free,
    /// This size.
    Known(u64),
}

impl Dimension {
    /// The largest size an axis may have.
    pub const MAX: u64 = (1 << 31) - 1;

    /// The size, where it is known.
    #[must_use]
    pub const fn known(self) -> Option<u64> {
        match self {
            Self::Free => None,
            Self::Known(size) => Some(size),
        }
    }

    /// Whether both can be the same size: equal, or one of them free.
    #[must_use]
    pub fn agrees(self, other: Self) -> bool {
        match (self, other) {
            (Self::Known(left), Self::Known(right)) => left == right,
            _ => true,
        }
    }
}

impl From<u64> for Dimension {
    fn from(size: u64) -> Self {
        Self::Known(size)
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free => formatter.write_str("None"),
            Self::Known(size) => write!(formatter, "{size}"),
        }
    }
}

/// A tensor's shape, the batch axis included. Displays as a Python tuple: `(None, 10)`, `(None,)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape(pub Vec<Dimension>);

impl Shape {
    /// A free batch of samples of this shape.
    #[must_use]
    pub fn batched(sample: &[Dimension]) -> Self {
        let mut dimensions = vec![Dimension::Free];
        dimensions.extend_from_slice(sample);
        Self(dimensions)
    }

    /// Number of axes, the batch included.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The batch axis.
    #[must_use]
    pub fn batch(&self) -> Dimension {
        self.0.first().copied().unwrap_or(Dimension::Free)
    }

    /// The axes of one sample.
    #[must_use]
    pub fn sample(&self) -> &[Dimension] {
        self.0.get(1..).unwrap_or(&[])
    }

    /// The last axis.
    #[must_use]
    pub fn last(&self) -> Option<Dimension> {
        self.0.last().copied()
    }

    /// The same shape with another last axis.
    #[must_use]
    pub fn with_last(&self, last: impl Into<Dimension>) -> Self {
        let mut dimensions = self.0.clone();
        if let Some(end) = dimensions.last_mut() {
            *end = last.into();
        }
        Self(dimensions)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(")?;
        for (index, dimension) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(", ")?;
            }
            write!(formatter, "{dimension}")?;
        }
        formatter.write_str(if self.0.len() == 1 { ",)" } else { ")" })
    }
}
