//! The pages of the codes: each has its heading, and its examples fail and succeed as they say, as far as syntax goes.

use super::{mistakes, read};
use crate::Code;

/// The example below a heading.
fn example<'p>(page: &'p str, heading: &str) -> Option<&'p str> {
    let (_, behind) = page.split_once(&format!("## {heading}\n"))?;
    let (_, behind) = behind.split_once("```rnn\n")?;
    behind.split_once("```").map(|(example, _)| example)
}

fn is_syntax(code: &Code) -> bool {
    code.as_str()[1..].starts_with('0')
}

#[test]
fn every_syntax_page_has_its_title_and_examples() {
    let without_text = [Code::E002, Code::E011, Code::E022];
    for code in Code::ALL.iter().filter(|code| is_syntax(code)) {
        let page = code.page();
        assert!(page.starts_with(&format!("# {code}: {}\n", code.meaning())), "{code}'s title is not its meaning");
        let has_examples = example(page, "Fails").is_some() && example(page, "Repaired").is_some();
        assert_eq!(has_examples, !without_text.contains(code), "{code}'s examples");
    }
}

#[test]
fn every_failing_example_fails_with_its_code() {
    for code in Code::ALL.iter().filter(|code| is_syntax(code)) {
        let Some(text) = example(code.page(), "Fails") else { continue };
        let (_, parsed) = read(text);
        assert!(parsed.diagnostics.iter().all(|diagnostic| diagnostic.code == *code), "{code}: {:?}", mistakes(text));
        assert!(!parsed.diagnostics.is_empty(), "{code}'s example has no mistake");
    }
}

#[test]
fn every_repaired_example_is_read() {
    for code in Code::ALL {
        if let Some(text) = example(code.page(), "Repaired") {
            assert_eq!(mistakes(text), Vec::<String>::new(), "in {code}'s repaired example");
        }
    }
}
