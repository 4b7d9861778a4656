//! The hyperbolic tangent as an activation.

use super::Activation;
use super::number::{quiet_tanh, quiet_tanh_soon, tanh, tanh_soon};
use super::simd::Vector;

/// tanh(x).
#[derive(Clone, Copy, Debug)]
pub struct Tanh;

impl Activation for Tanh {
    const IS_TANH: bool = true;
    const GATE_IS_OF_TANH: bool = true;

    #[inline(always)]
    fn apply<V: Vector>(x: V) -> V {
        tanh(x)
    }
    #[inline(always)]
    fn soon<V: Vector>(x: V) -> V {
        tanh_soon(x)
    }
    #[inline(always)]
    fn quiet<V: Vector>(x: V) -> V {
        quiet_tanh(x)
    }
    #[inline(always)]
    fn quiet_soon<V: Vector>(x: V) -> V {
        quiet_tanh_soon(x)
    }
}
