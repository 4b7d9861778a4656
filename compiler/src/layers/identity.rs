//! `Identity`: passes its input on.
//!
//! <https://keras.io/api/layers/core_layers/identity/>. No difference to Keras in inference.

use crate::arguments::Arguments;
use crate::declaration::Declaration;
use crate::layer::Layer;
use crate::layers::pass_through::PassThrough;

/// `Identity`.
pub(crate) const IDENTITY: Declaration = Declaration {
    class: "Identity",
    aliases: &[],
    base_name: "identity",
    summary: "Passes its input on.",
    details: "Inference passes the input on unchanged; the layer leaves no code.",
    arguments: &[],
    takes_common: true,
    build,
};

fn build(_arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    Some(PassThrough::boxed(&IDENTITY))
}
