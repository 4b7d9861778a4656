//! `ActivityRegularization`: adds a penalty on its input to the loss in training; inference passes the input on.
//!
//! <https://keras.io/api/layers/regularization_layers/activity_regularization/>. No difference to Keras in inference.

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::layer::Layer;
use crate::layers::pass_through::PassThrough;

/// `ActivityRegularization`.
pub(crate) const ACTIVITY_REGULARIZATION: Declaration = Declaration {
    class: "ActivityRegularization",
    aliases: &[],
    base_name: "activity_regularization",
    summary: "Adds a penalty on its input to the loss in training.",
    details: "Inference passes the input on unchanged; the layer leaves no code.",
    arguments: &[
        Argument::optional("l1", Kind::Float { minimum: 0.0, optional: false }, "0.0", "Training only."),
        Argument::optional("l2", Kind::Float { minimum: 0.0, optional: false }, "0.0", "Training only."),
    ],
    takes_common: true,
    build,
};

fn build(_arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(PassThrough::boxed(&ACTIVITY_REGULARIZATION))
}
