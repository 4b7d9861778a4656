//! A module without imports: it writes its lines into memory of its own, and computes a model as often as it is told.
#![no_std]

use core::ptr::addr_of_mut;
use rnn_targets_models::{CASES, Memory, Report, run};

static mut MEMORY: Memory = Memory::NEW;
static mut TEXT: [u8; 1 << 16] = [0; 1 << 16];

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

fn memory() -> &'static mut Memory {
    // SAFETY: the module has one thread, and no call lets the reference outlive it.
    unsafe { &mut *addr_of_mut!(MEMORY) }
}

/// Where the text lies.
#[unsafe(no_mangle)]
pub extern "C" fn text() -> *const u8 {
    addr_of_mut!(TEXT).cast()
}

/// Writes all lines; answers how many bytes they have.
#[unsafe(no_mangle)]
pub extern "C" fn check() -> usize {
    // SAFETY: as above.
    let text = unsafe { &mut *addr_of_mut!(TEXT) };
    let mut length = 0;
    run(
        memory(),
        &mut Report::new(&mut |piece| {
            if let Some(place) = text.get_mut(length..length + piece.len()) {
                place.copy_from_slice(piece.as_bytes());
                length += piece.len();
            }
        }),
    );
    length
}

/// Computes the model of this index so many times.
#[unsafe(no_mangle)]
pub extern "C" fn repeat(case: usize, count: usize) -> f32 {
    let Some(case) = CASES.get(case) else { return 0.0 };
    (case.check)(memory(), &mut Report::new(&mut |_| ()));
    (0..count).map(|_| (case.once)(core::hint::black_box(&*memory()))).sum()
}
