//! Models in float64 as a program uses them: types of `f64`, weights embedded and loaded, states that are kept.

#![allow(clippy::unwrap_used)]

use rnn_runtime::weights::WeightsError;
use rnn_runtime::{Model, ShapeError, State, Tensor, rnn_model};
use safetensors::{Dtype, SafeTensors};

rnn_model! {
    /// Four cells and a head, its weights in the program.
    #[source = "../goldens/double/free_timesteps.rnn"]
    #[weights = "../goldens/double/free_timesteps.safetensors"]
    struct Embedded;
}

rnn_model! {
    /// The same with weights that are loaded.
    #[source = "../goldens/double/free_timesteps.rnn"]
    struct Loaded;
}

rnn_model! {
    /// The same text in float32.
    struct Single;
    model = Sequential()
    model.add(Input((None, 3)))
    model.add(GRU(5, return_sequences=True))
    model.add(LSTM(4, return_sequences=True))
    model.add(LayerNormalization())
    model.add(Dense(2))
}

rnn_model! {
    /// Several inputs and outputs, every layer with its number type.
    struct Mixer;
    voice = Input(shape=(None, 2), name="voice", dtype="float64")
    mask = Input(shape=(None,), name="mask", dtype="bool")
    x, last = GRU(4, return_sequences=True, return_state=True, dtype="float64")(voice, mask=mask)
    model = Model([voice, mask], {"mixed": Dense(1, dtype="float64")(x), "last": last})
}

rnn_model! {
    /// A state that goes on from call to call.
    struct Kept;
    keras.config.set_floatx("float64")
    model = Sequential([Input(batch_shape=(1, 3, 2)), LSTM(4, stateful=True), Dense(1)])
}

static FILE: &[u8] = include_bytes!("../goldens/double/free_timesteps.safetensors");
static RECORDED: &[u8] = include_bytes!("../goldens/double/free_timesteps.io.safetensors");

fn frames() -> Vec<[f64; 3]> {
    let recorded = SafeTensors::deserialize(RECORDED).unwrap();
    let bytes = recorded.tensor("input").unwrap().data().as_chunks::<8>().0;
    let values: Vec<f64> = bytes.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
    values.as_chunks::<3>().0[..9].to_vec()
}

fn outputs<const N: usize, M>(model: &M) -> Vec<[f64; 2]>
where
    M: Model<Input = [[f64; 3]], Output = [[f64; 2]], Scratch = [f64; N], Answer = Result<(), ShapeError>>,
{
    let frames = frames();
    let mut outputs = vec![[0.0; 2]; frames.len()];
    model.forward_into(&frames, &mut [f64::NAN; N], &mut outputs).unwrap();
    outputs
}

fn bits(rows: &[[f64; 2]]) -> Vec<u64> {
    rows.as_flattened().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn loaded_weights_give_the_bits_of_embedded_ones() {
    let mut buffer = vec![0.0; Loaded::WEIGHTS];
    let loaded = Loaded::load(FILE, &mut buffer).unwrap();
    let embedded = outputs(&Embedded::new());
    assert_eq!(bits(&embedded), bits(&outputs(&loaded)));
    let recorded = SafeTensors::deserialize(RECORDED).unwrap();
    let expected = recorded.tensor("output").unwrap().data().as_chunks::<8>().0;
    for (value, expected) in embedded.as_flattened().iter().zip(expected) {
        let expected = f64::from_le_bytes(*expected);
        assert!((value - expected).abs() <= 1e-13 * expected.abs().max(1.0), "{value} is not {expected}");
    }
}

#[test]
fn a_stream_goes_on_from_a_saved_state() {
    let (frames, whole) = (frames(), outputs(&Embedded::new()));
    let model = Embedded::new();
    let mut stream = model.stream();
    let first: Vec<[f64; 2]> = frames[..4].iter().map(|frame| stream.step(frame)).collect();
    let mut floats = [0.0_f64; EmbeddedState::FLOATS];
    stream.state().save(&mut floats).unwrap();
    let mut other = model.stream();
    other.restore(&EmbeddedState::load(&floats, EmbeddedState::LAYOUT).unwrap());
    let rest: Vec<[f64; 2]> = frames[4..].iter().map(|frame| other.step(frame)).collect();
    assert_eq!(bits(&whole), bits(&[first, rest].concat()));
}

#[test]
fn a_float64_file_fits_float64_models_only() {
    let mut buffer = vec![0.0_f32; Single::WEIGHTS];
    let error = Single::load(FILE, &mut buffer).unwrap_err();
    assert!(matches!(error, WeightsError::Type { class: "GRU", .. }), "{error}");
    let file = SafeTensors::deserialize(FILE).unwrap();
    let rounded = file.tensors().into_iter().map(|(name, view)| {
        let values = view.data().as_chunks::<8>().0.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32);
        (name, view.shape().to_vec(), values.flat_map(f32::to_le_bytes).collect::<Vec<u8>>())
    });
    let rounded: Vec<(String, Vec<usize>, Vec<u8>)> = rounded.collect();
    let views = rounded.iter().map(|(name, shape, bytes)| {
        (name, safetensors::tensor::TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let rounded = safetensors::serialize(views, None).unwrap();
    let mut buffer = vec![0.0_f64; Loaded::WEIGHTS];
    let near = outputs(&Loaded::load(&rounded, &mut buffer).unwrap());
    let exact = outputs(&Embedded::new());
    let pairs = near.as_flattened().iter().zip(exact.as_flattened());
    let distance = pairs.map(|(near, exact)| (near - exact).abs()).fold(0.0, f64::max);
    assert!(distance > 0.0 && distance < 1e-5, "{distance}");
}

#[test]
fn several_ends_and_kept_states_are_float64() {
    let weights: Vec<f64> = (0..Mixer::WEIGHTS).map(|index| ((index * 37 % 101) as f64 - 50.0) / 120.0).collect();
    let mut stream = Mixer::from_packed(&weights).unwrap().stream();
    let step = |stream: &mut MixerStream<'_>, kept| {
        let MixerStep { mixed, last } = stream.step(&MixerFrame { voice: [0.1, -0.2], mask: kept });
        (<[f64; 1]>::LENGTH, mixed, last)
    };
    let (_, first, state): (usize, [f64; 1], [f64; 4]) = step(&mut stream, 1.0);
    // A step that does not count leaves the state, and repeats the output.
    assert_eq!(step(&mut stream, 0.0), (1, first, state));
    assert_ne!(step(&mut stream, 1.0).2, state);

    let weights: Vec<f64> = (0..Kept::WEIGHTS).map(|index| ((index * 37 % 101) as f64 - 50.0) / 120.0).collect();
    let model = Kept::from_packed(&weights).unwrap();
    let mut kept = KeptKept::new();
    let input = [[0.3, -0.1], [0.2, 0.5], [-0.4, 0.1]];
    let first: [f64; 1] = model.forward_with(&input, &mut kept);
    assert_eq!(first, model.forward(&input));
    assert_ne!(model.forward_with(&input, &mut kept), first);
    assert_eq!(Kept::PARAMS, 117);
    assert!(Kept::SUMMARY.contains("(936.00 B)"), "{}", Kept::SUMMARY);
}
