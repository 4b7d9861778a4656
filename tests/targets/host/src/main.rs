//! The lines of a machine with a standard library.

use rnn_targets_models::{Memory, Report, run};

fn main() {
    let mut memory = Memory::NEW;
    run(&mut memory, &mut Report::new(&mut |text| print!("{text}")));
}
