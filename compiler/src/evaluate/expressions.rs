//! Expressions.

use rnn_grammar::ast::{
    Clause, ComparisonOperator, Expression, ExpressionKind, LogicOperator, Piece, Target, UnaryOperator,
};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::evaluate::comparison::{self, Incomparable, range_length, truth};
use crate::evaluate::imports::{not_yet, outside};
use crate::evaluate::limits::{MAX_EXPRESSION_DEPTH, MAX_ITEMS};
use crate::evaluate::operators::{self, growing};
use crate::evaluate::text::{MAX_TEXT, format_value, kind_of, repr};
use crate::evaluate::{Binding, Evaluator, Variable, builtins};
use crate::names::{self, Member, closest};
use crate::value::{Located, Value};

impl Evaluator<'_> {
    /// The value of an expression; `None` where a mistake in it is reported.
    pub(super) fn expression(&mut self, expression: &Expression) -> Option<Value> {
        self.step(1, expression.span)?;
        if self.depth >= MAX_EXPRESSION_DEPTH {
            let title = format!("expressions nest more than {MAX_EXPRESSION_DEPTH} levels deep");
            return self.fail(Diagnostic::new(Code::E132, expression.span, title).at("too deep"));
        }
        self.depth += 1;
        let value = self.kind(expression);
        self.depth -= 1;
        value.filter(|value| !matches!(value, Value::Failed))
    }

    /// The value with its place; a failed one where a mistake is reported.
    pub(super) fn located(&mut self, expression: &Expression) -> Located {
        Located { value: self.expression(expression).unwrap_or(Value::Failed), span: expression.span }
    }

    fn kind(&mut self, expression: &Expression) -> Option<Value> {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Integer(value) => Some(Value::Integer(*value)),
            ExpressionKind::Float(value) => Some(Value::Float(*value)),
            ExpressionKind::String(text) => Some(Value::String(text.as_str().into())),
            ExpressionKind::Boolean(value) => Some(Value::Boolean(*value)),
            ExpressionKind::None => Some(Value::None),
            ExpressionKind::Ellipsis => {
                self.fail(Diagnostic::new(Code::E115, span, "`...` has no value here").help("write the value"))
            }
            ExpressionKind::Name(name) => self.name(name, span),
            ExpressionKind::Tuple(items) => self.sequence(items, span, |items| Value::Tuple(items.into())),
            ExpressionKind::List(items) => self.sequence(items, span, growing),
            ExpressionKind::Dictionary(entries) => self.dictionary(entries, span),
            ExpressionKind::Starred(value) => {
                // Only a list around it knows what to do with several values; the parser has said so.
                self.expression(value);
                None
            }
            ExpressionKind::Comprehension { element, clauses } => self.comprehension(element, clauses, span),
            ExpressionKind::Formatted(pieces) => self.formatted(pieces, span),
            ExpressionKind::Attribute { value, attribute } => self.attribute(value, attribute, span),
            ExpressionKind::Call { function, arguments, parentheses } => {
                self.call(function, arguments, *parentheses, span)
            }
            ExpressionKind::Subscript { value, indices } => self.subscript(value, indices, span),
            ExpressionKind::Unary { operator, operand } => {
                let operand = Located { value: self.expression(operand)?, span: operand.span };
                match (operator, &operand.value) {
                    (UnaryOperator::Minus, &Value::Tensor(tensor)) => return self.tensor_negative(tensor, span),
                    (UnaryOperator::Invert, &Value::Tensor(tensor)) => return self.tensor_not(tensor, span),
                    (UnaryOperator::Not, Value::Tensor(_)) => return self.no_truth_value(span),
                    _ => {}
                }
                operators::unary(*operator, &operand, span).map_err(|mistake| self.report(*mistake)).ok()
            }
            ExpressionKind::Binary { .. } => self.binary_chain(expression),
            ExpressionKind::Comparison { first, rest } => self.comparison(first, rest),
            ExpressionKind::Logic { operator, operands } => self.logic(*operator, operands),
            ExpressionKind::Conditional { then, condition, otherwise } => {
                let value = self.expression(condition)?;
                let holds = self.holds(&value, condition.span)?;
                self.expression(if holds { then } else { otherwise })
            }
        }
    }

    /// `a + b + c + …` leans to the left and can be long: walked without recursion.
    fn binary_chain(&mut self, expression: &Expression) -> Option<Value> {
        let mut pending = Vec::new();
        let mut leftmost = expression;
        while let ExpressionKind::Binary { left, operator, right } = &leftmost.kind {
            pending.push((*operator, right, leftmost.span));
            leftmost = left;
        }
        let mut result = self.located(leftmost);
        for (operator, right, span) in pending.into_iter().rev() {
            let right = self.located(right);
            let value = self.binary(operator, &result, &right, span).unwrap_or(Value::Failed);
            result = Located { value, span };
        }
        Some(result.value)
    }

    fn sequence(
        &mut self,
        items: &[Expression],
        span: Span,
        make: impl FnOnce(Vec<Located>) -> Value,
    ) -> Option<Value> {
        // A failed item stays in its place: whoever uses it falls silent, the others are looked at.
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match &item.kind {
                ExpressionKind::Starred(inner) => values.extend(self.spread(inner)),
                _ => values.push(self.located(item)),
            }
        }
        self.collected(values, span, make)
    }

    /// The items of `*value`; a failed one where that has none.
    pub(super) fn spread(&mut self, value: &Expression) -> Vec<Located> {
        let given = self.located(value);
        self.items_of(&given).unwrap_or_else(|| vec![Located { value: Value::Failed, span: value.span }])
    }

    fn collected(
        &mut self,
        items: Vec<Located>,
        span: Span,
        make: impl FnOnce(Vec<Located>) -> Value,
    ) -> Option<Value> {
        self.hold(&items);
        let value = make(items);
        self.check_size(&value, span)?;
        Some(value)
    }

    /// `[element for target in iterable if condition]`. Its names are gone behind it, as in Python.
    fn comprehension(&mut self, element: &Expression, clauses: &[Clause], span: Span) -> Option<Value> {
        let mut names = Vec::new();
        clauses.iter().for_each(|clause| names_of(&clause.target, &mut names));
        let before: Vec<_> = names.iter().map(|name| (name.clone(), self.variables.get(name).cloned())).collect();
        let mut items = Vec::new();
        let walked = self.turns(element, clauses, &mut items);
        for (name, variable) in before {
            match variable {
                Some(variable) => self.variables.insert(name, variable),
                None => self.variables.remove(&name),
            };
        }
        walked?;
        self.collected(items, span, growing)
    }

    fn turns(&mut self, element: &Expression, clauses: &[Clause], items: &mut Vec<Located>) -> Option<()> {
        let Some((clause, inner)) = clauses.split_first() else {
            items.push(self.located(element));
            return Some(());
        };
        let walked = self.located(&clause.iterable);
        for item in self.items_of(&walked)? {
            self.step(1, clause.iterable.span)?;
            self.assign(&clause.target, Some(item.value), item.span);
            let mut holds = true;
            for condition in &clause.conditions {
                let value = self.expression(condition)?;
                holds = holds && self.holds(&value, condition.span)?;
            }
            if holds {
                self.turns(element, inner, items)?;
            }
        }
        Some(())
    }

    /// `f"lstm_{index}"`
    fn formatted(&mut self, pieces: &[Piece], span: Span) -> Option<Value> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Field { value: expression, is_repr, format } => {
                    let value = self.expression(expression)?;
                    let value = if *is_repr { Value::String(repr(&value).into()) } else { value };
                    match format_value(format, &value) {
                        Ok(shown) => text.push_str(&shown),
                        Err(reason) => return self.fail(Diagnostic::new(Code::E108, expression.span, reason)),
                    }
                }
            }
            if text.len() > MAX_TEXT {
                return self.fail(Diagnostic::new(Code::E132, span, "the text gets too long").at("too long"));
            }
        }
        Some(Value::String(text.into()))
    }

    fn dictionary(&mut self, entries: &[(Expression, Expression)], span: Span) -> Option<Value> {
        let mut result: Vec<(Located, Located)> = Vec::new();
        for (key, value) in entries {
            let entry = (self.located(key), self.located(value));
            self.hold(std::slice::from_ref(&entry.1));
            match result.iter_mut().find(|(known, _)| comparison::is_equal(&known.value, &entry.0.value)) {
                Some(known) => known.1 = entry.1,
                None => result.push(entry),
            }
            self.step(result.len(), span)?;
        }
        let value = Value::Dictionary(result.into());
        self.check_size(&value, span)?;
        Some(value)
    }

    /// What a name stands for: a variable, else a public name where nothing was imported.
    pub(super) fn name(&mut self, name: &str, span: Span) -> Option<Value> {
        match self.variables.get(name).map(|variable| variable.binding.clone()) {
            Some(Binding::Value(Value::Failed)) => return None,
            Some(Binding::Value(value)) => return Some(value),
            Some(Binding::Foreign(path, imported)) => {
                self.report_foreign(&path, imported, span);
                return None;
            }
            None => {}
        }
        match self.public_name(name) {
            Member::Known(value) => Some(value),
            Member::NotYet(class) => self.fail(not_yet(class, span)),
            Member::Outside => self.fail(outside(name, span)),
            Member::Missing => {
                let mistake = self.undefined(name, span);
                self.report(mistake);
                self.bind_text(name, Binding::Value(Value::Failed));
                None
            }
        }
    }

    fn public_name(&self, name: &str) -> Member {
        for module in self.starred.iter().rev() {
            let member = names::member(module, name);
            if !matches!(member, Member::Missing) {
                return member;
            }
        }
        if self.has_imports { Member::Missing } else { names::bare(name) }
    }

    /// Whether a name is neither a variable nor a public name, so that a builtin function may have it.
    pub(super) fn is_free(&self, name: &str) -> bool {
        !self.variables.contains_key(name) && matches!(self.public_name(name), Member::Missing)
    }

    fn undefined(&self, name: &str, span: Span) -> Diagnostic {
        if builtins::is_known(name) {
            return Diagnostic::new(Code::E108, span, format!("`{name}` is a function"))
                .help(format!("call it: `{name}(…)`"));
        }
        if let Some(advice) = builtins::elsewhere(name) {
            return Diagnostic::new(Code::E103, span, format!("`{name}` is not part of the language")).help(advice);
        }
        let diagnostic = Diagnostic::new(Code::E101, span, format!("`{name}` is not defined")).at("not known here");
        if let Some(home) = names::home(name).filter(|_| self.has_imports) {
            let line = format!("from {home} import {name}");
            return diagnostic.fix(format!("import it: `{line}`"), Span::default(), format!("{line}\n"));
        }
        let known = |variable: &Variable| !matches!(variable.binding, Binding::Value(Value::Failed));
        let variables = self.variables.iter().filter(|(_, variable)| known(variable));
        let mut candidates: Vec<&str> = variables.map(|(name, _)| name.as_str()).collect();
        candidates.sort_unstable();
        candidates.extend(["True", "False", "None"]);
        candidates.extend(builtins::NAMES);
        if !self.has_imports {
            candidates.extend(["Sequential", "Model", "keras", "layers"]);
            candidates.extend(names::layer_names());
        }
        match closest(name, candidates) {
            Some(near) => diagnostic.fix(format!("did you mean `{near}`?"), span, near),
            None => diagnostic.help(format!("give it a value first: `{name} = …`")),
        }
    }

    fn comparison(&mut self, first: &Expression, rest: &[(ComparisonOperator, Expression)]) -> Option<Value> {
        let mut left = Located { value: self.expression(first)?, span: first.span };
        for (operator, right) in rest {
            let right = Located { value: self.expression(right)?, span: right.span };
            if is_of_values(*operator, &left, &right) {
                let span = left.span.to(right.span);
                let compared = self.tensor_comparison(*operator, &left, &right, span)?;
                // A chain asks whether each comparison holds.
                return if rest.len() == 1 { Some(compared) } else { self.no_truth_value(span) };
            }
            self.warn_objects(*operator, &left, &right);
            if !self.compare(*operator, &left, &right)? {
                return Some(Value::Boolean(false));
            }
            left = right;
        }
        Some(Value::Boolean(true))
    }

    /// `x == 0` of a tensor compares no values.
    fn warn_objects(&mut self, operator: ComparisonOperator, left: &Located, right: &Located) {
        let is_other = match (&left.value, &right.value) {
            (Value::Tensor(left), Value::Tensor(right)) => left != right,
            (Value::Tensor(_), other) | (other, Value::Tensor(_)) => operators::number(other).is_some(),
            _ => false,
        };
        if operator == ComparisonOperator::Equal && is_other {
            let span = left.span.to(right.span);
            let warning = Diagnostic::new(Code::W110, span, "`==` does not look at a symbolic tensor's values");
            self.report(warning.at("`False`").help("write `keras.ops.equal(x, y)`"));
        }
    }

    /// Python asks whether a tensor holds, which is not known before the model runs.
    pub(super) fn no_truth_value<T>(&mut self, span: Span) -> Option<T> {
        let mistake = Diagnostic::new(Code::E108, span, "a symbolic tensor is neither true nor false");
        self.fail(
            mistake
                .at("its values are not known yet")
                .help("`&`, `|` and `~` join truth values, `keras.ops.where(condition, x, y)` chooses between tensors"),
        )
    }

    /// Whether a value holds.
    pub(super) fn holds(&mut self, value: &Value, span: Span) -> Option<bool> {
        if matches!(value, Value::Tensor(_)) {
            return self.no_truth_value(span);
        }
        Some(truth(value))
    }

    /// One comparison of a chain.
    pub(super) fn compare(&mut self, operator: ComparisonOperator, left: &Located, right: &Located) -> Option<bool> {
        if limits_failed(&left.value) || limits_failed(&right.value) {
            return None;
        }
        let span = left.span.to(right.span);
        self.step(1, span)?;
        match comparison::compare(operator, &left.value, &right.value) {
            Ok(holds) => Some(holds),
            Err(Incomparable::TooLarge) => {
                self.fail(Diagnostic::new(Code::E132, span, "the values are too large to compare"))
            }
            Err(Incomparable::Types) => {
                let (left_type, right_type) = (kind_of(&left.value), kind_of(&right.value));
                let title = match operator {
                    ComparisonOperator::In | ComparisonOperator::NotIn => {
                        format!("`in` does not look into {right_type} for {left_type}")
                    }
                    _ => format!("{left_type} and {right_type} have no order"),
                };
                self.fail(
                    Diagnostic::new(Code::E108, span, title)
                        .label(left.span, format!("this is `{}`", repr(&left.value)))
                        .label(right.span, format!("this is `{}`", repr(&right.value))),
                )
            }
        }
    }

    fn logic(&mut self, operator: LogicOperator, operands: &[Expression]) -> Option<Value> {
        let mut value = Value::None;
        for (index, operand) in operands.iter().enumerate() {
            value = self.expression(operand)?;
            // Python does not ask the last one.
            if index + 1 == operands.len() {
                break;
            }
            if self.holds(&value, operand.span)? == (operator == LogicOperator::Or) {
                break;
            }
        }
        Some(value)
    }

    /// The items that a `for` or an unpacking walks.
    pub(super) fn items_of(&mut self, value: &Located) -> Option<Vec<Located>> {
        let span = value.span;
        let items: Vec<Located> = match &value.value {
            Value::Tuple(items) | Value::List(items) => items.to_vec(),
            Value::Growing(items) => items.borrow().clone(),
            Value::String(text) => {
                text.chars().map(|c| Located { value: Value::String(c.to_string().into()), span }).collect()
            }
            Value::Dictionary(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
            Value::Range { start, stop, step } => {
                let length = range_length(*start, *stop, *step);
                let Some(length) = usize::try_from(length).ok().filter(|&length| length <= MAX_ITEMS) else {
                    let title = format!("the range has {length} values; {MAX_ITEMS} is the limit");
                    return self.fail(Diagnostic::new(Code::E132, span, title).at("too long"));
                };
                let values = (0..length).map(|index| start.wrapping_add(step.wrapping_mul(index as i128)));
                values.map(|value| Located { value: Value::Integer(value), span }).collect()
            }
            Value::Failed => return None,
            Value::Tensor(_) => return self.no_tensor_operator(span),
            Value::None
            | Value::Boolean(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Layer(_)
            | Value::Model(_)
            | Value::Activation(_)
            | Value::Training(..)
            | Value::Public(_) => {
                let shown = repr(&value.value);
                let mistake = Diagnostic::new(Code::E133, span, format!("`{shown}` has no items to walk"));
                let mistake = mistake.at(format!("this is {}", kind_of(&value.value)));
                return self.fail(match value.value {
                    Value::Integer(_) => mistake.help(format!("write `range({shown})` to count")),
                    _ => mistake,
                });
            }
        };
        self.step(items.len(), span)?;
        Some(items)
    }

    /// Whether the value is one of a failed computation, for callers that hold located values.
    pub(super) fn is_failed(value: &Located) -> bool {
        matches!(value.value, Value::Failed)
    }
}

/// Whether a value is failed or holds a failed item at its top level.
pub(super) fn limits_failed(value: &Value) -> bool {
    let failed = |items: &[Located]| items.iter().any(|item| matches!(item.value, Value::Failed));
    match value {
        Value::Failed => true,
        Value::Tuple(items) | Value::List(items) => failed(items),
        Value::Growing(items) => failed(&items.borrow()),
        _ => false,
    }
}

/// The names that a target binds.
fn names_of(target: &Target, names: &mut Vec<String>) {
    match target {
        Target::Name(name) | Target::Starred(name) => names.push(name.text.clone()),
        Target::Tuple(targets, _) => targets.iter().for_each(|target| names_of(target, names)),
    }
}

/// Whether a comparison is one of a tensor's values. `==` is none: Keras leaves it to Python, which compares objects.
fn is_of_values(operator: ComparisonOperator, left: &Located, right: &Located) -> bool {
    use ComparisonOperator as C;
    let is_tensor = |side: &Located| matches!(side.value, Value::Tensor(_));
    let is_failed = |side: &Located| limits_failed(&side.value);
    matches!(operator, C::NotEqual | C::Less | C::LessEqual | C::Greater | C::GreaterEqual)
        && (is_tensor(left) || is_tensor(right))
        && !is_failed(left)
        && !is_failed(right)
}
