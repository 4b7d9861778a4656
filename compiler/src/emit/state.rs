//! What a stream carries, as a value of its own: how it begins, and as what numbers it is saved.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::Context;
use super::stream::is_stateful;
use super::tokens::{name, size};
use crate::plan::State;
use crate::plan::clock::Time;

/// The type of the state.
pub(super) fn type_of(context: &Context<'_>) -> TokenStream {
    if !is_stateful(context) {
        return quote!(());
    }
    let state = context.named("State");
    quote!(#state)
}

/// How frames are counted, where they are.
pub(super) fn time(context: &Context<'_>) -> Option<Time> {
    context.plan.streaming.as_ref().ok().and_then(|streams| streams.time)
}

/// Floats that a count is saved as.
const COUNT: usize = 4;

/// What the type can do.
pub(super) fn items(context: &Context<'_>) -> TokenStream {
    if !is_stateful(context) {
        return TokenStream::new();
    }
    let carried: Vec<&State> = context.plan.states.iter().filter(|state| state.carried).collect();
    of(context, &context.named("State"), &carried, time(context))
}

/// The same for any type of such states, with a count of frames perhaps.
pub(super) fn of(context: &Context<'_>, ident: &Ident, states: &[&State], time: Option<Time>) -> TokenStream {
    let runtime = &context.options.runtime;
    let zeros = states.iter().map(|state| {
        let (field, kind) = (name(&state.ident), &state.kind);
        quote!(#field: #kind::zero(),)
    });
    let clock_zero = time.map(|_| quote!(clock: state::Clock::zero(),));
    let clock_put = time.map(|_| quote!(let floats = state::Saved::save_to::<0>(&self.clock, floats);));
    let clock_take = time.map(|Time { limit, .. }| {
        let limit = size(limit);
        quote!(let (clock, floats) = <state::Clock as state::Saved>::load_from::<#limit>(floats)?;)
    });
    let clock_field = time.map(|_| quote!(clock,));
    let floats = size(states.iter().map(|state| state.saved).sum::<usize>() + time.map_or(0, |_| COUNT));
    let layout = Literal::u64_unsuffixed(layout(states, time));
    let Parts { puts, takes, fields } = Parts::of(states);
    quote! {
        impl #ident {
            /// The state before the first frame.
            const fn zero() -> Self {
                Self { #(#zeros)* #clock_zero }
            }
        }

        #[automatically_derived]
        impl #runtime::State for #ident {
            type Number = f32;
            const FLOATS: usize = #floats;
            const LAYOUT: u64 = #layout;

            #[inline]
            fn new() -> Self {
                Self::zero()
            }

            #[inline]
            fn write(&self, floats: &mut [f32]) {
                #puts
                #clock_put
                let _ = floats;
            }

            #[inline]
            fn read(floats: &[f32]) -> ::core::result::Result<Self, #runtime::StateError> {
                #takes
                #clock_take
                let _ = floats;
                ::core::result::Result::Ok(Self { #fields #clock_field })
            }
        }
    }
}

/// How the parts of a state are written and read.
#[derive(Default)]
struct Parts {
    puts: TokenStream,
    takes: TokenStream,
    fields: TokenStream,
}

impl Parts {
    fn of(states: &[&State]) -> Self {
        let mut parts = Self::default();
        for state in states {
            let (field, kind, units) = (name(&state.ident), &state.kind, size(state.units));
            parts.puts.extend(quote!(let floats = state::Saved::save_to::<#units>(&self.#field, floats);));
            parts.takes.extend(quote!(let (#field, floats) = <#kind as state::Saved>::load_from::<#units>(floats)?;));
            parts.fields.extend(quote!(#field,));
        }
        parts
    }
}

/// A number that the names, kinds and sizes of the parts decide: FNV-1a over them as text.
fn layout(states: &[&State], time: Option<Time>) -> u64 {
    let mut text = String::new();
    for state in states {
        let kind = state.kind.to_string().replace(' ', "");
        text.push_str(&format!("{}:{kind}:{}:{};", state.ident, state.units, state.saved));
    }
    if let Some(Time { lead, limit, back }) = time {
        text.push_str(&format!("{lead}:{limit}:{back};"));
    }
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
