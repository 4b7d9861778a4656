//! The safetensors format: the header's length (8 bytes, little-endian), a JSON header, then the tensors' bytes.
//!
//! The crate of that name checks a file as a whole. Before it, the header is read here once: a tensor that is
//! named twice, or one that lies beyond the file's end, is thus said by name.

use std::collections::HashSet;
use std::fmt;

use rnn_grammar::{Code, Diagnostic, Span};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::{NamedTensor, Numbers};
use crate::storage::{of_half, of_upper_half};

/// Bytes before the header.
const LENGTH_BYTES: usize = 8;

/// The tensors of a safetensors file, sorted by name.
///
/// # Errors
/// E301 where the bytes are no whole safetensors file (truncated, another format, a broken header), E307 for
/// each name that stands in it twice.
pub fn read(bytes: &[u8]) -> Result<Vec<NamedTensor>, Vec<Diagnostic>> {
    let entries = header(bytes).map_err(|what| vec![unreadable(bytes, &what)])?;
    let duplicates = duplicates(&entries);
    if !duplicates.is_empty() {
        return Err(duplicates);
    }
    let file = SafeTensors::deserialize(bytes).map_err(|error| vec![unreadable(bytes, &error.to_string())])?;
    let mut tensors: Vec<_> = file.iter().map(|(name, view)| named(name, &view)).collect();
    tensors.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(tensors)
}

fn named(name: &str, view: &TensorView<'_>) -> NamedTensor {
    let shape = view.shape().iter().map(|&size| size as u64).collect();
    let values = match view.dtype() {
        Dtype::F32 => Ok(view.data().as_chunks::<4>().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect()),
        Dtype::F64 => Ok(view.data().as_chunks::<8>().0.iter().map(|&chunk| f64::from_le_bytes(chunk)).collect()),
        Dtype::F16 => Ok(halves(view.data(), of_half)),
        Dtype::BF16 => Ok(halves(view.data(), of_upper_half)),
        other => Err(type_name(other)),
    };
    NamedTensor { name: name.to_owned(), shape, values }
}

/// Floats of 16 bits, each of which is a float of 32.
fn halves(bytes: &[u8], expand: fn(u16) -> f32) -> Numbers {
    bytes.as_chunks::<2>().0.iter().map(|&chunk| expand(u16::from_le_bytes(chunk))).collect()
}

/// Keras's name of a number type; the format's own for those that Keras lacks.
fn type_name(dtype: Dtype) -> String {
    let text = dtype.to_string();
    if text == "BF16" {
        return "bfloat16".into();
    }
    let kinds = [("F", "float"), ("I", "int"), ("U", "uint")];
    let named = kinds.iter().find_map(|(letter, name)| {
        let bits = text.strip_prefix(letter).filter(|bits| bits.parse::<u32>().is_ok())?;
        Some(format!("{name}{bits}"))
    });
    named.unwrap_or_else(|| text.to_lowercase())
}

/// The header's entries in the order of the file, each tensor checked to lie inside it.
fn header(bytes: &[u8]) -> Result<Vec<(String, Value)>, String> {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(match bytes.len() {
            0 => "the file is empty".into(),
            few => format!("the file has only {few} bytes"),
        });
    };
    let length = u64::from_le_bytes(*length);
    let header = usize::try_from(length).ok().and_then(|length| rest.get(..length));
    let Some(header) = header else {
        return Err(format!("its header should have {length} bytes, but only {} follow", rest.len()));
    };
    let text = std::str::from_utf8(header).map_err(|_| "its header is no UTF-8 text".to_owned())?;
    let Entries(entries) = entries(text).map_err(|error| format!("its header is no JSON object: {error}"))?;
    let data = rest.len() - header.len();
    for (name, entry) in &entries {
        let end = entry["data_offsets"][1].as_u64().unwrap_or(0);
        if name != "__metadata__" && usize::try_from(end).map_or(true, |end| end > data) {
            return Err(format!("it is cut off: `{name}` ends at byte {end} of its data, which has {data} bytes"));
        }
    }
    Ok(entries)
}

/// A JSON object's entries in order, doubles kept.
struct Entries(Vec<(String, Value)>);

fn entries(text: &str) -> Result<Entries, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let entries = reader.deserialize_map(EntriesVisitor)?;
    reader.end()?;
    Ok(entries)
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

fn duplicates(entries: &[(String, Value)]) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let twice = entries.iter().filter(|(name, _)| !seen.insert(name.as_str()));
    twice
        .map(|(name, _)| {
            Diagnostic::new(Code::E307, Span::default(), format!("the weights hold `{name}` twice"))
                .help("save the weights again, with one tensor a name")
        })
        .collect()
}

fn unreadable(bytes: &[u8], what: &str) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::E301, Span::default(), "the weights are no readable safetensors file");
    if bytes.starts_with(b"\x89HDF") || bytes.starts_with(b"PK\x03\x04") {
        return diagnostic
            .note("this is a file that Keras saved itself (`.weights.h5` or `.keras`)")
            .help("make safetensors of it: `rnnc convert model.keras -o model.safetensors`");
    }
    diagnostic.note(what).help("save the weights again, and copy the file as binary")
}
