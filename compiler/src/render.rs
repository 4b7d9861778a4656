//! Diagnostics as text: for people, for compilers' error lists, for editors and for continuous integration.
//!
//! The only file that knows annotate-snippets. Positions count from 1, columns in characters. A diagnostic
//! about a file without text (a weight file, a missing model) shows the file's name alone: its [`Source`] is
//! empty.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};
use rnn_grammar::{Diagnostic, Help, Label, Severity, Source, Span};
use serde_json::{Value, json};

/// The forms in which diagnostics are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The snippet with its labels and fixes; coloured where `color`.
    Human {
        /// Whether escape sequences for colours are written.
        color: bool,
    },
    /// One line: `path:line:column: error[E204]: title`.
    Short,
    /// One JSON object on one line.
    Json,
    /// A workflow command of GitHub's: `::error file=…`.
    Github,
}

/// The diagnostic in this form, without a line break at the end.
#[must_use]
pub fn render(source: &Source, diagnostic: &Diagnostic, format: Format) -> String {
    match format {
        Format::Human { color } => human(source, diagnostic, color),
        Format::Short => short(source, diagnostic),
        Format::Json => json(source, diagnostic),
        Format::Github => github(source, diagnostic),
    }
}

/// The snippet with its labels and fixes.
#[must_use]
pub fn human(source: &Source, diagnostic: &Diagnostic, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut groups = vec![main_group(source, diagnostic)];
    groups.extend(diagnostic.helps.iter().filter(|help| !help.edits.is_empty()).map(|help| fix_group(source, help)));
    renderer.render(&groups)
}

/// [`human`] without colours: what `compile_error!` and the tests show.
#[must_use]
pub fn plain(source: &Source, diagnostic: &Diagnostic) -> String {
    human(source, diagnostic, false)
}

/// One line: `path:line:column: error[E204]: title`.
#[must_use]
pub fn short(source: &Source, diagnostic: &Diagnostic) -> String {
    let at = source.position(diagnostic.primary.span.start);
    let (name, severity) = (source.name(), severity_name(diagnostic.severity));
    let title = one_line(&diagnostic.title);
    if source.text().is_empty() {
        return format!("{name}: {severity}[{}]: {title}", diagnostic.code);
    }
    format!("{name}:{}:{}: {severity}[{}]: {title}", at.line, at.column, diagnostic.code)
}

/// One JSON object on one line: `code`, `severity`, `message`, `file`, the primary label's `line`, `column`,
/// `end_line`, `end_column`; `labels` (the primary first), `notes`, and `helps` with their `edits`, whose
/// `start` and `end` are byte offsets.
#[must_use]
pub fn json(source: &Source, diagnostic: &Diagnostic) -> String {
    let mut object = place(source, diagnostic.primary.span);
    let labels = std::iter::once(&diagnostic.primary).chain(&diagnostic.labels);
    let labels: Vec<Value> = labels.enumerate().map(|(index, label)| json_label(source, label, index == 0)).collect();
    let helps: Vec<Value> = diagnostic.helps.iter().map(|help| json_help(source, help)).collect();
    object.insert("code".into(), json!(diagnostic.code.as_str()));
    object.insert("severity".into(), json!(severity_name(diagnostic.severity)));
    object.insert("message".into(), json!(diagnostic.title));
    object.insert("file".into(), json!(source.name()));
    object.insert("labels".into(), json!(labels));
    object.insert("notes".into(), json!(diagnostic.notes));
    object.insert("helps".into(), json!(helps));
    Value::Object(object).to_string()
}

/// A workflow command of GitHub's, which marks the line in a pull request.
#[must_use]
pub fn github(source: &Source, diagnostic: &Diagnostic) -> String {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let (start, end) = ends(source, diagnostic.primary.span);
    let mut message = diagnostic.title.clone();
    for line in diagnostic.notes.iter().chain(diagnostic.helps.iter().map(|help| &help.text)) {
        message.push('\n');
        message.push_str(line);
    }
    format!(
        "::{command} file={},line={},endLine={},col={},endColumn={},title={}::{}",
        escape_property(source.name()),
        start.line,
        end.line,
        start.column,
        end.column,
        diagnostic.code,
        escape_data(&message),
    )
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

/// Title, labelled text, notes, and the helps that are only words.
fn main_group<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Group<'a> {
    let title = level(diagnostic.severity).primary_title(diagnostic.title.as_str()).id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    if source.text().is_empty() {
        group = group.element(Origin::path(source.name()));
    } else {
        group = group.element(labelled(source, diagnostic));
    }
    group = group.elements(diagnostic.notes.iter().map(|note| Level::NOTE.message(note.as_str())));
    let words = diagnostic.helps.iter().filter(|help| help.edits.is_empty());
    group.elements(words.map(|help| Level::HELP.message(help.text.as_str())))
}

/// The text with its labels. A label that says nothing at the place of another one is left out: it would only
/// draw the same line twice.
fn labelled<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let all = std::iter::once(&diagnostic.primary).chain(&diagnostic.labels);
    let window = Window::around(source, all.map(|label| label.span));
    let mark = |kind: AnnotationKind, label: &'a Label| {
        let text = Some(label.text.as_str()).filter(|text| !text.is_empty());
        kind.span(window.range(label.span)).label(text)
    };
    Snippet::source(window.text)
        .path(source.name())
        .line_start(window.first_line)
        .annotation(mark(AnnotationKind::Primary, &diagnostic.primary))
        .annotations(diagnostic.labels.iter().map(|label| mark(AnnotationKind::Context, label)))
}

/// Advice with the patched lines below it.
fn fix_group<'a>(source: &'a Source, help: &'a Help) -> Group<'a> {
    let window = Window::around(source, help.edits.iter().map(|edit| edit.span));
    let patches = help.edits.iter().map(|edit| Patch::new(window.range(edit.span), edit.text.as_str()));
    Level::HELP
        .secondary_title(help.text.as_str())
        .element(Snippet::source(window.text).line_start(window.first_line).patches(patches))
}

/// The whole lines of a text that hold some spans: the renderer's work is then independent of the text's size.
struct Window<'a> {
    text: &'a str,
    start: usize,
    first_line: usize,
}

impl<'a> Window<'a> {
    fn around(source: &'a Source, spans: impl Iterator<Item = Span>) -> Self {
        let text = source.text();
        let all = spans.reduce(Span::to).unwrap_or_default();
        let from = text.floor_char_boundary(all.start.min(text.len()));
        let to = text.ceil_char_boundary(all.end.clamp(from, text.len()));
        let start = text[..from].rfind('\n').map_or(0, |at| at + 1);
        let end = text[to..].find('\n').map_or(text.len(), |at| to + at + 1);
        Self { text: &text[start..end], start, first_line: source.position(start).line }
    }

    /// The span inside the window, on character boundaries.
    fn range(&self, span: Span) -> Range<usize> {
        let start = self.text.floor_char_boundary(span.start.saturating_sub(self.start).min(self.text.len()));
        let end = span.end.saturating_sub(self.start).clamp(start, self.text.len());
        start..self.text.ceil_char_boundary(end)
    }
}

fn json_label(source: &Source, label: &Label, primary: bool) -> Value {
    let mut object = place(source, label.span);
    object.insert("message".into(), json!(label.text));
    object.insert("primary".into(), json!(primary));
    Value::Object(object)
}

fn json_help(source: &Source, help: &Help) -> Value {
    let edit = |edit: &rnn_grammar::Edit| {
        let mut object = place(source, edit.span);
        object.insert("start".into(), json!(edit.span.start));
        object.insert("end".into(), json!(edit.span.end));
        object.insert("replacement".into(), json!(edit.text));
        Value::Object(object)
    };
    json!({ "message": help.text, "edits": help.edits.iter().map(edit).collect::<Vec<_>>() })
}

fn place(source: &Source, span: Span) -> serde_json::Map<String, Value> {
    let (start, end) = ends(source, span);
    let numbers = [("line", start.line), ("column", start.column), ("end_line", end.line), ("end_column", end.column)];
    numbers.into_iter().map(|(name, number)| (name.to_owned(), json!(number))).collect()
}

fn ends(source: &Source, span: Span) -> (rnn_grammar::Position, rnn_grammar::Position) {
    (source.position(span.start), source.position(span.end.max(span.start)))
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests;
