//! One benchmark a trap of rustc and LLVM that once made a kernel 3 to 25 times slower; `guard.py` holds the limits.
//!
//! Each line is a pair measured in this process: a piece of generated code, and what it is to be compared with, a floor
//! made of plain work of the same size or the same code without the trap. Ratios of the two survive a change of machine.

use std::hint::black_box;

use bench_harness::{Aligned, time};
use rnn_runtime::{Model, Zero, isa_name, rnn_model};

mod silence;

rnn_model! {
    struct Small;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(LSTM(20, return_sequences=True))
    model.add(Dense(1))
}
rnn_model! {
    struct Blocks;
    model = Sequential()
    model.add(Input(shape=(64, 16)))
    model.add(GRU(48))
}
rnn_model! {
    struct Panels;
    model = Sequential()
    model.add(Input(shape=(100, 64)))
    model.add(LSTM(128))
}
rnn_model! {
    struct Activations;
    model = Sequential()
    model.add(Input(shape=(64, 64)))
    model.add(Activation("tanh"))
}
rnn_model! {
    struct Rows;
    model = Sequential()
    model.add(Input(shape=(100, 128)))
    model.add(Dense(128))
}

fn main() {
    let product = one_product();
    println!(r#"{{"guard":"isa","isa":"{}"}}"#, isa_name());
    small(product);
    blocks(product);
    panels(product);
    activations(product);
    rows(product);
    silence::measure(report, product);
}

/// Prints what was measured and what bounds it.
fn report(guard: &str, nanoseconds: f64, bound: f64) {
    println!(r#"{{"guard":"{guard}","isa":"{}","ns":{nanoseconds:.3},"bound":{bound:.3}}}"#, isa_name());
}

/// Nanoseconds of one multiply-add at the rate that the plainest well-vectorised code reaches here: a 16-lane sum of
/// products over data in the first-level cache, compiled for the baseline instruction set.
fn one_product() -> f64 {
    const LENGTH: usize = 1024;
    let (a, b) = (black_box([0.5f32; LENGTH]), black_box([0.25f32; LENGTH]));
    let call = || {
        let mut sums = [0.0f32; 32];
        for (x, y) in black_box(&a).as_chunks::<32>().0.iter().zip(black_box(&b).as_chunks::<32>().0) {
            for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
                *sum += x * y;
            }
        }
        black_box(sums);
    };
    time(call).least / LENGTH as f64
}

/// Weights that keep every cell away from saturation.
fn weights(length: usize) -> Aligned {
    let mut weights = Aligned::zeros(length);
    let mut state = 1u32;
    for weight in weights.as_mut_slice() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *weight = (f64::from(state >> 8) / f64::from(1 << 24) - 0.5) as f32 * 0.2;
    }
    weights
}

/// A step a call against steps in a block: dispatch and the passing of state cost next to nothing. A
/// step against its products: nothing is called per lane.
fn small(product: f64) {
    let packed = weights(Small::WEIGHTS);
    let model = Small::from_packed(packed.as_slice()).expect("its own length");
    let mut stream = model.stream();
    let frames: [[f32; 1]; 64] = std::array::from_fn(|t| [(t as f32 * 0.7).sin()]);
    let mut outputs = [[0.0f32; 1]; 64];
    let block = time(|| stream.process(black_box(&frames), &mut outputs).expect("equal lengths")).least / 64.0;
    let step = time(|| {
        for (frame, output) in frames.iter().zip(&mut outputs) {
            *output = black_box(&mut stream).step(frame);
        }
    });
    report("step-against-block", step.least / 64.0, block);
    report("small-cell", block, product * (4 * 20 * 21) as f64);
}

/// A GRU of whole blocks, some of whose columns are zero, against its multiply-adds: a loop over groups of columns that the
/// compiler leaves one, and so a branch for each of them, costs 1.6 times here.
fn blocks(product: f64) {
    let packed = weights(Blocks::WEIGHTS);
    let model = Blocks::from_packed(packed.as_slice()).expect("its own length");
    let input = [[0.1f32; 16]; 64];
    let call = || {
        black_box(model.forward(black_box(&input)));
    };
    report("blocks", time(call).least / 64.0, product * (3 * 48 * 64) as f64);
}

/// The panel kernel and the tile of the input product against their multiply-adds: closures that lose the target's
/// features, and accumulators that spill, cost 2.8 to 25 times here. A batch against single samples: the tile of rows.
fn panels(product: f64) {
    let packed = weights(Panels::WEIGHTS);
    let model = Panels::from_packed(packed.as_slice()).expect("its own length");
    let input = [[0.1f32; 64]; 100];
    let mut scratch = Box::new(<<Panels<'static> as Model>::Scratch as Zero>::ZERO);
    let mut output = [0.0; 128];
    let whole = time(|| model.forward_into(black_box(&input), &mut scratch, &mut output)).least / 100.0;
    report("panels", whole, product * (4 * 128 * 192) as f64);
    let stack = time(|| {
        black_box(model.forward(black_box(&input)));
    });
    report("forward-against-forward-into", stack.least / 100.0, whole);
    let inputs = vec![input; 32];
    let mut outputs = vec![output; 32];
    let batch = time(|| model.forward_batch(black_box(&inputs), &mut outputs).expect("equal lengths")).least / 3200.0;
    report("batch", batch, product * (4 * 128 * 192) as f64);
}

/// tanh of 4096 values against as many multiply-adds: a helper that isn't inlined, or a `mul_add` that calls the maths
/// library, costs 19 times here.
fn activations(product: f64) {
    let input: [[f32; 64]; 64] = std::array::from_fn(|r| std::array::from_fn(|c| (r * 64 + c) as f32 * 0.002 - 4.0));
    let model = Activations::new();
    let call = || {
        black_box(model.forward(black_box(&input)));
    };
    report("activation", time(call).least / 4096.0, product);
}

/// Dense over many rows against its multiply-adds.
fn rows(product: f64) {
    let packed = weights(Rows::WEIGHTS);
    let model = Rows::from_packed(packed.as_slice()).expect("its own length");
    let input = [[0.1f32; 128]; 100];
    let mut output = [[0.0f32; 128]; 100];
    let mut scratch = Box::new(<<Rows<'static> as Model>::Scratch as Zero>::ZERO);
    let call = || model.forward_into(black_box(&input), &mut scratch, &mut output);
    report("dense", time(call).least, product * (100 * 128 * 128) as f64);
}
