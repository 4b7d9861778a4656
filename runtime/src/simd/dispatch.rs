//! Which instruction set a program runs on: found once, then one comparison a call.
//!
//! With `std` the processor is asked at run time, and `RNN_MAX_ISA` (one of the names of [`Level::name`]) caps the
//! answer, read once. Without it, what the compiler was told of the target decides. What the target promises is never
//! gone below, so a program that is compiled for newer processors has the code of fewer sets.

#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
use super::RelaxedSimd;
#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512};
use super::{Isa, Program, Scalar, ScalarFma};

/// An instruction set by name, ordered from the slowest to the fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Level {
    /// Plain Rust.
    Scalar = 1,
    /// Plain Rust with fused multiply-add: WebAssembly without vectors, RISC-V with F, and with the feature `fused` all
    /// processors that would have rounded twice; elsewhere for checks only.
    ScalarFma,
    /// x86-64's baseline.
    Sse2,
    /// x86-64 with AVX2, FMA and F16C (x86-64-v3 has them).
    Avx2,
    /// x86-64 with AVX-512 F, VL, DQ and BW.
    Avx512,
    /// 64-bit ARM.
    Neon,
    /// WebAssembly with 128-bit vectors.
    Simd128,
    /// WebAssembly with 128-bit vectors and relaxed multiply-add.
    RelaxedSimd,
}

impl Level {
    /// All of them, also those of other processors.
    pub const ALL: [Level; 8] = [
        Level::Scalar,
        Level::ScalarFma,
        Level::Sse2,
        Level::Avx2,
        Level::Avx512,
        Level::Neon,
        Level::Simd128,
        Level::RelaxedSimd,
    ];

    /// As `RNN_MAX_ISA` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Scalar => "scalar",
            Level::ScalarFma => "scalar-fma",
            Level::Sse2 => "sse2",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
            Level::Neon => "neon",
            Level::Simd128 => "simd128",
            Level::RelaxedSimd => "relaxed-simd",
        }
    }

    /// Whether multiply-add rounds once: all levels for which this holds give the same bits.
    pub const fn is_fused(self) -> bool {
        match self {
            Level::ScalarFma | Level::Avx2 | Level::Avx512 | Level::Neon => true,
            Level::Simd128 | Level::RelaxedSimd => cfg!(not(feature = "wasm-unfused")),
            Level::Scalar | Level::Sse2 => false,
        }
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Level::Scalar | Level::ScalarFma => true,
            Level::Sse2 => BASELINE == Level::Sse2,
            Level::Avx2 | Level::Avx512 => self <= x86_level(),
            Level::Neon => cfg!(target_arch = "aarch64"),
            Level::Simd128 => cfg!(all(target_arch = "wasm32", target_feature = "simd128")),
            Level::RelaxedSimd => has_relaxed(),
        }
    }
}

/// Whether relaxed multiply-add is there and may be used: it rounds once, or needn't.
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
fn has_relaxed() -> bool {
    cfg!(feature = "wasm-unfused") || super::wasm32::relaxed_is_fused()
}

/// Whether relaxed multiply-add is there.
#[cfg(not(all(target_arch = "wasm32", target_feature = "relaxed-simd")))]
const fn has_relaxed() -> bool {
    false
}

/// The best x86-64 level of this processor; below all of them on others.
#[cfg(all(target_arch = "x86_64", feature = "std"))]
fn x86_level() -> Level {
    super::x86_64::detect::best().unwrap_or(BASELINE).max(BASELINE)
}

/// The best x86-64 level that the target promises.
#[cfg(not(all(target_arch = "x86_64", feature = "std")))]
const fn x86_level() -> Level {
    if cfg!(target_arch = "x86_64") { BASELINE } else { Level::Scalar }
}

/// The fastest level of this processor.
fn fastest() -> Level {
    if cfg!(target_arch = "x86_64") {
        x86_level()
    } else if has_relaxed() {
        Level::RelaxedSimd
    } else {
        BASELINE
    }
}

/// The fastest available level that the cap of this name does not forbid; what is no name forbids nothing.
#[cfg(feature = "std")]
fn capped(cap: &[u8]) -> Level {
    let fastest = fastest();
    // Of the others' names no code is made.
    let cap = Level::ALL.into_iter().find(|level| *level < HIGHEST && level.name().as_bytes() == cap);
    match cap {
        Some(cap) if cap <= BASELINE => BASELINE,
        Some(cap) if cap < fastest && cap.is_available() => cap,
        _ => fastest,
    }
}

/// The fastest level of any processor of this target.
#[cfg(feature = "std")]
const HIGHEST: Level = if cfg!(target_arch = "x86_64") { Level::Avx512 } else { Level::RelaxedSimd };

/// Whether processors of this target differ in what they have: where they don't, nothing is asked and nothing read.
#[cfg(feature = "std")]
const HAS_CHOICE: bool = cfg!(all(target_arch = "wasm32", target_feature = "relaxed-simd"))
    || cfg!(target_arch = "x86_64") && (BASELINE as u8) < Level::Avx512 as u8;

/// The level that [`dispatch`] uses in this process.
#[cfg(feature = "std")]
#[inline]
pub fn level() -> Level {
    use core::sync::atomic::{AtomicU8, Ordering};
    static CHOSEN: AtomicU8 = AtomicU8::new(0);

    #[cold]
    fn choose() -> Level {
        let cap = std::env::var_os("RNN_MAX_ISA").unwrap_or_default();
        let level = capped(cap.as_encoded_bytes());
        CHOSEN.store(level as u8, Ordering::Relaxed);
        level
    }

    if !HAS_CHOICE {
        return BASELINE;
    }
    let chosen = CHOSEN.load(Ordering::Relaxed);
    if chosen == Level::Avx512 as u8 {
        return Level::Avx512;
    }
    match Level::ALL.get(usize::from(chosen).wrapping_sub(1)) {
        Some(level) => *level,
        None => choose(),
    }
}

/// The level that [`dispatch`] uses on this target.
#[cfg(not(feature = "std"))]
#[inline(always)]
pub fn level() -> Level {
    fastest()
}

/// The name of the instruction set in use.
pub fn isa_name() -> &'static str {
    level().name()
}

/// Runs `program` on the fastest instruction set that is there and allowed.
///
/// Only the sets that [`level`] can choose on this target are compiled: none below what the target promises.
#[inline(always)]
pub fn dispatch<P: Program>(program: P) -> P::Output {
    match level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` found the features on this processor.
        Level::Avx512 if is_above_baseline(Level::Avx512) => unsafe { Avx512::new_unchecked() }.enter(program),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 if is_above_baseline(Level::Avx2) => unsafe { Avx2::new_unchecked() }.enter(program),
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        // SAFETY: this target has the feature.
        Level::RelaxedSimd => unsafe { RelaxedSimd::new_unchecked() }.outline(program),
        _ => baseline().outline(program),
    }
}

/// Whether a program that asks the processor may run on this level instead of the baseline.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
const fn is_above_baseline(level: Level) -> bool {
    level as u8 > BASELINE as u8
}

/// What every processor of this target has: the token and its level.
macro_rules! baseline {
    ($token:ident, $new:expr) => {
        use super::$token as Baseline;
        const BASELINE: Level = Level::$token;

        #[inline(always)]
        const fn baseline() -> Baseline {
            $new
        }
    };
    ($token:ident) => {
        baseline!($token, Baseline::new());
    };
}
cfg_select! {
    all(
        target_arch = "x86_64",
        all(target_feature = "avx2", target_feature = "fma", target_feature = "f16c"),
        all(target_feature = "avx512f", target_feature = "avx512vl", target_feature = "avx512dq", target_feature = "avx512bw")
    ) => {
        // SAFETY: the target promises the features.
        baseline!(Avx512, unsafe { Baseline::new_unchecked() });
    }
    all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma", target_feature = "f16c") => {
        // SAFETY: as above.
        baseline!(Avx2, unsafe { Baseline::new_unchecked() });
    }
    all(target_arch = "x86_64", not(feature = "fused")) => { baseline!(Sse2); }
    target_arch = "aarch64" => { baseline!(Neon); }
    all(target_arch = "wasm32", target_feature = "simd128") => { baseline!(Simd128); }
    all(target_arch = "wasm32", not(feature = "wasm-unfused")) => { baseline!(ScalarFma); }
    feature = "fused" => { baseline!(ScalarFma); }
    riscv_f => { baseline!(ScalarFma); }
    _ => { baseline!(Scalar); }
}

/// Runs `program` on the named instruction set, or says that this processor lacks it.
pub fn dispatch_at<P: Program>(level: Level, program: P) -> Option<P::Output> {
    match level {
        Level::Scalar => Some(Scalar::new().outline(program)),
        Level::ScalarFma => Some(ScalarFma::new().outline(program)),
        _ if !level.is_available() => None,
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the guard above found the features on this processor.
        Level::Avx512 => Some(unsafe { Avx512::new_unchecked() }.enter(program)),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => Some(unsafe { Avx2::new_unchecked() }.enter(program)),
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        // SAFETY: this target has the feature.
        Level::RelaxedSimd => Some(unsafe { RelaxedSimd::new_unchecked() }.outline(program)),
        _ => Some(baseline().outline(program)),
    }
}
