//! Which of the sets this processor has and its operating system keeps: five registers read once. The standard library
//! finds out the same about every extension that there is, which takes ten times the code.
//!
//! Source: Intel's manual, volume 1, chapters 14.3 (AVX), 14.7.1 (AVX2), 15.2 (AVX-512).

use super::super::Level;
use core::arch::x86_64::{__cpuid, _xgetbv};

/// XSAVE is in use, AVX, FMA, F16C: bits of leaf 1, `ecx`.
const FIRST_LEAF: u32 = 1 << 27 | 1 << 28 | 1 << 12 | 1 << 29;
/// AVX2: a bit of leaf 7, `ebx`.
const AVX2: u32 = 1 << 5;
/// AVX-512 F, DQ, BW, VL: bits of leaf 7, `ebx`.
const AVX512: u32 = 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31;
/// Registers of 128 and of 256 bits are saved when the system changes from one program to another.
const WIDE_STATE: u64 = 0b110;
/// So are masks, the upper halves of 512 bits, and the registers from 16 on.
const WIDER_STATE: u64 = WIDE_STATE | 0b1110_0000;

/// The best level, or nothing above the baseline.
#[cold]
pub(in super::super) fn best() -> Option<Level> {
    if __cpuid(0).eax < 7 || __cpuid(1).ecx & FIRST_LEAF != FIRST_LEAF {
        return None;
    }
    // SAFETY: the processor has XSAVE, as the system uses it.
    let saved = unsafe { _xgetbv(0) };
    let features = __cpuid(7).ebx;
    if saved & WIDE_STATE != WIDE_STATE || features & AVX2 == 0 {
        None
    } else if saved & WIDER_STATE == WIDER_STATE && features & AVX512 == AVX512 {
        Some(Level::Avx512)
    } else {
        Some(Level::Avx2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_library_finds_the_same() {
        let avx2 = std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("fma")
            && std::arch::is_x86_feature_detected!("f16c");
        let avx512 = avx2
            && std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512vl")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512bw");
        let expected = if avx512 { Some(Level::Avx512) } else { avx2.then_some(Level::Avx2) };
        assert_eq!(best(), expected);
    }
}
