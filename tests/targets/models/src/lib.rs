//! The models that every target computes on the same inputs, and the lines in which it says what came out.
//!
//! A line is a model's name, a hash of all its outputs' bits, and some outputs as the digits of their bits. Each model is computed
//! sample by sample, as a batch, and, where it can be a stream, frame by frame and in chunks; a form that gives other
//! bits is a line of its own, `DIFFERS`. The weights, except the embedded ones, come out of a safetensors file that is made in memory.
#![no_std]
#![forbid(unsafe_code)]

mod file;
mod report;

pub use report::Report;
pub use rnn_runtime as runtime;
use rnn_runtime::{Model, Stream, rnn_model};

rnn_model! {
    /// Trained weights, embedded: which digit an 8×8 scan shows.
    #[source = "../../../../examples/digits/digits.rnn"]
    #[weights = "../../../../examples/digits/digits.safetensors"]
    pub struct Digits;
}

rnn_model! {
    /// A cell whose gates stay in registers.
    pub struct SmallLstm;
    model = Sequential([Input(shape=(12, 4)), LSTM(8), Dense(3)])
}
rnn_model! {
    /// A cell in panels of units, whose batch shares the walks over the weights.
    pub struct PanelLstm;
    model = Sequential([Input(shape=(12, 6)), LSTM(70), Dense(5)])
}
rnn_model! {
    /// The reset gate behind the product; two layers.
    pub struct ResetAfterGru;
    model = Sequential([Input(shape=(12, 6)), GRU(20, return_sequences=True), GRU(70), Dense(5, activation="tanh")])
}
rnn_model! {
    /// The reset gate before the product.
    pub struct ResetBeforeGru;
    model = Sequential([Input(shape=(12, 6)), GRU(20, reset_after=False), Dense(5, activation="gelu")])
}
rnn_model! {
    /// The simplest cell.
    pub struct Simple;
    model = Sequential([Input(shape=(12, 6)), SimpleRNN(33), Dense(5, activation="selu")])
}
rnn_model! {
    /// Rows, square roots, exponentials.
    pub struct Rows;
    model = Sequential()
    model.add(Input(shape=(12, 6)))
    model.add(Dense(17, activation="gelu"))
    model.add(LayerNormalization())
    model.add(Dense(9, activation="softplus"))
    model.add(SimpleRNN(7))
    model.add(Softmax())
}
rnn_model! {
    /// Both directions; no stream.
    pub struct BothDirections;
    model = Sequential([Input(shape=(12, 6)), Bidirectional(GRU(10, return_sequences=True)), Bidirectional(LSTM(5)), Dense(4)])
}
rnn_model! {
    /// Everything that joins; no stream.
    pub struct Graph;
    x = Input(shape=(12, 6))
    y = GRU(17, return_sequences=True)(x)
    a = Add()([x, Dense(6)(y), 2.0 * x - 1])
    m = Attention()([a, x])
    n = AdditiveAttention()([m, a])
    p = MaxPooling1D(3, strides=2, padding="same")(AveragePooling1D()(n))
    q = Concatenate()([GlobalMaxPooling1D()(p), UnitNormalization()(GlobalAveragePooling1D()(y))])
    model = Model(x, Dense(4, activation="softmax")(q))
}

/// The longest list of weights of the models whose weights are made here.
pub const WEIGHTS: usize = largest(&[
    SmallLstm::WEIGHTS,
    PanelLstm::WEIGHTS,
    ResetAfterGru::WEIGHTS,
    ResetBeforeGru::WEIGHTS,
    Simple::WEIGHTS,
    Rows::WEIGHTS,
    BothDirections::WEIGHTS,
    Graph::WEIGHTS,
]);

const fn largest(mut lengths: &[usize]) -> usize {
    let mut largest = 0;
    while let [first, rest @ ..] = lengths {
        largest = if *first > largest { *first } else { largest };
        lengths = rest;
    }
    largest
}

/// A number from -0.5 to 0.5 with all 24 bits in use, which its place alone decides.
pub fn number(place: usize) -> f32 {
    let bits = (place as u32).wrapping_mul(2_654_435_761).wrapping_add(12345);
    let bits = (bits ^ bits >> 15).wrapping_mul(0x2c1b_3c6d);
    ((bits ^ bits >> 12) >> 8) as f32 / 16_777_216.0 - 0.5
}

/// Four samples.
fn samples<const FEATURES: usize, const STEPS: usize>() -> [[[f32; FEATURES]; STEPS]; 4] {
    let mut samples = [[[0.0; FEATURES]; STEPS]; 4];
    for (place, value) in samples.as_flattened_mut().as_flattened_mut().iter_mut().enumerate() {
        *value = 3.0 * number(place + 1_000_000);
    }
    samples
}

/// Bytes that hold any of the models' files of weights.
pub const FILE: usize = 4 * WEIGHTS + 4096;

/// Memory for one model at a time.
#[derive(Debug)]
pub struct Memory {
    file: [u8; FILE],
    packed: [f32; WEIGHTS],
}

impl Memory {
    /// All zeros.
    pub const NEW: Self = Self { file: [0; FILE], packed: [0.0; WEIGHTS] };
}

/// A model that every target computes.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// As its line calls it.
    pub name: &'static str,
    /// Computes it in every form and writes its line.
    pub check: fn(&mut Memory, &mut Report<'_>),
    /// Computes one sample and no more, with the weights of the last check: the output's first number.
    pub once: fn(&Memory) -> f32,
}

/// A model with its own weights, or with those of a file.
macro_rules! load {
    ($model:ident [] $memory:ident) => {{
        let _ = &$memory;
        Some($model::new())
    }};
    ($model:ident [$($weight:expr),*] $memory:ident) => {
        $model::load(file::File::write(&mut $memory.file, &[$($weight),*]), &mut $memory.packed).ok()
    };
}
/// The same, packed before.
macro_rules! packed {
    ($model:ident [] $memory:ident) => {{
        let _ = $memory;
        Some($model::new())
    }};
    ($model:ident [$($weight:expr),*] $memory:ident) => {
        $model::from_packed(&$memory.packed).ok()
    };
}
macro_rules! cases {
    ($($name:literal, $model:ident($($stream:ident)?), $weights:tt;)*) => {
        /// All of them.
        pub const CASES: &[Case] = &[$(Case {
            name: $name,
            check: |memory, report| {
                let samples = samples();
                match load!($model $weights memory) {
                    Some(model) => {
                        let outputs = whole(&model, &samples, $name, report);
                        $(streamed(&mut model.$stream(), &samples, &outputs, $name, report);)?
                        report.model($name, outputs.as_flattened());
                    }
                    None => report.differs($name, "weights"),
                }
            },
            once: |memory| {
                let [sample, ..] = samples();
                let output = packed!($model $weights memory).map(|model| model.forward(&sample));
                output.map_or(0.0, |[first, ..]| first)
            },
        }),*];
    };
}
cases! {
    "digits", Digits(stream), [];
    "small-lstm", SmallLstm(stream), [
        ("lstm/lstm_cell/kernel", &[4, 32]), ("lstm/lstm_cell/recurrent_kernel", &[8, 32]), ("lstm/lstm_cell/bias", &[32]),
        ("dense/kernel", &[8, 3]), ("dense/bias", &[3])
    ];
    "panel-lstm", PanelLstm(stream), [
        ("lstm/lstm_cell/kernel", &[6, 280]), ("lstm/lstm_cell/recurrent_kernel", &[70, 280]), ("lstm/lstm_cell/bias", &[280]),
        ("dense/kernel", &[70, 5]), ("dense/bias", &[5])
    ];
    "gru-reset-after", ResetAfterGru(stream), [
        ("gru/gru_cell/kernel", &[6, 60]), ("gru/gru_cell/recurrent_kernel", &[20, 60]), ("gru/gru_cell/bias", &[2, 60]),
        ("gru_1/gru_cell/kernel", &[20, 210]), ("gru_1/gru_cell/recurrent_kernel", &[70, 210]),
        ("gru_1/gru_cell/bias", &[2, 210]), ("dense/kernel", &[70, 5]), ("dense/bias", &[5])
    ];
    "gru-reset-before", ResetBeforeGru(stream), [
        ("gru/gru_cell/kernel", &[6, 60]), ("gru/gru_cell/recurrent_kernel", &[20, 60]), ("gru/gru_cell/bias", &[60]),
        ("dense/kernel", &[20, 5]), ("dense/bias", &[5])
    ];
    "simple-rnn", Simple(stream), [
        ("simple_rnn/simple_rnn_cell/kernel", &[6, 33]), ("simple_rnn/simple_rnn_cell/recurrent_kernel", &[33, 33]),
        ("simple_rnn/simple_rnn_cell/bias", &[33]), ("dense/kernel", &[33, 5]), ("dense/bias", &[5])
    ];
    "rows", Rows(stream), [
        ("dense/kernel", &[6, 17]), ("dense/bias", &[17]), ("layer_normalization/gamma", &[17]),
        ("layer_normalization/beta", &[17]), ("dense_1/kernel", &[17, 9]), ("dense_1/bias", &[9]),
        ("simple_rnn/simple_rnn_cell/kernel", &[9, 7]), ("simple_rnn/simple_rnn_cell/recurrent_kernel", &[7, 7]),
        ("simple_rnn/simple_rnn_cell/bias", &[7])
    ];
    "bidirectional", BothDirections(), [
        ("bidirectional/forward_gru/gru_cell/kernel", &[6, 30]),
        ("bidirectional/forward_gru/gru_cell/recurrent_kernel", &[10, 30]),
        ("bidirectional/forward_gru/gru_cell/bias", &[2, 30]),
        ("bidirectional/backward_gru/gru_cell/kernel", &[6, 30]),
        ("bidirectional/backward_gru/gru_cell/recurrent_kernel", &[10, 30]),
        ("bidirectional/backward_gru/gru_cell/bias", &[2, 30]),
        ("bidirectional_1/forward_lstm/lstm_cell/kernel", &[20, 20]),
        ("bidirectional_1/forward_lstm/lstm_cell/recurrent_kernel", &[5, 20]),
        ("bidirectional_1/forward_lstm/lstm_cell/bias", &[20]),
        ("bidirectional_1/backward_lstm/lstm_cell/kernel", &[20, 20]),
        ("bidirectional_1/backward_lstm/lstm_cell/recurrent_kernel", &[5, 20]),
        ("bidirectional_1/backward_lstm/lstm_cell/bias", &[20]),
        ("dense/kernel", &[10, 4]), ("dense/bias", &[4])
    ];
    "graph", Graph(), [
        ("gru/gru_cell/kernel", &[6, 51]), ("gru/gru_cell/recurrent_kernel", &[17, 51]), ("gru/gru_cell/bias", &[2, 51]),
        ("dense/kernel", &[17, 6]), ("dense/bias", &[6]), ("additive_attention/scale", &[6]),
        ("dense_1/kernel", &[23, 4]), ("dense_1/bias", &[4])
    ];
}

/// Says which instruction set is in use, then computes every model.
pub fn run(memory: &mut Memory, report: &mut Report<'_>) {
    report.instruction_set(rnn_runtime::isa_name(), rnn_runtime::level().is_fused());
    for case in CASES {
        (case.check)(memory, report);
    }
}

/// Samples one by one and as a batch; answers the outputs.
fn whole<M: Model<Output = [f32; OUT]>, const OUT: usize>(
    model: &M,
    samples: &[M::Input; 4],
    name: &str,
    report: &mut Report<'_>,
) -> [[f32; OUT]; 4]
where
    M::Input: Sized,
    M::Scratch: Sized,
{
    let mut outputs = [[0.0; OUT]; 4];
    for (output, sample) in outputs.iter_mut().zip(samples) {
        *output = model.forward(sample);
    }
    let mut batch = [[0.0; OUT]; 4];
    if model.forward_batch(samples, &mut batch).is_err() || !same(batch.as_flattened(), outputs.as_flattened()) {
        report.differs(name, "batch");
    }
    outputs
}

/// Every sample once more, step by step and in chunks of 5, 5 and the rest.
fn streamed<S, const FEATURES: usize, const STEPS: usize, const OUT: usize>(
    stream: &mut S,
    samples: &[[[f32; FEATURES]; STEPS]; 4],
    outputs: &[[f32; OUT]; 4],
    name: &str,
    report: &mut Report<'_>,
) where
    S: Stream<Frame = [f32; FEATURES], Step = [f32; OUT]>,
{
    for (sample, output) in samples.iter().zip(outputs) {
        stream.reset();
        let mut last = [0.0; OUT];
        for frame in sample {
            last = stream.step(frame);
        }
        if !same(&last, output) {
            report.differs(name, "steps");
        }
        stream.reset();
        for chunk in sample.chunks(5) {
            let mut steps = [[0.0; OUT]; 5];
            if let Some(steps) = steps.get_mut(..chunk.len())
                && stream.process(chunk, steps).is_ok()
                && let Some(step) = steps.last()
            {
                last = *step;
            }
        }
        if !same(&last, output) {
            report.differs(name, "chunks");
        }
    }
}

/// Whether all bits agree.
fn same(left: &[f32], right: &[f32]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.to_bits() == right.to_bits())
}
