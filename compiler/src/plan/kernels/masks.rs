//! Kernels of masks: how one is computed, and what reads one.

use proc_macro2::{Ident, Span};
use quote::quote;

use super::{bits, number};
use crate::plan::lowered::{
    Argument, AtMasked, Call, From, InPlace, Join, NoCode, Operand, Operation, Recurrent, Rows,
};

/// A row of one value for each row: whether it counts.
fn of_rows(function: &str, value: Option<f64>, width: usize) -> Operation {
    let (function, features) = (Ident::new(function, Span::call_site()), number(width));
    let value = value.map(|value| {
        let bits = bits(value);
        Argument::Value(quote!(f32::from_bits(#bits)))
    });
    let arguments = value.into_iter().chain([Argument::Input, Argument::Output]).collect();
    let call = Call::with(quote!(kernels::mask::#function::<#features>), arguments);
    Operation::Rows(Rows { call, input: width, output: 1, weights: None, multiply_adds: 0, reads_ids: false })
}

/// Whether any feature of a row differs from the value.
#[must_use]
pub fn different(width: usize, value: f64) -> Operation {
    of_rows("different", Some(value), width)
}

/// Every row counts.
#[must_use]
pub fn all(width: usize) -> Operation {
    of_rows("all", None, width)
}

/// Whether each id is another than 0.
#[must_use]
pub fn of_ids() -> Operation {
    let call = Call::with(quote!(kernels::mask::of_ids), vec![Argument::FlatInput, Argument::Output]);
    Operation::Rows(Rows { call, input: 1, output: 1, weights: None, multiply_adds: 0, reads_ids: true })
}

/// Rows of nothing but the value become zeros, in place.
#[must_use]
pub fn clear(width: usize, value: f64) -> Operation {
    let (features, bits) = (number(width), bits(value));
    let arguments = vec![Argument::Value(quote!(f32::from_bits(#bits))), Argument::Output];
    let call = Call::with(quote!(kernels::mask::clear::<#features>), arguments);
    Operation::InPlace(InPlace { call, width, weights: None, multiply_adds: 0 })
}

/// A kernel of several tensors that answers rows of this width.
fn join(call: Call, operands: Vec<(From, usize)>, output: usize) -> Operation {
    let operand = |(from, width)| Operand { from, prepare: Vec::new(), width };
    let operands = operands.into_iter().map(operand).collect();
    Operation::Join(Join { call, operands, output, weights: None, multiply_adds: 0 })
}

/// The constant in each row whose mask is 0.
#[must_use]
pub fn fill(width: usize, constant: f64) -> Operation {
    fill_from(From::Input(0), From::Input(1), (width, 1), constant)
}

/// The constant wherever the mask is 0: `widths` are those of the values and of the mask that stand against each other.
#[must_use]
pub fn fill_from(values: From, mask: From, widths: (usize, usize), constant: f64) -> Operation {
    let (each, bits) = (number(widths.0 / widths.1.max(1)), bits(constant));
    let arguments = vec![Argument::Value(quote!(f32::from_bits(#bits))), Argument::FlatInputs, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::mask::fill::<#each>), arguments);
    join(call, vec![(values, widths.0), (mask, widths.1)], widths.0)
}

/// The first tensor's row where its mask is not 0, the other one's where it is.
#[must_use]
pub fn select(width: usize) -> Operation {
    let features = number(width);
    let call = Call::with(quote!(kernels::mask::select::<#features>), vec![Argument::FlatInputs, Argument::FlatOutput]);
    join(call, vec![(From::Input(0), width), (From::Input(1), 1), (From::Input(2), width)], width)
}

/// Whether any of several masks of one shape counts.
#[must_use]
pub fn either(count: usize) -> Operation {
    let length = number(count);
    let arguments = vec![Argument::Isa, Argument::FlatInputs, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::join::merge::<_, kernels::join::Maximum, #length>), arguments);
    join(call, (0..count).map(|input| (From::Input(input), 1)).collect(), 1)
}

/// The mean over the frames that count.
#[must_use]
pub fn global_average(timesteps: usize, features: usize) -> Operation {
    let (steps, width) = (number(timesteps), number(features));
    let arguments = vec![Argument::Isa, Argument::FlatInputs, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::mask::global_average::<_, #steps, #width>), arguments);
    join(call, vec![(From::Input(0), timesteps * features), (From::Input(1), timesteps)], features)
}

/// What follows a recurrent layer whose last output alone goes on, where that is not simply its state: `mask` is which
/// input. `None` where nothing has to.
///
/// # Errors
/// Where the number of timesteps is free.
pub fn after_last(recurrent: &Recurrent, mask: usize) -> Result<Option<Operation>, NoCode> {
    let function = match recurrent.mask.filter(|_| !recurrent.return_sequences) {
        None | Some(AtMasked::Repeat) => return Ok(None),
        Some(AtMasked::Zero) if recurrent.is_causal() => "zero_unless_last",
        Some(AtMasked::Zero) => "zero_unless_first",
        Some(AtMasked::ZeroBefore) => "zero_unless_any",
    };
    let (width, timesteps) = (recurrent.width(), recurrent.timesteps.ok_or(NoCode::FreeAxis)?);
    let (function, units, steps) = (Ident::new(function, Span::call_site()), number(width), number(timesteps));
    let arguments = vec![Argument::FlatInputs, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::mask::#function::<#units, #steps>), arguments);
    Ok(Some(join(call, vec![(From::Before, width), (From::Input(mask), timesteps)], width)))
}
