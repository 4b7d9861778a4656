//! What a layer says of itself: its class, its arguments with kinds, defaults and docs. Argument checking,
//! `rnnc explain`, completion and the manual all read it.

use crate::arguments::Arguments;
use crate::layer::Layer;

/// A layer class of the language.
#[derive(Debug)]
pub struct Declaration {
    /// Keras's class name: `LSTM`.
    pub class: &'static str,
    /// Other names Keras knows it by.
    pub aliases: &'static [&'static str],
    /// Base of automatic names: `lstm`.
    pub base_name: &'static str,
    /// One sentence: what it computes.
    pub summary: &'static str,
    /// The formula or further paragraphs, in Markdown.
    pub details: &'static str,
    /// Its own arguments in positional order.
    pub arguments: &'static [Argument],
    /// Whether it takes the keywords that every Keras layer takes (`name`, `trainable`, `dtype`, `autocast`,
    /// `activity_regularizer`, `input_shape`, `input_dim` …); see [`COMMON`].
    pub takes_common: bool,
    /// Makes the layer of checked arguments; reports what the kinds can't see (wrong combinations) itself and
    /// then answers `None`.
    pub build: fn(&mut Arguments<'_>) -> Option<Box<dyn Layer>>,
}

impl Declaration {
    /// What no text can make by a class of its own: an operation, which a summary shows by this name.
    pub(crate) const fn operation(class: &'static str, base_name: &'static str, summary: &'static str) -> Self {
        fn build(_arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
            None
        }
        let (details, arguments) = ("", &[]);
        Self { class, aliases: &[], base_name, summary, details, arguments, takes_common: false, build }
    }
}

/// One argument.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its keyword.
    pub name: &'static str,
    /// What may be given.
    pub kind: Kind,
    /// The default as Python text; `None` where the argument is required.
    pub default: Option<&'static str>,
    /// One line of documentation.
    pub doc: &'static str,
}

impl Argument {
    /// An argument that must be given.
    #[must_use]
    pub const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, default: None, doc }
    }

    /// An argument with this default, as Python text.
    #[must_use]
    pub const fn optional(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Self {
        Self { name, kind, default: Some(default), doc }
    }

    /// An argument that only the training of weights reads: initializers, regularizers, constraints.
    #[must_use]
    pub const fn training(name: &'static str, kind: Kind, default: &'static str) -> Self {
        Self { name, kind, default: Some(default), doc: "Training only: checked, without effect here." }
    }

    /// A choice that Keras has and that is not done here yet: only the default passes.
    #[must_use]
    pub const fn not_yet(name: &'static str, default: &'static str) -> Self {
        Self { name, kind: Kind::NotYet, default: Some(default), doc: "Not supported yet: only the default." }
    }
}

/// What an argument may be. The checker refuses what Keras refuses, with E1xx codes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A positive integer (units, an `n`).
    PositiveInteger,
    /// Any integer.
    Integer,
    /// A truth value; anything but a bool is an error.
    Boolean,
    /// A number, at least this large.
    Float {
        /// The least value allowed.
        minimum: f64,
        /// Whether `None` may be given.
        optional: bool,
    },
    /// A share between 0 and 1 that only training uses.
    Rate,
    /// An activation: a name, `None`, or a function of `keras.activations`.
    Activation,
    /// An initializer: checked by name, not used.
    Initializer,
    /// A regularizer or `None`: checked by name, not used.
    Regularizer,
    /// A constraint or `None`: checked by name, not used.
    Constraint,
    /// A seed: an integer or `None`; not used.
    Seed,
    /// One of these texts (or `None` where the default is `None`).
    Choice(&'static [&'static str]),
    /// One of these texts, in whatever case Keras reads in lower case.
    AnyCase(&'static [&'static str]),
    /// An axis: an integer, or where `many` also a list of them.
    Axis {
        /// Whether a list or tuple is allowed.
        many: bool,
    },
    /// A tuple or list of integers, `None` allowed as an entry where `free`.
    Shape {
        /// Whether entries may be `None`.
        free: bool,
    },
    /// A layer object.
    Layer {
        /// Whether `None` may be given.
        optional: bool,
    },
    /// A list or tuple of cells (`LSTMCell` and its kin, `StackedRNNCells`), at least one.
    Cells {
        /// Whether a cell alone may be given. A list then arrives as the `StackedRNNCells` that Keras makes of it.
        single: bool,
    },
    /// Anything: the layer's `build` looks at it.
    Any,
    /// Known to Keras and not done here yet: only the default passes, anything else is the "not yet" error.
    NotYet,
    /// Accepted with any value and without effect on inference (`momentum`, `use_cudnn`, `implementation`).
    Ignored,
}

/// The keywords that every Keras layer takes, beside its own.
pub const COMMON: &[Argument] = &[
    Argument {
        name: "name",
        kind: Kind::Any,
        default: Some("None"),
        doc: "The layer's name; automatic where it is left out.",
    },
    Argument {
        name: "trainable",
        kind: Kind::Boolean,
        default: Some("True"),
        doc: "Whether training changes the weights; moves their count to non-trainable.",
    },
    Argument {
        name: "dtype",
        kind: Kind::Any,
        default: Some("None"),
        doc: "Number type, `\"float32\"` or `\"float64\"`; one for all layers of a model.",
    },
    Argument { name: "autocast", kind: Kind::Ignored, default: Some("True"), doc: "No effect here." },
    Argument { name: "activity_regularizer", kind: Kind::Regularizer, default: Some("None"), doc: "Training only." },
    Argument {
        name: "input_shape",
        kind: Kind::Any,
        default: Some("None"),
        doc: "Keras 2's way to give a first layer its sample shape; write `Input(shape=…)`.",
    },
    Argument {
        name: "batch_input_shape",
        kind: Kind::Any,
        default: Some("None"),
        doc: "Keras 2's way to give the input shape with the batch; write `Input(batch_shape=…)`.",
    },
    Argument {
        name: "input_dim",
        kind: Kind::Any,
        default: Some("None"),
        doc: "Keras 2's way to give the features of a first layer.",
    },
    Argument {
        name: "input_length",
        kind: Kind::Any,
        default: Some("None"),
        doc: "Keras 2's way to give the timesteps of a first layer.",
    },
    Argument {
        name: "batch_size",
        kind: Kind::Any,
        default: Some("None"),
        doc: "Keras 2's way to fix the batch of a first layer.",
    },
];
