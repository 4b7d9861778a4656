//! The compiler of `.rnn` models: syntax tree → checked graph → plan → Rust. Pure: no files, no clock,
//! no environment; what it needs from outside comes in as arguments.
//!
//! The way of a model: [`evaluate`] runs the Python part and gives a [`graph::Graph`]; [`infer`] walks it
//! once and gives every node its shapes and weights.

pub mod activation;
pub mod arguments;
pub mod declaration;
pub mod graph;
pub mod layer;
pub mod layers;
pub mod reference;
pub mod shape;
pub mod value;

pub use rnn_grammar::{Code, Diagnostic, Edit, Help, Label, Severity, Source, Span};
