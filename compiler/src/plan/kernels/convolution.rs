//! Convolutions over time: the whole sample as one row, or in a stream one row from its taps.

use proc_macro2::TokenStream;
use quote::quote;

use super::{elementwise, number};
use crate::activation::Activation;
use crate::packing::{self, Packing};
use crate::plan::lowered::{Argument, Call, NoCode, Operation, Reach, Rows, Weights, Window};

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
    /// How many rows are read and written, where that is known.
    pub rows: Option<[usize; 2]>,
    /// Which rows are behind one another's windows.
    pub reach: Reach,
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
        self.windows(&kernel, packing, self.taps * inputs * self.filters)
    }

    /// Each filter over one feature; as many for each, side by side.
    #[must_use]
    pub fn channels(self) -> Operation {
        let packing = packing::channels(self.taps, self.filters, self.use_bias);
        let (shape, activation) = (self.shape(), self.function());
        self.windows(&quote!(kernels::Channels::<#shape, #activation>), packing, self.taps * self.filters)
    }

    /// The transpose: every row that is read adds to as many rows as there are taps.
    ///
    /// # Errors
    /// Where the number of rows is free.
    pub fn transpose(self) -> Result<Operation, NoCode> {
        let packing = packing::transpose(self.taps, self.features, self.filters, self.use_bias);
        let (shape, activation) = (self.shape(), self.function());
        let kernel = quote!(kernels::Transpose::<#shape, #activation>);
        let rows = self.rows.ok_or(NoCode::FreeAxis)?;
        Ok(self.whole(&kernel, packing, rows, rows[0] * self.taps * self.features * self.filters))
    }

    fn shape(self) -> TokenStream {
        let [features, filters, taps] = [self.features, self.filters, self.taps].map(number);
        quote!(#features, #filters, #taps)
    }

    fn function(self) -> TokenStream {
        elementwise(self.activation).unwrap_or_else(|| quote!(activation::Linear))
    }

    /// Both forms of a kernel with so many multiply-adds a row.
    fn windows(self, kernel: &TokenStream, packing: Packing, multiply_adds: usize) -> Operation {
        let whole = |rows: [usize; 2]| Box::new(self.whole(kernel, packing.clone(), rows, rows[1] * multiply_adds));
        let arguments = vec![Argument::Isa, Argument::Weights, Argument::Taps, Argument::OutputRow];
        Operation::Window(Window {
            reach: self.reach,
            at_end: false,
            whole: self.rows.map(whole),
            row: Some(Call::with(quote!(#kernel::step), arguments)),
            features: self.features,
            output: self.filters,
            weights: Some(Weights::new(packing)),
            multiply_adds: multiply_adds as u64,
        })
    }

    fn whole(self, kernel: &TokenStream, packing: Packing, rows: [usize; 2], multiply_adds: usize) -> Operation {
        let window = self.window.map(number);
        let window = Argument::Value(quote!([#(#window),*]));
        let arguments = vec![Argument::Isa, Argument::Weights, window, Argument::Input, Argument::Output];
        Operation::Rows(Rows {
            call: Call::by_row(quote!(#kernel::sample), arguments),
            input: rows[0] * self.features,
            output: rows[1] * self.filters,
            weights: Some(Weights::new(packing)),
            multiply_adds: multiply_adds as u64,
            reads_ids: false,
        })
    }
}
