//! `RMSNormalization`: x / √(mean of x² + epsilon) · scale over the named axes of each sample.
//!
//! Zhang & Sennrich 2019, arXiv:1910.07467. <https://keras.io/api/layers/normalization_layers/rms_normalization/>
//!
//! `scale` has the sizes of the axes sorted as they were written, and Keras multiplies it along the *last* axes, whichever
//! axes these are. Differences to Keras: where the sizes don't meet there it is refused (Keras fails when the model runs),
//! and so are the batch axis and an axis named twice.

use ndarray::ArrayD;
use rnn_grammar::{Code, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::axes::{map_groups, mixes_time, shape_of};
use crate::layers::checks::Check;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `RMSNormalization`.
pub(crate) const RMS_NORMALIZATION: Declaration = Declaration {
    class: "RMSNormalization",
    aliases: &[],
    base_name: "rms_normalization",
    summary: "Divides each sample by the root of its mean square over some of its axes.",
    details: "`x / sqrt(mean(x²) + epsilon) · scale`, the mean over `axis`.\n\n\
              Weights: `scale`, of the sizes of the axes.",
    arguments: &[
        Argument::optional("axis", Kind::Axis { many: true }, "-1", "The axis or axes to normalize; 0 is the batch."),
        Argument::optional(
            "epsilon",
            Kind::Float { minimum: 0.0, optional: false },
            "1e-06",
            "Added to the mean square.",
        ),
    ],
    takes_common: true,
    build,
};

/// An `RMSNormalization` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct RmsNormalization {
    /// Axes as written, sorted: the order of the weight's sizes.
    axes: Vec<i128>,
    span: Option<Span>,
    epsilon: f64,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let mut axes = arguments.integers("axis");
    axes.sort_unstable();
    Some(Box::new(RmsNormalization { axes, span: arguments.get("axis").span, epsilon: arguments.float("epsilon")? }))
}

impl RmsNormalization {
    /// Places of the axes, in the order of the weight's sizes.
    fn places(&self, shape: &Shape) -> Result<Vec<usize>, Mismatch> {
        Check { class: RMS_NORMALIZATION.class, shape }.axes(&self.axes, self.span)
    }

    /// The sizes of `scale`.
    fn sizes(&self, shape: &Shape) -> Vec<Dimension> {
        self.places(shape).unwrap_or_default().iter().map(|&axis| shape.0[axis]).collect()
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let mut places = self.places(&shape_of(input)).unwrap_or_default();
        places.sort_unstable();
        let normal = map_groups(input, &places, |group| {
            #[allow(clippy::cast_precision_loss)]
            let n = R::of(group.len() as f64);
            let square = group.iter().fold(R::zero(), |sum, &x| sum + x * x) / n;
            let inverse = R::one() / (square + R::of(self.epsilon)).sqrt();
            group.into_iter().map(|x| x * inverse).collect()
        });
        vec![normal * &call.weights[0]]
    }
}

impl Layer for RmsNormalization {
    fn declaration(&self) -> &'static Declaration {
        &RMS_NORMALIZATION
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(RMS_NORMALIZATION.class, inputs)?;
        let places = self.places(check.shape)?;
        places.iter().try_for_each(|&axis| check.known_axis(axis).map(drop))?;
        let sizes = self.sizes(check.shape);
        let last = &check.shape.0[check.shape.rank() - sizes.len()..];
        if sizes == last || sizes.iter().all(|&size| size == Dimension::Known(1)) {
            return Ok(vec![check.shape.clone()]);
        }
        let (scale, last) = (Shape(sizes), Shape(last.to_vec()));
        let title = format!("`RMSNormalization` scales the last axes of `{}`, but its axes are others", check.shape);
        Err(Mismatch::new(Code::E228, title, format!("`scale` is `{scale}`, the last axes are `{last}`"))
            .within(self.span)
            .help("name the last axes, or turn them to the end with `Permute` and back"))
    }

    fn needs_floats(&self) -> bool {
        true
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let Some(shape) = inputs.first() else { return Vec::new() };
        let sizes: Vec<u64> = self.sizes(shape).iter().filter_map(|size| size.known()).collect();
        vec![WeightSpec::new("scale", &sizes)]
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        mixes_time(inputs, |shape| self.places(shape), "normalizes over the timesteps")
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let mut places: Vec<usize> = self.places(shape).unwrap_or_default().iter().map(|place| place - 1).collect();
        places.sort_unstable();
        let mut operations = kernels::over_axes(lowering.sample(), &places, |width| {
            vec![kernels::normalization::of_rows("by_root_mean_square", width, self.epsilon)]
        })?;
        let count = self.sizes(shape).iter().try_fold(1, |product, &size| Ok(product * fixed(size)?))?;
        operations.push(kernels::affine(count, 1, [Some(0), None, None, None], 0.0));
        Ok(operations)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, params, shape};

    #[test]
    fn the_last_axis_by_hand() {
        let layer = RmsNormalization { axes: vec![-1], span: None, epsilon: 0.5 };
        let inputs = [array(&[1, 1, 2], &[1.0, 3.0])];
        let weights = [array(&[2], &[2.0, 4.0])];
        let values = layer.evaluate(&Call { inputs: &inputs, weights: &weights });
        let inverse = 1.0 / 5.5_f64.sqrt();
        assert_near(&values[0], &[1, 1, 2], &[2.0 * inverse, 12.0 * inverse]);
        assert_eq!(params(&layer, &shape(&[None, Some(3), Some(4)])), 4);
    }

    #[test]
    fn scale_meets_the_last_axes() {
        assert_eq!(codes("Input((4, 2)), RMSNormalization()"), []);
        assert_eq!(codes("Input((4, 2)), RMSNormalization(axis=[1, 2])"), []);
        assert_eq!(codes("Input((4, 4)), RMSNormalization(axis=1)"), []);
        assert_eq!(codes("Input((4, 2)), RMSNormalization(axis=1)"), [Code::E228]);
        assert_eq!(codes("Input((4, 2)), RMSNormalization(axis=[1, -1])"), [Code::E228]);
        assert_eq!(codes("Input((None, 2)), RMSNormalization(axis=1)"), [Code::E206]);
        assert_eq!(codes("Input((4, 2)), RMSNormalization(axis=0)"), [Code::E209]);
    }
}
