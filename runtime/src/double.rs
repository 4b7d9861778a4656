//! Models in float64: everything that generated code names, under the same names.
//!
//! Kernels, activations, states and weights are the files of the modules beside this one, over another
//! [`simd::Float`]; what a number type needs of its own is in `double/`: vectors in plain Rust, of which the compiler
//! makes what the processor has, and the approximations. Nothing fuses, so every target gives the same bits. Needs the
//! feature `double`.

mod number;
pub mod simd;

#[path = "activation/mod.rs"]
pub mod activation;
#[path = "buffers.rs"]
pub mod buffers;
#[path = "kernels/mod.rs"]
pub mod kernels;
#[path = "state/mod.rs"]
pub mod state;
#[path = "weights/mod.rs"]
pub mod weights;

pub use crate::model::{Checked, Model, ShapeError, Shaped, Stream, Tensor, Workspace, Zero};
pub use crate::snapshot::{State, StateError};
pub use simd::{Isa, Program, dispatch};
