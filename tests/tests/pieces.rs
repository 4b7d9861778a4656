//! A stream takes its frames in any pieces, also where one layer's time is a loop and another's straight-line code.

use rnn_runtime::{Model, State, StateError, rnn_model};

rnn_model! {
    /// The first layer computes its inputs' part ahead; the second is unrolled over all four frames.
    struct Mixed;
    model = Sequential()
    model.add(Input(shape=(4, 20)))
    model.add(LSTM(33, return_sequences=True, unroll=False))
    model.add(LSTM(2, return_sequences=True, unroll=True))
}

#[test]
fn pieces_of_any_length_give_what_the_whole_gives() {
    let weights: Vec<f32> = (0..Mixed::WEIGHTS).map(|place| ((place * 37 % 101) as f32 - 50.0) / 500.0).collect();
    let model = Mixed::from_packed(&weights).unwrap();
    let frames: [[f32; 20]; 4] = std::array::from_fn(|step| [0.1 * step as f32 - 0.2; 20]);
    let whole = model.forward(&frames);
    assert!(whole.as_flattened().iter().all(|value| *value != 0.0));
    for piece in 1..=4 {
        let mut stream = model.stream();
        let mut outputs = [[0.0; 2]; 4];
        for (frames, outputs) in frames.chunks(piece).zip(outputs.chunks_mut(piece)) {
            stream.process(frames, outputs).unwrap();
        }
        assert_eq!(outputs, whole, "{piece} at a time");
    }
}

rnn_model! {
    /// A temporal convolution network: dilated causal convolutions with a residual path, then half as many steps.
    struct Listener;
    x = Input(shape=(None, 3))
    y = Conv1D(8, 3, padding="causal", dilation_rate=1, activation="relu")(x)
    y = Conv1D(3, 3, padding="causal", dilation_rate=4)(y)
    y = MaxPooling1D(2)(Add()([x, y]))
    model = Model(x, Dense(2)(GRU(6, return_sequences=True)(y)))
}

rnn_model! {
    /// Valid convolutions need two frames before the first answer; the residual path waits for them.
    struct Late;
    x = Input(shape=(12, 3))
    y = Conv1D(3, 3, activation="tanh")(x)
    model = Model(x, Add()([y, Cropping1D((1, 1))(x)]))
}

rnn_model! {
    /// Whether it was heard so far.
    struct Heard;
    x = Input(shape=(None, 3))
    y = Conv1D(4, 4, strides=2, activation="relu")(x)
    model = Model(x, Dense(1)(Concatenate()([GlobalMaxPooling1D()(y), GlobalAveragePooling1D()(x), LSTM(4)(y), y[:, -1]])))
}

fn weights(length: usize) -> Vec<f32> {
    (0..length).map(|place| ((place * 37 % 101) as f32 - 50.0) / 120.0).collect()
}

fn frames(n: usize) -> Vec<[f32; 3]> {
    (0..n).map(|step| std::array::from_fn(|feature| (0.7 * step as f32 + 1.3 * feature as f32).sin())).collect()
}

#[test]
fn rows_come_with_every_second_frame() {
    let packed = weights(Listener::WEIGHTS);
    let listener = Listener::from_packed(&packed).unwrap();
    let frames = frames(31);
    assert_eq!((ListenerStream::EVERY, ListenerStream::LATENCY), (2, 1));
    let mut stream = listener.stream();
    let mut rows = Vec::new();
    for (step, frame) in frames.iter().enumerate() {
        let answer = stream.step(frame);
        assert_eq!(answer.is_some(), step % 2 == 1);
        rows.extend(answer);
        // What a stream has answered so far is what the model gives for the frames so far.
        let mut whole = vec![[0.0; 2]; rows.len()];
        listener.forward(&frames[..=step], &mut whole).unwrap();
        assert_eq!(whole, rows);
    }
    assert!(listener.forward(&frames, &mut [[0.0; 2]; 16]).is_err());
    for piece in [1, 2, 3, 7, 31] {
        let mut answers = vec![None; 31];
        let mut stream = listener.stream();
        for (frames, answers) in frames.chunks(piece).zip(answers.chunks_mut(piece)) {
            stream.process(frames, answers).unwrap();
        }
        assert_eq!(answers.into_iter().flatten().collect::<Vec<_>>(), rows, "{piece} at a time");
    }
}

#[test]
fn a_residual_path_waits_for_the_window() {
    let packed = weights(Late::WEIGHTS);
    let late = Late::from_packed(&packed).unwrap();
    let frames: [[f32; 3]; 12] = frames(12).try_into().unwrap();
    let mut stream = late.stream();
    let steps: Vec<Option<[f32; 3]>> = frames.iter().map(|frame| stream.step(frame)).collect();
    assert_eq!(LateStream::LATENCY, 2);
    assert_eq!(steps.iter().take(2).flatten().count(), 0);
    assert_eq!(steps.into_iter().flatten().collect::<Vec<_>>(), late.forward(&frames));
}

#[test]
fn a_value_at_the_end_is_there_when_it_is_new() {
    let packed = weights(Heard::WEIGHTS);
    let heard = Heard::from_packed(&packed).unwrap();
    let frames = frames(20);
    let mut stream = heard.stream();
    for (step, frame) in frames.iter().enumerate() {
        let answer = stream.step(frame);
        // The first window is full with frame 3; from then on the mean of all frames changes with each.
        assert_eq!(answer.is_some(), step >= 3);
        let mut output = [0.0];
        let forward = heard.forward_flat(frames[..=step].as_flattened(), &mut output);
        assert_eq!(forward.is_ok(), step >= 3);
        assert!(answer.is_none_or(|answer| answer == output));
    }
}

#[test]
fn a_state_is_kept_saved_and_restored() {
    let packed = weights(Heard::WEIGHTS);
    let heard = Heard::from_packed(&packed).unwrap();
    let frames = frames(20);
    for cut in [0, 1, 4, 11] {
        let mut stream = heard.stream();
        frames[..cut].iter().for_each(|frame| _ = stream.step(frame));
        let mut saved = [f32::NAN; HeardState::FLOATS];
        stream.state().save(&mut saved).unwrap();
        let kept = *stream.state();
        let mut restored = heard.stream();
        restored.restore(&HeardState::load(&saved, HeardState::LAYOUT).unwrap());
        let rest: Vec<Option<[f32; 1]>> = frames[cut..].iter().map(|frame| stream.step(frame)).collect();
        let again: Vec<Option<[f32; 1]>> = frames[cut..].iter().map(|frame| restored.step(frame)).collect();
        assert_eq!(rest, again);
        stream.restore(&kept);
        assert_eq!(rest, frames[cut..].iter().map(|frame| stream.step(frame)).collect::<Vec<_>>());
    }
    let saved = [0.5; HeardState::FLOATS];
    let (layout, expected) = (HeardState::LAYOUT, HeardState::FLOATS);
    assert_ne!(layout, ListenerState::LAYOUT);
    let other = HeardState::load(&saved, ListenerState::LAYOUT).unwrap_err();
    assert_eq!(other, StateError::Layout { expected: layout, got: ListenerState::LAYOUT });
    let short = HeardState::load(&saved[1..], layout).unwrap_err();
    assert_eq!(short, StateError::Length { expected, got: expected - 1 });
    assert_eq!(HeardState::load(&saved, layout).unwrap_err(), StateError::Count);
}
