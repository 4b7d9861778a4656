//! Python's builtin functions, as far as a model's definition needs them.

use rnn_grammar::{Code, Diagnostic};

use crate::arguments::bind::CallSite;
use crate::evaluate::comparison::{self, truth};
use crate::evaluate::operators::{Number, growing, number};
use crate::evaluate::text::{kind_of, python_str, repr};
use crate::evaluate::{Evaluator, arithmetic_functions};
use crate::value::{Located, Value};

/// The builtin functions of the language.
pub(super) const NAMES: &[&str] = &[
    "abs",
    "all",
    "any",
    "bool",
    "divmod",
    "enumerate",
    "float",
    "int",
    "len",
    "list",
    "max",
    "min",
    "pow",
    "range",
    "repr",
    "reversed",
    "round",
    "sorted",
    "str",
    "sum",
    "tuple",
    "zip",
];

/// Whether the language has this builtin function.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Advice for Python's other builtin functions.
pub(super) fn elsewhere(name: &str) -> Option<&'static str> {
    match name {
        "print" => Some("printing belongs in a Python script; `model.summary()` asks for the model's table"),
        "open" | "input" | "exit" | "quit" => {
            Some("a `.rnn` file holds the model alone; the rest stays in a Python script")
        }
        "isinstance" | "type" | "hasattr" | "getattr" | "setattr" | "id" | "vars" | "dir" | "help" | "callable"
        | "map" | "filter" | "set" | "dict" | "frozenset" | "bytes" | "complex" | "slice" | "iter" | "next" | "chr"
        | "ord" | "hex" | "bin" | "oct" | "hash" | "format" | "super" | "object" | "eval" | "exec" => {
            Some("use constants, lists, tuples and `for` loops")
        }
        _ => None,
    }
}

impl Evaluator<'_> {
    /// Calls a builtin function.
    pub(super) fn builtin(&mut self, name: &str, call: &CallSite) -> Option<Value> {
        if call.given.iter().any(|given| Self::is_failed(&given.value)) {
            return None;
        }
        let values = self.positional(call, &["start", "key", "reverse", "strict", "default", "ndigits"])?;
        match (name, values.as_slice()) {
            ("len", [value]) => self.len(value, call),
            ("range", [_] | [_, _] | [_, _, _]) => self.range(&values),
            ("min" | "max", [_, ..]) => self.extreme(name, &values, call),
            ("sum", [_] | [_, _]) => self.sum(&values, call),
            ("str", []) => Some(Value::String("".into())),
            ("str", [value]) => self.text_of(value, call),
            ("repr", [value]) => Some(Value::String(repr(&value.value).into())),
            ("bool", [value]) => Some(Value::Boolean(self.holds(&value.value, value.span)?)),
            ("abs", [Located { value: Value::Tensor(tensor), .. }]) => self.tensor_absolute(*tensor, call.span),
            ("round", [Located { value: Value::Tensor(tensor), .. }]) => self.tensor_round(*tensor, 0, call.span),
            (
                "round",
                [Located { value: Value::Tensor(tensor), .. }, Located { value: Value::Integer(decimals), .. }],
            ) => self.tensor_round(*tensor, *decimals, call.span),
            ("pow", [base, exponent]) if matches!(base.value, Value::Tensor(_)) => {
                self.binary(rnn_grammar::ast::BinaryOperator::Power, base, exponent, call.span)
            }
            ("int" | "float" | "abs" | "round" | "divmod" | "pow", [_, ..]) => {
                match arithmetic_functions::apply(name, &values, call.span) {
                    Ok(value) => Some(value),
                    Err(mistake) => self.fail(*mistake),
                }
            }
            ("list", []) => Some(growing(Vec::new())),
            ("tuple", []) => Some(Value::Tuple(Vec::new().into())),
            ("list", [value]) => Some(growing(self.items_of(value)?)),
            ("tuple", [value]) => Some(Value::Tuple(self.items_of(value)?.into())),
            ("reversed", [value]) => Some(Value::Tuple(self.items_of(value)?.into_iter().rev().collect())),
            ("sorted", [value]) => self.sorted(value, call),
            ("enumerate", [value]) => self.enumerate(value, None, call),
            ("enumerate", [value, start]) => self.enumerate(value, Some(start), call),
            ("zip", _) => self.zip(&values, call),
            ("any", [value]) => Some(Value::Boolean(self.items_of(value)?.iter().any(|item| truth(&item.value)))),
            ("all", [value]) => Some(Value::Boolean(self.items_of(value)?.iter().all(|item| truth(&item.value)))),
            _ => self.wrong_count(name, values.len(), call),
        }
    }

    /// The arguments without their keywords; only `start` of `enumerate` and `sum`, and `reverse=` of `sorted` and
    /// the like exist, and none but `start` is in the language.
    fn positional(&mut self, call: &CallSite, known: &[&str]) -> Option<Vec<Located>> {
        let mut values = Vec::new();
        for given in &call.given {
            match &given.name {
                None => values.push(given.value.clone()),
                Some(name)
                    if name.text == "start"
                        && ["enumerate", "sum"].contains(&call.callee.as_str())
                        && values.len() == 1 =>
                {
                    values.push(given.value.clone());
                }
                Some(name) => {
                    let title = format!("`{}` has no argument `{}`", call.callee, name.text);
                    let diagnostic = Diagnostic::new(Code::E112, name.span, title).at("unknown keyword");
                    return self.fail(if known.contains(&name.text.as_str()) {
                        diagnostic.help("Python may know it; the language does not")
                    } else {
                        diagnostic
                    });
                }
            }
        }
        Some(values)
    }

    fn wrong_count(&mut self, name: &str, count: usize, call: &CallSite) -> Option<Value> {
        let has = super::statements::counted(count, "argument");
        if count == 0 {
            let title = format!("`{name}` needs an argument");
            return self.fail(Diagnostic::new(Code::E111, call.callee_span, title));
        }
        let title = format!("`{name}` does not take {has}");
        self.fail(Diagnostic::new(Code::E114, call.parentheses, title).at("too many"))
    }

    fn len(&mut self, value: &Located, call: &CallSite) -> Option<Value> {
        let length = match &value.value {
            Value::String(text) => text.chars().count() as i128,
            Value::Tuple(items) | Value::List(items) => items.len() as i128,
            Value::Growing(items) => items.borrow().len() as i128,
            Value::Dictionary(entries) => entries.len() as i128,
            Value::Range { start, stop, step } => comparison::range_length(*start, *stop, *step),
            other => {
                let title = format!("{} has no length", kind_of(other));
                let help = matches!(other, Value::Model(_)).then_some("write `len(model.layers)`");
                let diagnostic = Diagnostic::new(Code::E108, value.span, title);
                return self.fail(help.map_or(diagnostic.clone(), |help| diagnostic.help(help)));
            }
        };
        self.step(1, call.span)?;
        Some(Value::Integer(length))
    }

    fn range(&mut self, values: &[Located]) -> Option<Value> {
        let mut bounds = Vec::new();
        for value in values {
            let Some(Number::Integer(bound)) = number(&value.value) else {
                let title = format!("`range` needs integers, not {}", kind_of(&value.value));
                let diagnostic =
                    Diagnostic::new(Code::E115, value.span, title).at(format!("this is `{}`", repr(&value.value)));
                return self.fail(match value.value {
                    Value::Float(_) => diagnostic.help("divide with `//`, which gives an integer"),
                    _ => diagnostic,
                });
            };
            bounds.push(bound);
        }
        let (start, stop, step) = match bounds.as_slice() {
            [stop] => (0, *stop, 1),
            [start, stop] => (*start, *stop, 1),
            [start, stop, step, ..] => (*start, *stop, *step),
            [] => (0, 0, 1),
        };
        if step == 0 {
            let span = values.last().map(|value| value.span).unwrap_or_default();
            return self.fail(Diagnostic::new(Code::E109, span, "the step of `range` can't be 0"));
        }
        Some(Value::Range { start, stop, step })
    }

    fn extreme(&mut self, name: &str, values: &[Located], call: &CallSite) -> Option<Value> {
        let items = match values {
            [single] => self.items_of(single)?,
            several => several.to_vec(),
        };
        let mut items = items.into_iter();
        let Some(mut best) = items.next() else {
            let title = format!("`{name}` of nothing");
            return self.fail(Diagnostic::new(Code::E110, call.span, title).at("no items"));
        };
        let operator = match name {
            "min" => rnn_grammar::ast::ComparisonOperator::Less,
            _ => rnn_grammar::ast::ComparisonOperator::Greater,
        };
        for item in items {
            if self.compare(operator, &item, &best)? {
                best = item;
            }
        }
        Some(best.value)
    }

    fn sum(&mut self, values: &[Located], call: &CallSite) -> Option<Value> {
        let mut total = match values.get(1) {
            Some(start) => start.clone(),
            None => Located { value: Value::Integer(0), span: call.span },
        };
        for item in self.items_of(&values[0])? {
            let value = self.binary(rnn_grammar::ast::BinaryOperator::Add, &total, &item, call.span)?;
            total = Located { value, span: call.span };
        }
        Some(total.value)
    }

    fn text_of(&mut self, value: &Located, call: &CallSite) -> Option<Value> {
        match python_str(&value.value) {
            Some(text) => Some(Value::String(text.into())),
            None => self.fail(Diagnostic::new(Code::E132, call.span, "the text would be too long")),
        }
    }

    fn sorted(&mut self, value: &Located, call: &CallSite) -> Option<Value> {
        let mut sorted: Vec<Located> = Vec::new();
        for item in self.items_of(value)? {
            let mut place = sorted.len();
            // From the end: equal items keep their order, as Python promises.
            while place > 0 && self.compare(rnn_grammar::ast::ComparisonOperator::Less, &item, &sorted[place - 1])? {
                place -= 1;
            }
            self.step(1, call.span)?;
            sorted.insert(place, item);
        }
        Some(growing(sorted))
    }

    fn enumerate(&mut self, value: &Located, start: Option<&Located>, call: &CallSite) -> Option<Value> {
        let start = match start.map(|start| (number(&start.value), start.span)) {
            None => 0,
            Some((Some(Number::Integer(start)), _)) => start,
            Some((_, span)) => return self.fail(Diagnostic::new(Code::E115, span, "`start` must be an integer")),
        };
        let items = self.items_of(value)?;
        self.hold(&items);
        let items = items.into_iter().enumerate().map(|(index, item)| {
            let span = item.span;
            let counter = Located { value: Value::Integer(start.saturating_add(index as i128)), span };
            Located { value: Value::Tuple([counter, item].into()), span }
        });
        let value = Value::Tuple(items.collect());
        self.check_size(&value, call.span)?;
        Some(value)
    }

    fn zip(&mut self, values: &[Located], call: &CallSite) -> Option<Value> {
        let mut columns = Vec::new();
        for value in values {
            let column = self.items_of(value)?;
            self.hold(&column);
            columns.push(column);
        }
        let length = columns.iter().map(Vec::len).min().unwrap_or(0);
        let rows = (0..length).map(|index| Located {
            value: Value::Tuple(columns.iter().map(|column| column[index].clone()).collect()),
            span: call.span,
        });
        let value = Value::Tuple(rows.collect());
        self.check_size(&value, call.span)?;
        Some(value)
    }
}
