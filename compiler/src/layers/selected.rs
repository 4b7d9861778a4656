//! Entries along axes at other places: `keras.ops.pad`, `roll`, and `take` with several indices.
//!
//! <https://keras.io/api/ops/numpy/>. Difference to Keras: samples of the batch stay where they are.

use ndarray::{ArrayD, Axis, concatenate};
use rnn_grammar::Code;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::plan::kernels::along;
use crate::plan::lowered::{Lowered, Lowering, NoCode, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// What stands beside the values of an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Beside {
    /// This number.
    Constant(f64),
    /// The values turned round, without the outermost one again.
    Reflected,
    /// The values turned round.
    Mirrored,
    /// The outermost value.
    Edge,
    /// The values of the other end.
    Wrapped,
}

/// Which entries of an axis there are, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Places {
    /// All of them, so many places further on; what leaves at the end comes in at the front.
    Rolled(i128),
    /// All of them, with so many before and behind.
    Padded(u64, u64, Beside),
    /// These, counted from the end where they are negative.
    Named(Vec<i128>),
}

impl Places {
    /// The place that each entry comes from, of an axis of this size.
    fn of(&self, size: usize) -> Vec<Option<usize>> {
        let length = size as i128;
        let wrapped = |place: i128| (length > 0).then(|| place.rem_euclid(length) as usize);
        match self {
            Self::Rolled(shift) => (0..length).map(|place| wrapped(place - shift)).collect(),
            Self::Named(places) => {
                places.iter().map(|&place| if place < 0 { place + length } else { place }).map(wrapped).collect()
            }
            Self::Padded(before, behind, beside) => {
                let all = -i128::from(*before)..length + i128::from(*behind);
                all.map(|place| at(place, length, *beside)).collect()
            }
        }
    }

    /// How many entries there are then.
    fn count(&self, size: Dimension) -> Dimension {
        match (self, size.known()) {
            (Self::Named(places), _) => Dimension::Known(places.len() as u64),
            (Self::Padded(before, behind, _), Some(size)) => {
                Dimension::Known(size.saturating_add(*before).saturating_add(*behind))
            }
            (Self::Rolled(_), _) | (Self::Padded(..), None) => size,
        }
    }
}

/// The entry at a place that may lie outside.
#[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation)]
fn at(place: i128, length: i128, beside: Beside) -> Option<usize> {
    if (0..length).contains(&place) {
        return Some(place as usize);
    }
    let period = match beside {
        Beside::Constant(_) => return None,
        Beside::Edge => return Some(place.clamp(0, length - 1) as usize),
        Beside::Wrapped => length,
        Beside::Reflected => 2 * (length - 1),
        Beside::Mirrored => 2 * length,
    };
    if period <= 0 {
        return Some(0);
    }
    let place = place.rem_euclid(period);
    let turned = match beside {
        Beside::Reflected => period - place,
        Beside::Mirrored => period - 1 - place,
        Beside::Constant(_) | Beside::Edge | Beside::Wrapped => place,
    };
    Some(place.min(turned) as usize)
}

/// Entries along axes.
#[derive(Clone, Debug)]
pub(crate) struct Selected {
    pub(crate) declaration: &'static Declaration,
    /// Axes, the batch as 0, with their entries.
    pub(crate) axes: Vec<(usize, Places)>,
}

impl Selected {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let mut array = call.inputs[0].clone();
        for (axis, places) in &self.axes {
            let constant = R::of(places.constant());
            let entries: Vec<ArrayD<R>> = places
                .of(array.len_of(Axis(*axis)))
                .into_iter()
                .map(|place| {
                    let mut sizes = array.shape().to_vec();
                    sizes[*axis] = 1;
                    match place {
                        Some(place) => array.select(Axis(*axis), &[place]),
                        None => ArrayD::from_elem(sizes, constant),
                    }
                })
                .collect();
            let views: Vec<_> = entries.iter().map(|entry| entry.view()).collect();
            array = concatenate(Axis(*axis), &views).unwrap_or_else(|_| unreachable!("entries of one shape"));
        }
        vec![array]
    }
}

impl Places {
    const fn constant(&self) -> f64 {
        if let Self::Padded(_, _, Beside::Constant(constant)) = self { *constant } else { 0.0 }
    }
}

impl Layer for Selected {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        self.declaration
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(self.declaration.class, inputs)?;
        let mut shape = check.shape.clone();
        for (axis, places) in &self.axes {
            if let (Places::Named(named), Some(size)) = (places, shape.0[*axis].known()) {
                let is_outside = |&&place: &&i128| place >= i128::from(size) || place < -i128::from(size);
                if let Some(place) = named.iter().find(is_outside) {
                    let title = format!("`{}` of `{}` names place {place}", self.declaration.class, check.shape);
                    return Err(Mismatch::new(Code::E220, title, format!("axis {axis} has {size} entries")));
                }
            }
            shape.0[*axis] = places.count(shape.0[*axis]);
        }
        Ok(vec![shape])
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        inputs.first().copied().unwrap_or(InputType::Float32)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let is_time =
            inputs.first().is_some_and(|shape| shape.rank() > 2) && self.axes.iter().any(|(axis, _)| *axis == 1);
        match is_time {
            true => Streaming::Impossible("puts timesteps elsewhere".to_owned()),
            false => Streaming::PerFrame,
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let mut sample = lowering.sample().to_vec();
        let mut operations = Vec::new();
        for (axis, places) in &self.axes {
            let axis = axis.checked_sub(1).ok_or(NoCode::FreeAxis)?;
            let entries = places.of(fixed(sample[axis])?);
            operations.extend(along::select(&sample, axis, &entries, places.constant())?);
            sample[axis] = Dimension::Known(entries.len() as u64);
        }
        Ok(operations)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numpys() {
        let of = |places: Places, size| -> Vec<i64> {
            places.of(size).into_iter().map(|place| place.map_or(-1, |place| place as i64)).collect()
        };
        assert_eq!(of(Places::Rolled(1), 3), [2, 0, 1]);
        assert_eq!(of(Places::Rolled(-4), 3), [1, 2, 0]);
        assert_eq!(of(Places::Named(vec![-1, 0, 0]), 3), [2, 0, 0]);
        assert_eq!(of(Places::Padded(1, 2, Beside::Constant(7.0)), 2), [-1, 0, 1, -1, -1]);
        assert_eq!(of(Places::Padded(2, 3, Beside::Reflected), 3), [2, 1, 0, 1, 2, 1, 0, 1]);
        assert_eq!(of(Places::Padded(2, 4, Beside::Mirrored), 3), [1, 0, 0, 1, 2, 2, 1, 0, 0]);
        assert_eq!(of(Places::Padded(1, 1, Beside::Reflected), 1), [0, 0, 0]);
        assert_eq!(of(Places::Padded(2, 1, Beside::Edge), 2), [0, 0, 0, 1, 1]);
        assert_eq!(of(Places::Padded(3, 1, Beside::Wrapped), 2), [1, 0, 1, 0, 1, 0]);
    }
}
