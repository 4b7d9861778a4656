//! The table of `model.summary()`.

use super::columns::{BRANCHED, CHAIN};
use super::wrap::{Justify, cell, crop, paragraph};
use super::{Connection, Count, SummaryModel, SummaryRow, Widths, memory, with_commas};
use crate::shape::Shape;

/// What Keras 3 prints for this model with colours off, every line with its line break.
#[must_use]
pub fn table(model: &SummaryModel, widths: Widths) -> String {
    let layout = if model.is_branched { &BRANCHED } else { &CHAIN };
    let drawing = Drawing { columns: layout.widths(widths.terminal), console: widths.console };
    let mut text = String::new();
    push_paragraph(&mut text, &format!("Model: \"{}\"", model.name), widths);
    drawing.push_table(&mut text, model);
    let total = Count {
        params: model.trainable.params.saturating_add(model.non_trainable.params),
        bytes: model.trainable.bytes + model.non_trainable.bytes,
    };
    push_count(&mut text, " Total params: ", total, widths);
    push_count(&mut text, " Trainable params: ", model.trainable, widths);
    push_count(&mut text, " Non-trainable params: ", model.non_trainable, widths);
    text
}

/// A shape as Keras's table shows it: unlike Python's tuple, one axis has no comma.
fn shape_text(shape: &Shape) -> String {
    let axes: Vec<String> = shape.0.iter().map(ToString::to_string).collect();
    format!("({})", axes.join(", "))
}

fn shapes_text(shapes: &[Shape]) -> String {
    match shapes {
        [] => "?".into(),
        [shape] => shape_text(shape),
        several => format!("[{}]", several.iter().map(shape_text).collect::<Vec<_>>().join(", ")),
    }
}

fn connections_text(connections: &[Connection]) -> String {
    if connections.is_empty() {
        return "-".into();
    }
    let one = |from: &Connection| format!("{}[{}][{}]", from.layer, from.node, from.tensor);
    connections.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn push_paragraph(text: &mut String, paragraph_text: &str, widths: Widths) {
    for line in paragraph(paragraph_text, widths.console) {
        text.push_str(&line);
        text.push('\n');
    }
}

fn push_count(text: &mut String, what: &str, count: Count, widths: Widths) {
    let line = format!("{what}{} ({})", with_commas(count.params), memory(count.bytes));
    push_paragraph(text, &line, widths);
}

/// Left, between columns, right; and what the line is made of, for the lines between the rows.
struct Rule {
    left: char,
    line: char,
    cross: char,
    right: char,
}

const TOP: Rule = Rule { left: '┏', line: '━', cross: '┳', right: '┓' };
const BELOW_HEAD: Rule = Rule { left: '┡', line: '━', cross: '╇', right: '┩' };
const BETWEEN: Rule = Rule { left: '├', line: '─', cross: '┼', right: '┤' };
const BOTTOM: Rule = Rule { left: '└', line: '─', cross: '┴', right: '┘' };

/// How a table is drawn: the columns' widths between the borders, and where the console cuts lines.
struct Drawing {
    columns: Vec<usize>,
    console: usize,
}

impl Drawing {
    fn push_table(&self, text: &mut String, model: &SummaryModel) {
        self.push_rule(text, &TOP);
        let head = ["Layer (type)", "Output Shape", "Param #", "Connected to"].map(String::from);
        self.push_row(text, &head, '┃', true);
        self.push_rule(text, &BELOW_HEAD);
        for (index, row) in model.rows.iter().enumerate() {
            if index > 0 {
                self.push_rule(text, &BETWEEN);
            }
            self.push_row(text, &fields(row), '│', false);
        }
        self.push_rule(text, &BOTTOM);
    }

    fn push_rule(&self, text: &mut String, rule: &Rule) {
        let mut line = String::from(rule.left);
        for (index, &width) in self.columns.iter().enumerate() {
            line.extend(std::iter::repeat_n(rule.line, width));
            line.push(if index + 1 == self.columns.len() { rule.right } else { rule.cross });
        }
        self.push_line(text, &line);
    }

    /// One row: cells stand at its top, those of the head at its bottom.
    fn push_row(&self, text: &mut String, fields: &[String], border: char, at_bottom: bool) {
        let cells: Vec<Vec<String>> = self.columns.iter().zip(fields).enumerate().map(cell_lines).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for line_index in 0..height {
            let mut line = String::from(border);
            for (lines, &width) in cells.iter().zip(&self.columns) {
                let above = if at_bottom { height - lines.len() } else { 0 };
                let content = line_index.checked_sub(above).and_then(|index| lines.get(index));
                line.push_str(content.unwrap_or(&" ".repeat(width)));
                line.push(border);
            }
            self.push_line(text, &line);
        }
    }

    fn push_line(&self, text: &mut String, line: &str) {
        text.push_str(&crop(line, self.console));
        text.push('\n');
    }
}

/// A cell's lines with one blank on either side. Counts, in the third column, stand on the right.
fn cell_lines((index, (&width, field)): (usize, (&usize, &String))) -> Vec<String> {
    let justify = if index == 2 { Justify::Right } else { Justify::Left };
    let lines = cell(field, width.saturating_sub(2), justify);
    lines.into_iter().map(|line| super::wrap::exactly(&format!(" {line} "), width)).collect()
}

fn fields(row: &SummaryRow) -> [String; 4] {
    [
        format!("{} ({})", row.name, row.class),
        shapes_text(&row.output_shapes),
        row.params.map_or_else(|| "0 (unbuilt)".into(), with_commas),
        connections_text(&row.connected_to),
    ]
}
