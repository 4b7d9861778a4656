//! Calls of layers whose tensors have names: `layer(query, value, key=key, attention_mask=mask)`.

use rnn_grammar::{Code, Diagnostic};

use crate::arguments::bind::{CallSite, Given};
use crate::evaluate::Evaluator;
use crate::evaluate::text::{kind_of, repr};
use crate::graph::TensorId;
use crate::layer::{Layer, LayerInstance, Takes};
use crate::value::Value;

/// What a call gives by name: the layer's tensors, and behind them their masks.
#[derive(Debug)]
pub(super) struct Slots {
    names: Vec<&'static str>,
    n_tensors: usize,
    found: Vec<Option<TensorId>>,
    /// In the order of the call: which place, and whether by its keyword.
    given: Vec<(usize, bool)>,
}

impl Slots {
    /// Those of a layer that takes named tensors.
    pub(super) fn of(layer: &dyn Layer) -> Option<Self> {
        let Takes::Named(tensors) = layer.takes() else { return None };
        let names = [tensors, layer.mask_names()].concat();
        Some(Self { n_tensors: tensors.len(), found: vec![None; names.len()], names, given: Vec::new() })
    }

    /// Which place an argument fills.
    pub(super) fn place(&self, keyword: Option<&str>) -> Option<usize> {
        match keyword {
            Some(keyword) => self.names.iter().position(|name| *name == keyword),
            None => Some(self.given.iter().filter(|(_, is_named)| !is_named).count())
                .filter(|place| *place < self.names.len()),
        }
    }

    /// The masks, one a name, if there are any.
    pub(super) fn masks(&self) -> Vec<Option<TensorId>> {
        let masks = self.found[self.n_tensors..].to_vec();
        if masks.iter().all(Option::is_none) { Vec::new() } else { masks }
    }

    /// The places of what a node reads in Keras's order: what is given by place as it stands, then keywords by their names.
    pub(super) fn listing(&self) -> Vec<usize> {
        let mut order = self.given.clone();
        order.sort_by_key(|&(place, is_named)| is_named.then(|| self.names[place]));
        let filled: Vec<usize> = (0..self.found.len()).filter(|&place| self.found[place].is_some()).collect();
        let read = order.iter().filter_map(|(place, _)| filled.iter().position(|filled| filled == place));
        read.collect()
    }
}

impl Evaluator<'_> {
    /// Puts one argument of a call into its place.
    pub(super) fn fill_slot(
        &mut self,
        layer: &LayerInstance,
        given: &Given,
        slots: &mut Slots,
        place: usize,
    ) -> Option<()> {
        let name = slots.names[place];
        if slots.given.iter().any(|(other, _)| *other == place) {
            let title = format!("`{name}` is given twice");
            return self.fail(Diagnostic::new(Code::E113, given.span, title).at("again here"));
        }
        slots.given.push((place, given.name.is_some()));
        let is_tensors = place
            .checked_sub(slots.n_tensors)
            .is_some_and(|mask| mask < slots.n_tensors && slots.found[mask].is_some());
        if given.name.is_none() && is_tensors && matches!(given.value.value, Value::None) {
            let title = format!("`{name}` of the layer `{}` is given by its place, and as `None`", layer.name);
            let mistake = Diagnostic::new(Code::E115, given.span, title).at("no mask");
            return self.fail(mistake.help("write the masks that there are with their keywords"));
        }
        slots.found[place] = if place < slots.n_tensors {
            self.named_tensor(layer, given, name)?
        } else {
            self.mask(layer, &given.value.value, given.value.span)?
        };
        if slots.found[place].is_some() && layer.layer.ignores_mask(name) {
            let title = format!("`{name}=` of `{}` has no effect", layer.layer.declaration().class);
            let diagnostic = Diagnostic::new(Code::W102, given.span, title).at("not used");
            self.report(diagnostic.help("Keras takes the mask that the tensor itself has; leave it out"));
        }
        Some(())
    }

    /// One of the tensors; only the last one may be `None`, which the caller checks.
    #[allow(clippy::option_option)]
    fn named_tensor(&mut self, layer: &LayerInstance, given: &Given, name: &str) -> Option<Option<TensorId>> {
        match &given.value.value {
            Value::Tensor(tensor) => Some(Some(*tensor)),
            Value::None => Some(None),
            Value::Failed => None,
            other => {
                let title = format!("`{name}` of the layer `{}` is a tensor, not {}", layer.name, kind_of(other));
                let diagnostic = Diagnostic::new(Code::E115, given.span, title);
                self.fail(diagnostic.at(format!("this is `{}`", repr(other))))
            }
        }
    }

    /// All tensors in order, the last one perhaps left out.
    pub(super) fn named_tensors(
        &mut self,
        layer: &LayerInstance,
        slots: &Slots,
        call: &CallSite,
    ) -> Option<Vec<TensorId>> {
        let (names, found) = (&slots.names[..slots.n_tensors], &slots.found[..slots.n_tensors]);
        let required = names.len().saturating_sub(1);
        if let Some(missing) = found.iter().take(required).position(Option::is_none) {
            let title = format!("the layer `{}` is called without `{}`", layer.name, names[missing]);
            let diagnostic = Diagnostic::new(Code::E111, call.callee_span, title);
            let call = format!("write `layer({})`", names.get(..required).unwrap_or(names).join(", "));
            return self.fail(diagnostic.at(format!("`{}` is missing", names[missing])).help(call));
        }
        Some(found.iter().flatten().copied().collect())
    }
}
