//! The types of what a model reads and answers, and where in them each tensor lies.
//!
//! One tensor stands for itself: nested arrays, or a slice of them where its timesteps are free. Several are the fields
//! of a type, one for whole samples and one for single frames. With free timesteps a sample is a slice of frames; where it
//! can't run frame by frame, or where inputs have lengths of their own, it is a type that borrows a slice for each tensor of
//! free timesteps.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::model::derives;
use super::rows::Rows;
use super::tokens::{array_type, is_free, known, name, sample_type};
use super::{Context, clocks};
use crate::plan::clock::Clock;
use crate::plan::{Endpoint, Forward, Plan, Streams};

/// Whether some timestep is free, so that lengths are only known when the program runs.
pub(super) fn has_free_timesteps(plan: &Plan) -> bool {
    plan.inputs.iter().chain(&plan.outputs).any(|end| is_free(&end.axes))
}

/// The clock of the only output, where `forward` takes step after step and not each of them answers a row of it.
pub(super) fn is_stepped_by_clock(plan: &Plan) -> Option<&Clock> {
    let (Forward::Stepped, Ok(streams), [_]) = (&plan.forward, &plan.streaming, plan.outputs.as_slice()) else {
        return None;
    };
    streams.clocks.first().filter(|clock| clock.at_end || !clock.is_each_frame())
}

/// For each length that a sample in `variable` has: the first input of this length, and the number of its timesteps.
pub(super) fn lengths(plan: &Plan, variable: &TokenStream) -> Vec<(usize, TokenStream)> {
    let own = |place: &usize| plan.lengths[*place] == *place && is_free(&plan.inputs[*place].axes);
    (0..plan.inputs.len()).filter(own).map(|place| (place, length(plan, place, variable))).collect()
}

/// The timesteps of an input of a sample in `variable`.
pub(super) fn length(plan: &Plan, input: usize, variable: &TokenStream) -> TokenStream {
    match plan.inputs.as_slice() {
        [_] => quote!(#variable.len()),
        several => {
            let field = name(&several[input].field);
            quote!(#variable.#field.len())
        }
    }
}

/// Names the slices that a whole sample borrows, as [`input_rows`] and [`output_rows`] read and write them.
pub(super) fn borrowed_rows(plan: &Plan) -> TokenStream {
    let mut rows = TokenStream::new();
    for end in plan.inputs.iter().filter(|end| plan.borrows_inputs() && is_free(&end.axes)) {
        let (variable, field) = (format_ident!("rows_of_input_{}", end.field), name(&end.field));
        rows.extend(quote!(let #variable = input.#field;));
    }
    for end in plan.outputs.iter().filter(|end| plan.borrows_outputs() && is_free(&end.axes)) {
        let (variable, field) = (format_ident!("rows_of_output_{}", end.field), name(&end.field));
        rows.extend(quote!(let #variable = &mut *output.#field;));
    }
    rows
}

fn element(end: &Endpoint) -> TokenStream {
    if end.integers { quote!(i32) } else { quote!(f32) }
}

/// Sizes of one frame: the axes behind the first.
fn frame_sizes(end: &Endpoint) -> Vec<usize> {
    known(end.axes.get(1..).unwrap_or(&[]))
}

/// The sizes of what one step answers: a frame of the output, or all of it where it is there at the end only.
fn step_sizes(end: &Endpoint, in_time: bool) -> Vec<usize> {
    if in_time { frame_sizes(end) } else { known(&end.axes) }
}

/// What the model reads.
pub(super) fn input_type(context: &Context<'_>) -> TokenStream {
    input_type_for(context, &quote!('_))
}

/// The same with the lifetime of what it borrows, if it does.
pub(super) fn input_type_for(context: &Context<'_>, lifetime: &TokenStream) -> TokenStream {
    let lifetime = context.plan.borrows_inputs().then_some(lifetime);
    sample_of(context, &context.plan.inputs, ["Input", "Frame"], lifetime)
}

/// What the model answers.
pub(super) fn output_type(context: &Context<'_>) -> TokenStream {
    output_type_for(context, &quote!('_))
}

/// The same with the lifetime of what it borrows, if it does.
pub(super) fn output_type_for(context: &Context<'_>, lifetime: &TokenStream) -> TokenStream {
    let lifetime = context.plan.borrows_outputs().then_some(lifetime);
    sample_of(context, &context.plan.outputs, ["Output", "Step"], lifetime)
}

fn sample_of(
    context: &Context<'_>,
    ends: &[Endpoint],
    names: [&str; 2],
    lifetime: Option<&TokenStream>,
) -> TokenStream {
    let [whole, frame] = names;
    match ends {
        [single] => sample_type(&element(single), &single.axes),
        _ if matches!(context.plan.forward, Forward::Stepped) => {
            let frame = context.named(frame);
            quote!([#frame])
        }
        _ => {
            let whole = context.named(whole);
            match lifetime {
                Some(lifetime) => quote!(#whole<#lifetime>),
                None => quote!(#whole),
            }
        }
    }
}

/// What a stream reads at a time.
pub(super) fn frame_type(context: &Context<'_>) -> TokenStream {
    match context.plan.inputs.as_slice() {
        [single] => array_type(&element(single), &frame_sizes(single)),
        _ => {
            let frame = context.named("Frame");
            quote!(#frame)
        }
    }
}

/// What a stream answers to one frame.
pub(super) fn step_type(context: &Context<'_>, streams: &Streams) -> TokenStream {
    match context.plan.outputs.as_slice() {
        [single] => answer_type(single, streams, 0),
        _ => {
            let step = context.named("Step");
            quote!(#step)
        }
    }
}

/// What a stream answers at one output: where that is not there with each frame, it may be none.
fn answer_type(end: &Endpoint, streams: &Streams, output: usize) -> TokenStream {
    let plain = plain_type(end, streams, output);
    if streams.clocks[output].is_each_frame() { plain } else { quote!(::core::option::Option<#plain>) }
}

fn plain_type(end: &Endpoint, streams: &Streams, output: usize) -> TokenStream {
    array_type(&element(end), &step_sizes(end, streams.in_time[output]))
}

/// Where one step's outputs are written: at once into what it answers, or, where an output is not there with each frame,
/// into a variable that is passed on when it is.
pub(super) struct Answers {
    pub(super) rows: Vec<Rows>,
    /// Declares the variables.
    pub(super) begin: TokenStream,
    /// Passes them on.
    pub(super) end: TokenStream,
}

impl Answers {
    /// Those of a step whose answer is in `variable`, a reference to it.
    pub(super) fn of(context: &Context<'_>, streams: &Streams, variable: &TokenStream) -> Self {
        let (plan, runtime) = (context.plan, &context.options.runtime);
        let mut answers =
            Self { rows: step_rows(plan, streams, variable), begin: TokenStream::new(), end: TokenStream::new() };
        // By the condition, in the order of the outputs.
        let mut passes: Vec<(Clock, TokenStream)> = Vec::new();
        for (place, (end, clock)) in plan.outputs.iter().zip(&streams.clocks).enumerate() {
            if clock.is_each_frame() {
                continue;
            }
            let (answer, kind) = (format_ident!("answer_{place}"), plain_type(end, streams, place));
            let target = match plan.outputs.as_slice() {
                [_] => quote!(*#variable),
                _ => {
                    let field = name(&end.field);
                    quote!(#variable.#field)
                }
            };
            let lead = streams.time.map_or(0, |time| time.lead);
            let shifted = Clock { at_end: false, ..clock.shifted(lead) };
            answers.begin.extend(quote! {
                #target = ::core::option::Option::None;
                let mut #answer = <#kind as #runtime::Zero>::ZERO;
            });
            let pass = quote!(#target = ::core::option::Option::Some(#answer););
            match passes.iter_mut().find(|(clock, _)| *clock == shifted) {
                Some((_, passes)) => passes.extend(pass),
                None => passes.push((shifted, pass)),
            }
            let sizes = step_sizes(end, streams.in_time[place]);
            answers.rows[place] = Rows::of_place(&quote!(#answer), &sizes, true);
        }
        for (clock, passes) in passes {
            let is_due = clocks::is_due(&clock);
            answers.end.extend(quote!(if #is_due { #passes }));
        }
        answers
    }
}

/// The inputs of a whole sample in `variable`, a reference to it.
pub(super) fn input_rows(plan: &Plan, variable: &TokenStream) -> Vec<Rows> {
    sample_rows(&plan.inputs, variable, "input", false)
}

/// The outputs of a whole sample in `variable`, a reference to it.
pub(super) fn output_rows(plan: &Plan, variable: &TokenStream) -> Vec<Rows> {
    sample_rows(&plan.outputs, variable, "output", true)
}

fn sample_rows(ends: &[Endpoint], variable: &TokenStream, what: &str, writable: bool) -> Vec<Rows> {
    match ends {
        [single] if is_free(&single.axes) => vec![Rows::of_slice(variable, &known(&single.axes), writable)],
        [single] => vec![Rows::of_arrays(variable, &known(&single.axes), writable)],
        several => several
            .iter()
            .map(|end| match is_free(&end.axes) {
                true => {
                    let rows = format_ident!("rows_of_{what}_{}", end.field);
                    Rows::of_slice(&quote!(#rows), &known(&end.axes), writable)
                }
                false => field(end, variable, &known(&end.axes), writable),
            })
            .collect(),
    }
}

fn field(end: &Endpoint, variable: &TokenStream, sizes: &[usize], writable: bool) -> Rows {
    let field = name(&end.field);
    Rows::of_place(&quote!(#variable.#field), sizes, writable)
}

/// The inputs in `variable`, a reference to one frame.
pub(super) fn frame_rows(plan: &Plan, variable: &TokenStream) -> Vec<Rows> {
    match plan.inputs.as_slice() {
        [single] => vec![Rows::of_arrays(variable, &frame_sizes(single), false)],
        several => several.iter().map(|end| field(end, variable, &frame_sizes(end), false)).collect(),
    }
}

/// The inputs in `variable`, a slice of frames.
pub(super) fn frames_rows(plan: &Plan, variable: &TokenStream) -> Vec<Rows> {
    plan.inputs.iter().map(|end| Rows::of_slice(variable, &frame_sizes(end), false)).collect()
}

/// The outputs in `variable`, a reference to what one step answers.
pub(super) fn step_rows(plan: &Plan, streams: &Streams, variable: &TokenStream) -> Vec<Rows> {
    let ends = plan.outputs.iter().zip(&streams.in_time).map(|(end, &in_time)| (end, step_sizes(end, in_time)));
    if plan.outputs.len() == 1 {
        return ends.map(|(_, sizes)| Rows::of_arrays(variable, &sizes, true)).collect();
    }
    ends.map(|(end, sizes)| field(end, variable, &sizes, true)).collect()
}

/// The outputs in `variable`, a slice of what each step answers.
pub(super) fn steps_rows(plan: &Plan, streams: &Streams, variable: &TokenStream) -> Vec<Rows> {
    let ends = plan.outputs.iter().zip(&streams.in_time);
    ends.map(|(end, &in_time)| Rows::of_slice(variable, &step_sizes(end, in_time), true)).collect()
}

/// The types of several inputs or outputs.
pub(super) fn declarations(context: &Context<'_>) -> TokenStream {
    let plan = context.plan;
    let is_stepped = matches!(plan.forward, Forward::Stepped);
    let streams = plan.streaming.as_ref().ok();
    let model = &context.options.ident;
    let mut types = TokenStream::new();
    if plan.inputs.len() > 1 {
        if !is_stepped {
            types.extend(structure(
                context,
                "Input",
                &plan.inputs,
                whole_types(&plan.inputs, &quote!(&'a)),
                &format!("What [`{model}`] reads: one sample."),
            ));
        }
        if streams.is_some() {
            let kinds = plan.inputs.iter().map(|end| array_type(&element(end), &frame_sizes(end)));
            types.extend(structure(
                context,
                "Frame",
                &plan.inputs,
                kinds.collect(),
                &format!("What [`{model}`] reads at one timestep."),
            ));
        }
    }
    if plan.outputs.len() > 1 {
        if !is_stepped {
            types.extend(structure(
                context,
                "Output",
                &plan.outputs,
                whole_types(&plan.outputs, &quote!(&'a mut)),
                &format!("What [`{model}`] answers to one sample."),
            ));
        }
        if let Some(streams) = streams {
            let kinds = plan.outputs.iter().enumerate().map(|(output, end)| answer_type(end, streams, output));
            types.extend(structure(
                context,
                "Step",
                &plan.outputs,
                kinds.collect(),
                &format!("What [`{model}`] answers to one frame."),
            ));
        }
    }
    types
}

/// Whole tensors: arrays, or slices of any number of timesteps.
fn whole_types(ends: &[Endpoint], borrow: &TokenStream) -> Vec<TokenStream> {
    let kind = |end: &Endpoint| {
        let kind = sample_type(&element(end), &end.axes);
        if is_free(&end.axes) { quote!(#borrow #kind) } else { kind }
    };
    ends.iter().map(kind).collect()
}

fn structure(
    context: &Context<'_>,
    suffix: &str,
    ends: &[Endpoint],
    kinds: Vec<TokenStream>,
    doc: &str,
) -> TokenStream {
    let (ident, visibility, doc) = (context.named(suffix), &context.options.visibility, format!(" {doc}"));
    let borrows = match suffix {
        "Input" => context.plan.borrows_inputs(),
        "Output" => context.plan.borrows_outputs(),
        _ => false,
    };
    let lifetime = borrows.then(|| quote!(<'a>));
    // What is written through can't be copied.
    let derives = if borrows && suffix == "Output" {
        quote!(#[::core::prelude::v1::derive(::core::fmt::Debug)])
    } else {
        derives()
    };
    let fields = ends.iter().zip(kinds).map(|(end, kind)| {
        let (field, doc) = (name(&end.field), format!(" Keras's `{}`.", end.name));
        quote!(#[doc = #doc] pub #field: #kind,)
    });
    quote! {
        #[doc = #doc]
        #derives
        #[::core::prelude::v1::derive(::core::cmp::PartialEq)]
        #visibility struct #ident #lifetime { #(#fields)* }
    }
}

/// Zeros of these types.
pub(super) fn implementations(context: &Context<'_>) -> TokenStream {
    let plan = context.plan;
    let is_stepped = matches!(plan.forward, Forward::Stepped);
    let mut items = TokenStream::new();
    let zeros = |ident: Ident, ends: &[Endpoint]| {
        let runtime = &context.options.runtime;
        let fields = ends.iter().map(|end| {
            let field = name(&end.field);
            quote!(#field: #runtime::Zero::ZERO,)
        });
        quote! {
            impl #runtime::Zero for #ident {
                const ZERO: Self = Self { #(#fields)* };
            }
        }
    };
    let kinds = [
        (&plan.inputs, "Input", "Frame", plan.borrows_inputs()),
        (&plan.outputs, "Output", "Step", plan.borrows_outputs()),
    ];
    for (ends, whole, frame, borrows) in kinds {
        if ends.len() < 2 {
            continue;
        }
        if !is_stepped && !borrows {
            items.extend(zeros(context.named(whole), ends));
        }
        if plan.streaming.is_ok() {
            items.extend(zeros(context.named(frame), ends));
        }
    }
    items
}
