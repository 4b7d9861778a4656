//! This project on the workloads: `ours-LEVEL` is the headline, named after the instruction set that dispatch chose.
//!
//! Streams run one `step` a sample (`-block`: 64 samples by `process`); whole sequences run `forward_into` (`-forward`:
//! with working memory from the stack); the batch runs `forward_batch`. `RNN_MAX_ISA` caps the instruction set.

use std::fs;
use std::hint::black_box;
use std::time::Instant;

use bench_harness::{Aligned, Data, check, loaded, run, wanted};
use rnn_runtime::{Model, Shaped, Stream, Tensor, Zero, isa_name};

// A model that nobody streams has a stream type all the same.
#[allow(dead_code, reason = "not every model is streamed")]
mod models;

fn main() {
    let ours = Ours { data: Data::from_arguments(), peer: format!("ours-{}", isa_name()) };
    bench_harness::version("ours", env!("CARGO_PKG_VERSION"));
    macro_rules! with_model {
        ($workload:literal, $model:ident, $measure:ident) => {
            if wanted($workload) {
                let file = fs::read(ours.data.path($workload, "weights.safetensors")).expect("the weights' file");
                let mut buffer = Aligned::zeros(models::$model::WEIGHTS);
                let start = Instant::now();
                let model = models::$model::load(&file, buffer.as_mut_slice()).expect("the workload's weights");
                loaded(&ours.peer, $workload, start);
                with_model!($measure, $workload, model);
            }
        };
        (stream, $workload:literal, $model:ident) => {
            ours.stream($workload, $model.stream())
        };
        (sequence, $workload:literal, $model:ident) => {
            ours.sequence($workload, &$model)
        };
        (batch, $workload:literal, $model:ident) => {
            ours.batch($workload, &$model)
        };
    }
    with_model!("w1_lstm20", Lstm20, stream);
    with_model!("w1_lstm40", Lstm40, stream);
    with_model!("w1_gru8", Gru8, stream);
    with_model!("w2_lstm128", Lstm128, sequence);
    with_model!("w3_gru256", Gru256, sequence);
    with_model!("w4_bilstm64", Bilstm64, sequence);
    with_model!("w5_rnn8", Rnn8, sequence);
    with_model!("w6_lstm512", Lstm512, sequence);
    with_model!("w7_lstm128_b32", Lstm128Batch, batch);
}

struct Ours {
    data: Data,
    peer: String,
}

impl Ours {
    fn named(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.peer)
    }

    /// One call a sample, then blocks.
    fn stream<S: Stream<Frame = [f32; 1], Step = [f32; 1]>>(&self, workload: &str, mut stream: S) {
        let (input, expected) = (self.data.input(workload), self.data.expected(workload));
        let frames: Vec<[f32; 1]> = input.iter().map(|x| [*x]).collect();
        let mut outputs = vec![[0.0]; frames.len()];
        for (frame, output) in frames.iter().zip(&mut outputs) {
            *output = stream.step(frame);
        }
        let step_name = format!("{workload}_t1");
        for name in [workload, step_name.as_str()] {
            check(&self.peer, name, outputs.as_flattened(), &expected);
        }
        for name in [workload, step_name.as_str()] {
            run(&self.peer, name, || {
                for (frame, output) in frames.iter().zip(&mut outputs) {
                    *output = black_box(&mut stream).step(frame);
                }
            });
        }
        stream.reset();
        stream.process(&frames, &mut outputs).expect("as many outputs as frames");
        check(&self.named("block"), workload, outputs.as_flattened(), &expected);
        run(&self.named("block"), workload, || {
            black_box(&mut stream).process(black_box(&frames), &mut outputs).expect("as many outputs as frames");
        });
    }

    /// One whole sequence a call.
    fn sequence<M>(&self, workload: &str, model: &M)
    where
        M: Model<Answer = ()>,
        M::Input: Shaped<Element = f32>,
        M::Output: Shaped<Element = f32> + Tensor<Element = f32>,
        M::Scratch: Tensor<Element = f32>,
    {
        let (input, expected) = (self.data.input(workload), self.data.expected(workload));
        let input = M::Input::view(&input, "input").expect("the workload's shape");
        let mut flat = vec![0.0; expected.len()];
        let mut scratch = Box::new(M::Scratch::ZERO);
        let output = <M::Output as Shaped>::view_mut(&mut flat, "output").expect("the workload's shape");
        let mut call = || model.forward_into(black_box(input), &mut scratch, output);
        call();
        run(&self.peer, workload, call);
        check(&self.peer, workload, &flat, &expected);
        run(&self.named("forward"), workload, || {
            black_box(model.forward(black_box(input)));
        });
    }

    /// All samples in one call.
    fn batch<M>(&self, workload: &str, model: &M)
    where
        M: Model,
        M::Input: Tensor<Element = f32>,
        M::Output: Shaped<Element = f32> + Tensor<Element = f32>,
    {
        let (input, expected) = (self.data.input(workload), self.data.expected(workload));
        let shape = bench_harness::WORKLOADS.iter().find(|one| one.name == workload).expect("a workload");
        // `[timesteps, batch, features]` -> `[batch, timesteps, features]`.
        let at =
            |sample: usize, step: usize| &input[(step * shape.batch + sample) * shape.features..][..shape.features];
        let turned: Vec<f32> =
            (0..shape.batch).flat_map(|b| (0..shape.timesteps).flat_map(move |t| at(b, t))).copied().collect();
        let inputs = M::Input::group(&turned).expect("the workload's shape");
        let mut flat = vec![0.0; expected.len()];
        let outputs = M::Output::group_mut(&mut flat).expect("the workload's shape");
        let mut call = || model.forward_batch(black_box(inputs), outputs).expect("as many outputs as inputs");
        call();
        run(&self.peer, workload, call);
        check(&self.peer, workload, &flat, &expected);
    }
}
