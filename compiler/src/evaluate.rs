//! The Python part of the language: imports, constants, loops, calls and asserts.
//!
//! The [`Evaluator`] walks the statements once, in order, as Python would; layers that are added to a model go
//! straight to [`Inference`], so shapes are known as soon as Keras would know them. A mistake is reported where it
//! happens and its value becomes [`Value::Failed`], which silences everything that depends on it.

mod arithmetic_functions;
mod assertion;
mod attributes;
mod builtins;
mod calls;
mod cell_calls;
mod cells;
mod clones;
pub(crate) mod comparison;
mod construct;
mod expressions;
mod finish;
mod functional;
mod functions;
mod imports;
mod legacy;
mod limits;
mod masks;
mod methods;
mod model_methods;
mod named_calls;
mod nested;
mod number_types;
pub(crate) mod operators;
mod sequential;
mod shapes;
mod statements;
mod subscripts;
mod tensors;
pub(crate) mod text;
mod training;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use rnn_grammar::ast::{File, Name};
use rnn_grammar::{Code, Diagnostic, Source, Span};

use crate::graph::{ModelId, NodeId, TensorId};
use crate::infer::Inference;
use crate::layer::LayerInstance;
use crate::model::Compiled;
use crate::value::Value;

use legacy::Legacy;

/// Runs a text and gives its models.
pub(crate) fn evaluate(source: &Source, file: &File) -> Compiled {
    let mut evaluator = Evaluator::new(source, file);
    evaluator.run(&file.statements);
    evaluator.finish()
}

/// What a name stands for.
#[derive(Clone, Debug)]
enum Binding {
    /// A value.
    Value(Value),
    /// Something imported that is no part of the language: its dotted path, and where it was imported.
    Foreign(String, Span),
}

/// A name of the text.
#[derive(Clone, Debug)]
struct Variable {
    binding: Binding,
    /// Where it was bound first; tells which of several variables of one model came first.
    first_bound: usize,
}

/// A model while the text runs: a Sequential, or a functional one, whose entries begin with its input layer.
#[derive(Debug)]
struct ModelState {
    name: String,
    /// What `Model(inputs, outputs)` was given; `None` for a Sequential.
    ends: Option<functional::Ends>,
    span: Span,
    trainable: bool,
    input: Option<TensorId>,
    /// Where its input was given.
    input_span: Span,
    entries: Vec<Entry>,
    /// Names of its layers: whose, and where that was made.
    names: HashMap<String, (usize, Span)>,
    /// Whether a mistake was reported that makes the rest of it unknown.
    is_failed: bool,
}

/// A layer of a model.
#[derive(Debug)]
struct Entry {
    instance: Rc<LayerInstance>,
    /// Where it was added, and how.
    place: Place,
    /// What it gives, once the model has an input.
    output: Option<TensorId>,
}

/// Where a layer is added to a model: what fixes write in front of it.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The expression that is added.
    span: Span,
    /// The statement around it.
    statement: Span,
    /// The model as `model.add(…)` names it; `None` in a list of layers.
    receiver: Option<Span>,
}

/// The state of a run.
struct Evaluator<'a> {
    source: &'a Source,
    diagnostics: Vec<Diagnostic>,
    seen: HashSet<(Code, Span)>,
    variables: HashMap<String, Variable>,
    /// Lists that stand in another value, by address.
    held: HashMap<usize, methods::List>,
    /// How many layers deep a wrapper is, by layer.
    wrapper_depths: HashMap<usize, usize>,
    /// Layers inside wrappers: the inner one and the wrapper.
    wrapped: HashMap<usize, usize>,
    /// Modules imported with `*`.
    starred: Vec<&'static str>,
    /// Imports of modules that the language does not know, and whether a use of them was reported.
    foreign: Vec<(String, Span, bool)>,
    has_imports: bool,
    inference: Inference,
    /// The layer objects that inputs stand for.
    input_layers: HashMap<NodeId, Rc<LayerInstance>>,
    /// Keras's names of symbolic tensors.
    tensor_names: HashMap<TensorId, String>,
    models: Vec<ModelState>,
    /// The mask of each tensor of a functional model, as its summary shows it.
    shown_masks: HashMap<TensorId, TensorId>,
    /// The `Sequential` that gets its layers as a list just now: it is built at the end.
    listing: Option<ModelId>,
    number_types: number_types::NumberTypes,
    /// Models as layers of others.
    nested: HashMap<ModelId, Rc<LayerInstance>>,
    summaries: Vec<ModelId>,
    legacy: HashMap<usize, Legacy>,
    /// How often each base of automatic names was used.
    counters: HashMap<String, usize>,
    n_layers: usize,
    n_steps: usize,
    n_bindings: usize,
    depth: usize,
    /// The statement that runs.
    statement: Span,
    /// Whether the run was given up at a limit.
    is_halted: bool,
}

impl<'a> Evaluator<'a> {
    fn new(source: &'a Source, file: &File) -> Self {
        Self {
            source,
            diagnostics: Vec::new(),
            seen: HashSet::new(),
            variables: HashMap::new(),
            held: HashMap::new(),
            wrapper_depths: HashMap::new(),
            wrapped: HashMap::new(),
            starred: Vec::new(),
            foreign: Vec::new(),
            has_imports: imports::any_import(&file.statements),
            inference: Inference::default(),
            input_layers: HashMap::new(),
            tensor_names: HashMap::new(),
            models: Vec::new(),
            shown_masks: HashMap::new(),
            listing: None,
            number_types: number_types::NumberTypes::default(),
            nested: HashMap::new(),
            summaries: Vec::new(),
            legacy: HashMap::new(),
            counters: HashMap::new(),
            n_layers: 0,
            n_steps: 0,
            n_bindings: 0,
            depth: 0,
            statement: Span::default(),
            is_halted: false,
        }
    }

    /// Reports once a place and code: a loop repeats its body's mistakes.
    fn report(&mut self, diagnostic: Diagnostic) {
        if self.seen.insert((diagnostic.code, diagnostic.primary.span)) {
            self.diagnostics.push(diagnostic);
        }
    }

    fn report_all(&mut self, diagnostics: Vec<Diagnostic>) {
        diagnostics.into_iter().for_each(|diagnostic| self.report(diagnostic));
    }

    /// Reports and gives the failed answer, for `return self.fail(…)`.
    fn fail<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.report(diagnostic);
        None
    }

    /// Counts `n` steps; `None` once there were too many.
    fn step(&mut self, n: usize, span: Span) -> Option<()> {
        if self.is_halted {
            return None;
        }
        self.n_steps += n;
        if self.n_steps <= limits::MAX_STEPS {
            return Some(());
        }
        self.is_halted = true;
        let title = format!("the text takes more than {} steps", limits::MAX_STEPS);
        self.fail(Diagnostic::new(Code::E131, span, title).at("given up here").help("use smaller loops and lists"))
    }

    /// Refuses a value that is too large or too deep to work with.
    fn check_size(&mut self, value: &Value, span: Span) -> Option<()> {
        match limits::size_within(value, limits::MAX_ITEMS) {
            Some(size) => self.step(size, span),
            None => {
                let title =
                    format!("the value has more than {} items or {} levels", limits::MAX_ITEMS, limits::MAX_DEPTH);
                self.fail(Diagnostic::new(Code::E132, span, title).at("too large"))
            }
        }
    }

    /// Binds a name; `None` binds it to the failed value.
    fn bind_name(&mut self, name: &Name, value: Option<Value>) {
        self.bind_text(&name.text, Binding::Value(value.unwrap_or(Value::Failed)));
    }

    fn bind_text(&mut self, name: &str, binding: Binding) {
        self.n_bindings += 1;
        let order = self.n_bindings;
        match self.variables.get_mut(name) {
            Some(variable) => variable.binding = binding,
            None => {
                self.variables.insert(name.to_owned(), Variable { binding, first_bound: order });
            }
        }
    }

    /// The next automatic name of this base, as Keras counts them: `lstm`, `lstm_1`, …
    fn automatic_name(&mut self, base: &str) -> String {
        let count = self.counters.entry(base.to_owned()).or_insert(0);
        *count += 1;
        if *count == 1 { base.to_owned() } else { format!("{base}_{}", *count - 1) }
    }

    fn slice(&self, span: Span) -> &'a str {
        self.source.slice(span)
    }
}
