//! The kernel of `ConvLSTM1D`: a recurrent cell whose frames are rows of channels.

use quote::quote;

use super::recurrent::with_last;
use super::{elementwise, number};
use crate::activation::Activation;
use crate::layer::Recurrence;
use crate::layers::recurrent::at_masked;
use crate::packing;
use crate::plan::lowered::{Direction, Lowered, Lowering, NoCode, Recurrent, Samples, Walk, Weights};

/// The sizes of a layer.
#[derive(Clone, Copy, Debug)]
pub struct ConvSizes {
    /// Rows of a frame.
    pub rows: usize,
    /// Channels of a row.
    pub channels: usize,
    /// Filters, each a channel of the output.
    pub filters: usize,
    /// Rows of an output.
    pub places: usize,
    /// Rows that a filter reads.
    pub taps: usize,
    /// Stride, dilation, rows before the beginning.
    pub window: [usize; 3],
    /// How many frames; `None` where that is free.
    pub timesteps: Option<usize>,
    /// Whether states to begin with are given.
    pub has_initial: bool,
    /// Whether there is a bias.
    pub use_bias: bool,
}

/// One layer in one direction.
///
/// # Errors
/// Where an activation needs whole rows.
pub fn conv_lstm(
    lowering: &Lowering<'_>,
    sizes: ConvSizes,
    flags: Recurrence,
    activations: [Activation; 2],
) -> Lowered {
    let function = |activation: Activation| elementwise(activation).ok_or(NoCode::RowActivation(activation.name()));
    let (main, gate) = (function(activations[0])?, function(activations[1])?);
    let (features, units) = (sizes.rows * sizes.channels, sizes.places * sizes.filters);
    let lines = units.div_ceil(16);
    let inputs = sizes.taps * sizes.channels;
    let of_state = sizes.taps * sizes.filters;
    let is_sigmoid = activations[1] == Activation::Sigmoid;
    let (from, to, literal) = (number(features), number(units), number(lines));
    let [channels, filters, taps] = [sizes.channels, sizes.filters, sizes.taps].map(number);
    let [stride, dilation, before] = sizes.window.map(number);
    let windows = quote!(kernels::Windows<#channels, #filters, #taps, #stride, #dilation, #before>);
    let direction = Direction {
        name: None,
        cell: quote!(kernels::ConvLstm::<#from, #to, #literal, #main, #gate, #windows>),
        state: quote!(state::LstmState::<#literal>),
        state_floats: lines * 16 * flags.n_states,
        n_states: flags.n_states,
        units,
        walk: if flags.go_backwards { Walk::Backward } else { Walk::Forward },
        weights: Weights::new(packing::conv_lstm([inputs, of_state], sizes.filters, sizes.use_bias, is_sigmoid)),
        product: 0,
        multiply_adds: (4 * units * (inputs + of_state)) as u64,
        step_code: None,
        together: None,
        class: "filters",
    };
    let recurrent = Recurrent {
        features,
        timesteps: sizes.timesteps,
        return_sequences: flags.return_sequences,
        has_initial: sizes.has_initial,
        mask: flags.masking.is_read.then(|| at_masked(flags, sizes.has_initial)),
        unroll: flags.unroll,
        stateful: flags.stateful,
        directions: vec![direction],
        samples: Samples::One,
        leaves_states: false,
        prepare: Vec::new(),
    };
    with_last(recurrent, lowering)
}
