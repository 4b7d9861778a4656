//! A layer of a model inside `TimeDistributed`, on every timestep of the tensors that it reads. No text names it;
//! `TimeDistributed::expanded` makes it.

use std::rc::Rc;

use ndarray::ArrayD;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::graph::{InputType, TypedGraph};
use crate::layer::{Call, Layer, LayerInstance, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::axes::shape_of;
use crate::layers::reshape::reshaped;
use crate::layers::time_distributed::{TIME_DISTRIBUTED, prefixed, step_of, steps_expanded};
use crate::masks::{MaskCall, Masked};
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// The layer on every timestep of all its tensors.
#[derive(Debug)]
pub(crate) struct EachStep {
    pub(crate) inner: Rc<LayerInstance>,
}

/// The shapes of one timestep.
fn steps_of(inputs: &[Shape]) -> Vec<Shape> {
    inputs.iter().map(step_of).collect()
}

/// How many timesteps there are, where that is known.
fn timesteps(inputs: &[Shape]) -> Dimension {
    let known = inputs.iter().map(|shape| shape.0[1]).find(|axis| axis.known().is_some());
    known.unwrap_or(Dimension::Free)
}

impl EachStep {
    /// How many states a recurrent layer inside answers.
    fn n_states(&self) -> usize {
        let of =
            |layer: &dyn Layer| layer.recurrence().filter(|flags| flags.return_state).map_or(0, |flags| flags.n_states);
        let layer = self.inner.layer.as_ref();
        match (layer.takes(), layer.recurrence()) {
            (Takes::Sequence, None) => layer.sublayers().iter().map(|inner| of(inner.layer.as_ref())).sum(),
            _ => of(layer),
        }
    }

    /// Samples don't touch each other, so all steps of all samples go through as one batch.
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let (batch, timesteps) = (call.inputs[0].shape()[0], call.inputs[0].shape()[1]);
        let size = |axis: &Dimension| axis.known().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
        let step = |input: &ArrayD<R>| {
            let mut sizes: Vec<usize> = step_of(&shape_of(input)).0.iter().map(size).collect();
            sizes[0] = batch * timesteps;
            reshaped(input.view(), &sizes)
        };
        let inputs: Vec<ArrayD<R>> = call.inputs.iter().map(step).collect();
        let outputs = R::evaluate(self.inner.layer.as_ref(), &Call { inputs: &inputs, weights: call.weights });
        let whole = |output: &ArrayD<R>| {
            let sizes: Vec<usize> = [batch, timesteps].iter().chain(&output.shape()[1..]).copied().collect();
            reshaped(output.view(), &sizes)
        };
        outputs.iter().map(whole).collect()
    }
}

impl Layer for EachStep {
    fn declaration(&self) -> &'static Declaration {
        &TIME_DISTRIBUTED
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let mut outputs = self.inner.layer.output_shapes(&steps_of(inputs))?;
        outputs.iter_mut().for_each(|output| output.0.insert(1, timesteps(inputs)));
        Ok(outputs)
    }

    fn output_type(&self, output: usize, inputs: &[InputType]) -> InputType {
        self.inner.layer.output_type(output, inputs)
    }

    fn is_identity(&self) -> bool {
        self.inner.layer.is_identity()
    }

    fn takes_integers(&self) -> bool {
        self.inner.layer.takes_integers()
    }

    fn vocabulary(&self) -> Option<u64> {
        self.inner.layer.vocabulary()
    }

    fn makes_mask(&self) -> bool {
        self.inner.layer.makes_mask()
    }

    fn takes_masks_off(&self) -> bool {
        self.inner.layer.takes_masks_off()
    }

    fn mask_names(&self) -> &'static [&'static str] {
        self.inner.layer.mask_names()
    }

    fn ignores_mask(&self, name: &str) -> bool {
        self.inner.layer.ignores_mask(name)
    }

    /// Each step's masks are the inner layer's.
    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        call.on_each_step(&self.inner)
    }

    fn further_outputs(&self, n_operations: usize) -> Vec<usize> {
        let n_states = self.n_states();
        // Kernels that take states and output apart stand right behind the recurrent one.
        let n_apart = if n_states > 0 { n_states + 1 } else { 0 };
        let others = self.inner.layer.further_outputs(n_operations.saturating_sub(n_apart));
        others.into_iter().map(|place| place + n_apart).chain(1..=n_states).collect()
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        prefixed(&self.inner, &steps_of(inputs))
    }

    fn sublayers(&self) -> Vec<Rc<LayerInstance>> {
        vec![Rc::clone(&self.inner)]
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn expanded(&self, whole: &LayerInstance, inputs: &[Shape], id: &mut dyn FnMut() -> usize) -> Option<TypedGraph> {
        steps_expanded(&self.inner, whole, inputs, id)
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let operations = self.inner.layer.lower(&Lowering { inputs: &steps_of(lowering.inputs), ..*lowering })?;
        kernels::time_distributed(operations, self.n_states() > 0)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::{codes, output};

    #[test]
    fn models_that_join_tensors_are_wrapped() {
        let model = "Model(x, [Add()([x, Dense(4)(x)])], name='m')";
        let text = |model: &str| format!("Input((3, 4)), TimeDistributed([{model} for x in [Input((4,))]][0])");
        assert_eq!(output(&text(model)), "(None, 3, 4)");
        assert_eq!(codes(&text("Model(x, x[:, 1:] * abs(x)[:, 1:])")), []);
        assert_eq!(codes(&text("Model(x, [x + 1, -x])")), [rnn_grammar::Code::E225]);
    }
}
