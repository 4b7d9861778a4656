//! No model: what the start-up code takes by itself.
#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    rnn_targets_cortex_m::exit()
}
