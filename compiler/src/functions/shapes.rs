//! The functions of `keras.ops` that move values: the layers that do so under the operations' names.
//!
//! <https://keras.io/api/ops/numpy/>. Axes are counted with the batch as 0, which stays where it is.

use rnn_grammar::{Code, Diagnostic};

use crate::declaration::Declaration;
use crate::functions::call::{Answer, FunctionCall};
use crate::graph::TensorId;
use crate::layer::{Layer, Mismatch};
use crate::layers::checks::Check;
use crate::layers::concatenate::Concatenate;
use crate::layers::get_item::{GetItem, Key};
use crate::layers::operator::operation;
use crate::layers::permute::Permute;
use crate::layers::renamed::Renamed;
use crate::layers::repeat::{OneHot, Repeat};
use crate::layers::reshape::{Entry, Reshape};
use crate::layers::selected::{Places, Selected};
use crate::layers::stack::{Cuts, Split, Stack, new_place};
use crate::shape::{Dimension, Shape};
use crate::value::Value;

const CONCATENATE: Declaration = operation("Concatenate", "concatenate");
const EXPAND_DIMS: Declaration = operation("ExpandDims", "expand_dims");
const SQUEEZE: Declaration = operation("Squeeze", "squeeze");
const RESHAPE: Declaration = operation("Reshape", "reshape");
const TRANSPOSE: Declaration = operation("Transpose", "transpose");
const SWAPAXES: Declaration = operation("Swapaxes", "swapaxes");
const MOVEAXIS: Declaration = operation("Moveaxis", "moveaxis");
const FLIP: Declaration = operation("Flip", "flip");
const TAKE: Declaration = operation("Take", "take");

const WHOLE: Key = Key::Slice([None; 3]);

pub(super) fn renamed(declaration: &'static Declaration, layer: impl Layer + 'static) -> Option<Answer> {
    Some(Answer::Layer(Box::new(Renamed { declaration, layer: Box::new(layer), keeps_type: true })))
}

/// What a check says, at the argument.
fn checked<T>(call: &mut FunctionCall<'_>, name: &str, result: Result<T, Mismatch>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(mismatch) => {
            let span = call.argument(name).span;
            let diagnostic = Diagnostic::new(mismatch.code, span, mismatch.title).at(mismatch.at);
            call.fail(match mismatch.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            })
        }
    }
}

/// The place of an axis; the batch is refused.
pub(super) fn place(
    call: &mut FunctionCall<'_>,
    name: &str,
    class: &'static str,
    shape: &Shape,
    axis: i128,
) -> Option<usize> {
    checked(call, name, Check { class, shape }.axis(axis, None))
}

/// The places of several axes, each once.
fn places(call: &mut FunctionCall<'_>, name: &str, class: &'static str, shape: &Shape) -> Option<Vec<usize>> {
    let axes = call.axes(name);
    checked(call, name, Check { class, shape }.axes(&axes, None))
}

/// The tensor `x` and its shape.
pub(super) fn subject(call: &mut FunctionCall<'_>) -> Option<Shape> {
    let tensor = call.tensor("x")?;
    Some(call.shape(tensor))
}

/// Without an axis the function works on all of them, the batch too.
pub(super) fn needs_axis<T>(call: &mut FunctionCall<'_>, class: &'static str, shape: &Shape) -> Option<T> {
    let mismatch = Check { class, shape }.mixes_batch("without `axis`, the batch is among the axes", None);
    checked(call, "axis", Err(mismatch))
}

pub(super) fn concatenate(call: &mut FunctionCall<'_>) -> Option<Answer> {
    call.several("xs")?;
    let axis = call.axis("axis").unwrap_or(0);
    renamed(&CONCATENATE, Concatenate { axis, span: call.place("axis") })
}

pub(super) fn stack(call: &mut FunctionCall<'_>) -> Option<Answer> {
    call.several("x")?;
    let axis = call.axis("axis").unwrap_or(0);
    Some(Answer::Layer(Box::new(Stack { axis, span: call.place("axis") })))
}

pub(super) fn split(call: &mut FunctionCall<'_>) -> Option<Answer> {
    call.tensor("x")?;
    let cuts = match call.argument("indices_or_sections").value {
        Value::Integer(count) => u64::try_from(count).ok().filter(|&count| count > 0).map(Cuts::Equal),
        Value::Growing(_) | Value::List(_) | Value::Tuple(_) => cut_places(call).map(Cuts::At),
        _ => None,
    };
    let Some(cuts) = cuts else { return call.wrong("indices_or_sections", "a positive integer or a list of places") };
    let axis = call.axis("axis").unwrap_or(0);
    Some(Answer::List(Box::new(Split { axis, cuts, span: call.place("axis") })))
}

fn cut_places(call: &FunctionCall<'_>) -> Option<Vec<i128>> {
    let items = match call.argument("indices_or_sections").value {
        Value::Growing(items) => items.borrow().to_vec(),
        Value::List(items) | Value::Tuple(items) => items.to_vec(),
        _ => return None,
    };
    let place = |value: &Value| if let Value::Integer(place) = value { Some(*place) } else { None };
    items.iter().map(|item| place(&item.value)).collect()
}

pub(super) fn unstack(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let axis = call.axis("axis").unwrap_or(0);
    let place = place(call, "axis", "Unstack", &shape, axis)?;
    if let (Some(count), Some(size)) = (call.axis("num"), shape.0[place].known())
        && count != i128::from(size)
    {
        let title = format!("`unstack` gives {size} tensors along axis {place} of `{shape}`, not {count}");
        let span = call.argument("num").span;
        return call.fail(Diagnostic::new(Code::E220, span, title).at("another number").help("leave `num` out"));
    }
    Some(Answer::List(Box::new(Split { axis, cuts: Cuts::Entries, span: call.place("axis") })))
}

/// The new axes are counted in the result.
pub(super) fn expand_dims(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let axes = call.axes("axis");
    let mut wider = shape.clone();
    wider.0.extend(axes.iter().skip(1).map(|_| Dimension::Known(1)));
    let mut new = Vec::with_capacity(axes.len());
    for axis in axes {
        let place = new_place(EXPAND_DIMS.class, &wider, axis, None);
        new.push(checked(call, "axis", place)?);
    }
    let rank = shape.rank() + new.len();
    let keys = (0..rank).map(|axis| if new.contains(&axis) { Key::NewAxis } else { WHOLE }).collect();
    renamed(&EXPAND_DIMS, GetItem { keys })
}

pub(super) fn squeeze(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let is_one = |axis: usize| shape.0[axis] == Dimension::Known(1);
    let gone = match call.axes("axis").is_empty() {
        true => (1..shape.rank()).filter(|&axis| is_one(axis)).collect(),
        false => places(call, "axis", SQUEEZE.class, &shape)?,
    };
    if let Some(&axis) = gone.iter().find(|&&axis| !is_one(axis)) {
        let title = format!("`squeeze` can't leave out axis {axis} of `{shape}`");
        let span = call.argument("axis").span;
        return call.fail(Diagnostic::new(Code::E220, span, title).at("its size is not 1"));
    }
    let keys = (0..shape.rank()).map(|axis| if gone.contains(&axis) { Key::At(0) } else { WHOLE }).collect();
    renamed(&SQUEEZE, GetItem { keys })
}

/// The new shape holds the batch first: -1, `None`, or its size.
pub(super) fn reshape(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let items = match call.argument("newshape").value {
        Value::Growing(items) => items.borrow().to_vec(),
        Value::List(items) | Value::Tuple(items) => items.to_vec(),
        _ => return call.wrong("newshape", "a tuple"),
    };
    let entries: Option<Vec<Entry>> = items.iter().map(|item| entry(&item.value)).collect();
    let Some(mut entries) = entries else { return call.wrong("newshape", "a tuple of sizes, -1 or `None`") };
    if entries.is_empty() {
        return call.wrong("newshape", "a tuple that begins with the batch");
    }
    let span = call.argument("newshape").span;
    let (batch, size) = (entries.remove(0), sample_size(&shape));
    let n_open = entries.iter().filter(|entry| !matches!(entry, Entry::Size(_))).count();
    let fits = match (batch, shape.batch().known()) {
        (Entry::Rest | Entry::Free, _) => true,
        (Entry::Size(given), Some(batch)) => given == batch,
        (Entry::Size(_), None) => false,
    };
    if n_open > 1 || (n_open == 1 && matches!(batch, Entry::Rest) && size.is_none()) {
        let mistake = Diagnostic::new(Code::E212, span, "the target of `reshape` is no shape").at("two open entries");
        return call.fail(mistake.help("only one entry can be worked out"));
    }
    if !fits {
        let title = format!("`reshape` of `{shape}` would mix the samples of a batch with each other");
        let mistake = Diagnostic::new(Code::E209, span, title).at("the first entry is the batch");
        return call.fail(mistake.help("write -1 first, then the sizes of a sample"));
    }
    renamed(&RESHAPE, Reshape { target: entries, span: Some(span) })
}

fn sample_size(shape: &Shape) -> Option<u64> {
    shape.sample().iter().try_fold(1_u64, |size, axis| axis.known().map(|axis| size.saturating_mul(axis)))
}

fn entry(value: &Value) -> Option<Entry> {
    match value {
        Value::None => Some(Entry::Free),
        Value::Integer(-1) => Some(Entry::Rest),
        Value::Integer(size) => {
            u64::try_from(*size).ok().filter(|size| (1..=Dimension::MAX).contains(size)).map(Entry::Size)
        }
        _ => None,
    }
}

/// The axes in this order, the batch first.
fn ordered(
    call: &mut FunctionCall<'_>,
    declaration: &'static Declaration,
    order: &[usize],
    name: &str,
) -> Option<Answer> {
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    if order.first() != Some(&0) || sorted.iter().enumerate().any(|(place, &axis)| place != axis) {
        let span = call.argument(name).span;
        let title = format!("`{}` would move the samples of a batch", call.function.name);
        let mistake = Diagnostic::new(Code::E209, span, title).at("axis 0, the batch, stays first");
        return call.fail(mistake.help("name every axis once, the batch first: `axes=(0, 2, 1)`"));
    }
    renamed(declaration, Permute { dims: order[1..].to_vec() })
}

pub(super) fn transpose(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let rank = shape.rank() as i128;
    let axes = call.axes("axes");
    if !axes.is_empty() && axes.len() != shape.rank() {
        let (span, title) = (call.argument("axes").span, format!("`transpose` of `{shape}` names {} axes", axes.len()));
        return call.fail(Diagnostic::new(Code::E213, span, title).at(format!("there are {rank}")));
    }
    let from_start = |&axis: &i128| usize::try_from(if axis < 0 { axis + rank } else { axis }).unwrap_or(usize::MAX);
    let mut order: Vec<usize> = axes.iter().map(from_start).collect();
    if order.is_empty() {
        order = (0..shape.rank()).rev().collect();
    }
    ordered(call, &TRANSPOSE, &order, "axes")
}

pub(super) fn swapaxes(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let (first, second) = (call.axis("axis1")?, call.axis("axis2")?);
    let first = place(call, "axis1", SWAPAXES.class, &shape, first)?;
    let second = place(call, "axis2", SWAPAXES.class, &shape, second)?;
    let mut order: Vec<usize> = (0..shape.rank()).collect();
    order.swap(first, second);
    ordered(call, &SWAPAXES, &order, "axis1")
}

pub(super) fn moveaxis(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let source = places(call, "source", MOVEAXIS.class, &shape)?;
    let destination = places(call, "destination", MOVEAXIS.class, &shape)?;
    if source.len() != destination.len() {
        return call.wrong("destination", "as many axes as `source`");
    }
    let mut order: Vec<usize> = (0..shape.rank()).filter(|axis| !source.contains(axis)).collect();
    let mut moves: Vec<_> = destination.into_iter().zip(source).collect();
    moves.sort_unstable();
    for (to, from) in moves {
        order.insert(to.min(order.len()), from);
    }
    ordered(call, &MOVEAXIS, &order, "source")
}

pub(super) fn flip(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    if call.axes("axis").is_empty() {
        return needs_axis(call, FLIP.class, &shape);
    }
    let turned = places(call, "axis", FLIP.class, &shape)?;
    let key = |axis| if turned.contains(&axis) { Key::Slice([None, None, Some(-1)]) } else { WHOLE };
    renamed(&FLIP, GetItem { keys: (0..shape.rank()).map(key).collect() })
}

pub(super) fn take(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let Some(axis) = call.axis("axis") else { return needs_axis(call, TAKE.class, &shape) };
    let place = place(call, "axis", TAKE.class, &shape, axis)?;
    if !matches!(call.argument("indices").value, Value::Integer(_) | Value::Boolean(_)) {
        let axes = vec![(place, Places::Named(call.axes("indices")))];
        return Some(Answer::Layer(Box::new(Selected { declaration: &TAKE, axes })));
    }
    let index = call.axis("indices")?;
    let key = |axis| if axis == place { Key::At(index) } else { WHOLE };
    renamed(&TAKE, GetItem { keys: (0..shape.rank()).map(key).collect() })
}

pub(super) fn repeat(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let times = call.axis("repeats").and_then(|times| u64::try_from(times).ok()).unwrap_or(1);
    let Some(axis) = call.axis("axis") else { return needs_axis(call, "Repeat", &shape) };
    Some(Answer::Layer(Box::new(Repeat { is_tile: false, times: vec![(axis, times)], span: call.place("axis") })))
}

/// One number an axis, the batch's 1; fewer stand for the last axes.
pub(super) fn tile(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let shape = subject(call)?;
    let times: Vec<u64> = call.axes("repeats").iter().filter_map(|&times| u64::try_from(times).ok()).collect();
    let is_whole = times.len() == call.axes("repeats").len() && !times.contains(&0);
    let is_list = matches!(call.argument("repeats").value, Value::Growing(_));
    if !is_whole || times.is_empty() || times.len() > shape.rank() || is_list {
        let items = if is_list { "a tuple" } else { "positive integers, at most one an axis" };
        return call.wrong("repeats", items);
    }
    let first = shape.rank() - times.len();
    let times: Vec<(i128, u64)> =
        times.into_iter().enumerate().map(|(axis, times)| ((first + axis) as i128, times)).collect();
    let times = if times[0] == (0, 1) { times[1..].to_vec() } else { times };
    Some(Answer::Layer(Box::new(Repeat { is_tile: true, times, span: call.place("repeats") })))
}

pub(super) fn one_hot(call: &mut FunctionCall<'_>) -> Option<Answer> {
    call.tensor("x")?;
    let classes = call.axis("num_classes").and_then(|classes| u64::try_from(classes).ok()).unwrap_or(1);
    Some(Answer::Layer(Box::new(OneHot { classes })))
}

pub(super) fn shape(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let tensor: TensorId = call.tensor("x")?;
    Some(Answer::ShapeOf(tensor))
}
