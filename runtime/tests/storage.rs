//! Kernels over weights that are stored as smaller numbers: halves of either kind against floats of the same values, bit
//! for bit; bytes against a plain f64 loop over what they stand for; all of them the same on every instruction set, in
//! steps, sequences and batches.

mod common;

use common::{Numbers, assert_close, at, bits, levels};
use rnn_compiler::packing::{self, Cell, Packing};
use rnn_compiler::storage::{self, Storage};
use rnn_runtime::activation::{Linear, Sigmoid, Tanh};
use rnn_runtime::kernels::{Dense, Forward, Gru, GruBatch, GruResetBefore, Lstm, LstmBatch, Panels, SimpleRnn, Small};
use rnn_runtime::simd::{Bf16, F16, I8, In, Isa, Level, Weight};
use rnn_runtime::state::{GruState, LstmState, SimpleRnnState};
use rnn_runtime::weights;

const STEPS: usize = 5;

/// Random values of few bits, so that either kind of half holds them and half of them exactly.
fn coarse(numbers: &mut Numbers, count: usize) -> Vec<f32> {
    (0..count).map(|_| (numbers.next() * 60.0).round() / 64.0).collect()
}

fn packed(packing: &Packing, tensors: &[Vec<f32>]) -> Vec<f32> {
    let tensors: Vec<&[f32]> = tensors.iter().map(Vec::as_slice).collect();
    packing.run(&tensors)
}

/// The tensors with every stored value replaced by what it stands for.
fn rounded(packing: &Packing, tensors: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut rounded = tensors.to_vec();
    for store in packing.stores() {
        store.numbers(&tensors[store.tensor], |number| rounded[store.tensor][number.source] = number.rounded);
    }
    rounded
}

/// `weights`, in `Layer`'s type of numbers: steps and a sequence give the same bits, which are answered.
macro_rules! outputs {
    ($layer:ty, $state:ty, $features:literal, $units:literal, $weights:expr, $level:expr) => {{
        program! {
            struct Steps<'a> { weights: &'a [f32], input: &'a [[f32; $features]] } -> Vec<f32>;
            |isa| {
                let mut state = <$state>::zero();
                let mut outputs = Vec::new();
                for x in input {
                    <$layer>::step(isa, weights, &mut state, x);
                    outputs.extend_from_slice(state.h.units::<$units>());
                }
                outputs
            }
        }
        program! {
            struct Sequence<'a> { weights: &'a [f32], input: &'a [[f32; $features]], product: usize } -> Vec<f32>;
            |isa| {
                let mut product = vec![f32::NAN; product];
                let mut rows = vec![[0.0; $units]; input.len()];
                let mut state = <$state>::zero();
                <$layer>::sequence::<I, Forward, $units, 0>(isa, weights, &mut state, &mut product, input, &mut rows);
                rows.as_flattened().to_vec()
            }
        }
        let weights: &[f32] = $weights;
        let mut numbers = Numbers::new(7);
        let input: Vec<[f32; $features]> = (0..STEPS).map(|_| core::array::from_fn(|_| numbers.next())).collect();
        let steps = at($level, Steps { weights, input: &input });
        for product in [0, 4 * 16 * 64 * STEPS] {
            let sequence = at($level, Sequence { weights, input: &input, product });
            assert_eq!(bits(&steps), bits(&sequence), "{} at {}", stringify!($layer), $level.name());
        }
        steps
    }};
}

/// A cell in every storage. `$class` stands for the size class as a type over the numbers.
macro_rules! check {
    ($cell:ident, $pack:expr, $features:literal, $units:literal, $n_gates:literal, $biases:literal, $state:ty,
     |$number:ident| $layer:ty) => {{
        type Of<$number> = $layer;
        let class = packing::class(Cell::$cell, $features, $units);
        let pack = |storage| -> Packing { $pack(class, storage) };
        let mut numbers = Numbers::new($features * 100 + $units);
        let sizes = [$features * $n_gates * $units, $units * $n_gates * $units, $biases * $units];
        let tensors = sizes.map(|size| coarse(&mut numbers, size)).to_vec();
        let floats = pack(Storage::F32);
        let exact = packed(&floats, &tensors);
        let fused: Vec<Level> = levels().filter(|level| level.is_fused()).collect();
        for level in levels() {
            let of_floats = bits(&outputs!(Of<f32>, $state, $features, $units, &exact, level));
            for storage in [Storage::F16, Storage::Bf16] {
                let small = packed(&pack(storage), &tensors);
                let room = small.len() as f64 / exact.len() as f64;
                assert!(room < 0.5 + 1.0 / ($features + $units) as f64, "{room} of the room of floats");
                let of_halves = match storage {
                    Storage::F16 => outputs!(Of<F16>, $state, $features, $units, &small, level),
                    _ => outputs!(Of<Bf16>, $state, $features, $units, &small, level),
                };
                assert_eq!(bits(&of_halves), of_floats, "{storage} at {}", level.name());
            }
        }
        let fine: Vec<Vec<f32>> = sizes.iter().map(|size| numbers.many(*size, 0.4)).collect();
        let bytes = pack(Storage::Int8);
        let small = packed(&bytes, &fine);
        let of_level = |level: Level| outputs!(Of<I8>, $state, $features, $units, &small, level);
        let first = of_level(fused[0]);
        for level in &fused {
            assert_eq!(bits(&of_level(*level)), bits(&first), "int8 at {}", level.name());
        }
        // The same values as floats: only the order of rounding differs.
        let same = packed(&floats, &rounded(&bytes, &fine));
        let same = outputs!(Of<f32>, $state, $features, $units, &same, fused[0]);
        let same: Vec<f64> = same.iter().map(|value| f64::from(*value)).collect();
        for level in levels() {
            assert_close("int8 against its floats", &of_level(level), &same, 2e-5);
        }
    }};
}

macro_rules! lstm {
    ($f:literal, $u:literal, |$number:ident| $class:ty) => {
        check!(Lstm, |class, storage| packing::lstm($f, $u, true, true, class, storage), $f, $u, 4, 4,
            LstmState<{ usize::div_ceil($u, 16) }>,
            |$number| Lstm<$f, $u, { usize::div_ceil($u, 16) }, Tanh, Sigmoid, $class>)
    };
}
macro_rules! gru {
    ($f:literal, $u:literal, |$number:ident| $class:ty) => {
        check!(Gru, |class, storage| packing::gru($f, $u, true, true, class, storage), $f, $u, 3, 6,
            GruState<{ usize::div_ceil($u, 16) }>,
            |$number| Gru<$f, $u, { usize::div_ceil($u, 16) }, Tanh, Sigmoid, $class>)
    };
}
macro_rules! simple_rnn {
    ($f:literal, $u:literal, |$number:ident| $class:ty) => {
        check!(SimpleRnn, |class, storage| packing::simple_rnn($f, $u, true, class, storage), $f, $u, 1, 1,
            SimpleRnnState<{ usize::div_ceil($u, 16) }>,
            |$number| SimpleRnn<$f, $u, { usize::div_ceil($u, 16) }, Tanh, $class>)
    };
}

#[test]
fn lstm_in_every_storage() {
    lstm!(3, 5, |W| Small<2, 4, W>);
    lstm!(17, 20, |W| Small<5, 4, W>);
    lstm!(5, 50, |W| Panels<1, W>);
    lstm!(140, 52, |W| Panels<1, W>);
    lstm!(70, 49, |W| Panels<1, W>);
}

#[test]
fn gru_in_every_storage() {
    gru!(1, 8, |W| Small<2, 4, W>);
    gru!(18, 34, |W| Small<9, 1, W>);
    gru!(131, 24, |W| Small<6, 2, W>);
    gru!(6, 66, |W| Panels<1, W>);
}

#[test]
fn gru_with_the_reset_before_in_every_storage() {
    macro_rules! before {
        ($f:literal, $u:literal) => {
            check!(GruResetBefore, |_, storage| packing::gru_reset_before($f, $u, true, true, storage), $f, $u, 3, 3,
                GruState<{ usize::div_ceil($u, 16) }>,
                |W| GruResetBefore<$f, $u, { usize::div_ceil($u, 16) }, Tanh, Sigmoid, Panels<1, W>>)
        };
    }
    before!(3, 5);
    before!(9, 40);
}

#[test]
fn simple_rnn_in_every_storage() {
    simple_rnn!(2, 3, |W| Small<1, 1, W>);
    simple_rnn!(16, 24, |W| Small<2, 4, W>);
    simple_rnn!(4, 200, |W| Panels<1, W>);
    simple_rnn!(7, 256, |W| Panels<1, W>);
}

#[test]
fn dense_in_every_storage() {
    macro_rules! dense {
        ($in:literal, $out:literal) => {{
            struct Rows<'a, W> {
                weights: &'a [f32],
                input: &'a [[f32; $in]],
                number: core::marker::PhantomData<W>,
            }
            impl<W: Weight> rnn_runtime::Program for Rows<'_, W> {
                type Output = Vec<f32>;
                #[inline(always)]
                fn run<I: Isa>(self, isa: I) -> Vec<f32> {
                    let mut output = vec![[0.0; $out]; self.input.len()];
                    Dense::<$in, $out, Linear, W>::rows(isa, self.weights, self.input, &mut output);
                    output.as_flattened().to_vec()
                }
            }
            fn run<W: Weight>(level: Level, weights: &[f32], input: &[[f32; $in]]) -> Vec<f32> {
                at(level, Rows::<W> { weights, input, number: core::marker::PhantomData })
            }
            let mut numbers = Numbers::new($in * 10 + $out);
            let tensors = [$in * $out, $out].map(|size| coarse(&mut numbers, size)).to_vec();
            let input: Vec<[f32; $in]> = (0..7).map(|_| core::array::from_fn(|_| numbers.next())).collect();
            let pack = |storage| packing::dense_stored(storage, $in, $out, true);
            let exact = packed(&pack(Storage::F32), &tensors);
            let fine = [$in * $out, $out].map(|size| numbers.many(size, 2.0)).to_vec();
            let bytes = packed(&pack(Storage::Int8), &fine);
            let same = packed(&pack(Storage::F32), &rounded(&pack(Storage::Int8), &fine));
            let mut of_bytes: Option<Vec<u32>> = None;
            for level in levels() {
                let of_floats = bits(&run::<f32>(level, &exact, &input));
                let halves = run::<F16>(level, &packed(&pack(Storage::F16), &tensors), &input);
                assert_eq!(bits(&halves), of_floats, "f16 at {}", level.name());
                let halves = run::<Bf16>(level, &packed(&pack(Storage::Bf16), &tensors), &input);
                assert_eq!(bits(&halves), of_floats, "bf16 at {}", level.name());
                let found = run::<I8>(level, &bytes, &input);
                for (row, input) in found.chunks($out).zip(&input) {
                    // One row alone gives the same bits.
                    assert_eq!(bits(row), bits(&run::<I8>(level, &bytes, &[*input])), "int8 at {}", level.name());
                }
                if level.is_fused() {
                    assert_eq!(of_bytes.get_or_insert(bits(&found)), &bits(&found), "int8 at {}", level.name());
                }
                let same: Vec<f64> = run::<f32>(level, &same, &input).iter().map(|value| f64::from(*value)).collect();
                assert_close("int8 against its floats", &found, &same, 1e-5);
            }
        }};
    }
    dense!(5, 1);
    dense!(21, 3);
    dense!(40, 4);
    dense!(7, 10);
    dense!(33, 48);
    dense!(12, 64);
    dense!(9, 150);
}

#[test]
fn batches_have_the_bits_of_samples_alone() {
    macro_rules! batch {
        ($layer:ident, $batch:ident, $state:ident, $pack:expr, $n_gates:literal, $biases:literal) => {{
            type Of = $layer<6, 50, 4, Tanh, Sigmoid, Panels<1, F16>>;
            program! {
                struct Together<'a> { weights: &'a [f32], samples: &'a [[[f32; 6]; 3]] } -> Vec<f32>;
                |isa| {
                    let mut batch = $batch::<4, 5>::zero();
                    Of::last_batch::<I, 3, 5>(isa, weights, &mut batch, samples);
                    (0..5).flat_map(|sample| *batch.state(sample).h.units::<50>()).collect()
                }
            }
            program! {
                struct Alone<'a> { weights: &'a [f32], samples: &'a [[[f32; 6]; 3]] } -> Vec<f32>;
                |isa| {
                    let mut outputs = Vec::new();
                    for sample in samples {
                        let mut state = $state::<4>::zero();
                        Of::last::<I, Forward>(isa, weights, &mut state, &mut [], sample);
                        outputs.extend_from_slice(state.h.units::<50>());
                    }
                    outputs
                }
            }
            let mut numbers = Numbers::new(3);
            let sizes = [6 * $n_gates * 50, 50 * $n_gates * 50, $biases * 50];
            let tensors = sizes.map(|size| numbers.many(size, 0.3)).to_vec();
            let samples: Vec<[[f32; 6]; 3]> =
                (0..5).map(|_| core::array::from_fn(|_| core::array::from_fn(|_| numbers.next()))).collect();
            let weights = packed(&$pack, &tensors);
            for level in levels() {
                let together = at(level, Together { weights: &weights, samples: &samples });
                let alone = at(level, Alone { weights: &weights, samples: &samples });
                assert_eq!(bits(&together), bits(&alone), "{}", level.name());
            }
        }};
    }
    batch!(
        Lstm,
        LstmBatch,
        LstmState,
        { packing::lstm(6, 50, true, true, packing::class(Cell::Lstm, 6, 50), Storage::F16) },
        4,
        4
    );
    batch!(
        Gru,
        GruBatch,
        GruState,
        { packing::gru(6, 50, true, true, packing::class(Cell::Gru, 6, 50), Storage::F16) },
        3,
        6
    );
}

/// Lines of numbers as floats, in vectors of all three widths.
struct Expand<'a, W>(&'a [[W; 16]]);

impl<W: Weight> rnn_runtime::Program for Expand<'_, W> {
    type Output = [Vec<f32>; 3];

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> [Vec<f32>; 3] {
        let mut found = [Vec::new(), Vec::new(), Vec::new()];
        for line in self.0 {
            let mut floats = [[0.0; 16]; 3];
            for part in 0..4 {
                I::V4::expand(isa, line, part).store(&mut floats[0], part);
                I::V8::expand(isa, line, part).store(&mut floats[1], part);
                I::V16::expand(isa, line, part).store(&mut floats[2], part);
            }
            for (found, floats) in found.iter_mut().zip(floats) {
                found.extend_from_slice(&floats);
            }
        }
        found
    }
}

fn check_expansion<W: Weight>(all: &[W], float: impl Fn(W) -> f32) {
    let (lines, rest) = all.as_chunks::<16>();
    assert!(rest.is_empty());
    let expected: Vec<f32> = all.iter().map(|number| float(*number)).collect();
    for level in levels() {
        for found in at(level, Expand(lines)) {
            assert_eq!(bits(&found), bits(&expected), "{}", level.name());
        }
    }
}

#[test]
fn every_number_expands_alike_everywhere() {
    let finite: Vec<F16> = (0..=u16::MAX).filter(|bits| bits & 0x7c00 != 0x7c00).map(F16).collect();
    check_expansion(&finite, |half| storage::of_half(half.0));
    let all: Vec<Bf16> = (0..=u16::MAX).map(Bf16).collect();
    check_expansion(&all, |half| storage::of_upper_half(half.0));
    let all: Vec<I8> = (i8::MIN..=i8::MAX).map(I8).collect();
    check_expansion(&all, |byte| f32::from(byte.0));
}

#[test]
fn the_runtime_rounds_as_the_compiler_does() {
    for bits in 0..=u16::MAX {
        assert_eq!(weights::of_half(bits).to_bits(), storage::of_half(bits).to_bits());
    }
    // Every exponent, with the fractions at which rounding turns.
    for high in 0..=u16::MAX {
        for low in [0, 1, 0x0fff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001, 0xffff] {
            let value = f32::from_bits(u32::from(high) << 16 | low);
            assert_eq!(weights::half(value), storage::half(value), "{value}");
            assert_eq!(weights::upper_half(value), storage::upper_half(value), "{value}");
            assert_eq!(weights::byte(value, 0.7), storage::byte(value, 0.7), "{value}");
        }
    }
}
