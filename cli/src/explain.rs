//! `rnnc explain`: what a code, a layer or the activations mean.

use rnn_compiler::explain;

use crate::report::{Shell, Status, print};

/// Explain a diagnostic's code, a layer, or a topic.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rnnc explain E204          what the error means, an example and its repair
  rnnc explain LSTM          formula, arguments and defaults
  rnnc explain layers        every layer
  rnnc explain activations   every activation with its formula
  rnnc explain masks         what each layer does with masks
  rnnc explain codes         every code
  rnnc explain manual        every layer in full, as one page")]
pub(crate) struct Arguments {
    /// A code (E204), a layer (LSTM), or `layers`, `activations`, `masks`, `codes`, `manual`.
    topic: String,
}

pub(crate) fn execute(shell: &Shell, arguments: &Arguments) -> Status {
    match explain::explain(&arguments.topic) {
        Ok(text) => print(&text),
        Err(near) => {
            let near = near.map_or_else(
                || "try `rnnc explain layers` or `rnnc explain codes`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            shell.usage(&format!("nothing is known about `{}`; {near}", arguments.topic))
        }
    }
}
