//! Activation layers with numbers of their own. The numbers are constants of the type, given as their bit patterns
//! (`to_bits`), as const generics hold no floats.

use super::simd::{Bits, Float, Vector};
use super::{Activation, exponential::elu};

/// x where not negative, else `SLOPE`·x: Keras's layer `LeakyReLU`.
#[derive(Clone, Copy, Debug)]
pub struct LeakyReluWith<const SLOPE: Bits>;

impl<const SLOPE: Bits> Activation for LeakyReluWith<SLOPE> {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        V::select(x.less(x.splat(0.0)), x.mul(x.splat(Float::from_bits(SLOPE))), x)
    }
}

/// x where positive, else `ALPHA`·(eˣ − 1): Keras's layer `ELU`; at most 4 ULP.
#[derive(Clone, Copy, Debug)]
pub struct EluWith<const ALPHA: Bits>;

impl<const ALPHA: Bits> Activation for EluWith<ALPHA> {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        elu(x, Float::from_bits(ALPHA))
    }
}

/// Keras's layer `ReLU`: x above `THRESHOLD`, at most `MAXIMUM` (infinity: no bound), and `SLOPE`·(x − `THRESHOLD`) below.
#[derive(Clone, Copy, Debug)]
pub struct ReluWith<const MAXIMUM: Bits, const SLOPE: Bits, const THRESHOLD: Bits>;

impl<const MAXIMUM: Bits, const SLOPE: Bits, const THRESHOLD: Bits> Activation for ReluWith<MAXIMUM, SLOPE, THRESHOLD> {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        let threshold = x.splat(Float::from_bits(THRESHOLD));
        let above = V::select(threshold.less(x), x, x.splat(0.0)).nan_of(x);
        let bounded = x.splat(Float::from_bits(MAXIMUM)).min(above);
        if Float::from_bits(SLOPE) == 0.0 {
            return bounded;
        }
        // Where x is above the threshold nothing is taken away.
        let below = x.splat(0.0).max(threshold.sub(x));
        bounded.sub(below.mul(x.splat(Float::from_bits(SLOPE))))
    }
}
