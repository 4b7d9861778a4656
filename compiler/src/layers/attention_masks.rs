//! The masks that `MultiHeadAttention` reads, and how each lies over the scores.
//!
//! Scores have the axes (batch, …, heads, queries…, keys…): the query's axes that are not attended along, the heads, then
//! those attended along, of the query and of the value. A mask of the query holds for all keys, one of the value or the key for
//! all queries, and an `attention_mask` has the axes (batch, …, heads, queries…, keys…) itself, the heads left out where it likes,
//! with sizes of 1 that hold for all.

use rnn_grammar::Code;

use crate::layer::Mismatch;
use crate::masks::MaskShapes;
use crate::plan::kernels::attention_mask::MaskOver;
use crate::plan::kernels::attention_sight::FreeMask;
use crate::plan::lowered::{NoCode, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// Their names in a call, in Keras's order.
pub(crate) const NAMES: &[&str] = &["query_mask", "value_mask", "key_mask", "attention_mask"];

/// The name of the one that a call can't give: Keras takes the query's own.
pub(crate) const IGNORED: &str = "query_mask";

/// What a mask is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MaskOf {
    Query,
    /// The value or the key.
    Keys,
    /// Pairs of both.
    Pairs,
}

impl MaskOf {
    /// The mask of this place among [`NAMES`].
    pub(crate) const fn place(place: usize) -> Self {
        match place {
            0 => Self::Query,
            1 | 2 => Self::Keys,
            _ => Self::Pairs,
        }
    }
}

/// What is attended: sizes of a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attended {
    /// Samples of their own in a sample.
    pub(crate) samples: usize,
    pub(crate) heads: usize,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    /// How many axes are not attended along, beside the batch.
    pub(crate) outer_axes: usize,
    /// How many are.
    pub(crate) axes: usize,
}

impl Attended {
    /// How a mask whose sample has these axes lies over the scores.
    pub(crate) fn lie(&self, mask: MaskOf, sample: &[usize], input: usize) -> MaskOver {
        let over = |width, strides| MaskOver { input, width, strides };
        match mask {
            MaskOf::Query => over(self.samples * self.queries, [self.queries, 0, 1, 0]),
            MaskOf::Keys => over(self.samples * self.keys, [self.keys, 0, 0, 1]),
            MaskOf::Pairs => {
                let (before, attended) = sample.split_at(sample.len().saturating_sub(2 * self.axes));
                let (queries, keys) = attended.split_at(attended.len() / 2);
                let mut width = 1;
                let mut stride = |sizes: &[usize], full: usize| {
                    let size: usize = sizes.iter().product();
                    let stride = if size == 1 && full != 1 { 0 } else { width };
                    width *= size;
                    stride
                };
                let key = stride(keys, self.keys);
                let query = stride(queries, self.queries);
                let (outer, heads) = before.split_at(before.len().min(self.outer_axes));
                let head = stride(heads, self.heads);
                let sample = stride(outer, self.samples);
                over(width, [sample, head, query, key])
            }
        }
    }
}

/// How a mask whose sample has these axes lies over scores of any number of queries and keys; `input` is which one it is.
///
/// # Errors
/// Where its row has a free size, or it holds for each head and a free axis.
pub(crate) fn lie_free(mask: MaskOf, sample: &[Dimension], input: usize) -> Result<FreeMask, NoCode> {
    // One value holds for all keys, or for all queries.
    let apart = |size: Dimension, stride: usize| if size == Dimension::Known(1) { 0 } else { stride };
    match (mask, sample) {
        (MaskOf::Query, _) => Ok(FreeMask::OfRow { input, width: 1, key: 0 }),
        (MaskOf::Keys, _) => Ok(FreeMask::OfTensor { input, width: 1, strides: [0, 0, 1] }),
        (MaskOf::Pairs, &[query, key]) => {
            let width = fixed(key)?;
            Ok(match query {
                Dimension::Known(1) => FreeMask::OfTensor { input, width, strides: [0, 0, apart(key, 1)] },
                Dimension::Known(_) | Dimension::Free => FreeMask::OfRow { input, width, key: apart(key, 1) },
            })
        }
        (MaskOf::Pairs, &[head, query, key]) => {
            let (queries, width) = (fixed(query)?, fixed(key)?);
            let strides = [apart(head, queries * width), apart(query, width), apart(key, 1)];
            Ok(FreeMask::OfTensor { input, width: fixed(head)? * queries * width, strides })
        }
        (MaskOf::Pairs, _) => Err(NoCode::FreeAxis),
    }
}

/// What a mask is checked against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit<'a> {
    pub(crate) query: &'a Shape,
    pub(crate) value: &'a Shape,
    pub(crate) heads: u64,
    /// The first axis that is attended along.
    pub(crate) first: usize,
    /// Whether a mask of a tensor is read too.
    pub(crate) has_steps: bool,
}

impl Fit<'_> {
    /// Whether a mask fits.
    ///
    /// # Errors
    /// E226 where Keras fails over it.
    pub(crate) fn check(&self, mask: MaskOf, shape: &Shape, name: &str) -> Result<(), Mismatch> {
        let of = |input: &Shape| {
            MaskShapes { input, mask: shape }.check_steps("MultiHeadAttention")?;
            // Keras would lay the batch over another axis.
            if self.first + 2 == input.rank() { Ok(()) } else { Err(self.refuse(name, shape)) }
        };
        match mask {
            MaskOf::Query => of(self.query),
            MaskOf::Keys => of(self.value),
            MaskOf::Pairs if self.fits_pairs(shape) => Ok(()),
            MaskOf::Pairs => Err(self.refuse(name, shape)),
        }
    }

    fn fits_pairs(&self, mask: &Shape) -> bool {
        let last = self.query.rank() - 1;
        let (queries, keys) = (&self.query.0[self.first..last], &self.value.0[self.first..last]);
        let attended = 2 * queries.len();
        if mask.rank() <= attended || (self.has_steps && mask.rank() != self.query.rank()) {
            return false;
        }
        let (before, pairs) = mask.0.split_at(mask.rank() - attended);
        let (of_queries, of_keys) = pairs.split_at(queries.len());
        let (outer, heads) = before.split_at(before.len().min(self.first));
        self.query.0[0].agrees(outer[0])
            && fits(&outer[1..], &self.query.0[1..outer.len()])
            && (heads.len() < 2 && fits(heads, &[Dimension::Known(self.heads)][..heads.len()]))
            && fits(of_queries, queries)
            && fits(of_keys, keys)
    }

    fn refuse(&self, name: &str, mask: &Shape) -> Mismatch {
        let title = format!(
            "`{name}` of `MultiHeadAttention` is `{mask}`, which does not fit queries `{}` and values `{}`",
            self.query, self.value
        );
        let mismatch = Mismatch::new(Code::E226, title, "can't use this mask");
        match (name == NAMES[3], mask.rank()) {
            (true, 2) => mismatch.help("give a mask of the keys alone as `value_mask=`"),
            (true, _) if self.has_steps => {
                mismatch.help("beside masks of query, value or key it has the axes `(batch, queries, keys)`")
            }
            (true, _) => mismatch.help("give it a mask `(batch, queries, keys)`, or `(batch, heads, queries, keys)`"),
            (false, _) => mismatch,
        }
    }
}

/// Whether axes of a mask are all as large as those of the scores, or all 1.
fn fits(mask: &[Dimension], scores: &[Dimension]) -> bool {
    let is_full = mask.iter().zip(scores).all(|(left, right)| left.agrees(*right));
    is_full || mask.iter().all(|size| *size == Dimension::Known(1))
}

/// A mask's values, and how they lie over the scores.
#[derive(Debug)]
pub(crate) struct Values<R> {
    pub(crate) values: Vec<R>,
    pub(crate) over: MaskOver,
}

impl<R: Real> Values<R> {
    /// Whether it lets a head's query look at a key; `place` is that of the sample in the batch, then within.
    pub(crate) fn keeps(&self, place: [usize; 2], [head, query, key]: [usize; 3]) -> bool {
        let [of_sample, of_head, of_query, of_key] = self.over.strides;
        let first = place[0] * self.over.width + place[1] * of_sample;
        let value = self.values.get(first + head * of_head + query * of_query + key * of_key);
        value.is_none_or(|kept| *kept != R::zero())
    }
}
