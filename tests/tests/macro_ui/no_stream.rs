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

rnn_model! {
    pub struct Ahead;
    model = Sequential([Input(shape=(20, 3)), MaxPooling1D(2), Conv1D(4, 5, padding="same", name="around")])
}

rnn_model! {
    pub struct Rates;
    x = Input(shape=(20, 3))
    model = Model(x, Add(name="both")([MaxPooling1D(2)(x), Conv1D(3, 11)(x)]))
}

fn ask(tagger: &Tagger<'_>, backwards: &Backwards<'_>, timeless: &Timeless<'_>, ahead: &Ahead<'_>, rates: &Rates<'_>) {
    tagger.stream();
    backwards.stream();
    timeless.stream();
    ahead.stream();
    rates.stream();
}

fn main() {}
