//! `ELU`: x above 0, alpha·(eˣ - 1) up to 0.
//!
//! Clevert et al. 2015, arXiv:1511.07289. <https://keras.io/api/layers/activation_layers/elu/>. No difference to
//! Keras.

use ndarray::ArrayD;
use quote::quote;

use crate::activation::{Activation, Number};
use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::passes_masks;
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::activation;
use crate::reference::real::Real;
use crate::shape::Shape;

/// `ELU`.
pub(crate) const ELU: Declaration = Declaration {
    class: "ELU",
    aliases: &[],
    base_name: "elu",
    summary: "The exponential linear unit.",
    details: "`x` where `x > 0`, else `alpha·(exp(x) - 1)`.",
    arguments: &[Argument::optional(
        "alpha",
        Kind::Float { minimum: f64::NEG_INFINITY, optional: false },
        "1.0",
        "What large negative values go to, negated.",
    )],
    takes_common: true,
    build,
};

/// A `ELU` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Elu {
    pub(crate) alpha: f64,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(Elu { alpha: arguments.float("alpha")? }))
}

impl Elu {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        vec![call.inputs[0].mapv(|x| activation::elu(x, R::of(self.alpha)))]
    }
}

impl Layer for Elu {
    fn declaration(&self) -> &'static Declaration {
        &ELU
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Ok(vec![Check::single(ELU.class, inputs)?.shape.clone()])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn as_function(&self) -> Option<Activation> {
        Some(Activation::EluWith { alpha: Number::of(self.alpha) })
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        let alpha = kernels::bits(self.alpha);
        Ok(vec![kernels::in_place(quote!(activation::EluWith<#alpha>))])
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near};

    #[test]
    fn alpha_scales_the_negative_side() {
        let inputs = [array(&[1, 3], &[-1.0, 0.0, 2.0])];
        let values = Elu { alpha: 0.5 }.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 3], &[0.5 * (-1.0_f64).exp_m1(), 0.0, 2.0]);
    }
}
