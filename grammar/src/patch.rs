//! A piece of the text with mistakes mended, so that parsing goes on behind them, and the way back to the original.
//!
//! Every mistake that has an obvious remedy (a bracket too many, a missing comma, a typographic quote) is reported once
//! and then mended in a copy. What is parsed is the copy; every place is told in the original.

use std::borrow::Cow;

use crate::{Diagnostic, Span};

/// One mending: the original's `span` reads `text` in the copy.
#[derive(Clone, Debug)]
pub(crate) struct Patch {
    pub(crate) span: Span,
    pub(crate) text: String,
}

impl Patch {
    pub(crate) fn new(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }
}

/// The mended copy of one range of the text.
#[derive(Debug)]
pub(crate) struct Patched<'t> {
    pub(crate) text: Cow<'t, str>,
    segments: Vec<Segment>,
}

/// A stretch of the copy, and where it comes from.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start: usize,
    original: Span,
    is_copied: bool,
}

impl<'t> Patched<'t> {
    /// Copies `span` of `text` with `patches` applied; they are sorted, and one that overlaps the one before is left out.
    pub(crate) fn new<'p>(text: &'t str, span: Span, patches: impl IntoIterator<Item = &'p Patch>) -> Self {
        let mut mended = String::new();
        let mut segments = Vec::new();
        let mut at = span.start;
        for patch in patches {
            if patch.span.start < at || patch.span.end > span.end {
                continue;
            }
            let copied = Span::new(at, patch.span.start);
            segments.push(Segment { start: mended.len(), original: copied, is_copied: true });
            mended.push_str(&text[copied.start..copied.end]);
            segments.push(Segment { start: mended.len(), original: patch.span, is_copied: false });
            mended.push_str(&patch.text);
            at = patch.span.end;
        }
        let rest = Span::new(at, span.end);
        segments.push(Segment { start: mended.len(), original: rest, is_copied: true });
        let rest = &text[rest.start..rest.end];
        let text = if segments.len() == 1 { Cow::Borrowed(rest) } else { Cow::Owned(mended + rest) };
        Self { text, segments }
    }

    /// A range of the original as it stands: `text`, which begins at `start` there.
    pub(crate) fn part(text: &'t str, start: usize) -> Self {
        let original = Span::new(start, start + text.len());
        Self { text: Cow::Borrowed(text), segments: vec![Segment { start: 0, original, is_copied: true }] }
    }

    /// The original's range for a range of the copy. An empty range stays behind what is before it.
    pub(crate) fn original(&self, span: Span) -> Span {
        let end = self.end(span.end);
        let start = if span.start == span.end { end } else { self.start(span.start).min(end) };
        Span::new(start, end)
    }

    /// Moves every place of a diagnostic from the copy to the original.
    pub(crate) fn relocate(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.primary.span = self.original(diagnostic.primary.span);
        for label in &mut diagnostic.labels {
            label.span = self.original(label.span);
        }
        for edit in diagnostic.helps.iter_mut().flat_map(|help| &mut help.edits) {
            edit.span = self.original(edit.span);
        }
        diagnostic
    }

    /// Whether what stands at this byte of the copy is not in the original.
    pub(crate) fn is_inserted(&self, at: usize) -> bool {
        let segment = self.segment(self.segments.partition_point(|segment| segment.start <= at));
        !segment.is_copied && segment.original.start == segment.original.end
    }

    fn start(&self, at: usize) -> usize {
        let segment = self.segment(self.segments.partition_point(|segment| segment.start <= at));
        if segment.is_copied { segment.original.start + (at - segment.start) } else { segment.original.start }
    }

    fn end(&self, at: usize) -> usize {
        let segment = self.segment(self.segments.partition_point(|segment| segment.start < at).max(1));
        if segment.is_copied { segment.original.start + (at - segment.start) } else { segment.original.end }
    }

    /// The segment before `next`; the first begins at 0, so there is one.
    fn segment(&self, next: usize) -> Segment {
        self.segments[next.saturating_sub(1)]
    }
}
