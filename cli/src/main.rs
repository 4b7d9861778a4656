//! `rnnc`: checks, shows, expands, runs and explains `.rnn` models.

fn main() {}
