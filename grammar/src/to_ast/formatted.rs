//! f-strings: texts and values in turn. Each value is an expression of its own, read where it stands.

use super::Builder;
use crate::ast::{Expression, Piece};
use crate::parser::{self, Node, Rule};
use crate::patch::Patched;
use crate::{Code, Diagnostic, Span};

/// The pieces of literals side by side, of which one at least is an f-string.
#[derive(Debug, Default)]
pub(super) struct Formatted {
    pub(super) pieces: Vec<Piece>,
    /// How deep the values are.
    pub(super) depth: u32,
    is_any: bool,
}

impl Formatted {
    /// Adds text, to the text before it if there is some.
    pub(super) fn push(&mut self, text: String) {
        match self.pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(&text),
            _ if text.is_empty() => {}
            _ => self.pieces.push(Piece::Text(text)),
        }
    }

    /// Whether no literal was an f-string.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_any
    }
}

/// Whether a literal has the letter of an f-string.
pub(super) fn is_formatted(literal: &str) -> bool {
    let letters = literal.bytes().take_while(u8::is_ascii_alphabetic);
    letters.into_iter().any(|letter| letter.eq_ignore_ascii_case(&b'f'))
}

/// Where a field's parts end, from its `{` on.
struct Field<'t> {
    expression: &'t str,
    conversion: &'t str,
    format: &'t str,
    length: usize,
}

impl Builder<'_> {
    /// Appends an f-string's pieces.
    pub(super) fn formatted(&mut self, node: &Node<'_>, formatted: &mut Formatted) {
        formatted.is_any = true;
        let literal = node.text();
        let n_letters = literal.bytes().take_while(u8::is_ascii_alphabetic).count();
        let is_raw = literal[..n_letters].contains(['r', 'R']);
        let quoted = &literal[n_letters..];
        let is_long = quoted.len() >= 6 && (quoted.starts_with("\"\"\"") || quoted.starts_with("'''"));
        let n_quotes = if is_long { 3 } else { 1 };
        let content = &quoted[n_quotes..quoted.len() - n_quotes];
        let start = node.span().start + n_letters + n_quotes;
        let mut at = 0;
        while at < content.len() {
            let rest = &content[at..];
            let length = rest.find(['{', '}']).unwrap_or(rest.len());
            let mut text = String::new();
            self.content(&rest[..length], start + at, is_raw, &mut text);
            formatted.push(text);
            at += length;
            let rest = &content[at..];
            let place = start + at;
            at += match rest.as_bytes() {
                [] => 0,
                [b'{', b'{', ..] | [b'}', b'}', ..] => {
                    formatted.push(rest[..1].to_owned());
                    2
                }
                [b'}', ..] => {
                    self.malformed(
                        Span::new(place, place + 1),
                        "a single `}` in an f-string",
                        "write `}}` for the sign",
                    );
                    1
                }
                _ => self.field(rest, place, formatted),
            };
        }
    }

    fn malformed(&mut self, place: Span, title: &str, help: &str) {
        self.diagnostics.push(Diagnostic::new(Code::E015, self.patched.original(place), title).help(help));
    }

    /// `{value!r:format}`, which begins `rest`; its length.
    fn field(&mut self, rest: &str, start: usize, formatted: &mut Formatted) -> usize {
        let Some(field) = split(rest) else {
            self.malformed(
                Span::new(start, start + 1),
                "a `{` in an f-string is never closed",
                "write `{{` for the sign",
            );
            return rest.len();
        };
        let whole = Span::new(start, start + field.length);
        if field.expression.trim().is_empty() {
            self.malformed(whole, "an f-string shows nothing here", "write a value between `{` and `}`");
        } else if field.format.contains(['{', '}']) || !matches!(field.conversion, "" | "r" | "s") {
            let help = "use `{value}`, `{value!r}`, or a format such as `{value:02d}`";
            self.malformed(whole, "this way to show a value is not in the language", help);
        } else if let Some((value, depth)) = self.value(field.expression, start + 1, whole) {
            formatted.depth = formatted.depth.max(depth);
            let (is_repr, format) = (field.conversion == "r", field.format.to_owned());
            formatted.pieces.push(Piece::Field { value, is_repr, format });
        }
        field.length
    }

    /// An expression that stands at `start` of the parsed text.
    fn value(&mut self, text: &str, start: usize, field: Span) -> Option<(Expression, u32)> {
        let place = self.patched.original(Span::new(start, start + text.len()));
        let Ok(node) = parser::parse(Rule::field, text) else {
            let help = "give it a name on a line before, and show that";
            self.malformed(field, "an f-string shows what is no expression", help);
            return None;
        };
        let part = Patched::part(text, place.start);
        let mut builder = Builder { patched: &part, diagnostics: &mut *self.diagnostics, is_too_deep: false };
        let expression = node.children().find(|child| child.rule() == Rule::expression)?;
        let built = builder.expression(expression);
        let built = builder.shallow(built, place);
        self.is_too_deep |= builder.is_too_deep;
        Some((built.expression, built.depth))
    }
}

/// The parts of a field; `None` where its `}` is missing.
fn split(rest: &str) -> Option<Field<'_>> {
    let (mut depth, mut quote) = (0_usize, None);
    let (mut conversion, mut colon) = (None, None);
    let bytes = rest.as_bytes();
    for (at, &byte) in bytes.iter().enumerate().skip(1) {
        match (byte, quote) {
            (_, Some(open)) if byte == open => quote = None,
            (_, Some(_)) => {}
            (b'\'' | b'"', None) if colon.is_none() => quote = Some(byte),
            (b'(' | b'[' | b'{', None) => depth += 1,
            (b'}', None) if depth == 0 => {
                let end_of_conversion = colon.unwrap_or(at);
                let end = conversion.unwrap_or(end_of_conversion);
                return Some(Field {
                    expression: &rest[1..end],
                    conversion: conversion.map_or("", |begin: usize| &rest[begin + 1..end_of_conversion]),
                    format: colon.map_or("", |begin: usize| &rest[begin + 1..at]),
                    length: at + 1,
                });
            }
            (b')' | b']' | b'}', None) => depth = depth.saturating_sub(1),
            (b'!', None) if depth == 0 && colon.is_none() && bytes.get(at + 1) != Some(&b'=') => {
                conversion.get_or_insert(at);
            }
            (b':', None) if depth == 0 => {
                colon.get_or_insert(at);
            }
            _ => {}
        }
    }
    None
}
