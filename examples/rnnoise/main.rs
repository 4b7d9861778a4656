//! RNNoise's network as a `.rnn` file: ten seconds of a noisy voice, frame by frame as a stream, against nnnoiseless
//! (the same network by hand) and against Keras.
//!
//! `cargo run --release`; with `--features FILE` the features that nnnoiseless finds are written as .npy.

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use nnnoiseless::{DenoiseFeatures, DenoiseState, FRAME_SIZE};
use rnn_runtime::{Model, rnn_model};

rnn_model! {
    /// Gains of 22 bands and the probability of speech, from 42 features of each 10 ms frame.
    #[source = "rnnoise.rnn"]
    #[weights = "rnnoise.safetensors"]
    pub struct Rnnoise;
}

/// How far a number may be from nnnoiseless's, which reads its activations off a table, and from Keras's: three
/// recurrences without bounds carry the f32 noise of another order of summation over a thousand frames.
const FROM_NNNOISELESS: f32 = 1e-4;
const FROM_KERAS: f32 = 1e-4;

const RATE: f32 = 48_000.0;
const N_FRAMES: usize = 1000;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let sound = noisy_voice(N_FRAMES * FRAME_SIZE);
    let heard = features_of(&sound);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [option, file] = arguments.as_slice()
        && option == "--features"
    {
        std::fs::write(file, npy(heard.as_flattened(), 42))?;
        return Ok(ExitCode::SUCCESS);
    }

    let model = Rnnoise::new();
    println!("{}", Rnnoise::SUMMARY);
    let mut stream = model.stream();
    let ours: Vec<RnnoiseStep> = heard.iter().map(|features| stream.step(features)).collect();

    let theirs = speech_by_nnnoiseless(&sound);
    let speech = ours.iter().zip(&theirs).map(|(step, theirs)| (step.speech[0] - theirs).abs());
    let from_nnnoiseless = speech.fold(0.0, f32::max);
    let recorded = floats(include_bytes!("features.npy"));
    let (features, _) = recorded.as_chunks::<42>();
    stream.reset();
    let steps = features.iter().map(|features| stream.step(features));
    let keras = floats(include_bytes!("keras.npy"));
    let (keras, _) = keras.as_chunks::<23>();
    let differences = steps.zip(keras).flat_map(|(step, keras)| {
        let [gains @ .., speech] = keras;
        let pairs: Vec<f32> = step.gains.iter().zip(gains).map(|(a, b)| (a - b).abs()).collect();
        pairs.into_iter().chain([(step.speech[0] - speech).abs()])
    });
    let from_keras = differences.fold(0.0, f32::max);

    let voiced = theirs.iter().filter(|&&speech| speech > 0.5).count();
    println!("frames with speech          {voiced} of {N_FRAMES}");
    println!(
        "largest difference          {from_nnnoiseless:.1e} from nnnoiseless's speech, {from_keras:.1e} from Keras"
    );
    println!("network of a 10 ms frame    {:.2} µs ({})", microseconds(&model, &heard), rnn_runtime::isa_name());
    let is_same = from_nnnoiseless <= FROM_NNNOISELESS && from_keras <= FROM_KERAS;
    Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A buzz through two resonances, on for half of each second, in white noise; samples of 16 bits.
fn noisy_voice(length: usize) -> Vec<f32> {
    let mut seed = 1_u32;
    let (mut first, mut second) = (Resonance::new(700.0), Resonance::new(1200.0));
    let sample = |index: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = seed as f32 / u32::MAX as f32 - 0.5;
        let time = index as f32 / RATE;
        let pitch = 120.0 + 20.0 * (3.0 * time).sin();
        let is_pulse = (time * pitch).fract() < pitch / RATE;
        let is_on = time.fract() < 0.5;
        let pulse = if is_pulse && is_on { 6000.0 } else { 0.0 };
        first.pass(pulse) + second.pass(pulse) + 600.0 * noise
    };
    (0..length).map(sample).collect()
}

/// A resonance 80 Hz wide.
struct Resonance {
    feedback: [f32; 2],
    past: [f32; 2],
}

impl Resonance {
    fn new(frequency: f32) -> Self {
        let radius = (-std::f32::consts::PI * 80.0 / RATE).exp();
        let angle = 2.0 * std::f32::consts::PI * frequency / RATE;
        Self { feedback: [2.0 * radius * angle.cos(), -radius * radius], past: [0.0; 2] }
    }

    fn pass(&mut self, input: f32) -> f32 {
        let output = input + self.feedback[0] * self.past[0] + self.feedback[1] * self.past[1];
        self.past = [output, self.past[0]];
        output
    }
}

/// What nnnoiseless hears in each frame.
fn features_of(sound: &[f32]) -> Vec<[f32; 42]> {
    let mut hearing = DenoiseFeatures::new();
    let mut found = Vec::new();
    for frame in sound.chunks_exact(FRAME_SIZE) {
        hearing.shift_and_filter_input(frame);
        let is_silence = hearing.compute_frame_features();
        let features = hearing.features().first_chunk().copied().unwrap_or([0.0; 42]);
        assert!(!is_silence, "nnnoiseless leaves its network out in silence");
        found.push(features);
    }
    found
}

/// The probability of speech that nnnoiseless answers to each frame.
fn speech_by_nnnoiseless(sound: &[f32]) -> Vec<f32> {
    let mut denoiser = DenoiseState::new();
    let mut output = [0.0; FRAME_SIZE];
    sound.chunks_exact(FRAME_SIZE).map(|frame| denoiser.process_frame(&mut output, frame)).collect()
}

/// The median time of a step, in µs.
fn microseconds(model: &Rnnoise, frames: &[[f32; 42]]) -> f64 {
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            let mut stream = model.stream();
            let start = Instant::now();
            for frame in frames {
                std::hint::black_box(stream.step(std::hint::black_box(frame)));
            }
            start.elapsed().as_secs_f64() * 1e6 / frames.len() as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The numbers of a .npy file of little-endian f32: its header is as long as its bytes 8 and 9 say.
fn floats(file: &[u8]) -> Vec<f32> {
    let header = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
    file[header..].as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// A .npy file of rows of this width.
fn npy(values: &[f32], width: usize) -> Vec<u8> {
    let shape = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {width}), }}", values.len() / width);
    let header = format!("{shape:<117}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend_from_slice(&118_u16.to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    file
}
