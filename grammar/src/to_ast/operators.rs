//! A flat list of operands and operators to a tree, by Python's precedences, with two stacks and no recursion.

use super::Builder;
use super::expression::Built;
use crate::ast::{BinaryOperator, ComparisonOperator, ExpressionKind, LogicOperator, UnaryOperator};
use crate::parser::{Node, Rule};
use crate::{Code, Diagnostic, Span};

/// An operator, in whichever role.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Unary(UnaryOperator),
    Binary(BinaryOperator),
    Comparison(ComparisonOperator),
    Logic(LogicOperator),
}

/// An operator that waits for its right operand.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    kind: Kind,
    span: Span,
}

impl Kind {
    /// How tightly it binds: Python's table, from `or` up to `**`.
    fn precedence(self) -> u8 {
        match self {
            Self::Logic(LogicOperator::Or) => 1,
            Self::Logic(LogicOperator::And) => 2,
            Self::Unary(UnaryOperator::Not) => 3,
            Self::Comparison(_) => 4,
            Self::Binary(BinaryOperator::Add | BinaryOperator::Subtract) => 5,
            Self::Binary(BinaryOperator::Power) => 8,
            Self::Binary(_) => 6,
            Self::Unary(_) => 7,
        }
    }
}

impl Builder<'_> {
    /// The tree of a [`Rule::chain`].
    pub(super) fn chain(&mut self, node: Node<'_>) -> Built {
        let mut operands: Vec<Built> = Vec::new();
        let mut waiting: Vec<Waiting> = Vec::new();
        for child in node.children() {
            match child.rule() {
                Rule::operand => operands.push(self.operand(child)),
                Rule::prefix => self.prefix(child, &mut waiting),
                _ => self.infix(child, &mut operands, &mut waiting),
            }
        }
        while let Some(operator) = waiting.pop() {
            self.apply(operator, &mut operands);
        }
        operands.pop().unwrap_or_else(|| Built::hole(Span::default()))
    }

    fn prefix(&mut self, node: Node<'_>, waiting: &mut Vec<Waiting>) {
        let span = self.span(&node);
        let kind = Kind::Unary(match node.text() {
            "-" => UnaryOperator::Minus,
            "+" => UnaryOperator::Plus,
            _ => UnaryOperator::Not,
        });
        let before = waiting.last().filter(|before| before.kind.precedence() > kind.precedence());
        if let (Kind::Unary(UnaryOperator::Not), Some(before)) = (kind, before) {
            self.diagnostics.push(
                Diagnostic::new(Code::E001, span, "`not` needs parentheses here")
                    .label(before.span, "binds tighter than `not`")
                    .help("write `(not …)`"),
            );
        }
        waiting.push(Waiting { kind, span });
    }

    fn infix(&mut self, node: Node<'_>, operands: &mut Vec<Built>, waiting: &mut Vec<Waiting>) {
        let Some((kind, span)) = node.children().next().map(|operator| (infix(operator.rule()), self.span(&operator)))
        else {
            return;
        };
        let is_right_to_left = matches!(kind, Kind::Binary(BinaryOperator::Power));
        while let Some(before) = waiting.last() {
            let (left, right) = (before.kind.precedence(), kind.precedence());
            if left < right || (left == right && is_right_to_left) {
                break;
            }
            let before = *before;
            waiting.pop();
            self.apply(before, operands);
        }
        waiting.push(Waiting { kind, span });
    }

    /// Takes an operator's operands off the stack and puts the whole back.
    fn apply(&mut self, operator: Waiting, operands: &mut Vec<Built>) {
        let Some(right) = operands.pop() else { return };
        let built = match operator.kind {
            Kind::Unary(unary) => {
                let right = self.shallow(right, operator.span);
                let (depth, span) = (right.depth + 1, operator.span.to(right.expression.span));
                Built::new(span, ExpressionKind::Unary { operator: unary, operand: Box::new(right.expression) }, depth)
            }
            Kind::Binary(binary) => {
                let Some(left) = operands.pop() else { return };
                let (left, right) = (self.shallow(left, operator.span), self.shallow(right, operator.span));
                let (depth, span) = (left.depth.max(right.depth) + 1, left.expression.span.to(right.expression.span));
                let (left, right) = (Box::new(left.expression), Box::new(right.expression));
                Built::new(span, ExpressionKind::Binary { left, operator: binary, right }, depth)
            }
            Kind::Comparison(comparison) => {
                let Some(left) = operands.pop() else { return };
                let (left, right) = (self.shallow(left, operator.span), self.shallow(right, operator.span));
                compare(left, comparison, right)
            }
            Kind::Logic(logic) => {
                let Some(left) = operands.pop() else { return };
                let (left, right) = (self.shallow(left, operator.span), self.shallow(right, operator.span));
                combine(left, logic, right)
            }
        };
        operands.push(built);
    }
}

/// `left < right`, or one comparison more for a chain.
fn compare(mut left: Built, operator: ComparisonOperator, right: Built) -> Built {
    let span = left.expression.span.to(right.expression.span);
    let depth = left.depth.max(right.depth + 1);
    if let (true, ExpressionKind::Comparison { rest, .. }) = (left.goes_on, &mut left.expression.kind) {
        rest.push((operator, right.expression));
        left.expression.span = span;
        return Built { depth, ..left };
    }
    let (depth, first) = (left.depth.max(right.depth) + 1, Box::new(left.expression));
    let kind = ExpressionKind::Comparison { first, rest: vec![(operator, right.expression)] };
    Built { goes_on: true, ..Built::new(span, kind, depth) }
}

/// `left and right`, or one operand more for a chain of the same operator.
fn combine(mut left: Built, logic: LogicOperator, right: Built) -> Built {
    let span = left.expression.span.to(right.expression.span);
    let depth = left.depth.max(right.depth + 1);
    if let (true, ExpressionKind::Logic { operator, operands }) = (left.goes_on, &mut left.expression.kind)
        && *operator == logic
    {
        operands.push(right.expression);
        left.expression.span = span;
        return Built { depth, ..left };
    }
    let depth = left.depth.max(right.depth) + 1;
    let kind = ExpressionKind::Logic { operator: logic, operands: vec![left.expression, right.expression] };
    Built { goes_on: true, ..Built::new(span, kind, depth) }
}

fn infix(rule: Rule) -> Kind {
    match rule {
        Rule::plus => Kind::Binary(BinaryOperator::Add),
        Rule::minus => Kind::Binary(BinaryOperator::Subtract),
        Rule::times => Kind::Binary(BinaryOperator::Multiply),
        Rule::divide => Kind::Binary(BinaryOperator::Divide),
        Rule::floor_divide => Kind::Binary(BinaryOperator::FloorDivide),
        Rule::modulo => Kind::Binary(BinaryOperator::Modulo),
        Rule::power => Kind::Binary(BinaryOperator::Power),
        Rule::equals => Kind::Comparison(ComparisonOperator::Equal),
        Rule::differs => Kind::Comparison(ComparisonOperator::NotEqual),
        Rule::less => Kind::Comparison(ComparisonOperator::Less),
        Rule::less_equal => Kind::Comparison(ComparisonOperator::LessEqual),
        Rule::greater => Kind::Comparison(ComparisonOperator::Greater),
        Rule::greater_equal => Kind::Comparison(ComparisonOperator::GreaterEqual),
        Rule::is => Kind::Comparison(ComparisonOperator::Is),
        Rule::is_not => Kind::Comparison(ComparisonOperator::IsNot),
        Rule::word_in => Kind::Comparison(ComparisonOperator::In),
        Rule::not_in => Kind::Comparison(ComparisonOperator::NotIn),
        Rule::word_and => Kind::Logic(LogicOperator::And),
        Rule::word_or => Kind::Logic(LogicOperator::Or),
        rule => unreachable!("`infix` in rnn.pest lists no {rule:?}"),
    }
}

/// The operator before the `=` of `+=` and its kin.
pub(super) fn augmented(text: &str) -> BinaryOperator {
    match text {
        "+=" => BinaryOperator::Add,
        "-=" => BinaryOperator::Subtract,
        "*=" => BinaryOperator::Multiply,
        "/=" => BinaryOperator::Divide,
        "//=" => BinaryOperator::FloorDivide,
        "%=" => BinaryOperator::Modulo,
        _ => BinaryOperator::Power,
    }
}
