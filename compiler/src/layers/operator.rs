//! Operators and functions of two values: what each is called, what it computes, and which type of numbers it gives.
//!
//! <https://keras.io/api/ops/numpy/>. Truth values are 0 and 1.

use crate::declaration::Declaration;
use crate::graph::InputType;
use crate::layers::merge::{ADD, MAXIMUM, MINIMUM, MULTIPLY, SUBTRACT};
use crate::reference::real::Real;

/// A declaration of something that is no layer class: nobody calls it by name.
pub(crate) const fn operation(class: &'static str, base_name: &'static str) -> Declaration {
    Declaration::operation(class, base_name, "")
}

/// A function of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `x + y`
    Add,
    /// `x - y`
    Subtract,
    /// `x * y`
    Multiply,
    /// `x / y`
    TrueDivide,
    /// `keras.ops.divide`, which is `/` under another name.
    Divide,
    /// The quotient, 0 where the divisor is 0.
    DivideNoNan,
    /// `x // y`
    FloorDivide,
    /// `x % y`
    Modulo,
    /// `x ** y`
    Power,
    /// The larger one.
    Maximum,
    /// The smaller one.
    Minimum,
    /// Whether both are the same.
    Equal,
    /// `x != y`
    NotEqual,
    /// `x < y`
    Less,
    /// `x <= y`
    LessEqual,
    /// `x > y`
    Greater,
    /// `x >= y`
    GreaterEqual,
    /// `x & y`
    LogicalAnd,
    /// `x | y`
    LogicalOr,
    /// `x ^ y`
    LogicalXor,
}

const TRUE_DIVIDE: Declaration = operation("TrueDivide", "true_divide");
const DIVIDE: Declaration = operation("Divide", "divide");
const DIVIDE_NO_NAN: Declaration = operation("DivideNoNan", "divide_no_nan");
const FLOOR_DIVIDE: Declaration = operation("FloorDivide", "floor_divide");
const MODULO: Declaration = operation("Mod", "mod");
const POWER: Declaration = operation("Power", "power");
const EQUAL: Declaration = operation("Equal", "equal");
const NOT_EQUAL: Declaration = operation("NotEqual", "not_equal");
const LESS: Declaration = operation("Less", "less");
const LESS_EQUAL: Declaration = operation("LessEqual", "less_equal");
const GREATER: Declaration = operation("Greater", "greater");
const GREATER_EQUAL: Declaration = operation("GreaterEqual", "greater_equal");
const LOGICAL_AND: Declaration = operation("LogicalAnd", "logical_and");
const LOGICAL_OR: Declaration = operation("LogicalOr", "logical_or");
const LOGICAL_XOR: Declaration = operation("LogicalXor", "logical_xor");

/// Where the runtime has an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// `kernels::join`: over vectors.
    Join(&'static str),
    /// `kernels::pairs`: value by value.
    Pairs(&'static str),
}

impl Operator {
    pub(crate) const fn declaration(self) -> &'static Declaration {
        match self {
            Self::Add => &ADD,
            Self::Subtract => &SUBTRACT,
            Self::Multiply => &MULTIPLY,
            Self::TrueDivide => &TRUE_DIVIDE,
            Self::Divide => &DIVIDE,
            Self::DivideNoNan => &DIVIDE_NO_NAN,
            Self::FloorDivide => &FLOOR_DIVIDE,
            Self::Modulo => &MODULO,
            Self::Power => &POWER,
            Self::Maximum => &MAXIMUM,
            Self::Minimum => &MINIMUM,
            Self::Equal => &EQUAL,
            Self::NotEqual => &NOT_EQUAL,
            Self::Less => &LESS,
            Self::LessEqual => &LESS_EQUAL,
            Self::Greater => &GREATER,
            Self::GreaterEqual => &GREATER_EQUAL,
            Self::LogicalAnd => &LOGICAL_AND,
            Self::LogicalOr => &LOGICAL_OR,
            Self::LogicalXor => &LOGICAL_XOR,
        }
    }

    /// The runtime's type for it.
    pub(crate) const fn kernel(self) -> Home {
        match self {
            Self::Add => Home::Join("Add"),
            Self::Subtract => Home::Join("Subtract"),
            Self::Multiply => Home::Join("Multiply"),
            Self::TrueDivide | Self::Divide => Home::Join("Divide"),
            Self::Maximum => Home::Join("Maximum"),
            Self::Minimum => Home::Join("Minimum"),
            Self::DivideNoNan => Home::Pairs("DivideNoNan"),
            Self::FloorDivide => Home::Pairs("FloorDivide"),
            Self::Modulo => Home::Pairs("Modulo"),
            Self::Power => Home::Pairs("Power"),
            Self::Equal => Home::Pairs("Equal"),
            Self::NotEqual => Home::Pairs("NotEqual"),
            Self::Less => Home::Pairs("Less"),
            Self::LessEqual => Home::Pairs("LessEqual"),
            Self::Greater => Home::Pairs("Greater"),
            Self::GreaterEqual => Home::Pairs("GreaterEqual"),
            Self::LogicalAnd => Home::Pairs("LogicalAnd"),
            Self::LogicalOr => Home::Pairs("LogicalOr"),
            Self::LogicalXor => Home::Pairs("LogicalXor"),
        }
    }

    pub(crate) fn of<R: Real>(self, left: R, right: R) -> R {
        let zero = R::zero();
        let truth = |holds: bool| if holds { R::one() } else { zero };
        let in_f64 = |function: fn(f64, f64) -> f64| R::of(function(left.to_f64(), right.to_f64()));
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::TrueDivide | Self::Divide => left / right,
            Self::DivideNoNan if right == zero => zero,
            Self::DivideNoNan => left / right,
            Self::FloorDivide => in_f64(floor_divide),
            Self::Modulo => in_f64(modulo),
            Self::Power => in_f64(f64::powf),
            Self::Maximum => left.maximum(right),
            Self::Minimum => left.minimum(right),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::Less => truth(left < right),
            Self::LessEqual => truth(left <= right),
            Self::Greater => truth(left > right),
            Self::GreaterEqual => truth(left >= right),
            Self::LogicalAnd => truth(left != zero && right != zero),
            Self::LogicalOr => truth(left != zero || right != zero),
            Self::LogicalXor => truth((left != zero) != (right != zero)),
        }
    }

    /// Whether it answers truth values.
    pub(crate) const fn is_truth(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessEqual
                | Self::Greater
                | Self::GreaterEqual
                | Self::LogicalAnd
                | Self::LogicalOr
                | Self::LogicalXor
        )
    }

    /// The operator that does to truth values what Keras does; `None` where Keras fails at them.
    pub(crate) const fn of_truths(self) -> Option<Self> {
        match self {
            Self::Add => Some(Self::LogicalOr),
            Self::Subtract | Self::FloorDivide | Self::Modulo | Self::Power => None,
            other => Some(other),
        }
    }

    /// The type of its results.
    pub(crate) fn result(self, left: InputType, right: InputType) -> InputType {
        match self {
            Self::TrueDivide | Self::Divide | Self::DivideNoNan => InputType::Float32,
            _ if self.is_truth() => InputType::Boolean,
            _ => left.joined(right),
        }
    }
}

/// As NumPy has it: of a divisor 0 the plain quotient.
fn floor_divide(left: f64, right: f64) -> f64 {
    if right == 0.0 {
        return left / right;
    }
    let rest = left % right;
    let quotient = (left - rest) / right - if rest != 0.0 && (rest < 0.0) != (right < 0.0) { 1.0 } else { 0.0 };
    if quotient == 0.0 {
        return 0.0_f64.copysign(left / right);
    }
    if quotient - quotient.floor() > 0.5 { quotient.floor() + 1.0 } else { quotient.floor() }
}

fn modulo(left: f64, right: f64) -> f64 {
    let rest = left % right;
    if rest == 0.0 {
        return 0.0_f64.copysign(right);
    }
    if (rest < 0.0) == (right < 0.0) { rest } else { rest + right }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_pythons() {
        let of = |operator: Operator, left: f64, right: f64| operator.of(left, right);
        assert_eq!(of(Operator::FloorDivide, -7.5, 2.0).to_bits(), (-4.0_f64).to_bits());
        assert_eq!(of(Operator::Modulo, -7.5, 2.0).to_bits(), 0.5_f64.to_bits());
        assert_eq!(of(Operator::Power, 2.0, -1.0).to_bits(), 0.5_f64.to_bits());
        assert_eq!(of(Operator::DivideNoNan, 2.0, 0.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(of(Operator::GreaterEqual, 2.0, 2.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(of(Operator::LogicalXor, 2.0, 3.0).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn types_are_joined() {
        use InputType::{Boolean, Float32, Int32};
        assert_eq!(Operator::Add.result(Int32, Boolean), Int32);
        assert_eq!(Operator::TrueDivide.result(Int32, Int32), Float32);
        assert_eq!(Operator::Less.result(Float32, Int32), Boolean);
        assert_eq!(Operator::Multiply.result(Int32, Float32), Float32);
    }
}
