//! Layers that Keras lets compute with whole numbers and so cut their results to such: normalizations along axes.
//!
//! A layer is declared to give floats, but many pass on whole numbers as they are when Keras computes. `LayerNormalization`,
//! `GroupNormalization` and `RMSNormalization` cast what they make back to the type of what they got, and `UnitNormalization` fails
//! or not, by the backend. None of that can be meant, so they ask for floats here.

use rnn_grammar::{Code, Diagnostic};

use crate::graph::{InputType, NodeKind, TensorId, TypedGraph};
use crate::layer::Layer;

/// Layers that need floats.
const NEED_FLOATS: &[&str] = &["LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization"];

/// Layers that answer whole numbers where they get such.
const PASS_ON: &[&str] = &[
    "ReLU",
    "Masking",
    "UpSampling1D",
    "MaxPooling1D",
    "GlobalMaxPooling1D",
    "Add",
    "Subtract",
    "Multiply",
    "Maximum",
    "Minimum",
    "Concatenate",
    "Flatten",
    "Reshape",
    "Permute",
    "RepeatVector",
    "ZeroPadding1D",
    "Cropping1D",
];

/// Says where whole numbers are normalized.
pub(crate) fn check(graph: &TypedGraph) -> Vec<Diagnostic> {
    let mut whole: Vec<Vec<bool>> = Vec::with_capacity(graph.nodes().len());
    let mut diagnostics = Vec::new();
    for node in graph.nodes() {
        let by_type = |output: usize| node.types.get(output).is_some_and(|kind| is_whole(*kind));
        let n_outputs = node.outputs.len();
        let NodeKind::Layer { instance, inputs } = &node.node.kind else {
            whole.push((0..n_outputs).map(by_type).collect());
            continue;
        };
        let (own, _) = node.split(inputs);
        let is_read = |input: &TensorId| whole[input.node.0].get(input.output).copied().unwrap_or(false);
        let (any, all) = (own.iter().any(is_read), !own.is_empty() && own.iter().all(is_read));
        let layer = instance.layer.as_ref();
        if let (true, Some(class)) = (any, needs_floats(layer)) {
            let title = format!("`{class}` normalizes whole numbers");
            let diagnostic = Diagnostic::new(Code::E157, node.node.span, title).at("gets whole numbers");
            diagnostics.push(diagnostic.note("Keras cuts the results to whole numbers").help(
                "make floats of them first: `keras.ops.cast(x, \"float32\")`, or `Rescaling(1.0)` in a `Sequential`",
            ));
        }
        let class = layer.declaration().class;
        let passes_on = all && (PASS_ON.contains(&class) || layer.is_identity() && !layer.is_operation());
        let gives = class == "Discretization" || passes_on;
        whole.push((0..n_outputs).map(|output| gives || layer.is_operation() && by_type(output)).collect());
    }
    diagnostics
}

const fn is_whole(kind: InputType) -> bool {
    matches!(kind, InputType::Int32 | InputType::Boolean)
}

/// The class of the layer, or of one that a wrapper holds, which needs floats.
fn needs_floats(layer: &dyn Layer) -> Option<&'static str> {
    let class = layer.declaration().class;
    if NEED_FLOATS.contains(&class) {
        return Some(class);
    }
    layer.sublayers().iter().find_map(|inner| needs_floats(inner.layer.as_ref()))
}

#[cfg(test)]
mod tests {
    use rnn_grammar::Code;

    use crate::layers::testing::codes;

    #[test]
    fn whole_numbers_are_not_normalized() {
        let ids = "Input((4, 6)), Discretization(bin_boundaries=[0.0, 1.0])";
        assert_eq!(codes(&format!("{ids}, LayerNormalization()")), [Code::E157]);
        assert_eq!(codes(&format!("{ids}, ReLU(), Dropout(0.1), Flatten(), UnitNormalization()")), [Code::E157]);
        assert_eq!(codes(&format!("{ids}, TimeDistributed(RMSNormalization())")), [Code::E157]);
        assert_eq!(codes("Input((4, 6), dtype='int32'), GroupNormalization(2)"), [Code::E157]);
        assert_eq!(codes(&format!("{ids}, BatchNormalization(), LayerNormalization()")), []);
        assert_eq!(codes(&format!("{ids}, Rescaling(1.0), LayerNormalization()")), []);
    }
}
