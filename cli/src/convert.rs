//! `rnnc convert`: the files that Keras 3 saves, to safetensors.

use std::path::PathBuf;

/// Make safetensors of the weights that Keras 3 saved.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rnnc convert tagger.keras                                        tagger.safetensors, beside it
  rnnc convert tagger.weights.h5 --model tagger.rnn -o tagger.safetensors

A .keras file knows its layers. A .weights.h5 file lists weights by the order of the layers alone,
so it needs the text of the model that was saved. Weights get Keras's own paths as keys, without
the model's name.")]
pub(crate) struct Arguments {
    /// A .keras or .weights.h5 file that Keras 3 saved.
    file: PathBuf,
    /// Where the safetensors go; else beside the file, under its name.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The .rnn file of the model, for .weights.h5 files.
    #[arg(long, value_name = "RNN")]
    model: Option<PathBuf>,
    /// Which model of that file; needed where it has several and none is called `model`.
    #[arg(long, value_name = "NAME", requires = "model")]
    variable: Option<String>,
}

/// What a build without the feature `keras` can say.
#[cfg(not(feature = "keras"))]
pub(crate) fn execute(shell: &crate::report::Shell, _arguments: &Arguments) -> crate::report::Status {
    shell.usage("this rnnc was built without its feature `keras`, which reads what Keras saves")
}

#[cfg(feature = "keras")]
pub(crate) use with_keras::execute;

#[cfg(feature = "keras")]
mod with_keras {
    use std::path::{Path, PathBuf};

    use rnn_compiler::weights::{self, NamedTensor, Numbers};
    use rnn_compiler::{Code, Diagnostic, Span};
    use safetensors::Dtype;
    use safetensors::tensor::TensorView;

    use super::Arguments;
    use crate::report::{Failure, Shell, Status, counted, say};
    use crate::{files, keras};

    pub(crate) fn execute(shell: &Shell, arguments: &Arguments) -> Status {
        let loaded = match arguments.model.as_deref().map(|path| files::load(shell, path)).transpose() {
            Ok(loaded) => loaded,
            Err(status) => return status,
        };
        match convert(arguments, loaded.as_ref()) {
            Ok((output, tensors)) => {
                say(&format!("{}: {}\n", output.display(), counted(tensors, "tensor")));
                Status::Good
            }
            Err(failure) => shell.fail(&failure),
        }
    }

    fn convert(arguments: &Arguments, loaded: Option<&files::Loaded>) -> Result<(PathBuf, usize), Failure> {
        let name = files::shown(&arguments.file);
        let bytes = files::bytes(&arguments.file)?;
        let model = loaded.map(|loaded| loaded.select(arguments.variable.as_deref())).transpose()?;
        let tensors = keras::read(bytes, model).map_err(|mistake| {
            let mut diagnostic = Diagnostic::new(Code::E506, Span::default(), mistake.title);
            diagnostic.notes.extend(mistake.note);
            Failure::of_file(&name, if let Some(help) = mistake.help { diagnostic.help(help) } else { diagnostic })
        })?;
        // What the model can't use is said now, not when the file is read again.
        if let (Some(model), Some(loaded)) = (model, loaded) {
            weights::bind(model, &tensors)
                .map_err(|diagnostics| Failure { source: loaded.source.clone(), diagnostics })?;
        }
        let output = arguments.output.clone().unwrap_or_else(|| beside(&arguments.file));
        files::write(&output, &serialized(&name, &tensors)?)?;
        Ok((output, tensors.len()))
    }

    /// `tagger.safetensors` of `tagger.keras` and `tagger.weights.h5`.
    fn beside(path: &Path) -> PathBuf {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = [".weights.h5", ".keras", ".h5"].iter().find_map(|ending| name.strip_suffix(ending));
        path.with_file_name(format!("{}.safetensors", stem.unwrap_or(&name)))
    }

    fn serialized(name: &str, tensors: &[NamedTensor]) -> Result<Vec<u8>, Failure> {
        let is_double = |tensor: &NamedTensor| tensor.values.as_ref().is_ok_and(Numbers::is_double);
        let bytes = |tensor: &NamedTensor| match &tensor.values {
            Ok(values) if values.is_double() => values.wide().iter().flat_map(|value| value.to_le_bytes()).collect(),
            Ok(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Err(_) => Vec::new(),
        };
        let bytes: Vec<Vec<u8>> = tensors.iter().map(bytes).collect();
        let views: Result<Vec<_>, _> = tensors
            .iter()
            .zip(&bytes)
            .map(|(tensor, bytes)| {
                let shape = tensor.shape.iter().map(|&size| usize::try_from(size).unwrap_or(usize::MAX)).collect();
                TensorView::new(if is_double(tensor) { Dtype::F64 } else { Dtype::F32 }, shape, bytes)
                    .map(|view| (tensor.name.clone(), view))
            })
            .collect();
        views.and_then(|views| safetensors::serialize(views, None)).map_err(|error| {
            Failure::of_file(name, Diagnostic::new(Code::E502, Span::default(), format!("no safetensors: {error}")))
        })
    }

    #[cfg(test)]
    mod tests {
        use super::beside;

        #[test]
        fn the_output_stands_beside_the_input() {
            assert_eq!(beside("a/b.weights.h5".as_ref()).to_str(), Some("a/b.safetensors"));
            assert_eq!(beside("b.keras".as_ref()).to_str(), Some("b.safetensors"));
            assert_eq!(beside("b".as_ref()).to_str(), Some("b.safetensors"));
        }
    }
}
