//! Every recurrent cell in sizes around every boundary of its layouts: against a plain f64 loop, and bit for bit between
//! instruction sets, between steps and sequences, and whatever scratch there is.

mod common;

use common::{Numbers, assert_close, at, bits, levels};
use rnn_compiler::packing::{self, Cell, Class, Packing};
use rnn_compiler::storage::Storage;
use rnn_runtime::activation::{HardSigmoid, Relu, Sigmoid, Tanh};
use rnn_runtime::kernels::{
    Backward, BackwardAligned, Forward, Gru, GruResetBefore, Lstm, Panels, SimpleRnn, Small, Walk,
};
use rnn_runtime::state::{GruState, LstmState, SimpleRnnState};

const STEPS: usize = 7;

/// A function of one value and, for gates, what the packing must know of it.
#[derive(Clone, Copy)]
struct Function {
    of: fn(f64) -> f64,
    is_sigmoid: bool,
}

const TANH: Function = Function { of: f64::tanh, is_sigmoid: false };
const SIGMOID: Function = Function { of: |x| 1.0 / (1.0 + (-x).exp()), is_sigmoid: true };
const RELU: Function = Function { of: |x| x.max(0.0), is_sigmoid: false };
const HARD_SIGMOID: Function = Function { of: |x| (x / 6.0 + 0.5).clamp(0.0, 1.0), is_sigmoid: false };

/// A cell as Keras stores and computes it.
struct Reference {
    cell: Cell,
    units: usize,
    tensors: Vec<Vec<f32>>,
    act: fn(f64) -> f64,
    rec: fn(f64) -> f64,
}

impl Reference {
    fn gates(&self) -> usize {
        match self.cell {
            Cell::SimpleRnn => 1,
            Cell::Lstm => 4,
            Cell::Gru | Cell::GruResetBefore => 3,
        }
    }

    /// `values · tensor` in column `gate · units + unit`.
    fn product(&self, tensor: usize, values: &[f64], gate: usize, unit: usize) -> f64 {
        let width = self.gates() * self.units;
        let column = gate * self.units + unit;
        values.iter().enumerate().map(|(k, value)| value * f64::from(self.tensors[tensor][k * width + column])).sum()
    }

    fn bias(&self, row: usize, gate: usize, unit: usize) -> f64 {
        let width = self.gates() * self.units;
        self.tensors.get(2).map_or(0.0, |bias| f64::from(bias[row * width + gate * self.units + unit]))
    }

    /// One step on (h, c).
    fn step(&self, h: &mut [f64], c: &mut [f64], x: &[f64]) {
        let old = h.to_vec();
        let input = |gate, unit| self.product(0, x, gate, unit) + self.bias(0, gate, unit);
        let state = |gate, unit| self.product(1, &old, gate, unit);
        let sum = |gate, unit| input(gate, unit) + state(gate, unit);
        for unit in 0..self.units {
            h[unit] = match self.cell {
                Cell::SimpleRnn => (self.act)(sum(0, unit)),
                Cell::Lstm => {
                    c[unit] = (self.rec)(sum(1, unit)) * c[unit] + (self.rec)(sum(0, unit)) * (self.act)(sum(2, unit));
                    (self.rec)(sum(3, unit)) * (self.act)(c[unit])
                }
                Cell::Gru => {
                    let z = (self.rec)(sum(0, unit) + self.bias(1, 0, unit));
                    let r = (self.rec)(sum(1, unit) + self.bias(1, 1, unit));
                    let candidate = (self.act)(input(2, unit) + r * (state(2, unit) + self.bias(1, 2, unit)));
                    z * old[unit] + (1.0 - z) * candidate
                }
                Cell::GruResetBefore => {
                    let z = (self.rec)(sum(0, unit));
                    let reset: Vec<f64> = (0..self.units).map(|other| (self.rec)(sum(1, other)) * old[other]).collect();
                    let candidate = (self.act)(input(2, unit) + self.product(1, &reset, 2, unit));
                    z * old[unit] + (1.0 - z) * candidate
                }
            };
        }
    }

    /// The outputs of all steps, in the order in which the inputs come.
    fn sequence<'a>(&self, inputs: impl Iterator<Item = &'a [f32]>) -> Vec<Vec<f64>> {
        let (mut h, mut c) = (vec![0.0; self.units], vec![0.0; self.units]);
        let step = |input: &[f32]| {
            let x: Vec<f64> = input.iter().map(|x| f64::from(*x)).collect();
            self.step(&mut h, &mut c, &x);
            h.clone()
        };
        inputs.map(step).collect()
    }
}

/// Random tensors of a cell; without a bias two of them.
fn tensors(cell: Cell, features: usize, units: usize, use_bias: bool) -> Vec<Vec<f32>> {
    let mut numbers = Numbers::new((features * 1000 + units) as u64);
    let (width, biases) = match cell {
        Cell::SimpleRnn => (units, units),
        Cell::Lstm => (4 * units, 4 * units),
        Cell::Gru => (3 * units, 6 * units),
        Cell::GruResetBefore => (3 * units, 3 * units),
    };
    let scale = 1.0 / (units as f32).sqrt();
    let mut tensors = vec![numbers.many(features * width, 0.7), numbers.many(units * width, scale)];
    if use_bias {
        tensors.push(numbers.many(biases, 0.5));
    }
    tensors
}

fn packed(packing: &Packing, tensors: &[Vec<f32>]) -> Vec<f32> {
    let tensors: Vec<&[f32]> = tensors.iter().map(Vec::as_slice).collect();
    packing.run(&tensors)
}

/// Everything that one cell is to show; a macro, as shapes are types.
macro_rules! check {
    ($cell:expr, $layer:ty, $state:ty, $features:literal, $units:literal, $act:expr, $rec:expr, $bias:expr, $class:expr) => {{
        const F: usize = $features;
        const U: usize = $units;
        const ROW: usize = U + 3;
        type Layer = $layer;
        type State = $state;

        program! {
            struct Steps<'a> { weights: &'a [f32], input: &'a [[f32; F]] } -> Vec<f32>;
            |isa| {
                let mut state = State::zero();
                let mut outputs = Vec::new();
                for x in input {
                    Layer::step(isa, weights, &mut state, x);
                    outputs.extend_from_slice(state.h.units::<U>());
                }
                outputs
            }
        }
        program! {
            struct Sequence<'a> { weights: &'a [f32], input: &'a [[f32; F]], product: usize } -> Vec<f32>;
            |isa| {
                let mut product = vec![f32::NAN; product];
                let mut rows = vec![[0.0; ROW]; input.len()];
                let mut state = State::zero();
                Layer::sequence::<I, Forward, ROW, 2>(isa, weights, &mut state, &mut product, input, &mut rows);
                for row in &rows {
                    assert!(row[0] == 0.0 && row[1] == 0.0 && row[ROW - 1] == 0.0, "only the units' places are written");
                }
                rows.iter().flat_map(|row| row[2..2 + U].to_vec()).collect()
            }
        }
        program! {
            struct Last<'a> { weights: &'a [f32], input: &'a [[f32; F]], product: usize } -> Vec<f32>;
            |isa| {
                let mut product = vec![f32::NAN; product];
                let mut state = State::zero();
                Layer::last::<I, Backward>(isa, weights, &mut state, &mut product, input);
                state.h.units::<U>().to_vec()
            }
        }

        let name = format!("{:?}({U}) over {F}, bias {}", $cell, $bias);
        let (act, rec): (Function, Function) = ($act, $rec);
        let class: Class = $class;
        if $cell != Cell::GruResetBefore {
            assert_eq!(packing::class($cell, F, U), class, "{name}");
        }
        let tensors = tensors($cell, F, U, $bias);
        let packing = match $cell {
            Cell::SimpleRnn => packing::simple_rnn(F, U, $bias, class, Storage::F32),
            Cell::Lstm => packing::lstm(F, U, $bias, rec.is_sigmoid, class, Storage::F32),
            Cell::Gru => packing::gru(F, U, $bias, rec.is_sigmoid, class, Storage::F32),
            Cell::GruResetBefore => packing::gru_reset_before(F, U, $bias, rec.is_sigmoid, Storage::F32),
        };
        assert_eq!(packing.length % 16, 0, "{name}");
        let weights = packed(&packing, &tensors);
        let flat = Numbers::new(7).many(STEPS * F, 1.0);
        let input: &[[f32; F]] = flat.as_chunks().0;
        let reference = Reference { cell: $cell, units: U, tensors, act: act.of, rec: rec.of };
        let forward = reference.sequence(input.iter().map(<[f32; F]>::as_slice));
        let backward = reference.sequence(input.iter().rev().map(<[f32; F]>::as_slice));
        let (forward, backward) = (forward.concat(), &backward[STEPS - 1]);

        let mut fused: Option<Vec<u32>> = None;
        for level in levels() {
            let name = format!("{name} on {}", level.name());
            let tolerance = 4e-6;
            let steps = at(level, Steps { weights: &weights, input });
            assert_close(&name, &steps, &forward, tolerance);
            if level.is_fused() {
                let bits = bits(&steps);
                assert_eq!(*fused.get_or_insert_with(|| bits.clone()), bits, "{name}");
            }
            let row = packing::product_row($cell, F, U);
            for product in [0, row, 2 * row, 3 * row + 5, STEPS * row, 20 * row] {
                let outputs = at(level, Sequence { weights: &weights, input, product });
                assert_eq!(bits(&outputs), bits(&steps), "{name}, scratch for {product} floats");
                let last = at(level, Last { weights: &weights, input, product });
                assert_close(&name, &last, backward, tolerance);
            }
        }
    }};
}

/// The same check over several sizes.
macro_rules! sizes {
    (small $cell:ident, $layer:ident, $state:ident, $act:expr, $rec:expr; $(($f:literal, $u:literal, $v:literal, $s:literal)),* $(,)?) => {$(
        check!(
            Cell::$cell, $layer<$f, $u, { usize::div_ceil($u, 16) }, Small<$v, $s>>,
            $state<{ usize::div_ceil($u, 16) }>, $f, $u, $act, $rec, true, Class::Small { vectors: $v, sets: $s }
        );
    )*};
    (panels $cell:ident, $layer:ident, $state:ident, $act:expr, $rec:expr; $(($f:literal, $u:literal)),* $(,)?) => {$(
        check!(
            Cell::$cell, $layer<$f, $u, { usize::div_ceil($u, 16) }, Panels<1>>,
            $state<{ usize::div_ceil($u, 16) }>, $f, $u, $act, $rec, true, Class::Panels { splits: 1 }
        );
    )*};
}

type TanhSigmoidLstm<const F: usize, const U: usize, const LINES: usize, C> = Lstm<F, U, LINES, Tanh, Sigmoid, C>;
type TanhSigmoidGru<const F: usize, const U: usize, const LINES: usize, C> = Gru<F, U, LINES, Tanh, Sigmoid, C>;
type TanhSigmoidGruResetBefore<const F: usize, const U: usize, const LINES: usize, C> =
    GruResetBefore<F, U, LINES, Tanh, Sigmoid, C>;
type TanhSimpleRnn<const F: usize, const U: usize, const LINES: usize, C> = SimpleRnn<F, U, LINES, Tanh, C>;
type ReluHardSigmoidLstm<const F: usize, const U: usize, const LINES: usize, C> =
    Lstm<F, U, LINES, Relu, HardSigmoid, C>;
type SigmoidTanhLstm<const F: usize, const U: usize, const LINES: usize, C> = Lstm<F, U, LINES, Sigmoid, Tanh, C>;
type SigmoidHardSigmoidLstm<const F: usize, const U: usize, const LINES: usize, C> =
    Lstm<F, U, LINES, Sigmoid, HardSigmoid, C>;
type ReluHardSigmoidGru<const F: usize, const U: usize, const LINES: usize, C> = Gru<F, U, LINES, Relu, HardSigmoid, C>;
type SigmoidTanhGru<const F: usize, const U: usize, const LINES: usize, C> = Gru<F, U, LINES, Sigmoid, Tanh, C>;
type ReluTanhGru<const F: usize, const U: usize, const LINES: usize, C> = Gru<F, U, LINES, Relu, Tanh, C>;
type ReluHardSigmoidGruResetBefore<const F: usize, const U: usize, const LINES: usize, C> =
    GruResetBefore<F, U, LINES, Relu, HardSigmoid, C>;
type SigmoidSimpleRnn<const F: usize, const U: usize, const LINES: usize, C> = SimpleRnn<F, U, LINES, Sigmoid, C>;
type ReluSimpleRnn<const F: usize, const U: usize, const LINES: usize, C> = SimpleRnn<F, U, LINES, Relu, C>;

#[test]
fn small_lstm_is_the_reference_and_the_same_everywhere() {
    sizes!(small Lstm, TanhSigmoidLstm, LstmState, TANH, SIGMOID;
        (1, 1, 1, 1), (1, 3, 1, 1), (2, 4, 1, 4), (4, 5, 2, 4), (5, 8, 2, 4), (3, 12, 4, 4), (1, 17, 5, 4), (1, 20, 5, 4), (1, 24, 6, 2), (300, 22, 6, 2), (3, 31, 8, 2), (2, 33, 9, 1), (1, 40, 10, 1), (70, 48, 12, 1));
}

#[test]
fn large_lstm_is_the_reference_and_the_same_everywhere() {
    sizes!(panels Lstm, TanhSigmoidLstm, LstmState, TANH, SIGMOID; (3, 49), (16, 64), (2, 80), (67, 100), (300, 52));
}

#[test]
fn small_gru_is_the_reference_and_the_same_everywhere() {
    sizes!(small Gru, TanhSigmoidGru, GruState, TANH, SIGMOID;
        (1, 1, 1, 1), (1, 3, 1, 1), (2, 4, 1, 4), (4, 5, 2, 4), (1, 8, 2, 4), (2, 16, 4, 4), (1, 20, 5, 4), (4, 24, 6, 2), (130, 18, 5, 4), (2, 33, 9, 1), (70, 48, 12, 1));
}

#[test]
fn large_gru_is_the_reference_and_the_same_everywhere() {
    sizes!(panels Gru, TanhSigmoidGru, GruState, TANH, SIGMOID; (3, 49), (16, 64), (2, 80), (67, 100), (257, 52));
}

#[test]
fn gru_with_reset_before_is_the_reference_and_the_same_everywhere() {
    sizes!(panels GruResetBefore, TanhSigmoidGruResetBefore, GruState, TANH, SIGMOID;
        (1, 1), (3, 8), (5, 20), (1, 33), (2, 48), (3, 100));
}

#[test]
fn simple_rnn_is_the_reference_and_the_same_everywhere() {
    sizes!(small SimpleRnn, TanhSimpleRnn, SimpleRnnState, TANH, TANH;
        (1, 1, 1, 1), (10, 3, 1, 1), (3, 4, 1, 4), (4, 5, 1, 4), (4, 8, 1, 4), (5, 12, 1, 4),
        (1, 17, 2, 4), (2, 33, 3, 4), (7, 64, 4, 4), (3, 100, 7, 2), (1, 130, 9, 1),
        (1, 190, 12, 1));
    sizes!(panels SimpleRnn, TanhSimpleRnn, SimpleRnnState, TANH, TANH;
        (3, 193), (2, 210), (1, 225), (4, 256), (2, 300), (1, 380));
}

#[test]
fn any_activations_do() {
    sizes!(small Lstm, ReluHardSigmoidLstm, LstmState, RELU, HARD_SIGMOID; (3, 4, 1, 4), (3, 7, 2, 4), (2, 20, 5, 4));
    sizes!(small Lstm, SigmoidTanhLstm, LstmState, SIGMOID, TANH; (3, 4, 1, 4), (3, 7, 2, 4), (2, 20, 5, 4));
    sizes!(panels Lstm, SigmoidHardSigmoidLstm, LstmState, SIGMOID, HARD_SIGMOID; (3, 64));
    sizes!(small Gru, ReluHardSigmoidGru, GruState, RELU, HARD_SIGMOID; (3, 4, 1, 4), (3, 7, 2, 4), (2, 20, 5, 4));
    sizes!(small Gru, SigmoidTanhGru, GruState, SIGMOID, TANH; (3, 4, 1, 4), (3, 7, 2, 4), (2, 20, 5, 4));
    sizes!(panels Gru, ReluTanhGru, GruState, RELU, TANH; (3, 64));
    sizes!(panels GruResetBefore, ReluHardSigmoidGruResetBefore, GruState, RELU, HARD_SIGMOID; (3, 20));
    sizes!(small SimpleRnn, SigmoidSimpleRnn, SimpleRnnState, SIGMOID, TANH; (3, 4, 1, 4), (3, 8, 1, 4), (2, 20, 2, 4));
    sizes!(small SimpleRnn, ReluSimpleRnn, SimpleRnnState, RELU, TANH; (3, 8, 1, 4));
}

#[test]
fn a_bias_may_be_missing() {
    check!(Cell::Lstm, Lstm<3, 7, 1, Tanh, Sigmoid, Small<2, 4>>, LstmState<1>, 3, 7, TANH, SIGMOID, false,
        Class::Small { vectors: 2, sets: 4 });
    check!(Cell::Gru, Gru<3, 50, 4, Tanh, Sigmoid, Panels<1>>, GruState<4>, 3, 50, TANH, SIGMOID, false,
        Class::Panels { splits: 1 });
    check!(Cell::GruResetBefore, GruResetBefore<3, 5, 1, Tanh, Sigmoid, Panels<1>>, GruState<1>, 3, 5, TANH, SIGMOID,
        false, Class::Panels { splits: 1 });
    check!(Cell::SimpleRnn, SimpleRnn<3, 9, 1, Tanh, Small<1, 4>>, SimpleRnnState<1>, 3, 9, TANH, TANH, false,
        Class::Small { vectors: 1, sets: 4 });
}

#[test]
fn walks_differ_in_order_and_places() {
    /// The outputs of a walk.
    struct Walked<'a, W>(&'a [f32], &'a [[f32; 3]], usize, std::marker::PhantomData<W>);
    impl<W: Walk> rnn_runtime::Program for Walked<'_, W> {
        type Output = Vec<[f32; 5]>;
        #[inline(always)]
        fn run<I: rnn_runtime::Isa>(self, isa: I) -> Self::Output {
            let mut rows = vec![[0.0; 5]; self.1.len()];
            let (mut state, mut product) = (LstmState::<1>::zero(), vec![0.0; self.2]);
            type Layer = TanhSigmoidLstm<3, 5, 1, Small<2, 4>>;
            Layer::sequence::<I, W, 5, 0>(isa, self.0, &mut state, &mut product, self.1, &mut rows);
            rows
        }
    }
    let packing = packing::lstm(3, 5, true, true, packing::class(Cell::Lstm, 3, 5), Storage::F32);
    let weights = packed(&packing, &tensors(Cell::Lstm, 3, 5, true));
    let flat = Numbers::new(9).many(3 * STEPS, 1.0);
    let input: &[[f32; 3]] = flat.as_chunks().0;
    let reversed: Vec<[f32; 3]> = input.iter().rev().copied().collect();
    for level in levels() {
        let expected = at(level, Walked(&weights, &reversed, 0, std::marker::PhantomData::<Forward>));
        let aligned: Vec<[f32; 5]> = expected.iter().rev().copied().collect();
        // Chunks of 32 floats a step: none, several of three steps, all.
        for product in [0, 100, 1000] {
            let walked = at(level, Walked(&weights, input, product, std::marker::PhantomData::<Backward>));
            assert_eq!(walked, expected);
            let walked = at(level, Walked(&weights, input, product, std::marker::PhantomData::<BackwardAligned>));
            assert_eq!(walked, aligned);
        }
    }
}

#[test]
fn no_steps_leave_the_state_as_it_is() {
    program! {
        struct Empty<'a> { weights: &'a [f32], product: &'a mut [f32] } -> LstmState<1>;
        |isa| {
            let mut state = LstmState::zero();
            state.h.set(&[0.5; 5]);
            Lstm::<3, 5, 1, Tanh, Sigmoid, Small<2, 4>>::last::<_, Forward>(isa, weights, &mut state, product, &[]);
            state
        }
    }
    for level in levels() {
        let state = at(level, Empty { weights: &[0.0; 9 * 32], product: &mut [0.0; 100] });
        assert_eq!(state.h.units(), &[0.5; 5]);
    }
}
