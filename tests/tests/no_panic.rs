//! Generated code in a release build has no path that panics: a program without the standard library links although
//! its panic handler calls a function that does not exist.

use std::path::Path;
use std::process::Command;

use rnn_compiler::storage::Storage;
use rnn_tests::compile::{self, module, stored_module};

/// Every kind of layer, offline and as a stream.
const CAUSAL: &str = "\
model = Sequential()
model.add(Input(shape=(None, 9)))
model.add(Dense(17, activation=\"gelu\"))
model.add(BatchNormalization())
model.add(LSTM(20, return_sequences=True))
model.add(GRU(70, return_sequences=True))
model.add(LayerNormalization())
model.add(GRU(12, reset_after=False, return_sequences=True))
model.add(SimpleRNN(33))
model.add(RepeatVector(3))
model.add(Permute((2, 1)))
model.add(Bidirectional(LSTM(5, return_sequences=True), merge_mode=\"mul\"))
model.add(PReLU())
model.add(Softmax(axis=1))
model.add(Flatten())
model.add(Dense(3, activation=\"softmax\"))
";

/// Ids, any length, not causal.
const TAGGER: &str = "\
model = Sequential()
model.add(Input(shape=(None,), dtype=\"int32\"))
model.add(Embedding(40, 6))
model.add(Bidirectional(GRU(8, return_sequences=True)))
model.add(Bidirectional(SimpleRNN(4, return_sequences=True)))
model.add(Dense(2))
";

/// Straight-line steps.
const UNROLLED: &str = "\
model = Sequential([Input(shape=(10, 4)), SimpleRNN(8, return_sequences=True), LSTM(3), Dense(1)])
";

/// Several samples together.
const BATCHED: &str = "\
model = Sequential([Input(shape=(10, 4)), LSTM(50), Dense(2)])
";
const BATCHED_GRU: &str = "\
model = Sequential([Input(shape=(10, 4)), GRU(50), Dense(2)])
";

/// Several inputs and outputs, and everything that joins them.
const GRAPH: &str = "\
x = Input(shape=(8, 4), name=\"x\")
z = Input(shape=(5, 4), name=\"z\")
h = Input(shape=(17,), name=\"h\")
y, last = GRU(17, return_sequences=True, return_state=True)(x, initial_state=h)
a = Add()([x, Dense(4)(y), 2.0 * x - 1])
a = Maximum()([a, Dense(1)(a)]) / 3 + abs(-x) ** 2 + (abs(x) + 1) ** 0.5 - abs(x) ** 1.3
b = Concatenate()([a, y[:, :, ::-2]])
m = Attention(use_scale=True)([a, z])
n = AdditiveAttention()([m, z, z])
d = Dot(axes=2, normalize=True)([n, z])
p = Concatenate(axis=1)([ZeroPadding1D((1, 2))(a), UpSampling1D(3)(z), Cropping1D()(x)])
p = MaxPooling1D(3, strides=2, padding=\"same\")(AveragePooling1D()(p))
q = GlobalMaxPooling1D()(UnitNormalization()(Rescaling(0.5, offset=1.0)(p)))
r = Average()([GlobalAveragePooling1D()(b)[:, :4], q])
model = Model([x, z, h], [d, r, last, Softmax()(b)])
";

/// Frame by frame, with fields.
const STEPPED: &str = "\
x = Input(shape=(None, 4), name=\"x\")
z = Input(shape=(None, 3), name=\"z\")
y = LSTM(20, return_sequences=True)(Concatenate()([x, z]))
model = Model([x, z], [Dense(2, name=\"wide\")(y), Multiply(name=\"all\")([y, y])])
";

/// Slices of lengths of their own, and attention between them.
const BORROWED: &str = "\
asked = Input(shape=(None, 4), name=\"asked\")
known = Input(shape=(None, 20), name=\"known\")
counts = Input(shape=(None,), dtype=\"bool\", name=\"counts\")
heard, h, c = LSTM(20, return_sequences=True, return_state=True)(known, mask=counts)
said = LSTM(20, return_sequences=True)(Dense(20)(asked), initial_state=[h, c])
said = Attention(use_scale=True)([said, heard]) + AdditiveAttention()([said, known]) + said
said = MultiHeadAttention(3, 5)(said, known, use_causal_mask=True)
model = Model([asked, known, counts], {\"said\": Dense(3)(said), \"heard\": heard, \"end\": h})
";

/// Convolutions of every kind: wide and narrow, in groups, over the ends, turned.
const CONVOLVED: &str = "\
model = Sequential()
model.add(Input(shape=(20, 6)))
model.add(Conv1D(70, 3, padding=\"same\", activation=\"relu\"))
model.add(Conv1D(12, 3, groups=2, padding=\"causal\", dilation_rate=2))
model.add(DepthwiseConv1D(3, strides=2, depth_multiplier=2))
model.add(SeparableConv1D(5, 2, activation=\"softmax\"))
model.add(Conv1DTranspose(8, 3, strides=2, padding=\"same\"))
model.add(Conv1D(3, 2, data_format=\"channels_first\"))
model.add(Flatten())
model.add(Dense(1))
";

/// Rows that are there with some frames only, windows of earlier ones, and padding before the first.
const CLOCKED: &str = "\
x = Input(shape=(None, 4))
y = Conv1D(6, 3, padding=\"causal\", dilation_rate=2, activation=\"relu\")(x)
y = AveragePooling1D(3, strides=1)(Dense(4)(ZeroPadding1D((2, 0))(y)))
y = DepthwiseConv1D(2)(Cropping1D((0, 1))(y) + x[:, :-1])
y = MaxPooling1D(2)(y)
y = GRU(5, return_sequences=True)(Add()([y, x[:, 2::2]]))
model = Model(x, Concatenate()([LSTM(3)(y), GlobalAveragePooling1D()(x), GlobalMaxPooling1D()(y), y[:, -2]]))
";

const MAIN: &str = r#"
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn generated_code_can_panic() -> !;
    }
    generated_code_can_panic()
}

unsafe extern "C" {
    /// Numbers that the compiler can't know.
    safe fn rand() -> i32;
}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    use rnn_runtime::Model;
    static mut WEIGHTS: [f32; 400_000] = [0.0; 400_000];
    static mut SCRATCH: [f32; 100_000] = [0.0; 100_000];
    let weights: &[f32] = unsafe { &*core::ptr::addr_of!(WEIGHTS) };
    let scratch: &mut [f32] = unsafe { &mut *core::ptr::addr_of_mut!(SCRATCH) };
    let length = rand() as usize % 8;
    let mut sum = 0.0;
    if let Ok(model) = causal::Causal::from_packed(weights) {
        let frames = [[rand() as f32; 9]; 8];
        if let Some(frames) = frames.get(..length) {
            sum += model.forward(frames)[0];
            let mut stream = model.stream();
            let mut outputs = [[0.0; 3]; 8];
            sum += frames.first().map_or(0.0, |frame| stream.step(frame)[0]);
            sum += if stream.process(frames, &mut outputs).is_ok() { 1.0 } else { outputs[0][0] };
        }
    }
    if let Ok(model) = bytes::Causal::from_packed(weights) {
        let frames = [[rand() as f32; 9]; 8];
        sum += frames.get(..length).map_or(0.0, |frames| model.forward(frames)[0]);
        let mut stream = model.stream();
        sum += frames.first().map_or(0.0, |frame| stream.step(frame)[0]);
    }
    if let Ok(model) = tagger::Tagger::from_packed(weights) {
        let ids = [rand(); 8];
        let mut tags = [[0.0; 2]; 8];
        let answer = model.forward_into(ids.get(..length).unwrap_or_default(), scratch, &mut tags);
        sum += if answer.is_ok() { tags[0][0] } else { 2.0 };
    }
    if let Ok(model) = unrolled::Unrolled::from_packed(weights) {
        sum += model.forward(&[[rand() as f32; 4]; 10])[0];
        let mut output = [0.0];
        sum += if model.forward_flat(scratch.get(..length).unwrap_or_default(), &mut output).is_ok() { output[0] } else { 3.0 };
    }
    if let Ok(model) = convolved::Convolved::from_packed(weights) {
        sum += model.forward(&[[rand() as f32; 6]; 20])[0];
    }
    if let Ok(model) = graph::Graph::from_packed(weights) {
        let (x, z, h) = ([[rand() as f32; 4]; 8], [[rand() as f32; 4]; 5], [rand() as f32; 17]);
        let output = model.forward(&graph::GraphInput { x, z, h });
        sum += output.dot[0][0] + output.average[0] + output.gru[0] + output.softmax[0][0];
    }
    if let Ok(model) = stepped::Stepped::from_packed(weights) {
        let frames = [stepped::SteppedFrame { x: [rand() as f32; 4], z: [rand() as f32; 3] }; 8];
        let mut steps = [<stepped::SteppedStep as rnn_runtime::Zero>::ZERO; 8];
        if let (Some(frames), Some(steps)) = (frames.get(..length), steps.get_mut(..length)) {
            sum += if model.forward_into(frames, &mut [], steps).is_ok() { 9.0 } else { 10.0 };
            let mut stream = model.stream();
            sum += frames.first().map_or(0.0, |frame| stream.step(frame).wide[0]);
            sum += if stream.process(frames, steps).is_ok() { 11.0 } else { 12.0 };
        }
        sum += steps[7].all[0];
    }
    if let Ok(model) = borrowed::Borrowed::from_packed(weights) {
        let (asked, known, counts) = ([[rand() as f32; 4]; 8], [[rand() as f32; 20]; 8], [rand() as f32; 8]);
        let (mut said, mut heard) = ([[0.0; 3]; 8], [[0.0; 20]; 8]);
        let input = borrowed::BorrowedInput {
            asked: &asked,
            known: known.get(..length).unwrap_or_default(),
            counts: counts.get(..rand() as usize).unwrap_or_default(),
        };
        let heard = heard.get_mut(..length).unwrap_or_default();
        let mut output = borrowed::BorrowedOutput { said: &mut said, heard, end: [0.0; 20] };
        sum += if model.forward_into(&input, scratch, &mut output).is_ok() { output.end[0] } else { 17.0 };
        sum += said[0][0];
    }
    if let Ok(model) = clocked::Clocked::from_packed(weights) {
        use rnn_runtime::State;
        let frames = [[rand() as f32; 4]; 8];
        let frames = frames.get(..length).unwrap_or_default();
        let mut answer = [0.0; 17];
        sum += if model.forward_into(frames, &mut [], &mut answer).is_ok() { answer[0] } else { 13.0 };
        let (mut stream, mut answers) = (model.stream(), [None; 8]);
        sum += frames.first().and_then(|frame| stream.step(frame)).map_or(0.0, |answer| answer[1]);
        sum += if stream.process(frames, &mut answers).is_ok() { 14.0 } else { 15.0 };
        let mut floats = [0.0; clocked::ClockedState::FLOATS];
        sum += if stream.state().save(&mut floats).is_ok() { floats[3] } else { 16.0 };
        let floats = floats.get(length..).unwrap_or_default();
        match clocked::ClockedState::load(floats, clocked::ClockedState::LAYOUT) {
            Ok(state) => stream.restore(&state),
            Err(_) => stream.reset(),
        }
        sum += frames.first().and_then(|frame| stream.step(frame)).map_or(0.0, |answer| answer[16]);
    }
    let (samples, mut outputs) = ([[[rand() as f32; 4]; 10]; 8], [[0.0; 2]; 8]);
    let samples = samples.get(..length).unwrap_or_default();
    let (lstm, gru) = (batched::Batched::from_packed(weights), batched_gru::Batched::from_packed(weights));
    if let Ok(halves) = halves::Batched::from_packed(weights) {
        sum += if halves.forward_batch(samples, &mut outputs).is_ok() { outputs[7][0] } else { 13.0 };
    }
    if let (Ok(lstm), Ok(gru)) = (lstm, gru) {
        sum += if lstm.forward_batch(samples, &mut outputs).is_ok() { outputs[7][1] } else { 4.0 };
        if let Some(outputs) = outputs.get_mut(..samples.len()) {
            sum += if lstm.forward_batch(samples, outputs).is_ok() { 5.0 } else { 6.0 };
            sum += if gru.forward_batch(samples, outputs).is_ok() { 7.0 } else { 8.0 };
        }
    }
    sum as i32
}
"#;

/// Processors that the code is compiled for: the least and, where that is known, the most that its kernels use.
const PROCESSORS: &[&str] =
    if cfg!(target_arch = "x86_64") { &["x86-64", "x86-64-v3", "x86-64-v4"] } else { &["generic"] };

/// Whether it worked for this processor, and what was said.
fn run(mut command: Command, processor: &str) -> (bool, String) {
    let output = command.arg(format!("-Ctarget-cpu={processor}")).arg("-Cpanic=abort").output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Compiles and links `main`; answers whether that worked, and what was said.
fn link(folder: &Path, processor: &str, main: &str) -> (bool, String) {
    std::fs::write(folder.join("main.rs"), main).unwrap();
    let arguments = [
        "--crate-name=main",
        "-Ccodegen-units=1",
        "-Clto=fat",
        "-Clink-arg=-lc",
        "--extern=rnn_runtime=librnn_runtime.rlib",
        "main.rs",
    ];
    run(compile::rustc(folder, &arguments), processor)
}

#[test]
fn generated_code_links_without_a_panic_handler() {
    let folder = compile::folder(env!("CARGO_TARGET_TMPDIR"), "no_panic");
    let head = "#![no_std]\n#![no_main]\n#![allow(dead_code)]\n";
    let models = module("causal", "Causal", CAUSAL)
        + &module("tagger", "Tagger", TAGGER)
        + &module("unrolled", "Unrolled", UNROLLED)
        + &module("batched", "Batched", BATCHED)
        + &module("batched_gru", "Batched", BATCHED_GRU)
        + &module("graph", "Graph", GRAPH)
        + &module("stepped", "Stepped", STEPPED)
        + &module("borrowed", "Borrowed", BORROWED)
        + &module("convolved", "Convolved", CONVOLVED)
        + &module("clocked", "Clocked", CLOCKED)
        + &stored_module("bytes", "Causal", CAUSAL, Storage::Int8)
        + &stored_module("halves", "Batched", BATCHED, Storage::F16);
    for processor in PROCESSORS {
        let (built, said) = run(compile::runtime(&folder, &[]), processor);
        assert!(built, "{said}");
        let (linked, said) = link(&folder, processor, &format!("{head}{models}{MAIN}"));
        assert!(linked, "{processor}: {said}");
    }
    // The trick itself: a slice that is indexed without a check of its length does not link.
    let panicking = MAIN.replace("sum as i32", "(sum + scratch[rand() as usize]) as i32");
    let (linked, said) = link(&folder, PROCESSORS[PROCESSORS.len() - 1], &format!("{head}{models}{panicking}"));
    assert!(!linked && said.contains("generated_code_can_panic"), "{said}");
}
