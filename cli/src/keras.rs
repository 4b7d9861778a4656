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

use rnn_compiler::graph::NodeKind;
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

/// A layer of the model: what its group is called after, and its weights' keys and shapes in order.
#[derive(Debug)]
struct Part {
    base_name: String,
    name: String,
    weights: Vec<(String, Vec<u64>)>,
}

/// All weights of a file under their keys. `.weights.h5` needs the model.
pub(crate) fn read(bytes: Vec<u8>, model: Option<&CompiledModel>) -> Result<Vec<NamedTensor>, Mistake> {
    if bytes.starts_with(b"PK\x03\x04") {
        let (config, weights) = unpacked(bytes)?;
        let parts = match model {
            Some(model) => parts_of(model),
            None => config::parts(&config)?,
        };
        let stored = Stored::open(weights)?;
        return collect(&parts, &stored, if model.is_some() { HashMap::new() } else { stored.keys_by_name()? });
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
        Some(model) => collect(&parts_of(model), &stored, HashMap::new()),
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
    let nodes = model.graph.nodes().iter();
    nodes
        .filter_map(|node| {
            let NodeKind::Layer { instance, .. } = &node.node.kind else { return None };
            let weights = node.weights.iter();
            Some(Part {
                base_name: instance.layer.declaration().base_name.to_owned(),
                name: instance.name.clone(),
                weights: weights.map(|spec| (weights::key(instance, spec), spec.shape.clone())).collect(),
            })
        })
        .collect()
}

/// Every part's weights from its group: the one of its name if there is one among `keys`, else by counting. A layer that
/// stands in the model twice has its group where it came first, but counts each time.
fn collect(parts: &[Part], stored: &Stored, keys: HashMap<String, String>) -> Result<Vec<NamedTensor>, Mistake> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut seen = HashSet::new();
    let mut tensors = Vec::new();
    let mut groups = HashSet::new();
    for part in parts {
        let count = counts.entry(&part.base_name).or_default();
        let counted = if *count == 0 { part.base_name.clone() } else { format!("{}_{count}", part.base_name) };
        let group = keys.get(&part.name).filter(|key| key.starts_with(&part.base_name)).cloned().unwrap_or(counted);
        *count += 1;
        if seen.insert(part.name.as_str()) {
            tensors.extend(part.tensors(&group, stored)?);
            groups.insert(group);
        }
    }
    match stored.layers_with_weights()?.into_iter().find(|group| !groups.contains(group)) {
        None => Ok(tensors),
        Some(group) => Err(Mistake::new(format!("the file has weights of a layer `{group}` that the model has not"))
            .help("give the text of the model that was saved")),
    }
}

impl Part {
    fn tensors(&self, group: &str, stored: &Stored) -> Result<Vec<NamedTensor>, Mistake> {
        let arrays = if self.weights.is_empty() { Vec::new() } else { stored.layer(group)? };
        if arrays.len() != self.weights.len() {
            let (expected, found) = (self.weights.len(), arrays.len());
            return Err(Mistake::new(format!(
                "the layer `{}` has {expected} weights, but the file holds {found} under `layers/{group}`",
                self.name
            ))
            .help("give the text of the model that was saved"));
        }
        let named = self.weights.iter().zip(arrays).map(|((key, shape), array)| {
            if *shape == array.shape {
                return Ok(NamedTensor { name: key.clone(), shape: array.shape, values: Ok(array.values.into()) });
            }
            Err(Mistake::new(format!("`{key}` has shape {:?} in the file, but {shape:?} in the model", array.shape))
                .help("give the text of the model that was saved"))
        });
        named.collect()
    }
}

#[cfg(test)]
mod tests;
