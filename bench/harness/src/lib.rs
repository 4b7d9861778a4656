//! What every Rust program of the comparison shares: the workloads' files, timing, checking, and the JSON lines.
//!
//! A program gets the data folder as its first argument and prints one JSON object a line, with `ns` and `min` for one
//! whole run of a workload (all its time steps), and `max_error` against the float64 reference. Timing is read from the
//! environment, so that every program of a run measures alike: `BENCH_CHUNKS` chunks of `BENCH_CHUNK_US` microseconds,
//! only workloads whose name contains `BENCH_ONLY`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// One workload: the shapes that a program needs to set up its model.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Name of its folder under the data folder.
    pub name: &'static str,
    /// Time steps in one run.
    pub timesteps: usize,
    /// Samples in one run.
    pub batch: usize,
    /// Features of the input.
    pub features: usize,
    /// Units of each recurrent layer.
    pub units: usize,
    /// The recurrent layers are LSTM.
    pub is_lstm: bool,
}

const fn workload(name: &'static str, shape: [usize; 4], is_lstm: bool) -> Workload {
    let [timesteps, batch, features, units] = shape;
    Workload { name, timesteps, batch, features, units, is_lstm }
}

/// Every workload; `workloads.py` makes their data under the same names.
pub const WORKLOADS: [Workload; 9] = [
    workload("w1_lstm20", [64, 1, 1, 20], true),
    workload("w1_lstm40", [64, 1, 1, 40], true),
    workload("w1_gru8", [64, 1, 1, 8], false),
    workload("w2_lstm128", [100, 1, 64, 128], true),
    workload("w3_gru256", [100, 1, 128, 256], false),
    workload("w4_bilstm64", [100, 1, 32, 64], true),
    workload("w5_rnn8", [10, 1, 4, 8], false),
    workload("w6_lstm512", [50, 1, 512, 512], true),
    workload("w7_lstm128_b32", [100, 32, 64, 128], true),
];

impl Workload {
    /// Streams sample by sample: the state is carried from call to call.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.name.starts_with("w1_")
    }

    /// Name under which one call per time step is reported.
    #[must_use]
    pub fn step_name(&self) -> String {
        format!("{}_t1", self.name)
    }
}

/// The data folder: the program's first argument.
#[derive(Clone, Debug)]
pub struct Data {
    root: PathBuf,
}

impl Data {
    /// Reads the folder from the command line.
    ///
    /// # Panics
    /// Without an argument: a benchmark program has nothing to run then.
    #[must_use]
    pub fn from_arguments() -> Self {
        let root = env::args().nth(1).expect("usage: PROGRAM DATA_FOLDER");
        Data { root: root.into() }
    }

    /// Path of one file of a workload.
    #[must_use]
    pub fn path(&self, workload: &str, file: &str) -> PathBuf {
        self.root.join(workload).join(file)
    }

    /// Little-endian float32 values of one file of a workload.
    ///
    /// # Panics
    /// When the file can't be read.
    #[must_use]
    pub fn floats(&self, workload: &str, file: &str) -> Vec<f32> {
        read_floats(&self.path(workload, file))
    }

    /// Input, shape `[timesteps, batch, features]`.
    #[must_use]
    pub fn input(&self, workload: &str) -> Vec<f32> {
        self.floats(workload, "x.bin")
    }

    /// Output in float64 arithmetic, rounded: `[timesteps, batch, outputs]`, or `[batch, outputs]` of the last step.
    #[must_use]
    pub fn expected(&self, workload: &str) -> Vec<f32> {
        self.floats(workload, "y.bin")
    }

    /// Every weight, layer after layer, in PyTorch's order (see `workloads.py`).
    #[must_use]
    pub fn weights(&self, workload: &str) -> Vec<f32> {
        self.floats(workload, "w.bin")
    }
}

fn read_floats(path: &Path) -> Vec<f32> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect()
}

/// Whether `BENCH_ONLY` lets this workload run.
#[must_use]
pub fn wanted(workload: &str) -> bool {
    env::var("BENCH_ONLY").map_or(true, |only| only.split(',').any(|part| workload.contains(part)))
}

fn setting(name: &str, default: f64) -> f64 {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Median and least nanoseconds of one call.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Median over the chunks.
    pub median: f64,
    /// Fastest chunk.
    pub least: f64,
}

/// Times `call` in chunks of equal length, after a warm-up that also finds how many calls make a chunk.
pub fn time(mut call: impl FnMut()) -> Timing {
    let start = Instant::now();
    let mut n_calls = 0u32;
    // 30 ms wake the clock and fill the caches.
    while start.elapsed().as_secs_f64() < 0.03 {
        call();
        n_calls += 1;
    }
    let nanoseconds = start.elapsed().as_secs_f64() * 1e9 / f64::from(n_calls);
    let chunk = setting("BENCH_CHUNK_US", 2000.0) * 1e3;
    let calls_per_chunk = ((chunk / nanoseconds) as u32).max(1);
    // Calls longer than a chunk get fewer chunks, so that every workload takes about the same time.
    let n_chunks = (setting("BENCH_CHUNKS", 40.0) * (chunk / nanoseconds).min(1.0)).max(8.0) as usize;
    let mut chunks: Vec<f64> = (0..n_chunks)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..calls_per_chunk {
                call();
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(calls_per_chunk)
        })
        .collect();
    chunks.sort_by(f64::total_cmp);
    Timing { median: chunks[chunks.len() / 2], least: chunks[0] }
}

/// Times one run of a workload and prints its line.
pub fn run(peer: &str, workload: &str, call: impl FnMut()) {
    let Timing { median, least } = time(call);
    println!(r#"{{"peer":"{peer}","workload":"{workload}","ns":{median:.2},"min":{least:.2}}}"#);
}

/// Largest absolute difference; NaN anywhere gives NaN.
///
/// # Panics
/// When the lengths differ.
#[must_use]
pub fn max_error(got: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(got.len(), expected.len(), "an output has the wrong length");
    got.iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |worst, error| if error.is_nan() || error > worst { error } else { worst })
}

/// Prints the largest difference from the reference.
pub fn check(peer: &str, workload: &str, got: &[f32], expected: &[f32]) {
    let error = f64::from(max_error(got, expected));
    let error = if error.is_finite() { error } else { 1e30 };
    println!(r#"{{"peer":"{peer}","workload":"{workload}","max_error":{error:.3e}}}"#);
}

/// Prints what a peer needs before its first answer: loading, optimising, packing.
pub fn loaded(peer: &str, workload: &str, start: Instant) {
    let microseconds = start.elapsed().as_secs_f64() * 1e6;
    println!(r#"{{"peer":"{peer}","workload":"{workload}","load_us":{microseconds:.1}}}"#);
}

/// Prints that a peer can't run a workload, and why.
pub fn failed(peer: &str, workload: &str, reason: &str) {
    let reason: String =
        reason.chars().map(|c| if c.is_control() || c == '"' || c == '\\' { ' ' } else { c }).collect();
    let reason: String = reason.chars().take(200).collect();
    println!(r#"{{"peer":"{peer}","workload":"{workload}","fail":"{reason}"}}"#);
}

/// Prints the version of a peer that knows it only at run time.
pub fn version(peer: &str, version: &str) {
    println!(r#"{{"peer":"{peer}","version":"{version}"}}"#);
}

/// Float32 values that start at a cache line, as embedded weights do.
#[derive(Debug)]
pub struct Aligned {
    values: Vec<f32>,
    skip: usize,
    length: usize,
}

impl Aligned {
    /// `length` zeros.
    #[must_use]
    pub fn zeros(length: usize) -> Self {
        let values = vec![0.0; length + 16];
        let skip = values.as_ptr().align_offset(64);
        Aligned { values, skip, length }
    }

    /// The values.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.values[self.skip..][..self.length]
    }

    /// The values, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.values[self.skip..][..self.length]
    }
}
