//! A wrong input shape is a type error.
use rnn_runtime::{Model, rnn_model};

rnn_model! {
    pub struct Toy;
    model = Sequential([Input(shape=(2, 10)), Activation("relu")])
}

fn main() {
    let _ = Toy::new().forward(&[[0.0; 10]; 3]);
}
