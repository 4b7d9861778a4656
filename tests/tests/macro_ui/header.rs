//! Mistakes of the macro's own header.
use rnn_runtime::rnn_model;

rnn_model! {
    pub enum Digits {}
}

rnn_model! {
    pub struct Nothing;
}

rnn_model! {
    #[src = "e204_several.rnn"]
    pub struct Misspelt;
}

rnn_model! {
    #[source = several]
    pub struct NoText;
}

rnn_model! {
    #[source = "e204_several.rnn"]
    #[source = "e204_several.rnn"]
    pub struct Twice;
}

rnn_model! {
    #[source = "e204_several.rnn"]
    pub struct Both;
    model = Sequential()
}

rnn_model! {
    #[source = "nowhere.rnn"]
    pub struct Nowhere;
}

rnn_model! {
    pub struct Generic<T>;
}

rnn_model! {
    #[source = "e204_several.rnn"]
    #[storage = "float16"]
    pub struct Numbers;
}

rnn_model! {
    #[dtype = "f16"]
    pub struct Kind;
}

fn main() {}
