//! `SimpleRNNCell`, `LSTMCell`, `GRUCell`: what `RNN` takes for one step, or a text calls with states,
//! `y, [h, c] = cell(x, [h, c])`. Their formulas are those of the layers; `cells/called.rs` is the call.
//!
//! <https://keras.io/api/layers/recurrent_layers/>. Differences to Keras: a call reads samples of one axis, as many states as
//! the cell has, and of their shapes (Keras ignores further states, and repeats sizes of 1).

mod called;

use std::rc::Rc;

use crate::arguments::Arguments;
use crate::declaration::Declaration;
use crate::layer::{Layer, LayerInstance, Recurrence, StepMasking};
use crate::layers::gru::Gru;
use crate::layers::lstm::Lstm;
use crate::layers::recurrent::activation_of;
use crate::layers::recurrent::arguments::{
    ACTIVATION, BIAS_CONSTRAINT, BIAS_INITIALIZER, BIAS_REGULARIZER, DROPOUT, IMPLEMENTATION, KERNEL_CONSTRAINT,
    KERNEL_INITIALIZER, KERNEL_REGULARIZER, RECURRENT_ACTIVATION, RECURRENT_CONSTRAINT, RECURRENT_DROPOUT,
    RECURRENT_INITIALIZER, RECURRENT_REGULARIZER, RESET_AFTER, SEED, UNIT_FORGET_BIAS, UNITS, USE_BIAS,
};
use crate::layers::recurrent::layer::Recurrent;
use crate::layers::simple_rnn::SimpleRnn;
use crate::plan::kernels::recurrent::CellKind;

pub(crate) use called::Cell;

/// `SimpleRNNCell`.
pub(crate) const SIMPLE_RNN_CELL: Declaration = Declaration {
    class: "SimpleRNNCell",
    aliases: &[],
    base_name: "simple_rnn_cell",
    summary: "One step of a `SimpleRNN`, for `RNN` or a call of its own.",
    details: "`h' = activation(x·kernel + h·recurrent_kernel + bias)`. Called by itself: `y, [h] = cell(x, [h])`.\n\n\
              Weights: `kernel` (features, units), `recurrent_kernel` (units, units), `bias` (units).",
    arguments: &[
        UNITS,
        ACTIVATION,
        USE_BIAS,
        KERNEL_INITIALIZER,
        RECURRENT_INITIALIZER,
        BIAS_INITIALIZER,
        KERNEL_REGULARIZER,
        RECURRENT_REGULARIZER,
        BIAS_REGULARIZER,
        KERNEL_CONSTRAINT,
        RECURRENT_CONSTRAINT,
        BIAS_CONSTRAINT,
        DROPOUT,
        RECURRENT_DROPOUT,
        SEED,
    ],
    takes_common: true,
    build: |arguments| {
        let activation = activation_of(arguments, "activation")?;
        let simple_rnn =
            SimpleRnn { flags: one_step(arguments, 1), activation, use_bias: arguments.boolean("use_bias") };
        Some(Box::new(Cell { declaration: &SIMPLE_RNN_CELL, step: Step::SimpleRnn(simple_rnn) }))
    },
};

/// `LSTMCell`.
pub(crate) const LSTM_CELL: Declaration = Declaration {
    class: "LSTMCell",
    aliases: &[],
    base_name: "lstm_cell",
    summary: "One step of an `LSTM`, for `RNN` or a call of its own.",
    details: "The step of `LSTM`, with the states h and c. Called by itself: `y, [h, c] = cell(x, [h, c])`.\n\n\
              Weights: `kernel` (features, 4·units), `recurrent_kernel` (units, 4·units), `bias` (4·units); column \
              blocks i, f, c, o.",
    arguments: &[
        UNITS,
        ACTIVATION,
        RECURRENT_ACTIVATION,
        USE_BIAS,
        KERNEL_INITIALIZER,
        RECURRENT_INITIALIZER,
        BIAS_INITIALIZER,
        UNIT_FORGET_BIAS,
        KERNEL_REGULARIZER,
        RECURRENT_REGULARIZER,
        BIAS_REGULARIZER,
        KERNEL_CONSTRAINT,
        RECURRENT_CONSTRAINT,
        BIAS_CONSTRAINT,
        DROPOUT,
        RECURRENT_DROPOUT,
        SEED,
        IMPLEMENTATION,
    ],
    takes_common: true,
    build: |arguments| {
        let lstm = Lstm {
            activation: activation_of(arguments, "activation")?,
            recurrent_activation: activation_of(arguments, "recurrent_activation")?,
            flags: one_step(arguments, 2),
            use_bias: arguments.boolean("use_bias"),
        };
        Some(Box::new(Cell { declaration: &LSTM_CELL, step: Step::Lstm(lstm) }))
    },
};

/// `GRUCell`.
pub(crate) const GRU_CELL: Declaration = Declaration {
    class: "GRUCell",
    aliases: &[],
    base_name: "gru_cell",
    summary: "One step of a `GRU`, for `RNN` or a call of its own.",
    details: "The step of `GRU`. Called by itself: `y, [h] = cell(x, [h])`.\n\n\
              Weights: `kernel` (features, 3·units), `recurrent_kernel` (units, 3·units), `bias` (2, 3·units), or \
              (3·units) with `reset_after=False`; column blocks z, r, h.",
    arguments: &[
        UNITS,
        ACTIVATION,
        RECURRENT_ACTIVATION,
        USE_BIAS,
        KERNEL_INITIALIZER,
        RECURRENT_INITIALIZER,
        BIAS_INITIALIZER,
        KERNEL_REGULARIZER,
        RECURRENT_REGULARIZER,
        BIAS_REGULARIZER,
        KERNEL_CONSTRAINT,
        RECURRENT_CONSTRAINT,
        BIAS_CONSTRAINT,
        DROPOUT,
        RECURRENT_DROPOUT,
        RESET_AFTER,
        SEED,
        IMPLEMENTATION,
    ],
    takes_common: true,
    build: |arguments| {
        let gru = Gru {
            activation: activation_of(arguments, "activation")?,
            recurrent_activation: activation_of(arguments, "recurrent_activation")?,
            flags: one_step(arguments, 1),
            use_bias: arguments.boolean("use_bias"),
            reset_after: arguments.boolean("reset_after"),
        };
        Some(Box::new(Cell { declaration: &GRU_CELL, step: Step::Gru(gru) }))
    },
};

/// The flags of the layer that walks with this cell alone.
fn one_step(arguments: &Arguments<'_>, n_states: usize) -> Recurrence {
    Recurrence {
        units: arguments.positive("units"),
        return_sequences: false,
        go_backwards: false,
        stateful: false,
        unroll: None,
        return_state: false,
        n_states,
        masking: StepMasking::default(),
    }
}

/// What a value must be to be taken for one step.
#[derive(Debug)]
pub enum StepOf<'a> {
    /// One cell, which makes the layer that walks with it and has these flags.
    One(&'a Step),
    /// Several cells, each reading what the one before it gives.
    Several(&'a [Rc<LayerInstance>]),
}

/// A cell's step, as the layer that would walk with it.
#[derive(Clone, Debug)]
pub enum Step {
    /// Of a `SimpleRNN`.
    SimpleRnn(SimpleRnn),
    /// Of an `LSTM`.
    Lstm(Lstm),
    /// Of a `GRU`.
    Gru(Gru),
}

impl Step {
    /// The flags of the layer.
    #[must_use]
    pub fn flags(&self) -> Recurrence {
        match self {
            Self::SimpleRnn(layer) => layer.flags,
            Self::Lstm(layer) => layer.flags,
            Self::Gru(layer) => layer.flags,
        }
    }

    /// The kernel.
    #[must_use]
    pub(crate) fn kind(&self) -> CellKind {
        match self {
            Self::SimpleRnn(layer) => layer.kind(),
            Self::Lstm(layer) => layer.kind(),
            Self::Gru(layer) => layer.kind(),
        }
    }

    /// The layer with these flags.
    #[must_use]
    pub fn layer(&self, flags: Recurrence) -> Box<dyn Layer> {
        match self {
            Self::SimpleRnn(layer) => Box::new(SimpleRnn { flags, ..layer.clone() }),
            Self::Lstm(layer) => Box::new(Lstm { flags, ..layer.clone() }),
            Self::Gru(layer) => Box::new(Gru { flags, ..layer.clone() }),
        }
    }
}
