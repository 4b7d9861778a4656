//! Convolutions over time: the whole sample as one row.

use proc_macro2::TokenStream;
use quote::quote;

use super::{elementwise, number};
use crate::activation::Activation;
use crate::packing::{self, Packing};
use crate::plan::lowered::{Argument, Call, Operation, Rows, Weights};

/// Filters over a sequence.
#[derive(Clone, Copy, Debug)]
pub struct Filters {
    /// Width of the rows that are read.
    pub features: usize,
    /// Width of the rows that are written.
    pub filters: usize,
    /// Rows that a filter reads.
    pub taps: usize,
    /// Into how many groups features and filters fall.
    pub groups: usize,
    /// Stride, dilation, and rows before the beginning; of a transposed convolution rows that are cut off there.
    pub window: [usize; 3],
    /// How many rows are read and written.
    pub rows: [usize; 2],
    /// Whether there is a bias.
    pub use_bias: bool,
    /// Applied to the sums, value by value.
    pub activation: Activation,
}

impl Filters {
    /// Each filter over all features of its group.
    #[must_use]
    pub fn convolution(self) -> Operation {
        let inputs = self.features / self.groups.max(1);
        if self.groups > 1 && inputs == 1 {
            return self.channels();
        }
        let packing = packing::convolution(self.taps, inputs, self.filters, self.groups, self.use_bias);
        let (shape, activation) = (self.shape(), self.function());
        let groups = number(self.groups);
        let kernel = quote!(kernels::Convolution::<#shape, #groups, #activation>);
        self.operation(&kernel, packing, self.rows[1] * self.taps * inputs * self.filters)
    }

    /// Each filter over one feature; as many for each, side by side.
    #[must_use]
    pub fn channels(self) -> Operation {
        let packing = packing::channels(self.taps, self.filters, self.use_bias);
        let (shape, activation) = (self.shape(), self.function());
        self.operation(
            &quote!(kernels::Channels::<#shape, #activation>),
            packing,
            self.rows[1] * self.taps * self.filters,
        )
    }

    /// The transpose: every row that is read adds to as many rows as there are taps.
    #[must_use]
    pub fn transpose(self) -> Operation {
        let packing = packing::transpose(self.taps, self.features, self.filters, self.use_bias);
        let (shape, activation) = (self.shape(), self.function());
        let kernel = quote!(kernels::Transpose::<#shape, #activation>);
        self.operation(&kernel, packing, self.rows[0] * self.taps * self.features * self.filters)
    }

    fn shape(self) -> TokenStream {
        let [features, filters, taps] = [self.features, self.filters, self.taps].map(number);
        quote!(#features, #filters, #taps)
    }

    fn function(self) -> TokenStream {
        elementwise(self.activation).unwrap_or_else(|| quote!(activation::Linear))
    }

    fn operation(self, kernel: &TokenStream, packing: Packing, multiply_adds: usize) -> Operation {
        let window = self.window.map(number);
        let window = Argument::Value(quote!([#(#window),*]));
        let arguments = vec![Argument::Isa, Argument::Weights, window, Argument::Input, Argument::Output];
        Operation::Rows(Rows {
            call: Call::by_row(quote!(#kernel::sample), arguments),
            input: self.rows[0] * self.features,
            output: self.rows[1] * self.filters,
            weights: Some(Weights::new(packing)),
            multiply_adds: multiply_adds as u64,
            reads_ids: false,
        })
    }
}
