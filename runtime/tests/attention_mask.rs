//! The kernels that say what a query may not look at, on values worked out by hand.

use rnn_runtime::kernels::attention_mask::{self, Blind, Near, Strides};
use rnn_runtime::{Isa, Program, dispatch};

/// Keys up to the query's own place.
const CAUSAL: Near = Near { before: 9, behind: 0, queries: 2 };

#[test]
fn scores_are_lowered_once() {
    let scores = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let mut output = [0.0; 6];
    attention_mask::lower_scores::<3>(CAUSAL, [&scores, &[0.0, 1.0, 0.0]], &mut output);
    assert_eq!(output, [1.0 - 1e9, 2.0 - 1e9, 3.0 - 1e9, 4.0 - 1e9, 5.0, 6.0 - 1e9]);
    let mut rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    attention_mask::lower_far(CAUSAL, &mut rows);
    assert_eq!(rows, [[1.0, 2.0 - 1e9, 3.0 - 1e9], [4.0, 5.0, 6.0 - 1e9]]);
}

#[test]
fn each_sample_has_a_mask_of_its_own() {
    let scores = [1.0, 2.0, 3.0, 4.0];
    let mut output = [0.0; 4];
    let all = Near { before: 9, behind: 9, queries: 1 };
    attention_mask::lower_scores::<2>(all, [&scores, &[0.0, 1.0, 1.0, 0.0]], &mut output);
    assert_eq!(output, [1.0 - 1e9, 2.0, 3.0, 4.0 - 1e9]);
}

/// Two samples of two heads with a query and two keys each.
struct Shares<'a>(Blind, [&'a [f32]; 3], &'a mut [f32]);

impl Program for Shares<'_> {
    type Output = ();

    fn run<I: Isa>(self, isa: I) {
        let near = Near { before: 1, behind: 2, queries: 1 };
        let of_keys = Strides { frame: 4, sample: 2, head: 0, query: 0, key: 1 };
        let of_heads = Strides { frame: 2, sample: 0, head: 1, query: 0, key: 0 };
        attention_mask::softmax_masked::<_, 2, 3>(isa, (2, 2, near, self.0), &[of_keys, of_heads], self.1, self.2);
    }
}

#[test]
fn masks_lie_over_scores_by_their_strides() {
    // Each key's score is ln 3 above the one before.
    let step = 3.0_f32.ln();
    let scores = [0.0, step, 7.0, 7.0 + step, 0.0, step, 0.0, step];
    let (keys, heads) = ([1.0, 1.0, 1.0, 0.0], [1.0, 0.0]);
    for (blind, share) in [(Blind::Alike, 0.5), (Blind::Zeros, 0.0)] {
        let mut output = [9.0; 8];
        dispatch(Shares(blind, [&scores, &keys, &heads], &mut output));
        let wanted = [0.25, 0.75, share, share, 1.0, 0.0, share, share];
        assert!(output.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-6), "{output:?}");
    }
}

struct Nearest<'a>(Near, Blind, &'a mut [[f32; 2]; 3]);

impl Program for Nearest<'_> {
    type Output = ();

    fn run<I: Isa>(self, isa: I) {
        attention_mask::softmax_near(isa, self.0, self.1, self.2);
    }
}

#[test]
fn a_query_behind_all_keys_in_its_window_is_blind() {
    let near = Near { before: 0, behind: 0, queries: 3 };
    for (blind, share) in [(Blind::Alike, 0.5), (Blind::Zeros, 0.0)] {
        let mut rows = [[5.0, 1.0], [2.0, 1.0], [3.0, 1.0]];
        dispatch(Nearest(near, blind, &mut rows));
        assert_eq!(rows, [[1.0, 0.0], [0.0, 1.0], [share, share]]);
    }
}
