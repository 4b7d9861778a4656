//! What recurrent layers answer where steps are masked.

use ndarray::{ArrayD, Axis, concatenate};

use crate::layer::{Call, Recurrence, StepMasking};
use crate::plan::lowered::AtMasked;
use crate::reference::real::Real;

/// What a masked step answers. Unrolled, Keras on JAX looks at the output before and knows no zeros but those at first; in
/// a loop the state stands for the output before.
pub(crate) fn at_masked(flags: Recurrence, has_initial: bool) -> AtMasked {
    match (flags.unroll == Some(true), flags.masking.zeros) {
        (true, _) if has_initial => AtMasked::ZeroBefore,
        (false, true) => AtMasked::Zero,
        (true, _) | (false, false) => AtMasked::Repeat,
    }
}

/// A layer that reads a mask: sample by sample the steps that count run through the same layer without one, `run`, which
/// is asked for every step's output and for the states.
pub(crate) fn evaluate_masked<R: Real>(
    call: &Call<'_, R>,
    flags: Recurrence,
    run: impl Fn(Recurrence, &Call<'_, R>) -> Vec<ArrayD<R>>,
) -> Vec<ArrayD<R>> {
    let Some((mask, own)) = call.inputs.split_last() else { return Vec::new() };
    let all = Recurrence { masking: StepMasking::default(), return_sequences: true, return_state: true, ..flags };
    let answer = at_masked(flags, own.len() > 1);
    let samples = (0..mask.len_of(Axis(0))).map(|sample| {
        let keeps: Vec<bool> = mask.index_axis(Axis(0), sample).iter().map(|&mask| mask != R::zero()).collect();
        let kept: Vec<usize> = (0..keeps.len()).filter(|&step| keeps[step]).collect();
        let mut inputs: Vec<ArrayD<R>> = own.iter().map(|input| input.select(Axis(0), &[sample])).collect();
        inputs[0] = inputs[0].select(Axis(1), &kept);
        let mut answers = run(all, &Call { inputs: &inputs, weights: call.weights });
        let first = own.get(1).map(|state| state.select(Axis(0), &[sample]));
        answers[0] = spread_outputs(&answers[0], first, (&keeps, flags.go_backwards), answer);
        answers
    });
    let samples: Vec<Vec<ArrayD<R>>> = samples.collect();
    if samples.is_empty() || own[0].len_of(Axis(1)) == 0 {
        // No step that could be masked.
        return run(
            Recurrence { masking: StepMasking::default(), ..flags },
            &Call { inputs: own, weights: call.weights },
        );
    }
    let n_outputs = if flags.return_state { 1 + flags.n_states } else { 1 };
    let mut outputs: Vec<ArrayD<R>> = (0..n_outputs)
        .map(|output| {
            let views: Vec<_> = samples.iter().map(|answers| answers[output].view()).collect();
            concatenate(Axis(0), &views).unwrap_or_else(|_| unreachable!("all samples have one shape"))
        })
        .collect();
    if !flags.return_sequences {
        let last = outputs[0].len_of(Axis(1)) - 1;
        outputs[0] = outputs[0].index_axis(Axis(1), last).to_owned();
    }
    outputs
}

/// The outputs of the steps that count at their places, in the order of processing, and those of the others between.
fn spread_outputs<R: Real>(
    outputs: &ArrayD<R>,
    first: Option<ArrayD<R>>,
    (keeps, go_backwards): (&[bool], bool),
    answer: AtMasked,
) -> ArrayD<R> {
    let (mut frame, mut sequence) = (outputs.shape().to_vec(), outputs.shape().to_vec());
    frame.remove(1);
    sequence[1] = keeps.len();
    let zeros = ArrayD::zeros(frame);
    let mut last = first.filter(|_| answer == AtMasked::Repeat).unwrap_or_else(|| zeros.clone());
    let mut spread = ArrayD::zeros(sequence);
    let mut n_kept = 0;
    for place in 0..keeps.len() {
        let is_kept = keeps[if go_backwards { keeps.len() - 1 - place } else { place }];
        if is_kept {
            last = outputs.index_axis(Axis(1), n_kept).to_owned();
            n_kept += 1;
        }
        let shown = if is_kept || answer != AtMasked::Zero { &last } else { &zeros };
        spread.index_axis_mut(Axis(1), place).assign(shown);
    }
    spread
}
