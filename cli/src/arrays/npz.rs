//! NumPy's `.npz`: a zip archive of `.npy` files.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{Array, Precision, npy};

pub(super) fn read(bytes: Vec<u8>) -> Result<Vec<(String, Array)>, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| format!("it is no zip archive: {error}"))?;
    let mut arrays = Vec::with_capacity(archive.len().min(1024));
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| error.to_string())?;
        let name = entry.name().map_err(|error| error.to_string())?.into_owned();
        let Some(name) = name.strip_suffix(".npy") else { continue };
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|error| format!("`{name}`: {error}"))?;
        arrays.push((name.to_owned(), npy::read(&content).map_err(|reason| format!("`{name}`: {reason}"))?));
    }
    Ok(arrays)
}

pub(super) fn write(arrays: &[(&str, &Array)], precision: Precision) -> Result<Vec<u8>, String> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, array) in arrays {
        archive.start_file(format!("{name}.npy"), options).map_err(|error| error.to_string())?;
        archive.write_all(&npy::write(array, precision)).map_err(|error| error.to_string())?;
    }
    Ok(archive.finish().map_err(|error| error.to_string())?.into_inner())
}
