//! Generated code through rustc alone, without cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use rnn_compiler::emit::{Options, expand};
use rnn_compiler::plan::plan_stored;
use rnn_compiler::storage::Storage;
use rnn_grammar::Source;

/// A folder of this name under cargo's temporary one, made if it is not there.
///
/// # Panics
/// Where it can't be made.
pub fn folder(temporary: &str, name: &str) -> PathBuf {
    let folder = Path::new(temporary).join(name);
    std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    folder
}

/// rustc in this folder, as a release build calls it, with these arguments behind.
pub fn rustc(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(folder).args(["--edition=2024", "-Copt-level=3", "-Cdebuginfo=0"]).args(arguments);
    command
}

/// rustc that makes `librnn_runtime.rlib` in this folder.
pub fn runtime(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = rustc(folder, &["--crate-name=rnn_runtime", "--crate-type=rlib", "--cap-lints=allow"]);
    command.args(arguments).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/lib.rs"));
    command
}

/// A module of this name with the type `kind` of the text's model, whose weights are the caller's.
///
/// # Panics
/// Where the text is no model or has no code.
pub fn module(name: &str, kind: &str, text: &str) -> String {
    stored_module(name, kind, text, Storage::F32)
}

/// The same with rows of weights that are stored like this.
///
/// # Panics
/// Where the text is no model or has no code.
pub fn stored_module(name: &str, kind: &str, text: &str, storage: Storage) -> String {
    let compiled = rnn_compiler::compile(&Source::new(name, text));
    let model = compiled.select(None).unwrap_or_else(|diagnostic| panic!("{name}: {}", diagnostic.title));
    let plan = plan_stored(model, storage).unwrap_or_else(|diagnostic| panic!("{name}: {}", diagnostic.title));
    format!("mod {name} {{ {} }}\n", expand(model, &plan, None, &Options::named(kind)))
}
