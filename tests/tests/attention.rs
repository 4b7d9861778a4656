//! Attention over sequences of any length gives what it gives over fixed ones.

#![allow(clippy::unwrap_used)]

use rnn_runtime::{Model, rnn_model};

rnn_model! {
    /// Fixed timesteps: all scores at once.
    struct Fixed;
    asked = Input(shape=(7, 5), name="asked")
    known = Input(shape=(19, 5), name="known")
    heard = Masking()(known)
    model = Model([asked, known], {
        "product": Attention()([asked, known]),
        "scaled": Attention(use_scale=True)([asked, Dense(18)(known), known]),
        "causal": Attention()([asked, known], use_causal_mask=True),
        "sum": AdditiveAttention()([asked, heard]),
        "plain": AdditiveAttention(use_scale=False)([asked, known]),
        "concat": Attention(score_mode="concat", use_scale=True)([asked, heard]),
        "heads": MultiHeadAttention(3, 4, value_dim=18)(asked, known, use_causal_mask=True),
        "gated": MultiHeadAttention(2, 3, use_gate=True, output_shape=5)(asked, known, Dense(5)(known)),
    })
}

rnn_model! {
    /// Any number of both: row by row.
    struct Free;
    asked = Input(shape=(None, 5), name="asked")
    known = Input(shape=(None, 5), name="known")
    heard = Masking()(known)
    model = Model([asked, known], {
        "product": Attention()([asked, known]),
        "scaled": Attention(use_scale=True)([asked, Dense(18)(known), known]),
        "causal": Attention()([asked, known], use_causal_mask=True),
        "sum": AdditiveAttention()([asked, heard]),
        "plain": AdditiveAttention(use_scale=False)([asked, known]),
        "concat": Attention(score_mode="concat", use_scale=True)([asked, heard]),
        "heads": MultiHeadAttention(3, 4, value_dim=18)(asked, known, use_causal_mask=True),
        "gated": MultiHeadAttention(2, 3, use_gate=True, output_shape=5)(asked, known, Dense(5)(known)),
    })
}

fn near(one: &[f32], other: &[f32]) {
    assert_eq!(one.len(), other.len());
    for (one, other) in one.iter().zip(other) {
        assert!((one - other).abs() <= 1e-6, "{one} instead of {other}");
    }
}

#[test]
fn lengths_do_not_matter() {
    assert_eq!(Fixed::WEIGHTS, Free::WEIGHTS);
    let packed: Vec<f32> = (0..Fixed::WEIGHTS).map(|index| ((index * 37 % 101) as f32 - 50.0) / 60.0).collect();
    let (fixed, free) = (Fixed::from_packed(&packed).unwrap(), Free::from_packed(&packed).unwrap());
    let value = |place: usize| ((place * 53 % 97) as f32 - 48.0) / 40.0;
    let asked = std::array::from_fn(|row| std::array::from_fn(|column| value(row * 5 + column)));
    let mut known: [[f32; 5]; 19] =
        std::array::from_fn(|row| std::array::from_fn(|column| value(row * 7 + column + 3)));
    known[4] = [0.0; 5];
    known[18] = [0.0; 5];
    let expected = fixed.forward(&FixedInput { asked, known });

    let mut scratch = vec![f32::NAN; Free::scratch_length(19)];
    let (mut product, mut causal, mut sum, mut plain, mut concat) =
        ([[0.0; 5]; 7], [[0.0; 5]; 7], [[0.0; 5]; 7], [[0.0; 5]; 7], [[0.0; 5]; 7]);
    let mut scaled = [[0.0; 18]; 7];
    let (mut heads, mut gated) = ([[0.0; 5]; 7], [[0.0; 5]; 7]);
    let mut output = FreeOutput {
        product: &mut product,
        scaled: &mut scaled,
        causal: &mut causal,
        sum: &mut sum,
        plain: &mut plain,
        concat: &mut concat,
        heads: &mut heads,
        gated: &mut gated,
    };
    free.forward_into(&FreeInput { asked: &asked, known: &known }, &mut scratch, &mut output).unwrap();
    near(product.as_flattened(), expected.product.as_flattened());
    near(scaled.as_flattened(), expected.scaled.as_flattened());
    near(causal.as_flattened(), expected.causal.as_flattened());
    near(sum.as_flattened(), expected.sum.as_flattened());
    near(plain.as_flattened(), expected.plain.as_flattened());
    near(concat.as_flattened(), expected.concat.as_flattened());
    near(heads.as_flattened(), expected.heads.as_flattened());
    near(gated.as_flattened(), expected.gated.as_flattened());
    // What a query looks at may be of any length, its own answer too.
    let mut one = [[0.0; 5]; 1];
    let rest = &mut [[0.0; 5]; 1];
    let mut output = FreeOutput {
        product: &mut one,
        scaled: &mut [[0.0; 18]; 1],
        causal: &mut rest.clone(),
        sum: &mut rest.clone(),
        plain: &mut rest.clone(),
        concat: &mut rest.clone(),
        heads: &mut rest.clone(),
        gated: rest,
    };
    free.forward_into(&FreeInput { asked: &asked[..1], known: &known[..1] }, &mut scratch, &mut output).unwrap();
    near(one.as_flattened(), &known[0]);
}
