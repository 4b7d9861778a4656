//! `SpatialDropout1D`: drops whole features of a sequence in training; inference passes the input on.
//!
//! <https://keras.io/api/layers/regularization_layers/spatial_dropout1d/>. No difference to Keras in inference.

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::layer::Layer;
use crate::layers::pass_through::PassThrough;

/// `SpatialDropout1D`.
pub(crate) const SPATIAL_DROPOUT_1D: Declaration = Declaration {
    class: "SpatialDropout1D",
    aliases: &[],
    base_name: "spatial_dropout1d",
    summary: "Drops whole features in training.",
    details: "Inference passes the input on unchanged; the layer leaves no code.",
    arguments: &[
        Argument::required("rate", Kind::Rate, "Share of the features that training drops."),
        Argument::training("seed", Kind::Seed, "None"),
        Argument::optional("name", Kind::Any, "None", "The layer's name; automatic where it is left out."),
        Argument::optional(
            "dtype",
            Kind::Any,
            "None",
            "Number type, `\"float32\"` or `\"float64\"`; one for all layers of a model.",
        ),
    ],
    takes_common: false,
    build,
};

fn build(_arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(Box::new(PassThrough { declaration: &SPATIAL_DROPOUT_1D, needs_sequence: true }))
}
