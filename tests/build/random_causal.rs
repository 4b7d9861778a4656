//! Random texts of models that run as streams though their layers look at several timesteps: windows, strides, padding and
//! cropping, slices, and tensors of different delays that are joined.

use crate::random_text::Random;

/// Timesteps of the samples where the model leaves them free.
pub(crate) const TIMESTEPS: usize = 29;

/// A tensor that the text has so far.
#[derive(Clone)]
struct Tensor {
    name: String,
    width: usize,
    /// Its timesteps for the sample; none once it is there at the end only.
    rows: Option<usize>,
    /// Frames from one of its timesteps to the next, and the frame of the first.
    every: usize,
    delay: i64,
}

/// A text on its way.
struct Text<'a> {
    random: &'a mut Random,
    lines: Vec<String>,
    tensors: Vec<Tensor>,
}

/// A text of one or two inputs, three to nine layers and one to three outputs.
pub(crate) fn text(random: &mut Random) -> String {
    let timesteps = if random.below(2) == 0 { "None".to_owned() } else { TIMESTEPS.to_string() };
    let mut text = Text { random, lines: Vec::new(), tensors: Vec::new() };
    let n_inputs = 1 + text.random.below(5) / 4;
    for index in 0..n_inputs {
        let width = 1 + text.random.below(6);
        let value = format!("Input(shape=({timesteps}, {width}), name=\"input {index}\")");
        text.define(value, width, Some(TIMESTEPS), (1, 0));
    }
    for _ in 0..3 + text.random.below(7) {
        text.layer();
    }
    let n_outputs = 1 + text.random.below(4) * text.random.below(2);
    let there: Vec<Tensor> = text.tensors[n_inputs..].iter().filter(|tensor| tensor.delay >= 0).cloned().collect();
    let last = |back: usize| there[there.len().saturating_sub(1 + back).min(there.len() - 1)].name.clone();
    let outputs: Vec<String> =
        if there.is_empty() { vec!["t0".to_owned()] } else { (0..n_outputs).map(last).collect() };
    let inputs: Vec<String> = text.tensors[..n_inputs].iter().map(|tensor| tensor.name.clone()).collect();
    text.lines.push(format!("model = Model([{}], [{}])", inputs.join(", "), outputs.join(", ")));
    text.lines.join("\n") + "\n"
}

impl Text<'_> {
    fn define(&mut self, value: String, width: usize, rows: Option<usize>, (every, delay): (usize, i64)) -> Tensor {
        let tensor = Tensor { name: format!("t{}", self.tensors.len()), width, rows, every, delay };
        self.lines.push(format!("{} = {value}", tensor.name));
        self.tensors.push(tensor.clone());
        tensor
    }

    /// One of the last three.
    fn recent(&mut self) -> Tensor {
        let back = self.random.below(self.tensors.len().min(3));
        self.tensors[self.tensors.len() - 1 - back].clone()
    }

    /// Another tensor that can be joined with it, of the same width.
    fn like(&mut self, tensor: &Tensor) -> Tensor {
        let fits = |other: &&Tensor| {
            other.rows == tensor.rows
                && (tensor.rows.is_none() || other.every == tensor.every)
                && other.name != tensor.name
        };
        let others: Vec<Tensor> = self.tensors.iter().filter(fits).cloned().collect();
        let Some(other) = others.get(self.random.below(others.len())) else { return tensor.clone() };
        if other.width == tensor.width {
            return other.clone();
        }
        let clock = (other.every, other.delay);
        self.define(format!("Dense({})({})", tensor.width, other.name), tensor.width, other.rows, clock)
    }

    fn layer(&mut self) {
        let tensor = self.recent();
        match tensor.rows {
            Some(rows) if self.random.below(3) > 0 => self.window(&tensor, rows),
            rows => self.row(&tensor, rows.is_some()),
        }
    }

    /// A layer over several timesteps.
    fn window(&mut self, tensor: &Tensor, rows: usize) {
        let Tensor { name, width, every, delay, .. } = tensor.clone();
        let (size, stride) = (1 + self.random.below(4), 1 + self.random.below(3));
        let later = |rows: usize| delay + (every * rows) as i64;
        let windows = |span: usize| (rows >= span).then(|| (rows - span) / stride + 1);
        match self.random.below(12) {
            0 | 1 => {
                let class = self.random.pick(&["MaxPooling1D", "AveragePooling1D"]);
                let Some(count) = windows(size) else { return };
                let call = format!("{class}({size}, strides={stride})({name})");
                self.define(call, width, Some(count), (every * stride, later(size - 1)));
            }
            2 => {
                self.define(
                    format!("ZeroPadding1D(({size}, 0))({name})"),
                    width,
                    Some(rows + size),
                    (every, later(0) - (every * size) as i64),
                );
            }
            3 if rows > 8 => {
                let behind = self.random.below(3);
                let call = format!("Cropping1D(({size}, {behind}))({name})");
                self.define(call, width, Some(rows - size - behind), (every, later(size + behind)));
            }
            4 if rows > 8 => {
                let (first, behind) = (self.random.below(3), 1 + self.random.below(2));
                let call = format!("{name}[:, {first}:-{behind}:{stride}]");
                let count = (rows - first - behind).div_ceil(stride);
                self.define(call, width, Some(count), (every * stride, later(first + behind)));
            }
            5 => {
                self.define(
                    format!("{name}[:, ::{stride}]"),
                    width,
                    Some(rows.div_ceil(stride)),
                    (every * stride, delay),
                );
            }
            6 => {
                let call = self.random.pick(&["GlobalAveragePooling1D()({})", "GlobalMaxPooling1D()({})", "{}[:, -1]"]);
                self.define(call.replace("{}", &name), width, None, (every, delay));
            }
            7 if rows > 3 => {
                let back = 1 + self.random.below(3);
                let call = format!("{name}[:, -{back}, :]");
                self.define(call, width, None, (every, later(back - 1)));
            }
            kind => self.convolution(tensor, rows, kind),
        }
    }

    fn convolution(&mut self, tensor: &Tensor, rows: usize, kind: usize) {
        let Tensor { name, width, every, delay, .. } = tensor.clone();
        let (size, dilation) = (1 + self.random.below(4), 1 + self.random.below(3));
        let stride = if dilation == 1 { 1 + self.random.below(2) } else { 1 };
        let is_causal = kind > 9 && self.random.below(3) > 0;
        let span = (size - 1) * dilation + 1;
        if !is_causal && rows < span {
            return;
        }
        let padding = if is_causal { "causal" } else { "valid" };
        let steps =
            format!("{size}, strides={stride}, dilation_rate={dilation}, padding=\"{padding}\", activation=\"tanh\"");
        let filters = 1 + self.random.below(6);
        let (call, filters) = match kind {
            8 => (format!("DepthwiseConv1D({steps}, depth_multiplier=2)({name})"), 2 * width),
            9 => (format!("SeparableConv1D({filters}, {steps})({name})"), filters),
            _ if width % 2 == 0 => (format!("Conv1D({}, {steps}, groups=2)({name})", 2 * filters), 2 * filters),
            _ => (format!("Conv1D({filters}, {steps})({name})"), filters),
        };
        let (count, first) =
            if is_causal { (rows.div_ceil(stride), 0) } else { ((rows - span) / stride + 1, span - 1) };
        self.define(call, filters, Some(count), (every * stride, delay + (every * first) as i64));
    }

    /// A layer over one timestep after the other, or what is there at the end.
    fn row(&mut self, tensor: &Tensor, is_sequence: bool) {
        let Tensor { name, width, rows, every, delay } = tensor.clone();
        let units = 1 + self.random.below(9);
        match self.random.below(9) {
            0 | 1 if is_sequence => {
                let returns = self.random.below(3) > 0;
                let class = self.random.pick(&["SimpleRNN", "LSTM", "GRU"]);
                let shown = if returns { "True" } else { "False" };
                let call = format!("{class}({units}, return_sequences={shown})({name})");
                self.define(call, units, if returns { rows } else { None }, (every, delay));
            }
            2 | 3 => {
                let other = self.like(tensor);
                let class = self.random.pick(&["Add", "Multiply", "Maximum"]);
                let delay = delay.max(other.delay);
                self.define(format!("{class}()([{name}, {}])", other.name), width, rows, (every, delay));
            }
            4 => {
                let other = self.like(tensor);
                let delay = delay.max(other.delay);
                let call = format!("Concatenate()([{}, {name}])", other.name);
                self.define(call, width + other.width, rows, (every, delay));
            }
            5 => {
                let call = self.random.pick(&["Activation(\"sigmoid\")", "Softmax()", "LayerNormalization()"]);
                self.define(format!("{call}({name})"), width, rows, (every, delay));
            }
            6 => {
                self.define(format!("0.5 - {name}"), width, rows, (every, delay));
            }
            7 if is_sequence => {
                self.define(format!("Masking()({name})"), width, rows, (every, delay));
            }
            _ => {
                self.define(format!("Dense({units}, activation=\"relu\")({name})"), units, rows, (every, delay));
            }
        }
    }
}
