//! Every mistake of a file is shown as its snippet, at the literal that names the file.
use rnn_runtime::rnn_model;

rnn_model! {
    #[source = "e204_several.rnn"]
    pub struct Several;
}

fn main() {}
