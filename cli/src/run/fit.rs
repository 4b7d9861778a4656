//! Data for a model: which array of a file is meant, and how its axes become the model's.

use rnn_compiler::shape::{Dimension, Shape};
use rnn_compiler::{Code, Diagnostic, Span};

use crate::arrays::{Array, Contents};
use crate::report::Failure;

/// The array of a file that is meant: the named one, or else the only one, or else the one called `input`.
pub(super) fn chosen(file: &str, contents: Contents, key: Option<&str>) -> Result<Array, Failure> {
    let names: Vec<String> =
        contents.arrays.iter().map(|(name, _)| format!("`{name}`")).filter(|name| name != "``").collect();
    let only = contents.arrays.len() == 1;
    let is_meant = |name: &str| key.map_or(only || name == "input", |key| name == key);
    if let Some((_, array)) = contents.arrays.into_iter().find(|(name, _)| is_meant(name)) {
        return Ok(array);
    }
    let title = match key {
        Some(key) => format!("`{file}` holds no array `{key}`"),
        None if names.is_empty() => format!("`{file}` holds no array"),
        None => format!("`{file}` holds {} arrays and none is called `input`", names.len()),
    };
    let diagnostic = Diagnostic::new(Code::E504, Span::default(), title);
    let diagnostic = match (names.is_empty(), key) {
        (true, None) => diagnostic,
        (true, Some(_)) => diagnostic.help("arrays of this kind of file have no names: leave `--key` out"),
        (false, _) => diagnostic.help(format!("choose one with `--key`: {}", names.join(", "))),
    };
    Err(Failure::of_file(file, diagnostic))
}

/// The data with the model's axes, batch first, and whether it was a single sample without that axis.
pub(super) fn batch(file: &str, mut input: Array, model: &Shape) -> Result<(Array, bool), Failure> {
    let sample = model.sample();
    let agree = |sizes: &[usize]| {
        sizes.len() == sample.len()
            && sizes.iter().zip(sample).all(|(&size, axis)| axis.agrees(Dimension::Known(size as u64)))
    };
    if input.shape.split_first().is_some_and(|(_, sizes)| agree(sizes)) {
        return Ok((input, false));
    }
    if agree(&input.shape) {
        input.shape.insert(0, 1);
        return Ok((input, true));
    }
    if let Some(shape) = regrouped(&input.shape, sample) {
        return Ok((Array { shape, values: input.values }, false));
    }
    Err(Failure::of_file(file, mismatch(&input.shape, model)))
}

/// Rows of a table as samples: a sample a row with all its values, or a timestep a row, sample after sample.
fn regrouped(shape: &[usize], sample: &[Dimension]) -> Option<Vec<usize>> {
    let &[rows, columns] = shape else { return None };
    let sizes: Vec<usize> =
        sample.iter().map(|axis| axis.known().and_then(|size| usize::try_from(size).ok())).collect::<Option<_>>()?;
    let size = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size)).filter(|&size| size > 0)?;
    let is_row_a_sample = columns == size;
    let is_row_a_step = sizes.len() == 2 && columns == sizes[1] && rows.checked_rem(sizes[0]) == Some(0);
    let samples = if is_row_a_sample {
        rows
    } else if is_row_a_step {
        rows / sizes[0]
    } else {
        return None;
    };
    Some([vec![samples], sizes].concat())
}

fn mismatch(got: &[usize], model: &Shape) -> Diagnostic {
    let shape = Shape(got.iter().map(|&size| Dimension::Known(size as u64)).collect());
    let title = format!("the model reads `{model}`, but the data is `{shape}`");
    let diagnostic = Diagnostic::new(Code::E504, Span::default(), title);
    let one = Shape(model.sample().to_vec());
    diagnostic.help(format!("give samples in the model's shape, or one sample of shape `{one}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(axes: &[Option<u64>]) -> Shape {
        Shape::batched(&axes.iter().map(|axis| axis.map_or(Dimension::Free, Dimension::Known)).collect::<Vec<_>>())
    }

    fn fitted(shape: &[usize], axes: &[Option<u64>]) -> Option<(Vec<usize>, bool)> {
        let input = Array { shape: shape.to_vec(), values: vec![0.0; shape.iter().product()] };
        batch("x", input, &model(axes)).ok().map(|(array, is_single)| (array.shape, is_single))
    }

    #[test]
    fn samples_and_a_single_sample_fit() {
        assert_eq!(fitted(&[5, 2, 3], &[Some(2), Some(3)]), Some((vec![5, 2, 3], false)));
        assert_eq!(fitted(&[2, 3], &[Some(2), Some(3)]), Some((vec![1, 2, 3], true)));
        assert_eq!(fitted(&[9, 3], &[None, Some(3)]), Some((vec![1, 9, 3], true)));
        assert_eq!(fitted(&[3], &[Some(3)]), Some((vec![1, 3], true)));
    }

    #[test]
    fn rows_of_a_table_become_samples() {
        assert_eq!(fitted(&[5, 6], &[Some(2), Some(3)]), Some((vec![5, 2, 3], false)));
        assert_eq!(fitted(&[8, 3], &[Some(2), Some(3)]), Some((vec![4, 2, 3], false)));
    }

    #[test]
    fn other_shapes_are_refused() {
        assert_eq!(fitted(&[5, 3, 2], &[Some(2), Some(3)]), None);
        assert_eq!(fitted(&[7, 3], &[Some(2), Some(3)]), None);
        assert_eq!(fitted(&[5, 4], &[None, Some(3)]), None);
        assert_eq!(fitted(&[], &[Some(3)]), None);
    }

    #[test]
    fn the_array_is_chosen_by_name() {
        let array = |value| Array { shape: vec![1], values: vec![value] };
        let contents = || Contents { arrays: vec![("a".into(), array(1.0)), ("input".into(), array(2.0))] };
        assert_eq!(chosen("x", contents(), None).unwrap(), array(2.0));
        assert_eq!(chosen("x", contents(), Some("a")).unwrap(), array(1.0));
        assert!(chosen("x", contents(), Some("b")).is_err());
        assert_eq!(chosen("x", Contents { arrays: vec![(String::new(), array(3.0))] }, None).unwrap(), array(3.0));
    }
}
