//! The kernels of masks on values worked out by hand.

use rnn_runtime::kernels::mask;
use rnn_runtime::{Isa, Program, dispatch};

#[test]
fn masks_are_made_of_values_and_ids() {
    let mut made = [[9.0]; 3];
    mask::different::<2>(2.0, &[[2.0, 2.0], [2.0, 0.0], [f32::NAN, 2.0]], &mut made);
    assert_eq!(made, [[0.0], [1.0], [1.0]]);
    mask::of_ids(&[0, 3, 1], &mut made);
    assert_eq!(made, [[0.0], [1.0], [1.0]]);
    mask::of_ids(&[0.5, 0.0, -0.0], &mut made);
    assert_eq!(made, [[1.0], [0.0], [0.0]]);
    let mut rows = [[2.0, 2.0], [2.0, 1.0]];
    mask::clear(2.0, &mut rows);
    assert_eq!(rows, [[0.0, 0.0], [2.0, 1.0]]);
}

#[test]
fn masked_rows_hold_something_else() {
    let (values, kept, others) = ([1.0, 2.0, 3.0, 4.0], [0.0, 1.0], [5.0, 6.0, 7.0, 8.0]);
    let mut output = [0.0; 4];
    mask::fill::<2>(9.0, [&values, &kept], &mut output);
    assert_eq!(output, [9.0, 9.0, 3.0, 4.0]);
    mask::select::<2>([&values, &kept, &others], &mut output);
    assert_eq!(output, [5.0, 6.0, 3.0, 4.0]);
}

#[test]
fn a_last_output_is_zero_where_its_step_is_masked() {
    let (last, masks) = ([1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let mut output = [9.0; 3];
    mask::zero_unless_last::<1, 2>([&last, &masks], &mut output);
    assert_eq!(output, [0.0, 2.0, 0.0]);
    mask::zero_unless_first::<1, 2>([&last, &masks], &mut output);
    assert_eq!(output, [1.0, 0.0, 0.0]);
    mask::zero_unless_any::<1, 2>([&last, &masks], &mut output);
    assert_eq!(output, [1.0, 2.0, 0.0]);
}

struct Mean<'a>(&'a mut [f32]);

impl Program for Mean<'_> {
    type Output = ();

    fn run<I: Isa>(self, isa: I) {
        let input = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        mask::global_average::<_, 3, 2>(isa, [&input, &[1.0, 0.0, 1.0]], self.0);
    }
}

#[test]
fn the_mean_is_over_the_steps_that_count() {
    let mut output = [0.0; 2];
    dispatch(Mean(&mut output));
    assert_eq!(output, [3.0, 4.0]);
}
