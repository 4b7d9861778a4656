//! What operators and functions of two values compute, value by value: comparisons, whole quotients, powers. A truth value is
//! 1 or 0. Flat slices; each result is made of one pair alone, by operations that round once, so the bits are the same on
//! every machine.

use super::number::{floor, power_of};
use super::simd::Float;

/// A function of two values.
pub trait Pair {
    /// Of one pair.
    fn of(left: Float, right: Float) -> Float;
}

macro_rules! pairs {
    ($($(#[$doc:meta])* $name:ident($left:ident, $right:ident) => $value:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Pair for $name {
            #[inline(always)]
            fn of($left: Float, $right: Float) -> Float {
                $value
            }
        }
    )*};
}
pairs! {
    /// The quotient, 0 where the divisor is 0.
    DivideNoNan(left, right) => if right == 0.0 { 0.0 } else { left / right };
    /// The largest whole number not above the quotient, as Python's `//`.
    FloorDivide(left, right) => floor_divide(left, right);
    /// What that leaves, with the divisor's sign, as Python's `%`.
    Modulo(left, right) => modulo(left, right);
    /// The power.
    Power(left, right) => power_of(left, right);
    /// Whether both are the same.
    Equal(left, right) => truth(left == right);
    /// Whether they differ.
    NotEqual(left, right) => truth(left != right);
    /// Whether the left one is smaller.
    Less(left, right) => truth(left < right);
    /// Whether the left one is not larger.
    LessEqual(left, right) => truth(left <= right);
    /// Whether the left one is larger.
    Greater(left, right) => truth(left > right);
    /// Whether the left one is not smaller.
    GreaterEqual(left, right) => truth(left >= right);
    /// Whether neither is 0.
    LogicalAnd(left, right) => truth((left != 0.0) & (right != 0.0));
    /// Whether either is not 0.
    LogicalOr(left, right) => truth((left != 0.0) | (right != 0.0));
    /// Whether one is 0 and the other is not.
    LogicalXor(left, right) => truth((left != 0.0) ^ (right != 0.0));
}

/// A truth value as a number.
#[inline(always)]
pub(super) const fn truth(holds: bool) -> Float {
    if holds { 1.0 } else { 0.0 }
}

/// As CPython and NumPy do it: the exact remainder goes first, so that the quotient is whole before it is rounded.
#[inline(always)]
fn floor_divide(left: Float, right: Float) -> Float {
    if right == 0.0 {
        return left / right;
    }
    let rest = left % right;
    let is_corrected = (rest != 0.0) & ((rest < 0.0) != (right < 0.0));
    let quotient = (left - rest) / right - truth(is_corrected);
    let whole = floor(quotient);
    if quotient == 0.0 {
        (0.0 as Float).copysign(left / right)
    } else if quotient - whole > 0.5 {
        whole + 1.0
    } else {
        whole
    }
}

#[inline(always)]
fn modulo(left: Float, right: Float) -> Float {
    let rest = left % right;
    if rest == 0.0 {
        (0.0 as Float).copysign(right)
    } else if (rest < 0.0) == (right < 0.0) {
        rest
    } else {
        rest + right
    }
}

/// Two tensors of one shape.
#[inline(always)]
pub fn merge<P: Pair>([left, right]: [&[Float]; 2], output: &mut [Float]) {
    for ((left, right), output) in left.iter().zip(right).zip(output) {
        *output = P::of(*left, *right);
    }
}

/// Every value with a constant at its right: `x ∘ c`.
#[inline(always)]
pub fn with_constant<P: Pair>(constant: Float, values: &mut [Float]) {
    for value in values {
        *value = P::of(*value, constant);
    }
}

/// Every value with a constant at its left: `c ∘ x`.
#[inline(always)]
pub fn constant_with<P: Pair>(constant: Float, values: &mut [Float]) {
    for value in values {
        *value = P::of(constant, *value);
    }
}

/// One of two things, by a third: which tensor, or which constant.
#[derive(Clone, Copy, Debug)]
pub enum Choice {
    /// The tensor of this place.
    Of(usize),
    /// This value.
    Constant(Float),
}

impl Choice {
    #[inline(always)]
    fn at<const N: usize>(self, inputs: &[&[Float]; N], index: usize) -> Float {
        match self {
            Self::Of(place) => inputs.get(place).and_then(|input| input.get(index)).copied().unwrap_or_default(),
            Self::Constant(constant) => constant,
        }
    }
}

/// What `condition` has where it is not 0 comes from `yes`, the rest from `no`.
#[inline(always)]
pub fn choose<const N: usize>([condition, yes, no]: [Choice; 3], inputs: [&[Float]; N], output: &mut [Float]) {
    for (index, output) in output.iter_mut().enumerate() {
        let holds = condition.at(&inputs, index) != 0.0;
        *output = if holds { yes.at(&inputs, index) } else { no.at(&inputs, index) };
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn quotients_and_rests_are_pythons() {
        assert_eq!(FloorDivide::of(-7.5, 2.0).to_bits(), (-4.0 as Float).to_bits());
        assert_eq!(FloorDivide::of(1.0, 0.1).to_bits(), (9.0 as Float).to_bits());
        assert_eq!(FloorDivide::of(1.0, 0.0).to_bits(), Float::INFINITY.to_bits());
        assert_eq!(Modulo::of(-7.5, 2.0).to_bits(), (0.5 as Float).to_bits());
        assert_eq!(Modulo::of(7.5, -2.0).to_bits(), (-0.5 as Float).to_bits());
        assert!(Modulo::of(1.0, 0.0).is_nan());
    }

    #[test]
    fn nothing_compares_with_nan_but_unequal() {
        assert_eq!(
            [Less::of(1.0, Float::NAN), GreaterEqual::of(Float::NAN, 1.0), Equal::of(Float::NAN, Float::NAN)],
            [0.0; 3]
        );
        assert_eq!(NotEqual::of(Float::NAN, Float::NAN).to_bits(), (1.0 as Float).to_bits());
    }

    #[test]
    fn tensors_and_constants_are_chosen() {
        let mut output = [0.0; 3];
        choose(
            [Choice::Of(0), Choice::Of(1), Choice::Constant(9.0)],
            [&[1.0, 0.0, 2.0], &[3.0, 4.0, 5.0]],
            &mut output,
        );
        assert_eq!(output, [3.0, 9.0, 5.0]);
    }
}
