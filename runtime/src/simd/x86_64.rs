//! x86-64: SSE2 (which every such processor has), AVX2 with fused multiply-add and halves, AVX-512.

#[cfg(feature = "std")]
pub(super) mod detect;

use super::{In, Isa, Pair, Program, Vector, sealed::Sealed};
use core::arch::x86_64::*;

/// The methods that differ by name only. Each intrinsic is sound because a value of the vector type exists.
macro_rules! lanes {
    ($wide:ident; $($name:ident($($other:ident),*) => $intrinsic:ident;)*) => {$(
        #[inline(always)]
        fn $name(self $(, $other: Self)*) -> Self {
            // SAFETY: `self` exists, so the processor has its instruction set.
            unsafe { $wide($intrinsic(self.0 $(, $other.0)*)) }
        }
    )*};
}

/// Integer methods that differ by name only; their operands exist only beside vectors of the same set.
macro_rules! integers {
    ($int:ty; $($name:ident => $intrinsic:ident;)*) => {$(
        #[inline(always)]
        fn $name(left: $int, right: $int) -> $int {
            // SAFETY: integer vectors are made from float vectors only, whose existence proves the set.
            unsafe { $intrinsic(left, right) }
        }
    )*};
}

/// One register type as a [`Vector`].
macro_rules! vector {
    (
        $(#[$doc:meta])* $wide:ident, $raw:ty, $int:ty, $mask:ty, $lanes:literal,
        splat $splat:ident, load $load:ident, store $store:ident,
        add $add:ident, sub $sub:ident, mul $mul:ident, div $div:ident, sqrt $sqrt:ident, min $min:ident, max $max:ident,
        round $round:ident, float $float:ident, bits $bits:ident, unbits $unbits:ident,
        splat_int $splat_int:ident, int_add $int_add:ident, int_sub $int_sub:ident, int_and $int_and:ident, int_or $int_or:ident,
        { $($rest:tt)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $wide($raw);

        impl Sealed for $wide {}

        impl Vector for $wide {
            const LANES: usize = $lanes;
            type Mask = $mask;
            type Int = $int;

            lanes! {
                $wide;
                add(other) => $add; sub(other) => $sub; mul(other) => $mul; div(other) => $div; sqrt() => $sqrt;
                min(other) => $min; max(other) => $max;
            }
            integers! { $int; int_add => $int_add; int_sub => $int_sub; int_and => $int_and; int_or => $int_or; }

            #[inline(always)]
            unsafe fn splat_unproven(value: f32) -> Self {
                // SAFETY: the caller proves the set.
                unsafe { $wide($splat(value)) }
            }
            #[inline(always)]
            unsafe fn load_pointer(source: *const f32) -> Self {
                // SAFETY: the caller proves the set and the floats.
                unsafe { $wide($load(source)) }
            }
            #[inline(always)]
            unsafe fn store_pointer(self, destination: *mut f32) {
                // SAFETY: `self` proves the set, the caller the floats.
                unsafe { $store(destination, self.0) }
            }
            #[inline(always)]
            fn round_to_int(self) -> $int {
                // SAFETY: `self` proves the set.
                unsafe { $round(self.0) }
            }
            #[inline(always)]
            fn from_int(self, int: $int) -> Self {
                // SAFETY: `self` proves the set.
                unsafe { $wide($float(int)) }
            }
            #[inline(always)]
            fn to_bits(self) -> $int {
                // SAFETY: `self` proves the set.
                unsafe { $bits(self.0) }
            }
            #[inline(always)]
            fn from_bits(self, bits: $int) -> Self {
                // SAFETY: `self` proves the set.
                unsafe { $wide($unbits(bits)) }
            }
            #[inline(always)]
            fn splat_int(self, value: i32) -> $int {
                // SAFETY: `self` proves the set.
                unsafe { $splat_int(value) }
            }
            $($rest)*
        }
    };
}

/// Shifts whose counts are signed in the intrinsics' const generics.
macro_rules! shifts {
    ($int:ty, $left:ident, $right:ident) => {
        #[inline(always)]
        fn int_shift_left<const BITS: i32>(int: $int) -> $int {
            // SAFETY: integer vectors are made from float vectors only, whose existence proves the set.
            unsafe { $left::<BITS>(int) }
        }
        #[inline(always)]
        fn int_shift_right<const BITS: i32>(int: $int) -> $int {
            // SAFETY: as above.
            unsafe { $right::<BITS>(int) }
        }
    };
}

/// The sum and the maximum of four lanes.
macro_rules! fold_four {
    () => {
        #[inline(always)]
        fn sum(self) -> f32 {
            // SAFETY: `self` proves SSE2.
            unsafe {
                let pairs = _mm_add_ps(self.0, _mm_movehl_ps(self.0, self.0));
                _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps::<1>(pairs, pairs)))
            }
        }
        #[inline(always)]
        fn largest(self) -> f32 {
            // SAFETY: `self` proves SSE2.
            unsafe {
                let pairs = _mm_max_ps(self.0, _mm_movehl_ps(self.0, self.0));
                _mm_cvtss_f32(_mm_max_ss(pairs, _mm_shuffle_ps::<1>(pairs, pairs)))
            }
        }
    };
}

vector! {
    /// Four lanes, no fused multiply-add.
    Four, __m128, __m128i, __m128, 4,
    splat _mm_set1_ps, load _mm_loadu_ps, store _mm_storeu_ps,
    add _mm_add_ps, sub _mm_sub_ps, mul _mm_mul_ps, div _mm_div_ps, sqrt _mm_sqrt_ps, min _mm_min_ps, max _mm_max_ps,
    round _mm_cvtps_epi32, float _mm_cvtepi32_ps, bits _mm_castps_si128, unbits _mm_castsi128_ps,
    splat_int _mm_set1_epi32, int_add _mm_add_epi32, int_sub _mm_sub_epi32, int_and _mm_and_si128, int_or _mm_or_si128,
    {
        #[inline(always)]
        unsafe fn load_upper(source: *const u16) -> __m128i {
            // SAFETY: the caller proves the set and four numbers, which need no alignment.
            unsafe { _mm_unpacklo_epi16(_mm_setzero_si128(), _mm_loadl_epi64(source.cast())) }
        }
        #[inline(always)]
        unsafe fn load_bytes(source: *const i8) -> __m128i {
            // SAFETY: the caller proves the set and four bytes, which need no alignment.
            unsafe {
                let bytes = _mm_cvtsi32_si128(source.cast::<i32>().read_unaligned());
                let words = _mm_unpacklo_epi8(bytes, bytes);
                _mm_srai_epi32::<24>(_mm_unpacklo_epi16(words, words))
            }
        }
        #[inline(always)]
        fn mul_add(self, factor: Self, addend: Self) -> Self {
            self.mul(factor).add(addend)
        }
        #[inline(always)]
        fn less(self, other: Self) -> __m128 {
            // SAFETY: `self` proves SSE2.
            unsafe { _mm_cmplt_ps(self.0, other.0) }
        }
        #[inline(always)]
        fn select(mask: __m128, yes: Self, no: Self) -> Self {
            // SAFETY: `yes` proves SSE2.
            unsafe { Four(_mm_or_ps(_mm_and_ps(mask, yes.0), _mm_andnot_ps(mask, no.0))) }
        }
        shifts! { __m128i, _mm_slli_epi32, _mm_srai_epi32 }
        fold_four! {}
    }
}

vector! {
    /// Four lanes with fused multiply-add.
    FourFused, __m128, __m128i, __m128, 4,
    splat _mm_set1_ps, load _mm_loadu_ps, store _mm_storeu_ps,
    add _mm_add_ps, sub _mm_sub_ps, mul _mm_mul_ps, div _mm_div_ps, sqrt _mm_sqrt_ps, min _mm_min_ps, max _mm_max_ps,
    round _mm_cvtps_epi32, float _mm_cvtepi32_ps, bits _mm_castps_si128, unbits _mm_castsi128_ps,
    splat_int _mm_set1_epi32, int_add _mm_add_epi32, int_sub _mm_sub_epi32, int_and _mm_and_si128, int_or _mm_or_si128,
    {
        #[inline(always)]
        unsafe fn load_upper(source: *const u16) -> __m128i {
            // SAFETY: the caller proves the set and four numbers, which need no alignment.
            unsafe { _mm_unpacklo_epi16(_mm_setzero_si128(), _mm_loadl_epi64(source.cast())) }
        }
        #[inline(always)]
        unsafe fn load_bytes(source: *const i8) -> __m128i {
            // SAFETY: the caller proves the set and four bytes, which need no alignment.
            unsafe { _mm_cvtepi8_epi32(_mm_cvtsi32_si128(source.cast::<i32>().read_unaligned())) }
        }
        #[inline(always)]
        unsafe fn load_halves(source: *const u16) -> Self {
            // SAFETY: the caller proves F16C and four halves, which need no alignment.
            unsafe { FourFused(_mm_cvtph_ps(_mm_loadl_epi64(source.cast()))) }
        }
        #[inline(always)]
        fn mul_add(self, factor: Self, addend: Self) -> Self {
            // SAFETY: `self` proves FMA.
            unsafe { FourFused(_mm_fmadd_ps(self.0, factor.0, addend.0)) }
        }
        #[inline(always)]
        fn less(self, other: Self) -> __m128 {
            // SAFETY: `self` proves the set.
            unsafe { _mm_cmplt_ps(self.0, other.0) }
        }
        #[inline(always)]
        fn select(mask: __m128, yes: Self, no: Self) -> Self {
            // SAFETY: `yes` proves AVX2.
            unsafe { FourFused(_mm_blendv_ps(no.0, yes.0, mask)) }
        }
        shifts! { __m128i, _mm_slli_epi32, _mm_srai_epi32 }
        fold_four! {}
    }
}

vector! {
    /// Eight lanes with fused multiply-add.
    Eight, __m256, __m256i, __m256, 8,
    splat _mm256_set1_ps, load _mm256_loadu_ps, store _mm256_storeu_ps,
    add _mm256_add_ps, sub _mm256_sub_ps, mul _mm256_mul_ps, div _mm256_div_ps, sqrt _mm256_sqrt_ps,
    min _mm256_min_ps, max _mm256_max_ps,
    round _mm256_cvtps_epi32, float _mm256_cvtepi32_ps, bits _mm256_castps_si256, unbits _mm256_castsi256_ps,
    splat_int _mm256_set1_epi32, int_add _mm256_add_epi32, int_sub _mm256_sub_epi32, int_and _mm256_and_si256, int_or _mm256_or_si256,
    {
        #[inline(always)]
        unsafe fn load_upper(source: *const u16) -> __m256i {
            // SAFETY: the caller proves the set and eight numbers, which need no alignment.
            unsafe { _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(_mm_loadu_si128(source.cast()))) }
        }
        #[inline(always)]
        unsafe fn load_bytes(source: *const i8) -> __m256i {
            // SAFETY: the caller proves the set and eight bytes, which need no alignment.
            unsafe { _mm256_cvtepi8_epi32(_mm_loadl_epi64(source.cast())) }
        }
        #[inline(always)]
        unsafe fn load_halves(source: *const u16) -> Self {
            // SAFETY: the caller proves F16C and eight halves, which need no alignment.
            unsafe { Eight(_mm256_cvtph_ps(_mm_loadu_si128(source.cast()))) }
        }
        #[inline(always)]
        fn mul_add(self, factor: Self, addend: Self) -> Self {
            // SAFETY: `self` proves FMA.
            unsafe { Eight(_mm256_fmadd_ps(self.0, factor.0, addend.0)) }
        }
        #[inline(always)]
        fn less(self, other: Self) -> __m256 {
            // SAFETY: `self` proves AVX2.
            unsafe { _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, other.0) }
        }
        #[inline(always)]
        fn select(mask: __m256, yes: Self, no: Self) -> Self {
            // SAFETY: `yes` proves AVX2.
            unsafe { Eight(_mm256_blendv_ps(no.0, yes.0, mask)) }
        }
        shifts! { __m256i, _mm256_slli_epi32, _mm256_srai_epi32 }
        #[inline(always)]
        fn sum(self) -> f32 {
            let [low, high] = quarters_of_eight(self);
            low.add(high).sum()
        }
        #[inline(always)]
        fn largest(self) -> f32 {
            let [low, high] = quarters_of_eight(self);
            low.max(high).largest()
        }
    }
}

vector! {
    /// Sixteen lanes.
    Sixteen, __m512, __m512i, __mmask16, 16,
    splat _mm512_set1_ps, load _mm512_loadu_ps, store _mm512_storeu_ps,
    add _mm512_add_ps, sub _mm512_sub_ps, mul _mm512_mul_ps, div _mm512_div_ps, sqrt _mm512_sqrt_ps,
    min _mm512_min_ps, max _mm512_max_ps,
    round _mm512_cvtps_epi32, float _mm512_cvtepi32_ps, bits _mm512_castps_si512, unbits _mm512_castsi512_ps,
    splat_int _mm512_set1_epi32, int_add _mm512_add_epi32, int_sub _mm512_sub_epi32, int_and _mm512_and_si512, int_or _mm512_or_si512,
    {
        #[inline(always)]
        unsafe fn load_upper(source: *const u16) -> __m512i {
            // SAFETY: the caller proves the set and sixteen numbers, which need no alignment.
            unsafe { _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(_mm256_loadu_si256(source.cast()))) }
        }
        #[inline(always)]
        unsafe fn load_bytes(source: *const i8) -> __m512i {
            // SAFETY: the caller proves the set and sixteen bytes, which need no alignment.
            unsafe { _mm512_cvtepi8_epi32(_mm_loadu_si128(source.cast())) }
        }
        #[inline(always)]
        unsafe fn load_halves(source: *const u16) -> Self {
            // SAFETY: the caller proves the set and sixteen halves, which need no alignment.
            unsafe { Sixteen(_mm512_cvtph_ps(_mm256_loadu_si256(source.cast()))) }
        }
        #[inline(always)]
        fn mul_add(self, factor: Self, addend: Self) -> Self {
            // SAFETY: `self` proves AVX-512.
            unsafe { Sixteen(_mm512_fmadd_ps(self.0, factor.0, addend.0)) }
        }
        #[inline(always)]
        fn less(self, other: Self) -> __mmask16 {
            // SAFETY: `self` proves AVX-512.
            unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, other.0) }
        }
        #[inline(always)]
        fn select(mask: __mmask16, yes: Self, no: Self) -> Self {
            // SAFETY: `yes` proves AVX-512.
            unsafe { Sixteen(_mm512_mask_blend_ps(mask, no.0, yes.0)) }
        }
        #[inline(always)]
        fn int_shift_left<const BITS: i32>(int: __m512i) -> __m512i {
            // SAFETY: integer vectors are made from float vectors only, whose existence proves the set.
            unsafe { _mm512_sll_epi32(int, _mm_cvtsi32_si128(BITS)) }
        }
        #[inline(always)]
        fn int_shift_right<const BITS: i32>(int: __m512i) -> __m512i {
            // SAFETY: as above.
            unsafe { _mm512_sra_epi32(int, _mm_cvtsi32_si128(BITS)) }
        }
        #[inline(always)]
        fn sum(self) -> f32 {
            let [low, high] = halves_of_sixteen(self);
            low.add(high).sum()
        }
        #[inline(always)]
        fn largest(self) -> f32 {
            let [low, high] = halves_of_sixteen(self);
            low.max(high).largest()
        }
    }
}

/// The lower and the upper four lanes.
#[inline(always)]
fn quarters_of_eight(vector: Eight) -> [FourFused; 2] {
    // SAFETY: `vector` proves AVX2.
    unsafe { [FourFused(_mm256_castps256_ps128(vector.0)), FourFused(_mm256_extractf128_ps::<1>(vector.0))] }
}

/// The lower and the upper eight lanes.
#[inline(always)]
fn halves_of_sixteen(vector: Sixteen) -> [Eight; 2] {
    // SAFETY: `vector` proves AVX-512 with DQ.
    unsafe { [Eight(_mm512_castps512_ps256(vector.0)), Eight(_mm512_extractf32x8_ps::<1>(vector.0))] }
}

/// One token: which vectors it proves, how wide kernels take their blocks, how its functions are compiled.
macro_rules! token {
    (
        $(#[$doc:meta])* $name:ident, $label:literal,
        $four:ty, $eight:ty, $sixteen:ty, block $block:ty, group $group:ty, tile $tile:ty,
        blocks $blocks:literal, many $many:literal, whole $whole:literal, unrolled $unrolled:literal $(, compiled for $features:literal)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(());

        impl $name {
            /// The token.
            ///
            /// # Safety
            /// The processor has the instruction set.
            #[allow(dead_code, reason = "the baseline's token is made safely")]
            pub(crate) const unsafe fn new_unchecked() -> Self {
                $name(())
            }

            /// The token, if this processor has the instruction set.
            #[inline]
            pub fn detect() -> Option<Self> {
                super::Level::$name.is_available().then_some($name(()))
            }
        }
        impl Sealed for $name {}

        impl Isa for $name {
            type V4 = $four;
            type V8 = $eight;
            type V16 = $sixteen;
            type Block = $block;
            type Group = $group;
            type Tile = $tile;
            const BLOCKS: usize = $blocks;
            const MANY_REGISTERS: bool = $many;
            const WHOLE_ROWS: bool = $whole;
            const UNROLLED: bool = $unrolled;
            const NAME: &'static str = $label;

            #[inline(always)]
            fn halves(self, vector: Self::V16) -> [Self::V8; 2] {
                Self::split_sixteen(vector)
            }
            #[inline(always)]
            fn split_eight(self, vector: Self::V8) -> [Self::V4; 2] {
                Self::split_eight_lanes(vector)
            }
            #[inline(always)]
            fn quarters(self, vector: Self::V16) -> [Self::V4; 4] {
                Self::split_quarters(vector)
            }
            $(
                #[inline(always)]
                fn enter<P: Program>(self, program: P) -> P::Output {
                    // An `#[inline(never)]` here would say nothing: rustc hands the inlining rules of a function with
                    // target features to those calls only that come from a function with the same.
                    #[target_feature(enable = $features)]
                    fn entered<P: Program>(isa: $name, program: P) -> P::Output {
                        program.run(isa)
                    }
                    // SAFETY: the token proves every feature that the function is compiled for.
                    unsafe { entered(self, program) }
                }
                #[inline(never)]
                fn outline<P: Program>(self, program: P) -> P::Output {
                    self.enter(program)
                }
            )?
        }
    };
}

token! {
    /// What every x86-64 processor has: 16 registers of four lanes, no fused multiply-add.
    Sse2, "sse2",
    Four, Pair<Four>, Pair<Pair<Four>>, block Four, group Pair<Four>, tile Four,
    blocks 1, many false, whole false, unrolled false
}
token! {
    /// AVX2, FMA and F16C: 16 registers of eight lanes.
    Avx2, "avx2",
    FourFused, Eight, Pair<Eight>, block Pair<Eight>, group Pair<Eight>, tile Eight,
    blocks 1, many false, whole false, unrolled true, compiled for "avx2,fma,f16c"
}
token! {
    /// AVX-512 F, VL, DQ and BW: 32 registers of sixteen lanes.
    Avx512, "avx512",
    FourFused, Eight, Sixteen, block Sixteen, group Sixteen, tile Sixteen,
    blocks 2, many true, whole true, unrolled true,
    compiled for "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,f16c"
}

impl Sse2 {
    /// The token.
    pub const fn new() -> Self {
        // SAFETY: every x86-64 processor has the set.
        unsafe { Self::new_unchecked() }
    }
    #[inline(always)]
    fn split_sixteen(vector: Pair<Pair<Four>>) -> [Pair<Four>; 2] {
        [vector.0, vector.1]
    }
    #[inline(always)]
    fn split_eight_lanes(vector: Pair<Four>) -> [Four; 2] {
        [vector.0, vector.1]
    }
    #[inline(always)]
    fn split_quarters(vector: Pair<Pair<Four>>) -> [Four; 4] {
        [vector.0.0, vector.0.1, vector.1.0, vector.1.1]
    }
}
impl Default for Sse2 {
    fn default() -> Self {
        Self::new()
    }
}
impl Avx2 {
    #[inline(always)]
    fn split_sixteen(vector: Pair<Eight>) -> [Eight; 2] {
        [vector.0, vector.1]
    }
    #[inline(always)]
    fn split_eight_lanes(vector: Eight) -> [FourFused; 2] {
        quarters_of_eight(vector)
    }
    #[inline(always)]
    fn split_quarters(vector: Pair<Eight>) -> [FourFused; 4] {
        let ([a, b], [c, d]) = (quarters_of_eight(vector.0), quarters_of_eight(vector.1));
        [a, b, c, d]
    }
}
impl Avx512 {
    #[inline(always)]
    fn split_sixteen(vector: Sixteen) -> [Eight; 2] {
        halves_of_sixteen(vector)
    }
    #[inline(always)]
    fn split_eight_lanes(vector: Eight) -> [FourFused; 2] {
        quarters_of_eight(vector)
    }
    #[inline(always)]
    fn split_quarters(vector: Sixteen) -> [FourFused; 4] {
        // SAFETY: `vector` proves AVX-512.
        unsafe {
            [
                FourFused(_mm512_castps512_ps128(vector.0)),
                FourFused(_mm512_extractf32x4_ps::<1>(vector.0)),
                FourFused(_mm512_extractf32x4_ps::<2>(vector.0)),
                FourFused(_mm512_extractf32x4_ps::<3>(vector.0)),
            ]
        }
    }
}

impl In<Sse2> for Four {}
impl In<Avx2> for FourFused {}
impl In<Avx2> for Eight {}
impl In<Avx512> for FourFused {}
impl In<Avx512> for Eight {}
impl In<Avx512> for Sixteen {}
