//! Multi-head attention over any number of queries and keys, some of which are left out.
//!
//! A mask that has a row for each query goes along with the query's row; others are tensors that every query looks at.

use quote::quote;

use super::attention::{HeadSizes, behind_heads};
use super::{bits, number, side_by_side};
use crate::activation::Activation;
use crate::plan::lowered::{Argument, Call, From, Join, Operand, Operation};

/// A mask over scores whose numbers of queries and of keys may be free.
#[derive(Clone, Copy, Debug)]
pub enum FreeMask {
    /// A row for each query.
    OfRow {
        /// Which input.
        input: usize,
        /// How many values a row has.
        width: usize,
        /// How far apart they are from one key to the next.
        key: usize,
    },
    /// A tensor of its own: how far apart its values are from one head, query and key to the next.
    OfTensor {
        /// Which input.
        input: usize,
        /// How many values each row of it has.
        width: usize,
        /// Head, query, key.
        strides: [usize; 3],
    },
}

/// Multi-head attention over any number of queries and keys, of which `sizes` counts one each.
#[must_use]
pub fn multi_head_seeing(sizes: &HeadSizes, masks: &[FreeMask]) -> Vec<Operation> {
    let HeadSizes { heads, key_width, value_width, inputs, key, .. } = *sizes;
    let (key_row, value_row) = (heads * key_width, heads * value_width);
    let [query_input, value_input, key_input] = inputs;
    let project = |place, from, to| sizes.project(place, from, to, Activation::Linear);
    let operand = |from, prepare, width| Operand { from, prepare, width };
    let query = project(0, query_input, key_row);
    let of_rows: Vec<(usize, usize, usize)> = masks.iter().filter_map(|mask| mask.of_row()).collect();
    let row = key_row + of_rows.iter().map(|&(_, width, _)| width).sum::<usize>();
    let mut operations = Vec::new();
    let queries = if of_rows.is_empty() {
        operand(From::Input(0), query, key_row)
    } else {
        let mut operands = vec![operand(From::Input(0), query, key_row)];
        operands.extend(of_rows.iter().map(|&(input, width, _)| operand(From::Input(input), Vec::new(), width)));
        operations.push(side_by_side(operands));
        operand(From::Before, Vec::new(), row)
    };
    let mut operands = vec![
        queries,
        operand(From::Input(key), project(1, key_input, key_row), key_row),
        operand(From::Input(1), project(2 + usize::from(sizes.use_gate), value_input, value_row), value_row),
    ];
    let of_tensors: Vec<(usize, usize, [usize; 3])> = masks.iter().filter_map(|mask| mask.of_tensor()).collect();
    operands.extend(of_tensors.iter().map(|&(input, width, _)| operand(From::Input(input), Vec::new(), width)));
    operations.push(attend(sizes, operands, row, &of_rows, &of_tensors));
    operations.extend(behind_heads(sizes));
    operations
}

impl FreeMask {
    const fn of_row(&self) -> Option<(usize, usize, usize)> {
        if let Self::OfRow { input, width, key } = *self { Some((input, width, key)) } else { None }
    }

    const fn of_tensor(&self) -> Option<(usize, usize, [usize; 3])> {
        if let Self::OfTensor { input, width, strides } = *self { Some((input, width, strides)) } else { None }
    }
}

/// The kernel over queries, whose rows have masks behind them, keys, values and masks as tensors.
fn attend(
    sizes: &HeadSizes,
    operands: Vec<Operand>,
    row: usize,
    of_rows: &[(usize, usize, usize)],
    of_tensors: &[(usize, usize, [usize; 3])],
) -> Operation {
    let (key_row, value_row) = (sizes.heads * sizes.key_width, sizes.heads * sizes.value_width);
    let (scale, blind) = (bits(sizes.scale()), sizes.blind.tokens());
    let limit = |count: Option<usize>| match count.filter(|&count| count != usize::MAX) {
        Some(count) => {
            let count = number(count);
            quote!(#count)
        }
        None => quote!(usize::MAX),
    };
    let (before, behind) = (limit(sizes.near.map(|near| near.before)), limit(sizes.near.map(|near| near.behind)));
    let mut first = key_row;
    let rows = of_rows.iter().map(|&(_, width, key)| {
        let (place, key) = (number(first), number(key));
        first += width;
        quote!(kernels::attention_sight::OfRow { first: #place, key: #key })
    });
    let rows: Vec<_> = rows.collect();
    let tensors = of_tensors.iter().map(|&(_, _, strides)| {
        let [head, query, key] = strides.map(number);
        quote!(kernels::attention_sight::OfTensor { head: #head, query: #query, key: #key })
    });
    let sight = quote! {
        kernels::attention_sight::Sight {
            scale: f32::from_bits(#scale), before: #before, behind: #behind, blind: #blind
        }
    };
    let arguments = vec![
        Argument::Isa,
        Argument::Value(sight),
        Argument::Value(quote!((&[#(#rows),*], &[#(#tensors),*]))),
        Argument::FlatInputs,
        Argument::Output,
    ];
    let sizes = [sizes.heads, key_row, row, value_row, operands.len()].map(number);
    let call = Call::with(quote!(kernels::attention_sight::attend::<_, #(#sizes),*>), arguments);
    let multiply_adds = (2 * key_row + value_row) as u64;
    Operation::Attend(Join { call, operands, output: value_row, weights: None, multiply_adds })
}
