//! `compute_batch` where samples share each walk over the weights: the recurrent layer for several samples together, then
//! the layers behind its last step, sample by sample.

use proc_macro2::TokenStream;
use quote::quote;

use super::Context;
use super::tokens::{name, size};
use crate::plan::Batch;

/// The function of the trait, and the program that it dispatches; nothing where samples go one by one.
pub(super) fn compute_batch(
    context: &Context<'_>,
    input: &TokenStream,
    output: &TokenStream,
) -> (TokenStream, TokenStream) {
    let Some(batch) = context.plan.batch() else { return (TokenStream::new(), TokenStream::new()) };
    (function(context, &batch, input, output), program(context, &batch, input, output))
}

fn function(context: &Context<'_>, batch: &Batch<'_>, input: &TokenStream, output: &TokenStream) -> TokenStream {
    let (runtime, program, packed) = (&context.options.runtime, context.named("Batch"), context.packed());
    let (most, fewest) = (size(batch.together.most), size(batch.together.fewest));
    quote! {
        #[inline]
        fn compute_batch(&self, inputs: &[#input], outputs: &mut [#output]) {
            for (inputs, outputs) in ::core::iter::zip(inputs.chunks(#most), outputs.chunks_mut(#most)) {
                if inputs.len() < #fewest {
                    #runtime::Model::compute_each(self, inputs, outputs);
                } else {
                    #runtime::dispatch(#program { packed: #packed, inputs, outputs });
                }
            }
        }
    }
}

fn program(context: &Context<'_>, batch: &Batch<'_>, input: &TokenStream, output: &TokenStream) -> TokenStream {
    let runtime = &context.options.runtime;
    let (program, parts, state_type) = (context.named("Batch"), context.named("Weights"), context.named("State"));
    let (cell, kind, segment) = (&batch.direction.cell, &batch.together.states, name(&batch.segment.ident));
    let (state, timesteps) = (name(&batch.state.ident), size(batch.timesteps));
    let (most, scratch) = (size(batch.together.most), size(context.plan.memory.head));
    quote! {
        /// Several samples, on whichever instruction set runs them.
        struct #program<'a> {
            packed: &'a [f32],
            inputs: &'a [#input],
            outputs: &'a mut [#output],
        }

        impl #runtime::Program for #program<'_> {
            type Output = ();

            #[inline(always)]
            fn run<I: #runtime::Isa>(self, isa: I) {
                let Self { packed, inputs, outputs } = self;
                let weights = &#parts::of(packed);
                let mut scratch = [0.0_f32; #scratch];
                let mut states = #kind::zero();
                #cell::last_batch::<_, #timesteps, #most>(isa, weights.#segment, &mut states, inputs);
                for (sample, output) in ::core::iter::zip(0_usize.., outputs) {
                    let state = #state_type { #state: states.state(sample) };
                    head(isa, weights, &state, &mut scratch, output);
                }
            }
        }
    }
}
