//! Kernels for what a query of an attention may not look at: far keys, and masked ones.

use proc_macro2::TokenStream;
use quote::quote;

use super::{number, softmax};
use crate::plan::lowered::{Argument, Call, From, InPlace, Join, Operand, Operation};

/// How many keys before its own place a query looks at, and how many behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Near {
    /// Keys before.
    pub before: usize,
    /// Keys behind.
    pub behind: usize,
}

impl Near {
    /// Whether a query may not look at this key.
    #[must_use]
    pub fn is_far(self, query: usize, key: usize) -> bool {
        key.saturating_add(self.before) < query || key > query.saturating_add(self.behind)
    }
}

/// What becomes of a query that may look at nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blind {
    /// It looks at every key alike.
    Alike,
    /// All its shares are 0.
    Zeros,
}

impl Blind {
    pub(super) fn tokens(self) -> TokenStream {
        match self {
            Self::Alike => quote!(kernels::attention_mask::Blind::Alike),
            Self::Zeros => quote!(kernels::attention_mask::Blind::Zeros),
        }
    }
}

/// Rows of scores: queries, keys, and which of them are near; all where there is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Scores {
    /// Queries of a sample, or of a head.
    pub queries: usize,
    /// Keys.
    pub keys: usize,
    /// Which keys a query looks at.
    pub near: Option<Near>,
}

impl Scores {
    fn near(self) -> Argument {
        let near = self.near.unwrap_or(Near { before: usize::MAX, behind: usize::MAX });
        // Beyond the sequence there is nothing to look at, and no sum may overflow.
        let (before, behind) = (number(near.before.min(self.queries)), number(near.behind.min(self.keys)));
        let queries = number(self.queries);
        Argument::Value(quote! {
            kernels::attention_mask::Near { before: #before, behind: #behind, queries: #queries }
        })
    }

    fn in_place(self, call: Call) -> Operation {
        Operation::InPlace(InPlace { call, width: self.keys, weights: None, multiply_adds: 0 })
    }
}

/// A mask over rows of scores: which input it is, how many values it has, and how far apart they are from one sample, head,
/// query and key to the next.
#[derive(Clone, Copy, Debug)]
pub struct MaskOver {
    /// Which input.
    pub input: usize,
    /// Its values.
    pub width: usize,
    /// Sample, head, query, key.
    pub strides: [usize; 4],
}

/// Lowers the scores of far keys and of masked ones, so that their share becomes 0: `mask` is which input.
#[must_use]
pub fn lowered(scores: Scores, mask: Option<usize>) -> Option<Operation> {
    let (queries, keys) = (scores.queries, scores.keys);
    let columns = number(keys);
    if let Some(mask) = mask {
        let arguments = vec![scores.near(), Argument::FlatInputs, Argument::FlatOutput];
        let call = Call::with(quote!(kernels::attention_mask::lower_scores::<#columns>), arguments);
        return Some(join(call, vec![(From::Before, queries * keys), (From::Input(mask), keys)], queries * keys));
    }
    scores.near?;
    let call =
        Call::with(quote!(kernels::attention_mask::lower_far::<#columns>), vec![scores.near(), Argument::Output]);
    Some(scores.in_place(call))
}

/// The softmax over near keys that no mask leaves out; `total` is how many scores there are in all.
#[must_use]
pub fn shares(scores: Scores, (heads, total): (usize, usize), blind: Blind, masks: &[MaskOver]) -> Operation {
    let columns = number(scores.keys);
    if masks.is_empty() {
        if scores.near.is_none() {
            return softmax(scores.keys);
        }
        let arguments = vec![Argument::Isa, scores.near(), Argument::Value(blind.tokens()), Argument::Output];
        return scores.in_place(Call::with(quote!(kernels::attention_mask::softmax_near::<_, #columns>), arguments));
    }
    let (Argument::Value(near), blind) = (scores.near(), blind.tokens()) else { unreachable!("made above") };
    let samples = number(total / (heads * scores.queries * scores.keys).max(1));
    let (heads, count) = (number(heads), number(1 + masks.len()));
    let strides = masks.iter().map(|mask| {
        let ([sample, head, query, key], frame) = (mask.strides.map(number), number(mask.width));
        quote! {
            kernels::attention_mask::Strides {
                frame: #frame, sample: #sample, head: #head, query: #query, key: #key
            }
        }
    });
    let arguments = vec![
        Argument::Isa,
        Argument::Value(quote!((#samples, #heads, #near, #blind))),
        Argument::Value(quote!(&[#(#strides),*])),
        Argument::FlatInputs,
        Argument::FlatOutput,
    ];
    let call = Call::with(quote!(kernels::attention_mask::softmax_masked::<_, #columns, #count>), arguments);
    let masks = masks.iter().map(|mask| (From::Input(mask.input), mask.width));
    join(call, std::iter::once((From::Before, total)).chain(masks).collect(), total)
}

/// A kernel of several tensors that answers rows of this width.
fn join(call: Call, operands: Vec<(From, usize)>, output: usize) -> Operation {
    let operand = |(from, width)| Operand { from, prepare: Vec::new(), width };
    let operands = operands.into_iter().map(operand).collect();
    Operation::Join(Join { call, operands, output, weights: None, multiply_adds: 0 })
}
