//! Questions that many layers ask of their input shape, each with the diagnostic that a "no" gives.

use rnn_grammar::{Code, Span};

use crate::layer::Mismatch;
use crate::shape::Shape;

/// A layer's question: its class for the title, and the shape it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check<'a> {
    /// Keras's class name.
    pub(crate) class: &'static str,
    /// The input, batch first.
    pub(crate) shape: &'a Shape,
}

impl<'a> Check<'a> {
    /// The only input of a layer that takes one.
    pub(crate) fn single(class: &'static str, inputs: &'a [Shape]) -> Result<Self, Mismatch> {
        match inputs {
            [shape] => Ok(Self { class, shape }),
            _ => {
                let title = format!("`{class}` takes one input, but gets {}", inputs.len());
                Err(Mismatch::new(Code::E201, title, "takes one tensor")
                    .help("join them first, or give it one of them"))
            }
        }
    }

    /// At least so many axes, the batch included.
    pub(crate) fn at_least(self, rank: usize) -> Result<Self, Mismatch> {
        if self.shape.rank() >= rank {
            return Ok(self);
        }
        let title = format!(
            "`{}` needs at least {rank} dimensions, but gets `{}` with {}",
            self.class,
            self.shape,
            self.shape.rank()
        );
        Err(Mismatch::new(Code::E202, title, format!("needs {rank} dimensions or more"))
            .help("give each sample an axis of features, e.g. `Input(shape=(8,))`"))
    }

    /// Exactly so many axes, the batch included; `form` is how such a shape looks.
    pub(crate) fn exactly(self, rank: usize, form: &str, help: &str) -> Result<Self, Mismatch> {
        if self.shape.rank() == rank {
            return Ok(self);
        }
        let title = format!(
            "`{}` needs {rank} dimensions, `{form}`, but gets `{}` with {}",
            self.class,
            self.shape,
            self.shape.rank()
        );
        Err(Mismatch::new(Code::E203, title, format!("needs {rank} dimensions")).help(help))
    }

    /// A sequence of feature vectors: three axes.
    pub(crate) fn sequence(self) -> Result<Self, Mismatch> {
        if self.shape.rank() == 3 {
            return Ok(self);
        }
        let title =
            format!("`{}` needs a sequence `(batch, timesteps, features)`, but gets `{}`", self.class, self.shape);
        let mismatch = Mismatch::new(Code::E204, title, "needs 3 dimensions");
        if self.shape.rank() > 3 {
            let help = format!(
                "join the last axes with `Reshape`, or wrap it: `TimeDistributed({}(…))` reads each entry of the \
                 first axis as a sequence of its own",
                self.class
            );
            return Err(mismatch.help(help));
        }
        Err(mismatch.help("give each sample timesteps and features, e.g. `Input(shape=(10, 8))`").wants_sequence())
    }

    /// A known last axis, which sizes a weight.
    pub(crate) fn features(self) -> Result<u64, Mismatch> {
        if let Some(features) = self.shape.last().and_then(|last| last.known()) {
            return Ok(features);
        }
        let title = format!("`{}` needs a known last axis, but gets `{}`", self.class, self.shape);
        Err(Mismatch::new(Code::E206, title, "its weights are sized by the last axis")
            .help(format!("give `Input` a fixed width, e.g. `Input(shape={})`", self.example_input())))
    }

    /// A known size of this axis, which sizes a weight.
    pub(crate) fn known_axis(self, axis: usize) -> Result<u64, Mismatch> {
        if axis + 1 == self.shape.rank() && axis > 0 {
            return self.features();
        }
        if let Some(size) = self.shape.0[axis].known() {
            return Ok(size);
        }
        let title = format!("`{}` needs a known axis {axis}, but gets `{}`", self.class, self.shape);
        Err(Mismatch::new(Code::E206, title, format!("its weights are sized by axis {axis}"))
            .help("give `Input` a fixed size there"))
    }

    /// The place of an axis that the text counts as Python does, from the batch or (negative) from the end.
    /// The batch itself is refused: a compiled model sees one sample.
    pub(crate) fn axis(self, axis: i128, span: Option<Span>) -> Result<usize, Mismatch> {
        let rank = self.shape.rank() as i128;
        if axis < -rank || axis >= rank {
            let title = format!("`{}` has no axis {axis} in its input `{}`", self.class, self.shape);
            let at = format!("axes are {} to {}", -rank, rank - 1);
            return Err(Mismatch::new(Code::E208, title, at).within(span));
        }
        let place = if axis < 0 { axis + rank } else { axis };
        if place == 0 {
            return Err(self.mixes_batch(format!("axis {axis} is the batch"), span));
        }
        Ok(usize::try_from(place).unwrap_or(0))
    }

    /// The refusal of a layer that works across the samples of a batch.
    pub(crate) fn mixes_batch(self, at: impl Into<String>, span: Option<Span>) -> Mismatch {
        let title = format!("`{}` on `{}` would mix the samples of a batch with each other", self.class, self.shape);
        Mismatch::new(Code::E209, title, at).within(span).help("name an axis of the sample, e.g. -1, the features")
    }

    /// The places of several axes, in the order of the text; each may be named once.
    pub(crate) fn axes(self, axes: &[i128], span: Option<Span>) -> Result<Vec<usize>, Mismatch> {
        let mut places = Vec::with_capacity(axes.len());
        for &axis in axes {
            let place = self.axis(axis, span)?;
            if places.contains(&place) {
                let title = format!("`{}` names axis {place} of `{}` twice", self.class, self.shape);
                return Err(Mismatch::new(Code::E210, title, "each axis once").within(span));
            }
            places.push(place);
        }
        if places.is_empty() {
            let title = format!("`{}` names no axis", self.class);
            return Err(Mismatch::new(Code::E210, title, "needs an axis").within(span).help("write `axis=-1`"));
        }
        Ok(places)
    }

    /// The sample's shape with the last axis filled in: `(None, 8)`.
    fn example_input(self) -> String {
        let mut shape = self.shape.with_last(8_u64);
        shape.0.remove(0);
        shape.to_string()
    }
}
