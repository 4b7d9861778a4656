//! A program without a standard library that QEMU runs as a process of Linux: where it starts, two system calls, and a
//! panic handler that does not link: an image whose code can panic is none.
#![no_std]

use core::arch::{asm, global_asm};

// The kernel leaves the stack pointer ready and everything else to the program, which names its `main`.
global_asm!(".globl _start", "_start:", "call main", "unimp");

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn this_code_can_panic() -> !;
    }
    this_code_can_panic()
}

/// One call of Linux; what it answers is of no use here.
fn call(number: usize, arguments: [usize; 3]) {
    let [first, second, third] = arguments;
    // SAFETY: the calls used here read what the arguments point to and touch nothing else.
    unsafe { asm!("ecall", in("a7") number, inout("a0") first => _, in("a1") second, in("a2") third) }
}

/// Writes text to the standard output.
pub fn write(text: &str) {
    // write(1, text, length)
    call(64, [1, text.as_ptr().addr(), text.len()]);
}

/// Ends the program well.
pub fn exit() -> ! {
    loop {
        // exit(0)
        call(93, [0; 3]);
    }
}
