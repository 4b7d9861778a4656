//! Sums of products along named axes, as products of matrices.
//!
//! Axes of both tensors that the result has count matrices; those that it has not are summed over; the others are rows and
//! columns. What one tensor alone has and the result has not is summed before.

use quote::quote;

use super::{number, permute, product_of, reduce};
use crate::plan::lowered::{Argument, Call, From, Join, Lowered, Lowering, NoCode, Operand, Operation};
use crate::shape::Dimension;

/// The axes of the tensors and of the result, the batch first.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Of each tensor.
    pub operands: &'a [Vec<char>],
    /// Of the result.
    pub output: &'a [char],
}

/// A sample's axes by name.
#[derive(Clone, Debug)]
struct Named {
    names: Vec<char>,
    sizes: Vec<Dimension>,
    /// What was done to them.
    operations: Vec<Operation>,
}

impl Named {
    /// Sums over the axes that are not kept.
    fn summed(mut self, keeps: impl Fn(char) -> bool) -> Result<Self, NoCode> {
        let gone: Vec<usize> = (0..self.names.len()).filter(|&place| !keeps(self.names[place])).collect();
        self.operations.extend(reduce::axes(&self.sizes, &gone, "sum")?);
        for place in gone.into_iter().rev() {
            self.names.remove(place);
            self.sizes.remove(place);
        }
        Ok(self)
    }

    /// Puts the axes in this order.
    fn ordered(mut self, order: &[char]) -> Result<Self, NoCode> {
        let places: Vec<usize> =
            order.iter().filter_map(|name| self.names.iter().position(|own| own == name)).collect();
        self.operations.extend(permute(&self.sizes, &places)?);
        self.sizes = places.iter().map(|&place| self.sizes[place]).collect();
        self.names = order.to_vec();
        Ok(self)
    }

    /// How many values these axes have.
    fn count(&self, names: &[char]) -> Result<usize, NoCode> {
        let sizes = self.names.iter().zip(&self.sizes).filter(|(name, _)| names.contains(name));
        product_of(&sizes.map(|(_, &size)| size).collect::<Vec<_>>())
    }
}

/// The kernels of one tensor, or of two.
///
/// # Errors
/// Where an axis that is summed over, moved or multiplied is free: all but the timesteps of several matrices.
pub fn lowered(lowering: &Lowering<'_>, names: &Names<'_>) -> Lowered {
    let output = names.output.get(1..).unwrap_or(&[]);
    let tensors = names.operands.iter().zip(lowering.inputs).map(|(names, shape)| Named {
        names: names[1..].to_vec(),
        sizes: shape.sample().to_vec(),
        operations: Vec::new(),
    });
    let tensors: Vec<Named> = tensors.collect();
    match <[Named; 2]>::try_from(tensors) {
        Ok(pair) => product(pair, output),
        Err(tensors) => match tensors.into_iter().next() {
            Some(only) => Ok(only.summed(|name| output.contains(&name))?.ordered(output)?.operations),
            None => Ok(Vec::new()),
        },
    }
}

fn product([left, right]: [Named; 2], output: &[char]) -> Lowered {
    let (of_left, of_right) = (left.names.clone(), right.names.clone());
    let left = left.summed(|name| output.contains(&name) || of_right.contains(&name))?;
    let right = right.summed(|name| output.contains(&name) || of_left.contains(&name))?;
    let in_both = |name: &char| of_left.contains(name) && of_right.contains(name);
    let matrices: Vec<char> = output.iter().copied().filter(in_both).collect();
    let inner: Vec<char> = left.names.iter().copied().filter(|name| in_both(name) && !output.contains(name)).collect();
    let alone = |names: &[char]| -> Vec<char> {
        output.iter().copied().filter(|name| names.contains(name) && !in_both(name)).collect()
    };
    let (rows, columns) = (alone(&of_left), alone(&of_right));
    let left = left.ordered(&[&matrices[..], &rows, &inner].concat())?;
    let right = right.ordered(&[&matrices[..], &inner, &columns].concat())?;
    let [down, length, across] = [left.count(&rows)?, left.count(&inner)?, right.count(&columns)?];
    // Rows of a stream are frames: where there are several matrices, the first axis counts them.
    let count = left.count(matrices.get(1..).unwrap_or(&[]))?;
    let made: Vec<char> = [&matrices[..], &rows, &columns].concat();
    let size = |name: &char| {
        let of = |tensor: &Named| tensor.names.iter().position(|own| own == name).map(|place| tensor.sizes[place]);
        of(&left).or_else(|| of(&right)).unwrap_or(Dimension::Known(1))
    };
    let result = Named { sizes: made.iter().map(size).collect(), names: made.clone(), operations: Vec::new() };
    let turned = result.ordered(output)?.operations;
    let (columns, rows, sums) = (number(across), number(down), number(length));
    let arguments = vec![Argument::Isa, Argument::Value(quote!(#rows)), Argument::FlatInputs, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::join::products::<_, #sums, #columns>), arguments);
    let operand = |input, named: Named, width| Operand { from: From::Input(input), prepare: named.operations, width };
    let operands = vec![operand(0, left, count * down * length), operand(1, right, count * length * across)];
    let width = count * down * across;
    let multiply_adds = (width * length) as u64;
    let product = Operation::Join(Join { call, operands, output: width, weights: None, multiply_adds });
    Ok(std::iter::once(product).chain(turned).collect())
}
