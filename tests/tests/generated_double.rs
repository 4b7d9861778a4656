//! Generated code in float64: golden cases against what real Keras computed in float64 and against the reference, random models
//! against the reference.

#![allow(unreachable_pub, unused_variables, clippy::all, reason = "generated code, included as text")]
#![allow(missing_docs, dead_code, reason = "not every model is used in every way")]

#[path = "generated/case.rs"]
mod case;
#[path = "generated/several.rs"]
mod several;
#[path = "generated/double.rs"]
mod suite;

case::part!("double");
