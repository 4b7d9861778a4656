//! Hostile texts: the limits hold, nothing overflows a small stack, and time grows with the length only.

use std::time::{Duration, Instant};

use super::{mistakes, read};
use crate::{Code, MAX_TEXT, Parsed};

/// Reads a text on a stack of 512 KiB.
fn on_small_stack(text: String) -> Parsed {
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(move || read(&text).1);
    thread.unwrap().join().unwrap()
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("x = {}1{}\ny = 2\n", open.repeat(depth), close.repeat(depth))
}

#[test]
fn a_hundred_levels_are_read_on_a_small_stack() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("f(", ")"), ("f(a=", ")"), ("{1: ", "}"), ("a[", "]"), ("a[1:2:", "]")]
    {
        let parsed = on_small_stack(nested(open, close, 100));
        assert_eq!(parsed.diagnostics, [], "for {open}");
        assert_eq!(parsed.file.statements.len(), 2);
        let parsed = on_small_stack(nested(open, close, 101));
        let codes: Vec<_> = parsed.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, [Code::E012], "for {open}");
        assert_eq!(parsed.file.statements.len(), 1, "the next line is read");
    }
    let targets = format!("for {}x{} in y: pass\n", "(".repeat(100), ")".repeat(100));
    assert_eq!(on_small_stack(targets).diagnostics, []);
}

#[test]
fn loops_nest_a_hundred_levels() {
    let nest = |depth: usize| {
        let heads: String = (0..depth).map(|level| format!("{}for i in x:\n", " ".repeat(level))).collect();
        format!("{heads}{}pass\ny = 2\n", " ".repeat(depth))
    };
    assert_eq!(on_small_stack(nest(100)).diagnostics, []);
    let parsed = on_small_stack(nest(101));
    assert_eq!(parsed.diagnostics.len(), 1);
    assert_eq!(parsed.diagnostics[0].code, Code::E012);
}

#[test]
fn chains_are_limited_without_recursion() {
    for (begin, link) in [
        ("x = ", "-"),
        ("x = ", "not "),
        ("x = 1", "+1"),
        ("x = 1", "**1"),
        ("x = a", ".a"),
        ("x = f", "()"),
        ("x = a", "[0]"),
    ] {
        let text = |n: usize| format!("{begin}{}{}", link.repeat(n), if link.ends_with(['-', ' ']) { "1" } else { "" });
        assert_eq!(on_small_stack(text(150)).diagnostics, [], "for {link:?}");
        let codes: Vec<_> = on_small_stack(text(20_000)).diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, [Code::E012], "for {link:?}");
    }
    for link in [" and 1", " or 1", " < 1", ", 1"] {
        assert_eq!(on_small_stack(format!("x = 1{}", link.repeat(20_000))).diagnostics, [], "for {link:?}");
    }
    assert_eq!(on_small_stack(format!("x = 1{}", " if 1 else 1".repeat(20_000))).diagnostics.len(), 1);
    assert_eq!(on_small_stack(format!("{}1", "a = ".repeat(20_000))).diagnostics, []);
}

#[test]
fn a_text_that_is_too_long_is_refused() {
    assert_eq!(mistakes(&"#".repeat(MAX_TEXT)), Vec::<String>::new());
    assert_eq!(mistakes(&"#".repeat(MAX_TEXT + 1)), ["E011 1:1 <>"]);
}

/// A debug build reads 32 KiB of anything in well under a second; what grows faster than the text takes minutes.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn hostile_texts_end_soon() {
    for piece in [
        "(",
        "[",
        "{",
        ")",
        "\"",
        "'",
        "\"'",
        "a.",
        "f(",
        "x[",
        "for x in y:",
        "for x in y:\n",
        "-",
        "not ",
        "+1",
        "**",
        "<1",
        ",",
        "f(1 ",
        ";",
        "\n",
        "(\n",
        "(\nx\n",
        "x = (\n",
        "1__0\n",
        "$",
        "$ ",
        "“",
        "“‘",
        "\\",
        "\\\n",
        "\\ ",
        "'\\q",
        "'\\N",
        "'a'",
        "import ",
        "from ",
        "if ",
        " if 1 else ",
        "lambda: ",
        "[x for x in ",
        "f(*",
        "=",
        "(a:=",
        "{1:",
        "{1,",
        "x = 'a\n",
        "f''",
        "(]",
        "([",
        "（",
        "Ａ",
        " ",
        "\t",
        "\r",
        "\u{C}",
        "def f():\n",
        "@a\n",
        "elif\n",
        " x\n",
        "0x",
        "é",
        "'''",
        "# \"",
        "->",
        "x:",
    ] {
        let started = Instant::now();
        on_small_stack(piece.repeat((32 << 10) / piece.len()));
        assert!(started.elapsed() < PATIENCE, "{piece:?} took {:?}", started.elapsed());
    }
}
