//! A user's crate at its strictest: no standard library, no prelude, no `unsafe`, every lint an error, and the runtime under
//! another name. That it compiles is the test.
#![no_std]
#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    missing_copy_implementations,
    unreachable_pub,
    unused_qualifications,
    elided_lifetimes_in_paths,
    single_use_lifetimes,
    trivial_casts,
    unused_results,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::missing_inline_in_public_items
)]

use ::neural::rnn_model;

rnn_model! {
    /// A stream with weights of the caller's.
    pub struct Amplifier;
    model = Sequential()
    model.add(Input(shape=(None, 1)))
    model.add(LSTM(20, return_sequences=True))
    model.add(Dense(1))
}

rnn_model! {
    /// No weights at all.
    pub struct Halver;
    model = Sequential([Input(shape=(4, 2)), Permute((2, 1)), Activation("tanh"), Softmax()])
}

rnn_model! {
    /// Unrolled over time, then repeated.
    pub struct Repeater;
    from keras import Sequential
    from keras.layers import Bidirectional, GRU, SimpleRNN, RepeatVector, TimeDistributed, Dense
    model = Sequential()
    model.add(SimpleRNN(3, input_shape=(2, 10)))
    model.add(RepeatVector(4))
    model.add(Bidirectional(GRU(5, return_sequences=True), merge_mode="sum"))
    model.add(TimeDistributed(Dense(2, activation="softmax")))
}

rnn_model! {
    /// Not causal, of any length.
    pub struct Tagger;
    model = Sequential()
    model.add(Input(shape=(None, 3)))
    for units in (4, 5):
        model.add(Bidirectional(LSTM(units, return_sequences=True)))
    model.add(Dense(2))
}

rnn_model! {
    /// Ids to a vector.
    struct Reader;
    model = Sequential([Input(shape=(6,), dtype="int32"), Embedding(12, 4), GRU(8), LayerNormalization()])
}

mod inner {
    ::neural::rnn_model! {
        /// Seen by its parent alone.
        pub(super) struct Visible;
        model = Sequential([Input(shape=(3,)), Dense(2, use_bias=False), BatchNormalization()])
    }
}

/// The models in use: what they are given and what they answer are the types of their shapes.
///
/// # Errors
/// Where weights don't fit.
#[inline]
pub fn all(
    safetensors: &[u8],
    buffers: [&mut [f32]; 5],
    samples: &[[f32; 1]],
) -> ::core::result::Result<[f32; 2], ::neural::weights::WeightsError> {
    use ::neural::Model as _;
    let [one, two, three, four, five] = buffers;
    let amplifier = Amplifier::load(safetensors, one)?;
    let mut stream = amplifier.stream();
    let mut output = [[0.0]];
    for sample in samples {
        output = [stream.step(sample)];
    }
    stream.reset();
    let _lengths_differ =
        stream.process(samples, &mut output).is_err() || amplifier.forward(samples, &mut output).is_err();
    let halved: [[f32; 4]; 2] = Halver::new().forward(&[[1.0, 2.0]; 4]);
    let repeated: [[f32; 2]; 4] = Repeater::load(safetensors, two)?.forward(&[[0.5; 10]; 2]);
    let read: [f32; 8] = Reader::load(safetensors, three)?.forward(&[1, 2, 3, 4, 5, 6]);
    let visible: [f32; 2] = inner::Visible::load(safetensors, four)?.forward(&[1.0, 2.0, 3.0]);
    let tagger = Tagger::load(safetensors, five)?;
    let mut tags = [[0.0; 2]; 3];
    let mut scratch = [0.0; Tagger::scratch_length(3)];
    let _scratch_fits = tagger.forward_into(&[[0.0; 3]; 3], &mut scratch, &mut tags).is_ok();
    let ([first, ..], [[second, ..], ..], [third, ..]) = (read, repeated, halved);
    let [fourth, _] = third.split_at(2).0 else { return ::core::result::Result::Ok(visible) };
    ::core::result::Result::Ok([first.max(*fourth), second])
}
