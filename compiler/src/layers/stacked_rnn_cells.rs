//! `StackedRNNCells`: several cells as one, each reading at every step what the one before it gives.
//!
//! <https://keras.io/api/layers/recurrent_layers/stacked_rnn_cell/>. A list of cells given to `RNN` becomes one; it is
//! called by itself with the states of each cell, `y, states = stack(x, [[h, c], g])`. Difference to Keras, which fails once
//! an empty stack is used and takes further states without reading them: both are refused.

use std::rc::Rc;

use ndarray::ArrayD;

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, LayerInstance, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::axes::shape_of;
use crate::layers::cells::StepOf;
use crate::layers::recurrent::states::check_count;
use crate::layers::time_distributed::prefixed;
use crate::plan::kernels::cell_call::{self, move_behind};
use crate::plan::lowered::{From, Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;
use crate::value::Value;

/// `StackedRNNCells`.
pub(crate) const STACKED_RNN_CELLS: Declaration = Declaration {
    class: "StackedRNNCells",
    aliases: &[],
    base_name: "stacked_rnn_cells",
    summary: "Several cells as one, for `RNN` or a call of its own: each reads what the one before it gives.",
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

/// What each cell of a call reads: its own states among all of them, by their first place.
struct Part<'a> {
    cell: &'a Rc<LayerInstance>,
    first_state: usize,
    n_states: usize,
}

/// How many states a cell has, or all cells of a stack.
pub(crate) fn n_states(cell: &LayerInstance) -> usize {
    match cell.layer.step() {
        Some(StepOf::One(step)) => step.flags().n_states,
        Some(StepOf::Several(cells)) => cells.iter().map(|cell| n_states(cell)).sum(),
        None => 0,
    }
}

/// Width of what a cell answers.
fn units(cell: &LayerInstance) -> u64 {
    match cell.layer.step() {
        Some(StepOf::One(step)) => step.flags().units,
        Some(StepOf::Several(cells)) => cells.last().map_or(0, |cell| units(cell)),
        None => 0,
    }
}

impl StackedRnnCells {
    fn parts(&self) -> Vec<Part<'_>> {
        let mut first_state = 1;
        let part = |cell| {
            let part = Part { cell, first_state, n_states: n_states(cell) };
            first_state += part.n_states;
            part
        };
        self.cells.iter().map(part).collect()
    }

    /// What a cell reads of a call: what the one before it gave, and its own states.
    fn read<T: Clone>(part: &Part<'_>, input: &T, all: &[T]) -> Vec<T> {
        let states = all.iter().skip(part.first_state).take(part.n_states);
        std::iter::once(input).chain(states).cloned().collect()
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let (mut input, mut states, mut first) = (call.inputs[0].clone(), Vec::new(), 0);
        for part in self.parts() {
            let inputs = Self::read(&part, &input, call.inputs);
            let shapes: Vec<Shape> = inputs.iter().map(shape_of).collect();
            let n_weights = part.cell.layer.weights(&shapes).len();
            let weights = &call.weights[first..first + n_weights];
            first += n_weights;
            let mut outputs = R::evaluate(part.cell.layer.as_ref(), &Call { inputs: &inputs, weights });
            states.extend(outputs.split_off(1));
            input = outputs.remove(0);
        }
        states.insert(0, input);
        states
    }
}

impl Layer for StackedRnnCells {
    fn declaration(&self) -> &'static Declaration {
        &STACKED_RNN_CELLS
    }

    fn takes(&self) -> Takes {
        Takes::Step
    }

    fn step(&self) -> Option<StepOf<'_>> {
        Some(StepOf::Several(&self.cells))
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let wanted = self.cells.iter().map(|cell| n_states(cell)).sum::<usize>();
        check_count(STACKED_RNN_CELLS.class, wanted, inputs.len().saturating_sub(1))?;
        let (mut input, mut states) = (inputs[0].clone(), Vec::new());
        for part in self.parts() {
            let mut outputs = part.cell.layer.output_shapes(&Self::read(&part, &input, inputs))?;
            states.extend(outputs.split_off(1));
            input = outputs.remove(0);
        }
        states.insert(0, input);
        Ok(states)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let Some(mut input) = inputs.first().cloned() else { return Vec::new() };
        let mut weights = Vec::new();
        for cell in &self.cells {
            weights.extend(prefixed(cell, std::slice::from_ref(&input)));
            input = input.with_last(units(cell));
        }
        weights
    }

    /// Its cells are made before it is frozen.
    fn stays_trainable(&self) -> bool {
        true
    }

    fn sublayers(&self) -> Vec<Rc<LayerInstance>> {
        self.cells.clone()
    }

    fn further_outputs(&self, n_operations: usize) -> Vec<usize> {
        let (mut first, mut states) = (0, Vec::new());
        for cell in &self.cells {
            let count = n_kernels(cell);
            states.extend(cell.layer.further_outputs(count).into_iter().map(|kernel| first + kernel));
            first += count;
        }
        debug_assert_eq!(first, n_operations, "each cell has made its kernels");
        states
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let (mut operations, mut n_tensors) = (Vec::new(), 0);
        let mut input = lowering.inputs[0].clone();
        for part in self.parts() {
            let read = Self::read(&part, &input, lowering.inputs);
            let mut kernels = part.cell.layer.lower(&Lowering { inputs: &read, ..*lowering })?;
            let before = operations.len();
            let from = if before == 0 { From::Input(0) } else { From::Made(before - 1) };
            move_behind(&mut kernels, before, from, part.first_state - 1);
            kernels.iter_mut().for_each(|kernel| kernel.shift_tensors(n_tensors));
            n_tensors += part.cell.layer.weights(&read).len();
            input = input.with_last(units(part.cell));
            operations.append(&mut kernels);
        }
        Ok(operations)
    }

    evaluate_generically!();
}

/// How many kernels a call of a cell has, or of all cells of a stack.
fn n_kernels(cell: &LayerInstance) -> usize {
    match cell.layer.step() {
        Some(StepOf::One(step)) => cell_call::n_kernels(step.flags().n_states),
        Some(StepOf::Several(cells)) => cells.iter().map(|cell| n_kernels(cell)).sum(),
        None => 0,
    }
}
