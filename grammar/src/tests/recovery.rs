//! Several mistakes in one text: each is reported, none brings others with it, and what is sound is read.

use super::{mistakes, read, summary};

#[test]
fn mistakes_of_several_lines_are_all_reported() {
    let text = "model = Sequential(\nmodel.add(LSTM(3 4))\ndef f():\n    return [1\nmodel.add(Dense(1, activation=\"tanh))\nx = = 3\ny = 5\n";
    assert_eq!(mistakes(text), ["E003 1:19 <(>", "E006 2:18 <4>", "E017 3:1 <def>", "E005 5:31 <\">", "E001 6:5 <=>"]);
}

#[test]
fn mistakes_of_one_statement_are_all_reported() {
    let text = "model = Sequential([\n    LSTM(3,, units=1__0),\n    GRU(class=3)\n    Dense(b'a', {*b}),\n])\n";
    let expected =
        ["E006 2:12 <,>", "E009 2:20 <1__0>", "E001 3:9 <class>", "E006 4:5 <Dense>", "E015 4:11 <b>", "E018 4:18 <*>"];
    assert_eq!(mistakes(text), expected);
}

#[test]
fn what_is_sound_is_read() {
    let (source, parsed) = read("a = 1\nb = = 2\nfor i in x\n    c = 3\n    d = )\ne = f(1\ng = 4\n");
    assert_eq!(summary(&source, &parsed.diagnostics).len(), 4);
    let names: Vec<_> = parsed.file.statements.iter().map(|statement| source.slice(statement.span)).collect();
    assert_eq!(names[0], "a = 1");
    assert_eq!(names.last(), Some(&"g = 4"));
}

#[test]
fn a_block_with_a_mistake_keeps_its_other_lines() {
    let (_, parsed) = read("for i in x:\n    a = = 1\n    b = 2\nc = 3\n");
    assert_eq!(super::print::file(&parsed.file), "for i in x:\n    a = 1\n    b = 2\nc = 3\n");
}

#[test]
fn a_broken_head_does_not_make_its_body_an_error() {
    assert_eq!(mistakes("for i of x:\n    a\n    b\nc\n").len(), 1);
    assert_eq!(mistakes("for :\n    a\n    f(1 2)\nc\n").len(), 2);
}

#[test]
fn a_statement_that_is_passed_over_hides_what_is_in_it() {
    assert_eq!(mistakes("def f(a: “int”):\n    x = [1, 2)\n\n    yield x $ 3\nb = 2"), ["E017 1:1 <def>"]);
}

#[test]
fn an_unexpected_block_is_one_error() {
    assert_eq!(mistakes("a\n    b\n    c\n    d\ne\n"), ["E013 2:1 <    >"]);
    assert_eq!(mistakes("for i in x:\n        a\n    b\n    c\nd\n"), ["E013 3:1 <    >"]);
}

#[test]
fn tabs_and_blanks_are_reported_once() {
    assert_eq!(mistakes("for i in x:\n        a\n\tb\n\tc\n"), ["E014 3:1 <\t>"]);
    assert_eq!(mistakes("for i in x:\n\ta\n\tfor j in y:\n\t        b\n"), Vec::<String>::new());
}

#[test]
fn a_bracket_that_swallows_the_rest_is_found_at_its_line() {
    let text = "a = f(1,\nb = 2\nc = [\n  3,\n]\nd = g(4 5)\n";
    assert_eq!(mistakes(text), ["E003 1:6 <(>", "E006 6:9 <5>"]);
}

#[test]
fn long_lists_of_mistakes_are_cut() {
    let (_, parsed) = read(&"x = 1__0\n".repeat(300));
    assert_eq!(parsed.diagnostics.len(), 100);
    assert_eq!(parsed.diagnostics[99].notes, ["200 more mistakes follow"]);
}
