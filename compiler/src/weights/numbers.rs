//! The values of a tensor: float32, or float64 where the file holds such.

use std::ops::Deref;
use std::rc::Rc;

/// Values of a tensor, row-major. As a slice they are float32; [`Numbers::wide`] gives all bits of float64 ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    single: Rc<[f32]>,
    double: Option<Rc<[f64]>>,
}

impl Numbers {
    /// Whether they are float64.
    #[must_use]
    pub fn is_double(&self) -> bool {
        self.double.is_some()
    }

    /// The values as float64, exactly.
    #[must_use]
    pub fn wide(&self) -> Rc<[f64]> {
        match &self.double {
            Some(values) => Rc::clone(values),
            None => self.single.iter().map(|&value| value.into()).collect(),
        }
    }
}

impl Deref for Numbers {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.single
    }
}

impl<V: Into<Rc<[f32]>>> From<V> for Numbers {
    fn from(values: V) -> Self {
        Self { single: values.into(), double: None }
    }
}

impl FromIterator<f32> for Numbers {
    fn from_iter<I: IntoIterator<Item = f32>>(values: I) -> Self {
        Self { single: values.into_iter().collect(), double: None }
    }
}

impl FromIterator<f64> for Numbers {
    #[allow(clippy::cast_possible_truncation)]
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let values: Rc<[f64]> = values.into_iter().collect();
        Self { single: values.iter().map(|&value| value as f32).collect(), double: Some(values) }
    }
}
