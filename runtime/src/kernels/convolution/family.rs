//! Which rows of the input an output row reads.

use core::ops::Range;

/// Output rows at equal distances, each of which reads rows at equal distances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    /// The first output row.
    pub(super) first: usize,
    /// From one output row to the next.
    pub(super) step: usize,
    /// How many output rows there are.
    pub(super) count: usize,
    /// The input row of the first one's first tap, which may lie outside the sample.
    pub(super) place: isize,
    /// How much further the next output row reads.
    pub(super) advance: usize,
    /// The first tap's number in the kernel, from one tap to the next, how many there are.
    pub(super) taps: [usize; 3],
    /// How much further the next tap reads; backwards where it is negative.
    pub(super) reach: isize,
}

impl Family {
    /// One row, which reads as many rows as it has taps.
    #[inline(always)]
    pub(super) const fn single(taps: usize) -> Self {
        Self { first: 0, step: 1, count: 1, place: 0, advance: 1, taps: [0, 1, taps], reach: 1 }
    }

    /// Of the `rows` rows of a transposed convolution those that read the same taps as row `first`.
    #[inline(always)]
    pub(super) fn transposed(
        [stride, dilation, cut]: [usize; 3],
        first: usize,
        rows: usize,
        taps: usize,
    ) -> Option<Self> {
        let uncut = first + cut;
        let tap = uncut.checked_rem(stride)?;
        let count = (rows - first).div_ceil(stride);
        let n_taps = taps.saturating_sub(tap).div_ceil(stride);
        let reach = if stride == 1 { -dilation.cast_signed() } else { -1 };
        let place = ((uncut - tap) / stride).cast_signed();
        Some(Self { first, step: stride, count, place, advance: 1, taps: [tap, stride, n_taps], reach })
    }

    /// The number in the kernel of tap `index`.
    #[inline(always)]
    pub(super) const fn tap(&self, index: usize) -> usize {
        self.taps[0] + index * self.taps[1]
    }

    /// The input row that a member's tap reads; of no meaning where it lies outside the sample.
    #[inline(always)]
    pub(super) const fn row(&self, member: usize, tap: usize) -> usize {
        let place = self.place.wrapping_add((member * self.advance).cast_signed());
        place.wrapping_add(self.reach.wrapping_mul(tap.cast_signed())).cast_unsigned()
    }

    /// Whether neighbouring taps read neighbouring rows, upward.
    #[inline(always)]
    pub(super) const fn is_row(&self) -> bool {
        self.reach == 1 && self.taps[1] == 1
    }

    /// The taps of a member that lie in a sample of so many rows.
    #[inline(always)]
    pub(super) fn taps_of(&self, member: usize, rows: usize) -> Range<usize> {
        let place = self.place.wrapping_add((member * self.advance).cast_signed());
        let distance = self.reach.unsigned_abs().max(1);
        let last = rows.cast_signed().wrapping_sub(1);
        let from = if self.reach < 0 { last.wrapping_sub(place) } else { place };
        // Counted in the taps' direction: the first is at `from`, the sample ends at `rows`.
        let skipped = if from < 0 { from.unsigned_abs().div_ceil(distance) } else { 0 };
        let left = rows.cast_signed().wrapping_sub(from).max(0).cast_unsigned().div_ceil(distance);
        let end = left.min(self.taps[2]);
        skipped.min(end)..end
    }

    /// The members that read all their taps.
    #[inline(always)]
    pub(super) fn whole(&self, rows: usize) -> Range<usize> {
        let span = self.reach.wrapping_mul(self.taps[2].saturating_sub(1).cast_signed());
        let (least, most) = (self.place.wrapping_add(span.min(0)), self.place.wrapping_add(span.max(0)));
        let advance = self.advance.max(1);
        let start = if least < 0 { least.unsigned_abs().div_ceil(advance) } else { 0 };
        let end = rows.cast_signed().wrapping_sub(most).max(0).cast_unsigned().div_ceil(advance).min(self.count);
        start.min(end)..end
    }
}

#[cfg(test)]
mod tests {
    use super::Family;

    #[test]
    fn taps_and_whole_members_are_those_within_the_sample() {
        for rows in 1..9 {
            for (advance, reach) in [(1, 1), (2, 1), (3, 2), (1, -1), (2, -3)] {
                for place in -5..9 {
                    let family = Family { first: 0, step: 1, count: 7, place, advance, taps: [0, 1, 3], reach };
                    let inside = |member: usize, tap: usize| {
                        let row = place + (member * advance) as isize + reach * tap as isize;
                        (0..rows as isize).contains(&row)
                    };
                    let mut whole = Vec::new();
                    for member in 0..7 {
                        let taps: Vec<usize> = (0..3).filter(|&tap| inside(member, tap)).collect();
                        assert_eq!(family.taps_of(member, rows).collect::<Vec<_>>(), taps);
                        if taps.len() == 3 {
                            whole.push(member);
                        }
                    }
                    assert_eq!(family.whole(rows).collect::<Vec<_>>(), whole);
                }
            }
        }
    }
}
