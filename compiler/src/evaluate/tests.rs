//! Tests of the Python part: minimal texts, one reason each.

mod arguments;
mod limits;
mod models;
mod names;
mod number_types;
mod python;
mod shapes;

use rnn_grammar::{Code, Diagnostic, Severity, Source};

use crate::model::Compiled;

/// Compiles a text.
fn compile(text: &str) -> Compiled {
    crate::compile(&Source::new("test.rnn", text))
}

/// The codes of everything that is said about a text, in its order.
fn codes(text: &str) -> Vec<Code> {
    compile(text).diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// The only diagnostic of a text.
fn only(text: &str) -> Diagnostic {
    let mut diagnostics = compile(text).diagnostics;
    assert_eq!(diagnostics.len(), 1, "{text}\n{diagnostics:#?}");
    diagnostics.remove(0)
}

/// The text that the only diagnostic underlines.
fn underlined(text: &str) -> &str {
    let span = only(text).primary.span;
    &text[span.start..span.end]
}

/// Compiles a text without an error or warning.
fn clean(text: &str) -> Compiled {
    let compiled = compile(text);
    let remarks: Vec<_> = compiled.diagnostics.iter().filter(|said| said.severity != Severity::Note).collect();
    assert!(remarks.is_empty(), "{text}\n{remarks:#?}");
    compiled
}

/// Checks assertions that must hold.
fn holds(assertions: &str) {
    clean(&format!("{assertions}\nmodel = Sequential([Input((1,)), Dense(1)])\n"));
}

/// The text after the only help's edits.
fn repaired(text: &str) -> String {
    let diagnostic = only(text);
    let mut edits = diagnostic.helps[0].edits.clone();
    assert!(!edits.is_empty(), "no edits: {diagnostic:#?}");
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    edits.iter().fold(text.to_owned(), |text, edit| {
        format!("{}{}{}", &text[..edit.span.start], edit.text, &text[edit.span.end..])
    })
}
