//! `data_format`: which axis of a sequence holds the features.

use rnn_grammar::{Code, Diagnostic};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Kind};

/// The argument.
pub(crate) const DATA_FORMAT: Argument = Argument::optional(
    "data_format",
    Kind::Choice(&["channels_last", "channels_first"]),
    "None",
    "Which axis holds the features: the last one.",
);

/// Reports the other order, which is not done yet.
pub(crate) fn is_channels_last(arguments: &mut Arguments<'_>) -> Option<()> {
    if arguments.choice("data_format") != Some("channels_first") {
        return Some(());
    }
    let span = arguments.span("data_format");
    let diagnostic = Diagnostic::new(Code::E104, span, "`data_format=\"channels_first\"` is not supported yet");
    arguments
        .report(diagnostic.at("features come last").help("turn the axes with `Permute((2, 1))` before and behind"));
    None
}
