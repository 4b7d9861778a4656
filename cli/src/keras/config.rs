//! Names and order of a model's weights from the configuration in a `.keras` archive.
//!
//! Each layer becomes the text of a model with this layer alone, which the compiler compiles: what a layer's weights are
//! stands in the layer's own file and nowhere else. Arguments that do not size weights are left out.

use std::rc::Rc;

use rnn_compiler::declaration::{Declaration, Kind};
use rnn_compiler::graph::NodeKind;
use rnn_compiler::layer::LayerInstance;
use rnn_compiler::{Severity, Source, layers};
use serde_json::Value;

use super::{Keyed, Mistake, Part, Slot};

/// Arguments that no weight depends on, but which may ask more of a model than one layer alone fulfils.
const LEFT_OUT: [&str; 2] = ["stateful", "unroll"];

/// Deeper than any wrapper of a wrapper.
const MAX_DEPTH: usize = 16;

/// The layers of a configuration, in the model's order.
pub(super) fn parts(config: &str) -> Result<Vec<Part>, Mistake> {
    let config: Value = serde_json::from_str(config)
        .map_err(|error| Mistake::new("the archive's configuration is damaged").note(error.to_string()))?;
    parts_in(&config, "", 0)
}

/// The layers of a model, whose weights' keys begin with `prefix`.
fn parts_in(model: &Value, prefix: &str, depth: usize) -> Result<Vec<Part>, Mistake> {
    let layers = model["config"]["layers"].as_array().filter(|_| depth <= MAX_DEPTH).ok_or_else(|| {
        let class = model["class_name"].as_str().unwrap_or("something else");
        Mistake::new(format!("the archive holds no Sequential or functional model, but {class}"))
    })?;
    // Inputs have no weights, nor have operations on tensors.
    let is_operation =
        |layer: &Value| layer["module"].as_str().is_some_and(|module| module.starts_with("keras.src.ops"));
    let layers = layers.iter().filter(|layer| layer["class_name"] != "InputLayer" && !is_operation(layer));
    layers.map(|layer| part(layer, prefix, depth)).collect()
}

/// Whether a layer, or one inside it, stands elsewhere too, as far as Keras tells: it numbers objects that it meets again.
fn is_shared(layer: &Value) -> bool {
    let config = &layer["config"];
    let inner = ["cell", "layer", "backward_layer"].map(|name| &config[name]);
    let cells = config["cells"].as_array().into_iter().flatten();
    layer["shared_object_id"].is_u64()
        || inner.into_iter().chain(cells).any(|inner| inner.is_object() && is_shared(inner))
}

fn part(layer: &Value, prefix: &str, depth: usize) -> Result<Part, Mistake> {
    let class = text(&layer["class_name"])?;
    let name = text(&layer["config"]["name"])?;
    let object = format!("{prefix}{depth}/{name}");
    if let "Functional" | "Sequential" = class {
        // A functional model's layers were there before it, so their keys do not name it.
        let prefix = if class == "Sequential" { format!("{prefix}{name}/") } else { prefix.to_owned() };
        let inner = parts_in(layer, &prefix, depth + 1)?;
        let base_name = class.to_lowercase();
        let (name, layer, weights, is_shared) = (name.to_owned(), None, Vec::new(), false);
        return Ok(Part { base_name, name, object, layer, weights, is_shared, inner });
    }
    let base_name = known(class, name)?.base_name.to_owned();
    let (weights, is_shared, inner) = (Vec::new(), is_shared(layer), Vec::new());
    let mut part = Part { base_name, name: name.to_owned(), object, layer: None, weights, is_shared, inner };
    // A layer that was never built has no shape, and no weights.
    let shapes = input_shapes(&layer["build_config"]);
    let is_named = is_named(&layer["build_config"]);
    let mut states = Vec::new();
    let begin = states_of(layer, &mut states);
    let text = match (shapes.as_slice(), begin) {
        ([only], Some(begin)) => called_with_states(&call(layer, 0)?, only, &begin, &states),
        _ => called(&call(layer, 0)?, &shapes, is_named),
    };
    if let Some((instance, weights)) = text.map(|text| compiled(text, name)).transpose()?.flatten() {
        part.layer = Some(instance);
        part.weights = weights.into_iter().map(|slot| Slot { key: format!("{prefix}{}", slot.key), ..slot }).collect();
    }
    Ok(part)
}

/// The names of the shapes of a layer that is called with several tensors by name.
const NAMED: [&str; 3] = ["query_shape", "value_shape", "key_shape"];

/// The shapes that a layer was built with. States to begin with size no weight.
fn input_shapes(config: &Value) -> Vec<&Value> {
    if is_named(config) {
        return NAMED.iter().map(|name| &config["shapes_dict"][name]).filter(|shape| shape.is_array()).collect();
    }
    let shape = if config["input_shape"].is_array() {
        &config["input_shape"]
    } else {
        &config["shapes_dict"]["sequences_shape"]
    };
    match shape.as_array() {
        Some(shapes) if shapes.iter().all(Value::is_array) => shapes.iter().collect(),
        Some(_) => vec![shape],
        None => Vec::new(),
    }
}

/// Whether a layer is called with tensors one behind the other: query, value, key.
fn is_named(config: &Value) -> bool {
    config["shapes_dict"][NAMED[0]].is_array()
}

/// The states that a cell is called with, as an expression of inputs `s[0]`, `s[1]` …, whose widths are added; `None` of
/// what is no cell.
fn states_of(cell: &Value, widths: &mut Vec<String>) -> Option<String> {
    let class = cell["class_name"].as_str()?;
    if class == "StackedRNNCells" {
        let cells = cell["config"]["cells"].as_array()?.iter().map(|cell| states_of(cell, widths));
        return Some(format!("[{}]", cells.collect::<Option<Vec<_>>>()?.join(", ")));
    }
    let n_states = match class {
        "LSTMCell" => 2,
        "GRUCell" | "SimpleRNNCell" => 1,
        _ => return None,
    };
    let states: Vec<String> = (0..n_states).map(|state| format!("s[{}]", widths.len() + state)).collect();
    widths.resize(widths.len() + n_states, python(&cell["config"]["units"]));
    Some(format!("[{}]", states.join(", ")))
}

/// The text of a model that calls a cell once.
fn called_with_states(call: &str, shape: &Value, begin: &str, widths: &[String]) -> Option<String> {
    let states: Vec<String> = widths.iter().map(|width| format!("Input(({width},))")).collect();
    let (shape, states) = (python(shape), states.join(", "));
    Some(format!("x = Input(batch_shape={shape})\ns = [{states}]\nmodel = Model([x] + s, {call}(x, {begin})[0])\n"))
}

/// The text of a model that calls a layer with inputs of these shapes; `None` without a shape.
fn called(call: &str, shapes: &[&Value], is_named: bool) -> Option<String> {
    let inputs: Vec<String> = shapes.iter().map(|shape| format!("Input(batch_shape={})", python(shape))).collect();
    Some(match inputs.as_slice() {
        [] => return None,
        [only] => format!("x = {only}\nmodel = Model(x, {call}(x))\n"),
        several if is_named => {
            let tensors: Vec<String> = (0..several.len()).map(|place| format!("x[{place}]")).collect();
            let (inputs, tensors) = (several.join(", "), tensors.join(", "));
            format!("x = [{inputs}]\nmodel = Model(x, {call}({tensors}))\n")
        }
        several => format!("x = [{}]\nmodel = Model(x, {call}(x))\n", several.join(", ")),
    })
}

/// The only layer of a text, and its weights.
fn compiled(text: String, name: &str) -> Result<Option<(Rc<LayerInstance>, Keyed)>, Mistake> {
    let compiled = rnn_compiler::compile(&Source::new(name, text.clone()));
    if let Some(error) = compiled.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error) {
        let title = format!("the layer `{name}` can't be compiled: {}", error.title);
        let mistake = Mistake::new(title).note(format!("as text it is `{}`", text.trim_end().replace('\n', "; ")));
        return Err(mistake.help("give the text of the model that was saved: `--model model.rnn`"));
    }
    let layers = compiled.models.iter().flat_map(|model| model.graph.nodes());
    let mut layers = layers.filter_map(|node| match &node.node.kind {
        NodeKind::Layer { instance, .. } => Some((instance, &node.weights)),
        NodeKind::Input { .. } => None,
    });
    Ok(layers.next().map(|(instance, specs)| {
        // Which layers share it no text of one layer tells.
        let keyed = specs.iter().map(|spec| Slot::new(instance, spec, None));
        (Rc::clone(instance), keyed.collect())
    }))
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
    // Some layers have their name among their own arguments.
    if !arguments.iter().any(|argument| argument.starts_with("name=")) {
        arguments.push(format!("name={}", python(&config["name"])));
    }
    Ok(format!("{}({})", declaration.class, arguments.join(", ")))
}

/// The argument as text; `None` where it is absent, or says nothing about weights.
fn argument_text(kind: Kind, value: &Value, depth: usize) -> Result<Option<String>, Mistake> {
    Ok(match kind {
        Kind::Layer { .. } | Kind::Cells { .. } if value.is_object() => Some(call(value, depth + 1)?),
        Kind::Cells { .. } if value.is_array() => {
            let cells = value.as_array().into_iter().flatten().map(|cell| call(cell, depth + 1));
            Some(format!("[{}]", cells.collect::<Result<Vec<_>, _>>()?.join(", ")))
        }
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
        | Kind::Cells { .. }
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
