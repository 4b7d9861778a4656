//! What an expression of the language evaluates to.

use std::cell::RefCell;
use std::rc::Rc;

use rnn_grammar::Span;

use crate::activation::Activation;
use crate::graph::{ModelId, TensorId};
use crate::layer::LayerInstance;
use crate::names::Public;

/// A value of the language.
#[derive(Clone, Debug)]
pub enum Value {
    /// `None`.
    None,
    /// `True`, `False`.
    Boolean(bool),
    /// An exact integer.
    Integer(i128),
    /// A float.
    Float(f64),
    /// A text.
    String(Rc<str>),
    /// A tuple; each element knows where it came from.
    Tuple(Rc<[Located]>),
    /// A list.
    List(Rc<[Located]>),
    /// A dictionary, in insertion order.
    Dictionary(Rc<[(Located, Located)]>),
    /// A layer object.
    Layer(Rc<LayerInstance>),
    /// A model object.
    Model(ModelId),
    /// A symbolic tensor, or several (what a layer with several outputs answers is a List of them).
    Tensor(TensorId),
    /// An activation function (`keras.activations.relu`).
    Activation(Activation),
    /// Something that only training reads: an initializer, a regularizer, a constraint, an optimizer object
    /// or class. It keeps its name for messages.
    Training(TrainingKind, Rc<str>),
    /// A public name of the language: a module, class or function.
    Public(Public),
    /// `range(start, stop, step)`, not written out.
    Range {
        /// First value.
        start: i128,
        /// End, not included.
        stop: i128,
        /// Step, never 0.
        step: i128,
    },
    /// A list that the text can still change: what `[…]` gives. Layers only ever see [`Value::List`].
    Growing(Rc<RefCell<Vec<Located>>>),
    /// What a failed expression gives: whoever meets it stays silent, the mistake is reported already.
    Failed,
}

/// What a training-only value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainingKind {
    /// Makes initial weights.
    Initializer,
    /// Adds a penalty to the loss.
    Regularizer,
    /// Limits a weight during training.
    Constraint,
    /// Anything else of training: optimizers, losses, metrics, seed generators.
    Other,
}

/// A value and the place in the text that gave it.
#[derive(Clone, Debug)]
pub struct Located {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub span: Span,
}

impl Value {
    /// Python's name of the value's type, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Boolean(_) => "bool",
            Self::Integer(_) => "int",
            Self::Float(_) => "float",
            Self::String(_) => "str",
            Self::Tuple(_) => "tuple",
            Self::List(_) | Self::Growing(_) => "list",
            Self::Range { .. } => "range",
            Self::Dictionary(_) => "dict",
            Self::Layer(_) => "layer",
            Self::Model(_) => "model",
            Self::Tensor(_) => "symbolic tensor",
            Self::Activation(_) => "activation function",
            Self::Training(..) => "training object",
            Self::Public(Public::Module(_)) => "module",
            Self::Public(
                Public::Ignored(_)
                | Public::NumberType(_)
                | Public::ClearSession
                | Public::Input
                | Public::LayerFunction(..),
            ) => "function",
            Self::Public(_) => "class",
            Self::Failed => "failed expression",
        }
    }
}
