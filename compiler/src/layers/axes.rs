//! Work over chosen axes of an array: what `Softmax` and `LayerNormalization` share.

use ndarray::{Array, ArrayD, IxDyn};

use crate::layer::{Mismatch, Streaming};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// The shape of an array.
pub(crate) fn shape_of<R>(array: &ArrayD<R>) -> Shape {
    Shape(array.shape().iter().map(|&size| Dimension::Known(size as u64)).collect())
}

/// Replaces every group of values that differ in `axes` only: `change` gets a group with the last of the axes
/// running fastest and answers as many values.
pub(crate) fn map_groups<R: Real>(
    array: &ArrayD<R>,
    axes: &[usize],
    mut change: impl FnMut(Vec<R>) -> Vec<R>,
) -> ArrayD<R> {
    let others: Vec<usize> = (0..array.ndim()).filter(|axis| !axes.contains(axis)).collect();
    let order: Vec<usize> = others.iter().chain(axes).copied().collect();
    let moved = array.view().permuted_axes(IxDyn(&order));
    let size: usize = axes.iter().map(|&axis| array.shape()[axis]).product();
    let values: Vec<R> = moved.iter().copied().collect();
    let changed = values.chunks(size.max(1)).flat_map(|group| change(group.to_vec())).collect();
    let changed = Array::from_shape_vec(moved.raw_dim(), changed)
        .unwrap_or_else(|_| unreachable!("a group is changed to as many values"));
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &axis)| back[axis] = place);
    changed.permuted_axes(IxDyn(&back)).as_standard_layout().into_owned()
}

/// `PerFrame`, unless the time axis is among the axes and holds more than a frame's values.
pub(crate) fn mixes_time(
    inputs: &[Shape],
    places: impl Fn(&Shape) -> Result<Vec<usize>, Mismatch>,
    reason: &str,
) -> Streaming {
    let mixes =
        inputs.first().is_some_and(|shape| shape.rank() > 2 && places(shape).is_ok_and(|places| places.contains(&1)));
    if mixes { Streaming::Impossible(reason.to_owned()) } else { Streaming::PerFrame }
}
