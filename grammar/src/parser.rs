//! The one file that knows pest: `rnn.pest` compiled, and its pairs behind [`Node`].

use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pair;

use crate::Span;

/// What pest makes of `rnn.pest`.
mod generated {
    /// The parser of `rnn.pest`.
    #[derive(pest_derive::Parser)]
    #[grammar = "rnn.pest"]
    pub(crate) struct Parser;
}

pub(crate) use generated::Rule;

/// A piece of the text that fits a rule.
#[derive(Clone, Debug)]
pub(crate) struct Node<'t>(Pair<'t, Rule>);

impl<'t> Node<'t> {
    /// The rule that it fits.
    pub(crate) fn rule(&self) -> Rule {
        self.0.as_rule()
    }

    /// Its text.
    pub(crate) fn text(&self) -> &'t str {
        self.0.as_str()
    }

    /// Where it stands in the text that was parsed. Exact for words, numbers, strings and punctuation; other rules may
    /// reach into the blanks behind them.
    pub(crate) fn span(&self) -> Span {
        let span = self.0.as_span();
        Span::new(span.start(), span.end())
    }

    /// The pieces that it consists of.
    pub(crate) fn children(self) -> impl Iterator<Item = Node<'t>> {
        self.0.into_inner().map(Node)
    }
}

/// Why a text could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// At this byte it stops fitting the rule.
    At(usize),
    /// The stack is too small for its nesting.
    Stack,
}

/// Reads `text` as one `rule`, [`Rule::line`] or [`Rule::head`].
pub(crate) fn parse(rule: Rule, text: &str) -> Result<Node<'_>, Failure> {
    match generated::Parser::parse(rule, text) {
        Ok(mut pairs) => pairs.next().map(Node).ok_or(Failure::At(0)),
        Err(error) => Err(match (error.variant, error.location) {
            (ErrorVariant::CustomError { .. }, _) => Failure::Stack,
            (_, InputLocation::Pos(at) | InputLocation::Span((at, _))) => Failure::At(at),
        }),
    }
}

/// Whether a name can begin with this character.
pub(crate) fn is_name_start(character: char) -> bool {
    character == '_' || pest::unicode::XID_START(character)
}

/// Whether a name can go on with this character.
pub(crate) fn is_name_continue(character: char) -> bool {
    pest::unicode::XID_CONTINUE(character)
}
