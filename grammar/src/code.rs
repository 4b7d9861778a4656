//! The table of diagnostic codes: one row each, and one page each in `codes/`.
//!
//! `E` stops, `W` warns, `N` notes. The first digit names the stage: 0 syntax, 1 names and arguments,
//! 2 shapes, 3 weights, 4 targets, 5 files.

use crate::Severity;

macro_rules! codes {
    ($($code:ident $meaning:literal)*) => {
        /// A diagnostic's code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $meaning] $code,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// The code as it is written, such as `E204`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code)),* }
            }

            /// What the code means, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning),* }
            }

            /// Its page: the meaning, a failing example and the repaired one.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self { $(Self::$code => include_str!(concat!("../codes/", stringify!($code), ".md"))),* }
            }
        }
    };
}

codes! {
    E001 "the text does not fit the language's grammar"
    E002 "the file is not UTF-8"
    E003 "a bracket is never closed"
    E004 "a bracket closes nothing, or another kind"
    E005 "a string is never closed"
    E006 "a comma is missing, or one too many"
    E007 "the `:` of a loop is missing"
    E008 "a character is not part of the language"
    E009 "a number is malformed"
    E010 "an integer is too large"
    E011 "the text is too long"
    E012 "something is nested too deeply"
    E013 "the indentation fits no block"
    E014 "tabs and blanks are mixed in the indentation"
    E015 "a kind of string is not in the language"
    E016 "an escape in a string has no meaning"
    E017 "a statement of Python's is not in the language"
    E018 "an expression of Python's is not in the language"
    E019 "something else than a name is assigned to"
    E020 "`=`, `==` and `:` are mixed up"
    E021 "an argument without a name follows a named one"
    E022 "the file is binary"
    E101 "the name is not defined"
    E102 "the imported name does not exist in the language"
    E103 "the name belongs to training or to Python programs, not to a model"
    E104 "known to Keras, but not supported yet"
    E105 "this part of functional models is not supported yet"
    E106 "the value has no such attribute"
    E107 "the value can't be called"
    E108 "the operator does not fit its operands"
    E109 "the arithmetic has no exact result"
    E110 "the index is out of range"
    E111 "a required argument is missing"
    E112 "the keyword is unknown"
    E113 "the argument is given twice"
    E114 "too many positional arguments"
    E115 "the argument has the wrong type"
    E116 "the argument is out of range"
    E117 "the argument names nothing that is known"
    E118 "the shape is not a shape"
    E119 "two arguments contradict each other"
    E120 "two layers have the same name"
    E121 "the name is no legal layer name"
    E122 "only layers can be added to a model"
    E123 "the input is in the wrong place"
    E124 "the model has no input shape"
    E125 "the model has no layers"
    E126 "the assertion does not hold"
    E127 "several models and none is chosen"
    E128 "no model has this name"
    E129 "the text defines no model"
    E130 "too many layers"
    E131 "the text takes too many steps"
    E132 "the value is too large"
    E133 "the value can't be walked or unpacked"
    E134 "the layer or model is not built at this place"
    E135 "the model's output is not connected to its input"
    E136 "the layer joins several tensors"
    E139 "the value is no cell"
    E140 "there are no cells"
    E142 "the states are grouped otherwise"
    E144 "the model computes nothing"
    E145 "the mask is no boolean tensor"
    E146 "truth values are used as numbers"
    E147 "a model computes in several number types"
    E148 "models are not compiled in this number type"
    E152 "the model begins with what a layer gives that it needs again"
    E153 "the layer is no function of values"
    E156 "the subscripts of `einsum` don't fit"
    E157 "whole numbers are normalized"
    E201 "the layer takes one input"
    E202 "the input has too few dimensions"
    E203 "the input has the wrong number of dimensions"
    E204 "the layer needs a sequence"
    E206 "an axis that sizes a weight is unknown"
    E207 "an axis grows too large"
    E208 "the axis does not exist"
    E209 "the layer would mix the samples of a batch"
    E210 "an axis is named twice, or none is"
    E211 "the sizes do not multiply to the same number"
    E212 "the target shape is malformed"
    E213 "the order of the axes is no permutation"
    E214 "unrolling needs a known number of timesteps"
    E215 "a stateful layer needs a fixed batch size"
    E216 "the layer can't run backwards"
    E217 "the two directions do not fit each other"
    E218 "the activation changes the width"
    E219 "the layer takes another number of tensors"
    E220 "the tensors to be joined do not fit each other"
    E221 "nothing would be left of the sequence"
    E222 "channels do not fall into groups"
    E223 "strides and a dilation do not go together"
    E224 "the output padding is too large"
    E225 "the layer can't be wrapped"
    E226 "the mask does not fit"
    E227 "the groups don't divide the features"
    E228 "the scale does not lie on the last axes"
    E229 "the given numbers do not fit the axes"
    E291 "too many parameters to count"
    E292 "a shared layer is used on inputs of different shapes"
    E301 "the weights are no readable safetensors file"
    E302 "a weight is missing"
    E303 "a tensor belongs to no layer of the model"
    E304 "a weight has another shape than the model needs"
    E305 "a weight's numbers are no floats of 32 or 16 bits"
    E306 "a weight is not a finite number"
    E307 "a weight is given twice"
    E308 "a weight is too large for the numbers that it is to be stored as"
    E401 "unrolling would be too much code"
    E402 "the code needs a fixed size"
    E403 "there is no code for this activation in a cell"
    E405 "a window over free timesteps outside a stream"
    E406 "a stateful layer that is called twice or once a call"
    E413 "only float32 models can be timed"
    E414 "weights of float64 models are stored as such"
    E415 "float64 models need a feature of the runtime"
    E501 "a file can't be read"
    E502 "a file can't be written"
    E503 "the file is no array file that can be read"
    E504 "the data does not fit the model"
    E505 "an id lies outside the embedding's table"
    E506 "the file saved by Keras can't be converted"
    E507 "the model can't be measured"
    E511 "the macro is not written as it must be"
    E512 "the macro names no model"
    W001 "a backslash in a string is no escape"
    W101 "the import is not used by the language"
    W102 "the argument has no effect here"
    W103 "the text defines no model"
    W104 "the assertion always holds"
    W105 "no output needs the input"
    W106 "the layer loses the mask"
    W107 "the mask is not used because states are given"
    W108 "another layer took the mask away"
    W110 "`==` compares tensors as objects"
    W501 "the data is not finite"
    N101 "the argument is spelled in Keras 2's way"
    N102 "the call belongs to training and is ignored"
}

impl Code {
    /// The code with this name, in either case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(name))
    }

    /// The severity that its first letter tells.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self.as_str().as_bytes()[0] {
            b'E' => Severity::Error,
            b'W' => Severity::Warning,
            _ => Severity::Note,
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
