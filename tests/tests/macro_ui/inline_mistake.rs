//! A mistake in an inline text is underlined at its tokens, and nothing cascades from it.
use rnn_runtime::{Model, rnn_model};

rnn_model! {
    /// Does not fit.
    pub struct Tagger;
    model = Sequential()
    model.add(Input(shape=(80, 13)))
    model.add(LSTM(64))
    model.add(LSTM(32))
    model.add(Dense(hidden_size))
}

fn main() {
    let answer: [f32; 10] = Tagger::new().forward(&[[0.0; 13]; 80]);
    println!("{} {}", answer[0], Tagger::PARAMS);
}
