//! The rows of the functions that [`along`](super::along) makes.

use super::{AXIS, Function, KEEPDIMS, LAST, X, along, of, reduced, single, tensor};
use crate::declaration::{Argument, Kind};
use crate::layers::reduce::Reduction;
use crate::layers::single_value::Function as Single;

const ONE_AXIS: Argument =
    Argument::optional("axis", Kind::Axis { many: false }, "None", "The axis; the batch is 0 and stays.");
const K: Argument =
    Argument::optional("k", Kind::Integer, "0", "How far right of the main diagonal the last one that stays lies.");

/// Functions along axes, of places, of measures.
pub(super) const FUNCTIONS: &[Function] = &[
    of("cumsum", &[X, ONE_AXIS, Argument::not_yet("dtype", "None")], along::cumsum, "The sums up to each value."),
    of("cumprod", &[X, ONE_AXIS, Argument::not_yet("dtype", "None")], along::cumprod, "The products up to each value."),
    of("sort", &[X, LAST], along::sort, "The values in ascending order."),
    of("argsort", &[X, LAST], along::argsort, "The places of the values in ascending order."),
    of(
        "diff",
        &[tensor("a", "A tensor."), Argument::optional("n", Kind::PositiveInteger, "1", "How many times over."), LAST],
        along::diff,
        "The differences of neighbours.",
    ),
    of(
        "top_k",
        &[
            X,
            Argument::required("k", Kind::PositiveInteger, "How many."),
            Argument::optional("sorted", Kind::Boolean, "True", "No effect: they are in descending order."),
        ],
        along::top_k,
        "The largest values of the last axis, and their places.",
    ),
    of(
        "roll",
        &[X, Argument::required("shift", Kind::Any, "How many places further on; one for each axis."), AXIS],
        along::roll,
        "The entries of axes further on, those at the end first.",
    ),
    of(
        "pad",
        &[
            X,
            Argument::required("pad_width", Kind::Any, "How many before and behind, a pair for each axis."),
            Argument::optional(
                "mode",
                Kind::Choice(&["constant", "reflect", "symmetric", "edge", "wrap"]),
                "\"constant\"",
                "What stands there.",
            ),
            Argument::optional(
                "constant_values",
                Kind::Any,
                "None",
                "The number in mode `\"constant\"`: 0 by default.",
            ),
        ],
        along::pad,
        "The tensor with more entries before and behind.",
    ),
    of(
        "take_along_axis",
        &[X, tensor("indices", "A tensor of places, with as many axes."), ONE_AXIS],
        along::take_along_axis,
        "The values of an axis at the places that a tensor names.",
    ),
    of("tril", &[X, K], along::tril, "Zeros above a diagonal of the last two axes."),
    of("triu", &[X, K], along::triu, "Zeros below a diagonal of the last two axes."),
    of(
        "einsum",
        &[
            Argument::required("subscripts", Kind::Any, "The axes of each tensor and of the result, the batch first."),
            tensor("x1", "A tensor."),
            Argument::optional("x2", Kind::Any, "None", "Another one."),
        ],
        along::einsum,
        "Sums of products along named axes: `\"bqd,bkd->bqk\"`.",
    ),
    of("amax", &[X, AXIS, KEEPDIMS], along::amax, "The largest value."),
    of("amin", &[X, AXIS, KEEPDIMS], along::amin, "The smallest value."),
    of("average", &[X, AXIS, Argument::not_yet("weights", "None")], along::average, "The mean."),
    of("count_nonzero", &[X, AXIS], |call| call.reduce(Reduction::Count), "How many values are not 0."),
    reduced("median", Reduction::Median, "The value in the middle."),
    of(
        "norm",
        &[
            X,
            Argument::optional(
                "ord",
                Kind::Any,
                "None",
                "Which: 1, 2 (by default) or infinity, of two axes `\"fro\"`.",
            ),
            AXIS,
            KEEPDIMS,
        ],
        along::norm,
        "The length, or another norm.",
    ),
    of(
        "normalize",
        &[
            X,
            LAST,
            Argument::optional("order", Kind::Any, "2", "The norm: only 2."),
            Argument::optional("epsilon", Kind::Any, "None", "The least length that is divided by: 1e-7 by default."),
        ],
        along::normalize,
        "The values divided by their length.",
    ),
    single("exp2", Single::ExponentialTwo, "`2ˣ`"),
    single("tan", Single::Tangent, "The tangent."),
    single("sinh", Single::HyperbolicSine, "The hyperbolic sine."),
    single("cosh", Single::HyperbolicCosine, "The hyperbolic cosine."),
];
