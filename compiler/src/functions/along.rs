//! The functions of `keras.ops` that go along axes, pick entries, multiply by names and measure: how each call makes its layer.
//!
//! <https://keras.io/api/ops/numpy/>, <https://keras.io/api/ops/linalg/>. Axes are counted with the batch as 0, which stays.

use rnn_grammar::{Code, Diagnostic};

use crate::declaration::Declaration;
use crate::functions::call::{Answer, FunctionCall, number};
use crate::functions::shapes::{needs_axis, place, renamed, subject};
use crate::graph::InputType;
use crate::layers::along_axis::{Along, AlongAxis, TopK};
use crate::layers::einsum::{Einsum, Unreadable};
use crate::layers::normalized::Normalized;
use crate::layers::operator::operation;
use crate::layers::reduce::{Norm, Reduce, Reduction};
use crate::layers::selected::{Beside, Places, Selected};
use crate::layers::take_along_axis::TakeAlongAxis;
use crate::layers::triangle::Triangle;
use crate::value::{Located, Value};

const AMAX: Declaration = operation("Amax", "amax");
const AMIN: Declaration = operation("Amin", "amin");
const AVERAGE: Declaration = operation("Average", "average");
const PAD: Declaration = operation("Pad", "pad");
const ROLL: Declaration = operation("Roll", "roll");

/// Along the axis that the call names; without one, Keras takes all axes one behind the other.
fn along(call: &mut FunctionCall<'_>, along: Along, class: &'static str) -> Option<Answer> {
    let shape = subject(call)?;
    match call.axis("axis") {
        Some(axis) => Some(Answer::Layer(Box::new(AlongAxis { along, axis, span: call.place("axis") }))),
        None => needs_axis(call, class, &shape),
    }
}

pub(super) fn cumsum(call: &mut FunctionCall<'_>) -> Option<Answer> {
    along(call, Along::Sum, "Cumsum")
}

pub(super) fn cumprod(call: &mut FunctionCall<'_>) -> Option<Answer> {
    along(call, Along::Product, "Cumprod")
}

pub(super) fn sort(call: &mut FunctionCall<'_>) -> Option<Answer> {
    along(call, Along::Sorted, "Sort")
}

pub(super) fn argsort(call: &mut FunctionCall<'_>) -> Option<Answer> {
    along(call, Along::Places, "Argsort")
}

pub(super) fn diff(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let tensor = call.tensor("a")?;
    if call.type_of(tensor) == InputType::Boolean {
        return call.no_numbers("a");
    }
    let times = call.axis("n").and_then(|times| u64::try_from(times).ok()).unwrap_or(1);
    let axis = call.axis("axis").unwrap_or(-1);
    Some(Answer::Layer(Box::new(AlongAxis { along: Along::Difference(times), axis, span: call.place("axis") })))
}

pub(super) fn top_k(call: &mut FunctionCall<'_>) -> Option<Answer> {
    call.tensor("x")?;
    let count = call.axis("k").and_then(|count| u64::try_from(count).ok()).unwrap_or(1);
    Some(Answer::Layer(Box::new(TopK { count, span: call.place("k") })))
}

/// The items of a tuple or list.
fn items(value: &Value) -> Option<Vec<Located>> {
    match value {
        Value::Growing(items) => Some(items.borrow().to_vec()),
        Value::List(items) | Value::Tuple(items) => Some(items.to_vec()),
        _ => None,
    }
}

fn integers(value: &Value) -> Option<Vec<i128>> {
    let integer = |item: &Located| if let Value::Integer(value) = item.value { Some(value) } else { None };
    items(value)?.iter().map(integer).collect()
}

/// One shift, or one for each axis.
pub(super) fn roll(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let axes = call.axes("axis");
    if axes.is_empty() {
        return needs_axis(call, "Roll", &shape);
    }
    let shifts = match call.argument("shift").value {
        Value::Integer(shift) => vec![shift; axes.len()],
        value => integers(&value).filter(|shifts| shifts.len() == axes.len()).unwrap_or_default(),
    };
    if shifts.len() != axes.len() {
        return call.wrong("shift", "an integer, or one for each axis");
    }
    let mut rolled = Vec::with_capacity(axes.len());
    for (axis, shift) in axes.into_iter().zip(shifts) {
        rolled.push((place(call, "axis", ROLL.class, &shape, axis)?, Places::Rolled(shift)));
    }
    Some(Answer::Layer(Box::new(Selected { declaration: &ROLL, axes: rolled })))
}

/// A pair of numbers for each axis, the batch's zeros.
pub(super) fn pad(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let widths: Option<Vec<[u64; 2]>> = items(&call.argument("pad_width").value).and_then(|pairs| {
        let size = |&size: &i128| u64::try_from(size).ok();
        let pair = |item: &Located| {
            let pair: Vec<u64> = integers(&item.value)?.iter().map(size).collect::<Option<_>>()?;
            <[u64; 2]>::try_from(pair).ok()
        };
        pairs.iter().map(pair).collect()
    });
    let Some(widths) = widths.filter(|widths| widths.len() == shape.rank()) else {
        return call.wrong("pad_width", "a pair of numbers for each axis, e.g. `((0, 0), (1, 2), (0, 0))`");
    };
    if widths[0] != [0, 0] {
        let span = call.argument("pad_width").span;
        let title = "`pad` would add samples to a batch";
        let mistake = Diagnostic::new(Code::E209, span, title).at("the first pair is the batch's");
        return call.fail(mistake.help("write `(0, 0)` there"));
    }
    let beside = beside(call)?;
    let padded = |(axis, [before, behind]): (usize, [u64; 2])| (axis, Places::Padded(before, behind, beside));
    let axes = widths.into_iter().enumerate().filter(|(_, pair)| *pair != [0, 0]).map(padded).collect();
    Some(Answer::Layer(Box::new(Selected { declaration: &PAD, axes })))
}

fn beside(call: &mut FunctionCall<'_>) -> Option<Beside> {
    let given = call.argument("constant_values");
    let mode = match call.argument("mode").value {
        Value::String(mode) => mode.to_string(),
        _ => "constant".to_owned(),
    };
    if mode == "constant" {
        return match (number(&given.value), &given.value) {
            (Some(number), _) => Some(Beside::Constant(number.value)),
            (None, Value::None) => Some(Beside::Constant(0.0)),
            (None, _) => call.wrong("constant_values", "a number"),
        };
    }
    if !matches!(given.value, Value::None) {
        let mistake = Diagnostic::new(Code::E116, given.span, "`constant_values` of `pad` needs `mode=\"constant\"`");
        return call.fail(mistake.at(format!("nothing is constant in mode `{mode}`")));
    }
    Some(match mode.as_str() {
        "reflect" => Beside::Reflected,
        "symmetric" => Beside::Mirrored,
        "edge" => Beside::Edge,
        _ => Beside::Wrapped,
    })
}

pub(super) fn take_along_axis(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let places = call.tensor("indices")?;
    if call.type_of(places) != InputType::Int32 {
        let span = call.argument("indices").span;
        let title = "`indices` of `take_along_axis` is a tensor of whole numbers";
        let mistake =
            Diagnostic::new(Code::E115, span, title).at(format!("this is one of {}", call.type_of(places).name()));
        return call.fail(mistake.help("make them whole: `keras.ops.cast(x, \"int32\")`"));
    }
    match call.axis("axis") {
        Some(axis) => Some(Answer::Layer(Box::new(TakeAlongAxis { axis, span: call.place("axis") }))),
        None => needs_axis(call, "TakeAlongAxis", &shape),
    }
}

fn triangle(call: &mut FunctionCall<'_>, is_lower: bool) -> Option<Answer> {
    call.tensor("x")?;
    let diagonal = call.axis("k").and_then(|place| i32::try_from(place).ok()).map_or(0, i64::from);
    Some(Answer::Layer(Box::new(Triangle { is_lower, diagonal })))
}

pub(super) fn tril(call: &mut FunctionCall<'_>) -> Option<Answer> {
    triangle(call, true)
}

pub(super) fn triu(call: &mut FunctionCall<'_>) -> Option<Answer> {
    triangle(call, false)
}

pub(super) fn amax(call: &mut FunctionCall<'_>) -> Option<Answer> {
    under(call, &AMAX, Reduction::Maximum)
}

pub(super) fn amin(call: &mut FunctionCall<'_>) -> Option<Answer> {
    under(call, &AMIN, Reduction::Minimum)
}

/// The mean; its weights are not there yet.
pub(super) fn average(call: &mut FunctionCall<'_>) -> Option<Answer> {
    call.tensor("x")?;
    let (axes, span) = (call.axes("axis"), call.place("axis"));
    let layer = Reduce { reduction: Reduction::Mean, axes, keepdims: false, span };
    crate::functions::call::renamed(&AVERAGE, layer)
}

/// A reduction under another name.
fn under(call: &mut FunctionCall<'_>, declaration: &'static Declaration, reduction: Reduction) -> Option<Answer> {
    call.tensor("x")?;
    let (axes, keepdims, span) = (call.axes("axis"), call.boolean("keepdims"), call.place("axis"));
    renamed(declaration, Reduce { reduction, axes, keepdims, span })
}

/// Of one axis a norm of vectors, of two that of matrices by all their values.
pub(super) fn norm(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let axes = call.axes("axis").len();
    let given = call.argument("ord");
    let order = number(&given.value).map(|number| number.value);
    let found = match (&given.value, order, axes) {
        (Value::None, _, _) => Some(Norm::Length),
        (Value::String(name), _, 2) if **name == *"fro" => Some(Norm::Length),
        (_, Some(1.0), 0 | 1) => Some(Norm::Sum),
        (_, Some(2.0), 0 | 1) => Some(Norm::Length),
        (_, Some(f64::INFINITY), 0 | 1) => Some(Norm::Largest),
        (_, Some(f64::NEG_INFINITY), 0 | 1) => Some(Norm::Least),
        _ => None,
    };
    if axes > 2 {
        return call.wrong("axis", "one axis, or the two of a matrix");
    }
    let Some(norm) = found else {
        let mistake = Diagnostic::new(Code::E105, given.span, "this norm is not supported yet").at("not supported yet");
        return call.fail(mistake.help("of one axis 1, 2 and infinity are, of two axes `None` and `\"fro\"`"));
    };
    call.reduce(Reduction::Norm(norm))
}

pub(super) fn normalize(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let order = call.argument("order");
    if number(&order.value).is_none_or(|order| order.value != 2.0) {
        let title = "`normalize` by another norm than 2 is not supported yet";
        let mistake = Diagnostic::new(Code::E105, order.span, title).at("not supported yet");
        return call.fail(mistake.help("write `x / keras.ops.norm(x, ord=…, axis=…, keepdims=True)`"));
    }
    let given = call.argument("epsilon");
    let epsilon = match (number(&given.value), &given.value) {
        (Some(number), _) if number.value > 0.0 => number.value,
        (None, Value::None) => 1e-7,
        _ => return call.wrong("epsilon", "a positive number"),
    };
    let shape = subject(call)?;
    let Some(axis) = call.axis("axis") else { return needs_axis(call, "Normalize", &shape) };
    Some(Answer::Layer(Box::new(Normalized { axis, epsilon, span: call.place("axis") })))
}

pub(super) fn einsum(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let given = call.argument("subscripts");
    let Value::String(text) = &given.value else { return call.wrong("subscripts", "a text: `\"bqd,bkd->bqk\"`") };
    let mut ranks = Vec::new();
    let first = call.tensor("x1")?;
    ranks.push(call.shape(first).rank());
    if !matches!(call.argument("x2").value, Value::None) {
        let second = call.tensor("x2")?;
        ranks.push(call.shape(second).rank());
    }
    let (code, title) = match Einsum::read(text, &ranks, Some(given.span)) {
        Ok(layer) => return Some(Answer::Layer(Box::new(layer))),
        Err(Unreadable::Text(why)) => (Code::E156, format!("`einsum(\"{text}\")`: {why}")),
        Err(Unreadable::NotYet(what)) => (Code::E105, format!("`einsum` of {what} is not supported yet")),
    };
    let mistake = Diagnostic::new(code, given.span, title).at("names the axes");
    call.fail(
        mistake.help("name the axes of each tensor, the batch first, then those of the result: `\"bqd,bkd->bqk\"`"),
    )
}
