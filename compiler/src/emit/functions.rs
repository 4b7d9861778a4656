//! The generated functions that hold the layers: over many frames, behind the time axis, over one frame.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::body::{Body, Mode, n_frames};
use super::rows::Rows;
use super::tokens::{name, size};
use super::{Context, ends, kept, recurrent};
use crate::plan::clock::Time;
use crate::plan::{Extent, Forward, Place, Plan, Stage, Streams};

/// All of them.
pub(super) fn items(context: &Context<'_>) -> TokenStream {
    let whole = match &context.plan.forward {
        Forward::Whole(stage) => whole(context, stage),
        Forward::Streamed | Forward::Stepped => TokenStream::new(),
    };
    let streams = match &context.plan.streaming {
        Ok(streams) => {
            let is_streamed = matches!(context.plan.forward, Forward::Streamed);
            // A function that nobody calls would be warned about.
            let needs_advance = is_streamed || !processes_by_step(context.plan, streams);
            let advance = if needs_advance { advance(context, streams) } else { TokenStream::new() };
            let head = if is_streamed { head(context, streams) } else { TokenStream::new() };
            let step = step(context, streams);
            quote!(#advance #head #step)
        }
        Err(_) => TokenStream::new(),
    };
    quote!(#whole #streams)
}

/// Whether many frames of a stream run as one step after the other: where every frame has an output of the whole head,
/// where recurrent layers have nothing to compute ahead, so that buffers between the layers would only cost time; and
/// where frames hold several inputs or outputs, which don't lie in rows.
pub(super) fn processes_by_step(plan: &Plan, streams: &Streams) -> bool {
    let Some(chunk) = &streams.chunk else { return true };
    let is_recurrent = chunk.steps.iter().any(|step| step.carried);
    !plan.is_single() || streams.head.is_some() || (is_recurrent && chunk.product == 0)
}

/// Whether a stream carries something from frame to frame.
pub(super) fn is_stateful(plan: &Plan) -> bool {
    let counts = |streams: &Streams| streams.time.is_some();
    plan.states.iter().any(|state| state.carried) || plan.streaming.as_ref().is_ok_and(counts)
}

/// What every function is given first.
fn given(context: &Context<'_>) -> (TokenStream, TokenStream) {
    let (runtime, weights) = (&context.options.runtime, context.named("Weights"));
    if context.plan.segments.is_empty() {
        (quote!(I: #runtime::Isa), quote!(isa: I))
    } else {
        (quote!(I: #runtime::Isa), quote!(isa: I, weights: &#weights<'_>))
    }
}

/// Marks parameters as used that the statements have no use for.
fn unused(context: &Context<'_>, statements: &TokenStream, has_state: bool) -> TokenStream {
    let has_weights = !context.plan.segments.is_empty();
    let has_state = has_state && is_stateful(context.plan);
    let candidates = [("isa", true), ("weights", has_weights), ("state", has_state)];
    let is_used = |wanted: &str| statements.clone().into_iter().any(|token| contains(&token, wanted));
    let unused = candidates.iter().filter(|(wanted, is_given)| *is_given && !is_used(wanted));
    unused.map(|(wanted, _)| name(wanted)).map(|ident| quote!(let _ = #ident;)).collect()
}

fn contains(token: &TokenTree, wanted: &str) -> bool {
    match token {
        TokenTree::Group(group) => group.stream().into_iter().any(|token| contains(&token, wanted)),
        TokenTree::Ident(ident) => ident == wanted,
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    }
}

/// Takes the buffers of a stage out of `scratch`; what is left is `product`.
fn take_buffers(stage: &Stage) -> TokenStream {
    let takes = stage.buffers.iter().enumerate().map(|(number, extent)| {
        let buffer = format_ident!("buffer_{number}");
        let floats = size(extent.amount());
        let length = match extent {
            Extent::Fixed(_) => quote!(#floats),
            Extent::PerFrame { input, .. } => {
                let n_frames = n_frames(*input);
                if extent.amount() == 1 { quote!(#n_frames) } else { quote!(#n_frames * #floats) }
            }
        };
        quote!(let (#buffer, product) = buffers::take(product, #length);)
    });
    if stage.buffers.is_empty() && stage.product == 0 {
        return quote!(let _ = scratch;);
    }
    let unused = if stage.product == 0 { quote!(let _ = product;) } else { TokenStream::new() };
    quote!(let product = &mut *scratch; #(#takes)* #unused)
}

/// The whole sample, layer by layer.
fn whole(context: &Context<'_>, stage: &Stage) -> TokenStream {
    let plan = context.plan;
    let (inputs, outputs) = (ends::input_rows(plan, &quote!(input)), ends::output_rows(plan, &quote!(output)));
    let mut body = Body::new(plan, Mode::Sequence, inputs, outputs);
    (body.keeps, body.has_product) = (true, stage.product > 0);
    let statements = body.statements(stage);
    let (generics, given) = given(context);
    let kept = kept::parameter(context);
    let (input_type, output_type) = (ends::input_type(context), ends::output_type(context));
    let (unused, buffers) = (unused(context, &statements, false), take_buffers(stage));
    let body = quote!(#buffers #statements);
    let counts = ends::lengths(plan, &quote!(input)).into_iter().filter_map(|(place, length)| {
        let n_frames = n_frames(place);
        mentions(&body, &n_frames).then(|| quote!(let #n_frames = #length;))
    });
    let rows = ends::borrowed_rows(plan);
    quote! {
        /// The whole sample, layer by layer.
        #[inline(always)]
        fn whole<#generics>(#given #kept, input: &#input_type, scratch: &mut [f32], output: &mut #output_type) {
            #unused
            #(#counts)*
            #rows
            #body
        }
    }
}

/// Whether the code counts these frames.
fn mentions(statements: &TokenStream, n_frames: &Ident) -> bool {
    statements.clone().into_iter().any(|token| contains(&token, &n_frames.to_string()))
}

/// Many frames through the layers that go along with time.
fn advance(context: &Context<'_>, streams: &Streams) -> TokenStream {
    let plan = context.plan;
    let Some(stage) = &streams.chunk else { return TokenStream::new() };
    let writes = streams.head.is_none();
    let (inputs, outputs) =
        (ends::frames_rows(plan, &quote!(frames)), ends::steps_rows(plan, streams, &quote!(output)));
    let mut body = Body::new(plan, Mode::Sequence, inputs, outputs);
    (body.carries, body.has_product) = (true, stage.product > 0);
    let statements = body.statements(stage);
    let (unused, buffers) = (unused(context, &statements, true), take_buffers(stage));
    let body = quote!(#buffers #statements);
    let count = mentions(&body, &n_frames(0)).then(|| quote!(let n_frames = frames.len();));
    let run = chunks(stage, writes, &quote!(#count #body));
    let (generics, given) = given(context);
    let (frame, answer) = (ends::frame_type(context), ends::step_type(context, streams));
    let state = state_parameter(context, true);
    let output = if writes { quote!(, output: &mut [#answer]) } else { TokenStream::new() };
    quote! {
        /// Many frames through the layers that go along with time.
        #[inline(always)]
        fn advance<#generics>(#given #state, frames: &[#frame], scratch: &mut [f32] #output) {
            #unused
            #run
        }
    }
}

/// Buffers hold so many frames at a time as the memory allows.
fn chunks(stage: &Stage, writes: bool, run: &TokenStream) -> TokenStream {
    if stage.frame_floats() == 0 {
        return run.clone();
    }
    let frame = size(stage.frame_floats() + stage.product);
    let chunk = quote!(let chunk = ::core::cmp::Ord::max(scratch.len() / #frame, 1););
    if writes {
        quote! {
            #chunk
            for (frames, output) in ::core::iter::zip(frames.chunks(chunk), output.chunks_mut(chunk)) {
                #run
            }
        }
    } else {
        quote! {
            #chunk
            for frames in frames.chunks(chunk) {
                #run
            }
        }
    }
}

fn state_parameter(context: &Context<'_>, writable: bool) -> TokenStream {
    if !is_stateful(context.plan) {
        return TokenStream::new();
    }
    let state = context.named("State");
    if writable { quote!(, state: &mut #state) } else { quote!(, state: &#state) }
}

/// The layers behind the one that swallows the time axis.
fn head(context: &Context<'_>, streams: &Streams) -> TokenStream {
    let Some(stage) = &streams.head else { return TokenStream::new() };
    let plan = context.plan;
    let mut body = Body::new(plan, Mode::Sequence, Vec::new(), ends::output_rows(plan, &quote!(output)));
    body.has_product = stage.product > 0;
    let read = stage.steps.iter().flat_map(|step| &step.inputs);
    for tensor in read {
        let Place::State { number, part } = tensor.place else { continue };
        let state = &plan.states[number];
        if !state.carried {
            continue;
        }
        let (field, units) = (name(&state.ident), tensor.floats.amount());
        let literal = size(units);
        let lines = recurrent::lines(part);
        body.define_state(number, part, Rows::array(quote!(*state.#field.#lines.units::<#literal>()), units, false));
    }
    let statements = body.statements(stage);
    let (unused, buffers) = (unused(context, &statements, true), take_buffers(stage));
    let (generics, given) = given(context);
    let state = state_parameter(context, false);
    let output_type = ends::output_type(context);
    quote! {
        /// The layers behind the last step, once.
        #[inline(always)]
        fn head<#generics>(#given #state, scratch: &mut [f32], output: &mut #output_type) {
            #unused
            #buffers
            #statements
        }
    }
}

/// One frame through all layers.
fn step(context: &Context<'_>, streams: &Streams) -> TokenStream {
    let stage = &streams.step;
    let plan = context.plan;
    let answers = ends::Answers::of(context, streams, &quote!(output));
    let mut body = Body::new(plan, Mode::Step, ends::frame_rows(plan, &quote!(frame)), answers.rows);
    (body.carries, body.has_product) = (true, false);
    let statements = body.statements(stage);
    let (begin, end) = (answers.begin, answers.end);
    let run = rounds(context, streams, &quote!(#statements #end));
    let unused = unused(context, &run, true);
    let (generics, given) = given(context);
    let state = state_parameter(context, true);
    let (frame, answer) = (ends::frame_type(context), ends::step_type(context, streams));
    quote! {
        /// One frame through all layers.
        #[inline(always)]
        fn step<#generics>(#given #state, frame: &#frame, output: &mut #answer) {
            #unused
            #begin
            #run
        }
    }
}

/// The statements once, counting the frame; before the first frame as often as padding comes before it.
fn rounds(context: &Context<'_>, streams: &Streams, statements: &TokenStream) -> TokenStream {
    let Some(Time { lead, limit, back }) = streams.time else { return statements.clone() };
    let (limit, back, frame) = (size(limit), size(back), ends::frame_type(context));
    let count = quote!(state.clock.go_on::<#limit, #back>(););
    if lead == 0 {
        return quote!(#statements #count);
    }
    let (runtime, rounds) = (&context.options.runtime, size(lead + 1));
    quote! {
        let rounds = if state.clock.is_new() { #rounds } else { 1 };
        for round in 1..=rounds {
            // Padding comes before the first frame.
            let frame = if round == rounds { frame } else { &<#frame as #runtime::Zero>::ZERO };
            #statements
            #count
        }
    }
}
