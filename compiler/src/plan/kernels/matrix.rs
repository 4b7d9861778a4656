//! Products of matrices in the last two axes of two tensors.

use quote::quote;

use super::{number, product_of, stretch};
use crate::plan::lowered::{Argument, Call, From, Join, Lowered, Lowering, Operand, Operation, fixed};
use crate::shape::{Dimension, Shape};

/// The product of the first input's matrices with the second one's; what is before them lines up.
///
/// # Errors
/// Where a size that the code must know is free: all but the timesteps of more than one matrix.
pub fn product(lowering: &Lowering<'_>) -> Lowered {
    let samples: Vec<&[Dimension]> = lowering.inputs.iter().map(Shape::sample).collect();
    let [left, right] = samples.as_slice() else { return Ok(Vec::new()) };
    let first = left.len().saturating_sub(2);
    let [rows, length] = [fixed(left[first])?, fixed(left[first + 1])?];
    let columns = fixed(right[first + 1])?;
    let outer: Vec<Dimension> =
        left[..first].iter().zip(&right[..first]).map(|(&left, &right)| longer(left, right)).collect();
    // Rows of a stream are frames: where there are several matrices, the first axis counts them.
    let matrices = product_of(outer.get(1..).unwrap_or(&[]))?;
    let operand = |(input, matrix): (usize, &[Dimension])| {
        let to: Vec<Dimension> = outer.iter().chain(&matrix[first..]).copied().collect();
        let width = matrices * product_of(&matrix[first..])?;
        Ok(Operand { from: From::Input(input), prepare: stretch(matrix, &to)?, width })
    };
    let operands = samples.iter().copied().enumerate().map(operand).collect::<Result<Vec<_>, _>>()?;
    let (inner, across, down) = (number(length), number(columns), number(rows));
    let arguments = vec![Argument::Isa, Argument::Value(quote!(#down)), Argument::FlatInputs, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::join::products::<_, #inner, #across>), arguments);
    let output = matrices * rows * columns;
    let multiply_adds = (output * length) as u64;
    Ok(vec![Operation::Join(Join { call, operands, output, weights: None, multiply_adds })])
}

/// The size that one of size 1 is repeated to.
fn longer(left: Dimension, right: Dimension) -> Dimension {
    if left == Dimension::Known(1) { right } else { left }
}
