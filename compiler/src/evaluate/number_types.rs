//! Number types: `dtype=` of a layer, `set_floatx` and `set_dtype_policy` of the text, and what they make of a model.
//!
//! As in Keras, `set_floatx` decides what inputs are, and what layers compute in until the first layer or model is made;
//! from then on only `set_dtype_policy` changes it. Keras lets every layer of a model have a type of its own and converts
//! between them; here a model has one.

use std::collections::HashMap;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::{CallSite, Signature};
use crate::arguments::{Bound, find};
use crate::declaration::{Argument, Kind};
use crate::evaluate::Evaluator;
use crate::evaluate::text::kind_of;
use crate::graph::{InputType, NodeKind, TensorId, TypedGraph, TypedNode};
use crate::layer::LayerInstance;
use crate::precision::Precision;
use crate::value::Value;

/// What layers may compute in as far as Keras is concerned.
const OTHER_POLICIES: &[&str] = &[
    "bfloat16",
    "bool",
    "float16",
    "float8_e4m3fn",
    "float8_e5m2",
    "int16",
    "int32",
    "int64",
    "int8",
    "mixed_bfloat16",
    "mixed_float16",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
];

const FLOATX: &[Argument] = &[Argument::required("value", Kind::Any, "`\"float32\"` or `\"float64\"`.")];
const POLICY: &[Argument] = &[Argument::required("policy", Kind::Any, "`\"float32\"` or `\"float64\"`.")];

/// What the text has said of number types so far.
#[derive(Debug, Default)]
pub(super) struct NumberTypes {
    /// What `set_floatx` said last.
    pub(super) floatx: Precision,
    /// What layers compute in by default, from the first layer or `set_dtype_policy` on.
    policy: Option<Precision>,
    /// What each layer object computes in, and where that was said. Operators are not here: they take what they get.
    layers: HashMap<usize, (Precision, Option<Span>)>,
}

impl NumberTypes {
    /// What layers compute in by default; from now on `set_floatx` does not change it.
    pub(super) fn policy(&mut self) -> Precision {
        *self.policy.get_or_insert(self.floatx)
    }

    /// Notes what a layer object computes in.
    pub(super) fn note(&mut self, layer: usize, precision: Precision, said: Option<Span>) {
        self.layers.insert(layer, (precision, said));
    }

    /// What inputs are by default.
    pub(super) fn input_type(&self) -> InputType {
        self.floatx.input_type()
    }
}

/// A layer of a model and what it computes in.
struct Computes {
    name: String,
    precision: Precision,
    /// Where that was said, or the layer.
    span: Span,
}

impl Evaluator<'_> {
    /// `set_floatx(…)`, `floatx()` or `set_dtype_policy(…)`
    pub(super) fn call_number_type(&mut self, function: &'static str, call: &CallSite) -> Option<Value> {
        if function == "floatx" {
            self.no_arguments(call)?;
            return Some(Value::String(self.number_types.floatx.name().into()));
        }
        let own = if function == "set_floatx" { FLOATX } else { POLICY };
        let bound = self.bound(call, Signature { own, keywords: &[] })?;
        let given = bound.first()?;
        let precision = self.precision(&given.value, given.span.unwrap_or(call.span), function)?;
        if function == "set_floatx" {
            self.number_types.floatx = precision;
        } else {
            self.number_types.policy = Some(precision);
        }
        Some(Value::None)
    }

    /// What `dtype=` of a layer says; the default where it says nothing.
    pub(super) fn layer_precision(&mut self, bound: &[Bound], call: Span) -> Option<(Precision, Option<Span>)> {
        match find(bound, "dtype") {
            Some(given) if !matches!(given.value, Value::None) => {
                let span = given.span.unwrap_or(call);
                Some((self.precision(&given.value, span, "dtype")?, Some(span)))
            }
            _ => Some((self.number_types.policy(), None)),
        }
    }

    fn precision(&mut self, value: &Value, span: Span, what: &str) -> Option<Precision> {
        let name = match value {
            Value::String(name) => name,
            Value::Failed => return None,
            other => {
                let title = format!("`{what}` must be a text, not {}", kind_of(other));
                return self
                    .fail(Diagnostic::new(Code::E115, span, title).help("write `\"float32\"` or `\"float64\"`"));
            }
        };
        if let Some(precision) = Precision::parse(name) {
            return Some(precision);
        }
        if OTHER_POLICIES.contains(&&**name) {
            let title = format!("models are not compiled in `{name}`");
            return self.fail(
                Diagnostic::new(Code::E148, span, title)
                    .at("neither float32 nor float64")
                    .help("train in float32, or save a copy of the model in it: the weights fit"),
            );
        }
        let title = format!("there is no number type `{name}`");
        self.fail(Diagnostic::new(Code::E117, span, title).help("write `\"float32\"` or `\"float64\"`"))
    }

    /// The number type of a symbolic tensor.
    pub(super) fn type_of(&self, tensor: TensorId) -> InputType {
        let known = self.inference.type_of(tensor);
        if known != InputType::Float32 {
            return known;
        }
        // Layers say no more than that they give floats.
        match &self.inference.node(tensor.node).node.kind {
            NodeKind::Input { dtype, .. } => *dtype,
            NodeKind::Layer { instance, inputs } => match self.number_types.layers.get(&instance.id) {
                Some((precision, _)) => precision.input_type(),
                None => {
                    let is_double = inputs.iter().any(|&input| self.type_of(input) == InputType::Float64);
                    if is_double { InputType::Float64 } else { InputType::Float32 }
                }
            },
        }
    }

    /// What a model computes in; `None`, with a report, where its layers differ.
    pub(super) fn model_precision(&mut self, graph: &TypedGraph) -> Option<Precision> {
        let mistake = {
            let mut layers = Vec::new();
            self.collect(graph, &mut layers);
            let Some(first) = layers.first() else { return Some(self.type_of_inputs(graph)) };
            match layers.iter().find(|layer| layer.precision != first.precision) {
                Some(other) => mixed(first, other),
                None => match self.converting_input(graph, first.precision) {
                    Some(mistake) => mistake,
                    None => return Some(first.precision),
                },
            }
        };
        self.fail(mistake)
    }

    fn type_of_inputs(&self, graph: &TypedGraph) -> Precision {
        let is_double = |node: &TypedNode| matches!(node.node.kind, NodeKind::Input { dtype: InputType::Float64, .. });
        if graph.nodes().iter().any(is_double) { Precision::Double } else { Precision::Single }
    }

    /// The layers of a graph, those inside wrappers and inner models too.
    fn collect(&self, graph: &TypedGraph, layers: &mut Vec<Computes>) {
        for node in graph.nodes() {
            let NodeKind::Layer { instance, .. } = &node.node.kind else { continue };
            self.collect_layer(instance, layers);
        }
    }

    fn collect_layer(&self, instance: &LayerInstance, layers: &mut Vec<Computes>) {
        if let Some(nested) = instance.layer.nested() {
            return self.collect(&nested.graph, layers);
        }
        let cast = || {
            let is_double = instance.layer.casts_to()? == InputType::Float64;
            Some((if is_double { Precision::Double } else { Precision::Single }, None))
        };
        if let Some((precision, said)) = self.number_types.layers.get(&instance.id).copied().or_else(cast) {
            layers.push(Computes { name: instance.name.clone(), precision, span: said.unwrap_or(instance.class_span) });
        }
        for inner in instance.layer.sublayers() {
            self.collect_layer(&inner, layers);
        }
    }

    /// An input that Keras converts before the first layer reads it, where that changes results.
    fn converting_input(&self, graph: &TypedGraph, precision: Precision) -> Option<Diagnostic> {
        for (index, node) in graph.nodes().iter().enumerate() {
            let NodeKind::Input { name, dtype, .. } = &node.node.kind else { continue };
            let title = match (dtype, precision) {
                (InputType::Float64, Precision::Single) => {
                    format!("the input `{name}` is float64, but the layers compute in float32")
                }
                (InputType::Float32, Precision::Double) if self.is_read_by_operator(graph, index) => {
                    format!("an operator computes in float32, as the input `{name}` is, but the layers in float64")
                }
                _ => continue,
            };
            return Some(
                Diagnostic::new(Code::E147, node.node.span, title)
                    .at(format!("this is {}", dtype.name()))
                    .help(format!("write `dtype=\"{}\"` here", precision.name())),
            );
        }
        None
    }

    /// Whether the node's tensor goes into an operator, which has no number type of its own.
    fn is_read_by_operator(&self, graph: &TypedGraph, input: usize) -> bool {
        graph.nodes().iter().any(|node| {
            let NodeKind::Layer { instance, inputs } = &node.node.kind else { return false };
            let is_operator = !self.number_types.layers.contains_key(&instance.id) && instance.layer.nested().is_none();
            is_operator && inputs.iter().any(|tensor| tensor.node.0 == input)
        })
    }
}

fn mixed(first: &Computes, other: &Computes) -> Diagnostic {
    let title = format!(
        "`{}` computes in {}, but `{}` in {}",
        other.name,
        other.precision.name(),
        first.name,
        first.precision.name()
    );
    let mut diagnostic =
        Diagnostic::new(Code::E147, other.span, title).at(format!("this is {}", other.precision.name()));
    if first.span != other.span {
        diagnostic = diagnostic.label(first.span, format!("this is {}", first.precision.name()));
    }
    diagnostic.help("for a float64 model say so once, at the top: `keras.config.set_floatx(\"float64\")`")
}
