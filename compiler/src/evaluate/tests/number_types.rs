//! float32 and float64: who says so, and what may stand together.

use rnn_grammar::Code;

use super::{clean, codes, holds, underlined};
use crate::precision::Precision;

fn precision(text: &str) -> Precision {
    clean(text).models[0].precision
}

#[test]
fn the_text_or_every_layer_says_float64() {
    let model = "model = Sequential([Input((4, 3)), LSTM(2), Dense(1)])";
    assert_eq!(precision(model), Precision::Single);
    for line in [
        "keras.config.set_floatx('float64')",
        "keras.backend.set_floatx(value='float64')",
        "keras.config.set_dtype_policy('float64')",
        "keras.mixed_precision.set_global_policy('float64')",
        "keras.mixed_precision.set_dtype_policy(policy='float64')",
    ] {
        assert_eq!(precision(&format!("{line}\n{model}")), Precision::Double, "{line}");
    }
    let said = "model = Sequential([Input((4, 3)), LSTM(2, dtype='float64'), Dense(1, dtype='float64')])";
    assert_eq!(precision(said), Precision::Double);
}

#[test]
fn set_floatx_changes_layers_until_the_first_layer_or_model_is_made() {
    for first in ["x = Input((3,))", "d = Dense(2)", "model = Sequential()"] {
        let text = format!(
            "{first}\nkeras.config.set_floatx('float64')\nmodel = Sequential([Input((3,), dtype='float32'), Dense(1)])"
        );
        assert_eq!(clean(&text).listed()[0].precision, Precision::Single, "{first}");
    }
    let later = "x = Input((3,))\nkeras.config.set_dtype_policy('float64')\nmodel = Model(x, Dense(1)(x))";
    assert_eq!(precision(later), Precision::Double);
}

#[test]
fn tensors_have_number_types() {
    holds(
        "x = Input((3,))\nassert x.dtype == 'float32'\ny = Dense(2, dtype='float64')(x)\nassert y.dtype == 'float64'",
    );
    holds("assert (2.0 * Input((3,))).dtype == 'float32'\nassert Input((3,), dtype='int32').dtype == 'int32'");
    holds("assert keras.config.floatx() == 'float32'");
}

#[test]
fn layers_of_several_types_are_e147_at_the_one_that_differs() {
    let text = "model = Sequential([Input((3,)), Dense(4, dtype='float64'), Dropout(0.5), Dense(2, dtype='float64')])";
    assert_eq!(codes(text), [Code::E147]);
    assert_eq!(underlined(text), "Dropout");
    for text in [
        "model = Sequential([Input((4, 3)), Bidirectional(LSTM(2, dtype='float64'))])",
        "model = Sequential([Input((4, 3)), TimeDistributed(Dense(2), dtype='float64')])",
        "model = Sequential([Input((3,), dtype='float64'), Dense(4)])",
        "i = Sequential([Input((3,)), Dense(4, dtype='float64')])\nmodel = Sequential([Input((3,)), i, Dense(2)])",
    ] {
        assert!(codes(text).contains(&Code::E147), "{text}");
    }
}

#[test]
fn a_float32_input_of_a_float64_model_is_read_by_layers_only() {
    let model = |input: &str, read: &str| {
        format!("keras.config.set_dtype_policy('float64')\nx = Input({input})\nmodel = Model(x, Dense(2)({read}))")
    };
    assert_eq!(precision(&model("(3,)", "x")), Precision::Double);
    assert_eq!(codes(&model("(3,)", "2.0 * x")), [Code::E147]);
    assert_eq!(precision(&model("(3,), dtype='float64'", "2.0 * x")), Precision::Double);
}

#[test]
fn settings_of_other_types_are_refused() {
    assert_eq!(codes("keras.config.set_floatx('float16')\nm = Sequential([Input((1,)), Dense(1)])"), [Code::E148]);
    assert_eq!(codes("keras.config.set_floatx('double')\nm = Sequential([Input((1,)), Dense(1)])"), [Code::E117]);
    assert_eq!(codes("keras.config.set_floatx(64)\nm = Sequential([Input((1,)), Dense(1)])"), [Code::E115]);
}
