//! `rnnc check`: every error of every file in one run.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use rnn_compiler::summary::{self, SummaryModel};
use rnn_compiler::{Code, Compiled, Diagnostic, Severity, plan, render};

use crate::report::{Failure, Shell, Status, counted, print, say};
use crate::{files, terminal};

/// Check .rnn files: every error of every file in one run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rnnc check                        every .rnn file of this folder and those below it
  rnnc check models/ tagger.rnn     a folder and a file
  rnnc check --format json | jq .   for programs: one object a line, on standard output
  rnnc check - < tagger.rnn         standard input

`human` writes diagnostics to standard error, and to standard output the tables that
`model.summary()` asks for. The other formats write diagnostics to standard output, and nothing
else. Exit codes: 0 no errors, 1 errors, 2 a file can't be read.")]
pub(crate) struct Arguments {
    /// Files, folders (searched for .rnn files), or `-` for standard input.
    #[arg(default_value = ".", value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// How diagnostics are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The text with its mistakes underlined.
    Human,
    /// One line each: `path:line:column: error[E204]: …`.
    Short,
    /// One JSON object each, on one line.
    Json,
    /// Workflow commands that GitHub shows beside the lines.
    Github,
}

pub(crate) fn execute(shell: &Shell, arguments: &Arguments) -> Status {
    let mut run = Run { shell, format: arguments.format, counts: [0; 2], files: 0, status: Status::Good };
    let mut seen = HashSet::new();
    for path in &arguments.paths {
        match found(path) {
            Ok(paths) if paths.is_empty() => {
                let text = format!("`{}` holds no `.rnn` file", path.display());
                run.status = run.status.max(shell.usage(&text));
            }
            Ok(paths) => paths.into_iter().filter(|path| seen.insert(path.clone())).for_each(|path| run.check(&path)),
            Err(failure) => run.report(&failure),
        }
    }
    run.finish()
}

struct Run<'a> {
    shell: &'a Shell,
    format: Format,
    /// Errors and warnings.
    counts: [usize; 2],
    files: usize,
    status: Status,
}

impl Run<'_> {
    fn check(&mut self, path: &Path) {
        self.files += 1;
        let source = match files::source(path) {
            Ok(source) => source,
            Err(failure) => return self.report(&failure),
        };
        let mut compiled = rnn_compiler::compile(&source);
        let mut diagnostics = std::mem::take(&mut compiled.diagnostics);
        diagnostics.extend(without_code(&compiled));
        self.report(&Failure { source, diagnostics });
        if self.format == Format::Human {
            for &index in &compiled.summaries_requested {
                let model = SummaryModel::of(&compiled.models[index]);
                self.status = self.status.max(print(&summary::table(&model, terminal::widths())));
            }
        }
    }

    fn report(&mut self, failure: &Failure) {
        for diagnostic in &failure.diagnostics {
            match diagnostic.severity {
                Severity::Error => self.counts[0] += 1,
                Severity::Warning => self.counts[1] += 1,
                Severity::Note => {}
            }
        }
        let format = match self.format {
            Format::Human => {
                self.status = self.status.max(self.shell.fail(failure));
                return;
            }
            Format::Short => render::Format::Short,
            Format::Json => render::Format::Json,
            Format::Github => render::Format::Github,
        };
        let lines = failure.diagnostics.iter().map(|diagnostic| render::render(&failure.source, diagnostic, format));
        let text: String = lines.map(|line| line + "\n").collect();
        self.status = self.status.max(failure.status()).max(print(&text));
    }

    /// The last line for people: what was checked and found.
    fn finish(self) -> Status {
        if self.format == Format::Human && self.files > 0 {
            let [errors, warnings] = self.counts;
            let mut found = Vec::new();
            if errors > 0 {
                found.push(counted(errors, "error"));
            }
            if warnings > 0 {
                found.push(counted(warnings, "warning"));
            }
            let found = if found.is_empty() { "no errors".into() } else { found.join(", ") };
            say(&format!("{} checked: {found}\n", counted(self.files, "file")));
        }
        self.status
    }
}

/// Why models of a text can't become Rust. They are models all the same, which `rnnc run` evaluates: so these are
/// warnings here, and errors where code is made.
fn without_code(compiled: &Compiled) -> Vec<Diagnostic> {
    let models = compiled.models.iter();
    models
        .filter_map(|model| plan::plan(model).err())
        .map(|diagnostic| Diagnostic { severity: Severity::Warning, ..*diagnostic })
        .collect()
}

/// The files that a path means: itself, or the `.rnn` files of a folder and those below it, by name.
fn found(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if files::is_stdin(path) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |error: &std::io::Error| Failure::io(Code::E501, &folder.display().to_string(), error);
        for entry in std::fs::read_dir(&folder).map_err(|error| failed(&error))? {
            let entry = entry.map_err(|error| failed(&error))?;
            let kind = entry.file_type().map_err(|error| failed(&error))?;
            let path = simplified(entry.path());
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            if kind.is_dir() && !is_hidden && !path.join("CACHEDIR.TAG").exists() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rnn") && path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Without a leading `./`, which says nothing.
fn simplified(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}
