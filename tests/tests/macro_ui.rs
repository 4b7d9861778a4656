//! What `rnn_model!` says of mistakes, as rustc shows it. `TRYBUILD=overwrite` rewrites the expected texts.

#[test]
fn mistakes_are_shown_where_they_are() {
    trybuild::TestCases::new().compile_fail("tests/macro_ui/*.rs");
}
