//! Text to tokens: Python's words, numbers, strings, operators and line ends, without comments and blanks.
//!
//! The tokens serve to cut the text into lines ([`crate::lines`]) and to explain errors ([`crate::diagnose`]); pest reads
//! the text itself. Mistakes inside one token are reported here and mended by a patch, so that pest never meets them.

use crate::lookalike::{meant, shown};
use crate::number::{self, Problem};
use crate::parser::{is_name_continue, is_name_start};
use crate::patch::Patch;
use crate::{Code, Diagnostic, Span};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name or a keyword.
    Word,
    Number,
    String,
    Operator,
    Open,
    Close,
    /// The end of a line; several blank lines are one.
    Newline,
}

/// A token at its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
    /// The character of a bracket or of an operator of one character, else `\0`.
    pub(crate) symbol: char,
}

/// The tokens, and the mistakes in them.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Operators of two and three characters, the long ones first.
const OPERATORS: &[&str] = &[
    "...", "**=", "//=", ">>=", "<<=", "**", "//", ">>", "<<", ":=", "->", "==", "!=", "<=", ">=", "<>", "+=", "-=",
    "*=", "/=", "%=", "@=", "&=", "|=", "^=", "&&", "||",
];

/// Cuts a text into tokens, in one pass.
pub(crate) fn lex(text: &str) -> Lexed {
    let mut lexer = Lexer { text, at: 0, depth: 0, lexed: Lexed::default() };
    if text.starts_with('\u{FEFF}') {
        lexer.at = '\u{FEFF}'.len_utf8();
    }
    while lexer.at < text.len() {
        lexer.token();
    }
    lexer.newline(text.len());
    lexer.lexed
}

pub(crate) struct Lexer<'t> {
    pub(crate) text: &'t str,
    pub(crate) at: usize,
    /// How many brackets are open: an unclosed string gives as many closing ones back.
    pub(crate) depth: usize,
    pub(crate) lexed: Lexed,
}

impl Lexer<'_> {
    fn token(&mut self) {
        let start = self.at;
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else { return };
        match first {
            ' ' | '\t' | '\u{0C}' => self.at += 1,
            '\n' | '\r' => {
                self.at += if rest.starts_with("\r\n") { 2 } else { 1 };
                self.newline(start);
            }
            '#' => self.at += line_length(rest),
            '\\' => self.continuation(),
            '"' | '\'' => self.string(start),
            '0'..='9' => self.number(),
            '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => self.number(),
            '(' | '[' | '{' => self.bracket(TokenKind::Open, first, 1),
            ')' | ']' | '}' => self.bracket(TokenKind::Close, first, 1),
            _ if first.is_ascii_alphabetic() || first == '_' => self.word(),
            _ if first.is_ascii() => self.operator(first),
            _ => self.foreign(first),
        }
    }

    pub(crate) fn push(&mut self, kind: TokenKind, start: usize, symbol: char) {
        self.lexed.tokens.push(Token { kind, span: Span::new(start, self.at), symbol });
    }

    fn newline(&mut self, at: usize) {
        if self.lexed.tokens.last().is_some_and(|token| token.kind != TokenKind::Newline) {
            self.lexed.tokens.push(Token { kind: TokenKind::Newline, span: Span::new(at, at), symbol: '\0' });
        }
    }

    fn bracket(&mut self, kind: TokenKind, symbol: char, length: usize) {
        let start = self.at;
        self.at += length;
        self.depth = if kind == TokenKind::Open { self.depth + 1 } else { self.depth.saturating_sub(1) };
        self.push(kind, start, symbol);
    }

    fn operator(&mut self, first: char) {
        let start = self.at;
        let rest = &self.text[start..];
        if matches!(first, '`' | '$' | '?') || first.is_ascii_control() {
            return self.foreign(first);
        }
        let long = OPERATORS.iter().find(|operator| rest.starts_with(**operator));
        self.at += long.map_or(1, |operator| operator.len());
        self.push(TokenKind::Operator, start, if long.is_some() { '\0' } else { first });
    }

    /// A backslash joins this line and the next, where nothing stands between it and the line's end.
    fn continuation(&mut self) {
        let start = self.at;
        let rest = &self.text[start + 1..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\u{0C}']).len();
        let behind = &rest[blanks..];
        let end_length = if behind.starts_with("\r\n") { 2 } else { usize::from(behind.starts_with(['\n', '\r'])) };
        self.at += 1;
        if end_length > 0 {
            self.at += blanks + end_length;
        }
        if end_length > 0 && blanks == 0 && !behind[end_length..].is_empty() {
            return;
        }
        let backslash = Span::new(start, start + 1);
        let diagnostic = if end_length > 0 && blanks > 0 {
            let blank = Span::new(start + 1, start + 1 + blanks);
            self.lexed.patches.push(Patch::new(blank, ""));
            Diagnostic::new(Code::E001, blank, "blanks stand between `\\` and the end of the line")
                .at("the line goes on only right behind `\\`")
                .fix("remove them", blank, "")
        } else {
            self.lexed.patches.push(Patch::new(backslash, " "));
            Diagnostic::new(Code::E001, backslash, "`\\` stands where no line goes on")
                .at("it joins two lines, as the last character of the first")
                .fix("remove it", backslash, "")
        };
        self.lexed.diagnostics.push(diagnostic);
    }

    /// A name, a keyword, or the letters before a string.
    fn word(&mut self) {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find(|character| !is_name_continue(character)).unwrap_or(rest.len());
        let is_prefix = length <= 2 && rest[length..].starts_with(['"', '\'']) && is_string_prefix(&rest[..length]);
        self.at += length;
        if is_prefix {
            return self.string(start);
        }
        self.push(TokenKind::Word, start, '\0');
        self.wide_letters(start, length);
    }

    /// Reports full-width letters within a name, which Python would take for the plain ones.
    fn wide_letters(&mut self, start: usize, length: usize) {
        let word = &self.text[start..start + length];
        if word.is_ascii() || !word.chars().any(|letter| ('\u{FF01}'..='\u{FF5E}').contains(&letter)) {
            return;
        }
        let plain: String =
            word.chars().map(|letter| meant(letter).map_or(letter.to_string(), str::to_owned)).collect();
        self.stray(Span::new(start, start + length), &format!("`{word}`"), Some(&plain));
    }

    fn number(&mut self) {
        let start = self.at;
        let length = number::length(&self.text[start..]);
        self.at += length;
        self.push(TokenKind::Number, start, '\0');
        let span = Span::new(start, self.at);
        let Err(problem) = number::value(&self.text[start..self.at]) else { return };
        self.lexed.diagnostics.push(number_problem(span, &self.text[start..self.at], problem));
        self.lexed.patches.push(Patch::new(span, "0"));
    }

    /// A character that the language does not have: a letter of another script, a lookalike, or noise.
    fn foreign(&mut self, first: char) {
        if !first.is_ascii() && is_name_start(first) && meant(first).is_none() {
            return self.word();
        }
        if crate::lookalike::is_quote(first) && self.typographic_string(first) {
            return;
        }
        let start = self.at;
        let meant = meant(first);
        match meant.map(|meant| (meant, meant.chars().next().unwrap_or(' '))) {
            Some((_, letter)) if letter.is_ascii_alphanumeric() => return self.wide_word(letter),
            Some((_, symbol @ ('(' | '[' | '{'))) => self.bracket(TokenKind::Open, symbol, first.len_utf8()),
            Some((_, symbol @ (')' | ']' | '}'))) => self.bracket(TokenKind::Close, symbol, first.len_utf8()),
            Some((text, symbol)) if !text.trim().is_empty() && !matches!(symbol, '"' | '\'') => {
                self.at += first.len_utf8();
                self.push(TokenKind::Operator, start, if text.len() == 1 { symbol } else { '\0' });
            }
            _ => self.at += first.len_utf8(),
        }
        self.stray(Span::new(start, self.at), &shown(first), meant.filter(|meant| !meant.contains(['"', '\''])));
    }

    /// A name or a number that begins with a full-width letter or digit.
    fn wide_word(&mut self, letter: char) {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find(|character| !is_name_continue(character)).unwrap_or(rest.len());
        self.at += length;
        let kind = if letter.is_ascii_digit() { TokenKind::Number } else { TokenKind::Word };
        self.push(kind, start, '\0');
        let plain: String =
            rest[..length].chars().map(|each| meant(each).map_or(each.to_string(), str::to_owned)).collect();
        let is_sound = kind == TokenKind::Word || number::value(&plain).is_ok();
        self.stray(Span::new(start, self.at), &format!("`{}`", &rest[..length]), Some(&plain));
        if let Some(patch) = self.lexed.patches.last_mut().filter(|_| !is_sound) {
            patch.text = "0".to_owned();
        }
    }

    /// Reports a character that is not in the language; neighbours of one kind share one report.
    fn stray(&mut self, span: Span, shown: &str, meant: Option<&str>) {
        let replacement = meant.unwrap_or("");
        self.lexed.patches.push(Patch::new(span, if replacement.is_empty() { " " } else { replacement }));
        if self.extend_stray(span, replacement) {
            return;
        }
        let diagnostic = Diagnostic::new(Code::E008, span, format!("{shown} is not part of the language"));
        self.lexed.diagnostics.push(match meant {
            Some("") => diagnostic.fix("remove it", span, ""),
            Some(" ") => diagnostic.fix("write a plain blank", span, " "),
            Some(meant) => diagnostic.fix(format!("write `{meant}`"), span, meant),
            None => diagnostic.fix("remove it", span, ""),
        });
    }

    fn extend_stray(&mut self, span: Span, replacement: &str) -> bool {
        let Some(last) = self.lexed.diagnostics.last_mut() else { return false };
        if last.code != Code::E008 || last.primary.span.end != span.start {
            return false;
        }
        let Some(help) = last.helps.first_mut() else { return false };
        let Some(edit) = help.edits.first_mut().filter(|edit| edit.span == last.primary.span) else { return false };
        edit.text.push_str(replacement);
        // A long run keeps the words of its beginning: to write all of them again with each character would take long.
        if edit.text.len() <= 40 {
            let is_blank = edit.text.trim().is_empty();
            help.text = if is_blank { "remove them".to_owned() } else { format!("write `{}`", edit.text) };
        }
        edit.span.end = span.end;
        last.primary.span.end = span.end;
        true
    }
}

/// How far the line that begins `text` reaches.
pub(crate) fn line_length(text: &str) -> usize {
    text.find(['\n', '\r']).unwrap_or(text.len())
}

fn is_string_prefix(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    matches!(lower.as_str(), "r" | "u" | "b" | "f" | "t" | "br" | "rb" | "fr" | "rf" | "tr" | "rt")
}

fn number_problem(span: Span, text: &str, problem: Problem) -> Diagnostic {
    let shown = if text.len() > 40 { format!("{}…", &text[..40]) } else { text.to_owned() };
    match problem {
        Problem::TooLarge => Diagnostic::new(Code::E010, span, "the integer is too large")
            .at("integers have at most 127 bits")
            .help("write it as a float, such as `1e40`, if it need not be exact"),
        Problem::LeadingZero => {
            let plain = text.trim_start_matches(['0', '_']);
            Diagnostic::new(Code::E009, span, format!("`{shown}` begins with a zero"))
                .fix("decimal numbers begin with another digit", span, plain)
                .help(format!("an octal number is written `0o{plain}`"))
        }
        Problem::Imaginary => Diagnostic::new(Code::E009, span, format!("`{shown}` is a complex number"))
            .help("the language has integers and floats"),
        Problem::Underscore => {
            Diagnostic::new(Code::E009, span, format!("`{shown}` has an underscore at a wrong place"))
                .at("`_` stands between two digits, one at a time")
        }
        Problem::Malformed => Diagnostic::new(Code::E009, span, format!("`{shown}` is not a number"))
            .help("numbers are written like `64`, `1_000`, `0x2a`, `0.5` or `1e-3`; names begin with a letter"),
    }
}
