//! Calls: who is called decides what happens.

use rnn_grammar::ast::{Argument, Expression, ExpressionKind, Name, Spread};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::{CallSite, Given};
use crate::evaluate::expressions::limits_failed;
use crate::evaluate::model_methods::is_training;
use crate::evaluate::text::{kind_of, repr};
use crate::evaluate::{Evaluator, builtins};
use crate::names::Public;
use crate::value::{Located, Value};

impl Evaluator<'_> {
    /// `function(arguments)`
    pub(super) fn call(
        &mut self,
        function: &Expression,
        arguments: &[Argument],
        parentheses: Span,
        span: Span,
    ) -> Option<Value> {
        match &function.kind {
            ExpressionKind::Attribute { value, attribute } => {
                let receiver = self.expression(value);
                if !matches!(receiver, Some(Value::Public(Public::Module(_)))) {
                    return self.method(receiver, value, attribute, arguments, parentheses, span);
                }
                let callee = self.attribute_of(receiver?, value, attribute);
                self.call_value(callee, &attribute.text, attribute.span, arguments, parentheses, span)
            }
            ExpressionKind::Name(name) if builtins::is_known(name) && self.is_free(name) => {
                let site = self.site(name, function.span, arguments, parentheses, span);
                self.builtin(name, &site)
            }
            ExpressionKind::Name(name) => {
                let callee = self.name(name, function.span);
                self.call_value(callee, name, function.span, arguments, parentheses, span)
            }
            _ => {
                let callee = self.expression(function);
                self.call_value(callee, self.slice(function.span), function.span, arguments, parentheses, span)
            }
        }
    }

    /// Evaluates the arguments of a call.
    pub(super) fn site(
        &mut self,
        callee: &str,
        callee_span: Span,
        arguments: &[Argument],
        parentheses: Span,
        span: Span,
    ) -> CallSite {
        let mut given = Vec::with_capacity(arguments.len());
        for argument in arguments {
            match argument.spread {
                Spread::No => given.push(Given {
                    name: argument.name.clone(),
                    value: self.located(&argument.value),
                    span: argument.span,
                }),
                Spread::Items => {
                    let items = self.spread(&argument.value);
                    given.extend(items.into_iter().map(|value| Given { name: None, value, span: argument.span }));
                }
                Spread::Pairs => self.pairs(argument, &mut given),
            }
        }
        if arguments.iter().any(|argument| argument.spread != Spread::No) {
            // Python puts what has no name before what has one.
            given.sort_by_key(|given| given.name.is_some());
        }
        CallSite { callee: callee.to_owned(), callee_span, span, parentheses, given }
    }

    /// `**pairs`: an argument for each entry of a dictionary.
    fn pairs(&mut self, argument: &Argument, given: &mut Vec<Given>) {
        let span = argument.value.span;
        let failed = Given { name: None, value: Located { value: Value::Failed, span }, span };
        let value = self.located(&argument.value).value;
        let Value::Dictionary(entries) = &value else {
            if !matches!(value, Value::Failed) {
                let title = format!("`**` takes the entries of a dictionary, not {}", kind_of(&value));
                self.report(Diagnostic::new(Code::E115, span, title).at(format!("this is `{}`", repr(&value))));
            }
            return given.push(failed);
        };
        for (key, value) in entries.iter() {
            let Value::String(text) = &key.value else {
                let title = format!("an argument's name is a text, not {}", kind_of(&key.value));
                self.report(Diagnostic::new(Code::E115, key.span, title).at(format!("this is `{}`", repr(&key.value))));
                return given.push(failed);
            };
            let name = Some(Name { text: text.to_string(), span: argument.span });
            given.push(Given { name, value: value.clone(), span: value.span });
        }
    }

    fn call_value(
        &mut self,
        callee: Option<Value>,
        name: &str,
        callee_span: Span,
        arguments: &[Argument],
        parentheses: Span,
        span: Span,
    ) -> Option<Value> {
        let mut site = self.site(name, callee_span, arguments, parentheses, span);
        match callee? {
            Value::Public(Public::Layer(declaration)) => {
                declaration.class.clone_into(&mut site.callee);
                self.layer(declaration, &site).map(Value::Layer)
            }
            Value::Public(Public::Sequential) => {
                "Sequential".clone_into(&mut site.callee);
                self.sequential(&site).map(Value::Model)
            }
            Value::Public(Public::Model) => {
                "Model".clone_into(&mut site.callee);
                self.functional_model(&site).map(Value::Model)
            }
            Value::Public(Public::Input) => {
                "Input".clone_into(&mut site.callee);
                self.input(&site).map(Value::Tensor)
            }
            Value::Public(Public::Training(kind, class)) => self.training_object(kind, class, &site),
            Value::Public(Public::Ignored(_)) => Some(Value::None),
            Value::Public(Public::NumberType(function)) => {
                function.clone_into(&mut site.callee);
                self.call_number_type(function, &site)
            }
            Value::Public(Public::ClearSession) => {
                self.counters.clear();
                Some(Value::None)
            }
            Value::Public(Public::Function(function)) => {
                function.name.clone_into(&mut site.callee);
                self.call_function(function, &site)
            }
            Value::Public(Public::LayerFunction(declaration, function)) => {
                function.clone_into(&mut site.callee);
                self.call_layer_function(declaration, &site)
            }
            Value::Layer(layer) if has_tensor(&site) => self.call_layer(&layer, &site),
            Value::Model(id) if has_tensor(&site) => self.call_model(id, &site),
            Value::Activation(activation) if has_tensor(&site) => self.tensor_activation(activation, &site),
            Value::Layer(_) | Value::Model(_) if site.given.iter().any(|given| limits_failed(&given.value.value)) => {
                None
            }
            other => self.not_callable(&other, &site),
        }
    }

    fn not_callable(&mut self, value: &Value, site: &CallSite) -> Option<Value> {
        let title = match value {
            Value::Layer(layer) => format!("the layer `{}` is called without a tensor", layer.name),
            Value::Public(Public::Module(path)) => format!("`{path}` is a module and can't be called"),
            _ => format!("{} can't be called", kind_of(value)),
        };
        let diagnostic = Diagnostic::new(Code::E107, site.callee_span, title);
        self.fail(match value {
            Value::Layer(_) => diagnostic.help("call it with one, or add it to a model: `model.add(…)`"),
            _ => diagnostic.at(format!("this is `{}`", repr(value))),
        })
    }

    /// `receiver.method(arguments)`
    fn method(
        &mut self,
        receiver: Option<Value>,
        receiver_expression: &Expression,
        method: &Name,
        arguments: &[Argument],
        parentheses: Span,
        span: Span,
    ) -> Option<Value> {
        if let (Some(Value::Model(id)), "compile") = (&receiver, method.text.as_str()) {
            // What is given to `compile` is training's affair and not even looked at.
            self.ignore_compile(*id, method.span);
            return Some(Value::None);
        }
        if matches!(receiver, Some(Value::Model(_))) && is_training(&method.text) {
            // So are the data that training is given.
            return self.unknown_of_model(method);
        }
        let callee = format!("{}.{}", self.short(receiver_expression.span), method.text);
        let site = self.site(&callee, method.span, arguments, parentheses, span);
        match receiver? {
            Value::Model(id) => self.model_method(id, receiver_expression.span, method, &site),
            Value::Layer(layer) => self.layer_method(&layer, method, &site),
            Value::Growing(list) => self.list_method(&list, method, &site),
            Value::String(text) => self.text_method(&text, method, &site),
            Value::Dictionary(entries) => self.dictionary_method(&entries, method, &site),
            Value::Tuple(items) => self.tuple_method(&items, method, &site),
            Value::List(items) => self.tuple_method(&items, method, &site),
            Value::Tensor(tensor) => self.tensor_method(tensor, method, &site),
            other => {
                let title = format!("{} has no method `{}`", kind_of(&other), method.text);
                self.fail(Diagnostic::new(Code::E106, method.span, title))
            }
        }
    }

    /// The text of an expression as a message names it: short, on one line.
    fn short(&self, span: Span) -> String {
        let text = self.slice(span);
        let is_name = text.len() <= 40 && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
        if is_name { text.to_owned() } else { "…".to_owned() }
    }
}

/// Whether any argument is a symbolic tensor, or holds one.
fn has_tensor(site: &CallSite) -> bool {
    site.given.iter().any(|given| holds_tensor(&given.value.value))
}

fn holds_tensor(value: &Value) -> bool {
    let any = |items: &[Located]| items.iter().any(|item| holds_tensor(&item.value));
    match value {
        Value::Growing(items) => any(&items.borrow()),
        Value::Tuple(items) | Value::List(items) => any(items),
        Value::Dictionary(entries) => entries.iter().any(|(_, item)| holds_tensor(&item.value)),
        value => matches!(value, Value::Tensor(_)),
    }
}
