//! Convolutions against plain f64 loops, bit for bit between instruction sets, and row by row as in a whole sample.

mod common;

use common::{Numbers, assert_close, at, bits, levels};
use rnn_compiler::packing;
use rnn_runtime::activation::{Linear, Relu};
use rnn_runtime::kernels::{Channels, Convolution, Transpose};
use rnn_runtime::{Level, Program};

/// Runs at every level, hands each result on, and checks that fused levels agree on the bits.
fn everywhere<P: Program<Output = Vec<f32>>>(name: &str, program: impl Fn() -> P, check: impl Fn(Level, &[f32])) {
    let mut fused: Option<Vec<u32>> = None;
    for level in levels() {
        let values = at(level, program());
        check(level, &values);
        if level.is_fused() {
            let bits = bits(&values);
            assert_eq!(*fused.get_or_insert_with(|| bits.clone()), bits, "{name} on {}", level.name());
        }
    }
}

/// Row i of the output reads row i·stride + tap·dilation − before of the input; `group` features belong to a filter.
struct Reference<'a> {
    window: [usize; 3],
    sizes: [usize; 3],
    input: &'a [f32],
    kernel: &'a [f32],
    bias: &'a [f32],
}

impl Reference<'_> {
    fn row(&self, row: usize, groups: usize, rectified: bool) -> Vec<f64> {
        let [stride, dilation, before] = self.window;
        let [features, filters, taps] = self.sizes;
        let (depth, width) = (features / groups, filters / groups);
        let filter = |filter: usize| {
            let mut sum = f64::from(self.bias[filter]);
            for tap in 0..taps {
                let place = (row * stride + tap * dilation).checked_sub(before);
                let Some(place) = place.filter(|place| place * features < self.input.len()) else { continue };
                for k in 0..depth {
                    let x = self.input[place * features + filter / width * depth + k];
                    sum += f64::from(x) * f64::from(self.kernel[(tap * depth + k) * filters + filter]);
                }
            }
            if rectified { sum.max(0.0) } else { sum }
        };
        (0..filters).map(filter).collect()
    }
}

macro_rules! convolution {
    ($(($features:literal, $filters:literal, $taps:literal, $groups:literal, $window:expr, $from:literal -> $to:literal)),* $(,)?) => {$({
        const F: usize = $features;
        const N: usize = $filters;
        const T: usize = $taps;
        const G: usize = $groups;
        program! {
            struct Sample<'a> { weights: &'a [f32], input: &'a [f32] } -> Vec<f32>;
            |isa| {
                let mut output = vec![f32::NAN; $to * N];
                if G == F {
                    Channels::<F, N, T, Relu>::sample(isa, weights, $window, input, &mut output);
                } else {
                    Convolution::<F, N, T, G, Relu>::sample(isa, weights, $window, input, &mut output);
                }
                output
            }
        }
        program! {
            struct Row<'a> { weights: &'a [f32], taps: [&'a [f32; F]; T] } -> Vec<f32>;
            |isa| {
                let mut output = [f32::NAN; N];
                if G == F {
                    Channels::<F, N, T, Relu>::step(isa, weights, taps, &mut output);
                } else {
                    Convolution::<F, N, T, G, Relu>::step(isa, weights, taps, &mut output);
                }
                output.to_vec()
            }
        }
        let mut numbers = Numbers::new((F * 100 + N * 10 + T) as u64);
        let kernel = numbers.many(T * F / G * N, 0.5);
        let (bias, input) = (numbers.many(N, 1.0), numbers.many($from * F, 1.0));
        let weights = if G == F {
            packing::channels(T, N, true).run(&[&kernel, &bias])
        } else {
            packing::convolution(T, F / G, N, G, true).run(&[&kernel, &bias])
        };
        let reference = Reference { window: $window, sizes: [F, N, T], input: &input, kernel: &kernel, bias: &bias };
        let expected: Vec<f64> = (0..$to).flat_map(|row| reference.row(row, G, true)).collect();
        let name = format!("{N} filters of {G} groups over {T} times {F}, window {:?}", $window);
        everywhere(&name, || Sample { weights: &weights, input: &input }, |level, values| {
            assert_close(&format!("{name} on {}", level.name()), values, &expected, 3e-6);
            let [stride, dilation, before]: [usize; 3] = $window;
            let nothing = [0.0; F];
            for (row, values) in values.chunks(N).enumerate() {
                let taps = std::array::from_fn(|tap| {
                    let place = (row * stride + tap * dilation).checked_sub(before);
                    place.and_then(|place| input.as_chunks::<F>().0.get(place)).unwrap_or(&nothing)
                });
                let alone = at(level, Row { weights: &weights, taps });
                assert_eq!(bits(&alone), bits(values), "{name}, row {row} on {}", level.name());
            }
        });
    })*};
}

#[test]
fn convolutions_are_sums_over_their_taps() {
    convolution!(
        (3, 5, 3, 1, [1, 1, 0], 9 -> 7),
        (4, 20, 4, 1, [2, 1, 1], 9 -> 5),
        (5, 40, 2, 1, [1, 3, 3], 8 -> 8),
        (17, 64, 5, 1, [1, 1, 2], 11 -> 11),
        (16, 70, 3, 1, [1, 2, 4], 14 -> 14),
        (1, 130, 16, 1, [4, 1, 0], 64 -> 13),
        (3, 1, 7, 1, [3, 1, 6], 30 -> 10),
        (2, 3, 9, 1, [1, 1, 4], 3 -> 3),
        (6, 8, 3, 2, [1, 1, 1], 9 -> 9),
        (12, 40, 2, 2, [2, 1, 0], 9 -> 4),
        (9, 33, 3, 3, [1, 2, 2], 7 -> 7),
    );
}

#[test]
fn channels_are_sums_over_their_own_taps() {
    convolution!(
        (3, 3, 3, 3, [1, 1, 0], 9 -> 7),
        (16, 16, 4, 16, [2, 1, 1], 9 -> 5),
        (33, 33, 2, 33, [1, 3, 3], 8 -> 8),
        (5, 15, 3, 5, [3, 2, 2], 12 -> 4),
        (20, 40, 5, 20, [1, 1, 4], 6 -> 6),
    );
}

macro_rules! transpose {
    ($(($features:literal, $filters:literal, $taps:literal, $window:expr, $from:literal -> $to:literal)),* $(,)?) => {$({
        const F: usize = $features;
        const N: usize = $filters;
        const T: usize = $taps;
        program! {
            struct Sample<'a> { weights: &'a [f32], input: &'a [f32] } -> Vec<f32>;
            |isa| {
                let mut output = vec![f32::NAN; $to * N];
                Transpose::<F, N, T, Linear>::sample(isa, weights, $window, input, &mut output);
                output
            }
        }
        let mut numbers = Numbers::new((F * 100 + N * 10 + T) as u64);
        let (kernel, bias) = (numbers.many(T * N * F, 0.5), numbers.many(N, 1.0));
        let input = numbers.many($from * F, 1.0);
        let weights = packing::transpose(T, F, N, true).run(&[&kernel, &bias]);
        let [stride, dilation, cut]: [usize; 3] = $window;
        let mut expected: Vec<f64> = (0..$to).flat_map(|_| bias.iter().map(|bias| f64::from(*bias))).collect();
        for (step, row) in input.chunks(F).enumerate() {
            for tap in 0..T {
                let place = (step * stride + tap * dilation).checked_sub(cut).filter(|place| *place < $to);
                let Some(place) = place else { continue };
                for filter in 0..N {
                    for (k, x) in row.iter().enumerate() {
                        expected[place * N + filter] += f64::from(*x) * f64::from(kernel[(tap * N + filter) * F + k]);
                    }
                }
            }
        }
        let name = format!("{T} times {N} addends of {F}, window {:?}", $window);
        everywhere(&name, || Sample { weights: &weights, input: &input }, |level, values| {
            assert_close(&format!("{name} on {}", level.name()), values, &expected, 3e-6);
        });
    })*};
}

#[test]
fn a_transpose_adds_every_row_to_its_places() {
    transpose!(
        (3, 5, 3, [1, 1, 0], 6 -> 8),
        (4, 20, 4, [2, 1, 1], 7 -> 14),
        (5, 40, 3, [1, 3, 2], 8 -> 9),
        (17, 70, 2, [3, 1, 0], 11 -> 33),
        (2, 3, 5, [2, 1, 2], 3 -> 6),
        (1, 2, 1, [4, 1, 0], 3 -> 12),
    );
}
