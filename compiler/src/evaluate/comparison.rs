//! Comparisons and truth as Python has them.

use std::cmp::Ordering;
use std::rc::Rc;

use rnn_grammar::ast::ComparisonOperator;

use crate::evaluate::operators::{Number, number};
use crate::value::{Located, Value};

/// How many pairs of values one comparison may look at: nested lists that share parts could need very many.
const MAX_PAIRS: usize = 1_000_000;

/// Why two values can't be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incomparable {
    /// Python has no such order.
    Types,
    /// The values are too large.
    TooLarge,
}

/// Whether Python takes the value for true.
pub(crate) fn truth(value: &Value) -> bool {
    match value {
        Value::None | Value::Failed => false,
        Value::Boolean(value) => *value,
        Value::Integer(value) => *value != 0,
        Value::Float(value) => *value != 0.0,
        Value::String(text) => !text.is_empty(),
        Value::Tuple(items) | Value::List(items) => !items.is_empty(),
        Value::Growing(items) => !items.borrow().is_empty(),
        Value::Dictionary(entries) => !entries.is_empty(),
        Value::Range { start, stop, step } => range_length(*start, *stop, *step) > 0,
        Value::Layer(_)
        | Value::Model(_)
        | Value::Tensor(_)
        | Value::Activation(_)
        | Value::Training(..)
        | Value::Public(_) => true,
    }
}

/// Number of values in `range(start, stop, step)`.
pub(crate) fn range_length(start: i128, stop: i128, step: i128) -> i128 {
    let (low, high) = if step > 0 { (start, stop) } else { (stop, start) };
    let distance = high.saturating_sub(low);
    if distance <= 0 { 0 } else { (distance - 1) / step.saturating_abs().max(1) + 1 }
}

/// Applies one comparison.
pub(crate) fn compare(operator: ComparisonOperator, left: &Value, right: &Value) -> Result<bool, Incomparable> {
    let mut fuel = MAX_PAIRS;
    Ok(match operator {
        ComparisonOperator::Equal => equal(left, right, &mut fuel)?,
        ComparisonOperator::NotEqual => !equal(left, right, &mut fuel)?,
        ComparisonOperator::Less => order(left, right, &mut fuel)? == Some(Ordering::Less),
        ComparisonOperator::LessEqual => {
            matches!(order(left, right, &mut fuel)?, Some(Ordering::Less | Ordering::Equal))
        }
        ComparisonOperator::Greater => order(left, right, &mut fuel)? == Some(Ordering::Greater),
        ComparisonOperator::GreaterEqual => {
            matches!(order(left, right, &mut fuel)?, Some(Ordering::Greater | Ordering::Equal))
        }
        ComparisonOperator::Is => is_same(left, right),
        ComparisonOperator::IsNot => !is_same(left, right),
        ComparisonOperator::In => contains(right, left, &mut fuel)?,
        ComparisonOperator::NotIn => !contains(right, left, &mut fuel)?,
    })
}

/// Whether two values are equal, for callers that compare small ones.
pub(crate) fn is_equal(left: &Value, right: &Value) -> bool {
    equal(left, right, &mut MAX_PAIRS.clone()).unwrap_or(false)
}

fn equal(left: &Value, right: &Value, fuel: &mut usize) -> Result<bool, Incomparable> {
    *fuel = fuel.checked_sub(1).ok_or(Incomparable::TooLarge)?;
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return Ok(number_order(left, right) == Some(Ordering::Equal));
    }
    match (left, right) {
        (Value::String(left), Value::String(right)) => Ok(left == right),
        (Value::Tuple(left), Value::Tuple(right)) => all_equal(left, right, fuel),
        (Value::Dictionary(left), Value::Dictionary(right)) => {
            for (key, value) in left.iter() {
                let other = right.iter().find(|(other, _)| is_equal(&key.value, &other.value));
                let Some((_, other)) = other else { return Ok(false) };
                if !equal(&value.value, &other.value, fuel)? {
                    return Ok(false);
                }
            }
            Ok(left.len() == right.len())
        }
        (Value::List(_) | Value::Growing(_), Value::List(_) | Value::Growing(_)) => {
            with_items(left, |left| with_items(right, |right| all_equal(left, right, fuel)))
        }
        (Value::Range { start, stop, step }, Value::Range { start: other, stop: other_stop, step: other_step }) => {
            let (length, other_length) =
                (range_length(*start, *stop, *step), range_length(*other, *other_stop, *other_step));
            Ok(length == other_length && (length == 0 || start == other && (length == 1 || step == other_step)))
        }
        _ => Ok(is_same(left, right)),
    }
}

fn with_items<R>(value: &Value, look: impl FnOnce(&[Located]) -> R) -> R {
    match value {
        Value::Tuple(items) | Value::List(items) => look(items),
        Value::Growing(items) => look(&items.borrow()),
        _ => look(&[]),
    }
}

fn all_equal(left: &[Located], right: &[Located], fuel: &mut usize) -> Result<bool, Incomparable> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for (left, right) in left.iter().zip(right) {
        if !equal(&left.value, &right.value, fuel)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Python's `is`, as far as it is dependable: constants and objects.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::None, Value::None) => true,
        (Value::Boolean(left), Value::Boolean(right)) => left == right,
        (Value::Integer(left), Value::Integer(right)) => left == right,
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Tuple(left), Value::Tuple(right)) | (Value::List(left), Value::List(right)) => Rc::ptr_eq(left, right),
        (Value::Growing(left), Value::Growing(right)) => Rc::ptr_eq(left, right),
        (Value::Layer(left), Value::Layer(right)) => left.id == right.id,
        (Value::Model(left), Value::Model(right)) => left == right,
        (Value::Tensor(left), Value::Tensor(right)) => left == right,
        (Value::Activation(left), Value::Activation(right)) => left == right,
        (Value::Public(left), Value::Public(right)) => left.name() == right.name(),
        _ => false,
    }
}

fn order(left: &Value, right: &Value, fuel: &mut usize) -> Result<Option<Ordering>, Incomparable> {
    *fuel = fuel.checked_sub(1).ok_or(Incomparable::TooLarge)?;
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return Ok(number_order(left, right));
    }
    match (left, right) {
        (Value::String(left), Value::String(right)) => Ok(Some(left.cmp(right))),
        (Value::Tuple(left), Value::Tuple(right)) => order_items(left, right, fuel),
        (Value::List(_) | Value::Growing(_), Value::List(_) | Value::Growing(_)) => {
            with_items(left, |left| with_items(right, |right| order_items(left, right, fuel)))
        }
        _ => Err(Incomparable::Types),
    }
}

fn order_items(left: &[Located], right: &[Located], fuel: &mut usize) -> Result<Option<Ordering>, Incomparable> {
    for (left, right) in left.iter().zip(right) {
        if !equal(&left.value, &right.value, fuel)? {
            return order(&left.value, &right.value, fuel);
        }
    }
    Ok(Some(left.len().cmp(&right.len())))
}

/// Integers and floats compare by their exact values.
fn number_order(left: Number, right: Number) -> Option<Ordering> {
    match (left, right) {
        (Number::Integer(left), Number::Integer(right)) => Some(left.cmp(&right)),
        (Number::Float(left), Number::Float(right)) => left.partial_cmp(&right),
        (Number::Integer(left), Number::Float(right)) => integer_float_order(left, right),
        (Number::Float(left), Number::Integer(right)) => integer_float_order(right, left).map(Ordering::reverse),
    }
}

fn integer_float_order(left: i128, right: f64) -> Option<Ordering> {
    // 2^127: the first float beyond every i128.
    const BEYOND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if right.is_nan() {
        return None;
    }
    if right >= BEYOND {
        return Some(Ordering::Less);
    }
    if right < -BEYOND {
        return Some(Ordering::Greater);
    }
    #[allow(clippy::cast_possible_truncation)]
    let whole = right.trunc() as i128;
    Some(left.cmp(&whole).then_with(|| 0.0_f64.partial_cmp(&right.fract()).unwrap_or(Ordering::Equal)))
}

fn contains(container: &Value, item: &Value, fuel: &mut usize) -> Result<bool, Incomparable> {
    match (container, item) {
        (Value::String(text), Value::String(part)) => Ok(text.contains(&**part)),
        (Value::Tuple(_) | Value::List(_) | Value::Growing(_), _) => with_items(container, |items| {
            for candidate in items {
                if equal(&candidate.value, item, fuel)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }),
        (Value::Dictionary(entries), _) => Ok(entries.iter().any(|(key, _)| is_equal(&key.value, item))),
        (Value::Range { start, stop, step }, _) => match number(item) {
            Some(Number::Integer(value)) => {
                let offset = value.saturating_sub(*start);
                let (index, rest) = (offset.saturating_div(*step), offset.checked_rem(*step).unwrap_or(0));
                Ok(rest == 0 && index >= 0 && index < range_length(*start, *stop, *step))
            }
            _ => Ok(false),
        },
        _ => Err(Incomparable::Types),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_floats_compare_exactly() {
        let large = (1_i128 << 53) + 1;
        assert_eq!(integer_float_order(large, 9_007_199_254_740_992.0), Some(Ordering::Greater));
        assert_eq!(integer_float_order(1, 1.5), Some(Ordering::Less));
        assert_eq!(integer_float_order(-1, -1.5), Some(Ordering::Greater));
        assert_eq!(integer_float_order(i128::MAX, f64::INFINITY), Some(Ordering::Less));
        assert_eq!(integer_float_order(1, f64::NAN), None);
    }

    #[test]
    fn ranges_have_python_lengths() {
        assert_eq!(range_length(0, 3, 1), 3);
        assert_eq!(range_length(3, 0, -2), 2);
        assert_eq!(range_length(0, 7, 3), 3);
        assert_eq!(range_length(3, 0, 1), 0);
        assert_eq!(range_length(i128::MIN, i128::MAX, 1), i128::MAX);
    }
}
