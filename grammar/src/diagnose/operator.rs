//! A value has ended, and what stands behind it does not go on the line.

use super::{Finding, Scene, is_keyword};
use crate::lexer::TokenKind;
use crate::{Code, Diagnostic, Span};

impl Scene<'_> {
    /// Something follows a value that can't.
    pub(super) fn unexpected(&self) -> Finding {
        match self.found() {
            "=" => self.assignment(),
            ":" => self.colon(),
            "," if self.bracket() == '{' => self.set(),
            "}" => self.set(),
            _ if self.begins_operand(self.at) => self.neighbours(),
            _ => self.misfit(),
        }
    }

    /// `=` within an expression.
    fn assignment(&self) -> Finding {
        let place = self.place();
        if self.bracket() == '{' {
            let diagnostic = Diagnostic::new(Code::E020, place, "`=` stands between a key and its value");
            return Finding::mended(diagnostic.fix("write `:`", place, ":"), place, ":");
        }
        if self.is_call() && self.item_start() + 1 < self.at && self.slice(self.item_start() + 1) != "=" {
            let name = self.tokens[self.item_start()].span.to(self.place_before());
            let diagnostic = Diagnostic::new(Code::E020, name, "the name of an argument is a single word")
                .help("`name=value` gives an argument by its name; `==` compares");
            return Finding::mended(diagnostic, name, &placeholder(name));
        }
        if self.is_call() && self.item_start() + 1 == self.at {
            let name = self.place_before();
            let text = self.before().trim_matches(['"', '\'']);
            let is_quoted = self.tokens[self.at - 1].kind == TokenKind::String && !text.is_empty();
            let diagnostic = Diagnostic::new(Code::E020, name, "the name of an argument is a word without quotes");
            let diagnostic = if is_quoted { diagnostic.fix("remove the quotes", name, text) } else { diagnostic };
            return Finding::mended(diagnostic, name, &placeholder(name));
        }
        if self.slice(self.at + 1) == "=" {
            let both = place.to(self.tokens[self.at + 1].span);
            let diagnostic = Diagnostic::new(Code::E001, both, "`==` is written without a blank");
            return Finding::mended(diagnostic.fix("join the two", both, "=="), both, "==");
        }
        let diagnostic = Diagnostic::new(Code::E020, place, "`=` does not compare").fix("write `==`", place, "==");
        Finding::mended(diagnostic, place, "==")
    }

    fn colon(&self) -> Finding {
        let place = self.place();
        if self.is_call() {
            let diagnostic = Diagnostic::new(Code::E020, place, "`:` stands between an argument's name and its value");
            return Finding::mended(diagnostic.fix("write `=`", place, "="), place, "=");
        }
        if self.brackets.is_empty() && self.at == 1 && self.tokens[0].kind == TokenKind::Word {
            return self.annotation();
        }
        let diagnostic = Diagnostic::new(Code::E001, place, "`:` does not fit here");
        if self.brackets.is_empty() && self.at + 1 == self.tokens.len() {
            return Finding::mended(diagnostic.fix("remove it", place, ""), place, "");
        }
        self.replace_item(diagnostic)
    }

    /// `name: type = value`.
    fn annotation(&self) -> Finding {
        let equal = (self.at..self.tokens.len()).find(|&index| self.slice(index) == "=");
        let last = equal.unwrap_or(self.tokens.len()) - 1;
        let span = self.place().to(self.tokens[last].span);
        let diagnostic = Diagnostic::new(Code::E018, span, "type annotations are not in the language");
        Finding::mended(diagnostic.fix("remove it", span, ""), span, "")
    }

    /// `{a, b}`.
    fn set(&self) -> Finding {
        let diagnostic = match self.brackets.last() {
            Some(&bracket) if self.bracket() == '{' => {
                Diagnostic::new(Code::E018, self.tokens[bracket].span, "sets are not in the language")
                    .help("write a list, `[a, b]`")
            }
            _ => Diagnostic::new(Code::E001, self.place(), "`}` does not fit here"),
        };
        Finding::hopeless(diagnostic)
    }

    /// Two values with nothing between them.
    fn neighbours(&self) -> Finding {
        let (before, place) = (self.place_before(), self.place());
        let gap = before.after();
        if !self.brackets.is_empty() {
            let diagnostic = Diagnostic::new(Code::E006, place, "a comma is missing before this value")
                .label(before, "")
                .fix("write it", gap, ",");
            return Finding::mended(diagnostic, gap, ",");
        }
        let (found, last) = (shorten(self.found()), shorten(self.before()));
        let diagnostic = Diagnostic::new(Code::E001, place, format!("`{found}` does not fit behind `{last}`"))
            .at("an operator or a new line is expected");
        Finding::hopeless(self.with_comment_help(diagnostic))
    }

    fn misfit(&self) -> Finding {
        let (found, place) = (self.found(), self.place());
        if found.is_empty() {
            let end = self.place_before();
            let title = format!("the line breaks off behind `{}`", shorten(self.before()));
            return Finding::hopeless(Diagnostic::new(Code::E001, end, title));
        }
        if found == "not" {
            let diagnostic = Diagnostic::new(Code::E001, place, "`not` stands behind a value")
                .help("`a not in b` asks whether `b` holds `a`; `a and not b` joins conditions");
            return self.replace_item(diagnostic);
        }
        let title = match is_keyword(found) {
            true => format!("`{found}` does not fit here"),
            false => format!("`{}` does not fit behind `{}`", shorten(found), shorten(self.before())),
        };
        let diagnostic = self.with_comment_help(Diagnostic::new(Code::E001, place, title));
        if self.brackets.is_empty() || found == ";" {
            return Finding::hopeless(diagnostic);
        }
        let rest = Span::new(place.start, self.rest_of_item().end);
        Finding::mended(diagnostic, rest, "")
    }

    /// A comment of another language ends in words that do not fit.
    fn with_comment_help(&self, diagnostic: Diagnostic) -> Diagnostic {
        match (0..self.at).find(|&index| self.slice(index) == "//") {
            Some(slashes) if self.brackets.is_empty() => {
                diagnostic.fix("a comment begins with `#`", self.tokens[slashes].span, "#")
            }
            _ => diagnostic,
        }
    }
}

/// A name that no other argument has.
fn placeholder(place: Span) -> String {
    format!("_{}", place.start)
}

/// A token's text, cut where it would fill the message.
fn shorten(text: &str) -> String {
    let line: String = text.chars().take_while(|&character| character != '\n').take(24).collect();
    if line.len() < text.len() { format!("{line}…") } else { line }
}
