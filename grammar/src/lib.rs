//! Text of the `.rnn` language to its syntax tree, with every mistake in it reported.
//!
//! `parse` never fails and never panics: it gives the tree of what could be read and a diagnostic for
//! each thing that could not. Only `parser.rs` knows pest.

pub mod ast;
mod code;
mod diagnostic;
mod source;
mod span;

pub use code::Code;
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
