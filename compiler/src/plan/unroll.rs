//! Which recurrent layers become straight-line code over time.
//!
//! Measured: a loop over large cells is as fast as its unrolled form and compiles a hundred times faster; only tiny
//! cells with few steps gain, because their weights stay in registers.

use rnn_grammar::{Code, Diagnostic, Span};

use super::PlannedLayer;
use super::lowered::{Recurrent, Samples};

/// Bytes of machine code up to which time steps unroll by themselves: a small share of the first-level cache.
pub const DEFAULT_CODE: usize = 4096;

/// Bytes of machine code up to which `unroll=True` is obeyed; beyond, rustc takes seconds and the code runs slower.
pub const LARGEST_CODE: usize = 65_536;

/// Bytes of one call.
const CALL_CODE: usize = 96;

/// Whether the layer's steps are straight-line code, and why.
pub(super) fn decide(recurrent: &Recurrent, layer: &PlannedLayer, span: Span) -> Result<(bool, String), Diagnostic> {
    let Some(timesteps) = recurrent.timesteps else {
        return Ok((false, "loop: the number of timesteps is free".to_owned()));
    };
    if recurrent.samples == Samples::Many {
        return Ok((false, "loop: runs over many sequences".to_owned()));
    }
    if recurrent.mask.is_some() {
        return Ok((false, "loop: steps are masked".to_owned()));
    }
    let step_code: usize = recurrent.directions.iter().map(|direction| direction.step_code.unwrap_or(CALL_CODE)).sum();
    let is_call = recurrent.directions.iter().any(|direction| direction.step_code.is_none());
    let code = step_code.saturating_mul(timesteps);
    let size = format!("{timesteps} steps of about {step_code} bytes");
    match recurrent.unroll {
        Some(false) => Ok((false, "loop: `unroll=False`".to_owned())),
        Some(true) if code > LARGEST_CODE => Err(too_large(layer, span, timesteps, code)),
        Some(true) => Ok((true, format!("unrolled: `unroll=True`, {size}"))),
        None if is_call && timesteps > 1 => {
            Ok((false, "loop: a large cell; it multiplies the inputs of many steps at once".to_owned()))
        }
        None if code <= DEFAULT_CODE => Ok((true, format!("unrolled: {size} fit {DEFAULT_CODE}"))),
        None => Ok((false, format!("loop: {size} exceed {DEFAULT_CODE}"))),
    }
}

fn too_large(layer: &PlannedLayer, span: Span, timesteps: usize, code: usize) -> Diagnostic {
    let title = format!("`unroll=True` over {timesteps} timesteps of `{}` would be too much code", layer.name);
    Diagnostic::new(Code::E401, span, title)
        .at(format!("about {} KiB of machine code", code / 1024))
        .note(format!("the cap is {} KiB; beyond it the unrolled form is slower than the loop", LARGEST_CODE / 1024))
        .help("leave `unroll` out: registers are unrolled either way, and the numbers are the same")
}
