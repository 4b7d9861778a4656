//! Limits of the Python part, so that no text makes the compiler hang or run out of memory or stack.

use crate::value::Value;

/// Layer objects of one text.
pub(crate) const MAX_LAYERS: usize = 10_000;

/// Evaluated statements, expressions and list items of one text.
pub(crate) const MAX_STEPS: usize = 2_000_000;

/// Items of one list, tuple or dictionary.
pub(crate) const MAX_ITEMS: usize = 100_000;

/// Values inside values.
pub(crate) const MAX_DEPTH: usize = 32;

/// Expressions inside expressions: the parser's limit and room for what it does not count.
pub(crate) const MAX_EXPRESSION_DEPTH: usize = 150;

/// Visits every value inside this one; `None` where they nest too deeply or are more than `budget`, else their
/// number.
pub(crate) fn size_within(value: &Value, budget: usize) -> Option<usize> {
    let mut left = budget;
    visit(value, MAX_DEPTH, &mut left).then(|| budget - left)
}

fn visit(value: &Value, depth: usize, left: &mut usize) -> bool {
    if *left == 0 || depth == 0 {
        return false;
    }
    *left -= 1;
    match value {
        Value::Tuple(items) | Value::List(items) => items.iter().all(|item| visit(&item.value, depth - 1, left)),
        Value::Growing(items) => items.borrow().iter().all(|item| visit(&item.value, depth - 1, left)),
        Value::Dictionary(entries) => entries
            .iter()
            .all(|(key, value)| visit(&key.value, depth - 1, left) && visit(&value.value, depth - 1, left)),
        _ => true,
    }
}
