//! Why a line does not fit the grammar: pest tells where it stops fitting, the tokens around that place tell why.
//!
//! Each explanation comes with a mending where one is obvious, so that what stands behind the mistake is checked too.

mod operand;
mod operator;

use crate::lexer::{self, Token, TokenKind};
use crate::patch::Patch;
use crate::{Code, Diagnostic, Span};

/// What the line was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Statement,
    /// The head of a loop.
    Head,
}

/// A mistake, and what to change to read on.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) diagnostic: Diagnostic,
    pub(crate) repair: Option<Patch>,
}

impl Finding {
    fn hopeless(diagnostic: Diagnostic) -> Self {
        Self { diagnostic, repair: None }
    }

    fn mended(diagnostic: Diagnostic, span: Span, text: &str) -> Self {
        Self { diagnostic, repair: Some(Patch::new(span, text)) }
    }
}

/// Explains why `text` stops fitting at byte `failure`. All places are those of `text`.
pub(crate) fn explain(text: &str, failure: usize, role: Role) -> Finding {
    let mut tokens = lexer::lex(text).tokens;
    tokens.retain(|token| token.kind != TokenKind::Newline);
    let at = tokens.partition_point(|token| token.span.end <= failure);
    let mut brackets = Vec::new();
    for (index, token) in tokens[..at].iter().enumerate() {
        match token.kind {
            TokenKind::Open => brackets.push(index),
            TokenKind::Close => drop(brackets.pop()),
            TokenKind::Word | TokenKind::Number | TokenKind::String | TokenKind::Operator | TokenKind::Newline => {}
        }
    }
    let scene = Scene { text, tokens, at, brackets, role };
    let finding = scene.import().or_else(|| scene.head()).or_else(|| scene.foreign());
    finding.unwrap_or_else(|| if scene.expects_operand() { scene.missing_operand() } else { scene.unexpected() })
}

/// The tokens around the place where a line stops fitting.
struct Scene<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    /// The token that does not fit; one past the last where the line ends too early.
    at: usize,
    /// The brackets that are open there, as token indices.
    brackets: Vec<usize>,
    role: Role,
}

impl<'t> Scene<'t> {
    fn slice(&self, index: usize) -> &'t str {
        self.tokens.get(index).map_or("", |token| &self.text[token.span.start..token.span.end])
    }

    /// The text of the token that does not fit; empty at the line's end.
    fn found(&self) -> &'t str {
        self.slice(self.at)
    }

    fn before(&self) -> &'t str {
        self.at.checked_sub(1).map_or("", |index| self.slice(index))
    }

    /// Where the token is that does not fit; at the line's end, the last character.
    fn place(&self) -> Span {
        self.tokens.get(self.at).map_or_else(|| self.place_before(), |token| token.span)
    }

    /// Where the token before is.
    fn place_before(&self) -> Span {
        self.at.checked_sub(1).and_then(|index| self.tokens.get(index)).map_or(Span::default(), |token| token.span)
    }

    /// The innermost open bracket; `\0` outside of all.
    fn bracket(&self) -> char {
        self.brackets.last().map_or('\0', |&index| self.tokens[index].symbol)
    }

    /// Whether the innermost bracket holds the arguments of a call.
    fn is_call(&self) -> bool {
        self.bracket() == '(' && self.brackets.last().is_some_and(|&index| index > 0 && self.ends_operand(index - 1))
    }

    /// Whether the token with this index can end a value.
    fn ends_operand(&self, index: usize) -> bool {
        match self.tokens.get(index).map(|token| token.kind) {
            Some(TokenKind::Number | TokenKind::String | TokenKind::Close) => true,
            Some(TokenKind::Word) => !is_keyword(self.slice(index)) || is_constant(self.slice(index)),
            Some(TokenKind::Operator) => self.slice(index) == "...",
            Some(TokenKind::Open | TokenKind::Newline) | None => false,
        }
    }

    /// Whether the token with this index can begin a value.
    fn begins_operand(&self, index: usize) -> bool {
        match self.tokens.get(index).map(|token| token.kind) {
            Some(TokenKind::Open) => true,
            Some(TokenKind::Operator) => matches!(self.slice(index), "..."),
            _ => self.ends_operand(index) && self.tokens[index].kind != TokenKind::Close,
        }
    }

    fn expects_operand(&self) -> bool {
        self.at == 0 || !self.ends_operand(self.at - 1)
    }

    fn is_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The token that ends the item around the place: a comma or the closing bracket of the innermost bracket.
    fn item_end(&self) -> usize {
        self.item_end_behind(self.at)
    }

    /// The same, for the token `from` in the same brackets.
    fn item_end_behind(&self, from: usize) -> usize {
        let mut depth = 0_usize;
        for index in from..self.tokens.len() {
            match self.tokens[index].kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close if depth == 0 => return index,
                TokenKind::Close => depth -= 1,
                TokenKind::Operator if depth == 0 && self.tokens[index].symbol == ',' => return index,
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// The token that begins the item around the place.
    fn item_start(&self) -> usize {
        let Some(&bracket) = self.brackets.last() else { return 0 };
        let mut depth = 0_usize;
        for index in (bracket + 1..self.at).rev() {
            match self.tokens[index].kind {
                TokenKind::Close => depth += 1,
                TokenKind::Open => depth = depth.saturating_sub(1),
                TokenKind::Operator if depth == 0 && self.tokens[index].symbol == ',' => return index + 1,
                _ => {}
            }
        }
        bracket + 1
    }

    /// Puts a value in the place of the whole item around the mistake, within brackets.
    fn replace_item(&self, diagnostic: Diagnostic) -> Finding {
        self.replace_item_to(self.item_end(), diagnostic)
    }

    /// The same for an item that ends before the token `end`.
    fn replace_item_to(&self, end: usize, diagnostic: Diagnostic) -> Finding {
        let start = self.item_start();
        if self.brackets.is_empty() || start >= end || self.bracket() == '{' {
            return Finding::hopeless(diagnostic);
        }
        let span = self.tokens[start].span.to(self.tokens[end - 1].span);
        Finding::mended(diagnostic, span, "...")
    }

    /// The range from the place to the end of its item.
    fn rest_of_item(&self) -> Span {
        let end = self.item_end();
        let last = end.checked_sub(1).filter(|&last| last >= self.at).and_then(|last| self.tokens.get(last));
        last.map_or(self.place(), |last| self.place().to(last.span))
    }

    /// Mistakes in `import` and `from`.
    fn import(&self) -> Option<Finding> {
        let first = self.slice(0);
        if !matches!(first, "import" | "from") || self.at == 0 {
            return None;
        }
        let place = self.place();
        let imports = (0..self.at).any(|index| self.slice(index) == "import");
        Some(Finding::hopeless(match (first, self.before(), self.found()) {
            ("from", "from", ".") => {
                Diagnostic::new(Code::E001, place, "an import from a folder is not in the language")
                    .help("import from `keras`, such as `from keras.layers import LSTM`")
            }
            ("import", _, "from") => Diagnostic::new(Code::E001, place, "`from` stands behind `import`")
                .help("write `from module import name`"),
            ("from", _, _) if !imports => Diagnostic::new(Code::E001, place, "`import` is missing")
                .at("here or behind")
                .help("write `from module import name`"),
            (_, _, ".") if first == "from" => Diagnostic::new(Code::E001, place, "imported names have no dots")
                .help("put all but the last part behind `from`"),
            (_, "import", "(") => Diagnostic::new(Code::E001, place, "parentheses stand only in `from … import (…)`"),
            (_, "," | "import" | "as" | "from" | ".", "") => {
                Diagnostic::new(Code::E001, place, format!("a name is missing behind `{}`", self.before()))
            }
            (_, _, word) if is_keyword(word) => keyword_as_name(place, word),
            (_, before, found) if !found.is_empty() => {
                Diagnostic::new(Code::E001, place, format!("`{found}` does not fit behind `{before}`"))
                    .help("imports are written `import keras`, `from keras.layers import LSTM, Dense` or `… as name`")
            }
            _ => Diagnostic::new(Code::E001, place, "the import breaks off here"),
        }))
    }

    /// Mistakes in the head of a loop, outside brackets.
    fn head(&self) -> Option<Finding> {
        if self.role != Role::Head || !self.brackets.is_empty() {
            return None;
        }
        let word_in = (1..self.at).find(|&index| self.slice(index) == "in");
        let place = self.place();
        if word_in.is_none() && self.at > 1 && self.ends_operand(self.at - 1) && self.found() != "," {
            return Some(self.missing_in(place));
        }
        if word_in.is_none() && self.expects_operand() {
            let is_word = is_keyword(self.found()) && self.found() != "in";
            return Some(Finding::hopeless(if is_word {
                keyword_as_name(place, self.found())
            } else {
                Diagnostic::new(Code::E001, place, "a name is missing behind `for`")
                    .help("write `for name in range(n):`")
            }));
        }
        if word_in.is_some() && !self.expects_operand() && (self.is_end() || self.begins_operand(self.at)) {
            return Some(self.missing_colon());
        }
        None
    }

    fn missing_in(&self, place: Span) -> Finding {
        let diagnostic = Diagnostic::new(Code::E001, place, "`in` is missing");
        let help = "write `for name in range(n):`";
        if matches!(self.found(), "=" | "of" | ":=") || (self.found() == ":" && !self.is_last()) {
            return Finding::mended(diagnostic.fix(help, place, "in"), place, " in ");
        }
        if self.begins_operand(self.at) {
            let gap = Span::new(place.start, place.start);
            return Finding::mended(diagnostic.fix(help, gap, "in "), gap, "in ");
        }
        Finding::hopeless(diagnostic.help(help))
    }

    fn is_last(&self) -> bool {
        self.at + 1 >= self.tokens.len()
    }

    fn missing_colon(&self) -> Finding {
        let before = self.place_before();
        let title = "`:` is missing at the end of the loop's head";
        let diagnostic = Diagnostic::new(Code::E007, before, title).fix("write it", before.after(), ":");
        let rest = Span::new(before.end, self.tokens.last().map_or(before.end, |last| last.span.end));
        Finding::mended(diagnostic, rest, ":")
    }
}

/// A word that is reserved, where a name should be.
fn keyword_as_name(place: Span, word: &str) -> Diagnostic {
    Diagnostic::new(Code::E001, place, format!("`{word}` is a reserved word and can't be a name")).fix(
        "add an underscore",
        place,
        format!("{word}_"),
    )
}

/// Python's reserved words.
fn is_keyword(word: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
        "False", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "None", "nonlocal", "not",
        "or", "pass", "raise", "return", "True", "try", "while", "with", "yield",
    ];
    KEYWORDS.contains(&word)
}

fn is_constant(word: &str) -> bool {
    matches!(word, "True" | "False" | "None")
}
