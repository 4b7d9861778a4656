//! Texts that would take too long or too much are given up with an error of their own.

use rnn_grammar::Code;

use super::codes;

#[test]
fn layers_are_limited() {
    let text = "m = Sequential([Input((1,))])\nfor i in range(20000): m.add(Dropout(0.1))";
    assert_eq!(codes(text), [Code::E130]);
    let text = "m = Sequential([Input((1,))])\nfor i in range(9999): m.add(Dropout(0.1))";
    assert_eq!(codes(text), []);
}

#[test]
fn steps_are_limited() {
    let text = "n = 0\nfor i in range(10000):\n    for j in range(10000):\n        n += 1";
    assert_eq!(codes(text), [Code::E131]);
    let text = "a = [0] * 90000\nb = 0\nfor i in range(90000): b = a + [1]";
    assert_eq!(codes(text), [Code::E131]);
}

#[test]
fn values_are_limited() {
    assert_eq!(codes("for i in range(10 ** 9): pass"), [Code::E132]);
    assert_eq!(codes("a = [0] * 10 ** 9"), [Code::E132]);
    assert_eq!(codes("a = 'x' * 10 ** 9"), [Code::E132]);
    assert_eq!(codes("a = 'x'\nfor i in range(100): a = a + a"), [Code::E132]);
    assert_eq!(codes("a = ()\nfor i in range(100): a = (a, a)"), [Code::E132]);
    assert_eq!(codes("a = [1]\nfor i in range(100): a = [a] * 1000"), [Code::E132]);
}

#[test]
fn lists_never_hold_themselves() {
    assert_eq!(codes("a = []\na.append(a)"), [Code::E132]);
    assert_eq!(codes("a = []\nb = [a]\na.append(b)"), [Code::E132]);
    assert_eq!(codes("b = []\nfor i in range(1000):\n    n = []\n    b.append(n)\n    b = n"), [Code::E132]);
    assert_eq!(codes("a = []\nfor i, l in enumerate([a]): l.append(i)"), [Code::E132]);
}

#[test]
fn wrappers_do_not_nest_without_end() {
    let text = "l = Dense(1)\nfor i in range(5000): l = TimeDistributed(l)\nm = Sequential([Input((1, 1)), l])";
    assert_eq!(codes(text), [Code::E132]);
}

#[test]
fn long_expressions_do_not_overflow_the_stack() {
    let long_sum = format!("a = 1{}", " + 1".repeat(50_000));
    assert!(codes(&long_sum).iter().all(|code| matches!(code, Code::W103) || code.as_str().starts_with("E0")));
    let long_chain = format!("a = 'a'{}", ".upper()".repeat(5_000));
    assert!(!codes(&long_chain).is_empty());
}

#[test]
fn one_mistake_in_a_loop_is_reported_once() {
    assert_eq!(codes("for i in range(1000): a = LSTM(0)"), [Code::E116]);
}

#[test]
fn the_deepest_expressions_fit_on_a_small_stack() {
    let texts = [
        format!("a = {}1{}", "(".repeat(90), ")".repeat(90)),
        format!("a = {}{}", "[".repeat(30), "]".repeat(30)),
        format!("a = {}1{}", "abs(".repeat(90), ")".repeat(90)),
        format!("a = {}1", "-".repeat(90)),
        format!("a = {}1", "not ".repeat(90)),
        format!("a = {}1{}", "(1 if 1 else ".repeat(90), ")".repeat(90)),
        format!("a = {}0{}", "[0][".repeat(90), "]".repeat(90)),
        format!("a = {}Dense(1){}", "TimeDistributed(".repeat(30), ")".repeat(30)),
        format!("assert {}1", "not ".repeat(90)),
    ];
    for text in texts {
        let shown = text.clone();
        let thread = std::thread::Builder::new().stack_size(512 * 1024);
        let codes = thread.spawn(move || codes(&text)).unwrap().join().unwrap();
        assert!(codes == [Code::W103] || codes == [Code::E132], "{shown}: {codes:?}");
    }
}
