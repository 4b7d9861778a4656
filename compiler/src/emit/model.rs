//! The model's type and `impl Model`.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::lengths::checks;
use super::tokens::{docs, is_free, name, shape, size};
use super::{Context, Source, batch, borrowed, docs, ends, functions, kept};
use crate::plan::{Forward, Plan};
use crate::shape::Shape;
use crate::summary::{SummaryModel, Widths, table};

/// The type.
pub(super) fn declaration(context: &Context<'_>) -> TokenStream {
    let (ident, visibility, attributes) =
        (&context.options.ident, &context.options.visibility, &context.options.attributes);
    let docs = docs::model(context, &summary(context));
    let derives = derives();
    match context.source {
        Source::Borrowed => quote! {
            #attributes
            #docs
            #derives
            #visibility struct #ident<'w> { weights: &'w [f32] }
        },
        Source::None | Source::Embedded(_) => quote! {
            #attributes
            #docs
            #derives
            #visibility struct #ident;
        },
    }
}

fn summary(context: &Context<'_>) -> String {
    table(&SummaryModel::of(context.model), Widths::DEFAULT)
}

/// Paths that hold without the prelude.
pub(super) fn derives() -> TokenStream {
    quote!(#[::core::prelude::v1::derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)])
}

/// Everything that can be called.
pub(super) fn implementation(context: &Context<'_>) -> TokenStream {
    let inherent = inherent(context);
    let model = if context.plan.borrows() { borrowed::implementation(context) } else { model(context) };
    quote!(#inherent #model)
}

fn inherent(context: &Context<'_>) -> TokenStream {
    let (self_type, lifetime) = (context.self_type(), context.lifetime());
    let makers = makers(context);
    let scratch_length = scratch_length(context);
    let forward = sequence_forward(context);
    quote! {
        impl #lifetime #self_type {
            #makers
            #scratch_length
            #forward
        }
    }
}

/// `new`, or `load` and `from_packed`.
fn makers(context: &Context<'_>) -> TokenStream {
    let runtime = &context.options.runtime;
    if !matches!(context.source, Source::Borrowed) {
        return quote! {
            /// The model.
            #[must_use]
            #[inline]
            pub const fn new() -> Self {
                Self
            }
        };
    }
    let floats = size(context.plan.packed_length());
    let model = &context.model.name;
    quote! {
        /// Floats that the packed weights take: the length of `load`'s buffer.
        pub const WEIGHTS: usize = #floats;

        /// Reads the weights of a safetensors file, keyed as Keras names them, and packs them into `buffer`.
        ///
        /// # Errors
        /// Where the file is damaged, a weight is missing, of another shape or number type, not finite, or unknown
        /// to the model; where `buffer` is shorter than `WEIGHTS`.
        #[inline]
        pub fn load(
            safetensors: &[u8],
            buffer: &'w mut [f32],
        ) -> ::core::result::Result<Self, #runtime::weights::WeightsError> {
            #runtime::weights::load(safetensors, #model, TENSORS, SIBLINGS, PACKING, Self::WEIGHTS, buffer)?;
            ::core::result::Result::Ok(Self { weights: buffer })
        }

        /// Takes weights that were packed before (by `load`, into its buffer), in place.
        ///
        /// # Errors
        /// Where there are fewer than `WEIGHTS` of them.
        #[inline]
        pub const fn from_packed(weights: &'w [f32]) -> ::core::result::Result<Self, #runtime::ShapeError> {
            if weights.len() < Self::WEIGHTS {
                return ::core::result::Result::Err(#runtime::ShapeError {
                    what: "packed weights",
                    expected: Self::WEIGHTS,
                    got: weights.len(),
                });
            }
            ::core::result::Result::Ok(Self { weights })
        }
    }
}

/// How much scratch a sample of so many timesteps needs, where the types don't say.
fn scratch_length(context: &Context<'_>) -> TokenStream {
    let (None, Forward::Whole(stage)) = (context.plan.memory.scratch, &context.plan.forward) else {
        return TokenStream::new();
    };
    let (frame, rest) = (size(stage.frame_floats()), size(stage.whole(0)));
    quote! {
        /// Floats of scratch that `forward_into` needs for so many timesteps; more make it faster.
        #[must_use]
        #[inline]
        pub const fn scratch_length(timesteps: usize) -> usize {
            timesteps.saturating_mul(#frame).saturating_add(#rest)
        }
    }
}

/// `forward` through slices, where the output's length is only known when the program runs.
fn sequence_forward(context: &Context<'_>) -> TokenStream {
    let plan = context.plan;
    if !is_free(&plan.outputs[0].axes) || plan.memory.stack.is_none() || plan.borrows() {
        return TokenStream::new();
    }
    let runtime = &context.options.runtime;
    let (input, output) = (ends::input_type(context), ends::output_type(context));
    quote! {
        /// The model's output for one sample of any number of timesteps.
        ///
        /// # Errors
        /// Where `output` has not as many rows as the sample gives.
        #[inline]
        pub fn forward(&self, input: &#input, output: &mut #output) -> ::core::result::Result<(), #runtime::ShapeError> {
            let mut stack = <<Self as #runtime::Model>::Stack as #runtime::Workspace>::NEW;
            #runtime::Model::compute(self, input, &mut stack, output)
        }
    }
}

fn model(context: &Context<'_>) -> TokenStream {
    let Context { plan, options, .. } = context;
    let runtime = &options.runtime;
    let (self_type, lifetime) = (context.self_type(), context.lifetime());
    let (input, output) = (ends::input_type(context), ends::output_type(context));
    let scratch = plan.memory.scratch.map_or_else(
        || quote!([f32]),
        |floats| {
            let floats = size(floats);
            quote!([f32; #floats])
        },
    );
    let stack = size(plan.memory.stack.unwrap_or(0));
    let answer = if ends::has_free_timesteps(plan) {
        quote!(::core::result::Result<(), #runtime::ShapeError>)
    } else {
        quote!(())
    };
    let facts = facts(context, &TokenStream::new());
    let (compute, program) = compute(context, &input, &output, &answer);
    let (compute_batch, batch_program) = batch::compute_batch(context, &input, &output);
    quote! {
        #[automatically_derived]
        impl #lifetime #runtime::Model for #self_type {
            type Input = #input;
            type Output = #output;
            type Number = f32;
            type Scratch = #scratch;
            type Stack = [f32; #stack];
            type Answer = #answer;

            #facts

            #compute
            #compute_batch
        }

        #program
        #batch_program
    }
}

/// The constants of the trait: what is known of the model.
pub(super) fn facts(context: &Context<'_>, visibility: &TokenStream) -> TokenStream {
    let model = context.model;
    let (name, summary) = (&model.name, summary(context));
    let params = Literal::u64_unsuffixed(model.total_params());
    let (input_shape, output_shape) = (shape(model.input_shape()), shape(model.output_shape()));
    let (inputs, outputs) = (
        named_shapes(&model.input_names, &model.input_shapes()),
        named_shapes(&model.output_names, &model.output_shapes()),
    );
    let docs = |text: &str| if visibility.is_empty() { TokenStream::new() } else { docs(text) };
    let [name_doc, params_doc, summary_doc, input_doc, output_doc, inputs_doc, outputs_doc] = [
        "The model's name in Keras.",
        "How many parameters it has, as Keras counts them.",
        "Keras's summary table.",
        "The first input's shape as Keras shows it: batch first, `None` where a size is free.",
        "The first output's shape, likewise.",
        "Every input by its name in Keras, with its shape.",
        "Every output, likewise.",
    ]
    .map(docs);
    quote! {
        #name_doc
        #visibility const NAME: &'static str = #name;
        #params_doc
        #visibility const PARAMS: u64 = #params;
        #summary_doc
        #visibility const SUMMARY: &'static str = #summary;
        #input_doc
        #visibility const INPUT_SHAPE: &'static [::core::option::Option<usize>] = #input_shape;
        #output_doc
        #visibility const OUTPUT_SHAPE: &'static [::core::option::Option<usize>] = #output_shape;
        #inputs_doc
        #visibility const INPUTS: &'static [(&'static str, &'static [::core::option::Option<usize>])] = #inputs;
        #outputs_doc
        #visibility const OUTPUTS: &'static [(&'static str, &'static [::core::option::Option<usize>])] = #outputs;
    }
}

/// `&[("input_layer", &[None, Some(8)])]`
fn named_shapes(names: &[String], shapes: &[&Shape]) -> TokenStream {
    let shapes = shapes.iter().map(|each| shape(each));
    quote!(&[#((#names, #shapes)),*])
}

/// `compute`, and the program that it dispatches.
fn compute(
    context: &Context<'_>,
    input: &TokenStream,
    output: &TokenStream,
    answer: &TokenStream,
) -> (TokenStream, TokenStream) {
    let runtime = &context.options.runtime;
    let program = forward_program(context, false);
    let forward = context.named("Forward");
    let (packed, checks) = (context.packed_field(), checks(context));
    let run = quote!(#runtime::dispatch(#forward { #packed input, scratch, output }));
    let run =
        if ends::has_free_timesteps(context.plan) { quote!(#checks #run; ::core::result::Result::Ok(())) } else { run };
    let compute = quote! {
        #[inline]
        fn compute(&self, input: &#input, scratch: &mut [f32], output: &mut #output) -> #answer {
            #run
        }
    };
    (compute, program)
}

/// One sample as a program; one that goes on from what is `kept`, perhaps.
pub(super) fn forward_program(context: &Context<'_>, keeps: bool) -> TokenStream {
    let runtime = &context.options.runtime;
    let forward = context.named(if keeps { "ForwardWith" } else { "Forward" });
    let packed_field = if context.plan.segments.is_empty() { TokenStream::new() } else { quote!(packed: &'a [f32],) };
    let kept_field = if keeps {
        let kept = context.named("Kept");
        quote!(kept: &'a mut #kept,)
    } else {
        TokenStream::new()
    };
    let (input, output) = (ends::input_type_for(context, &quote!('a)), ends::output_type_for(context, &quote!('b)));
    let (lifetimes, elided) = match context.plan.borrows_outputs() {
        true => (quote!(<'a, 'b>), quote!(<'_, '_>)),
        false => (quote!(<'a>), quote!(<'_>)),
    };
    let statements = run_statements(context, keeps);
    quote! {
        /// One sample, on whichever instruction set runs it.
        struct #forward #lifetimes {
            #packed_field
            #kept_field
            input: &'a #input,
            scratch: &'a mut [f32],
            output: &'a mut #output,
        }

        impl #runtime::Program for #forward #elided {
            type Output = ();

            #[inline(always)]
            fn run<I: #runtime::Isa>(self, isa: I) {
                #statements
            }
        }
    }
}

fn run_statements(context: &Context<'_>, keeps: bool) -> TokenStream {
    let plan = context.plan;
    let kept = if keeps { quote!(kept,) } else { TokenStream::new() };
    let (take, weights) = if plan.segments.is_empty() {
        (quote!(let Self { #kept input, scratch, output } = self;), TokenStream::new())
    } else {
        let parts = context.named("Weights");
        (
            quote!(let Self { packed, #kept input, scratch, output } = self; let weights = &#parts::of(packed);),
            quote!(, weights),
        )
    };
    match (&plan.forward, &plan.streaming) {
        (Forward::Streamed, Ok(streams)) => {
            let (state, [load, store]) = (context.named("State"), kept::exchange(context, keeps));
            let is_stateful = functions::is_stateful(plan);
            let (begin, lend, read) = if is_stateful {
                (quote!(let mut state = #state::zero(); #load), quote!(, &mut state), quote!(, &state))
            } else {
                (TokenStream::new(), TokenStream::new(), TokenStream::new())
            };
            let rest = if streams.head.is_some() {
                quote!(advance(isa #weights #lend, input, scratch); head(isa #weights #read, scratch, output);)
            } else {
                quote!(advance(isa #weights #lend, input, scratch, output);)
            };
            quote!(#take #begin #rest #store)
        }
        (Forward::Stepped, _) => {
            let (state, [load, store]) = (context.named("State"), kept::exchange(context, keeps));
            let is_stateful = functions::is_stateful(plan);
            let (begin, lend) = if is_stateful {
                (quote!(let mut state = #state::zero(); #load), quote!(, &mut state))
            } else {
                (TokenStream::new(), TokenStream::new())
            };
            let steps = steps(plan, &quote!(isa #weights #lend));
            quote! {
                #take
                let _ = scratch;
                #begin
                #steps
                #store
            }
        }
        (Forward::Whole(_), _) | (Forward::Streamed, Err(_)) => {
            let (whole, [begin, lend]) = (name("whole"), kept::argument(context, keeps));
            quote!(#take #begin #whole(isa #weights #lend, input, scratch, output);)
        }
    }
}

/// One step after the other; what they answer goes into `output` as it comes.
fn steps(plan: &Plan, given: &TokenStream) -> TokenStream {
    match ends::is_stepped_by_clock(plan) {
        None => quote! {
            for (frame, output) in ::core::iter::zip(input, output) {
                step(#given, frame, output);
            }
        },
        Some(clock) if clock.at_end && clock.is_each_frame() => quote! {
            for frame in input {
                step(#given, frame, output);
            }
        },
        Some(clock) if clock.at_end => quote! {
            for frame in input {
                let mut answer = ::core::option::Option::None;
                step(#given, frame, &mut answer);
                if let ::core::option::Option::Some(answer) = answer {
                    *output = answer;
                }
            }
        },
        Some(_) => quote! {
            let mut rows = output.iter_mut();
            for frame in input {
                let mut answer = ::core::option::Option::None;
                step(#given, frame, &mut answer);
                if let ::core::option::Option::Some(answer) = answer {
                    if let ::core::option::Option::Some(row) = rows.next() {
                        *row = answer;
                    }
                }
            }
        },
    }
}
