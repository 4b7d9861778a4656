//! A pair of numbers of timesteps at both ends of a sequence: what `Cropping1D` and `ZeroPadding1D` are told.

use rnn_grammar::{Code, Diagnostic};

use crate::arguments::Arguments;

/// Timesteps at the beginning and at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Margins {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Margins {
    /// One number for both ends, or a pair; reports anything else.
    pub(crate) fn read(arguments: &mut Arguments<'_>, name: &str) -> Option<Self> {
        let given: Vec<u64> =
            arguments.integers(name).into_iter().filter_map(|number| u64::try_from(number).ok()).collect();
        let is_all = given.len() == arguments.elements(name).len();
        match *given.as_slice() {
            [both] if is_all => Some(Self { first: both, last: both }),
            [first, last] if is_all => Some(Self { first, last }),
            _ => {
                let class = arguments.declaration.class;
                let title = format!("`{name}` of `{class}` is a number of timesteps or a pair of them, from 0 on");
                let diagnostic = Diagnostic::new(Code::E115, arguments.span(name), title).at("neither of them");
                arguments.report(diagnostic.help(format!("write e.g. `{name}=1`, or `{name}=(2, 0)`")));
                None
            }
        }
    }

    /// Timesteps at both ends together.
    pub(crate) const fn total(self) -> u64 {
        self.first.saturating_add(self.last)
    }
}
