//! The stream value of a causal model; for any other, the error that asking for one gives.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::ends::{frame_type, step_type};
use super::functions::processes_by_step;
use super::model::derives;
use super::tokens::{name, size};
use super::{Context, Source, state};
use crate::plan::clock::Clock;
use crate::plan::{NoStream, Streams};

/// The types beside the model's: the stream and its state, or the trait that says why there is none.
pub(super) fn declaration(context: &Context<'_>) -> TokenStream {
    match &context.plan.streaming {
        Ok(_) => types(context),
        Err(no_stream) => refusal(context, no_stream),
    }
}

fn types(context: &Context<'_>) -> TokenStream {
    let (model, visibility, runtime) = (&context.options.ident, &context.options.visibility, &context.options.runtime);
    let (stream, state, lifetime, derives) =
        (context.named("Stream"), context.named("State"), context.lifetime(), derives());
    let doc = format!(
        " [`{model}`] frame by frame: made by [`{model}::stream`]. Any number of streams share one set of weights."
    );
    let weights =
        if matches!(context.source, Source::Borrowed) { quote!(weights: &'w [f32],) } else { TokenStream::new() };
    if !is_stateful(context) {
        let fields = if weights.is_empty() { quote!(;) } else { quote!({ #weights }) };
        return quote!(#[doc = #doc] #derives #visibility struct #stream #lifetime #fields);
    }
    let states = context.plan.states.iter().filter(|state| state.carried).map(|state| {
        let (field, kind) = (name(&state.ident), &state.kind);
        let doc = format!(" {} floats.", state.floats);
        quote!(#[doc = #doc] #field: #runtime::#kind,)
    });
    let clock = if state::time(context).is_some() {
        quote!(#[doc = " Frames seen."] clock: #runtime::state::Clock,)
    } else {
        TokenStream::new()
    };
    let state_doc = format!(" What a stream of [`{model}`] carries from frame to frame.");
    quote! {
        #[doc = #doc]
        #derives
        #visibility struct #stream #lifetime { #weights state: #state }

        #[doc = #state_doc]
        #derives
        #visibility struct #state { #(#states)* #clock }
    }
}

pub(super) fn is_stateful(context: &Context<'_>) -> bool {
    super::functions::is_stateful(context.plan)
}

/// A trait that nothing implements; its message is what calling `stream` gives.
fn refusal(context: &Context<'_>, no_stream: &NoStream) -> TokenStream {
    let (model, visibility) = (&context.options.ident, &context.options.visibility);
    let marker = context.named("Streams");
    let (message, label) = match &no_stream.layer {
        Some((layer, class)) => (
            format!("`{model}` can't run as a stream: layer `{layer}` ({class}) {}", no_stream.reason),
            format!("`{layer}` {}", no_stream.reason),
        ),
        None => (format!("`{model}` can't run as a stream: {}", no_stream.reason), no_stream.reason.clone()),
    };
    let doc = format!(" {message}. Nothing implements this.");
    let words = if context.options.has_prelude {
        let note = "`forward` takes the whole sequence";
        quote!(#[diagnostic::on_unimplemented(message = #message, label = #label, note = #note)])
    } else {
        TokenStream::new()
    };
    quote! {
        #[doc = #doc]
        #words
        #visibility trait #marker<Asked> {}
    }
}

/// What the types can do.
pub(super) fn implementation(context: &Context<'_>) -> TokenStream {
    match &context.plan.streaming {
        Ok(streams) => {
            let parts =
                [state::items(context), maker(context), stream_items(context, streams), programs(context, streams)];
            parts.into_iter().collect()
        }
        Err(_) => refused_maker(context),
    }
}

fn refused_maker(context: &Context<'_>) -> TokenStream {
    let (self_type, lifetime, marker) = (context.self_type(), context.lifetime(), context.named("Streams"));
    quote! {
        impl #lifetime #self_type {
            /// This model is no stream: calling this is an error that says which layer is in the way.
            pub fn stream<Asked>(&self)
            where
                Self: #marker<Asked>,
            {
            }
        }
    }
}

fn maker(context: &Context<'_>) -> TokenStream {
    let (self_type, lifetime, stream) = (context.self_type(), context.lifetime(), context.named("Stream"));
    let state = context.named("State");
    let weights =
        if matches!(context.source, Source::Borrowed) { quote!(weights: self.weights,) } else { TokenStream::new() };
    let value = match (is_stateful(context), weights.is_empty()) {
        (true, _) => quote!(#stream { #weights state: #state::zero() }),
        (false, false) => quote!(#stream { #weights }),
        (false, true) => quote!(#stream),
    };
    quote! {
        impl #lifetime #self_type {
            /// A stream of frames, before its first one.
            #[must_use]
            #[inline]
            pub const fn stream(&self) -> #stream #lifetime {
                #value
            }
        }
    }
}

/// What a program of the stream is given besides frames: packed weights and state.
struct Given {
    fields: TokenStream,
    values: TokenStream,
    names: TokenStream,
    prepare: TokenStream,
    lend: TokenStream,
}

fn given(context: &Context<'_>) -> Given {
    let mut given = Given {
        fields: TokenStream::new(),
        values: TokenStream::new(),
        names: TokenStream::new(),
        prepare: TokenStream::new(),
        lend: TokenStream::new(),
    };
    if !context.plan.segments.is_empty() {
        let (packed, parts) = (context.packed(), context.named("Weights"));
        given.fields.extend(quote!(packed: &'a [f32],));
        given.values.extend(quote!(packed: #packed,));
        given.names.extend(quote!(packed,));
        given.prepare.extend(quote!(let weights = &#parts::of(packed);));
        given.lend.extend(quote!(, weights));
    }
    if is_stateful(context) {
        let state = context.named("State");
        given.fields.extend(quote!(state: &'a mut #state,));
        given.values.extend(quote!(state: &mut self.state,));
        given.names.extend(quote!(state,));
        given.lend.extend(quote!(, state));
    }
    given
}

fn stream_items(context: &Context<'_>, streams: &Streams) -> TokenStream {
    let runtime = &context.options.runtime;
    let (stream, lifetime) = (context.named("Stream"), context.lifetime());
    let (step, process) = (format_ident!("{stream}Step"), format_ident!("{stream}Process"));
    let (frame, answer) = (frame_type(context), step_type(context, streams));
    let values = given(context).values;
    let state_type = state::type_of(context);
    let (reset, state, restore) = if is_stateful(context) {
        (quote!(self.state = #state_type::zero();), quote!(&self.state), quote!(self.state = *state;))
    } else {
        (TokenStream::new(), quote!(&()), quote!(let _ = state;))
    };
    let every =
        size(streams.clocks.iter().filter_map(|clock| clock.rates.first()).map(|rate| rate.every).min().unwrap_or(1));
    let latency = size(streams.clocks.iter().map(|clock| clock.begins().unsigned_abs()).max().unwrap_or(0));
    let process_doc = format!(
        " Takes many frames, one output each: the same bits as one `step` after the other.{}",
        if streams.clocks.iter().all(Clock::is_each_frame) { "" } else { " `None` where there is nothing new." }
    );
    let result = quote!(::core::result::Result<(), #runtime::ShapeError>);
    quote! {
        impl #lifetime #stream #lifetime {
            /// Frames from one answer to the next.
            pub const EVERY: usize = #every;
            /// How many frames go by before the first answer.
            pub const LATENCY: usize = #latency;

            /// Takes one frame and answers the output at it.
            #[inline]
            pub fn step(&mut self, frame: &#frame) -> #answer {
                let mut output = <#answer as #runtime::Zero>::ZERO;
                #runtime::dispatch(#step { #values frame, output: &mut output });
                output
            }

            #[doc = #process_doc]
            ///
            /// # Errors
            /// Where there are not as many outputs as frames; nothing is consumed then.
            #[inline]
            pub fn process(&mut self, frames: &[#frame], outputs: &mut [#answer]) -> #result {
                #runtime::ShapeError::check("outputs", frames.len(), outputs.len())?;
                #runtime::dispatch(#process { #values frames, outputs });
                ::core::result::Result::Ok(())
            }

            /// What it carries now: a value that may be kept, and saved as numbers.
            #[must_use]
            #[inline]
            pub const fn state(&self) -> &#state_type {
                #state
            }

            /// Goes on from there.
            #[inline]
            pub const fn restore(&mut self, state: &#state_type) {
                #restore
            }

            /// Forgets every frame seen: the next one is the first.
            #[inline]
            pub const fn reset(&mut self) {
                #reset
            }
        }

        #[automatically_derived]
        impl #lifetime #runtime::Stream for #stream #lifetime {
            type Frame = #frame;
            type Step = #answer;
            type State = #state_type;

            const EVERY: usize = #every;
            const LATENCY: usize = #latency;

            #[inline]
            fn step(&mut self, frame: &#frame) -> #answer {
                #stream::step(self, frame)
            }

            #[inline]
            fn process(&mut self, frames: &[#frame], outputs: &mut [#answer]) -> #result {
                #stream::process(self, frames, outputs)
            }

            #[inline]
            fn state(&self) -> &#state_type {
                #stream::state(self)
            }

            #[inline]
            fn restore(&mut self, state: &#state_type) {
                #stream::restore(self, state);
            }

            #[inline]
            fn reset(&mut self) {
                #stream::reset(self);
            }
        }
    }
}

fn programs(context: &Context<'_>, streams: &Streams) -> TokenStream {
    let runtime = &context.options.runtime;
    let stream = context.named("Stream");
    let (step, process) = (format_ident!("{stream}Step"), format_ident!("{stream}Process"));
    let (frame, answer) = (frame_type(context), step_type(context, streams));
    let Given { fields, names, prepare, lend, .. } = given(context);
    let run = if processes_by_step(context.plan, streams) {
        quote! {
            for (frame, output) in ::core::iter::zip(frames, outputs) {
                step(isa #lend, frame, output);
            }
        }
    } else {
        let floats = size(context.plan.memory.process);
        quote! {
            let mut scratch = [0.0_f32; #floats];
            advance(isa #lend, frames, &mut scratch, outputs);
        }
    };
    quote! {
        /// One frame, on whichever instruction set runs it.
        struct #step<'a> { #fields frame: &'a #frame, output: &'a mut #answer }

        impl #runtime::Program for #step<'_> {
            type Output = ();

            #[inline(always)]
            fn run<I: #runtime::Isa>(self, isa: I) {
                let Self { #names frame, output } = self;
                #prepare
                step(isa #lend, frame, output);
            }
        }

        /// Many frames, on whichever instruction set runs them.
        struct #process<'a> { #fields frames: &'a [#frame], outputs: &'a mut [#answer] }

        impl #runtime::Program for #process<'_> {
            type Output = ();

            #[inline(always)]
            fn run<I: #runtime::Isa>(self, isa: I) {
                let Self { #names frames, outputs } = self;
                #prepare
                #run
            }
        }
    }
}
