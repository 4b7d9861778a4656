//! From the macro's tokens to the model's code, or to its mistakes and a type that stands in.

use std::path::PathBuf;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use rnn_compiler::emit::{Options, emit};
use rnn_compiler::precision::Precision;
use rnn_compiler::weights::{BoundWeights, bind, read};
use rnn_compiler::{Compiled, CompiledModel, compile, plan, storage};
use rnn_grammar::{Code, Diagnostic, Source, decode};
use syn::LitStr;

use crate::header::{Header, parse};
use crate::source_map::SourceMap;
use crate::{files, manifest, report};

/// The text with the way back to the user's code.
struct Text {
    source: Source,
    origin: Origin,
}

enum Origin {
    /// A file, named by this literal.
    File { literal: Span, path: PathBuf },
    /// Tokens behind the struct.
    Inline(SourceMap),
}

impl Text {
    fn report(&self, diagnostics: &[Diagnostic]) -> TokenStream {
        match &self.origin {
            Origin::File { literal, .. } => report::file(&self.source, diagnostics, *literal),
            Origin::Inline(map) => report::inline(map, &self.source, diagnostics),
        }
    }
}

/// What the macro call becomes.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let header = match parse(input) {
        Ok(header) => header,
        Err(error) => return report::error(&format!("[{}] {error}", Code::E511), error.span(), error.span()),
    };
    let (code, tracked) = match text(&header) {
        Ok(text) => (code(&header, &text), tracked(&header, &text)),
        Err(errors) => (Err(errors), Vec::new()),
    };
    code.unwrap_or_else(|errors| {
        let stand_in = stand_in(&header);
        let tracked = tracked.iter().map(|path| {
            quote!(
                const _: &[u8] = ::core::include_bytes!(#path);
            )
        });
        quote!(#errors #stand_in #(#tracked)*)
    })
}

/// The model's text from its file or from the tokens.
fn text(header: &Header) -> Result<Text, TokenStream> {
    let refuse = |message: &str, span: Span| Err(report::error(&format!("[{}] {message}", Code::E512), span, span));
    match (&header.source, header.text.is_empty()) {
        (Some(literal), true) => from_file(literal),
        (None, false) => {
            let map = SourceMap::new(header.text.clone());
            let name = header.ident.span().file();
            Ok(Text { source: Source::new(name, map.text.clone()), origin: Origin::Inline(map) })
        }
        (Some(_), false) => {
            let span = header.text.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
            refuse("the model is in a file, so no text can follow the struct", span)
        }
        (None, true) => refuse(
            "the macro names no model: write `#[source = \"model.rnn\"]` above the struct, or the model's text behind it",
            header.ident.span(),
        ),
    }
}

fn from_file(literal: &LitStr) -> Result<Text, TokenStream> {
    let path = files::resolve(&literal.value(), literal.span());
    let bytes = read_file(&path, literal.span())?;
    let source = decode(&literal.value(), &bytes)
        .map_err(|diagnostic| report::file(&Source::new(literal.value(), ""), &[*diagnostic], literal.span()))?;
    Ok(Text { source, origin: Origin::File { literal: literal.span(), path } })
}

fn read_file(path: &std::path::Path, literal: Span) -> Result<Vec<u8>, TokenStream> {
    std::fs::read(path).map_err(|error| {
        let message = format!("[{}] `{}` can't be read: {error}", Code::E501, path.display());
        report::error(&message, literal, literal)
    })
}

/// Files whose change must rebuild the user's crate.
fn tracked(header: &Header, text: &Text) -> Vec<String> {
    let source = match &text.origin {
        Origin::File { path, .. } => Some(path.clone()),
        Origin::Inline(_) => None,
    };
    let weights = header.weights.as_ref().map(|literal| files::resolve(&literal.value(), literal.span()));
    source.into_iter().chain(weights.filter(|path| path.is_file())).map(|path| path.display().to_string()).collect()
}

fn code(header: &Header, text: &Text) -> Result<TokenStream, TokenStream> {
    let compiled = compile(&text.source);
    let model = select(header, text, &compiled)?;
    let weights = match &header.weights {
        Some(literal) => Some(weights(literal, text, model)?),
        None => None,
    };
    if model.precision == Precision::Double && !cfg!(feature = "double") {
        let title = format!("`{}` computes in float64, and the runtime's feature `double` is off", model.name);
        let advice = "in `Cargo.toml`: `rnn-runtime = { version = \"0.1\", features = [\"double\"] }`";
        return Err(text.report(&[Diagnostic::new(Code::E415, model.span, title).help(advice)]));
    }
    let plan = plan::plan_stored(model, header.storage()).map_err(|diagnostic| text.report(&[*diagnostic]))?;
    if let (Some(literal), Some(bound)) = (&header.storage, &weights) {
        storage::stored(model, &plan, bound)
            .map_err(|diagnostics| report::file(&text.source, &diagnostics, literal.span()))?;
    }
    let options = Options {
        ident: header.ident.clone(),
        visibility: header.visibility.to_token_stream(),
        attributes: header.attributes.clone(),
        runtime: header.runtime.clone().unwrap_or_else(manifest::runtime),
        tracked: tracked(header, text),
        has_prelude: files::has_prelude(header.ident.span()),
    };
    Ok(emit(model, &plan, weights.as_ref(), &options))
}

/// The model that is meant; every mistake of the text comes first.
fn select<'a>(header: &Header, text: &Text, compiled: &'a Compiled) -> Result<&'a CompiledModel, TokenStream> {
    if compiled.has_errors() {
        return Err(text.report(&compiled.diagnostics));
    }
    let variable = header.model.as_ref().map(LitStr::value);
    compiled.select(variable.as_deref()).map_err(|diagnostic| match &header.model {
        Some(literal) => report::error(&report::in_words(&text.source, &diagnostic), literal.span(), literal.span()),
        None => text.report(&[*diagnostic]),
    })
}

fn weights(literal: &LitStr, text: &Text, model: &CompiledModel) -> Result<BoundWeights, TokenStream> {
    let path = files::resolve(&literal.value(), literal.span());
    let bytes = read_file(&path, literal.span())?;
    let refuse = |source: &Source, diagnostics: &[Diagnostic]| report::file(source, diagnostics, literal.span());
    let tensors = read(&bytes).map_err(|diagnostics| refuse(&Source::new(literal.value(), ""), &diagnostics))?;
    bind(model, &tensors).map_err(|diagnostics| refuse(&text.source, &diagnostics))
}

/// A type under the model's name that can be used in every way and does nothing, so that a mistake in the model is
/// the only one that is reported.
fn stand_in(header: &Header) -> TokenStream {
    let Header { attributes, visibility, ident, .. } = header;
    quote! {
        #attributes
        #visibility struct #ident;

        #[allow(dead_code, missing_docs, clippy::all)]
        impl #ident {
            pub const NAME: &'static str = "";
            pub const PARAMS: u64 = 0;
            pub const SUMMARY: &'static str = "";
            pub const INPUT_SHAPE: &'static [::core::option::Option<usize>] = &[];
            pub const OUTPUT_SHAPE: &'static [::core::option::Option<usize>] = &[];
            pub const WEIGHTS: usize = 0;
            pub const fn new() -> Self {
                Self
            }
            pub fn load(_: &[u8], _: &mut [f32]) -> ::core::result::Result<Self, ::core::fmt::Error> {
                ::core::result::Result::Ok(Self)
            }
            pub fn from_packed(_: &[f32]) -> ::core::result::Result<Self, ::core::fmt::Error> {
                ::core::result::Result::Ok(Self)
            }
            pub fn forward<Input: ?::core::marker::Sized>(&self, _: &Input) -> ! {
                loop {}
            }
            pub fn stream(&self) -> ! {
                loop {}
            }
        }
    }
}
