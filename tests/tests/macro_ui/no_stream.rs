//! Asking a model for a stream that it can't be names the layer and the reason.
use rnn_runtime::rnn_model;

rnn_model! {
    pub struct Tagger;
    model = Sequential([Input(shape=(5, 3)), Bidirectional(LSTM(4), name="both")])
}

rnn_model! {
    pub struct Backwards;
    model = Sequential([Input(shape=(5, 3)), GRU(4, go_backwards=True)])
}

rnn_model! {
    pub struct Timeless;
    model = Sequential([Input(shape=(5,)), Dense(2)])
}

fn ask(tagger: &Tagger<'_>, backwards: &Backwards<'_>, timeless: &Timeless<'_>) {
    tagger.stream();
    backwards.stream();
    timeless.stream();
}

fn main() {}
