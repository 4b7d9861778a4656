//! `AlphaDropout`: dropout that keeps mean and variance in training (Klambauer et al. 2017); inference passes its input on.
//!
//! <https://keras.io/api/layers/regularization_layers/alpha_dropout/>. No difference to Keras in inference.

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::layer::Layer;
use crate::layers::dropout::noise_shape_is_one;
use crate::layers::pass_through::PassThrough;

/// `AlphaDropout`.
pub(crate) const ALPHA_DROPOUT: Declaration = Declaration {
    class: "AlphaDropout",
    aliases: &[],
    base_name: "alpha_dropout",
    summary: "Dropout that keeps mean and variance, for self-normalizing networks.",
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
    noise_shape_is_one(arguments).then(|| PassThrough::boxed(&ALPHA_DROPOUT))
}
