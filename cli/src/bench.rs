//! `rnnc bench`: how fast a model is on this machine.

mod code;
mod program;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use rnn_compiler::plan::Cost;
use rnn_compiler::precision::Precision;
use rnn_compiler::storage::Storage;
use rnn_compiler::{Code, Diagnostic, Span};

use crate::files;
use crate::report::{Failure, Shell, Status, print};
use crate::storage::{self, Stored};

/// Measure a model on this machine: builds a small program with cargo and runs it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rnnc bench amp.rnn --weights amp.safetensors --rate 48000
  rnnc bench tagger.rnn --timesteps 100
  rnnc bench tagger.rnn --timesteps 100 --isa avx2 --format json

The program is built as users build theirs, by `cargo build --release` without further flags. Times
are medians of 11 rounds in which everything is measured in turn. A step is one timestep: of `forward`
over a whole sample, or by itself, one call each, as `step` of a stream takes it.

The floors are measured by the same program. Of a step within `forward`: its multiply-adds at the
processor's peak. Of a step by itself: the longer of that and one walk over the packed weights from the
cache that holds them; within `forward` several steps may share a walk. Floors leave out activations and
that a step waits for the one before, so no model reaches them; small ones stay furthest away.

The machine code is that of the kernels, read out of a program that has the model alone (where programs
are ELF files); choosing the instruction set takes 1 KiB more, once for all models.")]
pub(crate) struct Arguments {
    /// The .rnn file, or `-` for standard input.
    file: PathBuf,
    /// The weights, a safetensors file; made up where it is left out.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// The model in this variable; needed where a file has several and none is called `model`.
    #[arg(long, value_name = "VARIABLE")]
    model: Option<String>,
    /// Timesteps of a sample; needed where the model leaves them free.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    timesteps: Option<u32>,
    /// What rows of weights of dense and recurrent layers are stored as.
    #[arg(long, value_enum, default_value_t = Stored::F32, value_name = "NUMBERS")]
    storage: Stored,
    /// Steps a second that are needed, for `real time`: the sampling rate of an audio effect.
    #[arg(long, value_name = "HZ")]
    rate: Option<f64>,
    /// The fastest instruction set that may be used.
    #[arg(long, value_name = "NAME", value_parser = ["avx512", "avx2", "sse2", "neon", "scalar-fma", "scalar"])]
    isa: Option<String>,
    /// Where the program is written and built, and kept; else a folder that is removed again.
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// The folder of the crate rnn-runtime; else that of this repository, or the published version.
    #[arg(long, value_name = "FOLDER")]
    runtime: Option<PathBuf>,
    /// For people, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each number.
    Text,
    /// One object; times in nanoseconds.
    Json,
}

pub(crate) fn execute(shell: &Shell, arguments: &Arguments) -> Status {
    if arguments.rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
        return shell.usage("`--rate` is a number of steps a second, above 0");
    }
    let loaded = match files::load(shell, &arguments.file) {
        Ok(loaded) => loaded,
        Err(status) => return status,
    };
    match measure(arguments, &loaded) {
        Ok(Some(report)) => print(&report.shown(arguments)),
        Ok(None) => shell.usage("the model's timesteps are free: say how many with `--timesteps`"),
        Err(failure) => shell.fail(&failure),
    }
}

/// What was found out.
struct Report {
    name: String,
    isa: String,
    timesteps: usize,
    /// Nanoseconds by name: `forward`, `step`, `peak`, `read`.
    times: HashMap<String, f64>,
    /// Multiply-adds that `peak` makes.
    peak_multiply_adds: f64,
    cost: Cost,
    no_stream: Option<String>,
    /// Bytes of the kernels' machine code by instruction set, where programs are such that they can be told.
    code: Option<Vec<(&'static str, u64)>>,
}

/// `None` where the number of timesteps is needed.
fn measure(arguments: &Arguments, loaded: &files::Loaded) -> Result<Option<Report>, Failure> {
    let model = loaded.select(arguments.model.as_deref())?;
    if model.precision != Precision::Single {
        let title =
            format!("`{}` computes in {}, and only float32 models can be timed", model.name, model.precision.name());
        let diagnostic =
            Diagnostic::new(Code::E413, model.span, title).help("time the model without `set_floatx` and `dtype`");
        return Err(Failure { source: loaded.source.clone(), diagnostics: vec![diagnostic] });
    }
    let plan = storage::plan(&loaded.source, model, arguments.storage)?;
    let weights = match &arguments.weights {
        Some(path) => Some(files::bind(&loaded.source, model, Some(path))?),
        None => None,
    };
    if let Some(bound) = &weights {
        storage::stored(&loaded.source, model, &plan, bound)?;
    }
    let asked = arguments.timesteps.and_then(|count| usize::try_from(count).ok());
    let Some(timesteps) = plan.timesteps().or(asked) else { return Ok(None) };
    let runtime = arguments.runtime.as_deref().map(absolute).or_else(repository);
    let project = program::files(model, &plan, weights.as_ref(), Some(timesteps), runtime.as_deref());
    let folder = Folder::new(arguments.work.as_deref());
    for (name, content) in project {
        let path = folder.path.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| trouble(Code::E502, &folder.path, &error.to_string()))?;
        }
        files::write(&path, &content)?;
    }
    let place = absolute(&folder.path);
    let printed = run(&place, arguments.isa.as_deref())?;
    let words = printed.lines().filter_map(|line| line.split_once(' '));
    let found: HashMap<String, String> = words.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let number = |name: &String, value: &String| Some((name.clone(), value.parse::<f64>().ok()?));
    let mut times: HashMap<String, f64> = found.iter().filter_map(|(name, value)| number(name, value)).collect();
    let is_recurrent = !plan.decisions().is_empty() || plan.inputs()[0].axes.len() > 1;
    Ok(Some(Report {
        name: model.name.clone(),
        isa: found.get("isa").cloned().unwrap_or_default(),
        timesteps: if is_recurrent { timesteps } else { 1 },
        peak_multiply_adds: times.remove("peak_multiply_adds").unwrap_or(0.0),
        times,
        cost: plan.cost(),
        no_stream: plan.streaming().err().map(|reason| match &reason.layer {
            Some((layer, class)) => format!("`{layer}` ({class}) {}", reason.reason),
            None => reason.reason.clone(),
        }),
        code: std::fs::read(program_path(&place, program::MODEL_ALONE))
            .ok()
            .and_then(|program| code::of_kernels(&program)),
    }))
}

/// The same place whatever folder a program runs in.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Where cargo puts a program.
fn program_path(folder: &Path, name: &str) -> PathBuf {
    folder.join("target/release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Builds the program and gives what it prints.
fn run(folder: &Path, isa: Option<&str>) -> Result<String, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output();
    let built = built.map_err(|error| {
        let title = format!("cargo can't be started: {error}");
        Failure::of_file(
            "cargo",
            Diagnostic::new(Code::E507, Span::default(), title).help("install Rust: `rnnc bench` builds a program"),
        )
    })?;
    if !built.status.success() {
        return Err(trouble(
            Code::E507,
            folder,
            &format!("cargo can't build it\n{}", String::from_utf8_lossy(&built.stderr)),
        ));
    }
    let mut program = Command::new(program_path(folder, program::PROGRAM));
    if let Some(isa) = isa {
        program.env("RNN_MAX_ISA", isa);
    }
    let ran = program.output().map_err(|error| trouble(Code::E507, folder, &error.to_string()))?;
    if !ran.status.success() {
        return Err(trouble(
            Code::E507,
            folder,
            &format!("it ended with {}\n{}", ran.status, String::from_utf8_lossy(&ran.stderr)),
        ));
    }
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}

fn trouble(code: Code, folder: &Path, reason: &str) -> Failure {
    let name = files::shown(folder);
    let (first, rest) = reason.split_once('\n').unwrap_or((reason, ""));
    let mut diagnostic =
        Diagnostic::new(code, Span::default(), format!("the program in `{name}` can't be measured: {first}"));
    diagnostic.notes.extend((!rest.trim().is_empty()).then(|| rest.trim().to_owned()));
    Failure::of_file(&name, diagnostic.help("keep the program with `--work FOLDER` to look at it"))
}

/// The runtime beside this crate, where it was built in the repository and that is still there.
fn repository() -> Option<PathBuf> {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("runtime");
    runtime.join("Cargo.toml").exists().then_some(runtime)
}

/// Where the program lives; removed at the end where nobody asked for it.
struct Folder {
    path: PathBuf,
    is_kept: bool,
}

impl Folder {
    fn new(asked: Option<&Path>) -> Self {
        match asked {
            Some(path) => Self { path: path.to_path_buf(), is_kept: true },
            None => {
                let name = format!("rnnc-bench-{}", std::process::id());
                Self { path: std::env::temp_dir().join(name), is_kept: false }
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_kept {
            // What is left behind in a temporary folder does no harm.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[allow(clippy::cast_precision_loss)]
impl Report {
    fn time(&self, name: &str) -> Option<f64> {
        self.times.get(name).copied()
    }

    /// Nanoseconds of a timestep within `forward`.
    fn forward_step(&self) -> f64 {
        self.time("forward").unwrap_or(0.0) / self.timesteps as f64
    }

    fn multiply_adds(&self) -> f64 {
        let forward = self.cost.forward;
        forward.over(self.timesteps as u64).fixed as f64 / self.timesteps as f64
    }

    /// Nanoseconds of a step's multiply-adds at the peak, and of one walk over the weights.
    fn floors(&self) -> (f64, f64) {
        let peak = self.peak_multiply_adds / self.time("peak").unwrap_or(1.0);
        (self.multiply_adds() / peak, self.time("read").unwrap_or(0.0))
    }

    fn shown(&self, arguments: &Arguments) -> String {
        match arguments.format {
            Format::Text => self.text(arguments),
            Format::Json => self.json(arguments),
        }
    }

    fn text(&self, arguments: &Arguments) -> String {
        let (work, weights) = self.floors();
        let mut lines = vec![("model", format!("{}, {} timesteps, on {}", self.name, self.timesteps, self.isa))];
        if arguments.weights.is_none() {
            lines.push(("weights", "made up; give yours with `--weights`".to_owned()));
        }
        if self.cost.storage != Storage::F32 {
            lines.push(("storage", format!("{}, {} KiB packed", self.cost.storage, self.cost.weights.div_ceil(256))));
        }
        let each = self.forward_step();
        let forward = self.time("forward").unwrap_or(0.0);
        lines.push((
            "forward",
            format!("{} a sample, {} a step, {} steps a second", time(forward), time(each), count(1e9 / each)),
        ));
        match (self.time("step"), &self.no_stream) {
            (Some(step), _) => lines.push(("step", format!("{}, {} a second", time(step), count(1e9 / step)))),
            (None, Some(reason)) => lines.push(("step", format!("no stream: {reason}"))),
            (None, None) => {}
        }
        if let Some(rate) = arguments.rate {
            let step = self.time("step").unwrap_or(each);
            lines.push(("real time", format!("{:.1} times as fast as {rate} steps a second", 1e9 / step / rate)));
        }
        if self.multiply_adds() > 0.0 {
            lines.push(("work", format!("{:.1} GFLOP/s in forward", 2.0 * self.multiply_adds() / each)));
            let share = |floor: f64, step: f64| format!("{} ({:.0} %)", time(floor), 100.0 * floor / step);
            let mut floors = format!("{} of a step in forward: multiply-adds at the peak", share(work, each));
            if let Some(step) = self.time("step") {
                let why = if work >= weights { "the same" } else { "one walk over the weights" };
                floors.push_str(&format!("; {} of a step by itself: {why}", share(work.max(weights), step)));
            }
            lines.push(("floor", floors));
        }
        if let Some(sets) = &self.code {
            let kib = |bytes: u64| bytes as f64 / 1024.0;
            let each =
                sets.iter().map(|(set, bytes)| format!("{:.1} for {set}", kib(*bytes))).collect::<Vec<_>>().join(", ");
            let forms = if self.time("step").is_some() { "forward and step" } else { "forward" };
            lines.push(("code", format!("{each}: KiB of kernels of {forms}; a program has them all and runs one set")));
        }
        lines.iter().map(|(name, text)| format!("{name:<10} {text}\n")).collect()
    }

    fn json(&self, arguments: &Arguments) -> String {
        let (work, weights) = self.floors();
        let value = serde_json::json!({
            "model": self.name,
            "isa": self.isa,
            "timesteps": self.timesteps,
            "has_weights": arguments.weights.is_some(),
            "forward_ns": self.time("forward"),
            "forward_step_ns": self.forward_step(),
            "step_ns": self.time("step"),
            "no_stream": self.no_stream,
            "real_time": arguments.rate.map(|rate| 1e9 / self.time("step").unwrap_or(self.forward_step()) / rate),
            "multiply_adds_a_step": self.multiply_adds(),
            "floor_work_ns": work,
            "floor_weights_ns": weights,
            "code_bytes": self.code.as_ref().map(|sets| sets.iter().copied().collect::<HashMap<_, _>>()),
        });
        format!("{value:#}\n")
    }
}

/// A time for people.
fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e3 => format!("{ns:.1} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

/// A number for people.
fn count(number: f64) -> String {
    match number {
        n if n < 1e3 => format!("{n:.0}"),
        n if n < 1e6 => format!("{:.1} thousand", n / 1e3),
        n if n < 1e9 => format!("{:.2} million", n / 1e6),
        n => format!("{:.2} billion", n / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([time(41.26), time(2_590.0), time(7.3e6)], ["41.3 ns", "2.59 µs", "7.30 ms"]);
        assert_eq!([count(812.4), count(48_000.0), count(3.1e6)], ["812", "48.0 thousand", "3.10 million"]);
    }
}
