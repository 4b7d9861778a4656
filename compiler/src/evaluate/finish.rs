//! The end of a run: models without an input shape or layers are reported, the others become [`CompiledModel`]s.

use std::collections::HashSet;

use rnn_grammar::{Code, Diagnostic, Help};

use crate::evaluate::{Binding, Evaluator, ModelState};
use crate::graph::{ModelId, NodeId, NodeKind};
use crate::layer::LayerInstance;
use crate::model::{Compiled, CompiledModel, Named};
use crate::shape::{Dimension, Shape};
use crate::value::Value;
use crate::weights::keys;

impl Evaluator<'_> {
    /// Gives the models and everything that was said.
    pub(super) fn finish(mut self) -> Compiled {
        self.report_unused_imports();
        let variables = self.variables_of_models();
        let is_any_held = variables.iter().any(Option::is_some);
        let mut places = vec![None; self.models.len()];
        let mut models = Vec::new();
        for index in 0..self.models.len() {
            let variable = variables[index].clone();
            let is_needed = variable.is_some() || !is_any_held;
            if let Some(model) = self.finished(ModelId(index), variable, is_needed) {
                places[index] = Some(models.len());
                models.push(model);
            }
        }
        for model in &models {
            self.report_all(crate::masks::check(&model.graph));
            self.report_all(crate::whole_numbers::check(&model.graph));
        }
        let last_shapes = self.inference.last_shapes();
        for model in &mut models {
            for (shown, node) in model.shown_shapes.iter_mut().zip(model.graph.nodes()) {
                let NodeKind::Layer { instance, .. } = &node.node.kind else { continue };
                if let Some(last) = last_shapes.get(&instance.id) {
                    *shown = last.to_vec();
                }
            }
        }
        let keys: Vec<Vec<String>> = models.iter().map(|model| keys(&model.graph)).collect();
        for (index, model) in models.iter_mut().enumerate() {
            let own: HashSet<&String> = keys[index].iter().collect();
            let mut others: Vec<String> = keys.iter().flatten().filter(|key| !own.contains(key)).cloned().collect();
            others.sort();
            others.dedup();
            model.sibling_keys = others;
        }
        if self.models.is_empty() && self.diagnostics.iter().all(|diagnostic| !diagnostic.is_error()) {
            let start = rnn_grammar::Span::default();
            self.report(
                Diagnostic::new(Code::W103, start, "the text defines no model")
                    .help("add one, e.g. `model = Sequential()`"),
            );
        }
        let summaries_requested = self.summaries.iter().filter_map(|id| places[id.0]).collect();
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.primary.span.start);
        Compiled { models, diagnostics: self.diagnostics, summaries_requested }
    }

    /// For each model the variable that holds it at the end: the one that was bound first.
    fn variables_of_models(&self) -> Vec<Option<String>> {
        let mut held: Vec<(usize, &String, ModelId)> = Vec::new();
        for (name, variable) in &self.variables {
            if let Binding::Value(Value::Model(id)) = &variable.binding {
                held.push((variable.first_bound, name, *id));
            }
        }
        held.sort_unstable();
        let mut variables = vec![None; self.models.len()];
        for (_, name, id) in held {
            variables[id.0].get_or_insert_with(|| name.clone());
        }
        variables
    }

    fn finished(&mut self, id: ModelId, variable: Option<String>, is_needed: bool) -> Option<CompiledModel> {
        let model = &self.models[id.0];
        if model.is_failed {
            return None;
        }
        let shown = variable.as_ref().unwrap_or(&model.name).clone();
        if model.entries.is_empty() {
            let title = format!("the model `{shown}` has no layers");
            let mistake = Diagnostic::new(Code::E125, model.span, title).help(format!("add one: `{shown}.add(…)`"));
            if is_needed && !self.is_halted {
                self.report(mistake);
            }
            return None;
        }
        let Some((inputs, outputs)) = self.tensors(id) else {
            if is_needed {
                let mistake = self.without_input(id, &shown);
                self.report(mistake);
            }
            return None;
        };
        let nodes: Vec<NodeId> = inputs.iter().map(|input| input.tensor.node).collect();
        let graph = self.inference.extract(&nodes, &outputs.iter().map(|output| output.tensor).collect::<Vec<_>>());
        let precision = self.model_precision(&graph)?;
        let ModelState { name, ends, span, trainable, .. } = &self.models[id.0];
        let (class, span) = (if ends.is_some() { "Functional" } else { "Sequential" }, *span);
        let (input_names, output_names) = (self.end_names(&inputs), self.end_names(&outputs));
        let named = Named { variable, name: name.clone(), span, input_names, output_names };
        match CompiledModel::new(named, class, graph, *trainable) {
            Some(mut model) => {
                model.precision = precision;
                Some(model)
            }
            None => self.fail(
                Diagnostic::new(
                    Code::E291,
                    span,
                    format!("the model `{shown}` has more parameters than 64 bits can count"),
                )
                .at("too large"),
            ),
        }
    }

    /// The model's first layer is told no input shape: the line to add.
    fn without_input(&self, id: ModelId, shown: &str) -> Diagnostic {
        let first = &self.models[id.0].entries[0];
        let line = likely_input(&first.instance);
        let title = format!("the model `{shown}` has no input shape");
        let diagnostic = Diagnostic::new(Code::E124, first.place.span, title).at("reads an input of unknown shape");
        let is_inside = |inner: &usize| self.wrapped.get(inner) == Some(&first.instance.id);
        let inner = self.legacy.iter().filter(|(inner, _)| is_inside(inner)).map(|(_, legacy)| legacy.span).min();
        if let Some(span) = inner {
            let class = first.instance.layer.declaration().class;
            return diagnostic
                .label(span, format!("Keras ignores an input shape inside `{class}`"))
                .help(format!("move it to `{class}(…)`, or begin the model with `{line}`"));
        }
        let mut diagnostic = diagnostic;
        let edits = vec![self.insertion(first.place, &line)];
        diagnostic.helps.push(Help { text: "begin the model with its input".to_owned(), edits });
        diagnostic
    }
}

/// The input that the layer most likely reads.
fn likely_input(layer: &LayerInstance) -> String {
    let accepts = |sample: &[u64]| {
        let sample: Vec<Dimension> = sample.iter().map(|&size| Dimension::Known(size)).collect();
        layer.layer.output_shapes(&[Shape::batched(&sample)]).is_ok()
    };
    if layer.layer.takes_integers() {
        return "Input(shape=(timesteps,))".to_owned();
    }
    match (accepts(&[8]), accepts(&[8, 8])) {
        (false, true) => "Input(shape=(timesteps, features))".to_owned(),
        (true, _) => "Input(shape=(features,))".to_owned(),
        (false, false) => "Input(shape=(…))".to_owned(),
    }
}
