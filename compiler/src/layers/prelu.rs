//! `PReLU`: max(x, 0) - alpha·max(-x, 0) with a trained slope for every position of a sample.
//!
//! He et al. 2015, arXiv:1502.01852. <https://keras.io/api/layers/activation_layers/prelu/>. Difference to Keras:
//! `shared_axes` counts the batch as 0 there, so that 0 and negative axes silently hit another axis than they name;
//! here they are refused.

use ndarray::ArrayD;
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::passes_masks;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

/// `PReLU`.
pub(crate) const PRELU: Declaration = Declaration {
    class: "PReLU",
    aliases: &[],
    base_name: "p_re_lu",
    summary: "The rectifier with trained slopes below 0.",
    details: "`max(x, 0) - alpha·max(-x, 0)`.\n\n\
              Weights: `alpha`, of the sample's shape, with size 1 on each of `shared_axes`.",
    arguments: &[
        Argument::training("alpha_initializer", Kind::Initializer, "\"Zeros\""),
        Argument::training("alpha_regularizer", Kind::Regularizer, "None"),
        Argument::training("alpha_constraint", Kind::Constraint, "None"),
        Argument::optional("shared_axes", Kind::Any, "None", "Axes, from 1, along which the slopes are the same."),
    ],
    takes_common: true,
    build,
};

/// A `PReLU` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct PRelu {
    pub(crate) shared_axes: Vec<i128>,
    pub(crate) span: Option<Span>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let shared_axes = arguments.integers("shared_axes");
    if shared_axes.len() != arguments.elements("shared_axes").len() {
        let diagnostic = Diagnostic::new(
            Code::E115,
            arguments.span("shared_axes"),
            "`shared_axes` of `PReLU` is an integer or a list of integers",
        );
        arguments.report(diagnostic.at("not an axis or a list of axes").help("write e.g. `shared_axes=[1]`"));
        return None;
    }
    Some(Box::new(PRelu { shared_axes, span: arguments.get("shared_axes").span }))
}

impl PRelu {
    /// The slopes' shape: the sample's, with 1 on the shared axes.
    fn alpha(&self, shape: &Shape) -> Result<Vec<u64>, Mismatch> {
        let check = Check { class: PRELU.class, shape };
        let shared = self.shared(check)?;
        (1..shape.rank()).map(|axis| if shared.contains(&axis) { Ok(1) } else { check.known_axis(axis) }).collect()
    }

    fn shared(&self, check: Check<'_>) -> Result<Vec<usize>, Mismatch> {
        let negative = self.shared_axes.iter().find(|&&axis| axis < 0);
        if let Some(axis) = negative {
            let title = format!("`shared_axes` of `PReLU` counts from 1, so there is no axis {axis}");
            return Err(Mismatch::new(Code::E208, title, "not an axis of the sample").within(self.span));
        }
        self.shared_axes.iter().map(|&axis| check.axis(axis, self.span)).collect()
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let negative = call.inputs[0].mapv(|x| (-x).maximum(R::zero()));
        let positive = call.inputs[0].mapv(|x| x.maximum(R::zero()));
        vec![positive - negative * &call.weights[0]]
    }
}

impl Layer for PRelu {
    fn declaration(&self) -> &'static Declaration {
        &PRELU
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(PRELU.class, inputs)?;
        self.alpha(check.shape).map_err(|mismatch| match mismatch.code {
            Code::E206 => mismatch.help("fix that size, or share the slopes along the axis, e.g. `shared_axes=[1]`"),
            _ => mismatch,
        })?;
        Ok(vec![check.shape.clone()])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let alpha = inputs.first().and_then(|shape| self.alpha(shape).ok()).unwrap_or_default();
        vec![WeightSpec::new("alpha", &alpha)]
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let has_time = inputs.first().is_some_and(|shape| shape.rank() > 2);
        if has_time && !self.shared_axes.contains(&1) {
            return Streaming::Impossible("has slopes of its own for every timestep".to_owned());
        }
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let shared = self.shared(Check { class: PRELU.class, shape }).unwrap_or_default();
        let is_shared: Vec<bool> = (1..shape.rank()).map(|axis| shared.contains(&axis)).collect();
        kernels::prelu(lowering.sample(), &is_shared)
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, params, shape};

    fn layer(shared_axes: &[i128]) -> PRelu {
        PRelu { shared_axes: shared_axes.to_vec(), span: None }
    }

    #[test]
    fn slopes_are_shared_along_the_named_axes() {
        let inputs = [array(&[1, 2, 2], &[-1.0, 2.0, -3.0, -4.0])];
        let weights = [array(&[1, 2], &[0.5, 0.25])];
        let output = layer(&[1]).evaluate(&Call { inputs: &inputs, weights: &weights });
        assert_near(&output[0], &[1, 2, 2], &[-0.5, 2.0, -1.5, -1.0]);
        let input = shape(&[None, Some(3), Some(4)]);
        assert_eq!(params(&layer(&[]), &input), 12);
        assert_eq!(params(&layer(&[1]), &input), 4);
        assert_eq!(params(&layer(&[1, 1, 2]), &input), 1);
    }

    #[test]
    fn a_free_axis_must_be_shared_and_the_batch_is_none() {
        let code = |axes: &[i128]| layer(axes).output_shapes(&[shape(&[None, None, Some(4)])]).map_err(|m| m.code);
        assert_eq!(code(&[]).unwrap_err(), Code::E206);
        assert_eq!(code(&[0]).unwrap_err(), Code::E209);
        assert_eq!(code(&[-1]).unwrap_err(), Code::E208);
        assert!(code(&[1]).is_ok());
    }

    #[test]
    fn shared_axes_are_an_integer_or_several() {
        assert_eq!(codes("Input((None, 4)), PReLU(shared_axes=1)"), []);
        assert_eq!(codes("Input((None, 4)), PReLU(shared_axes='a')"), [Code::E115]);
    }
}
