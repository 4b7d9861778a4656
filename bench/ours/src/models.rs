//! The workloads' own files, compiled by `rnn_model!`; weights are loaded when the program runs.

use rnn_runtime::rnn_model;

rnn_model! {
    /// W1a.
    #[source = "../../workloads/w1_lstm20.rnn"]
    pub(crate) struct Lstm20;
}
rnn_model! {
    /// W1b.
    #[source = "../../workloads/w1_lstm40.rnn"]
    pub(crate) struct Lstm40;
}
rnn_model! {
    /// W1c.
    #[source = "../../workloads/w1_gru8.rnn"]
    pub(crate) struct Gru8;
}
rnn_model! {
    /// W2, and W7 in batches.
    #[source = "../../workloads/w2_lstm128.rnn"]
    pub(crate) struct Lstm128;
}
rnn_model! {
    /// W3.
    #[source = "../../workloads/w3_gru256.rnn"]
    pub(crate) struct Gru256;
}
rnn_model! {
    /// W4.
    #[source = "../../workloads/w4_bilstm64.rnn"]
    pub(crate) struct Bilstm64;
}
rnn_model! {
    /// W5.
    #[source = "../../workloads/w5_rnn8.rnn"]
    pub(crate) struct Rnn8;
}
rnn_model! {
    /// W6.
    #[source = "../../workloads/w6_lstm512.rnn"]
    pub(crate) struct Lstm512;
}
rnn_model! {
    /// W7.
    #[source = "../../workloads/w7_lstm128_b32.rnn"]
    pub(crate) struct Lstm128Batch;
}
