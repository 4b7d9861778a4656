//! Activations made of e to the x.

use super::Activation;
use super::number::{exp, exp_m1};
use super::simd::{Float, Vector};

/// eˣ.
#[derive(Clone, Copy, Debug)]
pub struct Exponential;

impl Activation for Exponential {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        exp(x)
    }
}

/// x where positive, else `alpha`·(eˣ − 1).
#[inline(always)]
pub(super) fn elu<V: Vector>(x: V, alpha: Float) -> V {
    let zero = x.splat(0.0);
    V::select(zero.less(x), x, exp_m1(x).mul(x.splat(alpha)))
}

/// x where positive, else eˣ − 1: at most 3 ULP.
#[derive(Clone, Copy, Debug)]
pub struct Elu;

impl Activation for Elu {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        elu(x, 1.0)
    }
}

/// [`Elu`]; Keras's `celu` with its only reachable α of 1.
pub type Celu = Elu;

/// 1.0507·x where positive, else 1.0507·1.6733·(eˣ − 1): at most 5 ULP.
#[derive(Clone, Copy, Debug)]
pub struct Selu;

impl Activation for Selu {
    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        #[allow(clippy::excessive_precision, reason = "float64 has these digits")]
        const SCALE: Float = 1.050_700_987_355_480_5;
        #[allow(clippy::excessive_precision, reason = "float64 has these digits")]
        const ALPHA: Float = 1.673_263_242_354_377_2;
        elu(x, ALPHA).mul(x.splat(SCALE))
    }
}
