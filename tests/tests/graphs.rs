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

rnn_model! {
    /// The decoder once more, by the cell alone.
    struct StepDecoder;
    word = Input(shape=(3,), name="word")
    h = Input(shape=(8,), name="h")
    c = Input(shape=(8,), name="c")
    y, (next_h, next_c) = LSTMCell(8, name="decoder")(word, [h, c])
    model = Model([word, h, c], {"word": Dense(3, activation="tanh", name="words")(y), "h": next_h, "c": next_c})
}

rnn_model! {
    /// A walk over time, and one more step of the same cell.
    struct Walk;
    cell = GRUCell(20)
    x = Input(shape=(4, 3))
    y = RNN(cell)(x)
    z, state = cell(x[:, 0], y)
    model = Model(x, z)
}

rnn_model! {
    /// The same without the step.
    struct Alone;
    x = Input(shape=(4, 3))
    model = Model(x, RNN(GRUCell(20))(x))
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

rnn_model! {
    /// Two inputs of lengths of their own.
    struct Teacher;
    source = Input(shape=(None, 4), name="source")
    target = Input(shape=(None, 3), name="target")
    _, h, c = LSTM(8, return_state=True, name="encoder")(source)
    decoded = LSTM(8, return_sequences=True, name="decoder")(target, initial_state=[h, c])
    model = Model([source, target], Dense(3, activation="tanh", name="words")(decoded))
}

rnn_model! {
    /// The decoder as Keras's examples have it: any number of words, and states in and out.
    struct Speaker;
    words = Input(shape=(None, 3), name="word")
    h = Input(shape=(8,), name="h")
    c = Input(shape=(8,), name="c")
    y, next_h, next_c = LSTM(8, return_sequences=True, return_state=True, name="decoder")(words, initial_state=[h, c])
    model = Model([words, h, c], {"word": Dense(3, activation="tanh", name="words")(y), "h": next_h, "c": next_c})
}

rnn_model! {
    /// Inputs that are joined, and outputs of each step and of the end, behind a layer that needs the whole sequence.
    struct Listener;
    voice = Input(shape=(None, 2), name="voice")
    music = Input(shape=(None, 3), name="music")
    x = Bidirectional(GRU(4, return_sequences=True))(Concatenate()([voice, music]))
    model = Model([voice, music], {"each": Dense(2)(x), "end": LSTM(3)(x)})
}

#[test]
fn inputs_have_lengths_of_their_own() {
    let file = safetensors(&["encoder", "decoder", "words"]);
    let (mut of_teacher, mut of_both) = (vec![0.0; Teacher::WEIGHTS], vec![0.0; Translator::WEIGHTS]);
    let teacher = Teacher::load(&file, &mut of_teacher).unwrap();
    let both = Translator::load(&file, &mut of_both).unwrap();
    let source = std::array::from_fn(|step| [step as f32 / 5.0, -1.0, 0.5, 0.0]);
    let target = std::array::from_fn(|step| [0.5, step as f32, -0.25]);
    let expected = both.forward(&TranslatorInput { source, target });

    let mut said = [[0.0; 3]; 3];
    let mut scratch = vec![f32::NAN; Teacher::scratch_length(5)];
    let input = TeacherInput { source: &source, target: &target };
    teacher.forward_into(&input, &mut scratch, &mut said).unwrap();
    assert_eq!(bits(said.as_flattened()), bits(expected.as_flattened()));
    // A shorter target of the same source has the same first words.
    let mut first = [[0.0; 3]; 2];
    teacher.forward_into(&TeacherInput { target: &target[..2], ..input }, &mut scratch, &mut first).unwrap();
    assert_eq!(first, said[..2]);
    let error = teacher.forward_into(&input, &mut scratch, &mut said[..2]).unwrap_err();
    assert_eq!(error.to_string(), "output: 3 elements expected, 2 given");
    assert!(teacher.forward_into(&input, &mut [], &mut said).is_err_and(|error| error.what == "scratch"));
    // Nothing is said to nothing.
    teacher.forward_into(&TeacherInput { source: &[], target: &[] }, &mut [], &mut []).unwrap();
}

#[test]
fn a_decoder_takes_any_number_of_words() {
    let file = safetensors(&["decoder", "words"]);
    let (mut of_speaker, mut of_decoder) = (vec![0.0; Speaker::WEIGHTS], vec![0.0; Decoder::WEIGHTS]);
    let speaker = Speaker::load(&file, &mut of_speaker).unwrap();
    let decoder = Decoder::load(&file, &mut of_decoder).unwrap();
    let (mut h, mut c) = ([0.25; 8], [-0.5; 8]);
    let words = [[0.5, 0.0, -1.0], [1.0, 0.25, 0.0]];
    let mut said = [[0.0; 3]; 2];
    let mut output = SpeakerOutput { word: &mut said, h: [0.0; 8], c: [0.0; 8] };
    let mut scratch = vec![0.0; Speaker::scratch_length(2)];
    speaker.forward_into(&SpeakerInput { word: &words, h, c }, &mut scratch, &mut output).unwrap();
    let (last_h, last_c) = (output.h, output.c);
    for (word, said) in words.into_iter().zip(said) {
        let answer = decoder.forward(&DecoderInput { word: [word], h, c });
        (h, c) = (answer.h, answer.c);
        assert_eq!(bits(&answer.word), bits(&said));
    }
    assert_eq!((bits(&last_h), bits(&last_c)), (bits(&h), bits(&c)));
    assert_eq!(Speaker::INPUTS[0].0, "word");
}

#[test]
fn joined_inputs_are_equally_long() {
    let packed = weights(Listener::WEIGHTS);
    let listener = Listener::from_packed(&packed).unwrap();
    let (voice, music) = ([[0.5, -0.5]; 7], [[0.25, 0.0, 1.0]; 7]);
    let mut each = [[0.0; 2]; 7];
    let mut output = ListenerOutput { each: &mut each, end: [0.0; 3] };
    let mut scratch = vec![f32::NAN; Listener::scratch_length(7)];
    let input = ListenerInput { voice: &voice, music: &music };
    listener.forward_into(&input, &mut scratch, &mut output).unwrap();
    assert!(output.each.iter().flatten().chain(&output.end).all(|value| value.is_finite() && *value != 0.0));
    let short = ListenerInput { music: &music[..6], ..input };
    let error = listener.forward_into(&short, &mut scratch, &mut output).unwrap_err();
    assert_eq!(error.to_string(), "timesteps of `music`, beside `voice`: 7 elements expected, 6 given");
    let mut output = ListenerOutput { each: &mut each[..5], end: [0.0; 3] };
    let error = listener.forward_into(&input, &mut scratch, &mut output).unwrap_err();
    assert_eq!(error.to_string(), "output `each`: 7 elements expected, 5 given");
}

#[test]
fn a_cell_by_itself_has_the_bits_of_a_layer_over_one_step() {
    let (layer, cell) = (weights(Decoder::WEIGHTS), weights(StepDecoder::WEIGHTS));
    assert_eq!(layer, cell, "both are packed alike");
    let (layer, cell) = (Decoder::from_packed(&layer).unwrap(), StepDecoder::from_packed(&cell).unwrap());
    let (mut h, mut c) = ([0.25; 8], [-0.5; 8]);
    for step in 0..5_u8 {
        let word = [f32::from(step) / 4.0, -0.3, 0.7];
        let there = layer.forward(&DecoderInput { word: [word], h, c });
        let here = cell.forward(&StepDecoderInput { word, h, c });
        assert_eq!((here.word, here.h, here.c), (there.word, there.h, there.c));
        (h, c) = (here.h, here.c);
    }
}

#[test]
fn a_cell_in_two_places_is_packed_once() {
    assert_eq!(Walk::PARAMS, 3 * 20 * (3 + 20 + 2));
    assert_eq!(Walk::WEIGHTS, Alone::WEIGHTS);
}
