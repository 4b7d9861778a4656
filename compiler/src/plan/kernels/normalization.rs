//! Kernels of the layers that normalize.

use proc_macro2::{Ident, Span};
use quote::quote;

use super::{bits, number, spread_ops};
use crate::packing::Packing;
use crate::plan::lowered::{Argument, Call, InPlace, NoCode, Operation, Weights, fixed};
use crate::shape::Dimension;

/// Rows divided in place by what this function of the runtime's `kernels::normalization` makes of them.
#[must_use]
pub fn of_rows(function: &str, width: usize, epsilon: f64) -> Operation {
    let (function, length, bits) = (Ident::new(function, Span::call_site()), number(width), bits(epsilon));
    let arguments = vec![Argument::Isa, Argument::Value(quote!(f32::from_bits(#bits))), Argument::Output];
    let call = Call::with(quote!(kernels::normalization::#function::<_, #length>), arguments);
    Operation::InPlace(InPlace { call, width, weights: None, multiply_adds: 2 * width as u64 })
}

/// Where means and variances come from.
#[derive(Clone, Copy, Debug)]
pub enum Statistics<'a> {
    /// The layer's first two tensors.
    Weights,
    /// The text: as many of both as the kept axes have entries.
    Numbers(&'a [f64], &'a [f64]),
}

/// Values by stored means and variances, one of each for every entry of the `kept` axes of the sample (ascending).
///
/// # Errors
/// Where a kept axis, or one behind the first of them, is free.
pub fn by_statistics(
    axes: &[Dimension],
    kept: &[usize],
    from: Statistics<'_>,
    invert: bool,
) -> Result<Operation, NoCode> {
    let (first, last) = (kept.first().copied().unwrap_or(0), kept.last().map_or(0, |last| last + 1));
    let size = |axes: &[Dimension]| axes.iter().map(|&axis| fixed(axis)).collect::<Result<Vec<usize>, NoCode>>();
    let sizes = size(axes.get(first..last).unwrap_or(&[]))?;
    let (period, inner) = match kept {
        [] => (1, 1),
        _ => (sizes.iter().product(), size(axes.get(last..).unwrap_or(&[]))?.iter().product()),
    };
    let is_shared: Vec<bool> = (first..last).map(|axis| !kept.contains(&axis)).collect();
    let name = Ident::new(if invert { "to_statistics" } else { "by_statistics" }, Span::call_site());
    let variances = period.next_multiple_of(16);
    let mut ops = spread_ops(&sizes, &is_shared, 0, 0);
    ops.extend(spread_ops(&sizes, &is_shared, 1, variances));
    let packing = Packing { length: 2 * variances, ops };
    let (weights, given) = match from {
        Statistics::Weights => (Some(Weights::new(packing)), Argument::Weights),
        Statistics::Numbers(means, deviations) => (None, constants(&packing, means, deviations)),
    };
    let (literal, each) = (number(period), number(inner));
    let arguments = vec![Argument::Isa, given, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::normalization::#name::<_, #literal, #each>), arguments);
    Ok(Operation::InPlace(InPlace { call, width: period * inner, weights, multiply_adds: (period * inner) as u64 }))
}

/// The packed numbers as they stand in the code.
fn constants(packing: &Packing, means: &[f64], variances: &[f64]) -> Argument {
    let packed = packing.run(&[means, variances]);
    let values = packed.iter().map(|&value| bits(value));
    Argument::Value(quote!(&[#(f32::from_bits(#values)),*]))
}
