//! Activations that are straight lines or parabolas, piece by piece: no error beyond rounding.

use super::Activation;
use super::simd::{Float, Vector};

/// Between `low` and `high`; NaN passes.
#[inline(always)]
fn clip<V: Vector>(x: V, low: Float, high: Float) -> V {
    x.splat(low).max(x.splat(high).min(x))
}

/// Zero-sized activations with their formulas.
macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident($x:ident) => $value:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Activation for $name {
            #[inline(always)]
            fn apply<V: Vector>($x: V) -> V {
                $value
            }
        }
    )*};
}

activations! {
    /// x.
    Linear(x) => x;
    /// max(x, 0).
    Relu(x) => x.splat(0.0).max(x);
    /// max(x, 0), at most 6.
    Relu6(x) => clip(x, 0.0, 6.0);
    /// x where not negative, else 0.2·x.
    LeakyRelu(x) => V::select(x.less(x.splat(0.0)), x.mul(x.splat(0.2)), x);
    /// x/6 + ½ between 0 and 1.
    HardSigmoid(x) => hard_sigmoid(x);
    /// x·hard_sigmoid(x).
    HardSilu(x) => x.mul(hard_sigmoid(x));
    /// x between −1 and 1.
    HardTanh(x) => clip(x, -1.0, 1.0);
    /// x where |x| > ½, else 0.
    HardShrink(x) => V::select(x.splat(0.5).less(x.abs()), x, x.splat(0.0)).nan_of(x);
    /// x brought nearer to 0 by ½, but not past it.
    SoftShrink(x) => x.splat(0.0).max(x.abs().sub(x.splat(0.5))).with_sign_of(x);
    /// 0 below −1, x above 1, (x + 1)²/4 between.
    SparsePlus(x) => {
        let raised = x.add(x.splat(1.0));
        let middle = raised.mul(raised).mul(x.splat(0.25));
        let upper = V::select(x.less(x.splat(1.0)), middle, x);
        V::select(x.splat(-1.0).less(x), upper, x.splat(0.0)).nan_of(x)
    };
    /// (x + 1)/2 between 0 and 1.
    SparseSigmoid(x) => clip(x.add(x.splat(1.0)).mul(x.splat(0.5)), 0.0, 1.0);
}

/// relu6(x + 3)/6.
#[inline(always)]
fn hard_sigmoid<V: Vector>(x: V) -> V {
    clip(x.add(x.splat(3.0)), 0.0, 6.0).div(x.splat(6.0))
}
