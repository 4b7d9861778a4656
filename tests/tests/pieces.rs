//! A stream takes its frames in any pieces, also where one layer's time is a loop and another's straight-line code.

use rnn_runtime::{Model, rnn_model};

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
