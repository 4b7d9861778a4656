//! Constants, operators, loops, builtin functions and asserts.

use rnn_grammar::Code;

use super::{codes, holds, only, underlined};

#[test]
fn arithmetic_is_pythons() {
    holds(
        "assert 7 // 2 == 3 and -7 // 2 == -4 and 7 % -3 == -2 and 2 ** 10 == 1024 and 2 ** -1 == 0.5\n\
         assert 7 / 2 == 3.5 and 6 / 3 == 2.0 and True + True == 2 and -3 ** 2 == -9\n\
         assert 0x10 == 16 and 1_000 == 1000 and 1e3 == 1000",
    );
}

#[test]
fn texts_lists_and_tuples_are_pythons() {
    holds(
        "assert 'a' + 'b' * 2 == 'abb' and 'l_%d' % 3 == 'l_3' and 'l_{}'.format(3) == 'l_3'\n\
         assert (1, 2) + (3,) == (1, 2, 3) and [0] * 3 == [0, 0, 0] and (1,) != [1]\n\
         assert [1, 2, 3][-1] == 3 and (1, 2, 3)[1:] == (2, 3) and 'abc'[::-1] == 'cba'\n\
         assert 2 in [1, 2] and 'b' in 'abc' and 3 not in range(3) and {'a': 1}['a'] == 1\n\
         assert '-'.join(['a', 'b']).upper() == 'A-B'",
    );
}

#[test]
fn builtin_functions_are_pythons() {
    holds(
        "assert len(range(0, 7, 3)) == 3 and sum([1, 2, 3]) == 6 and sum((1.5, 2), start=1) == 4.5\n\
         assert min(3, 1, 2) == 1 and max([1, 5]) == 5 and abs(-2) == 2 and round(2.5) == 2\n\
         assert str(1.5) == '1.5' and int('12') == 12 and float(2) == 2.0 and bool([]) == False\n\
         assert sorted([3, 1, 2]) == [1, 2, 3] and list(reversed((1, 2))) == [2, 1]\n\
         assert list(zip([1, 2], 'ab')) == [(1, 'a'), (2, 'b')] and list(enumerate('a', 1)) == [(1, 'a')]\n\
         assert any([0, 1]) and not all([0, 1]) and divmod(7, 2) == (3, 1) and pow(2, 3) == 8",
    );
}

#[test]
fn comparisons_chain_and_conditions_choose() {
    holds(
        "assert 1 < 2 <= 2 < 3 and not 1 < 3 < 2 and (1 if 0 else 2) == 2 and (None or 3) == 3\n\
         assert None is None and 1 is not None and (1, 'b') < (1, 'c')",
    );
}

#[test]
fn loops_bind_and_unpack() {
    holds(
        "total = 0\nfor i in range(3):\n    for j in (10, 20):\n        total += i * j\nassert total == 90 and i == 2\n\
         names = []\nfor index, (name, size) in enumerate([('a', 1), ('b', 2)]):\n    names.append(name + str(index * size))\n\
         assert names == ['a0', 'b2']",
    );
}

#[test]
fn a_list_is_shared_by_its_names() {
    holds("a = [1]\nb = a\nb += [2]\na.append(3)\nassert b == [1, 2, 3] and a is b\nc = a + [4]\nassert len(a) == 3");
}

#[test]
fn mistakes_of_arithmetic_are_reported_where_they_are() {
    assert_eq!(underlined("a = 2 + 1 / 0"), "1 / 0");
    assert_eq!(codes("a = 2 ** 127"), [Code::E109]);
    assert_eq!(codes("a = 'x' + 1"), [Code::E108]);
    assert_eq!(codes("a = -'x'"), [Code::E108]);
    assert_eq!(codes("a = 1 < 'x'"), [Code::E108]);
    assert_eq!(codes("a = (1, 2)[2]"), [Code::E110]);
    assert_eq!(codes("a = {'b': 1}['c']"), [Code::E110]);
    assert_eq!(codes("a, b = 1, 2, 3"), [Code::E133]);
    assert_eq!(codes("for i in 3: pass"), [Code::E133]);
    assert_eq!(codes("a = 3()"), [Code::E107]);
    assert_eq!(codes("a = (1).b"), [Code::E106]);
    assert_eq!(codes("a = range(2.0)"), [Code::E115]);
    assert_eq!(codes("a = [3, 2, 1][::0]"), [Code::E109]);
    assert_eq!(codes("a = ..."), [Code::E115]);
}

#[test]
fn what_depends_on_a_mistake_is_silent() {
    assert_eq!(codes("a = 1 / 0\nb = a + 1\nassert b == 2\nc, d = b\nfor i in c: e = i\nf = e"), [Code::E109]);
}

#[test]
fn several_mistakes_are_all_reported() {
    assert_eq!(codes("a = 1 / 0\nb = [1][1]\nc = unknown"), [Code::E109, Code::E110, Code::E101]);
}

#[test]
fn a_failed_assert_shows_both_sides() {
    let failure = only("n = 3\nm = 4\nassert n == m, 'sizes'\nmodel = Sequential([Input((1,)), Dense(1)])");
    assert_eq!(failure.code, Code::E126);
    assert_eq!(failure.title, "the assertion does not hold: sizes");
    let labels: Vec<_> = failure.labels.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(labels, ["this is `3`", "this is `4`"]);
}

#[test]
fn a_failed_assert_points_at_the_side_that_fails() {
    let text = "n = 3\nassert n == 3 and n < 3 and undefined\nmodel = Sequential([Input((1,)), Dense(1)])";
    let failure = only(text);
    let labels: Vec<_> = failure.labels.iter().map(|label| &text[label.span.start..label.span.end]).collect();
    assert_eq!((failure.code, labels), (Code::E126, vec!["n"]));
}

#[test]
fn an_asserted_tuple_is_warned_of() {
    assert_eq!(codes("assert (False, 'x')\nmodel = Sequential([Input((1,)), Dense(1)])"), [Code::W104]);
}
