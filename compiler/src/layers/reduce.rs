//! Reductions: `keras.ops.sum(x, axis=1)` and its kin, from `mean` to `argmax`.
//!
//! <https://keras.io/api/ops/numpy/>. Difference to Keras: the batch stays, so `axis` is given and is not 0.

use ndarray::{ArrayD, IxDyn};
use rnn_grammar::Span;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::axes::shape_of;
use crate::layers::checks::Check;
use crate::layers::operator::operation;
use crate::plan::kernels::{self, pairs, reduce};
use crate::plan::lowered::{Lowered, Lowering, Operation};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// What becomes of the values along the axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    Sum,
    Mean,
    Maximum,
    Minimum,
    Product,
    Variance,
    Deviation,
    Any,
    All,
    PlaceOfMaximum,
    PlaceOfMinimum,
    LogSumExp,
    /// How many are not 0.
    Count,
    /// The value in the middle, or the mean of the two there.
    Median,
    /// A norm of the values.
    Norm(Norm),
}

/// Which norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Norm {
    /// The sum of the magnitudes.
    Sum,
    /// The root of the sum of the squares.
    Length,
    /// The largest magnitude.
    Largest,
    /// The least magnitude.
    Least,
}

const SUM: Declaration = operation("Sum", "sum");
const MEAN: Declaration = operation("Mean", "mean");
const MAX: Declaration = operation("Max", "max");
const MIN: Declaration = operation("Min", "min");
const PROD: Declaration = operation("Prod", "prod");
const VAR: Declaration = operation("Var", "var");
const STD: Declaration = operation("Std", "std");
const ANY: Declaration = operation("Any", "any");
const ALL: Declaration = operation("All", "all");
const ARGMAX: Declaration = operation("Argmax", "argmax");
const ARGMIN: Declaration = operation("Argmin", "argmin");
const LOGSUMEXP: Declaration = operation("Logsumexp", "logsumexp");
const COUNT_NONZERO: Declaration = operation("CountNonzero", "count_nonzero");
const MEDIAN: Declaration = operation("Median", "median");
const NORM: Declaration = operation("Norm", "norm");

/// A reduction with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Reduce {
    pub(crate) reduction: Reduction,
    /// As the text counts them; none where the text names none, which would be all, the batch too.
    pub(crate) axes: Vec<i128>,
    pub(crate) keepdims: bool,
    pub(crate) span: Option<Span>,
}

impl Reduction {
    /// The runtime's function for rows, and the one for timesteps where there is one.
    const fn kernels(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Sum | Self::Count | Self::Norm(Norm::Sum | Norm::Length) => ("sum", Some("sum")),
            Self::Mean => ("mean", Some("average")),
            Self::Maximum | Self::Any | Self::Norm(Norm::Largest) => ("maximum", Some("maximum")),
            Self::Minimum | Self::All | Self::Norm(Norm::Least) => ("minimum", Some("minimum")),
            Self::Product => ("product", Some("product")),
            Self::Variance => ("variance", None),
            Self::Deviation => ("deviation", None),
            Self::PlaceOfMaximum => ("place_of_maximum", None),
            Self::PlaceOfMinimum => ("place_of_minimum", None),
            Self::LogSumExp => ("log_sum_exp", None),
            Self::Median => ("median", None),
        }
    }

    /// What is done to each value before.
    fn before(self) -> Option<Operation> {
        match self {
            Self::Any | Self::All | Self::Count => Some(pairs::function("is_not_zero")),
            Self::Norm(Norm::Length) => Some(pairs::function("square")),
            Self::Norm(Norm::Sum | Norm::Largest | Norm::Least) => Some(kernels::values("absolute")),
            _ => None,
        }
    }

    /// What is done to the result.
    fn behind(self) -> Option<Operation> {
        (self == Self::Norm(Norm::Length)).then(|| pairs::function("square_root"))
    }

    #[allow(clippy::cast_precision_loss)]
    fn of<R: Real>(self, values: &[R]) -> R {
        let sum = |values: &[R]| values.iter().fold(R::zero(), |sum, &x| sum + x);
        let count = R::of(values.len() as f64);
        let extreme = |pick: fn(R, R) -> R| values.iter().copied().reduce(pick).unwrap_or_else(R::zero);
        let truth = |holds: bool| if holds { R::one() } else { R::zero() };
        match self {
            Self::Sum => sum(values),
            Self::Mean => sum(values) / count,
            Self::Maximum => extreme(R::maximum),
            Self::Minimum => extreme(R::minimum),
            Self::Product => values.iter().fold(R::one(), |product, &x| product * x),
            Self::Variance => variance(values),
            Self::Deviation => variance(values).sqrt(),
            Self::Any => truth(values.iter().any(|&x| x != R::zero())),
            Self::All => truth(values.iter().all(|&x| x != R::zero())),
            Self::PlaceOfMaximum => place(values, |x, best| x > best),
            Self::PlaceOfMinimum => place(values, |x, best| x < best),
            Self::Count => sum(&values.iter().map(|&x| truth(x != R::zero())).collect::<Vec<_>>()),
            Self::Median => median(values),
            Self::Norm(norm) => {
                let magnitudes: Vec<R> = values.iter().map(|x| x.abs()).collect();
                let extreme = |pick: fn(R, R) -> R| magnitudes.iter().copied().reduce(pick).unwrap_or_else(R::zero);
                match norm {
                    Norm::Sum => sum(&magnitudes),
                    Norm::Length => sum(&magnitudes.iter().map(|&x| x * x).collect::<Vec<_>>()).sqrt(),
                    Norm::Largest => extreme(R::maximum),
                    Norm::Least => extreme(R::minimum),
                }
            }
            Self::LogSumExp => {
                let largest = extreme(R::maximum);
                let shift = if largest.to_f64().is_finite() { largest } else { R::zero() };
                values.iter().fold(R::zero(), |sum, &x| sum + (x - shift).exp()).ln() + shift
            }
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn variance<R: Real>(values: &[R]) -> R {
    let count = R::of(values.len() as f64);
    let mean = values.iter().fold(R::zero(), |sum, &x| sum + x) / count;
    values.iter().fold(R::zero(), |sum, &x| sum + (x - mean) * (x - mean)) / count
}

/// The middle of the values in order; NaN where any is.
fn median<R: Real>(values: &[R]) -> R {
    if let Some(&nan) = values.iter().find(|x| x.is_nan()) {
        return nan;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(|left, right| left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal));
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (Some(&upper), 0) => (sorted[middle - 1] + upper) / R::of(2.0),
        (Some(&only), _) => only,
        (None, _) => R::of(f64::NAN),
    }
}

/// The first place that is better than all before, NaN being best.
#[allow(clippy::cast_precision_loss)]
fn place<R: Real>(values: &[R], is_better: impl Fn(R, R) -> bool) -> R {
    let mut best = 0;
    for (index, &x) in values.iter().enumerate() {
        if is_better(x, values[best]) || (x.is_nan() && !values[best].is_nan()) {
            best = index;
        }
    }
    R::of(best as f64)
}

impl Reduce {
    /// Places of the axes, in ascending order, the batch as 0.
    fn places(&self, shape: &Shape) -> Result<Vec<usize>, Mismatch> {
        let check = Check { class: self.declaration().class, shape };
        if self.axes.is_empty() {
            return Err(check.mixes_batch("without `axis`, the batch is among the axes", self.span));
        }
        let mut places = check.axes(&self.axes, self.span)?;
        places.sort_unstable();
        Ok(places)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let places = self.places(&shape_of(input)).unwrap_or_default();
        let others: Vec<usize> = (0..input.ndim()).filter(|axis| !places.contains(axis)).collect();
        let order: Vec<usize> = others.iter().chain(&places).copied().collect();
        let size: usize = places.iter().map(|&axis| input.shape()[axis]).product();
        let moved: Vec<R> = input.view().permuted_axes(IxDyn(&order)).iter().copied().collect();
        let values = moved.chunks(size.max(1)).map(|group| self.reduction.of(group)).collect();
        let sizes: Vec<usize> = (0..input.ndim())
            .filter(|axis| self.keepdims || !places.contains(axis))
            .map(|axis| if places.contains(&axis) { 1 } else { input.shape()[axis] })
            .collect();
        let reduced = ArrayD::from_shape_vec(IxDyn(&sizes), values);
        vec![reduced.unwrap_or_else(|_| unreachable!("one value for each group"))]
    }
}

impl Layer for Reduce {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        match self.reduction {
            Reduction::Sum => &SUM,
            Reduction::Mean => &MEAN,
            Reduction::Maximum => &MAX,
            Reduction::Minimum => &MIN,
            Reduction::Product => &PROD,
            Reduction::Variance => &VAR,
            Reduction::Deviation => &STD,
            Reduction::Any => &ANY,
            Reduction::All => &ALL,
            Reduction::PlaceOfMaximum => &ARGMAX,
            Reduction::PlaceOfMinimum => &ARGMIN,
            Reduction::LogSumExp => &LOGSUMEXP,
            Reduction::Count => &COUNT_NONZERO,
            Reduction::Median => &MEDIAN,
            Reduction::Norm(_) => &NORM,
        }
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(self.declaration().class, inputs)?;
        let places = self.places(check.shape)?;
        let axes = check.shape.0.iter().enumerate().filter_map(|(axis, &size)| match places.contains(&axis) {
            false => Some(size),
            true => self.keepdims.then_some(Dimension::Known(1)),
        });
        Ok(vec![Shape(axes.collect())])
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        let given = inputs.first().copied().unwrap_or(InputType::Float32);
        match self.reduction {
            Reduction::Maximum | Reduction::Minimum => given,
            Reduction::Sum | Reduction::Product => given.joined(InputType::Int32),
            Reduction::Any | Reduction::All => InputType::Boolean,
            Reduction::PlaceOfMaximum | Reduction::PlaceOfMinimum | Reduction::Count => InputType::Int32,
            Reduction::Mean
            | Reduction::Variance
            | Reduction::Deviation
            | Reduction::LogSumExp
            | Reduction::Median
            | Reduction::Norm(_) => InputType::Float32,
        }
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let takes_time = inputs
            .first()
            .is_some_and(|shape| shape.rank() > 2 && self.places(shape).is_ok_and(|places| places.contains(&1)));
        match (takes_time, self.reduction.kernels().1) {
            (false, _) => Streaming::PerFrame,
            (true, Some(_)) => Streaming::Windows,
            (true, None) => Streaming::Impossible("needs all timesteps at once".to_owned()),
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let sample = lowering.sample();
        let mut places: Vec<usize> = self.places(shape).unwrap_or_default().iter().map(|place| place - 1).collect();
        let (of_rows, of_steps) = self.reduction.kernels();
        let mut operations: Vec<Operation> = self.reduction.before().into_iter().collect();
        let Some(of_steps) = of_steps.filter(|_| sample.len() > 1 && places.first() == Some(&0)) else {
            operations.extend(reduce::axes(sample, &places, of_rows)?);
            operations.extend(self.reduction.behind());
            return Ok(operations);
        };
        // The timesteps go last, so that a stream takes them as they come.
        places.remove(0);
        operations.extend(reduce::axes(sample, &places, of_rows)?);
        let rest: Vec<Dimension> =
            sample.iter().enumerate().filter(|(axis, _)| !places.contains(axis)).map(|(_, &size)| size).collect();
        operations.extend(reduce::timesteps(&rest, of_steps)?);
        operations.extend(self.reduction.behind());
        Ok(operations)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};
    use rnn_grammar::Code;

    fn layer(reduction: Reduction, axes: &[i128], keepdims: bool) -> Reduce {
        Reduce { reduction, axes: axes.to_vec(), keepdims, span: None }
    }

    #[test]
    fn axes_become_one_value() {
        let inputs = [array(&[1, 2, 3], &[1.0, 5.0, 0.0, -2.0, 4.0, 6.0])];
        let run = |reduction, axes: &[i128], keepdims| {
            layer(reduction, axes, keepdims).evaluate(&Call { inputs: &inputs, weights: &[] }).remove(0)
        };
        assert_near(&run(Reduction::Sum, &[1], false), &[1, 3], &[-1.0, 9.0, 6.0]);
        assert_near(&run(Reduction::Mean, &[-1], true), &[1, 2, 1], &[2.0, 8.0 / 3.0]);
        assert_near(&run(Reduction::Maximum, &[1, 2], false), &[1], &[6.0]);
        assert_near(&run(Reduction::PlaceOfMinimum, &[2], false), &[1, 2], &[2.0, 0.0]);
        assert_near(&run(Reduction::All, &[2], false), &[1, 2], &[0.0, 1.0]);
        assert_near(&run(Reduction::Variance, &[1], false), &[1, 3], &[2.25, 0.25, 9.0]);
        assert_near(
            &run(Reduction::LogSumExp, &[1], false),
            &[1, 3],
            &[1.048_587_351_573_742, 5.313_261_687_518_223, 6.002_475_685_137_73],
        );
    }

    #[test]
    fn the_batch_stays() {
        let code = |axes: &[i128]| {
            layer(Reduction::Sum, axes, false).output_shapes(&[shape(&[None, Some(2), Some(3)])]).unwrap_err().code
        };
        assert_eq!([code(&[]), code(&[0]), code(&[-3]), code(&[3])], [Code::E209, Code::E209, Code::E209, Code::E208]);
    }
}
