//! Weights in files that Keras 3 saved: `.keras` archives and `.weights.h5`.
//!
//! Both keep weights in HDF5 under `layers/<key>/…/vars/<index>`. The key is the snake-cased class, counted up in the
//! order of the model, not the layer's name; the index is the weight's place in its layer. So names and order come from
//! elsewhere: from a compiled model, or from the archive's configuration, whose layers are compiled one by one. The
//! configuration forgets that a layer stands in a model twice, while the keys count it twice; there, the layer's name
//! helps, which newer files keep beside its weights.

mod config;
mod hdf5;

use std::collections::{HashMap, HashSet};
use std::io::{Cursor, Read};
use std::rc::Rc;

use rnn_compiler::graph::{NodeKind, TypedGraph, TypedNode};
use rnn_compiler::layer::{LayerInstance, Variable, WeightSpec};
use rnn_compiler::layers::nested::offsets;
use rnn_compiler::model::CompiledModel;
use rnn_compiler::weights::{self, NamedTensor};
use zip::ZipArchive;

use hdf5::Stored;

/// Why a file can't be converted.
#[derive(Debug, Default)]
pub(crate) struct Mistake {
    pub(crate) title: String,
    pub(crate) note: Option<String>,
    pub(crate) help: Option<String>,
}

impl Mistake {
    fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

/// Keys and shapes of weights, in order.
type Keyed = Vec<Slot>;

/// A weight's place in the result.
#[derive(Clone, Debug)]
struct Slot {
    key: String,
    shape: Vec<u64>,
    /// What it is a weight of, where the model is known: layers that share it have it once in the file.
    variable: Option<Variable>,
}

impl Slot {
    fn new(layer: &LayerInstance, spec: &WeightSpec, variable: Option<Variable>) -> Self {
        Self { key: weights::key(layer, spec), shape: spec.shape.clone(), variable }
    }
}

/// A layer of the model: what its group is called after, and its weights' keys and shapes in order.
#[derive(Debug)]
struct Part {
    base_name: String,
    name: String,
    /// The same for a layer object that comes again.
    object: String,
    layer: Option<Rc<LayerInstance>>,
    weights: Keyed,
    /// Whether an earlier layer may hold its weights.
    is_shared: bool,
    /// The layers of a model inside, which has no weights beside theirs.
    inner: Vec<Part>,
}

/// All weights of a file under their keys. `.weights.h5` needs the model.
pub(crate) fn read(bytes: Vec<u8>, model: Option<&CompiledModel>) -> Result<Vec<NamedTensor>, Mistake> {
    if bytes.starts_with(b"PK\x03\x04") {
        let (config, weights) = unpacked(bytes)?;
        let parts = match model {
            Some(model) => parts_of(model),
            None => config::parts(&config)?,
        };
        return collect(&parts, &Stored::open(weights)?, model.is_none());
    }
    if !bytes.starts_with(b"\x89HDF\r\n\x1a\n") {
        return Err(Mistake::new("the file is neither a `.keras` archive nor an HDF5 file")
            .help("save the model with Keras 3: `model.save(\"model.keras\")`"));
    }
    let stored = Stored::open(bytes)?;
    if stored.is_legacy() {
        return Err(Mistake::new("the file was saved in Keras 2's HDF5 format")
            .help("load it in Keras 3 and save it again: `model.save(\"model.keras\")`"));
    }
    match model {
        Some(model) => collect(&parts_of(model), &stored, false),
        None => Err(Mistake::new("a `.weights.h5` file does not say which layers its weights belong to")
            .help("give the model's text: `--model model.rnn`, or convert the `.keras` file")),
    }
}

/// The configuration and the weights of a `.keras` archive.
fn unpacked(bytes: Vec<u8>) -> Result<(String, Vec<u8>), Mistake> {
    let damaged = |error: &dyn std::fmt::Display| Mistake::new("the archive is damaged").note(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let mut entry = |name: &str| {
        let mut content = Vec::new();
        let mut file = archive.by_name(name).map_err(|_| {
            Mistake::new(format!("the archive has no `{name}`"))
                .help("save the model with Keras 3: `model.save(\"model.keras\")`")
        })?;
        file.read_to_end(&mut content).map_err(|error| damaged(&error))?;
        Ok(content)
    };
    let config = entry("config.json")?;
    let weights = entry("model.weights.h5")?;
    Ok((String::from_utf8(config).map_err(|error| damaged(&error))?, weights))
}

fn parts_of(model: &CompiledModel) -> Vec<Part> {
    parts_in(&model.graph, None)
}

/// The layers of a graph. A model inside another has its weights from `all`, which are those of the whole graph.
fn parts_in(graph: &TypedGraph, all: Option<&Keyed>) -> Vec<Part> {
    let offsets = offsets(graph);
    let part = |(node, offset): (&TypedNode, usize)| {
        let NodeKind::Layer { instance, .. } = &node.node.kind else { return None };
        let weights: Keyed = match all {
            Some(all) => all.iter().skip(offset).take(node.weights.len()).cloned().collect(),
            None => node.weights.iter().map(|spec| Slot::new(instance, spec, spec.variable)).collect(),
        };
        let nested = instance.layer.nested();
        Some(Part {
            base_name: group_name(instance),
            name: instance.name.clone(),
            object: instance.id.to_string(),
            layer: Some(Rc::clone(instance)),
            inner: nested.map(|nested| parts_in(&nested.graph, Some(&weights))).unwrap_or_default(),
            weights,
            is_shared: false,
        })
    };
    graph.nodes().iter().zip(offsets).filter_map(part).collect()
}

/// What a layer's group is called before it is counted.
fn group_name(layer: &LayerInstance) -> String {
    let declaration = layer.layer.declaration();
    match layer.layer.nested() {
        Some(_) => declaration.class.to_lowercase(),
        None => declaration.base_name.to_owned(),
    }
}

fn collect(parts: &[Part], stored: &Stored, by_name: bool) -> Result<Vec<NamedTensor>, Mistake> {
    let mut collector = Collector { stored, by_name, seen: HashSet::new(), read: HashSet::new(), tensors: Vec::new() };
    collector.level("layers", parts, 0)?;
    Ok(collector.tensors)
}

struct Collector<'a> {
    stored: &'a Stored,
    /// Whether groups are found by the names that newer files keep in them.
    by_name: bool,
    seen: HashSet<&'a str>,
    /// What is read already.
    read: HashSet<Variable>,
    tensors: Vec<NamedTensor>,
}

impl<'a> Collector<'a> {
    /// Every part's weights from its group: the one of its name if there is one, else by counting. A layer that
    /// stands in the model twice has its group where it came first, but counts each time.
    fn level(&mut self, folder: &str, parts: &'a [Part], depth: usize) -> Result<(), Mistake> {
        let keys = if self.by_name { self.stored.keys_by_name(folder)? } else { HashMap::new() };
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut counted = HashSet::new();
        let mut groups = HashSet::new();
        for part in parts {
            if !counted.insert(&part.object) && depth > 0 {
                continue;
            }
            let count = counts.entry(&part.base_name).or_default();
            let counted = if *count == 0 { part.base_name.clone() } else { format!("{}_{count}", part.base_name) };
            let group = keys.get(&part.name).filter(|key| key.starts_with(&part.base_name)).cloned().unwrap_or(counted);
            *count += 1;
            if self.seen.insert(part.object.as_str()) {
                self.part(part, &format!("{folder}/{group}"), depth)?;
                groups.insert(group);
            }
        }
        match self.stored.layers_with_weights(folder)?.into_iter().find(|group| !groups.contains(group)) {
            None => Ok(()),
            Some(group) => {
                Err(Mistake::new(format!("the file has weights of a layer `{group}` that the model has not"))
                    .help("give the text of the model that was saved"))
            }
        }
    }

    fn part(&mut self, part: &'a Part, path: &str, depth: usize) -> Result<(), Mistake> {
        if part.inner.is_empty() {
            let is_new = |slot: &&Slot| slot.variable.is_none_or(|variable| self.read.insert(variable));
            let slots: Vec<&Slot> = part.weights.iter().filter(is_new).collect();
            self.tensors.extend(part.tensors(&slots, path, self.stored)?);
            return Ok(());
        }
        self.level(&format!("{path}/layers"), &part.inner, depth + 1)
    }
}

impl Part {
    fn tensors(&self, slots: &[&Slot], path: &str, stored: &Stored) -> Result<Vec<NamedTensor>, Mistake> {
        let layer = self.layer.as_deref();
        let arrays = if slots.is_empty() { Vec::new() } else { stored.layer(path, layer)? };
        if arrays.is_empty() && self.is_shared {
            return Ok(Vec::new());
        }
        if arrays.len() != slots.len() {
            let (expected, found) = (slots.len(), arrays.len());
            return Err(Mistake::new(format!(
                "the layer `{}` has {expected} weights, but the file holds {found} under `{path}`",
                self.name
            ))
            .help("give the text of the model that was saved"));
        }
        let named = slots.iter().zip(arrays).map(|(Slot { key, shape, .. }, array)| {
            if *shape == array.shape {
                return Ok(NamedTensor { name: key.clone(), shape: array.shape, values: Ok(array.values) });
            }
            Err(Mistake::new(format!("`{key}` has shape {:?} in the file, but {shape:?} in the model", array.shape))
                .help("give the text of the model that was saved"))
        });
        named.collect()
    }
}

#[cfg(test)]
mod tests;
