//! The groups of a `.weights.h5` file. The only file that knows hdf5-pure.
//!
//! A layer's arrays are collected in the order of Keras's `get_weights()`: its own variables by their index, then those
//! of the layers inside it. HDF5 lists groups by the alphabet, which says nothing; so the names of inner layers are
//! taken in Keras's order.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use hdf5_pure::{AttrValue, DType, Dataset, File, Group};
use rnn_compiler::graph::NodeKind;
use rnn_compiler::layer::LayerInstance;
use rnn_compiler::layers::nested::Nested;

use rnn_compiler::weights::Numbers;

use super::{Mistake, group_name};

/// Attributes of Keras's layers that hold layers, in the order of their weights.
const INNER: [&str; 9] = [
    "layer",
    "cell",
    "forward_layer",
    "backward_layer",
    "query_dense",
    "key_dense",
    "_gate_dense",
    "value_dense",
    "output_dense",
];

/// Deeper than any wrapper of a wrapper; a damaged file may lead in circles.
const MAX_DEPTH: usize = 16;

/// An open file.
pub(super) struct Stored {
    file: File,
}

/// One array.
#[derive(Debug)]
pub(super) struct StoredArray {
    pub(super) shape: Vec<u64>,
    pub(super) values: Numbers,
}

impl Stored {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, Mistake> {
        Ok(Self { file: guarded(|| File::from_bytes(bytes))? })
    }

    /// Whether Keras 2 wrote it: its groups are the layers, and it says which version.
    pub(super) fn is_legacy(&self) -> bool {
        guarded(|| self.file.root().attrs())
            .is_ok_and(|attributes| attributes.contains_key("layer_names") || attributes.contains_key("model_config"))
            || guarded(|| self.file.root().groups())
                .is_ok_and(|groups| groups.iter().any(|name| name == "model_weights"))
    }

    /// The keys under a group of layers.
    fn keys(&self, folder: &str) -> Result<Vec<String>, Mistake> {
        let Ok(layers) = guarded(|| self.file.group(folder)) else { return Ok(Vec::new()) };
        let mut keys = guarded(|| layers.groups())?;
        keys.sort();
        Ok(keys)
    }

    /// The keys under a group of layers by the layers' names, as far as the file keeps these.
    pub(super) fn keys_by_name(&self, folder: &str) -> Result<HashMap<String, String>, Mistake> {
        let mut named = HashMap::new();
        for key in self.keys(folder)? {
            let Ok(variables) = guarded(|| self.file.group(&format!("{folder}/{key}/vars"))) else { continue };
            if let Some(name) = guarded(|| variables.attrs())?.remove("name").and_then(text) {
                named.insert(name, key);
            }
        }
        Ok(named)
    }

    /// The keys under a group of layers that hold any weight.
    pub(super) fn layers_with_weights(&self, folder: &str) -> Result<Vec<String>, Mistake> {
        let keys = self.keys(folder)?;
        let mut found = Vec::new();
        for key in keys {
            if !self.layer(&format!("{folder}/{key}"), None)?.is_empty() {
                found.push(key);
            }
        }
        Ok(found)
    }

    /// The arrays of a layer in the order of its weights; none where it has no group.
    /// `layer` tells the order of cells in a stack.
    pub(super) fn layer(&self, path: &str, layer: Option<&LayerInstance>) -> Result<Vec<StoredArray>, Mistake> {
        let Ok(group) = guarded(|| self.file.group(path)) else { return Ok(Vec::new()) };
        let mut arrays = Vec::new();
        push_arrays(&group, layer, &mut arrays, 0)?;
        Ok(arrays)
    }
}

/// An attribute that is a text, however it is stored.
fn text(value: AttrValue) -> Option<String> {
    match value {
        AttrValue::String(text)
        | AttrValue::AsciiString(text)
        | AttrValue::VarLenString(text)
        | AttrValue::VarLenAsciiString(text) => Some(text),
        _ => None,
    }
}

fn push_arrays(
    group: &Group,
    layer: Option<&LayerInstance>,
    arrays: &mut Vec<StoredArray>,
    depth: usize,
) -> Result<(), Mistake> {
    let names = guarded(|| group.groups())?;
    let has = |name: &str| names.iter().any(|other| other == name);
    let inner = layer.map(|layer| layer.layer.sublayers()).unwrap_or_default();
    if has("vars") {
        let first = layer.map_or(0, |layer| layer.layer.stored_twice());
        push_variables(&guarded(|| group.group("vars"))?, first, arrays)?;
    }
    if depth >= MAX_DEPTH {
        return Ok(());
    }
    for name in INNER.into_iter().filter(|name| has(name)) {
        let place = usize::from(name == "backward_layer");
        push_arrays(&guarded(|| group.group(name))?, inner.get(place).map(|inner| &**inner), arrays, depth + 1)?;
    }
    let of_model = layer.and_then(|layer| layer.layer.nested()).map(layers_of).unwrap_or_default();
    for (folder, layers) in [("cells", inner), ("layers", of_model)] {
        if !has(folder) {
            continue;
        }
        let groups = guarded(|| group.group(folder))?;
        let present = guarded(|| groups.groups())?;
        // A layer that was met before has no group here.
        for (key, layer) in numbered_keys(&groups, &layers)?.into_iter().filter(|(key, _)| present.contains(key)) {
            push_arrays(&guarded(|| groups.group(&key))?, layer, arrays, depth + 1)?;
        }
    }
    Ok(())
}

/// The layer objects of a model that stands inside a wrapper, each once.
fn layers_of(model: &Nested) -> Vec<Rc<LayerInstance>> {
    let first_uses = model.graph.nodes().iter().filter(|node| node.is_first_use);
    let layers = first_uses.filter_map(|node| match &node.node.kind {
        NodeKind::Layer { instance, .. } => Some(Rc::clone(instance)),
        NodeKind::Input { .. } => None,
    });
    layers.collect()
}

/// The groups of cells or layers in their order: a key is the snake-cased class, counted up.
fn numbered_keys<'a>(
    groups: &Group,
    known: &'a [Rc<LayerInstance>],
) -> Result<Vec<(String, Option<&'a LayerInstance>)>, Mistake> {
    if known.is_empty() {
        let mut keys = guarded(|| groups.groups())?;
        keys.sort();
        return Ok(keys.into_iter().map(|key| (key, None)).collect());
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    let keys = known.iter().map(|cell| {
        let base = group_name(cell);
        let count = counts.entry(base.clone()).or_default();
        *count += 1;
        (if *count == 1 { base } else { format!("{base}_{}", *count - 1) }, Some(&**cell))
    });
    Ok(keys.collect())
}

/// The datasets `0`, `1`, … of a group, by number, from the first on that is wanted.
fn push_variables(variables: &Group, first: usize, arrays: &mut Vec<StoredArray>) -> Result<(), Mistake> {
    let mut indices: Vec<usize> =
        guarded(|| variables.datasets())?.iter().filter_map(|name| name.parse().ok()).collect();
    indices.sort_unstable();
    for index in indices.into_iter().filter(|index| *index >= first) {
        arrays.push(array(&guarded(|| variables.dataset(&index.to_string()))?)?);
    }
    Ok(())
}

fn array(dataset: &Dataset) -> Result<StoredArray, Mistake> {
    let dtype = guarded(|| dataset.dtype())?;
    // `Normalization` counts what it has seen in an integer.
    if matches!(dtype, DType::I32 | DType::I64) && guarded(|| dataset.shape())?.is_empty() {
        return Ok(StoredArray { shape: Vec::new(), values: vec![0.0_f32].into() });
    }
    let shape = guarded(|| dataset.shape())?;
    let values: Numbers = match dtype {
        DType::F32 => guarded(|| dataset.read_f32())?.into(),
        DType::F64 => guarded(|| dataset.read_f64())?.into_iter().collect(),
        _ => {
            return Err(Mistake::new(format!("the file holds {dtype} numbers, neither float32 nor float64"))
                .help("save the model with the dtype policy `float32`"));
        }
    };
    if shape.iter().product::<u64>() == values.len() as u64 {
        return Ok(StoredArray { shape, values });
    }
    Err(damaged("an array has another number of values than its shape says"))
}

/// Runs the reader so that damage it did not foresee is an error like the damage that it did.
fn guarded<T, E: std::fmt::Display>(read: impl FnOnce() -> Result<T, E>) -> Result<T, Mistake> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(damaged(&error.to_string())),
        Err(_) => Err(damaged("its structure leads nowhere")),
    }
}

fn damaged(reason: &str) -> Mistake {
    Mistake::new("the HDF5 file of the weights is damaged").note(reason).help("save the model again, copy it as binary")
}
