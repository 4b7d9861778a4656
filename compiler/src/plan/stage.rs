//! One stage: kernels over the same frames, with the place of every tensor between them.

use std::collections::HashMap;

use super::clock::Clock;
use super::lowered::{Fold, InPlace, Join, Operation, Recurrent, Rows, Samples, Window};
use super::network::{Link, Source};
use super::time::Read;
use super::{Extent, Kept, Place, Stage, Step, Tensor};

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
    /// In a stream's step: with which frames each tensor is there, and what is kept of it.
    pub(super) times: Option<&'a Times>,
}

/// When the tensors of a stream are there, and where rows of them are kept.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// None for those that are there with each frame.
    pub(super) clocks: HashMap<Source, Clock>,
    /// The states that keep rows, by tensor.
    pub(super) kept: HashMap<Source, usize>,
}

/// Where a link's weights and states are counted from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    pub(super) segment: usize,
    pub(super) state: usize,
    pub(super) unrolled: bool,
    pub(super) carried: bool,
    pub(super) stateful: bool,
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
    kept: Option<Kept>,
    clock: Option<&'a Clock>,
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
    times: Option<&'a Times>,
}

/// Lays the links out; `None` where a row would be cut in two.
pub(super) fn stage(parts: &Parts<'_>) -> Option<Stage> {
    let running = || parts.links.iter().enumerate().filter(|(_, link)| (parts.runs)(link));
    let mut readers = HashMap::new();
    let read = running().flat_map(|(_, link)| link.reads.iter().copied());
    read.chain(parts.results.iter().map(|(source, _)| *source))
        .for_each(|source| *readers.entry(source).or_insert(0) += 1);
    let (values, of, steps) = (Vec::new(), HashMap::new(), Vec::new());
    let mut draft = Draft { mode: parts.mode, values, of, readers, steps, times: parts.times };
    for (source, tensor) in &parts.given {
        draft.of.insert(*source, draft.values.len());
        draft.values.push(Value { floats: tensor.floats, place: Some(tensor.place), made: 0, read: 0 });
        draft.keep(*source);
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
        let clock = self.clock(source);
        let operation = self.form(link)?;
        let (mut inputs, kept) = self.inputs(link, operation, clock);
        link.reads.iter().for_each(|read| *self.readers.entry(*read).or_insert(1) -= 1);
        let output = if let Operation::InPlace(InPlace { width, .. }) = operation {
            let is_last = self.readers[&link.reads[0]] == 0;
            if !is_last || self.values[inputs[0]].place.is_some() {
                inputs[0] = self.copy(inputs[0], clock);
            }
            self.values[inputs[0]].floats.regroup(*width, 1)?;
            inputs[0]
        } else {
            let floats: Vec<Extent> = inputs.iter().map(|&input| self.values[input].floats).collect();
            let (floats, place) = result(operation, &floats, self.mode, numbers)?;
            self.value(floats, place)
        };
        let operation = Some(operation);
        self.step(Drafted { layer: Some(link.layer), operation, numbers, inputs, output, kept, clock });
        self.of.insert(source, output);
        if let (Some(Operation::Recurrent(recurrent)), Source::Link(link)) = (operation, source) {
            for (index, tensor) in states(recurrent, numbers).into_iter().enumerate() {
                let value = self.value(tensor.floats, Some(tensor.place));
                self.of.insert(Source::State(link, index), value);
            }
        }
        self.keep(source);
        Some(())
    }

    /// The kernel that a link is here: of those over windows the one for whole samples, but in a stream's frames.
    fn form(&self, link: &'a Link) -> Option<&'a Operation> {
        match &link.operation {
            Operation::Window(Window { whole, .. }) | Operation::Fold(Fold { whole, .. })
                if self.times.is_none() || !link.in_frames =>
            {
                whole.as_deref()
            }
            operation => Some(operation),
        }
    }

    /// What a link reads: rows at hand, or such as were kept, which a window reads by itself.
    fn inputs(&mut self, link: &Link, operation: &Operation, clock: Option<&'a Clock>) -> (Vec<usize>, Option<Kept>) {
        let mut kept = None;
        let mut inputs = Vec::new();
        for (place, read) in link.reads.iter().enumerate() {
            let value = self.of[read];
            let state = self.times.and_then(|times| times.kept.get(read));
            inputs.push(match (link.ways.get(place), state) {
                (Some(&Read::Back(back)), Some(&state)) if matches!(operation, Operation::Window(_)) => {
                    kept = Some(Kept::Read { state, back });
                    value
                }
                (Some(&Read::Back(back)), Some(&state)) => {
                    let recalled = self.value(self.values[value].floats, None);
                    self.move_row(value, recalled, Some(Kept::Read { state, back }), clock);
                    recalled
                }
                (Some(_) | None, _) => value,
            });
        }
        (inputs, kept)
    }

    /// When a tensor is there, where that is not with each frame.
    fn clock(&self, source: Source) -> Option<&'a Clock> {
        self.times.and_then(|times| times.clocks.get(&source))
    }

    /// Keeps the row at hand of a tensor that is read later.
    fn keep(&mut self, source: Source) {
        if let Some(&state) = self.times.and_then(|times| times.kept.get(&source)) {
            let value = self.of[&source];
            self.move_row(value, value, Some(Kept::Put(state)), self.clock(source));
        }
    }

    fn move_row(&mut self, from: usize, output: usize, kept: Option<Kept>, clock: Option<&'a Clock>) {
        let numbers = Numbers::default();
        self.step(Drafted { layer: None, operation: None, numbers, inputs: vec![from], output, kept, clock });
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

    fn copy(&mut self, from: usize, clock: Option<&'a Clock>) -> usize {
        let output = self.value(self.values[from].floats, None);
        self.move_row(from, output, None, clock);
        output
    }

    /// Lets a tensor be the caller's output, or copies it there.
    fn answer(&mut self, source: Source, output: usize) {
        let mut value = self.of[&source];
        if self.values[value].place.is_some() {
            value = self.copy(value, self.clock(source));
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
            stateful: drafted.numbers.stateful,
            kept: drafted.kept,
            clock: drafted.clock.cloned(),
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
        Operation::Window(window) => Some((Extent::Fixed(window.output), None)),
        Operation::Fold(fold) => Some((Extent::Fixed(fold.features), None)),
        Operation::Attend(Join { operands, output, .. }) => {
            Some((input.regroup(operands.first()?.width, *output)?, None))
        }
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
    if recurrent.samples == Samples::Many && recurrent.leaves_states {
        let total = recurrent.sample_output()? + recurrent.state_width();
        return Some((input.regroup(recurrent.timesteps? * recurrent.features, total)?, None));
    }
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
        let fits = |&(number, buffer): &(usize, &Extent)| busy[number] < value.made && buffer.counts_as(value.floats);
        let number = buffers.iter().enumerate().find(fits).map_or(buffers.len(), |(number, _)| number);
        match buffers.get_mut(number) {
            Some(buffer) => *buffer = buffer.map(|amount| amount.max(value.floats.amount())),
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
