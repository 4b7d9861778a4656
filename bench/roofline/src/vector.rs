//! Micro-benchmarks, one copy an instruction set: rate and latency of multiply-add and tanh, and weights read as operands.

use std::arch::x86_64::*;
use std::hint::black_box;

/// One instruction set's loops. Each does a stated amount of work, which `floors` divides the time by.
pub(crate) trait Vectors {
    /// float32 lanes of a vector.
    fn lanes(&self) -> usize;
    /// `count` multiply-adds, 12 independent chains.
    fn multiply_add_rate(&self, count: usize);
    /// `count` multiply-adds, each on the result of the one before.
    fn multiply_add_latency(&self, count: usize);
    /// `count` tanh, 8 independent chains.
    fn tanh_rate(&self, count: usize);
    /// `count` tanh, each on the result of the one before.
    fn tanh_latency(&self, count: usize);
    /// `count` times: store a vector, broadcast one lane of it, multiply-add.
    fn broadcast_latency(&self, count: usize);
    /// Rows of weights times one broadcast input a row, eight accumulators, once upward and once downward: how a kernel
    /// reads its weights, meeting first what the cache still holds.
    fn read(&self, weights: &[f32]);
}

/// tanh x = x P(x²) / Q(x²) on |x| ≤ 8, minimax in relative error (1.5e-7): the cheapest form that keeps float32 accuracy.
const NUMERATOR: [f32; 4] = [0.999_999_8, 0.129_256_59, 0.002_951_02, 1.142_838_4e-5];
const DENOMINATOR: [f32; 5] = [1.0, 0.462_588_76, 0.023_815_54, 2.386_686_4e-4, 2.459_199e-7];
const CLAMP: f32 = 8.0;
const CHAINS: usize = 12;
const ACTIVATIONS: usize = 8;
const ACCUMULATORS: usize = 8;

macro_rules! vectors {
    ($name:ident, $features:literal, $v:ty, $lanes:literal, $set1:ident, $load:ident, $store:ident, $mul:ident,
     $div:ident, $min:ident, $max:ident, $multiply_add:expr) => {
        /// Token of one instruction set; made only where the processor has it.
        pub(crate) struct $name;

        impl $name {
            #[target_feature(enable = $features)]
            #[inline]
            fn multiply_add(a: $v, b: $v, c: $v) -> $v {
                $multiply_add(a, b, c)
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn tanh(x: $v) -> $v {
                let x = $max($set1(-CLAMP), $min($set1(CLAMP), x));
                let square = $mul(x, x);
                let fourth = $mul(square, square);
                let low = Self::multiply_add($set1(NUMERATOR[1]), square, $set1(NUMERATOR[0]));
                let high = Self::multiply_add($set1(NUMERATOR[3]), square, $set1(NUMERATOR[2]));
                let numerator = $mul(Self::multiply_add(high, fourth, low), x);
                let low = Self::multiply_add($set1(DENOMINATOR[1]), square, $set1(DENOMINATOR[0]));
                let high = Self::multiply_add($set1(DENOMINATOR[3]), square, $set1(DENOMINATOR[2]));
                let high = Self::multiply_add($set1(DENOMINATOR[4]), fourth, high);
                $div(numerator, Self::multiply_add(high, fourth, low))
            }

            #[target_feature(enable = $features)]
            fn run_multiply_add_rate(count: usize) {
                let (factor, term) = (black_box($set1(0.999)), black_box($set1(0.001)));
                let mut chains = [$set1(1.0); CHAINS];
                for _ in 0..count / CHAINS {
                    for chain in &mut chains {
                        *chain = Self::multiply_add(*chain, factor, term);
                    }
                }
                black_box(chains);
            }

            #[target_feature(enable = $features)]
            fn run_multiply_add_latency(count: usize) {
                let (factor, term) = (black_box($set1(0.999)), black_box($set1(0.001)));
                let mut chain = $set1(1.0);
                for _ in 0..count {
                    chain = Self::multiply_add(chain, factor, term);
                }
                black_box(chain);
            }

            #[target_feature(enable = $features)]
            fn run_tanh_rate(count: usize) {
                let mut chains = [black_box($set1(0.7)); ACTIVATIONS];
                for _ in 0..count / ACTIVATIONS {
                    for chain in &mut chains {
                        *chain = Self::tanh(*chain);
                    }
                }
                black_box(chains);
            }

            #[target_feature(enable = $features)]
            fn run_tanh_latency(count: usize) {
                let mut chain = black_box($set1(0.7));
                for _ in 0..count {
                    chain = Self::tanh(chain);
                }
                black_box(chain);
            }

            #[target_feature(enable = $features)]
            fn run_broadcast_latency(count: usize) {
                let (factor, term) = (black_box($set1(0.999)), black_box($set1(0.001)));
                let mut state = [0.5f32; $lanes];
                let mut chain = $set1(0.5);
                for _ in 0..count {
                    // SAFETY: `state` holds exactly one vector.
                    unsafe { $store(state.as_mut_ptr(), chain) };
                    chain = Self::multiply_add($set1(black_box(&state)[1]), factor, term);
                }
                black_box(chain);
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn add_row(sums: &mut [$v; ACCUMULATORS], row: &[f32; ACCUMULATORS * $lanes], input: f32) {
                let input = $set1(input);
                for (lane, sum) in sums.iter_mut().enumerate() {
                    // SAFETY: a row holds `ACCUMULATORS` whole vectors and `lane` counts them.
                    let weight = unsafe { $load(row.as_ptr().add(lane * $lanes)) };
                    *sum = Self::multiply_add(input, weight, *sum);
                }
            }

            #[target_feature(enable = $features)]
            fn run_read(weights: &[f32]) {
                let inputs: [f32; 64] = black_box([0.01; 64]);
                let mut sums = [$set1(0.0); ACCUMULATORS];
                let rows = weights.as_chunks().0;
                for (index, row) in rows.iter().enumerate() {
                    Self::add_row(&mut sums, row, inputs[index % inputs.len()]);
                }
                for (index, row) in rows.iter().enumerate().rev() {
                    Self::add_row(&mut sums, row, inputs[index % inputs.len()]);
                }
                black_box(sums);
            }
        }

        impl Vectors for $name {
            fn lanes(&self) -> usize {
                $lanes
            }
            fn multiply_add_rate(&self, count: usize) {
                // SAFETY: the token is made only where the features are there; so in each method below.
                unsafe { Self::run_multiply_add_rate(count) }
            }
            fn multiply_add_latency(&self, count: usize) {
                // SAFETY: as above.
                unsafe { Self::run_multiply_add_latency(count) }
            }
            fn tanh_rate(&self, count: usize) {
                // SAFETY: as above.
                unsafe { Self::run_tanh_rate(count) }
            }
            fn tanh_latency(&self, count: usize) {
                // SAFETY: as above.
                unsafe { Self::run_tanh_latency(count) }
            }
            fn broadcast_latency(&self, count: usize) {
                // SAFETY: as above.
                unsafe { Self::run_broadcast_latency(count) }
            }
            fn read(&self, weights: &[f32]) {
                // SAFETY: as above.
                unsafe { Self::run_read(weights) }
            }
        }
    };
}

vectors!(
    Avx512,
    "avx512f",
    __m512,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_min_ps,
    _mm512_max_ps,
    _mm512_fmadd_ps
);
vectors!(
    Avx2,
    "avx2,fma",
    __m256,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_min_ps,
    _mm256_max_ps,
    _mm256_fmadd_ps
);
vectors!(
    Sse2,
    "sse2",
    __m128,
    4,
    _mm_set1_ps,
    _mm_loadu_ps,
    _mm_storeu_ps,
    _mm_mul_ps,
    _mm_div_ps,
    _mm_min_ps,
    _mm_max_ps,
    sse2_multiply_add
);

/// SSE2 has no fused multiply-add: two instructions.
#[target_feature(enable = "sse2")]
#[inline]
fn sse2_multiply_add(a: __m128, b: __m128, c: __m128) -> __m128 {
    _mm_add_ps(_mm_mul_ps(a, b), c)
}
