//! How a run ends, and where its words go: diagnostics for people to standard error, results to standard output.

use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use rnn_compiler::render::{self, Format};
use rnn_compiler::{Code, Diagnostic, Severity, Source, Span};

/// How a command ended; the worse outcome wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// All is well.
    Good,
    /// A model, its weights or its data have errors.
    Errors,
    /// Wrong usage, or a file that can't be read or written.
    Trouble,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// When messages are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A diagnostic and the text, or the name of the file, that it belongs to.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) source: Source,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Failure {
    /// One diagnostic about a file as a whole.
    pub(crate) fn of_file(name: &str, diagnostic: Diagnostic) -> Self {
        Self { source: Source::new(name, ""), diagnostics: vec![diagnostic] }
    }

    /// A file that can't be read or written: E501, E502.
    pub(crate) fn io(code: Code, name: &str, error: &std::io::Error) -> Self {
        let what = if code == Code::E501 { "read" } else { "written" };
        let reason = error.to_string();
        let reason = reason.split(" (os error").next().unwrap_or_default().to_lowercase();
        Self::of_file(name, Diagnostic::new(code, Span::default(), format!("`{name}` can't be {what}: {reason}")))
    }

    /// How a run ends on it.
    pub(crate) fn status(&self) -> Status {
        self.diagnostics.iter().map(status_of).max().unwrap_or(Status::Good)
    }
}

/// How a run ends on one diagnostic.
pub(crate) fn status_of(diagnostic: &Diagnostic) -> Status {
    match diagnostic.code {
        _ if diagnostic.severity != Severity::Error => Status::Good,
        Code::E002 | Code::E022 | Code::E301 | Code::E501 | Code::E502 | Code::E503 | Code::E506 => Status::Trouble,
        _ => Status::Errors,
    }
}

/// Standard error as a place for messages.
#[derive(Debug)]
pub(crate) struct Shell {
    color: bool,
}

impl Shell {
    /// Decides once whether messages are coloured.
    pub(crate) fn new(color: Color) -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stderr().is_terminal() && !is_set("NO_COLOR") && !is_dumb,
        };
        Self { color }
    }

    /// The form of diagnostics for people.
    pub(crate) fn human(&self) -> Format {
        Format::Human { color: self.color }
    }

    /// Writes diagnostics for people and tells how the run ends on them.
    pub(crate) fn fail(&self, failure: &Failure) -> Status {
        for diagnostic in &failure.diagnostics {
            say(&format!("{}\n\n", render::render(&failure.source, diagnostic, self.human())));
        }
        failure.status()
    }

    /// Writes a line about wrong usage.
    pub(crate) fn usage(&self, text: &str) -> Status {
        let (bold, reset) = if self.color { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        say(&format!("{bold}error{reset}: {text}\n"));
        Status::Trouble
    }
}

/// Writes to standard error; there is nowhere to report that it is closed.
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Writes a result to standard output. A reader that closes it early (`| head`) has all it wants.
pub(crate) fn print(text: &str) -> Status {
    print_bytes(text.as_bytes())
}

/// [`print()`] for bytes.
pub(crate) fn print_bytes(bytes: &[u8]) -> Status {
    let mut output = std::io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            say(&format!("error: standard output can't be written: {error}\n"));
            Status::Trouble
        }
        _ => Status::Good,
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
