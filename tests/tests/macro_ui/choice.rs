//! Which of several models is meant.
use rnn_runtime::rnn_model;

rnn_model! {
    pub struct Either;
    encoder = Sequential([Input(shape=(5,)), Dense(2)])
    decoder = Sequential([Input(shape=(2,)), Dense(5)])
}

rnn_model! {
    #[model = "decodr"]
    pub struct Misspelt;
    encoder = Sequential([Input(shape=(5,)), Dense(2)])
    decoder = Sequential([Input(shape=(2,)), Dense(5)])
}

rnn_model! {
    #[model = "decoder"]
    pub struct Decoder;
    encoder = Sequential([Input(shape=(5,)), Dense(2)])
    decoder = Sequential([Input(shape=(2,)), Dense(5)])
}

fn main() {}
