//! The tree as text again, with every parenthesis written out; what is read from it prints the same.

use crate::ast::{
    BinaryOperator, Clause, ComparisonOperator, Expression, ExpressionKind, File, ImportedNames, Index, LogicOperator,
    Name, Piece, Spread, Statement, StatementKind, Target, UnaryOperator,
};

/// A whole text, a statement a line.
pub(super) fn file(file: &File) -> String {
    let mut text = String::new();
    statements(&file.statements, 0, &mut text);
    text
}

fn statements(list: &[Statement], level: usize, text: &mut String) {
    for each in list {
        text.push_str(&"    ".repeat(level));
        text.push_str(&statement(&each.kind));
        text.push('\n');
        if let StatementKind::For { body, .. } = &each.kind {
            statements(body, level + 1, text);
        }
    }
}

fn alias(alias: Option<&Name>) -> String {
    alias.map_or(String::new(), |alias| format!(" as {}", alias.text))
}

fn statement(kind: &StatementKind) -> String {
    match kind {
        StatementKind::Import(modules) => {
            let modules = modules.iter().map(|each| each.module.text.clone() + &alias(each.alias.as_ref()));
            format!("import {}", join(modules))
        }
        StatementKind::FromImport { module, names: ImportedNames::All(_) } => format!("from {} import *", module.text),
        StatementKind::FromImport { module, names: ImportedNames::Names(names) } => {
            let names = names.iter().map(|each| each.name.text.clone() + &alias(each.alias.as_ref()));
            format!("from {} import {}", module.text, join(names))
        }
        StatementKind::Assign { targets, value } => {
            let targets: String = targets.iter().map(|each| target(each) + " = ").collect();
            targets + &expression(value)
        }
        StatementKind::AugmentedAssign { target, operator, value } => {
            format!("{} {}= {}", target.text, binary(*operator), expression(value))
        }
        StatementKind::Expression(value) => expression(value),
        StatementKind::Assert { condition, message: None } => format!("assert {}", expression(condition)),
        StatementKind::Assert { condition, message: Some(message) } => {
            format!("assert {}, {}", expression(condition), expression(message))
        }
        StatementKind::For { target: bound, iterable, .. } => {
            format!("for {} in {}:", target(bound), expression(iterable))
        }
        StatementKind::Pass => "pass".to_owned(),
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::Name(name) => name.text.clone(),
        Target::Starred(name) => format!("*{}", name.text),
        Target::Tuple(parts, _) => {
            let parts: String = parts.iter().map(|part| self::target(part) + ", ").collect();
            format!("({})", parts.trim_end())
        }
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// One expression, compound ones in parentheses.
pub(super) fn expression(value: &Expression) -> String {
    match &value.kind {
        ExpressionKind::Integer(value) => value.to_string(),
        ExpressionKind::Float(value) => format!("{value:?}"),
        ExpressionKind::String(value) => string(value),
        ExpressionKind::Boolean(true) => "True".to_owned(),
        ExpressionKind::Boolean(false) => "False".to_owned(),
        ExpressionKind::None => "None".to_owned(),
        ExpressionKind::Ellipsis => "...".to_owned(),
        ExpressionKind::Name(name) => name.clone(),
        ExpressionKind::Tuple(items) if items.len() == 1 => format!("({},)", expression(&items[0])),
        ExpressionKind::Tuple(items) => format!("({})", join(items.iter().map(expression))),
        ExpressionKind::List(items) => format!("[{}]", join(items.iter().map(expression))),
        ExpressionKind::Dictionary(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| format!("{}: {}", expression(key), expression(value)));
            format!("{{{}}}", join(pairs))
        }
        ExpressionKind::Starred(value) => format!("*{}", expression(value)),
        ExpressionKind::Comprehension { element, clauses } => {
            let clauses: String = clauses.iter().map(clause).collect();
            format!("[{}{clauses}]", expression(element))
        }
        ExpressionKind::Formatted(pieces) => format!("f\"{}\"", pieces.iter().map(piece).collect::<String>()),
        ExpressionKind::Attribute { value, attribute } => format!("{}.{}", primary(value), attribute.text),
        ExpressionKind::Call { function, arguments, .. } => {
            let arguments = arguments.iter().map(|argument| match &argument.name {
                Some(name) => format!("{}={}", name.text, expression(&argument.value)),
                None => {
                    let stars = match argument.spread {
                        Spread::No => "",
                        Spread::Items => "*",
                        Spread::Pairs => "**",
                    };
                    stars.to_owned() + &expression(&argument.value)
                }
            });
            format!("{}({})", primary(function), join(arguments))
        }
        ExpressionKind::Subscript { value, indices } => {
            format!("{}[{}]", primary(value), join(indices.iter().map(index)))
        }
        ExpressionKind::Unary { operator, operand } => format!("({}{})", unary(*operator), expression(operand)),
        ExpressionKind::Binary { left, operator, right } => {
            format!("({} {} {})", expression(left), binary(*operator), expression(right))
        }
        ExpressionKind::Comparison { first, rest } => {
            let rest: String = rest
                .iter()
                .map(|(operator, right)| format!(" {} {}", comparison(*operator), expression(right)))
                .collect();
            format!("({}{rest})", expression(first))
        }
        ExpressionKind::Logic { operator, operands } => {
            let word = if *operator == LogicOperator::And { " and " } else { " or " };
            format!("({})", operands.iter().map(expression).collect::<Vec<_>>().join(word))
        }
        ExpressionKind::Conditional { then, condition, otherwise } => {
            format!("({} if {} else {})", expression(then), expression(condition), expression(otherwise))
        }
    }
}

fn clause(clause: &Clause) -> String {
    let conditions: String = clause.conditions.iter().map(|each| format!(" if {}", expression(each))).collect();
    format!(" for {} in {}{conditions}", target(&clause.target), expression(&clause.iterable))
}

fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) => {
            let quoted = string(text);
            quoted[1..quoted.len() - 1].replace('{', "{{").replace('}', "}}")
        }
        Piece::Field { value, is_repr, format } => {
            let shown = expression(value).replace('"', "'");
            let format = if format.is_empty() { String::new() } else { format!(":{format}") };
            format!("{{{shown}{}{format}}}", if *is_repr { "!r" } else { "" })
        }
    }
}

/// What stands before `.`, `(` or `[`; numbers need parentheses there.
fn primary(value: &Expression) -> String {
    match value.kind {
        ExpressionKind::Integer(_) | ExpressionKind::Float(_) => format!("({})", expression(value)),
        _ => expression(value),
    }
}

fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            _ if character.is_control() => quoted.push_str(&format!("\\x{:02x}", character as u32)),
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}

fn index(index: &Index) -> String {
    let part = |part: &Option<Expression>| part.as_ref().map_or(String::new(), expression);
    match index {
        Index::At(value) => expression(value),
        Index::Slice { from, to, step: None, .. } => format!("{}:{}", part(from), part(to)),
        Index::Slice { from, to, step, .. } => format!("{}:{}:{}", part(from), part(to), part(step)),
    }
}

fn unary(operator: UnaryOperator) -> &'static str {
    match operator {
        UnaryOperator::Minus => "-",
        UnaryOperator::Plus => "+",
        UnaryOperator::Not => "not ",
        UnaryOperator::Invert => "~",
    }
}

fn binary(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::FloorDivide => "//",
        BinaryOperator::Modulo => "%",
        BinaryOperator::Power => "**",
        BinaryOperator::MatrixMultiply => "@",
        BinaryOperator::And => "&",
        BinaryOperator::Or => "|",
        BinaryOperator::ExclusiveOr => "^",
    }
}

fn comparison(operator: ComparisonOperator) -> &'static str {
    match operator {
        ComparisonOperator::Equal => "==",
        ComparisonOperator::NotEqual => "!=",
        ComparisonOperator::Less => "<",
        ComparisonOperator::LessEqual => "<=",
        ComparisonOperator::Greater => ">",
        ComparisonOperator::GreaterEqual => ">=",
        ComparisonOperator::Is => "is",
        ComparisonOperator::IsNot => "is not",
        ComparisonOperator::In => "in",
        ComparisonOperator::NotIn => "not in",
    }
}
