//! The samples of a batch share each walk over a large cell's weights: the bits are those of `forward`, for every number
//! of samples and on each instruction set. This program runs itself once for each.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::process::Command;

use rnn_runtime::{Level, Model, Tensor, Zero, rnn_model};

rnn_model! {
    /// Layers behind the last step; units and features that no vector divides.
    struct Classifier;
    model = Sequential()
    model.add(Input(shape=(5, 3)))
    model.add(LSTM(50))
    model.add(Dense(7, activation="relu"))
    model.add(Dense(4, activation="softmax"))
}

rnn_model! {
    /// Nothing behind it.
    struct Bare;
    model = Sequential()
    model.add(Input(shape=(2, 64)))
    model.add(LSTM(128))
}

rnn_model! {
    /// Other activations, no bias, one feature.
    struct Unbiased;
    model = Sequential()
    model.add(Input(shape=(6, 1)))
    model.add(LSTM(65, activation="relu", recurrent_activation="hard_sigmoid", use_bias=False))
    model.add(Dense(1))
}

rnn_model! {
    /// A GRU with layers behind it.
    struct Gated;
    model = Sequential()
    model.add(Input(shape=(5, 3)))
    model.add(GRU(50))
    model.add(Dense(4, activation="softmax"))
}

rnn_model! {
    /// A GRU with other activations and no bias.
    struct GatedUnbiased;
    model = Sequential()
    model.add(Input(shape=(2, 64)))
    model.add(GRU(80, activation="relu", recurrent_activation="hard_sigmoid", use_bias=False))
}

rnn_model! {
    /// Its reset gate acts before the product, so samples go one by one.
    struct ResetBefore;
    model = Sequential()
    model.add(Input(shape=(3, 2)))
    model.add(GRU(50, reset_after=False))
}

rnn_model! {
    /// So many units that only fifteen samples go together.
    struct Wide;
    model = Sequential()
    model.add(Input(shape=(2, 3)))
    model.add(LSTM(260))
    model.add(Dense(2))
}

rnn_model! {
    /// Frames of two axes are no rows of features, so samples go one by one.
    struct Frames;
    model = Sequential()
    model.add(Input(shape=(3, 2, 4)))
    model.add(Reshape((3, 8)))
    model.add(LSTM(50))
}

rnn_model! {
    /// Last step to first.
    struct Backwards;
    model = Sequential()
    model.add(Input(shape=(3, 2)))
    model.add(LSTM(50, go_backwards=True))
}

rnn_model! {
    /// Every step's output is used.
    struct Sequence;
    model = Sequential()
    model.add(Input(shape=(3, 2)))
    model.add(LSTM(50, return_sequences=True))
    model.add(LSTM(49))
}

/// Says to the program that it is one of those runs.
const VARIABLE: &str = "RNN_TESTS_BATCH";

/// A number between −1 and 1 that looks random.
fn value(place: usize) -> f32 {
    (place as u32).wrapping_mul(2_654_435_761) as f32 / 2_147_483_648.0 - 1.0
}

/// One more than a full group, so that a single sample is left over.
const MOST: usize = 33;

fn check<M>(model: &M)
where
    M: Model,
    M::Input: Tensor<Element = f32>,
    M::Output: Tensor<Element = f32>,
    M::Scratch: Sized,
{
    let flat: Vec<f32> = (0..MOST * <M::Input as Tensor>::LENGTH).map(|place| value(7 * place + 1)).collect();
    let inputs = M::Input::group(&flat).unwrap();
    let bits = |output: &M::Output| -> Vec<u32> { output.flat().iter().map(|value| value.to_bits()).collect() };
    let expected: Vec<_> = inputs.iter().map(|input| bits(&model.forward(input))).collect();
    assert!(expected.windows(2).all(|pair| pair[0] != pair[1]), "{}: samples differ", M::NAME);
    for count in 0..=MOST {
        let mut outputs = vec![M::Output::ZERO; count];
        model.forward_batch(&inputs[..count], &mut outputs).unwrap();
        for (sample, (output, expected)) in outputs.iter().zip(&expected).enumerate() {
            assert_eq!(bits(output), *expected, "{}: sample {sample} of {count}", M::NAME);
        }
    }
}

fn check_all() {
    macro_rules! models {
        ($($model:ident),*) => {$(
            let weights: Vec<f32> = (0..$model::WEIGHTS).map(|place| value(place) / 8.0).collect();
            check(&$model::from_packed(&weights).unwrap());
        )*};
    }
    models!(Classifier, Bare, Unbiased, Gated, GatedUnbiased, ResetBefore, Wide, Frames, Backwards, Sequence);
}

#[test]
fn a_batch_has_the_bits_of_its_samples() {
    if std::env::var_os(VARIABLE).is_some() {
        println!("at {}", rnn_runtime::isa_name());
        check_all();
        return;
    }
    let is_chosen = |level: &Level| level.is_available() && !matches!(level, Level::Scalar | Level::ScalarFma);
    for level in Level::ALL.into_iter().filter(is_chosen) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_batch_has_the_bits_of_its_samples", "--nocapture"]);
        let output = command.env(VARIABLE, "1").env("RNN_MAX_ISA", level.name()).output().unwrap();
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        let _ = write!(said, "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}: {said}", level.name());
        assert!(said.contains(&format!("at {}", level.name())), "{said}");
    }
}
