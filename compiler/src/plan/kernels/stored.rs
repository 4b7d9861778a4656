//! Kernels whose rows of weights may be stored as smaller numbers than floats.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::lowered::{Call, Operation, Rows, Weights};
use super::{activation, elementwise, number};
use crate::activation::Activation;
use crate::packing;
use crate::storage::Storage;

/// The runtime's type of the numbers as the last parameter of another type; nothing for floats, which are the default.
#[must_use]
pub fn parameter(storage: Storage) -> TokenStream {
    match storage {
        Storage::F32 => TokenStream::new(),
        Storage::F16 => quote!(, simd::F16),
        Storage::Bf16 => quote!(, simd::Bf16),
        Storage::Int8 => quote!(, simd::I8),
    }
}

/// `act(x·kernel + bias)`, row by row; the sizes are those of a row before and behind.
#[must_use]
pub fn dense(storage: Storage, [inputs, outputs]: [usize; 2], use_bias: bool, function: Activation) -> Vec<Operation> {
    let (from, to, number_type) = (number(inputs), number(outputs), parameter(storage));
    let (fused, behind) = match elementwise(function) {
        Some(fused) => (fused, Vec::new()),
        None => (quote!(activation::Linear), activation(function, outputs)),
    };
    let mut operations = vec![Operation::Rows(Rows {
        call: Call::weighted(quote!(kernels::Dense::<#from, #to, #fused #number_type>::rows)),
        input: inputs,
        output: outputs,
        weights: Some(Weights::new(packing::dense_stored(storage, inputs, outputs, use_bias))),
        multiply_adds: (inputs * outputs) as u64,
        reads_ids: false,
    })];
    operations.extend(behind);
    operations
}
