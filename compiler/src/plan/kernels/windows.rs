//! Layers over windows of timesteps: each has one form for the whole sample and one that makes a row of a stream.

use proc_macro2::{Ident, Span};
use quote::quote;

use super::{number, rows};
use crate::plan::lowered::{Argument, Call, Fold, Lowered, NoCode, Operation, Reach, Window};

/// Windows of frames as one each, by this function of the runtime's `kernels::pooling`. `timesteps` are those of the
/// sample before and behind, where they are known.
#[must_use]
pub fn pooling(function: &str, reach: Reach, timesteps: Option<[usize; 2]>, features: usize) -> Operation {
    let (function, width) = (Ident::new(function, Span::call_site()), number(features));
    let call = |window: [usize; 3], input, output, by_row| {
        let window = window.map(number);
        let arguments = vec![Argument::Isa, Argument::Value(quote!([#(#window),*])), input, output];
        Call { function: quote!(kernels::pooling::#function::<_, #width>), arguments, by_row }
    };
    let window = [reach.taps, reach.stride, reach.first.min(0).unsigned_abs()];
    let whole = timesteps.map(|[before, behind]| {
        let call = call(window, Argument::Input, Argument::Output, true);
        Box::new(rows(call, before * features, behind * features))
    });
    let row = Some(call([reach.taps, 1, 0], Argument::FlatInput, Argument::FlatOutput, false));
    let (weights, multiply_adds) = (None, 0);
    Operation::Window(Window { reach, at_end: false, whole, row, features, output: features, weights, multiply_adds })
}

/// Rows at other places, those of one window side by side: `whole` does the same for the whole sample.
#[must_use]
pub fn moved(reach: Reach, at_end: bool, whole: Option<Operation>, features: usize) -> Operation {
    let (whole, output) = (whole.map(Box::new), features * reach.taps);
    Operation::Window(Window { reach, at_end, whole, row: None, features, output, weights: None, multiply_adds: 0 })
}

/// The sample between zeros.
#[must_use]
pub fn pad(elements: usize, before: usize, behind: usize) -> Operation {
    let first = number(before);
    let arguments = vec![Argument::Value(quote!(#first)), Argument::Input, Argument::Output];
    rows(Call::by_row(quote!(kernels::copy::pad), arguments), elements, before + elements + behind)
}

/// All frames of a sample as one, by a function of the runtime's `kernels::pooling`: `global_average` for the whole sample,
/// `running_average` frame by frame. `elements` are the sample's, where they are known.
#[must_use]
pub fn global_pooling(function: &str, elements: Option<usize>, features: usize) -> Operation {
    let named = |form: &str| Ident::new(&format!("{form}_{function}"), Span::call_site());
    let (global, running, width) = (named("global"), named("running"), number(features));
    let whole = elements.map(|elements| {
        let arguments = vec![Argument::Isa, Argument::Input, Argument::Output];
        let call = Call::by_row(quote!(kernels::pooling::#global::<_, #width>), arguments);
        Box::new(rows(call, elements, features))
    });
    let (function, state) = (quote!(kernels::pooling::#running::<_, #width>), quote!(state::Folded::<#width>));
    Operation::Fold(Fold { whole, function, state, features })
}

/// The forms for whole samples.
///
/// # Errors
/// Where one has none, because its timesteps are free.
pub fn whole(operations: Vec<Operation>) -> Lowered {
    let whole = |operation| match operation {
        Operation::Window(Window { whole, .. }) | Operation::Fold(Fold { whole, .. }) => {
            whole.map(|whole| *whole).ok_or(NoCode::FreeAxis)
        }
        Operation::Rows(_)
        | Operation::InPlace(_)
        | Operation::Recurrent(_)
        | Operation::Join(_)
        | Operation::Attend(_) => Ok(operation),
    };
    operations.into_iter().map(whole).collect()
}
