//! What the rows of weights are stored as: floats, halves, the upper halves of floats, or bytes with a scale a column.
//!
//! Biases, scales and the weights of all kernels but the dense and the recurrent ones stay floats. Rounding is to the
//! nearest, ties to even, and happens once, in the packing; sums run in `f32` whatever is stored.

mod loss;

use std::fmt;

pub use loss::{Loss, Stored, stored};

/// A number type for rows of weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Storage {
    /// 32-bit floats: as the weights come.
    #[default]
    F32,
    /// IEEE halves: 11 bits of precision, magnitudes up to 65504.
    F16,
    /// The upper halves of floats: 8 bits of precision, the range of a float.
    Bf16,
    /// Whole numbers from −127 to 127, times a scale for each column of a kernel: its largest magnitude over 127.
    Int8,
}

impl Storage {
    /// All of them.
    pub const ALL: [Storage; 4] = [Storage::F32, Storage::F16, Storage::Bf16, Storage::Int8];

    /// As an attribute or an option spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Storage::F32 => "f32",
            Storage::F16 => "f16",
            Storage::Bf16 => "bf16",
            Storage::Int8 => "int8",
        }
    }

    /// The storage of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|storage| storage.name() == name)
    }

    /// How many of its numbers take the room of one float.
    #[must_use]
    pub const fn per_float(self) -> usize {
        match self {
            Storage::F32 => 1,
            Storage::F16 | Storage::Bf16 => 2,
            Storage::Int8 => 4,
        }
    }

    /// Whether each column has a scale.
    #[must_use]
    pub const fn is_scaled(self) -> bool {
        matches!(self, Storage::Int8)
    }
}

impl fmt::Display for Storage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The nearest half, ties to even; infinity from 65520 on.
#[must_use]
#[allow(clippy::cast_possible_truncation)]
pub fn half(value: f32) -> u16 {
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
pub fn of_half(half: u16) -> f32 {
    let (sign, magnitude) = (u32::from(half & 0x8000) << 16, u32::from(half & 0x7fff) << 13);
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
#[allow(clippy::cast_possible_truncation)]
pub fn upper_half(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// The float of an upper half.
#[must_use]
pub fn of_upper_half(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

/// A value in units of its column's scale, as a byte; 0 where the scale is.
#[must_use]
#[allow(clippy::cast_possible_truncation)]
pub fn byte(value: f32, scale: f32) -> i8 {
    // 1.5 · 2²³: adding and taking it away rounds to a whole number, ties to even.
    const MAGIC: f32 = 12_582_912.0;
    if scale == 0.0 { 0 } else { (((value / scale) + MAGIC) - MAGIC).clamp(-127.0, 127.0) as i8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_comes_back() {
        for bits in 0..=u16::MAX {
            let value = of_half(bits);
            if value.is_nan() {
                assert!(of_half(half(value)).is_nan(), "{bits:#x}");
            } else {
                assert_eq!(half(value), bits, "{bits:#x} is {value}");
            }
        }
        assert_eq!(
            [0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400].map(of_half),
            [1.0, -2.0, 65504.0, 2.0_f32.powi(-24), 2.0_f32.powi(-14)]
        );
    }

    /// Between every two neighbours: nearer to one, nearer to the other, and the tie.
    #[test]
    fn halves_round_to_nearest_even() {
        for bits in 0..0x7bff_u16 {
            let (low, high) = (f64::from(of_half(bits)), f64::from(of_half(bits + 1)));
            // A half's neighbours and their middle are floats.
            let middle = ((low + high) / 2.0) as f32;
            let even = if bits % 2 == 0 { bits } else { bits + 1 };
            assert_eq!(half(middle), even, "the tie above {bits:#x}");
            assert_eq!(half(-middle), even | 0x8000, "the tie below -{bits:#x}");
            assert_eq!(half(f32::from_bits(middle.to_bits() - 1)), bits);
            assert_eq!(half(f32::from_bits(middle.to_bits() + 1)), bits + 1);
        }
        assert_eq!(half(65519.996), 0x7bff);
        assert_eq!([65520.0, f32::MAX, f32::INFINITY].map(half), [0x7c00; 3]);
    }

    #[test]
    fn upper_halves_round_to_nearest_even() {
        for bits in 0..0x7f7f_u16 {
            let low = of_upper_half(bits).to_bits();
            let even = if bits % 2 == 0 { bits } else { bits + 1 };
            assert_eq!(upper_half(f32::from_bits(low)), bits);
            assert_eq!(upper_half(f32::from_bits(low + 0x7fff)), bits);
            assert_eq!(upper_half(f32::from_bits(low + 0x8000)), even);
            assert_eq!(upper_half(-f32::from_bits(low + 0x8001)), (bits + 1) | 0x8000);
        }
        assert_eq!(of_upper_half(upper_half(f32::MAX)), f32::INFINITY);
        assert!(of_upper_half(upper_half(f32::NAN)).is_nan());
    }

    #[test]
    fn bytes_round_to_nearest_even_units() {
        assert_eq!([0.5, 1.5, -2.5, 2.6, 126.9].map(|value| byte(value, 1.0)), [0, 2, -2, 3, 127]);
        assert_eq!(byte(0.3, 0.0), 0);
        assert_eq!(byte(-2.0, 2.0 / 127.0), -127);
    }
}
