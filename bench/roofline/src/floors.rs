//! The limits of one instruction set, and the floor of each workload as a sum over them.

use std::hint::black_box;

use bench_harness::{Aligned, WORKLOADS, Workload, time, wanted};

use crate::vector::Vectors;

/// Measured limits, in nanoseconds.
struct Limits<'a> {
    vectors: &'a dyn Vectors,
    /// A multiply-add of one vector, many at once.
    multiply_add: f64,
    /// From one multiply-add to the one that needs it.
    multiply_add_latency: f64,
    /// tanh of one vector, many at once.
    tanh: f64,
    /// From one tanh to the one that needs it.
    tanh_latency: f64,
    /// From storing the state to a multiply-add with one broadcast lane of it, that multiply-add not counted.
    broadcast_latency: f64,
}

/// Repetitions inside one timed call, so that the call's own cost disappears.
const COUNT: usize = 12_000;

fn each(call: impl Fn(usize)) -> f64 {
    time(|| call(black_box(COUNT))).least / COUNT as f64
}

impl<'a> Limits<'a> {
    fn measure(vectors: &'a dyn Vectors) -> Self {
        let multiply_add_latency = each(|count| vectors.multiply_add_latency(count));
        Limits {
            vectors,
            multiply_add: each(|count| vectors.multiply_add_rate(count)),
            multiply_add_latency,
            tanh: each(|count| vectors.tanh_rate(count)),
            tanh_latency: each(|count| vectors.tanh_latency(count)),
            broadcast_latency: each(|count| vectors.broadcast_latency(count)) - multiply_add_latency,
        }
    }

    /// `count` scalar multiply-adds at the peak rate.
    fn products(&self, count: usize) -> f64 {
        count as f64 / self.vectors.lanes() as f64 * self.multiply_add
    }

    /// `count` scalar activations at the peak rate.
    fn activations(&self, count: usize) -> f64 {
        count as f64 / self.vectors.lanes() as f64 * self.tanh
    }

    /// One pass over `count` weights, at the speed of whichever cache holds that many.
    fn read(&self, count: usize) -> f64 {
        let row = 8 * self.vectors.lanes();
        let n_read = count.next_multiple_of(row);
        let mut weights = Aligned::zeros(n_read);
        weights.as_mut_slice().fill(0.01);
        let weights = weights.as_slice();
        time(|| self.vectors.read(black_box(weights))).least / 2.0 * count as f64 / n_read as f64
    }

    /// The chain from state to state of an LSTM: two activations in a row, the sums before them, c and h, the broadcast.
    fn lstm_chain(&self) -> f64 {
        2.0 * self.tanh_latency + 7.0 * self.multiply_add_latency + self.broadcast_latency
    }
}

/// Nanoseconds of one time step (of one whole batch), as far as throughput and the chain of states go.
fn floor(workload: &Workload, limits: &Limits<'_>) -> f64 {
    let Workload { features, units, batch, .. } = *workload;
    match workload.name {
        // Weights from the first-level cache, which feeds multiply-adds at their peak; then the chain, which hides nothing.
        "w1_lstm20" | "w1_lstm40" => limits.products(4 * units * (features + units)) + limits.lstm_chain(),
        // Weights stay in registers: reset gate, candidate, and the sums between.
        "w1_gru8" => 2.0 * limits.tanh_latency + 8.0 * limits.multiply_add_latency,
        "w5_rnn8" => limits.tanh_latency + 3.0 * limits.multiply_add_latency,
        "w3_gru256" => {
            limits.read(3 * units * units) + limits.products(3 * units * features) + limits.activations(3 * units)
        }
        "w4_bilstm64" => {
            let recurrent = 4.0 * limits.read(4 * units * units);
            let inputs = limits.products(2 * 4 * units * (features + 2 * units) + 10 * 2 * units);
            recurrent + inputs + limits.activations(4 * 5 * units)
        }
        // Weights are reused by every sample: multiply-adds alone.
        "w7_lstm128_b32" => {
            limits.products(batch * 4 * units * (features + units)) + limits.activations(batch * 5 * units)
        }
        _ => limits.read(4 * units * units) + limits.products(4 * units * features) + limits.activations(5 * units),
    }
}

/// Prints the limits and the floors of one instruction set.
pub(crate) fn print(level: &str, vectors: &dyn Vectors) {
    let limits = Limits::measure(vectors);
    let gigaflops = 2.0 * vectors.lanes() as f64 / limits.multiply_add;
    println!(
        r#"{{"peer":"floor-{level}","gflops":{gigaflops:.1},"multiply_add_latency_ns":{:.3},"tanh_vector_ns":{:.2},"tanh_latency_ns":{:.2},"broadcast_latency_ns":{:.2}}}"#,
        limits.multiply_add_latency, limits.tanh, limits.tanh_latency, limits.broadcast_latency
    );
    for workload in WORKLOADS.iter().filter(|workload| wanted(workload.name)) {
        let ns = floor(workload, &limits) * workload.timesteps as f64;
        println!(r#"{{"peer":"floor-{level}","workload":"{}","ns":{ns:.2},"min":{ns:.2}}}"#, workload.name);
    }
}
