//! The calls of one recurrent layer: whole sequences, single steps, straight-line steps, both directions.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::body::{Body, Mode};
use super::rows::Rows;
use super::tokens::{name, size};
use crate::plan::Step;
use crate::plan::lowered::{AtMasked, Direction, Recurrent, Samples, Walk};

/// One direction with what its calls name.
struct Part<'a> {
    direction: &'a Direction,
    weights: TokenStream,
    /// The state's place: `state.lstm`, or a local.
    state: TokenStream,
    /// Declares the state where it is a local.
    begin: TokenStream,
    /// Where its outputs begin in a row.
    offset: usize,
}

/// What the steps of a sequence are.
struct Steps {
    /// `&[[f32; FEATURES]]`
    frames: TokenStream,
    /// `&[f32]`, where the layer reads a mask.
    mask: Option<TokenStream>,
}

impl Steps {
    fn of(body: &Body<'_>, step: &Step, layer: &Recurrent) -> Self {
        let frames = body.tensor(step.input().place).read(layer.features);
        let mask = layer.mask.and(step.inputs.last()).map(|mask| body.tensor(mask.place).read_flat());
        Self { frames, mask }
    }

    /// Whether the one step at hand counts.
    fn keeps(&self) -> Option<TokenStream> {
        self.mask.as_ref().map(|mask| quote!(kernels::mask::keeps(#mask)))
    }
}

pub(super) fn statements(body: &mut Body<'_>, step: &Step, layer: &Recurrent) -> TokenStream {
    let input = body.tensor(step.input().place);
    let steps = Steps::of(body, step, layer);
    let parts = parts(body, step, layer);
    if layer.samples == Samples::Many {
        return many(body, step, layer, &steps, &parts);
    }
    let is_one_step = body.mode == Mode::Step && step.carried;
    let mut begins: TokenStream = parts.iter().map(|part| part.begin.clone()).collect();
    if body.outlives {
        body.before.extend(std::mem::take(&mut begins));
    }
    let initial = initial(body, step, layer, &parts);
    let run = if is_one_step && layer.answers_zeros() {
        zeros_or_step(body, step, layer, &parts, &input, &steps)
    } else if is_one_step || !layer.return_sequences {
        let runs: TokenStream =
            parts.iter().map(|part| last(body, step, layer, part, (&input, &steps), is_one_step)).collect();
        let keep = keep(body, step, layer, &parts);
        quote!(#runs #keep)
    } else {
        let (declare, output) = body.output(step, layer.width());
        let runs: TokenStream = parts
            .iter()
            .map(|part| {
                if step.unrolled {
                    unrolled_sequence(layer, part, &input, &output)
                } else {
                    sequence(body, layer, part, &steps, &output.write(layer.width()))
                }
            })
            .collect();
        quote!(#declare #runs)
    };
    define_states(body, step, &parts);
    quote!(#begins #initial #run)
}

/// The lines of a state's part: its last output, or an LSTM's cell.
pub(super) fn lines(part: usize) -> Ident {
    name(if part == 0 { "h" } else { "c" })
}

/// Every state of the directions in turn, and its place among those of its own.
fn states_of<'a, 'b>(parts: &'a [Part<'b>]) -> impl Iterator<Item = (&'a Part<'b>, usize)> {
    parts.iter().flat_map(|part| (0..part.direction.n_states).map(move |index| (part, index)))
}

/// Fills the states that the layer begins with.
fn initial(body: &Body<'_>, step: &Step, layer: &Recurrent, parts: &[Part<'_>]) -> TokenStream {
    if !layer.has_initial {
        return TokenStream::new();
    }
    let states = states_of(parts);
    let sets = states.zip(step.inputs.iter().skip(1)).map(|((part, index), given)| {
        let (state, lines) = (&part.state, lines(index));
        let values = body.tensor(given.place).read_array(part.direction.units);
        quote!(#state.#lines.set(#values);)
    });
    sets.collect()
}

/// Where the states are found from now on.
fn define_states(body: &mut Body<'_>, step: &Step, parts: &[Part<'_>]) {
    for (index, part) in parts.iter().enumerate() {
        for place in 0..part.direction.n_states {
            let (state, lines, units) = (&part.state, lines(place), size(part.direction.units));
            let rows = Rows::array(quote!(*#state.#lines.units::<#units>()), part.direction.units, false);
            body.define_state(step.state + index, place, rows);
        }
    }
}

fn parts<'a>(body: &Body<'_>, step: &Step, layer: &'a Recurrent) -> Vec<Part<'a>> {
    let mut offset = 0;
    let mut parts = Vec::new();
    for (index, direction) in layer.directions.iter().enumerate() {
        let state = &body.plan.states[step.state + index];
        let field = name(&state.ident);
        let (place, begin) = if step.carried && body.carries {
            (quote!(state.#field), TokenStream::new())
        } else if step.stateful && body.keeps {
            (quote!(kept.#field), TokenStream::new())
        } else {
            let local = format_ident!("{}_state", state.ident);
            let kind = &state.kind;
            (quote!(#local), quote!(let mut #local = #kind::zero();))
        };
        parts.push(Part { direction, weights: body.weights(step, index), state: place, begin, offset });
        offset += direction.units;
    }
    parts
}

/// `state.h` as an array.
fn hidden(part: &Part<'_>) -> TokenStream {
    let (state, units) = (&part.state, size(part.direction.units));
    quote!(#state.h.units::<#units>())
}

fn walk(direction: &Direction) -> TokenStream {
    match direction.walk {
        Walk::Forward => quote!(kernels::Forward),
        Walk::Backward => quote!(kernels::Backward),
        Walk::BackwardAligned => quote!(kernels::BackwardAligned),
    }
}

fn product(body: &Body<'_>) -> TokenStream {
    if body.has_product { quote!(&mut *product) } else { quote!(&mut []) }
}

/// Runs to the end; the output stays in the state.
fn last(
    body: &Body<'_>,
    step: &Step,
    layer: &Recurrent,
    part: &Part<'_>,
    (input, steps): (&Rows, &Steps),
    is_one_step: bool,
) -> TokenStream {
    let Part { direction, weights, state, .. } = part;
    let cell = &direction.cell;
    if is_one_step {
        let frame = input.read_array(layer.features);
        let run = quote!(#cell::step(isa, #weights, &mut #state, #frame););
        return match steps.keeps() {
            Some(keeps) => quote!(if #keeps { #run }),
            None => run,
        };
    }
    if step.unrolled {
        let frames = input.read_receiver(layer.features);
        let names = frame_names(layer);
        let ordered = in_order(direction, &names);
        return quote! {
            if let ::core::option::Option::Some([#(#names),*]) = #frames.first_chunk() {
                #(#cell::unrolled_step(isa, #weights, &mut #state, #ordered);)*
            }
        };
    }
    last_of(body, part, steps)
}

/// A loop to the end of these steps.
fn last_of(body: &Body<'_>, part: &Part<'_>, steps: &Steps) -> TokenStream {
    let Part { direction, weights, state, .. } = part;
    let (cell, walk, product) = (&direction.cell, walk(direction), product(body));
    let frames = &steps.frames;
    match &steps.mask {
        None => quote!(#cell::last::<_, #walk>(isa, #weights, &mut #state, #product, #frames);),
        Some(mask) => {
            quote!(#cell::last_masked::<_, #walk>(isa, #weights, &mut #state, #product, #frames, #mask);)
        }
    }
}

/// One step whose output is zeros where it is masked.
fn zeros_or_step(
    body: &mut Body<'_>,
    step: &Step,
    layer: &Recurrent,
    parts: &[Part<'_>],
    input: &Rows,
    steps: &Steps,
) -> TokenStream {
    let (declare, output) = body.output(step, layer.width());
    let (row, frame, keeps) = (output.write_flat(), input.read_array(layer.features), steps.keeps());
    let runs = parts.iter().map(|part| {
        let (cell, weights, state) = (&part.direction.cell, &part.weights, &part.state);
        let put = put(part, &row);
        quote!(#cell::step(isa, #weights, &mut #state, #frame); #put)
    });
    quote! {
        #declare
        if #keeps { #(#runs)* } else { kernels::mask::zero(#row); }
    }
}

/// The outputs of both directions side by side; that of a single one stays in its state.
fn keep(body: &mut Body<'_>, step: &Step, layer: &Recurrent, parts: &[Part<'_>]) -> TokenStream {
    if parts.len() == 1 {
        return TokenStream::new();
    }
    let (declare, output) = body.output(step, layer.width());
    let row = output.write_flat();
    let puts = parts.iter().map(|part| put(part, &row));
    quote!(#declare #(#puts)*)
}

fn put(part: &Part<'_>, row: &TokenStream) -> TokenStream {
    let (offset, hidden) = (size(part.offset), hidden(part));
    quote!(buffers::put::<#offset, _>(#hidden, #row);)
}

fn sequence(body: &Body<'_>, layer: &Recurrent, part: &Part<'_>, steps: &Steps, rows: &TokenStream) -> TokenStream {
    let Part { direction, weights, state, offset, .. } = part;
    let (cell, walk, product) = (&direction.cell, walk(direction), product(body));
    let (row, offset, frames) = (size(layer.width()), size(*offset), &steps.frames);
    let (Some(mask), Some(at_masked)) = (&steps.mask, layer.mask) else {
        return quote!(#cell::sequence::<_, #walk, #row, #offset>(isa, #weights, &mut #state, #product, #frames, #rows););
    };
    let rule = match at_masked {
        AtMasked::Repeat => quote!(kernels::Repeat),
        AtMasked::Zero => quote!(kernels::Zero),
        AtMasked::ZeroBefore => quote!(kernels::ZeroBefore),
    };
    let sequence = quote!(#cell::sequence_masked::<_, #walk, #rule, #row, #offset>);
    quote!(#sequence(isa, #weights, &mut #state, #product, #frames, #mask, #rows);)
}

/// Every step by itself, its output put into its row.
fn unrolled_sequence(layer: &Recurrent, part: &Part<'_>, input: &Rows, output: &Rows) -> TokenStream {
    let Part { direction, weights, state, .. } = part;
    let (cell, frames, rows) =
        (&direction.cell, input.read_receiver(layer.features), output.write_receiver(layer.width()));
    let inputs = frame_names(layer);
    let outputs: Vec<_> = (0..inputs.len()).map(|index| format_ident!("row_{index}")).collect();
    let ordered = in_order(direction, &inputs);
    let targets: Vec<_> = match direction.walk {
        Walk::Forward | Walk::Backward => outputs.clone(),
        Walk::BackwardAligned => in_order(direction, &outputs),
    };
    let steps = ordered.iter().zip(&targets).map(|(frame, row)| {
        let put = put(part, &quote!(#row));
        quote!(#cell::unrolled_step(isa, #weights, &mut #state, #frame); #put)
    });
    quote! {
        if let (::core::option::Option::Some([#(#inputs),*]), ::core::option::Option::Some([#(#outputs),*])) =
            (#frames.first_chunk(), <[_]>::first_chunk_mut(#rows))
        {
            #(#steps)*
        }
    }
}

fn frame_names(layer: &Recurrent) -> Vec<proc_macro2::Ident> {
    (0..layer.timesteps.unwrap_or(0)).map(|index| format_ident!("frame_{index}")).collect()
}

/// First to last, or last to first, as the direction walks.
fn in_order<T: Clone>(direction: &Direction, items: &[T]) -> Vec<T> {
    match direction.walk {
        Walk::Forward => items.to_vec(),
        Walk::Backward | Walk::BackwardAligned => items.iter().rev().cloned().collect(),
    }
}

/// One sequence after the other, each from the zero state or from its own.
fn many(body: &mut Body<'_>, step: &Step, layer: &Recurrent, all: &Steps, parts: &[Part<'_>]) -> TokenStream {
    let input = body.tensor(step.input().place);
    let timesteps = size(layer.timesteps.unwrap_or(1));
    let frames = input.read_receiver(layer.features);
    let (declare, groups, bodies) = many_results(body, step, layer, all, parts);
    let (begins, begin) = beginnings(body, step, layer, parts);
    let mut walked = vec![(quote!(frames), quote!(#frames.as_chunks::<#timesteps>().0))];
    walked.extend(all.mask.as_ref().map(|mask| (quote!(mask), quote!(buffers::rows::<#timesteps>(#mask)))));
    walked.extend(begins);
    let together = |(pattern, items): (TokenStream, TokenStream), (other, others): (TokenStream, TokenStream)| {
        (quote!((#pattern, #other)), quote!(::core::iter::zip(#items, #others)))
    };
    let Some((pattern, samples)) = walked.into_iter().reduce(together) else { return declare };
    quote! {
        #declare
        for (#pattern, rows) in ::core::iter::zip(#samples, #groups) {
            #begin
            #bodies
        }
    }
}

/// What declares the output of all sequences, gives the place of each, and fills it.
fn many_results(
    body: &mut Body<'_>,
    step: &Step,
    layer: &Recurrent,
    all: &Steps,
    parts: &[Part<'_>],
) -> (TokenStream, TokenStream, TokenStream) {
    let steps = Steps { frames: quote!(frames), mask: all.mask.as_ref().map(|_| quote!(mask)) };
    let lasts = |body: &Body<'_>, steps: &Steps| -> TokenStream {
        let runs = parts.iter().map(|part| {
            let (run, put) = (last_of(body, part, steps), put(part, &quote!(rows)));
            quote!(#run #put)
        });
        runs.collect()
    };
    let (width, timesteps) = (layer.width(), layer.timesteps.unwrap_or(1));
    if layer.leaves_states {
        let total = layer.sample_output().unwrap_or(0) + layer.state_width();
        let (declare, output) = body.output(step, total);
        let runs = if layer.return_sequences {
            let (width, count) = (size(width), size(timesteps));
            let rows = quote!(buffers::first_rows_mut::<#width>(&mut *rows, #count));
            parts.iter().map(|part| sequence(body, layer, part, &steps, &rows)).collect()
        } else {
            lasts(body, &steps)
        };
        let left = states_left(layer, parts);
        return (declare, output.write(total), quote!(#runs #left));
    }
    let (declare, output) = body.output(step, width);
    if layer.return_sequences {
        let (rows, timesteps) = (output.write_receiver(width), size(timesteps));
        let runs = parts.iter().map(|part| sequence(body, layer, part, &steps, &quote!(&mut *rows)));
        return (declare, quote!(#rows.as_chunks_mut::<#timesteps>().0), runs.collect());
    }
    (declare, output.write(width), lasts(body, &steps))
}

/// Puts the states behind a sequence's output.
fn states_left(layer: &Recurrent, parts: &[Part<'_>]) -> TokenStream {
    let mut first = layer.sample_output().unwrap_or(0);
    let states = states_of(parts);
    let puts = states.map(|(part, index)| {
        let (state, lines, units, offset) = (&part.state, lines(index), size(part.direction.units), size(first));
        first += part.direction.units;
        quote!(buffers::put::<#offset, _>(#state.#lines.units::<#units>(), rows);)
    });
    puts.collect()
}

/// The states that each sequence begins with, to be walked along, and what puts them in their place.
fn beginnings(
    body: &Body<'_>,
    step: &Step,
    layer: &Recurrent,
    parts: &[Part<'_>],
) -> (Vec<(TokenStream, TokenStream)>, TokenStream) {
    let mut begin: TokenStream = parts.iter().map(|part| part.begin.clone()).collect();
    if !layer.has_initial {
        return (Vec::new(), begin);
    }
    let states = states_of(parts);
    let mut walked = Vec::new();
    for (place, ((part, index), given)) in states.zip(step.inputs.iter().skip(1)).enumerate() {
        let (state, lines, first) = (&part.state, lines(index), format_ident!("first_{place}"));
        begin.extend(quote!(#state.#lines.set(#first);));
        walked.push((quote!(#first), body.tensor(given.place).read(part.direction.units)));
    }
    (walked, begin)
}
