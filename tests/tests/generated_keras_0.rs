//! Generated code of golden cases against what real Keras computed: part 1 of 3.

#![allow(unreachable_pub, unused_variables, clippy::all, reason = "generated code, included as text")]
#![allow(missing_docs, dead_code, reason = "not every model is used in every way")]

#[path = "generated/case.rs"]
mod case;
#[path = "generated/several.rs"]
mod several;
#[path = "generated/keras.rs"]
mod suite;

case::part!("keras_0");
