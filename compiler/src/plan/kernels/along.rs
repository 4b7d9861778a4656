//! Kernels along an axis: running sums, order, places.

use proc_macro2::{Ident, Span};
use quote::quote;

use super::{bits, number, over_axes, product_of, rows, stretch};
use crate::plan::lowered::{Argument, Call, From, InPlace, Join, Lowered, NoCode, Operand, Operation, fixed};
use crate::shape::Dimension;

/// What accumulates along an axis: `running_sum` or `running_product`. Over free timesteps it goes through all of them.
///
/// # Errors
/// Where an axis behind is free.
pub fn running(sample: &[Dimension], axis: usize, function: &str) -> Lowered {
    let stride = product_of(&sample[axis + 1..])?;
    let size = fixed(sample[axis]).ok();
    let block = size.map_or(usize::MAX, |size| size * stride);
    if size.is_none() && axis > 0 {
        return Err(NoCode::FreeAxis);
    }
    let function = Ident::new(function, Span::call_site());
    let literal = if size.is_none() {
        quote!(usize::MAX)
    } else {
        let block = number(block);
        quote!(#block)
    };
    let step = number(stride);
    let arguments = vec![Argument::Value(literal), Argument::Value(quote!(#step)), Argument::FlatOutput];
    let call = Call::with(quote!(kernels::along::#function), arguments);
    let width = size.map_or(stride, |_| block);
    Ok(vec![Operation::InPlace(InPlace { call, width, weights: None, multiply_adds: 0 })])
}

/// The values along an axis in their order.
///
/// # Errors
/// Where the axis, or one behind it, is free.
pub fn sort(sample: &[Dimension], axis: usize) -> Lowered {
    over_axes(sample, &[axis], |width| {
        let length = number(width);
        let call = Call::with(quote!(kernels::along::sort::<#length>), vec![Argument::Output]);
        vec![Operation::InPlace(InPlace { call, width, weights: None, multiply_adds: 0 })]
    })
}

/// The places of the values along an axis in their order.
///
/// # Errors
/// As [`sort`].
pub fn places_in_order(sample: &[Dimension], axis: usize) -> Lowered {
    over_axes(sample, &[axis], |width| {
        let length = number(width);
        let arguments = vec![Argument::Input, Argument::Output];
        vec![rows(Call::with(quote!(kernels::along::places_in_order::<#length>), arguments), width, width)]
    })
}

/// The largest values of each row, behind their places.
///
/// # Errors
/// Where the last axis is free.
pub fn largest(sample: &[Dimension], count: usize) -> Lowered {
    let width = fixed(sample.last().copied().unwrap_or(Dimension::Known(1)))?;
    let made = |function: &str| {
        let (function, length, largest) = (Ident::new(function, Span::call_site()), number(width), number(count));
        let arguments = vec![Argument::FlatInputs, Argument::FlatOutput];
        let call = Call::with(quote!(kernels::along::#function::<#length, #largest>), arguments);
        let operands = vec![Operand { from: From::Input(0), prepare: Vec::new(), width }];
        Operation::Join(Join { call, operands, output: count, weights: None, multiply_adds: 0 })
    };
    Ok(vec![made("places_of_largest"), made("largest")])
}

/// Entries along an axis by their places; the constant where there is none.
///
/// # Errors
/// Where the axis, or one behind it, is free.
pub fn select(sample: &[Dimension], axis: usize, places: &[Option<usize>], constant: f64) -> Lowered {
    let (size, inner) = (fixed(sample[axis])?, product_of(&sample[axis + 1..])?);
    let (each, bits) = (number(inner), bits(constant));
    let literals = places.iter().map(|place| match place {
        Some(place) => {
            let place = number(*place);
            quote!(#place)
        }
        None => quote!(kernels::along::NOWHERE),
    });
    let arguments = vec![
        Argument::Value(quote!([#(#literals),*])),
        Argument::Value(quote!(#each)),
        Argument::Value(quote!(f32::from_bits(#bits))),
        Argument::Input,
        Argument::Output,
    ];
    let call = Call::by_row(quote!(kernels::along::select), arguments);
    Ok(vec![rows(call, size * inner, places.len() * inner)])
}

/// Differences of neighbours along an axis, so many times over.
///
/// # Errors
/// Where the axis, or one behind it, is free.
pub fn differences(sample: &[Dimension], axis: usize, times: u64) -> Lowered {
    let (mut sample, mut from) = (sample.to_vec(), From::Input(0));
    let mut operations = Vec::new();
    for _ in 0..times {
        let size = fixed(sample[axis])?;
        let width = (size - 1) * product_of(&sample[axis + 1..])?;
        let operand = |first: usize| {
            let places: Vec<Option<usize>> = (first..first + size - 1).map(Some).collect();
            Ok(Operand { from, prepare: select(&sample, axis, &places, 0.0)?, width })
        };
        let operands = vec![operand(1)?, operand(0)?];
        let call = Call::with(
            quote!(kernels::join::merge::<_, kernels::join::Subtract, 2>),
            vec![Argument::Isa, Argument::FlatInputs, Argument::FlatOutput],
        );
        operations.push(Operation::Join(Join { call, operands, output: width, weights: None, multiply_adds: 0 }));
        sample[axis] = Dimension::Known(size as u64 - 1);
        from = From::Before;
    }
    Ok(operations)
}

/// The first input's values along an axis at the places that the second one names; sizes of 1 of the other axes are repeated.
///
/// # Errors
/// Where the axis, or one behind it, is free.
pub fn take_along(samples: [&[Dimension]; 2], axis: usize) -> Lowered {
    let longer = |(&one, &other): (&Dimension, &Dimension)| if one == Dimension::Known(1) { other } else { one };
    let joined: Vec<Dimension> = samples[0].iter().zip(samples[1]).map(longer).collect();
    let [size, count] = [fixed(samples[0][axis])?, fixed(samples[1][axis])?];
    let inner = product_of(&joined[axis + 1..])?;
    let literals = [size, count, inner].map(number);
    let arguments = vec![Argument::Value(quote!([#(#literals),*])), Argument::FlatInputs, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::along::take_along), arguments);
    let operand = |input: usize| {
        let mut to = joined.clone();
        to[axis] = samples[input][axis];
        let width = product_of(&to[axis..])?;
        Ok(Operand { from: From::Input(input), prepare: stretch(samples[input], &to)?, width })
    };
    let operands = vec![operand(0)?, operand(1)?];
    Ok(vec![Operation::Join(Join { call, operands, output: count * inner, weights: None, multiply_adds: 0 })])
}

/// Zeros on one side of a diagonal of the matrices in the last two axes: `keep_lower` or `keep_upper`.
///
/// # Errors
/// Where one of these axes is free.
pub fn triangle(sample: &[Dimension], function: &str, diagonal: i64) -> Lowered {
    let first = sample.len().saturating_sub(2);
    let [height, length] = [fixed(sample[first])?, fixed(sample[first + 1])?];
    let (function, down, across) = (Ident::new(function, Span::call_site()), number(height), number(length));
    let diagonal = proc_macro2::Literal::i64_unsuffixed(diagonal);
    let arguments =
        vec![Argument::Value(quote!([#down, #across])), Argument::Value(quote!(#diagonal)), Argument::FlatOutput];
    let call = Call::with(quote!(kernels::along::#function), arguments);
    Ok(vec![Operation::InPlace(InPlace { call, width: height * length, weights: None, multiply_adds: 0 })])
}
