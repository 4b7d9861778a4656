//! A reader of safetensors files without allocation: eight bytes of header length, a JSON header, the tensors.
//!
//! Everything is checked while it is read: lengths, offsets, JSON. No byte of a file can make it panic or read
//! outside. Names are compared with their JSON escapes decoded.

use core::str;

use crate::weights::of_half;

/// A safetensors file in memory.
#[derive(Clone, Copy, Debug)]
pub struct SafeTensors<'a> {
    header: &'a [u8],
    data: &'a [u8],
}

/// One entry of the header.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The key as it stands in the JSON text, escapes included.
    pub raw_name: &'a str,
    /// The number type, such as `F32`.
    pub dtype: &'a str,
    /// The tensor's bytes.
    pub bytes: &'a [u8],
    shape: &'a [u8],
}

/// The bytes are no whole safetensors file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl<'a> SafeTensors<'a> {
    /// The longest header that is read.
    pub const MAX_HEADER: usize = 100_000_000;

    /// Splits header and data, and checks every entry once.
    ///
    /// # Errors
    /// Where the header is cut off, too long, no JSON object of tensors, or names bytes that aren't there.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (length, rest) = bytes.split_first_chunk::<8>().ok_or(Malformed)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| Malformed)?;
        if length > Self::MAX_HEADER {
            return Err(Malformed);
        }
        let (header, data) = rest.split_at_checked(length).ok_or(Malformed)?;
        let file = Self { header, data };
        let mut entries = file.entries();
        while entries.next_entry()?.is_some() {}
        Ok(file)
    }

    /// The tensors, in the order of the header.
    #[must_use]
    pub fn entries(&self) -> Entries<'a> {
        Entries { json: Json { text: self.header, at: 0 }, data: self.data, started: false }
    }

    /// The tensor of this name.
    #[must_use]
    pub fn find(&self, prefix: &str, name: &str) -> Option<Entry<'a>> {
        self.entries().find(|entry| entry.is_named(prefix, name))
    }
}

impl Entry<'_> {
    /// Whether its name is `prefix` followed by `name`.
    #[must_use]
    pub fn is_named(&self, prefix: &str, name: &str) -> bool {
        let mut wanted = prefix.chars().chain(name.chars());
        let mut found = Unescaped { rest: self.raw_name };
        loop {
            match (wanted.next(), found.next()) {
                (None, None) => return true,
                (left, right) if left == right => {}
                _ => return false,
            }
        }
    }

    /// Whether its name is `model`, a slash, and `name`.
    #[must_use]
    pub fn is_named_below(&self, model: &str, name: &str) -> bool {
        self.raw_name
            .strip_prefix(model)
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(|rest| Entry { raw_name: rest, ..*self }.is_named("", name))
    }

    /// The sizes of its axes.
    pub fn shape(&self) -> impl Iterator<Item = u64> + '_ {
        let mut json = Json { text: self.shape, at: 0 };
        core::iter::from_fn(move || {
            json.blanks();
            json.take(b',');
            json.blanks();
            json.number()
        })
    }

    /// Whether its axes are these.
    #[must_use]
    pub fn has_shape(&self, expected: &[u64]) -> bool {
        self.shape().eq(expected.iter().copied())
    }

    /// Its values, where they are floats of 32 or 16 bits.
    pub fn floats(&self) -> impl Iterator<Item = f32> + '_ {
        let narrow = self.numbers().filter(|numbers| !matches!(numbers.kind, Kind::F64));
        narrow.unwrap_or_default().iter().map(|value| value as f32)
    }
}

impl<'a> Entry<'a> {
    /// Its numbers, where they are floats: `F64`, `F32`, `F16`, `BF16`.
    #[must_use]
    pub fn numbers(&self) -> Option<Floats<'a>> {
        let kind = match self.dtype {
            "F64" => Kind::F64,
            "F32" => Kind::F32,
            "F16" => Kind::F16,
            "BF16" => Kind::Bf16,
            _ => return None,
        };
        Some(Floats { bytes: self.bytes, kind })
    }
}

/// Floats of 64, 32 or 16 bits in a file, read as floats of 64.
#[derive(Clone, Copy, Debug, Default)]
pub struct Floats<'a> {
    bytes: &'a [u8],
    kind: Kind,
}

/// How floats are stored.
#[derive(Clone, Copy, Debug, Default)]
enum Kind {
    F64,
    #[default]
    F32,
    F16,
    Bf16,
}

impl<'a> Floats<'a> {
    /// The value at a place; 0 where there is none.
    #[must_use]
    pub fn get(self, at: usize) -> f64 {
        self.find(at).unwrap_or(0.0)
    }

    /// All values in order.
    pub fn iter(self) -> impl Iterator<Item = f64> + 'a {
        (0..).map_while(move |at| self.find(at))
    }

    fn find(self, at: usize) -> Option<f64> {
        let pair = || self.bytes.as_chunks::<2>().0.get(at).map(|&chunk| u16::from_le_bytes(chunk));
        let single = match self.kind {
            Kind::F64 => return self.bytes.as_chunks::<8>().0.get(at).map(|&chunk| f64::from_le_bytes(chunk)),
            Kind::F32 => self.bytes.as_chunks::<4>().0.get(at).map(|&chunk| f32::from_le_bytes(chunk)),
            Kind::F16 => pair().map(of_half),
            Kind::Bf16 => pair().map(|half| f32::from_bits(u32::from(half) << 16)),
        };
        single.map(f64::from)
    }
}

/// Walks the header.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    json: Json<'a>,
    data: &'a [u8],
    started: bool,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        self.next_entry().ok().flatten()
    }
}

impl<'a> Entries<'a> {
    fn next_entry(&mut self) -> Result<Option<Entry<'a>>, Malformed> {
        loop {
            self.json.blanks();
            if self.started {
                if self.json.take(b'}') {
                    self.json.blanks();
                    return if self.json.at == self.json.text.len() { Ok(None) } else { Err(Malformed) };
                }
                self.json.expect(b',')?;
            } else {
                self.json.expect(b'{')?;
                self.started = true;
                self.json.blanks();
                if self.json.peek() == Some(b'}') {
                    continue;
                }
            }
            let raw_name = self.json.key()?;
            if raw_name == "__metadata__" {
                self.json.skip_value()?;
                continue;
            }
            return self.tensor(raw_name).map(Some);
        }
    }

    fn tensor(&mut self, raw_name: &'a str) -> Result<Entry<'a>, Malformed> {
        let (mut dtype, mut shape, mut offsets) = (None, None, None);
        self.json.expect(b'{')?;
        loop {
            match self.json.key()? {
                "dtype" => dtype = Some(self.json.string()?),
                "shape" => shape = Some(self.json.sizes()?),
                "data_offsets" => offsets = Some(self.json.pair()?),
                _ => self.json.skip_value()?,
            }
            self.json.blanks();
            if self.json.take(b'}') {
                break;
            }
            self.json.expect(b',')?;
        }
        let (Some(dtype), Some(shape), Some((start, end))) = (dtype, shape, offsets) else { return Err(Malformed) };
        let bytes = self.data.get(start..end).ok_or(Malformed)?;
        let entry = Entry { raw_name, dtype, bytes, shape };
        if entry.numbers().is_some() && bytes_needed(&entry) != Some(bytes.len() as u64) {
            return Err(Malformed);
        }
        Ok(entry)
    }
}

fn bytes_needed(entry: &Entry<'_>) -> Option<u64> {
    let each = match entry.dtype {
        "F64" => 8,
        "F32" => 4,
        _ => 2,
    };
    entry.shape().try_fold(each, |bytes: u64, size| bytes.checked_mul(size))
}

/// The characters of a JSON string with its escapes replaced; a broken escape ends it.
struct Unescaped<'a> {
    rest: &'a str,
}

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let first = characters.next()?;
        self.rest = characters.as_str();
        if first != '\\' {
            return Some(first);
        }
        let escape = characters.next()?;
        self.rest = characters.as_str();
        match escape {
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'u' => self.unicode(),
            other => Some(other),
        }
    }
}

impl Unescaped<'_> {
    fn unicode(&mut self) -> Option<char> {
        let high = self.hex()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high);
        }
        self.rest = self.rest.strip_prefix("\\u")?;
        let low = self.hex()?.checked_sub(0xdc00)?;
        char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low & 0x3ff))
    }

    fn hex(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        u32::from_str_radix(digits, 16).ok()
    }
}

/// A position in a JSON text.
#[derive(Clone, Copy, Debug)]
struct Json<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Json<'a> {
    /// Deepest nesting of a value that is skipped.
    const MAX_DEPTH: usize = 64;

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        self.blanks();
        if self.take(byte) { Ok(()) } else { Err(Malformed) }
    }

    fn key(&mut self) -> Result<&'a str, Malformed> {
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    fn string(&mut self) -> Result<&'a str, Malformed> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.peek().ok_or(Malformed)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        let text = self.text.get(start..self.at).ok_or(Malformed)?;
        self.at += 1;
        str::from_utf8(text).map_err(|_| Malformed)
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = Some(value.unwrap_or(0u64).checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
            self.at += 1;
        }
        value
    }

    fn size(&mut self) -> Result<usize, Malformed> {
        self.blanks();
        usize::try_from(self.number().ok_or(Malformed)?).map_err(|_| Malformed)
    }

    /// The inside of an array of sizes.
    fn sizes(&mut self) -> Result<&'a [u8], Malformed> {
        self.expect(b'[')?;
        let start = self.at;
        self.blanks();
        if self.peek() != Some(b']') {
            self.size()?;
            self.blanks();
            while self.take(b',') {
                self.size()?;
                self.blanks();
            }
        }
        let inside = self.text.get(start..self.at).ok_or(Malformed)?;
        self.expect(b']')?;
        Ok(inside)
    }

    fn pair(&mut self) -> Result<(usize, usize), Malformed> {
        self.expect(b'[')?;
        let start = self.size()?;
        self.expect(b',')?;
        let end = self.size()?;
        self.expect(b']')?;
        Ok((start, end))
    }

    /// Passes over any value.
    fn skip_value(&mut self) -> Result<(), Malformed> {
        let mut depth = 0;
        loop {
            self.blanks();
            match self.peek().ok_or(Malformed)? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = usize::checked_sub(depth, 1).ok_or(Malformed)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'+' | b'.' => self.word(),
                _ => return Err(Malformed),
            }
            if depth == 0 {
                return Ok(());
            }
            if depth > Self::MAX_DEPTH {
                return Err(Malformed);
            }
        }
    }

    fn word(&mut self) {
        while let Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'+' | b'.') = self.peek() {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    const HEADER: &str = r#"{"__metadata__":{"by":"x","n":[1,{"a":null}]},
        "dense\/kernel" : {"dtype":"F32","shape":[1, 2],"data_offsets":[0,8]},"b\u00e9":{"shape":[],"dtype":"F32","data_offsets":[8,12]}} "#;

    #[test]
    fn tensors_are_found_by_their_decoded_names() {
        let mut data = Vec::new();
        for value in [1.5f32, -2.0, 3.0] {
            data.extend_from_slice(&value.to_le_bytes());
        }
        let bytes = file(HEADER, &data);
        let tensors = SafeTensors::new(&bytes).unwrap();
        let kernel = tensors.find("dense/", "kernel").unwrap();
        assert!(kernel.has_shape(&[1, 2]) && !kernel.has_shape(&[1]) && !kernel.has_shape(&[1, 2, 1]));
        assert_eq!(kernel.floats().collect::<Vec<_>>(), [1.5, -2.0]);
        let scalar = tensors.find("", "bé").unwrap();
        assert!(scalar.has_shape(&[]));
        assert_eq!(scalar.floats().collect::<Vec<_>>(), [3.0]);
        assert!(tensors.find("", "dense").is_none());
        assert_eq!(tensors.entries().count(), 2);
    }

    #[test]
    fn every_truncation_is_malformed_or_whole() {
        let bytes = file(HEADER, &[0; 12]);
        for length in 0..bytes.len() {
            assert!(SafeTensors::new(&bytes[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_changed_byte_never_panics() {
        let bytes = file(HEADER, &[0; 12]);
        for at in 0..bytes.len() {
            for value in [0, b'"', b'\\', b'[', b'}', b'9', 255] {
                let mut changed = bytes.clone();
                changed[at] = value;
                if let Ok(tensors) = SafeTensors::new(&changed) {
                    tensors.entries().for_each(|entry| assert!(entry.shape().count() <= entry.shape.len()));
                }
            }
        }
    }

    #[test]
    fn an_empty_object_is_a_file_without_tensors() {
        assert_eq!(SafeTensors::new(&file("{}", &[])).unwrap().entries().count(), 0);
        assert!(SafeTensors::new(&file("", &[])).is_err());
        assert!(SafeTensors::new(&file("[]", &[])).is_err());
        assert!(SafeTensors::new(&file("{} x", &[])).is_err());
    }
}
