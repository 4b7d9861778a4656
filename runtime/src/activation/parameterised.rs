//! Activation layers with numbers of their own. The numbers are constants of the type, given as their bit patterns
//! (`f32::to_bits`), as const generics hold no floats.

use super::{Activation, exponential::elu};
use crate::simd::Vector;

/// x where not negative, else `SLOPE`·x: Keras's layer `LeakyReLU`.
#[derive(Clone, Copy, Debug)]
pub struct LeakyReluWith<const SLOPE: u32>;

impl<const SLOPE: u32> Activation for LeakyReluWith<SLOPE> {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        V::select(x.less(x.splat(0.0)), x.mul(x.splat(f32::from_bits(SLOPE))), x)
    }
}

/// x where positive, else `ALPHA`·(eˣ − 1): Keras's layer `ELU`; at most 4 ULP.
#[derive(Clone, Copy, Debug)]
pub struct EluWith<const ALPHA: u32>;

impl<const ALPHA: u32> Activation for EluWith<ALPHA> {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        elu(x, f32::from_bits(ALPHA))
    }
}

/// Keras's layer `ReLU`: x above `THRESHOLD`, at most `MAXIMUM` (infinity: no bound), and `SLOPE`·(x − `THRESHOLD`) below.
#[derive(Clone, Copy, Debug)]
pub struct ReluWith<const MAXIMUM: u32, const SLOPE: u32, const THRESHOLD: u32>;

impl<const MAXIMUM: u32, const SLOPE: u32, const THRESHOLD: u32> Activation for ReluWith<MAXIMUM, SLOPE, THRESHOLD> {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        let threshold = x.splat(f32::from_bits(THRESHOLD));
        let above = V::select(threshold.less(x), x, x.splat(0.0)).nan_of(x);
        let bounded = x.splat(f32::from_bits(MAXIMUM)).min(above);
        if f32::from_bits(SLOPE) == 0.0 {
            return bounded;
        }
        // Where x is above the threshold nothing is taken away.
        let below = x.splat(0.0).max(threshold.sub(x));
        bounded.sub(below.mul(x.splat(f32::from_bits(SLOPE))))
    }
}
