//! The loop over time, written once for all cells: which step comes next, where its result goes, and whether the inputs'
//! part of the gate sums is computed for many steps at once beforehand.

use crate::simd::{Isa, Program};

/// The order in which a layer takes the steps of a sequence.
pub trait Walk: Copy {
    /// From the last step to the first.
    const BACKWARD: bool;
    /// Whether each result stands at its input's place; else results stand in the order of processing.
    const ALIGNED: bool;
}

/// From the first step to the last.
#[derive(Clone, Copy, Debug)]
pub struct Forward;

/// From the last step to the first, results in the order of processing: Keras's `go_backwards`.
#[derive(Clone, Copy, Debug)]
pub struct Backward;

/// From the last step to the first, each result at its input's place: the backward half of `Bidirectional`.
#[derive(Clone, Copy, Debug)]
pub struct BackwardAligned;

impl Walk for Forward {
    const BACKWARD: bool = false;
    const ALIGNED: bool = true;
}
impl Walk for Backward {
    const BACKWARD: bool = true;
    const ALIGNED: bool = false;
}
impl Walk for BackwardAligned {
    const BACKWARD: bool = true;
    const ALIGNED: bool = true;
}

/// What a step starts from.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    /// The inputs' part of the gate sums, bias included, if it was computed beforehand.
    pub(super) product: Option<&'a [f32]>,
    /// The inputs otherwise.
    pub(super) input: &'a [f32],
    /// Asks for the weights in descending order of panels, which changes no bits: alternating, each step finds in the
    /// cache what the one before read last.
    pub(super) turned: bool,
}

/// A cell with its packed weights and shape.
pub(super) trait Recurrence: Copy {
    /// What it carries from step to step.
    type State;
    /// Features of one input.
    fn features(self) -> usize;
    /// Units of one output.
    fn units(self) -> usize;
    /// Floats of the inputs' part of one step's gate sums.
    fn product_row(self) -> usize;
    /// The inputs' part, bias included, for every step of `input`.
    fn project<I: Isa>(self, isa: I, input: &[f32], product: &mut [f32]);
    /// Whether each step of a sequence is a call of its own. Within a loop the compiler keeps the activations' constants
    /// in registers; where the sums need them all, it would move sums to memory in every step.
    const APART: bool;
    /// One step: from its part of the product if there is one, else from its input.
    fn step<I: Isa>(self, isa: I, state: &mut Self::State, from: Start<'_>);
    /// The last output, at least as many floats as there are units.
    fn hidden(state: &Self::State) -> &[f32];
}

/// Where a sequence's results go: rows of `row` floats, into each from `offset` on.
pub(super) struct Results<'a> {
    pub(super) values: &'a mut [f32],
    pub(super) row: usize,
    pub(super) offset: usize,
}

impl Results<'_> {
    /// Puts one output into its row.
    #[inline(always)]
    fn put(&mut self, row: usize, hidden: &[f32], units: usize) {
        let start = row * self.row + self.offset;
        if let (Some(to), Some(from)) = (self.values.get_mut(start..start + units), hidden.get(..units)) {
            to.copy_from_slice(from);
        }
    }
}

/// The steps of a sequence: where they come from, in which order, where the results go.
pub(super) struct Journey<'a> {
    /// Scratch for the inputs' part of the gate sums, of any length.
    pub(super) product: &'a mut [f32],
    /// All inputs.
    pub(super) input: &'a [f32],
    /// How many steps there are.
    pub(super) steps: usize,
    /// See [`Walk::BACKWARD`].
    pub(super) backward: bool,
    /// See [`Walk::ALIGNED`].
    pub(super) aligned: bool,
    /// Where every step's output goes; without it only the state is left.
    pub(super) results: Option<Results<'a>>,
}

/// A whole sequence through one cell.
pub(super) struct Drive<'a, 'b, C: Recurrence> {
    pub(super) cell: C,
    pub(super) state: &'a mut C::State,
    pub(super) journey: Journey<'b>,
}

impl<C: Recurrence> Program for Drive<'_, '_, C> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Drive { cell, state, journey } = self;
        let Journey { product, input, steps, backward, aligned, mut results } = journey;
        let features = cell.features();
        let row = cell.product_row();
        let chunk = if row == 0 { 0 } else { product.len() / row };
        let chunk = if chunk < 2 { 0 } else { chunk };
        let mut done = 0;
        while done < steps {
            let count = if chunk == 0 { steps } else { (steps - done).min(chunk) };
            let first = if backward { steps - done - count } else { done };
            // A product of one step would only be written to be read back.
            let ahead = chunk != 0 && count > 1;
            if ahead {
                let (Some(from), Some(to)) =
                    (input.get(first * features..(first + count) * features), product.get_mut(..count * row))
                else {
                    return;
                };
                cell.project(isa, from, to);
            }
            for index in 0..count {
                let place = if backward { count - 1 - index } else { index };
                let turned = (done + index) % 2 == 1;
                let from = if !ahead {
                    let start = (first + place) * features;
                    let Some(input) = input.get(start..start + features) else { return };
                    Start { product: None, input, turned }
                } else {
                    let product = product.get(place * row..(place + 1) * row);
                    Start { product, input: &[], turned }
                };
                if C::APART && steps > 1 {
                    isa.outline(Once { cell, state: &mut *state, from });
                } else {
                    cell.step(isa, state, from);
                }
                if let Some(results) = &mut results {
                    let at = if aligned { first + place } else { done + index };
                    results.put(at, C::hidden(state), cell.units());
                }
            }
            done += count;
        }
    }
}

/// One step.
struct Once<'a, 'b, C: Recurrence> {
    cell: C,
    state: &'a mut C::State,
    from: Start<'b>,
}

impl<C: Recurrence> Program for Once<'_, '_, C> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        self.cell.step(isa, self.state, self.from);
    }
}

/// A recurrent layer with its shape and size class in its type.
pub(super) trait Layer {
    /// What it carries from step to step.
    type State;
    /// Takes the journey.
    fn drive<I: Isa>(isa: I, weights: &[f32], state: &mut Self::State, journey: Journey<'_>);
}

/// The functions that generated code calls, the same for every recurrent layer.
macro_rules! recurrent_layer {
    ($name:ident<$($activation:ident),*>, $state:ident) => {
        #[allow(private_bounds, reason = "the classes of a layer are this crate's own")]
        impl<const F: usize, const U: usize, const LINES: usize, $($activation,)* C> $name<F, U, LINES, $($activation,)* C>
        where
            Self: $crate::kernels::drive::Layer<State = $crate::state::$state<LINES>>,
        {
            /// One step; the result is `state.h`.
            ///
            /// - `weights`: the layer's packed segment
            /// - `input`: one input, shape `[F]`
            #[inline(always)]
            pub fn step<I: $crate::simd::Isa>(
                isa: I,
                weights: &[f32],
                state: &mut $crate::state::$state<LINES>,
                input: &[f32; F],
            ) {
                let journey = $crate::kernels::drive::Journey {
                    product: &mut [],
                    input,
                    steps: 1,
                    backward: false,
                    aligned: true,
                    results: None,
                };
                <Self as $crate::kernels::drive::Layer>::drive(isa, weights, state, journey);
            }

            /// All steps in the order `W`; the result of the last is `state.h`.
            ///
            /// - `product`: scratch of any length; the longer, the more steps have their inputs' part computed at once
            #[inline(always)]
            pub fn last<I: $crate::simd::Isa, W: $crate::kernels::Walk>(
                isa: I,
                weights: &[f32],
                state: &mut $crate::state::$state<LINES>,
                product: &mut [f32],
                input: &[[f32; F]],
            ) {
                let journey = $crate::kernels::drive::Journey {
                    product,
                    input: input.as_flattened(),
                    steps: input.len(),
                    backward: W::BACKWARD,
                    aligned: W::ALIGNED,
                    results: None,
                };
                <Self as $crate::kernels::drive::Layer>::drive(isa, weights, state, journey);
            }

            /// All steps in the order `W`; each step's output goes into a row of `output`, from `OFFSET` on.
            #[inline(always)]
            pub fn sequence<I: $crate::simd::Isa, W: $crate::kernels::Walk, const ROW: usize, const OFFSET: usize>(
                isa: I,
                weights: &[f32],
                state: &mut $crate::state::$state<LINES>,
                product: &mut [f32],
                input: &[[f32; F]],
                output: &mut [[f32; ROW]],
            ) {
                const { assert!(OFFSET + U <= ROW, "a row does not hold the units") };
                let results = $crate::kernels::drive::Results {
                    values: output.as_flattened_mut(),
                    row: ROW,
                    offset: OFFSET,
                };
                let journey = $crate::kernels::drive::Journey {
                    product,
                    input: input.as_flattened(),
                    steps: input.len(),
                    backward: W::BACKWARD,
                    aligned: W::ALIGNED,
                    results: Some(results),
                };
                <Self as $crate::kernels::drive::Layer>::drive(isa, weights, state, journey);
            }
        }
    };
}
pub(super) use recurrent_layer;
