//! Names and order of a model's weights from the configuration in a `.keras` archive.
//!
//! Each layer becomes the text of a model with this layer alone, which the compiler compiles: what a layer's weights are
//! stands in the layer's own file and nowhere else. Arguments that do not size weights are left out.

use rnn_compiler::declaration::{Declaration, Kind};
use rnn_compiler::graph::NodeKind;
use rnn_compiler::{Severity, Source, layers, weights};
use serde_json::Value;

use super::{Mistake, Part};

/// Arguments that no weight depends on, but which may ask more of a model than one layer alone fulfils.
const LEFT_OUT: [&str; 2] = ["stateful", "unroll"];

/// Deeper than any wrapper of a wrapper.
const MAX_DEPTH: usize = 16;

/// The layers of a configuration, in the model's order.
pub(super) fn parts(config: &str) -> Result<Vec<Part>, Mistake> {
    let config: Value = serde_json::from_str(config)
        .map_err(|error| Mistake::new("the archive's configuration is damaged").note(error.to_string()))?;
    let layers = config["config"]["layers"].as_array().ok_or_else(|| {
        let class = config["class_name"].as_str().unwrap_or("something else");
        Mistake::new(format!("the archive holds no Sequential or functional model, but {class}"))
    })?;
    layers.iter().filter(|layer| layer["class_name"] != "InputLayer").map(part).collect()
}

fn part(layer: &Value) -> Result<Part, Mistake> {
    let class = text(&layer["class_name"])?;
    let name = text(&layer["config"]["name"])?;
    let declaration = known(class, name)?;
    let mut part = Part { base_name: declaration.base_name.to_owned(), name: name.to_owned(), weights: Vec::new() };
    // A layer that was never built has no shape, and no weights.
    if let Some(inputs) = Inputs::of(&layer["build_config"]) {
        part.weights = compiled(&inputs.model(&call(layer, 0)?), name)?;
    }
    Ok(part)
}

/// The shapes that a layer was built for, and how it is called with such tensors.
enum Inputs<'a> {
    /// One tensor.
    One(&'a Value),
    /// A list of them.
    List(Vec<&'a Value>),
    /// Several by name: query, value, key.
    Named(Vec<&'a Value>),
}

impl<'a> Inputs<'a> {
    fn of(build: &'a Value) -> Option<Self> {
        let shapes = &build["shapes_dict"];
        if shapes.is_object() {
            let given = ["query_shape", "value_shape", "key_shape"].map(|name| &shapes[name]);
            let given: Vec<&Value> = given.into_iter().filter(|shape| shape.is_array()).collect();
            return (!given.is_empty()).then_some(Self::Named(given));
        }
        let shape = build["input_shape"].as_array()?;
        match shape.first() {
            Some(Value::Array(_)) => Some(Self::List(shape.iter().collect())),
            _ => Some(Self::One(&build["input_shape"])),
        }
    }

    /// The text of a model with this layer alone.
    fn model(&self, call: &str) -> String {
        let inputs = |shapes: &[&Value]| -> Vec<String> {
            shapes.iter().map(|shape| format!("Input(batch_shape={})", python(shape))).collect()
        };
        let several = |shapes: &[&Value], open: &str, close: &str| {
            let names: Vec<String> = (0..shapes.len()).map(|index| format!("i{index}")).collect();
            let lines: Vec<String> =
                names.iter().zip(inputs(shapes)).map(|(name, input)| format!("{name} = {input}\n")).collect();
            let names = names.join(", ");
            format!("{}model = Model([{names}], {call}({open}{names}{close}))\n", lines.concat())
        };
        match self {
            Self::One(shape) => format!("model = Sequential([{}, {call}])\n", inputs(&[*shape]).concat()),
            Self::List(shapes) => several(shapes, "[", "]"),
            Self::Named(shapes) => several(shapes, "", ""),
        }
    }
}

/// Keys and shapes of the weights of the only layer of this text.
fn compiled(text: &str, name: &str) -> Result<Vec<(String, Vec<u64>)>, Mistake> {
    let compiled = rnn_compiler::compile(&Source::new(name, text.to_owned()));
    if let Some(error) = compiled.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error) {
        let title = format!("the layer `{name}` can't be compiled: {}", error.title);
        return Err(Mistake::new(title).note(format!("as text it is `{}`", text.trim_end())));
    }
    let Some(model) = compiled.models.first() else { return Ok(Vec::new()) };
    let nodes = model.graph.nodes().iter();
    let weights = nodes.filter_map(|node| match &node.node.kind {
        NodeKind::Layer { instance, .. } => Some((instance, &node.weights)),
        NodeKind::Input { .. } => None,
    });
    let keyed = weights
        .flat_map(|(instance, specs)| specs.iter().map(|spec| (weights::key(instance, spec), spec.shape.clone())));
    Ok(keyed.collect())
}

/// A layer's configuration as a call: `Dense(units=4, use_bias=False, name="dense")`.
fn call(layer: &Value, depth: usize) -> Result<String, Mistake> {
    let class = text(&layer["class_name"])?;
    let config = &layer["config"];
    let name = text(&config["name"])?;
    if depth > MAX_DEPTH {
        return Err(Mistake::new(format!("the layer `{name}` holds too many layers inside layers")));
    }
    let declaration = known(class, name)?;
    let mut arguments = Vec::new();
    for argument in declaration.arguments.iter().filter(|argument| !LEFT_OUT.contains(&argument.name)) {
        if let Some(value) = argument_text(argument.kind, &config[argument.name], depth)? {
            arguments.push(format!("{}={value}", argument.name));
        }
    }
    arguments.push(format!("name={}", python(&config["name"])));
    Ok(format!("{}({})", declaration.class, arguments.join(", ")))
}

/// The argument as text; `None` where it is absent, or says nothing about weights.
fn argument_text(kind: Kind, value: &Value, depth: usize) -> Result<Option<String>, Mistake> {
    Ok(match kind {
        Kind::Layer { .. } if value.is_object() => Some(call(value, depth + 1)?),
        Kind::PositiveInteger
        | Kind::Integer
        | Kind::Float { .. }
        | Kind::Rate
        | Kind::Boolean
        | Kind::Axis { .. }
        | Kind::Shape { .. }
        | Kind::Any
            if is_plain(value) =>
        {
            Some(python(value))
        }
        Kind::Activation | Kind::Choice(_) | Kind::AnyCase(_) if value.is_string() => Some(python(value)),
        Kind::Layer { .. }
        | Kind::PositiveInteger
        | Kind::Integer
        | Kind::Boolean
        | Kind::Axis { .. }
        | Kind::Shape { .. }
        | Kind::Any
        | Kind::Activation
        | Kind::Choice(_)
        | Kind::AnyCase(_)
        | Kind::Float { .. }
        | Kind::Rate
        | Kind::Initializer
        | Kind::Regularizer
        | Kind::Constraint
        | Kind::Seed
        | Kind::NotYet
        | Kind::Ignored => None,
    })
}

/// Whether a value is a number, a text, or a list of such; Keras writes tuples as objects.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => items.iter().all(|item| item.is_null() || is_plain(item)),
        Value::Object(object) => object.get("class_name").is_some_and(|class| class == "__tuple__"),
        Value::Null => false,
    }
}

/// A JSON value as Python writes it.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => tuple(items),
        Value::Object(object) => {
            object.get("items").and_then(Value::as_array).map_or_else(|| "None".into(), |i| tuple(i))
        }
    }
}

fn tuple(items: &[Value]) -> String {
    let items: Vec<String> = items.iter().map(|item| python(item) + ",").collect();
    format!("({})", items.join(" "))
}

/// A Python string in one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn known(class: &str, name: &str) -> Result<&'static Declaration, Mistake> {
    layers::find(class).ok_or_else(|| {
        let title = format!("the layer `{name}` is a {class}, which is not supported");
        Mistake::new(title).help("`rnnc explain layers` lists those that are")
    })
}

fn text(value: &Value) -> Result<&str, Mistake> {
    value.as_str().ok_or_else(|| Mistake::new("the archive's configuration is damaged: a layer without class or name"))
}
