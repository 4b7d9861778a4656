//! `GroupNormalization`: features in groups, each normalized over its features and all other axes of the sample.
//!
//! Wu & He 2018, arXiv:1803.08494. <https://keras.io/api/layers/normalization_layers/group_normalization/>
//!
//! (x - mean) / √(variance + epsilon) · gamma + beta, gamma and beta one each a feature. Difference to Keras: the batch axis
//! is refused as the axis.

use ndarray::{Array, ArrayD, IxDyn};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::axes::shape_of;
use crate::layers::checks::Check;
use crate::passes_masks;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::Shape;

/// `GroupNormalization`.
pub(crate) const GROUP_NORMALIZATION: Declaration = Declaration {
    class: "GroupNormalization",
    aliases: &[],
    base_name: "group_normalization",
    summary: "Normalizes groups of features over each sample.",
    details: "`(x - mean) / sqrt(variance + epsilon) · gamma + beta`; mean and variance are those of a group of the features on \
              `axis`, over all other axes of the sample too.\n\n\
              Weights: `gamma` (features), `beta` (features).",
    arguments: &[
        Argument::optional(
            "groups",
            Kind::Integer,
            "32",
            "How many groups the features make; -1: each feature is its own (instance normalization).",
        ),
        Argument::optional("axis", Kind::Axis { many: false }, "-1", "The axis of the features; 0 is the batch."),
        Argument::optional("epsilon", Kind::Float { minimum: 0.0, optional: false }, "0.001", "Added to the variance."),
        Argument::optional("center", Kind::Boolean, "True", "Whether `beta` is added."),
        Argument::optional("scale", Kind::Boolean, "True", "Whether it is multiplied by `gamma`."),
        Argument::training("beta_initializer", Kind::Initializer, "\"zeros\""),
        Argument::training("gamma_initializer", Kind::Initializer, "\"ones\""),
        Argument::training("beta_regularizer", Kind::Regularizer, "None"),
        Argument::training("gamma_regularizer", Kind::Regularizer, "None"),
        Argument::training("beta_constraint", Kind::Constraint, "None"),
        Argument::training("gamma_constraint", Kind::Constraint, "None"),
    ],
    takes_common: true,
    build,
};

/// A `GroupNormalization` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct GroupNormalization {
    /// How many groups; `None`: as many as features.
    groups: Option<u64>,
    groups_span: Option<Span>,
    axis: i128,
    span: Option<Span>,
    epsilon: f64,
    center: bool,
    scale: bool,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let groups = arguments.integer("groups")?;
    let count = u64::try_from(groups).ok().filter(|&groups| groups > 0);
    if count.is_none() && groups != -1 {
        let title = format!("`groups` of `GroupNormalization` is {groups}");
        let diagnostic = Diagnostic::new(Code::E116, arguments.span("groups"), title).at("positive, or -1");
        arguments.report(diagnostic.help("-1 makes every feature a group of its own"));
        return None;
    }
    Some(Box::new(GroupNormalization {
        groups: count,
        groups_span: arguments.get("groups").span,
        axis: arguments.integer("axis")?,
        span: arguments.get("axis").span,
        epsilon: arguments.float("epsilon")?,
        center: arguments.boolean("center"),
        scale: arguments.boolean("scale"),
    }))
}

impl GroupNormalization {
    /// The place of the features' axis.
    fn place(&self, shape: &Shape) -> Result<usize, Mismatch> {
        Check { class: GROUP_NORMALIZATION.class, shape }.axis(self.axis, self.span)
    }

    /// How many groups so many features make.
    fn count(&self, features: usize) -> usize {
        self.groups.and_then(|groups| usize::try_from(groups).ok()).unwrap_or(features).max(1)
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let place = self.place(&shape_of(input)).unwrap_or(1);
        let features = input.shape()[place];
        let others = (1..input.ndim()).filter(|axis| *axis != place);
        let order: Vec<usize> = [0, place].into_iter().chain(others).collect();
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, &from)| back[from] = to);
        let moved = input.view().permuted_axes(IxDyn(&order));
        let each = moved.shape()[2..].iter().product::<usize>();
        let width = features / self.count(features);
        let mut weights = call.weights.iter();
        let gamma = if self.scale { weights.next() } else { None };
        let beta = if self.center { weights.next() } else { None };
        let values: Vec<R> = moved.iter().copied().collect();
        let groups = values.chunks((width * each).max(1)).enumerate();
        let normal = groups.flat_map(|(index, group)| {
            let first = index * width % features.max(1);
            let [mean, inverse] = standard(group, R::of(self.epsilon));
            let value = move |(place, &x): (usize, &R)| {
                let feature = first + place / each.max(1);
                let gamma = gamma.map_or(R::one(), |gamma| gamma[[feature]]);
                let beta = beta.map_or(R::zero(), |beta| beta[[feature]]);
                // Keras puts the mean into the summand, which loses more where groups are one value: there beta is left exactly.
                (x - mean) * (inverse * gamma) + beta
            };
            group.iter().enumerate().map(value).collect::<Vec<R>>()
        });
        let normal = Array::from_shape_vec(moved.raw_dim(), normal.collect())
            .unwrap_or_else(|_| unreachable!("every value becomes one"));
        vec![normal.permuted_axes(IxDyn(&back)).as_standard_layout().into_owned()]
    }
}

/// The mean of a group, and 1/√(variance + epsilon).
fn standard<R: Real>(group: &[R], epsilon: R) -> [R; 2] {
    #[allow(clippy::cast_precision_loss)]
    let n = R::of(group.len() as f64);
    let mean = group.iter().fold(R::zero(), |sum, &x| sum + x) / n;
    let variance = group.iter().fold(R::zero(), |sum, &x| sum + (x - mean) * (x - mean)) / n;
    [mean, R::one() / (variance + epsilon).sqrt()]
}

impl Layer for GroupNormalization {
    fn declaration(&self) -> &'static Declaration {
        &GROUP_NORMALIZATION
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let check = Check::single(GROUP_NORMALIZATION.class, inputs)?;
        let features = check.known_axis(self.place(check.shape)?)?;
        match self.groups {
            Some(groups) if features % groups != 0 || features < groups => {
                let title = format!(
                    "`GroupNormalization` makes {groups} groups of the {features} features of `{}`",
                    check.shape
                );
                let at = format!("{features} is no multiple of {groups}");
                Err(Mismatch::new(Code::E227, title, at)
                    .within(self.groups_span)
                    .help("give `groups` a number that divides the features, or -1: each feature a group"))
            }
            _ => Ok(vec![check.shape.clone()]),
        }
    }

    fn needs_floats(&self) -> bool {
        true
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let Some(shape) = inputs.first() else { return Vec::new() };
        let size = self.place(shape).ok().and_then(|place| shape.0[place].known()).unwrap_or(0);
        let names = [("gamma", self.scale), ("beta", self.center)];
        names.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| WeightSpec::new(*name, &[size])).collect()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        if inputs.first().is_some_and(|shape| shape.rank() > 2) {
            return Streaming::Impossible("normalizes over the timesteps".to_owned());
        }
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        let place = self.place(shape).unwrap_or(1) - 1;
        let (axes, elements) = (lowering.sample(), lowering.elements_from(0)?);
        let features = fixed(axes[place])?;
        let order: Vec<usize> = std::iter::once(place).chain((0..axes.len()).filter(|axis| *axis != place)).collect();
        let moved: Vec<_> = order.iter().map(|&axis| axes[axis]).collect();
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, &from)| back[from] = to);
        let mut operations = kernels::permute(axes, &order)?;
        let width = elements / self.count(features);
        operations.push(kernels::normalization::of_rows("standardize", width, self.epsilon));
        if self.scale || self.center {
            let tensors = [self.scale.then_some(0), self.center.then_some(usize::from(self.scale)), None, None];
            operations.push(kernels::affine(features, elements / features.max(1), tensors, 0.0));
        }
        operations.extend(kernels::permute(&moved, &back)?);
        Ok(operations)
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes, params, shape};

    fn layer(groups: Option<u64>, axis: i128) -> GroupNormalization {
        GroupNormalization { groups, groups_span: None, axis, span: None, epsilon: 0.5, center: true, scale: true }
    }

    #[test]
    fn two_groups_by_hand() {
        let inputs = [array(&[1, 1, 4], &[1.0, 3.0, 10.0, 10.0])];
        let weights = [array(&[4], &[2.0, 4.0, 1.0, 1.0]), array(&[4], &[0.25, 0.5, 7.0, 8.0])];
        let call = Call { inputs: &inputs, weights: &weights };
        let inverse = 1.0 / 1.5_f64.sqrt();
        let expected = [0.25 - 2.0 * inverse, 0.5 + 4.0 * inverse, 7.0, 8.0];
        assert_near(&layer(Some(2), -1).evaluate(&call)[0], &[1, 1, 4], &expected);
    }

    #[test]
    fn groups_reach_over_the_other_axes() {
        // Features lie on axis 1; each is a group of its own over axis 2.
        let inputs = [array(&[1, 2, 2], &[1.0, 3.0, 5.0, 5.0])];
        let weights = [array(&[2], &[1.0, 1.0]), array(&[2], &[0.0, 2.0])];
        let call = Call { inputs: &inputs, weights: &weights };
        let inverse = 1.0 / 1.5_f64.sqrt();
        assert_near(&layer(None, 1).evaluate(&call)[0], &[1, 2, 2], &[-inverse, inverse, 2.0, 2.0]);
    }

    #[test]
    fn counts_and_refusals() {
        assert_eq!(params(&layer(Some(2), -1), &shape(&[None, Some(3), Some(4)])), 8);
        assert_eq!(codes("Input((4, 6)), GroupNormalization(3)"), []);
        assert_eq!(codes("Input((4, 6)), GroupNormalization(-1, axis=1)"), []);
        assert_eq!(codes("Input((4, 6)), GroupNormalization()"), [Code::E227]);
        assert_eq!(codes("Input((4, 6)), GroupNormalization(4)"), [Code::E227]);
        assert_eq!(codes("Input((4, 6)), GroupNormalization(0)"), [Code::E116]);
        assert_eq!(codes("Input((4, 6)), GroupNormalization(2, axis=0)"), [Code::E209]);
        assert_eq!(codes("Input((None, 6)), GroupNormalization(2, axis=1)"), [Code::E206]);
    }
}
