//! Silero's voice detector as a `.rnn` file: twelve seconds of recorded speech, chunk by chunk, against what ONNX Runtime
//! answers with the original model.

use std::process::ExitCode;
use std::time::Instant;

use rnn_runtime::{Model, rnn_model};

rnn_model! {
    /// How probable it is that somebody speaks in 512 samples of 16 kHz.
    #[source = "silero.rnn"]
    #[weights = "silero.safetensors"]
    pub struct Silero;
}

/// How far a probability may be from ONNX Runtime's: f32 noise of another order of summation, carried by the states over
/// all chunks.
const BOUND: f32 = 1e-5;

const RATE: f64 = 16_000.0;
/// New samples of a step, and those before them that it sees again.
const CHUNK: usize = 512;
const CONTEXT: usize = 64;

fn main() -> ExitCode {
    let (samples, _) = data(include_bytes!("speech.npy")).as_chunks();
    let samples: Vec<f32> = samples.iter().map(|&bytes| f32::from(i16::from_le_bytes(bytes)) / 32_768.0).collect();
    let (onnx, _) = data(include_bytes!("onnx.npy")).as_chunks();
    let onnx: Vec<f32> = onnx.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();

    println!("{}", Silero::SUMMARY);
    let heard = probabilities(&samples);
    println!("each sign 32 ms: # speech, + rather speech, . silence");
    for line in heard.chunks(75) {
        println!("  {}", line.iter().map(|&speech| sign(speech)).collect::<String>());
    }
    let difference = heard.iter().zip(&onnx).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max);
    let microseconds = microseconds(&samples) / heard.len() as f64;
    let times = CHUNK as f64 / RATE * 1e6 / microseconds;
    println!("chunks with speech   {} of {}", heard.iter().filter(|&&speech| speech > 0.5).count(), heard.len());
    println!("largest difference   {difference:.1e} from ONNX Runtime");
    println!("time per chunk       {microseconds:.1} µs, {times:.0} times real time ({})", rnn_runtime::isa_name());
    let is_same = heard.len() == onnx.len() && difference <= BOUND;
    if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The probability of speech in each chunk.
fn probabilities(samples: &[f32]) -> Vec<f32> {
    let model = Silero::new();
    let mut input = SileroInput { samples: [0.0; CONTEXT + CHUNK], h: [0.0; 128], c: [0.0; 128] };
    let (chunks, _) = samples.as_chunks::<CHUNK>();
    let mut heard = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        input.samples.copy_within(CHUNK.., 0);
        input.samples[CONTEXT..].copy_from_slice(chunk);
        let SileroOutput { speech, h, c } = model.forward(&input);
        (input.h, input.c) = (h, c);
        heard.push(speech[0]);
    }
    heard
}

fn sign(speech: f32) -> char {
    match speech {
        0.9.. => '#',
        0.5.. => '+',
        _ => '.',
    }
}

/// What follows the header of a .npy file.
fn data(file: &[u8]) -> &[u8] {
    let length = file.get(8..10).map_or(0, |bytes| usize::from(bytes[0]) + 256 * usize::from(bytes[1]));
    file.get(10 + length..).unwrap_or_default()
}

/// The median time of all chunks, in µs.
fn microseconds(samples: &[f32]) -> f64 {
    let mut times: Vec<f64> = (0..9)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(probabilities(std::hint::black_box(samples)));
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
