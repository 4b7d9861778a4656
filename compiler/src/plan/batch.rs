//! Which models let the samples of a batch share each walk over the weights: one large recurrent layer right behind the
//! input, first step to last, and only its last output used. Everything else goes sample by sample.

use super::lowered::{Direction, Operation, Samples, Together, Walk, fixed};
use super::{Forward, Place, Plan, Segment, State};

/// The layer that several samples go through together.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The layer's only direction.
    pub direction: &'a Direction,
    /// How its kernel takes them.
    pub together: &'a Together,
    /// Its packed weights.
    pub segment: &'a Segment,
    /// What the layers behind it read.
    pub state: &'a State,
    /// Steps of one sample.
    pub timesteps: usize,
}

impl Plan {
    /// How `forward_batch` takes several samples together, if it does.
    #[must_use]
    pub fn batch(&self) -> Option<Batch<'_>> {
        let (Forward::Streamed, Ok(streams), [state]) = (&self.forward, &self.streaming, self.states.as_slice()) else {
            return None;
        };
        let (Some(chunk), Some(_)) = (&streams.chunk, &streams.head) else { return None };
        let [step] = chunk.steps.as_slice() else { return None };
        let Some(Operation::Recurrent(layer)) = &step.operation else { return None };
        let ([direction], Some(timesteps)) = (layer.directions.as_slice(), layer.timesteps) else { return None };
        let ([input], [_]) = (self.inputs.as_slice(), self.outputs.as_slice()) else { return None };
        let sizes = input.axes.iter().map(|&axis| fixed(axis).ok());
        let reads_samples = step.input().place == Place::Input(0)
            && !input.integers
            && sizes.eq([Some(timesteps), Some(layer.features)]);
        let is_plain =
            step.carried && layer.mask.is_none() && layer.samples == Samples::One && direction.walk == Walk::Forward;
        let (Some(together), Some(segment)) = (&direction.together, self.segments.get(step.segment)) else {
            return None;
        };
        (reads_samples && is_plain && !layer.return_sequences).then_some(Batch {
            direction,
            together,
            segment,
            state,
            timesteps,
        })
    }
}

#[cfg(test)]
mod tests {
    use rnn_grammar::Source;

    /// How many samples of the model go together.
    fn together(layers: &str) -> Option<usize> {
        let text = format!("model = Sequential([{layers}])\n");
        let compiled = crate::compile(&Source::new("batch.rnn".to_owned(), text));
        let model = compiled.select(None).expect("one model");
        let plan = super::super::plan(model).expect("a plan");
        plan.batch().map(|batch| batch.together.most)
    }

    #[test]
    fn one_large_cell_on_the_input_takes_samples_together() {
        assert_eq!(together("Input(shape=(10, 3)), LSTM(50)"), Some(32));
        assert_eq!(together("Input(shape=(10, 3)), LSTM(128), Dense(4), Dense(2)"), Some(32));
        assert_eq!(together("Input(shape=(10, 3)), LSTM(260)"), Some(15));
        assert_eq!(together("Input(shape=(10, 3)), LSTM(512)"), Some(8));
        assert_eq!(together("Input(shape=(10, 3)), GRU(50), Dense(4)"), Some(32));
    }

    #[test]
    fn other_models_go_sample_by_sample() {
        let others = [
            "Input(shape=(10, 3)), LSTM(48)",
            "Input(shape=(10, 3)), LSTM(513)",
            "Input(shape=(None, 3)), LSTM(50)",
            "Input(shape=(10, 3)), GRU(48)",
            "Input(shape=(10, 3)), GRU(50, reset_after=False)",
            "Input(shape=(10, 3)), SimpleRNN(300)",
            "Input(shape=(10, 3)), LSTM(50, return_sequences=True)",
            "Input(shape=(10, 3)), LSTM(50, go_backwards=True)",
            "Input(shape=(10, 3)), LSTM(50, unroll=True)",
            "Input(shape=(10, 3)), Bidirectional(LSTM(50))",
            "Input(shape=(10, 3)), Dense(3), LSTM(50)",
            "Input(shape=(10, 3)), LSTM(50, return_sequences=True), LSTM(50)",
            "Input(shape=(3, 2, 4)), Reshape((3, 8)), LSTM(50)",
            "Input(shape=(10,), dtype=\"int32\"), Embedding(9, 3), LSTM(50)",
        ];
        for layers in others {
            assert_eq!(together(layers), None, "{layers}");
        }
    }
}
