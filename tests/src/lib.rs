//! What the tests share: rustc on generated code ([`compile`]), and the runtime as generated code sees it, for one
//! instruction set each.
//!
//! `rnn_runtime::dispatch` makes rustc compile a model for every instruction set of the target, though one machine runs
//! one of them. Tests of hundreds of models name one of these modules as the runtime: a third of the work, and every
//! instruction set gets its share of the models.

pub mod compile;

macro_rules! runtime {
    ($($(#[$doc:meta])* $name:ident, $token:ident, $double:ident;)*) => {$(
        #[cfg(target_arch = "x86_64")]
        $(#[$doc])*
        pub mod $name {
            pub use rnn_runtime::*;

            /// Runs `program` on this module's instruction set.
            ///
            /// # Panics
            /// Where the processor lacks it: the build script chose it on another machine.
            pub fn dispatch<P: Program>(program: P) -> P::Output {
                let Some(isa) = rnn_runtime::simd::$token::detect() else {
                    panic!("this processor lacks {}", stringify!($name))
                };
                rnn_runtime::Isa::outline(isa, program)
            }

            /// The same for models in float64.
            pub mod double {
                pub use rnn_runtime::double::*;

                /// Runs `program` on this module's instruction set.
                ///
                /// # Panics
                /// As the one outside.
                pub fn dispatch<P: Program>(program: P) -> P::Output {
                    let Some(isa) = rnn_runtime::double::simd::$double::detect() else {
                        panic!("this processor lacks {}", stringify!($double))
                    };
                    rnn_runtime::double::Isa::outline(isa, program)
                }
            }
        }
    )*};
}

runtime! {
    /// x86-64's baseline.
    sse2, Sse2, Plain;
    /// x86-64 with AVX2 and FMA.
    avx2, Avx2, Avx2;
    /// x86-64 with AVX-512.
    avx512, Avx512, Avx2;
}
