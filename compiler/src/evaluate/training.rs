//! Objects of training: initializers, regularizers, constraints, optimizers. Their arguments are checked, their
//! values are not used.

use rnn_grammar::{Code, Diagnostic};

use crate::arguments::bind::{CallSite, Signature, bind};
use crate::declaration::{Argument, Kind};
use crate::evaluate::Evaluator;
use crate::value::{TrainingKind, Value};

impl Evaluator<'_> {
    /// `keras.initializers.GlorotUniform(seed=1)` and the like.
    pub(super) fn training_object(
        &mut self,
        kind: TrainingKind,
        class: &'static str,
        call: &CallSite,
    ) -> Option<Value> {
        if let Some(names) = argument_names(class).filter(|_| kind != TrainingKind::Other) {
            let own: Vec<Argument> = names.split_ascii_whitespace().map(argument).collect();
            let mut mistakes = Vec::new();
            let bound = bind(call, Signature { own: &own, keywords: &[] }, &mut mistakes);
            self.report_all(mistakes);
            bound?;
        } else if kind != TrainingKind::Other {
            let title = format!("`{class}` is a base class");
            return self.fail(Diagnostic::new(Code::E107, call.callee_span, title));
        }
        Some(Value::Training(kind, class.into()))
    }
}

/// The arguments of a class in positional order; penalties are numbers that can't be negative.
fn argument_names(class: &str) -> Option<&'static str> {
    let folded = class.to_lowercase().replace('_', "");
    Some(match folded.trim_end_matches("initializer") {
        "constant" => "value",
        "glorotnormal" | "glorotuniform" | "henormal" | "heuniform" | "lecunnormal" | "lecununiform" => {
            "seed input_axes output_axes"
        }
        "identity" => "gain",
        "ones" | "zeros" | "nonneg" => "",
        "orthogonal" => "gain seed",
        "randomnormal" | "truncatednormal" => "mean stddev seed",
        "randomuniform" => "minval maxval seed",
        "stft" => "side window scaling periodic",
        "variancescaling" => "scale mode distribution seed input_axes output_axes",
        "l1" => "l1",
        "l2" => "l2",
        "l1l2" => "l1 l2",
        "orthogonalregularizer" => "factor mode",
        "maxnorm" => "max_value axis",
        "minmaxnorm" => "min_value max_value rate axis",
        "unitnorm" => "axis",
        _ => return None,
    })
}

fn argument(name: &'static str) -> Argument {
    let kind = match name {
        "l1" | "l2" | "factor" => Kind::Float { minimum: 0.0, optional: false },
        "seed" => Kind::Seed,
        _ => Kind::Any,
    };
    Argument { name, kind, default: Some("None"), doc: "" }
}
