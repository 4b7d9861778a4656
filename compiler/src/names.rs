//! The public names of the language: which module of Keras holds what, and which name was probably meant.

use crate::activation::Activation;
use crate::declaration::Declaration;
use crate::functions::{self, Function};
use crate::layers;
use crate::value::{TrainingKind, Value};

/// A public name that is neither a number nor an object: a module, a class or a function.
#[derive(Clone, Copy, Debug)]
pub enum Public {
    /// A module, by its full path (`keras.layers`); `tensorflow.keras` is `keras`.
    Module(&'static str),
    /// A layer class.
    Layer(&'static Declaration),
    /// A function that makes a layer and calls it at once: the layer's class, and the function's name.
    LayerFunction(&'static Declaration, &'static str),
    /// A function of `keras.ops`.
    Function(&'static Function),
    /// `Sequential`.
    Sequential,
    /// `Model`.
    Model,
    /// `Input`.
    Input,
    /// A class or function of training by its Keras name: an initializer, a regularizer, an optimizer …
    Training(TrainingKind, &'static str),
    /// A function that is called for training's sake and changes nothing here (`set_random_seed`).
    Ignored(&'static str),
    /// What the text says of number types: `set_floatx`, `floatx`, `set_dtype_policy` or `set_global_policy`.
    NumberType(&'static str),
    /// `clear_session`: automatic names start over.
    ClearSession,
}

impl Public {
    /// What a message calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Module(name)
            | Self::Training(_, name)
            | Self::Ignored(name)
            | Self::NumberType(name)
            | Self::LayerFunction(_, name) => name,
            Self::Layer(declaration) => declaration.class,
            Self::Function(function) => function.name,
            Self::Sequential => "Sequential",
            Self::Model => "Model",
            Self::Input => "Input",
            Self::ClearSession => "clear_session",
        }
    }
}

/// What a module holds under a name.
#[derive(Clone, Debug)]
pub enum Member {
    /// A name of the language.
    Known(Value),
    /// A layer of Keras that is not done yet.
    NotYet(&'static str),
    /// Something of Keras that is no part of a model's definition.
    Outside,
    /// Nothing.
    Missing,
}

/// Modules of Keras that the language looks into.
const MODULES: &[&str] = &[
    "keras",
    "keras.activations",
    "keras.backend",
    "keras.config",
    "keras.constraints",
    "keras.initializers",
    "keras.layers",
    "keras.losses",
    "keras.metrics",
    "keras.mixed_precision",
    "keras.models",
    "keras.ops",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.regularizers",
    "keras.utils",
    "tensorflow",
];

/// What else Keras has at its top level: training, data and tools.
const OUTSIDE: &str = "\
    DTypePolicy FloatDTypePolicy Function Initializer InputSpec KerasTensor Layer Loss Metric Operation Optimizer \
    Quantizer Regularizer RematScope StatelessScope SymbolicScope Variable __version__ applications callbacks config \
    datasets device distillation distribution dtype_policies export legacy mixed_precision name_scope \
    preprocessing quantizers random remat saving tree version visualization wrappers";

const INITIALIZERS: &str = "\
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer LecunNormal LecunUniform \
    Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform STFT STFTInitializer TruncatedNormal \
    VarianceScaling Zeros constant glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal \
    lecun_uniform ones orthogonal random_normal random_uniform stft truncated_normal variance_scaling zeros";

/// Initializers that Keras knows as texts only.
const INITIALIZER_TEXTS: &str = "\
    normal one uniform zero";

const REGULARIZERS: &str = "\
    L1 L1L2 L2 OrthogonalRegularizer l1 l1_l2 l2 orthogonal_regularizer";

/// Regularizers as texts; `l1_l2` is a function only.
const REGULARIZER_TEXTS: &str = "\
    L1 L1L2 L2 OrthogonalRegularizer l1 l1l2 l2 orthogonal_regularizer";

const CONSTRAINTS: &str = "\
    MaxNorm MinMaxNorm NonNeg UnitNorm max_norm min_max_norm non_neg unit_norm";

const OPTIMIZERS: &str = "\
    Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam Optimizer RMSprop SGD";

const SCHEDULES: &str = "\
    CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay LearningRateSchedule PiecewiseConstantDecay \
    PolynomialDecay";

const LOSSES: &str = "\
    BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy \
    CategoricalHinge CosineSimilarity Dice Hinge Huber KLDivergence LogCosh Loss MeanAbsoluteError \
    MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson SparseCategoricalCrossentropy \
    SquaredHinge Tversky binary_crossentropy categorical_crossentropy categorical_hinge cosine_similarity ctc dice \
    hinge huber kl_divergence log_cosh mean_absolute_error mean_absolute_percentage_error mean_squared_error \
    mean_squared_logarithmic_error poisson sparse_categorical_crossentropy squared_hinge tversky";

const METRICS: &str = "\
    AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy \
    CategoricalHinge CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives Hinge IoU KLDivergence \
    LogCoshError Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanSquaredError \
    MeanSquaredLogarithmicError Metric PearsonCorrelation Poisson Precision PrecisionAtRecall R2Score Recall \
    RecallAtPrecision RootMeanSquaredError SparseCategoricalAccuracy SparseCategoricalCrossentropy \
    SparseTopKCategoricalAccuracy SquaredHinge Sum TopKCategoricalAccuracy TrueNegatives TruePositives \
    binary_accuracy binary_crossentropy categorical_accuracy categorical_crossentropy mean_absolute_error \
    mean_squared_error sparse_categorical_accuracy sparse_categorical_crossentropy top_k_categorical_accuracy";

/// The names of a list above.
fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split_ascii_whitespace()
}

/// The texts that name something of this kind of training object.
#[must_use]
pub fn training_texts(kind: TrainingKind) -> Vec<&'static str> {
    match kind {
        TrainingKind::Initializer => words(INITIALIZERS).chain(words(INITIALIZER_TEXTS)).collect(),
        TrainingKind::Regularizer => words(REGULARIZER_TEXTS).collect(),
        TrainingKind::Constraint => words(CONSTRAINTS).collect(),
        TrainingKind::Other => Vec::new(),
    }
}

/// The module with this path as it may be written in a text; `None` where the language knows no such module.
#[must_use]
pub fn module(path: &str) -> Option<Public> {
    let path = match path.strip_prefix("tensorflow.keras") {
        Some(rest) if rest.is_empty() || rest.starts_with('.') => format!("keras{rest}"),
        _ => path.to_owned(),
    };
    MODULES.iter().find(|known| **known == path).map(|known| Public::Module(known))
}

/// What `module` (a canonical path) holds under `name`.
#[must_use]
pub fn member(module_path: &str, name: &str) -> Member {
    if let Some(found) = module(&format!("{module_path}.{name}")) {
        return Member::Known(Value::Public(found));
    }
    let training = |kind, names: &'static str| match words(names).find(|known| *known == name) {
        Some(known) => Member::Known(Value::Public(Public::Training(kind, known))),
        None if ["get", "serialize", "deserialize", "legacy"].contains(&name) => Member::Outside,
        None => Member::Missing,
    };
    match module_path {
        "keras" => keras_member(name),
        "keras.models" => match name {
            "Sequential" | "Model" => keras_member(name),
            "clone_model" | "load_model" | "model_from_json" | "save_model" => Member::Outside,
            _ => Member::Missing,
        },
        "keras.layers" => layer_member(name),
        "keras.activations" => activation_member(name),
        "keras.ops" => match functions::find(name) {
            Some(function) => Member::Known(Value::Public(Public::Function(function))),
            None => functions::not_yet(name).map_or(Member::Missing, Member::NotYet),
        },
        "keras.initializers" => training(TrainingKind::Initializer, INITIALIZERS),
        "keras.regularizers" => training(TrainingKind::Regularizer, REGULARIZERS),
        "keras.constraints" => training(TrainingKind::Constraint, CONSTRAINTS),
        "keras.optimizers" => training(TrainingKind::Other, OPTIMIZERS),
        "keras.optimizers.schedules" => training(TrainingKind::Other, SCHEDULES),
        "keras.losses" => training(TrainingKind::Other, LOSSES),
        "keras.metrics" => training(TrainingKind::Other, METRICS),
        "keras.config" => match name {
            "floatx" => Member::Known(Value::Public(Public::NumberType("floatx"))),
            "set_floatx" => Member::Known(Value::Public(Public::NumberType("set_floatx"))),
            "set_dtype_policy" => Member::Known(Value::Public(Public::NumberType("set_dtype_policy"))),
            _ => Member::Outside,
        },
        "keras.mixed_precision" => match name {
            "set_global_policy" => Member::Known(Value::Public(Public::NumberType("set_global_policy"))),
            "set_dtype_policy" => member("keras.config", name),
            _ => Member::Outside,
        },
        "keras.backend" if ["floatx", "set_floatx"].contains(&name) => member("keras.config", name),
        "keras.utils" | "keras.backend" => match name {
            "clear_session" => Member::Known(Value::Public(Public::ClearSession)),
            "set_random_seed" if module_path == "keras.utils" => {
                Member::Known(Value::Public(Public::Ignored("set_random_seed")))
            }
            _ => Member::Outside,
        },
        "tensorflow" => Member::Outside,
        _ => Member::Missing,
    }
}

fn keras_member(name: &str) -> Member {
    match name {
        "Sequential" => Member::Known(Value::Public(Public::Sequential)),
        "Model" => Member::Known(Value::Public(Public::Model)),
        "Input" => Member::Known(Value::Public(Public::Input)),
        _ if words(OUTSIDE).any(|known| known == name) => Member::Outside,
        _ => Member::Missing,
    }
}

fn layer_member(name: &str) -> Member {
    if name == "Input" {
        return keras_member(name);
    }
    if let Some(declaration) = layers::find(name) {
        return Member::Known(Value::Public(Public::Layer(declaration)));
    }
    if let Some((declaration, function)) = layers::function(name) {
        return Member::Known(Value::Public(Public::LayerFunction(declaration, function)));
    }
    match layers::NOT_YET.iter().find(|known| **known == name) {
        Some(known) => Member::NotYet(known),
        None if ["Layer", "Wrapper", "InputSpec", "deserialize", "serialize"].contains(&name) => Member::Outside,
        None => Member::Missing,
    }
}

fn activation_member(name: &str) -> Member {
    match Activation::parse(name) {
        Some(activation) => Member::Known(Value::Activation(activation)),
        None if ["get", "serialize", "deserialize", "threshold"].contains(&name) => Member::Outside,
        None => Member::Missing,
    }
}

/// What a bare name means in a text without any import: every public name is known there.
#[must_use]
pub fn bare(name: &str) -> Member {
    if name == "tf" {
        return Member::Known(Value::Public(Public::Module("tensorflow")));
    }
    if let Some(found) = module(name) {
        return Member::Known(Value::Public(found));
    }
    let order =
        ["keras", "keras.layers", "keras.activations", "keras.initializers", "keras.regularizers", "keras.constraints"];
    let found = order.iter().map(|module| member(module, name));
    found.into_iter().find(|member| !matches!(member, Member::Missing | Member::Outside)).unwrap_or(Member::Missing)
}

/// The module that one would import a bare name from.
#[must_use]
pub fn home(name: &str) -> Option<&'static str> {
    let order = ["keras", "keras.layers"];
    order.into_iter().find(|module| matches!(member(module, name), Member::Known(_) | Member::NotYet(_)))
}

/// The names of a module, for "did you mean".
#[must_use]
pub fn names_of(module_path: &str) -> Vec<&'static str> {
    match module_path {
        "keras" => {
            let modules = MODULES.iter().filter_map(|path| path.strip_prefix("keras."));
            ["Input", "Model", "Sequential"].into_iter().chain(modules).collect()
        }
        "keras.models" => vec!["Model", "Sequential"],
        "keras.layers" => layer_names(),
        "keras.activations" => Activation::NAMES.iter().map(|(name, _)| *name).collect(),
        "keras.ops" => functions::all().map(|function| function.name).collect(),
        "keras.initializers" => words(INITIALIZERS).collect(),
        "keras.regularizers" => words(REGULARIZERS).collect(),
        "keras.constraints" => words(CONSTRAINTS).collect(),
        "keras.optimizers" => words(OPTIMIZERS).collect(),
        "keras.losses" => words(LOSSES).collect(),
        "keras.metrics" => words(METRICS).collect(),
        "tensorflow" => vec!["keras"],
        _ => Vec::new(),
    }
}

/// Every layer class and alias, and `Input`.
#[must_use]
pub fn layer_names() -> Vec<&'static str> {
    let classes =
        layers::LAYERS.iter().flat_map(|layer| std::iter::once(layer.class).chain(layer.aliases.iter().copied()));
    classes.chain(std::iter::once("Input")).chain(layers::NOT_YET.iter().copied()).collect()
}

/// The candidate that `wanted` was probably meant to be: a few letters away, or another case.
#[must_use]
pub fn closest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).max(1);
    let folded = wanted.to_lowercase();
    let scored = candidates.into_iter().filter(|candidate| *candidate != wanted).map(|candidate| {
        let is_same_word = candidate.to_lowercase().replace('_', "") == folded.replace('_', "");
        (if is_same_word { 0 } else { distance(&folded, &candidate.to_lowercase(), limit) }, candidate)
    });
    scored.filter(|(score, _)| *score <= limit).min_by_key(|(score, _)| *score).map(|(_, candidate)| candidate)
}

/// Letters to change, insert, drop or swap with their neighbour between two words; anything above `limit` may
/// come out as `limit + 1`.
fn distance(left: &str, right: &str, limit: usize) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    if left.len().abs_diff(right.len()) > limit || left.len().max(right.len()) > 64 {
        return limit + 1;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let substitution = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = substitution.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        assert_eq!(closest("return_sequence", ["return_state", "return_sequences"]), Some("return_sequences"));
        assert_eq!(closest("lstm", ["GRU", "LSTM"]), Some("LSTM"));
        assert_eq!(closest("untis", ["units", "use_bias"]), Some("units"));
        assert_eq!(closest("bananas", ["units", "use_bias"]), None);
    }

    #[test]
    fn tensorflow_keras_is_keras() {
        assert!(matches!(module("tensorflow.keras.layers"), Some(Public::Module("keras.layers"))));
        assert!(module("tensorflow.kerasx").is_none());
        assert!(module("keras.src").is_none());
    }
}
