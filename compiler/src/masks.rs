//! Masks as Keras carries them along: which steps of a sequence count. Here each becomes a tensor of the graph.
//!
//! A mask has the axes of its tensor but the last, with 1 where a step counts and 0 where it does not. `Masking` and
//! `Embedding(mask_zero=True)` make one, `mask=` of a call gives one, and every layer says by
//! [`Layer::mask`] what becomes of those that its inputs have. The summary, the counts and the
//! shapes know nothing of masks; [`explicit`] makes the graph that the reference evaluates and the plan lowers, in which
//! layers read the masks that they use and small layers of no name compute them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::graph::{NodeId, NodeKind, TensorId, TypedGraph, TypedNode};
use crate::infer::Inference;
use crate::layer::{Layer, LayerInstance, Mismatch};
use crate::layers::get_item::{GetItem, Key};
use crate::layers::mask_select::Fill;
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
        self.draft.inference.shape(tensor).clone()
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
        let added = self.draft.hidden(self.instance, Box::new(layer), inputs, self.span);
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

/// Whether anything in the graph makes a mask.
#[must_use]
pub fn has_masks(graph: &TypedGraph) -> bool {
    graph.nodes().iter().any(|node| {
        let NodeKind::Layer { instance, .. } = &node.node.kind else { return false };
        let is_given = node.given_masks.contains(&true);
        is_given || instance.layer.makes_mask() || instance.layer.nested().is_some_and(|model| has_masks(&model.graph))
    })
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

/// The graph with masks on the way.
#[derive(Debug, Default)]
struct Draft {
    inference: Inference,
    /// Whose weights each node has.
    origins: Vec<(usize, usize)>,
    /// The mask of each tensor that has one.
    masks: HashMap<TensorId, TensorId>,
    /// Where each mask comes from.
    makers: HashMap<TensorId, Span>,
    n_hidden: usize,
    diagnostics: Vec<Diagnostic>,
}

impl Draft {
    fn of(graph: &TypedGraph) -> (TypedGraph, Vec<Diagnostic>) {
        let mut graph = graph.clone();
        crate::passes::inline(&mut graph);
        let mut draft = Self::default();
        let mut tensors: HashMap<TensorId, TensorId> = HashMap::new();
        for (index, node) in graph.nodes.iter().enumerate() {
            let made = match &node.node.kind {
                NodeKind::Layer { instance, .. } if instance.layer.is_only_shown() => continue,
                NodeKind::Input { name, shape, dtype } => {
                    draft.origins.push(node.origin.unwrap_or((index, 0)));
                    vec![draft.inference.input(name.clone(), shape.clone(), *dtype, node.node.span)]
                }
                NodeKind::Layer { instance, inputs } => {
                    let moved = |tensor: &TensorId| tensors[tensor];
                    let (own, given) = node.split(inputs);
                    let own: Vec<TensorId> = own.iter().map(moved).collect();
                    let given: Vec<Option<TensorId>> = given.iter().map(|mask| mask.as_ref().map(moved)).collect();
                    draft.add(index, node, instance, (&own, &given))
                }
            };
            for (output, tensor) in made.into_iter().enumerate() {
                tensors.insert(TensorId { node: NodeId(index), output }, tensor);
            }
        }
        let inputs = graph.inputs.iter().map(|&node| tensors[&TensorId { node, output: 0 }].node).collect();
        let outputs = graph.outputs.iter().map(|output| tensors[output]).collect();
        let mut nodes = draft.inference.into_nodes();
        nodes.iter_mut().zip(draft.origins).for_each(|(node, origin)| node.origin = Some(origin));
        (TypedGraph { nodes, inputs, outputs }, draft.diagnostics)
    }

    /// Adds a node of the graph; answers its outputs.
    fn add(
        &mut self,
        index: usize,
        node: &TypedNode,
        instance: &Rc<LayerInstance>,
        (own, given): (&[TensorId], &[Option<TensorId>]),
    ) -> Vec<TensorId> {
        // What the call gives stands for all that the tensors have themselves.
        let masks: Vec<Option<TensorId>> = match given.is_empty() {
            true => own.iter().map(|tensor| self.masks.get(tensor).copied()).collect(),
            false => (0..own.len()).map(|place| given.get(place).copied().flatten()).collect(),
        };
        let span = node.node.span;
        for mask in given.iter().flatten() {
            let made = self.inference.node(mask.node).node.span;
            self.makers.entry(*mask).or_insert(made);
        }
        let (mut inputs, mut masked, mut form) = (own.to_vec(), Masked::ended(), Rc::clone(instance));
        if masks.iter().any(Option::is_some) || instance.layer.makes_mask() {
            let is_given = given.first().is_some_and(Option::is_some);
            let mut call = MaskCall {
                draft: self,
                instance,
                span,
                inputs: inputs.clone(),
                masks: masks.clone(),
                is_given,
                form: None,
                read: Vec::new(),
            };
            match instance.layer.mask(&mut call) {
                Ok(answer) => {
                    masked = answer;
                    inputs = [call.inputs, call.read].concat();
                    form = call.form.map_or(form, |form| Rc::new(instance.with_layer(form)));
                }
                Err(mismatch) => {
                    let mistake = self.inference.refusal(instance, own, span, mismatch);
                    self.diagnostics.push(self.with_source(mistake, &masks));
                }
            }
        }
        self.warn(instance, span, &masked, &masks);
        let id = self.applied(instance, &form, (&inputs, own), span);
        self.origins.push(node.origin.unwrap_or((index, 0)));
        self.finish(instance, id, &masked, span)
    }

    /// Calls the layer; where its masked form refuses what it gets, the layer as it is.
    fn applied(
        &mut self,
        instance: &Rc<LayerInstance>,
        form: &Rc<LayerInstance>,
        (inputs, own): (&[TensorId], &[TensorId]),
        span: Span,
    ) -> NodeId {
        match self.inference.apply(form, inputs, span) {
            Ok(id) => id,
            Err(mistake) => {
                self.diagnostics.push(*mistake);
                let plain = self.inference.apply(instance, own, span);
                plain.unwrap_or_else(|_| unreachable!("the layer took these shapes before"))
            }
        }
    }

    /// The outputs of a node, the first with its zeros and its mask.
    fn finish(&mut self, instance: &Rc<LayerInstance>, id: NodeId, masked: &Masked, span: Span) -> Vec<TensorId> {
        let n_outputs = self.inference.node(id).outputs.len();
        let mut outputs: Vec<TensorId> = (0..n_outputs).map(|output| TensorId { node: id, output }).collect();
        if let Some(mask) = masked.zeroed_by {
            match self.hidden(instance, Box::new(Fill { constant: 0.0 }), &[outputs[0], mask], span) {
                Ok(filled) => outputs[0] = filled,
                Err(mistake) => self.diagnostics.push(*mistake),
            }
        }
        if let Some(mask) = masked.output {
            self.makers.entry(mask).or_insert(instance.span);
            self.masks.insert(outputs[0], mask);
        }
        outputs
    }

    /// Adds a layer that the text does not name.
    fn hidden(
        &mut self,
        beside: &LayerInstance,
        layer: Box<dyn Layer>,
        inputs: &[TensorId],
        span: Span,
    ) -> Result<TensorId, Box<Diagnostic>> {
        self.n_hidden += 1;
        let mut instance = beside.with_layer(layer);
        // Far from the numbers of layers of the text, and of the parts of layers that are several.
        instance.id = usize::MAX / 4 - self.n_hidden;
        instance.name = format!("{}_mask", beside.name);
        let node = self.inference.apply(&Rc::new(instance), inputs, span)?;
        self.origins.push((0, 0));
        let tensor = TensorId { node, output: 0 };
        if let Some(&maker) = inputs.iter().find_map(|input| self.makers.get(input)) {
            self.makers.insert(tensor, maker);
        }
        Ok(tensor)
    }

    /// Says where a mask ends that was most likely meant to go on.
    fn warn(&mut self, instance: &LayerInstance, span: Span, masked: &Masked, masks: &[Option<TensorId>]) {
        let class = instance.layer.declaration().class;
        let diagnostic = match masked.lost {
            _ if masks.iter().all(Option::is_none) => return,
            None => return,
            Some(Lost::Unknown) => Diagnostic::new(Code::W106, span, format!("`{class}` loses the mask"))
                .at("knows no masks")
                .help("layers behind it take every step as it is; use the mask before"),
            Some(Lost::States) => {
                let title = format!("`{class}` begins with given states and so takes no notice of the mask");
                Diagnostic::new(Code::W107, span, title)
                    .at("takes every step")
                    .help("give it the mask in the call, `mask=`: Keras then uses it")
            }
        };
        let diagnostic = self.with_source(diagnostic, masks);
        self.diagnostics.push(diagnostic);
    }

    /// Shows where the mask comes from.
    fn with_source(&self, diagnostic: Diagnostic, masks: &[Option<TensorId>]) -> Diagnostic {
        let maker = masks.iter().flatten().find_map(|mask| self.makers.get(mask));
        match maker.filter(|&&maker| maker != diagnostic.primary.span) {
            Some(&maker) => diagnostic.label(maker, "the mask is made here"),
            None => diagnostic,
        }
    }
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
    }
}
