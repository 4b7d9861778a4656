//! Random texts of models: layers that fit each other most of the time; the compiler sorts out the rest.

/// A generator of numbers that is the same everywhere (xorshift64*).
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// Numbers of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed | 1 }
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number from 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n.max(1)
    }

    fn flag(&mut self) -> &'static str {
        self.pick(&["True", "False"])
    }

    pub(crate) fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

pub(crate) const UNITS: &[&str] =
    &["1", "2", "3", "4", "5", "7", "8", "9", "12", "16", "17", "20", "24", "31", "33", "40", "48", "70"];

const ACTIVATIONS: &[&str] = &[
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "tanh",
    "sigmoid",
    "softplus",
    "softsign",
    "silu",
    "gelu",
    "mish",
    "log_sigmoid",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "soft_shrink",
    "tanh_shrink",
    "squareplus",
    "sparse_plus",
    "sparse_sigmoid",
];

/// What the text knows of the tensor at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// (features)
    Vector,
    /// (timesteps, features)
    Sequence,
    /// (timesteps, a, b)
    Cube,
}

/// A text of one to five layers.
pub(crate) fn text(random: &mut Random) -> String {
    let mut kind = [Kind::Sequence, Kind::Sequence, Kind::Sequence, Kind::Vector, Kind::Cube][random.below(5)];
    let mut lines = vec!["model = Sequential()".to_owned()];
    let (timesteps, features) = (1 + random.below(12), 1 + random.below(20));
    let timesteps = if random.below(3) == 0 { "None".to_owned() } else { timesteps.to_string() };
    match kind {
        Kind::Vector => lines.push(format!("model.add(Input(shape=({features},)))")),
        Kind::Sequence if random.below(6) == 0 => {
            lines.push(format!("model.add(Input(shape=({timesteps},), dtype=\"int32\"))"));
            let masks = random.pick(&["", ", mask_zero=True"]);
            lines.push(format!("model.add(Embedding({}, {features}{masks}))", 2 + random.below(30)));
        }
        Kind::Sequence => {
            lines.push(format!("model.add(Input(shape=({timesteps}, {features})))"));
            if random.below(4) == 0 {
                lines.push("model.add(Masking())".to_owned());
            }
        }
        Kind::Cube => lines.push(format!(
            "model.add(Input(shape=({timesteps}, {}, {})))",
            1 + random.below(4),
            1 + random.below(9)
        )),
    }
    for _ in 0..1 + random.below(5) {
        let layer = layer(&mut kind, random);
        lines.push(format!("model.add({layer})"));
    }
    lines.join("\n") + "\n"
}

fn layer(kind: &mut Kind, random: &mut Random) -> String {
    if random.below(3) == 0 {
        return anywhere(random);
    }
    match *kind {
        Kind::Vector => on_vector(kind, random),
        Kind::Sequence => on_sequence(kind, random),
        Kind::Cube => on_cube(kind, random),
    }
}

/// Layers that take any shape and keep its rank.
fn anywhere(random: &mut Random) -> String {
    let activation = random.pick(ACTIVATIONS);
    match random.below(12) {
        0 => "Dropout(0.5)".to_owned(),
        1 => format!("Activation(\"{activation}\")"),
        2 => "Softmax()".to_owned(),
        3 => format!("LayerNormalization(center={}, scale={})", random.flag(), random.flag()),
        4 => format!("BatchNormalization(center={}, scale={})", random.flag(), random.flag()),
        5 => "BatchNormalization(axis=1)".to_owned(),
        6 => "LeakyReLU(negative_slope=0.4)".to_owned(),
        7 => "ReLU(max_value=1.5, negative_slope=0.1, threshold=0.25)".to_owned(),
        8 => "ELU(alpha=0.7)".to_owned(),
        9 => format!("PReLU({})", random.pick(&["", "shared_axes=[1]"])),
        10 => "Softmax(axis=1)".to_owned(),
        _ => format!("Dense({}, activation=\"{activation}\", use_bias={})", random.pick(UNITS), random.flag()),
    }
}

fn on_vector(kind: &mut Kind, random: &mut Random) -> String {
    match random.below(4) {
        0 => {
            *kind = Kind::Sequence;
            format!("RepeatVector({})", 1 + random.below(6))
        }
        1 => format!("Dense({}, activation=\"softmax\")", random.pick(UNITS)),
        _ => format!("Dense({}, activation=\"{}\")", random.pick(UNITS), random.pick(ACTIVATIONS)),
    }
}

fn on_sequence(kind: &mut Kind, random: &mut Random) -> String {
    match random.below(15) {
        0 => {
            *kind = Kind::Vector;
            "Flatten()".to_owned()
        }
        14 => {
            *kind = Kind::Vector;
            "GlobalAveragePooling1D()".to_owned()
        }
        1 => "Permute((2, 1))".to_owned(),
        2 => format!("TimeDistributed(Dense({}))", random.pick(UNITS)),
        3 | 4 => {
            let merge = random.pick(&["concat", "sum", "mul", "ave"]);
            let layer = recurrent(kind, random, false);
            format!("Bidirectional({layer}, merge_mode=\"{merge}\")")
        }
        _ => recurrent(kind, random, true),
    }
}

fn recurrent(kind: &mut Kind, random: &mut Random, may_turn: bool) -> String {
    let returns = random.flag();
    if returns == "False" {
        *kind = Kind::Vector;
    }
    let mut arguments = format!("{}, return_sequences={returns}, use_bias={}", random.pick(UNITS), random.flag());
    if random.below(4) == 0 {
        arguments +=
            &format!(", activation=\"{}\"", random.pick(&["relu6", "softsign", "sigmoid", "linear", "elu", "gelu"]));
    }
    if may_turn && random.below(6) == 0 {
        arguments += ", go_backwards=True";
    }
    if random.below(8) == 0 {
        arguments += ", zero_output_for_mask=True";
    }
    if random.below(8) == 0 {
        arguments += &format!(", unroll={}", random.flag());
    }
    let gate = if random.below(5) == 0 { ", recurrent_activation=\"hard_sigmoid\"" } else { "" };
    match random.below(4) {
        0 => format!("SimpleRNN({arguments})"),
        1 => format!("LSTM({arguments}{gate})"),
        2 => format!("GRU({arguments}{gate})"),
        _ => format!("GRU({arguments}{gate}, reset_after=False)"),
    }
}

fn on_cube(kind: &mut Kind, random: &mut Random) -> String {
    match random.below(8) {
        7 => "Masking()".to_owned(),
        0 => {
            *kind = Kind::Sequence;
            "TimeDistributed(Flatten())".to_owned()
        }
        1 => {
            *kind = Kind::Sequence;
            format!("TimeDistributed(LSTM({}))", random.pick(UNITS))
        }
        2 => format!("TimeDistributed(Bidirectional(GRU({}, return_sequences=True)))", random.pick(UNITS)),
        3 => "Permute((1, 3, 2))".to_owned(),
        4 => "LayerNormalization(axis=[2, 3])".to_owned(),
        5 => "Softmax(axis=2)".to_owned(),
        _ => {
            *kind = Kind::Vector;
            "Flatten()".to_owned()
        }
    }
}
