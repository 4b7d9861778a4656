//! Random texts of functional models: several inputs and outputs, layers that join, operators, shared layers.

use crate::random_text::{Random, UNITS};

/// A tensor that the text has so far.
#[derive(Clone)]
struct Tensor {
    name: String,
    /// Whether it has a time axis.
    is_sequence: bool,
    width: usize,
}

/// A text on its way.
struct Text<'a> {
    random: &'a mut Random,
    lines: Vec<String>,
    tensors: Vec<Tensor>,
}

/// A text of one to three inputs, three to eight layers and one to three outputs.
pub(crate) fn text(random: &mut Random) -> String {
    let timesteps = if random.below(4) == 0 { "None".to_owned() } else { (1 + random.below(9)).to_string() };
    let mut text = Text { random, lines: Vec::new(), tensors: Vec::new() };
    let n_inputs = 1 + text.random.below(3);
    for index in 0..n_inputs {
        let width = 1 + text.random.below(9);
        let is_sequence = text.random.below(6) > 0;
        let shape = if is_sequence { format!("({timesteps}, {width})") } else { format!("({width},)") };
        text.define(format!("Input(shape={shape}, name=\"input {index}\")"), is_sequence, width);
    }
    if text.random.below(3) == 0 {
        let tensor = text.recent();
        text.define(format!("Masking()({})", tensor.name), tensor.is_sequence, tensor.width);
    }
    let has_mask = text.random.below(4) == 0;
    if has_mask {
        text.lines.push(format!("counts = Input(shape=({timesteps},), dtype=\"bool\")"));
        if let Some(tensor) = text.tensors.iter().find(|tensor| tensor.is_sequence).cloned() {
            let call = format!("LSTM(5, return_sequences=True)({}, mask=counts)", tensor.name);
            text.define(call, true, 5);
        }
    }
    for _ in 0..3 + text.random.below(6) {
        text.layer();
    }
    let n_outputs = 1 + text.random.below(3);
    let outputs: Vec<String> = (0..n_outputs).map(|_| text.recent().name).collect();
    let mut inputs: Vec<String> = text.tensors[..n_inputs].iter().map(|tensor| tensor.name.clone()).collect();
    inputs.extend(has_mask.then(|| "counts".to_owned()));
    text.lines.push(format!("model = Model([{}], [{}])", inputs.join(", "), outputs.join(", ")));
    text.lines.join("\n") + "\n"
}

impl Text<'_> {
    fn define(&mut self, value: String, is_sequence: bool, width: usize) -> Tensor {
        let tensor = Tensor { name: format!("t{}", self.tensors.len()), is_sequence, width };
        self.lines.push(format!("{} = {value}", tensor.name));
        self.tensors.push(tensor.clone());
        tensor
    }

    fn any(&mut self) -> Tensor {
        let index = self.random.below(self.tensors.len());
        self.tensors[index].clone()
    }

    /// One of the last three.
    fn recent(&mut self) -> Tensor {
        let back = self.random.below(self.tensors.len().min(3));
        self.tensors[self.tensors.len() - 1 - back].clone()
    }

    /// Another tensor with as many axes, if there is one.
    fn like(&mut self, tensor: &Tensor) -> Tensor {
        for _ in 0..8 {
            let other = self.any();
            if other.is_sequence == tensor.is_sequence {
                return other;
            }
        }
        tensor.clone()
    }

    /// The tensor, or one of this width made of it.
    fn of_width(&mut self, tensor: Tensor, width: usize) -> Tensor {
        if tensor.width == width {
            return tensor;
        }
        self.define(format!("Dense({width})({})", tensor.name), tensor.is_sequence, width)
    }

    /// A cell under a name of its own.
    fn cell(&mut self, class: &str, units: usize) -> String {
        let name = format!("cell_{}", self.lines.len());
        self.lines.push(format!("{name} = {class}({units})"));
        name
    }

    fn layer(&mut self) {
        let tensor = self.recent();
        let Tensor { name, is_sequence, width } = tensor.clone();
        let units: usize = self.random.pick(UNITS).parse().unwrap_or(4);
        match self.random.below(22) {
            0 | 1 if is_sequence => {
                let returns = self.random.below(4) > 0;
                let class = self.random.pick(&["SimpleRNN", "LSTM", "GRU"]);
                let shown = if returns { "True" } else { "False" };
                self.define(format!("{class}({units}, return_sequences={shown})({name})"), returns, units);
            }
            2 if is_sequence => {
                let call = format!("Bidirectional(GRU({units}, return_sequences=True), merge_mode=\"sum\")({name})");
                self.define(call, true, units);
            }
            3..=5 => {
                let other = self.like(&tensor);
                self.define(format!("Concatenate()([{name}, {}])", other.name), is_sequence, width + other.width);
            }
            6 | 7 => {
                let other = self.like(&tensor);
                let other = self.of_width(other, width).name;
                let class = self.random.pick(&["Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average"]);
                self.define(format!("{class}()([{name}, {other}])"), is_sequence, width);
            }
            8 => {
                let other = self.any();
                let other = self.of_width(other, width);
                let is_sequence = is_sequence || other.is_sequence;
                self.define(format!("Add()([{name}, {}, {name}])", other.name), is_sequence, width);
            }
            9 => {
                let operation =
                    self.random.pick(&["0.5 * {}", "1 - {}", "{} / 3", "-{} + {}", "{} ** 2 / 8", "abs({})"]);
                self.define(operation.replace("{}", &name), is_sequence, width);
            }
            10 if is_sequence => {
                self.define(format!("{name}[:, -1, :]"), false, width);
            }
            11 if width > 1 => {
                let picked = if is_sequence { format!("{name}[:, :, 1:]") } else { format!("{name}[:, 1:]") };
                self.define(picked, is_sequence, width - 1);
            }
            12 => {
                let other = self.like(&tensor);
                let other = self.of_width(other, width).name;
                let shared = format!("shared_{}", self.tensors.len());
                self.lines.push(format!("{shared} = Dense({units}, activation=\"tanh\")"));
                self.define(format!("{shared}({name})"), is_sequence, units);
                self.define(format!("{shared}({other})"), is_sequence, units);
            }
            13 => {
                self.define(format!("keras.activations.tanh({name})"), is_sequence, width);
            }
            16 if is_sequence => {
                let line = format!(
                    "t{}, h{units}_{} = GRU({units}, return_state=True)({name})",
                    self.tensors.len(),
                    self.lines.len()
                );
                let state = format!("h{units}_{}", self.lines.len());
                self.lines.push(line);
                self.tensors.push(Tensor {
                    name: format!("t{}", self.tensors.len()),
                    is_sequence: false,
                    width: units,
                });
                self.define(format!("GRU({units}, return_sequences=True)({name}, initial_state={state})"), true, units);
            }
            17 if is_sequence => {
                let states = self.random.pick(&["[1:]", "[::2]"]);
                let answers = format!("a{}", self.lines.len());
                let class = format!("LSTM({units}, return_sequences=True, return_state=True)");
                self.lines.push(format!("{answers} = {class}({name})"));
                self.define(format!("Concatenate()({answers}[1:])"), false, 2 * units);
                self.define(format!("{answers}{states}[0]"), states == "[::2]", units);
            }
            15 | 19 if is_sequence => {
                let kind =
                    self.random.pick(&["Attention()", "Attention(score_mode=\"concat\")", "AdditiveAttention()"]);
                let other = self.like(&tensor);
                let other = self.of_width(other, width).name;
                self.define(format!("{kind}([{name}, {other}])"), true, width);
            }
            18 => {
                let other = self.like(&tensor);
                let other = self.of_width(other, width).name;
                let inner = format!("inner_{}", self.lines.len());
                let layers = format!("Dense({units}, activation=\"relu\"), Dense({width})");
                self.lines.push(format!("{inner} = Sequential([{layers}])"));
                self.define(format!("{inner}({name})"), is_sequence, width);
                self.define(format!("{inner}({other})"), is_sequence, width);
            }
            14 if is_sequence => {
                self.define(format!("Dot(axes=(2, 2), normalize=True)([{name}, {name}])[:, :, :1]"), true, 1);
            }
            20 if is_sequence => {
                let cell = self.cell("GRUCell", units);
                let walk = format!("RNN({cell}, return_sequences=True)({name})");
                let walked = self.define(walk, true, units).name;
                self.define(format!("{cell}({name}[:, -1, :], {walked}[:, -1, :])[0]"), false, units);
            }
            20 | 21 if !is_sequence => {
                let class = self.random.pick(&["SimpleRNNCell", "LSTMCell", "GRUCell"]);
                let cell = self.cell(class, units);
                let other = self.like(&tensor);
                let state = self.of_width(other, units).name;
                let states = if class == "LSTMCell" { format!("{state}, {state}") } else { state };
                let (answer, width) =
                    (format!("a{}", self.lines.len()), if class == "LSTMCell" { 3 } else { 2 } * units);
                self.lines.push(format!("{answer} = {cell}({name}, [{states}])"));
                let again = format!("Concatenate()([{answer}[0], *{cell}({name}, {answer}[1])[1]])");
                self.define(again, false, width);
            }
            14 => {
                let other = self.like(&tensor);
                let other = self.of_width(other, width).name;
                self.define(format!("Dot(axes=1)([{name}, {other}])"), false, 1);
            }
            _ => {
                self.define(format!("Dense({units}, activation=\"tanh\")({name})"), is_sequence, units);
            }
        }
    }
}
