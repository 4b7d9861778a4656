//! What the layers' tests share.

use std::rc::Rc;

use ndarray::{ArrayD, IxDyn};
use rnn_grammar::{Code, Source, Span};

use crate::layer::{Layer, LayerInstance};
use crate::shape::{Dimension, Shape};

/// A shape, batch first.
pub(crate) fn shape(dimensions: &[Option<u64>]) -> Shape {
    Shape(dimensions.iter().map(|size| size.map_or(Dimension::Free, Dimension::Known)).collect())
}

/// An array of this shape.
pub(crate) fn array(shape: &[usize], values: &[f64]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap()
}

/// Checks shape and values, the latter to 1e-14.
pub(crate) fn assert_near(actual: &ArrayD<f64>, shape: &[usize], expected: &[f64]) {
    assert_eq!(actual.shape(), shape);
    for (actual, expected) in actual.iter().zip(expected) {
        assert!((actual - expected).abs() < 1e-14, "{actual} is not {expected}");
    }
}

/// The layer's number of parameters on this input.
pub(crate) fn params(layer: &dyn Layer, input: &Shape) -> u64 {
    layer.weights(std::slice::from_ref(input)).iter().map(|weight| weight.shape.iter().product::<u64>()).sum()
}

/// A layer object of this name.
pub(crate) fn instance(name: &str, layer: impl Layer + 'static) -> Rc<LayerInstance> {
    Rc::new(LayerInstance {
        id: 0,
        name: name.to_owned(),
        is_named: false,
        trainable: true,
        span: Span::default(),
        class_span: Span::default(),
        legacy_input: None,
        insert: Span::default(),
        has_arguments: false,
        arguments: Vec::new(),
        layer: Box::new(layer),
    })
}

/// The codes of everything that is said about a Sequential of these layers.
pub(crate) fn codes(layers: &str) -> Vec<Code> {
    let compiled = crate::compile(&Source::new("test.rnn", format!("model = Sequential([{layers}])\n")));
    compiled.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// The output shape of a Sequential of these layers.
pub(crate) fn output(layers: &str) -> String {
    let compiled = crate::compile(&Source::new("test.rnn", format!("model = Sequential([{layers}])\n")));
    assert_eq!(compiled.diagnostics, [], "{layers}");
    compiled.models.last().map_or_else(String::new, |model| model.output_shape().to_string())
}
