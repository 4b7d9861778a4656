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
/// `#[storage = "f16"]` (or `"bf16"`, `"int8"`) stores the rows of weights of dense and recurrent layers in half or a
/// quarter of the room, and biases as floats; sums run in `f32`. The generated type's documentation tells how far each
/// layer's embedded weights are from what they were, `rnnc run --storage f16` how far the outputs are.
///
/// `#[model = "encoder"]` chooses the model in that variable; `#[runtime = some::path]` names the runtime crate where it
/// can't be found by its name. Documentation and other attributes go to the generated type.
#[proc_macro]
pub fn rnn_model(input: TokenStream) -> TokenStream {
    model::expand(input.into()).into()
}
