//! Cost curves: nanoseconds a time step (of one sample) against units, timesteps and batch, an LSTM with 16 features.
//!
//! Weights are arbitrary small numbers; only time is of interest. The same shapes run in ONNX Runtime by `curves.py`.

use std::hint::black_box;

use bench_harness::{Aligned, time};
use rnn_runtime::{Model, Tensor, Zero, isa_name, rnn_model};

fn weights(length: usize) -> Aligned {
    let mut weights = Aligned::zeros(length);
    for (index, weight) in weights.as_mut_slice().iter_mut().enumerate() {
        *weight = (index % 17) as f32 * 0.01 - 0.08;
    }
    weights
}

fn report(curve: &str, kind: &str, at: usize, nanoseconds: f64) {
    println!(r#"{{"curve":"{curve}","peer":"ours-{}","kind":"{kind}","at":{at},"ns":{nanoseconds:.2}}}"#, isa_name());
}

macro_rules! by_units {
    ($($units:literal $name:ident),* $(,)?) => {
        $(#[allow(dead_code, reason = "no model is streamed")]
        mod $name {
            rnn_runtime::rnn_model! {
                pub(crate) struct Lstm;
                model = Sequential()
                model.add(Input(shape=(64, 16)))
                model.add(LSTM($units))
            }
            rnn_runtime::rnn_model! {
                pub(crate) struct Gru;
                model = Sequential()
                model.add(Input(shape=(64, 16)))
                model.add(GRU($units))
            }
        })*

        fn units() {
            $({
                let packed = weights($name::Lstm::WEIGHTS);
                let model = $name::Lstm::from_packed(packed.as_slice()).expect("its own length");
                report("units", "LSTM", $units, sequence(&model));
                let packed = weights($name::Gru::WEIGHTS);
                let model = $name::Gru::from_packed(packed.as_slice()).expect("its own length");
                report("units", "GRU", $units, sequence(&model));
            })*
        }
    };
}

by_units!(
    8 units_8, 12 units_12, 16 units_16, 20 units_20, 24 units_24, 32 units_32, 40 units_40, 48 units_48, 64 units_64,
    80 units_80, 96 units_96, 128 units_128, 192 units_192, 256 units_256, 384 units_384, 512 units_512, 768 units_768,
    1024 units_1024,
);

rnn_model! {
    struct AnyLength;
    model = Sequential()
    model.add(Input(shape=(None, 16)))
    model.add(LSTM(64))
}
rnn_model! {
    struct Batched;
    model = Sequential()
    model.add(Input(shape=(64, 16)))
    model.add(LSTM(128))
}

fn sequence<M>(model: &M) -> f64
where
    M: Model<Input = [[f32; 16]; 64], Answer = ()>,
    M::Scratch: Tensor<Element = f32>,
    M::Output: Tensor,
{
    let input = [[0.1; 16]; 64];
    let (mut scratch, mut output) = (Box::new(M::Scratch::ZERO), M::Output::ZERO);
    time(|| model.forward_into(black_box(&input), &mut scratch, &mut output)).least / 64.0
}

fn timesteps() {
    let packed = weights(AnyLength::WEIGHTS);
    let model = AnyLength::from_packed(packed.as_slice()).expect("its own length");
    for steps in [1, 2, 4, 8, 16, 64, 256, 1024, 4096] {
        let input = vec![[0.1f32; 16]; steps];
        let nanoseconds = time(|| {
            black_box(model.forward(black_box(&input[..])));
        });
        report("timesteps", "LSTM(64)", steps, nanoseconds.least / steps as f64);
    }
}

fn batch() {
    let packed = weights(Batched::WEIGHTS);
    let model = Batched::from_packed(packed.as_slice()).expect("its own length");
    for samples in [1, 2, 4, 8, 16, 32, 64] {
        let inputs = vec![[[0.1f32; 16]; 64]; samples];
        let mut outputs = vec![[0.0; 128]; samples];
        let nanoseconds = time(|| model.forward_batch(black_box(&inputs), &mut outputs).expect("equal lengths"));
        report("batch", "LSTM(128)", samples, nanoseconds.least / (64 * samples) as f64);
    }
}

fn main() {
    units();
    timesteps();
    batch();
}
