//! `rnnc expand`: the Rust that `rnn_model!` makes of a model.

use std::path::PathBuf;

use rnn_compiler::emit;

use crate::files;
use crate::report::{Failure, Shell, Status, print};
use crate::storage::{self, Stored};

/// Print the Rust that rnn_model! makes of a model: formatted, documented, readable.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rnnc expand digits.rnn
  rnnc expand digits.rnn --weights digits.safetensors > digits.rs
  rnnc expand digits.rnn --weights digits.safetensors --storage f16
  rnnc expand two_models.rnn --model encoder --name Encoder")]
pub(crate) struct Arguments {
    /// The .rnn file, or `-` for standard input.
    file: PathBuf,
    /// Weights to embed, a safetensors file; without them the code loads weights at run time.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// The model in this variable; needed where a file has several and none is called `model`.
    #[arg(long, value_name = "VARIABLE")]
    model: Option<String>,
    /// What rows of weights of dense and recurrent layers are stored as.
    #[arg(long, value_enum, default_value_t = Stored::F32, value_name = "NUMBERS")]
    storage: Stored,
    /// Name of the generated type; else made of the model's name.
    #[arg(long, value_name = "TYPE")]
    name: Option<String>,
}

pub(crate) fn execute(shell: &Shell, arguments: &Arguments) -> Status {
    let loaded = match files::load(shell, &arguments.file) {
        Ok(loaded) => loaded,
        Err(status) => return status,
    };
    if let Some(name) = arguments.name.as_deref().filter(|name| !is_type_name(name)) {
        return shell.usage(&format!("`{name}` is no name for a type"));
    }
    match code(arguments, &loaded) {
        Ok(code) => print(&code),
        Err(failure) => shell.fail(&failure),
    }
}

fn code(arguments: &Arguments, loaded: &files::Loaded) -> Result<String, Failure> {
    let model = loaded.select(arguments.model.as_deref())?;
    let weights = match &arguments.weights {
        Some(path) => Some(files::bind(&loaded.source, model, Some(path))?),
        None => None,
    };
    let plan = storage::plan(&loaded.source, model, arguments.storage)?;
    if let Some(bound) = &weights {
        storage::stored(&loaded.source, model, &plan, bound)?;
    }
    let name = arguments.name.clone().unwrap_or_else(|| type_name(&model.name));
    Ok(emit::expand(model, &plan, weights.as_ref(), &emit::Options::named(&name)))
}

/// Whether Rust takes the text as a type's name.
fn is_type_name(text: &str) -> bool {
    let is_word = text.chars().all(|character| character == '_' || character.is_ascii_alphanumeric());
    let is_reserved = ["_", "Self", "self", "super", "crate"].contains(&text);
    is_word && !is_reserved && text.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
}

/// `TaggerTwo` of `tagger_two`; `Model` where nothing of the name can start a type's.
fn type_name(name: &str) -> String {
    let words = name.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let camel: String = words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect();
    let starts_well = camel.starts_with(|first: char| first.is_ascii_alphabetic());
    if starts_well && camel != "Self" { camel } else { format!("Model{camel}") }
}

#[cfg(test)]
mod tests {
    use super::type_name;

    #[test]
    fn type_names_are_rust_names() {
        assert_eq!(type_name("tagger_two"), "TaggerTwo");
        assert_eq!(type_name("3 layers"), "Model3Layers");
        assert_eq!(type_name("漢"), "Model");
        assert_eq!(type_name("self"), "ModelSelf");
    }
}
