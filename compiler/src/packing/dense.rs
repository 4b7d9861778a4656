//! Packings of the layers without a state.

use super::{Axis, LINE, PackOp, Packing, Source, Storage};

/// Up to this many outputs a dense layer is a dot product for each: `kernels::Dense` decides alike.
const MOST_DOTS: usize = 4;

/// `kernels::Dense`: tensors kernel (inputs, outputs), bias (outputs).
///
/// Up to four outputs: the biases in one line, then each output's weights, padded to lines. Else groups of up to 64
/// outputs, `[group][bias, inputs][width]`, the last as wide as its outputs need in steps of 16.
pub fn dense(inputs: usize, outputs: usize, use_bias: bool) -> Packing {
    dense_stored(Storage::F32, inputs, outputs, use_bias)
}

/// The same with rows that are stored like this; scales follow the biases.
pub fn dense_stored(storage: Storage, inputs: usize, outputs: usize, use_bias: bool) -> Packing {
    if outputs <= MOST_DOTS {
        dots(storage, inputs, outputs, use_bias)
    } else {
        groups(storage, inputs, outputs, use_bias)
    }
}

/// Floats before the rows of `width` outputs.
fn header(storage: Storage, width: usize) -> usize {
    if storage.is_scaled() { 2 * width } else { width }
}

/// One dot product an output.
fn dots(storage: Storage, inputs: usize, outputs: usize, use_bias: bool) -> Packing {
    let (row, header, per_float) = (inputs.next_multiple_of(LINE), header(storage, LINE), storage.per_float());
    let mut packing = Packing::of(header + outputs * row / per_float);
    if use_bias {
        packing.add(1, 0, 0, [(1, 0, 0), (1, 0, 0), (1, 0, 0), (outputs, 1, 1)]);
    }
    let axes = [(1, 0, 0), (1, 0, 0), (outputs, 1, row), (inputs, outputs, 1)];
    packing.rows(storage, 0, header * per_float, axes, (LINE, [0, 0, 1, 0]));
    packing
}

/// Groups of outputs.
fn groups(storage: Storage, inputs: usize, outputs: usize, use_bias: bool) -> Packing {
    if storage != Storage::F32 {
        return stored_groups(storage, inputs, outputs, use_bias);
    }
    let mut packing = Packing::of(outputs.next_multiple_of(LINE) * (1 + inputs));
    let matrix = Matrix { first: 0, outer: (1, 0), inner: (inputs, outputs), column: 1 };
    packing.blocks(0, outputs, matrix, use_bias.then_some(0));
    packing
}

/// The same with smaller numbers.
fn stored_groups(storage: Storage, inputs: usize, outputs: usize, use_bias: bool) -> Packing {
    const GROUP: usize = 64;
    let (full, rest) = (outputs / GROUP, outputs % GROUP);
    let width = rest.next_multiple_of(LINE);
    let per_float = storage.per_float();
    let (head, rest_head) = (header(storage, GROUP) * per_float, header(storage, width) * per_float);
    let group = head + GROUP * inputs;
    let floats = group / per_float;
    let mut packing = Packing::of((full * group + rest_head + width * inputs) / per_float);
    if use_bias {
        packing.add(1, 0, 0, [(1, 0, 0), (1, 0, 0), (full, GROUP, floats), (GROUP, 1, 1)]);
        packing.add(1, full * GROUP, full * floats, [(1, 0, 0), (1, 0, 0), (1, 0, 0), (rest, 1, 1)]);
    }
    let axes = [(1, 0, 0), (full, GROUP, group), (inputs, outputs, GROUP), (GROUP, 1, 1)];
    packing.rows(storage, 0, head, axes, (GROUP, [0, floats, 0, 1]));
    let axes = [(1, 0, 0), (1, 0, 0), (inputs, outputs, width), (rest, 1, 1)];
    let scales = (full * floats + width, [0, 0, 0, 1]);
    packing.rows(storage, full * GROUP, full * group + rest_head, axes, scales);
    packing
}

/// Rows of weights in a tensor: two nested axes, each as its size and the distance from one place to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix {
    /// The first weight's place.
    pub(super) first: usize,
    /// The outer axis of the rows.
    pub(super) outer: (usize, usize),
    /// The inner axis of the rows.
    pub(super) inner: (usize, usize),
    /// From one column to the next.
    pub(super) column: usize,
}

/// `kernels::affine`, BatchNormalization's inference form: the factors of `features`, then at the next line the summands.
///
/// `tensors` are the indices of gamma, beta, moving mean, moving variance; absent ones are 1 and 0.
pub fn affine(features: usize, tensors: [Option<usize>; 4], epsilon: f64) -> Packing {
    let summands = features.next_multiple_of(LINE);
    let mut packing = Packing::of(2 * summands);
    packing.ops.push(PackOp::Normalize { tensors, epsilon, count: features, factors: 0, summands });
    packing
}

/// `kernels::LayerNorm` over `size` values: gamma, then at the next line beta. An absent tensor is 1 or 0; the ones come
/// from a normalization of nothing.
pub fn layer_norm(size: usize, gamma: Option<usize>, beta: Option<usize>) -> Packing {
    let summands = size.next_multiple_of(LINE);
    let mut packing = Packing::of(2 * summands);
    let tensors = [gamma, beta, None, None];
    packing.ops.push(PackOp::Normalize { tensors, epsilon: 0.0, count: size, factors: 0, summands });
    packing
}

/// One tensor as it is: `kernels::Embedding`'s table, `kernels::prelu`'s alpha.
pub fn plain(length: usize) -> Packing {
    let mut packing = Packing::of(length);
    packing.add(0, 0, 0, [(1, 0, 0), (1, 0, 0), (1, 0, 0), (length, 1, 1)]);
    packing
}

impl Packing {
    /// Blocks of up to 64 columns from `start` on, `[block][bias, rows][width]`, the last as wide as its columns need in steps
    /// of 16. `bias` is the place of the first bias in tensor 1, the matrix is in tensor 0.
    pub(super) fn blocks(&mut self, start: usize, columns: usize, matrix: Matrix, bias: Option<usize>) {
        const BLOCK: usize = 64;
        const ONE: Axis = (1, 0, 0);
        let axis = |(count, from): (usize, usize), to: usize| if count == 1 { ONE } else { (count, from, to) };
        let Matrix { first, outer, inner, column } = matrix;
        let depth = outer.0 * inner.0;
        let (full, rest) = (columns / BLOCK, columns % BLOCK);
        let width = rest.next_multiple_of(LINE);
        let block = BLOCK * (1 + depth);
        let end = start + full * block;
        if let Some(bias) = bias {
            self.add(1, bias, start, [ONE, ONE, (full, BLOCK, block), (BLOCK, 1, 1)]);
            self.add(1, bias + full * BLOCK, end, [ONE, ONE, ONE, (rest, 1, 1)]);
        }
        let rows = |width: usize| [axis(outer, inner.0 * width), (inner.0, inner.1, width)];
        let [outer_axis, inner_axis] = rows(BLOCK);
        let blocks = [outer_axis, (full, BLOCK * column, block), inner_axis, (BLOCK, column, 1)];
        self.add(0, first, start + BLOCK, blocks);
        let [outer_axis, inner_axis] = rows(width);
        let behind = first + full * BLOCK * column;
        self.add(0, behind, end + width, [ONE, outer_axis, inner_axis, (rest, column, 1)]);
    }

    /// Copies without a factor; nothing where an axis is empty.
    pub(super) fn add(&mut self, tensor: usize, source: usize, destination: usize, axes: [Axis; 4]) {
        if axes.iter().all(|axis| axis.0 > 0) {
            self.ops.push(PackOp::Add { tensor, source, destination, axes, scale: 1.0 });
        }
    }

    /// Copies rows of the kernel, tensor 0, as they are stored; nothing where an axis is empty.
    fn rows(
        &mut self,
        storage: Storage,
        source: usize,
        destination: usize,
        axes: [super::Axis; 4],
        scales: (usize, [usize; 4]),
    ) {
        if axes.iter().all(|axis| axis.0 > 0) {
            self.store(storage, Source { tensor: 0, source, destination, axes, scale: 1.0 }, scales);
        }
    }
}
