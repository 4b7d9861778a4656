//! `int`, `float`, `abs`, `round`, `divmod` and `pow`.

use rnn_grammar::ast::BinaryOperator;
use rnn_grammar::{Code, Diagnostic, Span};

use crate::evaluate::operators::{Number, binary, number};
use crate::evaluate::text::{kind_of, repr};
use crate::value::{Located, Value};

type Computed = Result<Value, Box<Diagnostic>>;

/// Calls one of the functions above with at least one argument.
pub(super) fn apply(name: &str, values: &[Located], call: Span) -> Computed {
    match (name, values) {
        ("int", [value]) => to_integer(value),
        ("float", [value]) => to_float(value),
        ("abs", [value]) => absolute(value),
        ("round", [value]) => round_to_integer(value),
        ("round", [value, digits]) => round_to_digits(value, digits),
        ("divmod", [left, right]) => {
            let quotient = binary(BinaryOperator::FloorDivide, left, right, call)?;
            let rest = binary(BinaryOperator::Modulo, left, right, call)?;
            let located = |value| Located { value, span: call };
            Ok(Value::Tuple([located(quotient), located(rest)].into()))
        }
        ("pow", [base, exponent]) => binary(BinaryOperator::Power, base, exponent, call),
        _ => {
            let title = format!("`{name}` does not take {} arguments", values.len());
            Err(Box::new(Diagnostic::new(Code::E114, call, title)))
        }
    }
}

fn not_a_number(name: &str, value: &Located) -> Box<Diagnostic> {
    let title = format!("`{name}` does not apply to {}", kind_of(&value.value));
    Box::new(Diagnostic::new(Code::E108, value.span, title).at(format!("this is `{}`", repr(&value.value))))
}

fn beyond(span: Span) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Code::E109, span, "the result is beyond 128 bits"))
}

/// A whole float as an integer.
fn whole(value: f64, span: Span) -> Computed {
    // 2^127 is the first value that does not fit.
    if value.is_finite() && value.abs() < 2.0_f64.powi(127) {
        #[allow(clippy::cast_possible_truncation)]
        return Ok(Value::Integer(value as i128));
    }
    Err(beyond(span))
}

fn to_integer(value: &Located) -> Computed {
    match &value.value {
        Value::String(text) => match text.trim().replace('_', "").parse() {
            Ok(integer) => Ok(Value::Integer(integer)),
            Err(_) => {
                Err(Box::new(Diagnostic::new(Code::E109, value.span, format!("{} is no integer", repr(&value.value)))))
            }
        },
        other => match number(other) {
            Some(Number::Integer(integer)) => Ok(Value::Integer(integer)),
            Some(Number::Float(float)) => whole(float.trunc(), value.span),
            None => Err(not_a_number("int", value)),
        },
    }
}

fn to_float(value: &Located) -> Computed {
    match &value.value {
        Value::String(text) => match text.trim().replace('_', "").parse() {
            Ok(float) => Ok(Value::Float(float)),
            Err(_) => {
                Err(Box::new(Diagnostic::new(Code::E109, value.span, format!("{} is no number", repr(&value.value)))))
            }
        },
        other => number(other).map(|number| Value::Float(number.float())).ok_or_else(|| not_a_number("float", value)),
    }
}

fn absolute(value: &Located) -> Computed {
    match number(&value.value) {
        Some(Number::Integer(integer)) => integer.checked_abs().map(Value::Integer).ok_or_else(|| beyond(value.span)),
        Some(Number::Float(float)) => Ok(Value::Float(float.abs())),
        None => Err(not_a_number("abs", value)),
    }
}

/// Halves go to the even neighbour.
fn round_to_integer(value: &Located) -> Computed {
    match number(&value.value) {
        Some(Number::Integer(integer)) => Ok(Value::Integer(integer)),
        Some(Number::Float(float)) => whole(float.round_ties_even(), value.span),
        None => Err(not_a_number("round", value)),
    }
}

fn round_to_digits(value: &Located, digits: &Located) -> Computed {
    let digits = match (&digits.value, number(&digits.value)) {
        (Value::None, _) => return round_to_integer(value),
        (_, Some(Number::Integer(digits))) => digits,
        _ => return Err(not_a_number("round", digits)),
    };
    match number(&value.value) {
        Some(Number::Float(float)) if digits > 300 || !float.is_finite() => Ok(Value::Float(float)),
        Some(Number::Float(float)) if digits >= 0 => {
            // Rust's formatting rounds the exact decimal value, as Python's `round` does.
            let text = format!("{float:.*}", usize::try_from(digits).unwrap_or(0));
            Ok(Value::Float(text.parse().unwrap_or(float)))
        }
        Some(Number::Integer(integer)) if digits >= 0 => Ok(Value::Integer(integer)),
        Some(_) => {
            Err(Box::new(Diagnostic::new(Code::E109, value.span, "`round` takes no negative number of digits here")))
        }
        None => Err(not_a_number("round", value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, values: &[Value]) -> String {
        let span = Span::default();
        let values: Vec<Located> = values.iter().map(|value| Located { value: value.clone(), span }).collect();
        apply(name, &values, span).map_or_else(|mistake| mistake.title, |value| repr(&value))
    }

    #[test]
    fn numbers_are_converted_as_python_does() {
        assert_eq!(call("int", &[Value::Float(-2.9)]), "-2");
        assert_eq!(call("int", &[Value::String(" 1_000 ".into())]), "1000");
        assert_eq!(call("int", &[Value::Float(f64::INFINITY)]), "the result is beyond 128 bits");
        assert_eq!(call("round", &[Value::Float(2.5)]), "2");
        assert_eq!(call("round", &[Value::Float(3.5)]), "4");
        assert_eq!(call("round", &[Value::Float(2.675), Value::Integer(2)]), "2.67");
        assert_eq!(call("abs", &[Value::Integer(i128::MIN)]), "the result is beyond 128 bits");
        assert_eq!(call("divmod", &[Value::Integer(-7), Value::Integer(2)]), "(-4, 1)");
        assert_eq!(call("float", &[Value::None]), "`float` does not apply to `None`");
    }
}
