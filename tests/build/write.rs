//! Cases as code: a module with the generated model, and a test that calls the checks that its shapes allow.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use rnn_compiler::emit::{Options, expand};
use rnn_compiler::plan::Plan;
use rnn_compiler::shape::Dimension;
use rnn_compiler::storage::Storage;
use rnn_compiler::weights::BoundWeights;
use rnn_compiler::{CompiledModel, plan};
use rnn_runtime::Level;

/// A model with its weights and what it must compute.
#[derive(Clone)]
pub(crate) struct Case {
    /// Its name, a name of Rust too.
    pub(crate) name: String,
    /// The model.
    pub(crate) model: CompiledModel,
    /// Its weights.
    pub(crate) weights: BoundWeights,
    /// The same weights as a safetensors file.
    pub(crate) file: Vec<u8>,
    /// What rows of them are stored as.
    pub(crate) storage: Storage,
    /// Inputs and outputs.
    pub(crate) samples: Vec<Sample>,
}

/// One input, flat, and its output.
#[derive(Clone)]
pub(crate) struct Sample {
    /// The input.
    pub(crate) input: Vec<f64>,
    /// The output.
    pub(crate) output: Vec<f64>,
    /// How far off the recorded output itself may be: its rounding.
    pub(crate) slack: f64,
}

/// Every so many models the form with borrowed weights is made too.
const LOADED_EVERY: usize = 4;

/// Writes `NAME.rs` and `NAME.bin`.
pub(crate) fn write(folder: &Path, name: &str, cases: &[Case]) -> Result<(), Box<dyn Error>> {
    let (mut code, mut data, mut without_code) = (String::new(), Vec::new(), Vec::new());
    let runtimes = runtimes();
    for (index, case) in cases.iter().enumerate() {
        let runtime = &runtimes[index % runtimes.len()];
        match plan::plan_stored(&case.model, case.storage) {
            Ok(plan) => one(folder, &mut code, &mut data, case, &plan, runtime, index % LOADED_EVERY == 0)?,
            Err(diagnostic) => without_code.push((&case.name, diagnostic.code.as_str())),
        }
    }
    write!(code, "\nconst WITHOUT_CODE: &[(&str, &str)] = &{without_code:?};\n")?;
    std::fs::write(folder.join(format!("{name}.rs")), code)?;
    std::fs::write(folder.join(format!("{name}.bin")), data)?;
    Ok(())
}

/// The modules of `src/lib.rs` whose instruction sets this machine has; elsewhere the runtime itself.
fn runtimes() -> Vec<String> {
    let is_x86 = std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|target| target == "x86_64");
    let levels = [Level::Avx512, Level::Avx2, Level::Sse2].into_iter().filter(|level| is_x86 && level.is_available());
    let modules: Vec<String> = levels.map(|level| format!("::rnn_tests::{}", level.name())).collect();
    if modules.is_empty() { vec!["::rnn_runtime".to_owned()] } else { modules }
}

fn one(
    folder: &Path,
    code: &mut String,
    data: &mut Vec<u8>,
    case: &Case,
    plan: &Plan,
    runtime: &str,
    is_loaded: bool,
) -> Result<(), Box<dyn Error>> {
    let name = &case.name;
    let mut options = Options::named("Subject");
    options.runtime = runtime.parse()?;
    let embedded = expand(&case.model, plan, Some(&case.weights), &options);
    writeln!(code, "mod {name} {{ {embedded} }}")?;
    writeln!(code, "#[test]\nfn {name}_computes() {{")?;
    let samples: Vec<String> = case.samples.iter().map(|sample| store(data, sample)).collect();
    writeln!(code, "    let case = Case {{ name: {name:?}, samples: &[{}] }};", samples.join(", "))?;
    checks(code, plan, &format!("{name}::Subject::new()"), &format!("{name}::Subject"))?;
    let is_loaded = is_loaded && case.model.total_params() > 0 && plan.is_single();
    if is_loaded {
        writeln!(code, "    let mut buffer = vec![0.0; {name}_loaded::Subject::WEIGHTS];")?;
        let file = folder.join(format!("{name}.safetensors"));
        std::fs::write(&file, &case.file)?;
        let load = format!("{name}_loaded::Subject::load(include_bytes!({file:?}), &mut buffer).unwrap()");
        let scratch = scratch(plan, &format!("{name}_loaded::Subject"));
        writeln!(code, "    let loaded = {load};\n    case.same(&model, &loaded, {scratch});")?;
    }
    writeln!(code, "}}")?;
    if is_loaded {
        let loaded = expand(&case.model, plan, None, &options);
        writeln!(code, "mod {name}_loaded {{ {loaded} }}")?;
    }
    Ok(())
}

/// The checks that the types of the model allow.
fn checks(code: &mut String, plan: &Plan, make: &str, kind: &str) -> Result<(), Box<dyn Error>> {
    if plan.borrows() {
        return borrowed(code, plan, make, kind);
    }
    if !plan.is_single() || plan.streaming().is_ok_and(|streams| streams.chunk.is_none()) {
        return several(code, plan, make, kind);
    }
    let (is_free, gives_sequence) = (is_free(&plan.inputs()[0]), is_free(&plan.outputs()[0]));
    writeln!(code, "    let model = {make};\n    case.forward_into(&model, {});", scratch(plan, kind))?;
    if plan.memory().scratch.is_some() {
        writeln!(code, "    case.forward_flat(&model);")?;
        if !gives_sequence {
            writeln!(code, "    case.forward(&model);")?;
        }
        if !is_free {
            writeln!(code, "    case.forward_batch(&model);")?;
        }
    }
    if let Ok(streams) = plan.streaming() {
        let check = if streams.head.is_some() { "stream_to_one" } else { "stream_to_many" };
        writeln!(code, "    case.{check}(&model, || model.stream());")?;
    }
    Ok(())
}

/// The checks of several inputs or outputs, with the text that fills and reads their types.
fn several(code: &mut String, plan: &Plan, make: &str, kind: &str) -> Result<(), Box<dyn Error>> {
    let floats = |axes: &[Dimension]| axes.iter().filter_map(|axis| axis.known()).product::<u64>();
    let fill = |suffix: &str, ends: &[plan::Endpoint]| match ends {
        [_] => "numbers.next()".to_owned(),
        _ => {
            let fields: Vec<String> = ends.iter().map(|end| format!("{}: numbers.next()", end.field)).collect();
            format!("{kind}{suffix} {{ {} }}", fields.join(", "))
        }
    };
    // Whole outputs are there; what a step answers may not be.
    let read = |is_there: &dyn Fn(usize) -> bool| {
        let answer = |place: usize, end: &plan::Endpoint| match (plan.outputs().len(), is_there(place)) {
            (1, true) => "Some(rnn_runtime::Tensor::flat(answer).to_vec())".to_owned(),
            (1, false) => "answer.as_ref().map(|answer| rnn_runtime::Tensor::flat(answer).to_vec())".to_owned(),
            (_, true) => format!("Some(rnn_runtime::Tensor::flat(&answer.{}).to_vec())", end.field),
            (_, false) => {
                format!("answer.{}.as_ref().map(|answer| rnn_runtime::Tensor::flat(answer).to_vec())", end.field)
            }
        };
        let answers = plan.outputs().iter().enumerate().map(|(place, end)| answer(place, end));
        format!("vec![{}]", answers.collect::<Vec<_>>().join(", "))
    };
    let clock = |place: usize| plan.streaming().ok().map(|streams| &streams.clocks[place]);
    let each_frame = |place: usize| clock(place).is_none_or(|clock| clock.is_each_frame());
    let in_time = |place: usize| plan.streaming().is_ok_and(|streams| streams.in_time[place]);
    let inputs: Vec<u64> = plan.inputs().iter().map(|end| floats(&end.axes[1..])).collect();
    let steps = plan.outputs().iter().enumerate().map(|(place, end)| match in_time(place) {
        true => (floats(&end.axes[1..]), true),
        false => (floats(&end.axes), false),
    });
    let steps: Vec<(u64, bool)> = steps.collect();
    let (frame, answer) = (fill("Frame", plan.inputs()), read(&each_frame));
    writeln!(code, "    let model = {make};")?;
    writeln!(code, "    let layout = several::Layout {{ inputs: &{inputs:?}, outputs: &{steps:?} }};")?;
    let is_free = plan.inputs().iter().any(is_free);
    let steps_free = plan.outputs().iter().any(self::is_free);
    let (input, call) = match is_free {
        true => (format!("layout.frames(sample, |numbers| {frame})"), "&input[..]"),
        false => (fill("Input", plan.inputs()), "&input"),
    };
    let scratch = scratch(plan, kind);
    let whole = read(&|_| true);
    let rows = match clock(0) {
        Some(clock) if plan.outputs().len() == 1 => {
            format!("rnn_runtime::state::due_rows(input.len(), {}, {})", clock.rate().every, clock.begins())
        }
        _ => "input.len()".to_owned(),
    };
    let (zero, target, result) = match steps_free {
        true => (
            format!("vec![rnn_runtime::Zero::ZERO; {rows}]"),
            "&mut output[..]",
            match plan.outputs().len() {
                1 => format!("layout.outputs(&output, |answer| {whole})"),
                _ => format!("layout.outputs(&output, |answer| {answer})"),
            },
        ),
        false => (
            "rnn_runtime::Zero::ZERO".to_owned(),
            "&mut output",
            format!("{{ let answer = &output; {whole}.into_iter().flatten().flatten().collect() }}"),
        ),
    };
    let unwrap = if is_free { ".unwrap()" } else { "" };
    writeln!(
        code,
        "    let run = |numbers: &mut several::Numbers<'_>, sample: &[f64]| -> Vec<crate::suite::Float> {{\n        \
         let _ = (&numbers, sample);\n        let input = {input};\n        let mut output = {zero};\n        \
         rnn_runtime::Model::forward_into(&model, {call}, {scratch}, {target}){unwrap};\n        {result}\n    }};"
    )?;
    writeln!(code, "    case.several(&run);")?;
    if plan.streaming().is_ok() {
        writeln!(
            code,
            "    case.several_streams(&layout, &run, || model.stream(), |numbers| {frame}, |answer| {answer});"
        )?;
    }
    Ok(())
}

/// The checks of types that borrow slices; all inputs of free timesteps have as many of them.
fn borrowed(code: &mut String, plan: &Plan, make: &str, kind: &str) -> Result<(), Box<dyn Error>> {
    let floats = |end: &plan::Endpoint| end.axes.iter().filter_map(|axis| axis.known()).product::<u64>();
    let sum = |free: bool| plan.inputs().iter().filter(|end| is_free(end) == free).map(floats).sum::<u64>();
    writeln!(code, "    let model = {make};")?;
    writeln!(code, "    case.several(|numbers, sample| {{")?;
    match sum(true) {
        0 => writeln!(code, "        let rows = 0;")?,
        width => writeln!(code, "        let rows = (sample.len() - {}) / {width};", sum(false))?,
    }
    let (mut input, mut output) = (Vec::new(), Vec::new());
    for (place, end) in plan.inputs().iter().enumerate() {
        let values = if is_free(end) { "numbers.rows(rows)" } else { "numbers.next()" };
        writeln!(code, "        let input_{place} = {values};")?;
        let value = format!("{}input_{place}", if is_free(end) { "&" } else { "" });
        input.push(if plan.inputs().len() > 1 { format!("{}: {value}", end.field) } else { value });
    }
    for (place, end) in plan.outputs().iter().enumerate() {
        let zero = "rnn_runtime::Zero::ZERO";
        let is_field = plan.outputs().len() > 1;
        let value = match is_free(end) {
            true => {
                writeln!(code, "        let mut output_{place} = vec![{zero}; rows];")?;
                format!("&mut output_{place}")
            }
            false if is_field => zero.to_owned(),
            false => {
                writeln!(code, "        let mut output_{place} = {zero};")?;
                format!("&mut output_{place}")
            }
        };
        output.push(if is_field { format!("{}: {value}", end.field) } else { value });
    }
    let input = match plan.inputs().len() {
        1 => input.concat(),
        _ => format!("&{kind}Input {{ {} }}", input.join(", ")),
    };
    if let [only] = output.as_slice() {
        writeln!(code, "        let output = {only};")?;
    } else {
        writeln!(code, "        let output = &mut {kind}Output {{ {} }};", output.join(", "))?;
    }
    // What stands in the scratch before must not matter.
    writeln!(code, "        let mut scratch = vec![crate::suite::Float::NAN; {kind}::scratch_length(rows)];")?;
    writeln!(code, "        model.forward_into({input}, &mut scratch, output).unwrap();")?;
    writeln!(code, "        let mut flat = Vec::new();")?;
    for end in plan.outputs() {
        let is_field = plan.outputs().len() > 1;
        let value = if is_field { format!("output.{}", end.field) } else { "output".to_owned() };
        let value = match (is_free(end), is_field) {
            (true, _) => format!("rnn_runtime::Tensor::flat_all(&{value}[..])"),
            (false, true) => format!("rnn_runtime::Tensor::flat(&{value})"),
            (false, false) => format!("rnn_runtime::Tensor::flat({value})"),
        };
        writeln!(code, "        flat.extend_from_slice({value});")?;
    }
    writeln!(code, "        flat\n    }});")?;
    Ok(())
}

/// How the test makes scratch: by a function of the timesteps, or of the type's length.
fn scratch(plan: &Plan, kind: &str) -> String {
    match plan.memory().scratch {
        Some(floats) => format!("&mut [0.0; {floats}]"),
        None => format!("&mut vec![0.0; {kind}::scratch_length(64)][..]"),
    }
}

fn is_free(endpoint: &plan::Endpoint) -> bool {
    endpoint.axes.first().is_some_and(|axis| axis.known().is_none())
}

/// Puts a sample's numbers into the data; answers where they are.
fn store(data: &mut Vec<u8>, sample: &Sample) -> String {
    let start = data.len();
    for value in sample.input.iter().chain(&sample.output).chain([&sample.slack]) {
        data.extend_from_slice(&value.to_le_bytes());
    }
    format!("({start}, {}, {})", sample.input.len(), sample.output.len())
}
