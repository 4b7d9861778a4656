//! Binding: which argument of a call is meant for which declared one, as Python does it, with every mistake told.

use rnn_grammar::ast::Name;
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Bound;
use crate::arguments::kinds;
use crate::declaration::{Argument, Kind};
use crate::names::closest;
use crate::value::{Located, Value};

/// One argument as the text gives it, evaluated.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its keyword, if it has one.
    pub name: Option<Name>,
    /// Its value; `Failed` where its mistake is reported already.
    pub value: Located,
    /// All of it.
    pub span: Span,
}

/// A call as the text gives it.
#[derive(Clone, Debug)]
pub struct CallSite {
    /// What is called, as messages name it: `LSTM`, `Sequential`, `model.build`.
    pub callee: String,
    /// Where the callee's name stands.
    pub callee_span: Span,
    /// All of the call.
    pub span: Span,
    /// From `(` to `)`.
    pub parentheses: Span,
    /// The arguments in the order of the text.
    pub given: Vec<Given>,
}

/// What may be given to a call.
#[derive(Clone, Copy, Debug)]
pub struct Signature<'a> {
    /// Arguments in positional order; each has a keyword too.
    pub own: &'a [Argument],
    /// Arguments that only have a keyword.
    pub keywords: &'a [Argument],
}

/// Binds the arguments and checks each one's kind; `None` where something was reported.
pub fn bind(call: &CallSite, signature: Signature<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<Bound>> {
    let n_before = diagnostics.len();
    let slots = assign(call, signature, diagnostics);
    let declared: Vec<&Argument> = declared(signature).collect();
    let mut bound = Vec::with_capacity(declared.len());
    let mut is_silent_failure = false;
    for (argument, slot) in declared.iter().zip(slots) {
        let Some(given) = slot else {
            match argument.default {
                Some(default) => {
                    bound.push(Bound { name: argument.name, value: default_value(default), span: None });
                }
                None => diagnostics.push(missing(call, signature, argument)),
            }
            continue;
        };
        let is_failed = match argument.kind {
            Kind::Cells { .. } => has_failed(&given.value.value),
            _ => matches!(given.value.value, Value::Failed),
        };
        if is_failed {
            is_silent_failure = true;
            continue;
        }
        match kinds::check(argument, &call.callee, &given.value) {
            Ok(value) => bound.push(Bound { name: argument.name, value, span: Some(given.value.span) }),
            Err(mistake) => diagnostics.push(*mistake),
        }
    }
    (diagnostics[n_before..].iter().all(|diagnostic| !diagnostic.is_error()) && !is_silent_failure).then_some(bound)
}

/// Whether a mistake in the value, or in an item of a list, is reported already.
fn has_failed(value: &Value) -> bool {
    let is_failed = |item: &Located| matches!(item.value, Value::Failed);
    match value {
        Value::Failed => true,
        Value::Growing(items) => items.borrow().iter().any(is_failed),
        Value::List(items) | Value::Tuple(items) => items.iter().any(is_failed),
        _ => false,
    }
}

fn declared<'a>(signature: Signature<'a>) -> impl Iterator<Item = &'a Argument> {
    let own = signature.own;
    let further = signature.keywords.iter().filter(|further| own.iter().all(|known| known.name != further.name));
    own.iter().chain(further)
}

/// For each declared argument, the given one.
fn assign<'a>(
    call: &'a CallSite,
    signature: Signature<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Option<&'a Given>> {
    let declared: Vec<&Argument> = declared(signature).collect();
    let mut slots: Vec<Option<&Given>> = vec![None; declared.len()];
    let mut superfluous: Vec<Span> = Vec::new();
    for (index, given) in call.given.iter().enumerate() {
        let Some(name) = &given.name else {
            if index < signature.own.len() {
                slots[index] = Some(given)
            } else {
                superfluous.push(given.span)
            }
            continue;
        };
        let Some(slot) = declared.iter().position(|argument| argument.name == name.text) else {
            diagnostics.push(unknown(call, signature, name));
            continue;
        };
        match slots[slot] {
            Some(first) => diagnostics.push(
                Diagnostic::new(Code::E113, given.span, format!("`{}` is given twice", name.text))
                    .at("again here")
                    .label(first.span, "first given here"),
            ),
            None => slots[slot] = Some(given),
        }
    }
    if let (Some(first), Some(last)) = (superfluous.first(), superfluous.last()) {
        diagnostics.push(too_many(call, signature.own, first.to(*last)));
    }
    slots
}

fn missing(call: &CallSite, signature: Signature<'_>, argument: &Argument) -> Diagnostic {
    let required: Vec<&str> =
        signature.own.iter().filter(|other| other.default.is_none()).map(|other| other.name).collect();
    Diagnostic::new(Code::E111, call.callee_span, format!("`{}` needs `{}`", call.callee, argument.name))
        .at(format!("`{}` is missing", argument.name))
        .help(format!("write `{}({})`", call.callee, required.join(", ")))
}

fn too_many(call: &CallSite, own: &[Argument], span: Span) -> Diagnostic {
    let title = match own.len() {
        0 => format!("`{}` takes no positional arguments", call.callee),
        1 => format!("`{}` takes at most 1 positional argument", call.callee),
        several => format!("`{}` takes at most {several} positional arguments", call.callee),
    };
    let diagnostic = Diagnostic::new(Code::E114, span, title).at("too many");
    if own.is_empty() {
        return diagnostic;
    }
    let names: Vec<&str> = own.iter().map(|argument| argument.name).collect();
    diagnostic.note(format!("in this order: {}", names.join(", ")))
}

fn unknown(call: &CallSite, signature: Signature<'_>, name: &Name) -> Diagnostic {
    let title = format!("`{}` has no argument `{}`", call.callee, name.text);
    let diagnostic = Diagnostic::new(Code::E112, name.span, title).at("unknown keyword");
    if let Some(advice) = known_elsewhere(&name.text) {
        return diagnostic.help(advice);
    }
    let wraps = signature.own.first().is_some_and(|first| matches!(first.kind, Kind::Layer { .. }));
    if wraps && RECURRENT_KEYWORDS.contains(&name.text.as_str()) {
        let inner = format!("{}(LSTM(…, {}=…))", call.callee, name.text);
        return diagnostic.help(format!("give it to the layer inside: `{inner}`"));
    }
    let names = declared(signature).map(|argument| argument.name);
    if let Some(near) = closest(&name.text, names) {
        return diagnostic.fix(format!("did you mean `{near}`?"), name.span, near);
    }
    let mut names: Vec<&str> = signature.own.iter().map(|argument| argument.name).collect();
    if !signature.keywords.is_empty() {
        names.extend(
            ["name", "trainable", "dtype"].iter().filter(|name| !names.contains(name)).copied().collect::<Vec<_>>(),
        );
    }
    if names.is_empty() {
        return diagnostic.help(format!("`{}` takes no arguments", call.callee));
    }
    diagnostic.help(format!("it takes {}", names.join(", ")))
}

/// Keywords of recurrent layers that are easily given to their wrapper.
const RECURRENT_KEYWORDS: &[&str] = &[
    "return_sequences",
    "return_state",
    "units",
    "activation",
    "dropout",
    "recurrent_dropout",
    "stateful",
    "unroll",
    "use_bias",
];

/// Advice for keywords that other versions of Keras, or other places, know.
fn known_elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "batch_shape" => "give the batch shape to the input: `Input(batch_shape=…)`",
        "time_major" => "Keras 3 has no `time_major`: the axes are always `(batch, timesteps, features)`",
        "inner_activation" => "Keras 2 and 3 call it `recurrent_activation`",
        "output_dim" | "nb_units" => "Keras 2 and 3 call it `units`",
        "input_tensor" => "a model starts at `Input(shape=…)`",
        _ => return None,
    })
}

/// A declaration's default, which is Python text: a constant, a text or a tuple of integers.
#[must_use]
pub fn default_value(text: &str) -> Value {
    let text = text.trim();
    match text {
        "None" => return Value::None,
        "True" => return Value::Boolean(true),
        "False" => return Value::Boolean(false),
        _ => {}
    }
    let quoted = ['\'', '"'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    if let Some(inner) = quoted {
        return Value::String(inner.into());
    }
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let items = inner.split(',').filter(|item| !item.trim().is_empty());
        return Value::Tuple(items.map(|item| Located { value: default_value(item), span: Span::default() }).collect());
    }
    if let Ok(integer) = text.parse() {
        return Value::Integer(integer);
    }
    text.parse().map_or(Value::None, Value::Float)
}
