//! Texts that real Keras 3.15.1 printed, and the JSON.

use super::*;
use crate::precision::Precision;
use crate::shape::Dimension;

fn shape(axes: &[u64]) -> Shape {
    Shape::batched(&axes.iter().map(|&size| Dimension::Known(size)).collect::<Vec<_>>())
}

fn row(name: &str, class: &str, output: &[u64], params: u64) -> SummaryRow {
    SummaryRow {
        name: name.into(),
        class: class.into(),
        output_shapes: vec![shape(output)],
        params: Some(params),
        trainable_params: params,
        connected_to: Vec::new(),
    }
}

fn model(name: &str, rows: Vec<SummaryRow>, trainable: u64, non_trainable: u64) -> SummaryModel {
    SummaryModel {
        variable: Some("model".into()),
        name: name.into(),
        input_shapes: vec![shape(&[10, 4])],
        output_shapes: rows.last().map(|row| row.output_shapes.clone()).unwrap_or_default(),
        rows,
        is_branched: false,
        trainable: Count::of(trainable, 0, Precision::Single),
        non_trainable: Count::of(non_trainable, 0, Precision::Single),
    }
}

fn columns(columns: usize) -> Widths {
    Widths { terminal: columns, console: columns }
}

#[test]
fn the_default_width_is_that_of_eighty_columns() {
    let rows = vec![row("lstm", "LSTM", &[64], 17_664), row("dense", "Dense", &[10], 650)];
    let expected = "\
Model: \"sequential\"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ lstm (LSTM)                     │ (None, 64)             │        17,664 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 10)             │           650 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 18,314 (71.54 KB)
 Trainable params: 18,314 (71.54 KB)
 Non-trainable params: 0 (0.00 B)
";
    assert_eq!(table(&model("sequential", rows, 18_314, 0), Widths::DEFAULT), expected);
}

#[test]
fn narrow_columns_wrap_words_and_cut_long_ones() {
    let rows = vec![row("a_layer_with_a_long_name", "Dense", &[2, 3], 1_234_566)];
    let expected = "\
Model: \"m\"
┏━━━━━━━━━━━━━┳━━━━━━━━━━┳━━━━━━┓
┃ Layer       ┃ Output   ┃ Par… ┃
┃ (type)      ┃ Shape    ┃    # ┃
┡━━━━━━━━━━━━━╇━━━━━━━━━━╇━━━━━━┩
│ a_layer_wi… │ (None,   │ 1,2… │
│ (Dense)     │ 2, 3)    │      │
└─────────────┴──────────┴──────┘
 Total params: 1,234,566 (4.71 MB)
 Trainable params: 0 (0.00 B)
 Non-trainable params: 1,234,566 
(4.71 MB)
";
    let drawn = table(&model("m", rows, 0, 1_234_566), columns(37));
    assert_eq!(drawn.lines().collect::<Vec<_>>(), expected.lines().collect::<Vec<_>>());
}

#[test]
fn no_width_panics() {
    let rows = vec![row("漢字 and\ttabs\nand more", "Dense", &[2], 7), row("", "Dense", &[2], u64::MAX)];
    for width in 0..150 {
        for console in [0, 1, width] {
            let text = table(&model("漢 name", rows.clone(), 7, 0), Widths { terminal: width, console });
            assert!(text.ends_with('\n'));
        }
    }
}

#[test]
fn an_unbuilt_layer_has_a_question_mark() {
    let mut unbuilt = row("lstm", "LSTM", &[], 0);
    unbuilt.output_shapes.clear();
    unbuilt.params = None;
    let text = table(&model("m", vec![unbuilt], 0, 0), Widths::DEFAULT);
    assert!(text.contains("│ lstm (LSTM)                     │ ?                      │   0 (unbuilt) │"));
}

#[test]
fn a_branched_model_shows_what_its_layers_are_connected_to() {
    let mut add = row("add", "Add", &[8], 0);
    let from = |layer: &str| Connection { layer: layer.into(), node: 0, tensor: 0 };
    add.connected_to = vec![from("a"), from("b")];
    let branched =
        SummaryModel { is_branched: true, ..model("functional", vec![row("a", "Dense", &[8], 72), add], 72, 0) };
    let expected = "\
Model: \"functional\"
┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)        ┃ Output Shape      ┃    Param # ┃ Connected to      ┃
┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━┩
│ a (Dense)           │ (None, 8)         │         72 │ -                 │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ add (Add)           │ (None, 8)         │          0 │ a[0][0], b[0][0]  │
└─────────────────────┴───────────────────┴────────────┴───────────────────┘
";
    assert!(table(&branched, Widths::DEFAULT).starts_with(expected), "{}", table(&branched, Widths::DEFAULT));
}

#[test]
fn memory_steps_by_1024() {
    let cases = [(0.0, "0.00 B"), (168.0, "168.00 B"), (1023.0, "1023.00 B"), (1024.0, "1.00 KB"), (5e9, "4.66 GB")];
    for (bytes, text) in cases {
        assert_eq!(memory(bytes), text);
    }
    assert_eq!(with_commas(1_234_567), "1,234,567");
    assert_eq!(with_commas(123), "123");
}

#[test]
fn json_has_null_for_free_sizes() {
    let value: serde_json::Value =
        serde_json::from_str(&json(&[model("m", vec![row("lstm", "LSTM", &[64], 5)], 5, 2)])).unwrap();
    let model = &value["models"][0];
    assert_eq!(model["variable"], "model");
    assert_eq!(model["input_shape"], serde_json::json!([null, 10, 4]));
    assert_eq!(model["layers"][0]["output_shape"], serde_json::json!([null, 64]));
    assert_eq!(model["layers"][0]["trainable_params"], 5);
    assert_eq!(model["total_params"], 7);
    assert_eq!(model["non_trainable_params"], 2);
}
