//! `rnnc completions`: scripts that complete its arguments in a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::report::{Status, print_bytes};

/// Print a script that completes rnnc's arguments in a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rnnc completions bash > ~/.local/share/bash-completion/completions/rnnc
  rnnc completions zsh > ~/.zfunc/_rnnc
  rnnc completions fish > ~/.config/fish/completions/rnnc.fish")]
pub(crate) struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn execute(arguments: &Arguments) -> Status {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::Arguments::command(), "rnnc", &mut script);
    print_bytes(&script)
}
