//! Weights in memory: embedded ones as a static byte string, loaded ones packed into the caller's buffer.
//!
//! Packing is a list of strided copies ([`PackOp`]). The compiler runs it for embedded weights; for weights that come
//! at run time it emits the list, and [`load`] runs it here, over a safetensors file, without allocation.

use super::number::{self, Step};
use super::simd::Float;
use crate::safetensors::{Entry, Floats, SafeTensors};
use crate::tensors::{find, has_shape, named};

pub use super::number::store::*;
pub use crate::tensors::{TensorSpec, WeightsError};

/// Embedded weights: the bytes of little-endian floats, at the start of a cache line.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
pub struct Aligned<const BYTES: usize>(pub [u8; BYTES]);

impl<const BYTES: usize> Aligned<BYTES> {
    /// The same memory as `FLOATS` floats; none where the lengths don't agree.
    #[must_use]
    #[inline(always)]
    pub const fn floats(&self) -> &[Float] {
        const { assert!(cfg!(target_endian = "little"), "embedded weights are little-endian") };
        let length = BYTES / size_of::<Float>();
        #[allow(unsafe_code, reason = "the one cast of weights")]
        // SAFETY: the bytes are initialised, aligned to 64 (more than Float needs), and `length` floats fit in
        // `BYTES` bytes; every bit pattern is a float.
        unsafe {
            core::slice::from_raw_parts(self.0.as_ptr().cast::<Float>(), length)
        }
    }
}

/// A buffer for loaded weights that starts at a cache line: `static mut`-free homes for it are a `Box`, a static cell
/// or the stack of a small model.
#[repr(C, align(64))]
#[derive(Clone, Debug)]
pub struct WeightBuffer<const FLOATS: usize>(pub [Float; FLOATS]);

impl<const FLOATS: usize> WeightBuffer<FLOATS> {
    /// All zeros, ready to be loaded into.
    #[must_use]
    pub const fn new() -> Self {
        Self([0.0; FLOATS])
    }
}

impl<const FLOATS: usize> Default for WeightBuffer<FLOATS> {
    fn default() -> Self {
        Self::new()
    }
}

/// One part of a packing.
#[derive(Clone, Copy, Debug)]
pub enum PackOp {
    /// For every index of the four loops adds `scale` times a value of the tensor to a place of the packed weights.
    Add {
        /// Which tensor.
        tensor: usize,
        /// Its first element.
        source: usize,
        /// The first place.
        destination: usize,
        /// Count, step in the tensor, step in the packed weights; outermost first.
        loops: [(usize, usize, usize); 4],
        /// The factor.
        scale: Float,
    },
    /// For every index of the four loops puts `scale` times a value of the tensor, as a smaller number, into a place of
    /// the packed weights.
    Store {
        /// Which tensor.
        tensor: usize,
        /// Its first element.
        source: usize,
        /// The first place, counted in numbers of this storage.
        destination: usize,
        /// Count, step in the tensor, step in the packed numbers; outermost first.
        loops: [(usize, usize, usize); 4],
        /// The factor.
        scale: Float,
        /// What the numbers are.
        storage: Storage,
        /// Where the columns' scales go, if they have any: the first float's place, and the step of each loop.
        scales: Option<(usize, [usize; 4])>,
    },
    /// Batch normalization as a factor and a shift a feature: `gamma / √(variance + epsilon)` and
    /// `beta − mean · factor`.
    Normalize {
        /// Which tensor holds gamma; ones where there is none.
        gamma: Option<usize>,
        /// Which tensor holds beta; zeros where there is none.
        beta: Option<usize>,
        /// Which tensor holds the mean; zeros where there is none.
        mean: Option<usize>,
        /// Which tensor holds the variance; ones where there is none.
        variance: Option<usize>,
        /// Added to the variance.
        epsilon: f64,
        /// How many features.
        count: usize,
        /// Where the first factor goes.
        factors: usize,
        /// Where the first shift goes.
        shifts: usize,
    },
}

/// Finds every tensor in a safetensors file and packs them into `packed`, which is cleared first.
///
/// `model` is a name that keys may start with (`tagger/lstm/lstm_cell/kernel`); the file may hold `siblings` too.
///
/// # Errors
/// Where the file is malformed, a weight is missing, has another shape or type, is not finite or too large for the numbers
/// that it is stored as; where the file holds tensors that the model does not have; where `packed` is shorter than `length`. `packed` is then unusable.
pub fn load(
    file: &[u8],
    model: &str,
    tensors: &'static [TensorSpec],
    siblings: &[&str],
    program: &[PackOp],
    length: usize,
    packed: &mut [Float],
) -> Result<(), WeightsError> {
    let got = packed.len();
    let packed = packed.get_mut(..length).ok_or(WeightsError::Buffer { expected: length, got })?;
    let file = SafeTensors::new(file).map_err(|_| WeightsError::Malformed)?;
    for spec in tensors {
        check(&find(file, model, spec)?, spec)?;
    }
    let of_siblings = siblings.iter().filter(|name| named(file, model, name).is_some()).count();
    let count = file.entries().count().saturating_sub(tensors.len() + of_siblings);
    if count > 0 {
        return Err(WeightsError::Superfluous { count });
    }
    packed.fill(0.0);
    let floats = |tensor: usize| {
        let entry = tensors.get(tensor).and_then(|spec| find(file, model, spec).ok());
        entry.and_then(|entry| entry.numbers()).unwrap_or_default()
    };
    for op in program {
        run(op, packed, &floats).map_err(|TooLarge { tensor, position }| {
            let (name, class) = tensors.get(tensor).map_or(("", ""), |spec| (spec.name, spec.class));
            WeightsError::TooLarge { name, class, position }
        })?;
    }
    Ok(())
}

/// A value that its storage can't hold.
struct TooLarge {
    tensor: usize,
    position: usize,
}

fn run<'a>(op: &PackOp, packed: &mut [Float], tensor: &dyn Fn(usize) -> Floats<'a>) -> Result<(), TooLarge> {
    match *op {
        PackOp::Add { tensor: index, source, destination, loops, scale } => {
            add(tensor(index), source, packed, destination, &loops, scale);
        }
        PackOp::Store { tensor: index, source, destination, loops, scale, storage, scales } => {
            let step = Step { source, destination, loops, scale, storage, scales };
            if let Some(position) = step.run(tensor(index), packed) {
                return Err(TooLarge { tensor: index, position });
            }
        }
        PackOp::Normalize { gamma, beta, mean, variance, epsilon, count, factors, shifts } => {
            for at in 0..count {
                let gamma = gamma.map_or(1.0, |gamma| tensor(gamma).get(at));
                let beta = beta.map_or(0.0, |beta| tensor(beta).get(at));
                let mean = mean.map_or(0.0, |mean| tensor(mean).get(at));
                let variance = variance.map_or(1.0, |variance| tensor(variance).get(at));
                let factor = gamma / square_root(variance + epsilon);
                put(packed, factors + at, factor as Float);
                put(packed, shifts + at, (beta - mean * factor) as Float);
            }
        }
    }
    Ok(())
}

fn add(
    tensor: Floats<'_>,
    source: usize,
    packed: &mut [Float],
    destination: usize,
    loops: &[(usize, usize, usize)],
    scale: Float,
) {
    let Some((&(count, from, to), inner)) = loops.split_first() else {
        let value = packed.get(destination).copied().unwrap_or(0.0) + scale * tensor.get(source) as Float;
        return put(packed, destination, value);
    };
    for index in 0..count {
        add(tensor, source + index * from, packed, destination + index * to, inner, scale);
    }
}

fn put(packed: &mut [Float], at: usize, value: Float) {
    if let Some(place) = packed.get_mut(at) {
        *place = value;
    }
}

/// The square root by Newton's method, for want of one in `core`: within one unit in the last place of f64, so its
/// rounding to Float is that of the exact root.
fn square_root(value: f64) -> f64 {
    if value.is_nan() || value <= 0.0 || value.is_infinite() {
        return if value == 0.0 || value.is_infinite() { value } else { f64::NAN };
    }
    let mut root = f64::from_bits((value.to_bits() >> 1) + (1023 << 51));
    for _ in 0..6 {
        root = 0.5 * (root + value / root);
    }
    root
}

fn check(entry: &Entry<'_>, spec: &TensorSpec) -> Result<(), WeightsError> {
    let (name, class) = (spec.name, spec.class);
    let Some(numbers) = entry.numbers().filter(|_| number::reads(entry.dtype)) else {
        return Err(WeightsError::Type { name, class });
    };
    has_shape(entry, spec)?;
    match numbers.iter().position(|value| !value.is_finite()) {
        Some(position) => Err(WeightsError::NotFinite { name, class, position }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENSORS: &[TensorSpec] = &[
        TensorSpec { name: "dense/kernel", class: "Dense", shape: &[2, 3] },
        TensorSpec { name: "dense/bias", class: "Dense", shape: &[3] },
    ];
    const PROGRAM: &[PackOp] = &[
        PackOp::Add {
            tensor: 1,
            source: 0,
            destination: 0,
            loops: [(1, 0, 0), (1, 0, 0), (1, 0, 0), (3, 1, 1)],
            scale: 1.0,
        },
        PackOp::Add {
            tensor: 0,
            source: 0,
            destination: 4,
            loops: [(1, 0, 0), (1, 0, 0), (3, 1, 2), (2, 3, 1)],
            scale: 0.5,
        },
    ];

    fn file(tensors: &[(&str, &str, &[f32])]) -> Vec<u8> {
        let (mut header, mut data) = (String::from("{"), Vec::new());
        for (name, shape, values) in tensors {
            let start = data.len();
            values.iter().for_each(|value| data.extend_from_slice(&value.to_le_bytes()));
            let comma = if header.len() > 1 { "," } else { "" };
            let end = data.len();
            header += &format!(r#"{comma}"{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{start},{end}]}}"#);
        }
        header.push('}');
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&data);
        bytes
    }

    const KERNEL: &[f32] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

    fn loaded(tensors: &[(&str, &str, &[f32])]) -> Result<[Float; 12], WeightsError> {
        let mut packed = [Float::NAN; 12];
        load(&file(tensors), "m", TENSORS, &["b/x"], PROGRAM, 12, &mut packed).map(|()| packed)
    }

    #[test]
    fn packs_transposed_and_scaled_under_plain_and_full_names() {
        let expected = [7.0, 8.0, 9.0, 0.0, 0.5, 2.0, 1.0, 2.5, 1.5, 3.0, 0.0, 0.0];
        let bias: &[f32] = &[7.0, 8.0, 9.0];
        assert_eq!(loaded(&[("dense/kernel", "[2,3]", KERNEL), ("dense/bias", "[3]", bias)]), Ok(expected));
        assert_eq!(loaded(&[("m/dense/bias", "[3]", bias), ("m/dense/kernel", "[2,3]", KERNEL)]), Ok(expected));
    }

    #[test]
    fn every_mistake_names_the_tensor() {
        let bias: (&str, &str, &[f32]) = ("dense/bias", "[3]", &[7.0, 8.0, 9.0]);
        let kernel = ("dense/kernel", "[2,3]", KERNEL);
        let message = |tensors: &[(&str, &str, &[f32])]| loaded(tensors).unwrap_err().to_string();
        assert_eq!(message(&[kernel]), "`dense/bias` of shape (3,) is missing (Dense)");
        assert_eq!(
            message(&[bias, ("dense/kernel", "[3,2]", KERNEL)]),
            "`dense/kernel` has shape (3, 2), Dense needs (2, 3)"
        );
        assert_eq!(
            message(&[kernel, ("dense/bias", "[3]", &[0.0, f32::NAN, 0.0])]),
            "`dense/bias` is not finite at position 1 (Dense)"
        );
        assert_eq!(
            message(&[bias, kernel, ("other", "[]", &[0.0])]),
            "the file holds 1 tensors that the model does not have"
        );
        assert_eq!(load(&[], "m", TENSORS, &["b/x"], PROGRAM, 12, &mut [0.0; 12]), Err(WeightsError::Malformed));
        let short = load(&file(&[bias, kernel]), "m", TENSORS, &["b/x"], PROGRAM, 12, &mut [0.0; 11]);
        assert_eq!(short, Err(WeightsError::Buffer { expected: 12, got: 11 }));
    }

    #[test]
    fn the_square_root_rounds_like_the_exact_one() {
        for value in [0.0, 1e-300, 1e-12, 0.001, 0.5, 1.0, 2.0, 3.0, 1e10, 1.7e308] {
            assert_eq!(square_root(value) as f32, value.sqrt() as f32, "{value}");
        }
        assert!(square_root(-1.0).is_nan() && square_root(f64::NAN).is_nan());
    }

    #[test]
    fn embedded_bytes_are_floats() {
        const BYTES: usize = 2 * size_of::<Float>();
        let bytes: [Float; 2] = [1.0, -2.0];
        let mut aligned = Aligned([0; BYTES]);
        let words = aligned.0.as_chunks_mut().0.iter_mut().zip(bytes);
        words.for_each(|(word, value)| *word = value.to_le_bytes());
        assert_eq!(aligned.floats(), bytes);
    }
}
