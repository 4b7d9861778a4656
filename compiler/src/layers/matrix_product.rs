//! `x @ y`: the product of the matrices in the last two axes of each.
//!
//! <https://keras.io/api/ops/numpy/#matmul-function>. Axes before these line up, sizes of 1 are repeated. Difference to Keras:
//! both tensors have as many axes as each other, three or more, for the first one is the batch.

use ndarray::{Array2, ArrayD, Axis, IxDyn};
use rnn_grammar::Code;

use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Streaming, Takes, WeightSpec};
use crate::layers::arithmetic::joined;
use crate::layers::operator::operation;
use crate::plan::kernels::matrix;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

const MATMUL: Declaration = operation("Matmul", "matmul");

/// The product of matrices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatrixProduct;

/// The axes before the matrices.
fn outer(shape: &Shape) -> Shape {
    Shape(shape.0[..shape.rank() - 2].to_vec())
}

impl MatrixProduct {
    #[allow(clippy::unused_self)]
    fn evaluate<R: Real>(self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let [left, right] = call.inputs else { return Vec::new() };
        let rank = left.ndim();
        let (rows, columns) = (left.shape()[rank - 2], right.shape()[rank - 1]);
        let mut sizes: Vec<usize> = (0..rank - 2).map(|axis| left.shape()[axis].max(right.shape()[axis])).collect();
        let stretched = |array: &ArrayD<R>| {
            let sizes: Vec<usize> = sizes.iter().chain(&array.shape()[rank - 2..]).copied().collect();
            let view = array.broadcast(IxDyn(&sizes)).unwrap_or_else(|| unreachable!("the shapes were checked"));
            let matrices = sizes[..rank - 2].iter().product::<usize>();
            let flat = view.as_standard_layout().into_owned();
            flat.into_shape_with_order((matrices, sizes[rank - 2], sizes[rank - 1]))
                .unwrap_or_else(|_| unreachable!("the sizes are the same"))
        };
        let (left, right) = (stretched(left), stretched(right));
        let mut values = Vec::with_capacity(left.len_of(Axis(0)) * rows * columns);
        for (left, right) in left.outer_iter().zip(right.outer_iter()) {
            let product: Array2<R> = left.dot(&right);
            values.extend(product);
        }
        sizes.extend([rows, columns]);
        vec![ArrayD::from_shape_vec(IxDyn(&sizes), values).unwrap_or_else(|_| unreachable!("as many as the sizes say"))]
    }
}

impl Layer for MatrixProduct {
    fn is_operation(&self) -> bool {
        true
    }

    fn declaration(&self) -> &'static Declaration {
        &MATMUL
    }

    fn takes(&self) -> Takes {
        Takes::List
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let [left, right] = inputs else { return Ok(Vec::new()) };
        if left.rank() != right.rank() || left.rank() < 3 {
            let title = format!("`Matmul` of `{left}` and `{right}` would mix the samples of a batch with each other");
            return Err(Mismatch::new(Code::E209, title, "the matrices are the last two axes of each")
                .help("both need a batch before their matrices; `Dense` multiplies with weights"));
        }
        let (length, of_right) = (left.0[left.rank() - 1], right.0[right.rank() - 2]);
        if !length.agrees(of_right) {
            let title = format!("`Matmul` can't multiply `{left}` with `{right}`");
            return Err(Mismatch::new(Code::E220, title, format!("{length} columns meet {of_right} rows"))
                .help("the last size of the first is the one before the last of the second"));
        }
        let mut shape = joined(MATMUL.class, &outer(left), &outer(right))?;
        shape.0.extend([left.0[left.rank() - 2], right.0[right.rank() - 1]]);
        Ok(vec![shape])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        Vec::new()
    }

    fn streaming(&self, inputs: &[Shape]) -> Streaming {
        let time = |shape: &Shape| shape.sample().first().copied().unwrap_or(Dimension::Free);
        if inputs.iter().any(|shape| shape.rank() < 4) {
            return Streaming::Impossible("multiplies whole sequences".to_owned());
        }
        match inputs.windows(2).all(|pair| time(&pair[0]) == time(&pair[1])) {
            true => Streaming::PerFrame,
            false => Streaming::Impossible("joins tensors with different timesteps".to_owned()),
        }
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        matrix::product(lowering)
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, assert_near, shape};

    #[test]
    fn matrices_are_multiplied() {
        let inputs = [array(&[1, 2, 1, 2], &[1.0, 2.0, 3.0, 4.0]), array(&[1, 1, 2, 2], &[1.0, 10.0, 100.0, 1000.0])];
        let output = MatrixProduct.evaluate(&Call { inputs: &inputs, weights: &[] });
        assert_near(&output[0], &[1, 2, 1, 2], &[201.0, 2010.0, 403.0, 4030.0]);
    }

    #[test]
    fn sizes_must_meet() {
        let of = |left: &[Option<u64>], right: &[Option<u64>]| {
            let shapes = [shape(left), shape(right)];
            MatrixProduct.output_shapes(&shapes).map(|shapes| shapes[0].to_string()).map_err(|mismatch| mismatch.code)
        };
        assert_eq!(of(&[None, None, Some(3)], &[None, Some(3), Some(5)]).unwrap(), "(None, None, 5)");
        assert_eq!(of(&[None, Some(2), Some(3)], &[None, Some(2), Some(3)]).unwrap_err(), Code::E220);
        assert_eq!(of(&[None, Some(2), Some(3)], &[None, Some(3)]).unwrap_err(), Code::E209);
        assert_eq!(of(&[None, Some(3)], &[None, Some(3)]).unwrap_err(), Code::E209);
    }
}
