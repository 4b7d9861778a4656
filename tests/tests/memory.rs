//! Generated code allocates nothing and leaves the stack alone, also where the model is large.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use rnn_runtime::{Model, rnn_model};

/// The system's allocator, counting what each thread asks for.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[allow(unsafe_code)]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

rnn_model! {
    /// Causal, with a head behind the last step.
    struct Classifier;
    model = Sequential()
    model.add(Input(shape=(30, 12)))
    model.add(GRU(40, return_sequences=True))
    model.add(LSTM(20))
    model.add(Dense(5, activation="softmax"))
}

rnn_model! {
    /// Not causal: whole sequences between the layers.
    struct Tagger;
    model = Sequential()
    model.add(Input(shape=(30, 12)))
    model.add(Bidirectional(LSTM(24, return_sequences=True)))
    model.add(LayerNormalization())
    model.add(Bidirectional(GRU(9, return_sequences=True), merge_mode="ave"))
}

rnn_model! {
    /// 10 MB of weights.
    struct Large;
    model = Sequential()
    model.add(Input(shape=(3, 300)))
    model.add(LSTM(512, return_sequences=True))
    model.add(LSTM(256))
    model.add(Dense(64, activation="relu"))
}

rnn_model! {
    /// As many units as samples still go together with.
    struct Wide;
    model = Sequential()
    model.add(Input(shape=(3, 12)))
    model.add(LSTM(512))
    model.add(Dense(5))
}

/// Weights for `load`, all of this value.
fn file(shapes: &[(String, Vec<usize>)], value: f32) -> Vec<u8> {
    let (mut header, mut data) = (Vec::new(), Vec::new());
    for (name, shape) in shapes {
        let start = data.len();
        (0..shape.iter().product::<usize>()).for_each(|_| data.extend_from_slice(&value.to_le_bytes()));
        let end = data.len();
        header.push(format!(r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{end}]}}"#));
    }
    let header = format!("{{{}}}", header.join(","));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(&data);
    bytes
}

fn lstm(name: &str, features: usize, units: usize) -> Vec<(String, Vec<usize>)> {
    vec![
        (format!("{name}/kernel"), vec![features, 4 * units]),
        (format!("{name}/recurrent_kernel"), vec![units, 4 * units]),
        (format!("{name}/bias"), vec![4 * units]),
    ]
}

fn gru(name: &str, features: usize, units: usize) -> Vec<(String, Vec<usize>)> {
    vec![
        (format!("{name}/kernel"), vec![features, 3 * units]),
        (format!("{name}/recurrent_kernel"), vec![units, 3 * units]),
        (format!("{name}/bias"), vec![2, 3 * units]),
    ]
}

fn allocations(run: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    run();
    ALLOCATIONS.get() - before
}

#[test]
fn nothing_is_allocated() {
    let mut shapes = gru("gru/gru_cell", 12, 40);
    shapes.extend(lstm("lstm/lstm_cell", 40, 20));
    shapes.push(("dense/kernel".to_owned(), vec![20, 5]));
    shapes.push(("dense/bias".to_owned(), vec![5]));
    let classifier = file(&shapes, 0.1);
    let mut shapes = lstm("bidirectional/forward_lstm/lstm_cell", 12, 24);
    shapes.extend(lstm("bidirectional/backward_lstm/lstm_cell", 12, 24));
    shapes.push(("layer_normalization/gamma".to_owned(), vec![48]));
    shapes.push(("layer_normalization/beta".to_owned(), vec![48]));
    shapes.extend(gru("bidirectional_1/forward_gru/gru_cell", 48, 9));
    shapes.extend(gru("bidirectional_1/backward_gru/gru_cell", 48, 9));
    let tagger = file(&shapes, 0.1);
    let mut buffers = (vec![0.0; Classifier::WEIGHTS], vec![0.0; Tagger::WEIGHTS]);
    // The first call asks the processor what it can, which reads the environment.
    let _ = rnn_runtime::isa_name();
    let count = allocations(|| {
        let model = Classifier::load(&classifier, &mut buffers.0).unwrap();
        let input = [[0.25; 12]; 30];
        let whole = model.forward(&input);
        let mut outputs = [[0.0; 5]; 2];
        model.forward_batch(&[input; 2], &mut outputs).unwrap();
        assert_eq!(outputs, [whole; 2]);
        let mut stream = model.stream();
        let last = input.map(|frame| stream.step(&frame))[29];
        assert_eq!(last, whole);
        let model = Tagger::load(&tagger, &mut buffers.1).unwrap();
        let whole = model.forward(&input);
        let mut flat = [0.0; 270];
        model.forward_flat(input.as_flattened(), &mut flat).unwrap();
        assert_eq!(flat, whole.as_flattened());
    });
    assert_eq!(count, 0);
}

#[test]
fn ten_megabytes_of_weights_run_in_a_thread_with_a_small_stack() {
    let mut shapes = lstm("lstm/lstm_cell", 300, 512);
    shapes.extend(lstm("lstm_1/lstm_cell", 512, 256));
    shapes.push(("dense/kernel".to_owned(), vec![256, 64]));
    shapes.push(("dense/bias".to_owned(), vec![64]));
    let file = file(&shapes, 0.001);
    assert!(Large::PARAMS * 4 > 9_500_000);
    let mut buffer = vec![0.0; Large::WEIGHTS];
    let run = move || {
        let model = Large::load(&file, &mut buffer).unwrap();
        let output = model.forward(&[[0.5; 300]; 3]);
        let mut stream = model.stream();
        let mut last = [0.0; 64];
        for frame in &[[0.5; 300]; 3] {
            last = stream.step(frame);
        }
        assert_eq!(last, output);
        output[0]
    };
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(run).unwrap();
    let value = thread.join().unwrap();
    assert!(value > 0.0 && value < 1.0);
}

#[test]
fn samples_that_go_together_run_in_a_thread_with_a_small_stack() {
    let mut shapes = lstm("lstm/lstm_cell", 12, 512);
    shapes.extend([("dense/kernel".to_owned(), vec![512, 5]), ("dense/bias".to_owned(), vec![5])]);
    let file = file(&shapes, 0.01);
    let mut buffer = vec![0.0; Wide::WEIGHTS];
    let run = move || {
        let model = Wide::load(&file, &mut buffer).unwrap();
        let mut outputs = [[0.0; 5]; 11];
        let count = allocations(|| model.forward_batch(&[[[0.5; 12]; 3]; 11], &mut outputs).unwrap());
        assert_eq!((count, outputs), (0, [model.forward(&[[0.5; 12]; 3]); 11]));
    };
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(run).unwrap();
    thread.join().unwrap();
}
