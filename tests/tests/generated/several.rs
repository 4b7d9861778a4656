//! The checks of models with several inputs or outputs, whose types the test's text fills and reads field by field.

use rnn_runtime::{Stream, Tensor, Zero};

use super::case::{Case, Element, bits};
use super::suite::Float;

/// Recorded numbers, taken one tensor after the other.
pub struct Numbers<'a>(&'a [f64]);

impl Numbers<'_> {
    /// The next tensor.
    pub fn next<T: Tensor>(&mut self) -> T
    where
        T::Element: Element,
    {
        let (values, rest) = self.0.split_at(T::LENGTH);
        self.0 = rest;
        let values: Vec<T::Element> = values.iter().map(|&value| T::Element::of(value)).collect();
        T::group(&values).unwrap()[0]
    }

    /// So many tensors.
    pub fn rows<T: Tensor>(&mut self, count: usize) -> Vec<T>
    where
        T::Element: Element,
    {
        (0..count).map(|_| self.next()).collect()
    }
}

/// How a model's tensors lie in frames: floats a frame of each input; floats a step of each output and whether every
/// frame has one.
pub struct Layout<'a> {
    pub inputs: &'a [usize],
    pub outputs: &'a [(usize, bool)],
}

impl Layout<'_> {
    /// The frames of a sample, whose inputs stand one behind the other.
    pub fn frames<F>(&self, sample: &[f64], make: impl Fn(&mut Numbers<'_>) -> F) -> Vec<F> {
        let n_frames = sample.len() / self.inputs.iter().sum::<usize>();
        let frame = |index: usize| {
            let mut start = 0;
            let mut values = Vec::new();
            for &width in self.inputs {
                values.extend_from_slice(&sample[start + index * width..start + (index + 1) * width]);
                start += n_frames * width;
            }
            make(&mut Numbers(&values))
        };
        (0..n_frames).map(frame).collect()
    }

    /// The whole outputs, one behind the other, of what each step answered at each output.
    pub fn outputs<S>(&self, steps: &[S], read: impl Fn(&S) -> Vec<Option<Vec<Float>>>) -> Vec<Float> {
        let steps: Vec<Vec<Option<Vec<Float>>>> = steps.iter().map(read).collect();
        let mut outputs = Vec::new();
        for (place, &(width, in_time)) in self.outputs.iter().enumerate() {
            let parts =
                steps.iter().filter_map(|step| step[place].as_ref()).inspect(|part| assert_eq!(part.len(), width));
            match in_time {
                true => parts.for_each(|part| outputs.extend_from_slice(part)),
                false => outputs.extend_from_slice(parts.last().map_or(&[], |part| &part[..])),
            }
        }
        outputs
    }
}

impl Case<'_> {
    /// `run` gives a sample's recorded outputs.
    pub fn several(&self, run: impl Fn(&mut Numbers<'_>, &[f64]) -> Vec<Float>) {
        for (sample, input) in self.inputs::<f64>().iter().enumerate() {
            self.assert_near(sample, &run(&mut Numbers(input), input));
        }
    }

    /// Steps, and pieces of any length, give the bits of the whole.
    pub fn several_streams<S: Stream, F: Fn(&mut Numbers<'_>) -> S::Frame>(
        &self,
        layout: &Layout<'_>,
        run: impl Fn(&mut Numbers<'_>, &[f64]) -> Vec<Float>,
        start: impl Fn() -> S,
        make: F,
        read: impl Fn(&S::Step) -> Vec<Option<Vec<Float>>> + Copy,
    ) where
        S::Step: Zero + Clone,
    {
        for input in self.inputs::<f64>() {
            let expected = bits(&run(&mut Numbers(&input), &input));
            let frames = layout.frames(&input, &make);
            let mut stream = start();
            let steps: Vec<S::Step> = frames.iter().map(|frame| stream.step(frame)).collect();
            assert_eq!(bits(&layout.outputs(&steps, read)), expected, "{}: steps", self.name);
            for piece in [1, 3, 1000] {
                stream.reset();
                let mut outputs = vec![S::Step::ZERO; frames.len()];
                for (frames, outputs) in frames.chunks(piece).zip(outputs.chunks_mut(piece)) {
                    stream.process(frames, outputs).unwrap();
                }
                assert_eq!(bits(&layout.outputs(&outputs, read)), expected, "{}: pieces of {piece}", self.name);
            }
        }
    }
}
