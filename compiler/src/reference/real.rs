//! The numbers the reference computes in: f64 as the oracle, f32 for runs that should look like Keras's.

use std::fmt::{Debug, Display};
use std::ops::{AddAssign, Neg};

use ndarray::{ArrayD, LinalgScalar};

use crate::layer::{Call, Layer};
use crate::reference::special;

/// f64 or f32.
pub trait Real: LinalgScalar + PartialOrd + Neg<Output = Self> + AddAssign + Debug + Display {
    /// The nearest number of this type.
    fn of(value: f64) -> Self;
    /// The number as f64, exactly.
    fn to_f64(self) -> f64;
    /// e to this power.
    fn exp(self) -> Self;
    /// `exp(x) - 1`, exact near 0.
    fn exp_m1(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// `ln(1 + x)`, exact near 0.
    fn ln_1p(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// The power of this exponent, as C's `pow` has it.
    fn power(self, exponent: f64) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Magnitude.
    fn abs(self) -> Self;
    /// The larger one; NaN where either is NaN, unlike `f64::max`.
    fn maximum(self, other: Self) -> Self {
        if self.is_nan() || self > other { self } else { other }
    }
    /// The smaller one; NaN where either is NaN.
    fn minimum(self, other: Self) -> Self {
        if self.is_nan() || self < other { self } else { other }
    }
    /// Whether it is no number.
    fn is_nan(self) -> bool;
    /// Complementary error function; in f32 rounded from the f64 value.
    fn erfc(self) -> Self {
        Self::of(special::erfc(self.to_f64()))
    }
    /// Runs the layer in this type.
    fn evaluate(layer: &dyn Layer, call: &Call<'_, Self>) -> Vec<ArrayD<Self>>;
}

macro_rules! implement_real {
    ($type:ident, $evaluate:ident) => {
        impl Real for $type {
            #[allow(clippy::cast_possible_truncation, clippy::cast_lossless)]
            fn of(value: f64) -> Self {
                value as Self
            }

            fn to_f64(self) -> f64 {
                self.into()
            }

            fn exp(self) -> Self {
                self.exp()
            }

            fn exp_m1(self) -> Self {
                self.exp_m1()
            }

            fn ln(self) -> Self {
                self.ln()
            }

            fn ln_1p(self) -> Self {
                self.ln_1p()
            }

            fn sqrt(self) -> Self {
                self.sqrt()
            }

            fn power(self, exponent: f64) -> Self {
                self.powf(Self::of(exponent))
            }

            fn tanh(self) -> Self {
                self.tanh()
            }

            fn abs(self) -> Self {
                self.abs()
            }

            fn is_nan(self) -> bool {
                self.is_nan()
            }

            fn evaluate(layer: &dyn Layer, call: &Call<'_, Self>) -> Vec<ArrayD<Self>> {
                layer.$evaluate(call)
            }
        }
    };
}

implement_real!(f64, evaluate_f64);
implement_real!(f32, evaluate_f32);
