//! Measures a model on this machine. Written by `rnnc bench`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rnn_runtime::simd::{In, Line, Vector};
#[allow(unused_imports)]
use rnn_runtime::{Isa, Level, Model, Program, Shaped, Tensor, Zero, dispatch, isa_name, level};

#[allow(warnings)]
mod model {
    include!("model.rs");
}
#[allow(unused_imports)]
use model::*;

const ROUNDS: usize = 11;
const LEAST: Duration = Duration::from_millis(15);

static WEIGHTS: rnn_runtime::weights::Aligned<{ include_bytes!("weights.bin").len() }> =
    rnn_runtime::weights::Aligned(*include_bytes!("weights.bin"));

/// What inputs are made of: values of both signs, and the first id.
trait Number: Copy {
    fn at(place: usize) -> Self;
}

impl Number for f32 {
    fn at(place: usize) -> Self {
        ((place * 37 % 101) as f32 - 50.0) / 50.0
    }
}

impl Number for i32 {
    fn at(_place: usize) -> Self {
        0
    }
}

#[allow(dead_code)]
fn fill<T: Tensor>() -> T
where
    T::Element: Number,
{
    let values: Vec<T::Element> = (0..T::LENGTH).map(T::Element::at).collect();
    T::group(&values).expect("as many values as the tensor has")[0]
}

/// Several independent chains of multiply-adds: what the processor can do at most.
struct Peak(usize);

const CHAINS: usize = 4;
const CHAINS_WITH_MANY_REGISTERS: usize = 10;

impl Program for Peak {
    type Output = f32;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> f32 {
        if level() == Level::Avx512 { chains::<I, CHAINS_WITH_MANY_REGISTERS>(isa, self.0) } else { chains::<I, CHAINS>(isa, self.0) }
    }
}

#[inline(always)]
fn chains<I: Isa, const N: usize>(isa: I, count: usize) -> f32 {
    let (factor, addend) = (I::V16::of(isa, black_box(0.999)), I::V16::of(isa, black_box(0.001)));
    let mut sums = [I::V16::of(isa, black_box(1.0)); N];
    for _ in 0..count {
        for sum in &mut sums {
            *sum = sum.mul_add(factor, addend);
        }
    }
    sums.iter().map(|sum| sum.sum()).sum()
}

fn n_chains() -> usize {
    if level() == Level::Avx512 { CHAINS_WITH_MANY_REGISTERS } else { CHAINS }
}

/// Reads all weights once, from the cache that holds them.
struct Read<'a>(&'a [Line]);

impl Program for Read<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> f32 {
        let mut sums = [I::V16::of(isa, 0.0); 8];
        let (groups, _) = self.0.as_chunks::<8>();
        for group in groups {
            for (sum, line) in sums.iter_mut().zip(group) {
                *sum = sum.add(I::V16::load(isa, line, 0));
            }
        }
        sums.iter().map(|sum| sum.sum()).sum()
    }
}

/// One thing that is measured: how often it runs at a time, and what each round took for one run.
struct Measured<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
    count: usize,
    rounds: Vec<f64>,
}

impl<'a> Measured<'a> {
    fn new(name: &'static str, mut run: impl FnMut() + 'a) -> Self {
        run();
        let mut count = 1;
        loop {
            let start = Instant::now();
            (0..count).for_each(|_| run());
            if start.elapsed() >= LEAST || count >= 1 << 30 {
                return Self { name, run: Box::new(run), count, rounds: Vec::new() };
            }
            count *= 2;
        }
    }

    fn round(&mut self) {
        let start = Instant::now();
        for _ in 0..self.count {
            (self.run)();
        }
        self.rounds.push(start.elapsed().as_secs_f64() * 1e9 / self.count as f64);
    }
}

/// Whether this is the program that has nothing but the model, whose machine code is looked at. It never runs.
const IS_MODEL_ALONE: bool = env!("CARGO_BIN_NAME").len() > "rnnc-bench".len();

fn main() {
    let model = MODEL;
    let peak = 4096;
    let (lines, _) = WEIGHTS.floats().as_chunks::<16>();
    let lines: &[Line] = lines;
    FORWARD
    STEP
    if IS_MODEL_ALONE {
        let mut forward = forward;
        forward();
        STEP_ALONE
        return;
    }
    let mut all = vec![
        Measured::new("peak", || {
            black_box(dispatch(Peak(black_box(peak))));
        }),
        Measured::new("read", || {
            black_box(dispatch(Read(black_box(lines))));
        }),
        Measured::new("forward", forward),
        STEPPED
    ];
    for _ in 0..ROUNDS {
        all.iter_mut().for_each(Measured::round);
    }
    println!("isa {}", isa_name());
    println!("peak_multiply_adds {}", peak * n_chains() * 16);
    for measured in &mut all {
        measured.rounds.sort_by(f64::total_cmp);
        println!("{} {}", measured.name, measured.rounds[ROUNDS / 2]);
    }
}
