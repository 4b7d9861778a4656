//! Expressions but for their operators: literals, brackets, calls, subscripts, attributes, conditionals.

use super::Builder;
use super::formatted::{self, Formatted};
use super::operators::Chain;
use crate::ast::{Argument, Clause, Expression, ExpressionKind, Index, Spread, Target};
use crate::number::{self, Number};
use crate::parser::{Node, Rule};
use crate::{Code, Diagnostic, Span};

/// How deep a tree may be. Brackets are counted before ([`crate::lines::MAX_NESTING`]); chains such as `a + b + c …` or
/// `a.b.c…` nest without brackets. Later stages walk trees by recursion, also on small stacks.
const MAX_DEPTH: u32 = 200;

/// An expression while its surroundings are being read.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) expression: Expression,
    /// How many expressions stand in each other.
    pub(super) depth: u32,
    /// A comparison or a logic chain without parentheses of its own: the next operand joins it.
    pub(super) goes_on: bool,
}

impl Built {
    pub(super) fn new(span: Span, kind: ExpressionKind, depth: u32) -> Self {
        Self { expression: Expression { span, kind }, depth, goes_on: false }
    }

    fn leaf(span: Span, kind: ExpressionKind) -> Self {
        Self::new(span, kind, 1)
    }

    /// What stands where a part was too deep.
    pub(super) fn hole(span: Span) -> Self {
        Self::leaf(span, ExpressionKind::Ellipsis)
    }
}

/// The expressions of a list, with what its brackets and commas tell.
struct Items {
    items: Vec<Expression>,
    depth: u32,
    span: Span,
    has_comma: bool,
}

impl Builder<'_> {
    /// Replaces an expression that has no room for one more level around it, and reports the place.
    pub(super) fn shallow(&mut self, built: Built, place: Span) -> Built {
        if built.depth < MAX_DEPTH {
            return built;
        }
        if !self.is_too_deep {
            self.is_too_deep = true;
            self.diagnostics.push(
                Diagnostic::new(Code::E012, place, "nested too deeply")
                    .at(format!("operators and calls in each other exceed the limit of {MAX_DEPTH} levels"))
                    .help("give parts of it names: `x = …` on lines before"),
            );
        }
        Built::hole(built.expression.span)
    }

    /// `a`, or `a, b` as a tuple.
    pub(super) fn expressions(&mut self, node: Node<'_>) -> Expression {
        let mut list = self.items(node);
        if list.items.len() == 1 && !list.has_comma {
            let only = list.items.remove(0);
            return self.unstarred(only);
        }
        Expression { span: list.span, kind: ExpressionKind::Tuple(list.items) }
    }

    /// All expressions directly in a node; the span reaches from its first to its last piece.
    fn items(&mut self, node: Node<'_>) -> Items {
        let mut list = Items { items: Vec::new(), depth: 0, span: self.span(&node), has_comma: false };
        for child in node.children() {
            if matches!(child.rule(), Rule::expression | Rule::starred) {
                let place = list.span;
                let item = self.item(child);
                let item = self.shallow(item, place);
                list.depth = list.depth.max(item.depth);
                list.span.end = item.expression.span.end;
                list.items.push(item.expression);
            } else {
                list.has_comma |= matches!(child.rule(), Rule::comma | Rule::trailing);
                list.span.end = self.span(&child).end;
            }
        }
        list
    }

    /// `then if condition else otherwise`, any number of them from right to left.
    pub(super) fn expression(&mut self, node: Node<'_>) -> Built {
        let mut chain = Chain::default();
        let mut parts = Vec::new();
        let mut open_if = None;
        for child in node.children() {
            let rule = child.rule();
            if !matches!(rule, Rule::word_if | Rule::word_else) {
                self.link(child, &mut chain);
                continue;
            }
            let place = self.span(&child);
            let is_in_order = (rule == Rule::word_if) == open_if.is_none();
            if !is_in_order {
                self.out_of_order(rule, place);
            }
            open_if = (rule == Rule::word_if).then_some(place);
            let part = self.end_chain(&mut chain);
            if is_in_order {
                parts.push(part);
            }
        }
        if let Some(place) = open_if {
            self.out_of_order(Rule::word_if, place);
        }
        let mut whole = self.end_chain(&mut chain);
        while let (Some(condition), Some(then)) = (parts.pop(), parts.pop()) {
            whole = self.conditional(then, condition, whole);
        }
        whole
    }

    /// Reports an `if` without `else`, or an `else` without `if`.
    fn out_of_order(&mut self, rule: Rule, place: Span) {
        let (word, other) = if rule == Rule::word_if { ("if", "else") } else { ("else", "if") };
        let diagnostic = Diagnostic::new(Code::E001, place, format!("`{word}` without `{other}`"));
        self.diagnostics.push(diagnostic.help("a choice is written `a if condition else b`"));
    }

    fn conditional(&mut self, then: Built, condition: Built, otherwise: Built) -> Built {
        let place = condition.expression.span;
        let [then, condition, otherwise] = [then, condition, otherwise].map(|part| self.shallow(part, place));
        let depth = then.depth.max(condition.depth).max(otherwise.depth) + 1;
        let span = then.expression.span.to(otherwise.expression.span);
        let kind = ExpressionKind::Conditional {
            then: Box::new(then.expression),
            condition: Box::new(condition.expression),
            otherwise: Box::new(otherwise.expression),
        };
        Built::new(span, kind, depth)
    }

    /// An atom with the calls, subscripts and attributes behind it.
    pub(super) fn operand(&mut self, node: Node<'_>) -> Built {
        let mut built = Built::hole(Span::default());
        for child in node.children() {
            built = match child.rule() {
                Rule::call => self.call(built, child),
                Rule::subscript => self.subscript(built, child),
                Rule::attribute => self.attribute(built, child),
                _ => self.atom(child),
            };
        }
        built
    }

    fn atom(&mut self, node: Node<'_>) -> Built {
        let span = self.span(&node);
        match node.rule() {
            Rule::strings => self.strings(node),
            Rule::parentheses => self.parentheses(node),
            Rule::list => {
                let clauses: Vec<_> = node.clone().children().filter(|child| child.rule() == Rule::clause).collect();
                let list = self.items(node);
                if clauses.is_empty() {
                    return Built::new(list.span, ExpressionKind::List(list.items), list.depth + 1);
                }
                self.comprehension(list, clauses)
            }
            Rule::dictionary => self.dictionary(node),
            Rule::number => Built::leaf(span, number(node.text())),
            Rule::truth => Built::leaf(span, ExpressionKind::Boolean(true)),
            Rule::falsehood => Built::leaf(span, ExpressionKind::Boolean(false)),
            Rule::none => Built::leaf(span, ExpressionKind::None),
            Rule::ellipsis => Built::leaf(span, ExpressionKind::Ellipsis),
            _ => Built::leaf(span, ExpressionKind::Name(node.text().to_owned())),
        }
    }

    /// String literals side by side are one string.
    fn strings(&mut self, node: Node<'_>) -> Built {
        let mut span = self.span(&node);
        let mut text = String::new();
        let mut formatted = Formatted::default();
        for child in node.children() {
            span.end = self.span(&child).end;
            if formatted::is_formatted(child.text()) {
                formatted.push(std::mem::take(&mut text));
                self.formatted(&child, &mut formatted);
            } else {
                self.string(&child, &mut text);
            }
        }
        if formatted.is_empty() {
            return Built::leaf(span, ExpressionKind::String(text));
        }
        formatted.push(text);
        let depth = formatted.depth + 1;
        Built::new(span, ExpressionKind::Formatted(formatted.pieces), depth)
    }

    /// A tuple, or just parentheses, which then belong to what they hold.
    fn parentheses(&mut self, node: Node<'_>) -> Built {
        let mut list = self.items(node);
        if list.items.len() == 1 && !list.has_comma {
            let inner = list.items.remove(0);
            let inner = self.unstarred(inner);
            return Built::new(list.span, inner.kind, list.depth);
        }
        Built::new(list.span, ExpressionKind::Tuple(list.items), list.depth + 1)
    }

    /// An entry of a list: an expression, or the items of one.
    fn item(&mut self, node: Node<'_>) -> Built {
        if node.rule() == Rule::expression {
            return self.expression(node);
        }
        let mut span = self.span(&node);
        let mut inner = Built::hole(span);
        for child in node.children() {
            match child.rule() {
                Rule::expression => inner = self.expression(child),
                _ => span.start = self.span(&child).start,
            }
        }
        let inner = self.shallow(inner, span);
        span.end = inner.expression.span.end;
        Built::new(span, ExpressionKind::Starred(Box::new(inner.expression)), inner.depth + 1)
    }

    /// An entry that stands alone: `*a` is nothing by itself.
    fn unstarred(&mut self, item: Expression) -> Expression {
        let ExpressionKind::Starred(inner) = item.kind else { return item };
        let report = Diagnostic::new(Code::E001, item.span, "`*` needs a list or tuple around it");
        self.diagnostics.push(report.help("write `[*values]`, or leave the `*` out"));
        *inner
    }

    /// `[element for target in iterable if condition]`
    fn comprehension(&mut self, mut list: Items, nodes: Vec<Node<'_>>) -> Built {
        let mut depth = list.depth;
        let clauses = nodes.into_iter().map(|node| self.clause(node, &mut depth)).collect();
        let element = list.items.pop().unwrap_or(Built::hole(list.span).expression);
        if let ExpressionKind::Starred(_) = element.kind {
            let report = Diagnostic::new(Code::E001, element.span, "a comprehension has one entry a turn");
            self.diagnostics.push(report.at("`*` would give several").help("write a second `for` in it"));
        }
        let kind = ExpressionKind::Comprehension { element: Box::new(element), clauses };
        Built::new(list.span, kind, depth + 1)
    }

    fn clause(&mut self, node: Node<'_>, depth: &mut u32) -> Clause {
        let mut target = Target::Tuple(Vec::new(), self.span(&node));
        let mut parts = Vec::new();
        for child in node.children() {
            match child.rule() {
                Rule::targets => target = self.targets(child),
                Rule::plain => {
                    let place = self.span(&child);
                    let part = self.expression(child);
                    let part = self.shallow(part, place);
                    *depth = (*depth).max(part.depth);
                    parts.push(part.expression);
                }
                _ => {}
            }
        }
        let mut parts = parts.into_iter();
        let none = || Expression { span: Span::default(), kind: ExpressionKind::None };
        let iterable = parts.next().unwrap_or_else(none);
        Clause { target, iterable, conditions: parts.collect() }
    }

    fn dictionary(&mut self, node: Node<'_>) -> Built {
        let mut span = self.span(&node);
        let mut depth = 0;
        let mut pairs = Vec::new();
        for child in node.children() {
            if child.rule() != Rule::pair {
                span.end = self.span(&child).end;
                continue;
            }
            let list = self.items(child);
            depth = depth.max(list.depth);
            let mut items = list.items.into_iter();
            pairs.extend(items.next().zip(items.next()));
        }
        Built::new(span, ExpressionKind::Dictionary(pairs), depth + 1)
    }

    fn attribute(&mut self, value: Built, node: Node<'_>) -> Built {
        let Some(name) = node.children().find(|child| child.rule() == Rule::name) else { return value };
        let attribute = self.name(&name);
        let value = self.shallow(value, attribute.span);
        let (span, depth) = (value.expression.span.to(attribute.span), value.depth + 1);
        Built::new(span, ExpressionKind::Attribute { value: Box::new(value.expression), attribute }, depth)
    }

    fn call(&mut self, function: Built, node: Node<'_>) -> Built {
        let mut parentheses = self.span(&node);
        let function = self.shallow(function, Span::new(parentheses.start, parentheses.start + 1));
        let mut depth = function.depth;
        let mut arguments = Vec::new();
        for child in node.children() {
            if child.rule() == Rule::argument {
                let (argument, argument_depth) = self.argument(child);
                depth = depth.max(argument_depth);
                arguments.push(argument);
            } else {
                parentheses.end = self.span(&child).end;
            }
        }
        self.check_order(&arguments);
        let span = function.expression.span.to(parentheses);
        let kind = ExpressionKind::Call { function: Box::new(function.expression), arguments, parentheses };
        Built::new(span, kind, depth + 1)
    }

    fn argument(&mut self, node: Node<'_>) -> (Argument, u32) {
        let (mut name, mut spread, mut start) = (None, Spread::No, None);
        let mut value = Built::hole(self.span(&node));
        for child in node.children() {
            match child.rule() {
                Rule::name => name = Some(self.name(&child)),
                Rule::expression => value = self.expression(child),
                Rule::star => (spread, start) = (Spread::Items, Some(self.span(&child))),
                Rule::double_star => (spread, start) = (Spread::Pairs, Some(self.span(&child))),
                _ => {}
            }
        }
        let place = value.expression.span;
        let value = self.shallow(value, place);
        let span = name.as_ref().map(|name| name.span).or(start).map_or(place, |start| start.to(value.expression.span));
        (Argument { name, value: value.expression, spread, span }, value.depth)
    }

    /// What Python asks of a call's arguments before it looks at the function.
    fn check_order(&mut self, arguments: &[Argument]) {
        let mut seen = std::collections::HashMap::new();
        let mut last_keyword = None;
        for argument in arguments {
            let Some(name) = &argument.name else {
                if argument.spread != Spread::No {
                    continue;
                }
                if let Some(keyword) = last_keyword.take() {
                    self.diagnostics.push(
                        Diagnostic::new(
                            Code::E021,
                            argument.span,
                            "an argument without a name follows one with a name",
                        )
                        .label(keyword, "named")
                        .help("put it before the named ones, or name it"),
                    );
                }
                continue;
            };
            last_keyword = Some(argument.span);
            if let Some(first) = seen.insert(name.text.as_str(), name.span) {
                let title = format!("`{}` is given twice", name.text);
                self.diagnostics.push(Diagnostic::new(Code::E113, name.span, title).label(first, "given here first"));
            }
        }
    }

    fn subscript(&mut self, value: Built, node: Node<'_>) -> Built {
        let mut brackets = self.span(&node);
        let value = self.shallow(value, Span::new(brackets.start, brackets.start + 1));
        let mut depth = value.depth;
        let mut indices = Vec::new();
        for child in node.children() {
            if child.rule() == Rule::index {
                let (index, index_depth) = self.index(child);
                depth = depth.max(index_depth);
                indices.push(index);
            } else {
                brackets.end = self.span(&child).end;
            }
        }
        let span = value.expression.span.to(brackets);
        let kind = ExpressionKind::Subscript { value: Box::new(value.expression), indices };
        Built::new(span, kind, depth + 1)
    }

    fn index(&mut self, node: Node<'_>) -> (Index, u32) {
        let mut span = self.span(&node);
        let (mut n_colons, mut depth) = (0, 0);
        let mut parts = [None, None, None];
        for child in node.children() {
            if child.rule() == Rule::colon {
                n_colons += 1;
                span.end = self.span(&child).end;
                continue;
            }
            let part = self.expression(child);
            let part = self.shallow(part, span);
            depth = depth.max(part.depth);
            span.end = part.expression.span.end;
            parts[n_colons] = Some(part.expression);
        }
        match parts {
            [Some(at), None, None] if n_colons == 0 => (Index::At(at), depth),
            [from, to, step] => (Index::Slice { from, to, step, span }, depth),
        }
    }
}

/// A number's value. The lexer has reported and replaced those that have none.
fn number(text: &str) -> ExpressionKind {
    match number::value(text) {
        Ok(Number::Integer(value)) => ExpressionKind::Integer(value),
        Ok(Number::Float(value)) => ExpressionKind::Float(value),
        Err(_) => ExpressionKind::Integer(0),
    }
}
