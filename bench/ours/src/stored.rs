//! This project with smaller weights on the workloads whose weights are large: `ours-LEVEL-STORAGE`.
//!
//! Measured like `ours-LEVEL` (`main.rs`). The error against float64 is that of the rounded weights.

use std::fs;
use std::hint::black_box;
use std::time::Instant;

use bench_harness::{Aligned, Data, check, loaded, run, wanted};
use rnn_runtime::{Model, Shaped, Tensor, Zero, isa_name};

macro_rules! models {
    ($($module:ident $storage:literal;)*) => {$(
        // A model that nobody streams has a stream type all the same.
        #[allow(dead_code, reason = "no model is streamed")]
        mod $module {
            use rnn_runtime::rnn_model;

            rnn_model! {
                /// W2.
                #[source = "../../workloads/w2_lstm128.rnn"]
                #[storage = $storage]
                pub(crate) struct Lstm128;
            }
            rnn_model! {
                /// W3.
                #[source = "../../workloads/w3_gru256.rnn"]
                #[storage = $storage]
                pub(crate) struct Gru256;
            }
            rnn_model! {
                /// W6.
                #[source = "../../workloads/w6_lstm512.rnn"]
                #[storage = $storage]
                pub(crate) struct Lstm512;
            }
        }
    )*};
}
models! {
    f16 "f16";
    bf16 "bf16";
    int8 "int8";
}

fn main() {
    let data = Data::from_arguments();
    macro_rules! with_models {
        ($($module:ident: $($workload:literal $model:ident)*;)*) => {$($(
            if wanted($workload) {
                let peer = format!("ours-{}-{}", isa_name(), stringify!($module));
                let file = fs::read(data.path($workload, "weights.safetensors")).expect("the weights' file");
                let mut buffer = Aligned::zeros($module::$model::WEIGHTS);
                let start = Instant::now();
                let model = $module::$model::load(&file, buffer.as_mut_slice()).expect("the workload's weights");
                loaded(&peer, $workload, start);
                sequence(&data, &peer, $workload, &model);
            }
        )*)*};
    }
    with_models! {
        f16: "w2_lstm128" Lstm128 "w3_gru256" Gru256 "w6_lstm512" Lstm512;
        bf16: "w2_lstm128" Lstm128 "w3_gru256" Gru256 "w6_lstm512" Lstm512;
        int8: "w2_lstm128" Lstm128 "w3_gru256" Gru256 "w6_lstm512" Lstm512;
    }
}

/// One whole sequence a call.
fn sequence<M>(data: &Data, peer: &str, workload: &str, model: &M)
where
    M: Model<Answer = ()>,
    M::Input: Shaped<Element = f32>,
    M::Output: Shaped<Element = f32> + Tensor<Element = f32>,
    M::Scratch: Tensor<Element = f32>,
{
    let (input, expected) = (data.input(workload), data.expected(workload));
    let input = M::Input::view(&input, "input").expect("the workload's shape");
    let mut flat = vec![0.0; expected.len()];
    let mut scratch = Box::new(M::Scratch::ZERO);
    let output = <M::Output as Shaped>::view_mut(&mut flat, "output").expect("the workload's shape");
    let mut call = || model.forward_into(black_box(input), &mut scratch, output);
    call();
    run(peer, workload, call);
    check(peer, workload, &flat, &expected);
}
