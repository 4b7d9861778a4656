//! Documentation of the generated types.

use std::fmt::Write as _;

use proc_macro2::TokenStream;

use super::tokens::docs;
use super::{Context, Source};
use crate::plan::Forward;
use crate::shape::Shape;
use crate::storage::{self, Storage};

/// What stands below the user's own words on the model's type: the layer table, shapes and memory.
pub(super) fn model(context: &Context<'_>, table: &str) -> TokenStream {
    let Context { model, plan, .. } = context;
    let shapes = |shapes: Vec<&Shape>| shapes.iter().map(|shape| format!("`{shape}`")).collect::<Vec<_>>().join(", ");
    let (inputs, outputs) = (shapes(model.input_shapes()), shapes(model.output_shapes()));
    let mut text = format!("\nThe Keras model `{}`: {inputs} to {outputs}.\n\n```text\n{table}", model.name);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str("```\n\n");
    text.push_str(weights(context));
    text.push(' ');
    text.push_str(way(&plan.forward));
    if let Some(stack) = plan.memory.stack.filter(|&stack| stack > 0) {
        let _ = write!(text, " `forward` keeps {stack} floats of working memory on the stack.");
    }
    text.push_str(&storage(context));
    docs(&text)
}

fn weights(context: &Context<'_>) -> &'static str {
    match context.source {
        Source::None => "It has no weights.",
        Source::Embedded(_) => "Its weights are part of the program.",
        Source::Borrowed => "It borrows packed weights: see `load` and `from_packed`.",
    }
}

/// What rows of weights are stored as, and what that lost where they are known.
fn storage(context: &Context<'_>) -> String {
    let storage = context.plan.storage();
    if storage == Storage::F32 {
        return String::new();
    }
    let mut text = format!("\n\nRows of weights of dense and recurrent layers are stored as {storage}, biases as f32.");
    if let Source::Embedded(bound) = context.source
        && let Ok(stored) = storage::stored(context.model, context.plan, bound)
    {
        text.push_str(" What that loses:\n");
        stored.losses.iter().for_each(|loss| text.push_str(&format!("\n- {loss}")));
    }
    text
}

fn way(forward: &Forward) -> &'static str {
    match forward {
        Forward::Streamed => "A whole sequence runs as a stream does, many frames at a time.",
        Forward::Stepped => "A whole sequence runs as a stream does, frame by frame.",
        Forward::Whole(_) => "A whole sequence runs layer by layer.",
    }
}
