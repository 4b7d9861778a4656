//! Silence after a loud signal: states die away slowly, down to denormal numbers, and stay there, as the least of them times
//! 0.99 rounds to itself. On many processors arithmetic with them takes a hundred times as long. Kernels set what is that
//! small to zero (`runtime/tests/silence.rs` sees it in the states; here its time is taken).

use std::hint::black_box;
use std::time::Instant;

use bench_harness::Aligned;
use rnn_runtime::{Stream, rnn_model};

rnn_model! {
    struct Lstm;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(LSTM(20, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct LstmPanels;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(LSTM(96, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct Gru;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(GRU(8, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct GruPanels;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(GRU(96, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct GruBefore;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(GRU(24, reset_after=False, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct Simple;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(SimpleRNN(8, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct Linear;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(SimpleRNN(96, activation="relu", return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct Chain;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(SimpleRNN(16, return_sequences=True))
    model.add(LayerNormalization(center=False))
    model.add(LSTM(12, return_sequences=True))
    model.add(LayerNormalization(center=False))
    model.add(GRU(12, return_sequences=True))
    model.add(Dense(1))
}

/// A hundred thousand steps of silence, in blocks.
const STEPS: usize = 256;
const BLOCKS: usize = 392;
/// Every run passes through the same states, so the least time of a block has the machine's noise taken away.
const RUNS: usize = 3;
/// Of the blocks by their time, the one that counts: what noise hits in every run lies above it.
const SLOW: usize = BLOCKS * 95 / 100;

/// Names and shapes of a model's weights, as Keras's.
type Weights<'a> = &'a [(&'a str, &'a [usize])];

/// Reports for every kind of cell a slow block of silence against a block of signal, and that against its multiply-adds.
pub(crate) fn measure(report: fn(&str, f64, f64), product: f64) {
    macro_rules! silence {
        ($model:ident, $guard:literal, $weights:expr) => {
            let mut buffer = Aligned::zeros($model::WEIGHTS);
            let model = $model::load(&file($weights), buffer.as_mut_slice()).expect("the model's weights");
            let (slow, signal) = against_signal(model.stream());
            report(concat!("silence-", $guard), slow, signal);
            report(concat!("cell-", $guard), signal, product * $model::WEIGHTS as f64);
        };
    }
    macro_rules! recurrent {
        ($model:ident, $guard:literal, $layer:literal, $units:literal, $gates:literal, $bias:expr) => {
            silence!(
                $model,
                $guard,
                &[
                    (concat!($layer, "/kernel"), &[1, $gates * $units]),
                    (concat!($layer, "/recurrent_kernel"), &[$units, $gates * $units]),
                    (concat!($layer, "/bias"), &$bias),
                    ("dense/kernel", &[$units, 1]),
                    ("dense/bias", &[1]),
                ]
            );
        };
    }
    recurrent!(Lstm, "lstm", "lstm/lstm_cell", 20, 4, [80]);
    recurrent!(LstmPanels, "lstm-panels", "lstm/lstm_cell", 96, 4, [384]);
    recurrent!(Gru, "gru", "gru/gru_cell", 8, 3, [2, 24]);
    recurrent!(GruPanels, "gru-panels", "gru/gru_cell", 96, 3, [2, 288]);
    recurrent!(GruBefore, "gru-reset-before", "gru/gru_cell", 24, 3, [72]);
    recurrent!(Simple, "simple-rnn", "simple_rnn/simple_rnn_cell", 8, 1, [8]);
    recurrent!(Linear, "relu", "simple_rnn/simple_rnn_cell", 96, 1, [96]);
    silence!(
        Chain,
        "chain",
        &[
            ("simple_rnn/simple_rnn_cell/kernel", &[1, 16]),
            ("simple_rnn/simple_rnn_cell/recurrent_kernel", &[16, 16]),
            ("simple_rnn/simple_rnn_cell/bias", &[16]),
            ("layer_normalization/gamma", &[16]),
            ("lstm/lstm_cell/kernel", &[16, 48]),
            ("lstm/lstm_cell/recurrent_kernel", &[12, 48]),
            ("lstm/lstm_cell/bias", &[48]),
            ("layer_normalization_1/gamma", &[12]),
            ("gru/gru_cell/kernel", &[12, 36]),
            ("gru/gru_cell/recurrent_kernel", &[12, 36]),
            ("gru/gru_cell/bias", &[2, 36]),
            ("dense/kernel", &[12, 1]),
            ("dense/bias", &[1]),
        ]
    );
}

/// Nanoseconds a step of a slow block of silence, and of a block of signal.
fn against_signal<S: Stream<Frame = [f32; 1], Step = [f32; 1]>>(mut stream: S) -> (f64, f64) {
    let (mut signal, mut silence) = (f64::MAX, vec![f64::MAX; BLOCKS]);
    let mut frames = vec![[0.0f32; 1]; STEPS];
    let mut outputs = frames.clone();
    let mut time = |stream: &mut S, frames: &[[f32; 1]]| {
        let start = Instant::now();
        stream.process(black_box(frames), &mut outputs).expect("as many outputs as frames");
        start.elapsed().as_secs_f64() * 1e9 / STEPS as f64
    };
    for _ in 0..RUNS {
        stream.reset();
        for (t, frame) in frames.iter_mut().enumerate() {
            frame[0] = 1000.0 * (t as f32 * 0.7).sin();
        }
        for _ in 0..8 {
            signal = signal.min(time(&mut stream, &frames));
        }
        frames.fill([0.0]);
        for least in &mut silence {
            *least = least.min(time(&mut stream, &frames));
        }
    }
    silence.sort_by(f64::total_cmp);
    (silence[SLOW], signal)
}

/// A safetensors file of weights with which states die away by about a fiftieth a step.
fn file(weights: Weights<'_>) -> Vec<u8> {
    let (mut header, mut data, mut seed) = (String::new(), Vec::new(), 1u32);
    for (name, shape) in weights {
        let start = data.len();
        let width = shape.last().copied().unwrap_or(1);
        for index in 0..shape.iter().product() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let random = (f64::from(seed >> 8) / f64::from(1 << 24) - 0.5) as f32 * 0.02;
            data.extend(weight(name, index, width, random).to_le_bytes());
        }
        let separator = if header.is_empty() { "" } else { "," };
        let end = data.len();
        header += &format!(r#"{separator}"{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{end}]}}"#);
    }
    header = format!("{{{header}}}");
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

/// One weight: gates that keep the state are nearly open, a SimpleRNN keeps 0.98 of each unit.
fn weight(name: &str, index: usize, width: usize, random: f32) -> f32 {
    let gate = match name {
        "lstm/lstm_cell/bias" => Some((1, 4)),
        "gru/gru_cell/bias" => Some((0, 3)),
        _ => None,
    };
    match gate {
        // Only the first row of a GRU's two biases.
        Some((gate, gates)) if index < width && index / (width / gates) == gate => 4.0,
        _ if name.ends_with("/bias") => 0.0,
        _ if name == "simple_rnn/simple_rnn_cell/recurrent_kernel" => {
            if index / width == index % width {
                0.98
            } else {
                0.0
            }
        }
        _ => random,
    }
}
