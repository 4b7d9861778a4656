//! Follows time through the kernels of a model: with which frames of a stream each tensor is there, and what has to be
//! kept of it until it is read.
//!
//! A window moves a tensor's clock (see [`Clock`]); tensors that are joined keep step, the earlier one waiting for the
//! later. What needs frames that are not there yet ends the walk: the first such layer is the one that is named.

use std::collections::HashMap;
use std::ops::Range;

use super::clock::{Clock, Time, signed};
use super::lowered::{Operation, Samples, Window};
use super::network::{Link, Source};
use super::{Endpoint, NoStream, PlannedLayer};
use crate::graph::{NodeKind, TensorId, TypedGraph};
use crate::layer::Streaming;

/// How a causal model meets its frames.
#[derive(Clone, Debug, Default)]
pub(super) struct Causal {
    /// When each tensor is there, the inputs and the links among them.
    pub(super) clocks: HashMap<Source, Clock>,
    /// Rows that are kept of a tensor, with the last one, where it is read later or in windows.
    pub(super) kept: HashMap<Source, usize>,
    /// How frames are counted.
    pub(super) time: Time,
    /// Whether every row is there with its own frame and nothing is kept: then many frames run at a time.
    pub(super) is_plain: bool,
}

/// What one link reads of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The row at hand.
    Now,
    /// A row that was kept, so many rows back.
    Back(usize),
}

/// Walks over the links of a model, which it is told of by node.
pub(super) struct Walk<'a> {
    pub(super) graph: &'a TypedGraph,
    pub(super) inputs: &'a [Endpoint],
    pub(super) layers: &'a [PlannedLayer],
    pub(super) links: &'a mut [Link],
    pub(super) sources: &'a HashMap<TensorId, Source>,
    pub(super) causal: Causal,
}

impl Walk<'_> {
    pub(super) fn run(mut self, ranges: &[(usize, Range<usize>)], results: &[Source]) -> Result<Causal, NoStream> {
        self.begin()?;
        for (index, range) in ranges {
            self.node(*index, range.clone())?;
        }
        self.finish(results)
    }

    /// Every input is a sequence, and all have the same timesteps.
    fn begin(&mut self) -> Result<(), NoStream> {
        let is_single = self.inputs.len() == 1;
        for (place, input) in self.inputs.iter().enumerate() {
            let has_time = input.axes.len() >= 2 || ((input.integers || input.is_mask) && input.axes.len() == 1);
            if !has_time {
                let which = if is_single { "its input".to_owned() } else { format!("its input `{}`", input.name) };
                return Err(NoStream { layer: None, reason: format!("{which} has no time axis") });
            }
            self.causal.clocks.insert(Source::Input(place), Clock::frames());
        }
        if self.inputs.windows(2).any(|pair| pair[0].axes[0] != pair[1].axes[0]) {
            return Err(NoStream { layer: None, reason: "its inputs have different timesteps".to_owned() });
        }
        Ok(())
    }

    fn node(&mut self, index: usize, range: Range<usize>) -> Result<(), NoStream> {
        let node = &self.graph.nodes()[index];
        let NodeKind::Layer { instance, inputs } = &node.node.kind else { return Ok(()) };
        let layer = (instance.name.clone(), instance.layer.declaration().class);
        let lost = |reason: String| Err(NoStream { layer: Some(layer.clone()), reason });
        let clocks: Vec<Clock> = inputs.iter().map(|input| self.clock(self.sources[input])).collect();
        if clocks.iter().any(|clock| clock.at_end != clocks[0].at_end) {
            return lost("joins each timestep with what is known only at the end".to_owned());
        }
        let mut keeps_time = true;
        if !clocks[0].at_end {
            match instance.layer.streaming(&node.inputs) {
                Streaming::Impossible(reason) => return lost(reason),
                Streaming::PerFrame | Streaming::Recurrent => {
                    keeps_time = node.inputs[0].sample().first() == node.outputs[0].sample().first();
                }
                Streaming::Windows => {}
            }
        }
        for link in range.clone() {
            self.link(link).or_else(lost)?;
        }
        let is_row = range.is_empty() || !self.clock(Source::Link(range.end - 1)).at_end;
        if !keeps_time && is_row {
            return lost("changes the number of timesteps".to_owned());
        }
        Ok(())
    }

    fn clock(&self, source: Source) -> Clock {
        self.causal.clocks.get(&source).cloned().unwrap_or_else(Clock::frames)
    }

    /// Whether a tensor is a state of a recurrent layer.
    fn stays(&self, source: Source) -> bool {
        match source {
            Source::State(..) => true,
            Source::Input(_) => false,
            Source::Link(link) => matches!(&self.links[link].operation,
                Operation::Recurrent(recurrent) if !recurrent.return_sequences && recurrent.directions.len() == 1),
        }
    }

    /// When a link's result is there, and how it reads what it needs for it.
    fn link(&mut self, index: usize) -> Result<(), String> {
        let link = &self.links[index];
        let read: Vec<(Source, Clock)> = link.reads.iter().map(|&read| (read, self.clock(read))).collect();
        let met = meet(&read)?;
        let in_frames = !met.at_end;
        let clock = match &link.operation {
            Operation::Window(window) if in_frames => through(window, &met)?,
            Operation::Fold(_) if in_frames => met.ending(),
            Operation::Recurrent(recurrent)
                if in_frames && recurrent.samples == Samples::One && !recurrent.return_sequences =>
            {
                met.ending()
            }
            Operation::Rows(_)
            | Operation::InPlace(_)
            | Operation::Join(_)
            | Operation::Attend(_)
            | Operation::Recurrent(_)
            | Operation::Window(_)
            | Operation::Fold(_) => met.clone(),
        };
        let reach = match &link.operation {
            Operation::Window(window) if in_frames => window.reach.back(),
            _ => 0,
        };
        let way = |(source, own): &(Source, Clock)| way(self.stays(*source), own, &met, reach);
        let ways: Vec<Read> = read.iter().map(way).collect();
        for ((source, _), way) in read.iter().zip(&ways) {
            if let Read::Back(rows) = way {
                let kept = self.causal.kept.entry(*source).or_insert(0);
                *kept = (*kept).max(rows + 1);
            }
        }
        let link = &mut self.links[index];
        (link.in_frames, link.ways) = (in_frames, ways);
        if matches!(link.operation, Operation::Recurrent(_)) {
            // As many as any cell has; those that nobody reads are of no matter.
            (0..4).for_each(|state| {
                self.causal.clocks.insert(Source::State(index, state), clock.ending());
            });
        }
        self.causal.clocks.insert(Source::Link(index), clock);
        Ok(())
    }

    fn finish(mut self, results: &[Source]) -> Result<Causal, NoStream> {
        for &result in results {
            let clock = self.clock(result);
            if clock.begins() < 0 {
                let reason = format!("answers {} timesteps before the first frame", clock.begins().unsigned_abs());
                let layer = match result {
                    Source::Link(link) | Source::State(link, _) => Some(&self.layers[self.links[link].layer]),
                    Source::Input(_) => None,
                };
                return Err(NoStream { layer: layer.map(|layer| (layer.name.clone(), layer.class)), reason });
            }
        }
        let Some(time) = Time::of(self.causal.clocks.values()) else {
            let reason = "its layers' strides have no common multiple of reasonable size".to_owned();
            return Err(NoStream { layer: None, reason });
        };
        let is_each_frame = self.causal.clocks.values().all(Clock::is_each_frame);
        let runs_by_row =
            |link: &Link| link.in_frames && matches!(link.operation, Operation::Window(_) | Operation::Fold(_));
        self.causal.is_plain = is_each_frame && self.causal.kept.is_empty() && !self.links.iter().any(runs_by_row);
        self.causal.time = time;
        Ok(self.causal)
    }
}

/// When all that a link reads is there.
fn meet(read: &[(Source, Clock)]) -> Result<Clock, String> {
    let Some((_, first)) = read.first() else { return Ok(Clock::frames()) };
    if first.at_end {
        return Ok(read.iter().skip(1).fold(first.clone(), |met, (_, clock)| met.joined(clock)));
    }
    let mut met = first.rate();
    for (_, clock) in &read[1..] {
        let rate = clock.rate();
        if rate.every != met.every {
            let (one, other) = (every(met.every.min(rate.every)), every(met.every.max(rate.every)));
            return Err(format!("joins what is there with {one} and what is there with {other}"));
        }
        met.delay = met.delay.max(rate.delay);
    }
    Ok(Clock::of(met))
}

fn every(frames: usize) -> String {
    if frames == 1 { "every frame".to_owned() } else { format!("every {frames} frames") }
}

/// When a window's row is there.
fn through(window: &Window, met: &Clock) -> Result<Clock, String> {
    let (reach, rate) = (window.reach, met.rate());
    if reach.missing > 0 {
        let frames = reach.missing.saturating_mul(rate.every);
        let (rows, latency) = (plural(reach.missing, "timestep"), plural(frames, "frame"));
        let are = if reach.missing == 1 { "is" } else { "are" };
        return Err(format!("needs {rows} that {are} not there yet: a latency of {latency}"));
    }
    let last = rate.after(reach.first.saturating_add(signed(reach.back())));
    Ok(if window.at_end { Clock::of(last).ending() } else { Clock::of(last.by(reach.stride)) })
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// How a link that runs at the clock `met` reads a tensor that is there at its `own`: `reach` is how far back its first
/// row lies when the link's result is made; a tensor that `stays` is a state, others are gone with their frame.
fn way(stays: bool, own: &Clock, met: &Clock, reach: usize) -> Read {
    if own.at_end {
        return if own.rates == met.rates || stays { Read::Now } else { Read::Back(0) };
    }
    let (own, met) = (own.rate(), met.rate());
    let frames = met.delay.saturating_sub(own.delay).max(0).unsigned_abs();
    let (rows, is_at_hand) = (frames / own.every.max(1), frames.is_multiple_of(own.every.max(1)));
    if rows + reach == 0 && is_at_hand { Read::Now } else { Read::Back(rows + reach) }
}

#[cfg(test)]
mod tests {
    use rnn_grammar::Source;

    /// Rates of the outputs (`every + delay`, an arrow before a value at the end), or who is in the way.
    fn rates(layers: &str) -> String {
        rates_over("None", layers)
    }

    fn rates_over(timesteps: &str, layers: &str) -> String {
        let text = format!("x = Input(shape=({timesteps}, 2))\n{layers}\n");
        let compiled = crate::compile(&Source::new("time.rnn".to_owned(), text));
        let model = compiled.select(None).unwrap_or_else(|_| panic!("{layers}: {:?}", compiled.diagnostics));
        let plan = match crate::plan::plan(model) {
            Ok(plan) => plan,
            Err(diagnostic) => return diagnostic.notes.concat(),
        };
        match plan.streaming() {
            Ok(streams) => {
                let clock = |clock: &super::Clock| {
                    let rates: Vec<_> =
                        clock.rates.iter().map(|rate| format!("{}+{}", rate.every, rate.delay)).collect();
                    format!("{}{}", if clock.at_end { "->" } else { "" }, rates.join("|"))
                };
                streams.clocks.iter().map(clock).collect::<Vec<_>>().join(", ")
            }
            Err(no_stream) => no_stream.reason.clone(),
        }
    }

    #[test]
    fn windows_delay_and_strides_thin_out() {
        let of = |layer: &str| rates(&format!("model = Model(x, {layer}(x))"));
        assert_eq!(of("Conv1D(3, 3, padding='causal', dilation_rate=4)"), "1+0");
        assert_eq!(of("Conv1D(3, 3, dilation_rate=4)"), "1+8");
        assert_eq!(of("MaxPooling1D(3, strides=2)"), "2+2");
        assert_eq!(of("Cropping1D((2, 1))"), "1+3");
        assert_eq!(rates("y = MaxPooling1D(2)(x)\nmodel = Model(x, AveragePooling1D(3, strides=2)(y))"), "4+5");
        assert_eq!(rates("model = Model(x, x[:, 1:-2:3])"), "3+3");
        assert_eq!(rates("model = Model(x, Conv1D(3, 3)(ZeroPadding1D((2, 0))(x)))"), "1+0");
    }

    #[test]
    fn what_is_joined_waits_for_the_later() {
        assert_eq!(rates("model = Model(x, Add()([Conv1D(2, 4)(x), x[:, 1:]]))"), "1+3");
        assert_eq!(rates("model = Model(x, Concatenate()([MaxPooling1D(2)(x), x[:, ::2]]))"), "2+1");
    }

    #[test]
    fn values_at_the_end_follow_their_frames() {
        assert_eq!(rates("model = Model(x, GlobalAveragePooling1D()(MaxPooling1D(2)(x)))"), "->2+1");
        assert_eq!(rates("model = Model(x, x[:, -3])"), "->1+2");
        let joined = "y = MaxPooling1D(2)(x)\nmodel = Model(x, Concatenate()([LSTM(3)(x), GRU(2)(y)]))";
        assert_eq!(rates(joined), "->1+0|2+1");
    }

    #[test]
    fn what_lies_ahead_is_named_with_its_latency() {
        let of = |layers: &str| rates(&format!("y = MaxPooling1D(2)(x)\nmodel = Model(x, {layers})"));
        let ahead = of("Conv1D(3, 5, padding='same')(y)");
        assert!(ahead.ends_with("needs 2 timesteps that are not there yet: a latency of 4 frames"), "{ahead}");
        let behind = of("ZeroPadding1D((0, 1))(y)");
        assert!(behind.ends_with("needs 1 timestep that is not there yet: a latency of 2 frames"), "{behind}");
        let before = of("ZeroPadding1D((3, 0))(x)");
        assert!(before.ends_with("answers 3 timesteps before the first frame"), "{before}");
        let rates = of("Add()([y, x])");
        assert!(
            rates.ends_with("joins what is there with every frame and what is there with every 2 frames"),
            "{rates}"
        );
        let fixed = |output: &str| rates_over("20", &format!("model = Model(x, {output})"));
        assert_eq!(fixed("x[:, 3]"), "picks timestep 3, which does not move on with the stream");
        assert_eq!(fixed("x[:, :3]"), "ends at timestep 3, however long the stream is");
    }
}
