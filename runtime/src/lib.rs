//! What generated code calls: kernels over vectors, activations, the traits of a model, weights.
//!
//! `no_std`, no allocation. Kernels are written once, over an instruction-set token ([`simd::Isa`]); [`dispatch`] finds
//! the fastest set once and runs a [`Program`] on it.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(unsafe_code)]
#![cfg_attr(
    feature = "double",
    allow(clippy::duplicate_mod, reason = "`double` holds the kernels once more, over float64")
)]

pub mod activation;
pub mod buffers;
#[cfg(feature = "double")]
#[allow(unsafe_code, reason = "vectors in plain Rust, over the text of those of float32")]
pub mod double;
pub mod kernels;
mod model;
mod number;
pub mod safetensors;
#[allow(unsafe_code, reason = "the vector primitives; each block names the token or the length that proves it")]
pub mod simd;
mod snapshot;
pub mod state;
mod tensors;
pub mod weights;

#[cfg(feature = "macros")]
pub use rnn_macros::rnn_model;

pub use model::{Checked, Model, ShapeError, Shaped, Stream, Tensor, Workspace, Zero};
pub use simd::{Isa, Level, Program, dispatch, dispatch_at, isa_name, level};
pub use state::{State, StateError};
