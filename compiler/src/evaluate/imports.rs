//! Imports: with any in the text, only what was imported is known, under the name it was given.

use rnn_grammar::ast::{DottedName, ImportedModule, ImportedName, ImportedNames, Name, Statement, StatementKind};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::evaluate::{Binding, Evaluator};
use crate::names::{self, Member, Public, closest};
use crate::value::Value;

/// Whether a text imports anything.
pub(super) fn any_import(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        StatementKind::Import(_) | StatementKind::FromImport { .. } => true,
        StatementKind::For { body, .. } => any_import(body),
        _ => false,
    })
}

/// What the language knows of a module that a text imports from.
enum Module {
    /// It knows its names.
    Known(&'static str),
    /// Part of Keras or TensorFlow that has to do with training or data.
    Outside,
    /// Part of Keras that does not exist, or is private.
    Missing,
    /// Another package.
    Foreign,
}

fn look_up(path: &str) -> Module {
    if let Some(Public::Module(known)) = names::module(path) {
        return Module::Known(known);
    }
    let path = path.strip_prefix("tensorflow.").filter(|rest| rest.starts_with("keras")).unwrap_or(path);
    match path.split('.').next() {
        Some("keras") => match path.split('.').nth(1) {
            Some(part) if matches!(names::member("keras", part), Member::Outside) => Module::Outside,
            Some("utils" | "backend") => Module::Outside,
            _ => Module::Missing,
        },
        Some("tensorflow") if path.split('.').nth(1) == Some("python") => Module::Missing,
        Some("tensorflow") => Module::Outside,
        Some("tf_keras") => Module::Missing,
        _ => Module::Foreign,
    }
}

impl Evaluator<'_> {
    /// `import a.b as c`
    pub(super) fn import(&mut self, import: &ImportedModule) {
        let path = &import.module.text;
        let bound = import
            .alias
            .as_ref()
            .map_or_else(|| path.split('.').next().unwrap_or(path).to_owned(), |alias| alias.text.clone());
        match look_up(path) {
            Module::Known(known) => {
                // `import keras.layers` binds `keras`; with `as` it binds the module itself.
                let shown = if import.alias.is_some() { known } else { root(path) };
                self.bind_text(&bound, Binding::Value(Value::Public(Public::Module(shown))));
            }
            Module::Outside if import.alias.is_none() => {
                self.bind_text(&bound, Binding::Value(Value::Public(Public::Module(root(path)))));
            }
            Module::Outside => self.bind_text(&bound, Binding::Foreign(path.clone(), import.module.span)),
            Module::Missing => {
                self.report(missing_module(&import.module));
                self.bind_text(&bound, Binding::Value(Value::Failed));
            }
            Module::Foreign => {
                self.foreign.push((path.clone(), import.module.span, false));
                self.bind_text(&bound, Binding::Foreign(path.clone(), import.module.span));
            }
        }
    }

    /// `from a.b import c as d`
    pub(super) fn import_from(&mut self, module: &DottedName, names: &ImportedNames) {
        match (look_up(&module.text), names) {
            (Module::Known(known), ImportedNames::All(_)) => self.starred.push(known),
            (Module::Known(known), ImportedNames::Names(names)) => {
                names.iter().for_each(|name| self.import_member(known, name));
            }
            (Module::Missing, names) => {
                self.report(missing_module(module));
                self.bind_each(names, |_| Binding::Value(Value::Failed));
            }
            (Module::Outside, names) => {
                self.bind_each(names, |name| Binding::Foreign(format!("{}.{}", module.text, name.text), name.span));
            }
            (Module::Foreign, names) => {
                if module.text != "__future__" {
                    self.foreign.push((module.text.clone(), module.span, false));
                }
                self.bind_each(names, |name| Binding::Foreign(format!("{}.{}", module.text, name.text), module.span));
            }
        }
    }

    fn bind_each(&mut self, names: &ImportedNames, binding: impl Fn(&Name) -> Binding) {
        let ImportedNames::Names(names) = names else { return };
        for name in names {
            let bound = name.alias.as_ref().unwrap_or(&name.name);
            self.bind_text(&bound.text, binding(&name.name));
        }
    }

    fn import_member(&mut self, module: &'static str, imported: &ImportedName) {
        let name = &imported.name;
        let bound = imported.alias.as_ref().unwrap_or(name);
        let path = format!("{module}.{}", name.text);
        let binding = match names::member(module, &name.text) {
            Member::Known(value) => Binding::Value(value),
            Member::NotYet(_) | Member::Outside => Binding::Foreign(path, name.span),
            Member::Missing => {
                self.report(missing_member(module, name));
                Binding::Value(Value::Failed)
            }
        };
        self.bind_text(&bound.text, binding);
    }

    /// Warns of imports that nothing needed.
    pub(super) fn report_unused_imports(&mut self) {
        for (path, span, is_reported) in std::mem::take(&mut self.foreign) {
            if !is_reported {
                let title = format!("`{path}` is not part of the language");
                self.report(
                    Diagnostic::new(Code::W101, span, title)
                        .at("ignored")
                        .help("leave the import out of the `.rnn` file"),
                );
            }
        }
    }

    /// A use of something imported that the language lacks.
    pub(super) fn report_foreign(&mut self, path: &str, imported: Span, span: Span) {
        for entry in &mut self.foreign {
            entry.2 |= entry.1 == imported;
        }
        let (module, name) = path.rsplit_once('.').unwrap_or(("", path));
        if let (Some(Public::Module("keras.layers")), Member::NotYet(class)) =
            (names::module(module), names::member("keras.layers", name))
        {
            return self.report(not_yet(class, span));
        }
        self.report(outside(path, span));
    }
}

/// The first part of a module's path, as it is bound by `import`.
fn root(path: &str) -> &'static str {
    if path.starts_with("tensorflow") { "tensorflow" } else { "keras" }
}

/// `class` is a layer of Keras that is not done yet.
pub(super) fn not_yet(class: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E104, span, format!("`{class}` is not supported yet")).at("known to Keras, not done here yet")
}

/// `path` exists, but no model's definition needs it.
pub(super) fn outside(path: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E103, span, format!("`{path}` is not part of the language"))
        .at("belongs to a Python program")
        .help("a `.rnn` file holds the model alone; data and training stay in the Python script that trains it")
}

fn missing_module(module: &DottedName) -> Diagnostic {
    let text = &module.text;
    let diagnostic = Diagnostic::new(Code::E102, module.span, format!("there is no module `{text}`"));
    let public = text.replacen("tf_keras", "keras", 1).replacen("tensorflow.python.", "", 1).replace(".src", "");
    if text.starts_with("tf_keras") && names::module(&public).is_some() {
        return diagnostic.at("Keras 2").fix("the language is Keras 3", module.span, public);
    }
    if text.contains(".src") || text.contains(".python") {
        return diagnostic.at("a private module").help("import from `keras` or `keras.layers`");
    }
    let last = text.rsplit('.').next().unwrap_or(text);
    let modules = names::names_of("keras");
    match closest(last, modules.iter().copied().filter(|name| name.starts_with(|c: char| c.is_lowercase()))) {
        Some(near) => diagnostic.fix(format!("did you mean `keras.{near}`?"), module.span, format!("keras.{near}")),
        None => diagnostic.help("layers are in `keras.layers`, models in `keras`"),
    }
}

/// `name` is not in `module`.
pub(super) fn missing_member(module: &str, name: &Name) -> Diagnostic {
    let title = format!("there is no `{}` in `{module}`", name.text);
    let diagnostic = Diagnostic::new(Code::E102, name.span, title);
    if let Some(home) = names::home(&name.text).filter(|home| *home != module) {
        return diagnostic.help(format!("`{}` is in `{home}`", name.text));
    }
    match closest(&name.text, names::names_of(module)) {
        Some(near) => diagnostic.fix(format!("did you mean `{near}`?"), name.span, near),
        None => diagnostic,
    }
}
