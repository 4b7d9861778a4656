//! The summary as JSON: `{"models": [{"variable", "name", "input_shape", "output_shape", "layers": [{"class",
//! "name", "output_shape", "params", "trainable_params"}], "total_params", "trainable_params",
//! "non_trainable_params"}]}`.
//!
//! A free size is `null`. Several inputs or outputs give a list of shapes, one gives the shape itself.

use serde_json::{Value, json as value};

use super::{SummaryModel, SummaryRow};
use crate::shape::Shape;

/// All models of a file, indented, with a line break at the end.
#[must_use]
pub fn json(models: &[SummaryModel]) -> String {
    let models: Vec<Value> = models.iter().map(model).collect();
    format!("{:#}\n", value!({ "models": models }))
}

fn model(model: &SummaryModel) -> Value {
    value!({
        "variable": model.variable,
        "name": model.name,
        "input_shape": shapes(&model.input_shapes),
        "output_shape": shapes(&model.output_shapes),
        "layers": model.rows.iter().map(layer).collect::<Vec<_>>(),
        "total_params": model.trainable.params.saturating_add(model.non_trainable.params),
        "trainable_params": model.trainable.params,
        "non_trainable_params": model.non_trainable.params,
    })
}

fn layer(row: &SummaryRow) -> Value {
    value!({
        "class": row.class,
        "name": row.name,
        "output_shape": shapes(&row.output_shapes),
        "params": row.params,
        "trainable_params": row.trainable_params,
    })
}

fn shapes(shapes: &[Shape]) -> Value {
    let one = |shape: &Shape| Value::from(shape.0.iter().map(|axis| Value::from(axis.known())).collect::<Vec<_>>());
    match shapes {
        [] => Value::Null,
        [shape] => one(shape),
        several => several.iter().map(one).collect(),
    }
}
