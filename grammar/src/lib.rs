//! Text of the `.rnn` language to its syntax tree, with every mistake in it reported.
//!
//! `parse` never fails and never panics: it gives the tree of what could be read and a diagnostic for
//! each thing that could not. Only `parser.rs` knows pest.

pub mod ast;
mod blocks;
mod code;
mod decode;
mod diagnose;
mod diagnostic;
mod foreign;
mod lexer;
mod lines;
mod lookalike;
mod number;
mod parser;
mod patch;
mod quotes;
mod source;
mod span;
mod to_ast;

#[cfg(test)]
mod tests;

pub use code::Code;
pub use decode::decode;
pub use diagnostic::{Diagnostic, Edit, Help, Label, Severity};
pub use source::{Position, Source};
pub use span::Span;

/// What [`parse`] read: the tree, and the mistakes met on the way.
#[derive(Debug)]
pub struct Parsed {
    /// The statements that could be read.
    pub file: ast::File,
    /// Every syntax mistake, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// The longest text, in bytes.
pub const MAX_TEXT: usize = 1 << 20;

/// How many diagnostics are kept; whoever has more begins with these.
const MAX_DIAGNOSTICS: usize = 100;

/// Reads a text: its tree as far as it can be read, and every syntax mistake in it.
#[must_use]
pub fn parse(source: &Source) -> Parsed {
    let text = source.text();
    if text.len() > MAX_TEXT {
        let title = format!("the text has {} bytes, the limit is {MAX_TEXT}", text.len());
        let diagnostic = Diagnostic::new(Code::E011, Span::default(), title)
            .help("a model of this size is better repeated by `for` loops, or split into several files");
        return Parsed { file: ast::File::default(), diagnostics: vec![diagnostic] };
    }
    let lexed = lexer::lex(text);
    let lines = lines::cut(text, &lexed.tokens);
    let mut patches = [lexed.patches, lines.patches].concat();
    patches.sort_by_key(|patch| patch.span);
    let mut diagnostics = [lexed.diagnostics, lines.diagnostics].concat();
    let file = blocks::read(text, &lexed.tokens, &lines.lines, &patches, &mut diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.primary.span);
    keep_first(&mut diagnostics);
    Parsed { file, diagnostics }
}

/// Cuts a long list of diagnostics, and says so.
fn keep_first(diagnostics: &mut Vec<Diagnostic>) {
    let n_more = diagnostics.len().saturating_sub(MAX_DIAGNOSTICS);
    diagnostics.truncate(MAX_DIAGNOSTICS);
    if let (Some(last), 1..) = (diagnostics.last_mut(), n_more) {
        last.notes.push(format!("{n_more} more mistakes follow"));
    }
}
