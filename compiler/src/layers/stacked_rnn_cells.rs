//! `StackedRNNCells`: several cells as one, each reading at every step what the one before it gives.
//!
//! <https://keras.io/api/layers/recurrent_layers/stacked_rnn_cell/>. A list of cells given to `RNN` becomes one. No
//! difference to Keras, where an empty stack fails once it is used.

use std::rc::Rc;

use ndarray::ArrayD;

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, LayerInstance, Mismatch, Streaming, WeightSpec};
use crate::layers::cells::StepOf;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;
use crate::value::Value;

/// `StackedRNNCells`.
pub(crate) const STACKED_RNN_CELLS: Declaration = Declaration {
    class: "StackedRNNCells",
    aliases: &[],
    base_name: "stacked_rnn_cells",
    summary: "Several cells as one, for `RNN`: each reads what the one before it gives.",
    details: "Weights: the cells', below their names.",
    arguments: &[Argument::required("cells", Kind::Cells { single: false }, "A list of cells.")],
    takes_common: true,
    build,
};

/// Several cells as the value that the text makes.
#[derive(Debug)]
struct StackedRnnCells {
    cells: Vec<Rc<LayerInstance>>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let cells = arguments.elements("cells").into_iter().filter_map(|cell| match cell.value {
        Value::Layer(cell) => Some(cell),
        _ => None,
    });
    Some(Box::new(StackedRnnCells { cells: cells.collect() }))
}

impl StackedRnnCells {
    /// A stack is no layer: no model evaluates it but inside an `RNN`.
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        call.inputs.to_vec()
    }
}

impl Layer for StackedRnnCells {
    fn declaration(&self) -> &'static Declaration {
        &STACKED_RNN_CELLS
    }

    fn step(&self) -> Option<StepOf<'_>> {
        Some(StepOf::Several(&self.cells))
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Ok(inputs.to_vec())
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn sublayers(&self) -> Vec<Rc<LayerInstance>> {
        self.cells.clone()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::Recurrent
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        Ok(Vec::new())
    }

    evaluate_generically!();
}
