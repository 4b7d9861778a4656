//! Masks as Keras carries them along: which steps of a sequence count. Here each becomes a tensor of the graph.
//!
//! A mask has the axes of its tensor but the last, with 1 where a step counts and 0 where it does not. `Masking` and
//! `Embedding(mask_zero=True)` make one, `mask=` of a call gives one, and every layer says by
//! [`Layer::mask`] what becomes of those that its inputs have. The summary, the counts and the
//! shapes know nothing of masks; [`explicit`] makes the graph that the reference evaluates and the plan lowers, in which
//! layers read the masks that they use and small layers of no name compute them.

mod draft;

use std::borrow::Cow;
use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::graph::{NodeKind, TensorId, TypedGraph};
use crate::layer::{Layer, LayerInstance, Mismatch};
use crate::layers::each_step::EachStep;
use crate::layers::get_item::{GetItem, Key};
use crate::layers::time_distributed::step_of;
use crate::masks::draft::Draft;
use crate::shape::Shape;

/// What becomes of a layer's masks.
#[derive(Debug, Default)]
pub struct Masked {
    /// The mask of its first output.
    output: Option<TensorId>,
    /// Where this mask is 0, the first output is too.
    zeroed_by: Option<TensorId>,
    lost: Option<Lost>,
}

/// Why a mask ends here, where that is most likely not meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    /// The layer knows no masks.
    Unknown,
    /// The layer begins with given states.
    States,
}

impl Masked {
    /// The layer knows no masks, and what it answers has none.
    #[must_use]
    pub fn lost() -> Self {
        Self { lost: Some(Lost::Unknown), ..Self::default() }
    }

    /// What it answers has no mask, and that is as it should be.
    #[must_use]
    pub fn ended() -> Self {
        Self::default()
    }

    /// What it answers has this mask.
    #[must_use]
    pub fn with(output: Option<TensorId>) -> Self {
        Self { output, ..Self::default() }
    }

    /// Zeros stand in the output where this mask is 0.
    #[must_use]
    pub fn zeroed_by(mut self, mask: Option<TensorId>) -> Self {
        self.zeroed_by = mask;
        self
    }

    /// What it answers has this mask instead.
    #[must_use]
    pub fn passing(self, output: Option<TensorId>) -> Self {
        Self { output, ..self }
    }

    /// The mask is not used because the layer begins with given states.
    #[must_use]
    pub fn unused_for_states(mut self) -> Self {
        self.lost = Some(Lost::States);
        self
    }
}

/// The shapes that a layer is asked about its mask with.
#[derive(Clone, Copy, Debug)]
pub struct MaskShapes<'a> {
    /// The tensor's, batch first.
    pub input: &'a Shape,
    /// Its mask's.
    pub mask: &'a Shape,
}

impl MaskShapes<'_> {
    /// Whether the mask has all axes of the tensor but the last.
    ///
    /// # Errors
    /// E226 where it has not.
    pub fn check_steps(&self, class: &str) -> Result<(), Mismatch> {
        let steps = &self.input.0[..self.input.rank().saturating_sub(1)];
        let fits = steps.len() == self.mask.rank() && steps.iter().zip(&self.mask.0).all(|(axis, &of)| axis.agrees(of));
        if fits { Ok(()) } else { Err(self.misfit(class)) }
    }

    /// The mask does not fit.
    #[must_use]
    pub fn misfit(&self, class: &str) -> Mismatch {
        let title = format!("`{class}` gets `{}` with a mask `{}`, which does not fit", self.input, self.mask);
        Mismatch::new(Code::E226, title, "can't use this mask")
    }
}

/// One call of a layer, some of whose inputs have masks: what [`Layer::mask`] looks at and changes.
#[derive(Debug)]
pub struct MaskCall<'a> {
    draft: &'a mut Draft,
    instance: &'a Rc<LayerInstance>,
    span: Span,
    /// What the layer reads.
    pub inputs: Vec<TensorId>,
    /// The mask of each, where it has one.
    pub masks: Vec<Option<TensorId>>,
    /// Whether `mask=` of the call gives the first one's.
    pub is_given: bool,
    form: Option<Box<dyn Layer>>,
    read: Vec<TensorId>,
    /// How many time axes of `TimeDistributed` the tensors have that the layer does not see.
    n_outer: usize,
}

impl MaskCall<'_> {
    /// The layer's class.
    #[must_use]
    pub fn class(&self) -> &'static str {
        self.instance.layer.declaration().class
    }

    /// The shape of a tensor, batch first.
    #[must_use]
    pub fn shape(&self, tensor: TensorId) -> Shape {
        let mut shape = self.draft.inference.shape(tensor).clone();
        for _ in 0..self.n_outer.min(shape.rank().saturating_sub(1)) {
            shape = step_of(&shape);
        }
        shape
    }

    /// Asks a layer about its masks that is applied to every timestep of these tensors.
    ///
    /// # Errors
    /// Where a mask does not fit.
    pub fn on_each_step(&mut self, inner: &Rc<LayerInstance>) -> Result<Masked, Mismatch> {
        let mut call = MaskCall {
            draft: &mut *self.draft,
            instance: inner,
            span: self.span,
            inputs: std::mem::take(&mut self.inputs),
            masks: std::mem::take(&mut self.masks),
            is_given: self.is_given,
            form: None,
            read: Vec::new(),
            n_outer: self.n_outer + 1,
        };
        let masked = inner.layer.mask(&mut call);
        let MaskCall { inputs, masks, form, read, .. } = call;
        (self.inputs, self.masks, self.read) = (inputs, masks, read);
        self.form = form.map(|form| on_each_step(inner, form));
        masked
    }

    /// The mask of the first input.
    #[must_use]
    pub fn first(&self) -> Option<TensorId> {
        self.masks.first().copied().flatten()
    }

    /// Adds a layer before this one.
    ///
    /// # Errors
    /// Where it refuses these tensors.
    pub fn add(&mut self, layer: impl Layer + 'static, inputs: &[TensorId]) -> Result<TensorId, Mismatch> {
        let layer = (0..self.n_outer).fold(boxed(layer), |layer, _| on_each_step(self.instance, layer));
        let added = self.draft.hidden(self.instance, layer, inputs, self.span);
        added.map_err(|mistake| Mismatch::new(Code::E226, mistake.title, "can't use these masks"))
    }

    /// Lets the layer compute in another form, which reads these masks behind all else.
    pub fn compute_as(&mut self, form: Box<dyn Layer>, masks: &[TensorId]) {
        self.form = Some(form);
        self.read = masks.to_vec();
    }

    /// Turns the first input's mask round, for this layer alone.
    ///
    /// # Errors
    /// Where it can't be.
    pub fn turn_first(&mut self) -> Result<(), Mismatch> {
        if let Some(mask) = self.first() {
            let keys = vec![Key::Slice([None; 3]), Key::Slice([None, None, Some(-1)])];
            self.masks[0] = Some(self.add(GetItem { keys }, &[mask])?);
        }
        Ok(())
    }

    /// Lets the layer read the first input's mask, if it has a use for it.
    ///
    /// # Errors
    /// Where the mask does not fit.
    pub fn use_first(&mut self) -> Result<(), Mismatch> {
        let (Some(mask), Some(&input)) = (self.first(), self.inputs.first()) else { return Ok(()) };
        let (input, shape) = (self.shape(input), self.shape(mask));
        let form = self.instance.layer.with_mask(&MaskShapes { input: &input, mask: &shape })?;
        if let Some(form) = form {
            self.compute_as(form, &[mask]);
        }
        Ok(())
    }
}

fn boxed(layer: impl Layer + 'static) -> Box<dyn Layer> {
    Box::new(layer)
}

/// The layer, a form of this object, on every timestep.
fn on_each_step(inner: &LayerInstance, layer: Box<dyn Layer>) -> Box<dyn Layer> {
    Box::new(EachStep { inner: Rc::new(inner.with_layer(layer)) })
}

/// Whether anything in the graph makes a mask.
#[must_use]
pub fn has_masks(graph: &TypedGraph) -> bool {
    let is_given = |graph: &TypedGraph| graph.nodes().iter().any(|node| node.given_masks.contains(&true));
    any_graph(graph, &|graph| is_given(graph) || layers(graph).any(|layer| layer.makes_mask()))
}

/// Whether this holds for the graph, or for that of a model inside.
fn any_graph(graph: &TypedGraph, holds: &dyn Fn(&TypedGraph) -> bool) -> bool {
    holds(graph) || layers(graph).any(|layer| models_of(layer, &|model| any_graph(model, holds)))
}

fn layers(graph: &TypedGraph) -> impl Iterator<Item = &dyn Layer> {
    graph.nodes().iter().filter_map(|node| match &node.node.kind {
        NodeKind::Layer { instance, .. } => Some(instance.layer.as_ref()),
        NodeKind::Input { .. } => None,
    })
}

/// Whether this holds for a model that the layer is, or holds: `TimeDistributed` of one.
fn models_of(layer: &dyn Layer, holds: &dyn Fn(&TypedGraph) -> bool) -> bool {
    layer.nested().is_some_and(|model| holds(&model.graph))
        || layer.sublayers().iter().any(|inner| models_of(inner.layer.as_ref(), holds))
}

/// Whether a layer of the graph, or of a model inside, does this.
fn has(graph: &TypedGraph, does: &dyn Fn(&dyn Layer) -> bool) -> bool {
    any_graph(graph, &|graph| layers(graph).any(does))
}

/// The graph with its masks as tensors; one without masks as it is. Models inside are replaced by their layers first:
/// masks go in and out of them.
#[must_use]
pub fn explicit(graph: &TypedGraph) -> Cow<'_, TypedGraph> {
    if has_masks(graph) { Cow::Owned(Draft::of(graph).0) } else { Cow::Borrowed(graph) }
}

/// What there is to say of the graph's masks: those that are lost, and those that don't fit.
#[must_use]
pub(crate) fn check(graph: &TypedGraph) -> Vec<Diagnostic> {
    if has_masks(graph) { Draft::of(graph).1 } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use rnn_grammar::{Code, Source};

    use super::*;
    use crate::layers::testing::codes;

    fn graph(text: &str) -> TypedGraph {
        let compiled = crate::compile(&Source::new("test.rnn", text.to_owned()));
        assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
        compiled.select(None).unwrap().graph.clone()
    }

    /// The classes of the explicit graph's layers, in order.
    fn classes(text: &str) -> Vec<&'static str> {
        let graph = graph(text);
        let layers = explicit(&graph).into_owned().nodes.into_iter().filter_map(|node| match node.node.kind {
            NodeKind::Layer { instance, .. } => Some(instance.layer.declaration().class),
            NodeKind::Input { .. } => None,
        });
        layers.collect()
    }

    #[test]
    fn a_graph_without_masks_is_left_alone() {
        let plain = graph("model = Sequential([Input((3, 2)), Dense(2), LSTM(1)])\n");
        assert!(matches!(explicit(&plain), Cow::Borrowed(_)));
    }

    #[test]
    fn masks_become_layers_and_go_through_models() {
        let text = "model = Sequential([Input((3, 2)), Masking(), Dense(2), LSTM(1)])\n";
        assert_eq!(classes(text), ["MaskOf", "Masking", "Dense", "LSTM"]);
        let nested = "front = Sequential([Input((3, 2)), Masking()])\nx = Input((3, 2))\n\
                      model = Model(x, Multiply()([front(x), front(x)]))\n";
        let found = classes(nested);
        assert_eq!(found.iter().filter(|class| **class == "MaskFill").count(), 3, "{found:?}");
    }

    #[test]
    fn hidden_layers_are_in_no_list() {
        let compiled = crate::compile(&Source::new(
            "test.rnn",
            "model = Sequential([Input((3,)), Embedding(4, 2, mask_zero=True), LSTM(1)])\n".to_owned(),
        ));
        let model = compiled.select(None).unwrap();
        let names: Vec<String> = model.layers().into_iter().map(|layer| layer.name).collect();
        assert_eq!(names, ["embedding", "lstm"]);
        assert_eq!(model.total_params(), 8 + 16);
    }

    #[test]
    fn lost_and_misfitting_masks_are_told() {
        let masked = |layers: &str| codes(&format!("Input((3, 2)), Masking(), {layers}"));
        assert_eq!(masked("LSTM(2)"), []);
        assert_eq!(masked("LSTM(2, return_sequences=True), GlobalAveragePooling1D()"), []);
        assert_eq!(masked("Flatten()"), [Code::W106]);
        assert_eq!(masked("GlobalMaxPooling1D(), Dense(2)"), [Code::W106]);
        assert_eq!(masked("Dense(4), Softmax()"), [Code::E226]);
        assert_eq!(masked("TimeDistributed(Softmax())"), [Code::E226]);
        let deep = |layers: &str| codes(&format!("Input((3, 4, 2)), Masking(), {layers}"));
        assert_eq!(deep("TimeDistributed(LSTM(2)), Dense(2)"), []);
        assert_eq!(deep("TimeDistributed(LSTM(2)), LSTM(2)"), [Code::E226]);
    }

    #[test]
    fn masks_that_a_call_gives_are_checked() {
        let codes = |call: &str| -> Vec<Code> {
            let begin = "x = Input((3, 2))\nm = Input((3,), dtype='bool')\nh = Input((2,))\n";
            let text = format!("{begin}y = {call}\nmodel = Model([x, m, h], y)\n");
            let compiled = crate::compile(&Source::new("test.rnn", text));
            let found = compiled.diagnostics.iter().map(|diagnostic| diagnostic.code);
            found.filter(|code| *code != Code::W105).collect()
        };
        assert_eq!(codes("LSTM(2)(x, mask=m)"), []);
        assert_eq!(codes("GRU(2)(x, initial_state=h, mask=m)"), []);
        // Outputs that are not joined both have the mask.
        for output in [0, 1] {
            let both = "Bidirectional(LSTM(2, return_sequences=True), merge_mode=None)(x, mask=m)";
            assert_eq!(codes(&format!("Flatten()({both}[{output}])")), [Code::W106]);
        }
        assert_eq!(codes("GRU(2)(Masking()(x), initial_state=h)"), [Code::W107]);
        assert_eq!(codes("Attention()([x, x], mask=[m, None])"), []);
        assert_eq!(codes("Attention()([x, x], mask=m)"), [Code::E145]);
        assert_eq!(codes("LSTM(2)(x, mask=x)"), [Code::E145]);
        assert_eq!(codes("LSTM(2)(x, mask=[m, m])"), [Code::E145]);
        assert_eq!(codes("LSTM(2)(x, mask=None)"), []);
        assert_eq!(codes("Dense(2)(x, mask=m)"), [Code::E112]);
        assert_eq!(codes("Dense(2)(m)"), [Code::E146]);
        assert_eq!(codes("-m"), [Code::E146]);
        assert_eq!(codes("LSTM(2)(x, mask=h > 0)"), [Code::E226]);
        assert_eq!(codes("LSTM(2)(x, mask=m & (x[:, :, 0] > 0))"), []);
        assert_eq!(codes("LSTM(2)(x[:, 1:], mask=m)"), [Code::E226]);
        assert_eq!(codes("Attention()([x, x], mask=[m, m], use_causal_mask=True)"), []);
        assert_eq!(codes("MultiHeadAttention(1, 2)(x, x, value_mask=m)"), []);
        assert_eq!(codes("MultiHeadAttention(1, 2)(x, x, None, m)"), [Code::W102]);
        assert_eq!(codes("MultiHeadAttention(1, 2)(x, x, None, None)"), [Code::E115]);
        assert_eq!(codes("MultiHeadAttention(1, 2)(x, x, key_mask=x)"), [Code::E145]);
        assert_eq!(codes("MultiHeadAttention(1, 2)(x, x, attention_mask=m)"), [Code::E226]);
        assert_eq!(codes("MultiHeadAttention(1, 2)(x[:, 1:], x[:, 1:], value_mask=m)"), [Code::E226]);
        assert_eq!(codes("RNN([GRUCell(2), GRUCell(2)])(x, initial_state=[h, h], mask=m)"), []);
        assert_eq!(codes("ConvLSTM1D(2, 1)(x[:, :, None], mask=m)"), []);
    }

    #[test]
    fn attention_takes_masks_off_what_it_reads() {
        let codes = |lines: &str, output: &str| -> Vec<Code> {
            let text = format!("x = Input((3, 2))\na = Masking()(x)\n{lines}model = Model(x, {output})\n");
            let compiled = crate::compile(&Source::new("test.rnn", text));
            compiled.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
        };
        let first = "y = MultiHeadAttention(1, 2)(a, a)\n";
        assert_eq!(codes(first, "Add()([y, a])"), []);
        assert_eq!(codes(first, "Multiply()([y, a])"), [Code::W108]);
        assert_eq!(codes(first, "[y, GRU(2)(a), GRU(2)(y)]"), []);
        // The one that Keras computes first reads the mask.
        let both = format!("{first}z = MultiHeadAttention(1, 2)(a, a)\n");
        assert_eq!(codes(&both, "[y, z]"), [Code::W108]);
        // `Dropout` passes on the tensor itself.
        assert_eq!(
            codes("b = Dropout(0.1)(a)\ny = MultiHeadAttention(1, 2)(b, b)\n", "Multiply()([y, a])"),
            [Code::W108]
        );
        assert_eq!(codes("b = Dense(2)(a)\ny = MultiHeadAttention(1, 2)(b, b)\n", "Multiply()([y, a])"), []);
    }
}
