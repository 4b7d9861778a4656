//! `x[:, -1, 2:5]`: entries of a symbolic tensor. Keras makes it a layer `GetItem` of its own in the summary.
//!
//! <https://keras.io/api/ops/numpy/>. Differences to Keras: the batch stays whole, and an empty slice is
//! refused.

use ndarray::{ArrayD, Axis};
use rnn_grammar::Code;

use crate::arguments::Arguments;
use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::plan::kernels::{self, windows};
use crate::plan::lowered::{Lowered, Lowering, Reach};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

const GET_ITEM: Declaration = Declaration {
    class: "GetItem",
    aliases: &[],
    base_name: "get_item",
    summary: "Picks entries along axes.",
    details: "",
    arguments: &[],
    takes_common: false,
    build: {
        fn build(_arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
            None
        }
        build
    },
};

/// One entry of the subscript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// One place of an axis, which goes away.
    At(i128),
    /// Places from, to (not included), by steps, as Python counts them.
    Slice([Option<i128>; 3]),
    /// A new axis of size 1.
    NewAxis,
}

/// `x[…]` with its subscript, the batch's entry included.
#[derive(Clone, Debug)]
pub(crate) struct GetItem {
    pub(crate) keys: Vec<Key>,
}

/// What becomes of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pick {
    /// All of it.
    Whole,
    /// One place.
    One(u64),
    /// So many places from `first` on, `step` apart.
    Many { first: i128, step: i128, count: u64 },
}

const WHOLE: Key = Key::Slice([None, None, None]);

impl GetItem {
    /// What becomes of each axis, in order, with new ones between them.
    fn picks(&self, shape: &Shape) -> Result<Vec<Option<Pick>>, Mismatch> {
        let mut axes = shape.0.iter();
        let mut picks = Vec::new();
        for &key in &self.keys {
            if key == Key::NewAxis {
                picks.push(None);
                continue;
            }
            let Some(&axis) = axes.next() else {
                let title = format!("`{shape}` has {} axes, but the subscript names more", shape.rank());
                return Err(Mismatch::new(Code::E108, title, "too many indices"));
            };
            picks.push(Some(pick(key, axis, shape)?));
        }
        picks.extend(axes.map(|_| Some(Pick::Whole)));
        if picks.first() != Some(&Some(Pick::Whole)) {
            let title = format!("a subscript of `{shape}` that picks samples of the batch");
            return Err(Mismatch::new(Code::E209, title, "the first entry must be `:`")
                .help("the first axis is the batch: write `x[:, …]`"));
        }
        Ok(picks)
    }

    /// The kernel that picks these entries, the batch's included; the axes behind them are whole.
    fn pick(&self, shape: &Shape, keys: &[Key]) -> Lowered {
        let picks = Self { keys: keys.to_vec() }.picks(shape).unwrap_or_default();
        // A free axis is kept whole, or not at all: only its real size tells which place is the last one.
        let mut keys = keys.iter().copied().filter(|&key| key != Key::NewAxis);
        let mut axes = shape.0.iter().map(|&axis| (axis, keys.next().unwrap_or(WHOLE)));
        let is_open = axes.any(|(axis, key)| axis.known().is_none() && key != WHOLE);
        let loops = picks.iter().flatten().skip(1).map(|pick| match *pick {
            Pick::Whole => None,
            Pick::One(place) => Some((i128::from(place), 1, 1)),
            Pick::Many { first, step, count } => Some((first, step, count)),
        });
        kernels::pick(shape.sample(), &loops.collect::<Vec<_>>(), is_open)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let mut array = call.inputs[0].clone();
        let sizes = Shape(array.shape().iter().map(|&size| Dimension::Known(size as u64)).collect());
        let mut axis = 0;
        for pick in self.picks(&sizes).unwrap_or_default() {
            match pick {
                None => array.insert_axis_inplace(Axis(axis)),
                Some(Pick::Whole) => {}
                Some(Pick::One(place)) => {
                    array = array.index_axis_move(Axis(axis), usize::try_from(place).unwrap_or(0));
                    continue;
                }
                Some(Pick::Many { first, step, count }) => {
                    let places = (0..count).map(|index| usize::try_from(first + step * i128::from(index)).unwrap_or(0));
                    array = array.select(Axis(axis), &places.collect::<Vec<_>>());
                }
            }
            axis += 1;
        }
        vec![array.as_standard_layout().into_owned()]
    }
}

fn pick(key: Key, axis: Dimension, shape: &Shape) -> Result<Pick, Mismatch> {
    match (key, axis.known()) {
        (Key::At(place), Some(size)) => {
            let size = i128::from(size);
            let from_start = if place < 0 { place + size } else { place };
            u64::try_from(from_start).ok().filter(|_| from_start < size).map(Pick::One).ok_or_else(|| {
                let title = format!("there is no entry {place} along an axis of {size} in `{shape}`");
                Mismatch::new(Code::E108, title, format!("places are {} to {}", -size, size - 1))
            })
        }
        // The place is known when the model runs.
        (Key::At(_), None) => Ok(Pick::One(0)),
        (Key::Slice([None, None, None | Some(1)]) | Key::NewAxis, _) | (Key::Slice(_), None) => Ok(Pick::Whole),
        (Key::Slice([_, _, Some(0)]), Some(_)) => {
            Err(Mismatch::new(Code::E108, "the step of a slice is 0", "would stay where it is"))
        }
        (Key::Slice([from, to, step]), Some(size)) => match slice(from, to, step.unwrap_or(1), i128::from(size)) {
            Pick::Many { count: 0, .. } => {
                let title = format!("the slice picks nothing along an axis of {size} in `{shape}`");
                Err(Mismatch::new(Code::E108, title, "empty"))
            }
            some => Ok(some),
        },
    }
}

/// Python's places of a slice.
fn slice(from: Option<i128>, to: Option<i128>, step: i128, size: i128) -> Pick {
    let (lowest, highest) = if step > 0 { (0, size) } else { (-1, size - 1) };
    let bound = |given: Option<i128>, default: i128| match given {
        None => default,
        Some(place) if place < 0 => place.saturating_add(size).max(lowest),
        Some(place) => place.min(highest),
    };
    let (first, end) =
        if step > 0 { (bound(from, lowest), bound(to, highest)) } else { (bound(from, highest), bound(to, lowest)) };
    let span = if step > 0 { end - first } else { first - end };
    let count = if span <= 0 { 0 } else { (span - 1) / step.abs() + 1 };
    if (first, step, count) == (0, 1, size) {
        return Pick::Whole;
    }
    Pick::Many { first, step, count: u64::try_from(count).unwrap_or(0) }
}

/// Which timesteps of a stream this entry of the subscript keeps, and whether it keeps its last ones only; `None` where
/// it keeps all.
fn window(key: Key) -> Result<Option<(Reach, bool)>, String> {
    let positive = |number: i128| usize::try_from(number).map_err(|_| "picks too many timesteps".to_owned());
    match key {
        WHOLE | Key::Slice([None | Some(0), None, None | Some(1)]) => Ok(None),
        Key::At(place) if place < 0 => Ok(Some((Reach { after: positive(-1 - place)?, ..Reach::ROWS }, true))),
        Key::At(place) => Err(format!("picks timestep {place}, which does not move on with the stream")),
        Key::NewAxis => Err("puts a new axis before the timesteps".to_owned()),
        Key::Slice([_, Some(to), _]) if to >= 0 => Err(format!("ends at timestep {to}, however long the stream is")),
        Key::Slice([_, _, Some(step)]) if step < 1 => Err("reads the sequence from its end".to_owned()),
        Key::Slice([from, to, step]) => {
            let (after, step) = (positive(-to.unwrap_or(0))?, positive(step.unwrap_or(1))?);
            match from {
                Some(from) if from < 0 => {
                    let taps = positive(-from)?.saturating_sub(after).div_ceil(step);
                    if taps == 0 {
                        return Err("picks nothing".to_owned());
                    }
                    // The last place may lie before the slice's end.
                    let after = positive(-1 - from)?.saturating_sub(taps.saturating_sub(1).saturating_mul(step));
                    Ok(Some((Reach { taps, dilation: step, after, ..Reach::ROWS }, true)))
                }
                from => {
                    let first = isize::try_from(from.unwrap_or(0)).unwrap_or(isize::MAX);
                    Ok(Some((Reach { first, stride: step, after, ..Reach::ROWS }, false)))
                }
            }
        }
    }
}

impl Layer for GetItem {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        &GET_ITEM
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let mut axes = inputs[0].0.iter();
        let mut output = Vec::new();
        for pick in self.picks(&inputs[0])? {
            let axis = if pick.is_some() { axes.next().copied() } else { None };
            match pick {
                None => output.push(Dimension::Known(1)),
                Some(Pick::Whole) => output.extend(axis),
                Some(Pick::One(_)) => {}
                Some(Pick::Many { count, .. }) => output.push(Dimension::Known(count)),
            }
        }
        Ok(vec![Shape(output)])
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        inputs.first().copied().unwrap_or(InputType::Float32)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let is_free =
            inputs.first().is_none_or(|shape| shape.sample().first().is_none_or(|axis| axis.known().is_none()));
        match self.keys.get(1).map_or(Ok(None), |&key| window(key)) {
            Ok(None) => Streaming::PerFrame,
            Ok(Some((reach, true))) if reach.taps > 1 && is_free => {
                Streaming::Impossible("keeps the last timesteps, if there are as many".to_owned())
            }
            Ok(Some(_)) => Streaming::Windows,
            Err(reason) => Streaming::Impossible(reason),
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let timesteps = self.keys.get(1).map_or(Ok(None), |&key| window(key));
        let Ok(Some((reach, at_end))) = timesteps else { return self.pick(shape, &self.keys) };
        // Timesteps first, so that a stream takes them as they come; then entries of each.
        let mut keys = self.keys.clone();
        keys[1] = WHOLE;
        let entries = self.pick(shape, &keys)?;
        let whole = match shape.sample().first().and_then(|axis| axis.known()) {
            None => None,
            Some(_) => match self.pick(shape, &self.keys[..2])?.pop() {
                Some(whole) => Some(whole),
                None => return Ok(entries),
            },
        };
        let mut operations = vec![windows::moved(reach, at_end, whole, lowering.elements_from(1)?)];
        operations.extend(entries);
        Ok(operations)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    fn layer(keys: &[Key]) -> GetItem {
        GetItem { keys: keys.to_vec() }
    }

    fn output(keys: &[Key], input: &[Option<u64>]) -> Result<String, Code> {
        layer(keys).output_shapes(&[shape(input)]).map(|shapes| shapes[0].to_string()).map_err(|mismatch| mismatch.code)
    }

    #[test]
    fn places_are_counted_as_python_does() {
        let input = [array(&[1, 3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
        let call = Call { inputs: &input, weights: &[] };
        assert_near(&layer(&[WHOLE, Key::At(-1)]).evaluate(&call)[0], &[1, 2], &[5.0, 6.0]);
        let backwards = layer(&[WHOLE, Key::Slice([None, None, Some(-2)]), Key::At(0)]);
        assert_near(&backwards.evaluate(&call)[0], &[1, 2], &[5.0, 1.0]);
        let new = layer(&[WHOLE, Key::NewAxis, Key::Slice([Some(-2), Some(9), None])]);
        assert_near(&new.evaluate(&call)[0], &[1, 1, 2, 2], &[3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn shapes_follow() {
        assert_eq!(output(&[WHOLE, Key::At(-1), WHOLE], &[None, Some(3), Some(2)]).unwrap(), "(None, 2)");
        assert_eq!(output(&[WHOLE, Key::Slice([Some(1), None, None])], &[None, Some(3)]).unwrap(), "(None, 2)");
        assert_eq!(output(&[WHOLE, Key::Slice([Some(2), Some(1), None])], &[None, Some(3)]).unwrap_err(), Code::E108);
        assert_eq!(output(&[WHOLE, Key::Slice([Some(1), None, None])], &[None, None]).unwrap(), "(None, None)");
        assert_eq!(output(&[WHOLE, Key::At(-1)], &[None, None, Some(2)]).unwrap(), "(None, 2)");
        assert_eq!(output(&[WHOLE, Key::At(3)], &[None, Some(3)]).unwrap_err(), Code::E108);
        assert_eq!(output(&[WHOLE, WHOLE, WHOLE], &[None, Some(3)]).unwrap_err(), Code::E108);
        assert_eq!(output(&[Key::At(0)], &[None, Some(3)]).unwrap_err(), Code::E209);
    }
}
