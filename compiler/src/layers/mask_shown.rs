//! The operations that Keras makes of a mask in a functional model: its summary and `operations` list those that lie
//! between a mask's maker and its user. Here they are only shown; what is computed stands in [`crate::masks`].

use ndarray::ArrayD;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::concatenate::Concatenate;
use crate::layers::merge::{Merge, Operator};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

const NOT_EQUAL: Declaration = Declaration::operation("NotEqual", "not_equal", "Whether values differ.");
const ANY: Declaration = Declaration::operation("Any", "any", "Whether any value is true.");
const LOGICAL_OR: Declaration = Declaration::operation("LogicalOr", "logical_or", "Whether either value is true.");
const EXPAND_DIMS: Declaration = Declaration::operation("ExpandDims", "expand_dims", "A further axis.");
const ZEROS_LIKE: Declaration = Declaration::operation("ZerosLike", "zeros_like", "Zeros of a tensor's shape.");
const ONES_LIKE: Declaration = Declaration::operation("OnesLike", "ones_like", "Ones of a tensor's shape.");
const CONCATENATE: Declaration = Declaration::operation("Concatenate", "concatenate", "Tensors side by side.");
const CONVERT: Declaration = Declaration::operation("ConvertToTensor", "convert_to_tensor", "The tensor itself.");

/// An operation of a mask, as Keras's summary shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShownOperation {
    NotEqual,
    Any,
    LogicalOr,
    ExpandDims,
    ZerosLike,
    OnesLike,
    Concatenate(i128),
    Convert,
}

impl ShownOperation {
    #[allow(clippy::unused_self)]
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        // Nobody reads it: see `TypedNode::n_shown`.
        call.inputs.to_vec()
    }
}

impl Layer for ShownOperation {
    fn declaration(&self) -> &'static Declaration {
        match self {
            Self::NotEqual => &NOT_EQUAL,
            Self::Any => &ANY,
            Self::LogicalOr => &LOGICAL_OR,
            Self::ExpandDims => &EXPAND_DIMS,
            Self::ZerosLike => &ZEROS_LIKE,
            Self::OnesLike => &ONES_LIKE,
            Self::Concatenate(_) => &CONCATENATE,
            Self::Convert => &CONVERT,
        }
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn is_operation(&self) -> bool {
        true
    }

    fn is_only_shown(&self) -> bool {
        true
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let mut shape = inputs[0].clone();
        match self {
            Self::NotEqual | Self::ZerosLike | Self::OnesLike | Self::Convert => {}
            Self::LogicalOr => return Merge::extreme(Operator::Maximum).output_shapes(inputs),
            Self::Concatenate(axis) => return Concatenate { axis: *axis, span: None }.output_shapes(inputs),
            Self::Any => {
                shape.0.pop();
            }
            Self::ExpandDims => shape.0.push(Dimension::Known(1)),
        }
        Ok(vec![shape])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        Ok(Vec::new())
    }

    evaluate_generically!();
}
