//! The runtime's kernels as the layers name them: one function a kernel, all const generics worked out.

pub mod along;
pub mod attention;
pub mod attention_mask;
pub mod attention_sight;
pub mod cell_call;
pub mod conv_lstm;
pub mod convolution;
mod each_step;
pub mod einsum;
pub mod masks;
pub mod matrix;
pub mod normalization;
pub mod pairs;
pub mod recurrent;
pub mod reduce;
pub mod stored;
pub mod windows;

pub use each_step::time_distributed;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use super::lowered::{
    Argument, Call, From, InPlace, Join, Lowered, Lowering, NoCode, Operand, Operation, Rows, Weights, fixed,
};
use crate::activation::Activation;
use crate::layers::arithmetic::whole_power;
use crate::packing::{self, Axis, PackOp, Packing};
use crate::shape::{Dimension, Shape};
use crate::storage::Storage;

/// A number without a suffix.
pub(super) fn number(value: usize) -> Literal {
    Literal::usize_unsuffixed(value)
}

/// The runtime's type of an activation of single values; `None` for one of whole rows.
#[must_use]
pub fn elementwise(activation: Activation) -> Option<TokenStream> {
    match activation {
        Activation::ReluWith { maximum, slope, threshold } => {
            let [maximum, slope, threshold] = [maximum, slope, threshold].map(|number| bits(number.value()));
            return Some(quote!(activation::ReluWith<#maximum, #slope, #threshold>));
        }
        Activation::LeakyReluWith { slope } => {
            let slope = bits(slope.value());
            return Some(quote!(activation::LeakyReluWith<#slope>));
        }
        Activation::EluWith { alpha } => {
            let alpha = bits(alpha.value());
            return Some(quote!(activation::EluWith<#alpha>));
        }
        _ => {}
    }
    // The runtime calls each by the name that it has here.
    let ident = Ident::new(&format!("{activation:?}"), Span::call_site());
    activation.is_elementwise().then(|| quote!(activation::#ident))
}

/// An activation as a layer of its own, for rows of this width.
#[must_use]
pub fn activation(activation: Activation, width: usize) -> Vec<Operation> {
    match activation {
        Activation::Linear => Vec::new(),
        Activation::Softmax => vec![whole_rows("softmax", width)],
        Activation::LogSoftmax => vec![whole_rows("log_softmax", width)],
        Activation::Sparsemax => vec![whole_rows("sparsemax", width)],
        Activation::Glu => vec![glu(width)],
        _ => elementwise(activation).map(in_place).into_iter().collect(),
    }
}

/// An activation layer over the whole input.
///
/// # Errors
/// Where the activation looks at whole rows and their width is free.
pub fn activation_layer(lowering: &Lowering<'_>, function: Activation) -> Lowered {
    let width = if function.is_elementwise() { 1 } else { lowering.features()? };
    Ok(activation(function, width))
}

/// A number by its bits, the form in which an activation's type takes it: those of a float64, which the emitter
/// turns into those of the model's number type.
#[must_use]
pub fn bits(value: f64) -> Literal {
    Literal::u64_suffixed(value.to_bits())
}

/// A function of single values, in place: its type in the runtime.
#[must_use]
pub fn in_place(function: TokenStream) -> Operation {
    let arguments = vec![Argument::Isa, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::Elementwise::<#function>::in_place), arguments);
    Operation::InPlace(InPlace { call, width: 1, weights: None, multiply_adds: 0 })
}

fn whole_rows(function: &str, width: usize) -> Operation {
    let (function, length) = (Ident::new(function, Span::call_site()), number(width));
    let call = Call::with(quote!(kernels::rows::#function::<_, #length>), vec![Argument::Isa, Argument::Output]);
    Operation::InPlace(InPlace { call, width, weights: None, multiply_adds: 0 })
}

fn glu(width: usize) -> Operation {
    let half = width / 2;
    let (from, to) = (number(width), number(half));
    let call = Call::plain(quote!(kernels::rows::glu::<_, #from, #to>));
    rows(call, width, half)
}

/// A kernel over rows without weights.
fn rows(call: Call, input: usize, output: usize) -> Operation {
    Operation::Rows(Rows { call, input, output, weights: None, multiply_adds: 0, reads_ids: false })
}

/// `act(x·kernel + bias)`, row by row.
#[must_use]
pub fn dense(inputs: usize, outputs: usize, use_bias: bool, function: Activation) -> Vec<Operation> {
    stored::dense(Storage::F32, [inputs, outputs], use_bias, function)
}

/// A row of the table for each id.
#[must_use]
pub fn embedding(vocabulary: usize, width: usize) -> Operation {
    let (rows, columns) = (number(vocabulary), number(width));
    let arguments = vec![Argument::Weights, Argument::Input, Argument::Output];
    Operation::Rows(Rows {
        call: Call::with(quote!(kernels::Embedding::<#rows, #columns>::rows), arguments),
        input: 1,
        output: width,
        weights: Some(Weights::new(packing::plain(vocabulary * width))),
        multiply_adds: 0,
        reads_ids: true,
    })
}

/// The row `n` times.
#[must_use]
pub fn repeat(width: usize, n: usize) -> Operation {
    let length = number(width);
    let call =
        Call::by_row(quote!(kernels::copy::repeat::<#length>), vec![Argument::Input, Argument::OutputRows(width)]);
    rows(call, width, n * width)
}

/// Axes of a sample in another order: axis `a` of the result is axis `order[a]` of `axes`. Axes in front that stay
/// where they are only count rows, so they may be free.
///
/// # Errors
/// Where an axis that moves is free.
pub fn permute(axes: &[Dimension], order: &[usize]) -> Lowered {
    let kept = order.iter().enumerate().take_while(|(place, axis)| place == *axis).count();
    if kept == order.len() {
        return Ok(Vec::new());
    }
    let sizes = axes.get(kept..).unwrap_or(&[]).iter().map(|&axis| fixed(axis)).collect::<Result<Vec<_>, _>>()?;
    let block = sizes.iter().product();
    let rank = number(sizes.len());
    let shape = sizes.iter().map(|&size| number(size));
    let order = order.iter().skip(kept).map(|&axis| number(axis - kept));
    let arguments = vec![
        Argument::Value(quote!([#(#shape),*])),
        Argument::Value(quote!([#(#order),*])),
        Argument::Input,
        Argument::Output,
    ];
    let call = Call::by_row(quote!(kernels::copy::permute::<#rank>), arguments);
    Ok(vec![rows(call, block, block)])
}

/// Works on rows over `places` (axes of the sample, ascending), wherever these axes lie: moves them to the end, runs
/// the kernels that `make` answers for such a width, and moves them back.
///
/// # Errors
/// Where a free axis would have to be moved or be part of a row.
pub fn over_axes(axes: &[Dimension], places: &[usize], make: impl FnOnce(usize) -> Vec<Operation>) -> Lowered {
    let width = places.iter().try_fold(1, |width, &place| Ok(width * fixed(axes[place])?))?;
    let others = (0..axes.len()).filter(|place| !places.contains(place));
    let order: Vec<usize> = others.chain(places.iter().copied()).collect();
    let moved: Vec<Dimension> = order.iter().map(|&place| axes[place]).collect();
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &axis)| back[axis] = place);
    let mut operations = permute(axes, &order)?;
    operations.extend(make(width));
    operations.extend(permute(&moved, &back)?);
    Ok(operations)
}

/// Several tensors value by value, by this operator of the runtime's; sizes of 1 are repeated.
///
/// # Errors
/// Where a value would have to be repeated along a free axis.
pub fn merge(lowering: &Lowering<'_>, operator: &str) -> Lowered {
    let (operands, output) = stretched(lowering)?;
    let (operator, count) = (Ident::new(operator, Span::call_site()), number(operands.len()));
    let arguments = vec![Argument::Isa, Argument::FlatInputs, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::join::merge::<_, kernels::join::#operator, #count>), arguments);
    Ok(vec![Operation::Join(Join { call, operands, output, weights: None, multiply_adds: 0 })])
}

/// All inputs as operands of one shape, and the width of their rows; sizes of 1 are repeated.
fn stretched(lowering: &Lowering<'_>) -> Result<(Vec<Operand>, usize), NoCode> {
    let rank = lowering.inputs.iter().map(|shape| shape.sample().len()).max().unwrap_or(0);
    let aligned: Vec<Vec<Dimension>> = lowering.inputs.iter().map(|shape| aligned(shape.sample(), rank)).collect();
    let axes: Vec<Dimension> = (0..rank).map(|axis| joined(aligned.iter().map(|axes| axes[axis]))).collect();
    let width = match axes.get(1..) {
        Some(inner) if rank > 1 || axes[0].known().is_none() => product_of(inner)?,
        _ => product_of(&axes)?,
    };
    let operand = |(input, axes_of)| Ok(Operand { from: From::Input(input), prepare: stretch(axes_of, &axes)?, width });
    let operands = aligned.iter().map(Vec::as_slice).enumerate().map(operand);
    Ok((operands.collect::<Result<Vec<_>, _>>()?, width))
}

/// Every value with a number, in place: `with_constant` puts it behind the operator, `constant_with` before it.
#[must_use]
pub fn with_constant(function: &str, operator: &str, constant: f64) -> Operation {
    let (function, operator) = (Ident::new(function, Span::call_site()), Ident::new(operator, Span::call_site()));
    let bits = bits(constant);
    let value = Argument::Value(quote!(f32::from_bits(#bits)));
    let arguments = vec![Argument::Isa, value, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::join::#function::<_, kernels::join::#operator>), arguments);
    Operation::InPlace(InPlace { call, width: 1, weights: None, multiply_adds: 0 })
}

/// A function of single values of the runtime's module `kernels::join`, in place.
#[must_use]
pub fn values(function: &str) -> Operation {
    let function = Ident::new(function, Span::call_site());
    let call = Call::with(quote!(kernels::join::#function), vec![Argument::Isa, Argument::FlatOutput]);
    Operation::InPlace(InPlace { call, width: 1, weights: None, multiply_adds: 0 })
}

/// A power of every value, in place: by squaring where the exponent is a small whole number.
#[must_use]
pub fn power(exponent: f64) -> Operation {
    if exponent == 0.5 {
        let call = Call::with(quote!(kernels::power::square_root), vec![Argument::Isa, Argument::FlatOutput]);
        return Operation::InPlace(InPlace { call, width: 1, weights: None, multiply_adds: 0 });
    }
    if let Some(exponent) = whole_power(exponent) {
        return squarings(exponent);
    }
    let bits = bits(exponent);
    let arguments = vec![Argument::Isa, Argument::Value(quote!(f32::from_bits(#bits))), Argument::FlatOutput];
    let call = Call::with(quote!(kernels::power::power), arguments);
    Operation::InPlace(InPlace { call, width: 1, weights: None, multiply_adds: 0 })
}

fn squarings(exponent: u32) -> Operation {
    let exponent = Literal::u32_unsuffixed(exponent);
    let arguments = vec![Argument::Isa, Argument::Value(quote!(#exponent)), Argument::FlatOutput];
    let call = Call::with(quote!(kernels::join::power), arguments);
    Operation::InPlace(InPlace { call, width: 1, weights: None, multiply_adds: 0 })
}

/// Entries of a sample: for each axis the first place, the step and the number of places; `None` keeps all of it.
///
/// # Errors
/// Where a free axis is not kept, or lies behind one that is not.
pub fn pick(axes: &[Dimension], loops: &[Option<(i128, i128, u64)>], is_open: bool) -> Lowered {
    let Some(first) = loops.iter().position(Option::is_some) else { return Ok(Vec::new()) };
    if is_open {
        return Err(NoCode::FreeAxis);
    }
    let inner = axes.get(first..).unwrap_or(&[]);
    let width = product_of(inner)?;
    let (mut offset, mut stride, mut output) = (0_i128, 1_i128, 1);
    let mut places = Vec::new();
    for (axis, picked) in inner.iter().zip(&loops[first..]).rev() {
        let size = fixed(*axis)?;
        let (start, step, count) = picked.unwrap_or((0, 1, size as u64));
        offset += start * stride;
        places.push((fixed(Dimension::Known(count))?, step * stride));
        output *= fixed(Dimension::Known(count))?;
        stride *= size as i128;
    }
    let loops = places.iter().rev().map(|&(count, stride)| {
        let (count, stride) = (number(count), Literal::i64_unsuffixed(i64::try_from(stride).unwrap_or(0)));
        quote!((#count, #stride))
    });
    let offset = number(usize::try_from(offset).unwrap_or(0));
    let arguments = vec![
        Argument::Value(quote!(#offset)),
        Argument::Value(quote!([#(#loops),*])),
        Argument::Input,
        Argument::Output,
    ];
    Ok(vec![rows(Call::by_row(quote!(kernels::copy::pick), arguments), width, output)])
}

/// The axes with sizes of 1 in front.
fn aligned(axes: &[Dimension], rank: usize) -> Vec<Dimension> {
    let mut all = vec![Dimension::Known(1); rank - axes.len()];
    all.extend_from_slice(axes);
    all
}

/// The size of an axis that all have, or that those of size 1 are repeated to.
fn joined(sizes: impl Iterator<Item = Dimension>) -> Dimension {
    sizes.fold(Dimension::Known(1), |joined, size| if joined == Dimension::Known(1) { size } else { joined })
}

/// The sizes multiplied.
///
/// # Errors
/// Where one is free.
pub fn product_of(axes: &[Dimension]) -> Result<usize, NoCode> {
    axes.iter().try_fold(1, |product, &axis| Ok(product * fixed(axis)?))
}

/// Repeats values along every axis of size 1 that is longer in `to`, the last axis first.
fn stretch(from: &[Dimension], to: &[Dimension]) -> Lowered {
    let mut operations = Vec::new();
    for axis in (0..from.len()).rev().filter(|&axis| from[axis] != to[axis] && from[axis] == Dimension::Known(1)) {
        operations.push(repeat(product_of(&to[axis + 1..])?, fixed(to[axis])?));
    }
    Ok(operations)
}

/// Several tensors side by side along an axis of the sample.
///
/// # Errors
/// Where that axis, or one behind it, is free.
pub fn concatenate(lowering: &Lowering<'_>, axis: usize) -> Lowered {
    let widths = lowering.inputs.iter().map(|shape| product_of(shape.sample().get(axis..).unwrap_or(&[])));
    let widths = widths.collect::<Result<Vec<_>, _>>()?;
    let operand = |(input, width)| Operand { from: From::Input(input), prepare: Vec::new(), width };
    Ok(vec![side_by_side(widths.into_iter().enumerate().map(operand).collect())])
}

/// Rows of several tensors side by side, wherever they are.
#[must_use]
pub fn side_by_side(operands: Vec<Operand>) -> Operation {
    let literals = operands.iter().map(|operand| number(operand.width));
    let arguments = vec![Argument::FlatInputs, Argument::Value(quote!([#(#literals),*])), Argument::FlatOutput];
    let call = Call::with(quote!(kernels::join::concatenate), arguments);
    let output = operands.iter().map(|operand| operand.width).sum();
    Operation::Join(Join { call, operands, output, weights: None, multiply_adds: 0 })
}

/// A sample as several along an axis: from and to of each part, in their order.
///
/// # Errors
/// Where that axis, or one behind it, is free.
pub fn split(sample: &[Dimension], axis: usize, parts: &[[u64; 2]]) -> Lowered {
    let part = |&[from, to]: &[u64; 2]| {
        let mut loops = vec![None; sample.len()];
        loops[axis] = Some((i128::from(from), 1, to - from));
        let width = product_of(sample.get(axis + 1..).unwrap_or(&[]))? * fixed(Dimension::Known(to - from))?;
        let operand = Operand { from: From::Input(0), prepare: pick(sample, &loops, false)?, width };
        Ok(copied(operand))
    };
    parts.iter().map(part).collect()
}

/// Rows of one tensor, wherever it is.
#[must_use]
pub fn copied(operand: Operand) -> Operation {
    side_by_side(vec![operand])
}

/// The sums of products along one axis of each of two samples.
///
/// # Errors
/// Where an axis is free.
pub fn dot(lowering: &Lowering<'_>, places: [usize; 2], normalize: bool) -> Lowered {
    let axes = |index: usize| lowering.inputs.get(index).map_or(&[][..], Shape::sample);
    let (left, right) = (axes(0), axes(1));
    let length = fixed(left[places[0]])?;
    let rows = product_of(left)? / length.max(1);
    let columns = product_of(right)? / length.max(1);
    let last = |axes: &[Dimension], place: usize| -> Vec<usize> {
        (0..axes.len()).filter(|axis| *axis != place).chain([place]).collect()
    };
    let unit = || unit(length, 1e7);
    let mut of_left = permute(left, &last(left, places[0]))?;
    let mut of_right = permute(right, &last(right, places[1]))?;
    if normalize {
        of_left.push(unit());
        of_right.push(unit());
    }
    let sizes = [Dimension::Known(columns as u64), Dimension::Known(length as u64)];
    if columns > 1 {
        of_right.extend(permute(&sizes, &[1, 0])?);
    }
    let operands = [(0, of_left, rows * length), (1, of_right, length * columns)];
    let operand = |(input, prepare, width)| Operand { from: From::Input(input), prepare, width };
    Ok(vec![product_of_matrices(operands.map(operand).into(), [rows, length, columns])])
}

/// The product of two matrices of these sizes: (rows, length) and (length, columns).
fn product_of_matrices(operands: Vec<Operand>, [rows, length, columns]: [usize; 3]) -> Operation {
    let (inner, outer, down) = (number(length), number(columns), number(rows));
    let arguments = vec![Argument::Isa, Argument::Value(quote!(#down)), Argument::FlatInputs, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::join::products::<_, #inner, #outer>), arguments);
    let multiply_adds = (rows * length * columns) as u64;
    Operation::Join(Join { call, operands, output: rows * columns, weights: None, multiply_adds })
}

/// A row divided by its length; `largest` keeps a length of 0 from becoming NaN.
#[must_use]
pub fn unit(width: usize, largest: f64) -> Operation {
    let (length, bits) = (number(width), bits(largest));
    let value = Argument::Value(quote!(f32::from_bits(#bits)));
    let arguments = vec![Argument::Isa, value, Argument::Output];
    let call = Call::with(quote!(kernels::rows::unit::<_, #length>), arguments);
    Operation::InPlace(InPlace { call, width, weights: None, multiply_adds: 0 })
}

/// A sample as so many windows of frames, by this function of the runtime's `kernels::pooling`.
#[must_use]
pub fn adaptive_pooling(function: &str, count: usize, elements: usize, features: usize) -> Operation {
    let (function, width) = (Ident::new(function, Span::call_site()), number(features));
    let arguments = vec![Argument::Isa, Argument::Input, Argument::Output];
    let call = Call::by_row(quote!(kernels::pooling::#function::<_, #width>), arguments);
    rows(call, elements, count * features)
}

/// Every value as its place among ascending boundaries, in place.
#[must_use]
pub fn discretize(boundaries: &[f64]) -> Operation {
    let boundaries = boundaries.iter().map(|&boundary| bits(boundary));
    let boundaries = Argument::Value(quote!(&[#(f32::from_bits(#boundaries)),*]));
    let call = Call::with(quote!(kernels::discretize), vec![boundaries, Argument::FlatOutput]);
    Operation::InPlace(InPlace { call, width: 1, weights: None, multiply_adds: 0 })
}

/// The softmax over a row of this width.
#[must_use]
pub fn softmax(width: usize) -> Operation {
    whole_rows("softmax", width)
}

/// Layer normalization of a row; `gamma` and `beta` are indices of tensors.
#[must_use]
pub fn layer_norm(width: usize, epsilon: f64, gamma: Option<usize>, beta: Option<usize>) -> Operation {
    let (length, bits) = (number(width), bits(epsilon));
    let epsilon = Argument::Value(quote!(f32::from_bits(#bits)));
    let arguments = vec![Argument::Isa, Argument::Weights, epsilon, Argument::Output];
    Operation::InPlace(InPlace {
        call: Call::with(quote!(kernels::LayerNorm::<#length>::in_place), arguments),
        width,
        weights: Some(Weights::new(packing::layer_norm(width, gamma, beta))),
        multiply_adds: 2 * width as u64,
    })
}

/// A factor and a summand for each of `features`, each of which holds for `inner` values in a row.
/// `tensors`: gamma, beta, mean, variance.
#[must_use]
pub fn affine(features: usize, inner: usize, tensors: [Option<usize>; 4], epsilon: f64) -> Operation {
    let (period, each) = (number(features), number(inner));
    let arguments = vec![Argument::Isa, Argument::Weights, Argument::FlatOutput];
    Operation::InPlace(InPlace {
        call: Call::with(quote!(kernels::affine::<_, #period, #each>), arguments),
        width: features * inner,
        weights: Some(Weights::new(packing::affine(features, tensors, epsilon))),
        multiply_adds: (features * inner) as u64,
    })
}

/// Slopes for negative values. `axes` are those of the sample; `is_shared` tells along which ones a slope is the same.
///
/// # Errors
/// Where an axis behind the first unshared one is free.
pub fn prelu(axes: &[Dimension], is_shared: &[bool]) -> Lowered {
    let first = is_shared.iter().position(|shared| !shared).unwrap_or(axes.len());
    let sizes = axes.get(first..).unwrap_or(&[]).iter().map(|&axis| fixed(axis)).collect::<Result<Vec<_>, _>>()?;
    let width = sizes.iter().product();
    let period = number(width);
    let arguments = vec![Argument::Isa, Argument::Weights, Argument::FlatOutput];
    Ok(vec![Operation::InPlace(InPlace {
        call: Call::with(quote!(kernels::prelu::<_, #period, 1>), arguments),
        width,
        weights: Some(Weights::new(spread(&sizes, is_shared.get(first..).unwrap_or(&[])))),
        multiply_adds: width as u64,
    })])
}

/// One tensor whose shared axes have size 1, repeated along them.
fn spread(sizes: &[usize], is_shared: &[bool]) -> Packing {
    let length: usize = sizes.iter().product();
    Packing { length: length.next_multiple_of(16), ops: spread_ops(sizes, is_shared, 0, 0) }
}

/// The steps that write such a tensor from `destination` on.
fn spread_ops(sizes: &[usize], is_shared: &[bool], tensor: usize, destination: usize) -> Vec<PackOp> {
    let mut loops: Vec<Axis> = Vec::new();
    let (mut from, mut to) = (1, 1);
    for (&size, &shared) in sizes.iter().zip(is_shared).rev() {
        loops.insert(0, (size, if shared { 0 } else { from }, to));
        from *= if shared { 1 } else { size };
        to *= size;
    }
    let mut ops = Vec::new();
    add_loops(&mut ops, &loops, tensor, 0, destination);
    ops
}

/// A packing step has four loops; more axes become several steps.
fn add_loops(ops: &mut Vec<PackOp>, loops: &[Axis], tensor: usize, source: usize, destination: usize) {
    if let [(count, from, to), inner @ ..] = loops
        && inner.len() >= 4
    {
        (0..*count).for_each(|index| add_loops(ops, inner, tensor, source + index * from, destination + index * to));
        return;
    }
    let mut axes = [(1, 0, 0); 4];
    let first = 4 - loops.len();
    axes[first..].copy_from_slice(loops);
    ops.push(PackOp::Add { tensor, source, destination, axes, scale: 1.0 });
}
