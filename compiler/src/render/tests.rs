//! What the forms of a diagnostic look like, and that no text or span makes the renderer panic.

use rnn_grammar::{Code, Diagnostic, Edit, Help, Source, Span};

use super::{github, human, json, plain, short};

const TAGGER: &str = "model = Sequential()\nmodel.add(LSTM(64))\nmodel.add(LSTM(32))\n";

fn needs_sequence() -> (Source, Diagnostic) {
    let diagnostic = Diagnostic::new(Code::E001, Span::new(51, 59), "`LSTM` needs a sequence")
        .at("needs 3 dimensions")
        .label(Span::new(31, 39), "returns only its last step: `(None, 64)`")
        .fix("let the layer before return every step", Span::new(38, 38), ", return_sequences=True");
    (Source::new("tagger.rnn", TAGGER), diagnostic)
}

#[test]
fn plain_shows_labels_and_the_patched_line() {
    let (source, diagnostic) = needs_sequence();
    let expected = "\
error[E001]: `LSTM` needs a sequence
 --> tagger.rnn:3:11
  |
2 | model.add(LSTM(64))
  |           -------- returns only its last step: `(None, 64)`
3 | model.add(LSTM(32))
  |           ^^^^^^^^ needs 3 dimensions
  |
help: let the layer before return every step
  |
2 | model.add(LSTM(64, return_sequences=True))
  |                  +++++++++++++++++++++++";
    assert_eq!(plain(&source, &diagnostic), expected);
}

#[test]
fn color_changes_only_escape_sequences() {
    let (source, diagnostic) = needs_sequence();
    assert!(human(&source, &diagnostic, true).contains("\u{1b}["));
    assert!(!plain(&source, &diagnostic).contains('\u{1b}'));
}

#[test]
fn short_is_one_line_that_editors_parse() {
    let (source, diagnostic) = needs_sequence();
    assert_eq!(short(&source, &diagnostic), "tagger.rnn:3:11: error[E001]: `LSTM` needs a sequence");
}

#[test]
fn json_holds_every_field_once() {
    let (source, diagnostic) = needs_sequence();
    let text = json(&source, &diagnostic);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(!text.contains('\n'));
    assert_eq!(value["code"], "E001");
    assert_eq!(value["severity"], "error");
    assert_eq!(value["file"], "tagger.rnn");
    assert_eq!((&value["line"], &value["column"]), (&3.into(), &11.into()));
    assert_eq!((&value["end_line"], &value["end_column"]), (&3.into(), &19.into()));
    assert_eq!(value["labels"][0]["primary"], true);
    assert_eq!(value["labels"][1]["line"], 2);
    assert_eq!(value["helps"][0]["edits"][0]["replacement"], ", return_sequences=True");
}

#[test]
fn github_escapes_its_separators() {
    let source = Source::new("a,b.rnn", "x");
    let diagnostic = Diagnostic::new(Code::E001, Span::new(0, 1), "100%").help("two\nlines");
    let expected = "::error file=a%2Cb.rnn,line=1,endLine=1,col=1,endColumn=2,title=E001::100%25%0Atwo%0Alines";
    assert_eq!(github(&source, &diagnostic), expected);
}

#[test]
fn a_file_without_text_shows_its_name() {
    let source = Source::new("digits.safetensors", "");
    let diagnostic = Diagnostic::new(Code::E001, Span::default(), "the file ends early").help("write it again");
    let expected = "error[E001]: the file ends early\n--> digits.safetensors\n = help: write it again";
    assert_eq!(plain(&source, &diagnostic), expected);
    assert_eq!(short(&source, &diagnostic), "digits.safetensors: error[E001]: the file ends early");
}

#[test]
fn no_span_panics() {
    let long = "x".repeat(5000);
    let texts =
        ["", "\n", "a", "a\r\nb\r\n", "\tx = 1\t# é\n", "\u{feff}ü\u{200b}\u{202e}漢字\n", "\u{1b}[31m\0", &long];
    for text in texts {
        let source = Source::new("t.rnn", text);
        for start in 0..=text.len().min(20) + 2 {
            for end in [start, start + 1, start + 3, text.len(), text.len() + 7] {
                let span = Span { start, end };
                let mut diagnostic = Diagnostic::new(Code::E001, span, "title").at("here").label(span, "there");
                diagnostic.helps.push(Help { text: "do".into(), edits: vec![Edit { span, text: "y\nz".into() }] });
                for form in [plain, short, json, github] {
                    assert!(!form(&source, &diagnostic).is_empty());
                }
            }
        }
    }
}

#[test]
fn a_thousand_diagnostics_in_a_large_text_are_quick() {
    let text = "model.add(LSTM(64))\n".repeat(50_000);
    let source = Source::new("large.rnn", text);
    for index in 0..1000 {
        let diagnostic = Diagnostic::new(Code::E001, Span::new(index * 1000, index * 1000 + 5), "title");
        assert!(plain(&source, &diagnostic).len() < 200);
    }
}
