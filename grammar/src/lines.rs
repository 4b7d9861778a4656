//! Tokens to lines: where a statement begins and ends, with every bracket checked.
//!
//! A statement ends at a line end outside brackets, at `;`, or behind the `:` of a block's head. A bracket that is never
//! closed would swallow the rest of the text; so a line that can't go on an expression ends the statement, and the
//! missing bracket is reported there. Where only the end of the text shows that one is missing, the statement is cut
//! again, strictly: by then every line that is not indented begins a statement.

use crate::lexer::{Token, TokenKind};
use crate::patch::Patch;
use crate::{Code, Diagnostic, Edit, Help, Span};

/// How many brackets, blocks and the like may stand in each other.
pub(crate) const MAX_NESTING: usize = 100;

/// One statement, or the head of a block.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Its tokens; at least one. Those of [`TokenKind::Newline`] are without meaning.
    pub(crate) tokens: std::ops::Range<usize>,
    pub(crate) place: Place,
    /// Whether it opens a block, with a `:` at its end or a word such as `for` at its beginning.
    pub(crate) is_head: bool,
    /// How many brackets stand in each other, at most.
    pub(crate) depth: usize,
    /// It is nested too deeply, which is reported already.
    pub(crate) is_too_deep: bool,
}

/// Where a statement begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On a line of its own.
    Fresh,
    /// Behind a `;`.
    Behind,
    /// Behind the `:` of a block's head.
    Body,
}

/// The lines, and what is wrong with their brackets.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) lines: Vec<Line>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Cuts the tokens of `text` into lines.
pub(crate) fn cut(text: &str, tokens: &[Token]) -> Lines {
    let mut cutter = Cutter {
        text,
        tokens,
        at: 0,
        first: 0,
        column: 0,
        place: Place::Fresh,
        open: Vec::new(),
        surplus: 0,
        depth: 0,
        is_too_deep: false,
        is_strict: false,
        restart: Restart::default(),
        lines: Lines::default(),
    };
    cutter.begin(0, Place::Fresh);
    while cutter.at < tokens.len() {
        cutter.token();
    }
    cutter.lines
}

/// Words that begin a head, in this language and in Python.
pub(crate) fn opens_block(word: &str) -> bool {
    matches!(
        word,
        "for" | "if" | "elif" | "else" | "while" | "def" | "class" | "with" | "try" | "except" | "finally" | "async"
    )
}

/// Words that begin a statement and can't stand within an expression.
fn begins_statement(word: &str) -> bool {
    matches!(
        word,
        "import"
            | "from"
            | "assert"
            | "pass"
            | "def"
            | "class"
            | "while"
            | "with"
            | "try"
            | "return"
            | "raise"
            | "del"
            | "global"
    )
}

/// Words that go on an expression on the next line.
fn goes_on(word: &str) -> bool {
    matches!(word, "for" | "if" | "else" | "in" | "is" | "and" | "or" | "not" | "async")
}

/// What to go back to when the end of the text shows that a bracket is missing.
#[derive(Clone, Copy, Debug, Default)]
struct Restart {
    first: usize,
    n_lines: usize,
    n_patches: usize,
    n_diagnostics: usize,
}

struct Cutter<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    /// The current statement's first token, and how far that one's line is indented.
    first: usize,
    column: usize,
    place: Place,
    /// The brackets that are open, as token indices.
    open: Vec<usize>,
    /// Open brackets beyond the limit, which are only counted.
    surplus: usize,
    /// The most brackets that were open at once in the statement.
    depth: usize,
    is_too_deep: bool,
    is_strict: bool,
    restart: Restart,
    lines: Lines,
}

impl Cutter<'_> {
    fn token(&mut self) {
        let token = self.tokens[self.at];
        match token.kind {
            TokenKind::Open => self.open(token),
            TokenKind::Close => self.close(token),
            TokenKind::Newline => return self.newline(),
            TokenKind::Operator if self.open.is_empty() => match token.symbol {
                ';' => return self.semicolon(token),
                ':' if opens_block(self.word(self.first)) => {
                    self.at += 1;
                    return self.finish(self.at, true, Place::Body);
                }
                _ => {}
            },
            TokenKind::Operator | TokenKind::Word | TokenKind::Number | TokenKind::String => {}
        }
        self.at += 1;
    }

    /// The text of a word at this index, else nothing.
    fn word(&self, index: usize) -> &str {
        let word = self.tokens.get(index).filter(|token| token.kind == TokenKind::Word);
        word.map_or("", |token| &self.text[token.span.start..token.span.end])
    }

    /// Begins a statement at the token with this index.
    fn begin(&mut self, index: usize, place: Place) {
        self.first = index;
        self.place = place;
        self.open.clear();
        self.surplus = 0;
        self.depth = 0;
        self.is_too_deep = false;
        if place == Place::Fresh {
            let lines = &self.lines;
            (self.restart, self.column) = (
                Restart {
                    first: index,
                    n_lines: lines.lines.len(),
                    n_patches: lines.patches.len(),
                    n_diagnostics: lines.diagnostics.len(),
                },
                self.tokens.get(index).map_or(0, |token| column(self.text, token.span.start)),
            );
        }
    }

    /// Ends the statement before the token `end` and begins the next one there.
    fn finish(&mut self, end: usize, is_head: bool, next: Place) {
        if self.first < end {
            let is_head = is_head || opens_block(self.word(self.first));
            let line = Line {
                tokens: self.first..end,
                place: self.place,
                is_head,
                depth: self.depth,
                is_too_deep: self.is_too_deep,
            };
            self.lines.lines.push(line);
        }
        self.begin(self.at, next);
    }

    fn semicolon(&mut self, token: Token) {
        if self.first == self.at {
            self.report(Diagnostic::new(Code::E001, token.span, "a statement is missing before `;`").fix(
                "remove it",
                token.span,
                "",
            ));
        }
        let end = self.at;
        self.at += 1;
        self.finish(end, false, Place::Behind);
    }

    fn open(&mut self, token: Token) {
        if self.open.len() < MAX_NESTING && self.surplus == 0 {
            self.open.push(self.at);
            self.depth = self.depth.max(self.open.len());
            return;
        }
        self.surplus += 1;
        if !self.is_too_deep {
            self.is_too_deep = true;
            self.report(too_deep(token.span, "this bracket"));
        }
    }

    fn close(&mut self, token: Token) {
        if self.surplus > 0 {
            self.surplus -= 1;
            return;
        }
        let fits = |index: &usize| closing(self.tokens[*index].symbol) == token.symbol;
        if self.open.last().is_some_and(fits) {
            self.open.pop();
        } else if let Some(depth) = self.open.iter().rposition(fits).filter(|_| !self.top_is_next()) {
            self.report_unclosed(depth + 1, token.span.start);
            self.open.truncate(depth);
        } else if self.open.is_empty() || self.top_is_next() {
            self.superfluous(token);
        } else {
            self.wrong_kind(token);
        }
    }

    /// Whether the token behind the current one closes the innermost bracket.
    fn top_is_next(&self) -> bool {
        let mut behind = self.tokens[self.at + 1..].iter().filter(|token| token.kind != TokenKind::Newline);
        let top = self.open.last().map(|&index| closing(self.tokens[index].symbol));
        behind.next().is_some_and(|next| Some(next.symbol) == top)
    }

    fn superfluous(&mut self, token: Token) {
        let bracket = token.symbol;
        self.lines.patches.push(Patch::new(token.span, " "));
        self.report(
            Diagnostic::new(Code::E004, token.span, format!("`{bracket}` closes nothing"))
                .at(if self.open.is_empty() { "every bracket before it is closed" } else { "" })
                .fix("remove it", token.span, ""),
        );
    }

    fn wrong_kind(&mut self, token: Token) {
        let Some(index) = self.open.pop() else { return };
        let opening = self.tokens[index];
        let (wrong, right) = (token.symbol, closing(opening.symbol));
        self.lines.patches.push(Patch::new(token.span, right));
        self.report(
            Diagnostic::new(Code::E004, token.span, format!("`{wrong}` can't close `{}`", opening.symbol))
                .label(opening.span, "opened here")
                .fix(format!("write `{right}`"), token.span, right),
        );
    }

    /// Reports the open brackets from `depth` on, which should have been closed at `place`.
    fn report_unclosed(&mut self, depth: usize, place: usize) {
        let unclosed: Vec<Token> = self.open[depth..].iter().map(|&index| self.tokens[index]).collect();
        let Some((last, others)) = unclosed.split_last() else { return };
        let place = Span::new(place, place);
        let brackets: String = unclosed.iter().rev().map(|token| closing(token.symbol)).collect();
        self.lines.patches.push(Patch::new(place, brackets.clone()));
        let mut diagnostic = Diagnostic::new(Code::E003, last.span, format!("`{}` is never closed", last.symbol));
        for other in others.iter().rev().take(3) {
            diagnostic = diagnostic.label(other.span, "nor is this one");
        }
        let edits = vec![Edit { span: place, text: brackets.clone() }];
        diagnostic.helps.push(Help { text: format!("write `{brackets}`"), edits });
        self.report(diagnostic);
    }

    fn newline(&mut self) {
        let is_last = self.at + 1 == self.tokens.len();
        if self.open.is_empty() {
            let end = self.at;
            self.at += 1;
            self.finish(end, false, Place::Fresh);
        } else if is_last && !self.is_strict {
            self.restart();
        } else if is_last || self.breaks_off() {
            self.break_off();
        } else {
            self.at += 1;
        }
    }

    /// Ends a statement whose brackets are open.
    fn break_off(&mut self) {
        if !self.is_too_deep {
            self.report_unclosed(0, self.tokens[self.at - 1].span.end);
        }
        let end = self.at;
        self.at += 1;
        self.finish(end, false, Place::Fresh);
    }

    /// Reads the statement again, strictly.
    fn restart(&mut self) {
        let Restart { first, n_lines, n_patches, n_diagnostics } = self.restart;
        self.lines.lines.truncate(n_lines);
        self.lines.patches.truncate(n_patches);
        self.lines.diagnostics.truncate(n_diagnostics);
        self.is_strict = true;
        self.at = first;
        self.begin(first, Place::Fresh);
    }

    /// Whether the next line begins a statement although brackets are open.
    fn breaks_off(&self) -> bool {
        let Some(next) = self.tokens.get(self.at + 1).filter(|token| token.kind == TokenKind::Word) else {
            return false;
        };
        let word = self.word(self.at + 1);
        if begins_statement(word) {
            return true;
        }
        if column(self.text, next.span.start) > self.column {
            return false;
        }
        if goes_on(word) {
            return word == "for" || self.is_head_at(self.at + 1);
        }
        let before = self.tokens[self.at - 1];
        let ends_value = match before.kind {
            TokenKind::Word => !goes_on(self.word(self.at - 1)) && self.word(self.at - 1) != "lambda",
            TokenKind::Number | TokenKind::String | TokenKind::Close => true,
            TokenKind::Operator | TokenKind::Open | TokenKind::Newline => false,
        };
        let is_call = self.open.last().is_some_and(|&index| self.tokens[index].symbol == '(');
        let is_assignment = self.tokens.get(self.at + 2).is_some_and(|token| token.symbol == '=');
        ends_value || self.is_strict || (is_assignment && !is_call)
    }

    /// Whether the line that begins with this token ends in `:`.
    fn is_head_at(&self, index: usize) -> bool {
        let line = self.tokens[index..].iter().take_while(|token| token.kind != TokenKind::Newline);
        line.last().is_some_and(|last| last.symbol == ':')
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.lines.diagnostics.push(diagnostic);
    }
}

/// The report of something nested beyond [`MAX_NESTING`].
pub(crate) fn too_deep(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::E012, span, "nested too deeply")
        .at(format!("{what} exceeds the limit of {MAX_NESTING} levels"))
        .help("give parts of it names: `x = …` on lines before")
}

/// How many bytes stand before `offset` on its line.
fn column(text: &str, offset: usize) -> usize {
    text[..offset].bytes().rev().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count()
}

fn closing(opening: char) -> char {
    match opening {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}
