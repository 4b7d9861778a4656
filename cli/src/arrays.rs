//! Arrays in files: `.npy`, `.npz`, `.csv` and `.safetensors`, told apart by the name's ending.

mod csv;
mod npy;
mod npz;
mod tensors;

use std::path::Path;

use rnn_compiler::{Code, Diagnostic, Span};

use crate::files;
use crate::report::Failure;

/// Numbers in row-major order. A float64 holds every value of the types that are read, but for integers beyond
/// 2^53, which no model takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

/// Number type of what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    Single,
    Double,
}

/// The kinds of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Npy,
    Npz,
    Csv,
    Safetensors,
}

/// What a file holds: arrays by name; `.npy` and `.csv` hold one without a name.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) arrays: Vec<(String, Array)>,
}

impl Kind {
    /// By the ending of the name.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "npy" => Some(Self::Npy),
            "npz" => Some(Self::Npz),
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "safetensors" => Some(Self::Safetensors),
            _ => None,
        }
    }

    /// By the first bytes, for standard input: text that is nothing else is CSV.
    fn sniff(bytes: &[u8]) -> Self {
        if bytes.starts_with(npy::MAGIC) {
            Self::Npy
        } else if bytes.starts_with(b"PK\x03\x04") {
            Self::Npz
        } else if bytes.get(8) == Some(&b'{') && bytes[..8].ends_with(&[0, 0, 0]) {
            Self::Safetensors
        } else {
            Self::Csv
        }
    }
}

/// Reads a file's arrays. Standard input is recognised by its content.
///
/// Fails with E501 (not readable) or E503 (not an array file).
pub(crate) fn read(path: &Path) -> Result<Contents, Failure> {
    let name = files::shown(path);
    let kind = if files::is_stdin(path) { None } else { Some(Kind::of(path).ok_or_else(|| unknown(&name))?) };
    let bytes = files::bytes(path)?;
    let arrays = match kind.unwrap_or_else(|| Kind::sniff(&bytes)) {
        Kind::Npy => npy::read(&bytes).map(|array| vec![(String::new(), array)]),
        Kind::Npz => npz::read(bytes),
        Kind::Csv => csv::read(&bytes).map(|array| vec![(String::new(), array)]),
        Kind::Safetensors => tensors::read(&bytes),
    };
    arrays.map(|arrays| Contents { arrays }).map_err(|reason| {
        let title = format!("`{name}` can't be read as an array: {reason}");
        Failure::of_file(&name, Diagnostic::new(Code::E503, Span::default(), title))
    })
}

/// The file of arrays by name; `.npy` and `.csv` hold one, whose name is lost.
pub(crate) fn write(path: &Path, arrays: &[(&str, &Array)], precision: Precision) -> Result<(), Failure> {
    let name = files::shown(path);
    let bytes = match (Kind::of(path).ok_or_else(|| unknown(&name))?, arrays) {
        (Kind::Npz, _) => npz::write(arrays, precision),
        (Kind::Safetensors, _) => tensors::write(arrays, precision),
        (Kind::Npy, [(_, array)]) => Ok(npy::write(array, precision)),
        (Kind::Csv, [(_, array)]) => Ok(text(array, precision).into_bytes()),
        (Kind::Npy | Kind::Csv, _) => {
            Err("a file of this kind holds one array; take `.npz` or `.safetensors`".to_owned())
        }
    };
    let bytes = bytes.map_err(|reason| {
        let title = format!("`{name}` can't be written: {reason}");
        Failure::of_file(&name, Diagnostic::new(Code::E502, Span::default(), title))
    })?;
    files::write(path, &bytes)
}

/// The array as CSV: a line for each row of the last axis.
pub(crate) fn text(array: &Array, precision: Precision) -> String {
    csv::write(array, precision)
}

fn unknown(name: &str) -> Failure {
    let diagnostic =
        Diagnostic::new(Code::E503, Span::default(), format!("the ending of `{name}` names no array format"))
            .help("`.npy`, `.npz`, `.csv` and `.safetensors` are known");
    Failure::of_file(name, diagnostic)
}

/// Number of values of a shape; `None` where that is more than memory could hold.
fn element_count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size)).filter(|&count| count <= isize::MAX as usize)
}

/// Number types of NumPy and safetensors that are read, little- or big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Float16,
    Float32,
    Float64,
    Signed(usize),
    Unsigned(usize),
    Boolean,
}

impl Element {
    /// Bytes of one value.
    fn size(self) -> usize {
        match self {
            Self::Boolean => 1,
            Self::Float16 => 2,
            Self::Float32 => 4,
            Self::Float64 => 8,
            Self::Signed(size) | Self::Unsigned(size) => size,
        }
    }

    /// All values of some bytes.
    fn values(self, bytes: &[u8], is_big_endian: bool) -> Vec<f64> {
        let one = |chunk: &[u8]| {
            let mut padded = [0; 8];
            for (index, &byte) in chunk.iter().enumerate() {
                padded[if is_big_endian { chunk.len() - 1 - index } else { index }] = byte;
            }
            self.value(u64::from_le_bytes(padded))
        };
        bytes.chunks_exact(self.size()).map(one).collect()
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
    fn value(self, bits: u64) -> f64 {
        match self {
            Self::Boolean => f64::from(u8::from(bits != 0)),
            Self::Float16 => half(bits as u16),
            Self::Float32 => f64::from(f32::from_bits(bits as u32)),
            Self::Float64 => f64::from_bits(bits),
            Self::Unsigned(_) => bits as f64,
            Self::Signed(size) => {
                let unused = 64 - 8 * size as u32;
                ((bits << unused) as i64 >> unused) as f64
            }
        }
    }
}

/// A 16-bit float: sign, 5 bits of exponent, 10 of mantissa.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => mantissa * 2_f64.powi(-24),
        0x1f if mantissa == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1.0 + mantissa / 1024.0) * 2_f64.powi(exponent - 15),
    }
}

/// The values' bytes in this precision, little-endian.
#[allow(clippy::cast_possible_truncation)]
fn bytes_of(array: &Array, precision: Precision) -> Vec<u8> {
    match precision {
        Precision::Single => array.values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect(),
        Precision::Double => array.values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }
}

#[cfg(test)]
mod tests;
