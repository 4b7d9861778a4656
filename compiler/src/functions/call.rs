//! One call of a function of `keras.ops`: its bound arguments, and what the operation reads.

use rnn_grammar::{Code, Diagnostic, Span};

use crate::activation::Activation;
use crate::arguments::Bound;
use crate::evaluate::text::{kind_of, repr};
use crate::functions::{Function, type_named};
use crate::graph::{InputType, TensorId};
use crate::infer::Inference;
use crate::layer::Layer;
use crate::layers::activation::ActivationLayer;
use crate::layers::activation_function;
use crate::layers::arithmetic::{Arithmetic, Number, Operands};
use crate::layers::choose::{Choice, Choose};
use crate::layers::elu::Elu;
use crate::layers::leaky_relu::LeakyRelu;
use crate::layers::matrix_product::MatrixProduct;
use crate::layers::operator::{Operator, operation};
use crate::layers::reduce::{Reduce, Reduction};
use crate::layers::renamed::Renamed;
use crate::layers::single_value::Function as Single;
use crate::layers::softmax::Softmax;
use crate::shape::Shape;
use crate::value::{Located, Value};

/// What a function gives.
pub(crate) enum Answer {
    /// What this layer answers to the call's tensors.
    Layer(Box<dyn Layer>),
    /// The same, as a list even of one.
    List(Box<dyn Layer>),
    /// This tensor's shape.
    ShapeOf(TensorId),
}

/// A call with its arguments bound.
pub(crate) struct FunctionCall<'a> {
    pub(crate) function: &'static Function,
    /// All of the call.
    pub(crate) span: Span,
    pub(crate) bound: Vec<Bound>,
    pub(crate) inference: &'a Inference,
    /// What the operation reads, in its order.
    pub(crate) tensors: Vec<TensorId>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A tensor or a number.
#[derive(Clone, Copy)]
pub(crate) enum Operand {
    Tensor(TensorId),
    Number(Number),
}

/// The number that the value is.
pub(crate) fn number(value: &Value) -> Option<Number> {
    #[allow(clippy::cast_precision_loss)]
    let (value, kind) = match *value {
        Value::Integer(value) => (value as f64, InputType::Int32),
        Value::Float(value) => (value, InputType::Float32),
        Value::Boolean(value) => (f64::from(u8::from(value)), InputType::Boolean),
        _ => return None,
    };
    Some(Number { value, kind })
}

impl FunctionCall<'_> {
    pub(crate) fn argument(&self, name: &str) -> Located {
        let bound = self.bound.iter().find(|bound| bound.name == name);
        bound.map_or(Located { value: Value::None, span: self.span }, |bound| Located {
            value: bound.value.clone(),
            span: bound.span.unwrap_or(self.span),
        })
    }

    pub(crate) fn place(&self, name: &str) -> Option<Span> {
        self.bound.iter().find(|bound| bound.name == name)?.span
    }

    pub(crate) fn fail<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.diagnostics.push(diagnostic);
        None
    }

    /// An argument is not what the function takes.
    pub(crate) fn wrong<T>(&mut self, name: &str, wanted: &str) -> Option<T> {
        let given = self.argument(name);
        if matches!(given.value, Value::Failed) {
            return None;
        }
        let title = format!("`{name}` of `{}` is {wanted}, not {}", self.function.name, kind_of(&given.value));
        self.fail(Diagnostic::new(Code::E115, given.span, title).at(format!("this is `{}`", repr(&given.value))))
    }

    /// The argument as a tensor, which the operation reads.
    pub(crate) fn tensor(&mut self, name: &str) -> Option<TensorId> {
        let Value::Tensor(tensor) = self.argument(name).value else { return self.wrong(name, "a symbolic tensor") };
        self.tensors.push(tensor);
        Some(tensor)
    }

    /// The argument as a list of tensors, which the operation reads.
    pub(crate) fn several(&mut self, name: &str) -> Option<()> {
        let items = match self.argument(name).value {
            Value::Growing(items) => items.borrow().to_vec(),
            Value::List(items) | Value::Tuple(items) => items.to_vec(),
            _ => return self.wrong(name, "a list of symbolic tensors"),
        };
        for item in items {
            match item.value {
                Value::Tensor(tensor) => self.tensors.push(tensor),
                Value::Failed => return None,
                other => {
                    let title =
                        format!("`{name}` of `{}` holds symbolic tensors, not {}", self.function.name, kind_of(&other));
                    let mistake = Diagnostic::new(Code::E115, item.span, title);
                    return self.fail(mistake.at(format!("this is `{}`", repr(&other))));
                }
            }
        }
        Some(())
    }

    /// The argument as a tensor or a number.
    fn operand(&mut self, name: &str) -> Option<Operand> {
        match self.argument(name).value {
            Value::Tensor(tensor) => Some(Operand::Tensor(tensor)),
            value => match number(&value) {
                Some(number) => Some(Operand::Number(number)),
                None => self.wrong(name, "a symbolic tensor or a number"),
            },
        }
    }

    pub(crate) fn shape(&self, tensor: TensorId) -> Shape {
        self.inference.shape(tensor).clone()
    }

    pub(crate) fn type_of(&self, tensor: TensorId) -> InputType {
        self.inference.type_of(tensor)
    }

    /// An argument of kind `Axis` that holds one.
    pub(crate) fn axis(&self, name: &str) -> Option<i128> {
        self.axes(name).first().copied()
    }

    /// The axes of an argument of kind `Axis`.
    pub(crate) fn axes(&self, name: &str) -> Vec<i128> {
        let axis = |value: &Value| match *value {
            Value::Integer(axis) => Some(axis),
            Value::Boolean(axis) => Some(i128::from(axis)),
            _ => None,
        };
        match self.argument(name).value {
            Value::Tuple(items) | Value::List(items) => items.iter().filter_map(|item| axis(&item.value)).collect(),
            value => axis(&value).into_iter().collect(),
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> bool {
        matches!(self.argument(name).value, Value::Boolean(true))
    }

    pub(crate) fn single(&mut self, function: Single) -> Option<Answer> {
        let tensor = self.tensor("x")?;
        if function.refuses_truths() && self.type_of(tensor) == InputType::Boolean {
            return self.no_numbers("x");
        }
        Some(Answer::Layer(Box::new(function)))
    }

    /// Keras fails at truth values there.
    pub(crate) fn no_numbers<T>(&mut self, name: &str) -> Option<T> {
        let span = self.argument(name).span;
        let title = format!("`{}` computes with numbers, but gets truth values", self.function.name);
        let mistake = Diagnostic::new(Code::E146, span, title).at("truth values");
        self.fail(mistake.help("make numbers of them: `keras.ops.cast(x, \"float32\")`"))
    }

    pub(crate) fn activation(&mut self, activation: Activation) -> Option<Answer> {
        const RELU: crate::declaration::Declaration = operation("Relu", "relu");
        const HARD_SILU: crate::declaration::Declaration = operation("HardSilu", "hard_silu");
        const SPARSEMAX: crate::declaration::Declaration = operation("Sparsemax", "sparsemax");
        self.tensor("x")?;
        let declaration = match activation {
            Activation::Relu => &RELU,
            Activation::HardSilu => &HARD_SILU,
            Activation::Sparsemax => &SPARSEMAX,
            other => return activation_function::of(other).map(|layer| Answer::Layer(Box::new(layer))),
        };
        let layer = Box::new(ActivationLayer { activation });
        Some(Answer::Layer(Box::new(Renamed { declaration, layer, keeps_type: false })))
    }

    pub(crate) fn pair(&mut self, operator: Operator) -> Option<Answer> {
        let (left, right) = (self.operand("x1"), self.operand("x2"));
        let (left, right) = (left?, right?);
        let kind = |operand| match operand {
            Operand::Tensor(tensor) => self.type_of(tensor),
            Operand::Number(number) => number.kind,
        };
        let types = [kind(left), kind(right)];
        let operands = match (left, right) {
            (Operand::Tensor(left), Operand::Tensor(right)) => {
                self.tensors.extend([left, right]);
                Operands::Tensors
            }
            (Operand::Tensor(tensor), Operand::Number(number)) => {
                self.tensors.push(tensor);
                Operands::WithConstant(number)
            }
            (Operand::Number(number), Operand::Tensor(tensor)) => {
                self.tensors.push(tensor);
                Operands::ConstantWith(number)
            }
            (Operand::Number(_), Operand::Number(_)) => return self.wrong("x1", "a symbolic tensor"),
        };
        match Arithmetic::new(operator, operands, types) {
            Some(layer) => Some(Answer::Layer(Box::new(layer))),
            None => self.no_numbers("x1"),
        }
    }

    pub(crate) fn reduce(&mut self, reduction: Reduction) -> Option<Answer> {
        self.tensor("x")?;
        let (axes, keepdims, span) = (self.axes("axis"), self.boolean("keepdims"), self.place("axis"));
        Some(Answer::Layer(Box::new(Reduce { reduction, axes, keepdims, span })))
    }
}

pub(crate) fn choose(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let operands = ["condition", "x1", "x2"].map(|name| call.operand(name));
    let [Some(condition), Some(yes), Some(no)] = operands else { return None };
    let choices = [condition, yes, no].map(|operand| match operand {
        Operand::Number(number) => Choice::Constant(number),
        Operand::Tensor(tensor) => {
            call.tensors.push(tensor);
            Choice::Of(call.tensors.len() - 1)
        }
    });
    if call.tensors.is_empty() {
        return call.wrong("condition", "a symbolic tensor");
    }
    Some(Answer::Layer(Box::new(Choose { choices })))
}

pub(crate) fn round(call: &mut FunctionCall<'_>) -> Option<Answer> {
    // Beyond these a float has no such places.
    const MOST: i128 = 38;
    let decimals = call.axis("decimals").unwrap_or(0);
    match i32::try_from(decimals).ok().filter(|_| decimals.abs() <= MOST) {
        Some(decimals) => call.single(Single::Round(decimals)),
        None => call.wrong("decimals", "between -38 and 38"),
    }
}

pub(crate) fn clip(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let mut bounds = [None; 2];
    for (bound, name) in bounds.iter_mut().zip(["x_min", "x_max"]) {
        let value = call.argument(name).value;
        *bound = match number(&value) {
            Some(number) => Some(number.value),
            None if matches!(value, Value::None) => None,
            None => return call.wrong(name, "a number or `None`"),
        };
    }
    call.single(Single::Clip(bounds[0], bounds[1]))
}

pub(crate) fn cast(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let given = call.argument("dtype");
    let Value::String(name) = &given.value else { return call.wrong("dtype", "a text") };
    match type_named(name) {
        Some(kind) => call.single(Single::Cast(kind)),
        None => {
            let title = format!("`cast` to `{name}` is not supported yet");
            let mistake = Diagnostic::new(Code::E105, given.span, title).at("not supported yet");
            call.fail(mistake.help("write `\"float32\"`, `\"int32\"` or `\"bool\"`"))
        }
    }
}

pub(crate) fn convert(call: &mut FunctionCall<'_>) -> Option<Answer> {
    call.single(Single::ConvertToTensor)
}

fn float(call: &FunctionCall<'_>, name: &str) -> f64 {
    number(&call.argument(name).value).map_or(1.0, |number| number.value)
}

pub(super) fn renamed(
    declaration: &'static crate::declaration::Declaration,
    layer: impl Layer + 'static,
) -> Option<Answer> {
    Some(Answer::Layer(Box::new(Renamed { declaration, layer: Box::new(layer), keeps_type: false })))
}

pub(crate) fn leaky_relu(call: &mut FunctionCall<'_>) -> Option<Answer> {
    const LEAKY_RELU: crate::declaration::Declaration = operation("LeakyRelu", "leaky_relu");
    call.tensor("x")?;
    renamed(&LEAKY_RELU, LeakyRelu { negative_slope: float(call, "negative_slope") })
}

pub(crate) fn elu(call: &mut FunctionCall<'_>) -> Option<Answer> {
    const ELU: crate::declaration::Declaration = operation("Elu", "elu");
    call.tensor("x")?;
    renamed(&ELU, Elu { alpha: float(call, "alpha") })
}

pub(crate) fn gelu(call: &mut FunctionCall<'_>) -> Option<Answer> {
    match call.boolean("approximate") {
        true => call.single(Single::GeluByTanh),
        false => call.activation(Activation::Gelu),
    }
}

pub(crate) fn softmax(call: &mut FunctionCall<'_>) -> Option<Answer> {
    const SOFTMAX: crate::declaration::Declaration = operation("Softmax", "softmax");
    call.tensor("x")?;
    let (axes, span) = (call.axes("axis"), call.place("axis"));
    renamed(&SOFTMAX, Softmax { axes, span, reads_mask: false })
}

pub(crate) fn log_softmax(call: &mut FunctionCall<'_>) -> Option<Answer> {
    let Value::Tensor(tensor) = call.argument("x").value else { return call.wrong("x", "a symbolic tensor") };
    let rank = call.shape(tensor).rank() as i128;
    match call.axis("axis") {
        Some(axis) if axis == -1 || axis == rank - 1 => call.activation(Activation::LogSoftmax),
        _ => {
            let span = call.argument("axis").span;
            let title = "`log_softmax` over another axis than the last one is not supported yet";
            let mistake = Diagnostic::new(Code::E105, span, title).at("not supported yet");
            call.fail(mistake.help("write `x - keras.ops.logsumexp(x, axis=…, keepdims=True)`"))
        }
    }
}

pub(crate) fn matmul(call: &mut FunctionCall<'_>) -> Option<Answer> {
    call.tensor("x1")?;
    call.tensor("x2")?;
    Some(Answer::Layer(Box::new(MatrixProduct)))
}
