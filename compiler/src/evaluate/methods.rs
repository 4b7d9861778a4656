//! Methods of lists, texts, tuples and dictionaries.

use std::cell::RefCell;
use std::rc::Rc;

use rnn_grammar::ast::Name;
use rnn_grammar::{Code, Diagnostic, Span};

use crate::arguments::bind::CallSite;
use crate::evaluate::Evaluator;
use crate::evaluate::comparison::is_equal;
use crate::evaluate::limits::MAX_ITEMS;
use crate::evaluate::operators::{Number, growing, number};
use crate::evaluate::text::{MAX_TEXT, brace_format, kind_of};
use crate::names::closest;
use crate::value::{Located, Value};

/// A list of the text.
pub(super) type List = Rc<RefCell<Vec<Located>>>;

const LIST_METHODS: &[&str] = &["append", "count", "extend", "index", "insert", "pop"];
const TEXT_METHODS: &[&str] = &["format", "join", "lower", "upper"];
const TUPLE_METHODS: &[&str] = &["count", "index"];
const DICTIONARY_METHODS: &[&str] = &["get", "items", "keys", "values"];

impl Evaluator<'_> {
    pub(super) fn list_method(&mut self, list: &List, method: &Name, call: &CallSite) -> Option<Value> {
        match (method.text.as_str(), self.plain(call)?.as_slice()) {
            ("append", [item]) => self.extend(list, vec![item.clone()], call.span),
            ("extend", [items]) => {
                let items = self.items_of(items)?;
                self.extend(list, items, call.span)
            }
            ("insert", [at, item]) => {
                let Some(Number::Integer(at)) = number(&at.value) else {
                    return self.fail(Diagnostic::new(
                        Code::E115,
                        at.span,
                        "the place to insert at must be an integer",
                    ));
                };
                self.extend(list, vec![item.clone()], call.span)?;
                let mut items = list.borrow_mut();
                let length = items.len() as i128 - 1;
                let at = if at < 0 { at.saturating_add(length).max(0) } else { at.min(length) };
                if let Some(item) = items.pop() {
                    items.insert(usize::try_from(at).unwrap_or(0), item);
                }
                Some(Value::None)
            }
            ("pop", [] | [_]) => self.pop_item(list, call),
            ("count" | "index", [item]) => {
                let items = list.borrow().clone();
                self.find(&items, method, item)
            }
            _ => self.no_method("list", method, LIST_METHODS, call),
        }
    }

    /// Appends to a list. Only lists that stand in no other value may change: so none ever holds itself, and
    /// none gets deeper than it was when it was looked at.
    pub(super) fn extend(&mut self, list: &List, items: Vec<Located>, span: Span) -> Option<Value> {
        if self.held.contains_key(&address(list)) {
            return self.fail(
                Diagnostic::new(Code::E132, span, "a list inside another value can't be changed")
                    .at("this list stands in a list, tuple or dictionary")
                    .help("finish the inner list first, then put it into the outer one"),
            );
        }
        for item in &items {
            self.check_size(&item.value, span)?;
            if matches!(&item.value, Value::Growing(inner) if Rc::ptr_eq(inner, list)) {
                return self.fail(Diagnostic::new(Code::E132, item.span, "a list can't hold itself"));
            }
        }
        if list.borrow().len() + items.len() > MAX_ITEMS {
            let title = format!("the list gets more than {MAX_ITEMS} items");
            return self.fail(Diagnostic::new(Code::E132, span, title));
        }
        self.hold(&items);
        list.borrow_mut().extend(items);
        Some(Value::None)
    }

    /// Remembers the lists among these items: they stand in another value now.
    pub(super) fn hold(&mut self, items: &[Located]) {
        for item in items {
            if let Value::Growing(list) = &item.value {
                self.held.insert(address(list), Rc::clone(list));
            }
        }
    }

    fn pop_item(&mut self, list: &List, call: &CallSite) -> Option<Value> {
        let length = list.borrow().len() as i128;
        let (at, span) = match call.given.first() {
            None => (-1, call.span),
            Some(given) => match number(&given.value.value) {
                Some(Number::Integer(at)) => (at, given.span),
                _ => return self.fail(Diagnostic::new(Code::E115, given.span, "an index must be an integer")),
            },
        };
        let place = if at < 0 { at.saturating_add(length) } else { at };
        if !(0..length).contains(&place) {
            return self.out_of_range(at, length, span);
        }
        Some(list.borrow_mut().remove(usize::try_from(place).unwrap_or(0)).value)
    }

    pub(super) fn tuple_method(&mut self, items: &[Located], method: &Name, call: &CallSite) -> Option<Value> {
        match self.plain(call)?.as_slice() {
            [item] if TUPLE_METHODS.contains(&method.text.as_str()) => self.find(items, method, item),
            _ => self.no_method("tuple", method, TUPLE_METHODS, call),
        }
    }

    fn find(&mut self, items: &[Located], method: &Name, item: &Located) -> Option<Value> {
        self.step(items.len(), item.span)?;
        if method.text == "count" {
            let count = items.iter().filter(|other| is_equal(&other.value, &item.value)).count();
            return Some(Value::Integer(count as i128));
        }
        match items.iter().position(|other| is_equal(&other.value, &item.value)) {
            Some(place) => Some(Value::Integer(place as i128)),
            None => self.fail(Diagnostic::new(Code::E110, item.span, "no item is equal to this one")),
        }
    }

    pub(super) fn text_method(&mut self, text: &str, method: &Name, call: &CallSite) -> Option<Value> {
        if method.text == "format" {
            if call.given.iter().any(|given| Self::is_failed(&given.value)) {
                return None;
            }
            let values: Vec<_> = call
                .given
                .iter()
                .map(|given| (given.name.as_ref().map(|name| name.text.clone()), given.value.value.clone()))
                .collect();
            return match brace_format(text, &values) {
                Ok(text) => Some(Value::String(text.into())),
                Err(reason) => self.fail(Diagnostic::new(Code::E108, call.span, reason)),
            };
        }
        match (method.text.as_str(), self.plain(call)?.as_slice()) {
            ("upper", []) => Some(Value::String(text.to_uppercase().into())),
            ("lower", []) => Some(Value::String(text.to_lowercase().into())),
            ("join", [parts]) => self.join(text, parts),
            _ => self.no_method("str", method, TEXT_METHODS, call),
        }
    }

    fn join(&mut self, separator: &str, parts: &Located) -> Option<Value> {
        let mut joined = String::new();
        for (index, part) in self.items_of(parts)?.iter().enumerate() {
            let Value::String(part_text) = &part.value else {
                let title = format!("`join` needs texts, not {}", kind_of(&part.value));
                return self.fail(Diagnostic::new(Code::E108, part.span, title).help("write `str(…)` around it"));
            };
            if index > 0 {
                joined.push_str(separator);
            }
            joined.push_str(part_text);
            if joined.len() > MAX_TEXT {
                return self.fail(Diagnostic::new(Code::E132, parts.span, "the text gets too long"));
            }
        }
        Some(Value::String(joined.into()))
    }

    pub(super) fn dictionary_method(
        &mut self,
        entries: &[(Located, Located)],
        method: &Name,
        call: &CallSite,
    ) -> Option<Value> {
        self.step(entries.len(), call.span)?;
        match (method.text.as_str(), self.plain(call)?.as_slice()) {
            ("get", [key, default @ ..]) if default.len() <= 1 => {
                let found = entries.iter().find(|(known, _)| is_equal(&known.value, &key.value));
                let fallback = || default.first().map_or(Value::None, |default| default.value.clone());
                Some(found.map_or_else(fallback, |(_, value)| value.value.clone()))
            }
            ("keys", []) => Some(growing(entries.iter().map(|(key, _)| key.clone()).collect())),
            ("values", []) => Some(growing(entries.iter().map(|(_, value)| value.clone()).collect())),
            ("items", []) => {
                let pairs = entries.iter().map(|(key, value)| Located {
                    value: Value::Tuple([key.clone(), value.clone()].into()),
                    span: key.span.to(value.span),
                });
                Some(growing(pairs.collect()))
            }
            _ => self.no_method("dict", method, DICTIONARY_METHODS, call),
        }
    }

    /// The positional arguments of a method that has no keywords.
    fn plain(&mut self, call: &CallSite) -> Option<Vec<Located>> {
        if let Some(name) = call.given.iter().find_map(|given| given.name.as_ref()) {
            let title = format!("`{}` has no argument `{}`", call.callee, name.text);
            return self.fail(Diagnostic::new(Code::E112, name.span, title).at("unknown keyword"));
        }
        Some(call.given.iter().map(|given| given.value.clone()).collect())
    }

    fn no_method(&mut self, what: &str, method: &Name, known: &[&str], call: &CallSite) -> Option<Value> {
        if known.contains(&method.text.as_str()) {
            let has = super::statements::counted(call.given.len(), "argument");
            let title = format!("`{}` does not take {has}", method.text);
            return self.fail(Diagnostic::new(Code::E114, call.parentheses, title));
        }
        let title = format!("{what} has no method `{}` here", method.text);
        let diagnostic = Diagnostic::new(Code::E106, method.span, title);
        self.fail(match closest(&method.text, known.iter().copied()) {
            Some(near) => diagnostic.fix(format!("did you mean `{near}`?"), method.span, near),
            None => diagnostic.help(format!("the language knows {}", known.join(", "))),
        })
    }
}

fn address(list: &List) -> usize {
    Rc::as_ptr(list) as usize
}
