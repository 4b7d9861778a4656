//! Keras's activations by their formulas (Keras 3 with the JAX backend; `keras/src/activations`).

use ndarray::{Array, Axis, Dimension};

use crate::activation::{Activation, Number};
use crate::reference::real::Real;

/// Slope of the activation `leaky_relu` below 0 (the layer `LeakyReLU` has 0.3).
const LEAKY_RELU_SLOPE: f64 = 0.2;
/// Klambauer et al. 2017, arXiv:1706.02515.
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
/// The same source.
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
/// Where `hard_shrink` and `soft_shrink` let values through.
const SHRINK_THRESHOLD: f64 = 0.5;

/// Applies an activation to a whole array; those that are not element-wise work along the last axis.
///
/// # Panics
/// On `glu`, which halves the last axis: no layer is built with it.
pub fn apply<R: Real, D: Dimension>(activation: Activation, array: &mut Array<R, D>) {
    if activation.is_elementwise() {
        array.mapv_inplace(|x| element(activation, x));
        return;
    }
    let last = Axis(array.ndim().saturating_sub(1));
    for mut lane in array.lanes_mut(last) {
        let values = row(activation, &lane.to_vec());
        assert_eq!(values.len(), lane.len(), "`{}` changes the width", activation.name());
        lane.iter_mut().zip(values).for_each(|(place, value)| *place = value);
    }
}

/// One value of an element-wise activation. The others see a row of this one value.
pub fn element<R: Real>(activation: Activation, x: R) -> R {
    let (zero, one) = (R::zero(), R::one());
    match activation {
        Activation::Linear => x,
        Activation::Relu => x.maximum(zero),
        Activation::Relu6 => x.maximum(zero).minimum(R::of(6.0)),
        Activation::LeakyRelu => leaky_relu(x, R::of(LEAKY_RELU_SLOPE)),
        Activation::Elu | Activation::Celu => elu(x, one),
        Activation::Selu => R::of(SELU_SCALE) * elu(x, R::of(SELU_ALPHA)),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => sigmoid(x),
        Activation::Softplus => softplus(x),
        Activation::Softsign => x / (x.abs() + one),
        Activation::Silu => x * sigmoid(x),
        Activation::Gelu => R::of(0.5) * x * (-x / R::of(std::f64::consts::SQRT_2)).erfc(),
        Activation::Mish => x * softplus(x).tanh(),
        Activation::Exponential => x.exp(),
        Activation::LogSigmoid => -softplus(-x),
        Activation::HardSigmoid => hard_sigmoid(x),
        Activation::HardSilu => x * hard_sigmoid(x),
        Activation::HardTanh => x.maximum(-one).minimum(one),
        Activation::HardShrink => hard_shrink(x),
        Activation::SoftShrink => soft_shrink(x),
        Activation::TanhShrink => x - x.tanh(),
        Activation::Squareplus => R::of(0.5) * (x + (x * x + R::of(4.0)).sqrt()),
        Activation::SparsePlus => sparse_plus(x),
        Activation::SparseSigmoid => (R::of(0.5) * (x + one)).maximum(zero).minimum(one),
        Activation::ReluWith { maximum, slope, threshold } => {
            relu_with(x, [maximum, slope, threshold].map(Number::value))
        }
        Activation::LeakyReluWith { slope } => leaky_relu(x, R::of(slope.value())),
        Activation::EluWith { alpha } => elu(x, R::of(alpha.value())),
        Activation::Softmax | Activation::LogSoftmax | Activation::Sparsemax | Activation::Glu => {
            row(activation, &[x]).first().copied().unwrap_or(x)
        }
    }
}

/// A whole row: what softmax and its kin need. `glu` answers half as many values.
pub fn row<R: Real>(activation: Activation, values: &[R]) -> Vec<R> {
    match activation {
        Activation::Softmax => softmax(values),
        Activation::LogSoftmax => log_softmax(values),
        Activation::Sparsemax => sparsemax(values),
        Activation::Glu => {
            let (gated, gates) = values.split_at(values.len() / 2);
            gated.iter().zip(gates).map(|(&value, &gate)| value * sigmoid(gate)).collect()
        }
        Activation::Linear
        | Activation::Relu
        | Activation::Relu6
        | Activation::LeakyRelu
        | Activation::Elu
        | Activation::Selu
        | Activation::Celu
        | Activation::Tanh
        | Activation::Sigmoid
        | Activation::Softplus
        | Activation::Softsign
        | Activation::Silu
        | Activation::Gelu
        | Activation::Mish
        | Activation::Exponential
        | Activation::LogSigmoid
        | Activation::HardSigmoid
        | Activation::HardSilu
        | Activation::HardTanh
        | Activation::HardShrink
        | Activation::SoftShrink
        | Activation::TanhShrink
        | Activation::Squareplus
        | Activation::SparsePlus
        | Activation::SparseSigmoid
        | Activation::ReluWith { .. }
        | Activation::LeakyReluWith { .. }
        | Activation::EluWith { .. } => values.iter().map(|&x| element(activation, x)).collect(),
    }
}

/// `x` above the threshold, at most the maximum, and `slope · (x - threshold)` below.
pub fn relu_with<R: Real>(x: R, [maximum, slope, threshold]: [f64; 3]) -> R {
    let above = if x.is_nan() || x > R::of(threshold) { x } else { R::zero() };
    let limited = if maximum == f64::INFINITY { above } else { above.minimum(R::of(maximum)) };
    if slope > 0.0 { limited - R::of(slope) * (R::of(threshold) - x).maximum(R::zero()) } else { limited }
}

/// `x` from 0 on, `slope · x` below.
pub fn leaky_relu<R: Real>(x: R, slope: R) -> R {
    if x >= R::zero() { x } else { slope * x }
}

/// `x` above 0, `alpha · (eˣ - 1)` up to 0.
pub fn elu<R: Real>(x: R, alpha: R) -> R {
    if x > R::zero() { x } else { alpha * x.exp_m1() }
}

/// 1 / (1 + e⁻ˣ).
pub fn sigmoid<R: Real>(x: R) -> R {
    R::one() / (R::one() + (-x).exp())
}

/// softmax with the largest value taken off first, so that nothing overflows.
pub fn softmax<R: Real>(values: &[R]) -> Vec<R> {
    let largest = values.iter().copied().reduce(R::maximum).unwrap_or_else(R::zero);
    let powers: Vec<R> = values.iter().map(|&x| (x - largest).exp()).collect();
    let sum = powers.iter().fold(R::zero(), |sum, &power| sum + power);
    powers.into_iter().map(|power| power / sum).collect()
}

fn log_softmax<R: Real>(values: &[R]) -> Vec<R> {
    let largest = values.iter().copied().reduce(R::maximum).unwrap_or_else(R::zero);
    let sum = values.iter().fold(R::zero(), |sum, &x| sum + (x - largest).exp());
    values.iter().map(|&x| x - largest - sum.ln()).collect()
}

/// Keras's own sparsemax. Its threshold adds up every cumulative sum of the support where Martins & Astudillo
/// 2016 (arXiv:1602.02068) take the last one, so the outputs need not add up to 1.
fn sparsemax<R: Real>(values: &[R]) -> Vec<R> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|left, right| right.partial_cmp(left).unwrap_or(std::cmp::Ordering::Equal));
    let (mut cumulative, mut rank) = (R::zero(), R::zero());
    let (mut support, mut total) = (R::zero(), R::zero());
    for value in sorted {
        cumulative += value;
        rank += R::one();
        if value - (cumulative - R::one()) / rank > R::zero() {
            support += R::one();
            total += cumulative;
        }
    }
    let threshold = (total - R::one()) / support;
    values.iter().map(|&x| (x - threshold).maximum(R::zero())).collect()
}

fn softplus<R: Real>(x: R) -> R {
    x.maximum(R::zero()) + (-x.abs()).exp().ln_1p()
}

fn hard_sigmoid<R: Real>(x: R) -> R {
    (x + R::of(3.0)).maximum(R::zero()).minimum(R::of(6.0)) / R::of(6.0)
}

fn hard_shrink<R: Real>(x: R) -> R {
    if x.is_nan() || x.abs() > R::of(SHRINK_THRESHOLD) { x } else { R::zero() }
}

fn soft_shrink<R: Real>(x: R) -> R {
    let threshold = R::of(SHRINK_THRESHOLD);
    if x > threshold {
        x - threshold
    } else if x < -threshold {
        x + threshold
    } else if x.is_nan() {
        x
    } else {
        R::zero()
    }
}

fn sparse_plus<R: Real>(x: R) -> R {
    let one = R::one();
    if x <= -one {
        R::zero()
    } else if x >= one {
        x
    } else {
        (x + one) * (x + one) / R::of(4.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: [f64; 10] = [-7.0, -2.5, -1.0, -0.4, 0.0, 0.3, 0.75, 1.0, 3.5, 8.0];
    /// What sparsemax is given: its support is a part of it.
    const SPARSEMAX_INPUT: [f64; 4] = [0.1, 0.2, -0.3, 0.15];

    /// Keras 3.15.1 with JAX in float64.
    #[allow(clippy::excessive_precision, clippy::unreadable_literal, clippy::approx_constant)]
    const EXPECTED: &[(&str, &[f64])] = &[
        ("linear", &[-7.0, -2.5, -1.0, -0.4, 0.0, 0.3, 0.75, 1.0, 3.5, 8.0]),
        ("relu", &[0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.75, 1.0, 3.5, 8.0]),
        ("relu6", &[0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.75, 1.0, 3.5, 6.0]),
        ("leaky_relu", &[-1.4000000000000001, -0.5, -0.2, -0.08000000000000002, 0.0, 0.3, 0.75, 1.0, 3.5, 8.0]),
        (
            "elu",
            &[
                -0.9990881180344455,
                -0.9179150013761012,
                -0.6321205588285577,
                -0.3296799539643606,
                0.0,
                0.3,
                0.75,
                1.0,
                3.5,
                8.0,
            ],
        ),
        (
            "selu",
            &[
                -1.7564961617648047,
                -1.6137857588732423,
                -1.1113307378125625,
                -0.5796101097553359,
                0.0,
                0.31521029620664415,
                0.7880257405166103,
                1.0507009873554805,
                3.677453455744182,
                8.405607898843844,
            ],
        ),
        (
            "celu",
            &[
                -0.9990881180344455,
                -0.9179150013761012,
                -0.6321205588285577,
                -0.3296799539643606,
                0.0,
                0.3,
                0.75,
                1.0,
                3.5,
                8.0,
            ],
        ),
        (
            "tanh",
            &[
                -0.9999983369439446,
                -0.9866142981514302,
                -0.7615941559557649,
                -0.37994896225522495,
                0.0,
                0.29131261245159085,
                0.6351489523872874,
                0.7615941559557649,
                0.9981778976111988,
                0.999999774929676,
            ],
        ),
        (
            "sigmoid",
            &[
                0.0009110511944006454,
                0.07585818002124355,
                0.2689414213699951,
                0.401312339887548,
                0.5,
                0.574442516811659,
                0.679178699175393,
                0.7310585786300049,
                0.9706877692486436,
                0.9996646498695336,
            ],
        ),
        (
            "softmax",
            &[
                3.01709921694573e-07,
                2.7159061635850532e-05,
                0.00012171846969402918,
                0.00022178551198425288,
                0.0003308651043571225,
                0.00044662117523601517,
                0.0007004414314205827,
                0.0008993846008451718,
                0.01095674746814601,
                0.9862949754667593,
            ],
        ),
        (
            "log_softmax",
            &[
                -15.013799805360666,
                -10.513799805360666,
                -9.013799805360666,
                -8.413799805360666,
                -8.013799805360666,
                -7.713799805360666,
                -7.263799805360666,
                -7.013799805360666,
                -4.513799805360666,
                -0.013799805360665416,
            ],
        ),
        (
            "softplus",
            &[
                0.0009114664537742447,
                0.07888973429254963,
                0.3132616875182228,
                0.5130152523999525,
                0.6931471805599453,
                0.854355244468527,
                1.1368710061148999,
                1.3132616875182228,
                3.5297504182726205,
                8.000335406372896,
            ],
        ),
        (
            "softsign",
            &[
                -0.875,
                -0.7142857142857143,
                -0.5,
                -0.28571428571428575,
                0.0,
                0.23076923076923075,
                0.42857142857142855,
                0.5,
                0.7777777777777778,
                0.8888888888888888,
            ],
        ),
        (
            "silu",
            &[
                -0.006377358360804518,
                -0.18964545005310887,
                -0.2689414213699951,
                -0.1605249359550192,
                0.0,
                0.1723327550434977,
                0.5093840243815447,
                0.7310585786300049,
                3.397407192370253,
                7.997317198956269,
            ],
        ),
        (
            "gelu",
            &[
                -8.958687807200846e-12,
                -0.01552416331444033,
                -0.15865525393145707,
                -0.13783130335587032,
                0.0,
                0.18537342665668577,
                0.5800294857173488,
                0.8413447460685429,
                3.4991857982233756,
                7.999999999999995,
            ],
        ),
        (
            "mish",
            &[
                -0.006380263409573668,
                -0.19681620390653337,
                -0.30340146137410895,
                -0.1889164823935146,
                0.0,
                0.20800137234811503,
                0.6100183352182934,
                0.8650983882673103,
                3.493990715117519,
                7.9999982006448445,
            ],
        ),
        (
            "exponential",
            &[
                0.0009118819655545162,
                0.0820849986238988,
                0.3678794411714423,
                0.6703200460356392,
                1.0,
                1.3498588075760032,
                2.117000016612675,
                2.7182818284590455,
                33.11545195869231,
                2980.9579870417283,
            ],
        ),
        (
            "log_sigmoid",
            &[
                -7.000911466453775,
                -2.5788897342925496,
                -1.3132616875182228,
                -0.9130152523999525,
                -0.6931471805599453,
                -0.554355244468527,
                -0.3868710061149,
                -0.3132616875182228,
                -0.029750418272620566,
                -0.00033540637289576885,
            ],
        ),
        (
            "hard_sigmoid",
            &[
                0.0,
                0.08333333333333333,
                0.3333333333333333,
                0.43333333333333335,
                0.5,
                0.5499999999999999,
                0.625,
                0.6666666666666666,
                1.0,
                1.0,
            ],
        ),
        (
            "hard_silu",
            &[
                -0.0,
                -0.20833333333333331,
                -0.3333333333333333,
                -0.17333333333333334,
                0.0,
                0.16499999999999998,
                0.46875,
                0.6666666666666666,
                3.5,
                8.0,
            ],
        ),
        ("hard_tanh", &[-1.0, -1.0, -1.0, -0.4, 0.0, 0.3, 0.75, 1.0, 1.0, 1.0]),
        ("hard_shrink", &[-7.0, -2.5, -1.0, 0.0, 0.0, 0.0, 0.75, 1.0, 3.5, 8.0]),
        ("soft_shrink", &[-6.5, -2.0, -0.5, 0.0, 0.0, 0.0, 0.25, 0.5, 3.0, 7.5]),
        (
            "tanh_shrink",
            &[
                -6.0000016630560555,
                -1.51338570184857,
                -0.23840584404423515,
                -0.02005103774477507,
                0.0,
                0.008687387548409142,
                0.11485104761271259,
                0.23840584404423515,
                2.501822102388801,
                7.000000225070324,
            ],
        ),
        (
            "squareplus",
            &[
                0.14005494464025903,
                0.35078105935821213,
                0.6180339887498949,
                0.8198039027185571,
                1.0,
                1.161187420807834,
                1.4430004681646913,
                1.618033988749895,
                3.7655644370746373,
                8.123105625617661,
            ],
        ),
        ("sparse_plus", &[0.0, 0.0, 0.0, 0.09, 0.25, 0.42250000000000004, 0.765625, 1.0, 3.5, 8.0]),
        ("sparse_sigmoid", &[0.0, 0.0, 0.0, 0.3, 0.5, 0.65, 0.875, 1.0, 1.0, 1.0]),
        ("sparsemax", &[0.1, 0.2, 0.0, 0.15]),
        ("glu", &[-4.021097617681614, -1.6979467479384824, -0.7310585786300049, -0.3882751076994575, 0.0]),
    ];

    #[test]
    fn every_activation_is_keras_s_in_f64() {
        for (name, expected) in EXPECTED {
            let activation = Activation::parse(name).unwrap();
            let input: &[f64] = if *name == "sparsemax" { &SPARSEMAX_INPUT } else { &INPUT };
            let values = row(activation, input);
            assert_eq!(values.len(), expected.len(), "{name}");
            for (value, expected) in values.iter().zip(*expected) {
                assert!((value - expected).abs() <= 4e-15 * expected.abs().max(1.0), "{name}: {value} {expected}");
            }
        }
        assert!(Activation::NAMES.iter().all(|(_, known)| EXPECTED.iter().any(|(name, _)| *name == known.name())));
    }

    #[test]
    fn every_activation_is_as_exact_as_f32_allows() {
        for (name, expected) in EXPECTED {
            let input: &[f64] = if *name == "sparsemax" { &SPARSEMAX_INPUT } else { &INPUT };
            let input: Vec<f32> = input.iter().map(|&x| f32::of(x)).collect();
            for (value, expected) in row(Activation::parse(name).unwrap(), &input).iter().zip(*expected) {
                let difference = (f64::from(*value) - expected).abs();
                assert!(difference <= 1e-6 * expected.abs().max(1.0), "{name}: {value} {expected}");
            }
        }
    }

    #[test]
    fn nan_passes_through() {
        for (name, activation) in Activation::NAMES {
            assert!(row(*activation, &[f64::NAN, 1.0])[0].is_nan(), "{name}");
        }
    }

    #[test]
    fn rows_are_the_lanes_of_the_last_axis() {
        let mut array = ndarray::array![[0.0_f64, 0.0], [1.0, 1.0]];
        apply(Activation::Softmax, &mut array);
        assert_eq!(array, ndarray::array![[0.5, 0.5], [0.5, 0.5]]);
    }
}
