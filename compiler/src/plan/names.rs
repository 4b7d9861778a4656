//! Names of layers as names of Rust, each used once.

use std::collections::HashSet;

/// Gives every layer a name of its own.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// A Rust name close to the layer's, to which more words may be added: `my layer` becomes `my_layer`, `type` becomes
    /// `type_layer`.
    pub(super) fn ident(&mut self, name: &str) -> String {
        let plain = plain(name);
        // What is added begins with an underline.
        let word = plain.trim_end_matches('_');
        let is_taken = word.len() < plain.len()
            || RESERVED.contains(&word)
            || PREFIXES.iter().any(|prefix| plain.starts_with(prefix));
        self.free(if is_taken { format!("{word}_layer") } else { plain })
    }

    /// The same for a field, which only Rust's own words get in the way of.
    pub(super) fn field(&mut self, name: &str) -> String {
        self.free(plain(name))
    }

    /// Keeps a name that was given before.
    pub(super) fn take(&mut self, name: &str) {
        self.taken.insert(name.to_owned());
    }

    /// The name, with a number where it is taken.
    fn free(&mut self, plain: String) -> String {
        let mut candidate = plain.clone();
        let mut number = 1;
        while !self.taken.insert(candidate.clone()) {
            number += 1;
            candidate = format!("{plain}_{number}");
        }
        candidate
    }
}

/// Names that the generated functions use themselves, beside the words of Rust.
const RESERVED: [&str; 24] = [
    "isa", "input", "output", "scratch", "weights", "product", "state", "states", "model", "frames", "frame", "chunk",
    "n_frames", "rest", "rows", "packed", "window", "answer", "round", "rounds", "clock", "last", "floats", "kept",
];

/// What numbered names of the generated functions begin with.
const PREFIXES: [&str; 3] = ["buffer_", "n_frames_", "rows_of_"];

fn plain(name: &str) -> String {
    let mut plain = String::new();
    for character in name.chars() {
        let character = if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '_' };
        if character != '_' || !plain.ends_with('_') {
            plain.push(character);
        }
    }
    if !plain.starts_with(|first: char| first.is_ascii_lowercase()) {
        plain.insert_str(0, "layer_");
    }
    if syn::parse_str::<syn::Ident>(&plain).is_err() {
        plain.push('_');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_become_rust_names_and_stay_apart() {
        let mut names = Names::default();
        let idents = ["lstm", "My layer", "type", "1st", "lstm", "input", "", "Ж"].map(|name| names.ident(name));
        assert_eq!(
            idents,
            ["lstm", "my_layer", "type_layer", "layer_1st", "lstm_2", "input_layer", "layer_layer", "layer_layer_2"]
        );
    }
}
