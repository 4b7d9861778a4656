//! The loop over time, written once for all cells: which step comes next, where its result goes, and whether the inputs'
//! part of the gate sums is computed for many steps at once beforehand.

use super::simd::{Float, Isa, Program};
use core::marker::PhantomData;

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

/// Which steps of a sequence count, and what the others put out.
pub(super) trait Kept: Copy {
    /// Whether the step at this place of the input does; one that does not leaves the state as it is.
    fn keeps(self, place: usize) -> bool;
    /// Whether zeros are the output of a masked step.
    fn zeros(self, any_kept: bool) -> bool;
}

/// Every step counts.
#[derive(Clone, Copy)]
pub(super) struct All;

impl Kept for All {
    #[inline(always)]
    fn keeps(self, _place: usize) -> bool {
        true
    }

    #[inline(always)]
    fn zeros(self, _any_kept: bool) -> bool {
        false
    }
}

/// The steps count whose value is not 0.
#[derive(Clone, Copy)]
pub(super) struct Masked<'a, M> {
    mask: &'a [Float],
    rule: PhantomData<M>,
}

impl<'a, M> Masked<'a, M> {
    /// The steps of this mask.
    #[inline(always)]
    pub(super) const fn by(mask: &'a [Float]) -> Self {
        Self { mask, rule: PhantomData }
    }
}

impl<M: AtMasked> Kept for Masked<'_, M> {
    #[inline(always)]
    fn keeps(self, place: usize) -> bool {
        self.mask.get(place).is_some_and(|kept| *kept != 0.0)
    }

    #[inline(always)]
    fn zeros(self, any_kept: bool) -> bool {
        M::ZEROS || (M::ZEROS_BEFORE && !any_kept)
    }
}

/// What a masked step puts out; its state is always the one before.
pub trait AtMasked: Copy {
    /// Zeros.
    const ZEROS: bool;
    /// Zeros up to the first step that counts.
    const ZEROS_BEFORE: bool;
}

/// The output before; at first the state that the sequence begins with.
#[derive(Clone, Copy, Debug)]
pub struct Repeat;

/// Zeros.
#[derive(Clone, Copy, Debug)]
pub struct Zero;

/// Zeros up to the first step that counts, then the output before.
#[derive(Clone, Copy, Debug)]
pub struct ZeroBefore;

impl AtMasked for Repeat {
    const ZEROS: bool = false;
    const ZEROS_BEFORE: bool = false;
}
impl AtMasked for Zero {
    const ZEROS: bool = true;
    const ZEROS_BEFORE: bool = true;
}
impl AtMasked for ZeroBefore {
    const ZEROS: bool = false;
    const ZEROS_BEFORE: bool = true;
}

/// What a step starts from.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    /// The inputs' part of the gate sums, bias included, if it was computed beforehand.
    pub(super) product: Option<&'a [Float]>,
    /// The inputs otherwise.
    pub(super) input: &'a [Float],
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
    /// The inputs' part, bias included, for the `steps` steps of `input`.
    fn project<I: Isa>(self, isa: I, input: &[Float], steps: usize, product: &mut [Float]);
    /// Whether a step is a call of its own.
    ///
    /// Within a loop the compiler keeps the activations' constants in registers; where the sums need them all, it would
    /// move sums to memory in every step.
    fn is_apart<I: Isa>(form: Form) -> bool;
    /// One step: from its part of the product if there is one, else from its input.
    fn step<I: Isa>(self, isa: I, state: &mut Self::State, from: Start<'_>);
    /// The last output, at least as many floats as there are units.
    fn hidden(state: &Self::State) -> &[Float];
}

/// How steps are written down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Any number of them, in a loop.
    Loop,
    /// A single one.
    Single,
    /// A single one, before and behind others of the same cell.
    Unrolled,
}

/// What the code of a journey knows before it runs. Code that layers share reads it.
#[derive(Clone, Copy)]
pub(super) struct Way {
    /// How steps are written down.
    form: Form,
    /// See [`Walk::BACKWARD`].
    backward: bool,
    /// See [`Walk::ALIGNED`].
    aligned: bool,
    /// Floats of a row of results.
    row: usize,
    /// Where in its row a result begins.
    offset: usize,
}

impl Way {
    /// One step by itself.
    pub(super) const SINGLE: &Way = &Way { form: Form::Single, backward: false, aligned: true, row: 0, offset: 0 };
    /// One step before and behind others of the same cell.
    pub(super) const UNROLLED: &Way = &Way { form: Form::Unrolled, ..*Way::SINGLE };
}

/// The steps of a sequence: where they come from, in which order, where the results go.
pub(super) struct Journey<'a, K> {
    /// Scratch for the inputs' part of the gate sums, of any length.
    product: &'a mut [Float],
    /// All inputs.
    input: &'a [Float],
    /// How many steps there are.
    steps: usize,
    /// What is known of it beforehand.
    way: &'static Way,
    /// Where every step's output goes; without it only the state is left.
    results: Option<&'a mut [Float]>,
    /// Which steps count.
    kept: K,
}

impl<'a> Journey<'a, All> {
    /// One step that leaves its output in the state.
    #[inline(always)]
    pub(super) fn of_one(input: &'a [Float], way: &'static Way) -> Self {
        Journey { product: &mut [], input, steps: 1, way, results: None, kept: All }
    }
}

impl<'a, K: Kept> Journey<'a, K> {
    /// All steps of `F` features in the order `W`; results go into rows of `ROW` floats, from `OFFSET` on.
    #[inline(always)]
    pub(super) fn along<W: Walk, const F: usize, const ROW: usize, const OFFSET: usize>(
        product: &'a mut [Float],
        input: &'a [[Float; F]],
        results: Option<&'a mut [[Float; ROW]]>,
        kept: K,
    ) -> Self {
        let way =
            const { &Way { form: Form::Loop, backward: W::BACKWARD, aligned: W::ALIGNED, row: ROW, offset: OFFSET } };
        let results = results.map(<[[Float; ROW]]>::as_flattened_mut);
        Journey { product, input: input.as_flattened(), steps: input.len(), way, results, kept }
    }
}

/// A whole sequence through one cell.
pub(super) struct Drive<'a, 'b, C: Recurrence, K> {
    pub(super) cell: C,
    pub(super) state: &'a mut C::State,
    pub(super) journey: Journey<'b, K>,
}

impl<C: Recurrence, K: Kept> Program for Drive<'_, '_, C, K> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Drive { cell, state, journey } = self;
        let Journey { product, input, steps, way, mut results, kept } = journey;
        let (features, units) = (cell.features(), cell.units());
        let row = cell.product_row();
        let product = if product.len() < 2 * row { product } else { from_line(product) };
        let chunk = if row == 0 { 0 } else { product.len() / row };
        let chunk = if chunk < 2 { 0 } else { chunk };
        let (mut done, mut any_kept) = (0, false);
        while done < steps {
            let count = if chunk == 0 { steps } else { (steps - done).min(chunk) };
            let first = if way.backward { steps - done - count } else { done };
            let Some(input) = input.get(first * features..(first + count) * features) else { return };
            // A product of one step would only be written to be read back.
            let ahead = chunk != 0 && count > 1;
            if ahead {
                let Some(to) = product.get_mut(..count * row) else { return };
                cell.project(isa, input, count, to);
            }
            for index in 0..count {
                let place = if way.backward { count - 1 - index } else { index };
                let at = way.row * if way.aligned { first + place } else { done + index } + way.offset;
                let result = results.as_mut().and_then(|results| results.get_mut(at..at + units));
                if !kept.keeps(first + place) {
                    if let Some(result) = result {
                        if kept.zeros(any_kept) {
                            result.fill(0.0);
                        } else {
                            put(result, C::hidden(state));
                        }
                    }
                    continue;
                }
                any_kept = true;
                let (values, length) = if ahead { (&*product, row) } else { (input, features) };
                let Some(from) = values.get(place * length..(place + 1) * length) else { return };
                let turned = (done + index) % 2 == 1;
                let from = if ahead {
                    Start { product: Some(from), input: &[], turned }
                } else {
                    Start { product: None, input: from, turned }
                };
                if C::is_apart::<I>(way.form) {
                    isa.outline(Once { cell, state: &mut *state, from });
                } else {
                    cell.step(isa, state, from);
                }
                if let Some(result) = result {
                    put(result, C::hidden(state));
                }
            }
            done += count;
        }
    }
}

/// Puts an output where it goes.
#[inline(always)]
fn put(result: &mut [Float], hidden: &[Float]) {
    if let Some(hidden) = hidden.get(..result.len()) {
        result.copy_from_slice(hidden);
    }
}

/// The floats from the first cache line on, so that no vector of a product lies in two of them.
#[inline(always)]
fn from_line(values: &mut [Float]) -> &mut [Float] {
    let before = values.as_ptr().align_offset(64);
    values.get_mut(before..).unwrap_or_default()
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
    fn drive<I: Isa, K: Kept>(isa: I, weights: &[Float], state: &mut Self::State, journey: Journey<'_, K>);
}

/// The functions that generated code calls, the same for every recurrent layer.
macro_rules! recurrent_layer {
    ($name:ident<$($activation:ident),*>, $state:ident) => {
        #[allow(private_bounds, reason = "the classes of a layer are this crate's own")]
        impl<const F: usize, const U: usize, const LINES: usize, $($activation,)* C> $name<F, U, LINES, $($activation,)* C>
        where
            Self: super::drive::Layer<State = super::state::$state<LINES>>,
        {
            /// One step; the result is `state.h`.
            ///
            /// - `weights`: the layer's packed segment
            /// - `input`: one input, shape `[F]`
            #[inline(always)]
            pub fn step<I: super::simd::Isa>(
                isa: I,
                weights: &[Float],
                state: &mut super::state::$state<LINES>,
                input: &[Float; F],
            ) {
                let journey = super::drive::Journey::of_one(input, super::drive::Way::SINGLE);
                <Self as super::drive::Layer>::drive(isa, weights, state, journey);
            }

            /// One step of several that are written down one after the other; the result is `state.h`.
            ///
            /// - `weights`: the layer's packed segment
            /// - `input`: one input, shape `[F]`
            #[inline(always)]
            pub fn unrolled_step<I: super::simd::Isa>(
                isa: I,
                weights: &[Float],
                state: &mut super::state::$state<LINES>,
                input: &[Float; F],
            ) {
                let journey = super::drive::Journey::of_one(input, super::drive::Way::UNROLLED);
                <Self as super::drive::Layer>::drive(isa, weights, state, journey);
            }

            /// One step of every row, each from the states that it gives.
            ///
            /// - `weights`: the cell's packed segment
            /// - `inputs`: the rows `[F]`, then each state's rows `[U]`, all flat
            /// - `output`: rows of all states side by side, the cell's output first, flat
            #[inline(always)]
            pub fn call<I: super::simd::Isa, const N: usize>(
                isa: I,
                weights: &[Float],
                inputs: [&[Float]; N],
                output: &mut [Float],
            ) {
                super::called::rows::<I, Self, F, U, N>(isa, weights, inputs, output);
            }

            /// All steps in the order `W`; the result of the last is `state.h`.
            ///
            /// - `product`: scratch of any length; the longer, the more steps have their inputs' part computed at once
            #[inline(always)]
            pub fn last<I: super::simd::Isa, W: super::Walk>(
                isa: I,
                weights: &[Float],
                state: &mut super::state::$state<LINES>,
                product: &mut [Float],
                input: &[[Float; F]],
            ) {
                let journey = super::drive::Journey::along::<W, F, 0, 0>(product, input, None, super::drive::All);
                <Self as super::drive::Layer>::drive(isa, weights, state, journey);
            }

            /// All steps in the order `W`; each step's output goes into a row of `output`, from `OFFSET` on.
            #[inline(always)]
            pub fn sequence<I: super::simd::Isa, W: super::Walk, const ROW: usize, const OFFSET: usize>(
                isa: I,
                weights: &[Float],
                state: &mut super::state::$state<LINES>,
                product: &mut [Float],
                input: &[[Float; F]],
                output: &mut [[Float; ROW]],
            ) {
                const { assert!(OFFSET + U <= ROW, "a row does not hold the units") };
                let journey = super::drive::Journey::along::<W, F, ROW, OFFSET>(product, input, Some(output), super::drive::All);
                <Self as super::drive::Layer>::drive(isa, weights, state, journey);
            }

            /// As `last`; steps whose value in `mask` is 0 leave the state as it is.
            #[inline(always)]
            pub fn last_masked<I: super::simd::Isa, W: super::Walk>(
                isa: I,
                weights: &[Float],
                state: &mut super::state::$state<LINES>,
                product: &mut [Float],
                input: &[[Float; F]],
                mask: &[Float],
            ) {
                let journey = super::drive::Journey::along::<W, F, 0, 0>(product, input, None, super::drive::Masked::<super::Repeat>::by(mask));
                <Self as super::drive::Layer>::drive(isa, weights, state, journey);
            }

            /// As `sequence`; steps whose value in `mask` is 0 leave the state as it is and put out what `M` says.
            #[inline(always)]
            pub fn sequence_masked<
                I: super::simd::Isa,
                W: super::Walk,
                M: super::AtMasked,
                const ROW: usize,
                const OFFSET: usize,
            >(
                isa: I,
                weights: &[Float],
                state: &mut super::state::$state<LINES>,
                product: &mut [Float],
                input: &[[Float; F]],
                mask: &[Float],
                output: &mut [[Float; ROW]],
            ) {
                const { assert!(OFFSET + U <= ROW, "a row does not hold the units") };
                let journey = super::drive::Journey::along::<W, F, ROW, OFFSET>(product, input, Some(output), super::drive::Masked::<M>::by(mask));
                <Self as super::drive::Layer>::drive(isa, weights, state, journey);
            }
        }
    };
}
pub(super) use recurrent_layer;
