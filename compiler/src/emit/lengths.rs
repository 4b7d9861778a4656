//! Lengths that the types leave open, checked before a sample runs.

use proc_macro2::TokenStream;
use quote::quote;

use super::tokens::{is_free, known, name, size};
use super::{Context, ends};
use crate::plan::clock::Clock;
use crate::plan::{Extent, Forward, Place, Stage};

/// Returns an error where a length doesn't fit.
pub(super) fn checks(context: &Context<'_>) -> TokenStream {
    let runtime = &context.options.runtime;
    let mut checks = inputs(context);
    checks.extend(outputs(context));
    if context.plan.memory.scratch.is_none() || context.plan.borrows() {
        let (self_type, longest) = (&context.options.ident, longest(context));
        checks.extend(quote! {
            let expected = #self_type::scratch_length(#longest);
            if scratch.len() < expected {
                return ::core::result::Result::Err(#runtime::ShapeError { what: "scratch", expected, got: scratch.len() });
            }
        });
    }
    checks
}

/// Inputs that are joined have as many timesteps as the first of them.
fn inputs(context: &Context<'_>) -> TokenStream {
    let (plan, runtime) = (context.plan, &context.options.runtime);
    if !plan.borrows_inputs() {
        return TokenStream::new();
    }
    let joined = plan.lengths.iter().enumerate().filter(|&(place, &first)| first != place);
    let checks = joined.map(|(place, &first)| {
        let what = format!("timesteps of `{}`, beside `{}`", plan.inputs[place].name, plan.inputs[first].name);
        let length = |place| ends::length(plan, place, &quote!(input));
        let (expected, got) = (length(first), length(place));
        quote!(#runtime::ShapeError::check(#what, #expected, #got)?;)
    });
    checks.collect()
}

/// Outputs have as many rows as the sample gives.
fn outputs(context: &Context<'_>) -> TokenStream {
    let (plan, runtime) = (context.plan, &context.options.runtime);
    if let Some(clock) = ends::is_stepped_by_clock(plan) {
        return clocked(context, clock);
    }
    if plan.borrows_outputs() {
        let free = plan.outputs.iter().enumerate().filter(|(_, end)| is_free(&end.axes));
        let checks = free.map(|(place, end)| {
            let (what, expected) = (format!("output `{}`", end.name), expected_rows(context, place));
            let field = name(&end.field);
            quote!(#runtime::ShapeError::check(#what, #expected, output.#field.len())?;)
        });
        return checks.collect();
    }
    if !is_free(&plan.outputs[0].axes) {
        return TokenStream::new();
    }
    let expected = expected_rows(context, 0);
    quote!(#runtime::ShapeError::check("output", #expected, output.len())?;)
}

/// How many rows an output has that is not there with each frame; for one at the end, how many frames it needs.
fn clocked(context: &Context<'_>, clock: &Clock) -> TokenStream {
    let runtime = &context.options.runtime;
    let (begins, every) = (size(clock.begins().unsigned_abs()), size(clock.rate().every));
    if !clock.at_end {
        let expected = quote!(#runtime::state::due_rows(input.len(), #every, #begins));
        return quote!(#runtime::ShapeError::check("output", #expected, output.len())?;);
    }
    quote! {
        if input.len() <= #begins {
            return ::core::result::Result::Err(#runtime::ShapeError {
                what: "input",
                expected: #begins + 1,
                got: input.len(),
            });
        }
    }
}

/// How many rows an output has for the input at hand.
fn expected_rows(context: &Context<'_>, output: usize) -> TokenStream {
    let plan = context.plan;
    let stage: Option<&Stage> = match (&plan.forward, &plan.streaming) {
        (Forward::Whole(stage), _) => Some(stage),
        (Forward::Streamed, Ok(streams)) => streams.chunk.as_ref(),
        (Forward::Stepped, _) | (Forward::Streamed, Err(_)) => None,
    };
    let row: usize = known(&plan.outputs[output].axes).iter().product();
    let writes = stage.and_then(|stage| stage.steps.iter().rfind(|step| step.output.place == Place::Output(output)));
    let Some(written) = writes else { return quote!(input.len()) };
    match written.output.floats {
        Extent::PerFrame { input, amount } if amount == row => ends::length(plan, input, &quote!(input)),
        Extent::PerFrame { input, amount } => {
            let length = ends::length(plan, input, &quote!(input));
            let (floats, row) = (size(amount), size(row));
            quote!(#length * #floats / #row)
        }
        Extent::Fixed(floats) => {
            let rows = size(floats / row.max(1));
            quote!(#rows)
        }
    }
}

/// The timesteps of the longest input.
fn longest(context: &Context<'_>) -> TokenStream {
    let lengths = ends::lengths(context.plan, &quote!(input)).into_iter().map(|(_, length)| length);
    lengths.reduce(|one, other| quote!(::core::cmp::Ord::max(#one, #other))).unwrap_or_else(|| quote!(0))
}
