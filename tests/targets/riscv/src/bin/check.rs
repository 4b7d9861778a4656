//! All models' lines.
#![no_std]
#![no_main]

use core::ptr::addr_of_mut;
use rnn_targets_models::{Memory, Report, run};
use rnn_targets_riscv::{exit, write};

static mut MEMORY: Memory = Memory::NEW;

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    // SAFETY: this is the only thread and the only place that names it.
    let memory = unsafe { &mut *addr_of_mut!(MEMORY) };
    let mut write = |text: &str| write(text);
    run(memory, &mut Report::new(&mut write));
    exit()
}
