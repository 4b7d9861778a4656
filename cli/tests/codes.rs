//! Every code's page: its form, its failing example and the repaired one, and a UI case beside it.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use rnn_compiler::{Code, Diagnostic, Severity, Source, plan};

/// What is said of a text: its diagnostics, and why its models can't become Rust.
fn diagnostics(text: &str) -> Vec<Diagnostic> {
    let compiled = rnn_compiler::compile(&Source::new("example.rnn", text));
    let plans = compiled.models.iter().filter_map(|model| plan::plan(model).err());
    compiled.diagnostics.iter().cloned().chain(plans.map(|diagnostic| *diagnostic)).collect()
}

/// The text in the fences below a heading of a page.
fn example(code: Code, heading: &str) -> Option<&'static str> {
    let (_, below) = code.page().split_once(&format!("\n## {heading}\n"))?;
    let (_, fenced) = below.split_once("```rnn\n")?;
    fenced.split_once("```").map(|(text, _)| text)
}

#[test]
fn every_page_begins_with_its_code_and_says_something() {
    for &code in Code::ALL {
        let (title, rest) = code.page().split_once('\n').unwrap_or_default();
        let meaning = title.strip_prefix(&format!("# {code}: "));
        assert!(meaning.is_some_and(|meaning| !meaning.is_empty() && !meaning.ends_with('.')), "{code}: `{title}`");
        let prose = rest.split("\n## ").next().unwrap_or_default();
        assert!(prose.trim().len() > 60, "{code} explains nothing");
        let has_examples = example(code, "Fails").is_some() && example(code, "Repaired").is_some();
        assert!(has_examples || code.page().contains("\n## Example"), "{code} has no example");
    }
}

#[test]
fn codes_stand_in_order() {
    let order = |code: &Code| ("EWN".find(&code.as_str()[..1]), code.as_str());
    assert!(Code::ALL.is_sorted_by_key(order), "the rows of code.rs are not sorted");
}

#[test]
fn failing_examples_fail_with_exactly_their_code() {
    for &code in Code::ALL {
        let Some(text) = example(code, "Fails") else { continue };
        let found = diagnostics(text);
        assert!(found.iter().any(|diagnostic| diagnostic.code == code), "{code}: {found:?}");
        let others: Vec<_> =
            found.iter().filter(|other| other.code != code && other.severity == Severity::Error).collect();
        assert!(others.is_empty(), "{code}: {others:?}");
    }
}

#[test]
fn repaired_examples_pass() {
    for &code in Code::ALL {
        let Some(text) = example(code, "Repaired") else { continue };
        let found = diagnostics(text);
        let wrong: Vec<_> = found.iter().filter(|other| other.is_error() || other.code == code).collect();
        assert!(wrong.is_empty(), "{code}: {wrong:?}");
    }
}

#[test]
fn every_code_of_a_text_has_a_ui_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    let lacks_case = |code: &&Code| {
        let prefix = format!("{}_", code.as_str().to_lowercase());
        example(**code, "Fails").is_some() && !names.iter().any(|name| name.starts_with(&prefix))
    };
    let missing: Vec<_> = Code::ALL.iter().filter(lacks_case).collect();
    assert!(missing.is_empty(), "no UI case: {missing:?}");
}
