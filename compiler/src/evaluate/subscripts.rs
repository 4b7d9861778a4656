//! Items and slices of what Python can index.

use rnn_grammar::ast::{Expression, Index};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::evaluate::Evaluator;
use crate::evaluate::comparison::{self, range_length};
use crate::evaluate::operators::{self, growing};
use crate::evaluate::text::{kind_of, repr};
use crate::value::{Located, Value};

impl Evaluator<'_> {
    /// `value[indices]`
    pub(super) fn subscript(&mut self, value: &Expression, indices: &[Index], span: Span) -> Option<Value> {
        let container = Located { value: self.expression(value)?, span: value.span };
        if let Value::Tensor(tensor) = container.value {
            return self.tensor_subscript(tensor, indices, span);
        }
        match indices {
            [Index::At(index)] => {
                let index = Located { value: self.expression(index)?, span: index.span };
                self.item(&container, &index)
            }
            [Index::Slice { from, to, step, span }] => {
                let mut bounds = [None; 3];
                for (bound, expression) in bounds.iter_mut().zip([from, to, step]) {
                    if let Some(expression) = expression {
                        *bound = self.slice_bound(expression)?;
                    }
                }
                self.slice_of(&container, bounds, *span)
            }
            _ => self.fail(
                Diagnostic::new(Code::E108, span, format!("{} takes one index", kind_of(&container.value)))
                    .at("several indices"),
            ),
        }
    }

    pub(super) fn slice_bound(&mut self, expression: &Expression) -> Option<Option<i128>> {
        match self.expression(expression)? {
            Value::None => Some(None),
            Value::Integer(value) => Some(Some(value)),
            other => {
                let title = format!("a slice needs integers, not {}", kind_of(&other));
                self.fail(Diagnostic::new(Code::E108, expression.span, title))
            }
        }
    }

    fn item(&mut self, container: &Located, index: &Located) -> Option<Value> {
        if let Value::Dictionary(entries) = &container.value {
            let found = entries.iter().find(|(key, _)| comparison::is_equal(&key.value, &index.value));
            return match found {
                Some((_, value)) => Some(value.value.clone()),
                None => {
                    let keys: Vec<String> = entries.iter().take(20).map(|(key, _)| repr(&key.value)).collect();
                    let title = format!("there is no key {}", repr(&index.value));
                    self.fail(
                        Diagnostic::new(Code::E110, index.span, title)
                            .help(format!("the keys are {}", keys.join(", "))),
                    )
                }
            };
        }
        let Some(position) = operators::number(&index.value) else { return self.bad_index(container, index) };
        let operators::Number::Integer(position) = position else { return self.bad_index(container, index) };
        if let Value::Range { start, stop, step } = container.value {
            let length = range_length(start, stop, step);
            let at = if position < 0 { position.saturating_add(length) } else { position };
            if (0..length).contains(&at) {
                return Some(Value::Integer(start.wrapping_add(step.wrapping_mul(at))));
            }
            return self.out_of_range(position, length, index.span);
        }
        if !matches!(container.value, Value::Tuple(_) | Value::List(_) | Value::Growing(_) | Value::String(_)) {
            return self.bad_index(container, index);
        }
        let items = self.items_of(container)?;
        let length = items.len() as i128;
        let at = if position < 0 { position.saturating_add(length) } else { position };
        match usize::try_from(at).ok().and_then(|at| items.get(at)) {
            Some(item) => Some(item.value.clone()),
            None => self.out_of_range(position, length, index.span),
        }
    }

    fn bad_index(&mut self, container: &Located, index: &Located) -> Option<Value> {
        let mistake = match container.value {
            Value::Tuple(_) | Value::List(_) | Value::Growing(_) | Value::String(_) | Value::Range { .. } => {
                let title = format!("an index must be an integer, not {}", kind_of(&index.value));
                Diagnostic::new(Code::E108, index.span, title)
            }
            _ => Diagnostic::new(Code::E108, container.span, format!("{} has no items", kind_of(&container.value))),
        };
        self.fail(mistake)
    }

    pub(super) fn out_of_range<T>(&mut self, index: i128, length: i128, span: Span) -> Option<T> {
        let title = format!("index {index} is out of range");
        let count = usize::try_from(length).unwrap_or(usize::MAX);
        let has = super::statements::counted(count, "item");
        self.fail(Diagnostic::new(Code::E110, span, title).at(format!("there are {has}").replace("are 1 ", "is 1 ")))
    }

    fn slice_of(&mut self, container: &Located, bounds: [Option<i128>; 3], span: Span) -> Option<Value> {
        let items = match container.value {
            Value::Tuple(_) | Value::List(_) | Value::Growing(_) | Value::String(_) | Value::Range { .. } => {
                self.items_of(container)?
            }
            _ => {
                let title = format!("{} can't be sliced", kind_of(&container.value));
                return self.fail(Diagnostic::new(Code::E108, container.span, title));
            }
        };
        let Some(picked) = picked(items.len() as i128, bounds) else {
            return self.fail(Diagnostic::new(Code::E109, span, "a slice's step can't be 0"));
        };
        let picked = picked.into_iter().map(|at| items[at].clone());
        Some(match container.value {
            Value::Tuple(_) => Value::Tuple(picked.collect()),
            Value::String(_) => Value::String(
                picked.map(|item| super::text::python_str(&item.value).unwrap_or_default()).collect::<String>().into(),
            ),
            _ => growing(picked.collect()),
        })
    }
}

/// The positions that `from:to:step` picks of `length` items; `None` for a step of 0.
fn picked(length: i128, [from, to, step]: [Option<i128>; 3]) -> Option<Vec<usize>> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return None;
    }
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place = |bound: Option<i128>, default: i128| match bound {
        None => default,
        Some(bound) if bound < 0 => bound.saturating_add(length).clamp(lowest, highest),
        Some(bound) => bound.clamp(lowest, highest),
    };
    let start = place(from, if step > 0 { 0 } else { length - 1 });
    let end = place(to, if step > 0 { length } else { -1 });
    let mut positions = Vec::new();
    let mut at = start;
    while if step > 0 { at < end } else { at > end } {
        positions.extend(usize::try_from(at).ok());
        at = at.saturating_add(step);
    }
    Some(positions)
}

#[cfg(test)]
mod tests {
    use super::picked;

    #[test]
    fn slices_follow_python() {
        assert_eq!(picked(5, [Some(1), Some(3), None]), Some(vec![1, 2]));
        assert_eq!(picked(5, [None, None, Some(-1)]), Some(vec![4, 3, 2, 1, 0]));
        assert_eq!(picked(5, [Some(-2), None, None]), Some(vec![3, 4]));
        assert_eq!(picked(5, [Some(9), Some(-9), Some(-2)]), Some(vec![4, 2, 0]));
        assert_eq!(picked(5, [None, Some(100), Some(i128::MAX)]), Some(vec![0]));
        assert_eq!(picked(5, [None, None, Some(0)]), None);
        assert_eq!(picked(0, [None, None, Some(-1)]), Some(vec![]));
    }
}
