//! Shapes that the text gives: tuples of sizes, `None` where a size is free.

use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::frozen;
use crate::evaluate::text::described;
use crate::shape::{Dimension, Shape};
use crate::value::{Located, Value};

/// Reads the shape that the argument `name` gives; with the batch axis or without, as the caller means it.
pub(super) fn read(name: &str, given: &Located) -> Result<Shape, Box<Diagnostic>> {
    let value = frozen(&given.value);
    let (Value::Tuple(items) | Value::List(items)) = &value else {
        let title = format!("`{name}` must be a tuple of sizes");
        let diagnostic = Diagnostic::new(Code::E118, given.span, title).at(format!("this is {}", described(&value)));
        return Err(Box::new(match value {
            Value::Integer(size) => diagnostic.fix("a tuple of one needs a comma", given.span, format!("({size},)")),
            _ => diagnostic,
        }));
    };
    items.iter().map(|item| dimension(name, item, given.span)).collect::<Result<Vec<_>, _>>().map(Shape)
}

/// Reads one axis of the argument `name`.
pub(super) fn dimension(name: &str, item: &Located, whole: Span) -> Result<Dimension, Box<Diagnostic>> {
    // Constants of a declaration have no place of their own.
    let span = if item.span == Span::default() { whole } else { item.span };
    let error = |title: String| Diagnostic::new(Code::E118, span, title);
    match item.value {
        Value::None => Ok(Dimension::Free),
        Value::Integer(size @ 1..) => match u64::try_from(size).ok().filter(|&size| size <= Dimension::MAX) {
            Some(size) => Ok(Dimension::Known(size)),
            None => {
                let title = format!("an axis of `{name}` has {size} values");
                Err(Box::new(error(title).at(format!("more than {}", Dimension::MAX))))
            }
        },
        Value::Integer(0) => {
            Err(Box::new(error(format!("an axis of `{name}` has no values")).at("must be at least 1, or `None`")))
        }
        Value::Integer(size) => Err(Box::new(
            error(format!("an axis of `{name}` is negative"))
                .at(format!("{size} is no size"))
                .help("write `None` for a size that is not fixed"),
        )),
        _ => {
            let title = format!("an axis of `{name}` must be an integer or `None`");
            Err(Box::new(error(title).at(format!("this is {}", described(&item.value)))))
        }
    }
}
