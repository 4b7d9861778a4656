//! Operators and subscripts of symbolic tensors: each makes a layer of the operation's name, as in Keras.

use std::rc::Rc;

use rnn_grammar::ast::{BinaryOperator, ExpressionKind, Index};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::activation::Activation;
use crate::arguments::bind::CallSite;
use crate::evaluate::Evaluator;
use crate::evaluate::text::{kind_of, repr};
use crate::graph::TensorId;
use crate::layer::{Layer, LayerInstance};
use crate::layers::activation_function::ActivationFunction;
use crate::layers::arithmetic::{Arithmetic, Operator};
use crate::layers::get_item::{GetItem, Key};
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
        if operator == BinaryOperator::Power {
            return self.tensor_power(left, right, span);
        }
        let operator = match operator {
            BinaryOperator::Add => Operator::Add,
            BinaryOperator::Subtract => Operator::Subtract,
            BinaryOperator::Multiply => Operator::Multiply,
            BinaryOperator::Divide => Operator::Divide,
            BinaryOperator::FloorDivide | BinaryOperator::Modulo | BinaryOperator::Power => {
                return self.no_tensor_operator(span);
            }
        };
        match (&left.value, &right.value) {
            (&Value::Tensor(left), &Value::Tensor(right)) => {
                self.operation(Arithmetic::Tensors(operator), &[left, right], span)
            }
            (&Value::Tensor(tensor), _) => {
                let constant = self.constant(right)?;
                self.operation(Arithmetic::WithConstant(operator, constant), &[tensor], span)
            }
            (_, &Value::Tensor(tensor)) => {
                let constant = self.constant(left)?;
                self.operation(Arithmetic::ConstantWith(constant, operator), &[tensor], span)
            }
            _ => None,
        }
    }

    fn tensor_power(&mut self, base: &Located, exponent: &Located, span: Span) -> Option<Value> {
        let &Value::Tensor(tensor) = &base.value else {
            let title = "a power with a symbolic tensor as its exponent is not supported yet";
            return self.fail(Diagnostic::new(Code::E105, exponent.span, title).at("a symbolic tensor"));
        };
        let exponent = self.constant(exponent)?;
        self.operation(Arithmetic::Power(exponent), &[tensor], span)
    }

    /// `-x`
    pub(super) fn tensor_negative(&mut self, tensor: TensorId, span: Span) -> Option<Value> {
        self.operation(Arithmetic::Negative, &[tensor], span)
    }

    /// `abs(x)`
    pub(super) fn tensor_absolute(&mut self, tensor: TensorId, span: Span) -> Option<Value> {
        self.operation(Arithmetic::Absolute, &[tensor], span)
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
        match ActivationFunction::of(activation) {
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
                .help("tensors know `+`, `-`, `*`, `/`, `**` with a whole number, `abs` and subscripts"),
        )
    }

    fn constant(&mut self, given: &Located) -> Option<f64> {
        match given.value {
            #[allow(clippy::cast_precision_loss)]
            Value::Integer(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            Value::Failed => None,
            _ => {
                let title =
                    format!("a symbolic tensor is joined with tensors and numbers, not {}", kind_of(&given.value));
                let mistake = Diagnostic::new(Code::E108, given.span, title);
                self.fail(mistake.at(format!("this is `{}`", repr(&given.value))))
            }
        }
    }

    /// A layer that an operator makes and calls at once.
    fn operation(&mut self, layer: impl Layer + 'static, tensors: &[TensorId], span: Span) -> Option<Value> {
        let name = self.automatic_name(layer.declaration().base_name);
        let id = self.next_layer(span)?;
        let instance = LayerInstance {
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
            layer: Box::new(layer),
        };
        self.applied(&Rc::new(instance), tensors, span)
    }
}
