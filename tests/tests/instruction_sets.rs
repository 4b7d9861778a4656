//! The same bits on every instruction set with fused multiply-add: this program runs itself once for each.

use std::process::Command;

use rnn_runtime::{Level, Model, rnn_model};

rnn_model! {
    #[source = "../../examples/digits/digits.rnn"]
    #[weights = "../../examples/digits/digits.safetensors"]
    struct Digits;
}

rnn_model! {
    #[source = "../../examples/article/numpy_loop.rnn"]
    #[weights = "../../examples/article/numpy_loop.safetensors"]
    struct Loop;
}

/// Says to the program that it is one of those runs.
const VARIABLE: &str = "RNN_TESTS_PRINT_BITS";

/// A number below 1 that the place alone decides.
fn value(place: usize) -> f32 {
    (place.wrapping_mul(2_654_435_761) % 1000) as f32 / 1000.0
}

fn bits() -> String {
    let mut bits = Vec::new();
    for scan in 0..20 {
        let input: [[f32; 8]; 8] =
            std::array::from_fn(|row| std::array::from_fn(|column| value(64 * scan + 8 * row + column)));
        bits.extend(Digits::new().forward(&input).map(f32::to_bits));
        let input: [[f32; 4]; 10] =
            std::array::from_fn(|row| std::array::from_fn(|column| value(scan + 4 * row + column)));
        let mut output = vec![0.0; Loop::OUTPUT_SHAPE.iter().flatten().product()];
        Loop::new().forward_flat(input.as_flattened(), &mut output).unwrap();
        bits.extend(output.iter().map(|value| value.to_bits()));
    }
    format!("{}: {bits:x?}", rnn_runtime::isa_name())
}

#[test]
fn all_fused_instruction_sets_give_the_same_bits() {
    if std::env::var_os(VARIABLE).is_some() {
        println!("bits of {}", bits());
        return;
    }
    let run = |level: Level| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "all_fused_instruction_sets_give_the_same_bits", "--nocapture"]);
        let output = command.env(VARIABLE, "1").env("RNN_MAX_ISA", level.name()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find_map(|line| line.split_once("bits of ")).map(|(_, bits)| bits.to_owned());
        let (name, bits) = line.as_deref().and_then(|line| line.split_once(": ")).unwrap();
        assert_eq!(name, level.name());
        bits.to_owned()
    };
    // Plain Rust with fused multiply-add is for checks of the kernels; dispatch never chooses it.
    let is_chosen = |level: &Level| level.is_fused() && level.is_available() && *level != Level::ScalarFma;
    let levels: Vec<Level> = Level::ALL.into_iter().filter(is_chosen).collect();
    let all: Vec<String> = levels.iter().map(|&level| run(level)).collect();
    assert!(all.iter().all(|bits| *bits == all[0]), "{levels:?}");
}
