//! One model and nothing else, for its size.
#![no_std]
#![no_main]

use core::hint::black_box;
use rnn_targets_cortex_m::exit;
use rnn_targets_models::Digits;
use rnn_targets_models::runtime::Model;

#[cortex_m_rt::entry]
fn main() -> ! {
    black_box(Digits::new().forward(black_box(&[[0.5; 8]; 8])));
    exit()
}
