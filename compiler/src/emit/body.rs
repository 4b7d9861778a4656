//! The calls of one stage as statements.

use std::collections::HashMap;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::rows::Rows;
use super::tokens::{name, size};
use super::{clocks, recurrent};
use crate::plan::lowered::{self, Argument, Call, InPlace, Join, Operation};
use crate::plan::{Extent, Place, Plan, Stage, Step};

/// How the stage runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Many frames at a time, `n_frames` of them where a tensor counts by frames.
    Sequence,
    /// One frame; buffers are local arrays, carried recurrent layers take one step.
    Step,
}

/// Writes one stage.
pub(super) struct Body<'a> {
    pub(super) plan: &'a Plan,
    pub(super) mode: Mode,
    /// Whether the carried states are fields of `state`; otherwise they begin here, as locals.
    pub(super) carries: bool,
    /// Whether the states of stateful layers are fields of `kept`; otherwise they are as the others.
    pub(super) keeps: bool,
    /// Whether `product` is there to be lent.
    pub(super) has_product: bool,
    /// What the stage reads of the caller's.
    inputs: Vec<Rows>,
    /// The caller's outputs that it writes.
    outputs: Vec<Rows>,
    values: HashMap<Value, Rows>,
    names: HashMap<String, usize>,
    /// Declarations that stand before the block which the calls are in: of what is read behind it.
    pub(super) before: TokenStream,
    /// Whether the step at hand makes such a tensor.
    pub(super) outlives: bool,
}

/// A tensor by its place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Value {
    Buffer(usize),
    State { number: usize, part: usize },
}

impl<'a> Body<'a> {
    pub(super) fn new(plan: &'a Plan, mode: Mode, inputs: Vec<Rows>, outputs: Vec<Rows>) -> Self {
        let (values, names, before) = (HashMap::new(), HashMap::new(), TokenStream::new());
        let (carries, keeps, has_product, outlives) = (false, false, true, false);
        Self { plan, mode, carries, keeps, has_product, inputs, outputs, values, names, before, outlives }
    }

    /// All calls of the stage.
    pub(super) fn statements(&mut self, stage: &Stage) -> TokenStream {
        let mut statements = TokenStream::new();
        let mut done = 0;
        for group in stage.steps.chunk_by(clocks::together) {
            let calls: TokenStream = group
                .iter()
                .enumerate()
                .map(|(place, step)| {
                    self.outlives = step.clock.is_some() && clocks::outlives(stage, done + place, done + group.len());
                    self.step(step)
                })
                .collect();
            let before = std::mem::take(&mut self.before);
            statements.extend(match group.first().and_then(|step| step.clock.as_ref()) {
                Some(clock) => {
                    let is_due = clocks::is_due(clock);
                    quote!(#before if #is_due { #calls })
                }
                None => quote!(#before #calls),
            });
            done += group.len();
        }
        statements
    }

    fn step(&mut self, step: &Step) -> TokenStream {
        match &step.operation {
            None if step.kept.is_some() => clocks::kept(self, step),
            Some(Operation::Window(window)) => clocks::window(self, step, window),
            Some(Operation::Fold(fold)) => clocks::fold(self, step, fold),
            None => self.copy(step),
            Some(Operation::Rows(rows)) => self.rows(step, rows),
            Some(Operation::InPlace(in_place)) => self.in_place(step, in_place),
            Some(Operation::Recurrent(layer)) => recurrent::statements(self, step, layer),
            Some(Operation::Join(join) | Operation::Attend(join)) => self.join(step, join),
        }
    }

    fn copy(&mut self, step: &Step) -> TokenStream {
        let input = self.tensor(step.input().place);
        let (declare, output) = self.output(step, 1);
        let (input, output) = (input.read_flat(), output.write_flat());
        quote!(#declare buffers::copy(#input, #output);)
    }

    fn rows(&mut self, step: &Step, rows: &lowered::Rows) -> TokenStream {
        let input = self.tensor(step.input().place);
        let is_ids = matches!(step.input().place, Place::Input(input) if self.plan.inputs[input].integers);
        let (declare, output) = self.output(step, rows.output);
        let weights = self.weights(step, 0);
        let inputs = std::slice::from_ref(&input);
        let arguments =
            Arguments { call: &rows.call, weights, inputs, output: &output, widths: (rows.input, rows.output) };
        let takes_any = rows.call.arguments.iter().any(|argument| matches!(argument, Argument::FlatInput));
        let call = if rows.reads_ids && takes_any {
            arguments.at_once()
        } else if rows.reads_ids && !is_ids {
            arguments.by_float_ids()
        } else if rows.call.by_row {
            arguments.by_row()
        } else if rows.reads_ids {
            arguments.by_ids()
        } else {
            arguments.at_once()
        };
        quote!(#declare #call)
    }

    fn in_place(&self, step: &Step, in_place: &InPlace) -> TokenStream {
        let tensor = self.tensor(step.output.place);
        let widths = (in_place.width, in_place.width);
        let inputs = std::slice::from_ref(&tensor);
        let arguments =
            Arguments { call: &in_place.call, weights: self.weights(step, 0), inputs, output: &tensor, widths };
        arguments.at_once()
    }

    fn join(&mut self, step: &Step, join: &Join) -> TokenStream {
        let inputs: Vec<Rows> = step.inputs.iter().map(|input| self.tensor(input.place)).collect();
        let (declare, output) = self.output(step, join.output);
        let widths = (join.operands.first().map_or(1, |operand| operand.width), join.output);
        let weights = self.weights(step, 0);
        let call = Arguments { call: &join.call, weights, inputs: &inputs, output: &output, widths }.at_once();
        quote!(#declare #call)
    }

    /// A tensor that was made before.
    pub(super) fn tensor(&self, place: Place) -> Rows {
        let value = match place {
            Place::Input(number) => return self.inputs[number].clone(),
            Place::Output(number) => return self.outputs[number].clone(),
            Place::Buffer(number) => Value::Buffer(number),
            Place::State { number, part } => Value::State { number, part },
        };
        self.values.get(&value).cloned().unwrap_or_else(|| unreachable!("a tensor is made before it is read"))
    }

    /// Says where a state is.
    pub(super) fn define_state(&mut self, number: usize, part: usize, rows: Rows) {
        self.values.insert(Value::State { number, part }, rows);
    }

    /// Declares what the step writes, as rows of `width`.
    pub(super) fn output(&mut self, step: &Step, width: usize) -> (TokenStream, Rows) {
        let Place::Buffer(number) = step.output.place else {
            return (TokenStream::new(), self.tensor(step.output.place));
        };
        let ident = self.name_of(step);
        let (mut declare, rows) = match (self.mode, step.output.floats) {
            (Mode::Step, floats) => local(&ident, floats.amount(), width),
            (Mode::Sequence, floats) => {
                let buffer = format_ident!("buffer_{number}");
                let (count, literal) = (count(floats, width), size(width));
                let declare = quote!(let #ident = buffers::first_rows_mut::<#literal>(&mut *#buffer, #count););
                (declare, Rows::rows(quote!(#ident), width, true))
            }
        };
        if self.outlives {
            self.before.extend(std::mem::take(&mut declare));
        }
        self.values.insert(Value::Buffer(number), rows.clone());
        (declare, rows)
    }

    /// A variable named after the step's layer.
    fn name_of(&mut self, step: &Step) -> Ident {
        let layer = step.layer.map_or("copied", |layer| self.plan.layers[layer].ident.as_str());
        let uses = self.names.entry(layer.to_owned()).or_insert(0);
        *uses += 1;
        if *uses == 1 { name(layer) } else { format_ident!("{layer}_part_{uses}") }
    }

    /// The packed weights of the step's `index`th kernel.
    pub(super) fn weights(&self, step: &Step, index: usize) -> TokenStream {
        match self.plan.segments.get(step.segment + index) {
            Some(segment) => {
                let field = name(&segment.ident);
                quote!(weights.#field)
            }
            None => quote!(&[]),
        }
    }
}

/// The variable that holds the number of an input's frames.
pub(super) fn n_frames(input: usize) -> Ident {
    if input == 0 { name("n_frames") } else { format_ident!("n_frames_{}", input + 1) }
}

/// How many rows of `width` a tensor has: a number, or by frames.
pub(super) fn count(floats: Extent, width: usize) -> TokenStream {
    match floats {
        Extent::Fixed(floats) => {
            let rows = size(floats / width.max(1));
            quote!(#rows)
        }
        Extent::PerFrame { input, amount } => {
            let (n_frames, rows) = (n_frames(input), size(amount / width.max(1)));
            if amount == width { quote!(#n_frames) } else { quote!(#n_frames * #rows) }
        }
    }
}

/// A local array for one frame's tensor.
fn local(ident: &Ident, floats: usize, width: usize) -> (TokenStream, Rows) {
    let (length, rows) = (size(width), size(floats / width.max(1)));
    if floats == width {
        (quote!(let mut #ident = [0.0_f32; #length];), Rows::array(quote!(#ident), width, true))
    } else {
        (quote!(let mut #ident = [[0.0_f32; #length]; #rows];), Rows::array_of_rows(ident, width))
    }
}

/// One call with what it is given.
pub(super) struct Arguments<'a> {
    pub(super) call: &'a Call,
    pub(super) weights: TokenStream,
    pub(super) inputs: &'a [Rows],
    pub(super) output: &'a Rows,
    pub(super) widths: (usize, usize),
}

impl Arguments<'_> {
    /// The first tensor that is read.
    fn input(&self) -> &Rows {
        &self.inputs[0]
    }

    /// Any number of rows.
    pub(super) fn at_once(&self) -> TokenStream {
        self.with(&self.input().read(self.widths.0), &self.output.write(self.widths.1))
    }

    /// Integer ids, one a row.
    fn by_ids(&self) -> TokenStream {
        self.with(&self.input().read_flat(), &self.output.write(self.widths.1))
    }

    /// Ids that were computed as floats.
    fn by_float_ids(&self) -> TokenStream {
        let (input, output) = (self.input().read_flat(), self.output.write(self.widths.1));
        let call = self.with(&quote!(&[buffers::id(*value)]), &quote!(::core::slice::from_mut(row)));
        quote! {
            for (value, row) in ::core::iter::zip(#input, #output) {
                #call
            }
        }
    }

    /// One row at a time.
    fn by_row(&self) -> TokenStream {
        let (input, output) = (self.input().read(self.widths.0), self.output.write(self.widths.1));
        let call = self.with(&quote!(from), &quote!(to));
        quote! {
            for (from, to) in ::core::iter::zip(#input, #output) {
                #call
            }
        }
    }

    fn with(&self, input: &TokenStream, output: &TokenStream) -> TokenStream {
        let function = &self.call.function;
        let arguments = self.call.arguments.iter().map(|argument| match argument {
            Argument::Isa => quote!(isa),
            Argument::Weights => self.weights.clone(),
            Argument::Input => input.clone(),
            Argument::Output => output.clone(),
            Argument::FlatInputs => {
                let inputs = self.inputs.iter().map(Rows::read_flat);
                quote!([#(#inputs),*])
            }
            Argument::FlatInput => self.input().read_flat(),
            Argument::FlatOutput => self.output.write_flat(),
            Argument::Taps => {
                let taps = self.input().read_array(self.widths.0);
                quote!([#taps])
            }
            Argument::OutputRow => self.output.write_array(self.widths.1),
            Argument::OutputRows(width) => {
                let width = size(*width);
                quote!(buffers::rows_mut::<#width>(#output))
            }
            Argument::Value(value) => value.clone(),
        });
        quote!(#function(#(#arguments),*);)
    }
}
