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

/// Operands and operators that are not joined yet.
#[derive(Debug, Default)]
pub(super) struct Chain {
    operands: Vec<Built>,
    waiting: Vec<Waiting>,
}

impl Kind {
    /// How tightly it binds: Python's table, from `or` up to `**`.
    fn precedence(self) -> u8 {
        match self {
            Self::Logic(LogicOperator::Or) => 1,
            Self::Logic(LogicOperator::And) => 2,
            Self::Unary(UnaryOperator::Not) => 3,
            Self::Comparison(_) => 4,
            Self::Binary(BinaryOperator::Or) => 5,
            Self::Binary(BinaryOperator::ExclusiveOr) => 6,
            Self::Binary(BinaryOperator::And) => 7,
            Self::Binary(BinaryOperator::Add | BinaryOperator::Subtract) => 8,
            Self::Binary(BinaryOperator::Power) => 11,
            Self::Binary(_) => 9,
            Self::Unary(_) => 10,
        }
    }
}

impl Builder<'_> {
    /// Takes the next operand or operator of a chain.
    pub(super) fn link(&mut self, node: Node<'_>, chain: &mut Chain) {
        match node.rule() {
            Rule::operand => {
                let operand = self.operand(node);
                chain.operands.push(operand);
            }
            Rule::prefix => self.prefix(node, &mut chain.waiting),
            _ => self.infix(node, &mut chain.operands, &mut chain.waiting),
        }
    }

    /// The tree of a whole chain, which is empty then.
    pub(super) fn end_chain(&mut self, chain: &mut Chain) -> Built {
        while let Some(operator) = chain.waiting.pop() {
            self.apply(operator, &mut chain.operands);
        }
        chain.operands.pop().unwrap_or_else(|| Built::hole(Span::default()))
    }

    fn prefix(&mut self, node: Node<'_>, waiting: &mut Vec<Waiting>) {
        let span = self.span(&node);
        let kind = Kind::Unary(match node.text() {
            "-" => UnaryOperator::Minus,
            "+" => UnaryOperator::Plus,
            "~" => UnaryOperator::Invert,
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
        let (kind, span) = (infix(node.text()), self.span(&node));
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

/// The operator that this text is; blanks may stand between its words.
fn infix(text: &str) -> Kind {
    match text {
        "+" => Kind::Binary(BinaryOperator::Add),
        "-" => Kind::Binary(BinaryOperator::Subtract),
        "*" => Kind::Binary(BinaryOperator::Multiply),
        "/" => Kind::Binary(BinaryOperator::Divide),
        "//" => Kind::Binary(BinaryOperator::FloorDivide),
        "%" => Kind::Binary(BinaryOperator::Modulo),
        "**" => Kind::Binary(BinaryOperator::Power),
        "@" => Kind::Binary(BinaryOperator::MatrixMultiply),
        "&" => Kind::Binary(BinaryOperator::And),
        "|" => Kind::Binary(BinaryOperator::Or),
        "^" => Kind::Binary(BinaryOperator::ExclusiveOr),
        "==" => Kind::Comparison(ComparisonOperator::Equal),
        "!=" => Kind::Comparison(ComparisonOperator::NotEqual),
        "<" => Kind::Comparison(ComparisonOperator::Less),
        "<=" => Kind::Comparison(ComparisonOperator::LessEqual),
        ">" => Kind::Comparison(ComparisonOperator::Greater),
        ">=" => Kind::Comparison(ComparisonOperator::GreaterEqual),
        "is" => Kind::Comparison(ComparisonOperator::Is),
        "in" => Kind::Comparison(ComparisonOperator::In),
        "and" => Kind::Logic(LogicOperator::And),
        "or" => Kind::Logic(LogicOperator::Or),
        text if text.starts_with("is") => Kind::Comparison(ComparisonOperator::IsNot),
        text if text.starts_with("not") => Kind::Comparison(ComparisonOperator::NotIn),
        text => unreachable!("`infix` in rnn.pest lists no {text}"),
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
        "@=" => BinaryOperator::MatrixMultiply,
        "&=" => BinaryOperator::And,
        "|=" => BinaryOperator::Or,
        "^=" => BinaryOperator::ExclusiveOr,
        _ => BinaryOperator::Power,
    }
}
