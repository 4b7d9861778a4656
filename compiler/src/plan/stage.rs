//! One stage: kernels over the same frames, with the place of every tensor between them.

use std::collections::HashMap;

use super::lowered::{InPlace, Join, Operation, Recurrent, Rows, Samples};
use super::network::{Link, Source};
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
    /// All links of the model.
    pub(super) links: &'a [Link],
    /// Per link: its first segment, its first state, whether its time is unrolled.
    pub(super) numbers: &'a [Numbers],
    /// Which links run.
    pub(super) runs: &'a dyn Fn(&Link) -> bool,
    pub(super) mode: Mode,
    /// What is there before: the caller's inputs, states that an earlier stage left behind.
    pub(super) given: Vec<(Source, Tensor)>,
    /// What becomes of the caller's outputs: those that this stage writes.
    pub(super) results: Vec<(Source, usize)>,
}

/// Where a link's weights and states are counted from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    pub(super) segment: usize,
    pub(super) state: usize,
    pub(super) unrolled: bool,
    pub(super) carried: bool,
}

/// A tensor of the stage; `place` is decided at once or, for buffers, at the end.
struct Value {
    floats: Extent,
    place: Option<Place>,
    /// The draft that makes it, and the last one that reads it.
    made: usize,
    read: usize,
}

struct Drafted<'a> {
    layer: Option<usize>,
    operation: Option<&'a Operation>,
    numbers: Numbers,
    inputs: Vec<usize>,
    output: usize,
}

/// A stage on the way.
struct Draft<'a> {
    mode: Mode,
    values: Vec<Value>,
    /// Which value each source is now.
    of: HashMap<Source, usize>,
    /// How many readers of each source are still to come.
    readers: HashMap<Source, usize>,
    steps: Vec<Drafted<'a>>,
}

/// Lays the links out; `None` where a row would be cut in two.
pub(super) fn stage(parts: &Parts<'_>) -> Option<Stage> {
    let running = || parts.links.iter().enumerate().filter(|(_, link)| (parts.runs)(link));
    let mut readers = HashMap::new();
    let read = running().flat_map(|(_, link)| link.reads.iter().copied());
    read.chain(parts.results.iter().map(|(source, _)| *source))
        .for_each(|source| *readers.entry(source).or_insert(0) += 1);
    let mut draft = Draft { mode: parts.mode, values: Vec::new(), of: HashMap::new(), readers, steps: Vec::new() };
    for (source, tensor) in &parts.given {
        draft.of.insert(*source, draft.values.len());
        draft.values.push(Value { floats: tensor.floats, place: Some(tensor.place), made: 0, read: 0 });
    }
    for (index, link) in running() {
        draft.add(link, Source::Link(index), parts.numbers[index])?;
    }
    for &(source, output) in &parts.results {
        draft.answer(source, output);
    }
    Some(draft.finish())
}

impl<'a> Draft<'a> {
    fn add(&mut self, link: &'a Link, source: Source, numbers: Numbers) -> Option<()> {
        let mut inputs: Vec<usize> = link.reads.iter().map(|read| self.of[read]).collect();
        link.reads.iter().for_each(|read| *self.readers.entry(*read).or_insert(1) -= 1);
        let operation = &link.operation;
        let output = if let Operation::InPlace(InPlace { width, .. }) = operation {
            let is_last = self.readers[&link.reads[0]] == 0;
            if !is_last || self.values[inputs[0]].place.is_some() {
                inputs[0] = self.copy(inputs[0]);
            }
            self.values[inputs[0]].floats.regroup(*width, 1)?;
            inputs[0]
        } else {
            let floats: Vec<Extent> = inputs.iter().map(|&input| self.values[input].floats).collect();
            let (floats, place) = result(operation, &floats, self.mode, numbers)?;
            self.value(floats, place)
        };
        self.step(Drafted { layer: Some(link.layer), operation: Some(operation), numbers, inputs, output });
        self.of.insert(source, output);
        if let (Operation::Recurrent(recurrent), Source::Link(link)) = (operation, source) {
            for (index, tensor) in states(recurrent, numbers).into_iter().enumerate() {
                let value = self.value(tensor.floats, Some(tensor.place));
                self.of.insert(Source::State(link, index), value);
            }
        }
        Some(())
    }

    fn value(&mut self, floats: Extent, place: Option<Place>) -> usize {
        let made = self.steps.len();
        self.values.push(Value { floats, place, made, read: made });
        self.values.len() - 1
    }

    fn step(&mut self, drafted: Drafted<'a>) {
        for &input in &drafted.inputs {
            self.values[input].read = self.steps.len();
        }
        self.steps.push(drafted);
    }

    fn copy(&mut self, from: usize) -> usize {
        let output = self.value(self.values[from].floats, None);
        let numbers = Numbers::default();
        self.step(Drafted { layer: None, operation: None, numbers, inputs: vec![from], output });
        output
    }

    /// Lets a tensor be the caller's output, or copies it there.
    fn answer(&mut self, source: Source, output: usize) {
        let mut value = self.of[&source];
        if self.values[value].place.is_some() {
            value = self.copy(value);
        }
        self.values[value].place = Some(Place::Output(output));
    }

    fn finish(mut self) -> Stage {
        let buffers = assign_buffers(&mut self.values);
        let values = &self.values;
        let tensor = |value: usize| Tensor {
            place: values[value].place.unwrap_or(Place::Output(0)),
            floats: values[value].floats,
        };
        let steps = self.steps.iter().map(|drafted| Step {
            layer: drafted.layer,
            operation: drafted.operation.cloned(),
            inputs: drafted.inputs.iter().map(|&input| tensor(input)).collect(),
            output: tensor(drafted.output),
            segment: drafted.numbers.segment,
            state: drafted.numbers.state,
            unrolled: drafted.numbers.unrolled && self.mode == Mode::Sequence,
            carried: drafted.numbers.carried,
        });
        let mut stage = Stage { steps: steps.collect(), buffers, product: 0, timesteps: Some(0) };
        count_products(&mut stage, self.mode);
        stage
    }
}

/// The states that a recurrent layer leaves behind, direction by direction.
pub(super) fn states(recurrent: &Recurrent, numbers: Numbers) -> Vec<Tensor> {
    let directions = recurrent.directions.iter().enumerate();
    let states = directions.flat_map(|(index, direction)| {
        let tensor = move |part| Tensor {
            place: Place::State { number: numbers.state + index, part },
            floats: Extent::Fixed(direction.units),
        };
        (0..direction.n_states).map(tensor)
    });
    states.collect()
}

/// Size and, where it is not a buffer, place of what a kernel makes.
fn result(operation: &Operation, inputs: &[Extent], mode: Mode, numbers: Numbers) -> Option<(Extent, Option<Place>)> {
    let input = *inputs.first()?;
    match operation {
        Operation::Rows(Rows { input: from, output: to, .. }) => Some((input.regroup(*from, *to)?, None)),
        Operation::InPlace(_) => Some((input, None)),
        Operation::Recurrent(recurrent) => recurrent_result(recurrent, input, mode, numbers),
        Operation::Join(Join { operands, output, .. }) => {
            let mut results =
                operands.iter().zip(inputs).map(|(operand, floats)| floats.regroup(operand.width, *output));
            let first = results.next()??;
            results.all(|other| other == Some(first)).then_some((first, None))
        }
    }
}

fn recurrent_result(
    recurrent: &Recurrent,
    input: Extent,
    mode: Mode,
    numbers: Numbers,
) -> Option<(Extent, Option<Place>)> {
    let width = recurrent.width();
    let in_state = (recurrent.directions.len() == 1).then_some(Place::State { number: numbers.state, part: 0 });
    if recurrent.samples == Samples::Many {
        let from = if recurrent.return_sequences { 1 } else { recurrent.timesteps? };
        return Some((input.regroup(from * recurrent.features, width)?, None));
    }
    let is_one_step = mode == Mode::Step && numbers.carried;
    if is_one_step && recurrent.answers_zeros() {
        return Some((Extent::Fixed(width), None));
    }
    if is_one_step || !recurrent.return_sequences {
        return Some((Extent::Fixed(width), in_state));
    }
    Some((input.regroup(recurrent.features, width)?, None))
}

/// Gives every other value a buffer: the first that counts the same way and holds nothing that is still read when the
/// value is made.
fn assign_buffers(values: &mut [Value]) -> Vec<Extent> {
    let mut buffers: Vec<Extent> = Vec::new();
    let mut busy: Vec<usize> = Vec::new();
    for value in values.iter_mut().filter(|value| value.place.is_none()) {
        let fits = |&(number, buffer): &(usize, &Extent)| {
            busy[number] < value.made
                && matches!(
                    (buffer, value.floats),
                    (Extent::Fixed(_), Extent::Fixed(_)) | (Extent::PerFrame(_), Extent::PerFrame(_))
                )
        };
        let number = buffers.iter().enumerate().find(fits).map_or(buffers.len(), |(number, _)| number);
        match buffers.get_mut(number) {
            Some(Extent::Fixed(size) | Extent::PerFrame(size)) => *size = (*size).max(value.floats.amount()),
            None => {
                buffers.push(value.floats);
                busy.push(0);
            }
        }
        busy[number] = value.read;
        value.place = Some(Place::Buffer(number));
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
