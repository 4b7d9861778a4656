//! `stateful=True` as Keras means it: the numbers of two calls in a row and of one after a reset are those that Keras answers.
//! `tests/goldens/stateful.py` records them.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use rnn_runtime::{Model as _, State as _, rnn_model};
use safetensors::SafeTensors;

rnn_model! {
    /// A batch of two; one layer keeps no state.
    #[source = "../goldens/stateful/tracker.rnn"]
    #[weights = "../goldens/stateful/tracker.safetensors"]
    struct Tracker;
}

rnn_model! {
    /// Both directions, and one backwards.
    #[source = "../goldens/stateful/around.rnn"]
    #[weights = "../goldens/stateful/around.safetensors"]
    struct Around;
}

rnn_model! {
    /// A layer that steps once a call, behind the last timestep.
    #[source = "../goldens/stateful/behind.rnn"]
    #[weights = "../goldens/stateful/behind.safetensors"]
    struct Behind;
}

rnn_model! {
    /// Any number of timesteps, half as many answers.
    #[source = "../goldens/stateful/free.rnn"]
    #[weights = "../goldens/stateful/free.safetensors"]
    struct Free;
}

/// Sums of some ten products, twice over.
const TOLERANCE: f32 = 3e-6;

const CALLS: [&str; 3] = ["first", "second", "reset"];

/// The recorded numbers of a tensor.
fn recorded(case: &str, name: &str) -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("goldens/stateful/{case}.io.safetensors"));
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let values = file.tensor(name).unwrap().data().as_chunks::<4>().0.to_vec();
    values.into_iter().map(f32::from_le_bytes).collect()
}

fn assert_near(got: &[f32], expected: &[f32], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= TOLERANCE, "{what}: {got} instead of {expected}");
    }
}

fn rows<const WIDTH: usize>(flat: &[f32]) -> Vec<[f32; WIDTH]> {
    flat.as_chunks().0.to_vec()
}

#[test]
fn each_sample_of_a_batch_goes_on_from_its_own_state() {
    let tracker = Tracker::new();
    let mut kept = [tracker.kept(); 2];
    for call in CALLS {
        if call == "reset" {
            kept.iter_mut().for_each(TrackerKept::reset);
        }
        let input = recorded("tracker", &format!("{call}_input"));
        let inputs: Vec<[[f32; 3]; 5]> =
            input.as_chunks::<15>().0.iter().map(|x| rows(x).try_into().unwrap()).collect();
        let mut outputs = [[0.0; 2]; 2];
        let before = kept;
        tracker.forward_batch_with(&inputs, &mut kept, &mut outputs).unwrap();
        assert_near(outputs.as_flattened(), &recorded("tracker", &format!("{call}_output_0")), call);
        for ((input, mut kept), output) in inputs.iter().zip(before).zip(outputs) {
            assert_eq!(tracker.forward_with(input, &mut kept), output);
        }
    }
    assert!(tracker.forward_batch_with(&[[[0.0; 3]; 5]; 2], &mut kept[..1], &mut [[0.0; 2]; 2]).is_err());
}

#[test]
fn both_directions_go_on() {
    let around = Around::new();
    let mut kept = around.kept();
    for call in CALLS {
        if call == "reset" {
            kept.reset();
        }
        let input = rows::<3>(&recorded("around", &format!("{call}_input"))).try_into().unwrap();
        let output = around.forward_with(&input, &mut kept);
        assert_near(&output, &recorded("around", &format!("{call}_output_0")), call);
        // A call of `forward` begins anew.
        assert_eq!(around.forward(&input) == output, call != "second");
    }
}

#[test]
fn a_layer_behind_the_last_timestep_goes_on_too() {
    let behind = Behind::new();
    let mut kept = behind.kept();
    for call in CALLS {
        if call == "reset" {
            kept.reset();
        }
        // The states are numbers, too.
        let mut floats = [0.0; BehindKept::FLOATS];
        kept.save(&mut floats).unwrap();
        let mut again = BehindKept::load(&floats, BehindKept::LAYOUT).unwrap();
        let input = rows::<2>(&recorded("behind", &format!("{call}_input"))).try_into().unwrap();
        let output = behind.forward_with(&input, &mut kept);
        assert_near(output.lstm_1.as_flattened(), &recorded("behind", &format!("{call}_output_0")), call);
        assert_near(&output.lstm, &recorded("behind", &format!("{call}_output_1")), call);
        assert_eq!(behind.forward_with(&input, &mut again), output);
    }
}

#[test]
fn free_timesteps_go_on() {
    let free = Free::new();
    let mut kept = free.kept();
    for call in CALLS {
        if call == "reset" {
            kept.reset();
        }
        let input = rows::<2>(&recorded("free", &format!("{call}_input")));
        let mut output = [[0.0; 2]; 3];
        free.forward_with(&input, &mut kept, &mut output).unwrap();
        assert_near(output.as_flattened(), &recorded("free", &format!("{call}_output_0")), call);
        let mut copy = kept;
        assert!(free.forward_with(&input, &mut copy, &mut output[..2]).is_err());
    }
}
