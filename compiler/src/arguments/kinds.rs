//! Kinds of arguments: what Keras takes for each, and what to say where something else is given.
//!
//! Keras lets some values through that fail or mislead later (`units=True`, `return_sequences="no"`); those are
//! refused here too.

use rnn_grammar::{Code, Diagnostic, Span};

use crate::activation::Activation;
use crate::declaration::{Argument, Kind};
use crate::evaluate::text::{described, kind_of, python_float, repr};
use crate::layer::Layer;
use crate::names::{Public, closest, training_texts};
use crate::shape::{Dimension, Shape};
use crate::value::{Located, TrainingKind, Value};

use super::bind::default_value;

/// A value of the declared kind, or what is wrong with it.
type Checked = Result<Value, Box<Diagnostic>>;

/// An argument with its value and the class it belongs to: what every check looks at.
#[derive(Clone, Copy)]
struct Subject<'a> {
    argument: &'a Argument,
    callee: &'a str,
    given: &'a Located,
}

/// Checks a given value against the argument's kind.
pub(crate) fn check(argument: &Argument, callee: &str, given: &Located) -> Checked {
    let given = Located { value: frozen(&given.value), span: given.span };
    let subject = Subject { argument, callee, given: &given };
    let is_optional = argument.default == Some("None");
    match (argument.kind, &given.value) {
        (Kind::Any | Kind::Ignored, _) => Ok(given.value.clone()),
        (Kind::NotYet, value) => check_default_only(subject, value),
        (Kind::Activation | Kind::Initializer | Kind::Regularizer | Kind::Constraint | Kind::Seed, Value::None) => {
            Ok(Value::None)
        }
        (Kind::Float { optional: true, .. } | Kind::Layer { optional: true }, Value::None) => Ok(Value::None),
        (
            Kind::Integer | Kind::Choice(_) | Kind::Axis { .. } | Kind::Shape { .. } | Kind::PositiveInteger,
            Value::None,
        ) if is_optional => Ok(Value::None),
        (Kind::PositiveInteger, _) => check_positive(subject),
        (Kind::Integer, _) => check_integer(subject),
        (Kind::Boolean, _) => check_boolean(subject),
        (Kind::Float { minimum, .. }, _) => check_float(subject, minimum),
        (Kind::Rate, _) => check_rate(subject),
        (Kind::Activation, _) => check_activation(subject),
        (Kind::Initializer, _) => check_training(subject, TrainingKind::Initializer),
        (Kind::Regularizer, _) => check_training(subject, TrainingKind::Regularizer),
        (Kind::Constraint, _) => check_training(subject, TrainingKind::Constraint),
        (Kind::Seed, _) => check_seed(subject),
        (Kind::Choice(choices), _) => check_choice(subject, choices),
        (Kind::AnyCase(choices), Value::String(text)) if text.chars().any(char::is_uppercase) => {
            let lower = Located { value: Value::String(text.to_lowercase().into()), span: given.span };
            check_choice(Subject { given: &lower, ..subject }, choices)
        }
        (Kind::AnyCase(choices), _) => check_choice(subject, choices),
        (Kind::Axis { many }, _) => check_axis(subject, many),
        (Kind::Shape { free }, _) => check_shape(subject, free),
        (Kind::Layer { .. }, _) => check_layer(subject),
        (Kind::Cells { single }, _) => check_cells(subject, single),
    }
}

/// The value with its lists fixed: what a layer keeps must not grow any more.
#[must_use]
pub(crate) fn frozen(value: &Value) -> Value {
    let freeze =
        |items: &[Located]| items.iter().map(|item| Located { value: frozen(&item.value), span: item.span }).collect();
    match value {
        Value::Growing(items) => Value::List(freeze(&items.borrow())),
        Value::List(items) => Value::List(freeze(items)),
        Value::Tuple(items) => Value::Tuple(freeze(items)),
        other => other.clone(),
    }
}

impl Subject<'_> {
    fn name(&self) -> &'static str {
        self.argument.name
    }

    fn error(&self, code: Code, rest: &str) -> Diagnostic {
        Diagnostic::new(code, self.given.span, format!("`{}` of `{}` {rest}", self.name(), self.callee))
    }

    /// The value is of another type than `wanted`.
    fn wrong_type(&self, wanted: &str) -> Box<Diagnostic> {
        let is = described(&self.given.value);
        Box::new(self.error(Code::E115, &format!("must be {wanted}")).at(format!("this is {is}")))
    }
}

fn check_positive(subject: Subject<'_>) -> Checked {
    match subject.given.value {
        Value::Integer(value) if value <= 0 => {
            Err(Box::new(subject.error(Code::E116, &format!("must be positive, not {value}")).at("must be at least 1")))
        }
        Value::Integer(value) if value > i128::from(Dimension::MAX) => {
            Err(Box::new(subject.error(Code::E116, &format!("is {value}")).at(format!("more than {}", Dimension::MAX))))
        }
        _ => check_integer(subject),
    }
}

fn check_integer(subject: Subject<'_>) -> Checked {
    match subject.given.value {
        Value::Integer(value) => Ok(Value::Integer(value)),
        Value::Float(value) => {
            let mistake = subject.wrong_type("an integer");
            Err(Box::new(if value.fract() == 0.0 && value.abs() < 1e15 {
                mistake.help(format!("write `{value:.0}`, or divide with `//`, which gives an integer"))
            } else {
                mistake.help("divide with `//`, which gives an integer, or use `int(…)` or `round(…)`")
            }))
        }
        Value::Boolean(value) => Err(Box::new(
            subject.wrong_type("an integer").note(format!("Python would count it as {}", i32::from(value))),
        )),
        _ => Err(subject.wrong_type("an integer")),
    }
}

fn check_boolean(subject: Subject<'_>) -> Checked {
    let span = subject.given.span;
    match &subject.given.value {
        Value::Boolean(value) => Ok(Value::Boolean(*value)),
        Value::Integer(value @ (0 | 1)) => {
            let meant = if *value == 1 { "True" } else { "False" };
            Err(Box::new(subject.wrong_type("`True` or `False`").fix(format!("write `{meant}`"), span, meant)))
        }
        Value::String(_) => {
            Err(Box::new(subject.wrong_type("`True` or `False`").note("Python takes any text but `''` for true")))
        }
        _ => Err(subject.wrong_type("`True` or `False`")),
    }
}

fn check_float(subject: Subject<'_>, minimum: f64) -> Checked {
    let value = match subject.given.value {
        Value::Float(value) => value,
        #[allow(clippy::cast_precision_loss)]
        Value::Integer(value) => value as f64,
        _ => return Err(subject.wrong_type("a number")),
    };
    if !value.is_finite() {
        return Err(Box::new(
            subject.error(Code::E116, "must be finite").at(format!("this is {}", python_float(value))),
        ));
    }
    if value < minimum {
        let rest = format!("must be at least {}", python_float(minimum));
        return Err(Box::new(subject.error(Code::E116, &rest).at(format!("this is {}", python_float(value)))));
    }
    Ok(Value::Float(value))
}

fn check_rate(subject: Subject<'_>) -> Checked {
    let checked = check_float(subject, f64::NEG_INFINITY)?;
    match checked {
        Value::Float(rate) if !(0.0..=1.0).contains(&rate) => Err(Box::new(
            subject.error(Code::E116, "must be between 0 and 1").at(format!("this is {}", python_float(rate))),
        )),
        _ => Ok(checked),
    }
}

fn check_seed(subject: Subject<'_>) -> Checked {
    match &subject.given.value {
        Value::Integer(_) | Value::Training(TrainingKind::Other, _) => Ok(subject.given.value.clone()),
        _ => Err(subject.wrong_type("an integer or `None`")),
    }
}

fn check_activation(subject: Subject<'_>) -> Checked {
    match &subject.given.value {
        Value::Activation(activation) => Ok(Value::Activation(*activation)),
        Value::String(name) => match Activation::parse(name) {
            Some(activation) => Ok(Value::Activation(activation)),
            None if &**name == "threshold" => Err(Box::new(
                subject
                    .error(Code::E117, "can't be `threshold` by name")
                    .at("needs two numbers that a name can't give")
                    .help("use the layer `ReLU(threshold=…)`"),
            )),
            None => Err(unknown_text(subject, name, Activation::NAMES.iter().map(|(name, _)| *name).collect())),
        },
        Value::Layer(layer) => match layer.layer.as_function() {
            Some(function) => Ok(Value::Activation(function)),
            None => Err(Box::new(no_function(subject, layer.layer.as_ref()))),
        },
        Value::Public(Public::Layer(declaration)) => Err(Box::new(
            subject
                .error(Code::E115, "must be a function, not a class")
                .at("the class itself")
                .help(format!("call it: `{}()`", declaration.class)),
        )),
        _ => Err(subject.wrong_type("the name of an activation, or `None`")),
    }
}

/// A layer that is more than a function of values.
fn no_function(subject: Subject<'_>, layer: &dyn Layer) -> Diagnostic {
    let mistake = subject.error(Code::E153, &format!("can't be the layer `{}`", layer.declaration().class));
    let mistake = mistake.at("no function of values alone").help(
        "add the layer behind this one; `ReLU`, `LeakyReLU`, `ELU`, `Activation` and `Softmax` of the last axis may stand here",
    );
    let probe = [Shape::batched(&[Dimension::Known(8)])];
    if layer.output_shapes(&probe).is_ok() && !layer.weights(&probe).is_empty() {
        return mistake.note("Keras makes the weights of such a layer, but no model holds them: they are never saved");
    }
    mistake
}

fn check_training(subject: Subject<'_>, kind: TrainingKind) -> Checked {
    let noun = match kind {
        TrainingKind::Initializer => "an initializer",
        TrainingKind::Regularizer => "a regularizer",
        TrainingKind::Constraint => "a constraint",
        TrainingKind::Other => "a training object",
    };
    match &subject.given.value {
        Value::Training(found, _) | Value::Public(Public::Training(found, _)) if *found == kind => {
            Ok(subject.given.value.clone())
        }
        Value::Training(_, name) => Err(Box::new(
            subject.error(Code::E115, &format!("must be {noun}")).at(format!("`{name}` is something else")),
        )),
        Value::String(name) if training_texts(kind).contains(&&**name) => Ok(subject.given.value.clone()),
        Value::String(name) => Err(unknown_text(subject, name, training_texts(kind))),
        Value::Dictionary(entries) => match class_name(entries) {
            Some(name) if training_texts(kind).contains(&&*name) => Ok(subject.given.value.clone()),
            Some(name) => Err(unknown_text(subject, &name, training_texts(kind))),
            None => Err(Box::new(
                subject.error(Code::E115, "has no `class_name`").at("a configuration needs `class_name` and `config`"),
            )),
        },
        _ => Err(subject.wrong_type(&format!("{noun}, its name, or `None`"))),
    }
}

fn class_name(entries: &[(Located, Located)]) -> Option<String> {
    entries.iter().find_map(|(key, value)| match (&key.value, &value.value) {
        (Value::String(key), Value::String(name)) if &**key == "class_name" => Some(name.to_string()),
        _ => None,
    })
}

fn unknown_text(subject: Subject<'_>, name: &str, known: Vec<&'static str>) -> Box<Diagnostic> {
    let diagnostic = subject.error(Code::E117, &format!("can't be `{name}`")).at("nothing has this name");
    Box::new(match closest(name, known.iter().copied()) {
        Some(near) => diagnostic.fix(format!("did you mean `{near}`?"), subject.given.span, format!("\"{near}\"")),
        None => diagnostic.help(format!("it can be {}", listed(&known))),
    })
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn check_choice(subject: Subject<'_>, choices: &[&'static str]) -> Checked {
    match &subject.given.value {
        Value::String(text) if choices.contains(&&**text) => Ok(subject.given.value.clone()),
        Value::String(text) => Err(unknown_text(subject, text, choices.to_vec())),
        _ => Err(subject.wrong_type(&format!("one of {}", listed(choices)))),
    }
}

fn check_axis(subject: Subject<'_>, many: bool) -> Checked {
    match &subject.given.value {
        Value::Tuple(items) | Value::List(items) if many => {
            match items.iter().find(|item| !matches!(item.value, Value::Integer(_))) {
                None => Ok(subject.given.value.clone()),
                Some(item) => Err(Box::new(entry_error(subject, item, Code::E115, "an integer"))),
            }
        }
        Value::Tuple(_) | Value::List(_) => Err(subject.wrong_type("one integer")),
        _ if many => {
            check_integer(subject).map_err(|mistake| Box::new(mistake.note("a tuple of integers would do too")))
        }
        _ => check_integer(subject),
    }
}

fn check_shape(subject: Subject<'_>, free: bool) -> Checked {
    let (Value::Tuple(items) | Value::List(items)) = &subject.given.value else {
        return Err(Box::new(not_a_tuple(subject)));
    };
    let is_entry = |item: &&Located| match item.value {
        Value::Integer(_) => true,
        Value::None => free,
        _ => false,
    };
    match items.iter().find(|item| !is_entry(item)) {
        None => Ok(subject.given.value.clone()),
        Some(item) => {
            let wanted = if free { "an integer or `None`" } else { "an integer" };
            Err(Box::new(entry_error(subject, item, Code::E118, wanted)))
        }
    }
}

fn not_a_tuple(subject: Subject<'_>) -> Diagnostic {
    let diagnostic = subject.error(Code::E118, "must be a tuple of integers");
    let diagnostic = diagnostic.at(format!("this is {}", kind_of(&subject.given.value)));
    match subject.given.value {
        Value::Integer(size) => {
            diagnostic.fix("a tuple of one needs a comma", subject.given.span, format!("({size},)"))
        }
        _ => diagnostic,
    }
}

fn entry_error(subject: Subject<'_>, item: &Located, code: Code, wanted: &str) -> Diagnostic {
    let title = format!("an entry of `{}` of `{}` must be {wanted}", subject.name(), subject.callee);
    let place = if item.span == Span::default() { subject.given.span } else { item.span };
    Diagnostic::new(code, place, title).at(format!("this is {}", described(&item.value)))
}

fn check_layer(subject: Subject<'_>) -> Checked {
    let span = subject.given.span;
    match &subject.given.value {
        Value::Layer(_) => Ok(subject.given.value.clone()),
        Value::Public(Public::Layer(declaration)) => Err(Box::new(
            subject
                .error(Code::E115, "must be a layer, not a class")
                .at("the class itself")
                .help(format!("call it: `{}(…)`", declaration.class)),
        )),
        Value::Model(_) => Err(Box::new(
            Diagnostic::new(
                Code::E216,
                span,
                format!("a model can't run backwards, so `{}` can't wrap it", subject.callee),
            )
            .at("a model, not a recurrent layer"),
        )),
        Value::Integer(_) => Err(Box::new(subject.wrong_type("a layer").help(format!(
            "wrap a layer: `{}(LSTM({}), …)`",
            subject.callee,
            repr(&subject.given.value)
        )))),
        _ => Err(subject.wrong_type("a layer")),
    }
}

/// A cell, or a list of cells.
fn check_cells(subject: Subject<'_>, single: bool) -> Checked {
    match &subject.given.value {
        Value::List(items) | Value::Tuple(items) => {
            if items.is_empty() {
                let mistake = subject.error(Code::E140, "has no cells").at("an empty list");
                return Err(Box::new(mistake.help("give it at least one: `[LSTMCell(8)]`")));
            }
            items.iter().try_for_each(|item| check_cell(subject, item))?;
            Ok(subject.given.value.clone())
        }
        _ if single => check_cell(subject, subject.given).map(|()| subject.given.value.clone()),
        Value::Layer(layer) if layer.layer.step().is_some() => {
            Err(Box::new(subject.wrong_type("a list of cells").help("write it in brackets: `[…]`")))
        }
        _ => Err(subject.wrong_type("a list of cells")),
    }
}

fn check_cell(subject: Subject<'_>, given: &Located) -> Result<(), Box<Diagnostic>> {
    let place = format!("`{}` of `{}`", subject.name(), subject.callee);
    let mistake = |what: &str| Diagnostic::new(Code::E139, given.span, format!("{place} must be a cell, not {what}"));
    Err(Box::new(match &given.value {
        Value::Layer(layer) if layer.layer.step().is_some() => return Ok(()),
        Value::Layer(layer) => {
            let class = layer.layer.declaration().class;
            let diagnostic = mistake(&format!("the layer `{class}`")).at("walks over time by itself, or has no state");
            match class {
                "SimpleRNN" | "LSTM" | "GRU" => diagnostic.help(format!("take the cell: `{class}Cell(…)`")),
                _ => diagnostic.help("cells are `SimpleRNNCell`, `LSTMCell`, `GRUCell` and `StackedRNNCells`"),
            }
        }
        Value::Public(Public::Layer(declaration)) => {
            mistake("a class").at("the class itself").help(format!("call it: `{}(…)`", declaration.class))
        }
        Value::List(_) | Value::Tuple(_) => {
            mistake("a list").at("a list inside a list").help("make a stack of it: `StackedRNNCells([…])`")
        }
        other => mistake(&kind_of(other)).at(format!("this is {}", described(other))),
    }))
}

/// Arguments that are not done yet take their default only.
fn check_default_only(subject: Subject<'_>, value: &Value) -> Checked {
    let default = default_value(subject.argument.default.unwrap_or("None"));
    let same = match (&default, value) {
        (Value::None, Value::None) => true,
        (Value::Boolean(left), Value::Boolean(right)) => left == right,
        (Value::String(left), Value::String(right)) => left == right,
        #[allow(clippy::float_cmp)]
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Integer(left), Value::Integer(right)) => left == right,
        _ => false,
    };
    if same {
        return Ok(default);
    }
    let title = format!("`{}={}` is not supported yet", subject.name(), repr(value));
    Err(Box::new(Diagnostic::new(Code::E104, subject.given.span, title).at(format!(
        "`{}` takes only `{}`",
        subject.callee,
        subject.argument.default.unwrap_or("None")
    ))))
}
