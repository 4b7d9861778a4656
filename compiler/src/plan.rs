//! From a typed graph to what the emitter writes: kernels in order, buffers, states, packed weights.
//!
//! A model runs in one of two ways. A *causal* one is a stream run over the input: its layers up to the one that
//! swallows the time axis take the frames a chunk at a time and carry states, so buffers stay small whatever the
//! number of timesteps; the rest (the head) then runs once. Any other model runs layer by layer over the whole
//! sample. Every decision keeps its reason, for `rnnc summary --plan`.

mod batch;
mod build;
pub mod clock;
mod cost;
mod describe;
pub mod kernels;
mod lengths;
pub mod lowered;
mod memory;
mod names;
mod network;
mod stage;
mod time;
mod unroll;

use proc_macro2::TokenStream;

use crate::packing::{Packed, Packing};
use crate::plan::lowered::Operation;
use crate::precision::Precision;
use crate::shape::Dimension;
use crate::storage::Storage;
use crate::weights::BoundWeights;

pub use batch::Batch;
pub use build::{plan, plan_stored};
use clock::{Clock, Time};
pub use cost::{Cost, Work};
pub use unroll::{DEFAULT_CODE, LARGEST_CODE};

/// What the emitter writes. Made by [`plan`] alone; nothing in it can fail for a user's reason.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) inputs: Vec<Endpoint>,
    pub(crate) outputs: Vec<Endpoint>,
    pub(crate) layers: Vec<PlannedLayer>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) states: Vec<State>,
    pub(crate) streaming: Result<Streams, NoStream>,
    pub(crate) forward: Forward,
    /// For each input the first one that has as many timesteps; mostly itself.
    pub(crate) lengths: Vec<usize>,
    pub(crate) memory: Memory,
    pub(crate) decisions: Vec<Decision>,
}

/// One tensor that the model reads or answers.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name in Keras, or its key in a dictionary.
    pub name: String,
    /// Its name in the generated code, where there are several.
    pub field: String,
    /// The sample's axes; only the first may be free.
    pub axes: Vec<Dimension>,
    /// Whether it holds 32-bit integers.
    pub integers: bool,
    /// Whether it says which steps count: a float each, 0 where a step does not.
    pub is_mask: bool,
}

/// A layer that has code.
#[derive(Clone, Debug)]
pub struct PlannedLayer {
    /// Its Keras name.
    pub name: String,
    /// Its class.
    pub class: &'static str,
    /// Its name in the generated code, unique there.
    pub ident: String,
    /// What it reads and makes, as Keras shows it.
    pub shapes: String,
    /// Its parameters.
    pub params: u64,
}

/// Packed weights of one kernel.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The layer's name in the generated code, with the direction where there are two.
    pub ident: String,
    /// The layer that it was first packed for: index into the plan's layers.
    pub layer: usize,
    /// The graph's node whose tensors are packed.
    pub node: usize,
    /// Index of the first of the node's tensors that the packing reads.
    pub first_tensor: usize,
    /// How.
    pub packing: Packing,
    /// Where it begins among the model's packed floats; a multiple of 16.
    pub offset: usize,
}

/// What one recurrent direction carries.
#[derive(Clone, Debug)]
pub struct State {
    /// The layer's name in the generated code, with the direction where there are two.
    pub ident: String,
    /// The state's type, below the runtime's path.
    pub kind: TokenStream,
    /// Floats in it.
    pub floats: usize,
    /// Its units, where it is a recurrent layer's; of its floats only these hold something, in each of its parts.
    pub units: usize,
    /// Floats that it is saved as.
    pub saved: usize,
    /// Whether a stream carries it from frame to frame; the others begin anew with each sample.
    pub carried: bool,
    /// Whether it is kept from one call to the next, as Keras does with `stateful=True`.
    pub stateful: bool,
}

/// How a causal model runs as a stream.
#[derive(Clone, Debug)]
pub struct Streams {
    /// Many frames at a time, up to the layer that swallows the time axis; `None` where some rows are not there with every
    /// frame, so that the steps are taken one by one.
    pub chunk: Option<Stage>,
    /// The layers behind it, once; `None` where every frame has an output of its own.
    pub head: Option<Stage>,
    /// One frame through all layers.
    pub step: Stage,
    /// For each output whether every frame has one of its own; the others are there at the end of the sequence.
    pub in_time: Vec<bool>,
    /// With which frames each output is there.
    pub clocks: Vec<Clock>,
    /// How frames are counted, where the step has calls that don't run with each of them.
    pub time: Option<Time>,
}

/// Why a model can't run as a stream.
#[derive(Clone, Debug)]
pub struct NoStream {
    /// Whose fault it is, where it is a layer's: its name and class.
    pub layer: Option<(String, &'static str)>,
    /// Why.
    pub reason: String,
}

/// How `forward` runs.
#[derive(Clone, Debug)]
pub enum Forward {
    /// The stream's chunk over all frames, then its head.
    Streamed,
    /// The stream's steps one after the other: several inputs or outputs with free timesteps.
    Stepped,
    /// Layer by layer over the whole sample.
    Whole(Stage),
}

/// Working memory of the stages, in floats.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// What `forward` takes from the stack; a free timestep of a whole run has no such bound.
    pub stack: Option<usize>,
    /// What `forward_into` is given; `None` where a free timestep decides.
    pub scratch: Option<usize>,
    /// What `process` of a stream takes from the stack.
    pub process: usize,
    /// What the layers behind the last step take from it, where they run by themselves.
    pub head: usize,
}

/// Layers that run one after the other over the same frames.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    /// The calls.
    pub steps: Vec<Step>,
    /// Buffers between them.
    pub buffers: Vec<Extent>,
    /// Floats a step of the widest input product.
    pub product: usize,
    /// Steps that the longest recurrent layer takes at most; `None` where that is free.
    pub timesteps: Option<usize>,
}

/// A number of floats or rows: fixed, or so many for each frame of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// So many.
    Fixed(usize),
    /// So many for each frame.
    PerFrame {
        /// Whose frames are counted: an input by its place. A stream counts those at hand as the first input's.
        input: usize,
        /// How many for each.
        amount: usize,
    },
}

impl Extent {
    /// The number itself, a frame's where it is by frames.
    #[must_use]
    pub const fn amount(self) -> usize {
        match self {
            Self::Fixed(amount) | Self::PerFrame { amount, .. } => amount,
        }
    }

    /// Another number, by frames as this one is.
    fn map(self, change: impl FnOnce(usize) -> usize) -> Self {
        match self {
            Self::Fixed(amount) => Self::Fixed(change(amount)),
            Self::PerFrame { input, amount } => Self::PerFrame { input, amount: change(amount) },
        }
    }

    /// So many for each frame of a stream.
    const fn per_frame(amount: usize) -> Self {
        Self::PerFrame { input: 0, amount }
    }

    /// Whether both count the same frames, or none.
    fn counts_as(self, other: Self) -> bool {
        match (self, other) {
            (Self::Fixed(_), Self::Fixed(_)) => true,
            (Self::PerFrame { input, .. }, Self::PerFrame { input: other, .. }) => input == other,
            (Self::Fixed(_), Self::PerFrame { .. }) | (Self::PerFrame { .. }, Self::Fixed(_)) => false,
        }
    }

    /// The extent in groups of `from` turned into groups of `to`; `None` where something would be left over.
    #[must_use]
    pub fn regroup(self, from: usize, to: usize) -> Option<Self> {
        let regroup = |amount: usize| (from > 0 && amount.is_multiple_of(from)).then(|| amount / from * to);
        Some(match self {
            Self::Fixed(amount) => Self::Fixed(regroup(amount)?),
            Self::PerFrame { input, amount } => Self::PerFrame { input, amount: regroup(amount)? },
        })
    }
}

/// Where a tensor lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The caller's input of this number.
    Input(usize),
    /// The caller's output of this number.
    Output(usize),
    /// A buffer of the stage.
    Buffer(usize),
    /// What a recurrent layer leaves behind: which direction's, and which of its states.
    State {
        /// Index into the plan's states.
        number: usize,
        /// 0 for the last output, 1 for an LSTM's cell.
        part: usize,
    },
}

/// One call.
#[derive(Clone, Debug)]
pub struct Step {
    /// Whose: index into the plan's layers; `None` for a copy that no layer asked for.
    pub layer: Option<usize>,
    /// The kernel; `None` copies, or keeps a row. Windows and folds are those of streams: they make one row.
    pub operation: Option<Operation>,
    /// What it reads: one tensor, or those that a [`Operation::Join`] joins.
    pub inputs: Vec<Tensor>,
    /// What it writes; the same place as the input where it works in place.
    pub output: Tensor,
    /// First of the operation's packed segments.
    pub segment: usize,
    /// First of the operation's states.
    pub state: usize,
    /// Whether the time steps are straight-line code.
    pub unrolled: bool,
    /// Whether its states are those that a stream carries.
    pub carried: bool,
    /// Whether its states are kept from one call to the next.
    pub stateful: bool,
    /// What it has to do with rows of earlier frames.
    pub kept: Option<Kept>,
    /// With which frames of a stream it runs, where that is not each of them.
    pub clock: Option<Clock>,
}

/// Rows that a stream keeps of a tensor: index into the plan's states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The row at hand is put to those that are kept there.
    Put(usize),
    /// What is read is the row that was the last one so many rows ago, or the window of them that begins with it.
    Read {
        /// Where the rows are.
        state: usize,
        /// How far back.
        back: usize,
    },
}

impl Step {
    /// The first tensor that it reads.
    #[must_use]
    pub fn input(&self) -> Tensor {
        self.inputs.first().copied().unwrap_or(self.output)
    }

    /// Rows that the operation goes through, for each frame where the tensors are by frames; none for a copy.
    #[must_use]
    pub fn rows(&self) -> Extent {
        let (width, floats) = match &self.operation {
            Some(Operation::Rows(rows)) => (rows.input, self.input().floats),
            Some(Operation::InPlace(in_place)) => (in_place.width, self.output.floats),
            Some(Operation::Recurrent(recurrent)) => (recurrent.features, self.input().floats),
            Some(Operation::Join(join) | Operation::Attend(join)) => (join.output, self.output.floats),
            Some(Operation::Window(_) | Operation::Fold(_)) => return Extent::Fixed(1),
            None => return Extent::Fixed(0),
        };
        floats.map(|floats| floats / width.max(1))
    }

    /// Rows that each of these is compared with; one where it is not.
    #[must_use]
    pub fn looked_at(&self) -> Extent {
        match (&self.operation, self.inputs.get(1)) {
            (Some(Operation::Attend(join)), Some(keys)) => {
                let width = join.operands.get(1).map_or(1, |keys| keys.width);
                keys.floats.map(|floats| floats / width.max(1))
            }
            _ => Extent::Fixed(1),
        }
    }
}

/// A tensor at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Where it is.
    pub place: Place,
    /// How many floats it has.
    pub floats: Extent,
}

/// What was decided for a recurrent layer, and why.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Index into the plan's layers.
    pub layer: usize,
    /// The kernel's size class.
    pub class: &'static str,
    /// Whether time is straight-line code.
    pub unrolled: bool,
    /// Why.
    pub reason: String,
}

impl Plan {
    /// What rows of weights are stored as; floats where no kernel stores anything else.
    #[must_use]
    pub fn storage(&self) -> Storage {
        let storages = self.segments.iter().map(|segment| segment.packing.storage());
        storages.max_by_key(|storage| storage.per_float()).unwrap_or_default()
    }

    /// Floats of all packed weights, padding included.
    #[must_use]
    pub fn packed_length(&self) -> usize {
        self.segments.last().map_or(0, |last| round_up(last.offset + last.packing.length))
    }

    /// The states that are kept from one call to the next.
    pub fn stateful(&self) -> impl Iterator<Item = &State> {
        self.states.iter().filter(|state| state.stateful)
    }

    /// Floats that a stream carries from frame to frame, beside its count of frames.
    #[must_use]
    pub fn carried_floats(&self) -> usize {
        self.states.iter().filter(|state| state.carried).map(|state| state.floats).sum()
    }

    /// How it runs as a stream.
    ///
    /// # Errors
    /// Where it can't: the reason.
    pub fn streaming(&self) -> Result<&Streams, &NoStream> {
        self.streaming.as_ref()
    }

    /// Working memory of the generated functions.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.memory
    }

    /// What the model reads.
    #[must_use]
    pub fn inputs(&self) -> &[Endpoint] {
        &self.inputs
    }

    /// What the model answers.
    #[must_use]
    pub fn outputs(&self) -> &[Endpoint] {
        &self.outputs
    }

    /// Whether it reads and answers one tensor each: these stand for themselves in the generated code, several are
    /// the fields of a type.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.inputs.len() == 1 && self.outputs.len() == 1
    }

    /// Whether a whole sample of inputs is a type that borrows slices: of several inputs where one has free timesteps and
    /// the model can't run frame by frame.
    #[must_use]
    pub fn borrows_inputs(&self) -> bool {
        self.lends(&self.inputs)
    }

    /// Whether the outputs of a whole sample are.
    #[must_use]
    pub fn borrows_outputs(&self) -> bool {
        self.lends(&self.outputs)
    }

    /// Whether either is, so that the model has the functions of `Model` as its own.
    #[must_use]
    pub fn borrows(&self) -> bool {
        self.borrows_inputs() || self.borrows_outputs()
    }

    fn lends(&self, ends: &[Endpoint]) -> bool {
        let is_free = |end: &Endpoint| lengths::is_free(&end.axes);
        matches!(self.forward, Forward::Whole(_)) && ends.len() > 1 && ends.iter().any(is_free)
    }

    /// The timesteps of the first input, where those of all inputs are fixed.
    #[must_use]
    pub fn timesteps(&self) -> Option<usize> {
        if self.inputs.iter().any(|input| lengths::is_free(&input.axes)) {
            return None;
        }
        self.inputs.first()?.axes.first().and_then(|axis| lowered::fixed(*axis).ok())
    }

    /// The time loops, with what was decided about them.
    #[must_use]
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// Packs the weights: `tensor(node, index)` gives a node's tensor as Keras stores it.
    pub fn pack<'a, R: Packed>(&self, mut tensor: impl FnMut(usize, usize) -> Option<&'a [R]>) -> Vec<R> {
        let mut packed = vec![R::of(0.0); self.packed_length()];
        for segment in &self.segments {
            let tensors: Vec<&[R]> = (segment.first_tensor..).map_while(|index| tensor(segment.node, index)).collect();
            let floats = segment.packing.run(&tensors);
            packed[segment.offset..segment.offset + floats.len()].copy_from_slice(&floats);
        }
        packed
    }
}

impl Plan {
    /// The packed weights as they lie in memory, little-endian.
    #[must_use]
    pub fn packed_bytes(&self, bound: &BoundWeights, precision: Precision) -> Vec<u8> {
        match precision {
            Precision::Single => {
                let packed = self.pack(|node, index| bound.node(node).get(index).map(|weight| &*weight.values));
                packed.into_iter().flat_map(f32::to_le_bytes).collect()
            }
            Precision::Double => {
                let wide: Vec<Vec<_>> = (0..bound.len())
                    .map(|node| bound.node(node).iter().map(|weight| weight.values.wide()).collect())
                    .collect();
                let packed = self.pack(|node, index| wide.get(node)?.get(index).map(|values| &**values));
                packed.into_iter().flat_map(f64::to_le_bytes).collect()
            }
        }
    }
}

/// Segments begin at multiples of a cache line: 16 floats.
pub(crate) const fn round_up(floats: usize) -> usize {
    floats.next_multiple_of(16)
}
