//! `rnnc`: checks, shows, expands, runs and explains `.rnn` models. One file a subcommand.
//!
//! Exit codes: 0 where all is well; 1 where a model, its weights or its data have errors; 2 for wrong usage and
//! for files that can't be read or written.

mod arrays;
mod bench;
mod check;
mod completions;
mod convert;
mod expand;
mod explain;
mod files;
#[cfg(feature = "keras")]
mod keras;
mod report;
mod run;
mod storage;
mod summary;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use report::{Color, Shell};

/// The compiler of recurrent networks: Keras's text in, static Rust out.
#[derive(Debug, Parser)]
#[command(name = "rnnc", version, about, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    /// When to colour messages for people.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  rnnc check                          every .rnn file of this folder and those below it
  rnnc summary tagger.rnn             the table that Keras prints
  rnnc expand tagger.rnn              the Rust that rnn_model! makes of it
  rnnc run tagger.rnn --weights tagger.safetensors --input x.npy --output y.npy
  rnnc bench amp.rnn --rate 48000     how fast it is on this machine
  rnnc convert tagger.keras           Keras's file to tagger.safetensors
  rnnc explain E204                   what an error means, with an example and its repair

Exit codes: 0 all is well, 1 errors in a model or its data, 2 wrong usage or an unreadable file.";

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Arguments),
    Summary(summary::Arguments),
    Expand(expand::Arguments),
    Run(run::Arguments),
    Bench(bench::Arguments),
    Explain(explain::Arguments),
    Convert(convert::Arguments),
    Completions(completions::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let shell = Shell::new(arguments.color);
    let status = match arguments.command {
        Command::Check(arguments) => check::execute(&shell, &arguments),
        Command::Summary(arguments) => summary::execute(&shell, &arguments),
        Command::Expand(arguments) => expand::execute(&shell, &arguments),
        Command::Run(arguments) => run::execute(&shell, &arguments),
        Command::Bench(arguments) => bench::execute(&shell, &arguments),
        Command::Explain(arguments) => explain::execute(&shell, &arguments),
        Command::Convert(arguments) => convert::execute(&shell, &arguments),
        Command::Completions(arguments) => completions::execute(&arguments),
    };
    status.into()
}
