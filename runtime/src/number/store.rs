//! Rows of weights as smaller numbers: rounding to the nearest, ties to even, and where the results go.
//!
//! The compiler rounds in the same way when it packs weights that are embedded.

use crate::safetensors::Floats;

/// What rows of weights are stored as, where not as floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// IEEE halves.
    F16,
    /// The upper halves of floats.
    Bf16,
    /// Whole numbers from −127 to 127, times the scale of their column.
    Int8,
}

/// One `Store` of a packing.
pub(crate) struct Step {
    pub(crate) source: usize,
    pub(crate) destination: usize,
    pub(crate) loops: [(usize, usize, usize); 4],
    pub(crate) scale: f32,
    pub(crate) storage: Storage,
    pub(crate) scales: Option<(usize, [usize; 4])>,
}

impl Step {
    /// Does the step; answers the position of a value that is too large for the storage.
    pub(crate) fn run(&self, tensor: Floats<'_>, packed: &mut [f32]) -> Option<usize> {
        self.find_scales(tensor, packed);
        let (first, steps) = self.scales.unwrap_or_default();
        let mut too_large = None;
        walk(&self.loops, &steps, [self.source, self.destination, first], &mut |[source, destination, column]| {
            let value = self.scale * tensor.get(source) as f32;
            let (bits, number, is_finite) = match self.storage {
                Storage::F16 => (16, half(value).into(), half(value) & 0x7c00 != 0x7c00),
                Storage::Bf16 => (16, upper_half(value).into(), upper_half(value) & 0x7f80 != 0x7f80),
                Storage::Int8 => {
                    let scale = packed.get(column).copied().unwrap_or(0.0);
                    (8, u32::from(byte(value, scale).cast_unsigned()), true)
                }
            };
            if !is_finite && too_large.is_none() {
                too_large = Some(source);
            }
            put(packed, destination, bits, number);
        });
        too_large
    }

    /// Each column's largest magnitude over 127, at its place. Places of columns are cleared before, as all are.
    fn find_scales(&self, tensor: Floats<'_>, packed: &mut [f32]) {
        let Some((first, steps)) = self.scales else { return };
        walk(&self.loops, &steps, [self.source, 0, first], &mut |[source, _, column]| {
            let value = (self.scale * tensor.get(source) as f32).abs();
            if let Some(place) = packed.get_mut(column)
                && value > *place
            {
                *place = value;
            }
        });
        // A loop that stays in its column has done its part.
        let mut columns = self.loops;
        for (along, step) in columns.iter_mut().zip(steps) {
            if step == 0 {
                along.0 = 1;
            }
        }
        walk(&columns, &steps, [0, 0, first], &mut |[_, _, column]| {
            if let Some(place) = packed.get_mut(column) {
                *place /= 127.0;
            }
        });
    }
}

/// Along the loops, outermost first: places in the tensor, in the packed numbers and among the scales.
fn walk(loops: &[(usize, usize, usize)], steps: &[usize], at: [usize; 3], visit: &mut dyn FnMut([usize; 3])) {
    let (Some((&(count, from, to), inner)), Some((step, steps))) = (loops.split_first(), steps.split_first()) else {
        return visit(at);
    };
    for index in 0..count {
        let [source, destination, column] = at;
        walk(inner, steps, [source + index * from, destination + index * to, column + index * step], visit);
    }
}

/// Puts a number of `bits` bits into the memory of floats at its place.
fn put(packed: &mut [f32], at: usize, bits: usize, number: u32) {
    let per_float = 32 / bits;
    let Some(word) = packed.get_mut(at / per_float) else { return };
    let within = if cfg!(target_endian = "little") { at % per_float } else { per_float - 1 - at % per_float };
    let mask = u32::MAX >> (32 - bits) << (bits * within);
    *word = f32::from_bits(word.to_bits() & !mask | number << (bits * within));
}

/// The nearest half, ties to even; infinity from 65520 on.
#[must_use]
pub const fn half(value: f32) -> u16 {
    let sign = (value.to_bits() >> 16) as u16 & 0x8000;
    let magnitude = value.to_bits() & 0x7fff_ffff;
    let rounded = if magnitude > 0x7f80_0000 {
        0x7e00
    } else if magnitude >= 0x477f_f000 {
        0x7c00
    } else if magnitude >= 0x3880_0000 {
        // The exponents' biases differ by 112; the fraction loses 13 bits.
        let rebiased = magnitude - (112 << 23);
        (rebiased + 0xfff + (rebiased >> 13 & 1)) >> 13
    } else {
        // Adding a half leaves a multiple of 2⁻²⁴, the step of subnormal halves, rounded as additions round.
        (f32::from_bits(magnitude) + 0.5).to_bits() - 0.5_f32.to_bits()
    };
    sign | rounded as u16
}

/// The float that a half stands for.
#[must_use]
pub const fn of_half(half: u16) -> f32 {
    let (sign, magnitude) = (((half & 0x8000) as u32) << 16, ((half & 0x7fff) as u32) << 13);
    // Exponents as if they were a float's are 112 too small; those of infinity and NaN are the largest.
    let expanded = if magnitude >= 0x7c00 << 13 {
        magnitude | 0x7f80_0000
    } else {
        (f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23)).to_bits()
    };
    f32::from_bits(sign | expanded)
}

/// The nearest float whose lower 16 bits are zero, ties to even, without these bits.
#[must_use]
pub const fn upper_half(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// A value in units of its column's scale, as a byte; 0 where the scale is.
#[must_use]
pub fn byte(value: f32, scale: f32) -> i8 {
    // 1.5 · 2²³: adding and taking it away rounds to a whole number, ties to even.
    const MAGIC: f32 = 12_582_912.0;
    if scale == 0.0 {
        return 0;
    }
    (((value / scale) + MAGIC) - MAGIC).clamp(-127.0, 127.0) as i8
}
