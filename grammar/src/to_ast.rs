//! Parsed pieces to the syntax tree: statements here, expressions in `to_ast/`.
//!
//! What fits `rnn.pest` and is no Python all the same (an assignment to a call, a keyword given twice, an escape without
//! meaning) is reported here.

mod expression;
mod formatted;
mod operators;
mod string;

use crate::ast::{
    BinaryOperator, DottedName, Expression, ExpressionKind, ImportedModule, ImportedName, ImportedNames, Name,
    Statement, StatementKind, Target,
};
use crate::parser::{Node, Rule};
use crate::patch::Patched;
use crate::{Code, Diagnostic, Span};

/// The head of a loop: what is bound, and what is walked.
#[derive(Debug)]
pub(crate) struct ForHead {
    pub(crate) span: Span,
    pub(crate) target: Target,
    pub(crate) iterable: Expression,
}

/// The statement that a [`Rule::line`] holds; nothing where a mistake makes it meaningless.
pub(crate) fn statement(node: Node<'_>, patched: &Patched<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Statement> {
    let mut builder = Builder { patched, diagnostics, is_too_deep: false };
    let statement = node.children().next()?;
    builder.statement(statement).filter(|_| !builder.is_too_deep)
}

/// The head of a loop that a [`Rule::head`] holds.
pub(crate) fn head(node: Node<'_>, patched: &Patched<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<ForHead> {
    let mut builder = Builder { patched, diagnostics, is_too_deep: false };
    let (mut target, mut iterable, mut span) = (None, None, None);
    for child in node.children() {
        match child.rule() {
            Rule::targets => target = Some(builder.targets(child)),
            Rule::expressions => iterable = Some(builder.expressions(child)),
            Rule::word_for | Rule::colon => {
                let place = builder.span(&child);
                span = Some(span.map_or(place, |span: Span| span.to(place)));
            }
            _ => {}
        }
    }
    Some(ForHead { span: span?, target: target?, iterable: iterable? }).filter(|_| !builder.is_too_deep)
}

/// Builds one statement's tree.
struct Builder<'b> {
    patched: &'b Patched<'b>,
    diagnostics: &'b mut Vec<Diagnostic>,
    /// A limit was exceeded and reported: the tree has a hole.
    is_too_deep: bool,
}

impl Builder<'_> {
    fn span(&self, node: &Node<'_>) -> Span {
        self.patched.original(node.span())
    }

    fn name(&self, node: &Node<'_>) -> Name {
        Name { text: node.text().to_owned(), span: self.span(node) }
    }

    fn statement(&mut self, node: Node<'_>) -> Option<Statement> {
        let span = self.span(&node);
        match node.rule() {
            Rule::pass => Some(Statement { span, kind: StatementKind::Pass }),
            Rule::import => Some(self.import(node)),
            Rule::from_import => self.import_from(node),
            Rule::assertion => self.assertion(node),
            _ => self.assignment(node),
        }
    }

    fn import(&mut self, node: Node<'_>) -> Statement {
        let mut span = self.span(&node);
        let mut modules = Vec::new();
        for child in node.children() {
            match child.rule() {
                Rule::module => modules.push(self.module(child)),
                _ => span.end = self.span(&child).end,
            }
        }
        if let Some(last) = modules.last() {
            span.end = last.alias.as_ref().map_or(last.module.span.end, |alias| alias.span.end);
        }
        Statement { span, kind: StatementKind::Import(modules) }
    }

    fn module(&mut self, node: Node<'_>) -> ImportedModule {
        let mut module = DottedName { text: String::new(), span: self.span(&node) };
        let mut alias = None;
        for child in node.children() {
            match child.rule() {
                Rule::dotted => module = self.dotted(child),
                Rule::name => alias = Some(self.name(&child)),
                _ => {}
            }
        }
        ImportedModule { module, alias }
    }

    fn dotted(&mut self, node: Node<'_>) -> DottedName {
        let mut dotted = DottedName { text: String::new(), span: self.span(&node) };
        for child in node.children() {
            dotted.text.push_str(child.text());
            dotted.span.end = self.span(&child).end;
        }
        dotted
    }

    fn import_from(&mut self, node: Node<'_>) -> Option<Statement> {
        let mut span = self.span(&node);
        let (mut module, mut all, mut names) = (None, None, Vec::new());
        for child in node.children() {
            match child.rule() {
                Rule::dotted => module = Some(self.dotted(child)),
                Rule::imported => names.push(self.imported(child, &mut span)),
                rule => {
                    let place = self.span(&child);
                    span.end = place.end;
                    if rule == Rule::star {
                        all = Some(place);
                    }
                }
            }
        }
        let names = all.map_or(ImportedNames::Names(names), ImportedNames::All);
        Some(Statement { span, kind: StatementKind::FromImport { module: module?, names } })
    }

    fn imported(&mut self, node: Node<'_>, statement: &mut Span) -> ImportedName {
        let mut names = node.children().filter(|child| child.rule() == Rule::name).map(|child| self.name(&child));
        let none = || Name { text: String::new(), span: Span::default() };
        let imported = ImportedName { name: names.next().unwrap_or_else(none), alias: names.next() };
        statement.end = imported.alias.as_ref().unwrap_or(&imported.name).span.end;
        imported
    }

    fn assertion(&mut self, node: Node<'_>) -> Option<Statement> {
        let mut span = self.span(&node);
        let mut parts = Vec::new();
        for child in node.children().filter(|child| child.rule() == Rule::expression) {
            let part = self.expression(child).expression;
            span.end = part.span.end;
            parts.push(part);
        }
        let mut parts = parts.into_iter();
        let condition = parts.next()?;
        Some(Statement { span, kind: StatementKind::Assert { condition, message: parts.next() } })
    }

    /// `a`, `a = b = c`, `a += b`: one rule, as only what follows `a` tells them apart.
    fn assignment(&mut self, node: Node<'_>) -> Option<Statement> {
        let mut augment = None;
        let mut parts = Vec::new();
        for child in node.children() {
            match child.rule() {
                Rule::expressions => parts.push(self.expressions(child)),
                Rule::augment => augment = Some((operators::augmented(child.text()), self.span(&child))),
                _ => {}
            }
        }
        let value = parts.pop()?;
        let span = parts.first().map_or(value.span, |first| first.span.to(value.span));
        let kind = match augment {
            Some((operator, place)) => self.augmented(parts.pop()?, operator, place, value)?,
            None if parts.is_empty() && matches!(value.kind, ExpressionKind::Ellipsis) => StatementKind::Pass,
            None if parts.is_empty() => StatementKind::Expression(value),
            None => {
                let targets: Vec<_> = parts.into_iter().map(|part| self.target(part)).collect();
                StatementKind::Assign { targets: targets.into_iter().collect::<Option<_>>()?, value }
            }
        };
        Some(Statement { span, kind })
    }

    fn augmented(
        &mut self,
        left: Expression,
        operator: BinaryOperator,
        place: Span,
        value: Expression,
    ) -> Option<StatementKind> {
        let span = left.span;
        match self.target(left)? {
            Target::Name(target) => Some(StatementKind::AugmentedAssign { target, operator, value }),
            Target::Tuple(..) | Target::Starred(_) => {
                let report = Diagnostic::new(Code::E019, span, "several names can't be changed at once");
                self.diagnostics.push(report.label(place, "takes one name on its left"));
                None
            }
        }
    }

    /// The left side of `=`, which was read as an expression.
    fn target(&mut self, expression: Expression) -> Option<Target> {
        let span = expression.span;
        let (title, help) = match expression.kind {
            ExpressionKind::Name(text) => return Some(Target::Name(Name { text, span })),
            ExpressionKind::Tuple(parts) | ExpressionKind::List(parts) => {
                let targets: Vec<_> = parts.into_iter().map(|part| self.target_in_list(part)).collect();
                let targets = targets.into_iter().collect::<Option<Vec<_>>>()?;
                self.check_stars(&targets);
                return Some(Target::Tuple(targets, span));
            }
            ExpressionKind::Starred(_) => ("a `*` name stands alone", "write a list: `first, *others = …`"),
            ExpressionKind::Call { .. } => ("a call can't be assigned to", "a name stands left of `=`; `==` compares"),
            ExpressionKind::Attribute { .. } => (
                "an attribute can't be assigned to",
                "layers and models are fixed once they are made: give the value as an argument, such as `name=\"tagger\"`",
            ),
            ExpressionKind::Subscript { .. } => {
                ("an entry can't be assigned to", "write the whole list or tuple with its new entry")
            }
            ExpressionKind::Comparison { .. } => {
                ("a comparison can't be assigned to", "write one `=` to assign, `==` to compare")
            }
            ExpressionKind::Boolean(_) | ExpressionKind::None | ExpressionKind::Ellipsis => {
                ("a constant of the language can't be assigned to", "choose another name")
            }
            ExpressionKind::Integer(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::String(_)
            | ExpressionKind::Formatted(_) => {
                ("a literal can't be assigned to", "a name stands left of `=`, its value right of it")
            }
            ExpressionKind::Dictionary(_)
            | ExpressionKind::Comprehension { .. }
            | ExpressionKind::Unary { .. }
            | ExpressionKind::Binary { .. }
            | ExpressionKind::Logic { .. }
            | ExpressionKind::Conditional { .. } => (
                "an expression can't be assigned to",
                "a name stands left of `=`, letters, digits and `_`; `==` compares",
            ),
        };
        self.diagnostics.push(Diagnostic::new(Code::E019, span, title).help(help));
        None
    }

    /// `a`, `*a` or a list of such, within a list of targets.
    fn target_in_list(&mut self, part: Expression) -> Option<Target> {
        let ExpressionKind::Starred(inner) = part.kind else { return self.target(part) };
        match self.target(*inner)? {
            Target::Name(name) => Some(Target::Starred(name)),
            Target::Tuple(..) | Target::Starred(_) => {
                let report = Diagnostic::new(Code::E019, part.span, "`*` takes one name");
                self.diagnostics.push(report.help("the name becomes a list of what the others leave"));
                None
            }
        }
    }

    /// One `*` at most can take what the others leave.
    fn check_stars(&mut self, targets: &[Target]) {
        let mut stars = targets.iter().filter_map(|target| match target {
            Target::Starred(name) => Some(name.span),
            Target::Name(_) | Target::Tuple(..) => None,
        });
        if let (Some(first), Some(second)) = (stars.next(), stars.next()) {
            let report = Diagnostic::new(Code::E019, second, "two names take what the others leave");
            self.diagnostics.push(report.at("a second `*`").label(first, "the first one").help("take one `*` away"));
        }
    }

    fn targets(&mut self, node: Node<'_>) -> Target {
        let mut span = self.span(&node);
        let mut parts = Vec::new();
        let mut has_comma = false;
        for child in node.children() {
            if child.rule() == Rule::comma {
                has_comma = true;
                span.end = self.span(&child).end;
                continue;
            }
            let part = self.loop_target(child);
            span.end = match &part {
                Target::Name(name) | Target::Starred(name) => name.span.end,
                Target::Tuple(_, span) => span.end,
            };
            parts.push(part);
        }
        match parts.pop() {
            Some(Target::Starred(name)) if parts.is_empty() && !has_comma => {
                let report = Diagnostic::new(Code::E019, name.span, "a `*` name stands alone");
                self.diagnostics.push(report.help("write a list: `first, *others`"));
                Target::Name(name)
            }
            Some(only) if parts.is_empty() && !has_comma => only,
            last => {
                let parts: Vec<_> = parts.into_iter().chain(last).collect();
                self.check_stars(&parts);
                Target::Tuple(parts, span)
            }
        }
    }

    /// One name, or targets in brackets.
    fn loop_target(&mut self, node: Node<'_>) -> Target {
        let mut span = self.span(&node);
        let mut inner = Target::Tuple(Vec::new(), span);
        let (mut is_list, mut is_starred) = (false, false);
        for child in node.children() {
            match child.rule() {
                Rule::star => is_starred = true,
                Rule::name if is_starred => return Target::Starred(self.name(&child)),
                Rule::name => return Target::Name(self.name(&child)),
                Rule::targets => inner = self.targets(child),
                rule => {
                    is_list |= rule == Rule::open_list;
                    span.end = self.span(&child).end;
                }
            }
        }
        match inner {
            Target::Tuple(parts, _) => Target::Tuple(parts, span),
            Target::Name(_) if is_list => Target::Tuple(vec![inner], span),
            Target::Name(_) | Target::Starred(_) => inner,
        }
    }
}
