//! Reading `.rnn` files, standard input (`-`) and other files; compiling the text of one.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use rnn_compiler::model::{Compiled, CompiledModel};
use rnn_compiler::weights::{self, BoundWeights};
use rnn_compiler::{Code, Severity, Source};

use crate::report::{Failure, Shell, Status};

/// What standard input is called in messages.
const STDIN: &str = "<stdin>";

/// No text of the language is longer than 1 MiB, so nothing behind this is read: the compiler refuses it by its
/// length, or sees what kind of file it is from its beginning.
const MAX_TEXT: u64 = (1 << 20) + (1 << 10);

/// The text of a `.rnn` file.
pub(crate) fn source(path: &Path) -> Result<Source, Failure> {
    let name = shown(path);
    let bytes = bytes_up_to(path, MAX_TEXT)?;
    rnn_grammar::decode(&name, &bytes).map_err(|diagnostic| Failure::of_file(&name, *diagnostic))
}

/// A file's bytes.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    bytes_up_to(path, u64::MAX)
}

fn bytes_up_to(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if is_stdin(path) {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Failure::io(Code::E501, &shown(path), &error)),
    }
}

/// Writes a file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = File::create(path).and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| Failure::io(Code::E502, &shown(path), &error))
}

/// Whether a path means standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The name that messages show.
pub(crate) fn shown(path: &Path) -> String {
    if is_stdin(path) { STDIN.to_owned() } else { path.display().to_string() }
}

/// A text and the models in it.
pub(crate) struct Loaded {
    pub(crate) source: Source,
    pub(crate) compiled: Compiled,
}

impl Loaded {
    /// The one model that is meant.
    pub(crate) fn select(&self, variable: Option<&str>) -> Result<&CompiledModel, Failure> {
        self.compiled
            .select(variable)
            .map_err(|diagnostic| Failure { source: self.source.clone(), diagnostics: vec![*diagnostic] })
    }
}

/// Compiles a file; its errors and warnings are written for people. Notes are left to `rnnc check`, and that there is no
/// model to whoever asks for one.
pub(crate) fn load(shell: &Shell, path: &Path) -> Result<Loaded, Status> {
    let source = source(path).map_err(|failure| shell.fail(&failure))?;
    let mut compiled = rnn_compiler::compile(&source);
    let mut diagnostics = std::mem::take(&mut compiled.diagnostics);
    diagnostics.retain(|diagnostic| diagnostic.severity != Severity::Note && diagnostic.code != Code::W103);
    let failure = Failure { source, diagnostics };
    let status = shell.fail(&failure);
    if status == Status::Good { Ok(Loaded { source: failure.source, compiled }) } else { Err(status) }
}

/// Reads a safetensors file and binds it to a model; without a file, a model without weights is bound to none.
pub(crate) fn bind(source: &Source, model: &CompiledModel, path: Option<&Path>) -> Result<BoundWeights, Failure> {
    let tensors = match path {
        None => Vec::new(),
        Some(path) => {
            let name = shown(path);
            weights::read(&bytes(path)?)
                .map_err(|diagnostics| Failure { source: Source::new(name, ""), diagnostics })?
        }
    };
    weights::bind(model, &tensors).map_err(|mut diagnostics| {
        let note = match path {
            Some(path) => format!("the weights are those of `{}`", shown(path)),
            None => "no weights are given: `--weights model.safetensors`".to_owned(),
        };
        for diagnostic in &mut diagnostics {
            diagnostic.notes.push(note.clone());
        }
        Failure { source: source.clone(), diagnostics }
    })
}
