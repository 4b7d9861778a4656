//! Python's statements that the language does not have: each recognised by its first word, with what to write instead.

use crate::lexer::{Token, TokenKind};
use crate::{Code, Diagnostic};

/// A statement of Python's that is refused as a whole.
#[derive(Debug)]
pub(crate) struct Foreign {
    pub(crate) diagnostic: Diagnostic,
    /// Words that go on the same statement with a block of their own, such as `else`.
    pub(crate) sequels: &'static [&'static str],
}

/// Recognises a statement by its tokens; nothing for one that may be of this language.
pub(crate) fn recognise(text: &str, tokens: &[Token], is_head: bool) -> Option<Foreign> {
    let first = tokens.first()?;
    let slice = |token: &Token| &text[token.span.start..token.span.end];
    let word = slice(first);
    if first.kind == TokenKind::Operator {
        return operator(text, *first, is_head || tokens.len() > 1);
    }
    if first.kind != TokenKind::Word {
        return None;
    }
    let is_main = tokens.get(1).is_some_and(|second| slice(second) == "__name__");
    let help = match word {
        "if" if is_main => "leave it out: a `.rnn` file has no main part, its statements stand at the margin",
        "if" => "choose a value with `a if condition else b`, or demand a condition with `assert`",
        _ => advice(word).or_else(|| soft(word, text, tokens, is_head))?,
    };
    let diagnostic = Diagnostic::new(Code::E017, first.span, format!("`{word}` is not in the language")).help(help);
    Some(Foreign { diagnostic, sequels: sequels(word) })
}

/// What to write instead of a statement that begins with this keyword.
fn advice(word: &str) -> Option<&'static str> {
    Some(match word {
        "def" => "write the layers down one after another; a `for` loop repeats them",
        "class" => "models are made by `Sequential` or `Model`, not by classes of their own",
        "elif" | "else" => "choose a value with `a if condition else b`; a `for` loop has no `else`",
        "while" => "write `for step in range(n):`, which ends",
        "with" => "write its body at the margin: no device, scope or file is opened when a model is compiled",
        "try" | "except" | "finally" | "raise" => "leave it out: the compiler reports every mistake at its place",
        "async" | "await" => "leave it out: everything runs once, in order, when the model is compiled",
        "return" | "yield" => "there are no functions: give the value a name, `x = …`",
        "break" | "continue" => "loop over exactly what is needed, such as `range(3)` or a list",
        "del" => "leave it out: names may be bound again, and cost nothing",
        "global" | "nonlocal" => "leave it out: all names of a file are in one scope",
        "lambda" => "there are no functions: write the expression where it is used",
        _ => return None,
    })
}

/// Words that are statements only in some places: `match x:`, `print x`, `type X = …`.
fn soft(word: &str, text: &str, tokens: &[Token], is_head: bool) -> Option<&'static str> {
    let second = tokens.get(1)?;
    let is_value = matches!(second.kind, TokenKind::Word | TokenKind::Number | TokenKind::String);
    let operators = ["in", "is", "and", "or", "not", "if"];
    if !is_value || operators.contains(&&text[second.span.start..second.span.end]) {
        return None;
    }
    match word {
        "match" | "case" if is_head || tokens.last().is_some_and(|last| last.symbol == ':') => {
            Some("choose a value with `a if condition else b`")
        }
        "print" => Some("leave it out; `model.summary()` shows a model, and `assert` checks a value"),
        "exec" => Some("leave it out: a model is data, nothing is run"),
        "type" => Some("leave it out: values have their own types"),
        _ => None,
    }
}

/// Lines that begin with an operator and come from elsewhere: decorators, notebooks, comments of other languages.
fn operator(text: &str, first: Token, has_more: bool) -> Option<Foreign> {
    let sign = &text[first.span.start..first.span.end];
    let diagnostic = match sign {
        "@" => Diagnostic::new(Code::E017, first.span, "decorators are not in the language")
            .help("there are no functions and classes to decorate: leave it out"),
        "!" | "%" if has_more => Diagnostic::new(
            Code::E017,
            first.span,
            "commands of a notebook are not in the language",
        )
        .fix("make it a comment", crate::Span::new(first.span.start, first.span.start), "# "),
        "//" => {
            Diagnostic::new(Code::E001, first.span, "`//` does not begin a comment").fix("write `#`", first.span, "#")
        }
        _ => return None,
    };
    Some(Foreign { diagnostic, sequels: if sign == "@" { &["def", "class", "async", "@"] } else { &[] } })
}

fn sequels(word: &str) -> &'static [&'static str] {
    match word {
        "if" => &["elif", "else"],
        "elif" => &["elif", "else"],
        "while" => &["else"],
        "try" | "except" => &["except", "else", "finally"],
        "else" => &["finally"],
        _ => &[],
    }
}
