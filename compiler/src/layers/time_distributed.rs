//! `TimeDistributed`: a layer on every timestep, with the same weights.
//!
//! <https://keras.io/api/layers/recurrent_layers/time_distributed/>. Differences to Keras: the inner layer checks each
//! step's shape as it would alone (Keras skips some of its checks and fails at the first call); a stateful inner layer is not
//! there yet.

use std::rc::Rc;

use ndarray::ArrayD;
use rnn_grammar::{Code, Diagnostic};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::graph::{NodeKind, TypedGraph};
use crate::layer::{Call, Layer, LayerInstance, Mismatch, ShownMask, Streaming, WeightSpec};
use crate::layers::axes::shape_of;
use crate::layers::chain::Chain;
use crate::layers::checks::Check;
use crate::layers::nested::Nested;
use crate::layers::reshape::reshaped;
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;
use crate::value::Value;
use crate::weights::key;

/// `TimeDistributed`.
pub(crate) const TIME_DISTRIBUTED: Declaration = Declaration {
    class: "TimeDistributed",
    aliases: &[],
    base_name: "time_distributed",
    summary: "Applies a layer to every timestep, with the same weights.",
    details: "`output[:, t] = layer(input[:, t])` for each step of axis 1.\n\n\
              Weights: the inner layer's, below its name.",
    arguments: &[Argument::required("layer", Kind::Layer { optional: false }, "The layer for one timestep.")],
    takes_common: true,
    build,
};

/// A `TimeDistributed` with its layer.
#[derive(Debug)]
pub(crate) struct TimeDistributed {
    pub(crate) inner: Rc<LayerInstance>,
    /// Whether each step's part of the mask is handed to the inner layer, behind the tensor.
    pub(crate) reads_mask: bool,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let Value::Layer(inner) = arguments.get("layer").value.clone() else { return None };
    let span = arguments.span("layer");
    if inner.layer.model_input().is_some() {
        let diagnostic = Diagnostic::new(Code::E225, span, "`TimeDistributed` can't wrap a model's input");
        arguments.report(diagnostic.at("no layer to apply").help("add the input to the model itself"));
        return None;
    }
    if inner.layer.step().is_some() {
        let title = format!("`TimeDistributed` can't wrap the cell `{}`", inner.layer.declaration().class);
        let diagnostic = Diagnostic::new(Code::E225, span, title).at("a cell is no layer");
        arguments.report(diagnostic.help("make a layer of it: `RNN(…)`"));
        return None;
    }
    if inner.layer.takes().several() || returns_state(inner.layer.as_ref()) {
        let title = format!("`{}` inside `TimeDistributed` is not supported", inner.layer.declaration().class);
        let diagnostic = Diagnostic::new(Code::E225, span, title).at("reads or answers several tensors");
        arguments.report(diagnostic.help("wrap layers that turn one tensor into one"));
        return None;
    }
    if inner.layer.nested().is_some_and(|model| !has_one_end(model)) {
        let title = format!("the model `{}` inside `TimeDistributed` has several ends", inner.name);
        let diagnostic = Diagnostic::new(Code::E225, span, title).at("reads or answers several tensors");
        arguments.report(diagnostic.help("wrap a model of one input and one output"));
        return None;
    }
    if is_stateful(inner.layer.as_ref()) {
        let title = "a stateful layer inside `TimeDistributed` is not supported yet";
        arguments.report(Diagnostic::new(Code::E104, span, title).at("keeps its state").help("drop `stateful=True`"));
        return None;
    }
    Some(Box::new(TimeDistributed { inner, reads_mask: false }))
}

/// Whether a model turns one tensor into one.
fn has_one_end(model: &Nested) -> bool {
    model.graph.inputs().len() == 1 && model.graph.outputs().len() == 1
}

/// The layer objects of a model.
fn layers_of(model: &Nested) -> impl Iterator<Item = &Rc<LayerInstance>> {
    model.graph.nodes().iter().filter_map(|node| match &node.node.kind {
        NodeKind::Layer { instance, .. } => Some(instance),
        NodeKind::Input { .. } => None,
    })
}

fn returns_state(layer: &dyn Layer) -> bool {
    layer.recurrence().is_some_and(|flags| flags.return_state)
        || layer.sublayers().iter().any(|inner| returns_state(inner.layer.as_ref()))
}

fn is_stateful(layer: &dyn Layer) -> bool {
    layer.recurrence().is_some_and(|flags| flags.stateful)
        || layer.nested().is_some_and(|model| layers_of(model).any(|inner| is_stateful(inner.layer.as_ref())))
        || layer.sublayers().iter().any(|inner| is_stateful(inner.layer.as_ref()))
}

/// The shape of one timestep: without axis 1.
pub(crate) fn step_of(shape: &Shape) -> Shape {
    let mut step = shape.clone();
    step.0.remove(1);
    step
}

impl TimeDistributed {
    fn step_output(&self, shape: &Shape, mask: Option<&Shape>) -> Result<Shape, Mismatch> {
        let step = step_of(shape);
        if self.inner.layer.is_identity() {
            return Ok(step);
        }
        let steps: Vec<Shape> = std::iter::once(step.clone()).chain(mask.map(step_of)).collect();
        let outputs = self.inner.layer.output_shapes(&steps).map_err(|mut mismatch| {
            mismatch.title = format!("{}, one step of `{shape}`", mismatch.title);
            mismatch.wants_sequence = false;
            mismatch
        })?;
        if outputs.len() > 1 {
            let class = self.inner.layer.declaration().class;
            let title = format!("`{class}` inside `TimeDistributed` answers {} tensors", outputs.len());
            return Err(
                Mismatch::new(Code::E225, title, "turns one tensor into one").help("wrap a layer with one output")
            );
        }
        Ok(outputs.into_iter().next().unwrap_or(step))
    }

    /// Samples don't touch each other, so all steps of all samples go through as one batch.
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let input = &call.inputs[0];
        let sizes = |shape: &Shape| -> Vec<usize> {
            shape.0.iter().map(|axis| axis.known().and_then(|size| usize::try_from(size).ok()).unwrap_or(0)).collect()
        };
        let (batch, timesteps) = (input.shape()[0], input.shape()[1]);
        let steps = call.inputs.iter().map(|input| {
            let mut step = sizes(&step_of(&shape_of(input)));
            step[0] = batch * timesteps;
            reshaped(input.view(), &step)
        });
        let inputs: Vec<ArrayD<R>> = steps.collect();
        let outputs = R::evaluate(self.inner.layer.as_ref(), &Call { inputs: &inputs, weights: call.weights });
        let shape: Vec<usize> = [batch, timesteps].into_iter().chain(outputs[0].shape()[1..].iter().copied()).collect();
        vec![reshaped(outputs[0].view(), &shape)]
    }
}

impl Layer for TimeDistributed {
    fn declaration(&self) -> &'static Declaration {
        &TIME_DISTRIBUTED
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let (own, mask) = inputs.split_at(inputs.len() - usize::from(self.reads_mask && inputs.len() > 1));
        let shape = Check::single(TIME_DISTRIBUTED.class, own)?.shape;
        if shape.rank() < 3 {
            let title = format!("`TimeDistributed` needs a sequence `(batch, timesteps, …)`, but gets `{shape}`");
            let mismatch = Mismatch::new(Code::E204, title, "needs 3 dimensions or more");
            return Err(mismatch.help("give each sample a time axis, e.g. `Input(shape=(10, 8))`").wants_sequence());
        }
        let mut output = self.step_output(shape, mask.first())?;
        output.0.insert(1, shape.0[1]);
        Ok(vec![output])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let Some(shape) = inputs.first().filter(|shape| shape.rank() > 2) else { return Vec::new() };
        prefixed(&self.inner, &[step_of(shape)])
    }

    fn sublayers(&self) -> Vec<Rc<LayerInstance>> {
        vec![Rc::clone(&self.inner)]
    }

    fn is_in_paths(&self) -> bool {
        self.inner.layer.nested().is_none()
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

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn expanded(&self, whole: &LayerInstance, inputs: &[Shape], id: &mut dyn FnMut() -> usize) -> Option<TypedGraph> {
        steps_expanded(&self.inner, whole, inputs, id)
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let steps: Vec<Shape> = lowering.inputs.iter().map(step_of).collect();
        let operations = self.inner.layer.lower(&Lowering { inputs: &steps, ..*lowering })?;
        kernels::time_distributed(operations, false)
    }

    fn takes_mask(&self) -> bool {
        true
    }

    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        call.use_first()?;
        Ok(Masked::with(call.first()))
    }

    /// Keras hands each step's part of the mask to an inner layer that takes one.
    fn with_mask(&self, shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        let MaskShapes { input, mask, .. } = *shapes;
        let is_prefix =
            (2..input.rank()).contains(&mask.rank()) && mask.0.iter().zip(&input.0).all(|(axis, &of)| axis.agrees(of));
        if !is_prefix {
            return Err(shapes.misfit(TIME_DISTRIBUTED.class));
        }
        if !self.inner.layer.takes_mask() {
            return Ok(None);
        }
        let (input, mask) = (step_of(input), step_of(mask));
        let form = self.inner.layer.with_mask(&MaskShapes { input: &input, mask: &mask })?;
        let boxed = |form| -> Box<dyn Layer> {
            Box::new(Self { inner: Rc::new(self.inner.with_layer(form)), reads_mask: true })
        };
        Ok(form.map(boxed))
    }

    fn shown_mask(&self) -> ShownMask {
        ShownMask::First
    }

    evaluate_generically!();
}

/// A layer on every timestep of these tensors, where it is a model or several layers: their graph, each of them on every
/// timestep.
pub(crate) fn steps_expanded(
    inner: &LayerInstance,
    whole: &LayerInstance,
    inputs: &[Shape],
    id: &mut dyn FnMut() -> usize,
) -> Option<TypedGraph> {
    if let Some(model) = inner.layer.nested() {
        return Some(Chain::over(whole, inputs, id).model(&model.graph));
    }
    let steps: Vec<Shape> = inputs.iter().map(step_of).collect();
    let parts = inner.layer.expanded(whole, &steps, id)?;
    Some(Chain::over(whole, inputs, id).model(&parts))
}

/// An inner layer's weights below its name, trainable where it is. A wrapper inside passes its own
/// `trainable=False` on to no variable, as in Keras.
pub(crate) fn prefixed(inner: &LayerInstance, inputs: &[Shape]) -> Vec<WeightSpec> {
    let weights = inner.layer.weights(inputs).into_iter().enumerate();
    let is_trainable = inner.trainable || inner.layer.stays_trainable();
    let below = |(place, weight): (usize, WeightSpec)| {
        let (path, trainable) = (key(inner, &weight), weight.trainable && is_trainable);
        WeightSpec { path, trainable, ..weight }.of(inner.id, place)
    };
    weights.map(below).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::layer::Variable;
    use crate::layers::dense::Dense;
    use crate::layers::flatten::Flatten;
    use crate::layers::testing::{array, assert_near, codes, instance, output, shape};

    #[test]
    fn every_step_goes_through_the_same_layer() {
        let dense = Dense { units: 1, activation: Activation::Linear, use_bias: false };
        let layer = TimeDistributed { inner: instance("dense", dense), reads_mask: false };
        let inputs = [array(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0])];
        let weights = [array(&[2, 1], &[1.0, 10.0])];
        assert_near(&layer.evaluate(&Call { inputs: &inputs, weights: &weights })[0], &[1, 2, 1], &[21.0, 43.0]);
        let specs = layer.weights(&[shape(&[None, None, Some(2)])]);
        assert_eq!((specs.len(), specs[0].path.as_str(), specs[0].shape.as_slice()), (1, "dense/kernel", &[2, 1][..]));
        assert_eq!(specs[0].variable, Some(Variable { layer: layer.inner.id, place: 0 }));
    }

    #[test]
    fn steps_of_higher_rank_keep_their_time_axis() {
        let layer =
            TimeDistributed { inner: instance("flatten", Flatten { channels_first: false }), reads_mask: false };
        let output = layer.output_shapes(&[shape(&[None, None, Some(3), Some(4)])]).unwrap();
        assert_eq!(output[0].to_string(), "(None, None, 12)");
    }

    #[test]
    fn a_vector_has_no_timesteps() {
        let layer =
            TimeDistributed { inner: instance("flatten", Flatten { channels_first: false }), reads_mask: false };
        let mismatch = layer.output_shapes(&[shape(&[None, Some(3)])]).unwrap_err();
        assert!(mismatch.wants_sequence);
        assert_eq!(mismatch.code, Code::E204);
    }

    #[test]
    fn any_layer_fits_whose_step_fits() {
        assert_eq!(output("Input((2, 3, 4)), TimeDistributed(LSTM(5))"), "(None, 2, 5)");
        assert_eq!(output("Input((None, 3, 4)), TimeDistributed(Bidirectional(LSTM(5)))"), "(None, None, 10)");
        assert_eq!(output("Input((2, 3, 4)), TimeDistributed(TimeDistributed(Dense(5)))"), "(None, 2, 3, 5)");
        assert_eq!(output("Input((3, 4)), TimeDistributed(SpatialDropout1D(0.3))"), "(None, 3, 4)");
        assert_eq!(output("Input((3, 4)), TimeDistributed(RepeatVector(2))"), "(None, 3, 2, 4)");
        assert_eq!(codes("Input((3, 4)), TimeDistributed(LSTM(5))"), [Code::E204]);
        assert_eq!(codes("Input((3, 4)), TimeDistributed(TimeDistributed(Dense(5)))"), [Code::E204]);
        assert_eq!(codes("Input((3, 4)), TimeDistributed(InputLayer((4,)))"), [Code::E225]);
        let stateful = "Input(batch_shape=(2, 3, 4, 5)), TimeDistributed(Bidirectional(LSTM(5, stateful=True)))";
        assert_eq!(codes(stateful), [Code::E104]);
    }
}
