//! Windows of timesteps along a sequence: what pooling and convolutions are told, and where their windows lie.

use rnn_grammar::{Code, Diagnostic};

use crate::arguments::Arguments;
use crate::plan::lowered::{NoCode, Reach, fixed};
use crate::shape::Dimension;

/// What lies beyond the ends of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    /// Nothing: windows lie within the sequence.
    Valid,
    /// As many windows as there are strides in the sequence; what they reach over its ends is shared between both.
    Same,
    /// The same number; windows end with their own timestep and reach over the beginning only.
    Causal,
}

impl Padding {
    /// The argument `padding`.
    pub(crate) fn read(arguments: &Arguments<'_>) -> Self {
        match arguments.choice("padding") {
            Some("same") => Self::Same,
            Some("causal") => Self::Causal,
            _ => Self::Valid,
        }
    }
}

/// Windows at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    /// Timesteps that a window reads.
    pub(crate) size: u64,
    /// Timesteps from one window to the next.
    pub(crate) stride: u64,
    /// Timesteps from one that a window reads to the next.
    pub(crate) dilation: u64,
    /// What lies beyond the ends.
    pub(crate) padding: Padding,
}

impl Windows {
    /// Timesteps from the first to the last that a window reads, both included.
    pub(crate) const fn span(self) -> u64 {
        self.size.saturating_sub(1).saturating_mul(self.dilation).saturating_add(1)
    }

    /// How many windows there are over so many timesteps, and how many timesteps before the beginning the first one
    /// begins.
    pub(crate) fn over(self, timesteps: u64) -> (u64, u64) {
        let count = timesteps.div_ceil(self.stride);
        let reach = count.saturating_sub(1).saturating_mul(self.stride).saturating_add(self.span());
        match self.padding {
            Padding::Valid => (timesteps.checked_sub(self.span()).map_or(0, |rest| rest / self.stride + 1), 0),
            Padding::Same => (count, reach.saturating_sub(timesteps) / 2),
            Padding::Causal => (count, self.span() - 1),
        }
    }
}

impl Windows {
    /// Which rows each window reads, and of how many behind the end it would have to know that they are padding; of free
    /// timesteps, how many that may be.
    pub(crate) fn reach(self, timesteps: Option<u64>) -> Result<Reach, NoCode> {
        let span = self.span();
        let (before, missing) = match (self.padding, timesteps) {
            (Padding::Valid, _) => (0, 0),
            (Padding::Causal, _) => (span - 1, 0),
            (Padding::Same, None) => ((span - 1) / 2, span / 2),
            (Padding::Same, Some(timesteps)) => {
                let (count, before) = self.over(timesteps);
                let end = count.saturating_sub(1).saturating_mul(self.stride).saturating_add(span);
                (before, end.saturating_sub(before).saturating_sub(timesteps))
            }
        };
        let size = |number: u64| fixed(Dimension::Known(number));
        Ok(Reach {
            taps: size(self.size)?,
            dilation: size(self.dilation)?,
            stride: size(self.stride)?,
            first: -isize::try_from(before).map_err(|_| NoCode::FreeAxis)?,
            after: 0,
            missing: size(missing)?,
        })
    }
}

/// A number of timesteps, or a tuple of one, from `least` on; reports anything else.
pub(crate) fn timesteps_from(arguments: &mut Arguments<'_>, name: &str, least: u64) -> Option<u64> {
    let given: Vec<u64> =
        arguments.integers(name).into_iter().filter_map(|number| u64::try_from(number).ok()).collect();
    match *given.as_slice() {
        [number] if number >= least && arguments.elements(name).len() == 1 => Some(number),
        _ => {
            let title =
                format!("`{name}` of `{}` is a number of timesteps, from {least} on", arguments.declaration.class);
            let diagnostic = Diagnostic::new(Code::E115, arguments.span(name), title).at("no such number");
            arguments.report(diagnostic.help(format!("write e.g. `{name}={}`", least.max(1) + 1)));
            None
        }
    }
}

/// A number of timesteps, or a tuple of one, from 1 on.
pub(crate) fn timesteps(arguments: &mut Arguments<'_>, name: &str) -> Option<u64> {
    timesteps_from(arguments, name, 1)
}

#[cfg(test)]
mod tests {
    use super::{Padding, Windows};

    #[test]
    fn windows_lie_as_in_keras() {
        let of = |size, stride, dilation, padding| Windows { size, stride, dilation, padding }.over(10);
        assert_eq!(of(3, 1, 1, Padding::Valid), (8, 0));
        assert_eq!(of(3, 4, 1, Padding::Valid), (2, 0));
        assert_eq!(of(3, 1, 4, Padding::Valid), (2, 0));
        assert_eq!(of(3, 1, 5, Padding::Valid), (0, 0));
        assert_eq!(of(4, 1, 1, Padding::Same), (10, 1));
        assert_eq!(of(3, 4, 1, Padding::Same), (3, 0));
        assert_eq!(of(3, 1, 2, Padding::Causal), (10, 4));
        assert_eq!(of(3, 3, 1, Padding::Causal), (4, 2));
    }
}
