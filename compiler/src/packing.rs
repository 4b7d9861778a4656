//! Where every weight goes: from the tensors as Keras stores them to the layouts that the runtime's kernels read.
//!
//! A [`Packing`] is plain data: the length of the packed segment and the copies that fill it. The compiler runs it for
//! embedded weights; for weights that are loaded when the program runs, generated code holds the same copies as a table,
//! and the runtime runs them. Layouts do not depend on the instruction set. Halves of sigmoid gates and sums of biases
//! are part of the copies.
//!
//! Rows that are stored as smaller numbers ([`Storage`]) stand behind the same biases: `[bias][scales of the inputs' rows,
//! of the state's rows]`, the scales only where there are any, then the rows in the order of floats, several numbers in
//! the room of one. For `f32` that is the layout of floats alone.

mod convolution;
mod dense;
mod recurrent;
mod store;

pub use convolution::{channels, convolution, transpose};
pub use dense::{affine, dense, dense_stored, layer_norm, plain};
pub use recurrent::{conv_lstm, gru, gru_reset_before, lstm, simple_rnn};
pub use store::{Number, Packed, Store};

use crate::storage::Storage;

/// Sixteen floats, one cache line: every segment's length is a multiple.
const LINE: usize = 16;

/// One axis of a copy: how often, and the strides in the source and in the destination.
pub type Axis = (usize, usize, usize);

/// One step of a packing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PackOp {
    /// Adds `scale` times the source's floats to the destination's, over up to four nested axes.
    Add {
        /// Index of the tensor in the layer's order of weights.
        tensor: usize,
        /// The first float of the tensor.
        source: usize,
        /// The first float of the segment.
        destination: usize,
        /// The axes, outermost first; unused ones have count 1.
        axes: [Axis; 4],
        /// The factor.
        scale: f32,
    },
    /// As `Add` without a sum, but the values are stored as smaller numbers.
    Store(Store),
    /// Turns stored statistics into a factor and a summand for each of `count` features:
    /// `factor = gamma / √(variance + epsilon)`, `summand = beta − mean·factor`, computed in f64.
    Normalize {
        /// Tensors gamma, beta, mean, variance; an absent gamma is 1 and an absent beta 0.
        tensors: [Option<usize>; 4],
        /// Added to the variance, as a number of the model's type.
        epsilon: f64,
        /// How many features there are.
        count: usize,
        /// Where the factors go.
        factors: usize,
        /// Where the summands go.
        summands: usize,
    },
}

/// What a step copies.
#[derive(Clone, Copy)]
struct Source {
    tensor: usize,
    source: usize,
    destination: usize,
    axes: [Axis; 4],
    scale: f32,
}

/// A packed segment's length and the steps that fill it, from zeros.
#[derive(Clone, Debug, PartialEq)]
pub struct Packing {
    /// Floats of the segment, a multiple of sixteen.
    pub length: usize,
    /// The steps, in order.
    pub ops: Vec<PackOp>,
}

impl Packing {
    /// A segment of zeros.
    fn of(length: usize) -> Self {
        Packing { length: length.next_multiple_of(LINE), ops: Vec::new() }
    }

    /// What rows of weights are stored as; floats where there are none.
    #[must_use]
    pub fn storage(&self) -> Storage {
        self.stores().map(|store| store.storage).next().unwrap_or_default()
    }

    /// The steps that store smaller numbers.
    pub fn stores(&self) -> impl Iterator<Item = &Store> {
        self.ops.iter().filter_map(|op| match op {
            PackOp::Store(store) => Some(store),
            PackOp::Add { .. } | PackOp::Normalize { .. } => None,
        })
    }

    /// Copies rows of weights as they are to be stored. `destination` counts numbers of that kind, `scales` tells where
    /// the columns' scales go: the first one's place, and the step of each axis.
    fn store(&mut self, storage: Storage, from: Source, scales: (usize, [usize; 4])) {
        let Source { tensor, source, destination, axes, scale } = from;
        self.ops.push(match storage {
            Storage::F32 => PackOp::Add { tensor, source, destination, axes, scale },
            Storage::F16 | Storage::Bf16 | Storage::Int8 => {
                let scales = storage.is_scaled().then_some(scales);
                PackOp::Store(Store { tensor, source, destination, axes, scale, storage, scales })
            }
        });
    }

    /// The packed segment of a layer's `tensors`. What a tensor is too short for stays zero.
    pub fn run<R: Packed>(&self, tensors: &[&[R]]) -> Vec<R> {
        let mut packed = vec![R::of(0.0); self.length];
        for op in &self.ops {
            op.run(tensors, &mut packed);
        }
        packed
    }
}

impl PackOp {
    /// Does the step.
    fn run<R: Packed>(&self, tensors: &[&[R]], packed: &mut [R]) {
        match *self {
            PackOp::Add { tensor, source, destination, axes, scale } => {
                let values = tensors.get(tensor).copied().unwrap_or_default();
                add(
                    values.get(source..).unwrap_or_default(),
                    packed.get_mut(destination..),
                    &axes,
                    R::of(scale.into()),
                );
            }
            PackOp::Store(store) => {
                R::store(&store, tensors.get(store.tensor).copied().unwrap_or_default(), packed);
            }
            PackOp::Normalize { tensors: roles, epsilon, count, factors, summands } => {
                for feature in 0..count {
                    let [gamma, beta, mean, variance] =
                        roles.map(|role| role.and_then(|tensor| tensors.get(tensor)?.get(feature)).map(|x| x.to_f64()));
                    let deviation = square_root(variance.unwrap_or(1.0) + R::of(epsilon).to_f64());
                    let factor = gamma.unwrap_or(1.0) / deviation;
                    let summand = beta.unwrap_or(0.0) - mean.unwrap_or(0.0) * factor;
                    for (at, value) in [(factors, factor), (summands, summand)] {
                        if let Some(slot) = packed.get_mut(at + feature) {
                            *slot = R::of(value);
                        }
                    }
                }
            }
        }
    }
}

/// Adds along the axes, outermost first.
fn add<R: Packed>(source: &[R], destination: Option<&mut [R]>, axes: &[Axis], scale: R) {
    let Some(destination) = destination else { return };
    let Some(((count, from, to), inner)) = axes.split_first() else {
        if let (Some(value), Some(slot)) = (source.first(), destination.first_mut()) {
            *slot += scale * *value;
        }
        return;
    };
    for index in 0..*count {
        add(source.get(index * from..).unwrap_or_default(), destination.get_mut(index * to..), inner, scale);
    }
}

/// √x for x ≥ 0 by Newton's steps: the same operations as in the runtime, which has no standard library to ask.
fn square_root(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 || x == f64::INFINITY {
        return if x < 0.0 { f64::NAN } else { x };
    }
    let mut root = f64::from_bits((x.to_bits() >> 1) + (1023 << 51));
    for _ in 0..6 {
        root = 0.5 * (root + x / root);
    }
    root
}

/// A recurrent layer's arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// One gate.
    SimpleRnn,
    /// Four gates i, f, c, o.
    Lstm,
    /// Gates z, r, h; the reset gate after the product.
    Gru,
    /// Gates z, r, h; the reset gate before the product.
    GruResetBefore,
}

/// A recurrent layer's size class: which of the runtime's kernels runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// All gate sums of a step in registers: `kernels::Small<VECTORS, SETS>`.
    Small {
        /// Lines of a row of weights.
        vectors: usize,
        /// Partial sums over the state.
        sets: usize,
    },
    /// Panels of a few blocks of sixteen units: `kernels::Panels<SPLITS>`.
    Panels {
        /// Ranges of the state that are summed apart.
        splits: usize,
    },
}

/// More lines of gate sums than this do not stay in registers.
const MOST_VECTORS: usize = 12;

/// The size class of a cell. Shape alone decides, so that results never depend on the machine.
pub fn class(cell: Cell, _features: usize, units: usize) -> Class {
    let gates = if cell == Cell::SimpleRnn { 1 } else { 4 };
    let vectors = recurrent::vectors(gates, units);
    if cell == Cell::GruResetBefore || vectors > MOST_VECTORS || units == 0 {
        return Class::Panels { splits: 1 };
    }
    // Enough independent sums to hide the latency of multiply-add, few enough to stay in 24 registers.
    let sets = match vectors {
        ..=5 => 4,
        6..=8 => 2,
        _ => 1,
    };
    Class::Small { vectors, sets: if units < 4 { 1 } else { sets } }
}

/// Floats of scratch that one step of a layer takes when its inputs' part is computed for many steps at once.
pub fn product_row(cell: Cell, features: usize, units: usize) -> usize {
    match (class(cell, features, units), cell) {
        // With so few features the inputs' part is not worth computing beforehand.
        (Class::Small { .. }, _) if features < 16 => 0,
        (Class::Small { vectors, .. }, _) => LINE * vectors,
        (_, Cell::SimpleRnn) => units.next_multiple_of(LINE),
        (_, Cell::Lstm) => units.div_ceil(LINE) * 64,
        (_, Cell::Gru | Cell::GruResetBefore) => units.div_ceil(LINE) * 48,
    }
}
