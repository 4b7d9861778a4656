//! The name under which the calling package knows the runtime crate.

use std::path::Path;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::files::package_folder;

/// The crate's own name.
const CRATE: &str = "rnn-runtime";

/// The path of the runtime crate: `::rnn_runtime`, or what the package's manifest calls it.
pub(crate) fn runtime() -> TokenStream {
    let name = name(&package_folder()).unwrap_or_else(|| CRATE.to_owned());
    let ident = Ident::new(&name.replace('-', "_"), Span::call_site());
    quote!(::#ident)
}

fn name(folder: &Path) -> Option<String> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let dependencies = dependencies(&manifest);
    if dependencies.iter().any(|dependency| dependency.key == CRATE && dependency.package.is_none()) {
        return None;
    }
    let direct = dependencies.iter().find(|dependency| dependency.package.as_deref() == Some(CRATE));
    if let Some(dependency) = direct {
        return Some(dependency.key.clone());
    }
    let shared = workspace(folder)?;
    let renamed = shared.iter().filter(|dependency| dependency.package.as_deref() == Some(CRATE));
    let mut inherited = dependencies.iter().filter(|dependency| dependency.is_inherited);
    let names: Vec<&String> = renamed.map(|dependency| &dependency.key).collect();
    inherited.find(|dependency| names.contains(&&dependency.key)).map(|dependency| dependency.key.clone())
}

/// The dependencies that the workspace above shares.
fn workspace(folder: &Path) -> Option<Vec<Dependency>> {
    let manifests = folder.ancestors().filter_map(|folder| std::fs::read_to_string(folder.join("Cargo.toml")).ok());
    let mut roots = manifests.filter(|text| text.lines().any(|line| line.trim_start().starts_with("[workspace")));
    roots.next().map(|text| dependencies(&text))
}

/// One line or table of a manifest's dependencies.
#[derive(Debug, PartialEq, Eq)]
struct Dependency {
    key: String,
    package: Option<String>,
    is_inherited: bool,
}

/// The dependencies of all tables of a manifest, as far as renaming matters. A reader of all of TOML would take longer
/// to compile than the rest of this crate.
fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut table = Table::Other;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            table = Table::of(header.split(']').next().unwrap_or("").trim());
            if let Table::One(key) = &table {
                found.push(Dependency { key: key.clone(), package: None, is_inherited: false });
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let (key, value) = (key.trim().trim_matches('"'), value.trim());
        match &table {
            Table::All => found.push(dependency(key, value)),
            Table::One(_) => {
                if let Some(last) = found.last_mut() {
                    last.package = last.package.take().or_else(|| text_of(key, value, "package"));
                    last.is_inherited |= key == "workspace" && value.starts_with("true");
                }
            }
            Table::Other => {}
        }
    }
    found
}

enum Table {
    /// `[dependencies]` and its kin.
    All,
    /// `[dependencies.name]`.
    One(String),
    Other,
}

impl Table {
    fn of(header: &str) -> Self {
        let parts: Vec<&str> = header.split('.').map(|part| part.trim().trim_matches(['"', '\''])).collect();
        match parts.as_slice() {
            [.., last] if last.ends_with("dependencies") => Self::All,
            [.., kind, name] if kind.ends_with("dependencies") => Self::One((*name).to_owned()),
            _ => Self::Other,
        }
    }
}

/// `name = "1"`, `name = { package = "…" }`, `name.workspace = true`.
fn dependency(key: &str, value: &str) -> Dependency {
    let (name, dotted) = key.split_once('.').unwrap_or((key, ""));
    let inner = value.trim_start_matches('{');
    let package = inner.split(',').find_map(|entry| {
        let (key, value) = entry.split_once('=')?;
        text_of(key.trim(), value.trim(), "package")
    });
    let inherits = inner.split(',').any(|entry| {
        entry.split_once('=').is_some_and(|(key, value)| key.trim() == "workspace" && value.trim().starts_with("true"))
    });
    Dependency {
        key: name.trim().to_owned(),
        package: package.or_else(|| text_of(dotted, value, "package")),
        is_inherited: inherits || (dotted == "workspace" && value.starts_with("true")),
    }
}

fn text_of(key: &str, value: &str, wanted: &str) -> Option<String> {
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    (key == wanted).then(|| value[1..].split(quote).next().unwrap_or("").to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Dependency, dependencies};

    fn found(key: &str, package: Option<&str>, is_inherited: bool) -> Dependency {
        Dependency { key: key.to_owned(), package: package.map(str::to_owned), is_inherited }
    }

    #[test]
    fn every_way_to_write_a_dependency_is_read() {
        let manifest = r#"
[package]
name = "app"
[dependencies]
plain = "1"
"quoted" = { version = "1", package = "rnn-runtime" }
shared.workspace = true
inline = { workspace = true }
[dev-dependencies.long]
version = "1"
package = 'rnn-runtime'
[target.'cfg(unix)'.dependencies]
unix = { package = "rnn-runtime", version = "1" }
[profile.release]
debug = true
"#;
        let expected = [
            found("plain", None, false),
            found("quoted", Some("rnn-runtime"), false),
            found("shared", None, true),
            found("inline", None, true),
            found("long", Some("rnn-runtime"), false),
            found("unix", Some("rnn-runtime"), false),
        ];
        assert_eq!(dependencies(manifest), expected);
    }
}
