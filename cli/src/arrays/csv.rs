//! Numbers as text: a row a line, separated by commas, semicolons, tabs or blanks.
//!
//! A first line that is no row of numbers is a heading and is left out; so are empty lines and lines that begin
//! with `#`. An empty cell is NaN: a gap in the data.

use super::{Array, Precision};

pub(super) fn read(bytes: &[u8]) -> Result<Array, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8 text")?;
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim_end).enumerate();
    let mut lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')).peekable();
    let separator = lines.peek().map_or(',', |(_, line)| separator(line));
    if lines.peek().is_some_and(|(_, line)| is_heading(line, separator)) {
        lines.next();
    }
    let (mut rows, mut columns, mut values) = (0, 0, Vec::new());
    for (index, line) in lines {
        let before = values.len();
        for (column, cell) in cells(line, separator).enumerate() {
            let value = number(cell)
                .ok_or_else(|| format!("line {}, column {}: `{cell}` is no number", index + 1, column + 1))?;
            values.push(value);
        }
        let width = values.len() - before;
        if rows > 0 && width != columns {
            return Err(format!("line {} has {width} values, the lines before have {columns}", index + 1));
        }
        (rows, columns) = (rows + 1, width);
    }
    if rows == 0 { Err("it holds no numbers".into()) } else { Ok(Array { shape: vec![rows, columns], values }) }
}

fn separator(line: &str) -> char {
    [',', ';', '\t'].into_iter().find(|&separator| line.contains(separator)).unwrap_or(' ')
}

fn cells(line: &str, separator: char) -> Box<dyn Iterator<Item = &str> + '_> {
    if separator == ' ' { Box::new(line.split_whitespace()) } else { Box::new(line.split(separator).map(str::trim)) }
}

/// `1e-3`, `-inf`, `NaN`; in quotes or not; nothing is a gap.
fn number(cell: &str) -> Option<f64> {
    let cell = cell.trim_matches('"').trim();
    if cell.is_empty() { Some(f64::NAN) } else { cell.parse().ok() }
}

/// Whether no cell of the line is a number.
fn is_heading(line: &str, separator: char) -> bool {
    cells(line, separator).all(|cell| cell.trim_matches('"').trim().parse::<f64>().is_err())
        && cells(line, separator).any(|cell| !cell.is_empty())
}

#[allow(clippy::cast_possible_truncation)]
pub(super) fn write(array: &Array, precision: Precision) -> String {
    let columns = array.shape.last().copied().unwrap_or(1).max(1);
    let mut text = String::with_capacity(array.values.len() * 12);
    for row in array.values.chunks(columns) {
        let cells = row.iter().map(|&value| match precision {
            Precision::Single => (value as f32).to_string(),
            Precision::Double => value.to_string(),
        });
        text.push_str(&cells.collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    text
}
