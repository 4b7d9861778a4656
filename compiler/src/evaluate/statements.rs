//! Statements, one after the other.

use std::rc::Rc;

use rnn_grammar::ast::{BinaryOperator, Expression, Name, Statement, StatementKind, Target};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::evaluate::{Evaluator, operators};
use crate::graph::NodeKind;
use crate::value::{Located, Value};

impl Evaluator<'_> {
    /// Runs statements in order.
    pub(super) fn run(&mut self, statements: &[Statement]) {
        for statement in statements {
            if self.step(1, statement.span).is_none() {
                return;
            }
            self.statement = statement.span;
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Import(modules) => modules.iter().for_each(|module| self.import(module)),
            StatementKind::FromImport { module, names } => self.import_from(module, names),
            StatementKind::Assign { targets, value } => {
                let result = self.expression(value);
                targets.iter().for_each(|target| self.assign(target, result.clone(), value.span));
            }
            StatementKind::AugmentedAssign { target, operator, value } => self.augment(target, *operator, value),
            StatementKind::Expression(expression) => {
                self.expression(expression);
            }
            StatementKind::Assert { condition, message } => self.assert(condition, message.as_ref()),
            StatementKind::For { target, iterable, body } => self.repeat(target, iterable, body),
            StatementKind::Pass => {}
        }
    }

    pub(super) fn assign(&mut self, target: &Target, value: Option<Value>, span: Span) {
        match target {
            Target::Name(name) | Target::Starred(name) => self.bind_name(name, value),
            Target::Tuple(targets, _) => {
                let star = targets.iter().position(|target| matches!(target, Target::Starred(_)));
                let items = value.and_then(|value| self.unpacked(targets.len(), star, &Located { value, span }));
                for (index, target) in targets.iter().enumerate() {
                    let item = items.as_ref().map(|items| items[index].clone());
                    let item_span = item.as_ref().map_or(span, |item| item.span);
                    self.assign(target, item.map(|item| item.value), item_span);
                }
            }
        }
    }

    /// The items of a value that is unpacked into `count` names, the one at `star` a list of what the others leave.
    fn unpacked(&mut self, count: usize, star: Option<usize>, value: &Located) -> Option<Vec<Located>> {
        let mut items = self.items_of(value)?;
        match star {
            None if items.len() == count => return Some(items),
            Some(star) if items.len() + 1 >= count => {
                let end = items.len() + 1 - (count - star);
                let taken: Vec<Located> = items.drain(star..end).collect();
                self.hold(&taken);
                items.insert(star, Located { value: operators::growing(taken), span: value.span });
                return Some(items);
            }
            _ => {}
        }
        let names = match star {
            Some(_) => format!("at least {}", counted(count - 1, "name")),
            None => counted(count, "name"),
        };
        let title = format!("{} for {names}", counted(items.len(), "value"));
        let mistake = Diagnostic::new(Code::E133, value.span, title);
        let mistake = mistake.at(format!("has {}", counted(items.len(), "value")));
        self.fail(match self.answer_of(&items) {
            Some(answer) => mistake.help(answer),
            None => mistake,
        })
    }

    /// What a recurrent layer answers, where these values are its output and states.
    fn answer_of(&self, items: &[Located]) -> Option<String> {
        let Value::Tensor(tensor) = items.first()?.value else { return None };
        let NodeKind::Layer { instance, .. } = &self.inference.node(tensor.node).node.kind else { return None };
        instance.layer.recurrence().filter(|flags| flags.return_state)?;
        let class = instance.layer.declaration().class;
        Some(format!("`{class}` answers its output and {}", counted(items.len() - 1, "state")))
    }

    fn augment(&mut self, target: &Name, operator: BinaryOperator, value: &Expression) {
        let current = self.name(&target.text, target.span);
        let addend = self.expression(value);
        let (Some(current), Some(addend)) = (current, addend) else { return self.bind_name(target, None) };
        // `+=` changes a list in place, also under its other names.
        if let (BinaryOperator::Add, Value::Growing(list)) = (operator, &current) {
            let added = self.items_of(&Located { value: addend, span: value.span });
            let Some(added) = added else { return self.bind_name(target, None) };
            self.extend(&Rc::clone(list), added, value.span);
            return;
        }
        let left = Located { value: current, span: target.span };
        let right = Located { value: addend, span: value.span };
        let result = self.binary(operator, &left, &right, target.span.to(value.span));
        self.bind_name(target, result);
    }

    pub(super) fn binary(
        &mut self,
        operator: BinaryOperator,
        left: &Located,
        right: &Located,
        span: Span,
    ) -> Option<Value> {
        if matches!(left.value, Value::Failed) || matches!(right.value, Value::Failed) {
            return None;
        }
        if [left, right].iter().any(|side| matches!(side.value, Value::Tensor(_))) {
            return self.tensor_binary(operator, left, right, span);
        }
        match operators::binary(operator, left, right, span) {
            Ok(value) => {
                self.check_size(&value, span)?;
                Some(value)
            }
            Err(mistake) => self.fail(*mistake),
        }
    }

    fn repeat(&mut self, target: &Target, iterable: &Expression, body: &[Statement]) {
        let items = self.expression(iterable).and_then(|value| self.items_of(&Located { value, span: iterable.span }));
        let Some(items) = items else { return self.give_up_on(target, body) };
        for item in items {
            if self.step(1, iterable.span).is_none() {
                return;
            }
            self.assign(target, Some(item.value), item.span);
            self.run(body);
        }
    }

    /// A loop over something unknown: what it would have bound or changed is unknown too.
    fn give_up_on(&mut self, target: &Target, body: &[Statement]) {
        self.assign_failed(target);
        body.iter().for_each(|statement| self.forget(statement));
        self.models.iter_mut().for_each(|model| model.is_failed = true);
    }

    fn forget(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Assign { targets, .. } => targets.iter().for_each(|target| self.assign_failed(target)),
            StatementKind::AugmentedAssign { target, .. } => self.bind_name(target, None),
            StatementKind::For { target, body, .. } => {
                self.assign_failed(target);
                body.iter().for_each(|statement| self.forget(statement));
            }
            StatementKind::Import(_)
            | StatementKind::FromImport { .. }
            | StatementKind::Expression(_)
            | StatementKind::Assert { .. }
            | StatementKind::Pass => {}
        }
    }

    fn assign_failed(&mut self, target: &Target) {
        match target {
            Target::Name(name) | Target::Starred(name) => self.bind_name(name, None),
            Target::Tuple(targets, _) => targets.iter().for_each(|target| self.assign_failed(target)),
        }
    }
}

/// `1 value`, `2 values`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
