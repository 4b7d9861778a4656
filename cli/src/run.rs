//! `rnnc run`: evaluates a model on data from files, by the compiler's reference.

mod fit;
mod inputs;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ndarray::{ArrayD, IxDyn};
use rnn_compiler::graph::NodeId;
use rnn_compiler::model::CompiledModel;
use rnn_compiler::reference::{self, EvaluateError, Real, UnknownIds};
use rnn_compiler::weights::BoundWeights;
use rnn_compiler::{Code, Diagnostic, Span};

use crate::arrays::{self, Array, Precision};
use crate::files;
use crate::report::{Failure, Shell, Status, print, say};
use crate::storage::{self, Stored};

/// Samples that are evaluated at once: enough for matrix products, few enough for a bar that moves.
const SAMPLES_AT_ONCE: usize = 64;

/// Evaluate a model on data: slow, obvious, and equal to Keras.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rnnc run digits.rnn --weights digits.safetensors --input scans.npy --output probabilities.npy
  rnnc run tagger.rnn --weights tagger.safetensors --input series.csv
  rnnc run words.rnn --weights words.safetensors --input data.npz --key ids --dtype f64
  rnnc run tagger.rnn --weights tagger.safetensors --input series.csv --output y.npy --storage f16
  rnnc run mixer.rnn --weights mixer.safetensors --input voice=voice.npy --input music=music.npy --output mixed.npz

Files are NumPy's .npy and .npz, .csv and .safetensors, told apart by their endings. The input has
the model's shape with any number of samples, or that of a single sample; then the output has no
batch axis either. A .csv file holds one sample with a timestep a line, or a sample a line. Without
--output, the result is printed as .csv.")]
pub(crate) struct Arguments {
    /// The .rnn file, or `-` for standard input.
    file: PathBuf,
    /// The weights, a safetensors file; left out for a model without weights.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// The data, or `-` for standard input; `NAME=FILE` for each of several inputs, or one file with all by name.
    #[arg(long, value_name = "[NAME=]FILE", required = true)]
    input: Vec<PathBuf>,
    /// Which array of a .npz or .safetensors file; needed where it has several and none is called `input`.
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
    /// Where the result goes; in .npz and .safetensors files it is called `output`, and several have their names.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The number type that is computed with, and written; the model's own where it is left out.
    #[arg(long, value_enum)]
    dtype: Option<Dtype>,
    /// Round the weights of dense and recurrent layers as code with this storage does, and tell on standard error what
    /// that changes: each layer's weights, and each output against the one of `f32`.
    #[arg(long, value_enum, default_value_t = Stored::F32, value_name = "NUMBERS")]
    storage: Stored,
    /// The model in this variable; needed where a file has several and none is called `model`.
    #[arg(long, value_name = "VARIABLE")]
    model: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Dtype {
    /// 32-bit floats.
    #[value(alias = "float32")]
    F32,
    /// 64-bit floats.
    #[value(alias = "float64")]
    F64,
}

pub(crate) fn execute(shell: &Shell, arguments: &Arguments) -> Status {
    if files::is_stdin(&arguments.file) && arguments.input.iter().any(|input| files::is_stdin(input)) {
        return shell.usage("the model and the data can't both come from standard input");
    }
    let loaded = match files::load(shell, &arguments.file) {
        Ok(loaded) => loaded,
        Err(status) => return status,
    };
    match run(shell, arguments, &loaded) {
        Ok(status) => status,
        Err(failure) => shell.fail(&failure),
    }
}

fn run(shell: &Shell, arguments: &Arguments, loaded: &files::Loaded) -> Result<Status, Failure> {
    let model = loaded.select(arguments.model.as_deref())?;
    let weights = files::bind(&loaded.source, model, arguments.weights.as_deref())?;
    let data = inputs::read(model, &arguments.input, arguments.key.as_deref())?;
    for (name, input) in data.names.iter().zip(&data.arrays) {
        if input.values.iter().any(|value| !value.is_finite()) {
            shell.fail(&Failure::of_file(name, not_finite(input)));
        }
    }
    let dtype = arguments.dtype.unwrap_or(match model.precision {
        rnn_compiler::precision::Precision::Single => Dtype::F32,
        rnn_compiler::precision::Precision::Double => Dtype::F64,
    });
    let evaluate = |weights: &BoundWeights| {
        let evaluation = Evaluation { model, weights, name: &data.names[0] };
        match dtype {
            Dtype::F32 => evaluation.run::<f32>(&data.arrays),
            Dtype::F64 => evaluation.run::<f64>(&data.arrays),
        }
    };
    let precision = if dtype == Dtype::F32 { Precision::Single } else { Precision::Double };
    let mut outputs = evaluate(&weights)?;
    if arguments.storage != Stored::F32 {
        let plan = storage::plan(&loaded.source, model, arguments.storage)?;
        let stored = storage::stored(&loaded.source, model, &plan, &weights)?;
        let exact = std::mem::replace(&mut outputs, evaluate(&stored.weights)?);
        say(&storage::report(&stored.losses, &model.output_names, [&outputs, &exact]));
    }
    for output in outputs.iter_mut().filter(|output| data.is_single && !output.shape.is_empty()) {
        output.shape.remove(0);
    }
    let names = match outputs.as_slice() {
        [_] => vec!["output"],
        _ => model.output_names.iter().map(String::as_str).collect(),
    };
    let named: Vec<(&str, &Array)> = names.into_iter().zip(&outputs).collect();
    match &arguments.output {
        Some(path) => arrays::write(path, &named, precision).map(|()| Status::Good),
        None => Ok(print(&printed(&named, precision))),
    }
}

/// As .csv; several each below its name.
fn printed(outputs: &[(&str, &Array)], precision: Precision) -> String {
    if let [(_, output)] = outputs {
        return arrays::text(output, precision);
    }
    let texts = outputs.iter().map(|(name, output)| format!("# {name}\n{}", arrays::text(output, precision)));
    texts.collect::<Vec<_>>().join("\n")
}

fn not_finite(input: &Array) -> Diagnostic {
    let bad = input.values.iter().filter(|value| !value.is_finite()).count();
    let title = format!("the input holds {bad} values that are NaN or infinite, of {}", input.values.len());
    Diagnostic::new(Code::W501, Span::default(), title)
}

/// A model with its weights, and the name of the data that it is evaluated on.
struct Evaluation<'a> {
    model: &'a CompiledModel,
    weights: &'a BoundWeights,
    name: &'a str,
}

impl Evaluation<'_> {
    /// The model's outputs for all samples. A fixed batch is filled up with zeros, whose outputs are dropped: samples
    /// do not know of each other.
    fn run<R: Real>(&self, inputs: &[Array]) -> Result<Vec<Array>, Failure> {
        let samples = inputs[0].shape[0];
        let fixed = self.model.input_shapes().into_iter().find_map(|shape| shape.batch().known());
        let fixed = fixed.and_then(|batch| usize::try_from(batch).ok());
        let at_once = fixed.unwrap_or(SAMPLES_AT_ONCE).max(1);
        let weights = self.typed_weights::<R>();
        let bar = progress(samples);
        let n_outputs = self.model.graph.outputs().len();
        let mut results = vec![Array { shape: vec![0], values: Vec::new() }; n_outputs];
        let mut first = 0;
        loop {
            let count = at_once.min(samples - first);
            let batch = if fixed.is_some() { at_once } else { count };
            let typed = inputs.iter().map(|input| {
                let size: usize = input.shape[1..].iter().product();
                let values = input.values[first * size..(first + count) * size].iter();
                let mut typed: Vec<R> = values.map(|&value| R::of(value)).collect();
                typed.resize(batch * size, R::of(0.0));
                array(&[&[batch], &input.shape[1..]].concat(), typed)
            });
            let outputs = self.evaluate(&weights, &typed.collect::<Vec<_>>())?;
            for (result, output) in results.iter_mut().zip(outputs) {
                result.shape = output.shape().to_vec();
                let per_sample: usize = result.shape[1..].iter().product();
                result.values.extend(output.iter().take(count * per_sample).map(|value| value.to_f64()));
            }
            first += count;
            bar.inc(count as u64);
            if first >= samples {
                break;
            }
        }
        bar.finish_and_clear();
        results.iter_mut().for_each(|result| result.shape[0] = samples);
        Ok(results)
    }

    fn typed_weights<R: Real>(&self) -> Vec<Vec<ArrayD<R>>> {
        let nodes = 0..self.model.graph.nodes().len();
        nodes
            .map(|node| {
                let weights = self.weights.node(node).iter();
                weights
                    .map(|weight| {
                        let shape: Vec<usize> =
                            weight.shape.iter().map(|&size| usize::try_from(size).unwrap_or(usize::MAX)).collect();
                        array(&shape, weight.values.wide().iter().map(|&value| R::of(value)).collect())
                    })
                    .collect()
            })
            .collect()
    }

    fn evaluate<R: Real>(&self, weights: &[Vec<ArrayD<R>>], inputs: &[ArrayD<R>]) -> Result<Vec<ArrayD<R>>, Failure> {
        let of_node = |NodeId(node): NodeId| weights[node].clone();
        let outputs = reference::evaluate_with(&self.model.graph, of_node, inputs, UnknownIds::Refuse);
        outputs.map_err(|error| Failure::of_file(self.name, self.refusal(&error)))
    }

    fn refusal(&self, error: &EvaluateError) -> Diagnostic {
        let code = if matches!(error, EvaluateError::Id { .. }) { Code::E505 } else { Code::E504 };
        Diagnostic::new(code, Span::default(), error.to_string())
    }
}

/// An array of a shape whose size is that of the values, checked before.
fn array<R>(shape: &[usize], values: Vec<R>) -> ArrayD<R> {
    match ArrayD::from_shape_vec(IxDyn(shape), values) {
        Ok(array) => array,
        Err(_) => unreachable!("the shape was checked against the number of values"),
    }
}

/// A bar on standard error, shown where it is a terminal and the work takes more than a moment.
fn progress(samples: usize) -> ProgressBar {
    if samples <= SAMPLES_AT_ONCE || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(samples as u64), ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} samples, {eta} left") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
