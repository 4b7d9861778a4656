//! Four lanes in plain Rust: what runs where no instruction set of ours does, and the check on all others.

use super::{In, Isa, Pair, Vector, sealed::Sealed};

/// Four floats; `FUSED` says whether multiply-add rounds once.
#[derive(Clone, Copy, Debug)]
pub struct Four<const FUSED: bool>([f32; 4]);

impl<const FUSED: bool> Sealed for Four<FUSED> {}

/// `left * right + addend`, rounded once if `FUSED`.
#[inline(always)]
fn multiply_add<const FUSED: bool>(left: f32, right: f32, addend: f32) -> f32 {
    if FUSED { fused(left, right, addend) } else { left * right + addend }
}

/// `left * right + addend`, rounded once, in the quickest way that this target has.
#[inline(always)]
fn fused(left: f32, right: f32, addend: f32) -> f32 {
    cfg_select! {
        riscv_f => {
            super::fused::native(left, right, addend)
        }
        // WebAssembly's standard library has a function for it, which is slower.
        all(feature = "std", not(target_arch = "wasm32")) => {
            #[allow(clippy::disallowed_methods, reason = "the one multiply-add of the scalar set")]
            left.mul_add(right, addend)
        }
        _ => { super::fused::emulated(left, right, addend) }
    }
}

/// The square root, correctly rounded, without a standard library: Newton's steps in f64 from a first guess by halving
/// the exponent.
#[inline(always)]
fn square_root(x: f32) -> f32 {
    if x == 0.0 || x.is_nan() || x == f32::INFINITY {
        return x;
    }
    if x < 0.0 {
        return f32::NAN;
    }
    let wide = f64::from(x);
    let mut root = f64::from_bits((wide.to_bits() >> 1) + (1023 << 51));
    for _ in 0..5 {
        root = 0.5 * (root + wide / root);
    }
    root as f32
}

/// The nearest integer, ties to even, for |x| < 2³¹.
#[inline(always)]
fn round(x: f32) -> i32 {
    // Adding and taking away 1.5 · 2⁵² leaves a double's integer part, rounded as the processor rounds.
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    ((f64::from(x) + MAGIC) - MAGIC) as i32
}

/// Lane-wise definitions.
macro_rules! lanes {
    (one $other:ident) => { 1 };
    ($($name:ident($($other:ident),*) => $lane:expr;)*) => {$(
        #[inline(always)]
        fn $name(self $(, $other: Self)*) -> Self {
            let mut result = [0.0; 4];
            for (index, result) in result.iter_mut().enumerate() {
                let operation: fn([f32; 1 $(+ lanes!(one $other))*]) -> f32 = $lane;
                *result = operation([self.0[index % 4], $($other.0[index % 4]),*]);
            }
            Four(result)
        }
    )*};
}

/// Lane-wise definitions over integers.
macro_rules! integers {
    ($($name:ident => $operation:expr;)*) => {$(
        #[inline(always)]
        fn $name(left: [i32; 4], right: [i32; 4]) -> [i32; 4] {
            let operation: fn(i32, i32) -> i32 = $operation;
            [
                operation(left[0], right[0]), operation(left[1], right[1]),
                operation(left[2], right[2]), operation(left[3], right[3]),
            ]
        }
    )*};
}

impl<const FUSED: bool> Vector for Four<FUSED> {
    const LANES: usize = 4;
    type Mask = [bool; 4];
    type Int = [i32; 4];

    lanes! {
        add(other) => |[a, b]| a + b;
        sub(other) => |[a, b]| a - b;
        mul(other) => |[a, b]| a * b;
        div(other) => |[a, b]| a / b;
        sqrt() => |[a]| square_root(a);
        min(other) => |[a, b]| if a < b { a } else { b };
        max(other) => |[a, b]| if a > b { a } else { b };
        mul_add(factor, addend) => |[a, b, c]| multiply_add::<FUSED>(a, b, c);
    }
    integers! {
        int_add => |a, b| a.wrapping_add(b);
        int_sub => |a, b| a.wrapping_sub(b);
        int_and => |a, b| a & b;
        int_or => |a, b| a | b;
    }

    #[inline(always)]
    unsafe fn splat_unproven(value: f32) -> Self {
        Four([value; 4])
    }
    #[inline(always)]
    unsafe fn load_pointer(source: *const f32) -> Self {
        // SAFETY: the caller promises four readable floats; arrays of f32 need no more alignment than f32.
        Four(unsafe { *source.cast::<[f32; 4]>() })
    }
    #[inline(always)]
    unsafe fn store_pointer(self, destination: *mut f32) {
        // SAFETY: the caller promises four writable floats.
        unsafe { *destination.cast::<[f32; 4]>() = self.0 }
    }
    #[inline(always)]
    unsafe fn load_upper(source: *const u16) -> [i32; 4] {
        // SAFETY: the caller promises four readable numbers; arrays of u16 need no more alignment than u16.
        let [a, b, c, d] = unsafe { *source.cast::<[u16; 4]>() };
        [i32::from(a) << 16, i32::from(b) << 16, i32::from(c) << 16, i32::from(d) << 16]
    }
    #[inline(always)]
    unsafe fn load_bytes(source: *const i8) -> [i32; 4] {
        // SAFETY: the caller promises four readable bytes.
        let [a, b, c, d] = unsafe { *source.cast::<[i8; 4]>() };
        [a.into(), b.into(), c.into(), d.into()]
    }
    #[inline(always)]
    fn less(self, other: Self) -> [bool; 4] {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        [a < e, b < f, c < g, d < h]
    }
    #[inline(always)]
    fn select(mask: [bool; 4], yes: Self, no: Self) -> Self {
        let mut result = no.0;
        for ((result, yes), mask) in result.iter_mut().zip(yes.0).zip(mask) {
            if mask {
                *result = yes;
            }
        }
        Four(result)
    }
    #[inline(always)]
    fn round_to_int(self) -> [i32; 4] {
        let [a, b, c, d] = self.0;
        [round(a), round(b), round(c), round(d)]
    }
    #[inline(always)]
    fn from_int(self, [a, b, c, d]: [i32; 4]) -> Self {
        Four([a as f32, b as f32, c as f32, d as f32])
    }
    #[inline(always)]
    fn to_bits(self) -> [i32; 4] {
        let [a, b, c, d] = self.0;
        [a.to_bits() as i32, b.to_bits() as i32, c.to_bits() as i32, d.to_bits() as i32]
    }
    #[inline(always)]
    fn from_bits(self, [a, b, c, d]: [i32; 4]) -> Self {
        Four([f32::from_bits(a as u32), f32::from_bits(b as u32), f32::from_bits(c as u32), f32::from_bits(d as u32)])
    }
    #[inline(always)]
    fn splat_int(self, value: i32) -> [i32; 4] {
        [value; 4]
    }
    #[inline(always)]
    fn int_shift_left<const BITS: i32>([a, b, c, d]: [i32; 4]) -> [i32; 4] {
        [a << BITS, b << BITS, c << BITS, d << BITS]
    }
    #[inline(always)]
    fn int_shift_right<const BITS: i32>([a, b, c, d]: [i32; 4]) -> [i32; 4] {
        [a >> BITS, b >> BITS, c >> BITS, d >> BITS]
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        let [a, b, c, d] = self.0;
        (a + c) + (b + d)
    }
    #[inline(always)]
    fn largest(self) -> f32 {
        let [a, b, c, d] = self.0;
        let (low, high) = (if a > c { a } else { c }, if b > d { b } else { d });
        if low > high { low } else { high }
    }
}

/// A token of plain Rust, always there.
macro_rules! scalar {
    ($(#[$doc:meta])* $name:ident, $fused:literal, $label:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(());

        impl $name {
            /// The token; every processor has it.
            pub const fn new() -> Self {
                $name(())
            }
        }
        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
        impl Sealed for $name {}
        impl In<$name> for Four<$fused> {}

        impl Isa for $name {
            type V4 = Four<$fused>;
            type V8 = Pair<Four<$fused>>;
            type V16 = Pair<Pair<Four<$fused>>>;
            type Block = Self::V4;
            type Group = Self::V4;
            type Tile = Self::V4;
            const BLOCKS: usize = 1;
            const MANY_REGISTERS: bool = false;
            const WHOLE_ROWS: bool = false;
            const UNROLLED: bool = false;
            const NAME: &'static str = $label;

            #[inline(always)]
            fn halves(self, vector: Self::V16) -> [Self::V8; 2] {
                [vector.0, vector.1]
            }
            #[inline(always)]
            fn split_eight(self, vector: Self::V8) -> [Self::V4; 2] {
                [vector.0, vector.1]
            }
            #[inline(always)]
            fn quarters(self, vector: Self::V16) -> [Self::V4; 4] {
                [vector.0.0, vector.0.1, vector.1.0, vector.1.1]
            }
        }
    };
}
scalar!(
    /// Plain Rust, every operation rounded.
    Scalar,
    false,
    "scalar"
);
scalar!(
    /// Plain Rust with fused multiply-add: RISC-V's instruction where there is one, the standard
    /// library's, or the same bits out of doubles. Also the check that the vector sets give the same bits.
    ScalarFma,
    true,
    "scalar-fma"
);
