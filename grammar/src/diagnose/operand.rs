//! A value is expected, and something else stands there.

use super::{Finding, Scene, is_keyword, keyword_as_name};
use crate::lexer::TokenKind;
use crate::{Code, Diagnostic, Span};

impl Scene<'_> {
    /// Expressions of Python's that the language does not have, and operators of other languages.
    pub(super) fn foreign(&self) -> Option<Finding> {
        let place = self.place();
        let found = self.found();
        if is_keyword(found) && self.slice(self.at + 1) == "=" {
            return None;
        }
        let refuse = |what: &str, help: &str| {
            Diagnostic::new(Code::E018, place, format!("{what} not in the language")).help(help)
        };
        Some(match found {
            "lambda" => self.lambda(refuse("functions are", "write the expression where it is used")),
            "yield" | "await" => self.replace_item(refuse(&format!("`{found}` is"), "write the value itself")),
            "for" | "async" if !self.brackets.is_empty() && !self.expects_operand() => self.comprehension(),
            "*" | "**" if self.expects_operand() => self.unpacking(found)?,
            ":=" => {
                let help = "assign on a line of its own before, `name = value`";
                Finding::mended(refuse("an assignment within an expression is", help), place, "or")
            }
            "&&" | "||" => self.word_for_sign(if found == "&&" { "and" } else { "or" }),
            "<>" => self.word_for_sign("!="),
            "!" if self.expects_operand() => self.word_for_sign("not "),
            "<<" | ">>" => {
                let help = "write `* 2 ** n` or `// 2 ** n`";
                Finding::mended(refuse(&format!("the operator `{found}` is"), help), place, "+")
            }
            "<<=" | ">>=" => {
                Finding::hopeless(refuse(&format!("the operator `{found}` is"), "write `name = …` with the new value"))
            }
            "->" => Finding::hopeless(refuse("`->` is", "there are no functions")),
            _ => return None,
        })
    }

    /// A `lambda`, whose commas before its colon end no item.
    fn lambda(&self, diagnostic: Diagnostic) -> Finding {
        let colon =
            (self.at..self.tokens.len()).find(|&index| matches!(self.tokens[index].symbol, ':' | ')' | ']' | '}'));
        let end = self.item_end_behind(colon.filter(|&index| self.slice(index) == ":").unwrap_or(self.at));
        self.replace_item_to(end, diagnostic)
    }

    /// `… for x in y` within brackets.
    fn comprehension(&self) -> Finding {
        let diagnostic = Diagnostic::new(Code::E018, self.place(), "only lists have comprehensions in the language")
            .help("write `[… for … in …]` in brackets of its own");
        Finding::mended(diagnostic, self.rest_of_brackets(), "")
    }

    /// From the place to the end of the innermost bracket.
    fn rest_of_brackets(&self) -> Span {
        let mut depth = 0_usize;
        let mut last = self.place();
        for token in &self.tokens[self.at..] {
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close if depth == 0 => break,
                TokenKind::Close => depth -= 1,
                TokenKind::Word | TokenKind::Number | TokenKind::String | TokenKind::Operator | TokenKind::Newline => {}
            }
            last = token.span;
        }
        self.place().to(last)
    }

    /// `*items` or `**options`.
    fn unpacking(&self, star: &str) -> Option<Finding> {
        let starts_item = self.at == 0 || matches!(self.before(), "(" | "[" | "{" | "," | "=");
        if !starts_item {
            return None;
        }
        let help = if star == "*" { "write the entries down" } else { "write the arguments down, `name=value`" };
        let title = format!("`{star}` before a value is not in the language");
        let diagnostic = Diagnostic::new(Code::E018, self.place(), title).help(help);
        Some(if self.bracket() == '{' {
            Finding::hopeless(diagnostic)
        } else {
            Finding::mended(diagnostic, self.place(), "")
        })
    }

    fn word_for_sign(&self, word: &str) -> Finding {
        let (place, found) = (self.place(), self.found());
        let diagnostic = Diagnostic::new(Code::E001, place, format!("`{found}` is written `{}`", word.trim())).fix(
            "write it so",
            place,
            word,
        );
        Finding::mended(diagnostic, place, &format!(" {word} "))
    }

    /// A value is expected, and there is none.
    pub(super) fn missing_operand(&self) -> Finding {
        let (found, before) = (self.found(), self.before());
        let place = self.place();
        if found == "," && matches!(before, "," | "(" | "[" | "{") {
            let diagnostic = Diagnostic::new(Code::E006, place, "one comma too many").fix("remove it", place, "");
            return Finding::mended(diagnostic, place, "");
        }
        if is_keyword(found) {
            return self.keyword_as_value();
        }
        if self.at == 0 {
            let diagnostic = Diagnostic::new(Code::E001, place, format!("a statement can't begin with `{found}`"));
            return Finding::hopeless(if found.starts_with('/') {
                diagnostic.help("comments begin with `#`")
            } else {
                diagnostic
            });
        }
        if before == "." {
            return self.missing_attribute();
        }
        if found == "=" && matches!(before, "=" | "<" | ">" | "!" | "+" | "-" | "*" | "/" | "%") {
            return self.split_operator();
        }
        let is_sign = matches!(before, "+" | "-") && self.at > 1 && self.slice(self.at - 2) == before;
        let diagnostic =
            Diagnostic::new(Code::E001, self.place_before(), format!("a value is missing behind `{before}`"));
        let diagnostic = match found {
            _ if is_sign => diagnostic.help(format!("`{before}{before}` does not exist: write `name {before}= 1`")),
            "" => diagnostic,
            _ => diagnostic.label(place, "is no value"),
        };
        if self
            .tokens
            .get(self.at)
            .is_some_and(|token| token.kind == TokenKind::Operator && !matches!(found, "," | ":" | "="))
        {
            return self.replace_item(diagnostic);
        }
        let gap = self.place_before().after();
        Finding::mended(diagnostic, gap, " ...")
    }

    fn keyword_as_value(&self) -> Finding {
        let (found, before, place) = (self.found(), self.before(), self.place());
        if self.slice(self.at + 1) == "=" || before == "." {
            let diagnostic = keyword_as_name(place, found);
            return Finding::mended(diagnostic, place, &format!("{found}_"));
        }
        let title = match before {
            "" => format!("a statement can't begin with `{found}`"),
            _ if matches!(found, "and" | "or" | "in" | "is" | "if" | "else" | "for") => {
                format!("a value is missing between `{before}` and `{found}`")
            }
            _ => format!("`{found}` is a reserved word and no value"),
        };
        self.replace_item(Diagnostic::new(Code::E001, place, title))
    }

    fn missing_attribute(&self) -> Finding {
        let (found, place) = (self.found(), self.place());
        if found.is_empty() || place.start > self.place_before().end {
            let dot = self.place_before();
            return Finding::hopeless(Diagnostic::new(Code::E001, dot, "a name is missing behind `.`"));
        }
        self.replace_item(Diagnostic::new(Code::E001, place, "a name is expected behind `.`"))
    }

    /// `= =`, `< =` and the like.
    fn split_operator(&self) -> Finding {
        if self.before() == "=" && self.brackets.is_empty() && self.slice(0) != "assert" {
            let place = self.place();
            let diagnostic = Diagnostic::new(Code::E001, place, "one `=` too many").fix("remove it", place, "");
            return Finding::mended(diagnostic, place, "");
        }
        let both = self.place_before().to(self.place());
        let operator = format!("{}=", self.before());
        let diagnostic = Diagnostic::new(Code::E001, both, format!("`{operator}` is written without a blank"));
        Finding::mended(diagnostic.fix("join the two", both, operator.clone()), both, &operator)
    }
}
