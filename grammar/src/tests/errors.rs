//! Each mistake: one report, at the exact place, with an edit that repairs the text where one is known.

use super::{mistakes, repaired};

/// The text has exactly these mistakes.
#[track_caller]
fn reports(text: &str, expected: &[&str]) {
    assert_eq!(mistakes(text), expected, "in {text:?}");
}

/// The text has exactly this mistake, and its edit gives the other text, which has none.
#[track_caller]
fn repairs(text: &str, expected: &str, result: &str) {
    assert_eq!(mistakes(text), [expected], "in {text:?}");
    assert_eq!(repaired(text), result);
    assert_eq!(mistakes(result), Vec::<String>::new(), "in the repaired {result:?}");
}

#[test]
fn the_articles_bracket_too_many_is_one_error() {
    let slip =
        "model = Sequential()\nmodel.add(Bidirectional(hidden_size, return_sequences = True)))\nmodel.add(Dense(1))\n";
    repairs(
        slip,
        "E004 2:63 <)>",
        "model = Sequential()\nmodel.add(Bidirectional(hidden_size, return_sequences = True))\nmodel.add(Dense(1))\n",
    );
    reports("Bidirectional(hidden_size, return_sequences = True))", &["E004 1:52 <)>"]);
    assert_eq!(super::read(slip).1.file.statements.len(), 3);
}

#[test]
fn missing_brackets() {
    repairs("f(1\ng(2)", "E003 1:2 <(>", "f(1)\ng(2)");
    repairs("f(g(1)", "E003 1:2 <(>", "f(g(1))");
    repairs("x = [f(1), g(2)\ny = 3", "E003 1:5 <[>", "x = [f(1), g(2)]\ny = 3");
    repairs("x = f([1, 2)\ny", "E003 1:7 <[>", "x = f([1, 2])\ny");
    repairs("f(g([1,\nfor i in x: a", "E003 1:5 <[>", "f(g([1,]))\nfor i in x: a");
    repairs("x = (1 +  2 # note\nassert x", "E003 1:5 <(>", "x = (1 +  2) # note\nassert x");
    repairs("for i in x:\n    f(1\n    g(2)", "E003 2:6 <(>", "for i in x:\n    f(1)\n    g(2)");
    repairs("for i in x:\n    f(1\ny", "E003 2:6 <(>", "for i in x:\n    f(1)\ny");
    repairs("f([\n  a,\n  b,\n\nx = 1\ny = 2", "E003 1:3 <[>", "f([\n  a,\n  b,])\n\nx = 1\ny = 2");
    repairs("f(1,\nx.g(2)\n", "E003 1:2 <(>", "f(1,)\nx.g(2)\n");
    reports("f(g(", &["E003 1:4 <(>"]);
}

#[test]
fn brackets_of_the_wrong_kind() {
    repairs("x = [1, 2)", "E004 1:10 <)>", "x = [1, 2]");
    repairs("f(1])", "E004 1:4 <]>", "f(1)");
    repairs("]", "E004 1:1 <]>", "");
    repairs("x = {1: 2]", "E004 1:10 <]>", "x = {1: 2}");
}

#[test]
fn strings_that_are_never_closed() {
    repairs("f(a=\"b)", "E005 1:5 <\">", "f(a=\"b\")");
    repairs("f(g(a='b))\nx", "E005 1:7 <'>", "f(g(a='b'))\nx");
    repairs("f(a=\"b'),", "E005 1:5 <\">", "f(a=\"b\"),");
    repairs("x = 'a", "E005 1:5 <'>", "x = 'a'");
    repairs("x = '''a\nb", "E005 1:5 <'''>", "x = '''a\nb'''");
    reports("x = 'a\\", &["E005 1:5 <'>"]);
    repairs("f(\n  'a,\n  'b',\n)", "E005 2:3 <'>", "f(\n  'a',\n  'b',\n)");
}

#[test]
fn commas() {
    repairs("f(1 2)", "E006 1:5 <2>", "f(1, 2)");
    repairs("f(a=1 b=2)", "E006 1:7 <b>", "f(a=1, b=2)");
    repairs("x = [f(1)\n  g(2)]", "E006 2:3 <g>", "x = [f(1),\n  g(2)]");
    repairs("f(1,, 2)", "E006 1:5 <,>", "f(1, 2)");
    repairs("f(, 2)", "E006 1:3 <,>", "f( 2)");
    reports("f(1 2 3 4)", &["E006 1:5 <2>", "E006 1:7 <3>", "E006 1:9 <4>"]);
}

#[test]
fn heads_of_loops() {
    repairs("for i in range(3)\n    a", "E007 1:17 <)>", "for i in range(3):\n    a");
    repairs("for i in x a", "E007 1:10 <x>", "for i in x: a");
    repairs("for i range(3):\n    a", "E001 1:7 <range>", "for i in range(3):\n    a");
    repairs("for i = x: a", "E001 1:7 <=>", "for i in x: a");
    reports("for in x: a", &["E001 1:5 <in>"]);
    reports("for i in : a", &["E001 1:7 <in>"]);
    reports("for 3 in x: a", &["E001 1:5 <3>"]);
    reports("for i in x:\nb", &["E013 1:11 <:>"]);
    reports("for i in x:", &["E013 1:11 <:>"]);
    reports("for i in x: for j in y: a", &["E001 1:13 <for>"]);
    reports("a; for j in y: a", &["E001 1:4 <for>"]);
}

#[test]
fn characters_from_elsewhere() {
    repairs("f(a=“b”)", "E008 1:5 <“>", "f(a=\"b\")");
    repairs("f(a=‘b’)", "E008 1:5 <‘>", "f(a='b')");
    repairs("f(a=`b`)", "E008 1:5 <`>", "f(a='b')");
    repairs("f（1, 2)", "E008 1:2 <（>", "f(1, 2)");
    repairs("f(1，２)", "E008 1:4 <，２>", "f(1,2)");
    repairs("x\u{A0}= 1", "E008 1:2 <\u{A0}>", "x = 1");
    repairs("x =\u{200B} 1", "E008 1:4 <\u{200B}>", "x = 1");
    repairs("x = 3 − 1", "E008 1:7 <−>", "x = 3 - 1");
    repairs("ＬＳＴＭ(3)", "E008 1:1 <ＬＳＴＭ>", "LSTM(3)");
    repairs("x = 3 $", "E008 1:7 <$>", "x = 3 ");
    reports("x = 3 $ 4", &["E008 1:7 <$>"]);
    reports("“", &["E008 1:1 <“>"]);
}

#[test]
fn numbers() {
    repairs("x = 012", "E009 1:5 <012>", "x = 12");
    for number in ["1__0", "1_", "0x", "0xfg", "0b2", "1.2.3", "3j", "2lstm", "1e", "1_.5", "0o_", "1.5_"] {
        reports(&format!("x = f({number}, 2)"), &[&format!("E009 1:7 <{number}>")]);
    }
    let large = "170141183460469231731687303715884105728";
    reports(&format!("x = -{large}"), &[&format!("E010 1:6 <{large}>")]);
}

#[test]
fn indentation() {
    repairs("a\n  b\n  c\n", "E013 2:1 <  >", "a\nb\nc\n");
    repairs("for i in x:\n  a\n     b\n     c\n", "E013 3:1 <     >", "for i in x:\n  a\n  b\n  c\n");
    reports("  a\nb", &["E013 1:1 <  >"]);
}

#[test]
fn strings_that_are_not_in_the_language() {
    repairs("x = t'a'", "E015 1:5 <t>", "x = 'a'");
    reports("x = f'a{b'", &["E015 1:8 <{>"]);
    reports("x = f'}'", &["E015 1:7 <}>"]);
    reports("x = f'{ }'", &["E015 1:7 <{ }>"]);
    reports("x = f'{a=}'", &["E015 1:7 <{a=}>"]);
    reports("x = f'{a b}'", &["E015 1:7 <{a b}>"]);
    reports("x = f'{a!a}'", &["E015 1:7 <{a!a}>"]);
    reports("x = f'{a:{b}}'", &["E015 1:7 <{a:{b}}>"]);
    reports(r"x = f'{a}\xZZ'", &[r"E016 1:10 <\x>"]);
    repairs("x = b'a'", "E015 1:5 <b>", "x = 'a'");
    repairs("x = Rb'a'", "E015 1:5 <Rb>", "x = 'a'");
    reports(r"x = '\xZZ'", &[r"E016 1:6 <\x>"]);
    reports(r"x = '\u12'", &[r"E016 1:6 <\u12>"]);
    reports(r"x = '\ud800'", &[r"E016 1:6 <\ud800>"]);
    reports(r"x = '\N{DIGIT ONE}'", &[r"E016 1:6 <\N{DIGIT ONE}>"]);
    repairs(r"x = '\d'", r"W001 1:6 <\d>", r"x = '\\d'");
}

#[test]
fn statements_that_are_not_in_the_language() {
    for (text, word) in [
        ("def f(x, *, y=[1, 2]) -> int:\n    return x", "def"),
        ("class A(B):\n    x: int = 1\n\n    def f(self):\n        pass", "class"),
        ("if a:\n    b\nelif c:\n    d\nelse:\n    e", "if"),
        ("if __name__ == '__main__': main()", "if"),
        ("while True: break", "while"),
        ("with open(x) as f:\n    y", "with"),
        ("try:\n    a\nexcept E as e:\n    b\nelse:\n    c\nfinally:\n    d", "try"),
        ("return 1", "return"),
        ("raise ValueError('a')", "raise"),
        ("del a", "del"),
        ("global a", "global"),
        ("async def f(): pass", "async"),
        ("match x:\n    case 1:\n        a", "match"),
        ("print 'a'", "print"),
        ("@decorator(1)\ndef f():\n    pass", "@"),
        ("@a\n@b\nclass C:\n    pass", "@"),
        ("!pip install keras", "!"),
        ("lambda x: x", "lambda"),
    ] {
        reports(&format!("a = 1\n{text}\nb = 2\n"), &[&format!("E017 2:1 <{word}>")]);
        assert_eq!(super::read(&format!("a = 1\n{text}\nb = 2\n")).1.file.statements.len(), 2, "of {text:?}");
    }
    reports("for i in x:\n    a\nelse:\n    b", &["E017 3:1 <else>"]);
}

#[test]
fn expressions_that_are_not_in_the_language() {
    reports("x = {a for a in b if c}", &["E018 1:8 <for>"]);
    reports("x = f(a for a in b)", &["E018 1:9 <for>"]);
    reports("x = lambda a: a", &["E018 1:5 <lambda>"]);
    reports("x = f(key=lambda a, b: a, c=1)", &["E018 1:11 <lambda>"]);
    reports("x = {**a}", &["E018 1:6 <**>"]);
    reports("x = *a", &["E001 1:5 <*a>"]);
    reports("x = (*a)", &["E001 1:6 <*a>"]);
    reports("x = [*a for a in b]", &["E001 1:6 <*a>"]);
    reports("x = (y := 3)", &["E018 1:8 <:=>"]);
    reports("x = {1, 2}", &["E018 1:5 <{>"]);
    reports("x = {1}", &["E018 1:5 <{>"]);
    reports("x = a >> b + d << e", &["E018 1:7 <>>>", "E018 1:16 <<<>"]);
    repairs("x: int = 3", "E018 1:2 <: int>", "x = 3");
    reports("x <<= 3", &["E018 1:3 <<<=>"]);
    reports("*a, *b = c", &["E019 1:6 <b>"]);
    reports("*a = c", &["E001 1:1 <*a>"]);
    reports("*(a, b), c = d", &["E019 1:1 <*(a, b)>"]);
    reports("for *a in b:\n  c", &["E019 1:6 <a>"]);
    reports("for *a, *b in c:\n  d", &["E019 1:10 <b>"]);
}

#[test]
fn targets() {
    for (text, target) in
        [("f() = 1", "f()"), ("a.b = 1", "a.b"), ("a[0] = 1", "a[0]"), ("1 = a", "1"), ("a + b = 1", "a + b")]
    {
        reports(text, &[&format!("E019 1:1 <{target}>")]);
    }
    reports("a, f() = 1", &["E019 1:4 <f()>"]);
    reports("a, b += 1", &["E019 1:1 <a, b>"]);
    reports("a.b += 1", &["E019 1:1 <a.b>"]);
    reports("None = 1", &["E019 1:1 <None>"]);
}

#[test]
fn equal_signs_and_colons() {
    repairs("assert a = 1", "E020 1:10 <=>", "assert a == 1");
    repairs("f(\"a\"=1)", "E020 1:3 <\"a\">", "f(a=1)");
    repairs("f(a: 1)", "E020 1:4 <:>", "f(a= 1)");
    repairs("x = {a = 1}", "E020 1:8 <=>", "x = {a : 1}");
    repairs("x = (a = 1)", "E020 1:8 <=>", "x = (a == 1)");
    reports("f(a.b=1)", &["E020 1:3 <a.b>"]);
    repairs("assert a = = 1", "E001 1:10 <= =>", "assert a == 1");
    repairs("a = = 1", "E001 1:5 <=>", "a =  1");
}

#[test]
fn arguments() {
    reports("f(a=1, 2)", &["E021 1:8 <2>"]);
    reports("f(a=1, a=2)", &["E113 1:8 <a>"]);
}

#[test]
fn words_and_signs_of_other_languages() {
    repairs("x = a && b", "E001 1:7 <&&>", "x = a and b");
    repairs("x = !a", "E001 1:5 <!>", "x = not a");
    repairs("x = a <> b", "E001 1:7 <<>>", "x = a != b");
    repairs("// note", "E001 1:1 <//>", "# note");
    repairs("x = 3 // a note", "E001 1:12 <note>", "x = 3 # a note");
    reports("i++", &["E001 1:3 <+>"]);
    repairs("f(class=1)", "E001 1:3 <class>", "f(class_=1)");
    repairs("f(a=2, lambda=1)", "E001 1:8 <lambda>", "f(a=2, lambda_=1)");
    reports("x = class", &["E001 1:5 <class>"]);
    reports("x = a.", &["E001 1:6 <.>"]);
    reports("x =", &["E001 1:3 <=>"]);
    reports("x = 3 +", &["E001 1:7 <+>"]);
    reports("f(a=)", &["E001 1:4 <=>"]);
    reports("x = a b", &["E001 1:7 <b>"]);
    reports("x = 1 if 2", &["E001 1:7 <if>"]);
    reports("x = 1 else 2", &["E001 1:7 <else>"]);
    reports("x = a not b", &["E001 1:7 <not>"]);
    reports("x = 1 + \\ \n2", &["E001 1:10 < >"]);
}

#[test]
fn imports() {
    reports("import", &["E001 1:1 <import>"]);
    reports("from a", &["E001 1:6 <a>"]);
    reports("from . import a", &["E001 1:6 <.>"]);
    reports("import a from b", &["E001 1:10 <from>"]);
    reports("from a import b.c", &["E001 1:16 <.>"]);
    reports("import a as class", &["E001 1:13 <class>"]);
}
