//! Makes the plan of a graph: segments, states, decisions, stages.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::quote;
use rnn_grammar::{Code, Diagnostic, Span};

use super::clock::Clock;
use super::lengths::{go_together, is_free, lengths};
use super::lowered::{Direction, Fold, Operation, Samples, Weights, Window, fixed};
use super::memory::memory;
use super::names::Names;
use super::network::{Link, Network, Source, names_of, network};
use super::stage::{Mode, Numbers, Parts, Times, stage, states};
use super::time::Causal;
use super::unroll::decide;
use super::{Decision, Endpoint, Extent, Forward, Kept, Place, Plan, Segment, Stage, State, Streams, Tensor};
use super::{kernels, round_up};
use crate::graph::TypedGraph;
use crate::layer::Variable;
use crate::model::CompiledModel;
use crate::precision::Precision;
use crate::shape::Dimension;
use crate::storage::Storage;

/// Plans the code of a model.
///
/// # Errors
/// E4xx where the model has no code: what `Keras` allows and a static shape doesn't.
pub fn plan(model: &CompiledModel) -> Result<Plan, Box<Diagnostic>> {
    plan_stored(model, Storage::F32)
}

/// Plans the code of a model whose dense and recurrent kernels store their rows of weights like this.
///
/// # Errors
/// As [`plan`]. E414 for smaller numbers in a float64 model.
pub fn plan_stored(model: &CompiledModel, storage: Storage) -> Result<Plan, Box<Diagnostic>> {
    if model.precision == Precision::Double && storage != Storage::F32 {
        let title = format!("`{}` computes in float64, and its weights can't be stored as {storage}", model.name);
        let advice = "leave the storage out, or let the model compute in float32";
        return Err(Box::new(Diagnostic::new(Code::E414, model.span, title).help(advice)));
    }
    let graph = crate::passes::run(&model.graph);
    let network = network(&graph, names_of(model), storage).map_err(Box::new)?;
    Draft { model: Some(&model.graph), ..Draft::default() }.fill(network).map_err(Box::new)
}

#[derive(Default)]
struct Draft<'a> {
    /// What the weights are bound to.
    model: Option<&'a TypedGraph>,
    segments: Vec<Segment>,
    /// Where the segments begin that are packed from a variable on.
    packed: HashMap<Variable, Vec<usize>>,
    states: Vec<State>,
    decisions: Vec<Decision>,
    numbers: Vec<Numbers>,
}

impl Draft<'_> {
    fn fill(mut self, network: Network) -> Result<Plan, Diagnostic> {
        for link in &network.links {
            self.number(&network, link)?;
        }
        if let Some(diagnostic) = is_kept_twice(&network) {
            return Err(diagnostic);
        }
        let cut = || row_is_cut(&network);
        let streaming = match &network.causal {
            Ok(causal) if causal.is_plain => Ok(self.streams(&network, causal).ok_or_else(cut)?),
            Ok(causal) => Ok(self.clocked(&network, causal).ok_or_else(cut)?),
            Err(reason) => Err(reason.clone()),
        };
        let lengths = lengths(&network);
        let forward = self.forward(&network, streaming.as_ref().ok(), &lengths)?;
        let timesteps = network.inputs.first().and_then(|input| input.axes.first()).and_then(|&axis| fixed(axis).ok());
        Ok(Plan {
            memory: memory(&forward, streaming.as_ref().ok(), timesteps),
            inputs: network.inputs,
            outputs: network.outputs,
            layers: network.layers,
            segments: self.segments,
            states: self.states,
            streaming,
            forward,
            lengths,
            decisions: self.decisions,
        })
    }

    fn forward(&self, network: &Network, streams: Option<&Streams>, lengths: &[usize]) -> Result<Forward, Diagnostic> {
        let is_single = network.inputs.len() == 1 && network.outputs.len() == 1;
        let is_free = network.inputs.iter().any(|input| is_free(&input.axes));
        // The stream's chunks write one output, a frame at a time, or none before the end.
        let chunked = streams.filter(|streams| streams.chunk.is_some());
        let at_end = chunked.is_some_and(|streams| streams.in_time.iter().all(|in_time| !in_time));
        let is_chunked = chunked.is_some() && (is_single || (network.inputs.len() == 1 && at_end && is_free));
        // Straight-line steps need all frames at once, so they can't be cut into chunks.
        let is_unrolled =
            network.links.iter().zip(&self.numbers).any(|(link, numbers)| link.in_frames && numbers.unrolled);
        // What is kept from call to call must be part of what a stream carries.
        let is_kept_apart = self.states.iter().any(|state| state.stateful && !state.carried);
        if is_chunked && !is_unrolled && !is_kept_apart {
            return Ok(Forward::Streamed);
        }
        if is_free && (!is_single || streams.is_some_and(|streams| streams.chunk.is_none())) {
            let answers_frames = streams
                .is_some_and(|streams| network.outputs.len() == 1 || streams.in_time.iter().all(|&in_time| in_time));
            // Frames hold a timestep of each input, so these have to go together.
            if answers_frames && go_together(network) && !is_kept_apart {
                return Ok(Forward::Stepped);
            }
        }
        if let Some(link) = network.links.iter().find(|link| !has_whole(&link.operation)) {
            return Err(if is_kept_apart { is_kept_behind(network) } else { has_no_whole(network, link) });
        }
        Ok(Forward::Whole(self.whole(network, lengths).ok_or_else(|| row_is_cut(network))?))
    }

    /// Counts a link's segments and states, and decides about its time loop.
    fn number(&mut self, network: &Network, link: &Link) -> Result<(), Diagnostic> {
        let segment = self.segment(network, link);
        let mut numbers = Numbers { segment, state: self.states.len(), ..Numbers::default() };
        if let Operation::Recurrent(recurrent) = &link.operation {
            let layer = &network.layers[link.layer];
            numbers.carried = link.in_frames && recurrent.samples == Samples::One;
            numbers.stateful = recurrent.stateful;
            let (unrolled, reason) = decide(recurrent, layer, link.span)?;
            numbers.unrolled = unrolled;
            let class = recurrent.directions.first().map_or("", |direction| direction.class);
            self.decisions.push(Decision { layer: link.layer, class, unrolled, reason });
            for direction in &recurrent.directions {
                self.states.push(state(direction, &layer.ident, numbers));
            }
        }
        if let (Operation::Fold(fold), true) = (&link.operation, link.in_frames && network.causal.is_ok()) {
            let ident = network.layers[link.layer].ident.clone();
            // The count of rows takes the place of two, and is saved as four.
            let (kind, floats, saved) = (fold.state.clone(), fold.features + 2, fold.features + 4);
            self.states.push(State { ident, kind, floats, units: 0, saved, carried: true, stateful: false });
        }
        self.numbers.push(numbers);
        Ok(())
    }

    /// The first segment of the link's weights: those of another kernel that packs the same variables alike, or new ones.
    fn segment(&mut self, network: &Network, link: &Link) -> usize {
        let weights = link.operation.weights();
        let begin = weights.first().and_then(|weights| self.variable(link.node, weights.first_tensor));
        let is_same = |(segment, weights): (&Segment, &&Weights)| {
            let packed = self.variable(segment.node, segment.first_tensor);
            packed == self.variable(link.node, weights.first_tensor) && segment.packing == weights.packing
        };
        let is_packed = |&first: &usize| {
            let known = self.segments.get(first..first + weights.len());
            known.is_some_and(|known| known.iter().zip(&weights).all(is_same))
        };
        let known = begin.and_then(|begin| self.packed.get(&begin)?.iter().copied().find(is_packed));
        if let Some(first) = known {
            return first;
        }
        let first = self.segments.len();
        self.add_segments(network, link);
        if let Some(begin) = begin {
            self.packed.entry(begin).or_default().push(first);
        }
        first
    }

    fn variable(&self, node: usize, tensor: usize) -> Option<Variable> {
        self.model?.nodes().get(node)?.weights.get(tensor)?.variable
    }

    fn add_segments(&mut self, network: &Network, link: &Link) {
        let ident = &network.layers[link.layer].ident;
        let n_before = self.segments.iter().filter(|segment| segment.layer == link.layer).count();
        let several = link.operation.weights().len() + n_before > 1;
        for (index, weights) in link.operation.weights().into_iter().enumerate() {
            let offset = self.segments.last().map_or(0, |last| round_up(last.offset + last.packing.length));
            let name = match &link.operation {
                Operation::Recurrent(recurrent) => recurrent.directions[index].name,
                Operation::Rows(_)
                | Operation::InPlace(_)
                | Operation::Join(_)
                | Operation::Attend(_)
                | Operation::Window(_)
                | Operation::Fold(_) => None,
            };
            self.segments.push(Segment {
                ident: match name {
                    Some(name) => format!("{ident}_{name}"),
                    None if several => format!("{ident}_part_{}", n_before + index),
                    None => ident.clone(),
                },
                layer: link.layer,
                node: link.node,
                first_tensor: weights.first_tensor,
                packing: weights.packing.clone(),
                offset,
            });
        }
    }

    fn streams(&self, network: &Network, causal: &Causal) -> Option<Streams> {
        let clocks: Vec<Clock> = network.results.iter().map(|result| causal.clocks[result].clone()).collect();
        let in_time: Vec<bool> = clocks.iter().map(|clock| !clock.at_end).collect();
        // A chunk has as many frames as the caller gives; straight-line steps would need exactly the sample's.
        let looped: Vec<Numbers> = self.numbers.iter().map(|numbers| Numbers { unrolled: false, ..*numbers }).collect();
        let writes_frames = in_time.iter().any(|&in_time| in_time);
        let chunk = stage(&Parts {
            links: &network.links,
            numbers: &looped,
            runs: &|link| link.in_frames,
            mode: Mode::Sequence,
            given: frames(network, Extent::per_frame),
            results: if writes_frames { results(network, |output| in_time[output]) } else { Vec::new() },
            times: None,
        })?;
        let head = match in_time.iter().all(|&in_time| in_time) {
            true => None,
            false => Some(self.head(network, &in_time)?),
        };
        let step = self.step(network, None)?;
        Some(Streams { chunk: Some(chunk), head, step, in_time, clocks, time: None })
    }

    /// A stream whose tensors are there with some frames only, or some time after them.
    fn clocked(&mut self, network: &Network, causal: &Causal) -> Option<Streams> {
        let mut times = Times::default();
        for (&source, clock) in &causal.clocks {
            let clock = clock.shifted(causal.time.lead);
            if !clock.is_each_frame() {
                times.clocks.insert(source, clock);
            }
        }
        let first = self.states.len();
        let mut kept: Vec<(Source, usize)> = causal.kept.iter().map(|(&source, &rows)| (source, rows)).collect();
        kept.sort_unstable();
        let mut names = Names::default();
        self.states.iter().for_each(|state| names.take(&state.ident));
        for (place, &(source, rows)) in kept.iter().enumerate() {
            times.kept.insert(source, first + place);
            let ident = names.ident(&format!("{}_rows", name_of(network, source)));
            self.states.push(State {
                ident,
                kind: TokenStream::new(),
                floats: rows,
                units: 0,
                saved: rows,
                carried: true,
                stateful: false,
            });
        }
        let step = self.step(network, Some(&times))?;
        for step in &step.steps {
            let Some(Kept::Put(state)) = step.kept else { continue };
            let (width, state) = (step.input().floats.amount(), &mut self.states[state]);
            let (literal, rows) = (kernels::number(width), kernels::number(state.floats));
            state.kind = quote!(state::Rows::<#literal, #rows>);
            state.floats *= width;
            state.saved = state.floats;
        }
        let clocks: Vec<Clock> = network.results.iter().map(|result| causal.clocks[result].clone()).collect();
        let in_time = clocks.iter().map(|clock| !clock.at_end).collect();
        let time = (!times.clocks.is_empty()).then_some(causal.time);
        Some(Streams { chunk: None, head: None, step, in_time, clocks, time })
    }

    /// One frame through all layers.
    fn step(&self, network: &Network, times: Option<&Times>) -> Option<Stage> {
        stage(&Parts {
            links: &network.links,
            numbers: &self.numbers,
            runs: &|_| true,
            mode: Mode::Step,
            given: frames(network, Extent::Fixed),
            results: results(network, |_| true),
            times,
        })
    }

    /// What runs once behind the frames: it reads the states that recurrent layers left behind.
    fn head(&self, network: &Network, in_time: &[bool]) -> Option<Stage> {
        let mut given = Vec::new();
        for (index, (link, numbers)) in network.links.iter().zip(&self.numbers).enumerate() {
            let Operation::Recurrent(recurrent) = &link.operation else { continue };
            if !link.in_frames {
                continue;
            }
            let left = states(recurrent, *numbers);
            if let (false, [direction]) = (recurrent.return_sequences, recurrent.directions.as_slice()) {
                debug_assert_eq!(left[0].floats, Extent::Fixed(direction.units), "the last output is a state");
                given.push((Source::Link(index), left[0]));
            }
            given.extend(left.into_iter().enumerate().map(|(part, tensor)| (Source::State(index, part), tensor)));
        }
        stage(&Parts {
            links: &network.links,
            numbers: &self.numbers,
            runs: &|link| !link.in_frames,
            mode: Mode::Sequence,
            given,
            results: results(network, |output| !in_time[output]),
            times: None,
        })
    }

    fn whole(&self, network: &Network, lengths: &[usize]) -> Option<Stage> {
        let given = network.inputs.iter().enumerate().map(|(place, input)| {
            let frame = frame_floats(&input.axes);
            let first = input.axes.first().map_or(Ok(1), |&axis| fixed(axis)).ok();
            let per_frame = Extent::PerFrame { input: lengths[place], amount: frame };
            let floats = first.map_or(per_frame, |first| Extent::Fixed(first * frame));
            (Source::Input(place), Tensor { place: Place::Input(place), floats })
        });
        stage(&Parts {
            links: &network.links,
            numbers: &self.numbers,
            runs: &|_| true,
            mode: Mode::Sequence,
            given: given.collect(),
            results: results(network, |_| true),
            times: None,
        })
    }
}

/// The inputs of a stage over frames.
fn frames(network: &Network, extent: fn(usize) -> Extent) -> Vec<(Source, Tensor)> {
    let tensor = |(place, input): (usize, &Endpoint)| {
        (Source::Input(place), Tensor { place: Place::Input(place), floats: extent(frame_floats(&input.axes)) })
    };
    network.inputs.iter().enumerate().map(tensor).collect()
}

/// What a tensor is called in the generated code.
fn name_of(network: &Network, source: Source) -> &str {
    match source {
        Source::Input(place) => &network.inputs[place].field,
        Source::Link(link) | Source::State(link, _) => &network.layers[network.links[link].layer].ident,
    }
}

/// Whether the kernel has a form for whole samples.
fn has_whole(operation: &Operation) -> bool {
    match operation {
        Operation::Window(Window { whole, .. }) | Operation::Fold(Fold { whole, .. }) => whole.is_some(),
        Operation::Rows(_)
        | Operation::InPlace(_)
        | Operation::Recurrent(_)
        | Operation::Join(_)
        | Operation::Attend(_) => true,
    }
}

/// The outputs that a stage writes.
fn results(network: &Network, writes: impl Fn(usize) -> bool) -> Vec<(Source, usize)> {
    let results = network.results.iter().enumerate().filter(|(output, _)| writes(*output));
    results.map(|(output, &source)| (source, output)).collect()
}

fn state(direction: &Direction, ident: &str, Numbers { carried, stateful, .. }: Numbers) -> State {
    let kind: TokenStream = direction.state.clone();
    let ident = direction.name.map_or_else(|| ident.to_owned(), |name| format!("{ident}_{name}"));
    let (units, saved) = (direction.units, direction.units * direction.n_states);
    State { ident, kind, floats: direction.state_floats, units, saved, carried, stateful }
}

/// Elements of all axes behind the first.
fn frame_floats(axes: &[Dimension]) -> usize {
    axes.iter().skip(1).filter_map(|axis| fixed(*axis).ok()).product()
}

/// A free timestep that a later layer regroups: `Reshape((-1, 4))` of frames of 6 values.
fn row_is_cut(network: &Network) -> Diagnostic {
    let span = network.links.first().map_or_else(Default::default, |link| link.span);
    Diagnostic::new(Code::E402, span, "code needs a fixed number of timesteps where frames are cut into others")
        .help("give `Input` a fixed number of timesteps; `rnnc run` evaluates the model as it is")
}

/// A stateful layer behind the last timestep of a model that can only run frame by frame.
fn is_kept_behind(network: &Network) -> Diagnostic {
    let stateful = |link: &&Link| matches!(&link.operation, Operation::Recurrent(layer) if layer.stateful);
    let link = network.links.iter().find(|link| stateful(link) && !link.in_frames);
    let span = link.map_or(network.span, |link| link.span);
    Diagnostic::new(Code::E406, span, "code for a stateful layer behind the last of free timesteps is not there")
        .at("takes a step once a call, not once a timestep")
        .help("give `Input` a fixed number of timesteps, or drop `stateful=True`")
}

/// A stateful layer that is called twice.
fn is_kept_twice(network: &Network) -> Option<Diagnostic> {
    let stateful = |link: &&Link| matches!(&link.operation, Operation::Recurrent(layer) if layer.stateful);
    let mut seen = HashMap::new();
    network.links.iter().filter(stateful).find_map(|link| {
        let first: Span = seen.insert(link.object, link.span)?;
        let title = "code for a stateful layer that is called twice is not there".to_owned();
        let diagnostic = Diagnostic::new(Code::E406, link.span, title).at("goes on where the first call ended");
        Some(
            diagnostic
                .label(first, "called here too")
                .help("make a layer of its own for each call, or drop `stateful=True`"),
        )
    })
}

/// A layer over windows of free timesteps, in a model that can't be run frame by frame.
fn has_no_whole(network: &Network, link: &Link) -> Diagnostic {
    let class = network.layers[link.layer].class;
    let title = format!("code for `{class}` over free timesteps needs a model that runs frame by frame");
    Diagnostic::new(Code::E405, link.span, title)
        .at("makes another number of timesteps")
        .note(why_not_stepped(network))
        .help("give `Input` a fixed number of timesteps; `rnnc run` evaluates the model as it is")
}

fn why_not_stepped(network: &Network) -> String {
    match &network.causal {
        Err(no_stream) => match &no_stream.layer {
            Some((layer, class)) => format!("`{layer}` ({class}) {}", no_stream.reason),
            None => no_stream.reason.clone(),
        },
        Ok(_) => "some outputs are there for each frame, others only at the end; or inputs have lengths of their own"
            .to_owned(),
    }
}
