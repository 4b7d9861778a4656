//! All models' lines, and how deep into the stack one sample of each goes.
#![no_std]
#![no_main]

use core::arch::asm;
use core::ptr::addr_of_mut;
use rnn_targets_cortex_m::{exit, write};
use rnn_targets_models::{CASES, Case, Memory, Report, run};

static mut MEMORY: Memory = Memory::NEW;

/// How many words below the stack pointer are painted.
const PAINTED: usize = 1 << 16;
const PAINT: u32 = 0x5a5a_a5a5;

#[cortex_m_rt::entry]
fn main() -> ! {
    // SAFETY: this is the only thread and the only place that names it.
    let memory = unsafe { &mut *addr_of_mut!(MEMORY) };
    let mut write = |text: &str| write(text);
    let mut report = Report::new(&mut write);
    run(memory, &mut report);
    for case in CASES {
        (case.check)(memory, &mut Report::new(&mut |_| ()));
        let depth = depth(case, memory);
        report.measured("stack", case.name, depth);
    }
    exit()
}

/// The bytes of stack that one sample takes: those painted before that are no longer.
#[inline(never)]
fn depth(case: &Case, memory: &Memory) -> u32 {
    let top: *mut u32;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) top) };
    // 64 words below the pointer are this function's own business.
    let place = |word: usize| top.wrapping_sub(64 + word);
    for word in 0..PAINTED {
        // SAFETY: the stack has 4 MB less the weights, and what lies below its pointer belongs to nobody.
        unsafe { place(word).write_volatile(PAINT) };
    }
    core::hint::black_box((case.once)(memory));
    // SAFETY: as above.
    let last = (0..PAINTED).rev().find(|&word| unsafe { place(word).read_volatile() } != PAINT);
    4 * (64 + last.map_or(0, |word| word + 1)) as u32
}
