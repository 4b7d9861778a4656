//! The functions of `keras.ops`: a page for each, a list of all, and their part of the manual.

use std::fmt::Write as _;

use super::push_arguments;
use crate::functions::{self, Function};

/// `split(x, indices_or_sections, axis=0)`
fn call_form(function: &Function) -> String {
    let arguments: Vec<String> = function.arguments.iter().map(super::call_form).collect();
    format!("{}({})", function.name, arguments.join(", "))
}

/// One function in full.
pub(super) fn page(function: &Function) -> String {
    let mut text = format!("# keras.ops.{}\n\n{}\n\n", function.name, function.summary);
    push_arguments(&mut text, "Arguments, in positional order", function.arguments);
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// All of them, a line each.
pub(super) fn all() -> String {
    let mut text =
        String::from("# Functions of `keras.ops`\n\nThey compute with symbolic tensors; the batch, axis 0, stays.\n\n");
    let forms: Vec<String> = functions::all().map(call_form).collect();
    let width = forms.iter().map(String::len).max().unwrap_or(0).min(56);
    for (function, form) in functions::all().zip(&forms) {
        let _ = writeln!(text, "  {form:width$}  {}", function.summary);
    }
    text.push_str("\nOne of them in full: `rnnc explain ops.where`.\n");
    text
}

/// The table of the manual.
pub(super) fn push_manual(text: &mut String) {
    text.push_str(
        "\n## Functions of `keras.ops`\n\nThey compute with symbolic tensors, as Python's operators do: `+ - * / // % ** @`, \
         comparisons but `==`, `& | ^ ~`, `abs`, `round` and subscripts. Axes are counted with the batch as 0, which stays.\n\n\
         | function | what it computes |\n| --- | --- |\n",
    );
    for function in functions::all() {
        let (form, summary) = (call_form(function), function.summary.replace('|', "\\|"));
        let _ = writeln!(text, "| `{form}` | {summary} |");
    }
}
