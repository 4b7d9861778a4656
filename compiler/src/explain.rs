//! `rnnc explain`: codes by their pages, layers by their declarations, activations by their formulas.
//!
//! Nothing is written twice: a layer's arguments, defaults and docs are those that the argument check reads.

mod functions;
mod masks;

use std::fmt::Write as _;

use rnn_grammar::Code;

use crate::activation::Activation;
use crate::declaration::{Argument, COMMON, Declaration, Kind};
use crate::layers::{self, LAYERS};
use crate::names::closest;

/// Topics that are neither a code nor a layer.
const TOPICS: [(&str, fn() -> String); 6] = [
    ("layers", all_layers),
    ("activations", all_activations),
    ("ops", functions::all),
    ("masks", masks::all),
    ("codes", all_codes),
    ("manual", manual),
];

/// What is known about a code, a layer, an activation or a topic, as Markdown.
///
/// # Errors
/// Where nothing is: the name that was probably meant, if there is one.
pub fn explain(topic: &str) -> Result<String, Option<String>> {
    let topic = topic.trim();
    if let Some(code) = Code::parse(topic) {
        return Ok(with_line_end(code.page()));
    }
    if let Some((_, text)) = TOPICS.iter().find(|(name, _)| *name == topic) {
        return Ok(text());
    }
    let layer = layers::find(topic).or_else(|| layer_in_any_case(topic));
    if let Some(declaration) = layer {
        return Ok(layer_page(declaration));
    }
    if let Some(activation) = Activation::parse(topic) {
        return Ok(activation_line(topic, activation));
    }
    let function = crate::functions::find(topic.trim_start_matches("keras.").trim_start_matches("ops."));
    function.map(functions::page).ok_or_else(|| near(topic))
}

fn layer_in_any_case(topic: &str) -> Option<&'static Declaration> {
    LAYERS.iter().copied().find(|layer| layer.class.eq_ignore_ascii_case(topic) || layer.base_name == topic)
}

fn near(topic: &str) -> Option<String> {
    let codes = Code::ALL.iter().map(|code| code.as_str());
    let layers = LAYERS.iter().flat_map(|layer| layer.aliases.iter().copied().chain([layer.class]));
    let activations = Activation::NAMES.iter().map(|(name, _)| *name);
    let topics = TOPICS.iter().map(|(name, _)| *name);
    closest(topic, topics.chain(layers).chain(activations).chain(codes)).map(str::to_owned)
}

/// A layer's page: what it computes, its call, its arguments.
#[must_use]
pub fn layer_page(layer: &Declaration) -> String {
    let mut text = format!("# {}\n\n{}\n\n{}\n", layer.class, layer.summary, layer.details.trim());
    if !layer.aliases.is_empty() {
        let _ = writeln!(text, "\nAlso called {}.", layer.aliases.join(", "));
    }
    if let Some(words) = masks::words(layer.class) {
        let _ = writeln!(text, "\nA mask of what it reads: {words}.");
    }
    let _ = writeln!(text, "\nAutomatic names: `{0}`, `{0}_1`, …\n", layer.base_name);
    push_arguments(&mut text, "Arguments, in positional order", layer.arguments);
    if layer.takes_common {
        let own = |argument: &&Argument| layer.arguments.iter().any(|known| known.name == argument.name);
        let common: Vec<Argument> = COMMON.iter().filter(|argument| !own(argument)).copied().collect();
        push_arguments(&mut text, "Keywords that every layer takes", &common);
    }
    text
}

fn push_arguments(text: &mut String, title: &str, arguments: &[Argument]) {
    if arguments.is_empty() {
        return;
    }
    let _ = writeln!(text, "## {title}");
    let calls: Vec<String> = arguments.iter().map(call_form).collect();
    let width = calls.iter().map(String::len).max().unwrap_or(0);
    for (argument, call) in arguments.iter().zip(&calls) {
        let _ = writeln!(text, "  {call:width$}  {}{}", argument.doc, kind_text(&argument.kind));
    }
    text.push('\n');
}

fn call_form(argument: &Argument) -> String {
    argument.default.map_or_else(|| argument.name.to_owned(), |default| format!("{}={default}", argument.name))
}

/// What may be given, where the argument's own words leave it open.
fn kind_text(kind: &Kind) -> String {
    match kind {
        Kind::Choice(choices) | Kind::AnyCase(choices) => format!(" One of {}.", choices.join(", ")),
        Kind::Activation => " An activation's name, a function of `keras.activations`, or None.".into(),
        Kind::PositiveInteger => " A positive integer.".into(),
        Kind::Rate => " Between 0 and 1.".into(),
        Kind::Axis { many: true } => " An axis or a list of axes.".into(),
        Kind::Integer
        | Kind::Boolean
        | Kind::Float { .. }
        | Kind::Initializer
        | Kind::Regularizer
        | Kind::Constraint
        | Kind::Seed
        | Kind::Axis { many: false }
        | Kind::Shape { .. }
        | Kind::Layer { .. }
        | Kind::Cells { .. }
        | Kind::Any
        | Kind::NotYet
        | Kind::Ignored => String::new(),
    }
}

fn all_layers() -> String {
    let width = LAYERS.iter().map(|layer| layer.class.len()).max().unwrap_or(0);
    let mut text = String::from("# Layers\n\n");
    for layer in LAYERS {
        let _ = writeln!(text, "  {:width$}  {}", layer.class, layer.summary);
    }
    text.push_str("\nOne of them in full: `rnnc explain LSTM`.\n");
    text
}

/// Every layer in full, as the page `docs/layers.md`.
fn manual() -> String {
    let mut text = String::from(
        "# Layers\n\nWritten by `rnnc explain manual`. Names, order and defaults of arguments are Keras 3's. Weights \
         are listed in Keras's order, under their paths below the layer's name.\n\n| layer | what it computes |\n| --- | --- |\n",
    );
    for layer in LAYERS {
        let _ = writeln!(text, "| [{0}](#{1}) | {2} |", layer.class, layer.class.to_lowercase(), layer.summary);
    }
    for layer in LAYERS {
        let _ = writeln!(text, "\n## {}\n\n{}\n\n{}\n", layer.class, layer.summary, layer.details.trim());
        if !layer.aliases.is_empty() {
            let _ = writeln!(text, "Also called {}.\n", layer.aliases.join(", "));
        }
        push_block(&mut text, layer.arguments);
        if !layer.takes_common {
            text.push_str("\nIt takes no other keywords.\n");
        }
    }
    text.push_str("\n## Keywords of every layer\n\n");
    push_block(&mut text, COMMON);
    functions::push_manual(&mut text);
    let _ = writeln!(text, "\n## Activations\n\n| name | formula |\n| --- | --- |");
    for (name, activation) in Activation::NAMES {
        let _ = writeln!(text, "| `{name}` | {} |", formula(*activation).replace('|', "\\|"));
    }
    text
}

/// Arguments as lines of a block.
fn push_block(text: &mut String, arguments: &[Argument]) {
    if arguments.is_empty() {
        text.push_str("No arguments of its own.\n");
        return;
    }
    let calls: Vec<String> = arguments.iter().map(call_form).collect();
    let width = calls.iter().map(String::len).max().unwrap_or(0);
    text.push_str("```text\n");
    for (argument, call) in arguments.iter().zip(&calls) {
        let _ = writeln!(text, "{call:width$}  {}{}", argument.doc, kind_text(&argument.kind));
    }
    text.push_str("```\n");
}

fn all_activations() -> String {
    let mut text = String::from("# Activations\n\nBy Keras's names, for `activation=\"…\"`; `None` is `linear`.\n\n");
    for (name, activation) in Activation::NAMES {
        text.push_str(&activation_line(name, *activation));
    }
    text
}

fn activation_line(name: &str, activation: Activation) -> String {
    let alias = if name == activation.name() { String::new() } else { format!("{}: ", activation.name()) };
    format!("  {name:14}  {alias}{}\n", formula(activation))
}

fn all_codes() -> String {
    let mut text = String::from("# Codes\n\nE stops, W warns, N notes. One of them in full: `rnnc explain E204`.\n\n");
    for code in Code::ALL {
        let _ = writeln!(text, "  {code}  {}", code.meaning());
    }
    text
}

/// What an activation computes, as Keras 3 defines it.
fn formula(activation: Activation) -> &'static str {
    match activation {
        Activation::Linear => "x",
        Activation::ReluWith { .. } => "min(x, max_value) above the threshold, else negative_slope·(x - threshold)",
        Activation::LeakyReluWith { .. } => "x where x ≥ 0, else negative_slope·x",
        Activation::EluWith { .. } => "x where x > 0, else alpha·(exp(x) - 1)",
        Activation::Relu => "max(x, 0)",
        Activation::Relu6 => "min(max(x, 0), 6)",
        Activation::LeakyRelu => "x where x ≥ 0, else 0.2·x",
        Activation::Elu => "x where x > 0, else exp(x) - 1",
        Activation::Selu => "1.05070098·(x where x > 0, else 1.67326324·(exp(x) - 1))",
        Activation::Celu => "max(x, 0) + min(exp(x) - 1, 0)",
        Activation::Tanh => "tanh(x)",
        Activation::Sigmoid => "1 / (1 + exp(-x))",
        Activation::Softmax => "exp(x) / sum(exp(x)) over the last axis",
        Activation::LogSoftmax => "x - log(sum(exp(x))) over the last axis",
        Activation::Softplus => "log(1 + exp(x))",
        Activation::Softsign => "x / (1 + |x|)",
        Activation::Silu => "x·sigmoid(x)",
        Activation::Gelu => "x·(1 + erf(x / √2)) / 2",
        Activation::Mish => "x·tanh(log(1 + exp(x)))",
        Activation::Exponential => "exp(x)",
        Activation::LogSigmoid => "log(sigmoid(x))",
        Activation::HardSigmoid => "min(max(x / 6 + 0.5, 0), 1)",
        Activation::HardSilu => "x·hard_sigmoid(x)",
        Activation::HardTanh => "min(max(x, -1), 1)",
        Activation::HardShrink => "x where |x| > 0.5, else 0",
        Activation::SoftShrink => "x - 0.5 where x > 0.5, x + 0.5 where x < -0.5, else 0",
        Activation::TanhShrink => "x - tanh(x)",
        Activation::Squareplus => "(x + √(x² + 4)) / 2",
        Activation::SparsePlus => "0 where x ≤ -1, x where x ≥ 1, else (x + 1)² / 4",
        Activation::SparseSigmoid => "0 where x ≤ -1, 1 where x ≥ 1, else (x + 1) / 2",
        Activation::Sparsemax => "the point of the probability simplex that is nearest to x, over the last axis",
        Activation::Glu => "a·sigmoid(b), where a and b are the halves of the last axis",
    }
}

fn with_line_end(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_either_case() {
        assert!(explain("e301").unwrap().starts_with("# E301"));
    }

    #[test]
    fn a_layer_shows_its_arguments_and_defaults() {
        let page = explain("LSTM").unwrap();
        assert!(page.starts_with("# LSTM\n"));
        assert!(page.contains("recurrent_activation=\"sigmoid\""));
        assert!(page.contains("trainable=True"));
        assert_eq!(explain("lstm").unwrap(), page);
    }

    #[test]
    fn every_layer_activation_and_code_has_a_text() {
        let layers = LAYERS.iter().map(|layer| layer.class);
        let activations = Activation::NAMES.iter().map(|(name, _)| *name);
        let codes = Code::ALL.iter().map(|code| code.as_str());
        for topic in layers.chain(activations).chain(codes).chain([
            "layers",
            "activations",
            "ops",
            "ops.where",
            "codes",
            "manual",
        ]) {
            assert!(explain(topic).is_ok_and(|text| text.ends_with('\n')), "{topic}");
        }
    }

    #[test]
    fn a_near_name_is_suggested() {
        assert_eq!(explain("LTSM"), Err(Some("LSTM".into())));
        assert_eq!(explain("layer"), Err(Some("layers".into())));
        assert_eq!(explain("qwertyuiop"), Err(None));
    }
}
