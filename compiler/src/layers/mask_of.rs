//! The layers that compute a mask; no text names them. See [`crate::masks`].

use ndarray::{ArrayD, Axis};

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::plan::kernels::masks;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;

/// A layer that no text can make and no summary shows.
pub(crate) const fn hidden(class: &'static str, summary: &'static str) -> Declaration {
    Declaration::operation(class, "", summary)
}

/// What a layer has that computes nothing and is there for a mask's sake: it reads several tensors and passes the first one on.
macro_rules! passes_first_on {
    () => {
        fn takes(&self) -> $crate::layer::Takes {
            $crate::layer::Takes::List
        }

        fn output_shapes(
            &self,
            inputs: &[$crate::shape::Shape],
        ) -> Result<Vec<$crate::shape::Shape>, $crate::layer::Mismatch> {
            Ok(inputs[..1].to_vec())
        }

        fn weights(&self, _inputs: &[$crate::shape::Shape]) -> Vec<$crate::layer::WeightSpec> {
            Vec::new()
        }

        fn is_operation(&self) -> bool {
            true
        }

        fn is_identity(&self) -> bool {
            true
        }

        fn streaming(&self, _inputs: &[$crate::shape::Shape]) -> $crate::layer::Streaming {
            $crate::layer::Streaming::PerFrame
        }

        fn lower(&self, _lowering: &$crate::plan::lowered::Lowering<'_>) -> $crate::plan::lowered::Lowered {
            Ok(Vec::new())
        }

        fn evaluate_f64(&self, call: &$crate::layer::Call<'_, f64>) -> Vec<ndarray::ArrayD<f64>> {
            call.inputs[..1].to_vec()
        }

        fn evaluate_f32(&self, call: &$crate::layer::Call<'_, f32>) -> Vec<ndarray::ArrayD<f32>> {
            call.inputs[..1].to_vec()
        }
    };
}
pub(crate) use passes_first_on;

/// The class of an identity that a model inside is given a mask by.
pub(crate) const GIVEN: Declaration = hidden("GivenMask", "Gives a tensor a mask.");
/// The class of an identity where a model inside is handed the mask of its tensor.
pub(crate) const HANDED: Declaration = hidden("HandedMask", "Puts a tensor's mask on it.");
const MASK_OF: Declaration = hidden("MaskOf", "Which steps count.");

/// What makes a step count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum MaskOf {
    /// Any feature differs from this value (`Masking`).
    Different(f64),
    /// The id is not 0 (`Embedding`).
    Ids,
    /// Every step does.
    All,
}

impl MaskOf {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let truth = |holds: bool| if holds { R::one() } else { R::zero() };
        vec![match *self {
            Self::Ids => input.mapv(|id| truth(id != R::zero())),
            Self::All => input.map_axis(Axis(input.ndim() - 1), |_| R::one()),
            Self::Different(value) => {
                let value = R::of(value);
                input.map_axis(Axis(input.ndim() - 1), |features| truth(features.iter().any(|&x| x != value)))
            }
        }]
    }
}

impl Layer for MaskOf {
    fn declaration(&self) -> &'static Declaration {
        &MASK_OF
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let mut shape = inputs[0].clone();
        if *self != Self::Ids {
            shape.0.pop();
        }
        Ok(vec![shape])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn is_operation(&self) -> bool {
        true
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        Ok(vec![match *self {
            Self::Ids => masks::of_ids(),
            Self::Different(value) => masks::different(lowering.features()?, value),
            Self::All => masks::all(lowering.features()?),
        }])
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    #[test]
    fn a_step_counts_where_any_feature_differs() {
        let inputs = [array(&[1, 3, 2], &[2.0, 2.0, 2.0, 0.0, f64::NAN, 2.0])];
        let call = Call { inputs: &inputs, weights: &[] };
        assert_near(&MaskOf::Different(2.0).evaluate(&call)[0], &[1, 3], &[0.0, 1.0, 1.0]);
        assert_near(&MaskOf::All.evaluate(&call)[0], &[1, 3], &[1.0; 3]);
        let shapes = MaskOf::Different(2.0).output_shapes(&[shape(&[None, None, Some(2)])]).unwrap();
        assert_eq!(shapes[0].to_string(), "(None, None)");
    }

    #[test]
    fn an_id_counts_unless_it_is_zero() {
        let inputs = [array(&[1, 3], &[0.0, 3.0, 0.5])];
        assert_near(&MaskOf::Ids.evaluate(&Call { inputs: &inputs, weights: &[] })[0], &[1, 3], &[0.0, 1.0, 1.0]);
        assert_eq!(MaskOf::Ids.output_shapes(&[shape(&[None, Some(3)])]).unwrap()[0].to_string(), "(None, 3)");
    }
}
