//! Breaking text into lines of a width, as rich does it.
//!
//! Words move to the next line where they do not fit. One that is longer than a whole line is folded over
//! several lines, or in a cell of a table cut with `…`. Widths are columns of a terminal: a wide character
//! counts two.

use unicode_width::UnicodeWidthChar;

/// Where the lines of a cell stand in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Justify {
    Left,
    Right,
}

/// The lines of a paragraph outside a table: over-long words fold.
pub(super) fn paragraph(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let lines = visible(text);
    lines.split('\n').flat_map(|line| broken(line, width, true)).map(|line| crop(&line, width)).collect()
}

/// The lines of a table's cell, each exactly `width` columns: over-long words end in `…`.
pub(super) fn cell(text: &str, width: usize, justify: Justify) -> Vec<String> {
    let lines = visible(text);
    let lines = lines.split('\n').flat_map(|line| broken(line, width, false));
    let justified = lines.map(|line| match justify {
        Justify::Left => ellipsized(&line, width),
        Justify::Right => {
            let line = ellipsized(line.trim_end(), width);
            format!("{}{line}", " ".repeat(width.saturating_sub(columns(&line))))
        }
    });
    justified.map(|line| exactly(&line, width)).collect()
}

/// The text cut or filled with blanks to `width` columns.
pub(super) fn exactly(text: &str, width: usize) -> String {
    let mut text = crop(text, width);
    text.push_str(&" ".repeat(width.saturating_sub(columns(&text))));
    text
}

/// The text cut to `width` columns; half of a wide character becomes a blank.
pub(super) fn crop(text: &str, width: usize) -> String {
    let mut cropped = String::with_capacity(text.len());
    let mut used = 0;
    for character in text.chars() {
        let size = column_count(character);
        if used + size > width {
            cropped.push_str(&" ".repeat(width - used));
            break;
        }
        used += size;
        cropped.push(character);
    }
    cropped
}

/// Columns that a text takes.
fn columns(text: &str) -> usize {
    text.chars().map(column_count).sum()
}

fn column_count(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// Without the control characters that rich drops (bell, backspace, vertical tab, form feed, carriage return),
/// tabs as blanks up to the next eighth column.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut column = 0;
    for character in text.chars() {
        match character {
            '\u{7}' | '\u{8}' | '\u{b}' | '\u{c}' | '\r' => {}
            '\t' => {
                let blanks = 8 - column % 8;
                shown.push_str(&" ".repeat(blanks));
                column += blanks;
            }
            '\n' => {
                shown.push('\n');
                column = 0;
            }
            _ => {
                shown.push(character);
                column += column_count(character);
            }
        }
    }
    shown
}

/// A line in pieces that fit, blanks at a break dropped as far as they stand over.
fn broken(line: &str, width: usize, fold: bool) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    let mut starts = break_positions(&characters, width, fold);
    starts.insert(0, 0);
    let ends = starts.iter().skip(1).copied().chain([characters.len()]).collect::<Vec<_>>();
    starts.iter().zip(ends).map(|(&start, end)| without_overhang(&characters[start..end], width)).collect()
}

/// Drops blanks at the end, as many as the line is too long.
fn without_overhang(line: &[char], width: usize) -> String {
    let excess = line.len().saturating_sub(width);
    let blanks = line.iter().rev().take_while(|character| character.is_whitespace()).count();
    line[..line.len() - excess.min(blanks)].iter().collect()
}

/// Places at which a line breaks, in characters.
fn break_positions(line: &[char], width: usize, fold: bool) -> Vec<usize> {
    let mut breaks = Vec::new();
    let mut used = 0;
    for (mut start, end) in words(line) {
        let word = &line[start..end];
        let blanks = word.iter().rev().take_while(|character| character.is_whitespace()).count();
        let length = width_of(&word[..word.len() - blanks]);
        if width >= used + length {
            used += width_of(word);
        } else if length > width && fold {
            let pieces = chopped(word, width);
            for (index, piece) in pieces.iter().enumerate() {
                if start > 0 {
                    breaks.push(start);
                }
                start += piece.len();
                if index + 1 == pieces.len() {
                    used = width_of(piece);
                }
            }
        } else if start > 0 && (length > width || used > 0) {
            breaks.push(start);
            used = width_of(word);
        } else if length > width {
            used = width_of(word);
        }
    }
    breaks
}

/// Ranges of words, each with the blanks behind it (the first also with those before it).
fn words(line: &[char]) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = 0;
    while start < line.len() {
        let skip = |from: usize, blank: bool| {
            line[from..].iter().position(|c| c.is_whitespace() != blank).map_or(line.len(), |offset| from + offset)
        };
        let first = skip(start, true);
        if first == line.len() {
            break;
        }
        let end = skip(skip(first, false), true);
        words.push((start, end));
        start = end;
    }
    words
}

/// A word in pieces of at most `width` columns.
fn chopped(word: &[char], width: usize) -> Vec<&[char]> {
    let mut pieces = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (index, &character) in word.iter().enumerate() {
        let size = column_count(character);
        if used + size > width && index > start {
            pieces.push(&word[start..index]);
            (start, used) = (index, 0);
        }
        used += size;
    }
    if used > 0 {
        pieces.push(&word[start..]);
    }
    pieces
}

fn width_of(characters: &[char]) -> usize {
    characters.iter().copied().map(column_count).sum()
}

fn ellipsized(line: &str, width: usize) -> String {
    if columns(line) <= width { line.to_owned() } else { format!("{}…", crop(line, width.saturating_sub(1))) }
}
