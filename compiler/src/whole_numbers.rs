//! Layers that Keras lets compute with whole numbers and so cut their results to such: normalizations along axes.
//!
//! A layer is declared to give floats, but many pass on whole numbers as they are when Keras computes. `LayerNormalization`,
//! `GroupNormalization`, `RMSNormalization` and `SpectralNormalization` cast what they make back to the type of what they got, and
//! `UnitNormalization` fails or not, by the backend. None of that can be meant, so they ask for floats here.

use rnn_grammar::{Code, Diagnostic};

use crate::graph::{InputType, NodeKind, TensorId, TypedGraph};
use crate::layer::Layer;

/// Says where whole numbers are normalized.
pub(crate) fn check(graph: &TypedGraph) -> Vec<Diagnostic> {
    // What Keras computes, which may be whole where it declares floats.
    let mut computed: Vec<Vec<InputType>> = Vec::with_capacity(graph.nodes().len());
    let mut diagnostics = Vec::new();
    for node in graph.nodes() {
        let NodeKind::Layer { instance, inputs } = &node.node.kind else {
            computed.push(node.types.clone());
            continue;
        };
        let of = |input: &TensorId| computed[input.node.0].get(input.output).copied().unwrap_or(InputType::Float32);
        let read: Vec<InputType> = node.split(inputs).0.iter().map(of).collect();
        let layer = instance.layer.as_ref();
        if let (true, Some(class)) = (read.iter().any(|kind| is_whole(*kind)), needs_floats(layer)) {
            let title = format!("`{class}` normalizes whole numbers");
            let diagnostic = Diagnostic::new(Code::E157, node.node.span, title).at("gets whole numbers");
            diagnostics.push(diagnostic.note("Keras cuts the results to whole numbers").help(
                "make floats of them first: `keras.ops.cast(x, \"float32\")`, or `Rescaling(1.0)` in a `Sequential`",
            ));
        }
        computed.push((0..node.outputs.len()).map(|output| layer.computed_type(output, &read)).collect());
    }
    diagnostics
}

const fn is_whole(kind: InputType) -> bool {
    matches!(kind, InputType::Int32 | InputType::Boolean)
}

/// The class of the layer, or of one that a wrapper holds, which needs floats.
fn needs_floats(layer: &dyn Layer) -> Option<&'static str> {
    if layer.needs_floats() {
        return Some(layer.declaration().class);
    }
    layer.sublayers().iter().find_map(|inner| needs_floats(inner.layer.as_ref()))
}

#[cfg(test)]
mod tests {
    use rnn_grammar::{Code, Source};

    use crate::layers::testing::codes;

    #[test]
    fn whole_numbers_are_not_normalized() {
        let ids = "Input((4, 6)), Discretization(bin_boundaries=[0.0, 1.0])";
        assert_eq!(codes(&format!("{ids}, LayerNormalization()")), [Code::E157]);
        assert_eq!(codes(&format!("{ids}, ReLU(), Dropout(0.1), Flatten(), UnitNormalization()")), [Code::E157]);
        assert_eq!(codes(&format!("{ids}, TimeDistributed(RMSNormalization())")), [Code::E157]);
        assert_eq!(codes("Input((4, 6), dtype='int32'), GroupNormalization(2)"), [Code::E157]);
        assert_eq!(codes(&format!("{ids}, SpectralNormalization(Dense(2))")), [Code::E157]);
        assert_eq!(codes(&format!("{ids}, BatchNormalization(), LayerNormalization()")), []);
        assert_eq!(codes(&format!("{ids}, Rescaling(1.0), LayerNormalization()")), []);
    }

    #[test]
    fn operations_make_what_numpy_makes_of_whole_numbers() {
        let of = |tensor: &str| {
            let text = format!(
                "x = Input((4, 6))\nd = Discretization(bin_boundaries=[0.0])(x)\n\
                 model = Model(x, LayerNormalization()({tensor}))\n"
            );
            let compiled = crate::compile(&Source::new("test.rnn", text));
            compiled.diagnostics.iter().map(|mistake| mistake.code).collect::<Vec<_>>()
        };
        for whole in ["d + d", "2 * d", "keras.ops.sum(d, axis=1)", "keras.ops.abs(d)", "keras.ops.maximum(d, d)"] {
            assert_eq!(of(whole), [Code::E157], "{whole}");
        }
        for floats in ["1.0 * d", "d / 2", "keras.ops.exp(d)", "keras.ops.cast(d, 'float32')"] {
            assert_eq!(of(floats), [], "{floats}");
        }
    }
}
