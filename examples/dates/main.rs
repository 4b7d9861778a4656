//! What date did somebody write? An encoder and a decoder with attention, parts of one training graph, compiled from one
//! text: the reader runs once, the writer sign by sign on what it wrote before.

use std::process::ExitCode;
use std::time::Instant;

use rnn_runtime::{Model, rnn_model};

rnn_model! {
    /// Reads a date as it was written.
    #[source = "dates.rnn"]
    #[weights = "dates.safetensors"]
    #[model = "reader"]
    pub struct Reader;
}

rnn_model! {
    /// Writes one sign after another.
    #[source = "dates.rnn"]
    #[weights = "dates.safetensors"]
    #[model = "writer"]
    pub struct Writer;
}

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789 ,./";
const SIGNS: [char; 11] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-'];
const START: i32 = 11;

fn main() -> ExitCode {
    let heldout: Vec<[&str; 3]> = include_str!("heldout.tsv").lines().filter_map(columns).collect();
    for [written, _, _] in &heldout[..5] {
        println!("  {written:<20}  {}", translated(written));
    }
    let answers: Vec<String> = heldout.iter().map(|[written, _, _]| translated(written)).collect();
    let right = answers.iter().zip(&heldout).filter(|(answer, [_, meaning, _])| answer == meaning).count();
    let same = answers.iter().zip(&heldout).filter(|(answer, [_, _, keras])| answer == keras).count();
    println!("right                {right} of {} held-out dates", heldout.len());
    println!("same answer as Keras {same} of {}", heldout.len());
    println!("time per date        {:.1} µs ({})", microseconds(&heldout), rnn_runtime::isa_name());
    if same == heldout.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The date in digits.
fn translated(written: &str) -> String {
    let read = Reader::new().forward(&ids(written));
    let (mut sign, mut state) = (START, read.state);
    let mut text = String::new();
    for _ in 0..10 {
        let step = Writer::new().forward(&WriterInput { sign: [sign], state, seen: read.seen });
        let likeliest = largest(&step.answer[0]);
        text.extend(SIGNS.get(likeliest));
        (sign, state) = (i32::try_from(likeliest).unwrap_or(START), step.state);
    }
    text
}

/// The ids of the letters, filled up with spaces.
fn ids(written: &str) -> [i32; 20] {
    let id = |letter: char| ALPHABET.chars().position(|known| known == letter).and_then(|id| i32::try_from(id).ok());
    let space = id(' ').unwrap_or(0);
    let mut ids = [space; 20];
    for (place, letter) in ids.iter_mut().zip(written.to_lowercase().chars()) {
        *place = id(letter).unwrap_or(space);
    }
    ids
}

fn largest(values: &[f32]) -> usize {
    values.iter().enumerate().max_by(|left, right| left.1.total_cmp(right.1)).map_or(0, |(index, _)| index)
}

/// A line's text, meaning and Keras's answer.
fn columns(line: &str) -> Option<[&str; 3]> {
    let mut columns = line.split('\t');
    Some([columns.next()?, columns.next()?, columns.next()?])
}

/// The median time of a date, in µs.
fn microseconds(dates: &[[&str; 3]]) -> f64 {
    let mut times: Vec<f64> = (0..9)
        .map(|_| {
            let start = Instant::now();
            for [written, _, _] in dates {
                std::hint::black_box(translated(std::hint::black_box(written)));
            }
            start.elapsed().as_secs_f64() * 1e6 / dates.len() as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
