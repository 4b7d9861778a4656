//! `assert`: what the author knows about the model, checked; a failed one shows both sides.

use rnn_grammar::ast::{ComparisonOperator, Expression, ExpressionKind, LogicOperator, UnaryOperator};
use rnn_grammar::{Code, Diagnostic};

use crate::evaluate::Evaluator;
use crate::evaluate::comparison::truth;
use crate::evaluate::text::{python_str, repr};
use crate::value::Located;

impl Evaluator<'_> {
    /// `assert condition, message`
    pub(super) fn assert(&mut self, condition: &Expression, message: Option<&Expression>) {
        if let (ExpressionKind::Tuple(items), None) = (&condition.kind, message)
            && !items.is_empty()
        {
            let title = "a tuple always holds, so the assertion checks nothing";
            let diagnostic = Diagnostic::new(Code::W104, condition.span, title).at("a tuple");
            return self.report(diagnostic.help("leave the parentheses out: `assert condition, message`"));
        }
        let n_errors = self.diagnostics.len();
        let Some(failure) = self.failure(condition) else { return };
        let text = message.and_then(|message| self.expression(message)).and_then(|value| python_str(&value));
        if self.diagnostics.len() > n_errors {
            return;
        }
        let title = match text {
            Some(text) => format!("the assertion does not hold: {}", text.lines().next().unwrap_or("")),
            None => "the assertion does not hold".to_owned(),
        };
        let is_explained = failure.iter().any(|(_, is_constant)| !is_constant);
        let mut diagnostic =
            Diagnostic::new(Code::E126, condition.span, title).at(if is_explained { "" } else { "is false" });
        for (side, is_constant) in failure {
            if is_constant {
                continue;
            }
            let says = format!("this is `{}`", repr(&side.value));
            if side.span == condition.span {
                diagnostic = diagnostic.at(says);
            } else {
                diagnostic = diagnostic.label(side.span, says);
            }
        }
        self.report(diagnostic);
    }

    /// What makes a condition false: the values that explain it, each with whether it is a constant of the text.
    /// `None`: the condition holds, or a mistake in it is reported.
    fn failure(&mut self, condition: &Expression) -> Option<Vec<(Located, bool)>> {
        match &condition.kind {
            ExpressionKind::Comparison { first, rest } => {
                let mut left = (Located { value: self.expression(first)?, span: first.span }, is_constant(first));
                for (operator, right) in rest {
                    let right = (Located { value: self.expression(right)?, span: right.span }, is_constant(right));
                    if !self.compare(*operator, &left.0, &right.0)? {
                        return Some(self.unequal(*operator, left, right));
                    }
                    left = right;
                }
                None
            }
            ExpressionKind::Logic { operator: LogicOperator::And, operands } => {
                operands.iter().find_map(|operand| self.failure(operand))
            }
            ExpressionKind::Unary { operator: UnaryOperator::Not, operand } => {
                let value = self.expression(operand)?;
                truth(&value).then(|| vec![(Located { value, span: operand.span }, is_constant(operand))])
            }
            _ => {
                let value = self.expression(condition)?;
                (!truth(&value)).then(|| vec![(Located { value, span: condition.span }, is_constant(condition))])
            }
        }
    }

    /// Both sides of a comparison that does not hold. Where they are the same text, one is enough.
    fn unequal(
        &self,
        operator: ComparisonOperator,
        left: (Located, bool),
        right: (Located, bool),
    ) -> Vec<(Located, bool)> {
        match operator {
            ComparisonOperator::NotEqual | ComparisonOperator::IsNot if right.1 => vec![left],
            _ => vec![left, right],
        }
    }
}

/// Whether the text itself shows the value.
fn is_constant(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Integer(_)
        | ExpressionKind::Float(_)
        | ExpressionKind::String(_)
        | ExpressionKind::Boolean(_)
        | ExpressionKind::None => true,
        ExpressionKind::Tuple(items) | ExpressionKind::List(items) => items.iter().all(is_constant),
        ExpressionKind::Unary { operand, .. } => is_constant(operand),
        _ => false,
    }
}
