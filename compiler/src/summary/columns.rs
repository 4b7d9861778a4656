//! Widths of the table's columns, by Keras's positions and rich's way to make a table fit.
//!
//! Keras gives each column the width between two of its positions and forgets the borders and the padding;
//! rich then takes the excess away from all columns in equal shares.

/// Least width of a table: below it a column of Keras's would have fewer than four columns and Keras refuses.
const MIN_TABLE: usize = 16;

/// Ends of the columns as shares of the table's width, and the width a table has where the terminal is wide.
pub(super) struct Layout {
    positions: &'static [f64],
    widest: usize,
}

/// `Layer (type)`, `Output Shape`, `Param #`.
pub(super) const CHAIN: Layout = Layout { positions: &[0.45, 0.80, 1.0], widest: 88 };

/// The same and `Connected to`.
pub(super) const BRANCHED: Layout = Layout { positions: &[0.3, 0.56, 0.74, 1.0], widest: 108 };

impl Layout {
    /// Widths of the columns between the borders, padding included, for a terminal of this width.
    pub(super) fn widths(&self, terminal: usize) -> Vec<usize> {
        let table = self.widest.min(terminal.saturating_sub(4)).max(MIN_TABLE + 4 * (self.positions.len() - 3));
        let mut widths = Vec::with_capacity(self.positions.len());
        let mut start = 0;
        for position in self.positions {
            let width = truncate(position * to_float(table)).saturating_sub(start);
            start += width;
            widths.push(width + 2);
        }
        let room = table.saturating_sub(self.positions.len() + 1);
        let excess = widths.iter().sum::<usize>().saturating_sub(room);
        reduce(excess, widths)
    }
}

/// Takes `excess` from all widths in equal shares, rounded as Python rounds (half to even).
fn reduce(excess: usize, widths: Vec<usize>) -> Vec<usize> {
    let mut remaining = excess;
    let mut columns = widths.len();
    let mut reduced = Vec::with_capacity(columns);
    for width in widths {
        let share = (to_float(remaining) / to_float(columns)).round_ties_even();
        let share = truncate(share).min(width);
        remaining -= share.min(remaining);
        columns -= 1;
        reduced.push(width - share);
    }
    reduced
}

#[allow(clippy::cast_precision_loss)]
fn to_float(size: usize) -> f64 {
    size as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn truncate(size: f64) -> usize {
    size as usize
}
