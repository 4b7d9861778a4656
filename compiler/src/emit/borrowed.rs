//! What can be called of a model whose inputs or outputs borrow slices: `Model` has one type for all samples, which could
//! not name how long a slice is lent, so everything here is the type's own.

use proc_macro2::TokenStream;
use quote::quote;

use super::lengths::checks;
use super::model::{facts, forward_program};
use super::tokens::size;
use super::{Context, ends};

/// In the place of `impl Model`.
pub(super) fn implementation(context: &Context<'_>) -> TokenStream {
    let (runtime, forward) = (&context.options.runtime, context.named("Forward"));
    let (self_type, lifetime) = (context.self_type(), context.lifetime());
    let (facts, program) = (facts(context, &quote!(pub)), forward_program(context, false));
    let (input, output) = (ends::input_type(context), ends::output_type(context));
    let (packed, checks) = (context.packed_field(), checks(context));
    let without_scratch = context.plan.memory.stack.map(|stack| without_scratch(context, stack));
    quote! {
        impl #lifetime #self_type {
            #facts

            /// Computes one sample into `output`. `scratch` is working memory of at least
            /// [`scratch_length`](Self::scratch_length) floats; nothing large touches the stack.
            ///
            /// # Errors
            /// Where an output has not as many rows as the sample gives, inputs that belong together are not equally long,
            /// or `scratch` is too short.
            #[inline]
            pub fn forward_into(
                &self,
                input: &#input,
                scratch: &mut [f32],
                output: &mut #output,
            ) -> ::core::result::Result<(), #runtime::ShapeError> {
                #checks
                #runtime::dispatch(#forward { #packed input, scratch, output });
                ::core::result::Result::Ok(())
            }

            #without_scratch
        }

        #program
    }
}

/// What a model has besides whose working memory doesn't grow with the timesteps.
fn without_scratch(context: &Context<'_>, stack: usize) -> TokenStream {
    let (runtime, stack) = (&context.options.runtime, size(stack));
    let (input, output) = (ends::input_type(context), ends::output_type(context));
    quote! {
        /// Floats of scratch that `forward_into` needs, however many the timesteps.
        #[must_use]
        #[inline]
        pub const fn scratch_length(timesteps: usize) -> usize {
            let _ = timesteps;
            #stack
        }

        /// As [`forward_into`](Self::forward_into), with working memory on the stack.
        ///
        /// # Errors
        /// Where an output has not as many rows as the sample gives, or inputs that belong together are not equally long.
        #[inline]
        pub fn forward(
            &self,
            input: &#input,
            output: &mut #output,
        ) -> ::core::result::Result<(), #runtime::ShapeError> {
            self.forward_into(input, &mut [0.0_f32; #stack], output)
        }
    }
}
