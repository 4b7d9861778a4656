//! Instruction sets: what proves that the processor has one, and what runs on it.

use super::{Float, Line, Vector, Weight, sealed};

/// Vectors that the token `I` proves.
pub trait In<I: Isa>: Vector {
    /// `value` in every lane.
    #[inline(always)]
    fn of(_isa: I, value: Float) -> Self {
        // SAFETY: the token proves the instruction set.
        unsafe { Self::splat_unproven(value) }
    }
    /// Reads a part of a line: `part` counts vectors of this width, taken modulo how many a line has.
    #[inline(always)]
    fn load(_isa: I, line: &Line, part: usize) -> Self {
        // SAFETY: the token proves the instruction set; the remainder keeps the read inside the line.
        unsafe { Self::load_pointer(line.as_ptr().add(part % (16 / Self::LANES) * Self::LANES)) }
    }
    /// Reads a part of a line of stored weights, as [`In::load`] reads one of floats.
    #[inline(always)]
    fn expand<W: Weight>(_isa: I, line: &[W; 16], part: usize) -> Self {
        // SAFETY: the token proves the instruction set; the remainder keeps the read inside the line.
        unsafe { W::load(line.as_ptr().add(part % (16 / Self::LANES) * Self::LANES)) }
    }
    /// Reads the slice's first floats, or zeros where it is too short.
    #[inline(always)]
    fn read(isa: I, from: &[Float]) -> Self {
        if from.len() < Self::LANES {
            return Self::of(isa, 0.0);
        }
        // SAFETY: the token proves the instruction set, the comparison the length.
        unsafe { Self::load_pointer(from.as_ptr()) }
    }
    /// Writes to the slice's first floats; nothing where it is too short.
    #[inline(always)]
    fn write(self, to: &mut [Float]) {
        if to.len() >= Self::LANES {
            // SAFETY: the comparison proves the length.
            unsafe { self.store_pointer(to.as_mut_ptr()) }
        }
    }
    /// Writes a part of a line, as [`In::load`] reads it.
    #[inline(always)]
    fn store(self, line: &mut Line, part: usize) {
        // SAFETY: the remainder keeps the write inside the line.
        unsafe { self.store_pointer(line.as_mut_ptr().add(part % (16 / Self::LANES) * Self::LANES)) }
    }
}

/// An instruction set; a value proves that the processor has it.
pub trait Isa: Copy + sealed::Sealed {
    /// 4 lanes.
    type V4: In<Self>;
    /// 8 lanes.
    type V8: In<Self>;
    /// 16 lanes.
    type V16: In<Self>;
    /// What a panel's block of sixteen units goes through its activations in.
    type Block: In<Self>;
    /// What the columns of a small cell are summed in, some of them at once, and go through their activations in.
    type Group: In<Self>;
    /// One register's worth for tiles of several rows.
    type Tile: In<Self>;
    /// How many blocks of sixteen units a large cell takes at once.
    const BLOCKS: usize;
    /// Whether the registers hold 24 sums of [`Isa::Tile`] or only 12.
    const MANY_REGISTERS: bool;
    /// Whether a small cell's whole row of sums stays in registers, as 16-lane vectors.
    const WHOLE_ROWS: bool;
    /// Whether a small cell's groups of columns are unrolled where a row does not stay in registers.
    const UNROLLED: bool;
    /// Its name, as `RNN_MAX_ISA` spells it.
    const NAME: &'static str;

    /// The lower and the upper 8 lanes.
    fn halves(self, vector: Self::V16) -> [Self::V8; 2];
    /// The lower and the upper 4 lanes.
    fn split_eight(self, vector: Self::V8) -> [Self::V4; 2];
    /// Four times 4 lanes.
    fn quarters(self, vector: Self::V16) -> [Self::V4; 4];
    /// Runs `program` in a function that is compiled for this instruction set. From another such function it is inlined
    /// as the compiler thinks best: mostly where it is the only call.
    fn enter<P: Program>(self, program: P) -> P::Output {
        program.run(self)
    }
    /// Runs `program` in a function of its own, compiled for this instruction set and never inlined: the same program
    /// type is compiled once, however often it is called.
    #[inline(never)]
    fn outline<P: Program>(self, program: P) -> P::Output {
        program.run(self)
    }
}

/// Work that is written once and compiled for every instruction set.
///
/// `run` must be `#[inline(always)]` and free of closures: only what is inlined into the function that names
/// the instruction set may use it.
pub trait Program {
    /// What it gives.
    type Output;
    /// Does the work with the instruction set that the token proves.
    fn run<I: Isa>(self, isa: I) -> Self::Output;
}
