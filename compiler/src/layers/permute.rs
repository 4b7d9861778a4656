//! `Permute`: the axes of a sample in another order, counted from 1.
//!
//! <https://keras.io/api/layers/reshaping_layers/permute/>. No difference to Keras.

use ndarray::{ArrayD, IxDyn};
use rnn_grammar::{Code, Diagnostic};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::passes_numbers_on;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;
use crate::value::Value;

/// `Permute`.
pub(crate) const PERMUTE: Declaration = Declaration {
    class: "Permute",
    aliases: &[],
    base_name: "permute",
    summary: "Puts the axes of a sample into another order.",
    details: "Axis k of the output's sample is axis `dims[k - 1]` of the input's, counted from 1.",
    arguments: &[Argument::required("dims", Kind::Shape { free: false }, "The axes 1, 2, … in their new order.")],
    takes_common: true,
    build,
};

/// A `Permute` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Permute {
    /// The sample's axes, counted from 1, in their new order.
    pub(crate) dims: Vec<usize>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    if matches!(arguments.get("dims").value, Value::Failed) {
        return None;
    }
    let given = arguments.integers("dims");
    let mut sorted = given.clone();
    sorted.sort_unstable();
    let is_permutation = sorted.iter().zip(1..).all(|(&axis, place)| axis == place);
    if !is_permutation || given.len() != arguments.elements("dims").len() {
        let diagnostic = Diagnostic::new(
            Code::E213,
            arguments.span("dims"),
            format!("`dims` of `Permute` must hold each of 1 to {} once", arguments.elements("dims").len()),
        );
        arguments.report(diagnostic.at("no permutation").help("axes count from 1; the batch stays where it is"));
        return None;
    }
    Some(Box::new(Permute { dims: given.iter().filter_map(|&axis| usize::try_from(axis).ok()).collect() }))
}

impl Permute {
    fn order(&self) -> Vec<usize> {
        std::iter::once(0).chain(self.dims.iter().copied()).collect()
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let moved = call.inputs[0].view().permuted_axes(IxDyn(&self.order()));
        vec![moved.as_standard_layout().into_owned()]
    }
}

impl Layer for Permute {
    fn declaration(&self) -> &'static Declaration {
        &PERMUTE
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let form = std::iter::once("batch".to_owned()).chain(self.dims.iter().map(|_| "…".to_owned()));
        let form = format!("({})", form.collect::<Vec<_>>().join(", "));
        let help = "name every axis of the sample in `dims`, counted from 1";
        let check = Check::single(PERMUTE.class, inputs)?.exactly(self.dims.len() + 1, &form, help)?;
        Ok(vec![Shape(self.order().into_iter().map(|axis| check.shape.0[axis]).collect())])
    }

    passes_numbers_on!();

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        if self.dims.first().is_some_and(|&first| first != 1) {
            return Streaming::Impossible("moves the time axis".to_owned());
        }
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let order: Vec<usize> = self.dims.iter().map(|axis| axis - 1).collect();
        kernels::permute(lowering.sample(), &order)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, shape};

    #[test]
    fn axes_change_places() {
        let layer = Permute { dims: vec![2, 1] };
        let inputs = [array(&[1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
        let values = layer.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 3, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(layer.output_shapes(&[shape(&[None, None, Some(4)])]).unwrap()[0].to_string(), "(None, 4, None)");
        assert!(layer.output_shapes(&[shape(&[None, Some(4)])]).is_err());
        assert!(matches!(layer.streaming(&[]), Streaming::Impossible(_)));
    }

    #[test]
    fn every_axis_is_named_once_from_1() {
        for wrong in ["(0, 1)", "(2,)", "(1, 1)", "(1, 3)"] {
            assert_eq!(codes(&format!("Input((3, 4)), Permute({wrong})")), [Code::E213], "{wrong}");
        }
        assert_eq!(codes("Input((3, 4)), Permute([2, 1])"), []);
    }
}
