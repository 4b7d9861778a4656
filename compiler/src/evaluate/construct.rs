//! Calls of layer classes and of `Input`: arguments are bound and checked, the layer is built under its name.

use std::rc::Rc;

use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::{CallSite, Signature, bind};
use crate::arguments::{Arguments, Bound, find};
use crate::declaration::{COMMON, Declaration};
use crate::evaluate::Evaluator;
use crate::evaluate::limits::{MAX_DEPTH, MAX_LAYERS};
use crate::evaluate::text::{kind_of, repr};
use crate::graph::TensorId;
use crate::layer::LayerInstance;
use crate::layers;
use crate::value::Value;

impl Evaluator<'_> {
    /// `LSTM(…)`
    pub(super) fn layer(&mut self, declaration: &'static Declaration, call: &CallSite) -> Option<Rc<LayerInstance>> {
        let keywords = if declaration.takes_common { COMMON } else { &[] };
        let with_layers = self.models_as_layers(declaration, call);
        let call = with_layers.as_ref().unwrap_or(call);
        let bound = self.bound(call, Signature { own: declaration.arguments, keywords });
        // The name is counted also for a layer with a mistake, as if it were right.
        let given_name = bound.as_deref().and_then(|bound| find(bound, "name"));
        let name = match given_name.map(|name| (name.value.clone(), name.span)) {
            Some((Value::String(name), span)) => {
                self.checked_name(&name, span.unwrap_or(call.span)).map(|name| (name, true))
            }
            Some((Value::None, _)) | None => Some((self.automatic_name(declaration.base_name), false)),
            Some((other, span)) => self.not_a_name(&other, span.unwrap_or(call.span)),
        };
        let mut bound = bound?;
        let (name, is_named) = name?;
        self.stack_cells(declaration, call, &mut bound)?;
        // An input's own type is no policy; but making one settles what layers compute in by default.
        let is_input = declaration.base_name == "input_layer";
        let computes =
            if is_input { (self.number_types.policy(), None) } else { self.layer_precision(&bound, call.span)? };
        let legacy = self.legacy_of(declaration, call, &bound);
        let depth = self.wrapper_depth(&bound, call.span)?;
        let trainable = !matches!(find(&bound, "trainable").map(|bound| &bound.value), Some(Value::Boolean(false)));
        self.warn_inner_legacy(&bound, declaration.class);
        let inner_layers: Vec<usize> = bound.iter().flat_map(|bound| layer_ids(&bound.value)).collect();
        let arguments = bound.iter().filter_map(|bound| Some((bound.name, bound.span?))).collect();
        let layer = self.build(declaration, call, &name, bound)?;
        let legacy = legacy?;
        let id = self.next_layer(call.span)?;
        self.wrapper_depths.insert(id, depth);
        self.number_types.note(id, computes.0, computes.1);
        self.wrapped.extend(inner_layers.into_iter().map(|inner| (inner, id)));
        let legacy_input = legacy.as_ref().and_then(|legacy| Some((legacy.shape.clone()?, legacy.span)));
        if let Some(legacy) = legacy {
            self.legacy.insert(id, legacy);
        }
        Some(Rc::new(LayerInstance {
            id,
            name,
            is_named,
            trainable,
            span: call.span,
            class_span: call.callee_span,
            legacy_input,
            insert: closing(call),
            has_arguments: !call.given.is_empty(),
            arguments,
            layer,
        }))
    }

    /// The number of one more layer; too many are an error.
    pub(super) fn next_layer(&mut self, span: Span) -> Option<usize> {
        self.n_layers += 1;
        if self.n_layers <= MAX_LAYERS {
            return Some(self.n_layers);
        }
        self.is_halted = true;
        let title = format!("the text makes more than {MAX_LAYERS} layers");
        self.fail(Diagnostic::new(Code::E130, span, title).at("given up here"))
    }

    /// Binds a call's arguments and reports what is wrong with them.
    pub(super) fn bound(&mut self, call: &CallSite, signature: Signature<'_>) -> Option<Vec<Bound>> {
        let mut mistakes = Vec::new();
        let bound = bind(call, signature, &mut mistakes);
        self.report_all(mistakes);
        bound
    }

    fn build(
        &mut self,
        declaration: &'static Declaration,
        call: &CallSite,
        name: &str,
        bound: Vec<Bound>,
    ) -> Option<Box<dyn crate::layer::Layer>> {
        let mut mistakes = Vec::new();
        let mut arguments = Arguments { declaration, call: call.span, name, bound, diagnostics: &mut mistakes };
        let layer = (declaration.build)(&mut arguments);
        let is_wrong = mistakes.iter().any(Diagnostic::is_error);
        self.report_all(mistakes);
        layer.filter(|_| !is_wrong)
    }

    /// Keras's rule for names: any text without `/`.
    pub(super) fn checked_name(&mut self, name: &str, span: Span) -> Option<String> {
        if name.contains('/') {
            let title = format!("the name `{name}` has a `/`");
            return self.fail(
                Diagnostic::new(Code::E121, span, title)
                    .at("`/` separates a weight's path")
                    .help(format!("write `\"{}\"`", name.replace('/', "_"))),
            );
        }
        Some(name.to_owned())
    }

    pub(super) fn not_a_name<T>(&mut self, value: &Value, span: Span) -> Option<T> {
        let title = format!("a name must be a text, not {}", kind_of(value));
        self.fail(Diagnostic::new(Code::E121, span, title).at(format!("this is `{}`", repr(value))))
    }

    /// How deep this layer wraps others; too deep is an error.
    fn wrapper_depth(&mut self, bound: &[Bound], call: Span) -> Option<usize> {
        let inner = bound.iter().flat_map(|bound| layer_ids(&bound.value));
        let depth = inner.filter_map(|id| self.wrapper_depths.get(&id)).max().map_or(0, |depth| depth + 1);
        if depth <= MAX_DEPTH {
            return Some(depth);
        }
        let title = format!("layers wrap each other more than {MAX_DEPTH} deep");
        self.fail(Diagnostic::new(Code::E132, call, title).at("too deep"))
    }

    /// Keras ignores an input shape that is given to a wrapped layer.
    fn warn_inner_legacy(&mut self, bound: &[Bound], wrapper: &str) {
        for argument in bound {
            let Value::Layer(inner) = &argument.value else { continue };
            if let Some(legacy) = self.legacy.get(&inner.id).cloned() {
                let advice = format!("give it to `{wrapper}(…)`, or begin the model with `Input(…)`");
                self.warn_legacy(&legacy, &format!("Keras ignores it inside `{wrapper}`"), &advice);
            }
        }
    }

    /// `Input(…)`: a symbolic tensor that begins a model.
    pub(super) fn input(&mut self, call: &CallSite) -> Option<TensorId> {
        let instance = self.layer(&layers::input::INPUT, call)?;
        self.input_tensor(&instance, call.span)
    }

    /// The tensor that an input layer stands for.
    pub(super) fn input_tensor(&mut self, instance: &Rc<LayerInstance>, span: Span) -> Option<TensorId> {
        let (shape, dtype) = instance.layer.model_input()?;
        let is_said = instance.arguments.iter().any(|(name, _)| *name == "dtype");
        let dtype = if is_said { dtype } else { self.number_types.input_type() };
        let tensor = self.inference.input(instance.name.clone(), shape.clone(), dtype, span);
        self.input_layers.insert(tensor.node, Rc::clone(instance));
        // A named input's tensor has its name.
        if !instance.is_named {
            self.name_tensors(&[tensor]);
        }
        Some(tensor)
    }
}

/// The layers that an argument holds.
fn layer_ids(value: &Value) -> Vec<usize> {
    match value {
        Value::Layer(layer) => vec![layer.id],
        Value::List(items) | Value::Tuple(items) => items.iter().flat_map(|item| layer_ids(&item.value)).collect(),
        _ => Vec::new(),
    }
}

/// The empty place before the call's closing parenthesis.
fn closing(call: &CallSite) -> Span {
    let end = call.given.last().map_or(call.parentheses.end.saturating_sub(1), |given| given.span.end);
    Span::new(end, end)
}
