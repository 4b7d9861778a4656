//! Strings for the lexer: where one ends, and what is wrong with its quotes.

use crate::lexer::{Lexer, TokenKind, line_length};
use crate::lookalike::{is_quote, meant};
use crate::patch::Patch;
use crate::{Code, Diagnostic, Edit, Help, Span};

impl Lexer<'_> {
    /// A string whose quote is at `self.at`; its letters, if any, begin at `start`.
    pub(crate) fn string(&mut self, start: usize) {
        let quote_at = self.at;
        let rest = &self.text[quote_at..];
        let quote = rest.as_bytes()[0];
        let is_long = rest.as_bytes().starts_with(&[quote; 3]);
        self.letters(Span::new(start, quote_at));
        match if is_long { long_length(rest, quote) } else { short_length(rest, quote) } {
            Some(length) => self.at += length,
            None if is_long => self.unclosed_long(quote_at),
            None => self.unclosed(quote_at, char::from(quote)),
        }
        self.push(TokenKind::String, start, '\0');
    }

    /// Reports letters before a string that make it something else than text.
    fn letters(&mut self, span: Span) {
        let letters = &self.text[span.start..span.end];
        let lower = letters.to_ascii_lowercase();
        let title = match lower.as_str() {
            letters if letters.contains('b') => "a byte string is not in the language",
            letters if letters.contains('t') => "a template string is not in the language",
            _ => return,
        };
        self.lexed.patches.push(Patch::new(span, ""));
        let diagnostic = Diagnostic::new(Code::E015, span, title).fix(format!("remove `{letters}`"), span, "");
        self.lexed.diagnostics.push(diagnostic);
    }

    fn unclosed_long(&mut self, quote_at: usize) {
        let opening = Span::new(quote_at, quote_at + 3);
        let quotes = &self.text[quote_at..quote_at + 3];
        self.at = self.text.len();
        let end = Span::new(self.at, self.at);
        // A backslash at the very end would take the closing quote away.
        let is_escaped = self.text.ends_with('\\');
        let whole = Span::new(quote_at, self.at);
        self.lexed.patches.push(if is_escaped { Patch::new(whole, "''") } else { Patch::new(end, quotes) });
        self.lexed.diagnostics.push(
            Diagnostic::new(Code::E005, opening, "the string is never closed")
                .at(format!("`{quotes}` reaches to the next `{quotes}`"))
                .fix("close it", end, quotes),
        );
    }

    /// Ends an unclosed string before the brackets that its line's end needs.
    fn unclosed(&mut self, quote_at: usize, quote: char) {
        let text = self.text;
        let line = &text[quote_at..quote_at + line_length(&text[quote_at..])];
        let content = self.content(&line[1..]);
        let end = quote_at + 1 + content.len();
        let other = if quote == '"' { '\'' } else { '"' };
        let opening = Span::new(quote_at, quote_at + 1);
        let diagnostic = Diagnostic::new(Code::E005, opening, "the string is never closed");
        self.at = end;
        if content.ends_with('\\') {
            self.lexed.patches.push(Patch::new(Span::new(quote_at, end), "''"));
            self.lexed.diagnostics.push(diagnostic.at(format!("`\\{quote}` is a quote within the string")));
        } else if content.ends_with(other) {
            let closing = Span::new(end - 1, end);
            self.lexed.patches.push(Patch::new(closing, quote));
            let fix = format!("close it with `{quote}`");
            self.lexed.diagnostics.push(diagnostic.label(closing, "another quote").fix(fix, closing, quote));
        } else {
            let place = Span::new(end, end);
            self.lexed.patches.push(Patch::new(place, quote));
            self.lexed.diagnostics.push(diagnostic.fix("close it", place, quote));
        }
    }

    /// The part of an unclosed string's line that is likely its content.
    fn content<'l>(&self, line: &'l str) -> &'l str {
        let mut content = line.trim_end();
        for _ in 0..self.depth {
            content = content.strip_suffix(',').unwrap_or(content).trim_end();
            match content.strip_suffix([')', ']', '}']) {
                Some(shorter) => content = shorter.trim_end(),
                None => break,
            }
        }
        if self.depth > 0 { content.strip_suffix(',').unwrap_or(content) } else { content }
    }

    /// A string between typographic quotes or backticks on one line; false where no closing one follows.
    pub(crate) fn typographic_string(&mut self, first: char) -> bool {
        let start = self.at;
        let line = &self.text[start + first.len_utf8()..];
        let kind = meant(first);
        let closes =
            |character: char| (is_quote(character) || matches!(character, '"' | '\'')) && ascii(character) == kind;
        let ends = |&(_, character): &(usize, char)| closes(character) || matches!(character, '\n' | '\r');
        let Some((length, last)) = line.char_indices().find(ends).filter(|&(_, last)| closes(last)) else {
            return false;
        };
        let content = Span::new(start + first.len_utf8(), start + first.len_utf8() + length);
        let opening = Span::new(start, content.start);
        let closing = Span::new(content.end, content.end + last.len_utf8());
        self.at = closing.end;
        self.push(TokenKind::String, start, '\0');
        let quote = kind.unwrap_or("\"");
        if line[..length].contains(['"', '\'', '\\']) {
            self.lexed.patches.push(Patch::new(Span::new(start, self.at), "''"));
        } else {
            self.lexed.patches.extend([Patch::new(opening, quote), Patch::new(closing, quote)]);
        }
        let mut diagnostic = Diagnostic::new(Code::E008, opening, format!("`{first}` does not quote a string"));
        if !last.is_ascii() || last == '`' {
            diagnostic = diagnostic.label(closing, "");
        }
        let edits = [opening, closing].map(|span| Edit { span, text: quote.to_owned() }).to_vec();
        diagnostic.helps.push(Help { text: format!("write plain quotes, `{quote}`"), edits });
        self.lexed.diagnostics.push(diagnostic);
        true
    }
}

fn ascii(character: char) -> Option<&'static str> {
    match character {
        '"' => Some("\""),
        '\'' => Some("'"),
        _ => meant(character),
    }
}

/// The length of a string between three quotes that begins `text`, if it ends.
fn long_length(text: &str, quote: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 3;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            byte if byte == quote && bytes[at..].starts_with(&[quote; 3]) => return Some(at + 3),
            _ => at += 1,
        }
    }
    None
}

/// The length of a string on one line that begins `text`, if it ends there.
fn short_length(text: &str, quote: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if bytes[at + 1..].starts_with(b"\r\n") => at += 3,
            b'\\' => at += 2,
            b'\n' | b'\r' => return None,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}
