//! The digits model as a C library calls it: built, never run.
#![no_std]

use rnn_targets_models::Digits;
use rnn_targets_models::runtime::Model;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Reads a scan of 8×8 grey values, writes 10 probabilities.
#[unsafe(no_mangle)]
pub extern "C" fn digits(scan: &[[f32; 8]; 8], probabilities: &mut [f32; 10]) {
    *probabilities = Digits::new().forward(scan);
}
