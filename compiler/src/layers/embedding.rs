//! `Embedding`: a row of a table for each integer id.
//!
//! <https://keras.io/api/layers/core_layers/embedding/>. Differences to Keras: an id outside the table gives a row of
//! NaN (Keras: an error, NaN or another row, by backend); `weights=`, LoRA and quantization are not there yet. Ids given as floats are cut toward zero, as in Keras.

use ndarray::{ArrayD, Axis, IxDyn};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, ShownMask, Streaming, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::mask_of::MaskOf;
use crate::layers::recurrent::matrix;
use crate::masks::{MaskCall, Masked};
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering, fixed};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// `Embedding`.
pub(crate) const EMBEDDING: Declaration = Declaration {
    class: "Embedding",
    aliases: &[],
    base_name: "embedding",
    summary: "Looks integer ids up in a table of vectors.",
    details: "The output has one axis more than the input: the vector of each id.\n\n\
              Weights: `embeddings` (input_dim, output_dim).",
    arguments: &[
        Argument::required("input_dim", Kind::PositiveInteger, "How many ids there are: 0 up to this, exclusive."),
        Argument::required("output_dim", Kind::PositiveInteger, "Width of a vector."),
        Argument::training("embeddings_initializer", Kind::Initializer, "\"uniform\""),
        Argument::training("embeddings_regularizer", Kind::Regularizer, "None"),
        Argument::training("embeddings_constraint", Kind::Constraint, "None"),
        Argument::optional(
            "mask_zero",
            Kind::Boolean,
            "False",
            "Whether id 0 stands for a step that does not count; layers behind skip it.",
        ),
        Argument::not_yet("weights", "None"),
        Argument::not_yet("lora_rank", "None"),
        Argument::not_yet("lora_alpha", "None"),
        Argument::not_yet("quantization_config", "None"),
    ],
    takes_common: true,
    build,
};

/// An `Embedding` with its arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct Embedding {
    pub(crate) input_dim: u64,
    pub(crate) output_dim: u64,
    /// Whether id 0 is masked.
    pub(crate) mask_zero: bool,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let (input_dim, output_dim) = (arguments.positive("input_dim"), arguments.positive("output_dim"));
    Some(Box::new(Embedding { input_dim, output_dim, mask_zero: arguments.boolean("mask_zero") }))
}

/// The table's row that this number stands for, cut toward zero; `None` outside the table.
pub(crate) fn row_of<R: Real>(id: R, n_rows: usize) -> Option<usize> {
    let id = id.to_f64().trunc();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    (id >= 0.0 && id < n_rows as f64).then_some(id as usize)
}

impl Embedding {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let (ids, table) = (&call.inputs[0], matrix(&call.weights[0]));
        let mut shape = ids.shape().to_vec();
        shape.push(table.ncols());
        let mut output = ArrayD::from_elem(IxDyn(&shape), R::of(f64::NAN));
        let last = Axis(shape.len() - 1);
        for (mut lane, &id) in output.lanes_mut(last).into_iter().zip(ids) {
            if let Some(row) = row_of(id, table.nrows()) {
                lane.assign(&table.row(row));
            }
        }
        vec![output]
    }
}

impl Layer for Embedding {
    fn declaration(&self) -> &'static Declaration {
        &EMBEDDING
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let mut shape = Check::single(EMBEDDING.class, inputs)?.shape.clone();
        shape.0.push(Dimension::Known(self.output_dim));
        Ok(vec![shape])
    }

    fn weights(&self, _inputs: &[Shape]) -> Vec<WeightSpec> {
        vec![WeightSpec::new("embeddings", &[self.input_dim, self.output_dim])]
    }

    fn takes_integers(&self) -> bool {
        true
    }

    fn vocabulary(&self) -> Option<u64> {
        Some(self.input_dim)
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, _lowering: &Lowering<'_>) -> Lowered {
        let (rows, width) = (fixed(Dimension::Known(self.input_dim))?, fixed(Dimension::Known(self.output_dim))?);
        Ok(vec![kernels::embedding(rows, width)])
    }

    fn makes_mask(&self) -> bool {
        self.mask_zero
    }

    /// The vectors have the ids' mask; one that the ids have themselves ends here, as in Keras.
    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        if !self.mask_zero {
            return Ok(Masked::ended());
        }
        let ids = call.inputs[0];
        Ok(Masked::with(Some(call.add(MaskOf::Ids, &[ids])?)))
    }

    fn shown_mask(&self) -> ShownMask {
        if self.mask_zero { ShownMask::OfIds } else { ShownMask::None }
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{array, shape};

    #[test]
    fn ids_pick_rows_and_ids_outside_give_nan() {
        let layer = Embedding { input_dim: 2, output_dim: 2, mask_zero: false };
        let inputs = [array(&[1, 4], &[1.0, 0.9, 2.0, -1.0])];
        let weights = [array(&[2, 2], &[1.0, 2.0, 3.0, 4.0])];
        let output = &layer.evaluate(&Call { inputs: &inputs, weights: &weights })[0];
        assert_eq!(output.shape(), [1, 4, 2]);
        let values: Vec<f64> = output.iter().copied().collect();
        assert_eq!(values[..4], [3.0, 4.0, 1.0, 2.0]);
        assert!(values[4..].iter().all(|value| value.is_nan()));
        let shapes = layer.output_shapes(&[shape(&[None, None])]).unwrap();
        assert_eq!(shapes[0].to_string(), "(None, None, 2)");
        assert!(layer.output_shapes(&[shape(&[None])]).is_ok());
    }
}
