//! The arguments of one call of a layer class, bound and checked against its declaration.

pub mod bind;
mod kinds;

use rnn_grammar::{Diagnostic, Span};

use crate::activation::Activation;
use crate::declaration::Declaration;
use crate::value::{Located, Value};

pub(crate) use kinds::frozen;

/// One argument after binding.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Its keyword.
    pub name: &'static str,
    /// Its value, the default where none was given; already of the declared kind.
    pub value: Value,
    /// Where the value stands; `None` where it is the default.
    pub span: Option<Span>,
}

/// All arguments of a call: what a declaration's `build` reads. Every value has passed its kind's check.
#[derive(Debug)]
pub struct Arguments<'a> {
    /// The class that is called.
    pub declaration: &'static Declaration,
    /// The whole call.
    pub call: Span,
    /// The layer's name, given or automatic: sublayers are named after it (`forward_lstm`).
    pub name: &'a str,
    /// Bound values, one an argument, own arguments first.
    pub bound: Vec<Bound>,
    /// Where mistakes go.
    pub diagnostics: &'a mut Vec<Diagnostic>,
}

/// The argument of this name, where the declaration has one.
#[must_use]
pub fn find<'a>(bound: &'a [Bound], name: &str) -> Option<&'a Bound> {
    bound.iter().find(|argument| argument.name == name)
}

impl Arguments<'_> {
    /// Reports a mistake.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The bound argument of this name.
    ///
    /// # Panics
    /// Where the declaration has no such argument: a mistake in the layer's file, not in the user's.
    #[must_use]
    pub fn get(&self, name: &str) -> &Bound {
        let Some(bound) = self.bound.iter().find(|bound| bound.name == name) else {
            unreachable!("`{}` declares no argument `{name}`", self.declaration.class)
        };
        bound
    }

    /// Where the argument's value stands, or the whole call where it is the default.
    #[must_use]
    pub fn span(&self, name: &str) -> Span {
        self.get(name).span.unwrap_or(self.call)
    }

    /// An argument of kind `PositiveInteger`.
    #[must_use]
    pub fn positive(&self, name: &str) -> u64 {
        self.integer(name).and_then(|value| u64::try_from(value).ok()).unwrap_or(1)
    }

    /// An argument of kind `Integer` or `Axis`; `None` where it is `None`.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i128> {
        match self.get(name).value {
            Value::Integer(value) => Some(value),
            Value::Boolean(value) => Some(i128::from(value)),
            _ => None,
        }
    }

    /// An argument of kind `Boolean`.
    #[must_use]
    pub fn boolean(&self, name: &str) -> bool {
        matches!(self.get(name).value, Value::Boolean(true))
    }

    /// An argument of kind `Float`; `None` where it is `None`.
    #[must_use]
    pub fn float(&self, name: &str) -> Option<f64> {
        match self.get(name).value {
            Value::Float(value) => Some(value),
            #[allow(clippy::cast_precision_loss)]
            Value::Integer(value) => Some(value as f64),
            _ => None,
        }
    }

    /// An argument of kind `Choice`; `None` where it is `None`.
    #[must_use]
    pub fn choice(&self, name: &str) -> Option<&str> {
        match &self.get(name).value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// An argument of kind `Activation`; `None` is linear.
    #[must_use]
    pub fn activation(&self, name: &str) -> Activation {
        match &self.get(name).value {
            Value::Activation(activation) => *activation,
            Value::String(text) => Activation::parse(text).unwrap_or(Activation::Linear),
            _ => Activation::Linear,
        }
    }

    /// The integers of an argument of kind `Axis` or `Shape`: one, or all of a tuple or list.
    #[must_use]
    pub fn integers(&self, name: &str) -> Vec<i128> {
        let integer = |element: &Located| match element.value {
            Value::Integer(value) => Some(value),
            Value::Boolean(value) => Some(i128::from(value)),
            _ => None,
        };
        self.elements(name).iter().filter_map(integer).collect()
    }

    /// The elements of a tuple or list argument; a single value counts as one element.
    #[must_use]
    pub fn elements(&self, name: &str) -> Vec<Located> {
        let bound = self.get(name);
        match &bound.value {
            Value::Tuple(items) | Value::List(items) => items.to_vec(),
            Value::None => Vec::new(),
            value => vec![Located { value: value.clone(), span: bound.span.unwrap_or(self.call) }],
        }
    }
}
