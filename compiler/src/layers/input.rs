//! `Input` and `InputLayer`: the shape and number type of what a model reads.
//!
//! <https://keras.io/api/layers/core_layers/input/>. Differences to Keras: sizes of 0 are refused; number types other
//! than float32, float64, integers and bool, `sparse`, `ragged`, `tensor` and `optional` are not there yet. `Input` is a function of
//! the language; both read their arguments by [`read`].

use ndarray::ArrayD;
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::graph::InputType;
use crate::layer::{Call, Layer, Mismatch, Streaming, WeightSpec};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};
use crate::value::{Located, Value};

const SHAPE: Argument =
    Argument::optional("shape", Kind::Any, "None", "The shape of one sample: a tuple of sizes; `None` is any size.");
const BATCH_SIZE: Argument = Argument::optional("batch_size", Kind::Any, "None", "A fixed batch size.");
const DTYPE: Argument = Argument::optional(
    "dtype",
    Kind::Any,
    "None",
    "`\"float32\"` or `\"float64\"`, `\"int32\"` for the ids of an `Embedding`, or `\"bool\"` for a mask.",
);
const SPARSE: Argument = Argument::not_yet("sparse", "None");
const RAGGED: Argument = Argument::not_yet("ragged", "None");
const BATCH_SHAPE: Argument =
    Argument::optional("batch_shape", Kind::Any, "None", "The shape with the batch first, in place of `shape`.");
const OPTIONAL: Argument = Argument::not_yet("optional", "False");
const NAME: Argument = Argument::optional("name", Kind::Any, "None", "Its name; automatic where it is left out.");

/// The function `Input`.
pub const INPUT: Declaration = Declaration {
    class: "Input",
    aliases: &[],
    base_name: "input_layer",
    summary: "What a model reads.",
    details: "`Input(shape=(80, 13))`: samples of 80 timesteps with 13 features each. `None` in place of a size is any \
              size: `Input(shape=(None, 13))` reads sequences of any length, and streams.",
    arguments: &[
        SHAPE,
        BATCH_SIZE,
        DTYPE,
        SPARSE,
        RAGGED,
        BATCH_SHAPE,
        NAME,
        Argument::not_yet("tensor", "None"),
        OPTIONAL,
    ],
    takes_common: false,
    build,
};

/// The class `InputLayer`.
pub const INPUT_LAYER: Declaration = Declaration {
    class: "InputLayer",
    aliases: &[],
    base_name: "input_layer",
    summary: "What a model reads, as a layer object; `Input` is the usual way to write it.",
    details: "The arguments are those of `Input`; Keras 2's `input_shape` and `batch_input_shape` are taken too.",
    arguments: &[
        SHAPE,
        BATCH_SIZE,
        DTYPE,
        SPARSE,
        RAGGED,
        BATCH_SHAPE,
        Argument::not_yet("input_tensor", "None"),
        OPTIONAL,
        NAME,
        Argument::optional("input_shape", Kind::Any, "None", "Keras 2's name of `shape`."),
        Argument::optional("batch_input_shape", Kind::Any, "None", "Keras 2's name of `batch_shape`."),
    ],
    takes_common: false,
    build,
};

/// A model's input as a layer object.
#[derive(Clone, Debug)]
pub(crate) struct InputLayer {
    shape: Shape,
    dtype: InputType,
}

impl InputLayer {
    /// An input that the text does not write down.
    pub(crate) const fn new(shape: Shape, dtype: InputType) -> Self {
        Self { shape, dtype }
    }
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let (shape, dtype) = read(arguments)?;
    Some(Box::new(InputLayer { shape, dtype }))
}

/// Shape, batch first, and number type that the arguments of `Input` or `InputLayer` describe; `None` where a
/// mistake in them was reported.
pub fn read(arguments: &mut Arguments<'_>) -> Option<(Shape, InputType)> {
    let dtype = number_type(arguments);
    let sample = given(arguments, &["shape", "input_shape"])?;
    let whole = given(arguments, &["batch_shape", "batch_input_shape"])?;
    let batch_size = given(arguments, &["batch_size"])?;
    let contradiction = match (&sample, &whole, &batch_size) {
        (Some(first), Some(second), _) | (None, Some(first), Some(second)) => Some((*first, *second)),
        _ => None,
    };
    if let Some((first, second)) = contradiction {
        contradict(arguments, first, second);
        return None;
    }
    let shape = match (sample, whole) {
        (Some(name), None) => {
            let mut shape = shape_argument(arguments, name)?;
            shape.insert(0, batch_of(arguments, batch_size)?);
            Shape(shape)
        }
        (None, Some(name)) => {
            Shape(shape_argument(arguments, name).and_then(|shape| not_empty(arguments, name, shape))?)
        }
        _ => {
            let title = format!("`{}` needs a shape", arguments.declaration.class);
            let help = "write e.g. `Input(shape=(10, 8))`: 10 timesteps of 8 features";
            arguments.report(Diagnostic::new(Code::E111, arguments.call, title).at("no shape").help(help));
            return None;
        }
    };
    Some((shape, dtype?))
}

/// Which of two names of one argument is given; `None` (with a report) where both are.
fn given(arguments: &mut Arguments<'_>, names: &[&'static str]) -> Option<Option<&'static str>> {
    let is_given = |name: &&'static str| {
        arguments.bound.iter().any(|bound| bound.name == *name && !matches!(bound.value, Value::None))
    };
    let found: Vec<_> = names.iter().copied().filter(|name| is_given(name)).collect();
    if let [first, second] = found[..] {
        contradict(arguments, first, second);
        return None;
    }
    Some(found.first().copied())
}

fn contradict(arguments: &mut Arguments<'_>, first: &str, second: &str) {
    let title = format!("`{first}` and `{second}` of `{}` exclude each other", arguments.declaration.class);
    let diagnostic = Diagnostic::new(Code::E119, arguments.span(second), title)
        .at("says it again")
        .label(arguments.span(first), "says it first")
        .help("keep one of them");
    arguments.report(diagnostic);
}

fn number_type(arguments: &mut Arguments<'_>) -> Option<InputType> {
    let span = arguments.span("dtype");
    let name = match &arguments.get("dtype").value {
        Value::None => return Some(InputType::Float32),
        Value::String(name) => name.to_string(),
        Value::Failed => return None,
        other => {
            let title = format!("`dtype` of `{}` must be a text", arguments.declaration.class);
            let diagnostic = Diagnostic::new(Code::E115, span, title).at(format!("this is {}", other.type_name()));
            arguments.report(diagnostic.help("write `dtype=\"float32\"` or `dtype=\"int32\"`"));
            return None;
        }
    };
    match name.as_str() {
        "float32" => Some(InputType::Float32),
        "float64" => Some(InputType::Float64),
        // Ids fit in 32 bits, since an axis does: 64-bit ids are the same numbers.
        "int32" | "int64" => Some(InputType::Int32),
        "bool" => Some(InputType::Boolean),
        _ => {
            let (code, title) = if OTHER_TYPES.contains(&name.as_str()) {
                (Code::E104, format!("inputs of type `{name}` are not supported yet"))
            } else {
                (Code::E117, format!("`{name}` is no number type"))
            };
            let diagnostic = Diagnostic::new(code, span, title).at("neither float32 nor float64, int32 nor bool");
            arguments.report(diagnostic.help("leave it out for float32, or write `dtype=\"int32\"` for ids"));
            None
        }
    }
}

/// Keras's other number types.
const OTHER_TYPES: &[&str] = &[
    "float16",
    "bfloat16",
    "string",
    "int4",
    "int8",
    "int16",
    "uint4",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float8_e4m3fn",
    "float8_e5m2",
];

/// The axes that a shape argument names.
fn shape_argument(arguments: &mut Arguments<'_>, name: &str) -> Option<Vec<Dimension>> {
    let value = arguments.get(name).value.clone();
    if !matches!(value, Value::Tuple(_) | Value::List(_) | Value::Failed) {
        let title = format!("`{name}` of `{}` must be a tuple of sizes", arguments.declaration.class);
        let help = match value {
            Value::Integer(size) => format!("a tuple of one size is written `({size},)`"),
            _ => "write e.g. `shape=(10, 8)`".to_owned(),
        };
        let at = format!("this is {}", value.type_name());
        arguments.report(Diagnostic::new(Code::E118, arguments.span(name), title).at(at).help(help));
        return None;
    }
    if matches!(value, Value::Failed) {
        return None;
    }
    let elements = arguments.elements(name);
    let sizes: Vec<_> = elements.iter().map(|element| size(arguments, element)).collect();
    sizes.into_iter().collect()
}

fn batch_of(arguments: &mut Arguments<'_>, batch_size: Option<&'static str>) -> Option<Dimension> {
    let Some(name) = batch_size else { return Some(Dimension::Free) };
    let (value, span) = (arguments.get(name).value.clone(), arguments.span(name));
    size(arguments, &Located { value, span })
}

fn not_empty(arguments: &mut Arguments<'_>, name: &str, shape: Vec<Dimension>) -> Option<Vec<Dimension>> {
    if shape.is_empty() {
        let title = format!("`{name}` of `{}` must name the batch first", arguments.declaration.class);
        arguments.report(Diagnostic::new(Code::E118, arguments.span(name), title).at("no axis at all"));
        return None;
    }
    Some(shape)
}

fn size(arguments: &mut Arguments<'_>, element: &Located) -> Option<Dimension> {
    let at = match &element.value {
        Value::None => return Some(Dimension::Free),
        Value::Failed => return None,
        Value::Integer(size) => match u64::try_from(*size) {
            Ok(0) => "an axis of size 0 holds nothing".to_owned(),
            Ok(size) if size <= Dimension::MAX => return Some(Dimension::Known(size)),
            Ok(_) => format!("more than {}", Dimension::MAX),
            Err(_) if *size < 0 => "a size can't be negative".to_owned(),
            Err(_) => format!("more than {}", Dimension::MAX),
        },
        other => format!("this is {}", other.type_name()),
    };
    report_size(arguments, element.span, at);
    None
}

fn report_size(arguments: &mut Arguments<'_>, span: Span, at: String) {
    let title = format!("a size in the shape of `{}` is no size", arguments.declaration.class);
    let help = format!("sizes are integers from 1 to {}, or `None` for any size", Dimension::MAX);
    arguments.report(Diagnostic::new(Code::E118, span, title).at(at).help(help));
}

impl InputLayer {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        call.inputs.to_vec()
    }
}

impl Layer for InputLayer {
    fn declaration(&self) -> &'static Declaration {
        &INPUT_LAYER
    }

    fn output_shapes(&self, _inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        Ok(vec![self.shape.clone()])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn model_input(&self) -> Option<(&Shape, InputType)> {
        Some((&self.shape, self.dtype))
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        Ok(Vec::new())
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{codes, output};

    #[test]
    fn shapes_are_taken_as_keras_takes_them() {
        assert_eq!(output("Input((None, 4)), ReLU()"), "(None, None, 4)");
        assert_eq!(output("Input([3], batch_size=2), ReLU()"), "(2, 3)");
        assert_eq!(output("Input(batch_shape=(None, 3)), ReLU()"), "(None, 3)");
        assert_eq!(output("InputLayer(shape=(), dtype='int32'), Embedding(3, 5)"), "(None, 5)");
        assert_eq!(output("Input((2,), dtype='int64'), Embedding(3, 5)"), "(None, 2, 5)");
    }

    #[test]
    fn what_is_no_shape_is_refused() {
        for wrong in ["5", "'a'", "(2.0,)", "(-1,)", "(0,)", "('a',)", "(2147483648,)"] {
            assert_eq!(codes(&format!("Input({wrong}), ReLU()")), [Code::E118], "{wrong}");
        }
        assert_eq!(codes("Input(batch_shape=()), ReLU()"), [Code::E118]);
        assert_eq!(codes("Input(), ReLU()"), [Code::E111]);
    }

    #[test]
    fn two_shapes_contradict_each_other() {
        assert_eq!(codes("Input((2,), batch_shape=(1, 2)), ReLU()"), [Code::E119]);
        assert_eq!(codes("Input(batch_size=1, batch_shape=(1, 2)), ReLU()"), [Code::E119]);
        assert_eq!(codes("InputLayer(shape=(2,), input_shape=(2,)), ReLU()"), [Code::E119]);
    }

    #[test]
    fn number_types_are_known_or_not_yet_or_not_at_all() {
        assert_eq!(codes("Input((2,), dtype='float16'), ReLU()"), [Code::E104]);
        assert_eq!(codes("Input((2,), dtype='junk'), ReLU()"), [Code::E117]);
        assert_eq!(codes("Input((2,), dtype=32), ReLU()"), [Code::E115]);
        assert_eq!(codes("Input((2,), sparse=True), ReLU()"), [Code::E104]);
    }
}
