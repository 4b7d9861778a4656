//! The compiler of `.rnn` models: syntax tree → checked graph → plan → Rust. Pure: no files, no clock,
//! no environment; what it needs from outside comes in as arguments.
//!
//! The way of a model: `evaluate` runs the Python part and gives a [`graph::Graph`]; [`infer`] walks it
//! once and gives every node its shapes and weights.

pub mod activation;
pub mod arguments;
pub mod declaration;
pub mod emit;
mod evaluate;
pub mod explain;
pub mod functions;
pub mod graph;
pub mod infer;
pub mod layer;
pub mod layers;
pub mod masks;
pub mod model;
pub mod names;
pub mod order;
pub mod packing;
pub mod passes;
pub mod plan;
pub mod precision;
pub mod reference;
pub mod render;
pub mod shape;
pub mod storage;
pub mod summary;
pub mod value;
pub mod weights;
mod whole_numbers;

pub use model::{Compiled, CompiledModel, LayerRow};
pub use rnn_grammar::{Code, Diagnostic, Edit, Help, Label, Severity, Source, Span};

/// Checks a text and gives its models, typed and counted, with every mistake in it.
///
/// With a syntax mistake nothing is evaluated: what stands behind it could not be trusted.
#[must_use]
pub fn compile(source: &Source) -> Compiled {
    let parsed = rnn_grammar::parse(source);
    if parsed.diagnostics.iter().any(Diagnostic::is_error) {
        return Compiled { diagnostics: parsed.diagnostics, ..Compiled::default() };
    }
    let mut compiled = evaluate::evaluate(source, &parsed.file);
    compiled.diagnostics.splice(0..0, parsed.diagnostics);
    compiled
}
