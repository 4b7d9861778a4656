//! Each format against hand-written bytes and against itself.

use super::*;

fn sample() -> Array {
    Array {
        shape: vec![2, 3],
        values: vec![1.0, -2.5, 0.1_f32.into(), f64::from(f32::MIN_POSITIVE), 1e30_f32.into(), 0.0],
    }
}

#[test]
fn npy_round_trips_in_both_precisions() {
    for precision in [Precision::Single, Precision::Double] {
        let bytes = npy::write(&sample(), precision);
        assert_eq!(npy::read(&bytes).unwrap(), sample());
    }
    let scalar = Array { shape: vec![], values: vec![3.0] };
    assert_eq!(npy::read(&npy::write(&scalar, Precision::Double)).unwrap(), scalar);
    let row = Array { shape: vec![1], values: vec![3.0] };
    assert_eq!(npy::read(&npy::write(&row, Precision::Double)).unwrap(), row);
}

#[test]
fn npy_aligns_its_values_as_numpy_does() {
    let bytes = npy::write(&sample(), Precision::Single);
    assert_eq!((bytes.len() - 24) % 64, 0);
    assert_eq!(bytes[bytes.len() - 25], b'\n');
}

fn npy_file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = npy::MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn npy_reads_columns_first_and_big_endian_integers() {
    let header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n";
    let data = [0, 1, 0, 2, 0, 3, 0, 4, 255, 255, 0, 6];
    let array = npy::read(&npy_file(header, &data)).unwrap();
    assert_eq!(array.values, [1.0, 3.0, -1.0, 2.0, 4.0, 6.0]);
}

#[test]
fn damaged_npy_files_are_refused_with_the_reason() {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";
    assert!(npy::read(&npy_file(header, &[0; 20])).unwrap_err().contains("24 bytes"));
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999, 9999999999999), }\n";
    assert!(npy::read(&npy_file(header, &[])).unwrap_err().contains("larger than memory"));
    let header = "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }\n";
    assert!(npy::read(&npy_file(header, &[])).unwrap_err().contains("`|O`"));
    let whole = npy::write(&sample(), Precision::Single);
    for length in 0..whole.len() {
        assert!(npy::read(&whole[..length]).is_err());
    }
}

#[test]
fn npz_holds_arrays_by_name() {
    let bytes = npz::write(&[("x", &sample()), ("y", &sample())], Precision::Single).unwrap();
    let arrays = npz::read(bytes.clone()).unwrap();
    assert_eq!(arrays, [("x".to_owned(), sample()), ("y".to_owned(), sample())]);
    for length in (0..bytes.len()).step_by(7) {
        assert!(npz::read(bytes[..length].to_vec()).is_err());
    }
}

#[test]
fn safetensors_round_trip() {
    let bytes = tensors::write(&[("output", &sample())], Precision::Double).unwrap();
    assert_eq!(tensors::read(&bytes).unwrap(), [("output".to_owned(), sample())]);
    assert!(tensors::read(&bytes[..bytes.len() - 1]).unwrap_err().contains("cut off"));
}

#[test]
fn csv_takes_headings_comments_and_any_separator() {
    for text in ["a,b\n1,2\n3,4\n", "# of today\n1;2\r\n\r\n3;4", "1\t2\n3\t4\n", " 1  2\n 3  4\n", "\"1\",\"2\"\n3,4"]
    {
        let array = csv::read(text.as_bytes()).unwrap();
        assert_eq!((array.shape, array.values), (vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]), "{text:?}");
    }
    assert!(csv::read(b"1,,3").unwrap().values[1].is_nan());
}

#[test]
fn csv_names_the_place_of_a_mistake() {
    assert_eq!(csv::read(b"1,2\n3,x\n").unwrap_err(), "line 2, column 2: `x` is no number");
    assert_eq!(csv::read(b"1,2\n3\n").unwrap_err(), "line 2 has 1 values, the lines before have 2");
    assert_eq!(csv::read(b"\n").unwrap_err(), "it holds no numbers");
}

#[test]
fn halves_are_exact() {
    assert_eq!(half(0x3c00), 1.0);
    assert_eq!(half(0xc000), -2.0);
    assert_eq!(half(0x0001), 2_f64.powi(-24));
    assert_eq!(half(0x7bff), 65504.0);
    assert!(half(0x7e00).is_nan());
    assert_eq!(half(0xfc00), f64::NEG_INFINITY);
}
