//! Reductions: axes of a sample that become one value.

use proc_macro2::{Ident, Span};
use quote::quote;

use super::{number, permute, product_of, rows, windows};
use crate::plan::lowered::{Argument, Call, Lowered, Operation};
use crate::shape::Dimension;

/// Reduces these axes of a sample (ascending) by this function of the runtime's `kernels::reduce`.
///
/// # Errors
/// Where a reduced axis is free, or one that is moved.
pub fn axes(sample: &[Dimension], places: &[usize], function: &str) -> Lowered {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let others = (0..sample.len()).filter(|place| !places.contains(place));
    let order: Vec<usize> = others.chain(places.iter().copied()).collect();
    let reduced: Vec<Dimension> = places.iter().map(|&place| sample[place]).collect();
    let width = product_of(&reduced)?;
    let mut operations = permute(sample, &order)?;
    operations.push(row(function, width));
    Ok(operations)
}

/// A row of this width as one value.
fn row(function: &str, width: usize) -> Operation {
    let (function, length) = (Ident::new(function, Span::call_site()), number(width));
    let arguments = vec![Argument::Isa, Argument::Input, Argument::Output];
    rows(Call::with(quote!(kernels::reduce::#function::<_, #length>), arguments), width, 1)
}

/// Reduces all timesteps, by this function of the runtime's `kernels::pooling`; `sample` is without the axes that are
/// reduced already.
///
/// # Errors
/// Where an axis behind the timesteps is free.
pub fn timesteps(sample: &[Dimension], function: &str) -> Lowered {
    let features = product_of(sample.get(1..).unwrap_or(&[]))?;
    let elements = sample.first().and_then(|axis| axis.known()).and_then(|steps| usize::try_from(steps).ok());
    Ok(vec![windows::global_pooling(function, elements.map(|steps| steps * features), features)])
}

/// A row of 0s with a 1 at the place that each value names.
#[must_use]
pub fn one_hot(classes: usize) -> Operation {
    let width = number(classes);
    let call = Call::with(quote!(kernels::reduce::one_hot::<#width>), vec![Argument::FlatInput, Argument::Output]);
    rows(call, 1, classes)
}
