//! Inputs, Keras 2's spellings of them, and shapes along a model.

use rnn_grammar::Code;

use super::{clean, codes, compile, only, repaired, underlined};

/// Input and output shape of the only model.
fn shapes(text: &str) -> (String, String) {
    let compiled = clean(text);
    let model = &compiled.models[0];
    (model.input_shape().to_string(), model.output_shape().to_string())
}

#[test]
fn inputs_give_the_shape() {
    let both = |input: &str, output: &str| (input.to_owned(), output.to_owned());
    assert_eq!(shapes("m = Sequential([Input((2, 10)), LSTM(3)])"), both("(None, 2, 10)", "(None, 3)"));
    assert_eq!(shapes("m = Sequential([Input(shape=[None, 10]), LSTM(3)])"), both("(None, None, 10)", "(None, 3)"));
    assert_eq!(shapes("m = Sequential([Input((2, 10), batch_size=8), LSTM(3)])"), both("(8, 2, 10)", "(8, 3)"));
    assert_eq!(shapes("m = Sequential([Input(batch_shape=(8, 2, 10)), LSTM(3)])"), both("(8, 2, 10)", "(8, 3)"));
}

#[test]
fn malformed_inputs_are_refused() {
    for input in ["3", "(3.0,)", "('a',)", "(-1,)", "(0,)", "(2 ** 31,)"] {
        assert_eq!(codes(&format!("x = Input({input})")), [Code::E118], "{input}");
    }
    assert_eq!(codes("x = Input((3,), batch_shape=(4, 3))"), [Code::E119]);
    assert_eq!(codes("x = Input(batch_size=4, batch_shape=(4, 3))"), [Code::E119]);
    assert_eq!(codes("x = Input((3,), dtype='float16')"), [Code::E104]);
}

#[test]
fn keras_2_spellings_work_on_a_first_layer_with_a_note() {
    for (arguments, input) in [
        ("input_shape=(2, 10)", "(None, 2, 10)"),
        ("input_length=2, input_dim=10", "(None, 2, 10)"),
        ("batch_input_shape=(8, 2, 10)", "(8, 2, 10)"),
        ("input_shape=(2, 10), batch_size=8", "(8, 2, 10)"),
    ] {
        let text = format!("m = Sequential()\nm.add(SimpleRNN(3, {arguments}))");
        let compiled = compile(&text);
        assert_eq!(compiled.models[0].input_shape().to_string(), input);
        assert_eq!(compiled.models[0].total_params(), 42);
        assert_eq!(only(&text).code, Code::N101);
        let today = repaired(&text);
        assert_eq!(clean(&today).diagnostics, [], "{today}");
        assert_eq!(clean(&today).models[0].input_shape().to_string(), input);
    }
}

#[test]
fn the_note_rewrites_lists_and_lines_in_the_texts_own_words() {
    assert_eq!(
        repaired("n = 2\nm = Sequential([GRU(input_shape=(n, 4), units=3)])"),
        "n = 2\nm = Sequential([Input(shape=(n, 4)), GRU(units=3)])"
    );
    assert_eq!(
        repaired("m = Sequential(); m.add(Dense(3, 'relu', input_dim=4))"),
        "m = Sequential(); m.add(Input(shape=(4,))); m.add(Dense(3, 'relu'))"
    );
    assert_eq!(
        repaired("m = Sequential()\nfor i in range(1):\n    m.add(Dense(3, input_dim=4))"),
        "m = Sequential()\nfor i in range(1):\n    m.add(Input(shape=(4,)))\n    m.add(Dense(3))"
    );
}

#[test]
fn input_dim_alone_is_one_axis_as_in_keras_3() {
    assert_eq!(codes("m = Sequential([LSTM(3, input_dim=10)])"), [Code::E204, Code::N101]);
}

#[test]
fn keras_2_spellings_elsewhere_have_no_effect() {
    assert_eq!(codes("m = Sequential([Input((3,)), Dense(2, input_shape=(9,))])"), [Code::W102]);
    assert_eq!(codes("m = Sequential([Input((3,)), Dense(2), Dense(2, input_dim=9)])"), [Code::W102]);
    let inside = codes("m = Sequential([Bidirectional(LSTM(2, input_shape=(3, 4)))])");
    assert_eq!(inside, [Code::E124, Code::W102]);
    assert_eq!(codes("m = Sequential([Input((3, 4)), Bidirectional(LSTM(2, input_shape=(3, 4)))])"), [Code::W102]);
}

#[test]
fn keras_2_spellings_that_contradict_each_other_are_refused() {
    assert_eq!(codes("x = Dense(2, input_shape=(3,), input_dim=3)"), [Code::E119]);
    assert_eq!(codes("x = Dense(2, batch_input_shape=(1, 3), batch_size=3)"), [Code::E119]);
    assert_eq!(codes("x = Dense(2, input_shape=3)"), [Code::E118]);
    assert_eq!(codes("x = Dense(2, input_dim='a')"), [Code::E118]);
}

#[test]
fn a_layer_that_needs_a_sequence_says_who_withholds_it() {
    let text = "m = Sequential([Input((5, 3)), LSTM(64), Dropout(0.1), LSTM(32)])";
    let mistake = only(text);
    assert_eq!(mistake.code, Code::E204);
    assert_eq!(underlined(text), "LSTM(32)");
    assert_eq!(mistake.labels[0].text, "returns only its last step: `(None, 64)`");
    assert_eq!(&text[mistake.labels[0].span.start..mistake.labels[0].span.end], "LSTM(64)");
    let mended = repaired(text);
    assert_eq!(mended, "m = Sequential([Input((5, 3)), LSTM(64, return_sequences=True), Dropout(0.1), LSTM(32)])");
    clean(&mended);
}

#[test]
fn the_fix_goes_into_a_wrapper_or_replaces_what_is_there() {
    let mended = repaired("m = Sequential([Input((5, 3)), Bidirectional(GRU(4)), LSTM(2)])");
    assert_eq!(mended, "m = Sequential([Input((5, 3)), Bidirectional(GRU(4, return_sequences=True)), LSTM(2)])");
    let mended = repaired("m = Sequential([Input((5, 3)), GRU(4, return_sequences=False), LSTM(2)])");
    assert_eq!(mended, "m = Sequential([Input((5, 3)), GRU(4, return_sequences=True), LSTM(2)])");
    let trailing = repaired("m = Sequential([Input((5, 3)), GRU(4,), LSTM(2)])");
    assert_eq!(trailing, "m = Sequential([Input((5, 3)), GRU(4, return_sequences=True,), LSTM(2)])");
}

#[test]
fn nothing_is_said_behind_a_layer_that_does_not_fit() {
    let text =
        "m = Sequential([Input((5, 3)), LSTM(4), LSTM(4), LSTM(4), Dense(0)])\nassert m.output_shape == 3\nm.summary()";
    assert_eq!(codes(text), [Code::E204, Code::E116]);
}

#[test]
fn a_layer_made_elsewhere_is_shown_where_it_is_added() {
    let text = "l = LSTM(4)\nm = Sequential([Input((5,)), l])";
    let mistake = only(text);
    assert_eq!(underlined(text), "l");
    assert!(mistake.labels.iter().any(|label| label.text == "`lstm` is made here"), "{mistake:#?}");
}

#[test]
fn counts_beyond_64_bits_and_axes_beyond_31_are_refused() {
    let huge = "n = 2 ** 31 - 1\n";
    assert_eq!(codes(&format!("{huge}m = Sequential([Input((n,)), Dense(n), Dense(n)])")), []);
    assert_eq!(
        codes(&format!("{huge}m = Sequential([Input((n,))])\nfor i in range(5): m.add(Dense(n))")),
        [Code::E291]
    );
    assert_eq!(codes(&format!("{huge}m = Sequential([Input((n, n)), Flatten()])")), [Code::E207]);
    assert_eq!(codes(&format!("{huge}m = Sequential([Input((n, n)), LSTM(n)])")), [Code::E291]);
}
