//! The graph with masks on the way: node by node, what each tensor's mask is and what the layers make of it.
//!
//! Keras follows masks twice. While a functional model is made, each symbolic tensor has one, and a layer that is called with a
//! single tensor is handed it for good. When the model is computed, each tensor carries one, which all other layers see. Both are
//! the same, until a layer takes the masks off the tensors that it reads ([`Layer::takes_masks_off`]): layers that are computed
//! behind it find none there.

use std::collections::HashMap;
use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::activation::Activation;
use crate::graph::{NodeId, NodeKind, TensorId, TypedGraph, TypedNode};
use crate::infer::Inference;
use crate::layer::{Layer, LayerInstance, Mismatch};
use crate::layers::mask_kept::MASK_KEPT;
use crate::layers::mask_of::GIVEN;
use crate::layers::mask_select::Fill;
use crate::masks::{Lost, MaskCall, Masked};

/// The graph with masks on the way.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) inference: Inference,
    /// Whose weights each node has.
    origins: Vec<(usize, usize)>,
    /// The mask of each tensor that has one, as the model is made.
    masks: HashMap<TensorId, TensorId>,
    /// The mask that each tensor carries when the model is computed.
    carried: HashMap<TensorId, TensorId>,
    /// The tensor that Keras passes on itself, for each that is another one's.
    same: HashMap<TensorId, TensorId>,
    /// The last layer that took masks off.
    taker: Option<Span>,
    /// Where each mask comes from.
    makers: HashMap<TensorId, Span>,
    n_hidden: usize,
    diagnostics: Vec<Diagnostic>,
}

impl Draft {
    pub(super) fn of(graph: &TypedGraph) -> (TypedGraph, Vec<Diagnostic>) {
        let in_turn = super::has(graph, &|layer| layer.takes_masks_off());
        let mut graph = graph.clone();
        crate::passes::inline(&mut graph, in_turn);
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
        let made = |place: usize| own.get(place).and_then(|tensor| self.masks.get(tensor)).copied();
        let carried = |place: usize| own.get(place).and_then(|tensor| self.carried.get(&self.itself(*tensor))).copied();
        let is_handed = node.is_handed;
        let found = |place: usize| made(place).filter(|_| is_handed).or_else(|| carried(place));
        let masks = masks_of(instance.layer.as_ref(), own.len(), given, &found);
        let shown = masks_of(instance.layer.as_ref(), own.len(), given, &made);
        let span = node.node.span;
        for mask in given.iter().flatten() {
            let made = self.inference.node(mask.node).node.span;
            self.makers.entry(*mask).or_insert(made);
        }
        let is_given = node.is_given || given.first().is_some_and(Option::is_some);
        let answer = self.asked(instance, own, &masks, (span, is_given));
        let (masked, inputs, form) = match answer {
            Ok(answer) => answer,
            Err(mismatch) => {
                let mistake = self.inference.refusal(instance, own, span, *mismatch);
                self.diagnostics.push(self.with_source(mistake, &masks));
                (Masked::ended(), own.to_vec(), Rc::clone(instance))
            }
        };
        let mut output = masked.output;
        if shown != masks
            && let Ok((other, others, _)) = self.asked(instance, own, &shown, (span, is_given))
        {
            output = other.output;
            if others.len() > inputs.len() || others.iter().zip(&inputs).any(|(other, read)| other != read) {
                self.warn_taken(instance, span, &shown);
            }
        }
        self.warn(instance, span, &masked, &masks);
        let id = self.applied(instance, &form, (&inputs, own), span);
        self.origins.push(node.origin.unwrap_or((index, 0)));
        let outputs = self.finish(instance, id, &masked, span);
        for &masked_output in outputs.iter().take(instance.layer.masked_outputs()) {
            self.follow(instance.layer.as_ref(), own, masked_output, (masked.output, output), span);
        }
        outputs
    }

    /// What the layer says of these masks: what becomes of them, what it then reads, and in which form.
    #[allow(clippy::type_complexity)]
    fn asked(
        &mut self,
        instance: &Rc<LayerInstance>,
        own: &[TensorId],
        masks: &[Option<TensorId>],
        (span, is_given): (Span, bool),
    ) -> Result<(Masked, Vec<TensorId>, Rc<LayerInstance>), Box<Mismatch>> {
        if masks.iter().all(Option::is_none) && !instance.layer.makes_mask() {
            return Ok((Masked::ended(), own.to_vec(), Rc::clone(instance)));
        }
        let mut call = MaskCall {
            draft: self,
            instance,
            span,
            inputs: own.to_vec(),
            masks: masks.to_vec(),
            is_given,
            form: None,
            read: Vec::new(),
            n_outer: 0,
        };
        let masked = instance.layer.mask(&mut call)?;
        let read = [call.inputs, call.read].concat();
        let form = call.form.map_or_else(|| Rc::clone(instance), |form| Rc::new(instance.with_layer(form)));
        Ok((masked, read, form))
    }

    /// The tensor that Keras passes on where this one is.
    fn itself(&self, tensor: TensorId) -> TensorId {
        self.same.get(&tensor).copied().unwrap_or(tensor)
    }

    /// Puts the masks on an output, the one it carries and the one that is followed, and takes off those that the layer
    /// takes.
    fn follow(
        &mut self,
        layer: &dyn Layer,
        own: &[TensorId],
        output: TensorId,
        (carried, made): (Option<TensorId>, Option<TensorId>),
        span: Span,
    ) {
        let is_same = layer.is_identity() || layer.as_activation() == Some(Activation::Linear);
        let has_other_mask = [GIVEN.class, MASK_KEPT.class].contains(&layer.declaration().class);
        if is_same && !has_other_mask {
            self.same.insert(output, self.itself(own[0]));
        }
        if let Some(mask) = carried {
            self.carried.insert(self.itself(output), mask);
        }
        if let Some(mask) = made {
            self.masks.insert(output, mask);
        }
        if layer.takes_masks_off() {
            let n_taken = own.iter().filter(|tensor| self.carried.remove(&self.itself(**tensor)).is_some()).count();
            self.taker = if n_taken > 0 { Some(span) } else { self.taker };
        }
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
        }
        outputs
    }

    /// Adds a layer that the text does not name.
    pub(super) fn hidden(
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

    /// Says that a layer would read masks which another one took off before.
    fn warn_taken(&mut self, instance: &LayerInstance, span: Span, masks: &[Option<TensorId>]) {
        let class = instance.layer.declaration().class;
        let title = format!("`{class}` finds a tensor without the mask that it had");
        let mut diagnostic = Diagnostic::new(Code::W108, span, title).at("takes every step");
        if let Some(taker) = self.taker.filter(|&taker| taker != span) {
            diagnostic = diagnostic.label(taker, "takes the masks off the tensors that it reads, as in Keras");
        }
        let diagnostic = diagnostic.help("give it the mask in the call, e.g. `value_mask=`: Keras then uses it");
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

/// The mask of each tensor that a layer reads, and behind them further ones that its calls name; `found` are the tensors' own.
fn masks_of(
    layer: &dyn Layer,
    n_tensors: usize,
    given: &[Option<TensorId>],
    found: &dyn Fn(usize) -> Option<TensorId>,
) -> Vec<Option<TensorId>> {
    let names = layer.mask_names();
    let by_call = |place: usize| given.get(place).copied().flatten();
    if !names.is_empty() {
        let used = |place: usize| by_call(place).filter(|_| !layer.ignores_mask(names[place]));
        return (0..names.len()).map(|place| used(place).or_else(|| found(place))).collect();
    }
    // What the call gives stands for all that the tensors have themselves.
    (0..n_tensors).map(|place| if given.is_empty() { found(place) } else { by_call(place) }).collect()
}
