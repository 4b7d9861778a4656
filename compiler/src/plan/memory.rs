//! How much working memory the stages get, in floats.

use super::{Extent, Forward, Memory, Stage, Streams};

/// What `forward` may take from the stack by default: 16 KiB.
const STACK: usize = 4096;

/// What it may take where that would leave fewer than [`FEWEST_FRAMES`] at a time: 64 KiB.
const LARGE_STACK: usize = 16_384;

/// Fewer frames at a time would walk over the input weights of a large layer too often.
const FEWEST_FRAMES: usize = 8;

/// What `forward_into` is given: 512 KiB. Each product ahead reads a layer's weights over the inputs once more and drives those over the
/// state out of the cache: GRU(256) over 100 steps takes 3 % longer with half of it.
const SCRATCH: usize = 131_072;

/// More frames at a time gain nothing.
const MOST_FRAMES: usize = 128;

impl Stage {
    /// Floats that one frame takes in all buffers; of several inputs, one of each.
    #[must_use]
    pub fn frame_floats(&self) -> usize {
        self.buffers.iter().map(|buffer| if let Extent::PerFrame { amount, .. } = buffer { *amount } else { 0 }).sum()
    }

    /// Floats that the other buffers take.
    #[must_use]
    pub fn fixed_floats(&self) -> usize {
        self.buffers.iter().map(|buffer| if let Extent::Fixed(floats) = buffer { *floats } else { 0 }).sum()
    }

    /// Memory for a chunked run within a limit.
    fn chunked(&self, limit: usize, timesteps: Option<usize>) -> usize {
        let frame = self.frame_floats() + self.product;
        self.fixed_floats() + self.alignment() + frame * frames_within(limit, frame, timesteps)
    }

    /// Memory for a run over everything at once, beside the buffers by frames.
    #[must_use]
    pub fn whole(&self, limit: usize) -> usize {
        let room = limit.saturating_sub(self.fixed_floats());
        self.fixed_floats() + self.alignment() + self.product * frames_within(room, self.product, self.timesteps)
    }

    /// What a product leaves out in front, up to a cache line.
    fn alignment(&self) -> usize {
        if self.product > 0 { 15 } else { 0 }
    }
}

fn frames_within(limit: usize, frame: usize, timesteps: Option<usize>) -> usize {
    if frame == 0 {
        return 0;
    }
    let most = timesteps.unwrap_or(MOST_FRAMES).clamp(1, MOST_FRAMES);
    let frames = limit / frame;
    if frames >= FEWEST_FRAMES {
        return frames.min(most);
    }
    (LARGE_STACK.max(limit) / frame).clamp(1, FEWEST_FRAMES).min(most)
}

/// Memory of a model with so many timesteps.
pub(super) fn memory(forward: &Forward, streaming: Option<&Streams>, timesteps: Option<usize>) -> Memory {
    let head = |streams: &Streams, limit| streams.head.as_ref().map_or(0, |head| head.whole(limit));
    let chunk = |streams: &Streams, limit, timesteps| {
        streams.chunk.as_ref().map_or(0, |chunk: &Stage| chunk.chunked(limit, timesteps))
    };
    let streamed = |streams: &Streams, limit| chunk(streams, limit, timesteps).max(head(streams, limit));
    let process = streaming.map_or(0, |streams| chunk(streams, STACK, None));
    let (stack, scratch) = match (forward, streaming) {
        (Forward::Whole(stage), _) if stage.frame_floats() > 0 => (None, None),
        (Forward::Whole(stage), _) => (Some(stage.whole(STACK)), Some(stage.whole(SCRATCH))),
        (Forward::Streamed, Some(streams)) => (Some(streamed(streams, STACK)), Some(streamed(streams, SCRATCH))),
        (Forward::Stepped, _) | (Forward::Streamed, None) => (Some(0), Some(0)),
    };
    Memory { stack, scratch, process, head: streaming.map_or(0, |streams| head(streams, STACK)) }
}
