//! Two vectors as one of twice the width: how a narrow instruction set gets 8 and 16 lanes.

use super::{In, Isa, Vector, sealed::Sealed};

/// The lower lanes, then the upper ones.
#[derive(Clone, Copy, Debug)]
pub struct Pair<V>(pub(super) V, pub(super) V);

impl<V> Sealed for Pair<V> {}

/// Lane-wise methods that both halves do alike.
macro_rules! both {
    ($($name:ident($($other:ident),*);)*) => {$(
        #[inline(always)]
        fn $name(self $(, $other: Self)*) -> Self {
            Pair(self.0.$name($($other.0),*), self.1.$name($($other.1),*))
        }
    )*};
}

impl<V: Vector> Vector for Pair<V> {
    const LANES: usize = 2 * V::LANES;
    type Mask = (V::Mask, V::Mask);
    type Int = (V::Int, V::Int);

    both! {
        add(other); sub(other); mul(other); div(other); sqrt(); min(other); max(other); mul_add(factor, addend);
    }

    #[inline(always)]
    unsafe fn splat_unproven(value: f32) -> Self {
        // SAFETY: the caller's promise is the same.
        unsafe { Pair(V::splat_unproven(value), V::splat_unproven(value)) }
    }
    #[inline(always)]
    unsafe fn load_pointer(source: *const f32) -> Self {
        // SAFETY: the caller promises all lanes, of which each half reads its own.
        unsafe { Pair(V::load_pointer(source), V::load_pointer(source.add(V::LANES))) }
    }
    #[inline(always)]
    unsafe fn store_pointer(self, destination: *mut f32) {
        // SAFETY: the caller promises all lanes, of which each half writes its own.
        unsafe {
            self.0.store_pointer(destination);
            self.1.store_pointer(destination.add(V::LANES));
        }
    }
    #[inline(always)]
    unsafe fn load_upper(source: *const u16) -> Self::Int {
        // SAFETY: the caller promises all lanes, of which each half reads its own.
        unsafe { (V::load_upper(source), V::load_upper(source.add(V::LANES))) }
    }
    #[inline(always)]
    unsafe fn load_bytes(source: *const i8) -> Self::Int {
        // SAFETY: the caller promises all lanes, of which each half reads its own.
        unsafe { (V::load_bytes(source), V::load_bytes(source.add(V::LANES))) }
    }
    #[inline(always)]
    unsafe fn load_halves(source: *const u16) -> Self {
        // SAFETY: the caller promises all lanes, of which each half reads its own.
        unsafe { Pair(V::load_halves(source), V::load_halves(source.add(V::LANES))) }
    }
    #[inline(always)]
    fn less(self, other: Self) -> Self::Mask {
        (self.0.less(other.0), self.1.less(other.1))
    }
    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Pair(V::select(mask.0, yes.0, no.0), V::select(mask.1, yes.1, no.1))
    }
    #[inline(always)]
    fn round_to_int(self) -> Self::Int {
        (self.0.round_to_int(), self.1.round_to_int())
    }
    #[inline(always)]
    fn from_int(self, int: Self::Int) -> Self {
        Pair(self.0.from_int(int.0), self.1.from_int(int.1))
    }
    #[inline(always)]
    fn to_bits(self) -> Self::Int {
        (self.0.to_bits(), self.1.to_bits())
    }
    #[inline(always)]
    fn from_bits(self, bits: Self::Int) -> Self {
        Pair(self.0.from_bits(bits.0), self.1.from_bits(bits.1))
    }
    #[inline(always)]
    fn splat_int(self, value: i32) -> Self::Int {
        (self.0.splat_int(value), self.1.splat_int(value))
    }
    #[inline(always)]
    fn int_add(left: Self::Int, right: Self::Int) -> Self::Int {
        (V::int_add(left.0, right.0), V::int_add(left.1, right.1))
    }
    #[inline(always)]
    fn int_sub(left: Self::Int, right: Self::Int) -> Self::Int {
        (V::int_sub(left.0, right.0), V::int_sub(left.1, right.1))
    }
    #[inline(always)]
    fn int_and(left: Self::Int, right: Self::Int) -> Self::Int {
        (V::int_and(left.0, right.0), V::int_and(left.1, right.1))
    }
    #[inline(always)]
    fn int_or(left: Self::Int, right: Self::Int) -> Self::Int {
        (V::int_or(left.0, right.0), V::int_or(left.1, right.1))
    }
    #[inline(always)]
    fn int_shift_left<const BITS: i32>(int: Self::Int) -> Self::Int {
        (V::int_shift_left::<BITS>(int.0), V::int_shift_left::<BITS>(int.1))
    }
    #[inline(always)]
    fn int_shift_right<const BITS: i32>(int: Self::Int) -> Self::Int {
        (V::int_shift_right::<BITS>(int.0), V::int_shift_right::<BITS>(int.1))
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        self.0.add(self.1).sum()
    }
    #[inline(always)]
    fn largest(self) -> f32 {
        self.0.max(self.1).largest()
    }
}

impl<I: Isa, V: In<I>> In<I> for Pair<V> {}
