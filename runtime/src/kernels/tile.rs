//! What a tile of sums becomes: its partial sums joined, the activation applied, each row written to its place.

use super::activation::Activation;
use super::simd::{Float, In, Isa, Line, Places, Vector, load_tile, store_tile};

/// A tile's sums on their way to the output: with only constant indices before it they stay in registers until here.
#[repr(C, align(64))]
struct Buffer<const ROWS: usize>([[Line; 4]; ROWS]);

/// Writes `left` activated values of each row up to the last to its place in `output`; a place outside is left out.
#[inline(always)]
pub(super) fn finish<I: Isa, A: Activation, const ROWS: usize, const N: usize, const SETS: usize>(
    isa: I,
    sums: [[[I::Tile; N]; ROWS]; SETS],
    output: &mut [Float],
    rows: Places,
    left: usize,
) {
    let combined = combine::<I, ROWS, N, SETS>(sums);
    let mut buffer = Buffer([[[0.0; 16]; 4]; ROWS]);
    let values = buffer.0.as_flattened_mut().as_flattened_mut();
    store_tile(&combined, values, Places { first: 0, step: 64, last: ROWS - 1 });
    for (row, lines) in buffer.0.iter_mut().enumerate().take(rows.last + 1) {
        for line in lines.iter_mut().take(left.div_ceil(16)) {
            A::apply(I::V16::load(isa, line, 0)).store(line, 0);
        }
        let start = rows.first + row * rows.step;
        if let (Some(output), Some(values)) = (output.get_mut(start..start + left), lines.as_flattened().get(..left)) {
            output.copy_from_slice(values);
        }
    }
}

/// The sum of the partial sums: neighbours first.
#[inline(always)]
pub(super) fn combine<I: Isa, const ROWS: usize, const N: usize, const SETS: usize>(
    sums: [[[I::Tile; N]; ROWS]; SETS],
) -> [[I::Tile; N]; ROWS] {
    let mut result = sums[0];
    if SETS == 1 {
        return result;
    }
    for (row, result) in result.iter_mut().enumerate() {
        for (column, sum) in result.iter_mut().enumerate() {
            let (first, second) = (sums[0][row % ROWS][column % N], sums[1 % SETS][row % ROWS][column % N]);
            *sum = first.add(second);
            if SETS == 4 {
                let (third, fourth) = (sums[2 % SETS][row % ROWS][column % N], sums[3 % SETS][row % ROWS][column % N]);
                *sum = sum.add(third.add(fourth));
            }
        }
    }
    result
}

/// Multiplies a tile's sums by their columns' scales and adds the columns' biases, those of its first column at `lane`.
#[inline(always)]
pub(super) fn scale<I: Isa, const ROWS: usize, const N: usize>(
    isa: I,
    sums: &mut [[I::Tile; N]; ROWS],
    [scales, biases]: [&[Float]; 2],
    lane: usize,
) {
    let at = Places::all(lane);
    let (Some([scales]), Some([biases])) =
        (load_tile::<I, I::Tile, 1, N>(isa, scales, at), load_tile::<I, I::Tile, 1, N>(isa, biases, at))
    else {
        return;
    };
    for row in sums {
        for (sum, (scale, bias)) in row.iter_mut().zip(scales.into_iter().zip(biases)) {
            *sum = sum.mul_add(scale, bias);
        }
    }
}
