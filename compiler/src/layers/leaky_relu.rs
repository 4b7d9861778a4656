//! `LeakyReLU`: x from 0 on, negative_slope·x below.
//!
//! Maas et al. 2013. <https://keras.io/api/layers/activation_layers/leaky_relu/>. The slope is 0.3 where it is not
//! given, 0.2 in the activation `"leaky_relu"`, as in Keras. Keras 2's `alpha` is taken as Keras 3 takes it; giving
//! both is an error here, where Keras silently drops the new one.

use ndarray::ArrayD;
use quote::quote;
use rnn_grammar::{Code, Diagnostic};

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

/// `LeakyReLU`.
pub(crate) const LEAKY_RELU: Declaration = Declaration {
    class: "LeakyReLU",
    aliases: &[],
    base_name: "leaky_re_lu",
    summary: "The leaky rectifier.",
    details: "`x` where `x >= 0`, else `negative_slope·x`.",
    arguments: &[
        Argument::optional("negative_slope", Kind::Float { minimum: 0.0, optional: false }, "0.3", "Slope below 0."),
        Argument::optional(
            "alpha",
            Kind::Float { minimum: 0.0, optional: true },
            "None",
            "Keras 2's name of `negative_slope`.",
        ),
    ],
    takes_common: true,
    build,
};

/// A `LeakyReLU` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct LeakyRelu {
    pub(crate) negative_slope: f64,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let Some(alpha) = arguments.float("alpha") else {
        return Some(Box::new(LeakyRelu { negative_slope: arguments.float("negative_slope")? }));
    };
    if let Some(given) = arguments.get("negative_slope").span {
        let diagnostic = Diagnostic::new(
            Code::E119,
            arguments.span("alpha"),
            "`alpha` and `negative_slope` of `LeakyReLU` are the same thing",
        );
        let diagnostic = diagnostic.at("its old name").label(given, "its name").help("leave `alpha` out");
        arguments.report(diagnostic);
        return None;
    }
    Some(Box::new(LeakyRelu { negative_slope: alpha }))
}

impl LeakyRelu {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        vec![call.inputs[0].mapv(|x| activation::leaky_relu(x, R::of(self.negative_slope)))]
    }
}

impl Layer for LeakyRelu {
    fn declaration(&self) -> &'static Declaration {
        &LEAKY_RELU
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Ok(vec![Check::single(LEAKY_RELU.class, inputs)?.shape.clone()])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn as_function(&self) -> Option<Activation> {
        Some(Activation::LeakyReluWith { slope: Number::of(self.negative_slope) })
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        let slope = kernels::bits(self.negative_slope);
        Ok(vec![kernels::in_place(quote!(activation::LeakyReluWith<#slope>))])
    }

    passes_masks!();
    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, codes};

    #[test]
    fn the_slope_holds_below_zero() {
        let inputs = [array(&[1, 3], &[-2.0, 0.0, 2.0])];
        let values = LeakyRelu { negative_slope: 0.25 }.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&values[0], &[1, 3], &[-0.5, 0.0, 2.0]);
    }

    #[test]
    fn the_old_name_of_the_slope_is_taken_but_not_beside_the_new_one() {
        assert_eq!(codes("Input((2,)), LeakyReLU(alpha=0.1)"), []);
        assert_eq!(codes("Input((2,)), LeakyReLU(0.2, alpha=0.1)"), [Code::E119]);
        assert_eq!(codes("Input((2,)), LeakyReLU(-1)"), [Code::E116]);
    }
}
