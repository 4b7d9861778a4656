//! `--storage`: what rows of weights are stored as, in the commands that make code or show what it loses.

use clap::ValueEnum;
use rnn_compiler::plan::{Plan, plan_stored};
use rnn_compiler::storage::{self, Loss, Storage};
use rnn_compiler::weights::BoundWeights;
use rnn_compiler::{CompiledModel, Source};

use crate::arrays::Array;
use crate::report::Failure;

/// The option's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stored {
    /// 32-bit floats, as they come.
    F32,
    /// Halves: 11 bits of precision, up to 65504.
    F16,
    /// Upper halves of floats: 8 bits of precision, a float's range.
    Bf16,
    /// Bytes with a scale for each column of a kernel.
    Int8,
}

impl Stored {
    pub(crate) const fn storage(self) -> Storage {
        match self {
            Stored::F32 => Storage::F32,
            Stored::F16 => Storage::F16,
            Stored::Bf16 => Storage::Bf16,
            Stored::Int8 => Storage::Int8,
        }
    }
}

/// The plan of code that stores weights like this.
pub(crate) fn plan(source: &Source, model: &CompiledModel, stored: Stored) -> Result<Plan, Failure> {
    plan_stored(model, stored.storage())
        .map_err(|diagnostic| Failure { source: source.clone(), diagnostics: vec![*diagnostic] })
}

/// The weights as the code reads them, and what that loses.
pub(crate) fn stored(
    source: &Source,
    model: &CompiledModel,
    plan: &Plan,
    bound: &BoundWeights,
) -> Result<storage::Stored, Failure> {
    storage::stored(model, plan, bound).map_err(|diagnostics| Failure { source: source.clone(), diagnostics })
}

/// What smaller numbers change: a line for each layer that has them, and one for each output against that of floats.
pub(crate) fn report(losses: &[Loss], names: &[String], [outputs, exact]: [&[Array]; 2]) -> String {
    let mut text: String = losses.iter().map(|loss| format!("{loss}\n")).collect();
    if losses.is_empty() {
        text.push_str("no layer of the model has rows of weights to be stored as smaller numbers\n");
    }
    for (name, (output, exact)) in names.iter().zip(outputs.iter().zip(exact)) {
        let pairs = || output.values.iter().zip(&exact.values);
        let distance = pairs().map(|(output, exact)| (output - exact).abs()).fold(0.0, f64::max);
        let largest = exact.values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        text.push_str(&format!(
            "output `{name}`: off by {distance:.1e} at most; its largest magnitude is {largest:.3}\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_output_is_compared() {
        let array = |values: &[f64]| Array { shape: vec![values.len()], values: values.to_vec() };
        let (outputs, exact) = ([array(&[1.0, -2.5])], [array(&[1.25, -2.5])]);
        let text = report(&[], &["level".to_owned()], [&outputs, &exact]);
        assert!(text.ends_with("output `level`: off by 2.5e-1 at most; its largest magnitude is 2.500\n"), "{text}");
    }
}
