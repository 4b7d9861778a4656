//! Steps of a packing that store smaller numbers than floats.

use super::Axis;
use crate::reference::real::Real;
use crate::storage::{Storage, byte, half, of_half, of_upper_half, upper_half};

/// What weights are packed as.
pub trait Packed: Real {
    /// Does a step that stores smaller numbers. Those take the place of float32 only, so in float64 there are no such
    /// steps.
    fn store(store: &Store, values: &[Self], packed: &mut [Self]);
}

impl Packed for f32 {
    fn store(store: &Store, values: &[Self], packed: &mut [Self]) {
        store.run(values, packed);
    }
}

impl Packed for f64 {
    fn store(_store: &Store, _values: &[Self], _packed: &mut [Self]) {}
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packing::{Cell, class, dense_stored, gru, lstm, simple_rnn};

    /// One output over two inputs: a line of biases, a line of scales, a line of bytes.
    #[test]
    fn bytes_stand_behind_bias_and_scale() {
        let packing = dense_stored(Storage::Int8, 2, 1, true);
        let packed: Vec<f32> = packing.run(&[&[0.25, -1.0], &[3.0]]);
        // The row is padded to sixteen bytes, the segment to a line.
        assert_eq!(packed.len(), 48);
        assert_eq!((packed[0], packed[16]), (3.0, 1.0 / 127.0));
        // 0.25 · 127 is 31.75.
        assert_eq!(packed[32].to_bits(), 0x0000_8120);
    }

    /// Two units, two gates' halves side by side: the sigmoid gates' weights are halved.
    #[test]
    fn halves_stand_in_pairs_behind_the_bias() {
        let class = class(Cell::Lstm, 1, 2);
        let packing = lstm(1, 2, true, true, class, Storage::F16);
        let kernel = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let bias = [0.25; 8];
        let packed: Vec<f32> = packing.run(&[&kernel, &[0.0; 16], &bias]);
        // A row is one line: gates i, f, c, o of four lanes; first the bias as floats, then the kernel's as halves.
        assert_eq!(packed[..4], [0.125, 0.125, 0.0, 0.0]);
        assert_eq!(packed[8..10], [0.25, 0.25]);
        let halves = |at: usize| [packed[at].to_bits() as u16, (packed[at].to_bits() >> 16) as u16].map(of_half);
        assert_eq!([halves(16), halves(18), halves(20), halves(22)], [[0.5, 1.0], [1.5, 2.0], [5.0, 6.0], [3.5, 4.0]]);
        assert_eq!(packed.len(), 48);
    }

    #[test]
    fn what_a_number_stands_for_is_told_with_its_place() {
        let packing = dense_stored(Storage::Bf16, 1, 2, false);
        let mut found = Vec::new();
        packing.stores().for_each(|store| store.numbers(&[1.0, 1.01], |number| found.push(number)));
        assert_eq!(
            found,
            [Number { source: 0, value: 1.0, rounded: 1.0 }, Number { source: 1, value: 1.01, rounded: 1.0078125 }]
        );
        // A column's scale comes from its own values.
        let packing = dense_stored(Storage::Int8, 2, 5, false);
        let mut kernel = [0.0; 10];
        (kernel[0], kernel[5], kernel[1]) = (127.0, 0.4, 254.0);
        let mut rounded = [f32::NAN; 10];
        packing.stores().for_each(|store| store.numbers(&kernel, |number| rounded[number.source] = number.rounded));
        assert_eq!((rounded[0], rounded[5], rounded[1]), (127.0, 0.0, 254.0));
    }

    /// Every weight but the bias is stored once, in every class of every cell.
    #[test]
    fn every_weight_is_stored_once() {
        for (features, units) in [(1, 3), (3, 20), (17, 34), (5, 70), (2, 200)] {
            let class = |cell| class(cell, features, units);
            let cells = [
                (lstm(features, units, true, true, class(Cell::Lstm), Storage::Int8), 4),
                (gru(features, units, true, false, class(Cell::Gru), Storage::Int8), 3),
                (simple_rnn(features, units, true, class(Cell::SimpleRnn), Storage::Int8), 1),
            ];
            for (packing, n_gates) in cells {
                let sizes = [features * n_gates * units, units * n_gates * units];
                let mut counts = sizes.map(|size| vec![0; size]);
                for store in packing.stores() {
                    store.numbers(&vec![1.0; sizes[store.tensor]], |number| counts[store.tensor][number.source] += 1);
                }
                assert!(counts.iter().flatten().all(|count| *count == 1), "{features} features, {units} units");
            }
        }
    }
}
