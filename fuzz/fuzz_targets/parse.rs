//! Any bytes are read as a model's text: reading ends, and every place that a diagnostic tells is one of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rnn_grammar::{Span, decode, parse};

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = decode("fuzz.rnn", bytes) else { return };
    let text = source.text();
    let check = |span: Span| assert!(text.get(span.start..span.end).is_some(), "{span:?} is no range of the text");
    let parsed = parse(&source);
    parsed.file.statements.iter().for_each(|statement| check(statement.span));
    for diagnostic in &parsed.diagnostics {
        check(diagnostic.primary.span);
        diagnostic.labels.iter().for_each(|label| check(label.span));
        diagnostic.helps.iter().flat_map(|help| &help.edits).for_each(|edit| check(edit.span));
    }
});
