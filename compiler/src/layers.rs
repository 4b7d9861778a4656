//! The registry of layers: one file a layer, one line each.

pub(crate) mod activation;
pub(crate) mod activation_function;
mod activity_regularization;
mod adaptive_pooling_1d;
pub(crate) mod along_axis;
mod alpha_dropout;
pub(crate) mod arithmetic;
pub mod attention;
mod attention_masks;
pub(crate) mod axes;
mod batch_normalization;
pub mod bidirectional;
pub mod cells;
mod chain;
pub(crate) mod checks;
pub(crate) mod choose;
pub(crate) mod concatenate;
mod conv_1d;
mod conv_1d_transpose;
mod conv_lstm_1d;
mod convolution;
mod cropping_1d;
mod data_format;
mod dense;
mod depthwise_conv_1d;
mod discretization;
mod dot;
mod dropout;
pub(crate) mod each_step;
pub(crate) mod einsum;
pub(crate) mod elu;
mod embedding;
mod flatten;
mod gaussian_dropout;
mod gaussian_noise;
pub(crate) mod get_item;
mod global_pooling_1d;
mod group_normalization;
mod gru;
mod identity;
pub mod input;
mod layer_normalization;
pub(crate) mod leaky_relu;
mod lstm;
mod margins;
pub(crate) mod mask_kept;
pub(crate) mod mask_of;
pub(crate) mod mask_select;
pub(crate) mod mask_shown;
mod masking;
pub(crate) mod matrix_product;
mod merge;
mod merge_masks;
mod multi_head_attention;
pub mod nested;
mod normalization;
pub(crate) mod normalized;
mod not_yet;
pub(crate) mod operator;
pub(crate) mod pass_through;
pub(crate) mod permute;
mod pooling_1d;
mod prelu;
pub(crate) mod recurrent;
pub(crate) mod reduce;
mod relu;
pub(crate) mod renamed;
pub(crate) mod repeat;
mod repeat_vector;
mod repeated;
mod rescaling;
pub(crate) mod reshape;
mod rms_normalization;
pub(crate) mod rnn;
pub(crate) mod selected;
mod separable_conv_1d;
mod simple_rnn;
pub(crate) mod single_value;
pub(crate) mod softmax;
mod spatial_dropout_1d;
mod spectral_normalization;
pub(crate) mod stack;
pub(crate) mod stacked_rnn_cells;
pub(crate) mod take_along_axis;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod time_distributed;
pub(crate) mod triangle;
mod unit_normalization;
mod up_sampling_1d;
mod windows;
mod zero_padding_1d;

pub use not_yet::NOT_YET;

use crate::declaration::Declaration;

/// Every layer class of the language.
pub const LAYERS: &[&Declaration] = &[
    &input::INPUT_LAYER,
    &simple_rnn::SIMPLE_RNN,
    &lstm::LSTM,
    &gru::GRU,
    &rnn::RNN,
    &cells::SIMPLE_RNN_CELL,
    &cells::LSTM_CELL,
    &cells::GRU_CELL,
    &stacked_rnn_cells::STACKED_RNN_CELLS,
    &conv_lstm_1d::CONV_LSTM_1D,
    &bidirectional::BIDIRECTIONAL,
    &time_distributed::TIME_DISTRIBUTED,
    &dense::DENSE,
    &embedding::EMBEDDING,
    &masking::MASKING,
    &activation::ACTIVATION,
    &relu::RELU,
    &leaky_relu::LEAKY_RELU,
    &prelu::PRELU,
    &elu::ELU,
    &softmax::SOFTMAX,
    &dropout::DROPOUT,
    &spatial_dropout_1d::SPATIAL_DROPOUT_1D,
    &gaussian_noise::GAUSSIAN_NOISE,
    &gaussian_dropout::GAUSSIAN_DROPOUT,
    &alpha_dropout::ALPHA_DROPOUT,
    &activity_regularization::ACTIVITY_REGULARIZATION,
    &identity::IDENTITY,
    &merge::ADD,
    &merge::SUBTRACT,
    &merge::MULTIPLY,
    &merge::AVERAGE,
    &merge::MAXIMUM,
    &merge::MINIMUM,
    &concatenate::CONCATENATE,
    &dot::DOT,
    &attention::ATTENTION,
    &attention::ADDITIVE_ATTENTION,
    &multi_head_attention::MULTI_HEAD_ATTENTION,
    &flatten::FLATTEN,
    &reshape::RESHAPE,
    &repeat_vector::REPEAT_VECTOR,
    &permute::PERMUTE,
    &zero_padding_1d::ZERO_PADDING_1D,
    &cropping_1d::CROPPING_1D,
    &up_sampling_1d::UP_SAMPLING_1D,
    &conv_1d::CONV_1D,
    &depthwise_conv_1d::DEPTHWISE_CONV_1D,
    &separable_conv_1d::SEPARABLE_CONV_1D,
    &conv_1d_transpose::CONV_1D_TRANSPOSE,
    &pooling_1d::MAX_POOLING_1D,
    &pooling_1d::AVERAGE_POOLING_1D,
    &global_pooling_1d::GLOBAL_AVERAGE_POOLING_1D,
    &global_pooling_1d::GLOBAL_MAX_POOLING_1D,
    &adaptive_pooling_1d::ADAPTIVE_AVERAGE_POOLING_1D,
    &adaptive_pooling_1d::ADAPTIVE_MAX_POOLING_1D,
    &rescaling::RESCALING,
    &discretization::DISCRETIZATION,
    &unit_normalization::UNIT_NORMALIZATION,
    &layer_normalization::LAYER_NORMALIZATION,
    &group_normalization::GROUP_NORMALIZATION,
    &rms_normalization::RMS_NORMALIZATION,
    &normalization::NORMALIZATION,
    &spectral_normalization::SPECTRAL_NORMALIZATION,
    &batch_normalization::BATCH_NORMALIZATION,
];

/// The layer class of this name, which may be one of its aliases.
#[must_use]
pub fn find(name: &str) -> Option<&'static Declaration> {
    LAYERS.iter().copied().find(|layer| layer.class == name || layer.aliases.contains(&name))
}

/// The functions that make a layer and call it at once, with the classes of the layers.
const FUNCTIONS: &[(&str, &str)] = &[
    ("add", "Add"),
    ("average", "Average"),
    ("concatenate", "Concatenate"),
    ("dot", "Dot"),
    ("maximum", "Maximum"),
    ("minimum", "Minimum"),
    ("multiply", "Multiply"),
    ("subtract", "Subtract"),
];

/// The layer that the function of this name makes and calls, and the function's name.
#[must_use]
pub fn function(name: &str) -> Option<(&'static Declaration, &'static str)> {
    let (function, class) = FUNCTIONS.iter().find(|(function, _)| *function == name)?;
    Some((find(class)?, function))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_by_its_name_and_is_not_among_the_missing_ones() {
        for layer in LAYERS {
            assert_eq!(find(layer.class).unwrap().class, layer.class);
            assert!(!NOT_YET.contains(&layer.class), "{}", layer.class);
        }
        assert!(find("Conv2D").is_none());
    }

    #[test]
    fn arguments_are_named_once_and_required_ones_come_first() {
        for layer in LAYERS {
            let mut names: Vec<_> = layer.arguments.iter().map(|argument| argument.name).collect();
            let optional = layer.arguments.iter().skip_while(|argument| argument.default.is_none());
            assert!(optional.clone().all(|argument| argument.default.is_some()), "{}", layer.class);
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), layer.arguments.len(), "{}", layer.class);
        }
    }
}
