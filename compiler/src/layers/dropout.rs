//! `Dropout`: drops values at random in training (Srivastava et al. 2014); inference passes the input on.
//!
//! <https://keras.io/api/layers/regularization_layers/dropout/>. No difference to Keras in inference.

use rnn_grammar::{Code, Diagnostic};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::layer::Layer;
use crate::layers::pass_through::PassThrough;
use crate::value::Value;

/// `Dropout`.
pub(crate) const DROPOUT: Declaration = Declaration {
    class: "Dropout",
    aliases: &[],
    base_name: "dropout",
    summary: "Drops values at random in training.",
    details: "Inference passes the input on unchanged; the layer leaves no code.",
    arguments: &[
        Argument::required("rate", Kind::Rate, "Share of the values that training drops."),
        Argument::optional("noise_shape", Kind::Any, "None", "Training only: which entries are dropped together."),
        Argument::training("seed", Kind::Seed, "None"),
    ],
    takes_common: true,
    build,
};

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    noise_shape_is_one(arguments).then(|| PassThrough::boxed(&DROPOUT))
}

/// Whether `noise_shape` is `None` or a tuple of positive integers and `None`s; reports it where it is not.
pub(crate) fn noise_shape_is_one(arguments: &mut Arguments<'_>) -> bool {
    let is_tuple = matches!(arguments.get("noise_shape").value, Value::None | Value::Tuple(_) | Value::List(_));
    let wrong = arguments.elements("noise_shape").into_iter().find(|entry| match entry.value {
        Value::None | Value::Failed => false,
        Value::Integer(size) => size <= 0,
        _ => true,
    });
    let Some(span) = wrong.map(|entry| entry.span).or((!is_tuple).then(|| arguments.span("noise_shape"))) else {
        return true;
    };
    let title = format!("`noise_shape` of `{}` is no shape", arguments.declaration.class);
    arguments.report(
        Diagnostic::new(Code::E118, span, title)
            .at("not a positive integer or `None`")
            .help("write a tuple of positive integers and `None`, or leave it out: only training reads it"),
    );
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{codes, output};

    #[test]
    fn the_noise_shape_is_checked_and_dropped() {
        assert_eq!(output("Input((4,)), Dropout(0.5, noise_shape=(None, 1))"), "(None, 4)");
        assert_eq!(output("Input((4,)), AlphaDropout(0.5, noise_shape=[None, 1])"), "(None, 4)");
        for wrong in ["3", "(0, 1)", "(1.5,)", "'a'"] {
            assert_eq!(codes(&format!("Input((4,)), Dropout(0.5, noise_shape={wrong})")), [Code::E118], "{wrong}");
        }
    }
}
