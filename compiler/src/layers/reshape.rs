//! `Reshape`: the values of a sample, in order, under another shape.
//!
//! <https://keras.io/api/layers/reshaping_layers/reshape/>. One entry may be -1, which is worked out, or `None`, which
//! stays free in the declared shape (as in Keras) and is worked out at run time. Differences to Keras: entries that
//! are no integers, two open entries, and a size that can't come out are errors at once, not at the first call.

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::passes_numbers_on;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};
use crate::value::Value;

/// `Reshape`.
pub(crate) const RESHAPE: Declaration = Declaration {
    class: "Reshape",
    aliases: &[],
    base_name: "reshape",
    summary: "Gives each sample another shape.",
    details: "The values keep their order, the last axis running fastest.",
    arguments: &[Argument::required(
        "target_shape",
        Kind::Any,
        "The new shape without the batch; one entry may be -1, which is worked out.",
    )],
    takes_common: true,
    build,
};

/// One entry of the target shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// This size.
    Size(u64),
    /// -1: what is left over.
    Rest,
    /// `None`: what is left over, declared free.
    Free,
}

/// A `Reshape` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Reshape {
    pub(crate) target: Vec<Entry>,
    pub(crate) span: Option<Span>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let bound = arguments.get("target_shape");
    let span = bound.span;
    if matches!(bound.value, Value::Failed) {
        return None;
    }
    if !matches!(bound.value, Value::Tuple(_) | Value::List(_)) {
        malformed(arguments, arguments.span("target_shape"), "not a tuple", "write e.g. `Reshape((4, 2))`");
        return None;
    }
    let elements = arguments.elements("target_shape");
    let target: Vec<_> = elements.iter().map(|element| entry(&element.value)).collect();
    if let Some(place) = target.iter().position(Option::is_none) {
        if !matches!(elements[place].value, Value::Failed) {
            let help = "entries are sizes from 1, -1 for what is left over, or `None`";
            malformed(arguments, elements[place].span, "not a size", help);
        }
        return None;
    }
    let target: Vec<Entry> = target.into_iter().flatten().collect();
    if target.iter().filter(|entry| !matches!(entry, Entry::Size(_))).count() > 1 {
        malformed(arguments, arguments.span("target_shape"), "two open entries", "only one entry can be worked out");
        return None;
    }
    Some(Box::new(Reshape { target, span }))
}

fn entry(value: &Value) -> Option<Entry> {
    match value {
        Value::None => Some(Entry::Free),
        Value::Integer(-1) => Some(Entry::Rest),
        Value::Integer(size) => {
            u64::try_from(*size).ok().filter(|&size| (1..=Dimension::MAX).contains(&size)).map(Entry::Size)
        }
        _ => None,
    }
}

fn malformed(arguments: &mut Arguments<'_>, span: Span, at: &str, help: &str) {
    arguments.report(Diagnostic::new(Code::E212, span, "the target of `Reshape` is no shape").at(at).help(help));
}

/// An array's values, in order, under a shape of the same size.
pub(crate) fn reshaped<R: Real>(array: ArrayViewD<'_, R>, shape: &[usize]) -> ArrayD<R> {
    let values = array.as_standard_layout().into_owned();
    values.into_shape_with_order(IxDyn(shape)).unwrap_or_else(|_| unreachable!("the sizes are checked to be equal"))
}

impl Reshape {
    /// The sizes of the target's fixed entries, multiplied.
    fn fixed(&self) -> u64 {
        let sizes = self.target.iter().map(|entry| match entry {
            Entry::Size(size) => *size,
            Entry::Rest | Entry::Free => 1,
        });
        sizes.fold(1, u64::saturating_mul)
    }

    fn is_open(&self) -> bool {
        self.target.iter().any(|entry| !matches!(entry, Entry::Size(_)))
    }

    /// The size of the open entry for samples of this size.
    fn rest(&self, size: u64) -> Option<u64> {
        let fits = if self.is_open() { size.is_multiple_of(self.fixed()) } else { size == self.fixed() };
        fits.then(|| size / self.fixed())
    }

    fn refusal(&self, shape: &Shape) -> Mismatch {
        let target = Shape(
            self.target
                .iter()
                .map(|entry| match entry {
                    Entry::Size(size) => Dimension::Known(*size),
                    Entry::Rest | Entry::Free => Dimension::Free,
                })
                .collect(),
        )
        .to_string()
        .replace("None", "?");
        let sample = Shape(shape.sample().to_vec());
        let title = format!("`Reshape` can't make `{target}` of a sample `{sample}`");
        let size = size_of(shape).unwrap_or(0);
        let at = if self.is_open() {
            format!("{size} values can't be divided by {}", self.fixed())
        } else {
            format!("{size} values are not {}", self.fixed())
        };
        Mismatch::new(Code::E211, title, at).within(self.span)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let size: usize = input.shape()[1..].iter().product();
        let rest = self.rest(size as u64).unwrap_or(0);
        let sizes = self.target.iter().map(|entry| match entry {
            Entry::Size(size) => *size,
            Entry::Rest | Entry::Free => rest,
        });
        let sizes = sizes.map(|size| usize::try_from(size).unwrap_or(0));
        let shape: Vec<usize> = std::iter::once(input.shape()[0]).chain(sizes).collect();
        vec![reshaped(input.view(), &shape)]
    }
}

/// The number of values of a sample, where all its axes are known.
fn size_of(shape: &Shape) -> Option<u64> {
    shape.sample().iter().try_fold(1_u64, |size, axis| axis.known().map(|axis| size.saturating_mul(axis)))
}

impl Layer for Reshape {
    fn declaration(&self) -> &'static Declaration {
        &RESHAPE
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let shape = Check::single(RESHAPE.class, inputs)?.shape;
        let rest = match size_of(shape) {
            Some(size) => Some(self.rest(size).ok_or_else(|| self.refusal(shape))?),
            None => None,
        };
        let sizes = self.target.iter().map(|entry| match entry {
            Entry::Size(size) => Dimension::Known(*size),
            Entry::Rest => rest.map_or(Dimension::Free, Dimension::Known),
            Entry::Free => Dimension::Free,
        });
        Ok(vec![Shape(std::iter::once(shape.batch()).chain(sizes).collect())])
    }

    passes_numbers_on!();

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let Some(shape) = inputs.first().filter(|shape| shape.rank() > 2) else { return Streaming::PerFrame };
        let frame =
            shape.0[2..].iter().try_fold(1_u64, |size, axis| axis.known().map(|axis| size.saturating_mul(axis)));
        let new_frame = self.target.get(1..).unwrap_or(&[]).iter().try_fold(1_u64, |size, entry| match entry {
            Entry::Size(axis) => Some(size.saturating_mul(*axis)),
            Entry::Rest | Entry::Free => None,
        });
        let same_time = match (self.target.first(), shape.0[1]) {
            (Some(Entry::Size(size)), Dimension::Known(timesteps)) => *size == timesteps,
            _ => true,
        };
        let open_frame = new_frame.is_none() && matches!(self.target.first(), Some(Entry::Size(_)));
        if same_time && frame.is_some() && (new_frame == frame || (open_frame && shape.0[1].known().is_some())) {
            Streaming::PerFrame
        } else {
            Streaming::Impossible("mixes values of several timesteps".to_owned())
        }
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        Ok(Vec::new())
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, shape};

    fn layer(target: &[Entry]) -> Reshape {
        Reshape { target: target.to_vec(), span: None }
    }

    fn output(target: &[Entry], input: &[Option<u64>]) -> String {
        layer(target).output_shapes(&[shape(input)]).map_or_else(|mismatch| mismatch.at, |shapes| shapes[0].to_string())
    }

    #[test]
    fn open_entries_are_worked_out_where_the_input_is_known() {
        use Entry::{Free, Rest, Size};
        assert_eq!(output(&[Size(2), Rest], &[None, Some(6)]), "(None, 2, 3)");
        assert_eq!(output(&[Size(2), Free], &[None, Some(6)]), "(None, 2, None)");
        assert_eq!(output(&[Rest, Size(2)], &[None, None, Some(4)]), "(None, None, 2)");
        assert_eq!(output(&[Size(6), Size(2)], &[None, None, Some(4)]), "(None, 6, 2)");
        assert_eq!(output(&[], &[None, Some(1)]), "(None,)");
        assert_eq!(output(&[Size(1), Size(1)], &[None]), "(None, 1, 1)");
    }

    #[test]
    fn sizes_must_come_out() {
        use Entry::{Free, Rest, Size};
        assert_eq!(output(&[Size(4)], &[None, Some(6)]), "6 values are not 4");
        assert_eq!(output(&[Size(4), Rest], &[None, Some(6)]), "6 values can't be divided by 4");
        assert_eq!(output(&[Size(4), Free], &[None, Some(6)]), "6 values can't be divided by 4");
    }

    #[test]
    fn values_keep_their_order() {
        let inputs = [array(&[1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
        let values = layer(&[Entry::Size(3), Entry::Rest]).evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn a_stream_needs_the_time_axis_to_stay() {
        let streaming = |target: &[Entry], input: &[Option<u64>]| layer(target).streaming(&[shape(input)]);
        let sequence = [None, Some(5), Some(4)];
        assert_eq!(streaming(&[Entry::Size(5), Entry::Size(2), Entry::Size(2)], &sequence), Streaming::PerFrame);
        assert_eq!(streaming(&[Entry::Rest, Entry::Size(2), Entry::Size(2)], &sequence), Streaming::PerFrame);
        assert_eq!(streaming(&[Entry::Size(5), Entry::Rest], &sequence), Streaming::PerFrame);
        assert!(matches!(streaming(&[Entry::Size(10), Entry::Size(2)], &sequence), Streaming::Impossible(_)));
        assert!(matches!(streaming(&[Entry::Rest, Entry::Size(2)], &sequence), Streaming::Impossible(_)));
    }

    #[test]
    fn targets_that_are_no_shape_are_refused() {
        for wrong in ["5", "(2, -2)", "(0, 2)", "(2.0, 3)", "(True, 6)", "(-1, -1)", "(None, -1)", "'ab'"] {
            assert_eq!(codes(&format!("Input((6,)), Reshape({wrong})")), [Code::E212], "{wrong}");
        }
        assert_eq!(codes("Input((6,)), Reshape([2, 3])"), []);
    }
}
