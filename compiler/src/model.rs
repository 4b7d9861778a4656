//! What [`crate::compile`] gives: the models of a text, typed and counted.

use std::collections::HashSet;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::graph::{NodeKind, TypedGraph, TypedNode};
use crate::layer::Variable;
use crate::names::closest;
use crate::precision::Precision;
use crate::shape::Shape;

/// A text's models and everything that was said on the way.
#[derive(Debug, Default)]
pub struct Compiled {
    /// The models without a mistake, in the order of the text. One whose variable was rebound later is here too,
    /// without a variable; [`Self::listed`] leaves it out.
    pub models: Vec<CompiledModel>,
    /// Errors, warnings and notes, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// One entry a `model.summary()` of the text, in its order: places in `models`.
    pub summaries_requested: Vec<usize>,
}

/// One model with every shape known.
#[derive(Clone, Debug)]
pub struct CompiledModel {
    /// The variable that holds it at the end of the text (the first, if several do).
    pub variable: Option<String>,
    /// Its Keras name: `sequential`, or what `name=` says.
    pub name: String,
    /// `Sequential` or `Functional`.
    pub class: &'static str,
    /// Its layers.
    pub graph: TypedGraph,
    /// What it computes in.
    pub precision: Precision,
    /// The names of its inputs, as a program that uses the model calls them: the keys of a dictionary, or the names of
    /// the layers that stand for them.
    pub input_names: Vec<String>,
    /// The names of its outputs: the keys of a dictionary, or the names of the layers that give them.
    pub output_names: Vec<String>,
    /// The call that made it.
    pub span: Span,
    /// What `trainable=` of the model says.
    pub trainable: bool,
    /// Keys of the weights that other models of the text have and this one has not: a file of weights may hold them too.
    pub sibling_keys: Vec<String>,
    /// For each node of the graph what its layer gave at its last use in the whole text: Keras's summary shows that.
    pub(crate) shown_shapes: Vec<Vec<Shape>>,
    counts: Counts,
}

/// Parameter counts of a model or a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All parameters.
    pub total: u64,
    /// Those that training changes.
    pub trainable: u64,
    /// Those that are integers of 32 bits; training changes none of them.
    pub integers: u64,
}

/// One line of `model.layers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRow {
    /// Keras's class name.
    pub class: &'static str,
    /// The layer's name.
    pub name: String,
    /// What it gives, batch first; almost always one shape.
    pub output_shapes: Vec<Shape>,
    /// Its parameters, also where the layer is shared with an earlier line.
    pub params: u64,
    /// Those that training changes.
    pub trainable_params: u64,
}

impl Compiled {
    /// Whether the text has an error, so that none of its models should be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The models that a variable holds at the end of the text; where there are none, all.
    #[must_use]
    pub fn listed(&self) -> Vec<&CompiledModel> {
        let held: Vec<_> = self.models.iter().filter(|model| model.variable.is_some()).collect();
        if held.is_empty() { self.models.iter().collect() } else { held }
    }

    /// The model to compile: the one in this variable, or else the only one, or else the one called `model`.
    ///
    /// # Errors
    /// E127, E128 or E129 where that is nobody; the candidates are named. The place is the start of the text, or
    /// the candidates.
    pub fn select(&self, variable: Option<&str>) -> Result<&CompiledModel, Box<Diagnostic>> {
        let listed = self.listed();
        let Some(wanted) = variable else { return self.select_default(&listed) };
        listed.iter().copied().find(|model| model.variable.as_deref() == Some(wanted)).ok_or_else(|| {
            let title = format!("no model is called `{wanted}`");
            let diagnostic = Diagnostic::new(Code::E128, Span::default(), title);
            Box::new(name_candidates(diagnostic, &listed, Some(wanted)))
        })
    }

    fn select_default<'a>(&self, listed: &[&'a CompiledModel]) -> Result<&'a CompiledModel, Box<Diagnostic>> {
        match listed {
            [] => Err(Box::new(
                Diagnostic::new(Code::E129, Span::default(), "the text defines no model")
                    .help("add one, e.g. `model = Sequential()`"),
            )),
            [only] => Ok(only),
            several => {
                several.iter().copied().find(|model| model.variable.as_deref() == Some("model")).ok_or_else(|| {
                    let title = format!("the text defines {} models and none is called `model`", several.len());
                    let diagnostic = Diagnostic::new(Code::E127, several[0].span, title);
                    Box::new(name_candidates(diagnostic, several, None))
                })
            }
        }
    }
}

fn name_candidates(mut diagnostic: Diagnostic, listed: &[&CompiledModel], wanted: Option<&str>) -> Diagnostic {
    let names: Vec<&str> = listed.iter().filter_map(|model| model.variable.as_deref()).collect();
    if let Some(near) = wanted.and_then(|wanted| closest(wanted, names.iter().copied())) {
        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
    }
    if names.is_empty() {
        return diagnostic.help("give the model a variable: `model = …`");
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    diagnostic.help(format!("choose one of {}", names.join(", ")))
}

/// A model's names and its place.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) variable: Option<String>,
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) input_names: Vec<String>,
    pub(crate) output_names: Vec<String>,
}

impl CompiledModel {
    /// Puts a model together; `None` where its parameters are more than a u64 can count.
    pub(crate) fn new(named: Named, class: &'static str, mut graph: TypedGraph, trainable: bool) -> Option<Self> {
        without_name(&mut graph, &named.name);
        let mut counts = Counts::default();
        add_counts(&graph, &mut HashSet::new(), true, &mut counts)?;
        if !trainable {
            counts.trainable = 0;
        }
        let Named { variable, name, span, input_names, output_names } = named;
        let sibling_keys = Vec::new();
        let shown_shapes = graph.nodes().iter().map(|node| node.outputs.clone()).collect();
        Some(Self {
            shown_shapes,
            variable,
            name,
            class,
            graph,
            precision: Precision::default(),
            input_names,
            output_names,
            span,
            trainable,
            sibling_keys,
            counts,
        })
    }

    /// The shape of its (first) input, batch first.
    #[must_use]
    pub fn input_shape(&self) -> &Shape {
        &self.graph.nodes()[self.graph.inputs()[0].0].outputs[0]
    }

    /// The shape of its (first) output, batch first.
    #[must_use]
    pub fn output_shape(&self) -> &Shape {
        self.graph.shape(self.graph.outputs()[0])
    }

    /// The shapes of its inputs, batch first.
    #[must_use]
    pub fn input_shapes(&self) -> Vec<&Shape> {
        self.graph.inputs().iter().map(|input| &self.graph.nodes()[input.0].outputs[0]).collect()
    }

    /// The shapes of its outputs, batch first.
    #[must_use]
    pub fn output_shapes(&self) -> Vec<&Shape> {
        self.graph.outputs().iter().map(|&output| self.graph.shape(output)).collect()
    }

    /// The layers as `model.layers` lists them: a Sequential leaves its input out and repeats a layer that comes
    /// again; a functional model lists its input, and each layer once.
    #[must_use]
    pub fn layers(&self) -> Vec<LayerRow> {
        let nodes = self.graph.nodes().iter();
        match self.class {
            "Sequential" => nodes.filter_map(layer_row).collect(),
            _ => nodes.filter(|node| node.is_first_use).filter_map(any_row).collect(),
        }
    }

    /// All parameters; a shared layer counts once.
    #[must_use]
    pub fn total_params(&self) -> u64 {
        self.counts.total
    }

    /// Parameters that training changes.
    #[must_use]
    pub fn trainable_params(&self) -> u64 {
        self.counts.trainable
    }

    /// Parameters that training leaves alone.
    #[must_use]
    pub fn non_trainable_params(&self) -> u64 {
        self.counts.total - self.counts.trainable
    }

    /// Those of them that are integers of 32 bits, whatever the model computes in.
    #[must_use]
    pub fn integer_params(&self) -> u64 {
        self.counts.integers
    }
}

/// Keys of a model's weights are Keras's paths without the model's name.
fn without_name(graph: &mut TypedGraph, name: &str) {
    for weight in graph.nodes.iter_mut().flat_map(|node| &mut node.weights) {
        let key = weight.built_as.as_deref().and_then(|path| path.strip_prefix(name)?.strip_prefix('/'));
        weight.built_as = key.map(str::to_owned).or(weight.built_as.take());
    }
}

/// Adds the parameters of every variable that was not seen yet, also of those in models inside; `None` beyond u64.
fn add_counts(graph: &TypedGraph, seen: &mut HashSet<Variable>, trainable: bool, counts: &mut Counts) -> Option<()> {
    for node in graph.nodes() {
        let NodeKind::Layer { instance, .. } = &node.node.kind else { continue };
        if let Some(nested) = instance.layer.nested() {
            add_counts(&nested.graph, seen, trainable, counts)?;
            continue;
        }
        // In Keras `trainable=False` of a wrapper does not reach the variables of the layer inside: the wrapper's own
        // line counts them as frozen, the model does not.
        let is_trainable = trainable && (instance.trainable || instance.layer.stays_trainable());
        add_unseen(node, seen, is_trainable, counts)?;
    }
    Some(())
}

/// The parameters of one node, a variable that it has several times counted once; `None` beyond u64.
pub(crate) fn node_counts(node: &TypedNode) -> Option<Counts> {
    let NodeKind::Layer { instance, .. } = &node.node.kind else { return Some(Counts::default()) };
    let mut counts = Counts::default();
    add_unseen(node, &mut HashSet::new(), instance.trainable, &mut counts)?;
    Some(counts)
}

/// Adds the parameters of a node's variables that were not seen yet; `None` beyond u64.
pub(crate) fn add_unseen(
    node: &TypedNode,
    seen: &mut HashSet<Variable>,
    is_trainable: bool,
    counts: &mut Counts,
) -> Option<()> {
    for weight in node.weights.iter().filter(|weight| weight.variable.is_none_or(|variable| seen.insert(variable))) {
        let size = weight.shape.iter().try_fold(1_u64, |size, &axis| size.checked_mul(axis))?;
        counts.total = counts.total.checked_add(size)?;
        if weight.is_integer {
            counts.integers += size;
        }
        if weight.trainable && is_trainable {
            counts.trainable += size;
        }
    }
    Some(())
}

fn layer_row(node: &TypedNode) -> Option<LayerRow> {
    let NodeKind::Layer { instance, .. } = &node.node.kind else { return None };
    let counts = node_counts(node).unwrap_or_default();
    Some(LayerRow {
        class: instance.layer.declaration().class,
        name: instance.name.clone(),
        output_shapes: node.outputs.clone(),
        params: counts.total,
        trainable_params: counts.trainable,
    })
}

fn any_row(node: &TypedNode) -> Option<LayerRow> {
    let NodeKind::Input { name, shape, .. } = &node.node.kind else { return layer_row(node) };
    Some(LayerRow {
        class: "InputLayer",
        name: name.clone(),
        output_shapes: vec![shape.clone()],
        params: 0,
        trainable_params: 0,
    })
}
