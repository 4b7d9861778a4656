//! Which file holds which of a model's inputs.

use std::path::{Path, PathBuf};

use rnn_compiler::model::CompiledModel;
use rnn_compiler::{Code, Diagnostic, Span};

use super::fit;
use crate::arrays::{self, Array};
use crate::files;
use crate::report::Failure;

/// The data of every input, batch first.
pub(super) struct Data {
    /// The files' names as they are shown.
    pub(super) names: Vec<String>,
    pub(super) arrays: Vec<Array>,
    /// Whether it was one sample without a batch axis.
    pub(super) is_single: bool,
}

/// Reads the data of every input from the given files: `FILE`, or `NAME=FILE` for one of several.
pub(super) fn read(model: &CompiledModel, given: &[PathBuf], key: Option<&str>) -> Result<Data, Failure> {
    let chosen = match (model.input_names.as_slice(), given) {
        ([_], [path]) => {
            let path = named(path, &model.input_names).map_or(path.as_path(), |(_, path)| path);
            let name = files::shown(path);
            let array = fit::chosen(&name, arrays::read(path)?, key)?;
            vec![(name, array)]
        }
        (_, [path]) if named(path, &model.input_names).is_none() => of_one_file(model, path)?,
        _ => of_files(model, given)?,
    };
    let mut data = Data { names: Vec::new(), arrays: Vec::new(), is_single: true };
    let mut are_single = Vec::new();
    for ((name, array), shape) in chosen.into_iter().zip(model.input_shapes()) {
        let (array, is_single) = fit::batch(&name, array, shape)?;
        are_single.push(is_single);
        data.names.push(name);
        data.arrays.push(array);
    }
    data.is_single = are_single.iter().all(|&is_single| is_single);
    let samples = data.arrays[0].shape[0];
    match data.arrays.iter().position(|array| array.shape[0] != samples) {
        None => Ok(data),
        Some(other) => {
            let title = format!(
                "the inputs have different numbers of samples: `{}` {samples}, `{}` {}",
                model.input_names[0], model.input_names[other], data.arrays[other].shape[0]
            );
            Err(refusal(&data.names[other], title, "every input has a row for each sample"))
        }
    }
}

/// `NAME=FILE`, where an input has this name.
fn named<'a>(given: &'a Path, inputs: &[String]) -> Option<(usize, &'a Path)> {
    let (name, file) = given.to_str()?.split_once('=')?;
    Some((inputs.iter().position(|input| input == name)?, Path::new(file)))
}

/// All inputs by their names in one file.
fn of_one_file(model: &CompiledModel, path: &Path) -> Result<Vec<(String, Array)>, Failure> {
    let file = files::shown(path);
    let mut contents = arrays::read(path)?;
    let all = list(contents.arrays.iter().map(|(name, _)| name.as_str()));
    let arrays = model.input_names.iter().map(|input| {
        let place = contents.arrays.iter().position(|(name, _)| name == input);
        let Some(place) = place else {
            let title = format!("`{file}` holds no array for the input `{input}`");
            let wanted = list(model.input_names.iter().map(String::as_str));
            let help = format!("the model reads {wanted}, the file holds {all}; or give `--input NAME=FILE` for each");
            return Err(refusal(&file, title, &help));
        };
        Ok((file.clone(), contents.arrays.swap_remove(place).1))
    });
    arrays.collect()
}

/// Each input from its own file.
fn of_files(model: &CompiledModel, given: &[PathBuf]) -> Result<Vec<(String, Array)>, Failure> {
    let mut arrays: Vec<Option<(String, Array)>> = vec![None; model.input_names.len()];
    for path in given {
        let file = files::shown(path);
        let Some((place, path)) = named(path, &model.input_names) else {
            let names = list(model.input_names.iter().map(String::as_str));
            let title = format!("`--input {file}` names none of the model's inputs");
            return Err(refusal(&file, title, &format!("write `--input NAME=FILE` for each of {names}")));
        };
        let file = files::shown(path);
        let input = &model.input_names[place];
        if arrays[place].is_some() {
            return Err(refusal(&file, format!("the input `{input}` is given twice"), "leave one of them out"));
        }
        let contents = arrays::read(path)?;
        let key = contents.arrays.iter().any(|(name, _)| name == input).then_some(input.as_str());
        arrays[place] = Some((file.clone(), fit::chosen(&file, contents, key)?));
    }
    let found = arrays.into_iter().zip(&model.input_names).map(|(array, input)| {
        array.ok_or_else(|| {
            let title = format!("the input `{input}` is not given");
            refusal(&files::shown(&given[0]), title, &format!("add `--input {input}=FILE`"))
        })
    });
    found.collect()
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn refusal(file: &str, title: String, help: &str) -> Failure {
    Failure::of_file(file, Diagnostic::new(Code::E504, Span::default(), title).help(help))
}
