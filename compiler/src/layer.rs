//! What every layer can do. One file a layer in `layers/`, one line each in `layers.rs`.

use std::fmt::Debug;
use std::rc::Rc;

use ndarray::ArrayD;
use rnn_grammar::{Code, Span};

use crate::activation::Activation;
use crate::declaration::Declaration;
use crate::graph::{InputType, TypedGraph};
use crate::layers::cells::StepOf;
use crate::layers::nested::Nested;
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::lowered::{Lowered, Lowering};
use crate::shape::Shape;

/// A layer object of the user's text: what was built, under its name.
#[derive(Debug)]
pub struct LayerInstance {
    /// Unique within a compilation; two uses of one object share it (and its weights).
    pub id: usize,
    /// Its name, given or automatic.
    pub name: String,
    /// Whether the name was given in the text.
    pub is_named: bool,
    /// Whether its weights count as trainable.
    pub trainable: bool,
    /// The call that made it.
    pub span: Span,
    /// The callee inside that call (`LSTM`), for the smallest underline.
    pub class_span: Span,
    /// Input shape (with batch) that the call gave with Keras 2's keywords (`input_shape=` …), and where.
    pub legacy_input: Option<(Shape, Span)>,
    /// Just before the call's closing parenthesis: where a fix inserts a further argument. The text to insert
    /// starts with `, ` where `has_arguments`.
    pub insert: Span,
    /// Whether the call has arguments already.
    pub has_arguments: bool,
    /// Where the values of the call's own arguments stand, by keyword: a fix replaces what is there already.
    pub arguments: Vec<(&'static str, Span)>,
    /// What it computes.
    pub layer: Box<dyn Layer>,
}

impl LayerInstance {
    /// The same layer object, its weights too, computing this.
    #[must_use]
    pub fn with_layer(&self, layer: Box<dyn Layer>) -> Self {
        Self {
            id: self.id,
            name: self.name.clone(),
            is_named: self.is_named,
            trainable: self.trainable,
            span: self.span,
            class_span: self.class_span,
            legacy_input: self.legacy_input.clone(),
            insert: self.insert,
            has_arguments: self.has_arguments,
            arguments: self.arguments.clone(),
            layer,
        }
    }
}

/// A weight as Keras stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightSpec {
    /// Path below the layer's own name: `kernel`, `lstm_cell/recurrent_kernel`, `forward_lstm/lstm_cell/bias`.
    pub path: String,
    /// Its shape as Keras stores it.
    pub shape: Vec<u64>,
    /// Whether training would change it (a frozen layer's weights are counted as non-trainable by the caller).
    pub trainable: bool,
    /// Whether Keras stores an integer that inference never reads; such weights stand behind a layer's others.
    pub is_integer: bool,
    /// What it is a weight of. Wrappers and walks with cells say it of what is inside them; of all others `infer` does.
    pub variable: Option<Variable>,
    /// Its key where another layer made it first, under that one's name.
    pub built_as: Option<String>,
}

/// A variable of Keras: layers that share another one inside them read the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variable {
    /// The layer object that has it by itself.
    pub layer: usize,
    /// Its place among that one's weights.
    pub place: usize,
}

impl WeightSpec {
    /// A trainable weight.
    #[must_use]
    pub fn new(path: impl Into<String>, shape: &[u64]) -> Self {
        let (trainable, is_integer, variable, built_as) = (true, false, None, None);
        Self { path: path.into(), shape: shape.to_vec(), trainable, is_integer, variable, built_as }
    }

    /// The weight of this layer object at this place of its weights, if it is not known to be another's.
    #[must_use]
    pub fn of(mut self, layer: usize, place: usize) -> Self {
        self.variable.get_or_insert(Variable { layer, place });
        self
    }
}

/// Why a layer refuses its input shape; `infer` adds the place, the producer and its fix.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// E2xx.
    pub code: Code,
    /// The diagnostic's title; names both shapes and the axis.
    pub title: String,
    /// What is said at the layer itself: `needs 3 dimensions`.
    pub at: String,
    /// Advice in words, where the layer has some.
    pub help: Option<String>,
    /// Whether the producer's `return_sequences=True` (or the like) would mend it: `infer` asks the producer.
    pub wants_sequence: bool,
    /// The place inside the layer's call to underline, where it is smaller than the call.
    pub span: Option<Span>,
}

impl Mismatch {
    /// A mismatch with its title and what is said at the layer.
    #[must_use]
    pub fn new(code: Code, title: impl Into<String>, at: impl Into<String>) -> Self {
        Self { code, title: title.into(), at: at.into(), help: None, wants_sequence: false, span: None }
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Underlines a place inside the call.
    #[must_use]
    pub fn within(mut self, span: Option<Span>) -> Self {
        self.span = span;
        self
    }

    /// Says that a whole sequence from the producer would mend it.
    #[must_use]
    pub fn wants_sequence(mut self) -> Self {
        self.wants_sequence = true;
        self
    }
}

/// The time loop of a recurrent layer: what `Bidirectional`, the plan and messages ask about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// Width of the state and of each output.
    pub units: u64,
    /// Whether every step's output is answered, not only the last one.
    pub return_sequences: bool,
    /// Whether steps are taken from the last to the first; outputs stay in the order of processing.
    pub go_backwards: bool,
    /// Whether Keras would keep the state from one call to the next; needs a fixed batch.
    pub stateful: bool,
    /// What the text says of unrolling; `None` where it says nothing.
    pub unroll: Option<bool>,
    /// Whether the states after the last step are outputs of their own, behind the first one.
    pub return_state: bool,
    /// How many states there are, each as wide as an output.
    pub n_states: usize,
    /// What is done about masked steps.
    pub masking: StepMasking,
}

/// What a recurrent layer does about masked steps: it keeps its state there and answers its last output again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepMasking {
    /// Whether the layer reads a mask, behind all that it reads else.
    pub is_read: bool,
    /// Keras's `zero_output_for_mask`: masked steps answer zeros.
    pub zeros: bool,
    /// Whether the mask is that of a sequence which this layer reads turned round: a later cell of a stack that goes
    /// backwards.
    pub is_turned: bool,
}

/// A state, or a group of them: Keras groups those of the cells of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum States {
    /// One tensor.
    One,
    /// A list.
    Several(Vec<States>),
}

/// What a layer is called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One tensor: `layer(x)`.
    One,
    /// A list of tensors: `layer([x, y])`.
    List,
    /// One tensor, and perhaps the states to begin with: `layer(x, initial_state=[h, c])`.
    Sequence,
    /// One tensor and the states to begin with, which a cell always needs: `cell(x, [h, c])`.
    Step,
    /// Tensors that have names, of which the last may be left out: `layer(query, value, key)`.
    Named(&'static [&'static str]),
}

impl Takes {
    /// Whether a call joins several tensors.
    #[must_use]
    pub const fn several(self) -> bool {
        matches!(self, Self::List | Self::Step | Self::Named(_))
    }
}

/// What a call asks for beside the tensors: `layer([x, y], use_causal_mask=True)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// Whether a query sees only the keys up to its own place.
    pub use_causal_mask: bool,
    /// Whether the scores are a second output.
    pub return_attention_scores: bool,
}

/// The mask of a layer's first output as Keras has it in a functional model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownMask {
    /// None.
    None,
    /// That of the first input, the same tensor.
    First,
    /// That of the first input, once more a tensor.
    Converted,
    /// Which ids are not 0.
    OfIds,
    /// Which steps differ from a value in any feature.
    OfSteps,
    /// Where any input counts, if all have a mask.
    Either,
    /// Those of the inputs along this axis.
    Along(i128),
}

/// How a layer treats the time axis (the first axis of a sample) when the model runs as a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Streaming {
    /// Each frame (step of the first sample axis) goes through by itself.
    PerFrame,
    /// Frames in order with a carried state.
    Recurrent,
    /// Rows of several frames, as its kernel says, which may be more or fewer than the frames.
    Windows,
    /// Needs frames that are not there yet; the text says why: `reads the sequence from its end`.
    Impossible(String),
}

/// Behaviour of one layer with its arguments fixed.
///
/// `output_shapes` is asked first; the other functions may rely on its answer having been `Ok` for these inputs.
pub trait Layer: Debug {
    /// Its class.
    fn declaration(&self) -> &'static Declaration;

    /// What it is called with.
    fn takes(&self) -> Takes {
        Takes::One
    }

    /// The same layer as a call with these options runs it; `None`: its call has no such options.
    fn called_with(&self, _options: CallOptions) -> Option<Box<dyn Layer>> {
        None
    }

    /// Which of the kernels that [`Layer::lower`] answers make the outputs behind the first one; a recurrent layer's are its
    /// states.
    fn further_outputs(&self, _n_operations: usize) -> Vec<usize> {
        Vec::new()
    }

    /// Output shapes for these inputs, one an output (one for almost every layer), batch included.
    ///
    /// # Errors
    /// Where Keras would refuse the input.
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch>;

    /// The type of an output's numbers, where the inputs' have these.
    fn output_type(&self, _output: usize, _inputs: &[InputType]) -> InputType {
        InputType::Float32
    }

    /// The type of the numbers that Keras computes for an output, from inputs whose numbers have these. Some layers pass whole
    /// numbers on that Keras declares as floats.
    fn computed_type(&self, output: usize, inputs: &[InputType]) -> InputType {
        match inputs.first() {
            Some(&first) if self.is_identity() && !self.is_operation() => first,
            _ => self.output_type(output, inputs),
        }
    }

    /// Whether Keras cuts what it makes to the type of its input, which can't be meant where that is of whole numbers.
    fn needs_floats(&self) -> bool {
        false
    }

    /// How many weights of its inner layer Keras's files hold once more, in front of the layer's own.
    fn stored_twice(&self) -> usize {
        0
    }

    /// The float type that a cast makes of its input's numbers.
    fn casts_to(&self) -> Option<InputType> {
        None
    }

    /// The weights in the order of Keras's `get_weights()`, which puts a layer's trainable ones first.
    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec>;

    /// What the layer's output is, said at the layer when the next one refuses it: `returns only its last step`.
    fn describes_output(&self) -> Option<&'static str> {
        None
    }

    /// The argument that would make the layer answer a whole sequence: `return_sequences=True`.
    fn sequence_fix(&self) -> Option<&'static str> {
        None
    }

    /// Layers inside this one (`Bidirectional`, `TimeDistributed`), for messages and reports.
    fn sublayers(&self) -> Vec<Rc<LayerInstance>> {
        Vec::new()
    }

    /// Whether an operator made it, or a function: summaries show it, but `model.layers` does not list it.
    fn is_operation(&self) -> bool {
        false
    }

    /// Whether its name is part of its weights' paths: what was built before it keeps the paths that it has.
    fn is_in_paths(&self) -> bool {
        true
    }

    /// The model that the layer is, where it is one.
    fn nested(&self) -> Option<&Nested> {
        None
    }

    /// Base names of the layers that Keras makes inside it at its first call: they are counted among automatic names.
    fn parts_named_when_built(&self) -> &[&'static str] {
        &[]
    }

    /// Whether Keras counts its weights as trainable in a model though the layer is frozen: those of layers inside it are.
    fn stays_trainable(&self) -> bool {
        !self.sublayers().is_empty()
    }

    /// Whether inference passes the input on unchanged (`Dropout` and its kin).
    fn is_identity(&self) -> bool {
        false
    }

    /// Whether the input holds integer ids (`Embedding`).
    fn takes_integers(&self) -> bool {
        false
    }

    /// How many ids the table holds that the inputs are looked up in (`Embedding`).
    fn vocabulary(&self) -> Option<u64> {
        None
    }

    /// What it does at one step, where it is a cell: something for `RNN`, and no layer by itself.
    fn step(&self) -> Option<StepOf<'_>> {
        None
    }

    /// How the states behind the first output are grouped, where they are: one entry a state or group.
    fn state_groups(&self) -> Option<Vec<States>> {
        None
    }

    /// The layer as several recurrent ones in a row, under their names, where it is a stack of cells.
    fn chain(&self) -> Option<Vec<(String, Box<dyn Layer>)>> {
        None
    }

    /// The layer, which is this object, as a graph of simpler ones over inputs of these shapes, where code is made from
    /// that graph: with the weights in the layer's order. `id` gives the parts their numbers.
    fn expanded(
        &self,
        _whole: &LayerInstance,
        _inputs: &[Shape],
        _id: &mut dyn FnMut() -> usize,
    ) -> Option<TypedGraph> {
        None
    }

    /// The time loop, where the layer is a recurrent one.
    fn recurrence(&self) -> Option<Recurrence> {
        None
    }

    /// Shape and type of the model input that this layer stands for (`InputLayer`).
    fn model_input(&self) -> Option<(&Shape, InputType)> {
        None
    }

    /// What becomes of the masks of what it reads; asked where there are some, or where the layer makes one. The answer
    /// of those that do nothing about masks is that they are lost.
    ///
    /// # Errors
    /// Where a mask does not fit what it is used for.
    fn mask(&self, _call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        Ok(Masked::lost())
    }

    /// How many of its outputs, the first on, have the mask that [`Layer::mask`] tells.
    fn masked_outputs(&self) -> usize {
        1
    }

    /// What Keras makes of its inputs' masks in a functional model, for the summary.
    fn shown_mask(&self) -> ShownMask {
        ShownMask::None
    }

    /// Whether it is there for the summary alone.
    fn is_only_shown(&self) -> bool {
        false
    }

    /// Whether its output has a mask that none of its inputs has.
    fn makes_mask(&self) -> bool {
        false
    }

    /// Whether a call of it takes `mask=`.
    fn takes_mask(&self) -> bool {
        false
    }

    /// Whether it takes the masks off the tensors that it reads: what is computed behind it finds none there.
    fn takes_masks_off(&self) -> bool {
        false
    }

    /// The names of the masks that a call of a layer with named tensors may give: one for each tensor, and further ones.
    fn mask_names(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether it takes no notice of the mask that a call gives by this name.
    fn ignores_mask(&self, _name: &str) -> bool {
        false
    }

    /// The same layer with a further input behind all others: the mask of the first; `None` where it computes the same
    /// with and without.
    ///
    /// # Errors
    /// Where the mask does not fit.
    fn with_mask(&self, _shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        Ok(None)
    }

    /// The same recurrent layer with this `zero_output_for_mask`.
    fn with_zeros(&self, _zeros: bool) -> Option<Box<dyn Layer>> {
        None
    }

    /// How it runs in a stream, for these input shapes. Inputs with a batch and one axis at most have no time
    /// axis left to mix: each is one frame.
    fn streaming(&self, inputs: &[Shape]) -> Streaming;

    /// The same layer as `copy`'s configuration says: the deep copies that `Bidirectional` makes of its layer.
    /// `reverse` flips `go_backwards`. `None`: the layer has no such flag (Keras: not allowed in Bidirectional).
    fn reversed(&self) -> Option<Box<dyn Layer>> {
        None
    }

    /// The activation that the layer is, where it is nothing but one by name: a layer before it may apply it itself.
    fn as_activation(&self) -> Option<Activation> {
        None
    }

    /// The function that the layer is, where one without weights: what it does as the `activation` of another.
    fn as_function(&self) -> Option<Activation> {
        self.as_activation().or(self.is_identity().then_some(Activation::Linear))
    }

    /// The same layer with this activation of single values, where it has none yet and can apply one.
    fn with_activation(&self, _activation: Activation) -> Option<Box<dyn Layer>> {
        None
    }

    /// The layer as kernels of the runtime, one after the other; none where the numbers pass on unchanged, under
    /// another shape perhaps.
    ///
    /// # Errors
    /// Where Keras runs what code can't: along an axis whose size is free.
    fn lower(&self, lowering: &Lowering<'_>) -> Lowered;

    /// The slow, obvious evaluation in f64: the oracle. Inputs and outputs carry the batch axis.
    fn evaluate_f64(&self, call: &Call<'_, f64>) -> Vec<ArrayD<f64>>;

    /// The same in f32.
    fn evaluate_f32(&self, call: &Call<'_, f32>) -> Vec<ArrayD<f32>>;
}

/// One evaluation of a layer: its inputs and its weights in the order of [`Layer::weights`].
#[derive(Debug)]
pub struct Call<'a, R> {
    /// Inputs, batch first.
    pub inputs: &'a [ArrayD<R>],
    /// Weights as Keras stores them.
    pub weights: &'a [ArrayD<R>],
}

/// Implements [`Layer::mask`] for a layer whose output has the mask of its first input.
#[macro_export]
macro_rules! passes_masks {
    () => {
        fn mask(
            &self,
            call: &mut $crate::masks::MaskCall<'_>,
        ) -> Result<$crate::masks::Masked, $crate::layer::Mismatch> {
            Ok($crate::masks::Masked::with(call.first()))
        }

        fn shown_mask(&self) -> $crate::layer::ShownMask {
            $crate::layer::ShownMask::First
        }
    };
}

/// Says of a [`Layer`] that whole numbers stay whole where all inputs have such.
#[macro_export]
macro_rules! passes_numbers_on {
    () => {
        fn computed_type(&self, _output: usize, inputs: &[$crate::graph::InputType]) -> $crate::graph::InputType {
            let joined = inputs.iter().copied().reduce($crate::graph::InputType::joined);
            joined.unwrap_or($crate::graph::InputType::Float32)
        }
    };
}

/// Implements both evaluations of [`Layer`] by one generic function `fn evaluate<R: Real>(&self, call: &Call<R>)`.
#[macro_export]
macro_rules! evaluate_generically {
    () => {
        fn evaluate_f64(&self, call: &$crate::layer::Call<'_, f64>) -> Vec<ndarray::ArrayD<f64>> {
            self.evaluate(call)
        }

        fn evaluate_f32(&self, call: &$crate::layer::Call<'_, f32>) -> Vec<ndarray::ArrayD<f32>> {
            self.evaluate(call)
        }
    };
}
