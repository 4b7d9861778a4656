//! `rnn_model!`: a thin shell round the compiler. It finds the text and the weights, and takes every mistake to the
//! place in the user's code that it belongs to.

mod files;
mod header;
mod manifest;
mod model;
mod report;
mod source_map;

use proc_macro::TokenStream;

/// Makes a type of a Keras model.
///
/// ```text
/// use rnn_runtime::{Model, rnn_model};
///
/// rnn_model! {
///     /// Which digit an 8×8 scan shows.
///     #[source = "digits.rnn"]               // relative to this file
///     #[weights = "digits.safetensors"]      // embedded; leave out to load at run time
///     pub struct Digits;
/// }
///
/// rnn_model! {
///     pub struct Toy;
///     model = Sequential()
///     model.add(SimpleRNN(3, input_shape=(2, 10)))
/// }
/// ```
///
/// `#[model = "encoder"]` chooses the model in that variable; `#[runtime = some::path]` names the runtime crate where it
/// can't be found by its name. Documentation and other attributes go to the generated type.
#[proc_macro]
pub fn rnn_model(input: TokenStream) -> TokenStream {
    model::expand(input.into()).into()
}
