//! Semihosting, and a panic handler that does not link: an image whose code can panic is none.
#![no_std]

use core::arch::asm;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn this_code_can_panic() -> !;
    }
    this_code_can_panic()
}

/// One call of the debugger, or of the emulator in its place.
fn call(operation: u32, argument: usize) {
    // SAFETY: the operations used here read what `argument` points to and touch nothing else.
    unsafe { asm!("bkpt 0xab", inout("r0") operation => _, in("r1") argument) }
}

/// Writes text.
pub fn write(text: &str) {
    for byte in text.as_bytes() {
        // SYS_WRITEC
        call(3, core::ptr::from_ref(byte).addr());
    }
}

/// Ends the program well.
pub fn exit() -> ! {
    loop {
        // SYS_EXIT, ADP_Stopped_ApplicationExit
        call(0x18, 0x20026);
    }
}
