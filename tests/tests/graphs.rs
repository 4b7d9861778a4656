//! Graphs as a program uses them: fields of inputs and outputs, parts of one training graph, a decoder that feeds its
//! output back.

#![allow(clippy::unwrap_used)]

use rnn_runtime::{Model, Zero, rnn_model};

rnn_model! {
    /// Two inputs and two outputs.
    struct Mixer;
    voice = Input(shape=(6, 2), name="voice")
    music = Input(shape=(6, 3), name="music")
    x = Concatenate()([voice, music])
    x = GRU(8, return_sequences=True)(x)
    model = Model([voice, music], [Dense(2, name="mixed")(x), Dense(1, name="speech level")(x)], name="mixer")
}

rnn_model! {
    /// The same with free timesteps: a sample is a slice of frames.
    struct LongMixer;
    voice = Input(shape=(None, 2), name="voice")
    music = Input(shape=(None, 3), name="music")
    x = Concatenate()([voice, music])
    x = GRU(8, return_sequences=True)(x)
    model = Model([voice, music], [Dense(2, name="mixed")(x), Dense(1, name="speech level")(x)], name="mixer")
}

rnn_model! {
    /// What is said, as the states of an LSTM.
    struct Encoder;
    source = Input(shape=(5, 4))
    _, h, c = LSTM(8, return_state=True, name="encoder")(source)
    model = Model(source, {"h": h, "c": c})
}

rnn_model! {
    /// One word and the states after it, from the word before and its states.
    struct Decoder;
    word = Input(shape=(1, 3), name="word")
    h = Input(shape=(8,), name="h")
    c = Input(shape=(8,), name="c")
    y, next_h, next_c = LSTM(8, return_state=True, name="decoder")(word, initial_state=[h, c])
    model = Model([word, h, c], {"word": Dense(3, activation="tanh", name="words")(y), "h": next_h, "c": next_c})
}

rnn_model! {
    /// Both over whole sequences, as in training.
    struct Translator;
    source = Input(shape=(5, 4), name="source")
    target = Input(shape=(3, 3), name="target")
    _, h, c = LSTM(8, return_state=True, name="encoder")(source)
    decoded = LSTM(8, return_sequences=True, name="decoder")(target, initial_state=[h, c])
    model = Model([source, target], Dense(3, activation="tanh", name="words")(decoded))
}

/// Packed weights that differ from each other, in a model's own layout.
fn weights(length: usize) -> Vec<f32> {
    (0..length).map(|index| ((index * 37 % 101) as f32 - 50.0) / 120.0).collect()
}

/// Weights of these layers as a safetensors file.
fn safetensors(layers: &[&str]) -> Vec<u8> {
    let shapes: [(&str, &[usize]); 8] = [
        ("encoder/lstm_cell/kernel", &[4, 32]),
        ("encoder/lstm_cell/recurrent_kernel", &[8, 32]),
        ("encoder/lstm_cell/bias", &[32]),
        ("decoder/lstm_cell/kernel", &[3, 32]),
        ("decoder/lstm_cell/recurrent_kernel", &[8, 32]),
        ("decoder/lstm_cell/bias", &[32]),
        ("words/kernel", &[8, 3]),
        ("words/bias", &[3]),
    ];
    let wanted = shapes.iter().filter(|(name, _)| layers.iter().any(|layer| name.starts_with(layer)));
    let tensors: Vec<(&str, &[usize], Vec<u8>)> = wanted
        .map(|&(name, shape)| {
            let values = weights(shape.iter().product());
            (name, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name, safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.to_vec(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn inputs_and_outputs_are_fields() {
    let packed = weights(Mixer::WEIGHTS);
    let mixer = Mixer::from_packed(&packed).unwrap();
    let voice = std::array::from_fn(|step| [step as f32 / 6.0, -0.5]);
    let music = std::array::from_fn(|step| [0.25, (step % 3) as f32, -1.0]);
    let output: MixerOutput = mixer.forward(&MixerInput { voice, music });
    let mut stream = mixer.stream();
    for (step, (&voice, &music)) in voice.iter().zip(&music).enumerate() {
        let answer: MixerStep = stream.step(&MixerFrame { voice, music });
        assert_eq!(bits(&answer.mixed), bits(&output.mixed[step]));
        assert_eq!(bits(&answer.speech_level), bits(&output.speech_level[step]));
    }
    assert_eq!(Mixer::INPUTS, [("voice", &[None, Some(6), Some(2)][..]), ("music", &[None, Some(6), Some(3)])]);
    assert_eq!(Mixer::OUTPUTS[1].0, "speech level");
}

#[test]
fn free_timesteps_are_slices_of_frames() {
    let packed = weights(LongMixer::WEIGHTS);
    let mixer = LongMixer::from_packed(&packed).unwrap();
    let frames: Vec<LongMixerFrame> =
        (0..40).map(|step| LongMixerFrame { voice: [step as f32 / 40.0, 0.5], music: [-0.25, 0.0, 1.0] }).collect();
    let mut outputs = vec![LongMixerStep::ZERO; frames.len()];
    mixer.forward_into(&frames, &mut [], &mut outputs).unwrap();
    let mut stream = mixer.stream();
    let steps: Vec<LongMixerStep> = frames.iter().map(|frame| stream.step(frame)).collect();
    assert_eq!(outputs, steps);
    assert!(outputs[39] != outputs[0] && outputs[39].speech_level[0].is_finite());
    assert!(mixer.forward_into(&frames, &mut [], &mut outputs[..39]).is_err());
}

#[test]
fn a_decoder_feeds_its_output_back() {
    let (mut of_encoder, mut of_decoder, mut of_both) =
        (vec![0.0; Encoder::WEIGHTS], vec![0.0; Decoder::WEIGHTS], vec![0.0; Translator::WEIGHTS]);
    let encoder = Encoder::load(&safetensors(&["encoder"]), &mut of_encoder).unwrap();
    let decoder = Decoder::load(&safetensors(&["decoder", "words"]), &mut of_decoder).unwrap();
    let both = Translator::load(&safetensors(&["encoder", "decoder", "words"]), &mut of_both).unwrap();

    let source = std::array::from_fn(|step| [step as f32 / 5.0, -1.0, 0.5, 0.0]);
    let EncoderOutput { mut h, mut c } = encoder.forward(&source);
    let mut word = [0.0; 3];
    let mut said = [[0.0; 3]; 3];
    for place in &mut said {
        let answer = decoder.forward(&DecoderInput { word: [word], h, c });
        (word, h, c) = (answer.word, answer.h, answer.c);
        *place = word;
    }
    // In training the decoder reads the words that it should have said before.
    let target = [[0.0; 3], said[0], said[1]];
    let taught = both.forward(&TranslatorInput { source, target });
    assert_eq!(bits(taught.as_flattened()), bits(said.as_flattened()));
}
