//! What a model costs to run, before anything is compiled: `rnnc summary --cost`.

use std::fmt::Write as _;

use super::describe::{bytes, bytes_or_free};
use super::lowered::Operation;
use super::{Extent, Forward, Plan, Step};
use crate::storage::Storage;

/// Work and memory of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-adds of `forward` on one sample.
    pub forward: Work,
    /// Multiply-adds of one `step` of a stream; `None` where the model can't stream.
    pub step: Option<u64>,
    /// Floats of the packed weights, padding included.
    pub weights: usize,
    /// What rows of weights are stored as.
    pub storage: Storage,
    /// Floats that a stream carries from frame to frame.
    pub state: usize,
    /// Floats that `forward` takes from the stack beside its input and output; `None` where a free timestep decides.
    pub stack: Option<usize>,
    /// Floats that `forward_into` is given; `None` where a free timestep decides.
    pub scratch: Option<usize>,
    /// Floats that `process` of a stream takes from the stack.
    pub process: usize,
}

/// Multiply-adds of matrix products; activations and copies are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Once a sample; all of it where the timesteps are fixed.
    pub fixed: u64,
    /// For each timestep, where those are free.
    pub per_timestep: u64,
    /// For each pair of timesteps, one that looks and one that is looked at, where those are free.
    pub per_pair: u64,
}

impl Plan {
    /// What the model costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let timesteps = self.timesteps().map(|timesteps| timesteps as u64);
        let mut forward = work(self.steps());
        if matches!(self.forward, Forward::Stepped) {
            forward = Work { per_timestep: forward.fixed, ..Work::default() };
        }
        Cost {
            forward: timesteps.map_or(forward, |timesteps| forward.over(timesteps)),
            step: self.streaming().ok().map(|streams| work(streams.step.steps.iter()).over(1).fixed),
            weights: self.packed_length(),
            storage: self.storage(),
            state: self.carried_floats(),
            stack: self.memory.stack,
            scratch: self.memory.scratch,
            process: self.memory.process,
        }
    }
}

impl Work {
    /// All of it over so many timesteps.
    #[must_use]
    pub const fn over(self, timesteps: u64) -> Self {
        let fixed = self.fixed + (self.per_timestep + self.per_pair * timesteps) * timesteps;
        Self { fixed, per_timestep: 0, per_pair: 0 }
    }
}

fn work<'a>(steps: impl Iterator<Item = &'a Step>) -> Work {
    steps.fold(Work::default(), |sum, step| {
        let each = step.operation.as_ref().map_or(0, Operation::multiply_adds);
        let work = |rows: Extent, others: usize| rows.amount() as u64 * others as u64 * each;
        match (step.rows(), step.looked_at()) {
            (rows @ Extent::Fixed(_), Extent::Fixed(others)) => Work { fixed: sum.fixed + work(rows, others), ..sum },
            (rows @ Extent::PerFrame { .. }, Extent::PerFrame { amount, .. }) => {
                Work { per_pair: sum.per_pair + work(rows, amount), ..sum }
            }
            (rows, others) => Work { per_timestep: sum.per_timestep + work(rows, others.amount()), ..sum },
        }
    })
}

impl Cost {
    /// A line for each number.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = String::new();
        let Work { fixed, per_timestep, per_pair } = self.forward;
        let parts = [(fixed, ""), (per_timestep, " a timestep"), (per_pair, " a pair of timesteps")];
        let parts = parts.into_iter().filter(|(each, _)| *each > 0).map(|(each, of)| format!("{each}{of}"));
        let forward = parts.collect::<Vec<_>>().join(" and ");
        let _ = writeln!(text, "multiply-adds of forward: {}", if forward.is_empty() { "0" } else { &forward });
        if let Some(step) = self.step {
            let _ = writeln!(text, "multiply-adds of a stream's step: {step}");
        }
        let _ = writeln!(text, "weights, packed: {}", bytes(self.weights));
        let _ = writeln!(text, "stack of forward: {}", bytes_or_free(self.stack));
        let _ = writeln!(text, "scratch of forward_into: {}", bytes_or_free(self.scratch));
        if self.step.is_some() {
            let _ = writeln!(text, "state of a stream: {}", bytes(self.state));
            let _ = writeln!(text, "stack of a stream's process: {}", bytes(self.process));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, Work};
    use rnn_grammar::Source;

    fn cost(text: &str) -> Cost {
        let compiled = crate::compile(&Source::new("cost.rnn".to_owned(), text.to_owned()));
        let model = compiled.select(None).expect("one model");
        super::super::plan(model).expect("a plan").cost()
    }

    #[test]
    fn every_step_multiplies_all_of_a_cell() {
        let found = cost("model = Sequential([Input((10, 3)), LSTM(5), Dense(2)])");
        // Four gates over 3 features and 5 units, each of 10 steps; then 5 times 2.
        assert_eq!(found.forward, Work { fixed: 10 * 4 * 5 * (3 + 5) + 10, ..Work::default() });
        assert_eq!(found.step, Some(4 * 5 * (3 + 5) + 10));
    }

    #[test]
    fn free_timesteps_are_counted_each() {
        let found = cost("model = Sequential([Input((None, 3)), SimpleRNN(5, return_sequences=True), Dense(2)])");
        assert_eq!(found.forward, Work { per_timestep: 5 * 8 + 10, ..Work::default() });
        assert_eq!(found.step, Some(5 * 8 + 10));
    }

    #[test]
    fn attention_counts_pairs() {
        let found = cost(
            "x = Input((None, 3))\ny = Input((7, 3))\nmodel = Model([x, y], [Attention()([x, x]), Attention()([y, x])])",
        );
        // The score twice and the value, of 3 features each.
        assert_eq!(found.forward, Work { fixed: 0, per_timestep: 7 * 9, per_pair: 9 });
        assert!(found.describe().starts_with("multiply-adds of forward: 63 a timestep and 9 a pair of timesteps\n"));
    }

    #[test]
    fn both_directions_count_and_do_not_stream() {
        let found = cost("model = Sequential([Input((7, 3)), Bidirectional(GRU(5)), Dense(2)])");
        assert_eq!(found.forward.fixed, 7 * 2 * 3 * 5 * (3 + 5) + 20);
        assert_eq!(found.step, None);
    }
}
