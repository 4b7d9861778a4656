//! Functions in float64 against the standard library's, and every token against the others, bit for bit.
#![cfg(feature = "double")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "the oracle")]

use std::marker::PhantomData;

use rnn_runtime::double::activation::{
    Activation, Elu, Exponential, Gelu, LogSigmoid, Mish, Selu, Sigmoid, Silu, Softplus, Softsign, Squareplus, Tanh,
    TanhShrink, ln,
};
use rnn_runtime::double::simd::{In, Isa, Plain, Program, Vector};

/// An activation over numbers.
struct Over<'a, A>(&'a [f64], PhantomData<A>);

impl<A: Activation> Program for Over<'_, A> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Vec<f64> {
        let mut output = Vec::new();
        for chunk in self.0.chunks(16) {
            let mut line = [0.5; 16];
            line[..chunk.len()].copy_from_slice(chunk);
            A::apply(I::V16::load(isa, &line, 0)).store(&mut line, 0);
            output.extend_from_slice(&line[..chunk.len()]);
        }
        output
    }
}

/// The values of plain vectors; those of the widest ones are the same.
fn values<A: Activation>(inputs: &[f64]) -> Vec<f64> {
    let plain = Plain::detect().unwrap().outline(Over::<A>(inputs, PhantomData));
    #[cfg(target_arch = "x86_64")]
    if let Some(isa) = rnn_runtime::double::simd::Avx2::detect() {
        let wide = isa.outline(Over::<A>(inputs, PhantomData));
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
        assert_eq!(bits(&plain), bits(&wide));
    }
    plain
}

/// From −`bound` to `bound`, denser near 0.
fn range(bound: f64) -> Vec<f64> {
    let steps = (0..=20_000).map(|step| f64::from(step) / 20_000.0);
    steps.flat_map(|share| [share * bound, share.powi(6) * bound]).flat_map(|x| [x, -x]).collect()
}

/// The largest relative error, in units of 2⁻⁵², is at most this.
fn check<A: Activation>(bound: f64, exact: impl Fn(f64) -> f64, units: f64) {
    let inputs = range(bound);
    let (mut worst, mut at) = (0.0, 0.0);
    for (&x, value) in inputs.iter().zip(values::<A>(&inputs)) {
        let exact = exact(x);
        // Denormal numbers have fewer digits.
        let error = (value - exact).abs() / exact.abs().max(1e-290) / f64::EPSILON;
        if error > worst {
            (worst, at) = (error, x);
        }
    }
    assert!(worst <= units, "{}: {worst:.1} units at {at}", std::any::type_name::<A>());
}

/// ln |x|.
#[derive(Clone, Copy)]
struct Logarithm;

impl Activation for Logarithm {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        ln(x.abs().max(x.splat(1e-300)))
    }
}

#[test]
fn functions_are_within_some_units_of_the_standard_librarys() {
    let softplus = |x: f64| (-x.abs()).exp().ln_1p() + x.max(0.0);
    let sigmoid = |x: f64| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) };
    check::<Exponential>(700.0, f64::exp, 2.0);
    check::<Tanh>(25.0, f64::tanh, 4.0);
    check::<Sigmoid>(40.0, sigmoid, 4.0);
    check::<Silu>(40.0, |x| x * sigmoid(x), 5.0);
    check::<Softplus>(40.0, softplus, 4.0);
    check::<LogSigmoid>(40.0, |x| -softplus(-x), 4.0);
    check::<Elu>(45.0, |x| if x > 0.0 { x } else { x.exp_m1() }, 4.0);
    check::<Selu>(
        45.0,
        |x| 1.050_700_987_355_480_5 * if x > 0.0 { x } else { 1.673_263_242_354_377_2 * x.exp_m1() },
        5.0,
    );
    check::<Softsign>(1e3, |x| x / (1.0 + x.abs()), 2.0);
    check::<Mish>(30.0, |x| x * softplus(x).tanh(), 8.0);
    check::<Squareplus>(
        1e3,
        |x| if x < 0.0 { 2.0 / ((x * x + 4.0).sqrt() - x) } else { (x + (x * x + 4.0).sqrt()) / 2.0 },
        4.0,
    );
    check::<Logarithm>(1e3, |x| x.abs().max(1e-300).ln(), 4.0);
    // From ¼ on it is a difference of near numbers.
    check::<TanhShrink>(20.0, |x| if x.abs() < 0.25 { shrink_by_series(x) } else { x - x.tanh() }, 200.0);
}

/// The power series of x − tanh x, far enough for |x| < ¼.
fn shrink_by_series(x: f64) -> f64 {
    let (square, mut term, mut sum, mut cosh) = (x * x, x, 0.0, 1.0);
    // x·cosh x − sinh x, term by term, over cosh x: nothing cancels.
    for n in 1..20 {
        let n = f64::from(n);
        term *= square / (2.0 * n * (2.0 * n + 1.0));
        sum += 2.0 * n * term;
        cosh += term * (2.0 * n + 1.0) / x;
    }
    if x == 0.0 { 0.0 } else { sum / cosh }
}

#[test]
fn gelu_is_the_normal_distributions() {
    // Φ(x) by values of the literature, to 16 digits.
    for (x, tail) in [
        (0.0, 0.5),
        (1.0, 0.158_655_253_931_457_05),
        (2.0, 0.022_750_131_948_179_21),
        (5.0, 2.866_515_718_791_939_5e-7),
    ] {
        let [below, above] = values::<Gelu>(&[-x, x])[..] else { unreachable!("two values") };
        // The rounding of x/√2 shows x² times as large in the tail.
        assert!((below + x * tail).abs() <= (4.0 + x * x) * f64::EPSILON * x * tail, "{x}: {below}");
        assert!((above - x * (1.0 - tail)).abs() <= 2.0 * f64::EPSILON * x, "{x}: {above}");
    }
}

#[test]
fn what_is_no_number_stays_so_and_the_ends_are_right() {
    assert!(values::<Tanh>(&[f64::NAN])[0].is_nan() && values::<Exponential>(&[f64::NAN])[0].is_nan());
    let ends = [f64::NEG_INFINITY, -1e300, 1e300, f64::INFINITY];
    assert_eq!(values::<Tanh>(&ends), [-1.0, -1.0, 1.0, 1.0]);
    assert_eq!(values::<Sigmoid>(&ends), [0.0, 0.0, 1.0, 1.0]);
    assert_eq!(values::<Exponential>(&ends), [0.0, 0.0, f64::INFINITY, f64::INFINITY]);
    assert_eq!(values::<Softplus>(&ends), [0.0, 0.0, 1e300, f64::INFINITY]);
}
