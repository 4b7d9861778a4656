//! What each layer does with masks, in words: Keras's `supports_masking` and what it means.

use std::fmt::Write as _;

use crate::layers::LAYERS;

const PASSES: &str = "passes it on";
const SKIPS: &str = "skips masked steps and keeps its state there; passes it on with `return_sequences=True`";
/// What a layer that is not in [`WORDS`] does.
const LOSES: &str = "loses it, with a warning (W106)";

const WORDS: &[(&str, &str)] = &[
    ("Masking", "makes one: a step counts where any feature differs from `mask_value`"),
    ("Embedding", "makes one with `mask_zero=True`: an id counts unless it is 0"),
    ("SimpleRNN", SKIPS),
    ("LSTM", SKIPS),
    ("GRU", SKIPS),
    ("RNN", SKIPS),
    ("ConvLSTM1D", "as a recurrent layer; a step counts where any of its rows does"),
    (
        "Bidirectional",
        "both directions skip masked steps, which answer zeros with `return_sequences=True`; passes it on then",
    ),
    ("TimeDistributed", "passes it on, and each step's part of it to an inner layer that uses one"),
    ("Dense", PASSES),
    ("Activation", PASSES),
    ("ReLU", PASSES),
    ("LeakyReLU", PASSES),
    ("PReLU", PASSES),
    ("ELU", PASSES),
    ("Softmax", "takes one of the values themselves; one of steps is an error (E226)"),
    ("Dropout", PASSES),
    ("SpatialDropout1D", PASSES),
    ("GaussianNoise", PASSES),
    ("GaussianDropout", PASSES),
    ("AlphaDropout", PASSES),
    ("ActivityRegularization", PASSES),
    ("Identity", PASSES),
    ("Rescaling", PASSES),
    ("UnitNormalization", PASSES),
    ("LayerNormalization", PASSES),
    ("BatchNormalization", PASSES),
    ("Add", "adds what is there; a step counts where it does in any tensor, if all have a mask"),
    ("Subtract", "subtracts what is there; a step counts where it does in either tensor, if both have a mask"),
    ("Average", "averages what is there; a step counts where it does in any tensor, if all have a mask"),
    ("Multiply", "takes masked steps for ones; if all tensors have a mask, steps masked in all become zeros"),
    (
        "Maximum",
        "takes another tensor's value for a masked one; a step counts where it does in any, if all have a mask",
    ),
    (
        "Minimum",
        "takes another tensor's value for a masked one; a step counts where it does in any, if all have a mask",
    ),
    ("Concatenate", "joins it: side by side a step counts where any part does"),
    ("Dot", "ends it, without a warning as in Keras"),
    ("Attention", "gives masked values no share; rows of masked queries become zeros; passes the query's on"),
    ("AdditiveAttention", "gives masked values no share; rows of masked queries become zeros; passes the query's on"),
    (
        "MultiHeadAttention",
        "masked keys and values are looked at by none, and masked queries look at none; passes the query's on, and takes the \
         masks off what it reads",
    ),
    ("GlobalAveragePooling1D", "means over the steps that count; its output has none"),
];

/// What the layer of this class does with the mask of what it reads; `None` for what reads nothing.
pub(super) fn words(class: &str) -> Option<&'static str> {
    let known = WORDS.iter().find(|(name, _)| *name == class).map(|(_, words)| *words);
    (class != "InputLayer").then_some(known.unwrap_or(LOSES))
}

/// The topic `masks`.
pub(super) fn all() -> String {
    let mut text = String::from(
        "# Masks\n\nA mask says which steps of a sequence count. `Masking` and `Embedding(mask_zero=True)` make one; `mask=` of a call\n\
         gives one that `Input(shape=(timesteps,), dtype=\"bool\")` reads. It goes along with the tensor:\n\n",
    );
    let width = LAYERS.iter().map(|layer| layer.class.len()).max().unwrap_or(0);
    for layer in LAYERS {
        if let Some(words) = words(layer.class) {
            let _ = writeln!(text, "  {:width$}  {words}", layer.class);
        }
    }
    text.push_str(
        "\nOperators, subscripts and functions of tensors lose it (Keras does not even warn). A recurrent layer that is called\n\
         with `initial_state=` uses a mask only where the call gives it (W107). `MultiHeadAttention` takes the masks off the tensors\n\
         that it reads: layers of several tensors that are computed behind it find none there (W108). Models inside models let masks in and out.\n\
         Backends of Keras differ: this is what it does on JAX. There `unroll=True` knows no `zero_output_for_mask`, and\n\
         answers zeros before the first step that counts even where a state is given.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use rnn_grammar::Code;

    use super::*;
    use crate::layers::testing::codes;

    #[test]
    fn every_word_is_about_a_layer() {
        for (class, _) in WORDS {
            assert!(LAYERS.iter().any(|layer| layer.class == *class), "{class}");
        }
    }

    #[test]
    fn layers_lose_masks_where_the_words_say_so() {
        let calls = [
            "Dense(2)",
            "Activation('tanh')",
            "ReLU()",
            "LeakyReLU()",
            "PReLU()",
            "ELU()",
            "Dropout(0.1)",
            "SpatialDropout1D(0.1)",
            "GaussianNoise(0.1)",
            "GaussianDropout(0.1)",
            "AlphaDropout(0.1)",
            "ActivityRegularization()",
            "Identity()",
            "Rescaling(2)",
            "UnitNormalization()",
            "LayerNormalization()",
            "BatchNormalization()",
            "LSTM(2)",
            "GRU(2)",
            "SimpleRNN(2)",
            "Masking()",
            "Bidirectional(LSTM(2))",
            "TimeDistributed(Dense(2))",
            "GlobalAveragePooling1D()",
            "GlobalMaxPooling1D()",
            "Flatten()",
            "Reshape((8,))",
            "Permute((2, 1))",
            "ZeroPadding1D(1)",
            "Cropping1D(1)",
            "UpSampling1D(2)",
            "MaxPooling1D(2)",
            "AveragePooling1D(2)",
        ];
        for call in calls {
            let class = call.split('(').next().unwrap();
            let loses = codes(&format!("Input((4, 2)), Masking(), {call}")) == [Code::W106];
            assert_eq!(words(class) == Some(LOSES), loses, "{class}");
        }
    }
}
