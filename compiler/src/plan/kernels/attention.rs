//! Kernels of the attention layers.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::attention_mask::{Blind, MaskOver, Near, Scores, lowered, shares};
use super::{bits, dense, number, permute, product_of_matrices, softmax};
use crate::activation::Activation;
use crate::layers::attention::Score;
use crate::packing::{self, PackOp, Packing};
use crate::plan::lowered::{Argument, Call, From, InPlace, Join, Operand, Operation, Weights};
use crate::shape::Dimension;

/// The sizes of an attention's tensors.
#[derive(Clone, Copy, Debug)]
pub struct AttentionSizes {
    /// Steps of the query.
    pub queries: usize,
    /// Steps of keys and values.
    pub keys: usize,
    /// Width of queries and keys.
    pub features: usize,
    /// Width of the values.
    pub values: usize,
    /// Which input the keys are.
    pub key: usize,
    /// Which keys a query looks at; all where there is no limit.
    pub near: Option<Near>,
}

/// Scores of every query and key, their softmax, and the values' means weighted by it. The scores are what the operation before
/// the last makes. `mask` is which input masks values.
#[must_use]
pub fn attention(sizes: AttentionSizes, score: Score, use_scale: bool, mask: Option<usize>) -> Vec<Operation> {
    let AttentionSizes { queries, keys, features, values, key, near } = sizes;
    let query = operand(From::Input(0), Vec::new(), queries * features);
    let mut operations = if score == Score::Dot {
        let turned = [Dimension::Known(keys as u64), Dimension::Known(features as u64)];
        let turn = permute(&turned, &[1, 0]).unwrap_or_default();
        let keys_turned = operand(From::Input(key), turn, features * keys);
        vec![product_of_matrices(vec![query, keys_turned], [queries, features, keys])]
    } else {
        let given = operand(From::Input(key), Vec::new(), keys * features);
        vec![additive_scores(vec![query, given], sizes, score, use_scale)]
    };
    if score == Score::Dot && use_scale {
        let call =
            Call::with(quote!(kernels::join::scale), vec![Argument::Isa, Argument::Weights, Argument::FlatOutput]);
        let weights = Some(Weights::new(packing::plain(1)));
        operations.push(Operation::InPlace(InPlace { call, width: 1, weights, multiply_adds: 1 }));
    }
    operations.extend(lowered(Scores { queries, keys, near }, mask));
    operations.push(softmax(keys));
    let scores = operand(From::Before, Vec::new(), queries * keys);
    let mixed = operand(From::Input(1), Vec::new(), keys * values);
    operations.push(product_of_matrices(vec![scores, mixed], [queries, keys, values]));
    operations
}

fn operand(from: From, prepare: Vec<Operation>, width: usize) -> Operand {
    Operand { from, prepare, width }
}

/// Sums of factor · tanh(scale · (query + key)); the weights are the scale, if it has one, then the factors.
fn additive_scores(operands: Vec<Operand>, sizes: AttentionSizes, score: Score, use_scale: bool) -> Operation {
    let AttentionSizes { queries, keys, features, .. } = sizes;
    let (fit, weights) = fit(score, use_scale, features);
    let (features, columns, rows) = (number(features), number(keys), number(queries));
    let rows = Argument::Value(quote!(#rows));
    let arguments = vec![Argument::Isa, Argument::Weights, rows, Argument::FlatInputs, Argument::FlatOutput];
    let call = Call::with(quote!(kernels::attention::scores::<_, #fit, #features, #columns>), arguments);
    let multiply_adds = (queries * keys * sizes.features) as u64;
    Operation::Join(Join { call, operands, output: queries * keys, weights, multiply_adds })
}

/// The type of a score, and its weights.
fn fit(score: Score, use_scale: bool, features: usize) -> (TokenStream, Option<Weights>) {
    let (fit, length) = match (score, use_scale) {
        (Score::Concat, true) => ("ScaledSum", 2),
        (Score::Concat, false) => ("WeightedSum", 1),
        (Score::Additive, true) => ("FeaturedSum", features),
        (Score::Additive, false) => ("PlainSum", 0),
        (Score::Dot, true) => ("ScaledProduct", 1),
        (Score::Dot, false) => ("Product", 0),
    };
    let fit = Ident::new(fit, Span::call_site());
    (quote!(kernels::attention::#fit), (length > 0).then(|| Weights::new(scalars(length, score))))
}

/// Attention over any number of queries and keys: of which inputs, and of which widths.
#[derive(Clone, Copy, Debug)]
pub struct AnyAttention {
    /// Width of queries and keys.
    pub features: usize,
    /// Width of the values.
    pub values: usize,
    /// Which input the keys are.
    pub key: usize,
    /// Which input masks the values, where one does.
    pub mask: Option<usize>,
    /// Whether a query sees the keys up to its own place only.
    pub is_causal: bool,
}

/// The means of the values weighted by the softmax of the scores, whatever the number of either.
#[must_use]
pub fn attention_of_any(attention: &AnyAttention, score: Score, use_scale: bool) -> Operation {
    let AnyAttention { features, values, key, mask, is_causal } = *attention;
    let widths = [(0, features), (key, features), (1, values)].into_iter().chain(mask.map(|mask| (mask, 1)));
    let operands = widths.map(|(input, width)| operand(From::Input(input), Vec::new(), width)).collect();
    attend(operands, Looks { heads: 1, is_causal, scale: 1.0 }, fit(score, use_scale, features))
}

/// How queries look at keys.
struct Looks {
    /// How many heads a row holds side by side.
    heads: usize,
    /// Whether a query sees the keys up to its own place only.
    is_causal: bool,
    /// What the scores are multiplied by.
    scale: f64,
}

/// One kernel for queries, keys, values and, where there is one, the values' mask.
fn attend(operands: Vec<Operand>, looks: Looks, (fit, weights): (TokenStream, Option<Weights>)) -> Operation {
    let function = Ident::new(if operands.len() > 3 { "attend_masked" } else { "attend" }, Span::call_site());
    let seen = if looks.is_causal { quote!(BACK) } else { quote!(ALL) };
    let scale = (looks.scale.to_bits() != 1.0_f64.to_bits()).then(|| {
        let scale = bits(looks.scale);
        quote!(.scaled(f32::from_bits(#scale)))
    });
    let (features, values) = (operands[0].width, operands[2].width);
    let [heads, width, value_width] = [looks.heads, features, values].map(number);
    let arguments = vec![
        Argument::Isa,
        if weights.is_some() { Argument::Weights } else { Argument::Value(quote!(&[])) },
        Argument::Value(quote!(kernels::attention::Looks::#seen #scale)),
        Argument::FlatInputs,
        Argument::Output,
    ];
    let call = Call::with(quote!(kernels::attention::#function::<_, #fit, #heads, #width, #value_width>), arguments);
    // For each query and each key: the score twice, and the value.
    let multiply_adds = (2 * features + values) as u64;
    Operation::Attend(Join { call, operands, output: values, weights, multiply_adds })
}

/// The weights of additive scores one behind the other: tensors of one number each, or one of a number a feature.
fn scalars(length: usize, score: Score) -> Packing {
    if score != Score::Concat {
        return packing::plain(length);
    }
    let one = |tensor| PackOp::Add { tensor, source: 0, destination: tensor, axes: [(1, 0, 0); 4], scale: 1.0 };
    Packing { length: 16, ops: (0..length).map(one).collect() }
}

/// The sizes of multi-head attention.
#[derive(Clone, Debug)]
pub struct HeadSizes {
    /// What puts the axes of query, value and key in the order in which they are worked on.
    pub turn: [Vec<Operation>; 3],
    /// What puts the output's back.
    pub back: Vec<Operation>,
    /// How many samples of their own a sample holds.
    pub samples: usize,
    /// How many heads.
    pub heads: usize,
    /// Steps of the query.
    pub queries: usize,
    /// Steps of keys and values.
    pub keys: usize,
    /// Width of a head's queries and keys.
    pub key_width: usize,
    /// Width of a head's values.
    pub value_width: usize,
    /// Width of the inputs: query, value, key.
    pub inputs: [usize; 3],
    /// Width of the output.
    pub output: usize,
    /// Which input the keys are.
    pub key: usize,
    /// Which keys a query looks at.
    pub near: Option<Near>,
    /// What becomes of queries that may look at nothing.
    pub blind: Blind,
    /// The masks over the scores.
    pub masks: Vec<MaskOver>,
    /// Whether every projection has a bias.
    pub use_bias: bool,
    /// Whether a gate of the query multiplies the heads.
    pub use_gate: bool,
}

impl HeadSizes {
    /// The projection of this place in Keras's order: query, key, the gate if there is one, value, output.
    pub(super) fn project(&self, place: usize, from: usize, to: usize, activation: Activation) -> Vec<Operation> {
        let mut operations = dense(from, to, self.use_bias, activation);
        let each = 1 + usize::from(self.use_bias);
        operations.iter_mut().for_each(|operation| operation.shift_tensors(place * each));
        operations
    }

    /// The kernels over query, value or key, behind what turns its axes.
    fn turned(&self, tensor: usize, operations: Vec<Operation>) -> Vec<Operation> {
        self.turn[tensor].iter().cloned().chain(operations).collect()
    }

    /// What scores are multiplied by.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn scale(&self) -> f64 {
        1.0 / (self.key_width as f64).sqrt()
    }

    fn literal(&self, width: usize) -> Argument {
        let (heads, queries, width) = (number(self.heads), number(self.queries), number(width));
        Argument::Value(quote!(kernels::heads::Sizes { heads: #heads, queries: #queries, width: #width }))
    }
}

/// Multi-head attention; the scores are what its second operation makes.
#[must_use]
pub fn multi_head(sizes: &HeadSizes) -> Vec<Operation> {
    let HeadSizes { heads, queries, keys, key_width, value_width, inputs, key, .. } = *sizes;
    let (key_row, value_row) = (heads * key_width, heads * value_width);
    let [query_input, value_input, key_input] = inputs;
    let gate = usize::from(sizes.use_gate);
    let project = |place, from, to| sizes.project(place, from, to, Activation::Linear);
    let scores = Join {
        call: {
            let scale = bits(sizes.scale());
            let (row, length) = (number(key_row), number(keys));
            let scale = Argument::Value(quote!(f32::from_bits(#scale)));
            let arguments =
                vec![Argument::Isa, sizes.literal(key_width), scale, Argument::FlatInputs, Argument::FlatOutput];
            Call::with(quote!(kernels::heads::scores::<_, #row, #length>), arguments)
        },
        operands: vec![
            operand(From::Input(0), sizes.turned(0, project(0, query_input, key_row)), queries * key_row),
            operand(From::Input(key), sizes.turned(2, project(1, key_input, key_row)), keys * key_row),
        ],
        output: heads * queries * keys,
        weights: None,
        multiply_adds: (queries * keys * key_row) as u64,
    };
    let mixed = Join {
        call: {
            let (row, length) = (number(value_row), number(keys));
            let arguments = vec![Argument::Isa, sizes.literal(value_width), Argument::FlatInputs, Argument::FlatOutput];
            Call::with(quote!(kernels::heads::mix::<_, #row, #length>), arguments)
        },
        operands: vec![
            operand(From::Before, Vec::new(), heads * queries * keys),
            operand(From::Input(1), sizes.turned(1, project(2 + gate, value_input, value_row)), keys * value_row),
        ],
        output: queries * value_row,
        weights: None,
        multiply_adds: (queries * keys * value_row) as u64,
    };
    let rows = Scores { queries, keys, near: sizes.near };
    let shared = shares(rows, (heads, sizes.samples * heads * queries * keys), sizes.blind, &sizes.masks);
    let mut operations = vec![Operation::Join(scores), shared, Operation::Join(mixed)];
    operations.extend(behind_heads(sizes));
    operations
}

/// Multi-head attention over any number of queries and keys, of which `sizes` counts one each; a query sees all keys, or those up to
/// its own place.
#[must_use]
pub fn multi_head_of_any(sizes: &HeadSizes) -> Vec<Operation> {
    let HeadSizes { heads, key_width, value_width, inputs, key, near, .. } = *sizes;
    let (key_row, value_row) = (heads * key_width, heads * value_width);
    let [query_input, value_input, key_input] = inputs;
    let project = |place, from, to| sizes.project(place, from, to, Activation::Linear);
    let operands = vec![
        operand(From::Input(0), project(0, query_input, key_row), key_row),
        operand(From::Input(key), project(1, key_input, key_row), key_row),
        operand(From::Input(1), project(2 + usize::from(sizes.use_gate), value_input, value_row), value_row),
    ];
    let looks = Looks { heads, is_causal: near.is_some(), scale: sizes.scale() };
    let mut operations = vec![attend(operands, looks, (quote!(kernels::attention::Product), None))];
    operations.extend(behind_heads(sizes));
    operations
}

/// What follows the heads: the gate, and the projection to the output.
pub(super) fn behind_heads(sizes: &HeadSizes) -> Vec<Operation> {
    let HeadSizes { heads, queries, value_width, inputs, .. } = *sizes;
    let (value_row, query_input) = (heads * value_width, inputs[0]);
    let gate = usize::from(sizes.use_gate);
    let mut operations = Vec::new();
    if sizes.use_gate {
        let arguments = vec![Argument::Isa, Argument::FlatInputs, Argument::FlatOutput];
        let opened = sizes.turned(0, sizes.project(2, query_input, value_row, Activation::Sigmoid));
        operations.push(Operation::Join(Join {
            call: Call::with(quote!(kernels::join::merge::<_, kernels::join::Multiply, 2>), arguments),
            operands: vec![
                operand(From::Before, Vec::new(), queries * value_row),
                operand(From::Input(0), opened, queries * value_row),
            ],
            output: queries * value_row,
            weights: None,
            multiply_adds: (queries * value_row) as u64,
        }));
    }
    operations.extend(sizes.project(3 + gate, value_row, sizes.output, Activation::Linear));
    operations.extend(sizes.back.iter().cloned());
    operations
}
