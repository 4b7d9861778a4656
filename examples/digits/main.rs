//! Which digit does an 8×8 scan show? A model that Keras trained, compiled into this program by `rnn_model!`,
//! reads 360 held-out scans row by row and is compared with what Keras answered.

use std::process::ExitCode;
use std::time::Instant;

use rnn_runtime::{Model, rnn_model};

rnn_model! {
    /// Which digit an 8×8 scan shows.
    #[source = "digits.rnn"]
    #[weights = "digits.safetensors"]
    pub struct Digits;
}

/// One scan: rows of grey values from 0 to 1.
type Scan = [[f32; 8]; 8];

/// How far a probability may be from Keras's before this program reports a failure: f32 noise of another order of
/// summation.
const TOLERANCE: f32 = 1e-5;

fn main() -> ExitCode {
    let scans = scans(npy_data(include_bytes!("heldout_scans.npy")));
    let labels = npy_data(include_bytes!("heldout_labels.npy"));
    let keras = probabilities(npy_data(include_bytes!("heldout_probabilities.npy")));
    let digits = Digits::new();

    println!("{}", Digits::SUMMARY);
    let ours: Vec<[f32; 10]> = scans.iter().map(|scan| digits.forward(scan)).collect();
    show(&scans[..5], &ours[..5]);

    let right = ours.iter().zip(labels).filter(|(answer, label)| largest(answer) == usize::from(**label)).count();
    let same = ours.iter().zip(&keras).filter(|(answer, theirs)| largest(answer) == largest(theirs)).count();
    let difference =
        ours.as_flattened().iter().zip(keras.as_flattened()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let accuracy = 100.0 * right as f64 / scans.len() as f64;
    println!("accuracy             {accuracy:.1} % ({right} of {} held-out scans)", scans.len());
    println!("same answer as Keras {same} of {}, largest difference in probability {difference:.1e}", scans.len());
    println!("time per scan        {:.2} µs ({})", microseconds(&digits, &scans), rnn_runtime::isa_name());
    if same == scans.len() && difference <= TOLERANCE { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints scans side by side, two rows of a scan to a line, with the model's answers below.
fn show(scans: &[Scan], answers: &[[f32; 10]]) {
    for pair in 0..4 {
        let line: Vec<String> = scans.iter().map(|scan| picture(&scan[2 * pair], &scan[2 * pair + 1])).collect();
        println!("  {}", line.join("    "));
    }
    let captions: Vec<String> = answers
        .iter()
        .map(|answer| {
            let digit = largest(answer);
            format!("{:<16}", format!("{digit}  ({:.1} %)", 100.0 * answer[digit]))
        })
        .collect();
    println!("  {}\n", captions.join("    "));
}

/// Two rows of grey values as text: darker characters for more ink.
fn picture(upper: &[f32; 8], lower: &[f32; 8]) -> String {
    const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
    let shade = |ink: f32| SHADES[((ink * 4.99) as usize).min(4)];
    upper.iter().zip(lower).flat_map(|(above, below)| [shade((above + below) / 2.0); 2]).collect()
}

/// The index of the largest probability.
fn largest(answer: &[f32; 10]) -> usize {
    (0..10).max_by(|&left, &right| answer[left].total_cmp(&answer[right])).unwrap_or(0)
}

/// Microseconds a scan: the median of 101 rounds over all scans.
fn microseconds(digits: &Digits, scans: &[Scan]) -> f64 {
    let mut rounds: Vec<f64> = (0..101)
        .map(|_| {
            let start = Instant::now();
            for scan in scans {
                std::hint::black_box(digits.forward(std::hint::black_box(scan)));
            }
            start.elapsed().as_secs_f64() * 1e6 / scans.len() as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[50]
}

/// The numbers of an `.npy` file: what stands behind its header.
fn npy_data(file: &[u8]) -> &[u8] {
    let header = usize::from(u16::from_le_bytes([file[8], file[9]]));
    &file[10 + header..]
}

/// Grey values from 0 to 16 as scans of values from 0 to 1.
fn scans(bytes: &[u8]) -> Vec<Scan> {
    let (rows, _) = bytes.as_chunks::<8>();
    let (scans, _) = rows.as_chunks::<8>();
    scans.iter().map(|scan| scan.map(|row| row.map(|value| f32::from(value) / 16.0))).collect()
}

fn probabilities(bytes: &[u8]) -> Vec<[f32; 10]> {
    let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect();
    values.as_chunks::<10>().0.to_vec()
}
