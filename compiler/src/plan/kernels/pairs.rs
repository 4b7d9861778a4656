//! Value by value: operators between tensors and numbers, choices, functions of single values.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::{bits, merge, stretched};
use crate::layers::operator::Home;
use crate::plan::lowered::{Argument, Call, InPlace, Join, Lowered, Lowering, Operation};

/// A function of single values or of flat tensors, in place.
fn in_place(call: Call) -> Operation {
    Operation::InPlace(InPlace { call, width: 1, weights: None, multiply_adds: 0 })
}

fn constant(value: f64) -> Argument {
    let bits = bits(value);
    Argument::Value(quote!(f32::from_bits(#bits)))
}

/// Two tensors; sizes of 1 are repeated.
///
/// # Errors
/// Where a value would have to be repeated along a free axis.
pub(crate) fn of_tensors(lowering: &Lowering<'_>, operator: Home) -> Lowered {
    match operator {
        Home::Join(operator) => merge(lowering, operator),
        Home::Pairs(operator) => {
            let operator = Ident::new(operator, Span::call_site());
            let function = quote!(kernels::pairs::merge::<kernels::pairs::#operator>);
            join(lowering, Call::with(function, vec![Argument::FlatInputs, Argument::FlatOutput]))
        }
    }
}

/// Every value with a number, in place: `with_constant` puts it behind the operator, `constant_with` before it.
#[must_use]
pub(crate) fn with_constant(function: &str, operator: Home, value: f64) -> Operation {
    match operator {
        Home::Join(operator) => super::with_constant(function, operator, value),
        Home::Pairs(operator) => {
            let (function, operator) =
                (Ident::new(function, Span::call_site()), Ident::new(operator, Span::call_site()));
            let function = quote!(kernels::pairs::#function::<kernels::pairs::#operator>);
            in_place(Call::with(function, vec![constant(value), Argument::FlatOutput]))
        }
    }
}

/// A function of single values of the runtime's module `kernels::functions`, in place.
#[must_use]
pub fn function(name: &str) -> Operation {
    let function = Ident::new(name, Span::call_site());
    let is_vector = ["square_root", "reciprocal_root"].contains(&name);
    let arguments = if is_vector { vec![Argument::Isa, Argument::FlatOutput] } else { vec![Argument::FlatOutput] };
    in_place(Call::with(quote!(kernels::functions::#function), arguments))
}

/// Every value becomes this one.
#[must_use]
pub fn fill(value: f64) -> Operation {
    in_place(Call::with(quote!(kernels::functions::fill), vec![constant(value), Argument::FlatOutput]))
}

/// Where a value comes from that is chosen, or chooses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice {
    /// The layer's input of this number.
    Of(usize),
    /// A number.
    Constant(f64),
}

impl Choice {
    fn tokens(self) -> TokenStream {
        match self {
            Self::Of(place) => {
                let place = super::number(place);
                quote!(kernels::pairs::Choice::Of(#place))
            }
            Self::Constant(value) => {
                let bits = bits(value);
                quote!(kernels::pairs::Choice::Constant(f32::from_bits(#bits)))
            }
        }
    }
}

/// The second where the first is not 0, the third where it is; sizes of 1 are repeated.
///
/// # Errors
/// Where a value would have to be repeated along a free axis.
pub fn choose(lowering: &Lowering<'_>, choices: [Choice; 3]) -> Lowered {
    let choices = choices.map(Choice::tokens);
    let arguments = vec![Argument::Value(quote!([#(#choices),*])), Argument::FlatInputs, Argument::FlatOutput];
    join(lowering, Call::with(quote!(kernels::pairs::choose), arguments))
}

fn join(lowering: &Lowering<'_>, call: Call) -> Lowered {
    let (operands, output) = stretched(lowering)?;
    Ok(vec![Operation::Join(Join { call, operands, output, weights: None, multiply_adds: 0 })])
}
