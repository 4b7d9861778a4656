//! NumPy's `.npy`: a magic word, a version, a Python dictionary with type, order and shape, the values.
//!
//! Source: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

use super::{Array, Element, Precision, bytes_of, element_count};

/// How every file begins.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// The dictionary of a header.
struct Header<'a> {
    element: Element,
    is_big_endian: bool,
    is_column_major: bool,
    shape: Vec<usize>,
    data: &'a [u8],
}

pub(super) fn read(bytes: &[u8]) -> Result<Array, String> {
    let header = header(bytes)?;
    let count = element_count(&header.shape).ok_or("its shape is larger than memory")?;
    let needed = count.checked_mul(header.element.size()).ok_or("its shape is larger than memory")?;
    let data = header.data.get(..needed).ok_or_else(|| {
        format!("it is cut off: {needed} bytes of values are announced, {} follow", header.data.len())
    })?;
    let values = header.element.values(data, header.is_big_endian);
    let values = if header.is_column_major { row_major(&values, &header.shape) } else { values };
    Ok(Array { shape: header.shape, values })
}

fn header(bytes: &[u8]) -> Result<Header<'_>, String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin as a `.npy` file")?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or("it ends in its header")?;
    let (length, rest) = if version[0] == 1 {
        let (length, rest) = rest.split_first_chunk::<2>().ok_or("it ends in its header")?;
        (usize::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest.split_first_chunk::<4>().ok_or("it ends in its header")?;
        (usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX), rest)
    };
    let (text, data) = rest.split_at_checked(length).ok_or("it ends in its header")?;
    let text = std::str::from_utf8(text).map_err(|_| "its header is no text")?;
    let descr = after(text, "descr").and_then(quoted).ok_or("its values are no plain numbers")?;
    let (element, is_big_endian) = element(descr)?;
    let shape = after(text, "shape").and_then(tuple).ok_or("its header has no shape")?;
    let is_column_major = after(text, "fortran_order").is_some_and(|value| value.starts_with("True"));
    Ok(Header { element, is_big_endian, is_column_major, shape, data })
}

/// The text behind a key of the dictionary.
fn after<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let at = text.find(&format!("'{key}'"))? + key.len() + 2;
    Some(text[at..].trim_start().strip_prefix(':')?.trim_start())
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.split('\'').next()
}

fn tuple(text: &str) -> Option<Vec<usize>> {
    let inside = text.strip_prefix('(')?.split(')').next()?;
    inside.split(',').map(str::trim).filter(|size| !size.is_empty()).map(|size| size.parse().ok()).collect()
}

/// `<f4`, `>i8`, `|b1`.
fn element(descr: &str) -> Result<(Element, bool), String> {
    let unknown = || format!("its number type is `{descr}`; floats and integers are read");
    let is_big_endian = descr.starts_with('>');
    let kind = match descr.trim_start_matches(['<', '>', '|', '=']) {
        "f2" => Element::Float16,
        "f4" => Element::Float32,
        "f8" => Element::Float64,
        "b1" => Element::Boolean,
        other => {
            let size = other.get(1..).and_then(|size| size.parse().ok()).filter(|size| [1, 2, 4, 8].contains(size));
            match (other.chars().next(), size) {
                (Some('i'), Some(size)) => Element::Signed(size),
                (Some('u'), Some(size)) => Element::Unsigned(size),
                _ => return Err(unknown()),
            }
        }
    };
    Ok((kind, is_big_endian))
}

/// Values whose first axis runs fastest, with the last axis fastest.
fn row_major(values: &[f64], shape: &[usize]) -> Vec<f64> {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for &size in shape {
        strides.push(stride);
        stride *= size;
    }
    let place = |mut index: usize| {
        let axes = shape.iter().zip(&strides).rev();
        axes.fold(0, |place, (&size, &stride)| {
            let here = index % size;
            index /= size;
            place + here * stride
        })
    };
    (0..values.len()).map(|index| values[place(index)]).collect()
}

pub(super) fn write(array: &Array, precision: Precision) -> Vec<u8> {
    let descr = if precision == Precision::Single { "<f4" } else { "<f8" };
    let sizes: Vec<String> = array.shape.iter().map(|size| format!("{size}, ")).collect();
    let shape = sizes.concat();
    let shape = if sizes.len() == 1 { shape.trim_end() } else { shape.trim_end_matches(", ") };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    // NumPy aligns the values to 64 bytes: magic, version and length take 10, the line break 1.
    let blanks = (64 - (header.len() + 11) % 64) % 64;
    header.push_str(&" ".repeat(blanks));
    header.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend(u16::try_from(header.len()).unwrap_or(u16::MAX).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(bytes_of(array, precision));
    bytes
}
