//! Calls of a stream's step that don't run with each frame, and what is kept of earlier frames for them.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::body::{Arguments, Body};
use super::rows::Rows;
use super::tokens::{name, size};
use crate::plan::clock::Clock;
use crate::plan::lowered::{Argument, Call, Fold, Window};
use crate::plan::{Kept, Stage, Step};

/// Whether something of this clock, which is never negative here, is there with the frame at hand.
pub(super) fn is_due(clock: &Clock) -> TokenStream {
    let begins = clock.begins();
    let rates = clock.rates.iter().map(|rate| {
        let (every, delay) = (size(rate.every), frame(rate.delay));
        quote!(state.clock.is_due::<#every, #delay>())
    });
    let any = quote!(#(#rates)||*);
    if clock.rates.iter().all(|rate| rate.delay == begins) {
        return any;
    }
    let from = frame(begins);
    quote!(state.clock.is_due::<1, #from>() && (#any))
}

/// Whether both run with the same frames.
pub(super) fn together(left: &Step, right: &Step) -> bool {
    left.clock.as_ref().map(|clock| &clock.rates) == right.clock.as_ref().map(|clock| &clock.rates)
}

fn frame(delay: isize) -> Literal {
    size(delay.unsigned_abs())
}

/// Whether what the step of this index makes is read behind the block of calls that ends before `end`.
pub(super) fn outlives(stage: &Stage, index: usize, end: usize) -> bool {
    let step = &stage.steps[index];
    let mut later = stage.steps[end..].iter();
    // A buffer may hold another tensor from some step on.
    let mut is_same = true;
    later.any(|other| {
        let reads = is_same && other.inputs.iter().any(|input| holds(step, input.place));
        is_same &= other.output.place != step.output.place || reads;
        reads
    })
}

/// Whether the step's result, or a state that it begins, is there.
fn holds(step: &Step, place: crate::plan::Place) -> bool {
    use crate::plan::Place::{Buffer, Input, Output, State};
    match (place, step.output.place) {
        (Buffer(number), Buffer(own)) => number == own,
        (State { number, .. }, _) => {
            let n_states = step.operation.as_ref().map_or(0, |operation| match operation {
                crate::plan::lowered::Operation::Recurrent(recurrent) => recurrent.directions.len(),
                _ => 0,
            });
            (step.state..step.state + n_states).contains(&number)
        }
        (Input(_) | Output(_) | Buffer(_), _) => false,
    }
}

/// The rows of a state.
fn rows(body: &Body<'_>, state: usize) -> TokenStream {
    let field = name(&body.plan.states[state].ident);
    quote!(state.#field)
}

/// Puts a row to those that are kept, or brings one back.
pub(super) fn kept(body: &mut Body<'_>, step: &Step) -> TokenStream {
    let width = step.input().floats.amount();
    match step.kept {
        Some(Kept::Put(state)) => {
            let (rows, row) = (rows(body, state), body.tensor(step.input().place).read_array(width));
            quote!(#rows.put(#row);)
        }
        Some(Kept::Read { state, back }) => {
            let (declare, output) = body.output(step, width);
            let (rows, back, output) = (rows(body, state), size(back), output.write_flat());
            quote!(#declare buffers::copy(#rows.row(#back), #output);)
        }
        None => TokenStream::new(),
    }
}

/// One row from the window that ends with the frame at hand.
pub(super) fn window(body: &mut Body<'_>, step: &Step, window: &Window) -> TokenStream {
    let features = window.features;
    let (call, take, input) = match step.kept {
        Some(Kept::Read { state, back }) => {
            let (call, function) = taken(window);
            let (rows, back) = (rows(body, state), size(back));
            let (taps, dilation) = (size(window.reach.taps), size(window.reach.dilation));
            let take = quote!(let window = #rows.#function::<#taps, #dilation>(#back););
            (call, take, Rows::array_of_rows(&name("window"), features))
        }
        Some(Kept::Put(_)) | None => (window.row.clone(), TokenStream::new(), body.tensor(step.input().place)),
    };
    let (declare, output) = body.output(step, window.output);
    let call = match &call {
        Some(call) => {
            let (weights, inputs) = (body.weights(step, 0), std::slice::from_ref(&input));
            Arguments { call, weights, inputs, output: &output, widths: (features, window.output) }.at_once()
        }
        None => {
            let (input, output) = (input.read_flat(), output.write_flat());
            quote!(buffers::copy(#input, #output);)
        }
    };
    if take.is_empty() { quote!(#declare #call) } else { quote!(#declare { #take #call }) }
}

/// The call with a window of rows that were kept: as references to them where it takes these, else side by side.
fn taken(window: &Window) -> (Option<Call>, Ident) {
    let mut call = window.row.clone();
    let arguments = call.iter_mut().flat_map(|call| &mut call.arguments);
    let taps: Vec<&mut Argument> = arguments.filter(|argument| matches!(argument, Argument::Taps)).collect();
    let function = name(if taps.is_empty() { "window" } else { "taps" });
    taps.into_iter().for_each(|argument| *argument = Argument::Value(quote!(window)));
    (call, function)
}

/// One more row of all.
pub(super) fn fold(body: &mut Body<'_>, step: &Step, fold: &Fold) -> TokenStream {
    let row = body.tensor(step.input().place).read_array(fold.features);
    let (state, function) = (rows(body, step.state), &fold.function);
    let (declare, output) = body.output(step, fold.features);
    let output = output.write_array(fold.features);
    quote!(#declare #function(isa, &mut #state, #row, #output);)
}
