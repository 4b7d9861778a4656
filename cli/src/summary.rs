//! `rnnc summary`: the tables of a file's models, or the same as JSON.

use std::path::PathBuf;

use clap::ValueEnum;
use rnn_compiler::model::CompiledModel;
use rnn_compiler::summary::{self, SummaryModel};

use crate::report::{Failure, Shell, Status, print};
use crate::{files, terminal};

/// Show the layers, shapes and parameter counts of a file's models, as Keras prints them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rnnc summary tagger.rnn
  rnnc summary tagger.rnn --format json
  rnnc summary tagger.rnn --plan      how the compiler lays the model out, and why
  rnnc summary tagger.rnn --cost      multiply-adds and memory
  COLUMNS=100 rnnc summary tagger.rnn

The table is as wide as Keras would draw it: COLUMNS, else the terminal's width, else 80 columns;
88 at most.")]
pub(crate) struct Arguments {
    /// The .rnn file, or `-` for standard input.
    file: PathBuf,
    /// Keras's table, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Only the model in this variable; else all.
    #[arg(long, value_name = "VARIABLE")]
    model: Option<String>,
    /// Add the compiler's plan: kernels, packing, memory, and what is unrolled and why.
    #[arg(long, conflicts_with = "format")]
    plan: bool,
    /// Add what the model costs: multiply-adds, and bytes of weights, state, stack and scratch (machine code is known once it is
    /// built: see `rnnc bench`).
    #[arg(long, conflicts_with = "format")]
    cost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Keras's table.
    Text,
    /// `{"models": […]}`; a free size is null.
    Json,
}

pub(crate) fn execute(shell: &Shell, arguments: &Arguments) -> Status {
    let loaded = match files::load(shell, &arguments.file) {
        Ok(loaded) => loaded,
        Err(status) => return status,
    };
    let chosen = match &arguments.model {
        None if !loaded.compiled.models.is_empty() => Ok(loaded.compiled.listed()),
        variable => loaded.select(variable.as_deref()).map(|model| vec![model]),
    };
    match chosen.and_then(|models| text(arguments, &loaded.source, &models)) {
        Ok(text) => print(&text),
        Err(failure) => shell.fail(&failure),
    }
}

fn text(arguments: &Arguments, source: &rnn_compiler::Source, models: &[&CompiledModel]) -> Result<String, Failure> {
    let summaries: Vec<SummaryModel> = models.iter().copied().map(SummaryModel::of).collect();
    if arguments.format == Format::Json {
        return Ok(summary::json(&summaries));
    }
    let mut text = String::new();
    for (model, summary) in models.iter().zip(&summaries) {
        text.push_str(&summary::table(summary, terminal::widths()));
        if arguments.plan || arguments.cost {
            let plan = rnn_compiler::plan::plan(model)
                .map_err(|diagnostic| Failure { source: source.clone(), diagnostics: vec![*diagnostic] })?;
            if arguments.plan {
                text.push('\n');
                text.push_str(&plan.describe());
            }
            if arguments.cost {
                text.push('\n');
                text.push_str(&plan.cost().describe());
            }
        }
    }
    Ok(text)
}
