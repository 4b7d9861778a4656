//! `SpectralNormalization`: a layer whose kernel training divides by its largest singular value; inference is the layer.
//!
//! Miyato et al. 2018, arXiv:1802.05957. <https://keras.io/api/layers/normalization_layers/spectral_normalization/>. No difference to
//! Keras in inference, which reads the kernel as training left it.

use std::rc::Rc;

use ndarray::ArrayD;
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, LayerInstance, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::time_distributed::prefixed;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;
use crate::value::Value;

/// `SpectralNormalization`.
pub(crate) const SPECTRAL_NORMALIZATION: Declaration = Declaration {
    class: "SpectralNormalization",
    aliases: &[],
    base_name: "spectral_normalization",
    summary: "Runs a layer whose kernel training keeps at a largest singular value of 1.",
    details: "Inference is the layer itself.\n\n\
              Weights: the non-trainable `vector_u` (1, last axis of the kernel), then the layer's own below its name.",
    arguments: &[
        Argument::required("layer", Kind::Layer { optional: false }, "A layer with a `kernel`, or an `Embedding`."),
        Argument::optional("power_iterations", Kind::PositiveInteger, "1", "Training only."),
    ],
    takes_common: true,
    build,
};

/// A `SpectralNormalization` with its layer.
#[derive(Debug)]
pub(crate) struct SpectralNormalization {
    inner: Rc<LayerInstance>,
    span: Option<Span>,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let Value::Layer(inner) = arguments.get("layer").value.clone() else { return None };
    let span = arguments.get("layer").span;
    if inner.layer.model_input().is_some() || inner.layer.takes() != Takes::One {
        let title = format!("`SpectralNormalization` can't wrap `{}`", inner.layer.declaration().class);
        let diagnostic = Diagnostic::new(Code::E225, arguments.span("layer"), title);
        arguments.report(diagnostic.at("has no kernel of its own").help("wrap e.g. a `Dense` or a `Conv1D`"));
        return None;
    }
    Some(Box::new(SpectralNormalization { inner, span }))
}

/// The weight that training normalizes.
fn is_normalized(weight: &WeightSpec) -> bool {
    weight.path == "kernel" || weight.path == "embeddings"
}

impl SpectralNormalization {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let weights = call.weights.get(1..).unwrap_or(&[]);
        R::evaluate(self.inner.layer.as_ref(), &Call { inputs: call.inputs, weights })
    }
}

impl Layer for SpectralNormalization {
    fn declaration(&self) -> &'static Declaration {
        &SPECTRAL_NORMALIZATION
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Check::single(SPECTRAL_NORMALIZATION.class, inputs)?;
        let outputs = self.inner.layer.output_shapes(inputs)?;
        if self.inner.layer.weights(inputs).iter().any(is_normalized) {
            return Ok(outputs);
        }
        let class = self.inner.layer.declaration().class;
        let title = format!("`SpectralNormalization` needs a layer with a kernel, but `{class}` has none");
        Err(Mismatch::new(Code::E225, title, "has no kernel of its own")
            .within(self.span)
            .help("wrap e.g. a `Dense` or a `Conv1D`"))
    }

    fn needs_floats(&self) -> bool {
        true
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let inner = self.inner.layer.weights(inputs);
        let kernel = inner.iter().find(|weight| is_normalized(weight));
        let size = kernel.and_then(|kernel| kernel.shape.last().copied()).unwrap_or(0);
        let mut weights = vec![WeightSpec { trainable: false, ..WeightSpec::new("vector_u", &[1, size]) }];
        weights.extend(prefixed(&self.inner, inputs));
        weights
    }

    fn sublayers(&self) -> Vec<Rc<LayerInstance>> {
        vec![Rc::clone(&self.inner)]
    }

    fn stored_twice(&self) -> usize {
        1
    }

    fn takes_integers(&self) -> bool {
        self.inner.layer.takes_integers()
    }

    fn vocabulary(&self) -> Option<u64> {
        self.inner.layer.vocabulary()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        self.inner.layer.streaming(inputs)
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let mut operations = self.inner.layer.lower(lowering)?;
        operations.iter_mut().for_each(|operation| operation.shift_tensors(1));
        Ok(operations)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{codes, output};

    #[test]
    fn it_is_the_layer_inside() {
        assert_eq!(output("Input((4, 7)), SpectralNormalization(Dense(3))"), "(None, 4, 3)");
        let text = "model = Sequential([Input((4, 7)), SpectralNormalization(Conv1D(3, 2), power_iterations=2)])\n";
        let compiled = crate::compile(&rnn_grammar::Source::new("test.rnn", text.to_owned()));
        let weights: Vec<_> = compiled.models[0].graph.nodes().iter().flat_map(|node| node.weights.clone()).collect();
        let shown: Vec<String> = weights.iter().map(|weight| format!("{} {:?}", weight.path, weight.shape)).collect();
        assert_eq!(shown, ["vector_u [1, 3]", "conv1d/kernel [2, 7, 3]", "conv1d/bias [3]"]);
        assert_eq!(codes("Input((4, 7)), SpectralNormalization(LSTM(3))"), [Code::E225]);
        assert_eq!(codes("Input((4, 7)), SpectralNormalization(Flatten())"), [Code::E225]);
        assert_eq!(codes("Input((4, 7)), SpectralNormalization(Dense(3), power_iterations=0)"), [Code::E116]);
    }
}
