//! Imports and public names.

use rnn_grammar::Code;

use super::{clean, codes, only, repaired, underlined};

/// A text with a Dense layer that is reached in some way.
fn dense(imports: &str, sequential: &str, input: &str, dense: &str) {
    let compiled = clean(&format!("{imports}\nmodel = {sequential}([{input}((3,)), {dense}(2)])\n"));
    assert_eq!(compiled.models[0].total_params(), 8);
}

#[test]
fn every_form_of_import_works() {
    dense("", "Sequential", "Input", "Dense");
    dense("", "keras.Sequential", "layers.Input", "keras.layers.Dense");
    dense("", "tf.keras.Sequential", "tf.keras.Input", "tensorflow.keras.layers.Dense");
    dense("import keras", "keras.models.Sequential", "keras.Input", "keras.layers.Dense");
    dense("import keras as k", "k.Sequential", "k.layers.Input", "k.layers.Dense");
    dense("import keras.layers", "keras.Sequential", "keras.Input", "keras.layers.Dense");
    dense("import keras.layers as L, keras", "keras.Sequential", "L.Input", "L.Dense");
    dense("from keras import layers, Sequential", "Sequential", "layers.Input", "layers.Dense");
    dense("from keras import *\nfrom keras.layers import *", "Sequential", "Input", "Dense");
    dense("import tensorflow as tf", "tf.keras.Sequential", "tf.keras.Input", "tf.keras.layers.Dense");
    dense("from tensorflow import keras", "keras.Sequential", "keras.Input", "keras.layers.Dense");
    dense(
        "from keras.models import Sequential\nfrom tensorflow.keras.layers import Dense as D, Input as I",
        "Sequential",
        "I",
        "D",
    );
}

#[test]
fn with_an_import_only_imported_names_are_known() {
    let text = "from keras import Sequential, Input\nmodel = Sequential([Input((3,)), Dense(2)])";
    assert_eq!(underlined(text), "Dense");
    assert_eq!(codes(&repaired(text)), []);
}

#[test]
fn names_that_a_module_lacks_are_errors_at_the_name() {
    assert_eq!(underlined("from keras.layers import Dense, LSTMM"), "LSTMM");
    assert_eq!(repaired("from keras.layers import LSTMM as L"), "from keras.layers import LSTM as L");
    assert_eq!(underlined("import keras\nx = keras.layers.Dence(2)"), "Dence");
    assert_eq!(codes("from keras.layer import Dense"), [Code::E102]);
    assert_eq!(codes("from keras.src.layers import Dense\nx = Dense(2)"), [Code::E102]);
    assert_eq!(repaired("import tf_keras"), "import keras");
}

#[test]
fn unknown_modules_are_warned_of_and_using_them_is_an_error() {
    let model = "from keras import Sequential, Input, layers\nmodel = Sequential([Input((3,)), layers.Dense(2)])\n";
    assert_eq!(codes(&format!("import numpy as np\n{model}")), [Code::W101]);
    assert_eq!(codes(&format!("import os.path, numpy as np\n{model}x = np.zeros(3)")), [Code::W101, Code::E103]);
    assert_eq!(codes(&format!("from __future__ import annotations\n{model}")), []);
}

#[test]
fn training_modules_may_be_imported_but_not_used() {
    let model = "from keras import Sequential, Input, layers\nmodel = Sequential([Input((3,)), layers.Dense(2)])\n";
    assert_eq!(codes(&format!("from keras.callbacks import EarlyStopping\n{model}")), []);
    assert_eq!(codes(&format!("from keras.utils import to_categorical as t\n{model}y = t(1)")), [Code::E103]);
    assert_eq!(codes(&format!("{model}y = layers.InputSpec()")), [Code::E103]);
}

#[test]
fn layers_that_are_not_done_are_told_apart_from_unknown_ones() {
    assert_eq!(codes("x = Conv2D(2, 3)"), [Code::E104]);
    assert_eq!(codes("from keras.layers import Conv2D\nx = Conv2D(2, 3)"), [Code::E104]);
    assert_eq!(codes("x = Conf1D(2, 3)"), [Code::E101]);
}

#[test]
fn an_undefined_name_is_reported_once_with_the_nearest_one() {
    let text = "hidden_size = 3\na = hiden_size + hiden_size\nb = hiden_size";
    assert_eq!(repaired(text), "hidden_size = 3\na = hidden_size + hiden_size\nb = hiden_size");
    assert_eq!(repaired("a = true"), "a = True");
}

#[test]
fn pythons_other_functions_are_told_where_they_belong() {
    assert_eq!(codes("print(3)"), [Code::E103]);
    assert_eq!(codes("a = isinstance(3, 4)"), [Code::E103]);
    assert_eq!(codes("a = len"), [Code::E108]);
}

#[test]
fn a_variable_hides_a_public_name() {
    clean("Dense = LSTM\nlen = 4\nl2 = 3\nmodel = Sequential([Input((2, 3)), Dense(len + l2)])");
}

#[test]
fn training_objects_are_checked_and_dropped() {
    clean(
        "from keras import *\nopt = optimizers.Adam(learning_rate=1e-3)\nutils.set_random_seed(1)\n\
         model = Sequential([Input((3,)), layers.Dense(2, kernel_initializer=initializers.HeNormal(seed=3),\n\
           bias_initializer='zeros', kernel_regularizer=regularizers.L1L2(l1=0.1), bias_regularizer=regularizers.l2,\n\
           kernel_constraint={'class_name': 'MaxNorm', 'config': {}}, activity_regularizer='l2')])\n\
         model.compile(optimizer=opt, loss=undefined)",
    );
    assert_eq!(codes("a = keras.initializers.GlorotUniform(sed=3)"), [Code::E112]);
    assert_eq!(codes("a = keras.regularizers.L2(-1.0)"), [Code::E116]);
    assert_eq!(codes("a = keras.optimizers.Adan()"), [Code::E102]);
}

#[test]
fn an_imported_training_error_names_the_path() {
    let title = only("from keras.callbacks import EarlyStopping\nx = EarlyStopping()").title;
    assert_eq!(title, "`keras.callbacks.EarlyStopping` is not part of the language");
}
