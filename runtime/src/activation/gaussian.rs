//! The Gaussian error linear unit, with the exact error function.

use super::Activation;
use super::number::upper_tail;
use super::simd::Vector;

/// x·Φ(x) = x/2·(1 + erf(x/√2)): at most 8 ULP; without fused multiply-add, far below zero, 100.
#[derive(Clone, Copy, Debug)]
pub struct Gelu;

impl Activation for Gelu {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        let tail = upper_tail(x.abs());
        let negative = x.less(x.splat(0.0));
        let share = V::select(negative, tail, x.splat(1.0).sub(tail));
        share.mul(x)
    }
}
