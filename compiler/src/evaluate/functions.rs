//! Calls of `keras.ops` functions with symbolic tensors, and the methods of tensors that are such functions.

use std::rc::Rc;

use rnn_grammar::ast::Name;
use rnn_grammar::{Code, Diagnostic};

use crate::arguments::bind::{CallSite, Given, Signature, bind};
use crate::arguments::frozen;
use crate::evaluate::Evaluator;
use crate::evaluate::attributes::shape_value;
use crate::evaluate::operators::growing;
use crate::functions::call::{Answer, FunctionCall};
use crate::functions::{self, Function};
use crate::graph::TensorId;
use crate::value::{Located, Value};

impl Evaluator<'_> {
    /// `keras.ops.sum(x, axis=1)`
    pub(super) fn call_function(&mut self, function: &'static Function, site: &CallSite) -> Option<Value> {
        let mut mistakes = Vec::new();
        let bound = bind(site, Signature { own: function.arguments, keywords: &[] }, &mut mistakes);
        self.report_all(mistakes);
        let mut bound = bound?;
        bound.iter_mut().for_each(|bound| bound.value = frozen(&bound.value));
        let mut call = FunctionCall {
            function,
            span: site.span,
            bound,
            inference: &self.inference,
            tensors: Vec::new(),
            diagnostics: Vec::new(),
        };
        let answer = function.make(&mut call);
        let (tensors, mistakes) = (call.tensors, call.diagnostics);
        self.report_all(mistakes);
        match answer? {
            Answer::Layer(layer) => self.boxed_operation(layer, &tensors, site.span),
            Answer::List(layer) => match self.boxed_operation(layer, &tensors, site.span)? {
                Value::Tuple(items) => Some(growing(items.to_vec())),
                only => Some(growing(vec![Located { value: only, span: site.span }])),
            },
            Answer::ShapeOf(tensor) => Some(shape_value(self.inference.shape(tensor), site.span)),
        }
    }

    /// `x.reshape((-1, 4))`, `x.squeeze(1)`
    pub(super) fn tensor_method(&mut self, tensor: TensorId, method: &Name, call: &CallSite) -> Option<Value> {
        let Some(function) =
            functions::find(&method.text).filter(|_| ["reshape", "squeeze"].contains(&method.text.as_str()))
        else {
            let title = format!("a symbolic tensor has no method `{}`", method.text);
            let mistake = Diagnostic::new(Code::E106, method.span, title).at("not known here");
            return self.fail(match functions::find(&method.text) {
                Some(function) => mistake.help(format!("write `keras.ops.{}(x, …)`", function.name)),
                None => mistake.help("operators, subscripts and functions of `keras.ops` compute with tensors"),
            });
        };
        let mut call = call.clone();
        let value = Located { value: Value::Tensor(tensor), span: call.span };
        call.given.insert(0, Given { name: None, value, span: call.span });
        self.call_function(function, &call)
    }

    fn boxed_operation(
        &mut self,
        layer: Box<dyn crate::layer::Layer>,
        tensors: &[TensorId],
        span: rnn_grammar::Span,
    ) -> Option<Value> {
        let instance = self.operation_object(layer, span)?;
        self.applied(&Rc::new(instance), tensors, span)
    }
}
