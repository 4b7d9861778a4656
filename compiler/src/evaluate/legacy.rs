//! Keras 2's ways to give a first layer its input shape: `input_shape=`, `batch_input_shape=`, `input_dim=`,
//! `input_length=`, `batch_size=`. They work on the first layer of a Sequential, with a note that shows today's
//! spelling, and have no effect anywhere else.

use rnn_grammar::{Code, Diagnostic, Edit, Help, Span};

use crate::arguments::Bound;
use crate::arguments::bind::CallSite;
use crate::declaration::Declaration;
use crate::evaluate::{Evaluator, Place, shapes};
use crate::layer::LayerInstance;
use crate::shape::{Dimension, Shape};
use crate::value::{Located, Value};

/// An input shape that a layer's call gives.
#[derive(Clone, Debug)]
pub(super) struct Legacy {
    /// The shape, batch first; `None` where the keywords don't make one (`batch_size` alone).
    pub(super) shape: Option<Shape>,
    /// The keywords, as messages name them: `` `input_length` and `input_dim` ``.
    keywords: String,
    /// How many there are.
    n_keywords: usize,
    /// The first of the arguments, with its keyword.
    pub(super) span: Span,
    /// What says the same today.
    today: String,
    /// What removes the arguments.
    removal: Vec<Edit>,
}

const KEYWORDS: [&str; 5] = ["input_shape", "batch_input_shape", "input_length", "input_dim", "batch_size"];

impl Evaluator<'_> {
    /// What a layer's call says of its input shape; `None` inside where something is wrong with it.
    pub(super) fn legacy_of(
        &mut self,
        declaration: &Declaration,
        call: &CallSite,
        bound: &[Bound],
    ) -> Option<Option<Legacy>> {
        let is_own = |name: &str| declaration.arguments.iter().any(|argument| argument.name == name);
        let find = |name: &str| {
            let found = bound.iter().find(|argument| argument.name == name)?;
            let span = found.span.filter(|_| !matches!(found.value, Value::None))?;
            (!is_own(name) || name == "input_length").then(|| Located { value: found.value.clone(), span })
        };
        let given: Vec<(&'static str, Located)> =
            KEYWORDS.into_iter().filter_map(|name| Some((name, find(name)?))).collect();
        let Some((_, first)) = given.first() else { return Some(None) };
        let value_span = first.span;
        if let Some(mistake) = contradiction(&given) {
            return self.fail(mistake);
        }
        let shape = match shape_of(&given) {
            Ok(shape) => shape,
            Err(mistake) => return self.fail(*mistake),
        };
        let names: Vec<String> = given.iter().map(|(name, _)| format!("`{name}`")).collect();
        let is_given = |name: Option<&str>| name.is_some_and(|name| given.iter().any(|(other, _)| *other == name));
        let removal = removal(call, is_given);
        let of_value = call.given.iter().find(|argument| argument.value.span == value_span);
        let span = of_value.map_or(value_span, |argument| argument.span);
        let today = self.today(&given);
        Some(Some(Legacy { shape, keywords: names.join(" and "), n_keywords: names.len(), span, today, removal }))
    }

    /// The `Input` that says the same, in the text's own words.
    fn today(&self, given: &[(&'static str, Located)]) -> String {
        let find =
            |wanted: &str| given.iter().find(|(name, _)| *name == wanted).map(|(_, value)| self.slice(value.span));
        if let Some(shape) = find("batch_input_shape") {
            return format!("Input(batch_shape={shape})");
        }
        let batch = find("batch_size").map(|size| format!(", batch_size={size}")).unwrap_or_default();
        let shape = match (find("input_shape"), find("input_length"), find("input_dim")) {
            (Some(shape), _, _) => shape.to_owned(),
            (None, Some(length), Some(features)) => format!("({length}, {features})"),
            (None, Some(axis), None) | (None, None, Some(axis)) => format!("({axis},)"),
            (None, None, None) => "…".to_owned(),
        };
        format!("Input(shape={shape}{batch})")
    }

    /// Notes Keras 2's spelling of a first layer's input shape, with the edits that make it today's.
    pub(super) fn note_legacy(&mut self, legacy: &Legacy, instance: &LayerInstance, place: Place) {
        let today = &legacy.today;
        let verb = if legacy.n_keywords == 1 { "is" } else { "are" };
        let title = format!("{} {verb} Keras 2's spelling", legacy.keywords);
        let mut note = Diagnostic::new(Code::N101, legacy.span, title).at("still understood");
        let is_inline = place.span.start <= instance.span.start && instance.span.end <= place.span.end;
        let mut edits = if is_inline { legacy.removal.clone() } else { Vec::new() };
        if is_inline {
            edits.insert(0, self.insertion(place, today));
        }
        note.helps.push(Help { text: format!("begin the model with `{today}`"), edits });
        self.report(note);
    }

    /// The edit that adds `layer` in front of the layer at `place`.
    pub(super) fn insertion(&self, place: Place, layer: &str) -> Edit {
        let Some(receiver) = place.receiver else {
            return Edit { span: Span::new(place.span.start, place.span.start), text: format!("{layer}, ") };
        };
        let start = place.statement.start;
        let line_start = self.source.text()[..start].rfind('\n').map_or(0, |at| at + 1);
        let indent = &self.source.text()[line_start..start];
        let is_line = indent.chars().all(|c| c == ' ' || c == '\t');
        let separator = if is_line { format!("\n{indent}") } else { "; ".to_owned() };
        Edit { span: Span::new(start, start), text: format!("{}.add({layer}){separator}", self.slice(receiver)) }
    }

    /// Warns that a layer's input shape does nothing where the layer stands.
    pub(super) fn warn_legacy(&mut self, legacy: &Legacy, reason: &str, advice: &str) {
        let verb = if legacy.n_keywords == 1 { "has" } else { "have" };
        let title = format!("{} {verb} no effect here", legacy.keywords);
        self.report(Diagnostic::new(Code::W102, legacy.span, title).at(reason).help(advice));
    }
}

/// Two keywords that say the same thing twice.
fn contradiction(given: &[(&'static str, Located)]) -> Option<Diagnostic> {
    let find = |wanted: &str| given.iter().find(|(name, _)| *name == wanted);
    let whole = find("batch_input_shape").or_else(|| find("input_shape"))?;
    let other =
        given.iter().find(|(name, _)| *name != whole.0 && !(whole.0 == "input_shape" && *name == "batch_size"))?;
    let title = format!("`{}` and `{}` exclude each other", whole.0, other.0);
    Some(
        Diagnostic::new(Code::E119, other.1.span, title)
            .at("says it again")
            .label(whole.1.span, "gives the whole shape"),
    )
}

fn shape_of(given: &[(&'static str, Located)]) -> Result<Option<Shape>, Box<Diagnostic>> {
    let find = |wanted: &str| given.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    if let Some(value) = find("batch_input_shape") {
        return shapes::read("batch_input_shape", value).map(Some);
    }
    let axis = |name: &str| find(name).map(|value| shapes::dimension(name, value, value.span)).transpose();
    let batch = axis("batch_size")?.unwrap_or(Dimension::Free);
    let sample = match (find("input_shape"), axis("input_length")?, axis("input_dim")?) {
        (Some(value), _, _) => shapes::read("input_shape", value)?.0,
        (None, Some(length), Some(features)) => vec![length, features],
        (None, Some(axis), None) | (None, None, Some(axis)) => vec![axis],
        (None, None, None) => return Ok(None),
    };
    Ok(Some(Shape(std::iter::once(batch).chain(sample).collect())))
}

/// The edits that remove some arguments with the commas around them.
fn removal(call: &CallSite, is_removed: impl Fn(Option<&str>) -> bool) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut kept_end: Option<usize> = None;
    for (index, given) in call.given.iter().enumerate() {
        if !is_removed(given.name.as_ref().map(|name| name.text.as_str())) {
            kept_end = Some(given.span.end);
            continue;
        }
        let next = call.given.get(index + 1).map(|next| next.span.start);
        let previous = index.checked_sub(1).and_then(|index| call.given.get(index)).map(|previous| previous.span.end);
        let span = match (kept_end, previous, next) {
            (Some(_), Some(previous), _) => Span::new(previous, given.span.end),
            (_, _, Some(next)) => Span::new(given.span.start, next),
            _ => given.span,
        };
        edits.push(Edit { span, text: String::new() });
    }
    edits
}
