//! Binding of arguments and their kinds.

use rnn_grammar::Code;

use super::{clean, codes, only, repaired, underlined};

#[test]
fn arguments_bind_by_place_and_keyword() {
    let compiled = clean("m = Sequential([Input((2, 3)), LSTM(4, 'relu', use_bias=False, return_sequences=True)])");
    assert_eq!(compiled.models[0].total_params(), 4 * 4 * (3 + 4));
    assert_eq!(compiled.models[0].output_shape().to_string(), "(None, 2, 4)");
}

#[test]
fn a_missing_argument_is_named() {
    assert_eq!(only("x = GRU()").code, Code::E111);
    assert_eq!(underlined("x = GRU()"), "GRU");
    assert_eq!(only("x = GRU()").title, "`GRU` needs `units`");
    assert_eq!(codes("x = Input()"), [Code::E111]);
}

#[test]
fn unknown_keywords_are_corrected() {
    assert_eq!(repaired("x = LSTM(4, return_sequence=True)"), "x = LSTM(4, return_sequences=True)");
    assert_eq!(codes("x = LSTM(4, frobnicate=True, unit_forget_bias=True)"), [Code::E112]);
    let advice = |text: &str| only(text).helps[0].text.clone();
    assert!(advice("x = LSTM(4, batch_shape=(1, 2, 3))").contains("Input(batch_shape="));
    assert!(advice("x = Bidirectional(LSTM(4), return_sequences=True)").contains("the layer inside"));
    assert_eq!(codes("x = SpatialDropout1D(0.5, input_shape=(3, 4))"), [Code::E112]);
}

#[test]
fn arguments_given_twice_or_too_often_are_reported() {
    assert_eq!(underlined("x = Dense(4, 'relu', activation='relu')"), "activation='relu'");
    assert_eq!(codes("x = Dense(4, units=4)"), [Code::E113]);
    assert_eq!(codes("x = Permute((1, 2), 3, 4)"), [Code::E114]);
    assert_eq!(underlined("x = Permute((1, 2), 3, 4)"), "3, 4");
}

#[test]
fn units_are_positive_integers() {
    for (units, code) in [
        ("4.0", Code::E115),
        ("10 / 2", Code::E115),
        ("True", Code::E115),
        ("'4'", Code::E115),
        ("None", Code::E115),
        ("(4,)", Code::E115),
        ("0", Code::E116),
        ("-4", Code::E116),
        ("2 ** 31", Code::E116),
    ] {
        for class in ["Dense", "SimpleRNN", "LSTM", "GRU"] {
            let text = format!("x = {class}({units})");
            assert_eq!((only(&text).code, underlined(&text)), (code, units), "{text}");
        }
    }
}

#[test]
fn flags_are_truth_values() {
    assert_eq!(repaired("x = LSTM(4, return_sequences=1)"), "x = LSTM(4, return_sequences=True)");
    assert_eq!(codes("x = LSTM(4, return_sequences='no')"), [Code::E115]);
    assert_eq!(codes("x = Dense(4, trainable=0)"), [Code::E115]);
    assert_eq!(codes("x = Dense(4, use_bias=None)"), [Code::E115]);
}

#[test]
fn activations_are_checked_by_name() {
    clean(
        "m = Sequential([Input((3,)), Dense(4, 'swish'), Dense(4, None), Dense(2, activation=keras.activations.relu)])",
    );
    assert_eq!(repaired("x = Dense(4, activation='rleu')"), "x = Dense(4, activation=\"relu\")");
    for value in ["'ReLU6x'", "'RELU'", "'threshold'", "''"] {
        assert_eq!(codes(&format!("x = Dense(4, activation={value})")), [Code::E117], "{value}");
    }
    assert_eq!(codes("x = Dense(4, activation=3)"), [Code::E115]);
    clean("m = Sequential([Input((3,)), Dense(4, LeakyReLU(0.1)), Dense(4, Softmax()), Dense(4, Activation('relu'))])");
    clean(
        "m = Sequential([Input((2, 3)), LSTM(4, activation=ReLU(6), recurrent_activation=ELU()), Dense(4, Dropout(0.5))])",
    );
    assert_eq!(codes("x = Dense(4, activation=PReLU())"), [Code::E153]);
    assert_eq!(codes("x = Dense(4, activation=Softmax(axis=1))"), [Code::E153]);
    assert_eq!(codes("x = Dense(4, activation=ReLU)"), [Code::E115]);
}

#[test]
fn training_arguments_are_checked_by_name() {
    for value in ["'foo'", "'Glorot_Uniform'", "''"] {
        assert_eq!(codes(&format!("x = Dense(4, kernel_initializer={value})")), [Code::E117], "{value}");
    }
    assert_eq!(codes("x = Dense(4, kernel_initializer=3)"), [Code::E115]);
    assert_eq!(codes("x = Dense(4, kernel_regularizer='l1_l2')"), [Code::E117]);
    assert_eq!(codes("x = Dense(4, kernel_regularizer=0.01)"), [Code::E115]);
    assert_eq!(codes("x = Dense(4, kernel_regularizer=keras.constraints.NonNeg())"), [Code::E115]);
    assert_eq!(codes("x = Dense(4, kernel_constraint='maxnorm')"), [Code::E117]);
    assert_eq!(codes("x = LSTM(4, seed=1.5)"), [Code::E115]);
    assert_eq!(codes("x = LSTM(4, dropout='a')"), [Code::E115]);
    assert_eq!(codes("x = LSTM(4, dropout=1.5)"), [Code::E116]);
    assert_eq!(codes("x = Dropout(-0.1)"), [Code::E116]);
}

#[test]
fn number_types_are_float32_and_float64() {
    clean("m = Sequential([Input((3,), dtype='float32'), Dense(4, dtype='float32')])");
    clean("m = Sequential([Input((3,), dtype='float64'), Dense(4, dtype='float64')])");
    for other in ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16", "int32"] {
        assert_eq!(codes(&format!("x = Dense(4, dtype='{other}')")), [Code::E148], "{other}");
    }
    assert_eq!(codes("x = Dense(4, dtype='flaot32')"), [Code::E117]);
    assert_eq!(codes("x = Dense(4, dtype=32)"), [Code::E115]);
}

#[test]
fn what_is_not_done_yet_takes_its_default_only() {
    clean("m = Sequential([Input((2,)), Embedding(4, 2, lora_rank=None)])");
    assert_eq!(underlined("x = Embedding(4, 2, lora_rank=3)"), "3");
    assert_eq!(only("x = Embedding(4, 2, lora_rank=3)").code, Code::E104);
}

#[test]
fn wrappers_take_layers() {
    assert_eq!(codes("x = Bidirectional(8)"), [Code::E115]);
    assert_eq!(codes("x = Bidirectional(LSTM)"), [Code::E115]);
    clean("m = Sequential([Input((3,)), Dense(2)])\nx = TimeDistributed(m)");
}

#[test]
fn several_mistakes_of_one_call_are_all_reported() {
    assert_eq!(
        codes("x = Dense(0, activation='rleu', use_bias=1, unit=3)"),
        [Code::E116, Code::E117, Code::E115, Code::E112]
    );
}
