//! Every statement, and the layout of lines and blocks.

use super::{mistakes, read, shown};
use crate::ast::{ImportedNames, StatementKind, Target};

#[track_caller]
fn same(text: &str, expected: &str) {
    assert_eq!(shown(text), expected, "of {text:?}");
}

#[test]
fn imports() {
    same("import keras", "import keras\n");
    same("import a.b as c, d", "import a.b as c, d\n");
    same("from keras.layers import LSTM, GRU as G", "from keras.layers import LSTM, GRU as G\n");
    same("from keras import (LSTM,  # long\n  GRU,)", "from keras import LSTM, GRU\n");
    same("from keras import *", "from keras import *\n");
    same("import a . b", "import a.b\n");
    same("from __future__ import annotations", "from __future__ import annotations\n");
}

#[test]
fn assignments() {
    same("a = 1", "a = 1\n");
    same("a = b = 1", "a = b = 1\n");
    same("a, b = 1, 2", "(a, b,) = (1, 2)\n");
    same("[a, (b, c)] = x", "(a, (b, c,),) = x\n");
    same("(a) = 1", "a = 1\n");
    for operator in ["+", "-", "*", "/", "//", "%", "**"] {
        same(&format!("a {operator}= 2"), &format!("a {operator}= 2\n"));
    }
}

#[test]
fn the_other_simple_statements() {
    same("assert a == 1", "assert (a == 1)\n");
    same("assert a, 'why'", "assert a, \"why\"\n");
    same("model.add(x)", "model.add(x)\n");
    same("pass", "pass\n");
    same("...", "pass\n");
    same("'''doc'''", "\"doc\"\n");
}

#[test]
fn several_statements_share_a_line() {
    same("a = 1; b = 2;", "a = 1\nb = 2\n");
    same("for i in x: a; b\nc", "for i in x:\n    a\n    b\nc\n");
    assert_eq!(mistakes(";"), ["E001 1:1 <;>"]);
    assert_eq!(mistakes("a;;b"), ["E001 1:3 <;>"]);
}

#[test]
fn loops_nest() {
    let text = "for i in range(3):\n    a\n    for j, (k, l) in b:\n        c\n\n        # note\n        d\n    e\nf\n";
    same(text, "for i in range(3):\n    a\n    for (j, (k, l,),) in b:\n        c\n        d\n    e\nf\n");
    same("for i, in x: a", "for (i,) in x:\n    a\n");
    same("for i in 1, 2: a", "for i in (1, 2):\n    a\n");
    same("for [a] in b: c", "for (a,) in b:\n    c\n");
    same("for (a) in b: c", "for a in b:\n    c\n");
    same("for i in x:\n\ta\n\tb\nc", "for i in x:\n    a\n    b\nc\n");
    same("for i in x[1:2]: a", "for i in x[1:2]:\n    a\n");
}

#[test]
fn lines_go_on() {
    same("a = 1 + \\\n  2", "a = (1 + 2)\n");
    same("a = \\\r\n1\r\nb = 2\r\n", "a = 1\nb = 2\n");
    same("f(\n\n  a,\n# comment\n\n  b\n)\nc", "f(a, b)\nc\n");
    same("a = [\n1,\n2\n]", "a = [1, 2]\n");
    same("f(\na=1,\nb=2,\n)", "f(a=1, b=2)\n");
    same("x = (a\nif b else c)", "x = (a if b else c)\n");
    same("x = (a\nand b)", "x = (a and b)\n");
}

#[test]
fn empty_texts_are_valid() {
    for text in ["", "\n", "   ", "# only a comment", "\u{FEFF}", "\n\n  # a\n\t\n", "\u{C}\n"] {
        same(text, "");
    }
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    same("\u{FEFF}a = 1\nfor i in a:\n  b", "a = 1\nfor i in a:\n    b\n");
}

#[test]
fn old_line_ends_count() {
    same("a\rb\r", "a\nb\n");
}

#[test]
fn places_of_statements() {
    let text = "import a, b as c ; x = y = 1 # end\nfor i in x :  # head\n    a\n    b(1)  # last\n";
    let (source, parsed) = read(text);
    let slices: Vec<_> = parsed.file.statements.iter().map(|statement| source.slice(statement.span)).collect();
    assert_eq!(slices, ["import a, b as c", "x = y = 1", "for i in x :  # head\n    a\n    b(1)"]);
    let StatementKind::Import(modules) = &parsed.file.statements[0].kind else { panic!() };
    assert_eq!(source.slice(modules[1].module.span), "b");
    assert_eq!(source.slice(modules[1].alias.as_ref().unwrap().span), "c");
}

#[test]
fn places_of_targets_and_imports() {
    let (source, parsed) = read("from a . b import c as d , e\na , (b, c) = x\nfrom z import *\n");
    let StatementKind::FromImport { module, names: ImportedNames::Names(names) } = &parsed.file.statements[0].kind
    else {
        panic!()
    };
    assert_eq!((module.text.as_str(), source.slice(module.span)), ("a.b", "a . b"));
    assert_eq!(source.slice(names[0].name.span), "c");
    assert_eq!(source.slice(parsed.file.statements[0].span), "from a . b import c as d , e");
    let StatementKind::Assign { targets, .. } = &parsed.file.statements[1].kind else { panic!() };
    let Target::Tuple(parts, span) = &targets[0] else { panic!() };
    assert_eq!(source.slice(*span), "a , (b, c)");
    let Target::Tuple(_, inner) = &parts[1] else { panic!() };
    assert_eq!(source.slice(*inner), "(b, c)");
    let StatementKind::FromImport { names: ImportedNames::All(star), .. } = &parsed.file.statements[2].kind else {
        panic!()
    };
    assert_eq!(source.slice(*star), "*");
}

#[test]
fn the_fragments_of_the_article_are_read() {
    for text in [
        "model = Sequential()\nmodel.add(SimpleRNN(3, input_shape=(2,10)))",
        "model.add(SimpleRNN(3, input_length=2, input_dim=10))",
        "model.add(SimpleRNN(3, batch_input_shape=(8,2,10), return_sequences=True))",
        "model.add(Bidirectional(SimpleRNN(hidden_size, return_sequences = True), input_shape=(timesteps, input_dim)))",
        "model.summary()",
    ] {
        assert_eq!(mistakes(text), Vec::<String>::new());
    }
}
