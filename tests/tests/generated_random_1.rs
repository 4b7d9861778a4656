//! Generated code of random models against the reference in f64: part 2 of 4.

#![allow(unreachable_pub, unused_variables, clippy::all, reason = "generated code, included as text")]
#![allow(missing_docs, dead_code, reason = "not every model is used in every way")]

#[path = "generated/case.rs"]
mod case;
#[path = "generated/several.rs"]
mod several;
#[path = "generated/random.rs"]
mod suite;

case::part!("random_1");
