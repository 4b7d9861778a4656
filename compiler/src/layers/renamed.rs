//! A function of `keras.ops` or `keras.activations` that a layer computes already: the layer under the operation's name.

use ndarray::ArrayD;

use crate::activation::Activation;
use crate::declaration::Declaration;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::plan::lowered::{Lowered, Lowering};
use crate::shape::Shape;

/// A layer without weights as an operation.
#[derive(Debug)]
pub(crate) struct Renamed {
    pub(crate) declaration: &'static Declaration,
    pub(crate) layer: Box<dyn Layer>,
    /// Whether its values are the inputs' own, and so of their type.
    pub(crate) keeps_type: bool,
}

impl Layer for Renamed {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        self.declaration
    }

    fn takes(&self) -> Takes {
        self.layer.takes()
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        self.layer.output_shapes(inputs)
    }

    fn output_type(&self, output: usize, inputs: &[InputType]) -> InputType {
        match inputs.iter().copied().reduce(InputType::joined) {
            Some(joined) if self.keeps_type => joined,
            _ => self.layer.output_type(output, inputs),
        }
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        self.layer.weights(inputs)
    }

    fn further_outputs(&self, n_operations: usize) -> Vec<usize> {
        self.layer.further_outputs(n_operations)
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        self.layer.streaming(inputs)
    }

    fn as_activation(&self) -> Option<Activation> {
        self.layer.as_activation()
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        self.layer.lower(lowering)
    }

    fn evaluate_f64(&self, call: &Call<'_, f64>) -> Vec<ArrayD<f64>> {
        self.layer.evaluate_f64(call)
    }

    fn evaluate_f32(&self, call: &Call<'_, f32>) -> Vec<ArrayD<f32>> {
        self.layer.evaluate_f32(call)
    }
}
