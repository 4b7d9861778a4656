//! When the rows of a tensor are there in a stream: with which frames.
//!
//! Row j of a tensor is there when frame `every * j + delay` has come, so after n frames it has exactly the rows that the
//! whole model would give for these n frames. A tensor that is there once a sequence is brought up to date by such
//! frames; where it depends on several layers of different rates, by the frames of each, once all have begun.

/// Every so many frames, from one on. A negative `delay` is a row of padding that is there before the first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    /// Frames from one row to the next; 1 or more.
    pub every: usize,
    /// The frame, counted from 0, with which the first row is there.
    pub delay: isize,
}

impl Rate {
    /// A row with each frame.
    pub const FRAMES: Self = Self { every: 1, delay: 0 };

    /// Later by so many rows; earlier by as many where they are negative.
    #[must_use]
    pub const fn after(self, rows: isize) -> Self {
        Self { every: self.every, delay: self.delay.saturating_add(rows.saturating_mul(signed(self.every))) }
    }

    /// Every so many rows of it.
    #[must_use]
    pub const fn by(self, stride: usize) -> Self {
        Self { every: self.every.saturating_mul(stride), delay: self.delay }
    }
}

/// A size as a difference of sizes.
pub(super) const fn signed(size: usize) -> isize {
    if size > isize::MAX as usize { isize::MAX } else { size.cast_signed() }
}

/// When a tensor is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Whether it is there once a sequence, at its end: then a row is its value, were this frame the last one.
    pub at_end: bool,
    /// With which frames: one rate, but for a value at the end that several rates bring up to date. Ascending.
    pub rates: Vec<Rate>,
}

impl Clock {
    /// A row with each frame.
    #[must_use]
    pub fn frames() -> Self {
        Self { at_end: false, rates: vec![Rate::FRAMES] }
    }

    /// Rows at this rate.
    #[must_use]
    pub fn of(rate: Rate) -> Self {
        Self { at_end: false, rates: vec![rate] }
    }

    /// The same frames, for a value at the end.
    #[must_use]
    pub fn ending(&self) -> Self {
        Self { at_end: true, rates: self.rates.clone() }
    }

    /// The slowest rate that it has; that of its rows where there is one alone.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rates.last().copied().unwrap_or(Rate::FRAMES)
    }

    /// The frame from which on it is there.
    #[must_use]
    pub fn begins(&self) -> isize {
        self.rates.iter().map(|rate| rate.delay).max().unwrap_or(0)
    }

    /// Whether it is there with each frame.
    #[must_use]
    pub fn is_each_frame(&self) -> bool {
        self.begins() == 0 && self.rates.iter().any(|rate| rate.every == 1)
    }

    /// What reads both values at the end.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let mut rates: Vec<Rate> = self.rates.iter().chain(&other.rates).copied().collect();
        rates.sort_unstable();
        rates.dedup();
        Self { at_end: true, rates }
    }

    /// The same clock where time counts from so many frames earlier.
    #[must_use]
    pub fn shifted(&self, lead: usize) -> Self {
        let later = |rate: &Rate| Rate { delay: rate.delay.saturating_add(signed(lead)), ..*rate };
        Self { at_end: self.at_end, rates: self.rates.iter().map(later).collect() }
    }
}

/// How a stream counts its frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// Rounds before the first frame, in which only padding comes.
    pub lead: usize,
    /// The count at which it falls back, so that it never overflows.
    pub limit: usize,
    /// By so much: a multiple of every rate.
    pub back: usize,
}

impl Time {
    /// Counts for all these clocks; `None` where the least common multiple of their rates is no number of this machine.
    #[must_use]
    pub(super) fn of<'a>(clocks: impl Iterator<Item = &'a Clock> + Clone) -> Option<Self> {
        let rates = || clocks.clone().flat_map(|clock| &clock.rates);
        let first = rates().map(|rate| rate.delay).min().unwrap_or(0).min(0);
        let lead = first.unsigned_abs();
        let last = rates().map(|rate| rate.delay).max().unwrap_or(0).max(0).unsigned_abs().checked_add(lead)?;
        let back =
            rates().try_fold(1_usize, |product, rate| product.checked_mul(rate.every / common(product, rate.every)))?;
        let limit = last.checked_add(back)?;
        // The state counts in 32 bits.
        u32::try_from(limit).ok()?;
        Some(Self { lead, limit, back })
    }
}

/// The greatest common divisor.
const fn common(left: usize, right: usize) -> usize {
    if right == 0 { left } else { common(right, left % right) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_and_windows_move_a_rate() {
        // Windows of 3 rows, 2 apart, of a tensor that is there every other frame.
        let rate = Rate { every: 2, delay: 1 }.after(2).by(2);
        assert_eq!(rate, Rate { every: 4, delay: 5 });
        assert_eq!(Rate::FRAMES.after(-2), Rate { every: 1, delay: -2 });
    }

    #[test]
    fn time_falls_back_by_a_multiple_of_every_rate() {
        let clocks = [Clock::of(Rate { every: 4, delay: 3 }), Clock::of(Rate { every: 6, delay: -2 }), Clock::frames()];
        assert_eq!(Time::of(clocks.iter()), Some(Time { lead: 2, limit: 17, back: 12 }));
        let huge = [Clock::of(Rate { every: 65_537, delay: 0 }), Clock::of(Rate { every: 65_539, delay: 0 })];
        assert_eq!(Time::of(huge.iter()), None);
    }

    #[test]
    fn a_value_at_the_end_follows_all_its_rates() {
        let slow = Clock::of(Rate { every: 2, delay: 1 }).ending();
        let both = slow.joined(&Clock::frames().ending());
        assert_eq!(both.rates, [Rate::FRAMES, Rate { every: 2, delay: 1 }]);
        assert_eq!(both.begins(), 1);
        assert!(!both.is_each_frame() && Clock::frames().is_each_frame());
    }
}
