//! Several samples through a large cell together: the bits of each sample alone, at every instruction set.

mod common;

use common::{Numbers, assert_close, at, bits, levels};
use rnn_compiler::packing::{self, Cell};
use rnn_compiler::storage::Storage;
use rnn_runtime::activation::{
    Elu, Exponential, Gelu, HardSigmoid, LeakyReluWith, Linear, Relu, Sigmoid, Silu, Softplus, Softsign, Tanh,
};
use rnn_runtime::kernels::{Forward, Gru, GruBatch, Lstm, LstmBatch, Panels};
use rnn_runtime::state::{GruState, LstmState};

/// More samples than any tile has, and tails of every length behind full tiles.
const SAMPLES: usize = 14;

/// The bits of all that a state of `U` units carries.
trait Carried {
    fn carried<const U: usize>(&self) -> Vec<u32>;
}

impl<const LINES: usize> Carried for LstmState<LINES> {
    fn carried<const U: usize>(&self) -> Vec<u32> {
        [bits(self.h.units::<U>()), bits(self.c.units::<U>())].concat()
    }
}

impl<const LINES: usize> Carried for GruState<LINES> {
    fn carried<const U: usize>(&self) -> Vec<u32> {
        bits(self.h.units::<U>())
    }
}

/// Every number of samples up to [`SAMPLES`]; a macro, as shapes are types.
macro_rules! check {
    (@ $cell:ident, $batch:ident, $state:ident, $packing:ident, $gates:literal, $biases:literal;
        $features:literal, $units:literal, $steps:literal, $act:ty, $rec:ty, $bias:literal) => {{
        const F: usize = $features;
        const U: usize = $units;
        const STEPS: usize = $steps;
        const LINES: usize = U.div_ceil(16);
        type Layer = $cell<F, U, LINES, $act, $rec, Panels<1>>;
        type Sample = [[f32; F]; STEPS];

        program! {
            struct Alone<'a> { weights: &'a [f32], sample: &'a Sample } -> $state<LINES>;
            |isa| {
                let mut state = $state::zero();
                Layer::last::<I, Forward>(isa, weights, &mut state, &mut [], sample);
                state
            }
        }
        program! {
            struct Together<'a> { weights: &'a [f32], samples: &'a [Sample] } -> Box<$batch<LINES, SAMPLES>>;
            |isa| {
                let mut batch = Box::new($batch::zero());
                Layer::last_batch::<I, STEPS, SAMPLES>(isa, weights, &mut batch, samples);
                batch
            }
        }

        let is_sigmoid = stringify!($rec) == "Sigmoid";
        let packing = packing::$packing(F, U, $bias, is_sigmoid, packing::class(Cell::$cell, F, U), Storage::F32);
        let mut numbers = Numbers::new((1000 * F + U) as u64);
        let tensors = [
            numbers.many(F * $gates * U, 0.3),
            numbers.many(U * $gates * U, 0.1),
            numbers.many($biases * U, 0.5),
        ];
        let used: Vec<&[f32]> = tensors.iter().take(if $bias { 3 } else { 2 }).map(Vec::as_slice).collect();
        let weights = packing.run(&used);
        let flat = numbers.many(SAMPLES * STEPS * F, 1.0);
        let samples: &[Sample] = flat.as_chunks().0.as_chunks().0;
        for level in levels() {
            let alone: Vec<_> = samples.iter().map(|sample| at(level, Alone { weights: &weights, sample })).collect();
            for count in 1..=SAMPLES {
                let batch = at(level, Together { weights: &weights, samples: &samples[..count] });
                for (sample, alone) in alone.iter().enumerate() {
                    let what = format!(
                        "{}({U}) over {F}, {} and {}, sample {sample} of {count} on {}",
                        stringify!($cell),
                        stringify!($act),
                        stringify!($rec),
                        level.name()
                    );
                    let expected = if sample < count { *alone } else { $state::zero() };
                    assert_eq!(batch.state(sample).carried::<U>(), expected.carried::<U>(), "{what}");
                }
            }
        }
    }};
    (Lstm, $($rest:tt)*) => { check!(@ Lstm, LstmBatch, LstmState, lstm, 4, 4; $($rest)*) };
    (Gru, $($rest:tt)*) => { check!(@ Gru, GruBatch, GruState, gru, 3, 6; $($rest)*) };
}

#[test]
fn samples_together_have_the_bits_of_samples_alone() {
    check!(Lstm, 1, 49, 3, Tanh, Sigmoid, true);
    check!(Gru, 1, 49, 3, Tanh, Sigmoid, true);
    check!(Lstm, 3, 64, 2, Tanh, Sigmoid, true);
    check!(Gru, 3, 64, 2, Tanh, Sigmoid, true);
    check!(Lstm, 64, 80, 1, Tanh, Sigmoid, true);
    check!(Gru, 64, 80, 1, Tanh, Sigmoid, true);
}

#[test]
fn inputs_and_units_of_several_stretches_keep_their_order() {
    check!(Lstm, 130, 257, 2, Tanh, Sigmoid, true);
    check!(Gru, 130, 257, 2, Tanh, Sigmoid, true);
}

#[test]
fn any_activations_do() {
    check!(Lstm, 3, 50, 2, Relu, HardSigmoid, true);
    check!(Gru, 3, 50, 2, Relu, HardSigmoid, true);
    check!(Lstm, 3, 50, 2, Sigmoid, Tanh, true);
    check!(Gru, 3, 50, 2, Sigmoid, Tanh, true);
    check!(Lstm, 3, 50, 2, Linear, Softsign, true);
    check!(Lstm, 3, 50, 2, Elu, Linear, true);
    check!(Lstm, 3, 50, 2, Gelu, Silu, true);
    check!(Gru, 3, 50, 2, Gelu, Silu, true);
    check!(Lstm, 3, 50, 2, Softplus, Exponential, true);
    check!(Lstm, 3, 50, 2, LeakyReluWith<0x3e99_999a>, Sigmoid, true);
}

#[test]
fn a_bias_may_be_missing() {
    check!(Lstm, 3, 50, 2, Tanh, Sigmoid, false);
    check!(Gru, 3, 50, 2, Tanh, Sigmoid, false);
    check!(Lstm, 3, 50, 2, Relu, HardSigmoid, false);
}

#[test]
fn a_sample_is_what_its_formula_says() {
    // One feature, one step from the zero state, the same weights for every unit: c = σ(i)·tanh(g), h = σ(o)·tanh(c).
    let gates = [0.25, -0.5, 0.75, 0.125];
    let kernel: Vec<f32> = gates.iter().flat_map(|gate| [*gate; 49]).collect();
    let packing = packing::lstm(1, 49, false, true, packing::class(Cell::Lstm, 1, 49), Storage::F32);
    let weights = packing.run(&[&kernel, &[0.0; 49 * 4 * 49]]);
    program! {
        struct Together<'a> { weights: &'a [f32], samples: &'a [[[f32; 1]; 1]] } -> LstmBatch<4, 5>;
        |isa| {
            let mut batch = LstmBatch::zero();
            Lstm::<1, 49, 4, Tanh, Sigmoid, Panels<1>>::last_batch::<I, 1, 5>(isa, weights, &mut batch, samples);
            batch
        }
    }
    let samples = [-2.0, -1.0, 0.0, 0.5, 2.0];
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    for level in levels() {
        let batch = at(level, Together { weights: &weights, samples: &samples.map(|x| [[x]]) });
        for (sample, x) in samples.into_iter().enumerate() {
            let [i, _, g, o] = gates.map(|gate| f64::from(gate) * f64::from(x));
            let h = sigmoid(o) * (sigmoid(i) * g.tanh()).tanh();
            assert_close(level.name(), batch.state(sample).h.units::<49>(), &[h; 49], 1e-6);
        }
    }
}
