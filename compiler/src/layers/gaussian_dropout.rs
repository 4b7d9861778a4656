//! `GaussianDropout`: multiplies by Gaussian noise around 1 in training; inference passes the input on.
//!
//! <https://keras.io/api/layers/regularization_layers/gaussian_dropout/>. No difference to Keras in inference.

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::layer::Layer;
use crate::layers::pass_through::PassThrough;

/// `GaussianDropout`.
pub(crate) const GAUSSIAN_DROPOUT: Declaration = Declaration {
    class: "GaussianDropout",
    aliases: &[],
    base_name: "gaussian_dropout",
    summary: "Multiplies by noise around 1 in training.",
    details: "Inference passes the input on unchanged; the layer leaves no code.",
    arguments: &[
        Argument::required("rate", Kind::Rate, "Strength of the noise."),
        Argument::training("seed", Kind::Seed, "None"),
    ],
    takes_common: true,
    build,
};

fn build(_arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(PassThrough::boxed(&GAUSSIAN_DROPOUT))
}
