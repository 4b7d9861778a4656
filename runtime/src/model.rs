//! What every generated model can do, and the shapes that its types stand for.
//!
//! A model is a value that owns or borrows its weights and nothing else: `forward` reads one sample and answers
//! one; what is carried from frame to frame lives in a stream value of its own. Shapes are types (`[[f32; 8]; 80]`),
//! so a wrong one is a type error; only a free timestep is a slice, whose length is checked when the model runs.

use crate::snapshot::State;
use core::fmt;

/// A value of zeros: of tensors, and of types that have several as fields.
pub trait Zero: Sized {
    /// All zeros.
    const ZERO: Self;
}

/// What is not there yet.
impl<T> Zero for Option<T> {
    const ZERO: Self = None;
}

/// Numbers of a fixed shape: `f32`, `f64`, `i32` or nested arrays of them.
pub trait Tensor: Zero + Copy + 'static {
    /// What the innermost array holds.
    type Element: Copy + 'static;
    /// How many elements it has.
    const LENGTH: usize;

    /// Its elements, last axis fastest.
    fn flat(&self) -> &[Self::Element];

    /// The elements of many, one after the other.
    fn flat_all(tensors: &[Self]) -> &[Self::Element];

    /// The slice as tensors of this shape; `None` where elements would be left over.
    fn group(flat: &[Self::Element]) -> Option<&[Self]>;

    /// The slice as tensors of this shape, to be written.
    fn group_mut(flat: &mut [Self::Element]) -> Option<&mut [Self]>;
}

macro_rules! scalar {
    ($($scalar:ident $zero:literal)*) => {$(
        impl Zero for $scalar {
            const ZERO: Self = $zero;
        }

        impl Tensor for $scalar {
            type Element = Self;
            const LENGTH: usize = 1;

            #[inline]
            fn flat(&self) -> &[Self] {
                core::slice::from_ref(self)
            }

            #[inline]
            fn flat_all(tensors: &[Self]) -> &[Self] {
                tensors
            }

            #[inline]
            fn group(flat: &[Self]) -> Option<&[Self]> {
                Some(flat)
            }

            #[inline]
            fn group_mut(flat: &mut [Self]) -> Option<&mut [Self]> {
                Some(flat)
            }
        }
    )*};
}
scalar!(f32 0.0 f64 0.0 i32 0);

impl<T: Zero + Copy, const N: usize> Zero for [T; N] {
    const ZERO: Self = [T::ZERO; N];
}

impl<T: Tensor, const N: usize> Tensor for [T; N] {
    type Element = T::Element;
    const LENGTH: usize = N * T::LENGTH;

    #[inline]
    fn flat(&self) -> &[Self::Element] {
        T::flat_all(self)
    }

    #[inline]
    fn flat_all(tensors: &[Self]) -> &[Self::Element] {
        T::flat_all(tensors.as_flattened())
    }

    #[inline]
    fn group(flat: &[Self::Element]) -> Option<&[Self]> {
        if N == 0 {
            return None;
        }
        let (groups, rest) = T::group(flat)?.as_chunks::<N>();
        rest.is_empty().then_some(groups)
    }

    #[inline]
    fn group_mut(flat: &mut [Self::Element]) -> Option<&mut [Self]> {
        if N == 0 {
            return None;
        }
        let (groups, rest) = T::group_mut(flat)?.as_chunks_mut::<N>();
        rest.is_empty().then_some(groups)
    }
}

/// What a model reads or writes: a [`Tensor`], or a slice of them where the timestep is free.
pub trait Shaped {
    /// What the innermost array holds.
    type Element: Copy + 'static;

    /// The flat slice in this shape.
    ///
    /// # Errors
    /// Where the number of elements doesn't fit.
    fn view<'a>(flat: &'a [Self::Element], what: &'static str) -> Result<&'a Self, ShapeError>;

    /// The flat slice in this shape, to be written.
    ///
    /// # Errors
    /// Where the number of elements doesn't fit.
    fn view_mut<'a>(flat: &'a mut [Self::Element], what: &'static str) -> Result<&'a mut Self, ShapeError>;
}

impl<T: Tensor> Shaped for T {
    type Element = T::Element;

    #[inline]
    fn view<'a>(flat: &'a [Self::Element], what: &'static str) -> Result<&'a Self, ShapeError> {
        match T::group(flat) {
            Some([sample]) => Ok(sample),
            _ => Err(ShapeError { what, expected: T::LENGTH, got: flat.len() }),
        }
    }

    #[inline]
    fn view_mut<'a>(flat: &'a mut [Self::Element], what: &'static str) -> Result<&'a mut Self, ShapeError> {
        let got = flat.len();
        match T::group_mut(flat) {
            Some([sample]) => Ok(sample),
            _ => Err(ShapeError { what, expected: T::LENGTH, got }),
        }
    }
}

impl<T: Tensor> Shaped for [T] {
    type Element = T::Element;

    #[inline]
    fn view<'a>(flat: &'a [Self::Element], what: &'static str) -> Result<&'a Self, ShapeError> {
        let expected = flat.len().next_multiple_of(if T::LENGTH == 0 { 1 } else { T::LENGTH });
        T::group(flat).ok_or(ShapeError { what, expected, got: flat.len() })
    }

    #[inline]
    fn view_mut<'a>(flat: &'a mut [Self::Element], what: &'static str) -> Result<&'a mut Self, ShapeError> {
        let got = flat.len();
        let expected = got.next_multiple_of(if T::LENGTH == 0 { 1 } else { T::LENGTH });
        T::group_mut(flat).ok_or(ShapeError { what, expected, got })
    }
}

/// A model made by `rnn_model!`.
///
/// `forward` is the everyday call. `forward_into` writes through references, for outputs or working memory too
/// large for a stack; `forward_flat` checks lengths when it runs, for data without a static shape.
pub trait Model {
    /// One sample: nested arrays, `[[f32; FEATURES]; TIMESTEPS]`; a slice `[[f32; FEATURES]]` where the timestep
    /// is free; integers where the first layer looks up ids. Several inputs are the fields of a type.
    type Input: ?Sized;
    /// What one sample gives: nested arrays, or a slice of them where its timestep is free. Several outputs are the
    /// fields of a type.
    type Output: ?Sized;
    /// What it computes in: `f32`, or `f64` where its text says so.
    type Number: Copy + 'static;
    /// Working memory of [`forward_into`](Model::forward_into): `[f32; N]`; `[f32]` where a free timestep decides
    /// its length, which the model's `scratch_length` tells. Its content never matters.
    type Scratch: ?Sized + AsMut<[Self::Number]>;
    /// Working memory that [`forward`](Model::forward) takes from the stack; at most 64 KiB for causal models.
    type Stack: Workspace<Number = Self::Number>;
    /// What [`forward_into`](Model::forward_into) answers: nothing where every length is part of the types,
    /// `Result<(), ShapeError>` with a free timestep.
    type Answer;

    /// The model's name in Keras.
    const NAME: &'static str;
    /// How many parameters it has, as Keras counts them.
    const PARAMS: u64;
    /// Keras's summary table.
    const SUMMARY: &'static str;
    /// The input shape as Keras shows it: batch first, `None` where a size is free.
    const INPUT_SHAPE: &'static [Option<usize>];
    /// The output shape, likewise.
    const OUTPUT_SHAPE: &'static [Option<usize>];
    /// Every input by its name in Keras, with its shape; the first is [`INPUT_SHAPE`](Model::INPUT_SHAPE).
    const INPUTS: &'static [(&'static str, &'static [Option<usize>])];
    /// Every output, likewise.
    const OUTPUTS: &'static [(&'static str, &'static [Option<usize>])];

    /// Computes one sample with working memory of any length from [`Stack`](Model::Stack)'s up; more memory lets
    /// more timesteps share one walk over the weights. The result's bits don't depend on it.
    #[doc(hidden)]
    fn compute(&self, input: &Self::Input, scratch: &mut [Self::Number], output: &mut Self::Output) -> Self::Answer;

    /// Computes one sample into `output`. `scratch` is working memory; nothing large touches the stack.
    #[inline]
    fn forward_into(
        &self,
        input: &Self::Input,
        scratch: &mut Self::Scratch,
        output: &mut Self::Output,
    ) -> Self::Answer {
        self.compute(input, scratch.as_mut(), output)
    }

    /// The model's output for one sample.
    #[inline]
    fn forward(&self, input: &Self::Input) -> Self::Output
    where
        Self::Output: Zero,
        Self::Scratch: Sized,
    {
        let mut output = <Self::Output as Zero>::ZERO;
        let mut stack = Self::Stack::NEW;
        self.compute(input, stack.as_mut(), &mut output);
        output
    }

    /// Computes one sample from and into flat slices, last axis fastest.
    ///
    /// # Errors
    /// Where a slice's length is not that of the shape.
    #[inline]
    fn forward_flat(
        &self,
        input: &[<Self::Input as Shaped>::Element],
        output: &mut [<Self::Output as Shaped>::Element],
    ) -> Result<(), ShapeError>
    where
        Self::Input: Shaped,
        Self::Output: Shaped,
        Self::Scratch: Sized,
        Self::Answer: Into<Checked>,
    {
        let input = Self::Input::view(input, "input")?;
        let output = Self::Output::view_mut(output, "output")?;
        let mut stack = Self::Stack::NEW;
        let Checked(result) = self.compute(input, stack.as_mut(), output).into();
        result
    }

    /// Computes many samples, each as [`forward`](Model::forward) would, bit for bit.
    ///
    /// A model whose first layer is a large LSTM or GRU of which only the last output is used takes several samples together,
    /// with up to 64 KiB of stack for their states; else this is a loop over the samples.
    ///
    /// # Errors
    /// Where there are not as many outputs as inputs.
    #[inline]
    fn forward_batch(&self, inputs: &[Self::Input], outputs: &mut [Self::Output]) -> Result<(), ShapeError>
    where
        Self::Input: Sized,
        Self::Output: Sized,
    {
        ShapeError::check("outputs of the batch", inputs.len(), outputs.len())?;
        self.compute_batch(inputs, outputs);
        Ok(())
    }

    /// Computes padded samples, of each as many timesteps as `lengths` says: what stands behind them is never read, as
    /// if it were masked. For models with free timesteps that answer once a sequence.
    ///
    /// # Errors
    /// Where there are not as many lengths and outputs as inputs, or a length is more than `T`: nothing is computed then.
    /// Where `scratch` is too short for a sample.
    #[inline]
    fn forward_lengths<Frame, const T: usize>(
        &self,
        inputs: &[[Frame; T]],
        lengths: &[usize],
        scratch: &mut Self::Scratch,
        outputs: &mut [Self::Output],
    ) -> Result<(), ShapeError>
    where
        Self: Model<Input = [Frame]>,
        Self::Output: Sized,
        Self::Answer: Into<Checked>,
    {
        ShapeError::check("lengths of the batch", inputs.len(), lengths.len())?;
        ShapeError::check("outputs of the batch", inputs.len(), outputs.len())?;
        if let Some(&got) = lengths.iter().find(|length| **length > T) {
            return Err(ShapeError { what: "timesteps of a sample, at most", expected: T, got });
        }
        for ((input, length), output) in inputs.iter().zip(lengths).zip(outputs) {
            let steps = input.get(..*length).unwrap_or_default();
            let Checked(result) = self.compute(steps, scratch.as_mut(), output).into();
            result?;
        }
        Ok(())
    }

    /// Computes as many samples as there are both inputs and outputs of.
    #[doc(hidden)]
    #[inline]
    fn compute_batch(&self, inputs: &[Self::Input], outputs: &mut [Self::Output])
    where
        Self::Input: Sized,
        Self::Output: Sized,
    {
        self.compute_each(inputs, outputs);
    }

    /// The same, one sample after the other. Never inlined, so that its working memory is not taken from the stack
    /// beside that of samples that are computed together.
    #[doc(hidden)]
    #[inline(never)]
    fn compute_each(&self, inputs: &[Self::Input], outputs: &mut [Self::Output])
    where
        Self::Input: Sized,
        Self::Output: Sized,
    {
        let mut stack = Self::Stack::NEW;
        for (input, output) in inputs.iter().zip(outputs) {
            self.compute(input, stack.as_mut(), output);
        }
    }
}

/// Working memory that can be made in place.
pub trait Workspace: AsMut<[Self::Number]> {
    /// What it holds.
    type Number;
    /// Working memory of zeros.
    const NEW: Self;
}

impl<const N: usize> Workspace for [f64; N] {
    type Number = f64;
    const NEW: Self = [0.0; N];
}

impl<const N: usize> Workspace for [f32; N] {
    type Number = f32;
    const NEW: Self = [0.0; N];
}

/// What a check of lengths found; [`Model::forward_flat`] makes one of each kind of [`Model::Answer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked(pub Result<(), ShapeError>);

impl From<()> for Checked {
    #[inline]
    fn from((): ()) -> Self {
        Self(Ok(()))
    }
}

impl From<Result<(), ShapeError>> for Checked {
    #[inline]
    fn from(result: Result<(), ShapeError>) -> Self {
        Self(result)
    }
}

/// A model that runs frame by frame, carrying its state: made by the model's `stream()`.
///
/// The numbers are those of the whole sequence, bit for bit: after n frames it has answered the rows that the model
/// gives for a sequence of these n frames. Where the model answers once a sequence, a step's output is what the model
/// would answer if the sequence ended there.
///
/// An output that does not come with each frame (behind strides, or windows that aren't causal) is an `Option`: `None`
/// while there is nothing new.
pub trait Stream {
    /// One timestep of the input.
    type Frame;
    /// What one step answers.
    type Step;
    /// What is carried from frame to frame.
    type State: State;

    /// Frames from one answer to the next; of several outputs, those of the one that answers most often.
    const EVERY: usize;
    /// How many frames go by before the first answer; of several outputs, before all of them have answered.
    const LATENCY: usize;

    /// Takes one frame and answers the output at it.
    fn step(&mut self, frame: &Self::Frame) -> Self::Step;

    /// Takes many frames, one output each: what one step after the other would answer.
    ///
    /// # Errors
    /// Where there are not as many outputs as frames; nothing is consumed then.
    fn process(&mut self, frames: &[Self::Frame], outputs: &mut [Self::Step]) -> Result<(), ShapeError>;

    /// What it carries now; [`State::save`] makes numbers of it.
    fn state(&self) -> &Self::State;

    /// Goes on from there.
    fn restore(&mut self, state: &Self::State);

    /// Forgets every frame seen: the next one is the first.
    fn reset(&mut self);
}

/// A length that doesn't fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// What has this length: `input`, `output`, `scratch` …
    pub what: &'static str,
    /// How many elements it must have.
    pub expected: usize,
    /// How many it has.
    pub got: usize,
}

impl ShapeError {
    /// Compares two lengths.
    ///
    /// # Errors
    /// Where they differ.
    #[inline]
    pub const fn check(what: &'static str, expected: usize, got: usize) -> Result<(), Self> {
        if expected == got { Ok(()) } else { Err(Self { what, expected, got }) }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} elements expected, {} given", self.what, self.expected, self.got)
    }
}

impl core::error::Error for ShapeError {}
