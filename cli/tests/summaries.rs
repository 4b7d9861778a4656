//! Tables and JSON against what real Keras printed: `tests/goldens`.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use rnn_compiler::summary::{self, SummaryModel, Widths};
use rnn_compiler::{Compiled, Source};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens").join(name)
}

fn texts(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "rnn")).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn compiled(path: &Path) -> Compiled {
    let compiled =
        rnn_compiler::compile(&Source::new(path.display().to_string(), std::fs::read_to_string(path).unwrap()));
    assert!(!compiled.has_errors(), "{}: {:?}", path.display(), compiled.diagnostics);
    compiled
}

fn tables(compiled: &Compiled, columns: usize) -> String {
    let widths = Widths { terminal: columns, console: columns };
    compiled.listed().into_iter().map(|model| summary::table(&SummaryModel::of(model), widths)).collect()
}

fn assert_json(compiled: &Compiled, path: &Path) {
    let models: Vec<SummaryModel> = compiled.listed().into_iter().map(SummaryModel::of).collect();
    let ours: serde_json::Value = serde_json::from_str(&summary::json(&models)).unwrap();
    let expected = std::fs::read_to_string(path.with_extension("json")).unwrap();
    let keras: serde_json::Value = serde_json::from_str(&expected).unwrap();
    assert_eq!(ours, keras, "{}", path.display());
}

#[test]
fn tables_of_every_width_are_those_of_keras() {
    for path in texts(&folder("summary")) {
        let compiled = compiled(&path);
        for columns in [40, 60, 80, 100, 120] {
            let expected = path.with_extension(format!("{columns}.txt"));
            let Ok(expected) = std::fs::read_to_string(expected) else { continue };
            assert_eq!(tables(&compiled, columns), expected, "{} at {columns}", path.display());
        }
        assert_json(&compiled, &path);
    }
}

#[test]
fn tables_of_every_layer_are_those_of_keras() {
    for path in texts(&folder("layers")) {
        let compiled = compiled(&path);
        let expected = std::fs::read_to_string(path.with_extension("summary.txt")).unwrap();
        assert_eq!(tables(&compiled, 80), expected, "{}", path.display());
        assert_json(&compiled, &path);
    }
}
