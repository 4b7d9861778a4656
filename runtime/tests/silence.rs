//! After a signal states that die away slowly become zero at every instruction set, and are never denormal: left to
//! themselves they would stay at the least numbers there are, whose arithmetic is slow on many processors.

mod common;

use common::{at, bits, levels};
use rnn_compiler::packing::{self, Cell, Class, Packing};
use rnn_compiler::storage::Storage;
use rnn_runtime::activation::{Relu, Sigmoid, Tanh};
use rnn_runtime::kernels::{Gru, GruResetBefore, Lstm, Panels, SimpleRnn, Small};
use rnn_runtime::state::{GruState, LstmState, SimpleRnnState};

/// Steps of signal, then of silence: at 0.9 a step, 2⁻⁶³ is reached after 415 and the first denormal number after 829.
const SIGNAL: usize = 5;
const STEPS: usize = 1200;

/// Bias of a gate that keeps 0.9 of the state.
const KEEP: f32 = 2.2;

/// Keras's tensors of a cell that only its own units and the input reach.
fn tensors(cell: Cell, units: usize) -> Vec<Vec<f32>> {
    let (gates, keeping) = match cell {
        Cell::SimpleRnn => (1, None),
        Cell::Lstm => (4, Some(1)),
        Cell::Gru | Cell::GruResetBefore => (3, Some(0)),
    };
    let biases = if cell == Cell::Gru { 2 } else { 1 };
    let (mut recurrent, mut bias) = (vec![0.0; units * gates * units], vec![0.0; biases * gates * units]);
    for unit in 0..units {
        match keeping {
            Some(gate) => bias[gate * units + unit] = KEEP,
            None => recurrent[unit * units + unit] = 0.9,
        }
    }
    vec![vec![1.0; gates * units], recurrent, bias]
}

fn packed(packing: &Packing, tensors: &[Vec<f32>]) -> Vec<f32> {
    packing.run(&tensors.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

macro_rules! dies_away {
    ($cell:expr, $layer:ty, $state:ty, $units:literal, $class:expr $(, $cells:ident)?) => {{
        type Layer = $layer;
        type State = $state;
        program! {
            struct Silence<'a> { weights: &'a [f32] } -> Vec<f32>;
            |isa| {
                let mut state = State::zero();
                for step in 0..SIGNAL + STEPS {
                    Layer::step(isa, weights, &mut state, &[if step < SIGNAL { 0.8 } else { 0.0 }]);
                    assert!(!state.h.units::<$units>().iter().any(|value| value.is_subnormal()), "step {step}");
                    $(assert!(!state.$cells.units::<$units>().iter().any(|value| value.is_subnormal()), "cell, step {step}");)?
                    assert!(step != SIGNAL || state.h.units::<$units>().iter().all(|value| *value != 0.0), "no signal");
                }
                $(assert!(state.$cells.units::<$units>().iter().all(|value| *value == 0.0), "the cell");)?
                state.h.units::<$units>().to_vec()
            }
        }
        let packing = match $cell {
            Cell::SimpleRnn => packing::simple_rnn(1, $units, true, $class, Storage::F32),
            Cell::Lstm => packing::lstm(1, $units, true, true, $class, Storage::F32),
            Cell::Gru => packing::gru(1, $units, true, true, $class, Storage::F32),
            Cell::GruResetBefore => packing::gru_reset_before(1, $units, true, true, Storage::F32),
        };
        let weights = packed(&packing, &tensors($cell, $units));
        for level in levels() {
            let state = at(level, Silence { weights: &weights });
            assert_eq!(bits(&state), [0; $units], "{:?}({}) on {}", $cell, $units, level.name());
        }
    }};
}

#[test]
fn lstm_dies_away() {
    dies_away!(Cell::Lstm, Lstm<1, 20, 2, Tanh, Sigmoid, Small<5, 4>>, LstmState<2>, 20, Class::Small { vectors: 5, sets: 4 }, c);
    dies_away!(Cell::Lstm, Lstm<1, 49, 4, Tanh, Sigmoid, Panels<1>>, LstmState<4>, 49, Class::Panels { splits: 1 }, c);
}

#[test]
fn gru_dies_away() {
    dies_away!(Cell::Gru, Gru<1, 8, 1, Tanh, Sigmoid, Small<2, 4>>, GruState<1>, 8, Class::Small { vectors: 2, sets: 4 });
    dies_away!(Cell::Gru, Gru<1, 49, 4, Relu, Sigmoid, Panels<1>>, GruState<4>, 49, Class::Panels { splits: 1 });
    dies_away!(Cell::GruResetBefore, GruResetBefore<1, 24, 2, Tanh, Sigmoid, Panels<1>>, GruState<2>, 24, Class::Panels { splits: 1 });
}

#[test]
fn simple_rnn_dies_away() {
    dies_away!(Cell::SimpleRnn, SimpleRnn<1, 8, 1, Tanh, Small<1, 4>>, SimpleRnnState<1>, 8, Class::Small { vectors: 1, sets: 4 });
    dies_away!(Cell::SimpleRnn, SimpleRnn<1, 20, 2, Relu, Small<2, 4>>, SimpleRnnState<2>, 20, Class::Small { vectors: 2, sets: 4 });
}
