//! Packings of the convolutions over time.

use super::dense::Matrix;
use super::{LINE, Packing};

/// `kernels::Convolution`: tensors kernel (taps, inputs, filters) and bias (filters); each group of filters reads
/// `inputs` channels and is packed by itself, its inputs tap by tap.
pub fn convolution(taps: usize, inputs: usize, filters: usize, groups: usize, use_bias: bool) -> Packing {
    let (depth, width) = (taps * inputs, filters / groups.max(1));
    let stride = width.next_multiple_of(LINE) * (1 + depth);
    let mut packing = Packing::of(groups * stride);
    for group in 0..groups {
        let first = group * width;
        let matrix = Matrix { first, outer: (1, 0), inner: (depth, filters), column: 1 };
        packing.blocks(group * stride, width, matrix, use_bias.then_some(first));
    }
    packing
}

/// `kernels::Transpose`: tensors kernel (taps, filters, inputs) and bias (filters).
pub fn transpose(taps: usize, inputs: usize, filters: usize, use_bias: bool) -> Packing {
    let mut packing = Packing::of(filters.next_multiple_of(LINE) * (1 + taps * inputs));
    let matrix = Matrix { first: 0, outer: (taps, filters * inputs), inner: (inputs, 1), column: inputs };
    packing.blocks(0, filters, matrix, use_bias.then_some(0));
    packing
}

/// `kernels::Channels`: tensors kernel (taps, filters), whatever the filters' own axes, and bias (filters).
pub fn channels(taps: usize, filters: usize, use_bias: bool) -> Packing {
    let row = filters.next_multiple_of(LINE);
    let mut packing = Packing::of((1 + taps) * row);
    if use_bias {
        packing.add(1, 0, 0, [(1, 0, 0), (1, 0, 0), (1, 0, 0), (filters, 1, 1)]);
    }
    packing.add(0, 0, row, [(1, 0, 0), (1, 0, 0), (taps, filters, row), (filters, 1, 1)]);
    packing
}
