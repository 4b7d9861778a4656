//! What goes along one axis: `keras.ops.cumsum(x, axis=1)`, `cumprod`, `sort`, `argsort`, `diff`, and the largest values, `top_k`.
//!
//! <https://keras.io/api/ops/numpy/>. NaN goes last in order, and is the largest value. Difference to Keras: the batch is no axis to
//! go along, so `axis` is given where Keras would take all of them.

use std::cmp::Ordering;

use ndarray::{ArrayD, Axis, Slice};
use rnn_grammar::{Code, Span};

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::axes::{map_groups, mixes_time, shape_of};
use crate::layers::checks::Check;
use crate::layers::operator::operation;
use crate::plan::kernels::along;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// What is made along the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Along {
    /// Sums up to each value.
    Sum,
    /// Products up to each value.
    Product,
    /// The values in ascending order.
    Sorted,
    /// Their places in that order.
    Places,
    /// Differences of neighbours, so many times over.
    Difference(u64),
}

const CUMSUM: Declaration = operation("Cumsum", "cumsum");
const CUMPROD: Declaration = operation("Cumprod", "cumprod");
const SORT: Declaration = operation("Sort", "sort");
const ARGSORT: Declaration = operation("Argsort", "argsort");
const DIFF: Declaration = operation("Diff", "diff");
const TOP_K: Declaration = operation("TopK", "top_k");

/// Along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AlongAxis {
    pub(crate) along: Along,
    pub(crate) axis: i128,
    pub(crate) span: Option<Span>,
}

/// How two values stand in ascending order: NaN last.
fn ascending<R: Real>(left: R, right: R) -> Ordering {
    let comes_first = |one: R, other: R| one < other || (other.is_nan() && !one.is_nan());
    comes_first(right, left).cmp(&comes_first(left, right))
}

/// The places of values in this order; equal ones keep theirs.
fn places_in<R: Real>(order: impl Fn(R, R) -> Ordering, values: &[R]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by(|&left, &right| order(values[left], values[right]));
    places
}

fn running<R: Real>(values: &[R], of: impl Fn(R, R) -> R) -> Vec<R> {
    let mut so_far: Option<R> = None;
    let next = |&value: &R| {
        let value = so_far.map_or(value, |before| of(before, value));
        so_far = Some(value);
        value
    };
    values.iter().map(next).collect()
}

impl AlongAxis {
    fn place(&self, shape: &Shape) -> Result<usize, Mismatch> {
        Check { class: self.declaration().class, shape }.axis(self.axis, self.span)
    }

    #[allow(clippy::cast_precision_loss)]
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let place = self.place(&shape_of(input)).unwrap_or(1);
        let each = |change: &dyn Fn(&[R]) -> Vec<R>| map_groups(input, &[place], |group| change(&group));
        vec![match self.along {
            Along::Sum => each(&|values| running(values, |before, value| before + value)),
            Along::Product => each(&|values| running(values, |before, value| before * value)),
            Along::Sorted => {
                each(&|values| places_in(ascending, values).into_iter().map(|place| values[place]).collect())
            }
            Along::Places => {
                each(&|values| places_in(ascending, values).into_iter().map(|place| R::of(place as f64)).collect())
            }
            Along::Difference(times) => {
                let mut array = input.clone();
                for _ in 0..times {
                    let later = array.slice_axis(Axis(place), Slice::from(1..)).to_owned();
                    array = later - array.slice_axis(Axis(place), Slice::from(..-1));
                }
                array
            }
        }]
    }
}

impl Layer for AlongAxis {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        match self.along {
            Along::Sum => &CUMSUM,
            Along::Product => &CUMPROD,
            Along::Sorted => &SORT,
            Along::Places => &ARGSORT,
            Along::Difference(_) => &DIFF,
        }
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(self.declaration().class, inputs)?;
        let mut shape = check.shape.clone();
        let place = self.place(check.shape)?;
        if let (Along::Difference(times), Some(size)) = (self.along, shape.0[place].known()) {
            let Some(left) = size.checked_sub(times).filter(|&left| left > 0) else {
                let title = format!("`Diff` leaves nothing of axis {place} of `{shape}`");
                return Err(Mismatch::new(Code::E220, title, format!("{size} values have fewer differences")));
            };
            shape.0[place] = Dimension::Known(left);
        }
        Ok(vec![shape])
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        let given = inputs.first().copied().unwrap_or(InputType::Float32);
        match self.along {
            Along::Sum | Along::Product => given.joined(InputType::Int32),
            Along::Sorted | Along::Difference(_) => given,
            Along::Places => InputType::Int32,
        }
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        mixes_time(inputs, |shape| Ok(vec![self.place(shape)?]), "goes along the timesteps")
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let (sample, place) = (lowering.sample(), self.place(shape).unwrap_or(1) - 1);
        match self.along {
            Along::Sum => along::running(sample, place, "running_sum"),
            Along::Product => along::running(sample, place, "running_product"),
            Along::Sorted => along::sort(sample, place),
            Along::Places => along::places_in_order(sample, place),
            Along::Difference(times) => along::differences(sample, place, times),
        }
    }

    evaluate_generically!();
}

/// The largest values along the last axis, and their places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopK {
    pub(crate) count: u64,
    pub(crate) span: Option<Span>,
}

impl TopK {
    #[allow(clippy::cast_precision_loss)]
    fn evaluate<R: Real>(self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let (last, count) = (Axis(input.ndim() - 1), usize::try_from(self.count).unwrap_or(0));
        let first = |array: ArrayD<R>| array.slice_axis(last, Slice::from(..count)).as_standard_layout().into_owned();
        let in_order = |values: &[R]| places_in(|left, right| ascending(right, left), values);
        let places = map_groups(input, &[input.ndim() - 1], |group| {
            in_order(&group).into_iter().map(|place| R::of(place as f64)).collect()
        });
        let values = map_groups(input, &[input.ndim() - 1], |group| {
            in_order(&group).into_iter().map(|place| group[place]).collect()
        });
        vec![first(values), first(places)]
    }
}

impl Layer for TopK {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        &TOP_K
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(TOP_K.class, inputs)?;
        let last = check.shape.rank() - 1;
        if last == 0 {
            return Err(check.mixes_batch("the last axis is the batch", self.span));
        }
        if check.shape.0[last].known().is_some_and(|size| size < self.count) {
            let title = format!("`top_k` of {} values along the last axis of `{}`", self.count, check.shape);
            return Err(Mismatch::new(Code::E220, title, "there are not so many").within(self.span));
        }
        Ok(vec![check.shape.with_last(self.count); 2])
    }

    fn output_type(&self, output: usize, inputs: &[InputType]) -> InputType {
        if output == 1 { InputType::Int32 } else { inputs.first().copied().unwrap_or(InputType::Float32) }
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    /// The places are what the first kernel makes.
    fn further_outputs(&self, _n_operations: usize) -> Vec<usize> {
        vec![0]
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        along::largest(lowering.sample(), usize::try_from(self.count).unwrap_or(0))
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    #[test]
    fn values_go_along_an_axis() {
        let inputs = [array(&[1, 3, 2], &[3.0, 1.0, 1.0, f64::NAN, 2.0, 5.0])];
        let run = |along, axis| {
            let layer = AlongAxis { along, axis, span: None };
            layer.evaluate(&Call { inputs: &inputs, weights: &[] }).remove(0)
        };
        assert_near(&run(Along::Places, 1), &[1, 3, 2], &[1.0, 0.0, 2.0, 2.0, 0.0, 1.0]);
        assert_near(&run(Along::Places, -1), &[1, 3, 2], &[1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
        let whole = [array(&[1, 3], &[3.0, 1.0, 4.0])];
        let run = |along| {
            let layer = AlongAxis { along, axis: -1, span: None };
            layer.evaluate(&Call { inputs: &whole, weights: &[] }).remove(0)
        };
        assert_near(&run(Along::Sum), &[1, 3], &[3.0, 4.0, 8.0]);
        assert_near(&run(Along::Product), &[1, 3], &[3.0, 3.0, 12.0]);
        assert_near(&run(Along::Sorted), &[1, 3], &[1.0, 3.0, 4.0]);
        assert_near(&run(Along::Difference(2)), &[1, 1], &[5.0]);
    }

    #[test]
    fn the_largest_come_first_and_ties_keep_their_order() {
        let inputs = [array(&[1, 4], &[2.0, 7.0, 2.0, 1.0])];
        let layer = TopK { count: 3, span: None };
        let answers = layer.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&answers[0], &[1, 3], &[7.0, 2.0, 2.0]);
        assert_near(&answers[1], &[1, 3], &[1.0, 0.0, 2.0]);
        assert_eq!(layer.output_shapes(&[shape(&[None, Some(2)])]).unwrap_err().code, Code::E220);
    }
}
