//! Any bytes are read as weights and bound to a small model: each tensor's data has the length that its shape says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rnn_compiler::weights::{bind, read};
use rnn_compiler::{CompiledModel, Source, compile};

/// What the weights are bound to; the seed has just these.
const MODEL: &str = "model = Sequential([Input(shape=(3, 1)), LSTM(2), Dense(1)])\n";

thread_local! {
    static COMPILED: CompiledModel = compile(&Source::new("model.rnn", MODEL)).models.remove(0);
}

fuzz_target!(|bytes: &[u8]| {
    let tensors = match read(bytes) {
        Ok(tensors) => tensors,
        Err(diagnostics) => return assert!(!diagnostics.is_empty(), "refused without a reason"),
    };
    for tensor in &tensors {
        let Ok(values) = &tensor.values else { continue };
        let n_values = tensor.shape.iter().try_fold(1_u64, |product, &size| product.checked_mul(size));
        assert_eq!(n_values, Some(values.len() as u64), "{}", tensor.name);
    }
    COMPILED.with(|model| {
        if let Err(diagnostics) = bind(model, &tensors) {
            assert!(!diagnostics.is_empty(), "refused without a reason");
        }
    });
});
