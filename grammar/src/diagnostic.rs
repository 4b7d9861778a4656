//! A mistake as plain data; `rnn_compiler::render` turns it into text.

use crate::{Code, Span};

/// How much a diagnostic matters: errors stop the stages behind, the others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The model can't be compiled.
    Error,
    /// The model compiles; its author should look.
    Warning,
    /// The model compiles; something worth knowing.
    Note,
}

/// A range of the text with a remark; an empty remark only underlines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What is underlined.
    pub span: Span,
    /// What is said about it.
    pub text: String,
}

/// One replacement: `span`'s text becomes `text`; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What it becomes.
    pub text: String,
}

/// Advice, with the edits that carry it out where they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// The advice.
    pub text: String,
    /// The edits; none where only words can help.
    pub edits: Vec<Edit>,
}

/// One mistake or remark: code, severity, a title, the place, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code, such as E204.
    pub code: Code,
    /// Error, warning or note.
    pub severity: Severity,
    /// One line, lower case, no full stop, values in backticks.
    pub title: String,
    /// Where it is.
    pub primary: Label,
    /// Further places that explain it.
    pub labels: Vec<Label>,
    /// Facts that have no place in the text.
    pub notes: Vec<String>,
    /// What to do.
    pub helps: Vec<Help>,
}

impl Diagnostic {
    /// A diagnostic with nothing but its title and its place; the severity is that of the code.
    #[must_use]
    pub fn new(code: Code, span: Span, title: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            title: title.into(),
            primary: Label { span, text: String::new() },
            labels: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// Says something at the primary place.
    #[must_use]
    pub fn at(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds advice in words.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(Help { text: text.into(), edits: Vec::new() });
        self
    }

    /// Adds advice with the edit that carries it out.
    #[must_use]
    pub fn fix(mut self, text: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        self.helps.push(Help { text: text.into(), edits: vec![Edit { span, text: replacement.into() }] });
        self
    }

    /// Whether it stops the compilation.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
