//! Files that are no texts, and texts in other encodings.

use crate::{Code, decode};

fn code(bytes: &[u8]) -> (Code, String) {
    let diagnostic = decode("a.rnn", bytes).unwrap_err();
    (diagnostic.code, diagnostic.title)
}

#[test]
fn utf8_is_accepted_with_and_without_mark() {
    assert_eq!(decode("a.rnn", "größe = 1".as_bytes()).unwrap().text(), "größe = 1");
    assert_eq!(decode("a.rnn", b"\xEF\xBB\xBFa = 1\r\n").unwrap().text(), "a = 1\r\n");
    assert_eq!(decode("a.rnn", b"").unwrap().text(), "");
}

#[test]
fn other_encodings_are_named() {
    let (code_, title) = code(b"a = 1\n# gr\xF6\xDFe\n");
    assert_eq!((code_, title.as_str()), (Code::E002, "the text is not UTF-8: byte `0xF6` in line 2"));
    assert!(code(b"\xFF\xFEa\0").1.contains("UTF-16"));
}

#[test]
fn weights_are_recognised() {
    // nnnoiseless's binary weights begin with a layer's sizes.
    let mut weights = vec![42, 24, 0];
    weights.extend((0..=255).cycle().take(4096));
    assert_eq!(code(&weights).0, Code::E022);
    assert!(decode("a.rnn", &weights).unwrap_err().notes[0].contains("nnnoiseless"));
    assert!(code(b"rnnoise-nu model file version 1\n42 24 0\n").1.contains("RNNoise"));
    assert!(code(b"\x89HDF\r\n\x1a\n\0\0").1.contains("HDF5"));
    assert!(code(b"PK\x03\x04\x14\0").1.contains("zip"));
    assert!(code(b"\x10\0\0\0\0\0\0\0{\"a\":{}}").1.contains("safetensors"));
    assert_eq!(code(&[1, 2, 3, 4, 5, 200]).0, Code::E022);
}
