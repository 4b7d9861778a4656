//! `keras.ops.einsum("bqd,bkd->bqk", x, y)`: sums of products along named axes of one tensor or two.
//!
//! <https://keras.io/api/ops/numpy/#einsum-function>. Axes of one name have one size; those that the result does not name are summed
//! over. `...` stands for axes that all tensors have in front. Differences to Keras: the batch is the first axis of every tensor and
//! of the result, an axis is named once in a tensor (no diagonals), and there are at most two tensors.

use std::collections::HashMap;

use ndarray::{ArrayD, Dimension as _, IxDyn};
use rnn_grammar::{Code, Span};

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::operator::operation;
use crate::plan::kernels::einsum::{self, Names};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

const EINSUM: Declaration = operation("Einsum", "einsum");

/// A sum of products with its axes' names.
#[derive(Clone, Debug)]
pub(crate) struct Einsum {
    /// The text, for messages.
    pub(crate) subscripts: String,
    /// The axes of each tensor, the batch first.
    pub(crate) operands: Vec<Vec<char>>,
    /// The result's.
    pub(crate) output: Vec<char>,
    pub(crate) span: Option<Span>,
}

/// Why a text is no such sum.
pub(crate) enum Unreadable {
    /// It is not written so.
    Text(&'static str),
    /// Keras has it, and it is not here.
    NotYet(&'static str),
}

impl Einsum {
    /// Reads the text, for tensors of so many axes.
    pub(crate) fn read(text: &str, ranks: &[usize], span: Option<Span>) -> Result<Self, Unreadable> {
        let (terms, output) = match text.split_once("->") {
            Some((terms, output)) => (terms, Some(output)),
            None => (text, None),
        };
        let terms: Vec<&str> = terms.split(',').collect();
        if terms.len() != ranks.len() {
            return Err(Unreadable::Text("it names another number of tensors"));
        }
        let operands: Vec<Vec<char>> =
            terms.iter().zip(ranks).map(|(term, &rank)| axes_of(term, Some(rank))).collect::<Result<_, _>>()?;
        let n_outer =
            operands.iter().flatten().filter(|&&axis| is_outer(axis)).collect::<std::collections::HashSet<_>>();
        let output = match output {
            Some(output) => axes_of(output, output.contains("...").then(|| output.len() - 3 + n_outer.len()))?,
            None => implied(&operands),
        };
        if output.iter().any(|axis| !operands.iter().any(|operand| operand.contains(axis))) {
            return Err(Unreadable::Text("the result names an axis that no tensor has"));
        }
        Ok(Self { subscripts: text.to_owned(), operands, output, span })
    }

    /// The size of each axis.
    fn sizes(&self, inputs: &[Shape]) -> Result<HashMap<char, Dimension>, Mismatch> {
        let mut sizes: HashMap<char, Dimension> = HashMap::new();
        for (names, shape) in self.operands.iter().zip(inputs) {
            for (&name, &size) in names.iter().zip(&shape.0) {
                let known = sizes.entry(name).or_insert(size);
                if !known.agrees(size) {
                    let title =
                        format!("`einsum(\"{}\")` gives an axis two sizes, {known} and {size}", self.subscripts);
                    return Err(Mismatch::new(Code::E220, title, format!("of `{shape}`")).within(self.span));
                }
                if known.known().is_none() {
                    *known = size;
                }
            }
        }
        Ok(sizes)
    }

    fn names(&self) -> Names<'_> {
        Names { operands: &self.operands, output: &self.output }
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let mut sizes: HashMap<char, usize> = HashMap::new();
        for (names, array) in self.operands.iter().zip(call.inputs) {
            sizes.extend(names.iter().copied().zip(array.shape().iter().copied()));
        }
        let mut summed: Vec<char> = sizes.keys().copied().filter(|axis| !self.output.contains(axis)).collect();
        summed.sort_unstable();
        let size_of = |axes: &[char]| -> Vec<usize> { axes.iter().map(|axis| sizes[axis]).collect() };
        let (outer, inner) = (size_of(&self.output), size_of(&summed));
        let value = |index: IxDyn| {
            let mut places: HashMap<char, usize> =
                self.output.iter().copied().zip(index.slice().iter().copied()).collect();
            ndarray::indices(IxDyn(&inner)).into_iter().fold(R::zero(), |sum, index| {
                places.extend(summed.iter().copied().zip(index.slice().iter().copied()));
                let factor = |(names, array): (&Vec<char>, &ArrayD<R>)| {
                    let place: Vec<usize> = names.iter().map(|axis| places[axis]).collect();
                    array[IxDyn(&place)]
                };
                sum + self.operands.iter().zip(call.inputs).map(factor).fold(R::one(), |product, value| product * value)
            })
        };
        vec![ArrayD::from_shape_fn(IxDyn(&outer), value)]
    }
}

/// The axes that a term names, `...` standing for as many as are left of `rank`, in front.
fn axes_of(term: &str, rank: Option<usize>) -> Result<Vec<char>, Unreadable> {
    let (before, behind, has_dots) = match term.split_once("...") {
        Some((before, behind)) => (before, behind, true),
        None => (term, "", false),
    };
    let letters = || before.chars().chain(behind.chars());
    if !letters().all(|letter| letter.is_ascii_lowercase()) {
        return Err(Unreadable::Text("axes are named by lower-case letters, without blanks"));
    }
    let n_named = letters().count();
    let n_outer = rank.map_or(Some(0), |rank| rank.checked_sub(n_named));
    let n_outer = match n_outer {
        Some(n_outer) if has_dots || n_outer == 0 => n_outer,
        _ => return Err(Unreadable::Text("a tensor has another number of axes")),
    };
    // Counted from the last one, where tensors of fewer axes meet the others.
    let outer = (0..n_outer).rev().map(outer_axis);
    let axes: Vec<char> = before.chars().chain(outer).chain(behind.chars()).collect();
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Unreadable::NotYet("an axis that is named twice, a diagonal,"));
    }
    Ok(axes)
}

/// What the axes that `...` stands for are called: letters of nobody.
fn outer_axis(place: usize) -> char {
    u32::try_from(place).ok().and_then(|place| char::from_u32(0xE000 + place)).unwrap_or('\u{F8FF}')
}

fn is_outer(axis: char) -> bool {
    !axis.is_ascii_lowercase()
}

/// The result where the text names none: what `...` stands for, then the axes that are named once, in the alphabet's order.
fn implied(operands: &[Vec<char>]) -> Vec<char> {
    let all = || operands.iter().flatten().copied();
    let mut outer: Vec<char> = all().filter(|&axis| is_outer(axis)).collect();
    let mut named: Vec<char> =
        all().filter(|&axis| !is_outer(axis) && all().filter(|&other| other == axis).count() == 1).collect();
    outer.sort_unstable_by(|left, right| right.cmp(left));
    outer.dedup();
    named.sort_unstable();
    outer.into_iter().chain(named).collect()
}

impl Layer for Einsum {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        &EINSUM
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let batch = self.output.first();
        if self.operands.iter().any(|operand| operand.first() != batch) {
            let title = format!("`einsum(\"{}\")` would mix the samples of a batch with each other", self.subscripts);
            return Err(Mismatch::new(Code::E209, title, "the batch is the first axis of all tensors")
                .within(self.span)
                .help("name it first everywhere: `\"bqd,bkd->bqk\"`"));
        }
        let sizes = self.sizes(inputs)?;
        Ok(vec![Shape(self.output.iter().map(|axis| sizes[axis]).collect())])
    }

    fn output_type(&self, _output: usize, inputs: &[InputType]) -> InputType {
        inputs.iter().copied().reduce(InputType::joined).unwrap_or(InputType::Float32)
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let time = self.output.get(1);
        let is_frame = self.operands.iter().all(|operand| operand.get(1) == time && operand.len() > 2);
        if !is_frame || inputs.windows(2).any(|pair| pair[0].0.get(1) != pair[1].0.get(1)) {
            return Streaming::Impossible("multiplies whole sequences".to_owned());
        }
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        einsum::lowered(lowering, &self.names())
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near};

    fn run(text: &str, inputs: &[ArrayD<f64>]) -> ArrayD<f64> {
        let ranks: Vec<usize> = inputs.iter().map(ArrayD::ndim).collect();
        let Ok(layer) = Einsum::read(text, &ranks, None) else { panic!("{text}") };
        layer.evaluate(&Call { inputs, weights: &[] }).remove(0)
    }

    #[test]
    fn sums_of_products_along_names() {
        let x = array(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
        let y = array(&[1, 1, 2], &[10.0, 100.0]);
        assert_near(&run("bqd,bkd->bqk", &[x.clone(), y.clone()]), &[1, 2, 1], &[210.0, 430.0]);
        assert_near(&run("bqd,bkd->bdq", &[x.clone(), y.clone()]), &[1, 2, 2], &[10.0, 30.0, 200.0, 400.0]);
        assert_near(&run("...qd,...kd->...kq", &[x.clone(), y]), &[1, 1, 2], &[210.0, 430.0]);
        assert_near(&run("bij->bji", std::slice::from_ref(&x)), &[1, 2, 2], &[1.0, 3.0, 2.0, 4.0]);
        assert_near(&run("bij->b", std::slice::from_ref(&x)), &[1], &[10.0]);
        assert_near(&run("bij", &[x]), &[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn what_is_no_sum_of_products() {
        let fails = |text, ranks: &[usize]| match Einsum::read(text, ranks, None) {
            Ok(_) => "",
            Err(Unreadable::Text(_)) => "text",
            Err(Unreadable::NotYet(_)) => "not yet",
        };
        assert_eq!(fails("bij,bjk->bik", &[3, 3]), "");
        assert_eq!(fails("bij,bjk->bik", &[3, 2]), "text");
        assert_eq!(fails("bij->bk", &[3]), "text");
        assert_eq!(fails("b1j->b", &[3]), "text");
        assert_eq!(fails("bii->b", &[3]), "not yet");
    }
}
