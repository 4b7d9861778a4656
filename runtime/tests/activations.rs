//! Every activation against f64: within the stated number of units in the last place, NaN for NaN, and the same bits on
//! every instruction set with fused multiply-add. By default a sample of all floats; the ignored tests take every one.

mod common;

use common::{at, levels};
use rnn_runtime::activation::{
    Activation, Celu, Elu, EluWith, Exponential, Gelu, HardShrink, HardSigmoid, HardSilu, HardTanh, LeakyRelu,
    LeakyReluWith, Linear, LogSigmoid, Mish, Relu, Relu6, ReluWith, Selu, Sigmoid, Silu, SoftShrink, Softplus,
    Softsign, SparsePlus, SparseSigmoid, Squareplus, Tanh, TanhShrink,
};
use rnn_runtime::kernels::Elementwise;
use rnn_runtime::simd::{In, Vector};
use rnn_runtime::{Isa, Level, Program};
use std::marker::PhantomData;

/// An activation over a slice.
struct Apply<'a, A>(&'a mut [f32], PhantomData<A>);

impl<A: Activation> Program for Apply<'_, A> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        Elementwise::<A>::in_place(isa, self.0);
    }
}

/// The activation in the forms that recurrent cells use, per gate and in a hurry.
struct Forms<'a, A>(&'a mut [f32], bool, PhantomData<A>);

impl<A: Activation> Program for Forms<'_, A> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        for line in self.0.as_chunks_mut::<16>().0 {
            let x = I::V16::load(isa, line, 0);
            let y = if self.1 { A::gate_soon(x.mul(x.splat(A::GATE_SCALE))) } else { A::soon(x) };
            y.store(line, 0);
        }
    }
}

/// The exponent of the least normal float.
const NORMAL: i32 = -126;
/// Below this exponent a product of x with a denormal has lost bits.
const PRODUCT: i32 = -118;

/// The distance in units of the reference's last place in f32, as if it were not below 2 to the power of `least`.
fn ulps(value: f32, reference: f64, least: i32) -> f64 {
    if reference.is_nan() {
        return if value.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if reference.abs() > f64::from(f32::MAX) {
        // Past the last float either neighbour will do.
        return if value.abs() >= f32::MAX && (value > 0.0) == (reference > 0.0) { 0.0 } else { f64::INFINITY };
    }
    let exponent = (reference.abs().to_bits() >> 52) as i32 - 1023;
    let unit = 2f64.powi(exponent.max(least) - 23);
    let distance = (f64::from(value) - reference).abs() / unit;
    if distance.is_nan() { f64::INFINITY } else { distance }
}

/// Blocks of bit patterns: every `stride`th float, of both signs, infinities and NaN among them.
fn blocks(stride: usize) -> impl Iterator<Item = Vec<f32>> {
    let every = (0..=u32::MAX).step_by(stride).chain([0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x8000_0000]);
    let mut every = every.peekable();
    std::iter::from_fn(move || {
        every.peek()?;
        let block: Vec<f32> = every.by_ref().take(1 << 16).map(f32::from_bits).collect();
        Some(block)
    })
}

/// Fails where a level is further than `bound` from the reference, or where fused levels differ.
fn check<A: Activation>((bound, least): (f64, i32), reference: impl Fn(f64) -> f64, stride: usize) {
    let name = std::any::type_name::<A>();
    let mut worst = (0.0, 0.0, Level::Scalar);
    for block in blocks(stride) {
        let exact: Vec<f64> = block.iter().map(|x| reference(f64::from(*x))).collect();
        let mut fused: Option<Vec<f32>> = None;
        for level in levels() {
            let mut values = block.clone();
            at(level, Apply(&mut values, PhantomData::<A>));
            // Gelu's exponent is a square, whose rounding only a fused multiply-add makes good.
            let unfused = if name.ends_with("Gelu") { 100.0 } else { 2.0 * bound };
            let bound = if level.is_fused() { bound } else { unfused };
            for ((x, value), exact) in block.iter().zip(&values).zip(&exact) {
                let distance = ulps(*value, *exact, least);
                assert!(distance <= bound, "{name}({x:e}) = {value:e} on {}, not {exact:e}: {distance}", level.name());
                if level.is_fused() && distance > worst.0 {
                    worst = (distance, *x, level);
                }
            }
            if level.is_fused() {
                let first = fused.get_or_insert_with(|| values.clone());
                for ((x, value), first) in block.iter().zip(&values).zip(first.iter()) {
                    let equal = value.to_bits() == first.to_bits() || (value.is_nan() && first.is_nan());
                    assert!(equal, "{name}({x:e}) is {value:e} on {}, {first:e} elsewhere", level.name());
                }
            }
        }
    }
    println!("{name}: at most {:.2} ULP, at {:e} on {}", worst.0, worst.1, worst.2.name());
}

/// The upper tail of the standard normal distribution times two: a series, or a continued fraction.
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    let scale = (-x * x).exp() / std::f64::consts::PI.sqrt();
    if x < 2.5 {
        let (mut term, mut sum) = (2.0 * x, 2.0 * x);
        for n in 1..200 {
            term *= 2.0 * x * x / f64::from(2 * n + 1);
            sum += term;
        }
        return 1.0 - scale * sum;
    }
    let mut fraction = 0.0;
    for n in (1..200).rev() {
        fraction = f64::from(n) / 2.0 / (x + fraction);
    }
    scale / (x + fraction)
}

fn sigmoid(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}
fn softplus(x: f64) -> f64 {
    (-x.abs()).exp().ln_1p() + x.max(0.0)
}
fn elu(x: f64) -> f64 {
    if x > 0.0 { x } else { x.exp_m1() }
}
/// `x.clamp` keeps NaN, as `f64::max` would not.
fn relu(x: f64) -> f64 {
    x.clamp(0.0, f64::INFINITY)
}
/// x − tanh x without the difference where it would cancel.
fn tanh_shrink(x: f64) -> f64 {
    if x.abs() > 0.1 {
        return x - x.tanh();
    }
    let s = x * x;
    let series = 1.0 / 3.0
        + s * (-2.0 / 15.0 + s * (17.0 / 315.0 + s * (-62.0 / 2835.0 + s * (1382.0 / 155_925.0 - s * 0.003_592_128))));
    x * s * series
}
fn squareplus(x: f64) -> f64 {
    let root = (x * x + 4.0).sqrt();
    if x < 0.0 { 2.0 / (root - x) } else { 0.5 * (x + root) }
}
fn mish(x: f64) -> f64 {
    if x > 30.0 {
        return x;
    }
    let e = x.exp();
    x * (e * (e + 2.0) / (e * (e + 2.0) + 2.0))
}
fn gelu(x: f64) -> f64 {
    if x > 0.0 { x * (1.0 - 0.5 * erfc(x / 2f64.sqrt())) } else { x * 0.5 * erfc(-x / 2f64.sqrt()) }
}
fn hard_sigmoid(x: f64) -> f64 {
    ((x + 3.0).clamp(0.0, 6.0)) / 6.0
}
fn sparse_plus(x: f64) -> f64 {
    if x <= -1.0 {
        0.0
    } else if x >= 1.0 {
        x
    } else {
        (x + 1.0) * (x + 1.0) / 4.0
    }
}
fn hard_shrink(x: f64) -> f64 {
    if x.abs() <= 0.5 { 0.0 } else { x }
}
fn soft_shrink(x: f64) -> f64 {
    if x.abs() <= 0.5 { 0.0 } else { x - 0.5f64.copysign(x) }
}

/// All activations with their bounds.
fn all(stride: usize) {
    const ALPHA: u32 = 0.7f32.to_bits();
    check::<Tanh>((5.5, NORMAL), f64::tanh, stride);
    check::<Sigmoid>((4.0, NORMAL), sigmoid, stride);
    check::<Exponential>((2.0, NORMAL), f64::exp, stride);
    check::<Softplus>((4.0, NORMAL), softplus, stride);
    check::<LogSigmoid>((4.0, NORMAL), |x| -softplus(-x), stride);
    check::<Silu>((5.0, PRODUCT), |x| x * sigmoid(x), stride);
    check::<Mish>((6.0, PRODUCT), mish, stride);
    check::<Gelu>((8.0, PRODUCT), gelu, stride);
    check::<Elu>((3.0, NORMAL), elu, stride);
    check::<Celu>((3.0, NORMAL), elu, stride);
    check::<Selu>(
        (5.0, NORMAL),
        |x| 1.050_700_987_355_480_5 * if x > 0.0 { x } else { 1.673_263_242_354_377_2 * elu(x) },
        stride,
    );
    check::<Softsign>((2.0, NORMAL), |x| x / (1.0 + x.abs()), stride);
    check::<Squareplus>((3.0, NORMAL), squareplus, stride);
    check::<TanhShrink>((8.0, NORMAL), tanh_shrink, stride);
    check::<Linear>((0.0, NORMAL), |x| x, stride);
    check::<Relu>((0.0, NORMAL), relu, stride);
    check::<Relu6>((0.0, NORMAL), |x| x.clamp(0.0, 6.0), stride);
    check::<LeakyRelu>((1.0, NORMAL), |x| if x < 0.0 { x * f64::from(0.2f32) } else { x }, stride);
    check::<HardTanh>((0.0, NORMAL), |x| x.clamp(-1.0, 1.0), stride);
    check::<HardShrink>((0.0, NORMAL), hard_shrink, stride);
    check::<SoftShrink>((1.0, NORMAL), soft_shrink, stride);
    check::<LeakyReluWith<ALPHA>>((1.0, NORMAL), |x| if x < 0.0 { x * f64::from(0.7f32) } else { x }, stride);
    check::<EluWith<ALPHA>>((4.0, NORMAL), |x| if x > 0.0 { x } else { f64::from(0.7f32) * elu(x) }, stride);
}

#[test]
fn within_bounds_on_a_sample_of_all_floats() {
    all(40_009);
}

#[test]
#[ignore = "takes every float there is: half an hour, in a release build"]
fn within_bounds_on_every_float() {
    all(1);
}

/// Around the points where a sum with 1 or 3 cancels, relative error says nothing: these are within an absolute bound.
#[test]
fn hard_sigmoids_are_within_a_rounding_of_one() {
    for block in blocks(40_009) {
        for level in levels() {
            let mut values = [block.clone(), block.clone(), block.clone(), block.clone()];
            at(level, Apply(&mut values[0], PhantomData::<HardSigmoid>));
            at(level, Apply(&mut values[1], PhantomData::<HardSilu>));
            at(level, Apply(&mut values[2], PhantomData::<SparsePlus>));
            at(level, Apply(&mut values[3], PhantomData::<SparseSigmoid>));
            for (index, x) in block.iter().enumerate() {
                let wide = f64::from(*x);
                let exact = [
                    hard_sigmoid(wide),
                    wide * hard_sigmoid(wide),
                    sparse_plus(wide),
                    ((wide + 1.0) / 2.0).clamp(0.0, 1.0),
                ];
                for (values, exact) in values.iter().zip(exact) {
                    let distance = (f64::from(values[index]) - exact).abs();
                    let fits = distance <= 2e-7 * exact.abs().max(1.0)
                        || (exact.is_nan() && values[index].is_nan())
                        || f64::from(values[index]) == exact;
                    assert!(fits, "{x:e}: {} is not {exact} on {}", values[index], level.name());
                }
            }
        }
    }
}

#[test]
fn relu_with_numbers_is_keras_relu() {
    const MAXIMUM: u32 = 4.0f32.to_bits();
    const SLOPE: u32 = 0.25f32.to_bits();
    const THRESHOLD: u32 = 1.0f32.to_bits();
    const NONE: u32 = f32::INFINITY.to_bits();
    for level in levels() {
        let mut values = [-3.0, 0.0, 0.5, 1.0, 1.5, 4.0, 5.0, f32::NAN, f32::INFINITY];
        at(level, Apply(&mut values, PhantomData::<ReluWith<MAXIMUM, SLOPE, THRESHOLD>>));
        assert_eq!(values[..7], [-1.0, -0.25, -0.125, 0.0, 1.5, 4.0, 4.0]);
        assert!(values[7].is_nan());
        assert_eq!(values[8], 4.0);
        let mut values = [-3.0, 0.5, 1.0, 1.5, f32::INFINITY];
        at(level, Apply(&mut values, PhantomData::<ReluWith<NONE, 0, THRESHOLD>>));
        assert_eq!(values, [0.0, 0.0, 0.0, 1.5, f32::INFINITY]);
    }
}

/// The forms inside recurrent cells: tanh by another order of operations, the gates to an absolute 1e-7.
fn cell_forms(stride: usize) {
    for block in blocks(stride) {
        let block = &block[..block.len() / 16 * 16];
        for level in levels() {
            let bound = if level.is_fused() { 5.5 } else { 11.0 };
            let mut values = block.to_vec();
            at(level, Forms(&mut values, false, PhantomData::<Tanh>));
            for (x, value) in block.iter().zip(&values) {
                let distance = ulps(*value, f64::from(*x).tanh(), NORMAL);
                assert!(distance <= bound, "tanh({x:e}) = {value:e} on {}: {distance}", level.name());
                let most = if level.is_fused() { 1.0 } else { 1.000_000_3 };
                assert!(value.is_nan() || value.abs() <= most, "tanh({x:e}) = {value:e} on {}", level.name());
            }
            let mut values = block.to_vec();
            at(level, Forms(&mut values, true, PhantomData::<Sigmoid>));
            for (x, value) in block.iter().zip(&values) {
                let most = if level.is_fused() { 1.0 } else { 1.000_000_2 };
                let distance = (f64::from(*value) - sigmoid(f64::from(*x))).abs();
                assert!(x.is_nan() == value.is_nan(), "sigmoid({x:e}) = {value:e}");
                assert!(
                    distance.is_nan() || distance <= 2e-7,
                    "sigmoid({x:e}) = {value:e} on {}: {distance:e}",
                    level.name()
                );
                assert!(value.is_nan() || (1.0 - most..=most).contains(value), "sigmoid({x:e}) = {value:e}");
            }
        }
    }
}

#[test]
fn the_forms_in_cells_are_within_bounds() {
    cell_forms(40_009);
}

#[test]
#[ignore = "takes every float there is: minutes, in a release build"]
fn the_forms_in_cells_are_within_bounds_on_every_float() {
    cell_forms(1);
}
