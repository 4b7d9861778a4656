//! What smaller numbers lose: weights as they are stored, and how far each layer's are from what they were.

use std::collections::{HashMap, HashSet};
use std::fmt;

use rnn_grammar::{Code, Diagnostic};

use super::Storage;
use crate::graph::NodeKind;
use crate::layer::{LayerInstance, Variable, WeightSpec};
use crate::model::CompiledModel;
use crate::packing::{Number, Store};
use crate::plan::{Plan, Segment};
use crate::weights::{BoundWeights, Weight, indices, key};

/// How far a layer's weights are from what they were.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// The layer's name.
    pub layer: String,
    /// Its class.
    pub class: &'static str,
    /// What they are stored as.
    pub storage: Storage,
    /// How many are stored so.
    pub count: u64,
    /// The largest magnitude of one.
    pub largest: f32,
    /// The largest distance of one from what it was.
    pub error: f32,
}

impl Loss {
    /// The largest distance as a share of the largest magnitude.
    #[must_use]
    pub fn relative(&self) -> f32 {
        if self.largest > 0.0 { self.error / self.largest } else { 0.0 }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Loss { layer, class, storage, count, largest, error } = self;
        let relative = self.relative();
        write!(
            formatter,
            "`{layer}` ({class}): {count} weights as {storage}, off by {error:.1e} at most, {relative:.1e} of the largest, \
             {largest:.3}"
        )
    }
}

/// A model's weights as its code reads them.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Every weight: rounded where it is stored as a smaller number, else as it was.
    pub weights: BoundWeights,
    /// One entry a layer that stores smaller numbers, in the order of the plan.
    pub losses: Vec<Loss>,
}

/// Rounds every weight as the plan stores it.
///
/// # Errors
/// E308 for each tensor with a weight that its storage can't hold.
pub fn stored(model: &CompiledModel, plan: &Plan, bound: &BoundWeights) -> Result<Stored, Vec<Diagnostic>> {
    let mut rounding =
        Rounding { model, nodes: HashMap::new(), losses: Vec::new(), refused: HashSet::new(), diagnostics: Vec::new() };
    for segment in &plan.segments {
        for store in segment.packing.stores() {
            rounding.step(plan, segment, store, bound);
        }
    }
    if !rounding.diagnostics.is_empty() {
        return Err(rounding.diagnostics);
    }
    let rounded = rounding.variables();
    let losses = rounding.losses.into_iter().map(|(_, loss)| loss).collect();
    let changed = |node: usize| {
        let mut weights = bound.node(node).to_vec();
        let specs = model.graph.nodes()[node].weights.iter();
        let mut is_changed = false;
        for (weight, spec) in weights.iter_mut().zip(specs) {
            if let Some(now) = spec.variable.and_then(|variable| rounded.get(&variable)) {
                weight.clone_from(now);
                is_changed = true;
            }
        }
        is_changed.then_some(weights)
    };
    Ok(Stored { weights: bound.map(changed), losses })
}

struct Rounding<'a> {
    model: &'a CompiledModel,
    /// The weights that are stored as smaller numbers, by node and place.
    nodes: HashMap<(usize, usize), Weight>,
    /// With the layers' places in the plan.
    losses: Vec<(usize, Loss)>,
    /// Tensors that are said to be too large, by node and place: a gate's blocks are steps of their own.
    refused: HashSet<(usize, usize)>,
    diagnostics: Vec<Diagnostic>,
}

impl Rounding<'_> {
    /// What each variable is now: a layer whose weights are packed for another one reads them, too.
    fn variables(&self) -> HashMap<Variable, Weight> {
        let nodes = self.model.graph.nodes();
        let of = |(node, tensor): (usize, usize)| nodes[node].weights.get(tensor)?.variable;
        self.nodes.iter().filter_map(|(&place, weight)| Some((of(place)?, weight.clone()))).collect()
    }

    fn step(&mut self, plan: &Plan, segment: &Segment, store: &Store, bound: &BoundWeights) {
        let (node, tensor) = (segment.node, segment.first_tensor + store.tensor);
        let Some(weight) = bound.node(node).get(tensor) else { return };
        let mut rounded: Vec<f32> = self.nodes.get(&(node, tensor)).unwrap_or(weight).values.to_vec();
        let (mut count, mut largest, mut error) = (0, 0.0_f32, 0.0_f32);
        let mut too_large: Option<Number> = None;
        store.numbers(&weight.values, |number| {
            let Number { source, value, rounded: now } = number;
            if !now.is_finite() {
                too_large.get_or_insert(number);
                return;
            }
            count += 1;
            largest = largest.max(value.abs());
            error = error.max((now - value).abs());
            if let Some(place) = rounded.get_mut(source) {
                *place = now;
            }
        });
        if let Some(number) = too_large {
            return self.refuse(node, tensor, store.storage, number);
        }
        self.nodes.insert((node, tensor), Weight { shape: weight.shape.clone(), values: rounded.into() });
        self.add(plan, segment, Loss { count, largest, error, ..empty(plan, segment, store.storage) });
    }

    /// Joins what a layer's steps lose.
    fn add(&mut self, plan: &Plan, segment: &Segment, loss: Loss) {
        let of_layer = self.losses.iter_mut().find(|(layer, _)| *layer == segment.layer);
        let Some((_, sum)) = of_layer else {
            debug_assert!(segment.layer < plan.layers.len(), "a segment belongs to a layer");
            return self.losses.push((segment.layer, loss));
        };
        sum.count += loss.count;
        sum.largest = sum.largest.max(loss.largest);
        sum.error = sum.error.max(loss.error);
    }

    fn refuse(&mut self, node: usize, tensor: usize, storage: Storage, number: Number) {
        let NodeKind::Layer { instance, .. } = &self.model.graph.nodes()[node].node.kind else { return };
        let spec = &self.model.graph.nodes()[node].weights[tensor];
        if self.refused.insert((node, tensor)) {
            self.diagnostics.push(too_large(instance, spec, storage, number));
        }
    }
}

fn empty(plan: &Plan, segment: &Segment, storage: Storage) -> Loss {
    let layer = &plan.layers[segment.layer];
    Loss { layer: layer.name.clone(), class: layer.class, storage, count: 0, largest: 0.0, error: 0.0 }
}

fn too_large(instance: &LayerInstance, spec: &WeightSpec, storage: Storage, number: Number) -> Diagnostic {
    let (name, place) = (key(instance, spec), indices(number.source, &spec.shape));
    let class = instance.layer.declaration().class;
    let title = format!(
        "`{name}` of the layer `{}` ({class}) holds {} at {place}, too large for {storage}",
        instance.name, number.value
    );
    let (most, others) = match storage {
        Storage::F16 => ("65504", "`bf16` or `int8`, which have the range of a float"),
        Storage::F32 | Storage::Bf16 | Storage::Int8 => ("3.39e38", "`f32`"),
    };
    Diagnostic::new(Code::E308, instance.class_span, title)
        .at(format!("`{}` would hold an infinity", spec.path))
        .note(format!("the largest number of {storage} is {most}"))
        .help(format!("store the weights as {others}"))
}
