//! Every mistake as people see it: each `tests/ui/*.rnn` beside the text that `rnnc check` shows for it.
//!
//! `BLESS=1 cargo test -p rnnc --test ui` rewrites the expected texts; read the difference.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use rnn_compiler::{Diagnostic, Source, plan, render};

/// What is said of a text: its diagnostics, and why its models can't become Rust.
fn diagnostics(source: &Source) -> Vec<Diagnostic> {
    let compiled = rnn_compiler::compile(source);
    let plans = compiled.models.iter().filter_map(|model| plan::plan(model).err());
    compiled.diagnostics.iter().cloned().chain(plans.map(|diagnostic| *diagnostic)).collect()
}

fn shown(path: &Path) -> String {
    let name = path.file_name().unwrap().to_string_lossy();
    let (source, diagnostics) = match rnn_grammar::decode(&name, &std::fs::read(path).unwrap()) {
        Ok(source) => {
            let diagnostics = diagnostics(&source);
            (source, diagnostics)
        }
        Err(diagnostic) => (Source::new(name, ""), vec![*diagnostic]),
    };
    diagnostics.iter().map(|diagnostic| render::plain(&source, diagnostic) + "\n\n").collect()
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "rnn")).collect();
    cases.sort();
    cases
}

#[test]
fn every_case_shows_its_expected_text() {
    let is_blessed = std::env::var_os("BLESS").is_some_and(|value| value == "1");
    let mut failures = Vec::new();
    let cases = cases();
    assert!(cases.len() > 80, "only {} cases", cases.len());
    for case in cases {
        let (shown, expected) = (shown(&case), case.with_extension("stderr"));
        if is_blessed {
            std::fs::write(expected, shown).unwrap();
        } else if std::fs::read_to_string(&expected).ok().is_none_or(|text| text != shown) {
            failures.push(format!("{}\n{shown}", case.display()));
        }
    }
    assert!(failures.is_empty(), "{} cases differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn a_case_provokes_the_code_it_is_named_after() {
    for case in cases() {
        let name = case.file_stem().unwrap().to_string_lossy().into_owned();
        let code = name.split('_').next().unwrap().to_uppercase();
        if rnn_compiler::Code::parse(&code).is_some() {
            assert!(shown(&case).contains(&format!("[{code}]")), "{name} does not provoke {code}");
        }
    }
}
