//! What Keras runs and code can't.
use rnn_runtime::rnn_model;

rnn_model! {
    pub struct TooLong;
    model = Sequential([Input(shape=(2000, 16)), SimpleRNN(64, unroll=True)])
}

rnn_model! {
    pub struct Free;
    model = Sequential([Input(shape=(None, 4)), Permute((2, 1))])
}

rnn_model! {
    pub struct Rows;
    model = Sequential([Input(shape=(5, 4)), LSTM(8, activation="softmax")])
}

fn main() {}
