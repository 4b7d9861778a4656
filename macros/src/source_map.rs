//! The model's text from its tokens, and back from a range of the text to the tokens.
//!
//! Every token is put at its line and column, so layout (and the bodies of `for`) survives. The text begins at the line
//! that it has in the user's file, so that line numbers agree; the indentation that all lines share is taken off.

use std::ops::Range;

use proc_macro2::{Delimiter, LineColumn, Span, TokenStream, TokenTree};

/// A text made of tokens.
pub(crate) struct SourceMap {
    /// The text.
    pub(crate) text: String,
    tokens: Vec<(Range<usize>, Span)>,
}

/// A token without others in it.
struct Leaf {
    text: String,
    start: LineColumn,
    end: LineColumn,
    span: Span,
    /// Whether it stands inside brackets, where the layout is free.
    is_inside: bool,
}

impl SourceMap {
    /// The text of these tokens.
    pub(crate) fn new(tokens: TokenStream) -> Self {
        let mut leaves = Vec::new();
        flatten(tokens, &mut leaves, false);
        let indentation = indentation(&leaves);
        let mut map = Self { text: String::new(), tokens: Vec::new() };
        let mut place = LineColumn { line: 1, column: 0 };
        for leaf in &leaves {
            let is_first = map.tokens.is_empty();
            if is_first || leaf.start.line > place.line {
                (place.line..leaf.start.line).for_each(|_| map.text.push('\n'));
                // A first line behind the struct's `;` begins further right than the others.
                let column = if is_first { leaf.start.column } else { indentation };
                place = LineColumn { line: leaf.start.line, column };
            }
            (place.column..leaf.start.column).for_each(|_| map.text.push(' '));
            let start = map.text.len();
            map.text.push_str(&leaf.text);
            map.tokens.push((start..map.text.len(), leaf.span));
            place = leaf.end;
        }
        map.text.push('\n');
        map
    }

    /// The first and the last token of a range; where it is empty, those around it.
    pub(crate) fn spans(&self, range: Range<usize>) -> (Span, Span) {
        let touches = |token: &Range<usize>| {
            if range.is_empty() { token.end >= range.start } else { token.end > range.start && token.start < range.end }
        };
        let mut touched = self.tokens.iter().filter(|(token, _)| touches(token)).map(|(_, span)| *span);
        let Some(first) = touched.next() else {
            let last = self.tokens.last().map_or_else(Span::call_site, |(_, span)| *span);
            return (last, last);
        };
        let last = if range.is_empty() { None } else { touched.next_back() };
        (first, last.unwrap_or(first))
    }
}

fn flatten(tokens: TokenStream, leaves: &mut Vec<Leaf>, is_inside: bool) {
    for token in tokens {
        let TokenTree::Group(group) = &token else {
            let span = token.span();
            leaves.push(Leaf { text: text_of(&token), start: span.start(), end: span.end(), span, is_inside });
            continue;
        };
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::None => {
                flatten(group.stream(), leaves, is_inside);
                continue;
            }
        };
        leaves.push(delimiter(open, group.span_open(), is_inside));
        flatten(group.stream(), leaves, true);
        leaves.push(delimiter(close, group.span_close(), true));
    }
}

fn delimiter(text: &str, span: Span, is_inside: bool) -> Leaf {
    Leaf { text: text.to_owned(), start: span.start(), end: span.end(), span, is_inside }
}

/// As the user wrote it where the compiler knows, which keeps raw strings and numbers as they are.
fn text_of(token: &TokenTree) -> String {
    match token {
        TokenTree::Literal(literal) => literal.span().source_text().unwrap_or_else(|| literal.to_string()),
        _ => token.to_string(),
    }
}

/// The column that the lines of the text begin at, at least; lines inside brackets begin where they like.
fn indentation(leaves: &[Leaf]) -> usize {
    let mut line = leaves.first().map_or(0, |leaf| leaf.start.line);
    let mut least = None;
    for leaf in leaves {
        if leaf.start.line > line && !leaf.is_inside {
            least = Some(least.map_or(leaf.start.column, |least: usize| least.min(leaf.start.column)));
        }
        line = line.max(leaf.end.line);
    }
    least.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::SourceMap;

    fn text(tokens: &str) -> String {
        SourceMap::new(tokens.parse().unwrap()).text
    }

    #[test]
    fn layout_survives_and_the_common_indentation_goes() {
        let tokens = "    model = Sequential()\n    for n in (1, 2):\n        model.add(Dense(n))\n    x = -1";
        let expected = "model = Sequential()\nfor n in (1, 2):\n    model.add(Dense(n))\nx = -1\n";
        // Tokens parsed from a string begin at line 1, as a text behind the struct's `;` would.
        assert_eq!(text(tokens), expected);
    }

    #[test]
    fn ranges_lead_to_their_tokens() {
        let map = SourceMap::new("model = Sequential(\"a\")".parse().unwrap());
        let at = map.text.find("Sequential").unwrap();
        let (first, last) = map.spans(at..at + 15);
        assert_eq!((first.start().column, last.end().column), (8, 23));
        let (end, _) = map.spans(map.text.len()..map.text.len());
        assert_eq!(end.start().column, 22);
    }
}
