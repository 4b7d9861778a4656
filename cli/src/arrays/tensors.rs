//! Arrays in safetensors files.

use rnn_compiler::weights;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::{Array, Element, Precision, bytes_of};

pub(super) fn read(bytes: &[u8]) -> Result<Vec<(String, Array)>, String> {
    // The reader of weights names what is wrong with a file better than the crate does.
    weights::read(bytes).map_err(|diagnostics| {
        let first = diagnostics.into_iter().next();
        first.and_then(|diagnostic| diagnostic.notes.into_iter().next()).unwrap_or_else(|| "it is damaged".into())
    })?;
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let arrays = file.iter().map(|(name, view)| Ok((name.to_owned(), array(name, &view)?)));
    arrays.collect()
}

fn array(name: &str, view: &TensorView<'_>) -> Result<Array, String> {
    let element = match view.dtype() {
        Dtype::F16 => Element::Float16,
        Dtype::F32 => Element::Float32,
        Dtype::F64 => Element::Float64,
        Dtype::BOOL => Element::Boolean,
        Dtype::I8 => Element::Signed(1),
        Dtype::I16 => Element::Signed(2),
        Dtype::I32 => Element::Signed(4),
        Dtype::I64 => Element::Signed(8),
        Dtype::U8 => Element::Unsigned(1),
        Dtype::U16 => Element::Unsigned(2),
        Dtype::U32 => Element::Unsigned(4),
        Dtype::U64 => Element::Unsigned(8),
        other => return Err(format!("`{name}` has the number type {other}; floats and integers are read")),
    };
    Ok(Array { shape: view.shape().to_vec(), values: element.values(view.data(), false) })
}

pub(super) fn write(arrays: &[(&str, &Array)], precision: Precision) -> Result<Vec<u8>, String> {
    let dtype = if precision == Precision::Single { Dtype::F32 } else { Dtype::F64 };
    let bytes: Vec<Vec<u8>> = arrays.iter().map(|(_, array)| bytes_of(array, precision)).collect();
    let views: Result<Vec<_>, _> = arrays
        .iter()
        .zip(&bytes)
        .map(|((name, array), bytes)| TensorView::new(dtype, array.shape.clone(), bytes).map(|view| (*name, view)))
        .collect();
    let views = views.map_err(|error| error.to_string())?;
    safetensors::serialize(views, None).map_err(|error| error.to_string())
}
