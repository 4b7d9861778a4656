//! One stage: kernels over the same frames, with the place of every tensor between them.

use super::chain::Link;
use super::lowered::{InPlace, Operation, Recurrent, Rows, Samples};
use super::{Extent, Place, Stage, Step, Tensor};

/// How the stage meets time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Whole sequences, many frames at a time.
    Sequence,
    /// One frame: recurrent layers leave their output in their state.
    Step,
}

/// What the stage is made of.
pub(super) struct Parts<'a> {
    pub(super) links: &'a [Link],
    /// Per link: its first segment, its first state, whether its time is unrolled.
    pub(super) numbers: &'a [Numbers],
    pub(super) mode: Mode,
    /// What it reads.
    pub(super) input: Tensor,
    /// Whether the last tensor is the caller's output.
    pub(super) writes_output: bool,
}

/// Where a link's weights and states are counted from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    pub(super) segment: usize,
    pub(super) state: usize,
    pub(super) unrolled: bool,
    pub(super) carried: bool,
}

/// A tensor that a step makes; `place` is decided at once or, for buffers, at the end.
struct Value {
    floats: Extent,
    place: Option<Place>,
    /// The value that its step reads: the two can't share a buffer.
    source: usize,
}

struct Draft<'a> {
    layer: Option<usize>,
    operation: Option<&'a Operation>,
    numbers: Numbers,
    input: usize,
    output: usize,
}

/// Lays the links out; `None` where a row would be cut in two.
pub(super) fn stage(parts: &Parts<'_>) -> Option<Stage> {
    let mut values = vec![Value { floats: parts.input.floats, place: Some(parts.input.place), source: 0 }];
    let mut drafts = Vec::new();
    for (link, numbers) in parts.links.iter().zip(parts.numbers) {
        add(link, *numbers, parts.mode, &mut values, &mut drafts)?;
    }
    if parts.writes_output {
        if values.last().is_some_and(|value| value.place.is_some()) {
            copy(&mut values, &mut drafts);
        }
        if let Some(value) = values.last_mut() {
            value.place = Some(Place::Output);
        }
    }
    let buffers = assign_buffers(&mut values);
    let tensor =
        |value: usize| Tensor { place: values[value].place.unwrap_or(Place::Output), floats: values[value].floats };
    let steps = drafts.iter().map(|draft| Step {
        layer: draft.layer,
        operation: draft.operation.cloned(),
        input: tensor(draft.input),
        output: tensor(draft.output),
        segment: draft.numbers.segment,
        state: draft.numbers.state,
        unrolled: draft.numbers.unrolled && parts.mode == Mode::Sequence,
        carried: draft.numbers.carried,
    });
    let mut stage = Stage { steps: steps.collect(), buffers, product: 0, timesteps: Some(0) };
    count_products(&mut stage, parts.mode);
    Some(stage)
}

fn add<'a>(
    link: &'a Link,
    numbers: Numbers,
    mode: Mode,
    values: &mut Vec<Value>,
    drafts: &mut Vec<Draft<'a>>,
) -> Option<()> {
    if let Operation::InPlace(InPlace { width, .. }) = &link.operation {
        if values.last()?.place.is_some() {
            copy(values, drafts);
        }
        values.last()?.floats.regroup(*width, 1)?;
        let value = values.len() - 1;
        let operation = Some(&link.operation);
        drafts.push(Draft { layer: Some(link.layer), operation, numbers, input: value, output: value });
        return Some(());
    }
    let (floats, place) = result(&link.operation, values.last()?.floats, mode, numbers)?;
    let source = values.len() - 1;
    values.push(Value { floats, place, source });
    let operation = Some(&link.operation);
    drafts.push(Draft { layer: Some(link.layer), operation, numbers, input: source, output: source + 1 });
    Some(())
}

fn copy(values: &mut Vec<Value>, drafts: &mut Vec<Draft<'_>>) {
    let source = values.len() - 1;
    let floats = values[source].floats;
    values.push(Value { floats, place: None, source });
    let numbers = Numbers::default();
    drafts.push(Draft { layer: None, operation: None, numbers, input: source, output: source + 1 });
}

/// Size and, where it is not a buffer, place of what a kernel makes.
fn result(operation: &Operation, input: Extent, mode: Mode, numbers: Numbers) -> Option<(Extent, Option<Place>)> {
    match operation {
        Operation::Rows(Rows { input: from, output: to, .. }) => Some((input.regroup(*from, *to)?, None)),
        Operation::InPlace(_) => Some((input, None)),
        Operation::Recurrent(recurrent) => recurrent_result(recurrent, input, mode, numbers),
    }
}

fn recurrent_result(
    recurrent: &Recurrent,
    input: Extent,
    mode: Mode,
    numbers: Numbers,
) -> Option<(Extent, Option<Place>)> {
    let width = recurrent.width();
    let in_state = (recurrent.directions.len() == 1).then_some(Place::State(numbers.state));
    if recurrent.samples == Samples::Many {
        let from = if recurrent.return_sequences { 1 } else { recurrent.timesteps? };
        return Some((input.regroup(from * recurrent.features, width)?, None));
    }
    let is_one_step = mode == Mode::Step && numbers.carried;
    if is_one_step || !recurrent.return_sequences {
        return Some((Extent::Fixed(width), in_state));
    }
    Some((input.regroup(recurrent.features, width)?, None))
}

/// Gives every other value a buffer: the first that its source doesn't live in and that counts the same way.
fn assign_buffers(values: &mut [Value]) -> Vec<Extent> {
    let mut buffers: Vec<Extent> = Vec::new();
    for index in 1..values.len() {
        if values[index].place.is_some() {
            continue;
        }
        let source = values[values[index].source].place;
        let wanted = values[index].floats;
        let fits = |&(number, buffer): &(usize, &Extent)| {
            source != Some(Place::Buffer(number))
                && matches!(
                    (buffer, wanted),
                    (Extent::Fixed(_), Extent::Fixed(_)) | (Extent::PerFrame(_), Extent::PerFrame(_))
                )
        };
        let number = buffers.iter().enumerate().find(fits).map_or(buffers.len(), |(number, _)| number);
        match buffers.get_mut(number) {
            Some(Extent::Fixed(size) | Extent::PerFrame(size)) => *size = (*size).max(wanted.amount()),
            None => buffers.push(wanted),
        }
        values[index].place = Some(Place::Buffer(number));
    }
    buffers
}

/// The widest input product that is computed ahead, and the longest sequence it is computed for.
fn count_products(stage: &mut Stage, mode: Mode) {
    for step in &stage.steps {
        let Some(Operation::Recurrent(recurrent)) = &step.operation else { continue };
        if step.unrolled || (mode == Mode::Step && step.carried) || recurrent.product() == 0 {
            continue;
        }
        stage.product = stage.product.max(recurrent.product());
        stage.timesteps = match (stage.timesteps, recurrent.timesteps) {
            (Some(longest), Some(timesteps)) => Some(longest.max(timesteps)),
            _ => None,
        };
    }
}
