//! Names, shapes, types and values of a weight file against those of a graph.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use super::{BoundWeights, NamedTensor, Weight, tuple};
use crate::graph::{NodeKind, TypedGraph, TypedNode};
use crate::layer::{LayerInstance, Variable, WeightSpec};
use crate::model::CompiledModel;
use crate::names::closest;
use crate::precision::Precision;

/// The key of a layer's weight: `lstm/lstm_cell/kernel`. A functional model inside another is not part of it, for its
/// layers were there before it; a weight that another layer made keeps the key of that one.
#[must_use]
pub fn key(layer: &LayerInstance, spec: &WeightSpec) -> String {
    spec.built_as.clone().unwrap_or_else(|| own_key(layer, spec))
}

/// The key that the weight has where this layer makes it.
fn own_key(layer: &LayerInstance, spec: &WeightSpec) -> String {
    if !layer.layer.is_in_paths() {
        return spec.path.clone();
    }
    format!("{}/{}", layer.name, spec.path)
}

/// Finds every weight of the model among the tensors. Keys may start with the model's name; superfluous tensors are
/// reported where it is defined, unless another model of the text has them.
///
/// # Errors
/// Every missing, superfluous, misshaped, wrongly typed, non-finite or doubled tensor: E302 to E307.
pub fn bind(model: &CompiledModel, tensors: &[NamedTensor]) -> Result<BoundWeights, Vec<Diagnostic>> {
    let graph = &model.graph;
    let mut binder = Binder::new(model, tensors);
    let mut shared: HashMap<usize, Rc<[Weight]>> = HashMap::new();
    let mut nodes = Vec::with_capacity(graph.nodes().len());
    for node in graph.nodes() {
        let NodeKind::Layer { instance, .. } = &node.node.kind else {
            nodes.push(Rc::from([]));
            continue;
        };
        let weights = shared.entry(instance.id).or_insert_with(|| binder.layer(instance, node).into());
        nodes.push(Rc::clone(weights));
    }
    let is_siblings = |key: &&str| model.sibling_keys.iter().any(|sibling| sibling == key);
    let of_siblings: Vec<&str> = binder.order.iter().copied().filter(is_siblings).collect();
    binder.used.extend(of_siblings);
    binder.finish(BoundWeights { nodes })
}

/// The keys of all weights of a graph, each variable's once.
#[must_use]
pub fn keys(graph: &TypedGraph) -> Vec<String> {
    let (mut keys, mut seen) = (Vec::new(), HashSet::new());
    for node in graph.nodes().iter().filter(|node| node.is_first_use) {
        let NodeKind::Layer { instance, .. } = &node.node.kind else { continue };
        let new = node.weights.iter().filter(|spec| spec.variable.is_none_or(|variable| seen.insert(variable)));
        keys.extend(new.map(|spec| key(instance, spec)));
    }
    keys
}

/// A weight that no tensor was found for.
struct Missing {
    key: String,
    span: Span,
    layer: String,
    shape: Vec<u64>,
}

struct Binder<'a> {
    at: Span,
    precision: Precision,
    tensors: HashMap<&'a str, &'a NamedTensor>,
    /// The keys that layers would give what they share: a file may name any of them.
    others: HashMap<Variable, Vec<String>>,
    order: Vec<&'a str>,
    used: HashSet<&'a str>,
    missing: Vec<Missing>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Binder<'a> {
    fn new(model: &CompiledModel, tensors: &'a [NamedTensor]) -> Self {
        let mut binder = Self {
            at: model.span,
            precision: model.precision,
            tensors: HashMap::new(),
            others: HashMap::new(),
            order: Vec::new(),
            used: HashSet::new(),
            missing: Vec::new(),
            diagnostics: Vec::new(),
        };
        for node in model.graph.nodes() {
            let NodeKind::Layer { instance, .. } = &node.node.kind else { continue };
            for (variable, spec) in node.weights.iter().filter_map(|spec| Some((spec.variable?, spec))) {
                binder.others.entry(variable).or_default().push(own_key(instance, spec));
            }
        }
        let prefix = prefix(&model.graph, &model.name, tensors);
        for tensor in tensors {
            let name = tensor.name.as_str();
            let key = prefix.and_then(|prefix| name.strip_prefix(prefix)?.strip_prefix('/')).unwrap_or(name);
            if let Some(other) = binder.tensors.insert(key, tensor) {
                let title = format!("the weights hold `{key}` twice: as `{}` and as `{name}`", other.name);
                binder.diagnostics.push(Diagnostic::new(Code::E307, model.span, title).help("leave one of them out"));
            } else {
                binder.order.push(key);
            }
        }
        binder
    }

    fn layer(&mut self, instance: &LayerInstance, node: &TypedNode) -> Vec<Weight> {
        node.weights.iter().filter_map(|spec| self.weight(instance, spec)).collect()
    }

    fn weight(&mut self, instance: &LayerInstance, spec: &WeightSpec) -> Option<Weight> {
        let key = key(instance, spec);
        let layer = described(instance);
        let others = spec.variable.and_then(|variable| self.others.get(&variable)).into_iter().flatten();
        let mut keys = std::iter::once(&key).chain(others);
        let Some((&found, &tensor)) = keys.find_map(|key| self.tensors.get_key_value(key.as_str())) else {
            if self.missing.iter().all(|missing| missing.key != key) {
                self.missing.push(Missing { key, span: instance.class_span, layer, shape: spec.shape.clone() });
            }
            return None;
        };
        self.used.insert(found);
        let mistake = match &tensor.values {
            Err(_) if spec.is_integer => return Some(Weight { shape: spec.shape.clone(), values: [0.0_f32].into() }),
            Err(dtype) => wrong_type(tensor, dtype, instance, self.precision),
            Ok(values) if values.is_double() && self.precision == Precision::Single => {
                wrong_type(tensor, Precision::Double.name(), instance, self.precision)
            }
            Ok(_) if tensor.shape != spec.shape => wrong_shape(tensor, spec, instance),
            Ok(values) => match values.wide().iter().position(|value| !value.is_finite()) {
                Some(at) => not_finite(tensor, at, &values.wide(), instance),
                None => return Some(Weight { shape: spec.shape.clone(), values: values.clone() }),
            },
        };
        self.diagnostics.push(mistake);
        None
    }

    fn finish(mut self, bound: BoundWeights) -> Result<BoundWeights, Vec<Diagnostic>> {
        let unused: Vec<&NamedTensor> =
            self.order.iter().filter(|key| !self.used.contains(*key)).map(|key| self.tensors[key]).collect();
        let keys: Vec<&str> = self.order.iter().copied().filter(|key| !self.used.contains(key)).collect();
        let missing = self.missing.iter().map(|missing| missing.report(&unused, &keys));
        self.diagnostics.extend(missing);
        self.diagnostics.extend(unused.iter().map(|tensor| superfluous(tensor, self.at)));
        if self.diagnostics.is_empty() { Ok(bound) } else { Err(self.diagnostics) }
    }
}

/// The model's name that the keys start with: the model's own, or another one that all of them share.
fn prefix<'n>(graph: &TypedGraph, model: &'n str, tensors: &'n [NamedTensor]) -> Option<&'n str> {
    let mut layers = HashSet::new();
    for node in graph.nodes() {
        let NodeKind::Layer { instance, .. } = &node.node.kind else { continue };
        layers.insert(instance.name.clone());
        let keys = node.weights.iter().map(|spec| key(instance, spec));
        layers.extend(keys.filter_map(|key| key.split_once('/').map(|(layer, _)| layer.to_owned())));
    }
    let first = |tensor: &'n NamedTensor| tensor.name.split_once('/').map(|(first, _)| first);
    if !layers.contains(model) && tensors.iter().any(|tensor| first(tensor) == Some(model)) {
        return Some(model);
    }
    let common = first(tensors.first()?)?;
    let is_shared = tensors.iter().all(|tensor| first(tensor) == Some(common));
    let second_is_layer =
        |tensor: &NamedTensor| tensor.name.split('/').nth(1).is_some_and(|name| layers.contains(name));
    (is_shared && !layers.contains(common) && tensors.iter().any(second_is_layer)).then_some(common)
}

impl Missing {
    fn report(&self, unused: &[&NamedTensor], keys: &[&str]) -> Diagnostic {
        let shape = tuple(&self.shape);
        let diagnostic = Diagnostic::new(
            Code::E302,
            self.span,
            format!("the weights lack `{}` of shape {shape}, which {} needs", self.key, self.layer),
        )
        .at(format!("needs `{}`", self.key));
        let last = |name: &str| name.rsplit('/').next().map(str::to_owned);
        let alike = || unused.iter().find(|tensor| tensor.shape == self.shape && last(&tensor.name) == last(&self.key));
        if let Some(near) = closest(&self.key, keys.iter().copied()) {
            diagnostic.help(format!("did you mean `{near}`, which the file has and nothing asks for?"))
        } else if let Some(tensor) = alike() {
            diagnostic.help(format!("`{}` of the file has this shape, and nothing asks for it", tensor.name))
        } else {
            diagnostic
        }
    }
}

fn described(instance: &LayerInstance) -> String {
    format!("the layer `{}` ({})", instance.name, instance.layer.declaration().class)
}

fn superfluous(tensor: &NamedTensor, at: Span) -> Diagnostic {
    let title = format!("the weights hold `{}` of shape {}, but no layer has it", tensor.name, tuple(&tensor.shape));
    Diagnostic::new(Code::E303, at, title)
        .help("keys are `<layer name>/<weight>`: give layers that were trained under other names these with `name=`")
}

fn wrong_type(tensor: &NamedTensor, dtype: &str, instance: &LayerInstance, precision: Precision) -> Diagnostic {
    let (all, read) = match precision {
        Precision::Single => ("float32, float16 or bfloat16", "reads floats of 32 or 16 bits"),
        Precision::Double => ("float64, float32, float16 or bfloat16", "reads floats of 64, 32 or 16 bits"),
    };
    let needed = precision.name();
    let title = format!("`{}` of {} holds {dtype} numbers, not {all}", tensor.name, described(instance));
    let diagnostic = Diagnostic::new(Code::E305, instance.class_span, title)
        .at(read)
        .help(format!("save the weights as {needed}: `array.astype(\"{needed}\")`"));
    if dtype == Precision::Double.name() {
        return diagnostic
            .help("or begin the text with `keras.config.set_floatx(\"float64\")`: all of it computes in float64");
    }
    diagnostic
}

fn wrong_shape(tensor: &NamedTensor, spec: &WeightSpec, instance: &LayerInstance) -> Diagnostic {
    let (needed, found) = (tuple(&spec.shape), tuple(&tensor.shape));
    let title = format!("`{}` has shape {found}, but {} needs {needed}", tensor.name, described(instance));
    let diagnostic = Diagnostic::new(Code::E304, instance.class_span, title).at(format!("needs {needed}"));
    let is_transposed = tensor.shape.len() > 1 && tensor.shape.iter().rev().eq(&spec.shape);
    diagnostic.help(if is_transposed {
        "the axes are swapped: Keras stores the inputs first, then the units"
    } else {
        "train with this same text, or change its sizes to those of the weights"
    })
}

fn not_finite(tensor: &NamedTensor, at: usize, values: &[f64], instance: &LayerInstance) -> Diagnostic {
    let bad = values.iter().filter(|value| !value.is_finite()).count();
    let (value, place) = (values[at], indices(at, &tensor.shape));
    let title = format!("`{}` of {} holds {value} at {place}", tensor.name, described(instance));
    Diagnostic::new(Code::E306, instance.class_span, title)
        .at("would not compute a number")
        .note(format!("{bad} of its {} values are not finite; its shape is {}", values.len(), tuple(&tensor.shape)))
        .help("the training diverged, or the file is damaged: train again, or save it again")
}

/// The place of a value in an array: `[3, 4]`.
pub(crate) fn indices(mut at: usize, shape: &[u64]) -> String {
    let mut indices: Vec<String> = Vec::with_capacity(shape.len());
    for &size in shape.iter().rev() {
        let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
        indices.push((at % size).to_string());
        at /= size;
    }
    indices.reverse();
    format!("[{}]", indices.join(", "))
}
