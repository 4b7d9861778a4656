//! What a tile of sums becomes: its partial sums joined, the activation applied, each row written to its place.

use super::activation::Activation;
use super::simd::{Float, In, Isa, Line, Vector, store_tile};

/// A tile's sums on their way to the output: with only constant indices before it they stay in registers until here.
#[repr(C, align(64))]
struct Buffer<const ROWS: usize>([[Line; 4]; ROWS]);

/// Writes `left` activated values of each of the first `count` rows to the places where these start in `output`; a place
/// outside is left out.
#[inline(always)]
pub(super) fn finish<I: Isa, A: Activation, const ROWS: usize, const N: usize, const SETS: usize>(
    isa: I,
    sums: [[[I::Tile; N]; ROWS]; SETS],
    output: &mut [Float],
    starts: [usize; ROWS],
    count: usize,
    left: usize,
) {
    let combined = combine::<I, ROWS, N, SETS>(sums);
    let mut buffer = Buffer([[[0.0; 16]; 4]; ROWS]);
    let mut places = [0; ROWS];
    for (index, place) in places.iter_mut().enumerate() {
        *place = 64 * index;
    }
    store_tile(&combined, buffer.0.as_flattened_mut().as_flattened_mut(), places);
    for (lines, start) in buffer.0.iter_mut().zip(starts).take(count) {
        for line in lines.iter_mut().take(left.div_ceil(16)) {
            A::apply(I::V16::load(isa, line, 0)).store(line, 0);
        }
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
