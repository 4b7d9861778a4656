//! The count of a stream's frames: which of its layers have a row to make with the frame at hand.

use super::StateError;
use super::saved::{Saved, put_count, take_count};
use super::simd::Float;

/// Frames seen, as far as it matters: from the last layer's first row on, the count goes round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    time: u32,
}

impl Clock {
    /// Before the first frame.
    #[must_use]
    pub const fn zero() -> Self {
        Self { time: 0 }
    }

    /// Whether no frame has come yet.
    #[inline(always)]
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.time == 0
    }

    /// Whether something that is there every `EVERY` frames, with frame `DELAY` at first, is there with this one.
    #[inline(always)]
    #[must_use]
    pub const fn is_due<const EVERY: u32, const DELAY: u32>(&self) -> bool {
        const { assert!(EVERY > 0, "a row comes every so many frames") };
        self.time >= DELAY && (EVERY == 1 || (self.time - DELAY).is_multiple_of(EVERY))
    }

    /// Goes on to the next frame; at `LIMIT` the count falls by `BACK`, a multiple of every layer's `EVERY`.
    #[inline(always)]
    pub const fn go_on<const LIMIT: u32, const BACK: u32>(&mut self) {
        const { assert!(BACK > 0 && BACK <= LIMIT, "the count stays above 0") };
        self.time += 1;
        if self.time >= LIMIT {
            self.time -= BACK;
        }
    }
}

/// `UNITS` is here the limit of the count.
impl Saved for Clock {
    #[inline]
    fn save_to<'a, const UNITS: usize>(&self, floats: &'a mut [Float]) -> &'a mut [Float] {
        put_count(u64::from(self.time), floats)
    }

    #[inline]
    fn load_from<const UNITS: usize>(floats: &[Float]) -> Result<(Self, &[Float]), StateError> {
        let (count, rest) = take_count(floats)?;
        match u32::try_from(count) {
            Ok(time) if count < UNITS as u64 => Ok((Self { time }, rest)),
            _ => Err(StateError::Count),
        }
    }
}

/// How many rows of a tensor that is there every `every` frames, with frame `delay` at first, so many frames give.
#[inline]
#[must_use]
pub const fn due_rows(n_frames: usize, every: usize, delay: usize) -> usize {
    n_frames.saturating_sub(delay).div_ceil(every)
}

#[cfg(test)]
mod tests {
    use super::{Clock, due_rows};

    #[test]
    fn rows_are_due_for_ever() {
        let mut clock = Clock::zero();
        let mut rows = 0;
        for frame in 0..1000_usize {
            assert_eq!(rows, due_rows(frame, 3, 4));
            let is_due = clock.is_due::<3, 4>();
            assert_eq!(is_due, frame >= 4 && (frame - 4) % 3 == 0, "{frame}");
            rows += usize::from(is_due);
            // The last layer begins with frame 5; rates of 2 and 3.
            clock.go_on::<11, 6>();
            assert!(clock.time < 11 && !clock.is_new());
        }
    }
}
