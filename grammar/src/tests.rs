//! Tests of the whole crate: what is read, where it stands, what is reported.

mod bytes;
mod errors;
mod expressions;
mod fences;
mod limits;
mod pages;
mod print;
mod recovery;
mod statements;

use crate::{Diagnostic, Parsed, Source, parse};

/// Reads a text that has mistakes or not.
fn read(text: &str) -> (Source, Parsed) {
    let source = Source::new("test.rnn", text);
    let parsed = parse(&source);
    (source, parsed)
}

/// The statements of a text without mistakes, printed with all parentheses.
#[track_caller]
fn shown(text: &str) -> String {
    let (source, parsed) = read(text);
    assert_eq!(summary(&source, &parsed.diagnostics), Vec::<String>::new(), "in {text:?}");
    print::file(&parsed.file)
}

/// Each mistake as `E003 4:10 <(>`: its code, its place, the text there.
fn summary(source: &Source, diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |diagnostic: &Diagnostic| {
        let place = source.position(diagnostic.primary.span.start);
        let text = source.slice(diagnostic.primary.span);
        format!("{} {}:{} <{text}>", diagnostic.code, place.line, place.column)
    };
    diagnostics.iter().map(line).collect()
}

/// The mistakes of a text.
fn mistakes(text: &str) -> Vec<String> {
    let (source, parsed) = read(text);
    summary(&source, &parsed.diagnostics)
}

/// The text with the first edit of every diagnostic carried out.
fn repaired(text: &str) -> String {
    let (_, parsed) = read(text);
    let mut edits: Vec<_> = parsed.diagnostics.iter().filter_map(|diagnostic| diagnostic.helps.first()).collect();
    edits.retain(|help| !help.edits.is_empty());
    let mut edits: Vec<_> = edits.into_iter().flat_map(|help| help.edits.clone()).collect();
    edits.sort_by_key(|edit| edit.span);
    let mut repaired = text.to_owned();
    for edit in edits.iter().rev() {
        repaired.replace_range(edit.span.start..edit.span.end, &edit.text);
    }
    repaired
}
