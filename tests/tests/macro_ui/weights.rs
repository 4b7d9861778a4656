//! Weights that don't fit, at the literal that names them.
use rnn_runtime::rnn_model;

rnn_model! {
    #[weights = "header.rs"]
    pub struct NoWeights;
    model = Sequential([Input(shape=(5,)), Dense(2)])
}

rnn_model! {
    #[weights = "../../../examples/article/numpy_loop.safetensors"]
    pub struct Other;
    model = Sequential([Input(shape=(10, 4)), SimpleRNN(7)])
}

fn main() {}
