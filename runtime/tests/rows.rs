//! The layers without a state against plain f64 loops, and bit for bit between instruction sets.

mod common;

use common::{Numbers, assert_close, at, bits, levels};
use rnn_compiler::packing;
use rnn_runtime::activation::{Linear, Relu, Sigmoid};
use rnn_runtime::kernels::{Dense, Elementwise, Embedding, LayerNorm, affine, copy, join, prelu, rows};
use rnn_runtime::{Isa, Level, Program};

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

macro_rules! dense {
    ($(($inputs:literal, $outputs:literal, $rows:literal, $activation:ty, $function:expr)),* $(,)?) => {$({
        const IN: usize = $inputs;
        const OUT: usize = $outputs;
        program! {
            struct Rows<'a> { weights: &'a [f32], input: &'a [[f32; IN]] } -> Vec<f32>;
            |isa| {
                let mut output = vec![[0.0; OUT]; input.len()];
                Dense::<IN, OUT, $activation>::rows(isa, weights, input, &mut output);
                output.into_flattened()
            }
        }
        let mut numbers = Numbers::new(IN as u64 * 100 + OUT as u64);
        let (kernel, bias) = (numbers.many(IN * OUT, 0.5), numbers.many(OUT, 1.0));
        let flat = numbers.many($rows * IN, 1.0);
        let input: &[[f32; IN]] = flat.as_chunks().0;
        for use_bias in [true, false] {
            let weights = packing::dense(IN, OUT, use_bias).run(&[&kernel, &bias]);
            let function: fn(f64) -> f64 = $function;
            let mut reference = Vec::new();
            for row in input {
                for output in 0..OUT {
                    let products = (0..IN).map(|k| f64::from(row[k]) * f64::from(kernel[k * OUT + output]));
                    let bias = if use_bias { f64::from(bias[output]) } else { 0.0 };
                    reference.push(function(products.sum::<f64>() + bias));
                }
            }
            let name = format!("Dense({OUT}) over {IN}, {} rows", $rows);
            everywhere(&name, || Rows { weights: &weights, input }, |level, values| {
                assert_close(&format!("{name} on {}", level.name()), values, &reference, 3e-6);
                // A row alone gives what it gives among others.
                for (row, values) in input.iter().zip(values.chunks(OUT)) {
                    let alone = at(level, Rows { weights: &weights, input: std::slice::from_ref(row) });
                    assert_eq!(bits(&alone), bits(values), "{name} on {}", level.name());
                }
            });
        }
    })*};
}

#[test]
fn dense_is_the_reference_and_the_same_everywhere() {
    dense!(
        (1, 1, 3, Linear, |x| x),
        (3, 1, 2, Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
        (4, 2, 2, Linear, |x| x),
        (7, 3, 2, Relu, |x| x.max(0.0)),
        (8, 4, 2, Linear, |x| x),
        (20, 1, 2, Linear, |x| x),
        (40, 1, 1, Linear, |x| x),
        (33, 2, 2, Linear, |x| x),
        (31, 1, 1, Linear, |x| x),
        (5, 5, 1, Linear, |x| x),
        (128, 10, 13, Linear, |x| x),
        (3, 16, 7, Relu, |x| x.max(0.0)),
        (9, 17, 4, Linear, |x| x),
        (12, 40, 5, Linear, |x| x),
        (6, 64, 4, Linear, |x| x),
        (40, 100, 3, Linear, |x| x),
        (2, 130, 9, Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
    );
    dense!((5, 3, 0, Linear, |x| x), (5, 9, 0, Linear, |x| x));
}

macro_rules! softmaxes {
    ($($size:literal),*) => {$({
        program! {
            struct Softmax<'a> { input: &'a [[f32; $size]], logarithm: bool } -> Vec<f32>;
            |isa| {
                let mut output = input.to_vec();
                if logarithm { rows::log_softmax(isa, &mut output) } else { rows::softmax(isa, &mut output) }
                output.into_flattened()
            }
        }
        let flat = Numbers::new($size).many(5 * $size, 20.0);
        let input: &[[f32; $size]] = flat.as_chunks().0;
        for logarithm in [false, true] {
            let mut reference = Vec::new();
            for row in input {
                let most = row.iter().fold(f64::MIN, |most, x| most.max(f64::from(*x)));
                let sum: f64 = row.iter().map(|x| (f64::from(*x) - most).exp()).sum();
                for x in row {
                    let shifted = f64::from(*x) - most;
                    reference.push(if logarithm { shifted - sum.ln() } else { shifted.exp() / sum });
                }
            }
            everywhere("softmax", || Softmax { input, logarithm }, |level, values| {
                assert_close(&format!("softmax of {} on {}", $size, level.name()), values, &reference, 1e-6);
            });
        }
    })*};
}

#[test]
fn softmaxes_are_the_reference_and_the_same_everywhere() {
    softmaxes!(1, 2, 5, 10, 16, 17, 40);
}

#[test]
fn softmax_of_large_values_does_not_overflow() {
    program! {
        struct Softmax<'a> { input: &'a [[f32; 3]] } -> Vec<f32>;
        |isa| {
            let mut output = input.to_vec();
            rows::softmax(isa, &mut output);
            output.into_flattened()
        }
    }
    everywhere(
        "softmax",
        || Softmax { input: &[[1e30, 1e30, -1e30]] },
        |_, values| assert_eq!(values, [0.5, 0.5, 0.0]),
    );
    everywhere(
        "softmax",
        || Softmax { input: &[[1.0, f32::NAN, 2.0]] },
        |_, values| {
            assert!(values.iter().all(|value| value.is_nan()));
        },
    );
}

#[test]
fn sparsemax_is_what_keras_computes() {
    program! {
        struct Sparsemax<'a> { input: &'a [[f32; 4]] } -> Vec<f32>;
        |isa| {
            let mut output = input.to_vec();
            rows::sparsemax(isa, &mut output);
            output.into_flattened()
        }
    }
    // Row 1: sorted 3, 1, 0, −1 has a support of one, τ = 3 − 1. Row 2: sorted 0.5, 0.4, 0.05, −0.5 has three, with the
    // cumulative sums 0.5, 0.9 and 0.95, τ = (2.35 − 1)/3.
    let input = [[1.0, 3.0, 0.0, -1.0], [0.5, 0.05, -0.5, 0.4]];
    let reference = [0.0, 1.0, 0.0, 0.0, 0.05, 0.0, 0.0, 0.0];
    everywhere(
        "sparsemax",
        || Sparsemax { input: &input },
        |_, values| {
            assert_close("sparsemax", values, &reference, 1e-6);
        },
    );
}

#[test]
fn glu_gates_the_first_half_by_the_second() {
    program! {
        struct Glu<'a> { input: &'a [[f32; 38]] } -> Vec<f32>;
        |isa| {
            let mut output = vec![[0.0; 19]; input.len()];
            rows::glu(isa, input, &mut output);
            output.into_flattened()
        }
    }
    let flat = Numbers::new(3).many(2 * 38, 3.0);
    let input: &[[f32; 38]] = flat.as_chunks().0;
    let reference: Vec<f64> = input
        .iter()
        .flat_map(|row| (0..19).map(|k| f64::from(row[k]) / (1.0 + (-f64::from(row[k + 19])).exp())))
        .collect();
    everywhere("glu", || Glu { input }, |_, values| assert_close("glu", values, &reference, 1e-6));
}

macro_rules! layer_norms {
    ($($size:literal),*) => {$({
        program! {
            struct Norm<'a> { weights: &'a [f32], input: &'a [[f32; $size]] } -> Vec<f32>;
            |isa| {
                let mut output = vec![[0.0; $size]; input.len()];
                LayerNorm::rows(isa, weights, 1e-3, input, &mut output);
                let mut in_place = input.to_vec();
                LayerNorm::in_place(isa, weights, 1e-3, &mut in_place);
                assert_eq!(output, in_place);
                output.into_flattened()
            }
        }
        let mut numbers = Numbers::new($size);
        let (gamma, beta, flat) = (numbers.many($size, 1.0), numbers.many($size, 1.0), numbers.many(3 * $size, 2.0));
        let input: &[[f32; $size]] = flat.as_chunks().0;
        let weights = packing::layer_norm($size, Some(0), Some(1)).run(&[&gamma, &beta]);
        let mut reference = Vec::new();
        for row in input {
            let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / $size as f64;
            let variance = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / $size as f64;
            for k in 0..$size {
                let normal = (f64::from(row[k]) - mean) / (variance + 1e-3).sqrt();
                reference.push(normal * f64::from(gamma[k]) + f64::from(beta[k]));
            }
        }
        everywhere("LayerNorm", || Norm { weights: &weights, input }, |_, values| {
            assert_close("LayerNorm", values, &reference, 3e-6);
        });
    })*};
}

#[test]
fn layer_norm_is_the_reference_and_the_same_everywhere() {
    layer_norms!(1, 3, 16, 21, 64);
    let without: Vec<f32> = packing::layer_norm(3, None, None).run(&[]);
    assert_eq!(without[..3], [1.0; 3]);
    assert_eq!(without[16..19], [0.0; 3]);
}

#[test]
fn affine_applies_stored_statistics_by_feature() {
    program! {
        struct Affine<'a> { weights: &'a [f32], values: &'a [f32] } -> Vec<f32>;
        |isa| {
            let mut values = values.to_vec();
            affine::<_, 3, 2>(isa, weights, &mut values);
            values
        }
    }
    let mut numbers = Numbers::new(5);
    let tensors: Vec<Vec<f32>> = (0..4).map(|_| numbers.many(3, 1.0).iter().map(|x| x.abs() + 0.1).collect()).collect();
    let tensors: Vec<&[f32]> = tensors.iter().map(Vec::as_slice).collect();
    let values = numbers.many(29, 2.0);
    let weights = packing::affine(3, [Some(0), Some(1), Some(2), Some(3)], 1e-3).run(&tensors);
    let wide = |tensor: usize, feature: usize| f64::from(tensors[tensor][feature]);
    let reference: Vec<f64> = (0..29)
        .map(|index| {
            let feature = index / 2 % 3;
            let deviation = (wide(3, feature) + f64::from(1e-3f32)).sqrt();
            (f64::from(values[index]) - wide(2, feature)) / deviation * wide(0, feature) + wide(1, feature)
        })
        .collect();
    everywhere(
        "affine",
        || Affine { weights: &weights, values: &values },
        |_, values| {
            assert_close("affine", values, &reference, 2e-6);
        },
    );
}

#[test]
fn prelu_scales_what_is_negative() {
    program! {
        struct Prelu<'a> { weights: &'a [f32], values: &'a [f32] } -> Vec<f32>;
        |isa| {
            let mut values = values.to_vec();
            prelu::<_, 2, 1>(isa, weights, &mut values);
            values
        }
    }
    let weights = packing::plain(2).run(&[&[0.5, -2.0]]);
    let values = [-2.0, -3.0, 4.0, 5.0, -1.0];
    everywhere(
        "prelu",
        || Prelu { weights: &weights, values: &values },
        |_, values| {
            assert_eq!(values, [-1.0, 6.0, 4.0, 5.0, -0.5]);
        },
    );
}

#[test]
fn merges_take_any_length() {
    struct Merge<'a>([&'a [f32]; 3], usize);
    impl Program for Merge<'_> {
        type Output = Vec<f32>;
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) -> Vec<f32> {
            let mut output = vec![9.0; self.0[0].len()];
            match self.1 {
                0 => join::merge::<_, join::Add, 3>(isa, self.0, &mut output),
                1 => join::merge::<_, join::Average, 3>(isa, self.0, &mut output),
                2 => join::merge::<_, join::Multiply, 3>(isa, self.0, &mut output),
                3 => join::merge::<_, join::Subtract, 3>(isa, self.0, &mut output),
                4 => join::merge::<_, join::Maximum, 3>(isa, self.0, &mut output),
                _ => join::merge::<_, join::Minimum, 3>(isa, self.0, &mut output),
            }
            output
        }
    }
    let operations: [fn(f32, f32, f32) -> f32; 6] = [
        |a, b, c| a + b + c,
        |a, b, c| (a + b + c) / 3.0,
        |a, b, c| a * b * c,
        |a, b, c| a - b - c,
        |a, b, c| a.max(b).max(c),
        |a, b, c| a.min(b).min(c),
    ];
    for length in [0, 1, 15, 16, 37] {
        let mut numbers = Numbers::new(length as u64);
        let inputs = [(); 3].map(|()| numbers.many(length, 1.0));
        for (index, operation) in operations.iter().enumerate() {
            let expected: Vec<f32> =
                (0..length).map(|place| operation(inputs[0][place], inputs[1][place], inputs[2][place])).collect();
            let slices = inputs.each_ref().map(Vec::as_slice);
            everywhere("merge", || Merge(slices, index), |_, values| assert_eq!(values, expected));
        }
    }
}

#[test]
fn the_larger_and_the_smaller_one_pass_nan_on() {
    program! {
        struct Extremes<'a> { left: &'a [f32], right: &'a [f32] } -> Vec<f32>;
        |isa| {
            let mut outputs = vec![0.0; 2 * left.len()];
            let (largest, smallest) = outputs.split_at_mut(left.len());
            join::merge::<_, join::Maximum, 2>(isa, [left, right], largest);
            join::merge::<_, join::Minimum, 2>(isa, [left, right], smallest);
            outputs
        }
    }
    let (left, right) = ([f32::NAN, 1.0, f32::NAN], [1.0, f32::NAN, f32::NAN]);
    for level in levels() {
        let values = at(level, Extremes { left: &left, right: &right });
        assert!(values.iter().all(|value| value.is_nan()), "{values:?} on {}", level.name());
    }
}

#[test]
fn rows_stand_side_by_side() {
    let mut output = [0.0; 6];
    join::concatenate([&[1.0, 2.0], &[3.0, 4.0, 5.0, 6.0]], [1, 2], &mut output);
    assert_eq!(output, [1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
}

#[test]
fn matrices_are_multiplied() {
    program! {
        struct Multiply<'a> { left: &'a [f32], right: &'a [f32] } -> Vec<f32>;
        |isa| {
            let mut output = vec![0.0; 3 * 19];
            join::product::<_, 5, 19>(isa, [left, right], &mut output);
            output
        }
    }
    let mut numbers = Numbers::new(7);
    let (left, right) = (numbers.many(15, 1.0), numbers.many(95, 1.0));
    let expected = |row: usize, column: usize| -> f64 {
        (0..5).map(|index| f64::from(left[row * 5 + index]) * f64::from(right[index * 19 + column])).sum()
    };
    everywhere(
        "product",
        || Multiply { left: &left, right: &right },
        |_, values| {
            for (index, value) in values.iter().enumerate() {
                assert!((f64::from(*value) - expected(index / 19, index % 19)).abs() < 1e-6);
            }
        },
    );
}

#[test]
fn rows_are_divided_by_their_length() {
    program! {
        struct Unit<'a> { values: &'a [f32] } -> Vec<f32>;
        |isa| {
            let mut units = values.to_vec();
            rows::unit::<_, 2>(isa, 1e7, units.as_chunks_mut().0);
            units
        }
    }
    everywhere(
        "unit",
        || Unit { values: &[3.0, 4.0, 0.0, 0.0] },
        |_, values| {
            assert!((values[0] - 0.6).abs() < 1e-6 && (values[1] - 0.8).abs() < 1e-6);
            assert_eq!(values[2..], [0.0, 0.0]);
        },
    );
}

#[test]
fn elementwise_takes_any_length() {
    program! {
        struct Apply<'a> { values: &'a [f32] } -> Vec<f32>;
        |isa| {
            let mut output = vec![9.0; values.len()];
            Elementwise::<Relu>::apply(isa, values, &mut output);
            output
        }
    }
    for length in [0, 1, 15, 16, 37] {
        let values = Numbers::new(length as u64).many(length, 1.0);
        let expected: Vec<f32> = values.iter().map(|x| x.max(0.0)).collect();
        everywhere("relu", || Apply { values: &values }, |_, values| assert_eq!(values, expected));
    }
}

#[test]
fn embedding_gives_nan_for_unknown_ids() {
    let table = packing::plain(6).run(&[&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]);
    let mut output = [[0.0; 2]; 4];
    Embedding::<3, 2>::rows(&table, &[2, 0, 3, -1], &mut output);
    assert_eq!(output[..2], [[5.0, 6.0], [1.0, 2.0]]);
    assert!(output[2..].iter().flatten().all(|value| value.is_nan()));
}

#[test]
fn values_move_where_they_should() {
    let mut repeated = [[0.0; 2]; 3];
    copy::repeat(&[1.0, 2.0], &mut repeated);
    assert_eq!(repeated, [[1.0, 2.0]; 3]);

    let input: Vec<f32> = (0..24).map(|x| x as f32).collect();
    let mut output = vec![0.0; 24];
    copy::permute([2, 3, 4], [2, 0, 1], &input, &mut output);
    for (a, b, c) in (0..2).flat_map(|a| (0..3).flat_map(move |b| (0..4).map(move |c| (a, b, c)))) {
        assert_eq!(output[c * 6 + a * 3 + b], input[a * 12 + b * 4 + c]);
    }
}
