//! A string literal's text: quotes taken off, Python's escapes replaced.

use super::Builder;
use crate::parser::Node;
use crate::{Code, Diagnostic, Span};

impl Builder<'_> {
    /// Appends a literal's text. Escapes that Python refuses are errors, those that it keeps as they stand get a warning.
    pub(super) fn string(&mut self, node: &Node<'_>, text: &mut String) {
        let literal = node.text();
        let n_letters = literal.len() - literal.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()).len();
        let quoted = &literal[n_letters..];
        let n_quotes =
            if quoted.len() >= 6 && (quoted.starts_with("\"\"\"") || quoted.starts_with("'''")) { 3 } else { 1 };
        let content = &quoted[n_quotes..quoted.len() - n_quotes];
        let is_raw = literal[..n_letters].eq_ignore_ascii_case("r");
        self.content(content, node.span().start + n_letters + n_quotes, is_raw, text);
    }

    /// Appends what stands between quotes, at `content_start` of the parsed text.
    pub(super) fn content(&mut self, content: &str, content_start: usize, is_raw: bool, text: &mut String) {
        if is_raw {
            return push_lines(text, content);
        }
        let mut rest = content;
        while let Some(at) = rest.find('\\') {
            push_lines(text, &rest[..at]);
            let start = content_start + content.len() - rest.len() + at;
            let length = self.escape(&rest[at..], start, text);
            rest = &rest[at + length..];
        }
        push_lines(text, rest);
    }

    /// Appends what the escape that begins `rest` means; gives its length. It stands at `start` in the parsed text.
    fn escape(&mut self, rest: &str, start: usize, text: &mut String) -> usize {
        let Some(letter) = rest[1..].chars().next() else { return 1 };
        let simple = match letter {
            '\n' => return 2,
            '\r' => return if rest[1..].starts_with("\r\n") { 3 } else { 2 },
            '\\' | '\'' | '"' => letter,
            'a' => '\u{07}',
            'b' => '\u{08}',
            'f' => '\u{0C}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{0B}',
            'x' => return self.digits(rest, start, 2, text),
            'u' => return self.digits(rest, start, 4, text),
            'U' => return self.digits(rest, start, 8, text),
            'N' => return self.named(rest, start),
            '0'..='7' => return octal(rest, text),
            other => return self.unknown(other, start, text),
        };
        text.push(simple);
        2
    }

    /// `\x41`, `\u0041`, `\U00000041`.
    fn digits(&mut self, rest: &str, start: usize, n_digits: usize, text: &mut String) -> usize {
        let digits = rest[2..].bytes().take(n_digits).take_while(u8::is_ascii_hexdigit).count();
        let escape = &rest[..2 + digits];
        let value = u32::from_str_radix(&escape[2..], 16).ok().filter(|_| digits == n_digits);
        let title = match value.map(char::from_u32) {
            Some(Some(character)) => {
                text.push(character);
                return escape.len();
            }
            Some(None) => format!("`{escape}` is no character"),
            None => format!("`{escape}` has fewer than {n_digits} hexadecimal digits"),
        };
        let span = self.patched.original(Span::new(start, start + escape.len()));
        let backslash = "a backslash itself is written `\\\\`, or the string `r\"…\"`";
        self.diagnostics.push(Diagnostic::new(Code::E016, span, title).help(backslash));
        escape.len()
    }

    fn named(&mut self, rest: &str, start: usize) -> usize {
        // The longest name of a character has 88 letters.
        let length = rest.bytes().take(100).position(|byte| byte == b'}').map_or(2, |end| end + 1);
        let span = self.patched.original(Span::new(start, start + length));
        let diagnostic = Diagnostic::new(Code::E016, span, "characters by name are not in the language");
        self.diagnostics.push(diagnostic.help("write the character itself"));
        length
    }

    /// Python keeps the backslash of an escape that it does not know, and warns.
    fn unknown(&mut self, letter: char, start: usize, text: &mut String) -> usize {
        let length = 1 + letter.len_utf8();
        let span = self.patched.original(Span::new(start, start + length));
        let title = format!("`\\{letter}` is no escape: the backslash stays in the string");
        self.diagnostics.push(Diagnostic::new(Code::W001, span, title).fix(
            "double the backslash",
            span,
            format!("\\\\{letter}"),
        ));
        text.extend(['\\', letter]);
        length
    }
}

/// Up to three octal digits. At most 0o777, so always a character.
fn octal(rest: &str, text: &mut String) -> usize {
    let n_digits = rest[1..].bytes().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let value = u32::from_str_radix(&rest[1..=n_digits], 8).unwrap_or(0);
    text.extend(char::from_u32(value));
    1 + n_digits
}

/// Line ends in a string are `\n`, whatever the file has.
fn push_lines(text: &mut String, content: &str) {
    if content.contains('\r') {
        text.push_str(&content.replace("\r\n", "\n").replace('\r', "\n"));
    } else {
        text.push_str(content);
    }
}
