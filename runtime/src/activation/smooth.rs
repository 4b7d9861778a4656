//! Smooth activations with a formula of their own.

use super::Activation;
use super::number::{exp, tanh_shrink};
use super::simd::Vector;

/// x/(1 + |x|): at most 2 ULP.
#[derive(Clone, Copy, Debug)]
pub struct Softsign;

impl Activation for Softsign {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        x.div(x.abs().add(x.splat(1.0)))
    }
}

/// x·tanh(softplus(x)): at most 6 ULP.
#[derive(Clone, Copy, Debug)]
pub struct Mish;

impl Activation for Mish {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        // tanh(ln(1 + e)) = n/(n + 2) with n = e·(e + 2); from 20 upward that is 1 in f32.
        let e = exp(x.splat(20.0).min(x));
        let n = e.mul(e.add(x.splat(2.0)));
        x.mul(n.div(n.add(x.splat(2.0))))
    }
}

/// (x + √(x² + 4))/2: at most 3 ULP.
#[derive(Clone, Copy, Debug)]
pub struct Squareplus;

impl Activation for Squareplus {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        let magnitude = x.abs();
        // From 1e9 upward the root is |x| itself, and before 2e19 its square overflows.
        let root = x.mul_add(x, x.splat(4.0)).sqrt();
        let root = V::select(x.splat(1e9).less(magnitude), magnitude, root);
        let half = x.splat(0.5);
        let positive = x.mul_add(half, root.mul(half));
        // For negative x the sum would cancel; its conjugate does not.
        let negative = x.splat(1.0).div(root.mul_add(half, magnitude.mul(half)));
        V::select(x.less(x.splat(0.0)), negative, positive)
    }
}

/// x − tanh x: at most 8 ULP.
#[derive(Clone, Copy, Debug)]
pub struct TanhShrink;

impl Activation for TanhShrink {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        tanh_shrink(x)
    }
}
