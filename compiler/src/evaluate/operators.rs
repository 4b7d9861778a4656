//! Arithmetic exactly as Python does it: integers never round, `/` gives the nearest float, `//` and `%` follow
//! the divisor's sign. Integers end at 128 bits, which is an error and not a wrong number.

use std::rc::Rc;

use rnn_grammar::ast::{BinaryOperator, UnaryOperator};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::evaluate::limits::MAX_ITEMS;
use crate::evaluate::text::{MAX_TEXT, described, kind_of, percent_format};
use crate::value::{Located, Value};

/// A result, or the code and title of what went wrong.
type Computed = Result<Value, (Code, String)>;

/// Applies a unary operator.
pub(crate) fn unary(operator: UnaryOperator, operand: &Located, span: Span) -> Result<Value, Box<Diagnostic>> {
    let symbol = match operator {
        UnaryOperator::Minus => "-",
        UnaryOperator::Plus => "+",
        UnaryOperator::Invert => "~",
        UnaryOperator::Not => return Ok(Value::Boolean(!super::comparison::truth(&operand.value))),
    };
    match (number(&operand.value), operator) {
        (Some(Number::Integer(value)), UnaryOperator::Minus) => match value.checked_neg() {
            Some(value) => Ok(Value::Integer(value)),
            None => Err(Box::new(Diagnostic::new(Code::E109, span, "the result is beyond 128 bits"))),
        },
        (Some(Number::Integer(value)), UnaryOperator::Invert) => Ok(Value::Integer(!value)),
        (Some(Number::Integer(value)), _) => Ok(Value::Integer(value)),
        (Some(Number::Float(value)), UnaryOperator::Minus) => Ok(Value::Float(-value)),
        (Some(Number::Float(value)), UnaryOperator::Plus) => Ok(Value::Float(value)),
        (Some(Number::Float(_)), _) | (None, _) => {
            let title = format!("`{symbol}` does not apply to {}", described(&operand.value));
            Err(Box::new(Diagnostic::new(Code::E108, operand.span, title)))
        }
    }
}

/// Applies a binary operator.
pub(crate) fn binary(
    operator: BinaryOperator,
    left: &Located,
    right: &Located,
    span: Span,
) -> Result<Value, Box<Diagnostic>> {
    compute(operator, &left.value, &right.value).map_err(|(code, title)| {
        let diagnostic = Diagnostic::new(code, span, title);
        Box::new(if code == Code::E108 {
            diagnostic
                .label(left.span, format!("this is {}", described(&left.value)))
                .label(right.span, format!("this is {}", described(&right.value)))
        } else {
            diagnostic
        })
    })
}

/// How the operator is written.
pub(crate) fn symbol(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::FloorDivide => "//",
        BinaryOperator::Modulo => "%",
        BinaryOperator::Power => "**",
        BinaryOperator::MatrixMultiply => "@",
        BinaryOperator::And => "&",
        BinaryOperator::Or => "|",
        BinaryOperator::ExclusiveOr => "^",
    }
}

fn compute(operator: BinaryOperator, left: &Value, right: &Value) -> Computed {
    if let Some(result) = sequences(operator, left, right).or_else(|| truths(operator, left, right)) {
        return result;
    }
    match (number(left), number(right)) {
        (Some(Number::Integer(left)), Some(Number::Integer(right))) => integers(operator, left, right),
        (Some(left), Some(right)) if !is_on_bits(operator) => floats(operator, left.float(), right.float()),
        _ => Err((
            Code::E108,
            format!("`{}` does not apply to {} and {}", symbol(operator), kind_of(left), kind_of(right)),
        )),
    }
}

/// Whether the operator takes whole numbers alone, or tensors alone.
fn is_on_bits(operator: BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::And | BinaryOperator::Or | BinaryOperator::ExclusiveOr | BinaryOperator::MatrixMultiply
    )
}

/// Operators on the bits of truth values, which give a truth value.
fn truths(operator: BinaryOperator, left: &Value, right: &Value) -> Option<Computed> {
    let (Value::Boolean(left), Value::Boolean(right)) = (left, right) else { return None };
    let value = match operator {
        BinaryOperator::And => left & right,
        BinaryOperator::Or => left | right,
        BinaryOperator::ExclusiveOr => left ^ right,
        _ => return None,
    };
    Some(Ok(Value::Boolean(value)))
}

/// A Python number; a bool is an integer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// An exact integer.
    Integer(i128),
    /// A float.
    Float(f64),
}

impl Number {
    /// The nearest float.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn float(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// The value as a number, where it is one.
pub(crate) fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Boolean(value) => Some(Number::Integer(i128::from(*value))),
        Value::Integer(value) => Some(Number::Integer(*value)),
        Value::Float(value) => Some(Number::Float(*value)),
        _ => None,
    }
}

/// The value as a float, where it is a number.
pub(crate) fn as_float(value: &Value) -> Option<f64> {
    number(value).map(Number::float)
}

fn integers(operator: BinaryOperator, left: i128, right: i128) -> Computed {
    let exact = match operator {
        BinaryOperator::Add => left.checked_add(right),
        BinaryOperator::Subtract => left.checked_sub(right),
        BinaryOperator::Multiply => left.checked_mul(right),
        BinaryOperator::Divide | BinaryOperator::FloorDivide | BinaryOperator::Modulo if right == 0 => {
            return Err(by_zero());
        }
        BinaryOperator::Divide => return Ok(Value::Float(true_division(left, right))),
        BinaryOperator::FloorDivide => floor_division(left, right),
        BinaryOperator::Modulo => Some(floor_modulo(left, right)),
        BinaryOperator::Power if right < 0 => return floats(operator, to_float(left), to_float(right)),
        BinaryOperator::Power => power(left, right),
        BinaryOperator::And => Some(left & right),
        BinaryOperator::Or => Some(left | right),
        BinaryOperator::ExclusiveOr => Some(left ^ right),
        BinaryOperator::MatrixMultiply => {
            return Err((Code::E108, "`@` multiplies matrices, not numbers".to_owned()));
        }
    };
    exact.map(Value::Integer).ok_or((Code::E109, "the result is beyond 128 bits".to_owned()))
}

fn by_zero() -> (Code, String) {
    (Code::E109, "division by zero".to_owned())
}

#[allow(clippy::cast_precision_loss)]
fn to_float(value: i128) -> f64 {
    value as f64
}

fn floor_division(left: i128, right: i128) -> Option<i128> {
    let quotient = left.checked_div(right)?;
    let is_inexact = left.checked_rem(right)? != 0;
    Some(if is_inexact && (left < 0) != (right < 0) { quotient - 1 } else { quotient })
}

fn floor_modulo(left: i128, right: i128) -> i128 {
    let rest = left.checked_rem(right).unwrap_or(0);
    if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest }
}

fn power(base: i128, exponent: i128) -> Option<i128> {
    match base {
        0 | 1 => Some(if exponent == 0 { 1 } else { base }),
        -1 => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ => base.checked_pow(u32::try_from(exponent).ok()?),
    }
}

/// `left / right`, rounded once: Python's integers divide exactly before they become a float.
#[allow(clippy::cast_precision_loss)]
fn true_division(left: i128, right: i128) -> f64 {
    let sign = if (left < 0) != (right < 0) { -1.0 } else { 1.0 };
    let (numerator, divisor) = (left.unsigned_abs(), right.unsigned_abs());
    let (mut quotient, mut rest) = (numerator / divisor, numerator % divisor);
    let mut exponent = 0;
    // 64 significant bits leave room for the sticky one below the 53 of a float.
    while rest != 0 && quotient < 1 << 63 && exponent > -200 {
        let is_high = rest >= divisor - rest;
        rest = if is_high { rest - (divisor - rest) } else { rest + rest };
        quotient = (quotient << 1) | u128::from(is_high);
        exponent -= 1;
    }
    sign * ((quotient | u128::from(rest != 0)) as f64) * 2.0_f64.powi(exponent)
}

fn floats(operator: BinaryOperator, left: f64, right: f64) -> Computed {
    let divides = matches!(operator, BinaryOperator::Divide | BinaryOperator::FloorDivide | BinaryOperator::Modulo);
    if divides && right == 0.0 {
        return Err(by_zero());
    }
    let result = match operator {
        BinaryOperator::Add => left + right,
        BinaryOperator::Subtract => left - right,
        BinaryOperator::Multiply => left * right,
        BinaryOperator::Divide => left / right,
        BinaryOperator::FloorDivide => float_floor_division(left, right),
        BinaryOperator::Modulo => float_modulo(left, right),
        BinaryOperator::Power => return float_power(left, right),
        BinaryOperator::MatrixMultiply | BinaryOperator::And | BinaryOperator::Or | BinaryOperator::ExclusiveOr => {
            unreachable!("`compute` asks `is_on_bits` first")
        }
    };
    Ok(Value::Float(result))
}

/// As CPython: the exact remainder goes first, so that the quotient is a whole number before it is rounded.
fn float_floor_division(left: f64, right: f64) -> f64 {
    let rest = left % right;
    let is_corrected = rest != 0.0 && (rest < 0.0) != (right < 0.0);
    let quotient = (left - rest) / right - if is_corrected { 1.0 } else { 0.0 };
    if quotient == 0.0 {
        return 0.0_f64.copysign(left / right);
    }
    if quotient - quotient.floor() > 0.5 { quotient.floor() + 1.0 } else { quotient.floor() }
}

fn float_modulo(left: f64, right: f64) -> f64 {
    let rest = left % right;
    if rest == 0.0 {
        return 0.0_f64.copysign(right);
    }
    if (rest < 0.0) != (right < 0.0) { rest + right } else { rest }
}

fn float_power(base: f64, exponent: f64) -> Computed {
    if base == 0.0 && exponent < 0.0 {
        return Err((Code::E109, "zero has no negative power".to_owned()));
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent.fract() != 0.0 {
        return Err((Code::E109, "a broken power of a negative number is complex".to_owned()));
    }
    let result = base.powf(exponent);
    if result.is_infinite() && base.is_finite() && exponent.is_finite() {
        return Err((Code::E109, "the result is too large for a float".to_owned()));
    }
    Ok(Value::Float(result))
}

/// `+` and `*` of texts, tuples and lists, and `%` of a text.
fn sequences(operator: BinaryOperator, left: &Value, right: &Value) -> Option<Computed> {
    match (operator, left, right) {
        (BinaryOperator::Add, Value::String(left), Value::String(right)) => {
            Some(text(left.len() + right.len(), || format!("{left}{right}")))
        }
        (BinaryOperator::Add, Value::Tuple(left), Value::Tuple(right)) => {
            Some(items(left.len() + right.len(), || Value::Tuple(left.iter().chain(right.iter()).cloned().collect())))
        }
        (BinaryOperator::Add, left, right) => {
            let (left, right) = (list_items(left)?, list_items(right)?);
            Some(items(left.len() + right.len(), || growing(left.iter().chain(&right).cloned().collect())))
        }
        (BinaryOperator::Multiply, sequence, times) if count(times).is_some() => repeat(sequence, count(times)?),
        (BinaryOperator::Multiply, times, sequence) if count(times).is_some() => repeat(sequence, count(times)?),
        (BinaryOperator::Modulo, Value::String(pattern), values) => {
            let values: Vec<Value> = match values {
                Value::Tuple(values) => values.iter().map(|value| value.value.clone()).collect(),
                single => vec![single.clone()],
            };
            Some(
                percent_format(pattern, &values)
                    .map(|text| Value::String(text.into()))
                    .map_err(|reason| (Code::E108, reason)),
            )
        }
        _ => None,
    }
}

/// A list that the text can change.
pub(crate) fn growing(items: Vec<Located>) -> Value {
    Value::Growing(Rc::new(std::cell::RefCell::new(items)))
}

fn list_items(value: &Value) -> Option<Vec<Located>> {
    match value {
        Value::List(items) => Some(items.to_vec()),
        Value::Growing(items) => Some(items.borrow().clone()),
        _ => None,
    }
}

fn count(value: &Value) -> Option<usize> {
    match number(value)? {
        Number::Integer(times) => Some(usize::try_from(times.max(0)).unwrap_or(usize::MAX)),
        Number::Float(_) => None,
    }
}

fn repeat(sequence: &Value, times: usize) -> Option<Computed> {
    let repeated = |items: &[Located]| items.iter().cycle().take(items.len() * times).cloned().collect::<Vec<_>>();
    match sequence {
        Value::String(inner) => Some(text(inner.len().saturating_mul(times), || inner.repeat(times))),
        Value::Tuple(inner) => Some(items(inner.len().saturating_mul(times), || Value::Tuple(repeated(inner).into()))),
        other => {
            let inner = list_items(other)?;
            Some(items(inner.len().saturating_mul(times), || growing(repeated(&inner))))
        }
    }
}

fn text(length: usize, make: impl FnOnce() -> String) -> Computed {
    if length > MAX_TEXT {
        return Err((Code::E132, format!("the text would be {length} bytes long; {MAX_TEXT} is the limit")));
    }
    Ok(Value::String(make().into()))
}

fn items(length: usize, make: impl FnOnce() -> Value) -> Computed {
    if length > MAX_ITEMS {
        return Err((Code::E132, format!("the result would have {length} items; {MAX_ITEMS} is the limit")));
    }
    Ok(make())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::text::repr;

    fn integer(operator: BinaryOperator, left: i128, right: i128) -> String {
        compute(operator, &Value::Integer(left), &Value::Integer(right))
            .map_or_else(|(_, title)| title, |value| repr(&value))
    }

    fn float(operator: BinaryOperator, left: f64, right: f64) -> String {
        compute(operator, &Value::Float(left), &Value::Float(right))
            .map_or_else(|(_, title)| title, |value| repr(&value))
    }

    #[test]
    fn integers_follow_python() {
        use BinaryOperator as O;
        assert_eq!(integer(O::FloorDivide, -7, 2), "-4");
        assert_eq!(integer(O::FloorDivide, 7, -2), "-4");
        assert_eq!(integer(O::Modulo, -7, 3), "2");
        assert_eq!(integer(O::Modulo, 7, -3), "-2");
        assert_eq!(integer(O::Divide, 7, 2), "3.5");
        assert_eq!(integer(O::Divide, 1, 3), "0.3333333333333333");
        assert_eq!(integer(O::Divide, 10_i128.pow(30), 3), "3.333333333333333e+29");
        assert_eq!(integer(O::Divide, (1 << 53) + 1, 1), "9007199254740992.0");
        assert_eq!(integer(O::Divide, 1, 10_i128.pow(37)), "1e-37");
        assert_eq!(integer(O::Power, 2, 10), "1024");
        assert_eq!(integer(O::Power, 2, -2), "0.25");
        assert_eq!(integer(O::Power, 2, 127), "the result is beyond 128 bits");
        assert_eq!(integer(O::Power, 0, 10_i128.pow(20)), "0");
        assert_eq!(integer(O::Power, 0, -1), "zero has no negative power");
        assert_eq!(integer(O::Divide, 1, 0), "division by zero");
        assert_eq!(integer(O::Multiply, i128::MAX, 2), "the result is beyond 128 bits");
        assert_eq!(integer(O::FloorDivide, i128::MIN, -1), "the result is beyond 128 bits");
        assert_eq!(integer(O::Modulo, i128::MIN, -1), "0");
        assert_eq!(integer(O::Or, 64, 3), "67");
        assert_eq!(integer(O::And, -2, 7), "6");
        assert_eq!(integer(O::ExclusiveOr, 6, 3), "5");
        assert_eq!(integer(O::MatrixMultiply, 6, 3), "`@` multiplies matrices, not numbers");
    }

    #[test]
    fn floats_follow_python() {
        use BinaryOperator as O;
        assert_eq!(float(O::FloorDivide, -7.5, 2.0), "-4.0");
        assert_eq!(float(O::Modulo, -7.5, 2.0), "0.5");
        assert_eq!(float(O::Modulo, 7.5, -2.0), "-0.5");
        assert_eq!(float(O::Or, 7.5, -2.0), "`|` does not apply to a float and a float");
        assert_eq!(float(O::FloorDivide, 1.0, 0.1), "9.0");
        assert_eq!(float(O::Power, -8.0, 0.5), "a broken power of a negative number is complex");
        assert_eq!(float(O::Power, 10.0, 400.0), "the result is too large for a float");
    }
}
