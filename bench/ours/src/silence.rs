//! Silence after a loud signal: states without a bias decay towards zero, and on many processors arithmetic with
//! denormal numbers takes a hundred times as long. Kernels set what is that small to zero, and this shows that they do.

use std::hint::black_box;
use std::time::Instant;

use bench_harness::Aligned;
use rnn_runtime::{Stream, rnn_model};

rnn_model! {
    struct Lstm;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(LSTM(20, use_bias=False, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct LstmPanels;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(LSTM(96, use_bias=False, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct Gru;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(GRU(8, use_bias=False, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct GruPanels;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(GRU(96, use_bias=False, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct GruBefore;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(GRU(24, use_bias=False, reset_after=False, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct Simple;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(SimpleRNN(8, use_bias=False, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct Linear;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(SimpleRNN(96, activation="relu", use_bias=False, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct Chain;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(SimpleRNN(16, use_bias=False, return_sequences=True))
    model.add(LayerNormalization(center=False))
    model.add(LSTM(12, use_bias=False, return_sequences=True))
    model.add(LayerNormalization(center=False))
    model.add(GRU(12, use_bias=False, return_sequences=True))
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

/// Reports a slow block of silence against a block of signal for every kind of cell.
pub(crate) fn measure(report: fn(&str, f64, f64)) {
    macro_rules! silence {
        ($model:ident, $guard:literal, $weights:expr) => {
            let mut buffer = Aligned::zeros($model::WEIGHTS);
            let model = $model::load(&file($weights), buffer.as_mut_slice()).expect("the model's weights");
            let (slow, signal) = against_signal(model.stream());
            report($guard, slow, signal);
        };
    }
    let head = |units| ("dense/kernel", [units, 1]);
    let cell = |units, gates| ([1, gates * units], [units, gates * units]);
    macro_rules! recurrent {
        ($model:ident, $guard:literal, $layer:literal, $units:literal, $gates:literal) => {
            let ((kernel, recurrent), (dense, shape)) = (cell($units, $gates), head($units));
            silence!($model, $guard, &[
                (concat!($layer, "/kernel"), &kernel),
                (concat!($layer, "/recurrent_kernel"), &recurrent),
                (dense, &shape),
                ("dense/bias", &[1]),
            ]);
        };
    }
    recurrent!(Lstm, "silence-lstm", "lstm/lstm_cell", 20, 4);
    recurrent!(LstmPanels, "silence-lstm-panels", "lstm/lstm_cell", 96, 4);
    recurrent!(Gru, "silence-gru", "gru/gru_cell", 8, 3);
    recurrent!(GruPanels, "silence-gru-panels", "gru/gru_cell", 96, 3);
    recurrent!(GruBefore, "silence-gru-reset-before", "gru/gru_cell", 24, 3);
    recurrent!(Simple, "silence-simple-rnn", "simple_rnn/simple_rnn_cell", 8, 1);
    recurrent!(Linear, "silence-relu", "simple_rnn/simple_rnn_cell", 96, 1);
    silence!(Chain, "silence-chain", &[
        ("simple_rnn/simple_rnn_cell/kernel", &[1, 16]),
        ("simple_rnn/simple_rnn_cell/recurrent_kernel", &[16, 16]),
        ("layer_normalization/gamma", &[16]),
        ("lstm/lstm_cell/kernel", &[16, 48]),
        ("lstm/lstm_cell/recurrent_kernel", &[12, 48]),
        ("layer_normalization_1/gamma", &[12]),
        ("gru/gru_cell/kernel", &[12, 36]),
        ("gru/gru_cell/recurrent_kernel", &[12, 36]),
        ("dense/kernel", &[12, 1]),
        ("dense/bias", &[1]),
    ]);
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

/// A safetensors file of small weights: signals die away slowly.
fn file(weights: Weights<'_>) -> Vec<u8> {
    let (mut header, mut data, mut state) = (String::new(), Vec::new(), 1u32);
    for (name, shape) in weights {
        let start = data.len();
        for _ in 0..shape.iter().product() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = (f64::from(state >> 8) / f64::from(1 << 24) - 0.5) as f32 * 0.2;
            data.extend(value.to_le_bytes());
        }
        let separator = if header.is_empty() { "" } else { "," };
        let end = data.len();
        header += &format!(r#"{separator}"{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{end}]}}"#);
    }
    header = format!("{{{header}}}");
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}
