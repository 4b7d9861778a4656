//! What is checked of a generated model: every way to call it gives the recorded numbers, and all ways the same bits.

use rnn_runtime::{Checked, Model, Shaped, Stream, Tensor, Zero};

use crate::DATA;
use crate::suite::{Float, TOLERANCE};

/// A part that the build script wrote: its data, its models and their tests.
macro_rules! part {
    ($name:literal) => {
        use case::Case;

        static DATA: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".bin"));

        include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
    };
}
pub(crate) use part;

/// How far a number may be off.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    pub absolute: f64,
    pub relative: f64,
}

/// A model's recorded inputs and outputs: where they start in the data, how many numbers each has.
pub struct Case<'a> {
    pub name: &'static str,
    pub samples: &'a [(usize, usize, usize)],
}

/// What an input is made of.
pub trait Element: Copy {
    fn of(value: f64) -> Self;
}

impl Element for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }
}

impl Element for f64 {
    fn of(value: f64) -> Self {
        value
    }
}

impl Element for i32 {
    fn of(value: f64) -> Self {
        value as Self
    }
}

type ElementOf<T> = <T as Shaped>::Element;

fn numbers(start: usize, count: usize) -> Vec<f64> {
    DATA[start..start + 8 * count].as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
}

pub fn bits(values: &[Float]) -> Vec<u64> {
    values.iter().map(|&value| u64::from(value.to_bits())).collect()
}

impl Case<'_> {
    pub fn inputs<E: Element>(&self) -> Vec<Vec<E>> {
        let samples = self.samples.iter();
        samples.map(|&(start, count, _)| numbers(start, count).into_iter().map(E::of).collect()).collect()
    }

    fn n_outputs(&self) -> Vec<usize> {
        self.samples.iter().map(|sample| sample.2).collect()
    }

    pub fn assert_near(&self, sample: usize, output: &[Float]) {
        let (start, n_inputs, n_outputs) = self.samples[sample];
        let expected = numbers(start + 8 * n_inputs, n_outputs);
        let slack = numbers(start + 8 * (n_inputs + n_outputs), 1)[0];
        assert_eq!(output.len(), expected.len(), "{}", self.name);
        for (place, (&got, expected)) in output.iter().zip(expected).enumerate() {
            let difference = (f64::from(got) - expected).abs();
            let is_near = difference <= TOLERANCE.absolute.max(2.0 * slack)
                || difference <= TOLERANCE.relative * expected.abs()
                || (got.is_nan() && expected.is_nan());
            assert!(is_near, "{}: sample {sample}, place {place}: {got} instead of {expected}", self.name);
        }
    }

    /// All samples through `forward_into`.
    fn outputs<M: Model<Number = Float>>(&self, model: &M, scratch: &mut M::Scratch) -> Vec<Vec<Float>>
    where
        M::Input: Shaped,
        M::Output: Shaped<Element = Float>,
        ElementOf<M::Input>: Element,
        M::Answer: Into<Checked>,
    {
        let mut outputs = Vec::new();
        for (input, n_outputs) in self.inputs().iter().zip(self.n_outputs()) {
            let mut output = vec![Float::NAN; n_outputs];
            // What stands in the scratch before must not matter.
            scratch.as_mut().fill(Float::NAN);
            let input = M::Input::view(input, "input").unwrap();
            let answer = model.forward_into(input, scratch, M::Output::view_mut(&mut output, "output").unwrap());
            answer.into().0.unwrap();
            outputs.push(output);
        }
        outputs
    }

    /// The numbers are the recorded ones.
    pub fn forward_into<M: Model<Number = Float>>(&self, model: &M, scratch: &mut M::Scratch)
    where
        M::Input: Shaped,
        M::Output: Shaped<Element = Float>,
        ElementOf<M::Input>: Element,
        M::Answer: Into<Checked>,
    {
        for (sample, output) in self.outputs(model, scratch).iter().enumerate() {
            self.assert_near(sample, output);
        }
    }

    /// Another form of the same model gives the same bits.
    pub fn same<M: Model<Number = Float>, N: Model<Number = Float, Scratch = M::Scratch>>(
        &self,
        model: &M,
        other: &N,
        scratch: &mut M::Scratch,
    ) where
        M::Input: Shaped,
        M::Output: Shaped<Element = Float>,
        ElementOf<M::Input>: Element,
        N::Input: Shaped,
        N::Output: Shaped<Element = Float>,
        ElementOf<N::Input>: Element,
        M::Answer: Into<Checked>,
        N::Answer: Into<Checked>,
    {
        assert_eq!(M::SUMMARY, N::SUMMARY);
        let (left, right) = (self.outputs(model, scratch), self.outputs(other, scratch));
        for (left, right) in left.iter().zip(&right) {
            assert_eq!(bits(left), bits(right), "{}: embedded and loaded weights", self.name);
        }
    }

    fn flat_outputs<M: Model<Number = Float>>(&self, model: &M) -> Vec<Vec<Float>>
    where
        M::Input: Shaped,
        M::Output: Shaped<Element = Float>,
        ElementOf<M::Input>: Element,
        M::Scratch: Sized,
        M::Answer: Into<Checked>,
    {
        let samples = self.inputs().into_iter().zip(self.n_outputs());
        samples
            .map(|(input, n_outputs)| {
                let mut output = vec![Float::NAN; n_outputs];
                model.forward_flat(&input, &mut output).unwrap();
                output
            })
            .collect()
    }

    /// Flat slices give the recorded numbers too, and wrong lengths are errors.
    pub fn forward_flat<M: Model<Number = Float>>(&self, model: &M)
    where
        M::Input: Shaped,
        M::Output: Shaped<Element = Float>,
        ElementOf<M::Input>: Element,
        M::Scratch: Sized,
        M::Answer: Into<Checked>,
    {
        let outputs = self.flat_outputs(model);
        outputs.iter().enumerate().for_each(|(sample, output)| self.assert_near(sample, output));
        let input = &self.inputs()[0];
        let mut output = outputs[0].clone();
        output.push(0.0);
        assert!(model.forward_flat(input, &mut output).is_err(), "{}: an output too long", self.name);
    }

    /// By value: the same bits as flat.
    pub fn forward<M: Model<Number = Float>>(&self, model: &M)
    where
        M::Input: Shaped,
        M::Output: Shaped<Element = Float>,
        ElementOf<M::Input>: Element,
        M::Scratch: Sized,
        M::Answer: Into<Checked>,
        M::Output: Tensor<Element = Float>,
    {
        for (input, flat) in self.inputs().iter().zip(self.flat_outputs(model)) {
            let output = model.forward(M::Input::view(input, "input").unwrap());
            let mut expected = flat.clone();
            let expected = <M::Output as Shaped>::view_mut(&mut expected, "output").unwrap();
            assert_eq!(format!("{:?}", Values(&output)), format!("{:?}", Values(expected)), "{}", self.name);
        }
    }

    /// A batch: the same bits as one by one.
    pub fn forward_batch<M: Model<Number = Float>>(&self, model: &M)
    where
        M::Input: Shaped,
        M::Output: Shaped<Element = Float>,
        ElementOf<M::Input>: Element,
        M::Scratch: Sized,
        M::Answer: Into<Checked>,
        M::Input: Tensor + Shaped<Element = <M::Input as Tensor>::Element>,
        M::Output: Tensor<Element = Float>,
    {
        let flat = self.inputs();
        let inputs: Vec<M::Input> = flat.iter().map(|input| *M::Input::view(input, "input").unwrap()).collect();
        let mut outputs = vec![<M::Output as Zero>::ZERO; inputs.len()];
        model.forward_batch(&inputs, &mut outputs).unwrap();
        for (output, flat) in outputs.iter().zip(self.flat_outputs(model)) {
            let mut expected = flat.clone();
            let expected = <M::Output as Shaped>::view_mut(&mut expected, "output").unwrap();
            assert_eq!(format!("{:?}", Values(output)), format!("{:?}", Values(expected)), "{}", self.name);
        }
        assert!(model.forward_batch(&inputs, &mut outputs[1..]).is_err());
    }

    /// Every frame has an output: steps, and pieces of any length, give the bits of the whole.
    pub fn stream_to_many<M: Model<Number = Float>, S: Stream>(&self, model: &M, start: impl Fn() -> S)
    where
        M::Input: Shaped,
        M::Output: Shaped<Element = Float>,
        ElementOf<M::Input>: Element,
        M::Scratch: Sized,
        M::Answer: Into<Checked>,
        S::Frame: Tensor<Element = ElementOf<M::Input>>,
        S::Step: Tensor<Element = Float>,
    {
        for (input, expected) in self.inputs::<ElementOf<M::Input>>().iter().zip(self.flat_outputs(model)) {
            let frames = S::Frame::group(input).unwrap();
            let mut expected = expected;
            let expected = S::Step::group_mut(&mut expected).unwrap();
            let mut stream = start();
            for (frame, expected) in frames.iter().zip(expected.iter()) {
                assert_eq!(
                    format!("{:?}", Values(&stream.step(frame))),
                    format!("{:?}", Values(expected)),
                    "{}",
                    self.name
                );
            }
            for piece in [1, 3, 7, 1000] {
                stream.reset();
                let mut outputs = vec![S::Step::ZERO; frames.len()];
                for (frames, outputs) in frames.chunks(piece).zip(outputs.chunks_mut(piece)) {
                    stream.process(frames, outputs).unwrap();
                }
                for (output, expected) in outputs.iter().zip(expected.iter()) {
                    assert_eq!(format!("{:?}", Values(output)), format!("{:?}", Values(expected)), "{}", self.name);
                }
            }
            assert!(stream.process(frames, &mut []).is_err() || frames.is_empty());
        }
    }

    /// One output a sequence: a step's is that of the sequence up to it.
    pub fn stream_to_one<M: Model<Number = Float>, S: Stream>(&self, model: &M, start: impl Fn() -> S)
    where
        M::Input: Shaped,
        M::Output: Shaped<Element = Float>,
        ElementOf<M::Input>: Element,
        M::Scratch: Sized,
        M::Answer: Into<Checked>,
        S::Frame: Tensor<Element = ElementOf<M::Input>>,
        S::Step: Tensor<Element = Float>,
    {
        for (input, flat) in self.inputs::<ElementOf<M::Input>>().iter().zip(self.flat_outputs(model)) {
            let frames = S::Frame::group(input).unwrap();
            let mut flat = flat;
            let expected = S::Step::group_mut(&mut flat).unwrap()[0];
            let mut stream = start();
            let steps: Vec<S::Step> = frames.iter().map(|frame| stream.step(frame)).collect();
            let last = format!("{:?}", Values(steps.last().unwrap()));
            assert_eq!(last, format!("{:?}", Values(&expected)), "{}: the last step", self.name);
            stream.reset();
            let mut outputs = vec![S::Step::ZERO; frames.len()];
            let (first, second) = frames.split_at(frames.len() / 2);
            let (first_outputs, second_outputs) = outputs.split_at_mut(frames.len() / 2);
            stream.process(first, first_outputs).unwrap();
            stream.process(second, second_outputs).unwrap();
            for (output, step) in outputs.iter().zip(&steps) {
                assert_eq!(format!("{:?}", Values(output)), format!("{:?}", Values(step)), "{}", self.name);
            }
        }
    }
}

/// Shows a tensor's bits.
struct Values<'a, T>(&'a T);

impl<T: Tensor<Element = Float>> std::fmt::Debug for Values<'_, T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        bits(self.0.flat()).fmt(formatter)
    }
}
