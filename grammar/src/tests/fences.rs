//! Random texts: whatever stands in one, reading it ends, and what it gives is consistent.

use proptest::prelude::*;

use super::{print, read};
use crate::{Parsed, Source, Span, decode, parse};

/// Pieces that make texts which come close to being models.
const PIECES: &[&str] = &[
    "model", ".", "add", "(", ")", "[", "]", "{", "}", "LSTM", "3", "0x1f", "1.5", ",", "=", "==", ":", "\n", "\n    ",
    "\n\t", " ", "for", " in ", "if ", " else ", "not ", "and", "\"a\"", "'", "\"", "#", "\\\n", "\\", ";", "+", "-",
    "*", "**", "//", "import ", "from ", "as ", "assert ", "def ", "class ", "lambda ", "pass", "...", "“", "”", "，",
    "ä", "🙂", "1__0", "+=", "r'\\'", "\r\n", "$",
];

fn is_sound(source: &Source, parsed: &Parsed) -> Result<(), TestCaseError> {
    let text = source.text();
    let fits = |span: Span| {
        span.start <= span.end
            && span.end <= text.len()
            && text.is_char_boundary(span.start)
            && text.is_char_boundary(span.end)
    };
    for diagnostic in &parsed.diagnostics {
        prop_assert!(fits(diagnostic.primary.span), "{diagnostic:?}");
        prop_assert!(diagnostic.labels.iter().all(|label| fits(label.span)), "{diagnostic:?}");
        let mut edits = diagnostic.helps.iter().flat_map(|help| &help.edits);
        prop_assert!(edits.all(|edit| fits(edit.span)), "{diagnostic:?}");
        prop_assert!(!diagnostic.title.is_empty());
    }
    prop_assert!(parsed.file.statements.iter().all(|statement| fits(statement.span)));
    prop_assert!(parsed.diagnostics.is_sorted_by_key(|diagnostic| diagnostic.primary.span));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_text_is_read(text in "\\PC{0,80}") {
        let (source, parsed) = read(&text);
        is_sound(&source, &parsed)?;
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        if let Ok(source) = decode("a.rnn", &bytes) {
            is_sound(&source, &parse(&source))?;
        }
    }

    #[test]
    fn pieces_are_read(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60)) {
        let (source, parsed) = read(&pieces.concat());
        is_sound(&source, &parsed)?;
        if parsed.diagnostics.is_empty() {
            let printed = print::file(&parsed.file);
            prop_assert_eq!(super::shown(&printed), printed);
        }
    }

    #[test]
    fn expressions_are_read_as_they_are_printed(text in expression()) {
        let once = super::shown(&text);
        prop_assert_eq!(super::shown(&once), once);
    }
}

/// The text of a random expression, without mistakes.
fn expression() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec![
        "a", "1", "2.5", "'s'", "True", "None", "()", "[]", "{}", "...", "not_a", "0x10",
    ]);
    let operator = proptest::sample::select(vec![
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "@",
        "&",
        "|",
        "^",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "is",
        "is not",
        "in",
        "not in",
        "and",
        "or",
        "if a else",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 40, 3, move |inner| {
        prop_oneof![
            (inner.clone(), operator.clone(), inner.clone())
                .prop_map(|(left, sign, right)| format!("{left} {sign} {right}")),
            inner.clone().prop_map(|value| format!("-({value})")),
            inner.clone().prop_map(|value| format!("~{value}")),
            inner.clone().prop_map(|value| format!("(not {value})")),
            inner.clone().prop_map(|value| format!("({value})")),
            inner.clone().prop_map(|value| format!("({value}).b")),
            (inner.clone(), inner.clone()).prop_map(|(first, second)| format!("f({first}, k={second})")),
            (inner.clone(), inner.clone()).prop_map(|(first, second)| format!("[{first}, {second}]")),
            (inner.clone(), inner).prop_map(|(from, to)| format!("(a)[{from}:{to}]")),
        ]
    })
}
