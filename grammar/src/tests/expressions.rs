//! Every form of expression, its tree and its place.

use super::{mistakes, read, shown};
use crate::ast::{Expression, ExpressionKind, Piece, StatementKind};

/// The expression of a text that is one expression.
fn expression(text: &str) -> (crate::Source, Expression) {
    let (source, parsed) = read(text);
    let statement = parsed.file.statements.into_iter().next().unwrap();
    match statement.kind {
        StatementKind::Expression(value) => (source, value),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn same(text: &str, expected: &str) {
    assert_eq!(shown(text), format!("{expected}\n"), "of {text:?}");
}

#[test]
fn literals() {
    same("42", "42");
    same("1_000", "1000");
    same("0x2a", "42");
    same("0XFF", "255");
    same("0o17", "15");
    same("0b1_01", "5");
    same("00", "0");
    same("170141183460469231731687303715884105727", "170141183460469231731687303715884105727");
    same("1.5", "1.5");
    same("1.", "1.0");
    same(".5", "0.5");
    same("1e3", "1000.0");
    same("1_0.5e-0_3", "0.0105");
    same("012.5", "12.5");
    same("1E+2", "100.0");
    same("True", "True");
    same("None", "None");
    same("...,", "(...,)");
    same("Truely", "Truely");
    same("größe", "größe");
}

#[test]
fn operators_on_bits_bind_as_in_python() {
    same("a | b ^ c & d + e @ f", "(a | (b ^ (c & (d + (e @ f)))))");
    same("a @ b @ c * d", "(((a @ b) @ c) * d)");
    same("a > b | c", "(a > (b | c))");
    same("~a ** b", "(~(a ** b))");
    same("not ~a & b", "(not ((~a) & b))");
    assert_eq!(shown("a |= b"), "a |= b\n");
}

#[test]
fn comprehensions() {
    same("[a for a in b]", "[a for a in b]");
    let loops = "[f(a, b) for a, b in c if a if b > 1 for *d, e in a]";
    same(loops, "[f(a, b) for (a, b,) in c if a if (b > 1) for (*d, e,) in a]");
    same("[a if b else c for a in b + c if a or b]", "[(a if b else c) for a in (b + c) if (a or b)]");
    same("[[b for b in a] for a in c]", "[[b for b in a] for a in c]");
}

#[test]
fn starred_values() {
    same("[*a, b, *c[1:]]", "[*a, b, *c[1:]]");
    same("(*a, b)", "(*a, b)");
    same("*a,", "(*a,)");
    same("f(*a, b, **c, d=1)", "f(*a, b, **c, d=1)");
    assert_eq!(shown("a, *b = c"), "(a, *b,) = c\n");
    assert_eq!(shown("for a, (*b, c) in d:\n    a"), "for (a, (*b, c,),) in d:\n    a\n");
}

#[test]
fn f_strings() {
    same("f'a'", "f\"a\"");
    same("f'{a}'", "f\"{a}\"");
    same("f'lstm_{a + 1:02d}_{b!r:>8}{{}}'", "f\"lstm_{(a + 1):02d}_{b!r:>8}{{}}\"");
    same("F\"{a['b']}\" 'c' rf'\\d{d}'", "f\"{a['b']}c\\\\d{d}\"");
    same("f'''a\n{b[1:2]}{c != d}'''", "f\"a\\n{b[1:2]}{(c != d)}\"");
    let (source, value) = expression("  f'é{ab}'");
    let ExpressionKind::Formatted(pieces) = &value.kind else { panic!() };
    let Piece::Field { value, .. } = &pieces[1] else { panic!() };
    assert_eq!(source.slice(value.span), "ab");
}

#[test]
fn strings() {
    same("'a'", "\"a\"");
    same("\"a'b\"", "\"a'b\"");
    same("'a' \"b\"\t'c'", "\"abc\"");
    same(r"'\n\t\\\'\x41\u00e9\U0001F600\101\0'", "\"\\n\\x09\\\\'Aé😀A\\x00\"");
    same(r"r'\n'", r#""\\n""#);
    same(r"R'\''", r#""\\'""#);
    same("u'a'", "\"a\"");
    same("'''a\n\"b\"'''", "\"a\\n\\\"b\\\"\"");
    same("\"\"\"a\r\nb\"\"\"", "\"a\\nb\"");
    same("'a\\\nb'", "\"ab\"");
    same("('a'\n # between\n 'b')", "\"ab\"");
    same("'#'", "\"#\"");
    same("''", "\"\"");
    same("'“”'", "\"“”\"");
}

#[test]
fn brackets() {
    same("()", "()");
    same("(a)", "a");
    same("(a,)", "(a,)");
    same("a, b", "(a, b)");
    same("a,", "(a,)");
    same("(a, (b, c),)", "(a, (b, c))");
    same("[]", "[]");
    same("[a, [b], ]", "[a, [b]]");
    same("{}", "{}");
    same("{1: a, 'b': [c],}", "{1: a, \"b\": [c]}");
    same("[\n  a,  # first\n  b\n]", "[a, b]");
}

#[test]
fn calls_subscripts_and_attributes() {
    same("f()", "f()");
    same("f(a, b=1, )", "f(a, b=1)");
    same("f(a==b, c = -1)", "f((a == b), c=(-1))");
    same("a.b.c(1)(2).d[3]", "a.b.c(1)(2).d[3]");
    same("a [1:2, ::3, :, 1:, b]", "a[1:2, ::3, :, 1:, b]");
    same("a[-1]", "a[(-1)]");
    same("a. b", "a.b");
    same("(1).real", "(1).real");
    same("LSTM(8)(x)", "LSTM(8)(x)");
    same("print(a)", "print(a)");
    same("match(a)", "match(a)");
}

#[test]
fn operators_bind_as_in_python() {
    same("1 + 2 * 3 - 4", "((1 + (2 * 3)) - 4)");
    same("1 // 2 / 3 % 4", "(((1 // 2) / 3) % 4)");
    same("-2 ** 2", "(-(2 ** 2))");
    same("2 ** -1 * 3", "((2 ** (-1)) * 3)");
    same("2 ** 3 ** 4", "(2 ** (3 ** 4))");
    same("- - +a", "(-(-(+a)))");
    same("a < b <= c", "(a < b <= c)");
    same("(a < b) < c", "((a < b) < c)");
    same("a == b != c", "(a == b != c)");
    same("a is not b is c", "(a is not b is c)");
    same("a not in b in c", "(a not in b in c)");
    same("a is\tnot b", "(a is not b)");
    same("not a == b", "(not (a == b))");
    same("not not a", "(not (not a))");
    same("a and b and c or d or e and f", "((a and b and c) or d or (e and f))");
    same("(a and b) and c", "((a and b) and c)");
    same("not a and b", "((not a) and b)");
    same("a if b else c if d else e", "(a if b else (c if d else e))");
    same("a or b if c < d else not e", "((a or b) if (c < d) else (not e))");
    same("isnot + inner + order", "((isnot + inner) + order)");
    same("a is notb", "(a is notb)");
}

#[test]
fn not_needs_parentheses_behind_tighter_operators() {
    assert_eq!(mistakes("x = a + not b"), ["E001 1:9 <not>"]);
    assert_eq!(mistakes("x = a == not b"), ["E001 1:10 <not>"]);
    same("a and not b", "(a and (not b))");
}

#[test]
fn places_are_exact() {
    let (source, call) = expression("  f ( a , b = 1 )  # rest".trim_start());
    assert_eq!(source.slice(call.span), "f ( a , b = 1 )");
    let ExpressionKind::Call { arguments, parentheses, .. } = call.kind else { panic!() };
    assert_eq!(source.slice(parentheses), "( a , b = 1 )");
    assert_eq!(source.slice(arguments[0].span), "a");
    assert_eq!(source.slice(arguments[1].span), "b = 1");

    for text in
        ["a + b", "-a", "a . b", "a [ 1 ]", "( a )", "(a , b)", "[ a ]", "a if b else c", "a < b < c", "'a'  'b'"]
    {
        let (source, value) = expression(&format!("{text}   # rest"));
        assert_eq!(source.slice(value.span), text);
    }
    let (source, sum) = expression("(a ) + b");
    let ExpressionKind::Binary { left, .. } = sum.kind else { panic!() };
    assert_eq!(source.slice(left.span), "(a )");
}

#[test]
fn places_count_bytes_of_the_original() {
    let (source, value) = expression("f(“ä”， b)");
    let ExpressionKind::Call { arguments, .. } = &value.kind else { panic!() };
    assert_eq!(source.slice(arguments[0].span), "“ä”");
    assert_eq!(source.slice(arguments[1].span), "b");
    assert_eq!(source.slice(value.span), "f(“ä”， b)");
}
