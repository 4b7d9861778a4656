//! A model's table and counts: Keras 3's `model.summary()` character for character, and the same as JSON.
//!
//! Keras draws with the library rich; [`table`] follows rich's rules for widths (`columns`) and wrapping
//! (`wrap`), with colours off. [`SummaryModel`] is plain data, so that every kind of model is drawn alike.

mod columns;
mod json;
mod table;
mod wrap;

use std::collections::HashMap;

use crate::graph::{NodeKind, TypedGraph, TypedNode};
use crate::model::{CompiledModel, LayerRow};
use crate::order::{is_chain, order};
use crate::precision::Precision;
use crate::shape::Shape;

pub use json::json;
pub use table::table;

/// What the summary says of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryModel {
    /// The variable that holds it, where it has one.
    pub variable: Option<String>,
    /// Its name (`sequential`).
    pub name: String,
    /// Shapes of its inputs, batch first.
    pub input_shapes: Vec<Shape>,
    /// Shapes of its outputs, batch first.
    pub output_shapes: Vec<Shape>,
    /// Its layers as Keras lists them.
    pub rows: Vec<SummaryRow>,
    /// Whether the model is no single chain: the table then has the column `Connected to`.
    pub is_branched: bool,
    /// What training changes; a shared weight counts once.
    pub trainable: Count,
    /// What training does not change.
    pub non_trainable: Count,
}

impl SummaryModel {
    /// The summary of a compiled model.
    ///
    /// A layer is shown with the shapes of its last use in the whole text, as Keras does.
    #[must_use]
    pub fn of(model: &CompiledModel) -> Self {
        let graph = &model.graph;
        let layers = model.layers();
        let nodes = graph.nodes().iter().map(name_of);
        let last: HashMap<&str, &[Shape]> = nodes.zip(model.shown_shapes.iter().map(Vec::as_slice)).collect();
        let ordered = order(graph.nodes(), graph.inputs(), graph.outputs());
        let is_branched = model.class != "Sequential" && !is_chain(graph.nodes(), &ordered);
        let row = |layer: &LayerRow| SummaryRow {
            name: layer.name.clone(),
            class: layer.class.to_owned(),
            output_shapes: last[layer.name.as_str()].to_vec(),
            params: Some(layer.params),
            trainable_params: layer.trainable_params,
            connected_to: if is_branched { connections(graph, &layer.name) } else { Vec::new() },
        };
        let rows = layers.iter().map(row).collect();
        Self {
            variable: model.variable.clone(),
            name: model.name.clone(),
            input_shapes: graph.inputs().iter().map(|input| graph.nodes()[input.0].outputs[0].clone()).collect(),
            output_shapes: graph.outputs().iter().map(|&output| graph.shape(output).clone()).collect(),
            rows,
            is_branched,
            trainable: Count::of(model.trainable_params(), 0, model.precision),
            non_trainable: Count::of(model.non_trainable_params(), model.integer_params(), model.precision),
        }
    }
}

fn name_of(node: &TypedNode) -> &str {
    match &node.node.kind {
        NodeKind::Input { name, .. } => name,
        NodeKind::Layer { instance, .. } => &instance.name,
    }
}

/// What the layer of this name reads, in all of its uses.
fn connections(graph: &TypedGraph, name: &str) -> Vec<Connection> {
    let mut found = Vec::new();
    let mut uses: Vec<&TypedNode> = graph.nodes().iter().filter(|node| name_of(node) == name).collect();
    uses.sort_by_key(|node| node.use_index);
    for node in uses {
        found.extend(node.listed().map(|input| {
            let from = &graph.nodes()[input.node.0];
            Connection { layer: name_of(from).to_owned(), node: from.use_index, tensor: input.output }
        }));
    }
    found
}

/// One layer.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: String,
    /// Shapes of its outputs, batch first; none where they are not known.
    pub output_shapes: Vec<Shape>,
    /// Number of its parameters; `None` where it is not built.
    pub params: Option<u64>,
    /// How many of them training changes.
    pub trainable_params: u64,
    /// Where its inputs come from: `lstm[0][0]`; empty for an input.
    pub connected_to: Vec<Connection>,
}

/// One output of an earlier layer: `name[node][tensor]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The layer.
    pub layer: String,
    /// Which of the layer's calls.
    pub node: usize,
    /// Which of the call's outputs.
    pub tensor: usize,
}

/// Parameters and the memory they take.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    /// How many numbers.
    pub params: u64,
    /// How many bytes; a float, for Keras prints it as one and no count of parameters overflows it.
    pub bytes: f64,
}

impl Count {
    /// This many numbers of this type, but that some are integers of 32 bits.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn of(params: u64, integers: u64, precision: Precision) -> Self {
        let bytes = params.saturating_sub(integers) as f64 * precision.bytes() as f64 + integers as f64 * 4.0;
        Self { params, bytes }
    }
}

/// Widths in columns of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// What Keras takes as the terminal's width: the table is four columns narrower, and no wider than 88
    /// (108 with `Connected to`).
    pub terminal: usize,
    /// Where longer lines break: the width of the console that is written to, which need not be the same one.
    pub console: usize,
}

impl Widths {
    /// Keras's width where nothing tells one: 80 columns.
    pub const DEFAULT: Self = Self { terminal: 80, console: 80 };
}

impl Default for Widths {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// An integer with commas between the thousands: `1,234,567`.
#[must_use]
pub fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Memory as Keras prints it: `168.00 B`, `1.62 KB`, in steps of 1024.
#[must_use]
pub fn memory(mut bytes: f64) -> String {
    for unit in ["B", "KB", "MB", "GB", "TB", "PB"] {
        if bytes / 1024.0 < 1.0 {
            return format!("{bytes:.2} {unit}");
        }
        bytes /= 1024.0;
    }
    format!("{bytes:.2} PB")
}

#[cfg(test)]
mod tests;
