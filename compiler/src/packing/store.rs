//! Steps of a packing that store smaller numbers than floats.

use super::Axis;
use crate::storage::{Storage, byte, half, of_half, of_upper_half, upper_half};

/// Copies `scale` times the source's floats, over up to four nested axes, each rounded to a smaller number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Store {
    /// Index of the tensor in the layer's order of weights.
    pub tensor: usize,
    /// The first float of the tensor.
    pub source: usize,
    /// The first place, in numbers of this storage from the start of the segment.
    pub destination: usize,
    /// The axes, outermost first; unused ones have count 1.
    pub axes: [Axis; 4],
    /// The factor; a power of two, so that it loses nothing.
    pub scale: f32,
    /// What the numbers are.
    pub storage: Storage,
    /// Where the scales of scaled numbers go: the first float of the segment, and the step of each axis.
    pub scales: Option<(usize, [usize; 4])>,
}

/// One number as it is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// Which float of the tensor it is.
    pub source: usize,
    /// That float as it comes.
    pub value: f32,
    /// That float as it is stored.
    pub rounded: f32,
}

impl Store {
    /// Does the step.
    pub(super) fn run(&self, values: &[f32], packed: &mut [f32]) {
        let scales = self.column_scales(values);
        if let Some((first, _)) = self.scales {
            // Columns of other steps lie between those of this one.
            self.each_column(|column| {
                if let Some(slot) = packed.get_mut(first + column) {
                    *slot = scales.get(column).copied().unwrap_or(0.0);
                }
            });
        }
        self.each(|[source, destination, column]| {
            let value = self.scale * values.get(source).copied().unwrap_or(0.0);
            match self.storage {
                Storage::F32 => {}
                Storage::F16 => put(packed, destination, 16, half(value).into()),
                Storage::Bf16 => put(packed, destination, 16, upper_half(value).into()),
                Storage::Int8 => {
                    let scale = scales.get(column).copied().unwrap_or(0.0);
                    put(packed, destination, 8, u32::from(byte(value, scale).cast_unsigned()));
                }
            }
        });
    }

    /// Calls `visit` with every number that the step stores.
    pub fn numbers(&self, values: &[f32], mut visit: impl FnMut(Number)) {
        let scales = self.column_scales(values);
        self.each(|[source, _, column]| {
            let value = values.get(source).copied().unwrap_or(0.0);
            let stored = match self.storage {
                Storage::F32 => self.scale * value,
                Storage::F16 => of_half(half(self.scale * value)),
                Storage::Bf16 => of_upper_half(upper_half(self.scale * value)),
                Storage::Int8 => {
                    let scale = scales.get(column).copied().unwrap_or(0.0);
                    scale * f32::from(byte(self.scale * value, scale))
                }
            };
            visit(Number { source, value, rounded: stored / self.scale });
        });
    }

    /// Each column's scale, by its place behind the first: the largest magnitude over 127.
    fn column_scales(&self, values: &[f32]) -> Vec<f32> {
        let Some((_, steps)) = self.scales else { return Vec::new() };
        let length: usize = self.axes.iter().zip(steps).map(|(axis, step)| (axis.0 - 1) * step).sum();
        let mut scales = vec![0.0_f32; length + 1];
        self.each(|[source, _, column]| {
            let value = self.scale * values.get(source).copied().unwrap_or(0.0);
            scales[column] = scales[column].max(value.abs());
        });
        scales.iter_mut().for_each(|scale| *scale /= 127.0);
        scales
    }

    /// Source, destination and column of every number.
    fn each(&self, mut visit: impl FnMut([usize; 3])) {
        let steps = self.scales.map_or([0; 4], |(_, steps)| steps);
        walk(&self.axes, &steps, [self.source, self.destination, 0], &mut visit);
    }

    /// Every column once.
    fn each_column(&self, mut visit: impl FnMut(usize)) {
        let steps = self.scales.map_or([0; 4], |(_, steps)| steps);
        let mut axes = self.axes;
        for (axis, step) in axes.iter_mut().zip(steps).filter(|(_, step)| *step == 0) {
            *axis = (1, 0, step);
        }
        walk(&axes, &steps, [0; 3], &mut |[_, _, column]| visit(column));
    }
}

/// Along the axes, outermost first.
fn walk(axes: &[Axis], steps: &[usize], at: [usize; 3], visit: &mut impl FnMut([usize; 3])) {
    let (Some((&(count, from, to), inner)), Some((step, steps))) = (axes.split_first(), steps.split_first()) else {
        return visit(at);
    };
    for index in 0..count {
        let [source, destination, column] = at;
        walk(inner, steps, [source + index * from, destination + index * to, column + index * step], visit);
    }
}

/// Puts a number of `bits` bits at its place in the memory of floats, little-endian.
fn put(packed: &mut [f32], at: usize, bits: u32, number: u32) {
    let per_float = 32 / bits as usize;
    if let Some(word) = packed.get_mut(at / per_float) {
        let shift = bits * (at % per_float) as u32;
        let mask = u32::MAX >> (32 - bits) << shift;
        *word = f32::from_bits(word.to_bits() & !mask | number << shift);
    }
}
