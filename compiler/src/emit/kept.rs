//! What `stateful=True` layers keep from one call to the next, as a value of the caller's: one for each sample of the batch.

use proc_macro2::TokenStream;
use quote::quote;

use super::lengths::checks;
use super::model::{derives, forward_program};
use super::tokens::{name, size};
use super::{Context, ends, state};
use crate::plan::State;

fn states<'a>(context: &Context<'a>) -> Vec<&'a State> {
    context.plan.stateful().collect()
}

/// The type.
pub(super) fn declaration(context: &Context<'_>) -> TokenStream {
    let (states, runtime) = (states(context), &context.options.runtime);
    if states.is_empty() {
        return TokenStream::new();
    }
    let (model, visibility, derives) = (&context.options.ident, &context.options.visibility, derives());
    let kept = context.named("Kept");
    let fields = states.iter().map(|state| {
        let (field, kind) = (name(&state.ident), &state.kind);
        let doc = format!(" {} floats.", state.floats);
        quote!(#[doc = #doc] #field: #runtime::#kind,)
    });
    let doc = format!(
        " What the stateful layers of [`{model}`] keep from one call of `forward_with` to the next, for one sample of the batch."
    );
    quote! {
        #[doc = #doc]
        #derives
        #visibility struct #kept { #(#fields)* }
    }
}

/// The whole sample's function is given what is kept.
pub(super) fn parameter(context: &Context<'_>) -> TokenStream {
    if states(context).is_empty() {
        return TokenStream::new();
    }
    let kept = context.named("Kept");
    quote!(, kept: &mut #kept)
}

/// Declares what that function is given, and lends it.
pub(super) fn argument(context: &Context<'_>, keeps: bool) -> [TokenStream; 2] {
    if states(context).is_empty() {
        return [TokenStream::new(), TokenStream::new()];
    }
    let kept = context.named("Kept");
    match keeps {
        true => [TokenStream::new(), quote!(, kept)],
        false => [quote!(let mut kept = #kept::zero();), quote!(, &mut kept)],
    }
}

/// Puts what is kept into a stream's state, and back.
pub(super) fn exchange(context: &Context<'_>, keeps: bool) -> [TokenStream; 2] {
    let fields = || states(context).into_iter().filter(|_| keeps).map(|state| name(&state.ident));
    let (loads, stores) = (fields(), fields());
    [quote!(#(state.#loads = kept.#loads;)*), quote!(#(kept.#stores = state.#stores;)*)]
}

/// What can be called.
pub(super) fn implementation(context: &Context<'_>) -> TokenStream {
    let states = states(context);
    if states.is_empty() {
        return TokenStream::new();
    }
    let kept = context.named("Kept");
    let items = state::of(context, &kept, &states, None);
    let program = forward_program(context, true);
    let (self_type, lifetime, calls) = (context.self_type(), context.lifetime(), calls(context));
    quote! {
        #items
        #program

        impl #kept {
            /// As before the first call: Keras's `reset_states()`.
            #[inline]
            pub const fn reset(&mut self) {
                *self = Self::zero();
            }
        }

        impl #lifetime #self_type {
            /// What the stateful layers keep, before the first call: of one sample of the batch.
            #[must_use]
            #[inline]
            pub const fn kept(&self) -> #kept {
                #kept::zero()
            }

            #calls
        }
    }
}

fn calls(context: &Context<'_>) -> TokenStream {
    let (plan, runtime) = (context.plan, &context.options.runtime);
    let (kept, program) = (context.named("Kept"), context.named("ForwardWith"));
    let (input, output) = (ends::input_type(context), ends::output_type(context));
    let packed = context.packed_field();
    let run = quote!(#runtime::dispatch(#program { #packed kept, input, scratch, output }););
    let into_doc = " As [`forward_with`](Self::forward_with), into `output` and with working memory of the caller's: \
                    `scratch` is as long as `forward_into`'s.";
    if ends::has_free_timesteps(plan) {
        let checks = checks(context);
        let (scratch, parameter) = match plan.memory.stack {
            Some(stack) => {
                let stack = size(stack);
                (quote!(let scratch = [0.0_f32; #stack].as_mut_slice();), TokenStream::new())
            }
            None => (TokenStream::new(), quote!(scratch: &mut [f32],)),
        };
        return quote! {
            /// As `forward_into`, but the stateful layers go on from `kept` and leave there how far they have come, as
            /// Keras does between calls. `forward_into` itself begins anew.
            ///
            /// # Errors
            /// Where `output` has not as many rows as the sample gives, or `scratch` is too short.
            #[inline]
            pub fn forward_with(
                &self,
                input: &#input,
                kept: &mut #kept,
                #parameter
                output: &mut #output,
            ) -> ::core::result::Result<(), #runtime::ShapeError> {
                #scratch
                #checks
                #run
                ::core::result::Result::Ok(())
            }
        };
    }
    quote! {
        /// As `forward`, but the stateful layers go on from `kept` and leave there how far they have come, as Keras does
        /// between calls. `forward` itself begins anew.
        #[must_use]
        #[inline]
        pub fn forward_with(&self, input: &#input, kept: &mut #kept) -> #output {
            let mut output = <#output as #runtime::Zero>::ZERO;
            let mut stack = <<Self as #runtime::Model>::Stack as #runtime::Workspace>::NEW;
            self.go_on(input, kept, &mut stack, &mut output);
            output
        }

        #[doc = #into_doc]
        #[inline]
        pub fn forward_into_with(
            &self,
            input: &#input,
            kept: &mut #kept,
            scratch: &mut <Self as #runtime::Model>::Scratch,
            output: &mut #output,
        ) {
            self.go_on(input, kept, scratch, output);
        }

        #[inline]
        fn go_on(&self, input: &#input, kept: &mut #kept, scratch: &mut [f32], output: &mut #output) {
            #run
        }

        /// One call with a batch, as Keras makes it: each sample goes on from the state at its place in `kept`.
        ///
        /// # Errors
        /// Where there are not as many states or outputs as inputs.
        #[inline]
        pub fn forward_batch_with(
            &self,
            inputs: &[#input],
            kept: &mut [#kept],
            outputs: &mut [#output],
        ) -> ::core::result::Result<(), #runtime::ShapeError> {
            #runtime::ShapeError::check("states of the batch", inputs.len(), kept.len())?;
            #runtime::ShapeError::check("outputs of the batch", inputs.len(), outputs.len())?;
            let mut stack = <<Self as #runtime::Model>::Stack as #runtime::Workspace>::NEW;
            for ((input, kept), output) in ::core::iter::zip(::core::iter::zip(inputs, kept), outputs) {
                self.go_on(input, kept, &mut stack, output);
            }
            ::core::result::Result::Ok(())
        }
    }
}
