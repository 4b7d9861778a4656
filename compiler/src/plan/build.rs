//! Makes the plan of a graph: segments, states, decisions, stages.

use proc_macro2::TokenStream;
use rnn_grammar::{Code, Diagnostic};

use super::chain::{Causal, Chain, Link, chain};
use super::lowered::{Direction, Operation, Samples};
use super::memory::memory;
use super::stage::{Mode, Numbers, Parts, stage};
use super::unroll::decide;
use super::{Decision, Extent, Forward, Place, Plan, Segment, Stage, State, Streams, Tensor, round_up};
use crate::graph::TypedGraph;
use crate::shape::Dimension;

/// Plans the code of a graph.
///
/// # Errors
/// E4xx where the model has no code: what `Keras` allows and a static shape doesn't.
pub fn plan(graph: &TypedGraph) -> Result<Plan, Box<Diagnostic>> {
    let graph = crate::passes::run(graph);
    let chain = chain(&graph).map_err(Box::new)?;
    Draft::default().fill(chain).map_err(Box::new)
}

#[derive(Default)]
struct Draft {
    segments: Vec<Segment>,
    states: Vec<State>,
    decisions: Vec<Decision>,
    numbers: Vec<Numbers>,
}

impl Draft {
    fn fill(mut self, chain: Chain) -> Result<Plan, Diagnostic> {
        let n_carried = chain.causal.as_ref().map_or(0, |causal| causal.n_links);
        for (index, link) in chain.links.iter().enumerate() {
            self.number(&chain, link, index < n_carried)?;
        }
        let cut = || row_is_cut(&chain);
        let streaming = match &chain.causal {
            Ok(causal) => Ok(self.streams(&chain, *causal).ok_or_else(cut)?),
            Err(reason) => Err(reason.clone()),
        };
        // Straight-line steps need all frames at once, so they can't be cut into chunks.
        let is_unrolled = self.numbers.iter().take(n_carried).any(|numbers| numbers.unrolled);
        let forward = if streaming.is_ok() && !is_unrolled {
            Forward::Streamed
        } else {
            Forward::Whole(self.whole(&chain).ok_or_else(cut)?)
        };
        let timesteps = chain.input.axes.first().and_then(|axis| super::lowered::fixed(*axis).ok());
        Ok(Plan {
            memory: memory(&forward, streaming.as_ref().ok(), timesteps),
            input: chain.input,
            output: chain.output,
            layers: chain.layers,
            segments: self.segments,
            states: self.states,
            streaming,
            forward,
            decisions: self.decisions,
        })
    }

    /// Counts a link's segments and states, and decides about its time loop.
    fn number(&mut self, chain: &Chain, link: &Link, in_prefix: bool) -> Result<(), Diagnostic> {
        let mut numbers = Numbers { segment: self.segments.len(), state: self.states.len(), ..Numbers::default() };
        if let Operation::Recurrent(recurrent) = &link.operation {
            let layer = &chain.layers[link.layer];
            numbers.carried = in_prefix && recurrent.samples == Samples::One;
            let (unrolled, reason) = decide(recurrent, layer, link.span)?;
            numbers.unrolled = unrolled;
            let class = recurrent.directions.first().map_or("", |direction| direction.class);
            self.decisions.push(Decision { layer: link.layer, class, unrolled, reason });
            for direction in &recurrent.directions {
                self.states.push(state(direction, &layer.ident, numbers.carried));
            }
        }
        self.add_segments(chain, link);
        self.numbers.push(numbers);
        Ok(())
    }

    fn add_segments(&mut self, chain: &Chain, link: &Link) {
        let ident = &chain.layers[link.layer].ident;
        let n_before = self.segments.iter().filter(|segment| segment.node == link.node).count();
        let several = link.operation.weights().len() + n_before > 1;
        for (index, weights) in link.operation.weights().into_iter().enumerate() {
            let offset = self.segments.last().map_or(0, |last| round_up(last.offset + last.packing.length));
            let name = match &link.operation {
                Operation::Recurrent(recurrent) => recurrent.directions[index].name,
                Operation::Rows(_) | Operation::InPlace(_) => None,
            };
            self.segments.push(Segment {
                ident: match name {
                    Some(name) => format!("{ident}_{name}"),
                    None if several => format!("{ident}_part_{}", n_before + index),
                    None => ident.clone(),
                },
                node: link.node,
                first_tensor: weights.first_tensor,
                packing: weights.packing.clone(),
                offset,
            });
        }
    }

    fn streams(&self, chain: &Chain, causal: Causal) -> Option<Streams> {
        let (prefix, rest) = chain.links.split_at(causal.n_links);
        let (prefix_numbers, rest_numbers) = self.numbers.split_at(causal.n_links);
        let frame = frame_floats(&chain.input.axes);
        // A chunk has as many frames as the caller gives; straight-line steps would need exactly the sample's.
        let looped: Vec<Numbers> =
            prefix_numbers.iter().map(|numbers| Numbers { unrolled: false, ..*numbers }).collect();
        let chunk = stage(&Parts {
            links: prefix,
            numbers: &looped,
            mode: Mode::Sequence,
            input: Tensor { place: Place::Input, floats: Extent::PerFrame(frame) },
            writes_output: !causal.swallows_time,
        })?;
        let head = match causal.swallows_time {
            true => Some(self.head(rest, rest_numbers, &chunk)?),
            false => None,
        };
        let step = stage(&Parts {
            links: &chain.links,
            numbers: &self.numbers,
            mode: Mode::Step,
            input: Tensor { place: Place::Input, floats: Extent::Fixed(frame) },
            writes_output: true,
        })?;
        Some(Streams { chunk, head, step })
    }

    fn head(&self, links: &[Link], numbers: &[Numbers], chunk: &Stage) -> Option<Stage> {
        let input = chunk.steps.last()?.output;
        stage(&Parts { links, numbers, mode: Mode::Sequence, input, writes_output: true })
    }

    fn whole(&self, chain: &Chain) -> Option<Stage> {
        let is_free = chain.input.axes.first().is_some_and(|axis| axis.known().is_none());
        let frame = frame_floats(&chain.input.axes);
        let first = chain.input.axes.first().and_then(|axis| super::lowered::fixed(*axis).ok()).unwrap_or(1);
        let floats = if is_free { Extent::PerFrame(frame) } else { Extent::Fixed(first * frame) };
        stage(&Parts {
            links: &chain.links,
            numbers: &self.numbers,
            mode: Mode::Sequence,
            input: Tensor { place: Place::Input, floats },
            writes_output: true,
        })
    }
}

fn state(direction: &Direction, ident: &str, carried: bool) -> State {
    let kind: TokenStream = direction.state.clone();
    let ident = direction.name.map_or_else(|| ident.to_owned(), |name| format!("{ident}_{name}"));
    State { ident, kind, floats: direction.state_floats, carried }
}

/// Elements of all axes behind the first.
fn frame_floats(axes: &[Dimension]) -> usize {
    axes.iter().skip(1).filter_map(|axis| super::lowered::fixed(*axis).ok()).product()
}

/// A free timestep that a later layer regroups: `Reshape((-1, 4))` of frames of 6 values.
fn row_is_cut(chain: &Chain) -> Diagnostic {
    let span = chain.links.first().map_or_else(Default::default, |link| link.span);
    Diagnostic::new(Code::E402, span, "code needs a fixed number of timesteps where frames are cut into others")
        .help("give `Input` a fixed number of timesteps; `rnnc run` evaluates the model as it is")
}
