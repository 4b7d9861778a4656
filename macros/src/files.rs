//! Where the macro's paths lead: from the file that holds the call, as with `include_str!`.

use std::path::{Path, PathBuf};

use proc_macro2::Span;

/// The path from the file of the literal; from the package's folder where the compiler doesn't know that file.
pub(crate) fn resolve(path: &str, literal: Span) -> PathBuf {
    let path = Path::new(path);
    if path.is_absolute() {
        return path.to_owned();
    }
    let folder = literal.local_file().and_then(|file| file.parent().map(Path::to_owned));
    let joined = folder.map_or_else(|| package_folder().join(path), |folder| folder.join(path));
    // `local_file` may be relative to the folder that rustc runs in; `include_bytes!` wants to know from everywhere.
    std::path::absolute(&joined).unwrap_or(joined)
}

/// Whether the calling file and the crate's root leave Rust's prelude in place.
pub(crate) fn has_prelude(call: Span) -> bool {
    let sources = package_folder().join("src");
    let files = [call.local_file(), Some(sources.join("lib.rs")), Some(sources.join("main.rs"))];
    let mut texts = files.into_iter().flatten().filter_map(|file| std::fs::read_to_string(file).ok());
    !texts.any(|text| text.contains("no_implicit_prelude"))
}

/// The folder of the package that is compiled.
pub(crate) fn package_folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default()
}
