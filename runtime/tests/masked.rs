//! Masked sequences through every kind of cell: the steps that count give the bits that they give alone, and what stands
//! between them is the output before, or zeros.

mod common;

use common::{Numbers, at, bits, levels};
use rnn_compiler::packing::{self, Cell, Packing};
use rnn_compiler::storage::Storage;
use rnn_runtime::activation::{Sigmoid, Tanh};
use rnn_runtime::kernels::{
    AtMasked, BackwardAligned, Forward, Gru, GruResetBefore, Lstm, Panels, Repeat, SimpleRnn, Small, Zero, ZeroBefore,
};
use rnn_runtime::state::{GruState, LstmState, SimpleRnnState};

const STEPS: usize = 7;
const MASK: [f32; STEPS] = [0.0, 1.0, 1.0, 0.0, 0.0, -2.0, 0.0];

fn packed(packing: &Packing, cell: Cell, features: usize, units: usize) -> Vec<f32> {
    let gates = match cell {
        Cell::SimpleRnn => 1,
        Cell::Lstm => 4,
        Cell::Gru | Cell::GruResetBefore => 3,
    };
    let biases = if cell == Cell::Gru { 6 } else { gates };
    let mut numbers = Numbers::new(11);
    let tensors = [features * gates * units, units * gates * units, biases * units];
    let tensors = tensors.map(|length| numbers.many(length, 0.4));
    packing.run(&[&tensors[0], &tensors[1], &tensors[2]])
}

/// What a masked walk puts out, given the outputs of the steps that count in the order in which they are met.
fn expected<M: AtMasked>(kept: &[f32], units: usize, is_backward: bool) -> Vec<f32> {
    let mut rows = vec![vec![0.0; units]; STEPS];
    let (mut last, mut outputs) = (vec![0.0; units], kept.chunks(units));
    let order: Vec<usize> = if is_backward { (0..STEPS).rev().collect() } else { (0..STEPS).collect() };
    for place in order {
        if MASK[place] != 0.0 {
            last = outputs.next().map(<[f32]>::to_vec).unwrap_or_default();
        }
        rows[place] = if MASK[place] == 0.0 && M::ZEROS { vec![0.0; units] } else { last.clone() };
    }
    rows.concat()
}

macro_rules! check {
    ($cell:expr, $layer:ty, $state:ty, $features:literal, $units:literal, $packing:expr) => {{
        const F: usize = $features;
        const U: usize = $units;
        type Layer = $layer;
        type State = $state;

        program! {
            struct Steps<'a> { weights: &'a [f32], input: &'a [[f32; F]] } -> Vec<f32>;
            |isa| {
                let (mut state, mut outputs) = (State::zero(), Vec::new());
                for x in input {
                    Layer::step(isa, weights, &mut state, x);
                    outputs.extend_from_slice(state.h.units::<U>());
                }
                outputs
            }
        }
        program! {
            struct Repeated<'a> { weights: &'a [f32], input: &'a [[f32; F]], product: usize } -> [Vec<f32>; 4];
            |isa| {
                let mut product = vec![f32::NAN; product];
                let mut rows = [[[9.0; U]; STEPS]; 3];
                let mut state = State::zero();
                Layer::sequence_masked::<I, Forward, Repeat, U, 0>(isa, weights, &mut state, &mut product, input, &MASK, &mut rows[0]);
                let mut state = State::zero();
                Layer::sequence_masked::<I, BackwardAligned, Zero, U, 0>(isa, weights, &mut state, &mut product, input, &MASK, &mut rows[1]);
                let mut state = State::zero();
                Layer::sequence_masked::<I, Forward, ZeroBefore, U, 0>(isa, weights, &mut state, &mut product, input, &MASK, &mut rows[2]);
                let mut state = State::zero();
                Layer::last_masked::<I, Forward>(isa, weights, &mut state, &mut product, input, &MASK);
                let [first, second, third] = rows.map(|rows| rows.concat());
                [first, second, third, state.h.units::<U>().to_vec()]
            }
        }

        let packing = $packing;
        let weights = packed(&packing, $cell, F, U);
        let flat = Numbers::new(7).many(STEPS * F, 1.0);
        let input: &[[f32; F]] = flat.as_chunks().0;
        let kept: Vec<[f32; F]> = (0..STEPS).filter(|&step| MASK[step] != 0.0).map(|step| input[step]).collect();
        let turned: Vec<[f32; F]> = kept.iter().rev().copied().collect();
        for level in levels() {
            let name = format!("{:?}({U}) over {F} on {}", $cell, level.name());
            let forward = at(level, Steps { weights: &weights, input: &kept });
            let backward = at(level, Steps { weights: &weights, input: &turned });
            let row = packing::product_row($cell, F, U);
            for product in [0, 2 * row, 3 * row + 5, STEPS * row] {
                let [repeated, zeros, zeros_before, last] = at(level, Repeated { weights: &weights, input, product });
                assert_eq!(bits(&repeated), bits(&expected::<Repeat>(&forward, U, false)), "{name}");
                assert_eq!(bits(&zeros), bits(&expected::<Zero>(&backward, U, true)), "{name}");
                assert_eq!(bits(&zeros_before), bits(&expected::<ZeroBefore>(&forward, U, false)), "{name}");
                assert_eq!(bits(&last), bits(&forward[forward.len() - U..]), "{name}");
            }
        }
    }};
}

#[test]
fn small_cells_skip_masked_steps() {
    use packing::Class::Small as SmallClass;
    check!(Cell::Lstm, Lstm<5, 8, 1, Tanh, Sigmoid, Small<2, 4>>, LstmState<1>, 5, 8,
        packing::lstm(5, 8, true, true, SmallClass { vectors: 2, sets: 4 }, Storage::F32));
    check!(Cell::Gru, Gru<1, 20, 2, Tanh, Sigmoid, Small<5, 4>>, GruState<2>, 1, 20,
        packing::gru(1, 20, true, true, packing::class(Cell::Gru, 1, 20), Storage::F32));
    check!(Cell::SimpleRnn, SimpleRnn<2, 3, 1, Tanh, Small<1, 4>>, SimpleRnnState<1>, 2, 3,
        packing::simple_rnn(2, 3, true, SmallClass { vectors: 1, sets: 4 }, Storage::F32));
}

#[test]
fn large_cells_skip_masked_steps() {
    use packing::Class::Panels as PanelClass;
    let class = PanelClass { splits: 1 };
    check!(Cell::Lstm, Lstm<3, 49, 4, Tanh, Sigmoid, Panels<1>>, LstmState<4>, 3, 49, packing::lstm(3, 49, true, true, class, Storage::F32));
    check!(Cell::Gru, Gru<6, 50, 4, Tanh, Sigmoid, Panels<1>>, GruState<4>, 6, 50, packing::gru(6, 50, true, true, class, Storage::F32));
    check!(Cell::GruResetBefore, GruResetBefore<4, 18, 2, Tanh, Sigmoid, Panels<1>>, GruState<2>, 4, 18,
        packing::gru_reset_before(4, 18, true, true, Storage::F32));
}
