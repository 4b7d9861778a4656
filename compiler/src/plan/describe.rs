//! The plan as a table for people: `rnnc summary --plan`.

use std::fmt::Write as _;

use super::lowered::{Operation, Window};
use super::{Batch, Forward, Place, Plan, Step, Streams};

/// One line of the table.
struct Row {
    cells: [String; 6],
}

const HEADINGS: [&str; 6] = ["layer", "kernel", "time", "weights", "state", "multiply-adds"];

impl Plan {
    /// Layers with their kernels, size classes, memory and the reasons of what was chosen.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut rows = vec![Row { cells: HEADINGS.map(str::to_owned) }];
        rows.extend(self.steps().filter_map(|step| self.row(step)));
        let mut text = table(&rows);
        for decision in &self.decisions {
            let _ = writeln!(text, "{}: {}", self.layers[decision.layer].name, decision.reason);
        }
        let _ = writeln!(text, "packed weights: {}", bytes(self.packed_length()));
        let _ = writeln!(text, "working memory of forward: {} on the stack", bytes_or_free(self.memory.stack));
        let _ = writeln!(text, "working memory of forward_into: {}", bytes_or_free(self.memory.scratch));
        if let Some(Batch { together, .. }) = self.batch() {
            let (most, fewest, memory) = (together.most, together.fewest, bytes(together.floats + self.memory.head));
            let _ = writeln!(
                text,
                "batch: {fewest} to {most} samples share a walk over the weights, {memory} on the stack"
            );
        }
        let _ = writeln!(text, "stream: {}", self.describe_stream());
        text
    }

    fn describe_stream(&self) -> String {
        match &self.streaming {
            Ok(streams) => format!("yes, {} of state{}", bytes(self.carried_floats()), describe_clocks(streams)),
            Err(no_stream) => match &no_stream.layer {
                Some((name, class)) => format!("no: `{name}` ({class}) {}", no_stream.reason),
                None => format!("no: {}", no_stream.reason),
            },
        }
    }

    /// The calls of `forward` in order.
    pub(super) fn steps(&self) -> Box<dyn Iterator<Item = &Step> + '_> {
        match (&self.forward, &self.streaming) {
            (Forward::Whole(stage), _) => Box::new(stage.steps.iter()),
            (Forward::Streamed, Ok(streams)) => {
                Box::new(streams.chunk.iter().chain(&streams.head).flat_map(|stage| &stage.steps))
            }
            (Forward::Stepped, Ok(streams)) => Box::new(streams.step.steps.iter()),
            (Forward::Streamed | Forward::Stepped, Err(_)) => Box::new(std::iter::empty()),
        }
    }

    fn place(&self, place: Place) -> String {
        match place {
            Place::Input(_) => "to input".to_owned(),
            Place::Output(_) if self.outputs.len() == 1 => "to output".to_owned(),
            Place::Output(number) => format!("to output `{}`", self.outputs[number].name),
            Place::Buffer(number) => format!("to buffer {number}"),
            Place::State { .. } => "to its state".to_owned(),
        }
    }

    fn row(&self, step: &Step) -> Option<Row> {
        let (Some(layer), Some(operation)) = (step.layer, &step.operation) else { return None };
        let packed: usize = operation.weights().iter().map(|weights| weights.packing.length).sum();
        let (kernel, time, state, n_rows) = match operation {
            Operation::Rows(rows) => (short(&rows.call.function), String::new(), 0, step.rows().amount()),
            Operation::InPlace(in_place) => {
                (short(&in_place.call.function), "in place".to_owned(), 0, step.rows().amount())
            }
            Operation::Join(join) | Operation::Attend(join) => {
                (short(&join.call.function), String::new(), 0, step.rows().amount())
            }
            Operation::Window(Window { row: Some(call), .. }) => (short(&call.function), String::new(), 0, 1),
            Operation::Window(_) => ("moved rows".to_owned(), String::new(), 0, 1),
            Operation::Fold(fold) => (short(&fold.function), String::new(), fold.features, 1),
            Operation::Recurrent(recurrent) => {
                let decision = self.decisions.iter().find(|decision| decision.layer == layer);
                let class = decision.map_or("", |decision| decision.class);
                let kernels: Vec<String> =
                    recurrent.directions.iter().map(|direction| short(&direction.cell)).collect();
                let time = if step.unrolled { "unrolled" } else { "loop" };
                (
                    format!("{} [{class}]", kernels.join(" + ")),
                    time.to_owned(),
                    recurrent.directions.iter().map(|direction| direction.state_floats).sum(),
                    1,
                )
            }
        };
        let work = n_rows as u64 * operation.multiply_adds();
        let memory = |floats| if floats == 0 { String::new() } else { bytes(floats) };
        let name = self.layers[layer].name.clone();
        let is_in_place = step.output.place == step.input().place;
        let place = if is_in_place { String::new() } else { self.place(step.output.place) };
        let time = [time, place].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        Some(Row { cells: [name, kernel, time, memory(packed), memory(state), work.to_string()] })
    }
}

/// Which outputs are there when, where that is not with each frame.
fn describe_clocks(streams: &Streams) -> String {
    let mut text = String::new();
    for clock in streams.clocks.iter().filter(|clock| !clock.is_each_frame()) {
        for rate in &clock.rates {
            let _ = write!(text, ", an answer every {} frames from frame {} on", rate.every, rate.delay);
        }
    }
    text.replace("every 1 frames", "every frame")
}

/// `kernels::Dense::<8, 10, activation::Relu>::rows` as `Dense<8, 10, Relu>`.
fn short(kernel: &proc_macro2::TokenStream) -> String {
    let text =
        kernel.to_string().replace(' ', "").replace("kernels::", "").replace("activation::", "").replace("join::", "");
    let text = text.trim_end_matches("::rows").trim_end_matches("::in_place").trim_end_matches("::apply");
    text.replace("_,", "").replace("::<", "<").replace(',', ", ")
}

/// A number of floats, in bytes for people.
pub(super) fn bytes(floats: usize) -> String {
    let bytes = floats * 4;
    if bytes < 10_240 { format!("{bytes} B") } else { format!("{} KiB", bytes.div_ceil(1024)) }
}

/// The same, where a free timestep may decide.
pub(super) fn bytes_or_free(floats: Option<usize>) -> String {
    floats.map_or_else(|| "by timesteps".to_owned(), bytes)
}

fn table(rows: &[Row]) -> String {
    let width = |column: usize| rows.iter().map(|row| row.cells[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.cells.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
