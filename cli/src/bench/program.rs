//! The program that measures a model: its text, and the project around it.

use std::path::Path;

use rnn_compiler::CompiledModel;
use rnn_compiler::emit::{self, Options};
use rnn_compiler::plan::{Endpoint, Plan};
use rnn_compiler::shape::Dimension;
use rnn_compiler::weights::BoundWeights;

/// What is built out of the one `main.rs`: the program that measures, and one that has the model's code and no other.
pub(super) const PROGRAM: &str = "rnnc-bench";
pub(super) const MODEL_ALONE: &str = "rnnc-bench-model";

const TEMPLATE: &str = include_str!("template.rs");

/// The files of the project by their names in it.
pub(super) fn files(
    model: &CompiledModel,
    plan: &Plan,
    weights: Option<&BoundWeights>,
    timesteps: Option<usize>,
    runtime: Option<&Path>,
) -> Vec<(&'static str, Vec<u8>)> {
    let code = emit::expand(model, plan, None, &Options::named("Subject"));
    let mut files = vec![
        ("Cargo.toml", manifest(runtime).into_bytes()),
        ("src/main.rs", main(plan, timesteps).into_bytes()),
        ("src/model.rs", code.into_bytes()),
        ("src/weights.bin", packed(model, plan, weights)),
    ];
    // The repository's choice of versions: nothing needs to be looked up, so the build needs no network.
    let lock = runtime.and_then(Path::parent).and_then(|repository| std::fs::read(repository.join("Cargo.lock")).ok());
    files.extend(lock.map(|lock| ("Cargo.lock", lock)));
    files
}

fn manifest(runtime: Option<&Path>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let dependency = match runtime {
        Some(path) => format!("{{ path = {:?}, features = [\"std\"] }}", path.display().to_string()),
        None => format!("{{ version = \"={version}\", features = [\"std\"] }}"),
    };
    format!(
        "[package]\nname = \"rnnc-bench\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n\
         [dependencies]\nrnn-runtime = {dependency}\n\n{}",
        [PROGRAM, MODEL_ALONE].map(|name| format!("[[bin]]\nname = \"{name}\"\npath = \"src/main.rs\"\n")).join("\n")
    )
}

/// The packed weights: the given ones, or small ones that were made up.
fn packed(model: &CompiledModel, plan: &Plan, weights: Option<&BoundWeights>) -> Vec<u8> {
    let made_up: Vec<Vec<Vec<f32>>> = match weights {
        Some(_) => Vec::new(),
        None => model
            .graph
            .nodes()
            .iter()
            .map(|node| node.weights.iter().map(|weight| values(&weight.shape)).collect())
            .collect(),
    };
    let packed = plan.pack(|node, index| match weights {
        Some(bound) => bound.node(node).get(index).map(|weight| &*weight.values),
        None => made_up.get(node)?.get(index).map(Vec::as_slice),
    });
    packed.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Values from 0.02 to 0.08 with both signs: sums stay small, and variances stay above 0.
#[allow(clippy::cast_precision_loss)]
fn values(shape: &[u64]) -> Vec<f32> {
    let count = usize::try_from(shape.iter().product::<u64>()).unwrap_or(0);
    let is_matrix = shape.len() > 1;
    let value = |place: usize| {
        let size = 0.02 + 0.06 * ((place * 37 % 101) as f32 / 101.0);
        if is_matrix && place % 2 == 1 { -size } else { size }
    };
    (0..count).map(value).collect()
}

/// The template with this model's calls.
fn main(plan: &Plan, timesteps: Option<usize>) -> String {
    let model = if plan.packed_length() == 0 {
        "Subject::new()".to_owned()
    } else {
        "Subject::from_packed(WEIGHTS.floats()).expect(\"all weights are there\")".to_owned()
    };
    let streams = plan.streaming().is_ok();
    let stepped = if streams { "        Measured::new(\"step\", step),\n" } else { "" };
    let alone = if streams { "        let mut step = step;\n        step();\n" } else { "" };
    TEMPLATE
        .replace("        STEP_ALONE\n", alone)
        .replace("        STEPPED\n", stepped)
        .replace("MODEL;", &format!("{model};"))
        .replace("    FORWARD\n", &forward(plan, timesteps))
        .replace("    STEP\n", &step(plan))
}

fn forward(plan: &Plan, timesteps: Option<usize>) -> String {
    let is_free = plan.timesteps().is_none();
    let count = timesteps.unwrap_or(1);
    let (input, output) = if plan.is_single() {
        let length = |end: &Endpoint, rows: usize| {
            end.axes
                .iter()
                .map(|axis| axis.known().and_then(|size| usize::try_from(size).ok()).unwrap_or(rows))
                .product::<usize>()
        };
        // Behind strides and windows there are fewer rows than frames.
        let rows =
            plan.streaming().ok().and_then(|streams| streams.clocks.first()).map_or(count, |clock| {
                count.saturating_sub(clock.begins().unsigned_abs()).div_ceil(clock.rate().every)
            });
        (
            format!(
                "let values: Vec<_> = (0..{}).map(Number::at).collect();\n    let input = <<Subject as Model>::Input as \
                 Shaped>::view(&values, \"input\").expect(\"the input's length\");",
                length(&plan.inputs()[0], count)
            ),
            format!(
                "let mut values = vec![0.0_f32; {}];\n    let output = <<Subject as Model>::Output as Shaped>::view_mut(&mut \
                 values, \"output\").expect(\"the output's length\");",
                length(&plan.outputs()[0], rows)
            ),
        )
    } else if plan.borrows() {
        (borrowed("Input", plan.inputs(), count), borrowed("Output", plan.outputs(), count))
    } else if is_free {
        let answers_frames = plan.streaming().is_ok_and(|streams| streams.in_time.iter().any(|&in_time| in_time));
        let output = if answers_frames {
            format!("let mut values = vec![Zero::ZERO; {count}];\n    let output = &mut values[..];")
        } else {
            "let mut value = Zero::ZERO;\n    let output = &mut value;".to_owned()
        };
        (
            format!("let frames = vec![{}; {count}];\n    let input = &frames[..];", filled("Frame", plan.inputs())),
            output,
        )
    } else {
        (
            format!("let whole = {};\n    let input = &whole;", filled("Input", plan.inputs())),
            "let mut value = Zero::ZERO;\n    let output = &mut value;".to_owned(),
        )
    };
    let (length, lend) = match plan.memory().scratch {
        _ if plan.borrows() => (format!("Subject::scratch_length({count})"), "&mut scratch[..]"),
        Some(floats) => (floats.to_string(), "(&mut scratch[..]).try_into().expect(\"the scratch's length\")"),
        None => (format!("Subject::scratch_length({count})"), "&mut scratch[..]"),
    };
    let ignore = if is_free { ".expect(\"the lengths fit\")" } else { "" };
    format!(
        "    {input}\n    {output}\n    let mut scratch = vec![0.0_f32; {length}];\n    let forward = || {{\n        \
         model.forward_into(black_box(input), {lend}, output){ignore};\n        black_box(&mut *output);\n    }};\n"
    )
}

/// Whole tensors, those of free timesteps as slices.
fn borrowed(suffix: &str, ends: &[Endpoint], count: usize) -> String {
    let is_free = |end: &Endpoint| end.axes.first().is_some_and(|axis| axis.known().is_none());
    let (reference, variable) = if suffix == "Input" { ("&", "input") } else { ("&mut ", "output") };
    let mut text = String::new();
    for (place, _) in ends.iter().enumerate().filter(|(_, end)| is_free(end)) {
        text += &format!("let mut {variable}_{place} = vec![fill(); {count}];\n    ");
    }
    let value = |(place, end): (usize, &Endpoint)| {
        if is_free(end) { format!("{reference}{variable}_{place}[..]") } else { "fill()".to_owned() }
    };
    match ends {
        [end] if is_free(end) => text + &format!("let {variable} = {};", value((0, end))),
        [_] => text + &format!("let mut whole_{variable} = fill();\n    let {variable} = {reference}whole_{variable};"),
        several => {
            let fields =
                several.iter().enumerate().map(|(place, end)| format!("{}: {}", end.field, value((place, end))));
            let fields = fields.collect::<Vec<_>>().join(", ");
            let whole = format!("let mut whole_{variable} = Subject{suffix} {{ {fields} }};\n    ");
            text + &whole + &format!("let {variable} = {reference}whole_{variable};")
        }
    }
}

fn step(plan: &Plan) -> String {
    if plan.streaming().is_err() {
        return String::new();
    }
    let frame = filled("Frame", plan.inputs());
    format!(
        "    let mut stream = model.stream();\n    let frame = {frame};\n    let step = || {{\n        \
         black_box(stream.step(black_box(&frame)));\n    }};\n"
    )
}

/// A frame or a whole sample, filled.
fn filled(suffix: &str, ends: &[Endpoint]) -> String {
    match ends {
        [single] if suffix == "Frame" => {
            let element = if single.integers { "i32" } else { "f32" };
            let sizes = single.axes.iter().skip(1).filter_map(|axis: &Dimension| axis.known());
            let kind = sizes
                .collect::<Vec<_>>()
                .iter()
                .rev()
                .fold(element.to_owned(), |kind, size| format!("[{kind}; {size}]"));
            format!("fill::<{kind}>()")
        }
        [_] => "fill()".to_owned(),
        several => {
            let fields: Vec<String> = several.iter().map(|end| format!("{}: fill()", end.field)).collect();
            format!("Subject{suffix} {{ {} }}", fields.join(", "))
        }
    }
}
