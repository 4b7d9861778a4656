//! `BatchNormalization` as inference runs it: gamma·(x - moving_mean) / √(moving_variance + epsilon) + beta.
//!
//! Ioffe & Szegedy 2015, arXiv:1502.03167. <https://keras.io/api/layers/normalization_layers/batch_normalization/>
//!
//! Differences to Keras: the batch axis is refused as the axis, also where the batch is fixed;
//! `synchronized=True` is not there yet (Keras itself refuses it on all backends but TensorFlow).

use ndarray::{ArrayD, IxDyn};
use rnn_grammar::Span;

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, ShownMask, Streaming, WeightSpec};
use crate::layers::axes::shape_of;
use crate::layers::checks::Check;
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::Shape;

/// `BatchNormalization`.
pub(crate) const BATCH_NORMALIZATION: Declaration = Declaration {
    class: "BatchNormalization",
    aliases: &[],
    base_name: "batch_normalization",
    summary: "Scales and shifts each feature by the statistics that training gathered.",
    details: "`gamma·(x - moving_mean) / sqrt(moving_variance + epsilon) + beta`, one of each per entry of `axis`.\n\n\
              Weights: `gamma`, `beta`, and the non-trainable `moving_mean`, `moving_variance`; with `renorm` also \
              `moving_stddev`, `renorm_mean`, `renorm_stddev`.",
    arguments: &[
        Argument::optional("axis", Kind::Axis { many: false }, "-1", "The axis of the features; 0 is the batch."),
        Argument::optional("momentum", Kind::Ignored, "0.99", "Training only."),
        Argument::optional("epsilon", Kind::Float { minimum: 0.0, optional: false }, "0.001", "Added to the variance."),
        Argument::optional("center", Kind::Boolean, "True", "Whether `beta` is added."),
        Argument::optional("scale", Kind::Boolean, "True", "Whether it is multiplied by `gamma`."),
        Argument::training("beta_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("gamma_initializer", Kind::Initializer, "\"ones\""),
        Argument::training("moving_mean_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("moving_variance_initializer", Kind::Initializer, "\"ones\""),
        Argument::training("beta_regularizer", Kind::Regularizer, "None"),
        Argument::training("gamma_regularizer", Kind::Regularizer, "None"),
        Argument::training("beta_constraint", Kind::Constraint, "None"),
        Argument::training("gamma_constraint", Kind::Constraint, "None"),
        Argument::optional(
            "renorm",
            Kind::Boolean,
            "False",
            "Whether training keeps three more statistics; no effect here.",
        ),
        Argument::optional("renorm_clipping", Kind::Ignored, "None", "Training only."),
        Argument::optional("renorm_momentum", Kind::Ignored, "0.99", "Training only."),
        Argument::not_yet("synchronized", "False"),
    ],
    takes_common: true,
    build,
};

/// A `BatchNormalization` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct BatchNormalization {
    pub(crate) axis: i128,
    pub(crate) span: Option<Span>,
    pub(crate) epsilon: f64,
    pub(crate) center: bool,
    pub(crate) scale: bool,
    /// Whether there are the statistics of batch renormalization, which only training reads.
    pub(crate) renorm: bool,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(BatchNormalization {
        axis: arguments.integer("axis")?,
        span: arguments.get("axis").span,
        epsilon: arguments.float("epsilon")?,
        center: arguments.boolean("center"),
        scale: arguments.boolean("scale"),
        renorm: arguments.boolean("renorm"),
    }))
}

impl BatchNormalization {
    /// The place of the features' axis.
    pub(crate) fn place(&self, shape: &Shape) -> Result<usize, Mismatch> {
        Check { class: BATCH_NORMALIZATION.class, shape }.axis(self.axis, self.span)
    }

    /// Keras's order of operations: x·inv + (beta - mean·inv) with inv = gamma / √(variance + epsilon).
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let place = self.place(&shape_of(input)).unwrap_or(0);
        let mut shape = vec![1; input.ndim()];
        shape[place] = input.shape()[place];
        let mut weights = call.weights.iter().map(|weight| {
            let spread = weight.view().into_shape_with_order(IxDyn(&shape));
            spread.unwrap_or_else(|_| unreachable!("one value per entry of the axis")).to_owned()
        });
        let gamma = if self.scale { weights.next() } else { None };
        let beta = if self.center { weights.next() } else { None };
        // Further statistics behind these are for training.
        let (Some(mean), Some(variance)) = (weights.next(), weights.next()) else {
            unreachable!("the moving statistics are always there")
        };
        let mut inverse = variance.mapv(|variance| R::one() / (variance + R::of(self.epsilon)).sqrt());
        if let Some(gamma) = gamma {
            inverse = inverse * gamma;
        }
        let mut rest = mean.mapv(|mean| -mean) * &inverse;
        if let Some(beta) = beta {
            rest = rest + beta;
        }
        vec![input * &inverse + rest]
    }
}

impl Layer for BatchNormalization {
    fn declaration(&self) -> &'static Declaration {
        &BATCH_NORMALIZATION
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(BATCH_NORMALIZATION.class, inputs)?;
        check.known_axis(self.place(check.shape)?)?;
        Ok(vec![check.shape.clone()])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let Some(shape) = inputs.first() else { return Vec::new() };
        let size = self.place(shape).ok().and_then(|place| shape.0[place].known()).unwrap_or(0);
        let names = [("gamma", self.scale), ("beta", self.center)];
        let trained = names.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| WeightSpec::new(*name, &[size]));
        let more: &[&str] = if self.renorm { &["moving_stddev", "renorm_mean", "renorm_stddev"] } else { &[] };
        let gathered = ["moving_mean", "moving_variance"].iter().chain(more);
        let gathered = gathered.map(|name| WeightSpec { trainable: false, ..WeightSpec::new(*name, &[size]) });
        trained.chain(gathered).collect()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let is_time = |shape: &Shape| shape.rank() > 2 && self.place(shape).is_ok_and(|place| place == 1);
        if inputs.first().is_some_and(is_time) {
            return Streaming::Impossible("has a scale of its own for every timestep".to_owned());
        }
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let place = self.place(shape).unwrap_or(1);
        let features = fixed(shape.0[place])?;
        let mut indices = 0..;
        let mut next = |is_there: bool| if is_there { indices.next() } else { None };
        let tensors = [next(self.scale), next(self.center), next(true), next(true)];
        Ok(vec![kernels::affine(features, lowering.elements_from(place)?, tensors, self.epsilon)])
    }

    fn takes_mask(&self) -> bool {
        true
    }

    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        call.use_first()?;
        Ok(Masked::with(call.first()))
    }

    /// Only training leaves masked steps out.
    fn with_mask(&self, shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        shapes.check_steps(BATCH_NORMALIZATION.class)?;
        Ok(None)
    }

    fn shown_mask(&self) -> ShownMask {
        ShownMask::First
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, params, shape};

    fn layer(axis: i128) -> BatchNormalization {
        BatchNormalization { axis, span: None, epsilon: 0.25, center: true, scale: true, renorm: false }
    }

    #[test]
    fn each_entry_of_the_axis_has_its_statistics() {
        let inputs = [array(&[1, 2, 1], &[1.0, 3.0])];
        let weights =
            [array(&[2], &[2.0, 1.0]), array(&[2], &[0.5, 0.0]), array(&[2], &[2.0, 1.0]), array(&[2], &[3.75, 0.0])];
        let values = layer(1).evaluate(&Call { inputs: &inputs, weights: &weights });
        assert_near(&values[0], &[1, 2, 1], &[-0.5, 4.0]);
    }

    #[test]
    fn half_of_the_weights_are_not_trainable() {
        let input = shape(&[None, Some(3), Some(4)]);
        let weights = layer(-1).weights(std::slice::from_ref(&input));
        assert_eq!(params(&layer(-1), &input), 16);
        assert_eq!(weights.iter().filter(|weight| weight.trainable).count(), 2);
        assert_eq!(params(&BatchNormalization { center: false, ..layer(1) }, &input), 9);
        assert_eq!(layer(0).output_shapes(&[input]).unwrap_err().code, rnn_grammar::Code::E209);
    }
}
