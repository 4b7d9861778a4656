//! `GaussianNoise`: adds Gaussian noise in training; inference passes the input on.
//!
//! <https://keras.io/api/layers/regularization_layers/gaussian_noise/>. No difference to Keras in inference.

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::layer::Layer;
use crate::layers::pass_through::PassThrough;

/// `GaussianNoise`.
pub(crate) const GAUSSIAN_NOISE: Declaration = Declaration {
    class: "GaussianNoise",
    aliases: &[],
    base_name: "gaussian_noise",
    summary: "Adds noise in training.",
    details: "Inference passes the input on unchanged; the layer leaves no code.",
    arguments: &[
        Argument::required("stddev", Kind::Rate, "Standard deviation of the noise, 0 to 1 as in Keras 3."),
        Argument::training("seed", Kind::Seed, "None"),
    ],
    takes_common: true,
    build,
};

fn build(_arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(PassThrough::boxed(&GAUSSIAN_NOISE))
}
