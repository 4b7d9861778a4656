//! `docs/layers.md` is what `rnnc explain manual` writes; `BLESS=1` writes it anew.

use std::path::Path;

#[test]
fn the_page_of_all_layers_is_the_declarations() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/layers.md");
    let written = rnn_compiler::explain::explain("manual").unwrap_or_default();
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.with_file_name("")).unwrap();
        std::fs::write(&path, &written).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(page, written, "run `BLESS=1 cargo test -p rnnc --test manual`");
}
