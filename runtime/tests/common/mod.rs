//! What the kernel tests share: numbers that look random, the same everywhere, and comparisons.
#![allow(dead_code, reason = "each test uses some of it")]

use rnn_runtime::{Level, Program, dispatch_at};

/// Numbers between −1 and 1 from a linear congruence.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f32 / (1 << 23) as f32) - 1.0
    }
    pub(crate) fn many(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| self.next() * scale).collect()
    }
}

/// Every level that this machine can run.
pub(crate) fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| level.is_available())
}

/// Runs at a level that is available.
pub(crate) fn at<P: Program>(level: Level, program: P) -> P::Output {
    dispatch_at(level, program).unwrap_or_else(|| panic!("{} is not available", level.name()))
}

/// The bit patterns.
pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Fails where a value is further from its reference than `tolerance`, absolutely and relatively.
pub(crate) fn assert_close(what: &str, values: &[f32], reference: &[f64], tolerance: f64) {
    assert_eq!(values.len(), reference.len(), "{what}");
    for (index, (value, reference)) in values.iter().zip(reference).enumerate() {
        let distance = (f64::from(*value) - reference).abs();
        assert!(
            distance <= tolerance * reference.abs().max(1.0),
            "{what}: value {index} is {value}, not {reference}: {distance:e} off"
        );
    }
}

/// A program as a struct with its operands and a body, as generated code has them.
#[macro_export]
macro_rules! program {
    (struct $name:ident<$a:lifetime> { $($field:ident: $type:ty),* $(,)? } -> $output:ty; |$isa:ident| $body:block) => {
        struct $name<$a> { $($field: $type),* }
        impl<$a> rnn_runtime::Program for $name<$a> {
            type Output = $output;
            #[inline(always)]
            fn run<I: rnn_runtime::Isa>(self, $isa: I) -> $output {
                let $name { $($field),* } = self;
                $body
            }
        }
    };
}
