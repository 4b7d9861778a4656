//! `LayerNormalization`: (x - mean) / √(variance + epsilon) · gamma + beta over the named axes of each sample.
//!
//! Ba et al. 2016, arXiv:1607.06450. <https://keras.io/api/layers/normalization_layers/layer_normalization/>
//!
//! The variance is the biased one, epsilon stands inside the root, and the weights have the sizes of the axes sorted
//! as they were written (so `[1, -1]` puts the last axis first), as in Keras. Differences to Keras: the batch axis, an
//! axis named twice and an empty list are refused. `rms_scaling=True`, which Keras calls deprecated, leaves out the mean and
//! beta: x / √(variance + epsilon) · gamma.

use ndarray::ArrayD;
use rnn_grammar::Span;

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::axes::{map_groups, mixes_time, shape_of};
use crate::layers::checks::Check;
use crate::passes_masks;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

/// `LayerNormalization`.
pub(crate) const LAYER_NORMALIZATION: Declaration = Declaration {
    class: "LayerNormalization",
    aliases: &[],
    base_name: "layer_normalization",
    summary: "Normalizes each sample over some of its axes.",
    details: "`(x - mean) / sqrt(variance + epsilon) · gamma + beta`, mean and variance over `axis`.\n\n\
              Weights: `gamma` and `beta`, of the sizes of the axes.",
    arguments: &[
        Argument::optional("axis", Kind::Axis { many: true }, "-1", "The axis or axes to normalize; 0 is the batch."),
        Argument::optional("epsilon", Kind::Float { minimum: 0.0, optional: false }, "0.001", "Added to the variance."),
        Argument::optional("center", Kind::Boolean, "True", "Whether `beta` is added."),
        Argument::optional("scale", Kind::Boolean, "True", "Whether it is multiplied by `gamma`."),
        Argument::training("beta_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("gamma_initializer", Kind::Initializer, "\"ones\""),
        Argument::training("beta_regularizer", Kind::Regularizer, "None"),
        Argument::training("gamma_regularizer", Kind::Regularizer, "None"),
        Argument::training("beta_constraint", Kind::Constraint, "None"),
        Argument::training("gamma_constraint", Kind::Constraint, "None"),
        Argument::optional(
            "rms_scaling",
            Kind::Boolean,
            "False",
            "Whether mean and `beta` are left out; Keras calls it deprecated, see `RMSNormalization`.",
        ),
    ],
    takes_common: true,
    build,
};

/// A `LayerNormalization` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct LayerNormalization {
    /// Axes as written, sorted: the order of the weights' sizes.
    pub(crate) axes: Vec<i128>,
    pub(crate) span: Option<Span>,
    pub(crate) epsilon: f64,
    pub(crate) center: bool,
    pub(crate) scale: bool,
    /// Whether the mean stays in.
    pub(crate) keeps_mean: bool,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let mut axes = arguments.integers("axis");
    axes.sort_unstable();
    let keeps_mean = arguments.boolean("rms_scaling");
    Some(Box::new(LayerNormalization {
        axes,
        span: arguments.get("axis").span,
        epsilon: arguments.float("epsilon")?,
        center: arguments.boolean("center") && !keeps_mean,
        scale: arguments.boolean("scale") || keeps_mean,
        keeps_mean,
    }))
}

impl LayerNormalization {
    /// Places of the axes, in the order of the weights' sizes.
    pub(crate) fn places(&self, shape: &Shape) -> Result<Vec<usize>, Mismatch> {
        Check { class: LAYER_NORMALIZATION.class, shape }.axes(&self.axes, self.span)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let mut places = self.places(&shape_of(input)).unwrap_or_default();
        places.sort_unstable();
        let mut weights = call.weights.iter().map(|weight| weight.iter().copied().collect::<Vec<R>>());
        let gamma = if self.scale { weights.next() } else { None };
        let beta = if self.center { weights.next() } else { None };
        vec![map_groups(input, &places, |group| {
            normalize(&group, R::of(self.epsilon), self.keeps_mean, [gamma.as_deref(), beta.as_deref()])
        })]
    }
}

/// Keras's order of operations: x·inv + (beta - mean·inv) with inv = gamma / √(variance + epsilon).
fn normalize<R: Real>(group: &[R], epsilon: R, keeps_mean: bool, [gamma, beta]: [Option<&[R]>; 2]) -> Vec<R> {
    #[allow(clippy::cast_precision_loss)]
    let n = R::of(group.len() as f64);
    let mean = group.iter().fold(R::zero(), |sum, &x| sum + x) / n;
    let variance = group.iter().fold(R::zero(), |sum, &x| sum + (x - mean) * (x - mean)) / n;
    let inverse = R::one() / (variance + epsilon).sqrt();
    let mean = if keeps_mean { R::zero() } else { mean };
    let value = |(place, &x): (usize, &R)| {
        let inverse = gamma.map_or(inverse, |gamma| inverse * gamma[place]);
        let rest = beta.map_or(-mean * inverse, |beta| -mean * inverse + beta[place]);
        x * inverse + rest
    };
    group.iter().enumerate().map(value).collect()
}

impl Layer for LayerNormalization {
    fn declaration(&self) -> &'static Declaration {
        &LAYER_NORMALIZATION
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(LAYER_NORMALIZATION.class, inputs)?;
        let places = self.places(check.shape)?;
        if self.center || self.scale {
            places.into_iter().try_for_each(|axis| check.known_axis(axis).map(drop))?;
        }
        Ok(vec![check.shape.clone()])
    }

    fn needs_floats(&self) -> bool {
        true
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let Some(shape) = inputs.first() else { return Vec::new() };
        let places = self.places(shape).unwrap_or_default();
        let sizes: Vec<u64> = places.iter().filter_map(|&axis| shape.0[axis].known()).collect();
        let names = [("gamma", self.scale), ("beta", self.center)];
        names.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| WeightSpec::new(*name, &sizes)).collect()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        mixes_time(inputs, |shape| self.places(shape), "normalizes over the timesteps")
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let mut places: Vec<usize> = self.places(shape).unwrap_or_default().iter().map(|place| place - 1).collect();
        places.sort_unstable();
        let gamma = self.scale.then_some(0);
        let beta = self.center.then_some(usize::from(self.scale));
        kernels::over_axes(lowering.sample(), &places, |width| {
            if self.keeps_mean {
                let tensors = [gamma, None, None, None];
                let divided = kernels::normalization::of_rows("by_deviation", width, self.epsilon);
                return vec![divided, kernels::affine(width, 1, tensors, 0.0)];
            }
            vec![kernels::layer_norm(width, self.epsilon, gamma, beta)]
        })
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, params, shape};

    fn layer(axes: &[i128]) -> LayerNormalization {
        LayerNormalization {
            axes: axes.to_vec(),
            span: None,
            epsilon: 0.5,
            center: true,
            scale: true,
            keeps_mean: false,
        }
    }

    #[test]
    fn the_last_axis_by_hand() {
        let inputs = [array(&[1, 1, 2], &[1.0, 3.0])];
        let weights = [array(&[2], &[2.0, 4.0]), array(&[2], &[0.25, 0.5])];
        let values = layer(&[-1]).evaluate(&Call { inputs: &inputs, weights: &weights });
        let inverse = 1.0 / 1.5_f64.sqrt();
        assert_near(&values[0], &[1, 1, 2], &[0.25 - 2.0 * inverse, 0.5 + 4.0 * inverse]);
        let only_beta = LayerNormalization { scale: false, ..layer(&[-1]) };
        let values = only_beta.evaluate(&Call { inputs: &inputs, weights: &weights[1..] });
        assert_near(&values[0], &[1, 1, 2], &[0.25 - inverse, 0.5 + inverse]);
    }

    #[test]
    fn the_mean_may_stay() {
        let inputs = [array(&[1, 2], &[1.0, 3.0])];
        let weights = [array(&[2], &[2.0, 4.0])];
        let layer = LayerNormalization { center: false, keeps_mean: true, ..layer(&[-1]) };
        let inverse = 1.0 / 1.5_f64.sqrt();
        let values = layer.evaluate(&Call { inputs: &inputs, weights: &weights });
        assert_near(&values[0], &[1, 2], &[2.0 * inverse, 12.0 * inverse]);
    }

    #[test]
    fn weights_have_the_sizes_of_the_axes_as_they_are_sorted() {
        let input = shape(&[None, Some(3), Some(4)]);
        assert_eq!(layer(&[-2, -1]).weights(std::slice::from_ref(&input))[0].shape, [3, 4]);
        assert_eq!(layer(&[-1, 1]).weights(std::slice::from_ref(&input))[1].shape, [4, 3]);
        assert_eq!(params(&layer(&[-1]), &input), 8);
        assert_eq!(params(&LayerNormalization { center: false, scale: false, ..layer(&[1]) }, &input), 0);
    }

    #[test]
    fn what_it_refuses() {
        use rnn_grammar::Code;
        let code = |axes: &[i128]| layer(axes).output_shapes(&[shape(&[None, None, Some(4)])]).map_err(|m| m.code);
        assert_eq!(code(&[0]).unwrap_err(), Code::E209);
        assert_eq!(code(&[1]).unwrap_err(), Code::E206);
        assert_eq!(code(&[3]).unwrap_err(), Code::E208);
        assert_eq!(code(&[]).unwrap_err(), Code::E210);
        assert!(code(&[-1]).is_ok());
    }
}
