//! Lines to statements: indentation makes blocks of them, as in Python, and each is parsed by itself.
//!
//! A mistake in one line leaves the others as they are. A statement that the language lacks takes its block with it.

use crate::ast::{File, Statement, StatementKind};
use crate::diagnose::{self, Role};
use crate::foreign;
use crate::lexer::{Token, TokenKind};
use crate::lines::{Line, MAX_NESTING, Place, opens_block, too_deep};
use crate::parser::{self, Failure, Node, Rule};
use crate::patch::{Patch, Patched};
use crate::to_ast::{self, ForHead};
use crate::{Code, Diagnostic, Edit, Span};

/// How many mistakes of one line are mended before the rest of it is given up.
const MAX_REPAIRS: usize = 12;

/// From how many brackets in each other a line gets a stack of its own. Less fits into any stack.
const DEEP: usize = 16;

/// The size of that stack. Without optimisation a level takes about 10 KiB, and there are at most [`MAX_NESTING`].
const STACK_SIZE: usize = 8 << 20;

/// Reads all lines. `patches` are sorted by place.
pub(crate) fn read(
    text: &str,
    tokens: &[Token],
    lines: &[Line],
    patches: &[Patch],
    diagnostics: &mut Vec<Diagnostic>,
) -> File {
    let mut reader = Reader {
        text,
        tokens,
        patches,
        diagnostics,
        foreign: Vec::new(),
        frames: vec![Frame::new(Column::default(), Head::Stray)],
        column: Column::default(),
        awaiting: None,
        skip: None,
        skipped: Vec::new(),
        has_mixed_blanks: false,
    };
    for line in lines {
        reader.line(line);
    }
    reader.missing_body();
    reader.leave(Column::default());
    reader.drop_skipped();
    File { statements: reader.frames.pop().map(|frame| frame.statements).unwrap_or_default() }
}

/// How far a line is indented: with tab stops at every 8 columns, and with tabs that count 1. Python compares both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Column {
    wide: usize,
    narrow: usize,
}

/// What opened a block.
enum Head {
    /// A loop that was understood.
    For(ForHead),
    /// A head with a mistake in it: its block is checked and left out.
    Broken,
    /// Nothing did; the block belongs to what is around it.
    Stray,
}

/// A block that is being read.
struct Frame {
    column: Column,
    head: Head,
    statements: Vec<Statement>,
    /// It stands behind the `:` of its head and ends with the line.
    is_inline: bool,
    /// The report of its needless indentation, as an index, and how many bytes of it are needless.
    needless: Option<(usize, usize)>,
}

impl Frame {
    fn new(column: Column, head: Head) -> Self {
        Self { column, head, statements: Vec::new(), is_inline: false, needless: None }
    }
}

/// A statement that is passed over, with its block.
struct Skip {
    column: Column,
    sequels: &'static [&'static str],
    span: Span,
}

struct Reader<'r> {
    text: &'r str,
    tokens: &'r [Token],
    patches: &'r [Patch],
    diagnostics: &'r mut Vec<Diagnostic>,
    /// Reports about statements that are passed over; those inside them are dropped.
    foreign: Vec<Diagnostic>,
    frames: Vec<Frame>,
    /// Of the line that is being read.
    column: Column,
    /// A head whose block has not begun, and where it stands.
    awaiting: Option<(Head, Span)>,
    skip: Option<Skip>,
    skipped: Vec<Span>,
    has_mixed_blanks: bool,
}

impl Reader<'_> {
    fn line(&mut self, line: &Line) {
        let mut tokens = self.tokens[line.tokens.clone()].iter().filter(|token| token.kind != TokenKind::Newline);
        let Some(first) = tokens.next() else { return };
        let last = tokens.next_back().unwrap_or(first);
        let span = first.span.to(last.span);
        let first_word = &self.text[first.span.start..first.span.end];
        if line.place == Place::Fresh {
            self.column = self.column(first.span.start);
        }
        let column = self.column;
        if self.is_skipped(line, column, first_word, span) {
            return;
        }
        match line.place {
            Place::Fresh => self.indent(column, first.span.start),
            Place::Body => self.enter_inline(),
            Place::Behind => {}
        }
        if line.place != Place::Fresh && opens_block(first_word) {
            return self.block_within_line(first.span, first_word, span);
        }
        if let Some(foreign) = foreign::recognise(self.text, &self.tokens[line.tokens.clone()], line.is_head) {
            self.foreign.push(foreign.diagnostic);
            self.skip = Some(Skip { column, sequels: foreign.sequels, span });
            return;
        }
        if line.is_too_deep {
            self.awaiting = line.is_head.then_some((Head::Broken, span));
        } else if line.is_head {
            let head = self.for_head(span, line.depth);
            self.awaiting = Some((head.map_or(Head::Broken, Head::For), span));
            self.check_depth(span, column);
        } else if let Some(statement) = self.statement(span, line.depth)
            && let Some(frame) = self.frames.last_mut()
        {
            frame.statements.push(statement);
        }
    }

    /// Whether a line belongs to a statement that is passed over.
    fn is_skipped(&mut self, line: &Line, column: Column, first_word: &str, span: Span) -> bool {
        let Some(skip) = &mut self.skip else { return false };
        let is_sequel = column.wide == skip.column.wide && skip.sequels.contains(&first_word);
        if line.place != Place::Fresh || column.wide > skip.column.wide || is_sequel {
            skip.span = skip.span.to(span);
            if is_sequel && matches!(first_word, "def" | "class" | "async") {
                skip.sequels = &[];
            }
            return true;
        }
        self.skipped.extend(self.skip.take().map(|skip| skip.span));
        false
    }

    /// A block's head behind another's `:` or behind `;`.
    fn block_within_line(&mut self, place: Span, word: &str, span: Span) {
        let column = self.column;
        self.foreign.push(
            Diagnostic::new(Code::E001, place, format!("`{word}` can't follow on the same line"))
                .help("begin a new line, indented below its head"),
        );
        self.skip = Some(Skip { column, sequels: &[], span });
    }

    /// Drops the reports from within statements that are passed over, and adds those about them.
    fn drop_skipped(&mut self) {
        self.skipped.extend(self.skip.take().map(|skip| skip.span));
        let skipped = &self.skipped;
        self.diagnostics.retain(|diagnostic| {
            let at = diagnostic.primary.span.start;
            let before = skipped.partition_point(|span| span.start <= at);
            before == 0 || skipped[before - 1].end <= at
        });
        self.diagnostics.append(&mut self.foreign);
    }

    fn column(&self, offset: usize) -> Column {
        let start = self.text[..offset].rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let mut column = Column::default();
        for character in self.text[start..offset].trim_start_matches('\u{FEFF}').chars() {
            match character {
                '\t' => column = Column { wide: (column.wide / 8 + 1) * 8, narrow: column.narrow + 1 },
                '\u{0C}' => column = Column::default(),
                _ if character.is_whitespace() => column = Column { wide: column.wide + 1, narrow: column.narrow + 1 },
                _ => break,
            }
        }
        column
    }

    /// Opens and closes blocks for a line at this column.
    fn indent(&mut self, column: Column, offset: usize) {
        self.leave_inline();
        let top = self.frames.last().map_or(Column::default(), |frame| frame.column);
        self.compare(top, column, offset);
        if column.wide > top.wide {
            match self.awaiting.take() {
                Some((head, _)) => self.frames.push(Frame::new(column, head)),
                None => self.unexpected(column, top, offset),
            }
            return;
        }
        self.missing_body();
        self.leave(column);
        let around = self.frames.last().map_or(Column::default(), |frame| frame.column);
        if around.wide < column.wide {
            let blank = self.blank(offset);
            self.diagnostics.push(
                Diagnostic::new(Code::E013, blank, "the indentation fits no block around")
                    .at(format!("{} columns", column.wide))
                    .note(format!("the blocks around begin at columns {} and {}", around.wide, top.wide)),
            );
            self.frames.push(Frame::new(column, Head::Stray));
        } else if top.wide != around.wide {
            self.compare(around, column, offset);
        } else {
            self.needless(offset);
        }
    }

    fn unexpected(&mut self, column: Column, top: Column, offset: usize) {
        let blank = self.blank(offset);
        let n_needless = (column.wide - top.wide).min(blank.end - blank.start);
        let mut frame = Frame::new(column, Head::Stray);
        frame.needless = Some((self.diagnostics.len(), n_needless));
        self.frames.push(frame);
        self.diagnostics.push(
            Diagnostic::new(Code::E013, blank, "the line is indented without a block")
                .at("only the body of a `for` loop is")
                .fix("remove the indentation", Span::new(blank.end - n_needless, blank.end), ""),
        );
    }

    /// Adds one more line to the edits of a needless indentation.
    fn needless(&mut self, offset: usize) {
        let Some((index, n_needless)) = self.frames.last().and_then(|frame| frame.needless) else { return };
        let blank = self.blank(offset);
        let span = Span::new(blank.end.saturating_sub(n_needless).max(blank.start), blank.end);
        if let Some(help) = self.diagnostics[index].helps.first_mut() {
            help.edits.push(Edit { span, text: String::new() });
        }
    }

    /// The blanks that begin the line of `offset`.
    fn blank(&self, offset: usize) -> Span {
        let start = self.text[..offset].rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let n_blanks = self.text[start..offset].bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | 0x0C)).count();
        Span::new(start, start + n_blanks)
    }

    /// Reports two lines whose order depends on how wide a tab is; once a text.
    fn compare(&mut self, one: Column, other: Column, offset: usize) {
        if one.wide.cmp(&other.wide) == one.narrow.cmp(&other.narrow) || self.has_mixed_blanks {
            return;
        }
        self.has_mixed_blanks = true;
        let blank = self.blank(offset);
        self.diagnostics.push(
            Diagnostic::new(Code::E014, blank, "the indentation mixes tabs and blanks")
                .at("what it belongs to depends on the width of a tab")
                .fix("write blanks", blank, " ".repeat(other.wide)),
        );
    }

    /// Ends the blocks that are indented further than `column`.
    fn leave(&mut self, column: Column) {
        while self.frames.len() > 1
            && self.frames.last().is_some_and(|top| top.is_inline || top.column.wide > column.wide)
        {
            self.leave_one();
        }
    }

    fn leave_inline(&mut self) {
        while self.frames.len() > 1 && self.frames.last().is_some_and(|top| top.is_inline) {
            self.leave_one();
        }
    }

    fn leave_one(&mut self) {
        let (Some(frame), Some(around)) = (self.frames.pop(), self.frames.last_mut()) else { return };
        match frame.head {
            Head::Broken => {}
            Head::Stray => around.statements.extend(frame.statements),
            Head::For(head) => {
                let Some(last) = frame.statements.last() else { return };
                let span = head.span.to(last.span);
                let kind = StatementKind::For { target: head.target, iterable: head.iterable, body: frame.statements };
                around.statements.push(Statement { span, kind });
            }
        }
    }

    fn enter_inline(&mut self) {
        let Some((head, _)) = self.awaiting.take() else { return };
        let column = self.frames.last().map_or(Column::default(), |frame| frame.column);
        self.frames.push(Frame { is_inline: true, ..Frame::new(column, head) });
    }

    /// Reports a head that no block follows.
    fn missing_body(&mut self) {
        let Some((Head::For(_), span)) = self.awaiting.take() else { return };
        let colon = Span::new(span.end - 1, span.end);
        // Where the colon is missing too, that is reported, and what follows may be the body.
        if !self.text[..colon.end].ends_with(':') {
            return;
        }
        self.diagnostics.push(
            Diagnostic::new(Code::E013, colon, "the loop has no body")
                .at("indented lines are expected below")
                .help("indent the lines that it repeats by four blanks"),
        );
    }

    fn check_depth(&mut self, span: Span, column: Column) {
        if self.frames.len() > MAX_NESTING {
            self.foreign.push(too_deep(Span::new(span.start, span.start + "for".len()), "this loop"));
            self.awaiting = None;
            self.skip = Some(Skip { column, sequels: &[], span });
        }
    }

    fn for_head(&mut self, span: Span, depth: usize) -> Option<ForHead> {
        self.with_stack(span, depth, |reader| reader.parse(span, Rule::head, to_ast::head))
    }

    fn statement(&mut self, span: Span, depth: usize) -> Option<Statement> {
        self.with_stack(span, depth, |reader| reader.parse(span, Rule::line, to_ast::statement))
    }

    /// Runs `read`, on a stack of its own where the line is nested deeply: the caller's may be small.
    fn with_stack<T: Send>(
        &mut self,
        span: Span,
        depth: usize,
        read: impl FnOnce(&mut Self) -> Option<T> + Send,
    ) -> Option<T> {
        if depth < DEEP {
            return read(self);
        }
        let result = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK_SIZE).spawn_scoped(scope, || read(&mut *self));
            thread.ok().and_then(|thread| thread.join().ok())
        });
        // Some platforms have no threads.
        result.unwrap_or_else(|| {
            self.diagnostics.push(too_deep(Span::new(span.start, span.start), "this statement"));
            None
        })
    }

    /// Whether something reported as superfluous stands right before `place`: then it may have had a meaning.
    fn follows_removed(&self, patches: &[Patch], place: usize) -> bool {
        let before = patches.partition_point(|patch| patch.span.end <= place);
        let last = patches[..before].last().filter(|patch| patch.text.trim().is_empty());
        last.is_some_and(|patch| self.text[patch.span.end..place].trim().is_empty())
    }

    /// Parses a range as one rule. What does not fit is reported, mended where that is possible, and read again.
    fn parse<T>(
        &mut self,
        span: Span,
        rule: Rule,
        build: impl Fn(Node<'_>, &Patched<'_>, &mut Vec<Diagnostic>) -> Option<T>,
    ) -> Option<T> {
        let from = self.patches.partition_point(|patch| patch.span.start < span.start);
        let to = self.patches.partition_point(|patch| patch.span.start <= span.end);
        let mut patched = Patched::new(self.text, span, &self.patches[from..to]);
        let mut mended: Vec<Patch> = Vec::new();
        let mut reached = None;
        loop {
            let failure = match parser::parse(rule, &patched.text) {
                Ok(node) => return build(node, &patched, self.diagnostics),
                Err(Failure::At(at)) => at,
                Err(Failure::Stack) => {
                    self.diagnostics.push(too_deep(Span::new(span.start, span.start), "this statement"));
                    return None;
                }
            };
            let place = patched.original(Span::new(failure, failure)).end;
            let is_reported = patched.is_inserted(failure) || self.follows_removed(&self.patches[from..to], place);
            if is_reported || patched.text.trim().is_empty() || reached.is_some_and(|reached| place <= reached) {
                return None;
            }
            reached = Some(place);
            let role = if rule == Rule::head { Role::Head } else { Role::Statement };
            let finding = diagnose::explain(&patched.text, failure, role);
            self.diagnostics.push(patched.relocate(finding.diagnostic));
            let repair = finding.repair.filter(|_| mended.len() < MAX_REPAIRS)?;
            mended.push(Patch::new(patched.original(repair.span), repair.text));
            let mut all: Vec<Patch> = self.patches[from..to].iter().chain(&mended).cloned().collect();
            all.sort_by_key(|patch| patch.span);
            patched = Patched::new(self.text, span, &all);
        }
    }
}
