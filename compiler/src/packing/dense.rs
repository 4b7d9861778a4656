//! Packings of the layers without a state.

use super::{LINE, PackOp, Packing};

/// Up to this many outputs a dense layer is a dot product for each: `kernels::Dense` decides alike.
const MOST_DOTS: usize = 4;

/// `kernels::Dense`: tensors kernel (inputs, outputs), bias (outputs).
///
/// Up to four outputs: the biases in one line, then each output's weights, padded to lines. Else groups of up to 64
/// outputs, `[group][bias, inputs][width]`, the last as wide as its outputs need in steps of 16.
pub fn dense(inputs: usize, outputs: usize, use_bias: bool) -> Packing {
    if outputs <= MOST_DOTS { dots(inputs, outputs, use_bias) } else { groups(inputs, outputs, use_bias) }
}

/// One dot product an output.
fn dots(inputs: usize, outputs: usize, use_bias: bool) -> Packing {
    let row = inputs.next_multiple_of(LINE);
    let mut packing = Packing::of(LINE + outputs * row);
    if use_bias {
        packing.add(1, 0, 0, [(1, 0, 0), (1, 0, 0), (1, 0, 0), (outputs, 1, 1)]);
    }
    packing.add(0, 0, LINE, [(1, 0, 0), (1, 0, 0), (outputs, 1, row), (inputs, outputs, 1)]);
    packing
}

/// Groups of outputs.
fn groups(inputs: usize, outputs: usize, use_bias: bool) -> Packing {
    const GROUP: usize = 64;
    let (full, rest) = (outputs / GROUP, outputs % GROUP);
    let width = rest.next_multiple_of(LINE);
    let group = GROUP * (1 + inputs);
    let mut packing = Packing::of(full * group + width * (1 + inputs));
    if use_bias {
        packing.add(1, 0, 0, [(1, 0, 0), (1, 0, 0), (full, GROUP, group), (GROUP, 1, 1)]);
        packing.add(1, full * GROUP, full * group, [(1, 0, 0), (1, 0, 0), (1, 0, 0), (rest, 1, 1)]);
    }
    packing.add(0, 0, GROUP, [(1, 0, 0), (full, GROUP, group), (inputs, outputs, GROUP), (GROUP, 1, 1)]);
    let behind = full * group + width;
    packing.add(0, full * GROUP, behind, [(1, 0, 0), (1, 0, 0), (inputs, outputs, width), (rest, 1, 1)]);
    packing
}

/// `kernels::affine`, BatchNormalization's inference form: the factors of `features`, then at the next line the summands.
///
/// `tensors` are the indices of gamma, beta, moving mean, moving variance; absent ones are 1 and 0.
pub fn affine(features: usize, tensors: [Option<usize>; 4], epsilon: f32) -> Packing {
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
    /// Copies without a factor; nothing where an axis is empty.
    fn add(&mut self, tensor: usize, source: usize, destination: usize, axes: [super::Axis; 4]) {
        if axes.iter().all(|axis| axis.0 > 0) {
            self.ops.push(PackOp::Add { tensor, source, destination, axes, scale: 1.0 });
        }
    }
}
