//! Operators and subscripts of symbolic tensors: each makes a layer of the operation's name, as in Keras.

use std::rc::Rc;

use rnn_grammar::ast::{BinaryOperator, ComparisonOperator, ExpressionKind, Index};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::activation::Activation;
use crate::arguments::bind::CallSite;
use crate::evaluate::Evaluator;
use crate::evaluate::text::{kind_of, repr};
use crate::functions::call::number;
use crate::graph::TensorId;
use crate::layer::{Layer, LayerInstance};
use crate::layers::activation_function;
use crate::layers::arithmetic::{Arithmetic, Number, Operands};
use crate::layers::get_item::{GetItem, Key};
use crate::layers::matrix_product::MatrixProduct;
use crate::layers::operator::Operator;
use crate::layers::single_value::Function;
use crate::value::{Located, Value};

impl Evaluator<'_> {
    /// `x + y` where one of them is a tensor.
    pub(super) fn tensor_binary(
        &mut self,
        operator: BinaryOperator,
        left: &Located,
        right: &Located,
        span: Span,
    ) -> Option<Value> {
        let operator = match operator {
            BinaryOperator::Add => Operator::Add,
            BinaryOperator::Subtract => Operator::Subtract,
            BinaryOperator::Multiply => Operator::Multiply,
            BinaryOperator::Divide => Operator::TrueDivide,
            BinaryOperator::FloorDivide => Operator::FloorDivide,
            BinaryOperator::Modulo => Operator::Modulo,
            BinaryOperator::Power => Operator::Power,
            BinaryOperator::And => Operator::LogicalAnd,
            BinaryOperator::Or => Operator::LogicalOr,
            BinaryOperator::ExclusiveOr => Operator::LogicalXor,
            BinaryOperator::MatrixMultiply => return self.tensor_product(left, right, span),
        };
        self.tensor_pair(operator, left, right, span)
    }

    /// `x < y` where one of them is a tensor; `None` of a comparison that says nothing of values.
    pub(super) fn tensor_comparison(
        &mut self,
        operator: ComparisonOperator,
        left: &Located,
        right: &Located,
        span: Span,
    ) -> Option<Value> {
        // Python asks the right one where the left one is no tensor, and finds the mirrored operation.
        let is_mirrored = !matches!(left.value, Value::Tensor(_));
        let operator = match (operator, is_mirrored) {
            (ComparisonOperator::Less, false) | (ComparisonOperator::Greater, true) => Operator::Less,
            (ComparisonOperator::Greater, false) | (ComparisonOperator::Less, true) => Operator::Greater,
            (ComparisonOperator::LessEqual, false) | (ComparisonOperator::GreaterEqual, true) => Operator::LessEqual,
            (ComparisonOperator::GreaterEqual, false) | (ComparisonOperator::LessEqual, true) => Operator::GreaterEqual,
            _ => Operator::NotEqual,
        };
        match is_mirrored {
            true => self.tensor_pair(operator, right, left, span),
            false => self.tensor_pair(operator, left, right, span),
        }
    }

    /// An operator between two values of which at least one is a tensor.
    fn tensor_pair(&mut self, operator: Operator, left: &Located, right: &Located, span: Span) -> Option<Value> {
        let (tensors, operands) = match (&left.value, &right.value) {
            (&Value::Tensor(left), &Value::Tensor(right)) => (vec![left, right], Operands::Tensors),
            (&Value::Tensor(tensor), _) => (vec![tensor], Operands::WithConstant(self.constant(right)?)),
            (_, &Value::Tensor(tensor)) => (vec![tensor], Operands::ConstantWith(self.constant(left)?)),
            _ => return None,
        };
        let first = self.inference.type_of(tensors[0]);
        let types = match operands {
            Operands::Tensors => [first, self.inference.type_of(tensors[1])],
            Operands::WithConstant(number) | Operands::ConstantWith(number) => [first, number.kind],
        };
        match Arithmetic::new(operator, operands, types) {
            Some(layer) => self.operation(layer, &tensors, span),
            None => self.no_truths(operator.declaration().class, span),
        }
    }

    /// Keras fails at truth values there.
    fn no_truths<T>(&mut self, class: &str, span: Span) -> Option<T> {
        let title = format!("`{class}` computes with numbers, but gets truth values");
        let mistake = Diagnostic::new(Code::E146, span, title).at("truth values");
        self.fail(mistake.help("make numbers of them: `keras.ops.cast(x, \"float32\")`"))
    }

    /// `x @ y`
    fn tensor_product(&mut self, left: &Located, right: &Located, span: Span) -> Option<Value> {
        let (&Value::Tensor(first), &Value::Tensor(second)) = (&left.value, &right.value) else {
            let other = if matches!(left.value, Value::Tensor(_)) { right } else { left };
            let title = format!("`@` multiplies the matrices of two symbolic tensors, not {}", kind_of(&other.value));
            let mistake = Diagnostic::new(Code::E108, other.span, title);
            return self.fail(mistake.at(format!("this is `{}`", repr(&other.value))));
        };
        self.operation(MatrixProduct, &[first, second], span)
    }

    /// `-x`
    pub(super) fn tensor_negative(&mut self, tensor: TensorId, span: Span) -> Option<Value> {
        self.single(Function::Negative, tensor, span)
    }

    /// `~x`
    pub(super) fn tensor_not(&mut self, tensor: TensorId, span: Span) -> Option<Value> {
        self.single(Function::LogicalNot, tensor, span)
    }

    /// `abs(x)`
    pub(super) fn tensor_absolute(&mut self, tensor: TensorId, span: Span) -> Option<Value> {
        self.single(Function::Absolute, tensor, span)
    }

    /// `round(x, 2)`
    pub(super) fn tensor_round(&mut self, tensor: TensorId, decimals: i128, span: Span) -> Option<Value> {
        let decimals = i32::try_from(decimals.clamp(-38, 38)).unwrap_or(0);
        self.single(Function::Round(decimals), tensor, span)
    }

    fn single(&mut self, function: Function, tensor: TensorId, span: Span) -> Option<Value> {
        if function.refuses_truths() && self.is_boolean(tensor) {
            return self.no_truths(function.declaration().class, span);
        }
        self.operation(function, &[tensor], span)
    }

    /// `keras.activations.tanh(x)`
    pub(super) fn tensor_activation(&mut self, activation: Activation, call: &CallSite) -> Option<Value> {
        let [given] = call.given.as_slice() else {
            let second = call.given.get(1).map_or(call.span, |given| given.span);
            return self.fail(
                Diagnostic::new(
                    Code::E105,
                    second,
                    format!("arguments of `{}` are not supported yet", activation.name()),
                )
                .at("not supported yet")
                .help("a layer like `ReLU(…)` or `Softmax(axis=…)` takes them"),
            );
        };
        let Value::Tensor(tensor) = given.value.value else { return self.no_tensor_operator(call.span) };
        if activation == Activation::Linear {
            return Some(Value::Tensor(tensor));
        }
        match activation_function::of(activation) {
            Some(function) => self.operation(function, &[tensor], call.span),
            None => {
                let name = activation.name();
                let title = format!("Keras's `{name}` takes no symbolic tensor");
                let mistake = Diagnostic::new(Code::E115, given.span, title).at("this is a symbolic tensor");
                self.fail(mistake.help(format!("make it a layer: `Activation(\"{name}\")(x)`")))
            }
        }
    }

    /// `x[:, -1, 2:5]`
    pub(super) fn tensor_subscript(&mut self, tensor: TensorId, indices: &[Index], span: Span) -> Option<Value> {
        let mut keys = Vec::with_capacity(indices.len());
        let is_ellipsis =
            |index: &Index| matches!(index, Index::At(expression) if expression.kind == ExpressionKind::Ellipsis);
        let is_new = |index: &Index| matches!(index, Index::At(expression) if expression.kind == ExpressionKind::None);
        let n_picked = indices.iter().filter(|index| !is_ellipsis(index) && !is_new(index)).count();
        let mut n_skipped = self.inference.shape(tensor).rank().saturating_sub(n_picked);
        for index in indices {
            // The first `...` stands for all axes that the other keys leave; Python takes one only.
            if is_ellipsis(index) && n_skipped != usize::MAX && indices.len() > 1 {
                keys.extend(std::iter::repeat_n(Key::Slice([None; 3]), n_skipped));
                n_skipped = usize::MAX;
                continue;
            }
            keys.push(match index {
                Index::At(expression) => match self.expression(expression)? {
                    Value::Integer(place) => Key::At(place),
                    Value::None => Key::NewAxis,
                    Value::Failed => return None,
                    other => {
                        let title =
                            format!("a symbolic tensor is indexed with integers and slices, not {}", kind_of(&other));
                        let mistake = Diagnostic::new(Code::E108, expression.span, title);
                        return self.fail(mistake.at(format!("this is `{}`", repr(&other))));
                    }
                },
                Index::Slice { from, to, step, .. } => {
                    let mut bounds = [None; 3];
                    for (bound, expression) in bounds.iter_mut().zip([from, to, step]) {
                        if let Some(expression) = expression {
                            *bound = self.slice_bound(expression)?;
                        }
                    }
                    Key::Slice(bounds)
                }
            });
        }
        self.operation(GetItem { keys }, &[tensor], span)
    }

    /// Anything else that Python would do with a tensor.
    pub(super) fn no_tensor_operator<T>(&mut self, span: Span) -> Option<T> {
        self.fail(
            Diagnostic::new(Code::E105, span, "this operation on symbolic tensors is not supported yet")
                .at("not supported yet")
                .help("tensors know Python's operators, `abs`, `round`, subscripts and the functions of `keras.ops`"),
        )
    }

    fn constant(&mut self, given: &Located) -> Option<Number> {
        if matches!(given.value, Value::Failed) {
            return None;
        }
        if let Some(number) = number(&given.value) {
            return Some(number);
        }
        let title = format!("a symbolic tensor is joined with tensors and numbers, not {}", kind_of(&given.value));
        let mistake = Diagnostic::new(Code::E108, given.span, title);
        self.fail(mistake.at(format!("this is `{}`", repr(&given.value))))
    }

    /// A layer that an operator makes and calls at once.
    fn operation(&mut self, layer: impl Layer + 'static, tensors: &[TensorId], span: Span) -> Option<Value> {
        let instance = self.operation_object(Box::new(layer), span)?;
        self.applied(&Rc::new(instance), tensors, span)
    }

    /// The layer object of an operation.
    pub(super) fn operation_object(&mut self, layer: Box<dyn Layer>, span: Span) -> Option<LayerInstance> {
        let name = self.automatic_name(layer.declaration().base_name);
        let id = self.next_layer(span)?;
        Some(LayerInstance {
            id,
            name,
            is_named: false,
            trainable: true,
            span,
            class_span: span,
            legacy_input: None,
            insert: Span::new(span.end, span.end),
            has_arguments: false,
            arguments: Vec::new(),
            layer,
        })
    }
}
