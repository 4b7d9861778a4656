//! What a layer says of its code: kernels of the runtime, one after the other, each with its packed weights.
//!
//! Every kernel sees one sample as rows of its last axis: a tensor of sample shape (a, b, F) is a·b rows of F values.
//! Paths are relative to the runtime crate (`kernels::Dense::<8, 10, activation::Relu>`); the emitter brings
//! `kernels` and `activation` into scope.

use proc_macro2::TokenStream;

use crate::packing::Packing;
use crate::shape::{Dimension, Shape};
use crate::storage::Storage;

/// What a layer may look at when it is lowered.
#[derive(Clone, Copy, Debug)]
pub struct Lowering<'a> {
    /// The shapes it reads, batch first.
    pub inputs: &'a [Shape],
    /// What dense and recurrent kernels store their rows of weights as.
    pub storage: Storage,
}

impl Lowering<'_> {
    /// The sample axes of the first input.
    #[must_use]
    pub fn sample(&self) -> &[Dimension] {
        self.inputs.first().map_or(&[], Shape::sample)
    }

    /// The size of the first input's last axis.
    ///
    /// # Errors
    /// Where it is free.
    pub fn features(&self) -> Result<usize, NoCode> {
        fixed(self.sample().last().copied().unwrap_or(Dimension::Known(1)))
    }

    /// The elements of the sample axes from `first` on.
    ///
    /// # Errors
    /// Where one of them is free.
    pub fn elements_from(&self, first: usize) -> Result<usize, NoCode> {
        self.sample().get(first..).unwrap_or(&[]).iter().try_fold(1, |product, &axis| Ok(product * fixed(axis)?))
    }
}

/// Why a layer has no code, though Keras and the reference interpreter run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCode {
    /// An axis is free whose size the code must know.
    FreeAxis,
    /// A recurrent cell with this activation, which looks at a whole row.
    RowActivation(&'static str),
}

/// The axis as a size of this machine.
///
/// # Errors
/// Where it is free.
pub fn fixed(axis: Dimension) -> Result<usize, NoCode> {
    axis.known().and_then(|size| usize::try_from(size).ok()).ok_or(NoCode::FreeAxis)
}

/// What [`Layer::lower`](crate::layer::Layer::lower) answers: kernels in their order, none where the numbers pass on
/// unchanged (under another shape, perhaps).
pub type Lowered = Result<Vec<Operation>, NoCode>;

/// One kernel over one sample.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Each row becomes one of another width, by itself.
    Rows(Rows),
    /// Each row is rewritten where it stands.
    InPlace(InPlace),
    /// Steps in order with a state.
    Recurrent(Recurrent),
    /// Several tensors become one, row by row.
    Join(Join),
    /// Each row of the first tensor becomes one by itself, looking at all rows of the others; over whole samples alone.
    Attend(Join),
    /// Rows of one width become rows of another, each from a window of them.
    Window(Window),
    /// All rows become one.
    Fold(Fold),
}

/// A function of the runtime and what it is called with.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function with its generics: `kernels::Dense::<8, 10, activation::Relu>::rows`.
    pub function: TokenStream,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// Whether it takes one row at a time; otherwise it takes any number of them.
    pub by_row: bool,
}

/// One argument of a [`Call`].
#[derive(Clone, Debug)]
pub enum Argument {
    /// The instruction set's token.
    Isa,
    /// The packed weights: `&[f32]`.
    Weights,
    /// What is read: `&[[f32; INPUT]]`, one row alone `&[f32; INPUT]`; `&[i32]` for ids.
    Input,
    /// What is written: `&mut [[f32; OUTPUT]]`, one row alone `&mut [f32; OUTPUT]`.
    Output,
    /// All that is read, flat: `[&[f32]; N]`.
    FlatInputs,
    /// The same, flat: `&[f32]`.
    FlatInput,
    /// The same, flat: `&mut [f32]`.
    FlatOutput,
    /// The rows of a window, each by itself: `[&[f32; INPUT]; TAPS]`.
    Taps,
    /// What is written, one row: `&mut [f32; OUTPUT]`.
    OutputRow,
    /// What is written as rows of this width, whatever the kernel's own row is.
    OutputRows(usize),
    /// Anything else.
    Value(TokenStream),
}

impl Call {
    /// `function(isa, weights, input, output)`.
    #[must_use]
    pub fn weighted(function: TokenStream) -> Self {
        let arguments = vec![Argument::Isa, Argument::Weights, Argument::Input, Argument::Output];
        Self { function, arguments, by_row: false }
    }

    /// `function(isa, input, output)`.
    #[must_use]
    pub fn plain(function: TokenStream) -> Self {
        Self::with(function, vec![Argument::Isa, Argument::Input, Argument::Output])
    }

    /// A function of any number of rows with these arguments.
    #[must_use]
    pub const fn with(function: TokenStream, arguments: Vec<Argument>) -> Self {
        Self { function, arguments, by_row: false }
    }

    /// A function of one row with these arguments.
    #[must_use]
    pub const fn by_row(function: TokenStream, arguments: Vec<Argument>) -> Self {
        Self { function, arguments, by_row: true }
    }
}

/// A kernel that turns each row into one of another width, by itself.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The kernel.
    pub call: Call,
    /// Width of the rows it reads.
    pub input: usize,
    /// Width of the rows it writes.
    pub output: usize,
    /// Its weights, if it has any.
    pub weights: Option<Weights>,
    /// Multiply-adds a row.
    pub multiply_adds: u64,
    /// Whether it reads integer ids, one a row.
    pub reads_ids: bool,
}

/// A kernel that rewrites rows where they stand.
#[derive(Clone, Debug)]
pub struct InPlace {
    /// The kernel; it has no input beside its output.
    pub call: Call,
    /// Width of the rows; 1 where each value is computed from itself alone.
    pub width: usize,
    /// Its weights, if it has any.
    pub weights: Option<Weights>,
    /// Multiply-adds a row.
    pub multiply_adds: u64,
}

/// A kernel that makes each row from a window of rows: of the whole sample at once, or in a stream row by row.
#[derive(Clone, Debug)]
pub struct Window {
    /// Which rows.
    pub reach: Reach,
    /// Whether there is one window alone, the last: then the result is there at the end of the sequence.
    pub at_end: bool,
    /// Over the whole sample; none where its timesteps are free.
    pub whole: Option<Box<Operation>>,
    /// One row from the `taps` rows of its window, in their order, which it reads as rows of `features`; where there is
    /// none, the window itself is the row.
    pub row: Option<Call>,
    /// Width of the rows that are read.
    pub features: usize,
    /// Width of the rows that are made.
    pub output: usize,
    /// The weights, if there are any: of both forms.
    pub weights: Option<Weights>,
    /// Multiply-adds of one row.
    pub multiply_adds: u64,
}

/// Which rows a window holds: row j of the result is made from rows `first + j * stride + tap * dilation`, rows before the
/// beginning being zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// How many rows.
    pub taps: usize,
    /// How far apart.
    pub dilation: usize,
    /// How far the window moves.
    pub stride: usize,
    /// Where the first window begins; before the beginning where it is negative.
    pub first: isize,
    /// How many further rows must be there, so that the window is none of those left out at the end.
    pub after: usize,
    /// How many rows behind the end are read: of padding, which a stream knows nothing of.
    pub missing: usize,
}

impl Reach {
    /// Rows as they are.
    pub const ROWS: Self = Self { taps: 1, dilation: 1, stride: 1, first: 0, after: 0, missing: 0 };

    /// How far back the first tap lies when the window is there.
    #[must_use]
    pub const fn back(&self) -> usize {
        self.taps.saturating_sub(1).saturating_mul(self.dilation).saturating_add(self.after)
    }
}

/// A kernel that makes one row of all rows of the sample; in a stream it is brought up to date row by row.
#[derive(Clone, Debug)]
pub struct Fold {
    /// Over the whole sample; none where its timesteps are free.
    pub whole: Option<Box<Operation>>,
    /// `function(isa, state, row, output)` takes one row and answers as if it were the last.
    pub function: TokenStream,
    /// The state's type: `state::Folded::<32>`.
    pub state: TokenStream,
    /// Width of the rows that are read and of the one that is made.
    pub features: usize,
}

/// A kernel that makes one row of a row from each of several tensors, or of a row of the first and all rows of the others.
#[derive(Clone, Debug)]
pub struct Join {
    /// The kernel.
    pub call: Call,
    /// What it reads, in order.
    pub operands: Vec<Operand>,
    /// Width of the rows it writes.
    pub output: usize,
    /// Its weights, if it has any.
    pub weights: Option<Weights>,
    /// Multiply-adds a row; for each of the rows that it looks at, where it does.
    pub multiply_adds: u64,
}

/// One of the tensors that are joined.
#[derive(Clone, Debug)]
pub struct Operand {
    /// Which.
    pub from: From,
    /// Kernels that make it fit: repeated along an axis, turned.
    pub prepare: Vec<Operation>,
    /// Width of its rows then.
    pub width: usize,
}

/// What a join reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The layer's input of this number.
    Input(usize),
    /// What the layer's kernel before has made.
    Before,
    /// What the layer's kernel of this place has made, counted without those that prepare operands.
    Made(usize),
    /// What the layer's recurrent kernel leaves behind as its state of this place.
    State(usize),
}

/// One recurrent layer: one direction, or the two of a `Bidirectional`.
#[derive(Clone, Debug)]
pub struct Recurrent {
    /// Width of the frames.
    pub features: usize,
    /// How many frames; `None` where that is free.
    pub timesteps: Option<usize>,
    /// Whether every step's output goes on, or the last one's only.
    pub return_sequences: bool,
    /// Whether it reads the states to begin with behind the frames: those of each direction, one after the other.
    pub has_initial: bool,
    /// For each of these states the kernels that make it fit; none where it does as it is.
    pub prepare: Vec<Vec<Operation>>,
    /// What it does at masked steps, where it reads a mask behind all else.
    pub mask: Option<AtMasked>,
    /// Whether Keras keeps its states from one call to the next.
    pub stateful: bool,
    /// Keras's `unroll` where the text gives it.
    pub unroll: Option<bool>,
    /// The directions; their outputs stand side by side.
    pub directions: Vec<Direction>,
    /// How many samples of their own the input holds (`TimeDistributed`), beside a free or leading axis.
    pub samples: Samples,
    /// Whether each of many samples leaves its states behind its output, direction by direction.
    pub leaves_states: bool,
}

/// What a recurrent layer answers at a masked step, whose state is the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtMasked {
    /// The output before; at first the state that it begins with.
    Repeat,
    /// Zeros.
    Zero,
    /// Zeros up to the first step that counts, then the output before.
    ZeroBefore,
}

/// How many independent sequences a recurrent kernel inside `TimeDistributed` runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// The sample is the sequence.
    One,
    /// The sample holds any number of them, one after the other; each starts from the zero state, or from its own.
    Many,
}

/// One walk over the frames.
#[derive(Clone, Debug)]
pub struct Direction {
    /// Its name where there are two: `forward`.
    pub name: Option<&'static str>,
    /// The cell with its const generics: `kernels::Lstm::<8, 32, activation::Tanh, activation::Sigmoid>`.
    pub cell: TokenStream,
    /// The state's type: `kernels::LstmState::<32>`.
    pub state: TokenStream,
    /// Floats that the state holds.
    pub state_floats: usize,
    /// How many states that are, each as wide as the output: the last output, and an LSTM's cell.
    pub n_states: usize,
    /// Width of its output.
    pub units: usize,
    /// The order in which it meets the frames.
    pub walk: Walk,
    /// Its packed weights.
    pub weights: Weights,
    /// Floats a step of the input product that is computed ahead; 0 where the kernel has no use for it.
    pub product: usize,
    /// Multiply-adds a step.
    pub multiply_adds: u64,
    /// Machine code that one straight-line step adds, in bytes, estimated; `None` where a step is a call.
    pub step_code: Option<usize>,
    /// How the samples of a batch walk together; `None` where each goes alone.
    pub together: Option<Together>,
    /// The size class, for reports.
    pub class: &'static str,
}

/// Several samples that share each walk over the weights.
#[derive(Clone, Debug)]
pub struct Together {
    /// So many at a time.
    pub most: usize,
    /// Fewer are faster alone.
    pub fewest: usize,
    /// The type of their states: `kernels::LstmBatch::<8, 32>`.
    pub states: TokenStream,
    /// Floats that it holds.
    pub floats: usize,
}

/// The order in which frames are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// First to last.
    Forward,
    /// Last to first, results in the order they are made (`go_backwards`).
    Backward,
    /// Last to first, each result at its frame's place (the second half of `Bidirectional`).
    BackwardAligned,
}

/// Packed weights: from which of the layer's tensors, and how.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Index of the layer's first tensor that the packing reads as its tensor 0.
    pub first_tensor: usize,
    /// The packing program.
    pub packing: Packing,
}

impl Weights {
    /// Packs from the layer's first tensor on.
    #[must_use]
    pub const fn new(packing: Packing) -> Self {
        Self { first_tensor: 0, packing }
    }
}

impl Recurrent {
    /// Width of one output.
    #[must_use]
    pub fn width(&self) -> usize {
        self.directions.iter().map(|direction| direction.units).sum()
    }

    /// Values of one sample's output; `None` where its timesteps are free.
    #[must_use]
    pub fn sample_output(&self) -> Option<usize> {
        Some(if self.return_sequences { self.timesteps? * self.width() } else { self.width() })
    }

    /// Values of all states.
    #[must_use]
    pub fn state_width(&self) -> usize {
        self.directions.iter().map(|direction| direction.units * direction.n_states).sum()
    }

    /// Whether a masked step's output is another than the state.
    #[must_use]
    pub fn answers_zeros(&self) -> bool {
        self.return_sequences && matches!(self.mask, Some(AtMasked::Zero))
    }

    /// Whether it can run as a stream.
    #[must_use]
    pub fn is_causal(&self) -> bool {
        self.directions.iter().all(|direction| direction.walk == Walk::Forward)
    }

    /// Floats a step that the widest input product takes.
    #[must_use]
    pub fn product(&self) -> usize {
        self.directions.iter().map(|direction| direction.product).max().unwrap_or(0)
    }
}

impl Operation {
    /// The weights it reads, each packed segment by itself.
    #[must_use]
    pub fn weights(&self) -> Vec<&Weights> {
        match self {
            Self::Rows(rows) => rows.weights.iter().collect(),
            Self::InPlace(in_place) => in_place.weights.iter().collect(),
            Self::Recurrent(recurrent) => recurrent.directions.iter().map(|direction| &direction.weights).collect(),
            Self::Join(join) | Self::Attend(join) => join.weights.iter().collect(),
            Self::Window(window) => window.weights.iter().collect(),
            Self::Fold(_) => Vec::new(),
        }
    }

    /// Multiply-adds a row, a row of a recurrent layer being a frame.
    #[must_use]
    pub fn multiply_adds(&self) -> u64 {
        match self {
            Self::Rows(rows) => rows.multiply_adds,
            Self::InPlace(in_place) => in_place.multiply_adds,
            Self::Recurrent(recurrent) => recurrent.directions.iter().map(|direction| direction.multiply_adds).sum(),
            Self::Join(join) | Self::Attend(join) => join.multiply_adds,
            Self::Window(window) => window.multiply_adds,
            Self::Fold(_) => 0,
        }
    }

    /// The same kernel for a wrapper that lists the layer's tensors behind `n_tensors` others.
    pub fn shift_tensors(&mut self, n_tensors: usize) {
        match self {
            Self::Rows(Rows { weights, .. })
            | Self::InPlace(InPlace { weights, .. })
            | Self::Join(Join { weights, .. })
            | Self::Attend(Join { weights, .. }) => {
                weights.iter_mut().for_each(|weights| weights.first_tensor += n_tensors);
            }
            Self::Recurrent(recurrent) => {
                recurrent.directions.iter_mut().for_each(|direction| direction.weights.first_tensor += n_tensors);
            }
            Self::Window(window) => {
                window.weights.iter_mut().for_each(|weights| weights.first_tensor += n_tensors);
                window.whole.iter_mut().for_each(|whole| whole.shift_tensors(n_tensors));
            }
            Self::Fold(_) => {}
        }
    }
}
