//! The functions of `keras.ops` on symbolic tensors: their names, arguments, and the operation that each makes.
//!
//! One row a function. An operation is a layer without a registry line that Keras names after the function.

mod along;
pub(crate) mod call;
mod further;
mod shapes;

use crate::activation::Activation;
use crate::declaration::{Argument, Kind};
use crate::functions::call::{Answer, FunctionCall};
use crate::graph::InputType;
use crate::layers::operator::Operator;
use crate::layers::reduce::Reduction;
use crate::layers::single_value::Function as Single;

/// A function of `keras.ops`.
#[derive(Debug)]
pub struct Function {
    /// Its name in `keras.ops`.
    pub name: &'static str,
    /// One sentence: what it computes.
    pub summary: &'static str,
    /// Its arguments in positional order, the tensors among them.
    pub arguments: &'static [Argument],
    make: Make,
}

/// How a function's operation is made.
#[derive(Debug)]
enum Make {
    /// Of single values.
    Single(Single),
    /// An activation.
    Activation(Activation),
    /// Of two values.
    Pair(Operator),
    /// Over axes.
    Reduce(Reduction),
    /// Of whatever its arguments say.
    Of(fn(&mut FunctionCall<'_>) -> Option<Answer>),
}

const fn tensor(name: &'static str, doc: &'static str) -> Argument {
    Argument::required(name, Kind::Any, doc)
}

const X: Argument = tensor("x", "A tensor.");
const ONE: &[Argument] = &[X];
const TWO: &[Argument] = &[tensor("x1", "A tensor or a number."), tensor("x2", "A tensor or a number.")];
const AXIS: Argument =
    Argument::optional("axis", Kind::Axis { many: true }, "None", "The axis or axes; the batch is 0 and stays.");
const KEEPDIMS: Argument =
    Argument::optional("keepdims", Kind::Boolean, "False", "Whether the axes stay, with size 1.");
const REDUCED: &[Argument] = &[X, AXIS, KEEPDIMS];
const LAST: Argument = Argument::optional("axis", Kind::Axis { many: false }, "-1", "The axis.");
const PLACE: Argument = Argument::required("axis", Kind::Axis { many: true }, "The axis.");

const fn single(name: &'static str, function: Single, summary: &'static str) -> Function {
    Function { name, summary, arguments: ONE, make: Make::Single(function) }
}

const fn activation(name: &'static str, activation: Activation) -> Function {
    Function { name, summary: "The activation of this name.", arguments: ONE, make: Make::Activation(activation) }
}

const fn pair(name: &'static str, operator: Operator, summary: &'static str) -> Function {
    Function { name, summary, arguments: TWO, make: Make::Pair(operator) }
}

const fn reduced(name: &'static str, reduction: Reduction, summary: &'static str) -> Function {
    Function { name, summary, arguments: REDUCED, make: Make::Reduce(reduction) }
}

const fn of(
    name: &'static str,
    arguments: &'static [Argument],
    make: fn(&mut FunctionCall<'_>) -> Option<Answer>,
    summary: &'static str,
) -> Function {
    Function { name, summary, arguments, make: Make::Of(make) }
}

const SHAPE: Kind = Kind::Any;

/// Every function of `keras.ops` that the language has.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter().chain(further::FUNCTIONS)
}

/// Those of values and pairs of them, reductions, and those that move values.
const FUNCTIONS: &[Function] = &[
    pair("add", Operator::Add, "`x1 + x2`"),
    pair("subtract", Operator::Subtract, "`x1 - x2`"),
    pair("multiply", Operator::Multiply, "`x1 * x2`"),
    pair("divide", Operator::Divide, "`x1 / x2`"),
    pair("true_divide", Operator::TrueDivide, "`x1 / x2`"),
    pair("divide_no_nan", Operator::DivideNoNan, "`x1 / x2`, 0 where `x2` is 0"),
    pair("floor_divide", Operator::FloorDivide, "`x1 // x2`"),
    pair("mod", Operator::Modulo, "`x1 % x2`"),
    pair("power", Operator::Power, "`x1 ** x2`"),
    pair("maximum", Operator::Maximum, "The larger value."),
    pair("minimum", Operator::Minimum, "The smaller value."),
    pair("equal", Operator::Equal, "Whether both are the same."),
    pair("not_equal", Operator::NotEqual, "`x1 != x2`"),
    pair("less", Operator::Less, "`x1 < x2`"),
    pair("less_equal", Operator::LessEqual, "`x1 <= x2`"),
    pair("greater", Operator::Greater, "`x1 > x2`"),
    pair("greater_equal", Operator::GreaterEqual, "`x1 >= x2`"),
    pair("logical_and", Operator::LogicalAnd, "`x1 & x2`"),
    pair("logical_or", Operator::LogicalOr, "`x1 | x2`"),
    pair("logical_xor", Operator::LogicalXor, "`x1 ^ x2`"),
    single("logical_not", Single::LogicalNot, "`~x`"),
    of(
        "where",
        &[
            tensor("condition", "Truth values, or numbers of which 0 is false."),
            tensor("x1", "A tensor or a number: what holds where the condition does."),
            tensor("x2", "A tensor or a number: what holds elsewhere."),
        ],
        call::choose,
        "Values of one tensor or another.",
    ),
    single("abs", Single::Absolute, "The magnitude."),
    single("absolute", Single::Absolute, "The magnitude."),
    single("negative", Single::Negative, "`-x`"),
    single("sign", Single::Sign, "-1, 0 or 1."),
    single("square", Single::Square, "`x²`"),
    single("sqrt", Single::SquareRoot, "`√x`"),
    single("rsqrt", Single::ReciprocalRoot, "`1/√x`"),
    single("reciprocal", Single::Reciprocal, "`1/x`"),
    activation("exp", Activation::Exponential),
    single("expm1", Single::ExponentialLessOne, "`exp(x) - 1`"),
    single("log", Single::Logarithm, "The natural logarithm."),
    single("log1p", Single::LogarithmOneMore, "`log(1 + x)`"),
    single("log2", Single::LogarithmTwo, "The logarithm to base 2."),
    single("log10", Single::LogarithmTen, "The logarithm to base 10."),
    single("sin", Single::Sine, "The sine."),
    single("cos", Single::Cosine, "The cosine."),
    single("floor", Single::Floor, "The largest whole number not above."),
    single("ceil", Single::Ceiling, "The smallest whole number not below."),
    single("trunc", Single::Truncate, "The whole number towards 0."),
    of(
        "round",
        &[X, Argument::optional("decimals", Kind::Integer, "0", "How many decimal places.")],
        call::round,
        "The nearest number of so many decimal places, the even one of two.",
    ),
    of(
        "clip",
        &[
            X,
            Argument::required("x_min", Kind::Any, "The least value; `None` for none."),
            Argument::required("x_max", Kind::Any, "The largest value; `None` for none."),
        ],
        call::clip,
        "Values between two bounds.",
    ),
    of(
        "cast",
        &[X, Argument::required("dtype", Kind::Any, "`\"float32\"`, `\"int32\"` or `\"bool\"`.")],
        call::cast,
        "The values as another type.",
    ),
    single("isnan", Single::IsNan, "Whether it is no number."),
    single("isinf", Single::IsInfinite, "Whether it is infinite."),
    single("isfinite", Single::IsFinite, "Whether it is a finite number."),
    single("ones_like", Single::Ones, "1 everywhere."),
    single("zeros_like", Single::Zeros, "0 everywhere."),
    single("stop_gradient", Single::StopGradient, "The values as they are."),
    single("copy", Single::Copy, "The values as they are."),
    of("convert_to_tensor", ONE, call::convert, "The values as they are."),
    activation("relu", Activation::Relu),
    activation("relu6", Activation::Relu6),
    activation("selu", Activation::Selu),
    activation("celu", Activation::Celu),
    activation("tanh", Activation::Tanh),
    activation("sigmoid", Activation::Sigmoid),
    activation("silu", Activation::Silu),
    activation("swish", Activation::Silu),
    activation("softplus", Activation::Softplus),
    activation("softsign", Activation::Softsign),
    activation("log_sigmoid", Activation::LogSigmoid),
    activation("hard_sigmoid", Activation::HardSigmoid),
    activation("hard_silu", Activation::HardSilu),
    activation("hard_swish", Activation::HardSilu),
    activation("hard_tanh", Activation::HardTanh),
    activation("hard_shrink", Activation::HardShrink),
    activation("soft_shrink", Activation::SoftShrink),
    activation("tanh_shrink", Activation::TanhShrink),
    activation("squareplus", Activation::Squareplus),
    activation("sparse_plus", Activation::SparsePlus),
    activation("sparse_sigmoid", Activation::SparseSigmoid),
    activation("sparsemax", Activation::Sparsemax),
    of(
        "leaky_relu",
        &[
            X,
            Argument::optional(
                "negative_slope",
                Kind::Float { minimum: 0.0, optional: false },
                "0.2",
                "The slope below 0.",
            ),
        ],
        call::leaky_relu,
        "`x` where x ≥ 0, else `negative_slope·x`.",
    ),
    of(
        "elu",
        &[
            X,
            Argument::optional(
                "alpha",
                Kind::Float { minimum: f64::NEG_INFINITY, optional: false },
                "1.0",
                "The scale below 0.",
            ),
        ],
        call::elu,
        "`x` where x > 0, else `alpha·(exp(x) - 1)`.",
    ),
    of(
        "gelu",
        &[X, Argument::optional("approximate", Kind::Boolean, "True", "Whether tanh stands for the error function.")],
        call::gelu,
        "`x·Φ(x)`; the activation of this name is exact.",
    ),
    of("softmax", &[X, LAST], call::softmax, "`exp(x) / sum(exp(x))`, the sum over the axis."),
    of("log_softmax", &[X, LAST], call::log_softmax, "`x - log(sum(exp(x)))` over the last axis."),
    reduced("sum", Reduction::Sum, "The sum."),
    reduced("mean", Reduction::Mean, "The mean."),
    of(
        "max",
        &[X, AXIS, KEEPDIMS, Argument::not_yet("initial", "None")],
        |call| call.reduce(Reduction::Maximum),
        "The largest value.",
    ),
    of(
        "min",
        &[X, AXIS, KEEPDIMS, Argument::not_yet("initial", "None")],
        |call| call.reduce(Reduction::Minimum),
        "The smallest value.",
    ),
    of(
        "prod",
        &[X, AXIS, KEEPDIMS, Argument::not_yet("dtype", "None")],
        |call| call.reduce(Reduction::Product),
        "The product.",
    ),
    reduced("var", Reduction::Variance, "The variance."),
    reduced("std", Reduction::Deviation, "The square root of the variance."),
    reduced("any", Reduction::Any, "Whether any value is not 0."),
    reduced("all", Reduction::All, "Whether no value is 0."),
    reduced("logsumexp", Reduction::LogSumExp, "`log(sum(exp(x)))`."),
    of(
        "argmax",
        &[X, Argument::optional("axis", Kind::Axis { many: false }, "None", "The axis."), KEEPDIMS],
        |call| call.reduce(Reduction::PlaceOfMaximum),
        "The place of the largest value.",
    ),
    of(
        "argmin",
        &[X, Argument::optional("axis", Kind::Axis { many: false }, "None", "The axis."), KEEPDIMS],
        |call| call.reduce(Reduction::PlaceOfMinimum),
        "The place of the smallest value.",
    ),
    of("matmul", &[tensor("x1", "A tensor."), tensor("x2", "A tensor.")], call::matmul, "`x1 @ x2`"),
    of(
        "concatenate",
        &[
            tensor("xs", "A list of tensors."),
            Argument::optional("axis", Kind::Axis { many: false }, "0", "The axis that grows; the batch is 0."),
        ],
        shapes::concatenate,
        "Tensors side by side along an axis.",
    ),
    of(
        "stack",
        &[
            tensor("x", "A list of tensors."),
            Argument::optional("axis", Kind::Axis { many: false }, "0", "The place of the new axis; the batch is 0."),
        ],
        shapes::stack,
        "Tensors of one shape along a new axis.",
    ),
    of(
        "split",
        &[
            X,
            Argument::required(
                "indices_or_sections",
                Kind::Any,
                "How many equal parts, or a list of the places to cut at.",
            ),
            Argument::optional("axis", Kind::Axis { many: false }, "0", "The axis; the batch is 0."),
        ],
        shapes::split,
        "A tensor as a list of its parts.",
    ),
    of(
        "unstack",
        &[
            X,
            Argument::optional("num", Kind::Integer, "None", "How many there are."),
            Argument::optional("axis", Kind::Axis { many: false }, "0", "The axis; the batch is 0."),
        ],
        shapes::unstack,
        "A tensor as a list of its entries along an axis.",
    ),
    of("expand_dims", &[X, PLACE], shapes::expand_dims, "A new axis of size 1."),
    of("squeeze", &[X, AXIS], shapes::squeeze, "The tensor without axes of size 1."),
    of(
        "reshape",
        &[
            X,
            Argument::required("newshape", SHAPE, "The new shape with the batch, -1 or `None` for what is worked out."),
        ],
        shapes::reshape,
        "The values in order under another shape.",
    ),
    of(
        "transpose",
        &[
            X,
            Argument::optional(
                "axes",
                Kind::Axis { many: true },
                "None",
                "The axes in their new order; the batch, 0, stays first.",
            ),
        ],
        shapes::transpose,
        "The axes in another order.",
    ),
    of(
        "swapaxes",
        &[
            X,
            Argument::required("axis1", Kind::Axis { many: false }, "An axis."),
            Argument::required("axis2", Kind::Axis { many: false }, "Another one."),
        ],
        shapes::swapaxes,
        "Two axes in each other's place.",
    ),
    of(
        "moveaxis",
        &[
            X,
            Argument::required("source", Kind::Axis { many: true }, "Axes."),
            Argument::required("destination", Kind::Axis { many: true }, "Where they go."),
        ],
        shapes::moveaxis,
        "Axes at other places.",
    ),
    of("flip", &[X, AXIS], shapes::flip, "The entries along axes turned round."),
    of(
        "repeat",
        &[
            X,
            Argument::required("repeats", Kind::PositiveInteger, "How often."),
            Argument::optional("axis", Kind::Axis { many: false }, "None", "The axis; the batch is 0."),
        ],
        shapes::repeat,
        "Each entry along an axis several times.",
    ),
    of(
        "tile",
        &[X, Argument::required("repeats", Kind::Any, "How often, for each axis; 1 for the batch.")],
        shapes::tile,
        "The whole tensor several times along axes.",
    ),
    of(
        "take",
        &[
            X,
            Argument::required("indices", Kind::Axis { many: true }, "The entry's place, or the places of several."),
            Argument::optional("axis", Kind::Axis { many: false }, "None", "The axis; the batch is 0."),
        ],
        shapes::take,
        "One entry along an axis, or several.",
    ),
    of(
        "one_hot",
        &[
            tensor("x", "A tensor of ids."),
            Argument::required("num_classes", Kind::PositiveInteger, "How many ids there are."),
            Argument::not_yet("axis", "-1"),
            Argument::not_yet("dtype", "None"),
            Argument::not_yet("sparse", "False"),
        ],
        shapes::one_hot,
        "For each id a row of 0s with a 1 at its place.",
    ),
    of("shape", ONE, shapes::shape, "The shape as a tuple; `None` for what is not known."),
];

/// What else `keras.ops` has.
const NOT_YET: &str = "\
    adaptive_average_pool adaptive_max_pool allclose angle append arange arccos arccosh arcsin arcsinh arctan \
    arctan2 arctanh argpartition array array_split associative_scan average_pool bartlett \
    batch_normalization binary_crossentropy bincount bitwise_and bitwise_invert bitwise_left_shift bitwise_not bitwise_or \
    bitwise_right_shift bitwise_xor blackman broadcast_to categorical_crossentropy cbrt cdist cholesky cholesky_inverse cond \
    conj conjugate conv conv_transpose convert_to_numpy corrcoef correlate cross ctc_decode ctc_loss \
    custom_gradient deg2rad depth_to_space depthwise_conv det diag diagflat diagonal digitize dot \
    dot_product_attention dsplit dstack dtype eig eigh empty empty_like erf erfc erfinv extract_sequences eye \
    fabs fft fft2 fliplr flipud fmax fmin fmod fold fori_loop full full_like gcd geomspace get_item glu hamming hanning \
    heaviside histogram hsplit hstack hypot i0 identity ifft2 imag image in_top_k inner inv irfft is_tensor isclose isin \
    isneginf isposinf isreal istft jvp kaiser kron layer_normalization lcm ldexp left_shift linalg linspace logaddexp \
    logaddexp2 logdet logspace lstsq lu_factor map matrix_rank max_pool meshgrid moments multi_hot nan_to_num \
    nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum \
    nanvar ndim nextafter nn nonzero numpy ones outer percentile pinv polar psnr ptp qr quantile rad2deg \
    ravel real rearrange rfft right_shift rms_normalization rot90 saturate_cast scan scatter scatter_update \
    searchsorted segment_max segment_min segment_prod segment_sum select separable_conv signbit sinc size slice \
    slice_update slogdet solve solve_triangular space_to_depth sparse_categorical_crossentropy stft svd switch \
    tensordot threshold trace trapezoid tri unfold unique unravel_index vander vdot \
    vectorize vectorized_map view view_as_complex view_as_real vsplit vstack while_loop zeros";

/// The function of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// The name, where Keras has such a function and the language does not.
#[must_use]
pub fn not_yet(name: &str) -> Option<&'static str> {
    NOT_YET.split_ascii_whitespace().find(|known| *known == name)
}

impl Function {
    /// What a call of the function makes.
    pub(crate) fn make(&self, call: &mut FunctionCall<'_>) -> Option<Answer> {
        match self.make {
            Make::Single(function) => call.single(function),
            Make::Activation(activation) => call.activation(activation),
            Make::Pair(operator) => call.pair(operator),
            Make::Reduce(reduction) => call.reduce(reduction),
            Make::Of(make) => make(call),
        }
    }
}

/// Keras's names of the types that tensors may have.
pub(crate) fn type_named(name: &str) -> Option<InputType> {
    let types = [InputType::Float32, InputType::Float64, InputType::Int32, InputType::Boolean];
    types.into_iter().find(|kind| kind.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_none_is_both_there_and_missing() {
        let mut names: Vec<&str> = all().map(|function| function.name).collect();
        names.sort_unstable();
        let n_names = names.len();
        names.dedup();
        assert_eq!(names.len(), n_names);
        assert!(names.iter().all(|name| not_yet(name).is_none()), "{names:?}");
    }
}
