//! Bytes of a file to a [`Source`]: UTF-8, with or without a byte order mark; other contents are recognised and said so.

use crate::{Code, Diagnostic, Source, Span};

/// The bytes that control characters of texts leave out: below a blank, but tab, line ends and form feed.
fn is_control(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C)
}

/// Reads the bytes of a `.rnn` file; `name` is what diagnostics show.
///
/// # Errors
/// E022 where the bytes are no text but, say, weights; E002 where they are text in another encoding than UTF-8. The
/// diagnostic has no place in a text, since there is none: its span is empty and at the beginning.
pub fn decode(name: &str, bytes: &[u8]) -> Result<Source, Box<Diagnostic>> {
    if let Some(kind) = foreign_kind(bytes) {
        return Err(Box::new(binary(kind)));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text.strip_prefix('\u{FEFF}').unwrap_or(text))),
        Err(error) => Err(Box::new(not_utf8(bytes, error.valid_up_to()))),
    }
}

/// What the bytes are, where they are no text.
fn foreign_kind(bytes: &[u8]) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(8192)];
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        return Some("text in UTF-16");
    }
    if head.starts_with(b"rnnoise-nu model file") {
        return Some("weights of RNNoise");
    }
    if head.starts_with(b"\x89HDF\r\n\x1a\n") {
        return Some("an HDF5 file, such as Keras's weights");
    }
    if head.starts_with(b"PK\x03\x04") {
        return Some("a zip archive, such as a `.keras` model");
    }
    // A safetensors file begins with the length of its header, 8 bytes, and the header.
    if head.get(8..10) == Some(b"{\"") && head[4..8] == [0; 4] {
        return Some("a safetensors file");
    }
    let n_control = head.iter().filter(|&&byte| is_control(byte)).count();
    let is_binary = bytes.contains(&0) || n_control * 10 > head.len();
    is_binary.then_some("binary")
}

fn binary(kind: &str) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::E022, Span::default(), format!("the file is not a model's text but {kind}"));
    match kind {
        "text in UTF-16" => diagnostic.help("save it as UTF-8"),
        "binary" => diagnostic
            .note("nnnoiseless stores its weights in binary files that end in `.rnn` too")
            .help("a `.rnn` file of this language is text, such as `model = Sequential()`"),
        _ => diagnostic.help("a `.rnn` file of this language is text; its weights stand in a file of their own"),
    }
}

fn not_utf8(bytes: &[u8], valid: usize) -> Diagnostic {
    let line = bytes[..valid].iter().filter(|&&byte| byte == b'\n').count() + 1;
    let byte = bytes.get(valid).copied().unwrap_or_default();
    Diagnostic::new(Code::E002, Span::default(), format!("the text is not UTF-8: byte `0x{byte:02X}` in line {line}"))
        .help("save the file as UTF-8")
}
