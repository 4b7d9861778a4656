//! Layers over packed weights: written once for all instruction sets, in safe Rust.
//!
//! Every sum runs in an order that the layer's shape alone decides: a gate's sum is its bias, then the inputs ascending,
//! then the state ascending (small cells: as several partial sums, state unit k in sum k mod `SETS`; panels: as `SPLITS`
//! ranges). So a stream, a sequence and a batch give the same bits, on every instruction set with fused multiply-add.

pub mod along;
pub mod attention;
pub mod attention_mask;
pub mod attention_sight;
mod batch;
mod called;
mod conv_lstm;
pub mod convolution;
pub mod copy;
mod dense;
mod drive;
mod elementwise;
pub mod functions;
mod gru;
mod gru_reset_before;
pub mod halves;
pub mod heads;
pub mod join;
mod lstm;
pub mod mask;
pub mod normalization;
pub mod pairs;
mod panel;
pub mod pooling;
pub mod power;
mod project;
pub mod reduce;
pub mod rows;
mod simple_rnn;
mod small;
mod tile;

pub use batch::{GruBatch, LstmBatch};
pub use conv_lstm::{ConvLstm, Windows};
pub use convolution::{Channels, Convolution, Transpose};
pub use copy::Embedding;
pub use dense::Dense;
pub use drive::{AtMasked, Backward, BackwardAligned, Forward, Repeat, Walk, Zero, ZeroBefore};
pub use elementwise::{Elementwise, affine, discretize, prelu};
pub use gru::Gru;
pub use gru_reset_before::GruResetBefore;
pub use lstm::Lstm;
pub use rows::LayerNorm;
pub use simple_rnn::SimpleRnn;

// The modules beside this one, which come with each of the crate's number types; kernels name them by `super`.
use super::simd::Float;
use super::{activation, buffers, number, simd, state};
use core::marker::PhantomData;

/// The class of a cell whose row of gate sums fits the registers: one pass over rows of `VECTORS` lines, the state's
/// part in `SETS` partial sums.
///
/// `W` is what the rows of weights are stored as.
#[derive(Clone, Copy, Debug)]
pub struct Small<const VECTORS: usize, const SETS: usize, W = Float>(PhantomData<W>);

/// The class of larger cells: panels of a few blocks of sixteen units, each with all its gates, the state's part as `SPLITS` ranges.
///
/// `W` is what the rows of weights are stored as.
#[derive(Clone, Copy, Debug)]
pub struct Panels<const SPLITS: usize, W = Float>(PhantomData<W>);
